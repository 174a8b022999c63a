#!/usr/bin/env python3
"""A server whose TPM knows which bundle is in force: what is measured, what starts, what is ready; the evidence over its
ledger's key; and those in between, who pass on evidence that is not theirs."""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Redoubt, Upstream, program, run, stage, wait_for, whole_reply

PATH = "/.well-known/redoubt/attestation"
OTHER_POLICY = '@id("also") permit (principal, action, resource);\n'


@unittest.skipUnless(shutil.which("swtpm"), "there is no swtpm here")
class Base(unittest.TestCase):
    enclave = "tpm = \"swtpm\"\n"

    def setUp(self):
        self.upstream = Upstream(lambda request, connection: connection.sendall(whole_reply()) or True)
        self.addCleanup(self.upstream.close)
        self.redoubt = Redoubt(self.upstream.url, settings="tls = true\n")
        self.addCleanup(self.redoubt.remove)
        self.redoubt.configure(None, "\n[enclave]\n" + self.enclave)
        self.before_start()

    def before_start(self):
        self.redoubt.start()

    def path(self, *names):
        return os.path.join(self.redoubt.dir, *names)

    def pin(self):
        return ["--pin", self.path("attestation-key.sha256")]

    def ca(self):
        return self.path("tls-ca.pem")

    def ask(self, url=None, pin=None):
        return subprocess.run([program("redoubt"), "attest", "verify", url or self.redoubt.url, "--at", "now", "--ca-file",
                               self.ca(), *(pin or self.pin())], capture_output=True, text=True, timeout=60)

    def shown(self):
        """The bundle that evidence shows as measured, and what its register holds; nothing while it is refused."""
        done = self.ask()
        bundle = re.search(r"^bundle    (sha256:\w+), as measured$", done.stdout, re.M)
        register = re.search(r"^ *15 +(\w{64})$", done.stdout, re.M)
        return (bundle.group(1), register.group(1)) if done.returncode == 0 and bundle else None

    def bundle(self):
        """The digest of the last activation on record."""
        facts = [fact for fact in self.redoubt.facts() if fact["unmapped"]["redoubt"]["kind"].startswith("bundle.")]
        return facts[-1]["unmapped"]["redoubt"]["body"]["digest"] if facts else None

    def change(self, text=OTHER_POLICY):
        with open(self.path("policies", "also.cedar"), "w") as file:
            file.write(text)

    def activate(self):
        before = self.redoubt.log_text().count(" in force digest=")
        self.redoubt.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.redoubt.log_text().count(" in force digest=") > before)

    def refused_start(self):
        with self.assertRaises(AssertionError) as raised:
            self.redoubt.start()
        self.redoubt.process.wait(timeout=10)
        self.redoubt._close()
        return str(raised.exception)


class Bundles(Base):
    def test_are_in_a_register_and_in_evidence(self):
        first = wait_for(self.shown)
        self.change()
        self.activate()
        second = wait_for(lambda: self.shown() not in (None, first) and self.shown())
        self.assertNotEqual(first[0], second[0])
        self.assertNotEqual(first[1], second[1])
        self.assertEqual(self.redoubt.stop(), 0)
        self.assertEqual(self.bundle(), second[0])
        # A boot later the register has seen this one alone.
        self.redoubt.start()
        third = wait_for(self.shown)
        self.assertEqual(third[0], second[0])
        self.assertNotEqual(third[1], second[1])
        self.assertEqual(self.redoubt.stop(), 0)
        self.redoubt.start()
        self.assertEqual(wait_for(self.shown), third, "and every boot after that the same")

    def test_that_are_superseded_or_nobodys_start_nothing(self):
        wait_for(self.shown)
        self.change()
        self.activate()
        self.assertEqual(self.redoubt.stop(), 0)
        os.remove(self.path("policies", "also.cedar"))
        said = self.refused_start()
        self.assertIn("are not those that were brought into force last", said)
        self.assertIn("state/bundles", said)
        self.change(OTHER_POLICY.replace("also", "other"))
        self.assertIn("are not those that were brought into force last", self.refused_start())
        self.change()
        self.redoubt.start()
        self.assertEqual(self.redoubt.chat()[0], 200)

    def test_killed_between_the_fact_and_the_register_are_measured_at_the_next_start(self):
        first = wait_for(self.shown)
        swtpm = self.redoubt.child("swtpm")
        os.kill(swtpm, signal.SIGSTOP)
        self.change()
        self.activate()
        self.redoubt.kill()
        os.kill(swtpm, signal.SIGKILL)
        wait_for(lambda: not os.path.exists("/proc/%d" % swtpm))
        self.redoubt.start()
        shown = wait_for(self.shown)
        self.assertNotEqual(shown[0], first[0])
        self.assertEqual(self.redoubt.stop(), 0)
        self.assertEqual(self.bundle(), shown[0])

    def test_of_a_ledger_that_was_put_back_start_nothing(self):
        wait_for(self.shown)
        self.assertEqual(self.redoubt.stop(), 0)
        old = os.path.join(self.redoubt.folder, "old")
        shutil.copytree(self.path("ledger"), old)
        self.redoubt.start()
        self.change()
        self.activate()
        wait_for(self.shown)
        self.assertEqual(self.redoubt.stop(), 0)
        shutil.rmtree(self.path("ledger"))
        shutil.copytree(old, self.path("ledger"))
        os.remove(self.path("policies", "also.cedar"))
        self.assertIn("which is known to have one", self.refused_start())


