#!/usr/bin/env python3
"""Ledgers that have themselves witnessed: what it proves, and what happens when a witness is dead, lies or is ahead."""

import base64
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Redoubt, Upstream, program, run, wait_for, whole_reply


class Witness:
    """`redoubt ledger witness` in a temporary folder, on the same port at each start."""

    def __init__(self, name):
        self.name = name
        self.folder = tempfile.mkdtemp(prefix="redoubt-witness-")
        self.dir = os.path.join(self.folder, "w")
        self.vkey = run(program("redoubt"), "ledger", "witness", "init", "--dir", self.dir, "--name",
                        "witness.example/" + name).stdout.strip()
        self.port = 0
        self.process = None

    def know(self, redoubt):
        with open(os.path.join(redoubt.dir, "ledger.vkey")) as file, open(os.path.join(self.dir, "logs"), "a") as logs:
            logs.write(file.read().strip() + "\n")

    def start(self):
        self.errors = open(os.path.join(self.folder, "log"), "a+")
        self.process = subprocess.Popen(
            [program("redoubt"), "ledger", "witness", "serve", "--dir", self.dir, "--listen", f"127.0.0.1:{self.port}"],
            stdout=subprocess.PIPE, stderr=self.errors, text=True)
        line = self.process.stdout.readline()
        match = re.match(r"listening on http://127\.0\.0\.1:(\d+)$", line.strip())
        if not match:
            raise AssertionError("the witness did not start")
        self.port = int(match.group(1))
        return self

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(timeout=20)
        self.process.stdout.close()
        self.errors.close()
        self.process = None

    def remove(self):
        if self.process is not None:
            self.end(signal.SIGKILL)
        shutil.rmtree(self.folder)

    def policy_line(self):
        return f"witness {self.name} {self.vkey} http://127.0.0.1:{self.port}\n"


class ScriptedWitness:
    """Says what the test wants: `says(path)` gives status, content type and body."""

    def __init__(self, says):
        witness = self
        self.says = says
        self.asked = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                witness.asked += 1
                status, content_type, body = witness.says(self.path)
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def contents(folder, *names):
    """Path to bytes of every file below, but for the segment that is filled with zeros ahead of need."""
    found = {}
    for name in names:
        for root, _, files in os.walk(os.path.join(folder, name)):
            for file in set(files) - {"spare.seg"}:
                path = os.path.join(root, file)
                with open(path, "rb") as opened:
                    found[os.path.relpath(path, folder)] = opened.read()
    return found


class Base(unittest.TestCase):
    def setUp(self):
        self.upstream = Upstream(lambda request, connection: connection.sendall(whole_reply()) is None)
        self.addCleanup(self.upstream.close)

    def witness(self, name):
        witness = Witness(name)
        self.addCleanup(witness.remove)
        return witness

    def redoubt(self, origin="test.example/log"):
        redoubt = Redoubt(self.upstream.url, origin=origin)
        self.addCleanup(redoubt.remove)
        return redoubt

    def have_witnessed(self, redoubt, lines, quorum, settings=""):
        """Its configuration from now on."""
        with open(os.path.join(redoubt.dir, "witnesses.policy"), "w") as file:
            file.write(lines + f"quorum {quorum}\n")
        path = os.path.join(redoubt.dir, "redoubt.toml")
        with open(path) as file:
            text = file.read().split("\n[witness]\n")[0]
        with open(path, "w") as file:
            file.write(text + f"\n[witness]\npolicy = \"witnesses.policy\"\ntimeout = \"1s\"\n{settings}")

    def witnessed(self, settings=""):
        """A Redoubt and its one witness, which runs."""
        redoubt, witness = self.redoubt(), self.witness("w1")
        witness.know(redoubt)
        witness.start()
        self.have_witnessed(redoubt, witness.policy_line(), "w1", settings)
        return redoubt, witness

    def prove(self, redoubt, index):
        policy = os.path.join(redoubt.dir, "witnesses.policy")
        return run(program("redoubt"), "ledger", "prove", str(index), "--dir", redoubt.dir, "--policy", policy,
                   check=False)

    def expect_quorum(self, redoubt, index):
        done = wait_for(lambda: (proof := self.prove(redoubt, index)).returncode == 0 and proof, 20)
        self.assertRegex(done.stdout, r"quorum +\w+: met")
        self.assertIn("witnessed by a quorum as of", done.stdout)

    def chat(self, redoubt, times=1):
        for _ in range(times):
            self.assertEqual(redoubt.chat()[0], 200)

    def size(self, redoubt):
        with open(os.path.join(redoubt.dir, "ledger", "checkpoint")) as file:
            return int(file.read().split("\n")[1])

    def expect_refused(self, redoubt):
        """It ends by itself, without a change of what it has; what it says."""
        before = contents(redoubt.dir, "ledger", "keeper")
        done = subprocess.run(
            [program("redoubt"), "serve", "--dir", redoubt.dir, "--listen", "127.0.0.1:0", "--upstream",
             redoubt.upstream],
            capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 3, done.stderr)
        after = contents(redoubt.dir, "ledger", "keeper")
        self.assertEqual(set(after), set(before))
        for path, content in before.items():
            self.assertTrue(after[path] == content, path + " has changed")
        return done.stderr


