#!/usr/bin/env python3
"""Two servers in a row, each with a TPM of software: the one before asks the one behind what it is, and the other way
round, before a prompt passes."""
import json
import os
import shutil
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Redoubt, Upstream, program, stage, wait_for, whole_reply

ENCLAVE = "\n[enclave]\ntpm = \"swtpm\"\n"


@unittest.skipUnless(shutil.which("swtpm"), "there is no swtpm here")
class AttestedUpstream(unittest.TestCase):
    def setUp(self):
        self.model = Upstream(lambda request, connection: connection.sendall(whole_reply()) or True)
        self.addCleanup(self.model.close)
        self.behind = Redoubt(self.model.url, settings="tls = true\n", fixed_port=True)  # found again after a restart
        self.addCleanup(self.behind.remove)
        self.behind.configure(None, ENCLAVE)
        self.behind.start()

    def before(self, *attested):
        """The server in front, not started, with these lines of [upstream.attested]."""
        key_file = os.path.join(self.behind.folder, "key")
        with open(key_file, "w") as file:
            file.write(self.behind.key + "\n")
        ca_file = os.path.join(self.behind.dir, "tls-ca.pem")
        made = Redoubt(self.behind.url, settings="tls = true\n", upstream_settings=f"ca_file = \"{ca_file}\"\n"
                       f"key_file = \"{key_file}\"\nname = \"inner\"\n")
        self.addCleanup(made.remove)
        lines = "\n".join(attested)
        made.configure(None, f"{ENCLAVE}\n[upstream.attested]\n{lines}\n")
        return made

    @staticmethod
    def pin(server):
        with open(os.path.join(server.dir, "attestation-key.sha256")) as file:
            return file.read().strip()

    @staticmethod
    def restart(server, settings):
        """With more settings, which are brought into force before: a server with a TPM starts with no others."""
        server.configure(None, settings)
        before = server.log_text().count(" in force digest=")
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: server.log_text().count(" in force digest=") > before)
        assert server.stop() == 0, server.log_text()
        server.start()

    def bundle(self, server):
        """The digest of the bundle that it vouches for."""
        done = subprocess.run([program("redoubt"), "attest", "verify", server.url, "--at", "now", "--ca-file",
                               os.path.join(server.dir, "tls-ca.pem"), "--pin",
                               os.path.join(server.dir, "attestation-key.sha256")],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return next(line.split()[1].rstrip(",") for line in done.stdout.splitlines() if line.startswith("bundle"))

    def assert_refused(self, server, why):
        """A prompt is refused, on record with the reason, and nothing of it has come behind."""
        prompts = len(self.model.requests)
        status, fields, body = server.chat("a prompt for nobody")
        self.assertEqual((status, json.loads(body)["error"]["code"]), (502, "upstream_not_attested"), body)
        self.assertEqual(fields["redoubt-decision"], "deny")
        self.assertEqual(len(self.model.requests), prompts)
        self.assertEqual(server.stop(), 0, server.log_text())
        denial = server.records()[-1]
        self.assertEqual((stage(denial), denial["dst_endpoint"]["svc_name"]), ("denial", "inner"))
        self.assertIn(why, denial["unmapped"]["redoubt"]["upstream_evidence"]["refused"])

    def test_gets_prompts_when_it_has_proven_what_it_is(self):
        pin = self.pin(self.behind)
        server = self.before(f"pins = [\"{pin}\"]", f"bundles = [\"{self.bundle(self.behind)}\"]")
        with open(os.path.join(server.dir, "policies", "attested.cedar"), "w") as file:
            file.write('@id("only-attested") forbid (principal, action == Action::"invoke", resource) unless {\n'
                       f'  context.upstream.tier == "software-tpm" && context.upstream has identity &&\n'
                       f'  context.upstream.identity == "tpm:{pin}" && context.caller.tier == "none" }};\n')
        server.start()
        for stream in (False, True, False):
            status, _, body = server.chat(stream=stream)
            self.assertEqual(status, 200, body)
        # Another configuration is another bundle, which nobody has approved.
        self.restart(self.behind, "# something else\n")
        exchanges = len(self.model.requests)
        self.assert_refused(server, "the bundle that is in force there is none of those that are accepted")
        self.assertEqual(len(self.model.requests), exchanges)
        admission = next(record for record in server.records() if stage(record) == "admission")
        self.assertEqual(admission["unmapped"]["redoubt"]["upstream_evidence"],
                         {"tier": "software-tpm", "measurer": "self", "identity": "tpm:" + pin})
        self.assertEqual(self.behind.stop(), 0)
        prompts = [record for record in self.behind.records() if stage(record) == "admission"]
        self.assertEqual(len(prompts), 3, "those of before")

    def test_gets_none_when_it_is_somebody_else(self):
        server = self.before(f"pins = [\"{'00' * 32}\"]")
        server.start()
        self.assert_refused(server, "the attestation key is not the pinned one")
        self.assertEqual(self.behind.stop(), 0)
        self.assertEqual([record for record in self.behind.records() if stage(record) == "admission"], [])

    def test_asks_who_asks(self):
        server = self.before(f"pins = [\"{self.pin(self.behind)}\"]", "mutual = true")
        server.start()
        # It does not ask yet what its callers are, which the one in front takes for a downgrade.
        status, _, body = server.chat()
        self.assertEqual((status, json.loads(body)["error"]["code"]), (502, "upstream_not_attested"), body)
        self.restart(self.behind, f"\n[callers.attested]\npins = [\"{self.pin(server)}\"]\nrequired = true\n")
        for _ in range(3):
            status, _, body = server.chat()
            self.assertEqual(status, 200, body)
        status, _, body = self.behind.chat()
        self.assertEqual((status, json.loads(body)["error"]["code"]), (403, "attestation_required"), body)
        self.assertEqual(server.stop(), 0, server.log_text())
        self.assertEqual(self.behind.stop(), 0, self.behind.log_text())
        admissions = [record for record in self.behind.records() if stage(record) == "admission"]
        self.assertEqual(len(admissions), 3)
        for record in admissions:
            self.assertEqual(record["unmapped"]["redoubt"]["caller_evidence"]["identity"], "tpm:" + self.pin(server))

    def test_makes_nothing_of_a_configuration_that_would_mean_less(self):
        cases = {"form = \"tinfoil\"\npins = [\"" + "00" * 32 + "\"]": "attestation-adapters",
                 "form = \"dstack\"": "needs `policy`",
                 "bundles = [\"sha256:" + "00" * 32 + "\"]": "needs `policy` or `pins`",
                 "policy = \"attestation/absent.json\"": "no appraisal policy `attestation/absent.json`",
                 "policy = \"elsewhere.json\"": "must be `attestation/NAME.json`",
                 "pins = [\"0011\"]": "64 hexadecimal digits"}
        for lines, why in cases.items():
            with self.subTest(why):
                server = self.before(lines)
                with self.assertRaises(AssertionError) as raised:
                    server.start()
                server.process.wait(timeout=10)
                server.process.stdout.close()
                server.process = None
                self.assertIn(why, str(raised.exception))


if __name__ == "__main__":
    unittest.main()
