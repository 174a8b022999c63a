"""What the tests of bad days share: the harness, and the controls of interpose.cc."""

import http.client
import json
import mmap
import os
import struct
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import harness  # noqa: E402

PASS, BLOCK, FAIL, SLOW = range(4)


def state(pid):
    """One letter, as /proc has it; empty when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return ""


def alive(pid):
    return state(pid) not in ("", "Z")


class Control:
    """What interpose.cc does in one program: attributes are the fields of its struct Control."""

    FIELDS = ("sync_mode", "sync_argument", "write_mode", "write_argument", "read_mode", "read_argument",
              "clock_shift_s", "free_bytes", "blocked", "syncs", "kill_at", "steps", "place_mode", "place_argument")
    SIZE = 8 * len(FIELDS)

    def __init__(self, memory, base):
        object.__setattr__(self, "memory", memory)
        object.__setattr__(self, "base", base)
        self.free_bytes = -1

    def __getattr__(self, name):
        return struct.unpack_from("<q", self.memory, self.base + 8 * self.FIELDS.index(name))[0]

    def __setattr__(self, name, value):
        struct.pack_into("<q", self.memory, self.base + 8 * self.FIELDS.index(name), value)

    def sync(self, mode, argument=0):
        self.sync_argument = argument
        self.sync_mode = mode

    def write(self, mode, argument=0):
        self.write_argument = argument
        self.write_mode = mode

    def read(self, mode, argument=0):
        self.read_argument = argument
        self.read_mode = mode

    def place(self, mode, argument=0):
        """What happens to files that were made under another name, `NAME.building`, when they get theirs."""
        self.place_argument = argument
        self.place_mode = mode

    def stop(self):
        """From now on everything passes."""
        self.sync_mode = self.write_mode = self.read_mode = self.place_mode = PASS
        self.clock_shift_s, self.free_bytes = 0, -1


class Call(threading.Thread):
    """One exchange in the background; it ends with a reply or an exception."""

    def __init__(self, call, *args, **kwargs):
        super().__init__(daemon=True)
        self.work = lambda: call(*args, **kwargs)
        self.reply = None
        self.start()

    def run(self):
        try:
            self.reply = self.work()
        except (OSError, http.client.HTTPException) as failure:
            self.reply = failure

    def result(self, seconds=20):
        self.join(seconds)
        if self.is_alive():
            raise AssertionError("the caller hangs")
        return self.reply


def error_code(reply):
    return json.loads(reply[2])["error"]["code"]


class Case(unittest.TestCase):
    """One Redoubt with an upstream that answers at once, both under the interposer's controls `self.program` (launcher
    and gateway) and `self.keeper`."""

    settings = ""
    upstream_settings = ""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="redoubt-faults-")
        path = os.path.join(self.folder, "controls")
        with open(path, "wb") as file:
            file.write(bytes(2 * Control.SIZE))
        with open(path, "r+b") as file:
            memory = mmap.mmap(file.fileno(), 2 * Control.SIZE)
        # Whatever user ids the programs run under, they must get at it.
        os.chmod(path, 0o666)
        os.chmod(self.folder, 0o755)
        self.program, self.keeper = Control(memory, 0), Control(memory, Control.SIZE)
        self.upstream = harness.Upstream(lambda request, connection: self.answer(request, connection))
        self.redoubt = harness.Redoubt(
            self.upstream_url(), settings=self.settings, upstream_settings=self.upstream_settings, folder=self.folder,
            environment={"LD_PRELOAD": os.environ["REDOUBT_INTERPOSE"], "REDOUBT_FAULTS": path})
        self.start()

    def upstream_url(self):
        return self.upstream.url

    def start(self):
        self.redoubt.start()
        self.spare_segment_is_ready()

    def spare_segment_is_ready(self):
        """Waits until the keeper has filled its next segment, so that the syncs to come are those of records."""
        path = os.path.join(self.redoubt.dir, "ledger", "spare.seg")
        harness.wait_for(lambda: os.path.exists(path) and os.path.getsize(path) == 9 << 20)
        seen = -1
        while seen != self.keeper.syncs:
            seen = self.keeper.syncs
            time.sleep(0.15)

    def tearDown(self):
        for control in (self.program, self.keeper):
            control.stop()
        self.redoubt.remove()
        self.upstream.close()

    def answer(self, request, connection):
        connection.sendall(harness.whole_reply())
        return True

    def stop_and_check(self):
        """Drains, starts once more, drains: the ledger is whole, and every admission has one end. Returns the records
        of exchanges."""
        if self.redoubt.process is not None:
            self.redoubt.stop()
        self.redoubt.start()
        self.redoubt.stop()
        entries = self.redoubt.entries()
        check_pairs(self, entries)
        return [entry for entry in entries if not harness.is_fact(entry)]


def check_pairs(test, entries):
    """Every admission has exactly one outcome or interruption, of its own exchange; no record is there twice."""
    open_ones = {}
    uids = set()
    for index, record in enumerate(entries):
        uid = record["metadata"]["uid"]
        test.assertNotIn(uid, uids, "doubled")
        uids.add(uid)
        stage = harness.stage(record)
        if stage == "admission":
            open_ones[index] = record["metadata"]["correlation_uid"]
        elif stage in ("outcome", "interrupted"):
            admission = record["unmapped"]["redoubt"]["admission_index"]
            test.assertEqual(open_ones.pop(admission, None), record["metadata"]["correlation_uid"],
                             "%d ends no open admission" % index)
    test.assertEqual(open_ones, {}, "without an end")
