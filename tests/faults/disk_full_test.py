"""A disk that runs full, on a small file system of its own: stop before it is full, say so, go on without loss.

Mounting needs a right that ordinary users lack; without it the tests are skipped."""

import errno
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import STREAM_HEAD, Redoubt, Upstream, chunk, event, fact_kind, stage, wait_for, whole_reply

MIB = 1024 * 1024
DISK = 128 * MIB
OUTCOMES = 20 * MIB  # the least that two rings need
RESERVE = OUTCOMES + 16 * MIB  # and facts above that


class SmallDisk(unittest.TestCase):
    def setUp(self):
        self.mount = tempfile.mkdtemp(prefix="redoubt-disk-")
        self.addCleanup(os.rmdir, self.mount)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", self.mount],
                              capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest("cannot mount a small file system here: " + done.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", self.mount], check=True)
        self.release = False  # whether streams that are held may end
        self.upstream = Upstream(self.answer)
        self.addCleanup(self.upstream.close)
        self.redoubt = Redoubt(self.upstream.url, folder=self.mount)
        self.redoubt.configure("[ledger]\n", f"[ledger]\nfree_space_reserve = \"{RESERVE // MIB}MiB\"\n")
        self.redoubt.start()
        self.addCleanup(lambda: self.redoubt.process is not None and self.redoubt.kill())

    def answer(self, request, connection):
        if '"stream": true' not in request:
            connection.sendall(whole_reply())
            return True
        connection.sendall(STREAM_HEAD + chunk(event("first")))
        wait_for(lambda: self.release, 30)
        connection.sendall(chunk(event("last")) + chunk("data: [DONE]\n\n") + chunk(b""))
        return True

    def free(self):
        info = os.statvfs(self.mount)
        return info.f_bavail * info.f_frsize

    def fill(self, leave):
        """Takes all of the disk but so many bytes."""
        with open(self.balloon(), "wb", buffering=0) as file:
            # The server writes a little meanwhile, so the end is reached in small steps.
            os.posix_fallocate(file.fileno(), 0, max(0, self.free() - leave - MIB))
            file.seek(0, os.SEEK_END)
            try:
                while self.free() > leave:
                    file.write(bytes(4096))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def wait_for_next_segment(self):
        """Until the one after the first is made, so that what is free changes no more."""
        wait_for(lambda: self.free() < DISK - 18 * MIB)

    def balloon(self):
        return os.path.join(self.mount, "balloon")

    def open_stream(self):
        """A stream whose first event has come."""
        connection = self.redoubt.open_stream()
        self.addCleanup(connection.close)
        data = b""
        while b"first" not in data:
            data += connection.recv(65536)
        return connection

    @staticmethod
    def rest_of(connection):
        connection.settimeout(10)
        data = b""
        try:
            while b"[DONE]" not in data:
                piece = connection.recv(65536)
                if not piece:
                    break
                data += piece
        except ConnectionResetError:
            pass
        return data

    def stages(self):
        return [stage(record) for record in self.redoubt.records()]


class DiskNearlyFull(SmallDisk):
    def test_nothing_new_begins_what_began_ends_and_it_goes_on_by_itself(self):
        self.assertEqual(self.redoubt.chat()[0], 200)
        stream = self.open_stream()
        self.wait_for_next_segment()
        self.fill(leave=RESERVE - 1 * MIB)
        status, _, body = wait_for(lambda: (lambda r: r[0] == 503 and r)(self.redoubt.get("/readyz")))
        self.assertEqual(body, b"not ready: the ledger's disk is nearly full\n")
        self.assertEqual(self.redoubt.get("/healthz")[0], 200)

        forwarded = len(self.upstream.requests)
        for _ in range(5):
            status, fields, body = self.redoubt.chat()
            self.assertEqual(status, 503)
            self.assertEqual(json.loads(body)["error"]["code"], "ledger_full")
            self.assertEqual(fields["redoubt-decision"], "deny")
            self.assertIn("retry-after", fields)
        self.assertEqual(len(self.upstream.requests), forwarded, "something left unrecorded")

        self.release = True
        self.assertIn(b"[DONE]", self.rest_of(stream))
        time.sleep(2.5)  # it looks again, and has nothing new to say
        self.assertEqual(self.redoubt.log_text().count("the disk is nearly full"), 1)

        os.unlink(self.balloon())
        wait_for(lambda: self.redoubt.get("/readyz")[0] == 200)
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(self.redoubt.log_text().count("the disk has room again"), 1)
        self.assertEqual(self.redoubt.stop(), 0)
        self.assertEqual(self.stages(), ["admission", "outcome"] + ["admission", "outcome"] * 2)

    def test_a_key_is_revoked_while_nothing_is_admitted(self):
        name, leaked = self.redoubt.issue("demo")
        self.assertEqual(self.redoubt.chat(key=leaked)[0], 200)
        self.wait_for_next_segment()
        self.fill(leave=RESERVE - 1 * MIB)
        status, _, body = wait_for(lambda: (lambda r: r[0] == 503 and r)(self.redoubt.chat(key=leaked)))
        self.assertEqual(json.loads(body)["error"]["code"], "ledger_full")

        self.redoubt.revoke(name)
        self.assertEqual(self.redoubt.chat(key=leaked)[0], 401)
        self.assertEqual(self.redoubt.chat()[0], 503, "something was admitted on a full disk")

        os.unlink(self.balloon())
        wait_for(lambda: self.redoubt.chat()[0] == 200)
        self.assertEqual(self.redoubt.chat(key=leaked)[0], 401)
        self.assertEqual(self.redoubt.stop(), 0)
        self.assertEqual([fact_kind(fact) for fact in self.redoubt.facts()][-2:], ["identity.key.issue", "identity.key.revoke"])

    def test_below_the_reserve_of_facts_no_key_is_revoked_either_and_what_began_ends(self):
        name, _ = self.redoubt.issue("demo")
        stream = self.open_stream()
        self.wait_for_next_segment()
        self.fill(leave=OUTCOMES - 1 * MIB)
        wait_for(lambda: "the disk is all but full" in self.redoubt.log_text())
        with self.assertRaisesRegex(AssertionError, "503"):
            self.redoubt.revoke(name)
        self.release = True
        self.assertIn(b"[DONE]", self.rest_of(stream))
        os.unlink(self.balloon())
        wait_for(lambda: self.redoubt.chat()[0] == 200)
        self.redoubt.revoke(name)
        self.assertEqual(self.redoubt.stop(), 0)
        self.assertEqual(self.stages(), ["admission", "outcome"] * 2)

    def test_a_server_that_starts_on_a_full_disk_says_so_and_waits(self):
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.wait_for_next_segment()
        self.assertEqual(self.redoubt.stop(), 0)
        self.fill(leave=RESERVE - 1 * MIB)  # it makes its next segment anew, in place of the one there
        with self.assertRaises(AssertionError):
            self.redoubt.start()  # listens, and is not ready
        self.assertEqual(self.redoubt.get("/readyz")[2], b"not ready: the ledger's disk is nearly full\n")
        self.assertEqual(self.redoubt.chat()[0], 503)
        os.unlink(self.balloon())
        wait_for(lambda: self.redoubt.get("/readyz")[0] == 200)
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(self.redoubt.stop(), 0)
        self.assertEqual(self.stages(), ["admission", "outcome"] * 2)


class DiskFullAllTheSame(SmallDisk):
    def test_it_ends_rather_than_lie_and_loses_nothing_that_was_acknowledged(self):
        self.assertEqual(self.redoubt.chat()[0], 200)
        stream = self.open_stream()
        self.wait_for_next_segment()
        self.fill(leave=0)
        self.release = True
        # The outcome has its place in the segment; the checkpoint after it has none.
        complete = b"[DONE]" in self.rest_of(stream)
        self.assertNotEqual(self.redoubt.process.wait(timeout=20), 0)
        self.assertIn("no space left", self.redoubt.log_text())
        self.redoubt._close()

        os.unlink(self.balloon())
        self.redoubt.start()
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(self.redoubt.stop(), 0)
        records = self.redoubt.records()
        self.assertEqual([stage(record) for record in records],
                         ["admission", "outcome", "admission", "outcome" if complete else "interrupted",
                          "admission", "outcome"])


if __name__ == "__main__":
    unittest.main()
