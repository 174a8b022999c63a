#!/usr/bin/env python3
"""A witness as a process: what it answers, what it remembers when it is killed, and what it refuses."""

import base64
import hashlib
import http.client
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import RawConnection, program, run

ORIGIN = "example.com/log"
ORIGIN_HASH = hashlib.sha256(ORIGIN.encode()).hexdigest()
# RFC 8410 §4: what stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo.
ED25519_PREFIX = bytes.fromhex("302a300506032b6570032100")


def request(old, size, story=0):
    """What the log submits."""
    done = subprocess.run([program("tlog_witness_log"), "request", str(story), str(old), str(size)],
                          capture_output=True, timeout=30, check=True)
    return done.stdout


def checkpoint_text(body):
    return body.split(b"\n\n")[1] + b"\n"


class Witness:
    """`redoubt ledger witness` in a temporary folder."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="redoubt-witness-")
        self.dir = os.path.join(self.folder, "w")
        self.vkey = run(program("redoubt"), "ledger", "witness", "init", "--dir", self.dir, "--name",
                        "witness.example/w1").stdout.strip()
        self.log_vkey = run(program("tlog_witness_log"), "vkey").stdout.strip()
        with open(os.path.join(self.dir, "logs"), "a") as file:
            file.write(self.log_vkey + "\n")
        self.process = None

    def serve(self, *options):
        return [program("redoubt"), "ledger", "witness", "serve", "--dir", self.dir, "--listen", "127.0.0.1:0", *options]

    def start(self, *options):
        self.errors = open(os.path.join(self.folder, "log"), "a+")
        self.process = subprocess.Popen(self.serve(*options), stdout=subprocess.PIPE, stderr=self.errors, text=True)
        line = self.process.stdout.readline()
        match = re.match(r"listening on https?://127\.0\.0\.1:(\d+)$", line.strip())
        if not match:
            raise AssertionError("did not start: " + self.log_text())
        self.port = int(match.group(1))
        return self

    def log_text(self):
        with open(os.path.join(self.folder, "log")) as file:
            return file.read()

    def end(self, how):
        """Its exit status after the signal."""
        self.process.send_signal(how)
        status = self.process.wait(timeout=20)
        self.process.stdout.close()
        self.errors.close()
        self.process = None
        return status

    def remove(self):
        if self.process is not None:
            self.end(signal.SIGKILL)
        shutil.rmtree(self.folder)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body=body)
            reply = connection.getresponse()
            return reply.status, reply.getheader("Content-Type"), reply.read()
        finally:
            connection.close()

    def submit(self, body):
        return self.ask("POST", "/add-checkpoint", body)

    def shown(self):
        return self.ask("GET", f"/{ORIGIN_HASH}/checkpoint")

    def state(self, name):
        return os.path.join(self.dir, "state", ORIGIN_HASH, name)


class Base(unittest.TestCase):
    def setUp(self):
        self.witness = Witness().start()

    def tearDown(self):
        self.witness.remove()

    def expect_cosigned(self, line, text):
        """That the line is the witness's cosignature of the text, by another implementation of Ed25519."""
        name, _, key = self.witness.vkey.split("+", 2)
        mark, signer, blob = line.decode().rstrip("\n").split(" ")
        self.assertEqual((mark, signer), ("\u2014", name))
        blob = base64.b64decode(blob, validate=True)
        public_key = base64.b64decode(key)
        self.assertEqual(public_key[0], 4)
        self.assertEqual(blob[:4], hashlib.sha256(name.encode() + b"\n" + public_key).digest()[:4])
        seconds = int.from_bytes(blob[4:12], "big")
        self.assertGreater(seconds, 1_700_000_000)
        with tempfile.TemporaryDirectory() as folder:
            for file_name, content in (("key", ED25519_PREFIX + public_key[1:]), ("signature", blob[12:]),
                                       ("message", b"cosignature/v1\ntime %d\n" % seconds + text)):
                with open(os.path.join(folder, file_name), "wb") as file:
                    file.write(content)
            run("openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", folder + "/key",
                "-sigfile", folder + "/signature", "-in", folder + "/message")
        return seconds