class Mutual(Base):
    def test_two_ledgers_witness_each_other(self):
        pair = [self.redoubt("a.example/log"), self.redoubt("b.example/log")]
        witnesses = [self.witness("wa"), self.witness("wb")]
        for redoubt, witness in zip(pair, reversed(witnesses)):
            witness.know(redoubt)
            witness.start()
            self.have_witnessed(redoubt, witness.policy_line(), witness.name)
        for redoubt in pair:
            redoubt.start()
            self.chat(redoubt, 3)
        for redoubt in pair:
            self.expect_quorum(redoubt, self.size(redoubt) - 1)
            status = json.loads(run(program("redoubt"), "status", "--dir", redoubt.dir, "--json").stdout)
            self.assertEqual(status["quorum"]["state"], "met")
            self.assertEqual(len(status["witnesses"]), 1)
            self.assertIn("witnessed by a quorum as of", status["freshness"])
            self.assertRegex(run(program("redoubt"), "status", "--dir", redoubt.dir).stdout,
                             r"witness +w[ab] \(witness\.example/w[ab]\) at 20")
            policy = os.path.join(redoubt.dir, "witnesses.policy")
            shown = run(program("redoubt"), "ledger", "checkpoint", "--dir", redoubt.dir, "--policy", policy)
            # The log's, of the checkpoint and of its root for COSE, and the witness's.
            self.assertEqual(shown.stdout.count("\u2014 "), 3)
            self.assertIn("witnessed by a quorum", shown.stderr)
            run(program("redoubt"), "ledger", "verify", os.path.join(redoubt.dir, "ledger"), "--dir", redoubt.dir,
                "--policy", policy)
        for redoubt in pair:
            self.assertEqual(redoubt.stop(), 0)