class TierBase(Base):
    def ready(self):
        status, _, body = self.redoubt.get("/readyz")
        return status, body.decode()

    def gauge(self):
        text = self.redoubt.get("/metrics", key=self.redoubt.auditor)[2].decode()
        return re.search(r"^redoubt_min_tier_reached (\d)$", text, re.M).group(1)


class Tier(TierBase):
    enclave = "tpm = \"swtpm\"\nmin_tier = \"software-tpm\"\n"

    def test_that_is_reached_is_ready_until_the_tpm_is_lost(self):
        self.assertEqual(self.gauge(), "1")
        os.kill(self.redoubt.child("swtpm"), 9)
        wait_for(lambda: self.ready()[0] == 503)
        self.assertIn("below `enclave.min_tier`: there is no evidence", self.ready()[1])
        self.assertEqual(self.gauge(), "0")
        self.assertEqual(self.redoubt.get("/healthz")[0], 200)


class HigherTier(TierBase):
    enclave = "tpm = \"swtpm\"\nmin_tier = \"tpm\"\n"

    def before_start(self):
        self.redoubt.start(until="/healthz")

    def test_that_is_not_reached_is_not_ready_and_says_why(self):
        wait_for(lambda: "software-tpm" in self.ready()[1])
        self.assertEqual(self.ready(), (503, "not ready: below `enclave.min_tier`: the tier is `software-tpm` where `tpm` "
                                             "is demanded\n"))
        self.assertEqual(self.gauge(), "0")


class Signer(Base):
    def verify(self, *words, where=None, status=0):
        done = run(program("redoubt"), "ledger", "verify", where or self.path("ledger"), "--dir", self.redoubt.dir, "--json",
                   *words, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout or done.stderr)

    def demand(self, *words, tier="software-tpm", **more):
        return self.verify("--require-tier", tier, *(words or self.pin()), **more)

    def test_has_evidence_in_the_log_and_beside_it(self):
        wait_for(lambda: self.redoubt.get("/ledger/checkpoint")[0] == 200)
        with open(self.path("ledger.vkey")) as file:
            vkey = file.read().strip()
        online = self.demand(*self.pin(), "--vkey", vkey, "--ca-file", self.ca(), "--key", self.redoubt.auditor,
                             where=self.redoubt.url + "/ledger")
        self.assertEqual(online["signer_evidence"]["tier"], "software-tpm")
        self.assertEqual(self.redoubt.stop(), 0)
        offline = self.demand()
        self.assertEqual(offline["signer_evidence"], online["signer_evidence"])
        entry = self.redoubt.entries()[offline["signer_evidence"]["entry"]]
        self.assertEqual((stage(entry), entry["unmapped"]["redoubt"]["signer"]), ("attested", vkey))
        # Another start, the same key: nothing new.
        count = self.redoubt.verify()
        self.redoubt.start()
        self.assertEqual(self.redoubt.stop(), 0)
        self.assertEqual(self.redoubt.verify(), count)
        # What it does not show.
        self.assertIn("demanded", str(self.demand(tier="tpm", status=1)))
        self.assertIn("not the pinned one", str(self.demand("--pin", "00" * 32, status=1)))
        self.assertIn("no tier", str(self.demand(tier="gold", status=2)))

    def test_that_is_new_has_evidence_of_its_own(self):
        self.assertEqual(self.redoubt.stop(), 0)
        first = self.demand()["signer_evidence"]
        kept = os.path.join(self.redoubt.folder, "old-evidence")
        shutil.copy(self.path("ledger", "signer-evidence"), kept)
        run(program("redoubt"), "ledger", "rotate-signer", "--dir", self.redoubt.dir)
        self.redoubt.start()
        self.assertEqual(self.redoubt.stop(), 0)
        second = self.demand()["signer_evidence"]
        self.assertGreater(second["entry"], first["entry"])
        self.assertEqual(second["attester"], first["attester"])
        with open(self.path("ledger", "signer-evidence")) as file:
            good = file.read()
        shutil.copy(kept, self.path("ledger", "signer-evidence"))
        self.assertIn("over another key", str(self.demand(status=1)))
        with open(self.path("ledger", "signer-evidence"), "w") as file:
            file.write("0" + good[good.index("\n"):])
        self.assertIn("is another record", str(self.demand(status=1)))
        os.remove(self.path("ledger", "signer-evidence"))
        self.assertIn("there is none", str(self.demand(status=1)))


class Between(threading.Thread):
    """Has the server's very key and certificate, and answers with what it gets elsewhere: who asks it has another
    connection, and nothing else tells."""

    def __init__(self, certificate, key, answer):
        super().__init__(daemon=True)
        self.answer = answer  # of a question's bytes: the bytes of the answer
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = "https://localhost:%d" % self.port
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
                with self.context.wrap_socket(connection, server_side=True) as secure:
                    body = Upstream._read(secure).split("\r\n\r\n", 1)[1]
                    answer = self.answer(body.encode())
                    secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                                   % len(answer) + answer)
                    Upstream._read(secure)
            except OSError:
                if self.listener.fileno() < 0:
                    return

    def close(self):
        self.listener.close()


