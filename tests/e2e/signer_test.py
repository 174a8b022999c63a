"""The life of the signing key: handed over, revoked, cut short at each step; and what verifies with which key."""

import json
import os
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Redoubt, Upstream, parse_receipt, program, run, wait_for, whole_reply



class Base(unittest.TestCase):
    def setUp(self):
        self.upstream = Upstream(lambda request, connection: connection.sendall(whole_reply()) or True)
        self.addCleanup(self.upstream.close)
        self.redoubt = Redoubt(self.upstream.url, tenants=("ward",),
                               applications=("ward:callers:ward", "ward-auditor:auditors:ward"))
        self.addCleanup(self.redoubt.remove)
        self.ward, self.ward_auditor = self.redoubt.keys["ward"], self.redoubt.keys["ward-auditor"]

    def path(self, *names):
        return os.path.join(self.redoubt.dir, *names)

    def read(self, *names):
        with open(self.path(*names)) as file:
            return file.read()

    def command(self, *words, check=True):
        return run(program("redoubt"), "ledger", *words, check=check)

    def vkey(self):
        return self.read("ledger.vkey").strip()

    def exchange(self, key=None):
        """One exchange, published; its receipt."""
        status, fields, _ = self.redoubt.chat(key=key)
        self.assertEqual(status, 200)
        origin, index, leaf = parse_receipt(fields["redoubt-receipt"])
        log = "/ledger/t/ward" if origin.endswith("/t/ward") else "/ledger"
        wait_for(lambda: self.redoubt.get("%s/receipt/%d" % (log, index), key=key or self.redoubt.key)[0] == 200)
        return index, leaf

    def serve(self, exchanges=1):
        """A life of the server; the receipts that it gave."""
        self.redoubt.start()
        receipts = [self.exchange() for _ in range(exchanges)]
        self.assertEqual(self.redoubt.stop(), 0)
        return receipts

    def rotate(self):
        return json.loads(self.command("rotate-signer", "--dir", self.redoubt.dir, "--json").stdout)

    def prove(self, receipt, vkey, *words, check=True):
        return self.command("prove", str(receipt[0]), "--leaf", receipt[1], "--dir", self.redoubt.dir, "--vkey", vkey,
                            "--json", *words, check=check)

    def verify(self, vkey, *words, check=True):
        return self.command("verify", self.path("ledger"), "--dir", self.redoubt.dir, "--vkey", vkey, "--json", *words,
                            check=check)

    def keep(self, name):
        """A copy of the folder as it is now."""
        kept = os.path.join(self.redoubt.folder, name)
        shutil.copytree(self.redoubt.dir, kept)
        return kept


class InPlace(unittest.TestCase):
    """A `redoubt` beside which a test puts a keeper's program of its own."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="redoubt-e2e-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.dir = os.path.join(self.folder, "var")
        self.bin = os.path.join(self.folder, "bin")
        os.mkdir(self.bin)
        shutil.copy(program("redoubt"), self.bin)

    def keeper(self, script):
        """A program in the keeper's place; $KEEPER is the real one."""
        path = os.path.join(self.bin, "redoubt-keeper")
        with open(path, "w") as file:
            file.write("#!/bin/sh\n" + script.replace("$KEEPER", program("redoubt-keeper")))
        os.chmod(path, 0o700)

    def init(self, *words, server=None):
        return run(server or os.path.join(self.bin, "redoubt"), "init", "--dir", self.dir, "--json", *words, check=False)

    def files(self):
        return sorted(os.listdir(os.path.join(self.dir, "keeper")))