class RolledBack(Base):
    def test_a_restored_copy_is_refused_and_nothing_is_appended_or_signed(self):
        redoubt, _ = self.witnessed()
        redoubt.start()
        self.chat(redoubt, 3)
        self.expect_quorum(redoubt, 0)
        self.assertEqual(redoubt.stop(), 0)
        copy = redoubt.dir + ".copy"
        shutil.copytree(redoubt.dir, copy)
        had = self.size(redoubt)
        redoubt.start()
        self.chat(redoubt, 500)  # two records each
        self.expect_quorum(redoubt, had + 999)
        self.assertEqual(redoubt.stop(), 0)
        os.rename(redoubt.dir, redoubt.dir + ".newer")
        os.rename(copy, redoubt.dir)
        said = self.expect_refused(redoubt)
        match = re.search(r"rolled back: witness `w1` has cosigned (\d+) entries of `test.example/log`, "
                          r"this ledger has (\d+); restore the newer copy", said)
        self.assertTrue(match, said)
        self.assertGreaterEqual(int(match.group(1)), had + 1000)
        self.assertEqual(int(match.group(2)), had)
        # What it says can be checked: the checkpoint that this ledger's key signed.
        evidence = base64.b64decode(re.search(r'base64="?([^"\s]+)', said).group(1)).decode()
        self.assertEqual(evidence.split("\n")[:2], ["test.example/log", match.group(1)])
        # The newer copy is served.
        shutil.rmtree(redoubt.dir)
        os.rename(redoubt.dir + ".newer", redoubt.dir)
        redoubt.start()
        self.chat(redoubt)
        self.assertEqual(redoubt.stop(), 0)

    def test_a_second_copy_that_runs_is_found_and_what_it_says_can_be_checked(self):
        redoubt, witness = self.witnessed()
        redoubt.start()
        self.chat(redoubt, 3)
        self.expect_quorum(redoubt, 0)
        self.assertEqual(redoubt.stop(), 0)
        folder = tempfile.mkdtemp(prefix="redoubt-e2e-")
        shutil.copytree(redoubt.dir, os.path.join(folder, "var"))
        other = Redoubt(self.upstream.url, folder=folder)
        self.addCleanup(other.remove)
        other.key = redoubt.key
        witness.end()
        redoubt.start()  # has what the witness has seen, and goes on while the witness sees nothing
        os.killpg(redoubt.process.pid, signal.SIGSTOP)
        try:
            witness.start()
            other.start()  # has it, too
            self.chat(other, 3)
            self.expect_quorum(other, self.size(redoubt) + 1)
        finally:
            os.killpg(redoubt.process.pid, signal.SIGCONT)
        try:
            redoubt.chat()  # its own checkpoint gives it away, perhaps before it is answered
        except OSError:
            pass
        self.assertEqual(redoubt.process.wait(timeout=20), 3)
        said = redoubt.log_text()
        self.assertIn("rolled back: witness `w1` has cosigned", said)
        evidence = os.path.join(folder, "evidence")
        with open(evidence, "wb") as file:
            file.write(base64.b64decode(re.search(r'evidence of a rollback.*base64="?([^"\s]+)', said).group(1)))
        # The other copy's checkpoint, under the key of both.
        done = run(program("redoubt"), "ledger", "verify", os.path.join(other.dir, "ledger"), "--dir", redoubt.dir,
                   "--checkpoint", evidence)
        self.assertIn("test.example/log", done.stdout)
        self.assertEqual(other.get("/readyz")[0], 200)


class Absent(Base):
    def test_a_dead_or_stopped_witness_holds_up_no_request(self):
        redoubt, witness = self.witnessed()
        redoubt.start()
        self.chat(redoubt)
        self.expect_quorum(redoubt, 0)
        witness.process.send_signal(signal.SIGSTOP)
        self.chat(redoubt, 3)
        wait_for(lambda: "a witness does not answer" in redoubt.log_text())
        self.chat(redoubt, 3)
        witness.process.send_signal(signal.SIGCONT)
        self.expect_quorum(redoubt, self.size(redoubt) - 1)
        self.assertEqual(redoubt.log_text().count("a witness does not answer"), 1)
        witness.end(signal.SIGKILL)
        self.chat(redoubt, 3)
        last = wait_for(lambda: (size := self.size(redoubt)) >= 20 and size) - 1
        self.assertEqual(self.prove(redoubt, last).returncode, 1)  # in the log, but not cosigned
        witness.start()
        self.expect_quorum(redoubt, last)
        self.assertIn("a witness is well again", redoubt.log_text())
        self.assertEqual(redoubt.stop(), 0)

    def test_without_an_answer_at_the_start_it_serves_unless_witnesses_are_required(self):
        redoubt, witness = self.witnessed()
        witness.end()
        redoubt.start()
        self.chat(redoubt)
        self.assertEqual(redoubt.stop(), 0)

    def test_required_it_waits_for_the_quorum_and_can_be_ended_meanwhile(self):
        redoubt, witness = self.witnessed("required = true\n")
        witness.end()
        for _ in range(2):
            redoubt.start(until="/healthz")
            status, _, body = redoubt.get("/readyz")
            self.assertEqual((status, body), (503, b"not ready: asking witnesses\n"))
            self.assertEqual(redoubt.chat()[0], 503)
            self.assertEqual(redoubt.stop(), 0)
        redoubt.start(until="/healthz")
        witness.start()
        wait_for(lambda: redoubt.get("/readyz")[0] == 200)
        self.chat(redoubt)
        self.expect_quorum(redoubt, 0)
        self.assertEqual(redoubt.stop(), 0)


