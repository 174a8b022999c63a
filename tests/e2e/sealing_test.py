#!/usr/bin/env python3
"""A server whose keys are sealed to a TPM of software: what opens them, what does not, and what people do about it."""
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import tty
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import BIN, Redoubt, Upstream, program, run, wait_for, whole_reply

PROGRAMS = ("redoubt", "redoubt-keeper", "redoubt-notifier")


class OtherTpm:
    """A TPM that goes by the name of a device: a terminal that passes on bytes, with a swtpm of its own behind it."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="redoubt-e2e-tpm-")
        path = os.path.join(self.folder, "socket")
        self.process = subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + self.folder, "--server",
                                         "type=unixio,path=" + path, "--flags", "not-need-init,startup-clear"])
        self.socket = socket.socket(socket.AF_UNIX)
        wait_for(lambda: os.path.exists(path))
        self.socket.connect(path)
        # Its own end is held open: what opens and closes the device leaves it there.
        self.ours, self.device = pty.openpty()
        tty.setraw(self.device)
        self.name = os.ttyname(self.device)
        self.commands = 0
        self.ended, self.end = os.pipe()
        self.thread = threading.Thread(target=self._pass_on, daemon=True)
        self.thread.start()

    def _pass_on(self):
        while True:
            readable = select.select([self.ours, self.socket, self.ended], [], [])[0]
            if self.ended in readable:
                return
            if self.ours in readable:
                self.commands += 1
                self.socket.sendall(os.read(self.ours, 4096))
            if self.socket in readable:
                os.write(self.ours, self.socket.recv(4096))

    def close(self):
        os.close(self.end)
        self.thread.join(10)
        self.process.kill()
        self.process.wait()
        self.socket.close()
        for fd in (self.ours, self.device, self.ended):
            os.close(fd)
        shutil.rmtree(self.folder)


class Base(unittest.TestCase):
    words = ("--enclave", "swtpm")
    settings = ""
    one_person = True

    def setUp(self):
        self.upstream = Upstream(lambda request, connection: connection.sendall(whole_reply()) or True)
        self.redoubt = Redoubt(self.upstream.url, init_words=self.words, settings=self.settings, one_person=self.one_person)
        self.approve()  # of the configuration that the harness made of that of `redoubt init`

    def tearDown(self):
        try:
            if self.redoubt.process is not None:
                self.assertEqual(self.redoubt.stop(), 0, self.redoubt.log_text())
        finally:
            self.redoubt.remove()
            self.upstream.close()

    def path(self, *names):
        return os.path.join(self.redoubt.dir, *names)

    def command(self, *words, status=0, binary=None):
        done = subprocess.run([binary or program("redoubt"), *words, "--dir", self.redoubt.dir, "--json"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def enclave(self, verb, *words, status=0, binary=None):
        return self.command("enclave", verb, *words, status=status, binary=binary)

    def approve(self, *words, status=0):
        return self.enclave("approve", *words, status=status)

    def change(self, text):
        """Adds to redoubt.toml, and brings that into force, as the bundle that it is part of."""
        self.redoubt.configure(None, text)
        before = self.redoubt.log_text().count(" in force digest=")
        self.redoubt.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.redoubt.log_text().count(" in force digest=") > before)

    def lives(self, server="redoubt", change=None):
        """Starts, answers, and stops: the version that opened the keys."""
        self.redoubt.start(server=server)
        self.assertEqual(self.redoubt.chat()[0], 200)
        if change is not None:
            self.change(change)
        self.assertEqual(self.redoubt.stop(), 0, self.redoubt.log_text())
        return int(re.findall(r"keys unsealed version=(\d+)", self.redoubt.log_text())[-1])

    def refused(self, server="redoubt"):
        """Does not start: why not."""
        before = len(self.redoubt.log_text()) if os.path.exists(os.path.join(self.redoubt.folder, "log")) else 0
        with self.assertRaises(AssertionError):
            self.redoubt.start(server=server)
        self.assertEqual(self.redoubt.process.wait(timeout=10), 3)
        self.redoubt.process.stdout.close()
        self.redoubt.log.close()
        self.redoubt.process = None
        return self.redoubt.log_text()[before:]

    def verify_ledger(self):
        return json.loads(run(program("redoubt"), "ledger", "verify", self.path("ledger"), "--vkey-file",
                              self.path("ledger.vkey"), "--json").stdout)


@unittest.skipUnless(shutil.which("swtpm"), "there is no swtpm here")
class Approved(Base):
    def test_keys_rest_encrypted_and_open_for_what_was_approved(self):
        for name in ("signer.key", "wrap.key", "dictionary.key"):
            with open(self.path("keeper", name)) as file:
                self.assertTrue(file.read().startswith("redoubt-encrypted-"), name)
        self.assertEqual(self.lives(), 2)
        took = int(re.search(r"keys unsealed version=2 took_ms=(\d+)", self.redoubt.log_text()).group(1))
        print("unsealed in", took, "ms")
        standing = self.enclave("status")
        self.assertEqual((standing["sealed"], standing["approved"], standing["opened_version"]), (True, True, 2))
        with open(self.path("keeper", "history.key")) as file:
            self.assertTrue(file.read().startswith("redoubt-encrypted-tpm-history-v1 "))
        again = self.approve()
        self.assertEqual((again["version"], again["new"]), (2, False), "nothing else is there to approve")

    def test_an_approved_change_opens_them_and_ends_what_was_before(self):
        self.lives(change="# another configuration\n")
        why = self.refused()
        self.assertRegex(why, "what runs here is not approved: `configuration` is [0-9a-f]{12}…, approved is [0-9a-f]{12}…")
        self.assertIn("`redoubt enclave approve --dir " + self.redoubt.dir + "`", why)
        standing = self.enclave("status", status=1)
        self.assertFalse(standing["approved"])
        self.assertEqual(self.approve()["version"], 3)
        self.assertEqual(self.lives(), 3)
        self.enclave("supersede")
        self.assertEqual(os.listdir(self.path("approvals")), ["3.approval"])
        self.assertEqual(self.lives(), 3, "what goes on, goes on")

    def modified_keeper(self):
        """The folder of programs of which one is another."""
        programs = os.path.join(self.redoubt.folder, "bin")
        os.mkdir(programs)
        for name in PROGRAMS:
            shutil.copy(os.path.join(BIN, name), programs)
        self.assertEqual(self.lives(os.path.join(programs, "redoubt")), 2, "the same bytes elsewhere")
        with open(os.path.join(programs, "redoubt-keeper"), "ab") as file:
            file.write(b"\0")
        return programs

    def test_a_modified_keeper_gets_no_keys(self):
        programs = self.modified_keeper()
        server = os.path.join(programs, "redoubt")
        self.assertIn("`program.redoubt-keeper` is ", self.refused(server))
        # An upgrade: approved before it is there, from the new files alone.
        self.assertEqual(self.approve("--programs", programs)["version"], 3)
        self.assertEqual(self.lives(server), 3)
        self.assertEqual(self.lives(), 2, "until then there is a way back")
        self.assertEqual(self.lives(server), 3)
        kept = shutil.copy(self.path("approvals", "2.approval"), self.redoubt.folder)
        self.enclave("supersede")
        self.assertIn("`program.redoubt-keeper` is ", self.refused())
        # The old programs with their old approval: signed by the right key, and over.
        shutil.copy(kept, self.path("approvals"))
        self.assertIn("the approval was superseded", self.refused())

    def test_is_never_opened_otherwise(self):
        self.lives()
        shutil.copy(self.path("redoubt.toml"), self.redoubt.folder)
        self.redoubt.configure("tpm = \"swtpm\"\n", "")
        self.redoubt.configure("[enclave]\n", "")
        self.approve()
        self.assertIn("the keys are sealed to a TPM, and redoubt.toml has no `enclave.tpm`", self.refused())
        self.redoubt.configure(None, "\n[enclave]\ntpm = \"device:/dev/there-is-none\"\n")
        self.approve()
        self.assertIn("enclave.tpm", self.refused())
        shutil.copy(os.path.join(self.redoubt.folder, "redoubt.toml"), self.path("redoubt.toml"))
        self.lives()
        # A key of somebody else's, in the clear; and nothing that was sealed.
        os.rename(self.path("keeper", "wrap.key"), self.path("keeper", "wrap.kept"))
        plain = os.path.join(self.redoubt.folder, "plain")
        run(program("redoubt"), "init", "--dir", plain)
        shutil.copy(os.path.join(plain, "keeper", "wrap.key"), self.path("keeper", "wrap.key"))
        self.assertIn("`wrap.key` is not encrypted", self.refused())
        os.replace(self.path("keeper", "wrap.kept"), self.path("keeper", "wrap.key"))
        os.rename(self.path("keeper", "storage.sealed"), self.path("keeper", "storage.kept"))
        self.assertIn("`history.key` is encrypted", self.refused())
        os.rename(self.path("keeper", "storage.kept"), self.path("keeper", "storage.sealed"))
        self.lives()

    def test_flags_that_change_what_it_does_are_refused(self):
        for flags, key in ((["--listen", "127.0.0.1:0"], "gateway.listen"), (["--admin-listen", "127.0.0.1:0"], "admin.listen"),
                           (["--upstream", "http://127.0.0.1:1"], "upstream.url"), (["--tls"], "gateway.tls"),
                           (["--allow-plain-http"], "gateway.allow_plain_http")):
            done = run(program("redoubt"), "serve", "--dir", self.redoubt.dir, *flags, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("`%s` is not taken by a server with a TPM" % flags[0], done.stderr)
            self.assertIn("`%s`" % key, done.stderr)
        self.redoubt.words_of_serve = lambda: ["--keeper-cpu", "0", "--gateway-cpus", "0"]
        self.lives()

    def test_what_it_would_not_start_with_does_not_come_into_force(self):
        self.redoubt.start()
        kept = shutil.copy(self.path("redoubt.toml"), self.redoubt.folder)
        for changes, why in (([("tpm = \"swtpm\"", "tpm = \"device:/dev/there-is-none\"")], "/dev/there-is-none"),
                             ([("tpm = \"swtpm\"\n", ""), ("[enclave]\n", "")], "redoubt.toml has no `enclave.tpm`"),
                             ([(None, "[process]\nkeeper_user = \"nobody-of-this-name\"\n")], "nobody-of-this-name")):
            for old, new in changes:
                self.redoubt.configure(old, new)
            self.redoubt.process.send_signal(signal.SIGHUP)
            wait_for(lambda: why in self.redoubt.log_text())
            shutil.copy(kept, self.path("redoubt.toml"))
        self.assertEqual(self.redoubt.stop(), 0, self.redoubt.log_text())
        self.lives()

    def test_nor_by_the_administrative_interface(self):
        self.redoubt.start()
        status, fields, in_force = self.redoubt.admin("GET", "/bundle")
        self.assertEqual(status, 200)
        files = self.redoubt.admin("GET", "/bundles/" + in_force["digest"])[2]["files"]

        def put(change):
            changed = [{**file, "text": change(file["text"]) if file["name"] == "redoubt.toml" else file["text"]}
                       for file in files]
            return self.redoubt.admin("PUT", "/bundle", {"files": changed}, headers={"If-Match": fields["etag"]})

        for change, why in ((lambda text: text.replace("tpm = \"swtpm\"", "tpm = \"device:/dev/there-is-none\""),
                             "/dev/there-is-none"),
                            (lambda text: text.replace("tpm = \"swtpm\"\n", "").replace("[enclave]\n", ""),
                             "redoubt.toml has no `enclave.tpm`"),
                            (lambda text: text + "[process]\nkeeper_user = \"nobody-of-this-name\"\n",
                             "nobody-of-this-name")):
            status, _, said = put(change)
            self.assertEqual(status, 422, said)
            self.assertIn("a server would not start with it", json.dumps(said))
            self.assertIn(why, json.dumps(said))
        self.assertEqual(self.redoubt.admin("GET", "/bundle")[2], in_force)
        # What it would start with does come into force.
        comment = "# another configuration\n"
        status, _, said = put(lambda text: text + comment)
        self.assertEqual(status, 200, said)
        self.redoubt.configure(None, comment)
        self.approve()
        self.assertEqual(self.redoubt.stop(), 0, self.redoubt.log_text())
        self.lives()

    def test_a_folder_restored_without_the_memory_of_its_tpm_is_over(self):
        programs = self.modified_keeper()
        snapshot = os.path.join(self.redoubt.folder, "snapshot")
        shutil.copytree(self.redoubt.dir, snapshot, ignore=shutil.ignore_patterns("tpm", "run"))
        self.approve("--programs", programs)
        self.assertEqual(self.lives(os.path.join(programs, "redoubt")), 3)
        self.enclave("supersede")
        # As it was, on the machine as it is: the TPM remembers.
        for name in os.listdir(snapshot):
            if name == "keeper":
                continue
            if os.path.isdir(self.path(name)):
                shutil.rmtree(self.path(name))
            os.replace(os.path.join(snapshot, name), self.path(name))
        self.assertIn("the approval was superseded", self.refused())

    def test_commands_without_a_server_open_them_too(self):
        self.lives()
        before = self.verify_ledger()["entries"]
        self.command("state", "rebuild", "--check")
        done = self.command("ledger", "rotate-signer")
        with open(self.path("keeper", "signer.key")) as file:
            self.assertTrue(file.read().startswith("redoubt-encrypted-ledger-signer-v1 "))
        self.lives()
        verified = self.verify_ledger()
        self.assertGreater(verified["entries"], before)
        with open(self.path("ledger.vkey")) as file:
            self.assertEqual(file.read().strip(), done["vkey"])
        # While a server runs, the TPM is its own.
        self.redoubt.start()
        said = self.command("ledger", "rotate-signer", status=3)
        self.assertIn("which the server uses", said["error"])
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(self.redoubt.stop(), 0)
        # And what is not approved opens nothing here either.
        self.redoubt.configure(None, "# another configuration\n")
        self.assertIn("not approved", self.command("ledger", "rotate-signer", status=1)["error"])


@unittest.skipUnless(shutil.which("swtpm"), "there is no swtpm here")
class Recovered(Base):
    words = ("--enclave", "swtpm", "--approvers", "2/3", "--recovery", "2/3")

    def share(self, kind, number):
        return self.path("keys", f"{kind}-share-{number}")

    def approve(self, *words, status=0):
        return self.enclave("approve", "--approver-share", self.share("approver", 1), "--approver-share",
                            self.share("approver", 3), *words, status=status)

    def recover(self, recovery, approvers=(2, 3), status=0):
        words = []
        for number in recovery:
            words += ["--recovery-share", self.share("recovery", number)]
        for number in approvers:
            words += ["--approver-share", self.share("approver", number)]
        return self.enclave("recover", *words, status=status)

    def test_people_approve_together_and_open_them_when_the_tpm_is_lost(self):
        for kind in ("approver", "recovery"):
            self.assertEqual(self.redoubt.made["sealed"][kind + "_files"], [self.share(kind, i) for i in (1, 2, 3)])
            self.assertEqual(os.stat(self.share(kind, 1)).st_mode & 0o777, 0o600)
        self.assertFalse(os.path.exists(self.path("keys", "approver.key")))
        self.assertEqual(self.lives(), 2)
        said = self.enclave("approve", status=2)
        self.assertIn("`--approver-share FILE`", said["error"])
        said = self.enclave("approve", "--approver-share", self.share("approver", 1), status=2)
        self.assertIn("it takes 2 shares", said["error"])
        said = self.enclave("approve", "--approver-share", self.share("approver", 1), "--approver-share",
                            self.share("recovery", 2), status=3)
        self.assertIn("is of another quorum", said["error"])
        size = self.verify_ledger()["entries"]

        kept = os.path.join(self.redoubt.folder, "2.approval")
        shutil.copy(self.path("approvals", "2.approval"), kept)
        with open(self.path("attestation-key.sha256")) as file:
            old_key = file.read()
        shutil.rmtree(self.path("keeper", "tpm"))
        why = self.refused()
        self.assertIn("`redoubt enclave recover --dir " + self.redoubt.dir + "`", why)
        self.recover([1], status=2)
        self.recover([1, 1], status=2)
        done = self.recover([1, 3])
        self.assertEqual(self.lives(), done["version"])
        self.assertGreater(self.verify_ledger()["entries"], size)
        with open(self.path("attestation-key.sha256")) as file:
            self.assertNotEqual(file.read(), old_key, "another TPM, another key that attests")
        # The new TPM counts from the beginning. What was approved for the old one opens nothing all the same.
        os.remove(self.path("approvals", f"{done['version']}.approval"))
        shutil.copy(kept, self.path("approvals"))
        self.assertIn("there is no approval for these keys", self.refused())
        self.approve("--version", "5")
        self.assertEqual(self.lives(), 5)


    def test_shares_are_read_by_the_keepers_program_alone(self):
        """Who opens a pipe that nobody writes to waits: with another program in the keeper's place, nobody does."""
        programs = os.path.join(self.redoubt.folder, "bin")
        os.mkdir(programs)
        shutil.copy(program("redoubt"), programs)
        keeper = os.path.join(programs, "redoubt-keeper")
        with open(keeper, "w") as file:
            file.write("#!/bin/sh\necho \"$@\" >\"$0.words\"; cat >\"$0.in\"; echo failed 10 not today; exit 3\n")
        os.chmod(keeper, 0o700)
        texts = {}
        for number in (1, 3):
            path = self.share("recovery", number)
            with open(path) as file:
                texts[path] = file.read()
            os.remove(path)
            os.mkfifo(path, 0o600)
        words = [word for path in texts for word in ("--recovery-share", path)]
        words += [word for number in (2, 3) for word in ("--approver-share", self.share("approver", number))]
        said = self.enclave("recover", *words, status=3, binary=os.path.join(programs, "redoubt"))
        self.assertEqual(said["error"], "not today")
        with open(keeper + ".words") as file:
            self.assertIn(" ".join("--recovery-share=" + path for path in texts), file.read())
        self.assertEqual(os.path.getsize(keeper + ".in"), 0)
        for path, text in texts.items():
            def write(path=path, text=text):
                with open(path, "w") as file:
                    file.write(text)
            threading.Thread(target=write, daemon=True).start()
        done = self.enclave("recover", *words)
        self.assertEqual(self.lives(), done["version"])