class Made(InPlace):
    """The key is made by the keeper's program: that of `redoubt init` has no private half to lose."""

    def test_by_the_keepers_program_or_not_at_all(self):
        done = self.init()
        self.assertEqual(done.returncode, 3)
        self.assertIn("the keeper's program, on the errand `make`, ended with", json.loads(done.stdout)["error"])
        self.assertEqual(self.files(), [])
        shutil.rmtree(self.dir)
        self.keeper('echo "failed 10 for the reason that it says"; exit 3')
        self.assertEqual(json.loads(self.init().stdout)["error"], "for the reason that it says")
        self.assertEqual(self.files(), [])
        for answer in ("", "ok", "ok\\na\\nb", "okay"):
            shutil.rmtree(self.dir)
            self.keeper(f'cat >"$0.in"; printf "{answer}"')
            self.assertEqual(self.init().returncode, 3, answer)
            self.assertFalse(os.path.exists(os.path.join(self.dir, "redoubt.toml")))
        shutil.rmtree(self.dir)
        # All that goes between the two: the first record there, public keys back.
        self.keeper('tee "$0.in" | $KEEPER "$@" | tee "$0.out"')
        made = json.loads(self.init().stdout)
        with open(os.path.join(self.bin, "redoubt-keeper.in")) as file:
            self.assertEqual(json.load(file)["unmapped"]["redoubt"]["kind"], "identity.genesis")
        with open(os.path.join(self.dir, "dictionary.pub")) as file:
            dictionary = file.read()
        with open(os.path.join(self.bin, "redoubt-keeper.out")) as file:
            self.assertEqual(file.read(), f"ok\n{made['vkey']}\n{dictionary}")
        self.assertEqual(self.files(), ["dictionary.key", "openers", "signer.key", "wrap.key"])
        run(program("redoubt"), "ledger", "verify", os.path.join(self.dir, "ledger"), "--vkey", made["vkey"])

    def test_or_else_a_folder_that_was_cut_short_is_refused(self):
        for script in ("kill -9 $PPID", "$KEEPER \"$@\" >$0.out; kill -9 $PPID"):
            self.keeper(script)
            self.assertEqual(self.init().returncode, -9)
            done = self.init(server=program("redoubt"))
            self.assertEqual(done.returncode, 3)
            self.assertIn("was left half made", json.loads(done.stdout)["error"])
            done = run(program("redoubt"), "serve", "--dir", self.dir, check=False)
            self.assertIn("is not initialised", done.stderr)
            shutil.rmtree(self.dir)
        self.assertEqual(self.init(server=program("redoubt")).returncode, 0)


