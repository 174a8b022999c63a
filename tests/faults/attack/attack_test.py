#!/usr/bin/env python3
"""An attacker inside the gateway: what the injected code wants to do, and that it cannot.

Every test has a real server, takes the confined gateway over, and in the end shows that the ledger is what it was: it
verifies, receipts given out before prove, and every checkpoint ever seen is one of the same log's earlier states.
"""

import base64
import errno
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "e2e")]
import process_memory  # noqa: E402
from harness import Redoubt, Upstream, parse_receipt, program, run, wait_for, whole_reply  # noqa: E402
from injected import AT_FDCWD, SUPPORTED, Gone, Injected, Ring  # noqa: E402

ROOT = os.geteuid() == 0
NOBODY = 65534
REQUEST_RING, ANSWER_RING = 8 << 20, 2 << 20
FORBIDDEN = "a system call that its confinement forbids"


@unittest.skipUnless(SUPPORTED, "the injected code speaks x86-64")
class Attack(unittest.TestCase):
    injected = None
    ordinary = not ROOT  # whether the server is started by an ordinary user

    def setUp(self):
        self.upstream = Upstream(lambda request, connection: connection.sendall(whole_reply()) or True)
        self.redoubt = Redoubt(self.upstream.url)
        if self.ordinary and ROOT:
            for folder, _, names in os.walk(self.redoubt.folder):
                os.chown(folder, NOBODY, NOBODY)
                for name in names:
                    os.chown(os.path.join(folder, name), NOBODY, NOBODY)
        self.receipts = []
        self.checkpoints = []
        self.receipts_checked = self.checkpoints_checked = 0
        self.start()

    def start(self):
        words = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if self.ordinary and ROOT else []
        if self.injected is not None:
            self.injected.close()
        self.injected = Injected()
        self.redoubt.start(words=words, **self.injected.options())
        self.injected.attach()
        self.gateway = self.redoubt.child("redoubt-gateway")
        self.keeper = self.redoubt.child("redoubt-keeper")
        self.launcher = self.redoubt.process.pid
        for _ in range(3):
            status, head, _ = self.redoubt.chat()
            self.assertEqual(status, 200)
            self.receipts.append(parse_receipt(head["redoubt-receipt"])[1:])
        self.keep_checkpoint()

    def tearDown(self):
        self.injected.close()
        try:
            if self.redoubt.process is not None:
                self.redoubt.kill()
        finally:
            self.redoubt.remove()
            self.upstream.close()

    def path(self, *parts):
        return os.path.join(self.redoubt.dir, *parts)

    def keep_checkpoint(self):
        """Remembers the checkpoint that covers all receipts so far, and those before it."""
        def covers():
            status, _, body = self.redoubt.get("/ledger/checkpoint")
            if status != 200:
                return False
            if not self.checkpoints or self.checkpoints[-1] != body:
                self.checkpoints.append(body)
            return int(body.split(b"\n")[1]) > self.receipts[-1][0]
        wait_for(covers)

    def end(self):
        """Waits until the server has ended by itself; returns what it said."""
        self.redoubt.process.wait(timeout=20)
        self.redoubt._close()
        return self.redoubt.log_text()

    def check_ledger(self):
        """The keeper has done its work: all there was is still there and still the same."""
        self.assertGreaterEqual(self.redoubt.verify(), len(self.receipts))
        with open(self.path("ledger", "checkpoint"), "rb") as file:
            self.checkpoints.append(file.read())
        # One way through everything at the end is enough; while attacks go on, what is new is checked.
        for index, leaf in self.receipts[self.receipts_checked:]:
            run(program("redoubt"), "ledger", "prove", str(index), "--leaf", leaf, "--dir", self.redoubt.dir)
        for checkpoint in self.checkpoints[self.checkpoints_checked:]:
            self.check_checkpoint(checkpoint)
        self.receipts_checked, self.checkpoints_checked = len(self.receipts), len(self.checkpoints)

    def check_everything(self):
        self.receipts_checked = self.checkpoints_checked = 0
        self.check_ledger()

    def check_checkpoint(self, checkpoint):
        file = os.path.join(self.redoubt.folder, "seen-checkpoint")
        with open(file, "wb") as out:
            out.write(checkpoint)
        run(program("redoubt"), "ledger", "verify", self.path("ledger"), "--dir", self.redoubt.dir, "--checkpoint", file)

    def refused(self, result, why=errno.EACCES):
        self.assertEqual(result, -why, errno.errorcode.get(-result, result))