@unittest.skipUnless(shutil.which("swtpm"), "there is no swtpm here")
class WayBack(Base):
    """What is in force starts nothing, and so nothing else can be brought into force by a running server."""
    words = ("--enclave", "swtpm", "--approvers", "2/3", "--recovery", "2/3")
    one_person = False  # to bring a bundle into force takes two persons, who are not there either

    def shares(self, kind, *numbers):
        words = []
        for number in numbers:
            words += [f"--{kind}-share", self.path("keys", f"{kind}-share-{number}")]
        return words

    def approve(self, *words, status=0):
        return self.enclave("approve", *self.shares("approver", 1, 3), *words, status=status)

    def setUp(self):
        super().setUp()
        # Works when it comes into force, at the first start, and at no start after that.
        self.key_file = os.path.join(self.redoubt.folder, "upstream.key")
        with open(self.key_file, "w") as file:
            file.write("a key\n")
        self.with_key = f"[upstream]\nkey_file = \"{self.key_file}\"\n"
        self.redoubt.configure("[upstream]\n", self.with_key)
        self.approve()
        self.lives()
        os.remove(self.key_file)
        self.assertIn("upstream.key", self.refused())

    def activations(self):
        return [fact["unmapped"]["redoubt"] for fact in self.redoubt.facts()
                if fact["unmapped"]["redoubt"]["kind"].startswith("bundle.")]

    def mend(self):
        self.redoubt.configure(self.with_key, "[upstream]\n")

    def expect_in_force_by_approvers(self, said):
        last = self.activations()[-1]
        self.assertEqual(last["body"]["digest"], said["brings_into_force"]["bundle"])
        self.assertEqual(last["on_behalf_of"], "approvers")

    def test_is_what_approvers_sign_and_the_next_start_records(self):
        self.mend()
        # Approved to run is not approved to come into force.
        self.approve()
        self.assertIn("are not those that were brought into force last", self.refused())
        before = self.activations()
        # Not without enough of them, nor for more than redoubt.toml.
        said = self.enclave("approve", "--bring-into-force", *self.shares("approver", 1), status=2)
        self.assertIn("it takes 2 shares", said["error"])
        other = self.path("policies", "also.cedar")
        with open(other, "w") as file:
            file.write("@id(\"also\") permit (principal, action, resource);\n")
        said = self.approve("--bring-into-force", status=3)
        self.assertIn("`policies/also.cedar` is not as it is in force", said["error"])
        os.remove(other)
        said = self.approve("--bring-into-force")
        self.assertFalse(said["new"], "the start was approved before")
        self.assertEqual(said["brings_into_force"]["replaces"], before[-1]["body"]["digest"])
        # Altered, by whoever can write there: it is nobody's word.
        with open(said["brings_into_force"]["file"]) as file:
            good = file.read()
        with open(other, "w") as file:
            file.write("@id(\"also\") permit (principal, action, resource);\n")
        why = self.refused()
        found = re.search(r"in the folder \((sha256:\w+)\)", why).group(1)
        with open(said["brings_into_force"]["file"], "w") as file:
            file.write(good.replace(said["brings_into_force"]["bundle"], found))
        self.assertIn("are not those that were brought into force last", self.refused())
        os.remove(other)
        with open(said["brings_into_force"]["file"], "w") as file:
            file.write(good)
        self.lives()
        self.assertEqual(len(self.activations()), len(before) + 1)
        self.expect_in_force_by_approvers(said)
        self.assertNotIn("brings_into_force", self.approve("--bring-into-force"), "it is there")
        self.lives()
        self.assertEqual(len(self.activations()), len(before) + 1, "once")

    def test_leads_to_another_machine_too(self):
        """Whose TPM is another; the configuration has to be another one as well."""
        self.mend()
        shutil.rmtree(self.path("keeper", "tpm"))
        words = self.shares("recovery", 1, 2) + self.shares("approver", 2, 3)
        self.enclave("recover", *words)
        self.assertIn("are not those that were brought into force last", self.refused())
        said = self.enclave("recover", "--bring-into-force", *words)
        self.lives()
        self.expect_in_force_by_approvers(said)
        self.verify_ledger()

    def test_leads_to_a_machine_whose_tpm_goes_by_another_name(self):
        other = OtherTpm()
        self.addCleanup(other.close)
        self.mend()
        self.redoubt.configure("tpm = \"swtpm\"\n", f"tpm = \"device:{other.name}\"\n")
        words = self.shares("recovery", 1, 3) + self.shares("approver", 1, 2)
        said = self.enclave("recover", "--bring-into-force", *words)
        self.assertEqual(said["tpm"], "device:" + other.name)
        # The old one has no say any more, and is not missed.
        shutil.rmtree(self.path("keeper", "tpm"))
        before = other.commands
        self.assertEqual(self.lives(), said["version"])
        self.assertGreater(other.commands, before)
        self.assertFalse(os.path.exists(self.path("keeper", "tpm")))
        self.expect_in_force_by_approvers(said)
        with open(self.path("sealing.toml")) as file:
            self.assertIn("boot = true", file.read())
        # As any other: keys are changed there, and a start after that finds them.
        done = self.command("ledger", "rotate-signer")
        self.assertEqual(self.lives(), said["version"])
        with open(self.path("ledger.vkey")) as file:
            self.assertEqual(file.read().strip(), done["vkey"])
        self.verify_ledger()