class Changed(InPlace):
    """The next key, too: `redoubt` asks the keeper's program to change it, and hears of public keys."""

    def setUp(self):
        super().setUp()
        self.made = json.loads(self.init(server=program("redoubt")).stdout)

    def command(self, *words, status=0):
        done = run(os.path.join(self.bin, "redoubt"), *words, "--dir", self.dir, "--json", check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def said(self, what):
        with open(os.path.join(self.bin, "redoubt-keeper." + what)) as file:
            return file.read()

    def private(self):
        """What the keeper's files hold now, each as it would be seen."""
        out = set()
        for name in filter(lambda name: name.endswith(".key"), self.files()):
            with open(os.path.join(self.dir, "keeper", name)) as file:
                out.add(file.read().split()[1])
        return out

    def test_all_that_goes_between_is_public(self):
        self.keeper('echo "$@" >>"$0.words"; tr "\\0" "\\n" </proc/$$/environ >>"$0.environment"; '
                    'tee -a "$0.in" | $KEEPER "$@" | tee "$0.out" | tee -a "$0.all"')
        old = self.made["vkey"]
        seen = self.private()
        prepared = self.command("ledger", "rotate-signer", "--prepare")
        self.assertEqual(self.said("out"), f"ok\n{prepared['vkey']}\n")
        seen |= self.private()
        done = self.command("ledger", "rotate-signer")
        self.assertEqual(done["vkey"], prepared["vkey"])
        self.assertEqual(self.said("out"), f"ok\nbegun\n{old} {done['vkey']} 1\n")
        self.command("ledger", "revoke-signer", "--key", old, "--at", "1")
        self.assertEqual(self.said("out"), f"ok\n{old}\n1\n")
        self.assertEqual(self.said("in"), "")
        self.assertEqual(len(seen), 4, "two keys that sign, and two others")
        for what in ("words", "environment", "all"):
            self.assertFalse([key for key in seen if key in self.said(what)], what)

    def test_what_it_says_is_believed_in_its_own_form_alone(self):
        with open(os.path.join(self.dir, "keeper", "signer.key")) as file:
            before = file.read()
        vkey = self.made["vkey"]
        for answer in ("", "ok\\n", f"ok\\n{vkey}", f"ok\\nbegun\\n{vkey} {vkey}\\n", f"ok\\nbegun\\n{vkey} {vkey} -1\\n",
                       f"ok\\nbegun\\n{vkey} key 1\\n", f"okay\\nbegun\\n{vkey} {vkey} 1\\n"):
            self.keeper(f'printf "{answer}"')
            self.command("ledger", "rotate-signer", status=3)
        # Nor one that failed after it, or one without end.
        self.keeper(f'printf "ok\\nbegun\\n{vkey} {vkey} 1\\n"; exit 3')
        self.assertIn("ended with status 3", self.command("ledger", "rotate-signer", status=3)["error"])
        self.keeper("exec yes ok")
        self.command("ledger", "rotate-signer", status=3)
        # A failure has the status of its kind.
        for code, status in ((0, 2), (7, 1), (10, 3)):
            self.keeper(f'echo "failed {code} why"; exit 3')
            self.assertEqual(self.command("ledger", "rotate-signer", status=status)["error"], "why")
        with open(os.path.join(self.dir, "keeper", "signer.key")) as file:
            self.assertEqual(file.read(), before)


class Rotation(Base):
    def test_either_key_verifies_log_and_receipts_across_the_change(self):
        before = self.serve()[0]
        old = self.vkey()
        size = int(self.read("ledger", "checkpoint").split("\n")[1])
        done = self.rotate()
        self.assertEqual(done["vkey"], self.vkey())
        self.assertNotEqual(done["vkey"], old)
        self.assertEqual(done["logs"][0], {"origin": "test.example/log", "old_vkey": old, "vkey": done["vkey"],
                                           "size": size})
        # Both signed the last checkpoint: nobody is locked out before the next one.
        for vkey in (old, done["vkey"]):
            self.command("checkpoint", "--dir", self.redoubt.dir, "--vkey", vkey, "--signers", "/dev/null")
        after = self.serve()[0]
        for vkey in (old, self.vkey()):
            for receipt in (before, after):
                self.assertTrue(json.loads(self.prove(receipt, vkey).stdout)["ok"])
            report = json.loads(self.verify(vkey).stdout)
            self.assertEqual(report["signer"]["vkey"], self.vkey())
            self.assertEqual(report["signer"]["from"], size)
            self.assertGreater(report["entries"], size)
        told = self.command("verify", self.path("ledger"), "--vkey", old).stdout
        self.assertRegex(told, r"signer +test\.example/log\+[0-9a-f]{8}, successor of test\.example/log\+[0-9a-f]{8} "
                               r"since size %d\n" % size)
        # Without the file, the old key alone knows nothing of the new one.
        self.assertEqual(self.verify(old, "--signers", "/dev/null", check=False).returncode, 1)

    def test_a_proof_kept_from_before_verifies_with_the_new_key_offline(self):
        receipt = self.serve()[0]
        old = self.vkey()
        proof = os.path.join(self.redoubt.folder, "proof")
        self.prove(receipt, old, "--output", proof)
        self.rotate()
        words = ["verify-proof", proof, "--leaf", receipt[1], "--vkey", self.vkey()]
        self.assertEqual(self.command(*words, check=False).returncode, 1)
        told = self.command(*words, "--signers", self.path("ledger", "signers")).stdout
        self.assertIn("predecessor of", told)
        # With the folder's own key its file is found by itself.
        self.command("verify-proof", proof, "--leaf", receipt[1], "--dir", self.redoubt.dir)

    def test_over_http_and_for_a_tenant_as_from_the_folder(self):
        self.redoubt.start()
        self.exchange(self.ward)
        self.assertEqual(self.redoubt.get("/ledger/signers")[0], 404)
        self.redoubt.stop()
        old = self.vkey()
        done = self.rotate()
        old_of_ward = done["logs"][1]["old_vkey"]
        self.redoubt.start()
        receipt = self.exchange(self.ward)
        self.exchange()
        status, fields, body = self.redoubt.get("/ledger/signers")
        self.assertEqual((status, fields["cache-control"]), (200, "no-cache"))
        self.assertEqual(body.decode(), self.read("ledger", "signers"))
        self.assertEqual(self.redoubt.get("/ledger/t/ward/signers")[0], 401)
        self.assertEqual(self.redoubt.get("/ledger/t/ward/signers", key=self.ward)[2].decode(),
                         self.read("ledger", "t", "ward", "signers"))
        for vkey in (old, self.vkey()):
            self.command("checkpoint", "--url", self.redoubt.url, "--vkey", vkey)
            self.command("verify", self.redoubt.url + "/ledger", "--key", self.redoubt.auditor, "--vkey", vkey)
        for vkey in (old_of_ward, done["logs"][1]["vkey"]):
            self.prove(receipt, vkey, "--url", self.redoubt.url, "--key", self.ward, "--tenant", "ward")
            self.command("verify", self.redoubt.url + "/ledger/t/ward", "--key", self.ward_auditor, "--vkey", vkey)

    def test_the_log_of_others_programs_goes_on(self):
        """Go's note and tlog packages, which know one key, read the log with the new one."""
        checker = os.environ.get("REDOUBT_TLOGCHECK", "")
        if not os.path.exists(checker):
            self.skipTest("the Go checker was not built")
        self.serve(3)
        old = self.vkey()
        self.rotate()
        of_both_keys = os.path.join(self.redoubt.folder, "of-both-keys")  # the start will have a later one
        shutil.copy(os.path.join(self.redoubt.dir, "ledger", "checkpoint"), of_both_keys)
        self.redoubt.start()
        words = [checker, "-header", "Authorization: Bearer " + self.redoubt.auditor]
        log = self.redoubt.url + "/ledger"
        run(*words, "-checkpoint", of_both_keys, log, old)
        wait_for(lambda: run(*words, log, old, check=False).returncode != 0)
        run(*words, log, self.vkey())

    def test_the_next_key_can_be_prepared_and_told_while_a_server_runs(self):
        self.redoubt.start()
        self.exchange(self.ward)
        old = self.vkey()
        words = ["rotate-signer", "--prepare", "--dir", self.redoubt.dir, "--json"]
        prepared = json.loads(self.command(*words).stdout)
        self.assertEqual(json.loads(self.command(*words).stdout), prepared)
        self.exchange()
        self.redoubt.stop()
        self.serve()
        self.assertEqual(self.vkey(), old)
        done = self.rotate()
        self.assertFalse(done["resumed"])
        self.assertEqual([log["vkey"] for log in done["logs"]], prepared["vkeys"])
        self.assertNotEqual(json.loads(self.command(*words).stdout)["vkey"], done["vkey"])

    def test_is_refused_while_a_server_runs_and_where_there_is_no_ledger(self):
        shutil.move(self.path("ledger"), self.path("elsewhere"))
        early = self.command("rotate-signer", "--dir", self.redoubt.dir, check=False)
        self.assertEqual(early.returncode, 3)
        self.assertIn("no ledger yet", early.stderr)
        shutil.move(self.path("elsewhere"), self.path("ledger"))
        self.redoubt.start()
        old = self.vkey()
        refused = self.command("rotate-signer", "--dir", self.redoubt.dir, check=False)
        self.assertEqual(refused.returncode, 3)
        self.assertIn("stop it first", refused.stderr)
        self.assertEqual(self.vkey(), old)

    def test_files_belong_to_whom_they_did(self):
        self.serve()
        owners = {name: os.stat(self.path(*name.split("/"))).st_uid
                  for name in ("keeper/signer.key", "ledger/checkpoint", "ledger.vkey")}
        self.rotate()
        for name, owner in owners.items():
            self.assertEqual(os.stat(self.path(*name.split("/"))).st_uid, owner, name)
        self.assertEqual(os.stat(self.path("ledger", "signers")).st_uid, owners["ledger/checkpoint"])
        self.assertEqual(os.stat(self.path("ledger", "signers")).st_gid, os.stat(self.path("ledger")).st_gid)
        self.assertEqual(os.stat(self.path("keeper", "signer.key")).st_mode & 0o777, 0o600)

    def test_the_old_keys_file_holds_the_old_key_no_more(self):
        self.serve()
        second_name = os.path.join(self.redoubt.folder, "second-name")
        os.link(self.path("keeper", "signer.key"), second_name)
        self.rotate()
        with open(second_name, "rb") as file:
            self.assertEqual(file.read().strip(b"\0"), b"")


class CutShort(Base):
    """Folders as they are when rotating ends after each of its steps, put together from before and after."""

    def setUp(self):
        super().setUp()
        self.receipt = self.serve()[0]
        self.old = self.vkey()
        self.before = self.keep("before")
        self.rotate()
        self.new = self.vkey()
        self.after = self.keep("after")

    def folder_of(self, ledger, vkey):
        """The next key is there and the old one is still the key."""
        shutil.rmtree(self.redoubt.dir)
        shutil.copytree(self.before, self.redoubt.dir)
        shutil.rmtree(self.path("ledger"))
        shutil.copytree(os.path.join(ledger, "ledger"), self.path("ledger"))
        shutil.copy(os.path.join(vkey, "ledger.vkey"), self.path("ledger.vkey"))
        shutil.copy(os.path.join(self.after, "keeper", "signer.key"), self.path("keeper", "signer.next.key"))

    def expect_finished_by_the_next_call(self):
        with self.assertRaisesRegex(AssertionError, "half done"):
            self.redoubt.start()
        self.redoubt.process.wait(20)
        self.redoubt._close()
        refused = self.command("revoke-signer", "--dir", self.redoubt.dir, "--key", self.old, "--at", "0", check=False)
        self.assertEqual(refused.returncode, 3)
        done = self.rotate()
        self.assertTrue(done["resumed"])
        self.assertEqual((done["vkey"], self.vkey()), (self.new, self.new))
        self.assertFalse(os.path.exists(self.path("keeper", "signer.next.key")))
        receipt = self.serve()[0]
        for vkey in (self.old, self.new):
            self.verify(vkey)
            for one in (self.receipt, receipt):
                self.prove(one, vkey)

    def test_after_the_next_key_was_made(self):
        self.folder_of(self.before, self.before)
        self.expect_finished_by_the_next_call()

    def test_after_the_handover_of_some_logs(self):
        self.folder_of(self.before, self.before)
        shutil.copy(os.path.join(self.after, "ledger", "signers"), self.path("ledger", "signers"))
        self.expect_finished_by_the_next_call()

    def test_after_the_handover_of_all_logs(self):
        self.folder_of(self.after, self.before)
        self.expect_finished_by_the_next_call()

    def test_after_the_vkey_was_replaced(self):
        self.folder_of(self.after, self.after)
        self.expect_finished_by_the_next_call()

    def test_while_the_next_key_was_written(self):
        shutil.rmtree(self.redoubt.dir)
        shutil.copytree(self.before, self.redoubt.dir)
        with open(self.path("keeper", "signer.prepared.key.new"), "w") as file:
            file.write("redoubt-ledger-sig")
        self.serve()
        self.assertFalse(self.rotate()["resumed"])
        self.serve()
        self.verify(self.old)

    def test_an_old_copy_of_the_keys_signs_no_more(self):
        shutil.copy(os.path.join(self.before, "keeper", "signer.key"), self.path("keeper", "signer.key"))
        with self.assertRaisesRegex(AssertionError, "handed over at size"):
            self.redoubt.start()
        self.redoubt.process.wait(20)
        self.redoubt._close()
        refused = self.command("rotate-signer", "--dir", self.redoubt.dir, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertFalse(os.path.exists(self.path("keeper", "signer.next.key")))


class Revocation(Base):
    def test_a_revoked_key_counts_up_to_its_size_only(self):
        self.serve()
        small = int(self.read("ledger", "checkpoint").split("\n")[1])
        old = self.vkey()
        kept = {}
        for name in ("small", "large"):
            kept[name] = os.path.join(self.redoubt.folder, name)
            shutil.copy(self.path("ledger", "checkpoint"), kept[name])
            self.serve()
        self.rotate()
        self.serve()
        for checkpoint in kept.values():
            self.verify(self.vkey(), "--checkpoint", checkpoint)
        early = self.command("revoke-signer", "--dir", self.redoubt.dir, "--key", self.vkey(), "--at", "0", check=False)
        self.assertEqual(early.returncode, 2)
        done = self.command("revoke-signer", "--dir", self.redoubt.dir, "--key", old.split("+")[1], "--at", str(small),
                            "--json")
        self.assertEqual(json.loads(done.stdout),
                         {"ok": True, "origin": "test.example/log", "revoked": old, "at": small})
        self.verify(self.vkey(), "--checkpoint", kept["small"])
        refused = self.verify(self.vkey(), "--checkpoint", kept["large"], check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("revoked at size %d" % small, refused.stdout)
        # Who trusts the revoked key must be told another.
        refused = self.verify(old, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("vouches for no other", refused.stdout)
        self.serve()
        self.verify(self.vkey())

    def test_of_a_tenants_log_it_says_nothing_of_the_others(self):
        self.redoubt.start()
        self.exchange()
        self.exchange(self.ward)
        self.redoubt.stop()
        old = self.vkey()
        self.rotate()
        done = self.command("revoke-signer", "--dir", self.redoubt.dir, "--key", old, "--at", "0", "--tenant", "ward")
        self.assertIn("test.example/log/t/ward", done.stdout)
        self.verify(old)
        self.assertIn("revocation", self.read("ledger", "t", "ward", "signers"))
        self.assertNotIn("revocation", self.read("ledger", "signers"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