class Confined:
    """The attacks, whoever the server's user is."""

    def test_no_key_and_no_file_outside_the_ledger_can_be_read(self):
        paths = ["keeper", "keeper/signer.key", "keeper/wrap.key", "keeper/dictionary.key", "keeper/openers",
                 "keeper/lock", "keys", "keys/opener.key", "policies", "redoubt.toml", "run", "."]
        for name in paths:
            self.assertTrue(os.path.exists(self.path(name)), name)
            self.refused(self.injected.open(self.path(name)))
            self.refused(self.injected.open("../" + name))  # the gateway's folder is the ledger's
        for path in ["/", "/etc/passwd", "/etc/shadow", "/proc", "/proc/self/maps", "/proc/self/mem", "/dev/mem",
                     program("redoubt"), f"/proc/{self.keeper}/mem", f"/proc/{self.keeper}/maps",
                     f"/proc/{self.keeper}/environ", f"/proc/{self.keeper}/fd", f"/proc/{self.launcher}/mem",
                     f"/proc/{self.launcher}/fd", "/proc/sys/kernel/core_pattern"]:
            if os.path.exists(path):
                self.refused(self.injected.open(path))
        self.assertGreater(self.injected.open("checkpoint"), 0)  # what it may read, it can: the attack works
        self.go_on()

    @unittest.skipUnless(ROOT, "reads another process's memory")
    def test_no_long_lived_key_is_in_its_memory(self):
        keys = {}
        for name in ["keeper/signer.key", "keeper/wrap.key", "keeper/dictionary.key", "keeper/tls-ca.key",
                     "keys/opener.key"]:
            if os.path.exists(self.path(name)):
                with open(self.path(name)) as file:
                    text = file.read().split()[1]
                keys[name] = [text.encode(), base64.b64decode(text)]
        self.assertGreaterEqual(len(keys), 3)
        needles = sum(keys.values(), [])
        self.assertEqual(process_memory.find(self.gateway, needles), [])
        # The search finds what is there: the keeper has its keys, as bytes and nowhere as text.
        found = [needle for needle, _, _ in process_memory.find(self.keeper, needles)]
        self.assertIn(keys["keeper/wrap.key"][1], found)
        self.assertNotIn(keys["keeper/wrap.key"][0], found)
        self.assertNotIn(keys["keeper/signer.key"][0], found)
        self.assertNotIn(keys["keys/opener.key"][1], found)
        self.go_on()

    def test_it_connects_to_the_upstream_alone_and_opens_no_other_kind_of_socket(self):
        port = int(self.upstream.url.rsplit(":", 1)[1])
        other = socket.create_server(("127.0.0.1", 0))
        try:
            for number, expected in [(port, 0), (other.getsockname()[1], -errno.EACCES), (22, -errno.EACCES)]:
                fd = self.injected.call("socket", socket.AF_INET, socket.SOCK_STREAM, 0)
                self.assertGreater(fd, 0)
                address = struct.pack("=H", socket.AF_INET) + struct.pack(">H", number) + socket.inet_aton("127.0.0.1")
                self.assertEqual(self.injected.call("connect", fd, address + bytes(8), 16), expected)
        finally:
            other.close()
        self.go_on()

    def test_memory_is_not_made_executable(self):
        self.refused(self.injected.call("mmap", 0, 4096, 7, 0x22, -1, 0))
        self.refused(self.injected.call("mprotect", self.injected.scratch, 4096, 5))
        self.go_on()

    def test_it_writes_in_the_folder_of_the_state_alone(self):
        segment = "segments/" + sorted(os.listdir(self.path("ledger/segments")))[0]
        for what, *call in [
                ("write a segment", "openat", AT_FDCWD, segment, os.O_WRONLY, 0),
                ("make a file", "openat", AT_FDCWD, "new", os.O_RDWR | os.O_CREAT, 0o600),
                ("make a key", "openat", AT_FDCWD, "../keys/new", os.O_RDWR | os.O_CREAT, 0o600),
                ("rename a segment", "rename", segment, "segments/x"),
                ("rename the checkpoint", "renameat2", AT_FDCWD, "checkpoint", AT_FDCWD, "x", 0),
                ("remove the hashes", "unlink", "hashes/0"),
                ("make a folder", "mkdir", "x", 0o700)]:
            with self.subTest(what):
                self.refused(self.injected.call(*call))
        state = [fd for fd in os.listdir(f"/proc/{self.gateway}/fd")
                 if os.readlink(f"/proc/{self.gateway}/fd/{fd}") == self.path("state")]
        made = self.injected.call("openat", int(state[0]), "new", os.O_RDWR | os.O_CREAT, 0o600)
        self.assertGreater(made, 0)  # the attack works where it may
        self.go_on()

    def go_on(self):
        """After a refused attack the server serves, and the ledger is sound."""
        status, head, _ = self.redoubt.chat()
        self.assertEqual(status, 200)
        self.receipts.append(parse_receipt(head["redoubt-receipt"])[1:])
        self.keep_checkpoint()
        self.assertEqual(self.redoubt.stop(), 0)
        self.check_ledger()

    def test_each_forbidden_call_ends_the_gateway_and_nothing_else(self):
        segment = "segments/" + sorted(os.listdir(self.path("ledger/segments")))[0]
        text_shell = "/bin/sh"
        attacks = [
            ("run a shell", "execve", text_shell, 0, 0),
            ("run a program by descriptor", "execveat", AT_FDCWD, text_shell, 0, 0, 0),
            ("start a process", "fork"),
            ("kill the keeper", "kill", self.keeper_id, signal.SIGKILL),
            ("kill the launcher", "kill", self.launcher_id, signal.SIGKILL),
            ("stop the keeper's thread", "tgkill", self.keeper_id, self.keeper_id, signal.SIGSTOP),
            ("have a file signal the keeper", "fcntl", 2, 8, self.keeper_id),
            ("trace the keeper", "ptrace", 16, self.keeper_id, 0, 0),
            ("read the keeper's memory", "process_vm_readv", self.keeper_id, 0, 0, 0, 0, 0),
            ("write the keeper's memory", "process_vm_writev", self.keeper_id, 0, 0, 0, 0, 0),
            ("name the keeper by descriptor", "pidfd_open", self.keeper_id, 0),
            ("take a descriptor of the keeper", "pidfd_getfd", 3, 3, 0),
            ("limit the keeper", "prlimit64", self.keeper_id, 1, 0, 0),
            ("cut a segment", "truncate", segment, 0),
            ("link to a key", "symlink", "../keeper/signer.key", "x"),
            ("change a mode", "chmod", "checkpoint", 0o777),
            ("become root", "setuid", 0),
            ("become dumpable", "prctl", 4, 1, 0, 0, 0),
            ("bind another port", "bind", 3, bytes(16), 16),
            ("listen", "listen", 3, 1),
            ("open a datagram socket", "socket", socket.AF_INET, socket.SOCK_DGRAM, 0),
            ("open a local socket", "socket", socket.AF_UNIX, socket.SOCK_STREAM, 0),
            ("connect past Landlock", "sendto", 3, b"x", 1, socket.MSG_FASTOPEN, bytes(16), 16),
            ("type into the terminal", "ioctl", 2, 0x5412, b"x"),
            ("new namespace", "unshare", 0x10000000),
            ("anonymous file", "memfd_create", "x", 0),
            ("load a kernel program", "bpf", 0, 0, 0),
            ("queues past the filter", "io_uring_setup", 1, b"\0" * 120),
        ]
        for what, *call in attacks:
            with self.subTest(what):
                if self.redoubt.process is None:
                    self.start()
                mark = len(self.redoubt.log_text())
                arguments = [value(self) if callable(value) else value for value in call]
                with self.assertRaises(Gone):
                    print(what, "gave", self.injected.call(*arguments))
                said = self.end()[mark:]
                self.assertIn("the gateway ended with " + FORBIDDEN, said)
                self.assertIn("keeper: ledger closed", said)
                self.check_ledger()
        self.check_everything()

    @staticmethod
    def keeper_id(self):
        return self.keeper

    @staticmethod
    def launcher_id(self):
        return self.launcher


