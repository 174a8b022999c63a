#!/usr/bin/env python3
"""Dictionaries of one's own records in a running server: sealed to its keeper, looked up in what passes."""
import base64
import hashlib
import http.client
import json
import os
import shutil
import signal
import sys
import tempfile
import unittest

from harness import STARTED, program, run, stage, wait_for
from inspection_test import ANY, INVOKE, MANAGE, RELEASE, Base

HERE, OTHER, STRANGER = "10203040", "55667788", "10203041"  # two records, and a number of their form that is none
NAME = "Ann  Lee"
MASK = '@tokenise("patient") ' + INVOKE + '@redact("patient") ' + RELEASE
RULES = r"""
[inspection]
kinds = ["credit_card"]

[[rule]]
name = "patient_number"
kind = "PATIENT"
pattern = '\b\d{8}\b'
dictionary = "patients"

[[rule]]
name = "patient_name"
kind = "PATIENT"
pattern = '\b[A-Za-z]{1,20}\s{1,3}[A-Za-z]{1,20}\b'
dictionary = "patients"
"""


class WithRecords(Base):
    def path(self, *names):
        return os.path.join(self.redoubt.dir, *names)

    def write(self, text, *names):
        os.makedirs(os.path.dirname(self.path(*names)), exist_ok=True)
        with open(self.path(*names), "w") as file:
            file.write(text)

    def seal(self, *records, name="patients", key=None, to="patients"):
        """Seals the records, as the dictionary `to` of the folder; returns the text."""
        words = ["--key", key] if key else ["--dir", self.redoubt.dir]
        text = run(program("redoubt"), "inspect", "seal", *words, name, input="\n".join(records) + "\n").stdout
        self.write(text, "dictionaries", to + ".sealed")
        return text

    def start(self, policies=MASK, inspection=RULES):
        super().start(policies, inspection)

    def restart(self):
        self.redoubt.start()

    def keyed(self):
        """What the records say of dictionaries that were keyed."""
        return [r["unmapped"]["redoubt"] for r in self.redoubt.records() if stage(r) == "opened"]

    def reload(self, said="in force"):
        """Until the log says what became of it."""
        before = self.redoubt.log_text().count(said)
        self.redoubt.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.redoubt.log_text().count(said) > before)

    def strangers_key(self):
        """The public key of another installation's keeper."""
        folder = tempfile.mkdtemp(prefix="redoubt-e2e-")
        self.addCleanup(shutil.rmtree, folder)
        there = os.path.join(folder, "var")
        run(program("redoubt"), "init", "--dir", there, "--origin", "other.example/log")
        return os.path.join(there, "dictionary.pub")

    def refused_to_start(self):
        done = run(program("redoubt"), "serve", "--dir", self.redoubt.dir, "--listen", "127.0.0.1:0", "--upstream",
                   self.redoubt.upstream, check=False)
        self.assertEqual(done.returncode, 3, done.stderr)
        return done.stderr


