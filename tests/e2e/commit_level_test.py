"""Replies that wait for a checkpoint, on a real server: when they arrive, their receipts are proofs."""

import os
import re
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import STREAM_HEAD, Redoubt, Upstream, chunk, event, parse_receipt, program, stage, wait_for, whole_reply

PUBLISHED = """
[commit]
default = "published"

[[commit.route]]
operation = "models.list"
level = "durable"
"""


def append_settings(redoubt, text):
    with open(os.path.join(redoubt.dir, "redoubt.toml"), "a", encoding="utf-8") as file:
        file.write(text)


class Published(unittest.TestCase):
    def setUp(self):
        self.upstream = Upstream(self.answer)
        self.redoubt = Redoubt(self.upstream.url, applications=("limited:callers::another",))
        append_settings(self.redoubt, PUBLISHED)
        self.redoubt.start()

    def tearDown(self):
        self.redoubt.remove()
        self.upstream.close()

    @staticmethod
    def answer(request, connection):
        if '"stream": true' in request:
            connection.sendall(STREAM_HEAD + chunk(event("one")) + chunk("data: [DONE]\n\n") + b"0\r\n\r\n")
        else:
            connection.sendall(whole_reply())
        return True

    def checkpoint_size(self):
        """From the file, without asking the server for anything."""
        with open(os.path.join(self.redoubt.dir, "ledger", "checkpoint"), encoding="utf-8") as file:
            return int(file.read().split("\n")[1])

    def prove(self, receipt):
        """The receipt is a proof at once, under the checkpoint that lay there when the reply came."""
        size = self.checkpoint_size()
        _, index, leaf = parse_receipt(receipt)
        self.assertLess(index, size)
        status, _, proof = self.redoubt.get("/ledger/receipt/%d" % index, key=self.redoubt.key)
        self.assertEqual(status, 200, proof)
        done = subprocess.run(
            [program("redoubt"), "ledger", "prove", str(index), "--url", self.redoubt.url, "--key", self.redoubt.key,
             "--leaf", leaf, "--vkey-file", os.path.join(self.redoubt.dir, "ledger.vkey")],
            capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        return index

    def test_when_a_whole_reply_comes_its_receipt_is_a_proof(self):
        for _ in range(5):
            status, fields, _ = self.redoubt.chat()
            self.assertEqual((status, fields["redoubt-commit"]), (200, "published"))
            self.prove(fields["redoubt-receipt"])

    def test_when_the_end_mark_of_a_stream_comes_its_receipt_is_a_proof(self):
        for _ in range(5):
            status, fields, body = self.redoubt.chat(stream=True)
            self.assertEqual(status, 200)
            receipt = re.search(rb"[\r\n]: redoubt-receipt ([^\n]*)\n\ndata: \[DONE\]\n\n$", body).group(1).decode()
            outcome = self.prove(receipt)
            self.assertLess(self.prove(fields["redoubt-receipt"]), outcome)  # the admission's

    def test_many_at_once_share_checkpoints(self):
        replies = []
        threads = [threading.Thread(target=lambda: replies.append(self.redoubt.chat())) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([reply[0] for reply in replies], [200] * 32)
        size = self.checkpoint_size()
        for _, fields, _ in replies:
            self.assertLess(parse_receipt(fields["redoubt-receipt"])[1], size)
        self.assertEqual(self.redoubt.stop(), 0)
        self.assertEqual(sorted(stage(r) for r in self.redoubt.records()), ["admission"] * 32 + ["outcome"] * 32)

    def test_reading_entries_waits_too(self):
        self.redoubt.chat()
        status, fields, _ = self.redoubt.get("/ledger/tile/entries/000.p/2", key=self.redoubt.auditor)
        self.assertEqual((status, fields["redoubt-commit"]), (200, "published"))
        self.prove(fields["redoubt-receipt"])

    def test_a_route_of_its_own_and_denials_are_durable(self):
        status, fields, _ = self.redoubt.get("/v1/models", key=self.redoubt.key)
        self.assertEqual((status, fields["redoubt-commit"]), (200, "durable"))
        status, fields, _ = self.redoubt.chat(key=self.redoubt.keys["limited"])
        self.assertEqual((status, fields["redoubt-commit"]), (403, "durable"))

    def test_a_caller_that_leaves_while_its_reply_waits_is_missed_by_nobody(self):
        for _ in range(3):
            self.redoubt.open_stream().close()
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(self.redoubt.stop(), 0)
        stages = [stage(r) for r in self.redoubt.records()]
        self.assertEqual(stages.count("admission"), stages.count("outcome"))

    def test_a_stop_gives_what_waits_its_level(self):
        replies = []
        threads = [threading.Thread(target=lambda: replies.append(self.redoubt.chat())) for _ in range(8)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(self.upstream.requests) == 8)
        self.assertEqual(self.redoubt.stop(), 0)
        for thread in threads:
            thread.join()
        self.assertEqual([reply[0] for reply in replies], [200] * 8)
        for _, fields, _ in replies:
            self.assertLess(parse_receipt(fields["redoubt-receipt"])[1], self.checkpoint_size())


class Settings(unittest.TestCase):
    def refused(self, text, why):
        with tempfile.TemporaryDirectory() as folder:
            redoubt = Redoubt("http://127.0.0.1:9", folder=folder)
            append_settings(redoubt, text)
            done = subprocess.run([program("redoubt"), "serve", "--dir", redoubt.dir, "--listen", "127.0.0.1:0"],
                                  capture_output=True, text=True, timeout=30)
            self.assertEqual((done.returncode, done.stdout), (3, ""), done.stderr)
            self.assertIn(why, done.stderr)

    def test_an_unknown_level_is_refused(self):
        self.refused('[commit]\ndefault = "published "\n', "`commit.default` must be `durable`, `published` or `cosigned`")

    def test_an_unknown_operation_is_refused(self):
        self.refused('[[commit.route]]\noperation = "chat"\nlevel = "published"\n',
                     "`commit.route[0].operation` must be `chat.completions`")

    def test_an_operation_that_is_there_twice_is_refused(self):
        self.refused('[[commit.route]]\noperation = "models.list"\nlevel = "published"\n' * 2,
                     "`commit.route[1].operation` is there twice")

    def test_a_route_without_a_level_is_refused(self):
        self.refused('[[commit.route]]\noperation = "models.list"\n', "`commit.route[0].level` is missing")

    def test_a_misspelt_key_is_refused(self):
        self.refused('[commit]\ndefualt = "published"\n', "commit.defualt")

    def test_cosigned_without_witnesses_is_refused(self):
        self.refused('[[commit.route]]\noperation = "chat.completions"\nlevel = "cosigned"\n',
                     "no witness policy with a quorum")


if __name__ == "__main__":
    unittest.main()
