#!/usr/bin/env python3
"""`redoubt attest …`: what it answers of evidence, of signed files and of wrong words on its line."""
import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest

from harness import program

AT = "2025-06-01T00:00:00Z"


class Attest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def file(self, name, content):
        with open(self.path(name), "wb") as out:
            out.write(content if isinstance(content, bytes) else content.encode())
        return self.path(name)

    def attest(self, *words, status=0):
        done = subprocess.run([program("redoubt"), "attest", *words], capture_output=True, text=True)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def make_bundle(self, sequence, *words, new_key=False):
        key = ["--key", self.path("signer.key")] + (["--new-key", "example.org/attestation"] if new_key else [])
        out = self.path(f"bundle-{sequence}")
        done = self.attest("bundle", "make", *key, "--sequence", str(sequence), "--at", AT, "--out", out, *words)
        return out, done.stdout.strip()

    def test_refuses_what_is_no_evidence_and_says_why(self):
        report = self.file("report", "no report")
        done = self.attest("verify", "--kind", "sev-snp", "--input", "report=" + report, "--at", AT, status=1)
        self.assertTrue(done.stdout.endswith("refused: malformed\n"), done.stdout)
        done = self.attest("verify", "--kind", "sev-snp", "--input", "report=" + report, "--at", AT, "--json", status=1)
        verdict = json.loads(done.stdout)
        self.assertEqual((verdict["accepted"], verdict["reason"]), (False, "malformed"))

    def test_shows_what_evidence_says_without_judging_it(self):
        # A legacy event log: one separator of PCR 7.
        separator = bytes(4)
        log = (struct.pack("<II", 7, 4) + hashlib.sha1(separator).digest() + struct.pack("<I", 4) + separator)
        show = ["show", "--kind", "tpm", "--input", "event_log=" + self.file("log", log)]
        pcr7 = hashlib.sha1(bytes(20) + hashlib.sha1(separator).digest()).hexdigest()
        text = self.attest(*show).stdout
        self.assertTrue(text.startswith("claimed, and not judged\n"), text)
        self.assertIn(pcr7, text)
        shown = json.loads(self.attest(*show, "--json").stdout)
        self.assertEqual((shown["judged"], shown["claims"]["pcrs"], shown["problems"]), (False, {"7": pcr7}, []))
        self.file("log", log[:-1])
        self.assertIn("cut off", self.attest(*show, status=1).stdout)
        self.attest("show", "--kind", "tpm", status=2)

    def test_names_what_is_wrong_with_its_line(self):
        report = self.file("report", "x")
        good = ["--kind", "sev-snp", "--input", "report=" + report, "--at", AT]
        for wrong, word in ((["--kind", "sev"], "kind"), (["--at", "yesterday"], "time"), (["--nonce", "0"], "nonce"),
                            (["--nonce", ""], "nonce is empty")):
            line = list(good)
            if wrong[0] in line:
                line[line.index(wrong[0]) + 1] = wrong[1]
            else:
                line += wrong
            self.assertIn(word, self.attest("verify", *line, status=2).stderr)
        self.assertIn("twice", self.attest("verify", *good, "--input", "report=" + report, status=2).stderr)
        self.assertIn("no role", self.attest("verify", *good, "--input", "rapport=" + report, status=2).stderr)
        self.attest("verify", *good, "--input", "vek=" + self.path("absent"), status=3)
        self.attest("verify", "--kind", "sev-snp", "--input", "report=" + report, status=2)  # the time is not guessed
        policy = self.file("policy", '{"allow_everything":true}')
        self.assertIn("allow_everything", self.attest("verify", *good, "--policy", policy, status=3).stderr)

    def test_signs_collateral_and_refuses_an_older_one(self):
        crl = self.file("crl", "a list")
        item = f"sev-snp:crl:product=Milan={crl}"
        first, vkey = self.make_bundle(1, "--item", item, new_key=True)
        second, again = self.make_bundle(2, "--item", item)
        self.assertEqual(vkey, again)
        with open(self.path("signer.key.vkey")) as file:
            self.assertEqual(file.read().strip(), vkey)
        self.assertEqual(os.stat(self.path("signer.key")).st_mode & 0o77, 0)
        self.assertIn("product=Milan", self.attest("bundle", "show", second, "--signer", vkey).stdout)

        report = self.file("report", "x")
        verify = ["verify", "--kind", "sev-snp", "--input", "report=" + report, "--at", "2025-06-03T00:00:00Z",
                  "--signer", vkey, "--state", self.path("seen")]
        self.attest(*verify, "--bundle", second, status=1)
        done = self.attest(*verify, "--bundle", first, status=1)
        self.assertIn("was seen before", done.stderr)
        done = self.attest(*verify, "--bundle", second, "--max-age", "1", status=1)
        self.assertIn("too old", done.stderr)
        with open(second, "rb") as file:
            altered = self.file("altered", file.read().replace(b"Milan", b"Genoa"))
        self.assertIn("not what was signed", self.attest(*verify, "--bundle", altered, status=1).stderr)
        with open(self.path("seen")) as file:
            self.assertEqual(file.read(), "2\n")

    def test_signs_no_evidence_and_no_anchor(self):
        root = self.file("root", "x")
        self.make_bundle(1, "--item", f"tdx:crl={root}", new_key=True)
        for role in ("root", "quote"):
            self.attest("bundle", "make", "--key", self.path("signer.key"), "--sequence", "2", "--at", AT, "--out",
                        self.path("out"), "--item", f"tdx:{role}={root}", status=2)

    def test_appraises_by_signed_reference_values(self):
        references = self.file("references.json", json.dumps({"references": [
            {"name": "build 9", "kind": "statement", "claims": {"build": "ffee"}}]}))
        signed, vkey = self.make_bundle(1, "--references", references, new_key=True)
        policy = self.file("policy.json", json.dumps({"min_tier": "none", "statement": "required", "parts": {
            "cpu": {"kind": "sev-snp"}}}))
        statement = self.file("statement.json", '{"build":"ffee","nonce":"07"}')
        report = self.file("report", "x")
        done = self.attest("appraise", "--policy", policy, "--part", "cpu=sev-snp", "--input", "cpu:report=" + report,
                           "--at", AT, "--nonce", "07", "--statement", statement, "--references", signed, "--signer",
                           vkey, status=1)
        ear = json.loads(done.stdout)
        self.assertEqual(ear["submods"]["statement"]["ear_verifier_claims"]["redoubt_reference"], "build 9")
        self.assertEqual(ear["submods"]["cpu"]["ear_status"], "contraindicated")
        self.assertFalse(ear["redoubt_accepted"])
        # The same, as others write them.
        corim = self.path("corim")
        self.attest("bundle", "make", "--references", references, "--corim", "example.org/7", "--key",
                    self.path("signer.key"), "--sequence", "1", "--at", AT, "--out", corim)
        words = ["appraise", "--policy", policy, "--part", "cpu=sev-snp", "--input", "cpu:report=" + report, "--at", AT,
                 "--nonce", "07", "--statement", statement, "--references", corim, "--signer", vkey]
        again = json.loads(self.attest(*words, status=1).stdout)
        self.assertEqual(again["submods"]["statement"]["ear_verifier_claims"]["redoubt_reference"], "build 9")
        self.assertIn("CoRIM", self.attest(*words, "--max-age", "1", status=2).stdout)
        # Collateral is no reference value, whoever signed it.
        collateral, _ = self.make_bundle(2, "--item", f"sev-snp:crl={report}")
        self.attest("appraise", "--policy", policy, "--part", "cpu=sev-snp", "--at", AT, "--references", collateral,
                    "--signer", vkey, status=1)

    def test_reference_values_are_part_of_the_bundle(self):
        home = self.path("home")
        subprocess.run([program("redoubt"), "init", "--dir", home, "--one-person"], check=True, capture_output=True)

        def bundle():
            return subprocess.run([program("redoubt"), "policy", "bundle", "--dir", home], capture_output=True, text=True)

        before = bundle().stdout
        os.mkdir(os.path.join(home, "attestation"))
        references = os.path.join("home", "attestation", "references.json")
        self.file(references, '{"references":[{"name":"a","kind":"tdx","claims":{"mrtd":"00"}}]}')
        with_references = bundle()
        self.assertEqual(with_references.returncode, 0, with_references.stderr)
        self.assertNotEqual(with_references.stdout, before)
        self.file(references, '{"references":[{"name":"a","kind":"tdx","claims":{}}]}')
        refused = bundle()
        self.assertEqual(refused.returncode, 1)
        self.assertIn("attestation/references.json", refused.stderr)
        self.file(references, '{"references":[]}')
        self.file(os.path.join("home", "attestation", "other.json"), "{}")
        self.assertIn("attestation/other.json", bundle().stderr)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main()
