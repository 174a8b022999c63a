#!/usr/bin/env python3
"""Commands that change how the keeper's keys rest, killed at each of their steps, in `redoubt` and in the keeper's program:
the next call goes on, and nothing is lost."""
import itertools
import json
import mmap
import os
import shutil
import subprocess
import tempfile
import unittest

import faults
from faults import harness


class Base(unittest.TestCase):
    words = ()

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="redoubt-faults-")
        path = os.path.join(self.folder, "controls")
        with open(path, "wb") as file:
            file.write(bytes(2 * faults.Control.SIZE))
        with open(path, "r+b") as file:
            memory = mmap.mmap(file.fileno(), 2 * faults.Control.SIZE)
        os.chmod(path, 0o666)
        os.chmod(self.folder, 0o755)
        self.controls = {"redoubt": faults.Control(memory, 0),
                         "redoubt-keeper": faults.Control(memory, faults.Control.SIZE)}
        self.environment = {**os.environ, "LD_PRELOAD": os.environ["REDOUBT_INTERPOSE"], "REDOUBT_FAULTS": path}
        self.redoubt = harness.Redoubt("http://127.0.0.1:9", folder=self.folder, init_words=self.words, tenants=("ward",))
        self.addCleanup(self.redoubt.remove)

    def path(self, *names):
        return os.path.join(self.redoubt.dir, *names)

    def command(self, *words, check=True):
        done = subprocess.run([harness.program("redoubt"), *words, "--dir", self.redoubt.dir, "--json"],
                              capture_output=True, text=True, timeout=60, env=self.environment)
        if check:
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done

    def answer(self, *words):
        return json.loads(self.command(*words).stdout)

    def shares(self, kind, *numbers):
        words = []
        for number in numbers:
            words += [f"--{kind}-share", self.path("keys", f"{kind}-share-{number}")]
        return words

    def processes(self):
        """Those that a command left: they work in the folder."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/cwd").startswith(self.redoubt.dir) and faults.alive(pid):
                    found.append(pid)
            except OSError:
                pass
        return found

    def at_each_step(self, words, then, steps):
        """`then` is called after each kill; `steps` is how many there are at least, by program."""
        kept = os.path.join(self.folder, "kept")
        subprocess.run(["cp", "-a", self.redoubt.dir, kept], check=True)
        for name, control in self.controls.items():
            for step in itertools.count(1):
                shutil.rmtree(self.redoubt.dir)
                subprocess.run(["cp", "-a", kept, self.redoubt.dir], check=True)
                control.steps, control.kill_at = 0, step
                done = self.command(*words, check=False)
                control.kill_at = 0
                with self.subTest(killed=name, step=step):
                    if control.steps < step:
                        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                    else:
                        self.assertEqual(done.returncode, -9 if name == "redoubt" else 3, done.stdout + done.stderr)
                        harness.wait_for(lambda: not self.processes())
                    then(control.steps < step)
                if control.steps < step:
                    break
            print(name, "has", step - 1, "steps")
            self.assertGreaterEqual(step - 1, steps[name])

    def encrypted(self):
        out = {}
        for name in os.listdir(self.path("keeper")):
            if name.endswith(".key") and name != "attestation.key":
                with open(self.path("keeper", name)) as file:
                    out[name] = file.read().startswith("redoubt-encrypted-")
        return out

    def expect_openable(self):
        """By the TPM, as what is there now was approved."""
        self.answer("ledger", "rotate-signer", "--prepare")


class Rotating(Base):
    def test_is_gone_on_with(self):
        with open(self.path("ledger.vkey")) as file:
            old = file.read().strip()

        def then(done):
            if not done:
                self.answer("ledger", "rotate-signer")
            self.assertFalse(os.path.exists(self.path("keeper", "signer.next.key")))
            with open(self.path("ledger.vkey")) as file:
                new = file.read().strip()
            self.assertNotEqual(new, old)
            for vkey in (old, new):
                harness.run(harness.program("redoubt"), "ledger", "verify", self.path("ledger"), "--vkey", vkey)
            # The key is the one of this name: it hands over.
            self.assertEqual(self.answer("ledger", "rotate-signer")["logs"][0]["old_vkey"], new)

        self.at_each_step(("ledger", "rotate-signer"), then, {"redoubt": 0, "redoubt-keeper": 15})


@unittest.skipUnless(shutil.which("swtpm"), "there is no swtpm here")
class Sealing(Base):
    def test_is_gone_on_with(self):
        self.redoubt.configure(None, "\n[enclave]\ntpm = \"swtpm\"\n")
        words = ("enclave", "seal", "--approvers", "2/2", "--recovery", "2/2")

        def then(done):
            if not done:
                again = self.command(*words, check=False)
                said = json.loads(again.stdout)
                # All but the overwriting of what the last file held was done.
                self.assertTrue(said["ok"] or "sealed already" in said["error"], said)
            self.assertEqual(self.encrypted(), dict.fromkeys(("dictionary.key", "signer.key", "wrap.key"), True))
            self.expect_openable()
            # And people hold shares of this storage key, not of one that a call before had made.
            self.answer("enclave", "recover", *self.shares("recovery", 1, 2), *self.shares("approver", 1, 2))

        self.at_each_step(words, then, {"redoubt": 10, "redoubt-keeper": 25})


@unittest.skipUnless(shutil.which("swtpm"), "there is no swtpm here")
class Recovering(Base):
    words = ("--enclave", "swtpm", "--approvers", "2/2", "--recovery", "2/2")

    def test_is_gone_on_with(self):
        self.answer("enclave", "approve", *self.shares("approver", 1, 2))  # of what the harness made of redoubt.toml
        self.expect_openable()
        shutil.rmtree(self.path("keeper", "tpm"))
        words = ("enclave", "recover", *self.shares("recovery", 1, 2), *self.shares("approver", 1, 2))

        def then(done):
            if not done:
                self.answer(*words)
            self.expect_openable()

        self.at_each_step(words, then, {"redoubt": 5, "redoubt-keeper": 6})


if __name__ == "__main__":
    unittest.main()