class AsTwoUsers(Confined, Attack):
    """Started as root: the keeper and the gateway are two users."""

    def setUp(self):
        if not ROOT:
            self.skipTest("needs root")
        super().setUp()

    def status(self, pid):
        with open(f"/proc/{pid}/status") as file:
            return {name: value.strip() for name, value in (line.split(":", 1) for line in file)}

    def test_they_are_who_they_should_be(self):
        users = set()
        for pid in (self.gateway, self.keeper):
            status = self.status(pid)
            users.add(status["Uid"].split()[0])
            self.assertNotIn("0", status["Uid"].split() + status["Gid"].split())
            self.assertEqual(status["Groups"].strip(), "")
            for capabilities in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                self.assertEqual(int(status[capabilities], 16), 0)
            self.assertEqual(status["NoNewPrivs"], "1")
            self.assertEqual(status["Seccomp"], "2")
            self.assertNotEqual(status["VmLck"].split()[0], "0")  # key pages are locked
            with open(f"/proc/{pid}/limits") as file:
                self.assertRegex(file.read(), r"Max core file size +0 +0 ")
            self.assertEqual(os.stat(f"/proc/{pid}/mem").st_uid, 0)  # undumpable: not its own user's
            for thread in os.listdir(f"/proc/{pid}/task"):
                self.assertEqual(self.status(f"{pid}/task/{thread}")["Seccomp"], "2")
        self.assertEqual(len(users), 2)

    def test_what_is_whose(self):
        keeper = int(self.status(self.keeper)["Uid"].split()[0])
        gateway = int(self.status(self.gateway)["Gid"].split()[0])
        for name in ("keeper", "keeper/signer.key", "keeper/wrap.key", "keeper/dictionary.key"):
            info = os.stat(self.path(name))
            self.assertEqual((info.st_uid, info.st_mode & 0o077), (keeper, 0), name)
        for folder, _, names in os.walk(self.path("ledger")):
            for name in [folder] + [os.path.join(folder, name) for name in names]:
                info = os.lstat(name)
                self.assertEqual((info.st_uid, info.st_gid, info.st_mode & 0o027), (keeper, gateway, 0), name)
        self.assertEqual(os.lstat(self.path("state")).st_mode & 0o077, 0)  # nobody else gets at what is in it
        for folder, _, names in os.walk(self.path("state")):
            for name in [folder] + [os.path.join(folder, name) for name in names]:
                self.assertEqual(os.lstat(name).st_uid, gateway, name)
        self.assertEqual(os.stat(self.path("keys/opener.key")).st_uid, 0)

    def test_a_folder_with_a_link_or_a_second_name_in_it_is_not_taken_over(self):
        self.assertEqual(self.redoubt.stop(), 0)
        victim = os.path.join(self.redoubt.folder, "victim")
        with open(victim, "w"):
            pass
        for place in (self.path("ledger", "segments", "x"), self.path("keeper", "x"), self.path("state", "x")):
            for make in (os.symlink, os.link):
                make(victim, place)
                done = subprocess.run([program("redoubt"), "serve", "--dir", self.redoubt.dir], capture_output=True,
                                      text=True, timeout=20)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("is not given to another user", done.stderr)
                self.assertEqual(os.stat(victim).st_uid, 0)
                os.unlink(place)
        self.start()

    def test_a_folder_made_as_root_is_taken_over(self):
        self.assertEqual(self.redoubt.stop(), 0)
        for folder, folders, names in os.walk(self.redoubt.dir):
            for name in folders + names:
                os.chown(os.path.join(folder, name), 0, 0)
        self.start()
        self.test_what_is_whose()
        self.go_on()

    def test_policies_come_from_a_folder_that_the_gateway_may_not_open(self):
        os.chmod(self.path("policies"), 0o700)
        with open(self.path("policies", "default.cedar"), "w") as file:
            file.write("")
        self.redoubt.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.redoubt.chat()[0] == 403)

    def test_two_cores_are_confined_alike(self):
        self.assertEqual(self.redoubt.stop(), 0)
        settings = self.path("redoubt.toml")
        with open(settings) as file:
            text = file.read()
        with open(settings, "w") as file:
            file.write(text.replace("threads = 1", "threads = 2"))
        self.start()
        tasks = os.listdir(f"/proc/{self.gateway}/task")
        self.assertGreaterEqual(len(tasks), 3)  # two cores and the injected thread
        for task in tasks:
            status = self.status(f"{self.gateway}/task/{task}")
            self.assertEqual((status["Seccomp"], int(status["CapEff"], 16)), ("2", 0))


