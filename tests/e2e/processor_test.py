#!/usr/bin/env python3
"""A server whose processor speaks for it beside its TPM. The kernel is faked (fake_tsm.py): a chip of nobody's signs, under
authorities that the client pins."""
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_tsm import MEASUREMENT, FakeTsm
from harness import Redoubt, Upstream, program, run, stage, wait_for, whole_reply

@unittest.skipUnless(shutil.which("swtpm"), "there is no swtpm here")
class Base(unittest.TestCase):
    init_words = ()
    more = ""  # of [enclave]

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="redoubt-e2e-")
        self.fake = FakeTsm(self.folder, os.path.join(self.folder, "var"))
        self.addCleanup(self.fake.close)
        self.upstream = Upstream(lambda request, connection: connection.sendall(whole_reply()) or True)
        self.addCleanup(self.upstream.close)
        self.redoubt = Redoubt(self.upstream.url, settings="tls = true\n", folder=self.folder, fixed_port=True,
                               init_words=[word.format(tsm=self.fake.path) for word in self.init_words])
        self.addCleanup(self.redoubt.remove)
        self.configure()

    def configure(self):
        self.redoubt.configure(None, f"\n[enclave]\ntpm = \"swtpm\"\ncpu = \"sev-snp\"\ntsm = \"{self.fake.path}\"\n" +
                               self.more.format(root=self.fake.root) +
                               f"\n[enclave.endorsements]\nchain = \"{self.fake.chain()}\"\n")

    def path(self, *names):
        return os.path.join(self.redoubt.dir, *names)

    def pin(self):
        return ["--pin", self.path("attestation-key.sha256")]

    def policy(self, measurement=MEASUREMENT, root=None, tier="cpu-tee"):
        """What a client accepts: both parts."""
        with open(self.path("attestation-key.sha256")) as file:
            key = file.read().strip()
        text = {"min_tier": tier, "parts": {
            "tpm": {"kind": "tpm", "measurer": "self", "policy": {"pinned_ak": key}, "reference": "none"},
            "cpu": {"kind": "sev-snp", "reference": "none", "policy": {
                "pinned_root": root or self.fake.root, "reference": {"measurement": measurement}}}}}
        path = os.path.join(self.folder, "policy.json")
        with open(path, "w") as file:
            json.dump(text, file)
        return ["--policy", path]

    def verify(self, *words, status=0):
        done = subprocess.run([program("redoubt"), "attest", "verify", self.redoubt.url, "--at", "now", "--ca-file",
                               self.path("tls-ca.pem"), *words], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def refused_start(self):
        with self.assertRaises(AssertionError) as raised:
            self.redoubt.start()
        self.redoubt.process.wait(timeout=30)
        self.redoubt._close()
        return str(raised.exception)


class Found(Base):
    """By `redoubt init`, with keys that are sealed."""
    init_words = ("--enclave", "auto", "--tsm", "{tsm}")

    def configure(self):
        with open(self.path("redoubt.toml")) as file:
            self.assertIn(f"cpu = \"sev-snp\"\ntsm = \"{self.fake.path}\"\n", file.read())
        self.assertEqual(self.redoubt.made["cpu"], {"kind": "sev-snp", "interface": "configfs-tsm"})
        self.redoubt.configure(None, f"\n[enclave.endorsements]\nchain = \"{self.fake.chain()}\"\n")
        run(program("redoubt"), "enclave", "approve", "--dir", self.redoubt.dir)

    def test_by_init_is_configured_and_speaks(self):
        self.redoubt.start()
        said = self.verify(*self.policy())
        self.assertTrue(said.startswith("tier      cpu-tee\nmeasurer  platform\nbundle    sha256:"), said)
        self.assertRegex(said, "\ncpu, measured by its platform\n")
        self.assertRegex(said, "\ntpm, measured by its software\n")
        self.assertEqual(self.redoubt.stop(), 0, self.redoubt.log_text())

    def init(self, *words, status=0):
        folder = os.path.join(self.folder, "other")
        shutil.rmtree(folder, ignore_errors=True)
        done = run(program("redoubt"), "init", "--dir", folder, *words, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_nowhere_is_said_and_never_replaced(self):
        # This folder's request is not there: the kernel would have made it with its attributes.
        said = self.init("--enclave", "sev-snp,swtpm", "--tsm", self.fake.path, status=3)
        self.assertIn("no interface of this machine's makes evidence of the kind `sev-snp`", said)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "other", "redoubt.toml")))
        self.init("--enclave", "gold", status=2)
        self.init("--enclave", "sev-snp,gold", status=2)
        self.assertNotIn("The processor speaks", self.init("--enclave", "swtpm"))
        self.assertNotIn("sealed", self.init("--enclave", "none"))
        self.assertEqual(os.listdir(self.fake.path), [os.path.basename(self.fake.request)], "nothing is left there")


