"""`redoubt ledger fsck`, `stats` and `follow` on the folder of a real server and over HTTP."""

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import cose_receipt
from harness import STARTED, Redoubt, Upstream, program, run, wait_for, whole_reply


def answer(_, connection):
    connection.sendall(whole_reply())
    return True


class WithServer(unittest.TestCase):
    def setUp(self):
        self.upstream = Upstream(answer)
        self.addCleanup(self.upstream.close)
        self.redoubt = Redoubt(self.upstream.url, tenants=("cardiology",), applications=("ward:callers:cardiology",))
        self.addCleanup(self.redoubt.remove)
        self.ward = self.redoubt.keys["ward"]
        self.redoubt.start()

    def chats(self, count, key=None):
        for _ in range(count):
            self.assertEqual(self.redoubt.chat(key=key)[0], 200)

    def published(self):
        return json.loads(self.ledger("checkpoint", check=False).stdout or "{}").get("size", 0)

    def ledger(self, *words, check=True):
        return run(program("redoubt"), "ledger", *words, "--dir", self.redoubt.dir, "--json", check=check)


class Files(WithServer):
    def test_a_server_s_ledger_has_no_problem_while_it_runs_and_afterwards(self):
        self.chats(5)
        self.chats(3, self.ward)
        for _ in range(10):
            caller = threading.Thread(target=self.chats, args=(3,))
            caller.start()
            report = json.loads(self.ledger("fsck").stdout)
            caller.join()
            self.assertEqual((report["ok"], report["problems"]), (True, []))
            self.assertIn("single signer, freshness unproven", report["freshness"])
        self.assertEqual(self.redoubt.stop(), 0)
        report = json.loads(self.ledger("fsck").stdout)
        self.assertTrue(report["ok"])
        self.assertFalse(report["torn"] or report["growing"])
        self.assertEqual(report["unknown"], [])
        self.assertEqual(report["open_count"], 0)
        logs = {log["log"]: log for log in report["logs"]}
        self.assertEqual(set(logs), {"system", "cardiology"})
        self.assertEqual(logs["cardiology"]["entries"], 6)
        for log in logs.values():
            self.assertEqual(log["entries"], log["published"])
        stats = json.loads(self.ledger("stats").stdout)
        self.assertEqual(stats["entries"], report["entries"])
        self.assertEqual(stats["commits"], report["commits"])
        self.assertEqual(sum(log["stored_bytes"] for log in stats["logs"]), stats["stored_bytes"])
        self.assertEqual([log["unpublished"] for log in stats["logs"]], [0, 0])
        self.assertEqual(stats["file_bytes"]["positions"], 8 * stats["entries"])
        self.assertGreater(stats["opening_bytes"], 0)

        # The folder can be named either way, and people get text.
        for folder in (self.redoubt.dir, os.path.join(self.redoubt.dir, "ledger")):
            self.assertIn("no problem", run(program("redoubt"), "ledger", "fsck", folder).stdout)
            self.assertIn("cardiology", run(program("redoubt"), "ledger", "stats", folder).stdout)

        # What is damaged is named, and nothing is repaired.
        for name in ("hashes/0", "positions", "checkpoint", "t/cardiology/hashes/0", "segments/0000000000.seg"):
            path = os.path.join(self.redoubt.dir, "ledger", name)
            with open(path, "rb") as file:
                before = file.read()
            damaged = bytearray(before)
            damaged[70 if name.startswith("segments") else 20] ^= 1
            with open(path, "wb") as file:
                file.write(damaged)
            done = self.ledger("fsck", check=False)
            self.assertEqual(done.returncode, 1, name)
            report = json.loads(done.stdout)
            self.assertFalse(report["ok"])
            self.assertIn(name, [problem["file"] for problem in report["problems"]])
            with open(path, "rb") as file:
                self.assertEqual(file.read(), bytes(damaged))
            with open(path, "wb") as file:
                file.write(before)
        self.assertEqual(self.ledger("fsck").returncode, 0)

    def test_a_receipt_for_verifiers_of_cose_proves_a_record(self):
        self.chats(2)
        wait_for(lambda: self.published() > 4)
        cose = os.path.join(self.redoubt.dir, "receipt.cose")
        proven = json.loads(self.ledger("prove", "4", "--cose", cose).stdout)
        verified = json.loads(self.ledger("verify-proof", cose, "--leaf", proven["leaf"]).stdout)
        self.assertEqual((verified["index"], verified["root"]), (4, proven["root"]))
        # And so does who has nothing of ours.
        with open(os.path.join(self.redoubt.dir, "ledger.vkey")) as file:
            vkey = file.read().strip()
        with open(cose, "rb") as file:
            content = file.read()
        leaf, root = (base64.b64decode(proven[name]) for name in ("leaf", "root"))
        self.assertEqual(cose_receipt.proven(content, leaf, vkey), (proven["origin"], proven["tree_size"], 4, root))
        self.assertIsNone(cose_receipt.proven(content, bytes(32), vkey))
        other = json.loads(self.ledger("prove", "3").stdout)["leaf"]
        self.assertEqual(self.ledger("verify-proof", cose, "--leaf", other, check=False).returncode, 1)
        with open(cose, "rb") as file:
            receipt = bytearray(file.read())
        self.assertEqual(receipt[0], 0xd2)
        receipt[-1] ^= 1
        with open(cose, "wb") as file:
            file.write(receipt)
        self.assertEqual(self.ledger("verify-proof", cose, "--leaf", proven["leaf"], check=False).returncode, 1)

    def test_without_a_ledger_or_key_there_is_no_answer(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(run(program("redoubt"), "ledger", "fsck", folder, check=False).returncode, 3)
            self.assertEqual(run(program("redoubt"), "ledger", "stats", folder, check=False).returncode, 3)


class Following:
    """A follower that runs until it is told to end."""

    def __init__(self, test, *words):
        self.lines = []
        self.process = subprocess.Popen([program("redoubt"), "ledger", "follow", *words], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        test.addCleanup(self.close)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def indices(self):
        return [line["index"] for line in list(self.lines)]

    def end(self):
        """Exit status, and the next index."""
        self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self):
        errors = self.process.stderr.read()
        status = self.process.wait(timeout=20)
        self.reader.join(timeout=20)
        last = [line for line in errors.splitlines() if line.startswith("next index ")]
        return status, int(last[-1].split()[-1]) if last else None

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


class Address:
    """An address that stays when the server behind it gets another one."""

    def __init__(self, test):
        self.port_behind = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        test.addCleanup(self.listener.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                caller, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.port_behind))
            except OSError:
                caller.close()
                continue
            for source, target in ((caller, server), (server, caller)):
                threading.Thread(target=self._forward, args=(source, target), daemon=True).start()

    @staticmethod
    def _forward(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Follow(WithServer):
    def test_a_folder_is_followed_live_and_resumed(self):
        self.chats(3)
        following = Following(self, "--dir", self.redoubt.dir, "--from", "0")
        wait_for(lambda: len(following.lines) >= 6)
        self.chats(2)
        wait_for(lambda: len(following.lines) >= 10)
        status, following_next = following.end()
        self.assertEqual((status, following_next), (0, len(following.lines)))
        self.assertEqual(following.indices(), list(range(following_next)))
        for line in following.lines[:2]:
            proof = run(program("redoubt"), "ledger", "prove", str(line["index"]), "--leaf", line["leaf"], "--dir",
                        self.redoubt.dir)
            self.assertIn("verified", proof.stdout)
        self.chats(2)
        wait_for(lambda: self.published() >= following_next + 4)
        resumed = Following(self, "--dir", self.redoubt.dir, "--from", str(following_next), "--until",
                            str(following_next + 3))
        self.assertEqual(resumed.wait(), (0, following_next + 3))
        self.assertEqual(resumed.indices(), [following_next, following_next + 1, following_next + 2])

    def test_without_from_only_what_is_new_is_printed(self):
        self.chats(2)
        wait_for(lambda: self.published() >= STARTED + 4)
        following = Following(self, "--dir", self.redoubt.dir)
        time.sleep(1)
        self.chats(1)
        wait_for(lambda: following.lines)
        self.assertEqual(following.lines[0]["index"], STARTED + 4)

    def test_over_http_the_follower_does_not_follow_itself(self):
        self.chats(2)
        address = Address(self)
        address.port_behind = self.redoubt.port
        following = Following(self, "--dir", self.redoubt.dir, "--url", address.url, "--key", self.redoubt.auditor,
                              "--from", "0")
        wait_for(lambda: len(following.lines) >= 4)
        time.sleep(4)  # several looks at a log in which nothing but its own reads happened
        size = self.published()
        self.assertLessEqual(size, 4 + 2 * 3)
        time.sleep(3)
        self.assertEqual(self.published(), size)
        self.chats(1)
        wait_for(lambda: len(following.lines) >= size + 2)
        self.assertEqual(following.indices(), list(range(len(following.lines))))

        # A restart of the server is waited for.
        self.assertEqual(self.redoubt.stop(), 0)
        printed = len(following.lines)
        time.sleep(1.5)
        self.assertIsNone(following.process.poll())
        address.port_behind = self.redoubt.start().port
        self.chats(2)
        wait_for(lambda: len(following.lines) >= printed + 4, 20)
        status, next_index = following.end()
        self.assertEqual((status, next_index), (0, len(following.lines)))
        self.assertEqual(following.indices(), list(range(next_index)))

    def test_who_may_not_read_entries_is_told_so(self):
        self.chats(1)
        done = run(program("redoubt"), "ledger", "follow", "--dir", self.redoubt.dir, "--url", self.redoubt.url,
                   "--key", self.redoubt.key, "--from", "0", check=False)
        self.assertEqual(done.returncode, 1)

    def test_a_log_that_forked_is_refused_with_a_proof(self):
        """Two logs of one key: the folder is copied, and each copy goes on by itself."""
        self.chats(2)
        self.assertEqual(self.redoubt.stop(), 0)
        folder = tempfile.mkdtemp(prefix="redoubt-e2e-")
        shutil.copytree(self.redoubt.dir, os.path.join(folder, "var"))
        other = Redoubt(self.upstream.url, folder=folder)
        self.addCleanup(other.remove)
        other.key = self.redoubt.key
        for server, chats in ((self.redoubt, 3), (other, 5)):
            server.start()
            for _ in range(chats):
                self.assertEqual(server.chat()[0], 200)
            self.assertEqual(server.stop(), 0)
        size = self.published()
        proof = os.path.join(folder, "fork.proof")
        following = Following(self, "--dir", self.redoubt.dir, "--from", "0", "--fork-proof", proof)
        wait_for(lambda: len(following.lines) >= size)
        ledger = os.path.join(self.redoubt.dir, "ledger")
        os.rename(ledger, ledger + ".first")
        shutil.move(os.path.join(other.dir, "ledger"), ledger)
        status, next_index = following.wait()
        self.assertEqual((status, next_index), (1, size))
        with open(os.path.join(self.redoubt.dir, "ledger.vkey")) as file:
            vkey = file.read().strip()
        done = run(program("redoubt"), "ledger", "verify-fork", proof, "--vkey", vkey)
        self.assertIn("the fork is proven", done.stdout)


if __name__ == "__main__":
    unittest.main()