class AsOneUser(Confined, Attack):
    """Started by an ordinary user: the keeper and the gateway have the same user id."""

    ordinary = True

    def test_the_log_says_that_they_are_one_user(self):
        self.assertIn("keeper and gateway run as one user", self.redoubt.log_text())


def entry(kind=0, leaf=b"{}", opening=b"", exchange=bytes(16), admission=0, leaf_size=None, opening_size=None,
          reserved=bytes(3), log=0, index=0, stored=0):
    head = struct.pack("<IIB", len(leaf) if leaf_size is None else leaf_size,
                       len(opening) if opening_size is None else opening_size, kind)
    return head + reserved + struct.pack("<I", log) + exchange + struct.pack("<QQQ", admission, index, stored) + \
        leaf + opening


TICKET = bytes(8)
STANDALONE, ADMISSION, OUTCOME = 0, 1, 2
APPEND, OPEN, COSIGNED = 1, 2, 4


class RingBytes(Attack):
    """Bytes on the rings that the gateway's own code would never write."""

    def requests(self):
        return Ring(self.injected, REQUEST_RING)

    def keeper_ends(self):
        """The keeper finds the broken rule, ends properly, and the ledger is sound."""
        try:
            self.injected.wake_keeper(self.gateway)
        except Gone:
            pass  # it had found it already
        said = self.end()
        self.assertIn("stopped", said)
        self.assertRegex(said, r"the keeper ended with status 3|the ledger stopped")
        self.assertNotIn("keeper ended with signal", said)
        self.check_ledger()

    def again(self):
        if self.redoubt.process is None:
            self.start()

    def test_each_broken_rule_ends_the_service_and_harms_nothing(self):
        def tail(change):
            return lambda ring: ring.set_position(Ring.TAIL, change(ring.position(Ring.TAIL)))

        def message(kind, payload, size=None):
            return lambda ring: ring.send(kind, payload, size)

        cases = {
            "tail before head": tail(lambda at: at - 8),
            "tail far before head": tail(lambda at: 0),
            "tail past the capacity": tail(lambda at: at + REQUEST_RING + 8),
            "tail at the end of numbers": tail(lambda at: (1 << 64) - 8),
            "tail not aligned": tail(lambda at: at + 13),
            "size past the tail": message(APPEND, TICKET + entry(), size=REQUEST_RING // 2),
            "size above any message": message(APPEND, TICKET + entry(), size=0xffffffff),
            "no ticket": message(APPEND, b"1234567"),
            "no entry": message(APPEND, TICKET),
            "header cut off": message(APPEND, TICKET + entry()[:55]),
            "leaf longer than the message": message(APPEND, TICKET + entry(leaf_size=3)),
            "leaf shorter than the message": message(APPEND, TICKET + entry(leaf_size=1)),
            "opening longer than the message": message(APPEND, TICKET + entry(opening_size=1)),
            "sizes that wrap around": message(APPEND, TICKET + entry(leaf_size=0xffffffff, opening_size=3)),
            "leaf above its limit": message(APPEND, TICKET + entry(leaf=bytes(65536))),
            "unknown kind": message(APPEND, TICKET + entry(kind=4)),
            "reserved bytes": message(APPEND, TICKET + entry(reserved=b"\1" + bytes(2))),
            "a log that is not there": message(APPEND, TICKET + entry(log=1)),
            "every log": message(APPEND, TICKET + entry(log=0xffffffff)),
            "cosignatures that name no log": message(COSIGNED, TICKET + bytes(11)),
            "cosignatures of no log": message(COSIGNED, TICKET + struct.pack("<IQ", 1, 0)),
            "cosignatures of what was not offered": message(COSIGNED, TICKET + struct.pack("<IQ", 0, 1)),
            "a request to open values that names no log": message(OPEN, TICKET + bytes(3)),
            "a request to open values of no log": message(OPEN, TICKET + struct.pack("<I", 1)),
            "outcome of nothing": message(APPEND, TICKET + entry(kind=OUTCOME, admission=1 << 40)),
            "outcome of what ended already": message(APPEND, TICKET + entry(kind=OUTCOME, admission=0)),
        }
        for what, attack in cases.items():
            with self.subTest(what):
                self.again()
                attack(self.requests())
                self.keeper_ends()
        self.check_everything()

    def test_no_type_of_message_gets_a_checkpoint_that_contradicts_another(self):
        refused_open = struct.pack("<IQq", 0, 0, int(time.time() * 1000)) + bytes(128) + b"because"
        for kind in [*range(0, 6), *range(15, 27), 0xffffffff]:
            for payload in (TICKET + entry(), TICKET + refused_open):
                self.again()
                ring = self.requests()
                ring.send(kind, payload)
                ring.send(kind, payload)
                try:
                    self.injected.wake_keeper(self.gateway)
                    for _ in range(4):
                        time.sleep(0.05)
                        status, _, body = self.redoubt.get("/ledger/checkpoint")
                        if status == 200 and body not in self.checkpoints:
                            self.checkpoints.append(body)
                except (Gone, OSError):
                    pass
                if kind in (APPEND, OPEN):  # well-formed ones do not end the service
                    self.redoubt.process.send_signal(signal.SIGTERM)
                self.end()
        sizes = {int(checkpoint.split(b"\n")[1]) for checkpoint in self.checkpoints}
        self.assertGreater(len(sizes), 10)
        self.check_everything()

    def test_a_contradicting_checkpoint_would_be_noticed(self):
        checkpoint = self.checkpoints[-1]
        size = int(checkpoint.split(b"\n")[1])
        with self.assertRaises(AssertionError):
            self.check_checkpoint(checkpoint.replace(b"\n%d\n" % size, b"\n%d\n" % (size - 1)))

    def test_false_records_can_be_submitted_and_are_only_added(self):
        """What the threat model grants the attacker, and no more."""
        before = self.redoubt.verify()
        ring = self.requests()
        for _ in range(3):
            ring.send(APPEND, TICKET + entry(leaf=b'{"made":"up"}'))
        def added():
            with open(self.path("ledger", "checkpoint")) as file:
                return int(file.read().split("\n")[1]) >= before + 3
        wait_for(added)
        self.redoubt.process.send_signal(signal.SIGTERM)
        self.end()
        self.assertEqual(self.redoubt.leaves()[-3:], [b'{"made":"up"}'] * 3)
        self.check_ledger()

    def test_answers_that_are_never_taken_end_the_service(self):
        ring, answers = self.requests(), Ring(self.injected, ANSWER_RING)
        # The reader seems to have read nothing ever, and then what was never written.
        for head in (0, 1 << 63, (1 << 64) - 8):
            answers.set_position(Ring.HEAD, head)
            ring.send(APPEND, TICKET + entry())
        self.redoubt.process.send_signal(signal.SIGTERM)
        self.assertNotIn("keeper ended with signal", self.end())
        self.check_ledger()

    def test_random_bytes_in_both_rings_harm_nothing(self):
        seed = int(os.environ.get("REDOUBT_SEED", random.randrange(1 << 32)))
        print("REDOUBT_SEED=%d" % seed)
        source = random.Random(seed)
        for _ in range(8):
            self.again()
            ring, answers = self.requests(), Ring(self.injected, ANSWER_RING)
            at = ring.position(Ring.TAIL)
            ring.write_at(at, source.randbytes(source.choice([64, 4096, 300_000])))
            answers.write_at(source.randrange(ANSWER_RING), source.randbytes(4096))
            answers.set_position(Ring.HEAD, source.getrandbits(64))
            ring.set_position(Ring.SLEEPING, source.getrandbits(64))
            ring.set_position(Ring.TAIL, source.choice([at + 8 * source.randrange(1, 40_000), source.getrandbits(64)]))
            self.keeper_ends()




class Product(unittest.TestCase):
    def test_the_product_has_no_hook(self):
        def has(name):
            with open(program(name), "rb") as file:
                return b"REDOUBT_ATTACK_FD" in file.read()
        self.assertTrue(has("redoubt-attacked"))
        self.assertFalse(has("redoubt"))
        self.assertFalse(has("redoubt-keeper"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