class Answers(Base):
    def test_a_log_that_grows_is_cosigned(self):
        old = 0
        for size in (1, 5, 5, 256, 300):
            body = request(old, size)
            status, _, line = self.witness.submit(body)
            self.assertEqual(status, 200, line)
            self.expect_cosigned(line, checkpoint_text(body))
            status, _, note = self.witness.shown()
            self.assertEqual((status, note), (200, body.split(b"\n\n", 1)[1] + line))
            old = size

    def test_each_refusal_has_its_status(self):
        self.assertEqual(self.witness.submit(request(0, 5))[0], 200)
        stranger = request(5, 6).replace(ORIGIN.encode() + b"\n6", b"example.com/else\n6")
        forged = request(5, 6).replace(b"\n6\n", b"\n7\n")
        for body, status in ((b"", 400), (b"old 5\n", 400), (request(5, 6).replace(b"old 5", b"old 7"), 400),
                             (forged, 403), (stranger, 404), (request(5, 9, story=1), 422),
                             (request(5, 6).replace(b"old 5\n", b"old 5\n" + base64.b64encode(bytes(32)) + b"\n"), 422),
                             (b"x" * (256 * 1024 + 1), 413)):
            self.assertEqual(self.witness.submit(body)[0], status, body[:80])
        self.assertEqual(self.witness.submit(request(3, 6)), (409, "text/x.tlog.size", b"5\n"))
        self.assertEqual(self.witness.submit(request(5, 6))[0], 200)

    def test_other_paths_and_methods(self):
        self.assertEqual(self.witness.ask("GET", "/healthz")[0], 200)
        self.assertEqual(self.witness.ask("GET", "/add-checkpoint")[0], 405)
        self.assertEqual(self.witness.ask("POST", "/healthz", b"")[0], 405)
        self.assertEqual(self.witness.ask("POST", f"/{ORIGIN_HASH}/checkpoint", b"")[0], 405)
        for path in ("/", "/checkpoint", "/add-checkpoint/", f"/{'0' * 64}/checkpoint", "/../checkpoint",
                     f"/{ORIGIN_HASH}/checkpoint", f"/{ORIGIN_HASH.upper()}/checkpoint", f"/{ORIGIN_HASH}/fork-proof"):
            self.assertEqual(self.witness.ask("GET", path)[0], 404, path)

    def test_a_connection_serves_several_requests(self):
        with RawConnection(self.witness.port) as caller:
            for old, size in ((0, 5), (5, 9)):
                body = request(old, size)
                caller.send(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                self.assertEqual(caller.reply()[0], 200)

    def test_a_fork_leaves_a_proof_that_verifies(self):
        self.assertEqual(self.witness.submit(request(0, 9))[0], 200)
        status, content_type, _ = self.witness.submit(request(9, 9, story=1))
        self.assertEqual(status, 409)
        self.assertNotEqual(content_type, "text/x.tlog.size")
        self.assertIn("has forked", self.witness.log_text())
        proof = self.witness.state("fork-proof")
        verify = [program("redoubt"), "ledger", "verify-fork", proof, "--vkey"]
        done = run(*verify, self.witness.log_vkey)
        self.assertIn("the fork is proven", done.stdout)
        self.assertIn('"first":{"size":9,', run(*verify, self.witness.log_vkey, "--json").stdout)
        self.assertEqual(run(*verify, "nonsense", check=False).returncode, 2)
        self.assertEqual(run(*verify, self.witness.vkey, check=False).returncode, 2)  # a witness's key is no log's
        with open(proof, "rb") as file:
            text = file.read()
        for changed in (text[:-1], text.replace(b"\n9\n", b"\n8\n"), b"", text.split(b"\n\n", 1)[1]):
            with open(os.path.join(self.witness.folder, "changed"), "wb") as file:
                file.write(changed)
            done = run(program("redoubt"), "ledger", "verify-fork", os.path.join(self.witness.folder, "changed"),
                       "--vkey", self.witness.log_vkey, check=False)
            self.assertEqual(done.returncode, 1, done.stderr)


    def test_it_is_confined(self):
        with open(f"/proc/{self.witness.process.pid}/status") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"], int(status["CapEff"], 16)), ("1", "2", 0))


class Tls(unittest.TestCase):
    def test_checkpoints_over_tls(self):
        witness = Witness()
        try:
            pem = [os.path.join(witness.folder, name) for name in ("tls.pem", "tls.key")]
            run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-out", pem[0], "-keyout", pem[1])
            witness.start("--tls-certificate", pem[0], "--tls-key", pem[1])
            trust = ssl.create_default_context(cafile=pem[0])
            connection = http.client.HTTPSConnection("127.0.0.1", witness.port, timeout=20, context=trust)
            connection.request("POST", "/add-checkpoint", body=request(0, 5))
            self.assertEqual(connection.getresponse().status, 200)
            connection.close()
            self.assertEqual(witness.end(signal.SIGTERM), 0)
            self.assertEqual(run(*witness.serve("--tls-key", pem[1]), check=False).returncode, 2)
        finally:
            witness.remove()


class Restarts(Base):
    def test_what_was_answered_outlives_a_kill(self):
        old = 0
        last = 0
        for size in range(5, 65, 5):
            body = request(old, size)
            status, _, line = self.witness.submit(body)
            self.assertEqual(status, 200, line)
            self.witness.end(signal.SIGKILL)
            self.witness.start()
            self.assertEqual(self.witness.submit(request(old, size)), (409, "text/x.tlog.size", b"%d\n" % size))
            self.assertEqual(self.witness.submit(request(size, size, story=1))[0], 409)
            self.assertEqual(self.witness.shown()[2], body.split(b"\n\n", 1)[1] + line)
            seconds = self.expect_cosigned(line, checkpoint_text(body))
            self.assertGreaterEqual(seconds, last)
            last, old = seconds, size

    def test_sigterm_ends_it_with_success(self):
        self.assertEqual(self.witness.submit(request(0, 5))[0], 200)
        self.assertEqual(self.witness.end(signal.SIGTERM), 0)
        self.witness.start()
        self.assertEqual(self.witness.submit(request(5, 6))[0], 200)
        self.assertEqual(self.witness.end(signal.SIGINT), 0)

    def test_a_second_witness_does_not_run_from_the_same_folder(self):
        done = run(*self.witness.serve(), check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("another witness runs from", done.stderr)

    def test_changed_state_is_not_served(self):
        self.assertEqual(self.witness.submit(request(0, 5))[0], 200)
        self.witness.end(signal.SIGTERM)
        with open(self.witness.state("checkpoint"), "r+b") as file:
            note = file.read().replace(b"\n5\n", b"\n4\n", 1)
            file.seek(0)
            file.write(note)
        self.witness.start()
        self.assertEqual(self.witness.submit(request(0, 5))[0], 503)
        self.assertEqual(self.witness.submit(request(4, 5))[0], 503)
        self.assertEqual(self.witness.shown()[0], 503)
        self.assertIn("its state does not hold", self.witness.log_text())


class Folders(unittest.TestCase):
    def setUp(self):
        self.witness = Witness()

    def tearDown(self):
        self.witness.remove()

    def test_a_key_is_never_replaced(self):
        again = run(program("redoubt"), "ledger", "witness", "init", "--dir", self.witness.dir, "--name", "other",
                    check=False)
        self.assertEqual(again.returncode, 3)
        with open(os.path.join(self.witness.dir, "witness.vkey")) as file:
            self.assertEqual(file.read().strip(), self.witness.vkey)
        self.assertEqual(os.stat(os.path.join(self.witness.dir, "witness.key")).st_mode & 0o777, 0o600)

    def test_it_does_not_start_without_what_it_needs(self):
        for name in ("witness.key", "witness.vkey"):
            path = os.path.join(self.witness.dir, name)
            os.rename(path, path + ".away")
            self.assertEqual(run(*self.witness.serve(), check=False).returncode, 3, name)
            os.rename(path + ".away", path)
        with open(os.path.join(self.witness.dir, "logs"), "w") as file:
            file.write("# none\n")
        self.assertIn("no log to witness", run(*self.witness.serve(), check=False).stderr)
        done = run(*self.witness.serve("--log", self.witness.vkey), check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("line 2", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
