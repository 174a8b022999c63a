#!/usr/bin/env python3
"""A server whose processor speaks for it beside its TPM. The kernel is faked (fake_tsm.py): a chip of nobody's signs, under
authorities that the client pins."""
import contextlib
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

def alive(pid):
    """A process that ended, and that nobody has waited for yet, is not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


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

    def attester(self):
        """Its number; None while there is none."""
        try:
            return self.redoubt.child("redoubt-attest")
        except AssertionError:
            return None

    def assert_confined(self, attester):
        with open(f"/proc/{attester}/status") as file:
            status = file.read()
        self.assertRegex(status, r"(?m)^CapEff:\t0+$")
        self.assertRegex(status, r"(?m)^NoNewPrivs:\t1$")
        self.assertRegex(status, r"(?m)^Seccomp:\t2$")
        if os.geteuid() != 0:
            return  # all processes have one user, and nobody sees their descriptors
        uids = {int(word) for word in re.search(r"^Uid:\t(.*)$", status, re.M).group(1).split()}
        others = set()
        for name in ("redoubt-keeper", "redoubt-gateway"):
            others.add(os.stat(f"/proc/{self.redoubt.child(name)}").st_uid)
            with open(f"/proc/{self.redoubt.child(name)}/status") as file:
                others.add(int(re.search(r"^Uid:\t(\d+)", file.read(), re.M).group(1)))
        self.assertEqual(len(uids), 1)
        self.assertFalse(uids & (others | {0}), (uids, others))
        open_files = [os.readlink(f"/proc/{attester}/fd/{each}") for each in os.listdir(f"/proc/{attester}/fd")]
        self.assertFalse([each for each in open_files if "keeper" in each or "ledger" in each], open_files)
        self.assertEqual(len([each for each in open_files if each.startswith("socket:")]), 1, open_files)

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
        self.redoubt.start()
        self.assert_confined(self.attester())

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


class StartedAgain(Base):
    """Its attester ended, and another asks the processor."""

    def ended(self):
        """Why attesters ended that were to be started again, and after how many seconds."""
        return [(how.strip('"'), int(seconds)) for how, seconds in
                re.findall(r"the attester ended how=(\".*\"|\S+) again_in_s=(\d+)", self.redoubt.log_text())]

    def ready(self):
        """How many attesters got ready."""
        return self.redoubt.log_text().count("the processor attests")

    def kill_attester(self):
        """Returns once another is to be started."""
        attester, before = self.attester(), len(self.ended())
        os.kill(attester, signal.SIGKILL)
        wait_for(lambda: len(self.ended()) > before)
        return attester

    def launcher_stopped(self):
        """While it is, it starts nothing."""
        launcher = self.redoubt.process.pid
        os.kill(launcher, signal.SIGSTOP)

        @contextlib.contextmanager
        def going_on():
            try:
                yield
            finally:
                os.kill(launcher, signal.SIGCONT)
        return going_on()

    def test_after_each_kill_and_is_what_the_first_was(self):
        self.redoubt.start()
        seen = {self.attester()}
        self.assert_confined(self.attester())
        for kills in (1, 2):
            self.verify(*self.policy())
            with self.launcher_stopped():
                os.kill(self.attester(), signal.SIGKILL)
                self.assertIn("there is no evidence now", self.verify(*self.policy(), status=3))
                self.assertIn("the attester is gone", self.redoubt.log_text())
                self.assertEqual(self.redoubt.chat()[0], 200)
            wait_for(lambda: self.ready() == 1 + kills)
            self.assertNotIn(self.attester(), seen)
            seen.add(self.attester())
            self.verify(*self.policy())
            self.assert_confined(self.attester())
        self.assertEqual(self.ended(), [("signal 9", 1), ("signal 9", 2)])
        self.assertEqual(os.listdir(self.fake.path), [os.path.basename(self.fake.request)], "by the same request")
        self.assertEqual(self.redoubt.stop(), 0, self.redoubt.log_text())
        self.assertEqual(len(self.ended()), 2, "and the last one as it should")

    def test_and_a_question_that_the_first_was_asked_fails_alone(self):
        self.redoubt.start()
        self.verify(*self.policy())
        self.fake.behave("hang")
        before = self.fake.asked()
        words = [program("redoubt"), "attest", "verify", self.redoubt.url, "--at", "now", "--ca-file",
                 self.path("tls-ca.pem"), *self.policy()]
        first = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(first.stdout.close)
        wait_for(lambda: self.fake.asked() > before)
        self.kill_attester()
        self.assertEqual(first.wait(timeout=20), 3)
        self.assertIn("there is no evidence now", first.stdout.read())
        self.assertIn("the attester is gone", self.redoubt.log_text())
        self.assertNotIn("does not answer", self.redoubt.log_text(), "it was not waited for in vain")
        self.fake.behave("good")
        wait_for(lambda: self.ready() == 2)
        before = self.fake.asked()
        self.verify(*self.policy())  # over what was asked now, else it is refused
        self.assertEqual(self.fake.asked(), before + 1)

    def test_that_ends_at_once_each_time_is_started_ever_less_often(self):
        self.redoubt.start()
        self.verify(*self.policy())
        os.rename(self.fake.chain(), self.fake.chain() + ".gone")
        self.kill_attester()
        begun = time.monotonic()
        while len(self.ended()) < 4 and time.monotonic() - begun < 60:
            self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(self.redoubt.get("/readyz")[0], 200)
        self.assertEqual([seconds for _, seconds in self.ended()], [1, 2, 4, 8])
        for how, _ in self.ended()[1:]:
            self.assertRegex(how, "^status 3: .*enclave.endorsements.*chain.pem")
        self.assertEqual(self.ready(), 1)
        self.assertIsNone(self.attester())
        # While it waits for the next start, too, a stop is one.
        self.assertEqual(self.redoubt.stop(), 0, self.redoubt.log_text())
        os.rename(self.fake.chain() + ".gone", self.fake.chain())
        self.redoubt.start()
        self.verify(*self.policy())

    def hang_at_start(self):
        """So does the next attester: it reads what nobody writes. Returns its number."""
        os.rename(self.fake.chain(), self.fake.chain() + ".gone")
        os.mkfifo(self.fake.chain())
        killed = self.kill_attester()
        return wait_for(lambda: self.attester() not in (None, killed) and self.attester())

    def test_that_does_not_get_ready_holds_nobody_up(self):
        self.redoubt.start()
        hanging = self.hang_at_start()
        begun = time.monotonic()
        while len(self.ended()) < 2 and time.monotonic() - begun < 60:
            self.assertEqual(self.redoubt.chat()[0], 200)
            self.assertIn("there is no evidence now", self.verify(*self.policy(), status=3))
        self.assertGreater(time.monotonic() - begun, 9)
        self.assertEqual(self.ended()[1], ("signal 9: the attester does not get ready", 2))
        self.assertFalse(alive(hanging))
        os.rename(self.fake.chain() + ".gone", self.fake.chain())
        wait_for(lambda: self.ready() == 2)
        self.verify(*self.policy())

    def test_or_half_so_when_the_server_is_stopped_is_gone_with_it(self):
        self.redoubt.start()
        hanging = self.hang_at_start()
        self.assertEqual(self.redoubt.stop(), 0, self.redoubt.log_text())
        self.assertFalse(alive(hanging))
        self.assertEqual(self.ended(), [("signal 9", 1)])

    def test_or_half_so_when_the_launcher_is_killed_is_gone_with_it(self):
        self.redoubt.start()
        others = [self.redoubt.child(name) for name in ("redoubt-gateway", "redoubt-keeper", "swtpm")]
        hanging = self.hang_at_start()
        self.redoubt.process.kill()
        wait_for(lambda: not alive(hanging))
        wait_for(lambda: not any(alive(each) for each in others), 20)

    def test_is_the_program_that_was_measured_whatever_lies_in_its_place(self):
        programs = os.path.join(self.folder, "bin")
        os.mkdir(programs)
        for name in ("redoubt", "redoubt-keeper"):
            shutil.copy(program(name), programs)
        self.redoubt.start(server=os.path.join(programs, "redoubt"))
        other = os.path.join(programs, "other")
        shutil.copy("/bin/false", other)
        os.rename(other, os.path.join(programs, "redoubt-keeper"))
        self.kill_attester()
        wait_for(lambda: self.ready() == 2)  # which that one never gets
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
        # Likewise while there is an attester.
        launcher = self.redoubt.process.pid
        os.kill(launcher, signal.SIGSTOP)
        try:
            os.kill(self.attester(), signal.SIGKILL)
            wait_for(lambda: self.redoubt.get("/readyz")[0] == 503, 20)
        finally:
            os.kill(launcher, signal.SIGCONT)
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