class Switch:
    """A port that leads to another, until it leads elsewhere."""

    def __init__(self, target):
        self.target = target
        self.open = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def lead_to(self, target):
        """What is connected is cut off."""
        self.target = target
        self.cut()

    def cut(self):
        for connection in self.open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()
        self.open = []

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.target))
            self.open += [near, far]
            for one, two in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(one, two), daemon=True).start()

    @staticmethod
    def _copy(one, two):
        try:
            while data := one.recv(65536):
                two.sendall(data)
            two.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.close()
        self.cut()


class Attacks(Base):
    def before_start(self):
        self.certificate, self.key = (os.path.join(self.redoubt.folder, name) for name in ("cert.pem", "key.pem"))
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.key, "-out",
            self.certificate)
        self.redoubt.configure("[gateway]\n", f"[gateway]\ntls_certificate = \"{self.certificate}\"\n"
                               f"tls_key = \"{self.key}\"\n")
        shutil.copy(self.certificate, self.ca())
        self.redoubt.start()

    def fetch(self, question):
        """The server's answer, on a connection of one's own."""
        status, _, body = self.redoubt.request("POST", PATH, body=question)
        self.assertEqual(status, 200, body)
        return body

    def through(self, answer, status=1):
        """What is said of a server that answers so."""
        between = Between(self.certificate, self.key, answer)
        self.addCleanup(between.close)
        done = self.ask(between.url)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stderr

    def test_of_whoever_has_the_servers_key_and_passes_its_evidence_on_are_refused(self):
        wait_for(lambda: self.ask().returncode == 0)
        self.assertIn("not in its batch", self.through(self.fetch))
        # Recorded before, of another question.
        recorded = self.fetch(json.dumps({"protocol": "redoubt-attestation-1", "sender": "server", "nonce": "A" * 43}))
        self.assertIn("not in its batch", self.through(lambda question: recorded))
        # An older protocol, which is no answer, and what is of the other end.
        for old, new, status, why in ((b"redoubt-attestation-1", b"redoubt-attestation-0", 3, "of another protocol"),
                                      (b'"server"', b'"client"', 1, "of the other end")):
            self.assertIn(why, self.through(lambda question: self.fetch(question).replace(old, new, 1), status))
        # The proof of a lease where there is none.
        lease = {"protocol": "redoubt-attestation-1", "sender": "server", "lease": {
            "evidence": "A" * 43, "bundle": "A" * 43, "expires": 4000000000000, "mac": "A" * 43}}
        self.assertIn("lease", self.through(lambda question: json.dumps(lease).encode()))

    def test_of_another_good_server_are_refused(self):
        other = Redoubt(self.upstream.url, settings="tls = true\n")
        self.addCleanup(other.remove)
        other.configure(None, "\n[enclave]\ntpm = \"swtpm\"\n")
        other.start()
        between = Between(self.certificate, self.key,
                          lambda question: other.request("POST", PATH, body=question)[2])
        self.addCleanup(between.close)
        done = self.ask(between.url, ["--pin", os.path.join(other.dir, "attestation-key.sha256")])
        self.assertEqual(done.returncode, 1, done.stdout)

    def test_by_the_proof_of_another_connection_do_not_continue_a_lease(self):
        questions = []

        def pass_on(question):
            questions.append(json.loads(question))
            return self.fetch(question)

        between = Between(self.certificate, self.key, pass_on)
        self.addCleanup(between.close)
        switch = Switch(self.redoubt.port)
        self.addCleanup(switch.close)
        proxy = subprocess.Popen([program("redoubt"), "attest", "proxy", "https://localhost:%d" % switch.port, "--listen",
                                  "127.0.0.1:0", "--ca-file", self.ca(), *self.pin()], stdout=subprocess.PIPE, text=True)
        self.addCleanup(proxy.stdout.close)
        self.addCleanup(proxy.wait)
        self.addCleanup(proxy.terminate)
        port = int(proxy.stdout.readline().rsplit(":", 1)[1])

        def chat():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            try:
                connection.request("POST", "/v1/chat/completions", headers={
                    "Authorization": "Bearer " + self.redoubt.key, "Content-Type": "application/json"},
                    body=json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}))
                response = connection.getresponse()
                return response.status, response.read().decode()
            finally:
                connection.close()

        wait_for(lambda: chat()[0] == 200)
        switch.lead_to(between.port)
        before = len(self.upstream.requests)
        status, body = chat()
        self.assertEqual(status, 502, body)
        self.assertIn("lease", questions[0])
        # And what was believed before is forgotten: it is evidence that is asked for next.
        self.assertEqual(chat()[0], 502)
        self.assertNotIn("lease", questions[-1])
        self.assertEqual(len(self.upstream.requests), before)


if __name__ == "__main__":
    unittest.main()