class Masked(WithRecords):
    def test_a_record_is_masked_upstream_in_a_whole_answer_and_across_chunks(self):
        self.seal(HERE, OTHER, NAME)
        self.start()
        self.redoubt.chat(f"{HERE}, not {STRANGER}")
        self.assertRegex(self.sent(), f"^PATIENT_[A-Z2-9]{{10}}, not {STRANGER}$")
        self.redoubt.chat("ask ann LEE today")
        self.assertRegex(self.sent(), "^ask PATIENT_[A-Z2-9]{10} today$")
        self.say = lambda body: f"It is {OTHER}, not {STRANGER}, or Ann Lee: {HERE}."
        count = 2
        for self.size in (1, 2, 3, 5, 7, 100):
            for stream in (False, True):
                with self.subTest(size=self.size, stream=stream):
                    _, _, body = self.redoubt.chat("who?", stream=stream)
                    self.assertEqual(self.said(body, stream)[0],
                                     f"It is <PATIENT>, not {STRANGER}, or <PATIENT>: <PATIENT>.")
                    count += 1
        ends = self.ends(count)
        self.assertEqual(ends[-1]["matches"], [{"kind": "patient", "count": 3, "action": "redact", "where": "answer"}])
        self.assertFalse(ends[-1]["inspected"]["beyond"])
        admission = next(r for r in self.redoubt.records() if stage(r) == "admission")["unmapped"]["redoubt"]
        self.assertEqual(admission["matches"], [{"kind": "patient", "count": 1, "action": "tokenise", "where": "user"}])

    def test_what_the_caller_said_comes_back_to_it(self):
        self.seal(HERE)
        self.start()
        self.say = lambda body: "Noted: " + self.sent().split()[-1]
        for stream in (False, True):
            _, _, body = self.redoubt.chat("see " + HERE, stream=stream)
            self.assertEqual(self.said(body, stream)[0], "Noted: " + HERE)

    def test_a_record_is_blocked_where_policies_say_so(self):
        self.seal(HERE)
        self.start('@block("patient") ' + ANY)
        self.assertEqual(self.redoubt.chat("see " + HERE)[0], 403)
        self.assertEqual(self.requests, [])
        self.say = lambda body: "Well. " * 100 + HERE
        self.assertEqual(self.redoubt.chat("who?")[0], 403)
        _, _, body = self.redoubt.chat("who?", stream=True)
        text, code = self.said(body, True)
        self.assertEqual(code, "content_blocked")
        self.assertTrue(("Well. " * 100).startswith(text))

    def test_of_many_parts_every_record_is_found(self):
        records = [str(20_000_000 + i) for i in range(0, 50_000)]
        self.seal(*records)
        self.start()
        self.redoubt.chat(" ".join([records[0], records[4095], records[4096], records[-1], "20050000"]))
        self.assertRegex(self.sent(), r"^(PATIENT_\w+ ){4}20050000$")
        self.assertEqual([(k["dictionary"], k["records"]) for k in self.keyed()], [("patients", 50_000)])