class Shown(Base):
    def test_is_judged_with_the_tpm_or_passed_over_with_a_pin(self):
        self.redoubt.start()
        self.verify(*self.policy())
        self.assertIn("measurement", self.verify(*self.policy(measurement="23" * 48), status=1))
        self.assertIn("`cpu` is refused for `chain`", self.verify(*self.policy(root="00" * 32), status=1))
        said = self.verify(*self.pin())
        self.assertTrue(said.startswith("tier      software-tpm\nmeasurer  self\n"), said)
        self.assertNotIn("\ncpu", said)
        self.assertEqual(self.redoubt.stop(), 0, self.redoubt.log_text())
        self.assertNotIn("the attester ended", self.redoubt.log_text(), "but as it should")

    def test_is_asked_once_for_many_who_ask(self):
        self.redoubt.start()
        body = json.dumps({"protocol": "redoubt-attestation-1", "sender": "server", "nonce": "A" * 43})
        answers = []

        def ask():
            status, _, said = self.redoubt.request("POST", "/.well-known/redoubt/attestation", body=body, timeout=30)
            answers.append((status, json.loads(said)["evidence"]["cpu"]["report"][1] if status == 200 else said))

        before = self.fake.asked()
        self.fake.behave("hang")
        crowd = [threading.Thread(target=ask) for _ in range(21)]
        crowd[0].start()
        wait_for(lambda: self.fake.asked() == before + 1)
        for each in crowd[1:]:
            each.start()
        self.fake.behave("good")
        for each in crowd:
            each.join()
        self.assertEqual([status for status, _ in answers], [200] * 21)
        reports = {report for _, report in answers}
        self.assertEqual(len(reports), self.fake.asked() - before, "each that was made is whole, and shared")
        self.assertLess(len(reports), 8)

    def test_is_demanded_by_a_proxy_before_the_first_request(self):
        self.redoubt.start()
        for measurement, expected in ((MEASUREMENT, 200), ("23" * 48, 502)):
            proxy = subprocess.Popen([program("redoubt"), "attest", "proxy", self.redoubt.url, "--listen", "127.0.0.1:0",
                                      "--ca-file", self.path("tls-ca.pem"), *self.policy(measurement)],
                                     stdout=subprocess.PIPE, text=True)
            try:
                port = int(proxy.stdout.readline().rsplit(":", 1)[1])
                for _ in range(2):
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                    connection.request("GET", "/v1/models", headers={"Authorization": "Bearer " + self.redoubt.key})
                    response = connection.getresponse()
                    said = response.read()
                    connection.close()
                    self.assertEqual(response.status == 502, expected == 502, said)
                    if expected == 502:
                        self.assertIn(b"measurement", said)
            finally:
                proxy.terminate()
                proxy.wait(timeout=20)
                proxy.stdout.close()

    def test_runs_as_a_user_of_its_own_that_can_do_nothing_else(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")
        self.redoubt.start()
        attester = self.redoubt.child("redoubt-attest")
        with open(f"/proc/{attester}/status") as file:
            status = file.read()
        uids = {int(word) for word in re.search(r"^Uid:\t(.*)$", status, re.M).group(1).split()}
        others = set()
        for name in ("redoubt-keeper", "redoubt-gateway"):
            others.add(os.stat(f"/proc/{self.redoubt.child(name)}").st_uid)
            with open(f"/proc/{self.redoubt.child(name)}/status") as file:
                others.add(int(re.search(r"^Uid:\t(\d+)", file.read(), re.M).group(1)))
        self.assertEqual(len(uids), 1)
        self.assertFalse(uids & (others | {0}), (uids, others))
        self.assertRegex(status, r"(?m)^CapEff:\t0+$")
        self.assertRegex(status, r"(?m)^Seccomp:\t2$")
        open_files = [os.readlink(f"/proc/{attester}/fd/{each}") for each in os.listdir(f"/proc/{attester}/fd")]
        self.assertFalse([each for each in open_files if "keeper" in each or "ledger" in each], open_files)

    def test_that_is_gone_at_the_next_start_ends_the_start(self):
        self.redoubt.start()
        self.assertEqual(self.redoubt.stop(), 0, self.redoubt.log_text())
        self.fake.vanish()
        said = self.refused_start()
        self.assertIn("`enclave.cpu`: no interface of this machine's makes evidence of the kind `sev-snp`", said)
        # Neither is it brought into force, nor taken out, by the way.
        with open(self.path("redoubt.toml")) as file:
            self.assertIn("cpu = \"sev-snp\"", file.read())

    def test_that_hangs_ends_evidence_alone(self):
        self.redoubt.start()
        self.verify(*self.policy())
        self.fake.behave("hang")
        before = self.fake.asked()
        begun = time.monotonic()
        first = subprocess.Popen([program("redoubt"), "attest", "verify", self.redoubt.url, "--at", "now", "--ca-file",
                                  self.path("tls-ca.pem"), *self.policy()], stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
        self.addCleanup(first.stdout.close)
        wait_for(lambda: self.fake.asked() > before or first.poll() is not None or time.monotonic() - begun > 5)
        answered = 0
        while first.poll() is None:
            self.assertEqual(self.redoubt.chat()[0], 200)
            answered += 1
        self.assertGreater(answered, 3)
        self.assertEqual(first.returncode, 3)
        self.assertIn("there is no evidence now", first.stdout.read())
        # Who asks now is told at once.
        begun = time.monotonic()
        self.assertIn("there is no evidence now", self.verify(*self.policy(), status=3))
        self.assertIn("there is no evidence now", self.verify(*self.pin(), status=3), "and nobody gets the TPM's word alone")
        self.assertLess(time.monotonic() - begun, 9)
        self.assertIn("has not answered the last question yet", self.redoubt.log_text())
        self.assertEqual(self.redoubt.verify() > 0, True)
        self.fake.behave("good")
        wait_for(lambda: subprocess.run([program("redoubt"), "attest", "verify", self.redoubt.url, "--at", "now",
                                         "--ca-file", self.path("tls-ca.pem"), *self.policy()],
                                        capture_output=True).returncode == 0)
        # And it does not keep the server from ending.
        self.fake.behave("hang")
        self.verify(*self.policy(), status=3)
        self.assertEqual(self.redoubt.stop(), 0, self.redoubt.log_text())

    def test_that_answers_what_was_asked_before_is_not_believed(self):
        self.redoubt.start()
        self.verify(*self.policy())
        self.fake.behave("old")
        self.assertIn("there is no evidence now", self.verify(*self.policy(), status=3))
        self.assertIn("carries another nonce", self.redoubt.log_text())
        self.fake.behave("busy")
        before = self.fake.asked()
        self.verify(*self.policy(), status=3)
        self.assertIn("somebody else wrote to the request", self.redoubt.log_text())
        self.assertEqual(self.fake.asked() - before, 6, "asked three times, with two writes each")
        self.fake.behave("good")
        self.verify(*self.policy())

    def test_whose_attester_was_killed_attests_nothing_more(self):
        self.redoubt.start()
        os.kill(self.redoubt.child("redoubt-attest"), signal.SIGKILL)
        wait_for(lambda: "the attester ended" in self.redoubt.log_text())
        self.assertIn("there is no evidence now", self.verify(*self.policy(), status=3))
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(self.redoubt.stop(), 0, self.redoubt.log_text())
        self.redoubt.start()
        self.verify(*self.policy())


class Demanded(Base):
    more = "min_tier = \"cpu-tee\"\ncpu_root = \"{root}\"\n"

    def test_is_ready_while_the_processor_answers(self):
        self.redoubt.start()
        self.assertEqual(self.redoubt.get("/readyz")[0], 200)
        self.fake.behave("old")
        wait_for(lambda: self.redoubt.get("/readyz")[0] == 503, 20)
        self.assertIn(b"below `enclave.min_tier`: there is no evidence", self.redoubt.get("/readyz")[2])
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.fake.behave("good")
        wait_for(lambda: self.redoubt.get("/readyz")[0] == 200, 20)

    def test_is_not_reached_with_an_authority_that_nobody_trusts(self):
        self.redoubt.configure(f"cpu_root = \"{self.fake.root}\"\n", "")
        self.redoubt.start(until="/healthz")
        wait_for(lambda: b"`cpu` is refused for `chain`" in self.redoubt.get("/readyz")[2])


class Signer(Base):
    def demand(self, *words, tier="cpu-tee", status=0):
        done = run(program("redoubt"), "ledger", "verify", self.path("ledger"), "--dir", self.redoubt.dir, "--json",
                   "--require-tier", tier,
                   *("--attestation-policy" if word == "--policy" else word for word in words), check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout or done.stderr)

    def configure(self):
        # Begun with the TPM alone.
        self.redoubt.configure(None, "\n[enclave]\ntpm = \"swtpm\"\n")

    def attested(self):
        return sum(1 for entry in self.redoubt.entries() if stage(entry) == "attested")

    def test_has_the_processors_word_once_there_is_one(self):
        self.redoubt.start()
        self.redoubt.configure("tpm = \"swtpm\"\n", f"tpm = \"swtpm\"\ncpu = \"sev-snp\"\ntsm = \"{self.fake.path}\"\n"
                               f"\n[enclave.endorsements]\nchain = \"{self.fake.chain()}\"\n")
        before = self.redoubt.log_text().count(" in force digest=")
        self.redoubt.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.redoubt.log_text().count(" in force digest=") > before)
        self.assertEqual(self.redoubt.stop(), 0, self.redoubt.log_text())
        self.assertEqual(self.attested(), 1)
        self.assertIn("`cpu` is missing", str(self.demand(*self.policy(), status=1)))
        for _ in range(2):  # the second start makes nothing new
            self.redoubt.start()
            self.assertEqual(self.redoubt.stop(), 0, self.redoubt.log_text())
            self.assertEqual(self.attested(), 2)
        said = self.demand(*self.policy())["signer_evidence"]
        self.assertEqual(said["tier"], "cpu-tee")
        self.assertEqual(said["parts"], "tpm (tpm), measured by its software; cpu (sev-snp), measured by its platform")
        self.assertIn("measurement", str(self.demand(*self.policy(measurement="23" * 48), status=1)))
        self.assertEqual(self.demand(*self.pin(), tier="software-tpm")["signer_evidence"]["tier"], "software-tpm")
        self.demand(*self.pin(), status=1)

    def test_a_configuration_without_its_processor_does_not_come_into_force(self):
        self.redoubt.start()
        self.redoubt.configure("tpm = \"swtpm\"\n", "tpm = \"swtpm\"\ncpu = \"tdx\"\n")
        self.redoubt.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "a file is kept" in self.redoubt.log_text())
        self.assertIn("makes evidence of the kind `tdx`", self.redoubt.log_text())


if __name__ == "__main__":
    unittest.main()
