#!/usr/bin/env python3
"""A server that speaks for its machine by a TPM of software: who asks it, what is believed, and what is not."""
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Redoubt, Upstream, program, wait_for, whole_reply

PATH = "/.well-known/redoubt/attestation"


@unittest.skipUnless(shutil.which("swtpm"), "there is no swtpm here")
class Enclave(unittest.TestCase):
    def setUp(self):
        self.upstream = Upstream(lambda request, connection: connection.sendall(whole_reply()) or True)
        self.redoubt = Redoubt(self.upstream.url, settings="tls = true\n", fixed_port=True)
        self.redoubt.configure(None, "\n[enclave]\ntpm = \"swtpm\"\n")
        self.redoubt.start()

    def tearDown(self):
        try:
            if self.redoubt.process is not None:
                self.assertEqual(self.redoubt.stop(), 0, self.redoubt.log_text())
        finally:
            self.redoubt.remove()
            self.upstream.close()

    def verify(self, *words, status=0, pin=True):
        pinned = ["--pin", os.path.join(self.redoubt.dir, "attestation-key.sha256")] if pin else []
        done = subprocess.run([program("redoubt"), "attest", "verify", self.redoubt.url, "--at", "now", "--ca-file",
                               os.path.join(self.redoubt.dir, "tls-ca.pem"), *pinned, *words],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def restart(self):
        self.assertEqual(self.redoubt.stop(), 0, self.redoubt.log_text())
        self.redoubt.start()

    def ear(self, *words):
        return json.loads(self.verify("--json", *words))

    def test_says_what_runs_bound_to_the_connection(self):
        said = self.verify()
        self.assertTrue(said.startswith("tier      software-tpm\nmeasurer  self\nbundle    sha256:"), said)
        ear = self.ear()
        self.assertEqual((ear["redoubt_tier"], ear["redoubt_accepted"]), ("software-tpm", True))

    def test_is_refused_with_another_key_and_without_a_policy(self):
        said = self.verify("--pin", "00" * 32, status=1, pin=False)
        self.assertIn("the attestation key is not the pinned one", said)
        self.assertIn("say what is accepted", self.verify(status=2, pin=False))

    def test_keeps_its_key_and_says_when_something_else_runs(self):
        with open(os.path.join(self.redoubt.dir, "attestation-key.sha256")) as file:
            key = file.read()
        measured = self.measured()
        self.restart()
        self.assertEqual(self.measured(), measured, "the same programs and configuration")
        with open(os.path.join(self.redoubt.dir, "attestation-key.sha256")) as file:
            self.assertEqual(file.read(), key)
        # Into force while it runs, and then it starts with it.
        self.redoubt.configure(None, "# another configuration\n")
        before = self.redoubt.log_text().count(" in force digest=")
        self.redoubt.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.redoubt.log_text().count(" in force digest=") > before)
        self.restart()
        now = self.measured()
        self.assertEqual(now["12"], measured["12"], "the same programs")
        self.assertNotEqual(now["13"], measured["13"], "another configuration")

    def measured(self):
        """What the registers of ours hold."""
        lines = self.verify().splitlines()
        registers = {}
        for line in lines:
            words = line.split()
            if len(words) == 2 and words[0] in ("12", "13"):
                registers[words[0]] = words[1]
        self.assertEqual(set(registers), {"12", "13"}, lines)
        return registers

    def test_without_its_tpm_serves_and_attests_nothing(self):
        os.kill(self.redoubt.child("swtpm"), 9)
        wait_for(lambda: "swtpm ended" in self.redoubt.log_text())
        self.assertIn("there is no evidence now", self.verify(status=3))
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.restart()
        self.verify()

    def test_does_not_start_without_the_tpm_that_it_was_given(self):
        self.assertEqual(self.redoubt.stop(), 0)
        self.redoubt.configure("tpm = \"swtpm\"", "tpm = \"device:/dev/there-is-none\"")
        with self.assertRaises(AssertionError) as raised:
            self.redoubt.start()
        self.redoubt.process.wait(timeout=10)
        self.redoubt.process.stdout.close()
        self.redoubt.process = None
        self.assertIn("enclave.tpm", str(raised.exception))

    def proxy(self, *words):
        """A proxy before the server: its port."""
        process = subprocess.Popen([program("redoubt"), "attest", "proxy", self.redoubt.url, "--listen", "127.0.0.1:0",
                                    "--ca-file", os.path.join(self.redoubt.dir, "tls-ca.pem"), *words],
                                   stdout=subprocess.PIPE, text=True)

        def stop():
            process.terminate()
            self.assertEqual(process.wait(timeout=20), 0)
            process.stdout.close()

        self.addCleanup(stop)
        line = process.stdout.readline().strip()
        self.assertTrue(line.startswith("listening on http://127.0.0.1:"), line)
        return int(line.rsplit(":", 1)[1])

    def chat_through(self, port, stream=False):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request("POST", "/v1/chat/completions", headers={
                "Authorization": "Bearer " + self.redoubt.key, "Content-Type": "application/json"},
                body=json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": stream}))
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()

    def test_is_reached_by_clients_that_know_nothing_of_it(self):
        port = self.proxy("--pin", os.path.join(self.redoubt.dir, "attestation-key.sha256"))
        for _ in range(3):
            status, fields, body = self.chat_through(port)
            self.assertEqual((status, json.loads(body)["object"]), (200, "chat.completion"), body)
            self.assertIn("redoubt-receipt", fields)
        # A new life of the server is a new connection, and another program: what was proven of the last one is over.
        before = self.redoubt.port
        self.assertEqual(self.redoubt.stop(), 0)
        self.redoubt.start()
        self.assertEqual(self.redoubt.port, before)
        self.assertEqual(self.chat_through(port)[0], 200)

    def test_gets_no_request_through_a_proxy_that_does_not_know_it(self):
        port = self.proxy("--pin", "00" * 32)
        status, fields, body = self.chat_through(port)
        self.assertEqual((status, fields["content-type"]), (502, "application/problem+json"), body)
        self.assertIn(b"the attestation key is not the pinned one", body)
        self.assertEqual(self.upstream.requests, [])

    def test_answers_only_what_it_can_bind(self):
        status, _, _ = self.redoubt.request("GET", PATH)
        self.assertEqual(status, 405)
        status, fields, body = self.redoubt.request("POST", PATH, body="{}")
        self.assertEqual((status, fields["content-type"]), (400, "application/problem+json"), body)


class NoEnclave(unittest.TestCase):
    def test_says_that_nothing_attests(self):
        upstream = Upstream(lambda request, connection: connection.sendall(whole_reply()) or True)
        redoubt = Redoubt(upstream.url, flags=("--tls",))
        try:
            redoubt.start()
            done = subprocess.run([program("redoubt"), "attest", "verify", redoubt.url, "--at", "now", "--pin", "00" * 32,
                                   "--ca-file", os.path.join(redoubt.dir, "tls-ca.pem")],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 3, done.stdout)
            self.assertIn("nothing that attests what it is", done.stderr)
        finally:
            redoubt.remove()
            upstream.close()


if __name__ == "__main__":
    unittest.main()