@unittest.skipUnless(shutil.which("swtpm"), "there is no swtpm here")
class SelfMeasured(Base):
    settings = "tls = true\n"

    def test_never_counts_for_more(self):
        """Who started it could have started another: no policy that asks for more than its own word is satisfied."""
        self.redoubt.start()
        with open(self.path("attestation-key.sha256")) as file:
            pin = file.read().strip()
        for tier, measurer, accepted in (("software-tpm", "self", True), ("tpm", "self", False),
                                         ("software-tpm", "platform", False), ("cpu-tee", "self", False)):
            policy = os.path.join(self.redoubt.folder, "policy.json")
            with open(policy, "w") as file:
                json.dump({"min_tier": tier, "statement": "none", "parts": {"tpm": {
                    "kind": "tpm", "measurer": measurer, "reference": "none", "policy": {"pinned_ak": pin}}}}, file)
            done = subprocess.run([program("redoubt"), "attest", "verify", self.redoubt.url, "--at", "now", "--ca-file",
                                   self.path("tls-ca.pem"), "--policy", policy],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0 if accepted else 1, (tier, measurer, done.stdout + done.stderr))


@unittest.skipUnless(shutil.which("swtpm"), "there is no swtpm here")
class SealedLater(Base):
    words = ()

    def approve(self, *words, status=0):
        """Nothing is sealed at first."""

    def test_a_folder_with_its_keys_in_the_clear_is_sealed(self):
        self.redoubt.start()
        self.assertEqual(self.redoubt.chat()[0], 200)
        said = self.enclave("seal", status=3)
        self.assertIn("a server runs", said["error"])
        self.assertEqual(self.redoubt.stop(), 0)
        self.assertIn("`enclave.tpm` in redoubt.toml", self.enclave("seal", status=2)["error"])
        self.redoubt.start()
        self.change("\n[enclave]\ntpm = \"swtpm\"\n")
        self.assertEqual(self.redoubt.stop(), 0)
        size = self.verify_ledger()["entries"]
        with open(self.path("keeper", "wrap.key"), "rb") as held:
            done = self.enclave("seal", "--recovery", "2/2")
            self.assertEqual(held.read().strip(b"\0"), b"", "what the file held is overwritten")
        self.assertEqual(len(done["sealed"]["recovery_files"]), 2)
        self.assertEqual(self.lives(change="# another configuration\n"), done["sealed"]["version"])
        self.assertGreater(self.verify_ledger()["entries"], size)
        self.assertIn("sealed already", self.enclave("seal", status=3)["error"])
        self.assertIn("not approved", self.refused())

    def test_what_was_cut_short_is_gone_on_with(self):
        self.redoubt.configure(None, "\n[enclave]\ntpm = \"swtpm\"\n")
        clear = {}
        for name in ("signer.key", "dictionary.key"):
            with open(self.path("keeper", name)) as file:
                clear[name] = file.read()
        self.enclave("seal")
        for name, text in clear.items():
            with open(self.path("keeper", name), "w") as file:
                file.write(text)
        self.assertIn("is not encrypted", self.refused())
        self.assertTrue(self.enclave("seal")["resumed"])
        self.lives()


class InTheClear(unittest.TestCase):
    def test_has_nothing_to_approve(self):
        upstream = Upstream(lambda request, connection: connection.sendall(whole_reply()) or True)
        redoubt = Redoubt(upstream.url)
        try:
            said = json.loads(run(program("redoubt"), "enclave", "status", "--dir", redoubt.dir, "--json").stdout)
            self.assertFalse(said["sealed"])
            done = run(program("redoubt"), "enclave", "approve", "--dir", redoubt.dir, check=False)
            self.assertEqual(done.returncode, 3)
            self.assertIn("are not sealed", done.stderr)
            done = run(program("redoubt"), "init", "--dir", redoubt.dir + "2", "--recovery", "2/3", check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn("of keys that a TPM seals", done.stderr)
        finally:
            redoubt.remove()
            upstream.close()


if __name__ == "__main__":
    unittest.main()