class Lying(Base):
    def scripted(self, says):
        witness = ScriptedWitness(says)
        self.addCleanup(witness.close)
        redoubt, named = self.redoubt(), self.witness("w1")
        named.port = witness.port
        self.have_witnessed(redoubt, named.policy_line(), "w1")
        return redoubt, witness

    def test_one_that_claims_to_have_seen_more_ends_no_service_without_proof(self):
        redoubt, witness = self.scripted(lambda path: (404, "text/plain", b""))
        redoubt.start()
        witness.says = lambda path: ((409, "text/x.tlog.size", b"1000000\n") if path == "/add-checkpoint" else
                                     (404, "text/plain", b""))
        self.chat(redoubt, 3)
        wait_for(lambda: "rolled back or forked, and proves it not" in redoubt.log_text())
        self.chat(redoubt, 3)
        self.assertEqual(redoubt.stop(), 0)

    def test_at_the_start_its_word_is_enough(self):
        redoubt, witness = self.scripted(lambda path: (404, "text/plain", b""))
        redoubt.start()
        self.chat(redoubt)
        self.assertEqual(redoubt.stop(), 0)
        witness.says = lambda path: (409, "text/x.tlog.size", b"1000000\n")
        said = self.expect_refused(redoubt)
        self.assertIn("rolled back, as witness `w1` says: it has cosigned 1000000 entries", said)

    def test_nonsense_is_no_cosignature(self):
        redoubt, witness = self.scripted(lambda path: (200, "text/plain", b"\xe2\x80\x94 witness.example/w1 AAAA\n"))
        redoubt.start()
        self.chat(redoubt, 3)
        wait_for(lambda: witness.asked > 1)
        self.assertIn("a witness does not cosign", redoubt.log_text())
        self.assertEqual(redoubt.stop(), 0)


class Policies(Base):
    def test_a_policy_that_cannot_be_followed_is_refused_with_file_and_reason(self):
        redoubt, witness = self.redoubt(), self.witness("w1")
        line = f"witness w1 {witness.vkey} http://127.0.0.1:9\n"
        for lines, quorum, settings, reason in (
                ("", "none", "", "it names no witness"),
                (f"witness w1 {witness.vkey}\n", "w1", "", "witness `w1` has no URL"),
                (line, "none", "required = true\n", "its quorum is `none`"),
                (line, "w2", "", "line 2:")):
            self.have_witnessed(redoubt, lines, quorum, settings)
            said = self.expect_refused(redoubt)
            self.assertIn(reason, said)
            self.assertIn("witnesses.policy", said)
        os.remove(os.path.join(redoubt.dir, "witnesses.policy"))
        self.assertIn("witness.policy", self.expect_refused(redoubt))
        with open(os.path.join(redoubt.dir, "redoubt.toml")) as file:
            text = file.read().replace("policy = \"witnesses.policy\"", "required = true")
        with open(os.path.join(redoubt.dir, "redoubt.toml"), "w") as file:
            file.write(text)
        self.assertIn("needs `witness.policy`", self.expect_refused(redoubt))


if __name__ == "__main__":
    unittest.main(verbosity=2)