class Kept(WithRecords):
    def test_that_it_was_keyed_is_on_record_and_no_file_tells_a_record(self):
        sealed = self.seal(HERE, NAME)
        self.start()
        self.redoubt.chat("who is " + HERE)
        self.ends(1)
        self.assertEqual([(k["dictionary"], k["records"], k["reason"]) for k in self.keyed()],
                         [("patients", 2, "inspection")])
        told = [i for i, r in enumerate(self.redoubt.entries()) if stage(r) == "opened"]
        shown = run(program("redoubt"), "ledger", "show", str(told[0]), "--dir", self.redoubt.dir, check=False)
        self.assertIn("dictionary patients, 2 records", shown.stdout + shown.stderr)
        self.redoubt.stop()
        needles = []
        for record in (HERE, NAME, "ann lee"):
            for make in (hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.sha512):
                for text in (record, record + "\n"):
                    digest = make(text.encode())
                    needles += [digest.digest(), digest.hexdigest().encode(), base64.b64encode(digest.digest())]
            needles += [record.encode(), base64.b64encode(record.encode()).rstrip(b"=")]
        # What is inside the lines of the file, too.
        inside = b"".join(base64.b64decode(line) for line in sealed.splitlines()[1:])
        files = {"what is sealed": inside}
        for folder, _, names in os.walk(self.redoubt.dir):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    files[name] = file.read()
        self.assertIn("patients.sealed", files)
        for name, data in files.items():
            for needle in needles:
                self.assertNotIn(needle, data, name)

    def test_two_sealings_of_the_same_records_have_nothing_in_common(self):
        one, other = self.seal(HERE, OTHER), self.seal(HERE, OTHER)
        self.assertEqual(len(one), len(other))
        self.assertEqual(set(one.splitlines()) & set(other.splitlines()), set())

    def test_taken_out_of_the_bundle_it_is_over(self):
        self.seal(HERE)
        self.start()
        self.redoubt.chat("see " + HERE)
        self.assertNotIn(HERE, self.sent())
        os.remove(self.path("dictionaries", "patients.sealed"))
        self.write('[inspection]\nkinds = ["credit_card"]\n[[rule]]\nname = "a"\nkind = "PATIENT"\npattern = "P-1"\n',
                   "inspection.toml")
        self.reload()
        self.redoubt.chat("see " + HERE)
        self.assertEqual(self.sent(), "see " + HERE)

    def test_another_dictionary_takes_its_place_at_once(self):
        self.seal(HERE)
        self.start()
        self.seal(OTHER)
        self.reload()
        self.redoubt.chat(f"{HERE} {OTHER}")
        self.assertRegex(self.sent(), f"^{HERE} PATIENT_[A-Z2-9]{{10}}$")
        wait_for(lambda: len(self.keyed()) == 2)

    def test_it_is_keyed_anew_after_a_restart_and_after_a_crash(self):
        self.seal(HERE)
        self.start()
        self.redoubt.stop()
        self.restart()
        self.redoubt.chat("see " + HERE)
        self.assertNotIn(HERE, self.sent())
        self.redoubt.kill()
        self.restart()
        self.redoubt.chat("see " + HERE)
        self.assertNotIn(HERE, self.sent())
        wait_for(lambda: len(self.keyed()) == 3)

    def test_it_comes_into_force_through_the_administrative_interface(self):
        self.start(MASK + MANAGE, '[inspection]\nkinds = ["credit_card"]\n[[rule]]\nname = "a"\nkind = "PATIENT"\n'
                                  'pattern = "P-1"\n')
        self.assertEqual(self.put(self.seal(HERE))[0], 200)
        wait_for(lambda: self.redoubt.chat("see " + HERE)[0] == 200)
        self.assertNotIn(HERE, self.sent())
        # What the keeper refuses is in force then; what may be in it does not pass.
        status, said = self.put(self.seal(HERE, key=self.strangers_key()))
        self.assertEqual(status, 200, said)
        wait_for(lambda: "cannot be opened" in self.redoubt.log_text())
        count = len(self.requests)
        for stream in (False, True):
            self.assertEqual(self.redoubt.chat("see " + STRANGER, stream=stream)[0], 503)
        self.assertEqual(len(self.requests), count)
        self.assertEqual(self.redoubt.chat("hello")[0], 200, "nothing of that form is in it")
        self.say = lambda body: "It is " + STRANGER
        self.assertEqual(self.redoubt.chat("hello")[0], 503)
        with self.assertRaises(http.client.IncompleteRead) as cut:
            self.redoubt.chat("hello", stream=True)
        self.assertEqual(cut.exception.partial, b"")

    def put(self, sealed):
        _, fields, now = self.redoubt.admin("GET", "/bundle")
        _, _, said = self.redoubt.admin("GET", "/bundles/" + now["digest"])
        files = {file["name"]: file["text"] for file in said["files"]}
        files |= {"inspection.toml": RULES, "dictionaries/patients.sealed": sealed}
        status, _, said = self.redoubt.admin("PUT", "/bundle", {"files": [
            {"name": name, "text": text} for name, text in files.items()]}, headers={"If-Match": fields["etag"]})
        return status, said


class Refused(WithRecords):
    """What cannot be opened starts no server, and changes nothing in one that runs."""

    def broken(self):
        """Each way, and what is said of it."""
        good = self.seal(HERE, OTHER)
        head, part = good.splitlines()
        middle = len(part) // 2
        another = "dictionaries/patients.sealed: sealed to another keeper"
        yield lambda: self.seal(HERE, key=self.strangers_key()), another
        yield lambda: self.seal(HERE, name="staff"), another
        yield (lambda: self.put(head + "\n" + part[:middle] + ("B" if part[middle] == "A" else "A") +
                                part[middle + 1:] + "\n"), "or altered")
        yield lambda: self.put(good[:-1]), "not all of it"
        yield lambda: self.put(head + "\n"), "is not whole"
        yield lambda: self.put(good + part + "\n"), "sealed to another keeper"
        yield lambda: self.put(f"{HERE}\n{OTHER}\n"), "not a sealed dictionary"
        yield lambda: self.put("A" * (17 << 20)), "patients.sealed"
        yield lambda: os.remove(self.path("dictionaries", "patients.sealed")), "there is no file `dictionaries/patients"
        yield lambda: (self.put(good), self.seal(HERE, to="staff")), "no rule in inspection.toml names it"

    def put(self, text):
        self.write(text, "dictionaries", "patients.sealed")

    def test_at_the_start(self):
        with open(self.path("policies", "default.cedar"), "w") as file:
            file.write(MASK)
        self.write(RULES, "inspection.toml")
        for breaking, said in self.broken():
            with self.subTest(said):
                breaking()
                self.assertIn(said, self.refused_to_start())
        os.remove(self.path("dictionaries", "staff.sealed"))
        self.restart()
        self.redoubt.chat("see " + HERE)
        self.assertNotIn(HERE, self.sent())

    def test_while_it_runs(self):
        self.seal(HERE)
        self.start()
        for breaking, said in self.broken():
            with self.subTest(said):
                breaking()
                self.reload(said)
                self.redoubt.chat("see " + HERE)
                self.assertRegex(self.sent(), "^see PATIENT_")
        self.assertEqual(len([fact for fact in self.redoubt.facts()]), STARTED)

    def test_records_in_the_clear_are_no_part_of_a_bundle(self):
        self.write("[[rule]]\nname = 'a'\nkind = 'A'\npattern = '[0-9]{8}'\nrecords = ['10203040']\n",
                   "inspection.toml")
        said = self.refused_to_start()
        self.assertIn("redoubt inspect seal", said)
        self.assertNotIn(HERE, said)

    def test_a_keeper_without_the_key_opens_none(self):
        self.seal(HERE)
        os.remove(self.path("keeper", "dictionary.key"))
        self.write(RULES, "inspection.toml")
        self.write(MASK, "policies", "default.cedar")
        self.assertIn("this keeper has no key for dictionaries", self.refused_to_start())


class Commands(WithRecords):
    def cli(self, *words, text=None):
        return run(program("redoubt"), "inspect", *words, check=False, input=text)

    def seal_text(self, text, *words):
        return self.cli("seal", "--dir", self.redoubt.dir, *words, text=text)

    def test_sealing_says_what_is_wrong(self):
        self.assertIn("one record at least", self.seal_text(" \n\n", "patients").stderr)
        self.assertIn("a dictionary's name", self.seal_text("a\n", "../patients").stderr)
        done = self.seal_text("a\n" + "x" * 257 + "\n", "patients")
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("line 2: a record has at most 256 bytes", done.stderr)
        os.remove(self.path("dictionary.pub"))
        self.assertIn("dictionary.pub", self.seal_text("a\n", "patients").stderr)
        self.write("nonsense\n", "dictionary.pub")
        self.assertIn("is no public key", self.seal_text("a\n", "patients").stderr)

    def test_sealing_writes_a_file_and_counts(self):
        out = self.path("patients.sealed")
        done = self.seal_text("a\n b \nA\n", "--out", out, "--json", "patients")
        self.assertEqual(json.loads(done.stdout), {"ok": True, "dictionary": "patients", "records": 2})
        with open(out) as file:
            text = file.read()
        self.assertTrue(text.startswith("redoubt-dictionary-v1 "))
        said = json.loads(self.seal_text("a\n", "--json", "patients").stdout)
        self.assertEqual((said["records"], len(said["sealed"].splitlines())), (1, 2))

    def test_rules_with_a_dictionary_are_tested_with_its_records(self):
        self.write(RULES + "[[case]]\ntext = 'see 10203040, 10203041 and ann lee'\n"
                           "expect = ['PATIENT:10203040', 'PATIENT:ann lee']\n", "rules.toml")
        self.write(f"{HERE}\nAnn Lee\n", "records.txt")
        rules, records = self.path("rules.toml"), "patients=" + self.path("records.txt")
        done = self.cli("test", rules, "--dictionary", records)
        self.assertEqual((done.returncode, done.stdout), (0, "1 passed, 0 failed\n"), done.stderr)
        done = self.cli("test", rules)
        self.assertEqual(done.returncode, 3)
        self.assertIn("--dictionary patients=FILE", done.stderr)
        self.write(f"{OTHER}\n", "records.txt")
        done = self.cli("test", rules, "--dictionary", records)
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (1, "0 passed, 1 failed"))
        done = self.cli("redact", "--rules", rules, "--dictionary", records, text=f"{HERE} {OTHER}")
        self.assertEqual(done.stdout.strip(), f"{HERE} <PATIENT>", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
