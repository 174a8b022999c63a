#!/usr/bin/env python3
"""`redoubt incident` against a server with incidents: the administrative interface with a ledger in memory, as
tests/admin has it (ADMIN_TEST_SERVER), where two alerts were raised and a playbook proposed a response to each."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

from harness import program

SUCCESS, NO, USAGE = 0, 1, 2
FIRST, SECOND = "00000000000000a1", "00000000000000a2"
PROPOSED, OTHER = "f0000000000000a1", "f0000000000000a2"


class Base(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.server = subprocess.Popen([os.environ["ADMIN_TEST_SERVER"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       text=True)
        self.addCleanup(self.stop)
        greeting = json.loads(self.server.stdout.readline())
        self.url, self.keys = greeting["url"], greeting["keys"]
        self.vkey = greeting["vkey"]

    def stop(self):
        self.server.stdin.close()
        self.assertEqual(self.server.wait(timeout=20), 0)
        self.server.stdout.close()

    def environment(self, who):
        return {**os.environ, "REDOUBT_PROFILES": os.path.join(self.folder, "profiles.toml"),
                "REDOUBT_ADMIN_KEY": self.keys[who]}

    def incident(self, *words, who="alice", status=SUCCESS):
        done = subprocess.run([program("redoubt"), "incident", *words, "--url", self.url], capture_output=True,
                              text=True, timeout=60, env=self.environment(who))
        self.assertEqual(done.returncode, status, f"{' '.join(words)}\n{done.stdout}{done.stderr}")
        return done.stdout

    def answer(self, *words, **how):
        return json.loads(self.incident(*words, "--json", **how))

    def rows(self, *words, columns, **how):
        return [row.split()[:columns] for row in self.incident(*words, **how).splitlines()[1:]]


class Cases(Base):
    def test_are_listed_shown_and_worked_on(self):
        self.assertEqual([row[0] for row in self.rows("alerts", "--severity", "high", columns=1)], [SECOND, FIRST])
        self.assertEqual(self.rows("list", "--status", "open", columns=1), [[SECOND], [FIRST]])
        self.assertEqual(self.answer("alert", FIRST)["answer"]["rule"], "behaviour.spend")
        taken = self.answer("assign", FIRST, "bob")
        self.assertEqual((taken["answer"]["owner"], taken["answer"]["version"]), ("bob", 1))
        self.incident("mark", FIRST, "--status", "contained", "--title", "a bill")
        self.incident("note", FIRST, "we called them")
        shown = self.incident("show", FIRST, who="carol")
        for text in ("a bill", "contained", "behaviour.spend", PROPOSED, "we called them", "principal/app"):
            self.assertIn(text, shown)
        parts = self.answer("show", FIRST, who="carol")
        self.assertEqual(parts["incident"]["title"], "a bill")
        self.assertEqual([item["id"] for item in parts["alerts"]["items"]], [FIRST])
        self.assertEqual([item["text"] for item in parts["notes"]["items"]], ["we called them"])
        self.assertEqual(self.answer("close", FIRST, "--cause", "false_positive")["answer"]["cause"], "false_positive")
        self.incident("note", FIRST, "too late", status=NO)
        self.incident("close", SECOND, "--cause", "none", status=USAGE)

    def test_are_taken_by_the_first_of_two_who_saw_the_same(self):
        self.incident("assign", FIRST, "alice", "--if-version", "0")
        self.incident("assign", FIRST, "bob", "--if-version", "0", who="bob", status=NO)
        self.assertEqual(self.answer("show", FIRST)["incident"]["owner"], "alice")
        self.incident("assign", FIRST, "--nobody")
        self.assertNotIn("owner", self.answer("show", FIRST)["incident"])

    def test_are_merged(self):
        self.incident("merge", FIRST, SECOND)
        self.assertEqual(self.answer("show", FIRST)["incident"]["merged_into"], SECOND)
        self.assertEqual(len(self.answer("show", SECOND)["alerts"]["items"]), 2)
        self.incident("merge", SECOND, FIRST, status=NO)
        self.incident("merge", SECOND, SECOND, status=USAGE)

    def test_are_for_whom_policies_say(self):
        self.incident("list", who="app", status=NO)
        self.incident("assign", FIRST, "carol", who="carol", status=NO)


class Timelines(Base):
    def test_are_listed_by_event_or_discovery(self):
        self.incident("assign", FIRST, "bob")
        for order in ("event", "discovery"):
            rows = self.rows("timeline", FIRST, "--by", order, columns=2)
            self.assertEqual([row[1] for row in rows],
                             ["alert.raised", "incident.opened", "response.proposed", "incident.changed"])
        self.incident("timeline", "00000000000000ff", status=NO)

    def test_are_followed_from_a_place_and_as_they_come(self):
        seen = self.incident("watch", "--after", "0", "--count", "6").splitlines()
        self.assertEqual([line.split()[1] for line in seen],
                         2 * ["alert.raised", "incident.opened", "response.proposed"])
        items = [json.loads(line) for line in self.incident("watch", "--after", "0", "--count", "6", "--json").splitlines()]
        place = "{index}.{part}".format(**items[4])
        rest = self.incident("watch", "--after", place, "--count", "1")
        self.assertIn("response.proposed", rest)
        self.incident("watch", "--after", "x", status=USAGE)
        self.incident("watch", "--after", "100000", status=USAGE)

        watching = subprocess.Popen([program("redoubt"), "incident", "watch", "--incident", SECOND, "--after", place,
                                     "--url", self.url], stdout=subprocess.PIPE, text=True,
                                    env=self.environment("carol"))
        self.addCleanup(watching.stdout.close)
        self.addCleanup(watching.wait)
        self.addCleanup(watching.kill)
        self.assertIn("response.proposed", watching.stdout.readline())
        self.incident("assign", FIRST, "bob")
        self.incident("assign", SECOND, "bob")
        self.assertIn("incident/" + SECOND, watching.stdout.readline())
        # Whoever is stopped sees no more, and hears why.
        done = subprocess.run([program("redoubt"), "identity", "principal", "disable", "carol", "--url", self.url],
                              env=self.environment("alice"), capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, SUCCESS, done.stdout + done.stderr)
        self.incident("assign", SECOND, "--nobody")
        self.assertEqual(watching.wait(timeout=30), NO)
        self.assertEqual(watching.stdout.read(), "")


class Exports(Base):
    def share(self):
        path = os.path.join(self.folder, "share.json")
        self.incident("note", FIRST, "it was Eve, says her ward")
        self.incident("share", FIRST, "--output", path, who="carol")
        return path

    def verify(self, path, status=SUCCESS, vkey=None):
        done = subprocess.run([program("redoubt"), "incident", "verify-share", path, "--vkey", vkey or self.vkey],
                              capture_output=True, text=True, timeout=60, cwd=self.folder)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_are_verified_by_a_stranger_and_open_nothing(self):
        path = self.share()
        with open(path) as file:
            text = file.read()
        self.assertNotIn("Eve", text)
        said = self.verify(path)
        for what in ("incident.alert.raise", "incident.incident.note", "included    2, unproven 0"):
            self.assertIn(what, said)

        share = json.loads(text)
        self.assertEqual(share["incident"], FIRST)
        altered = os.path.join(self.folder, "altered.json")

        def refused(change):
            other = json.loads(text)
            change(other)
            with open(altered, "w") as file:
                json.dump(other, file)
            self.verify(altered, status=NO)

        def another_record(other):
            other["items"][0]["record"] = other["items"][0]["record"].replace("alert", "alarm", 1)

        def another_place(other):
            other["items"][0]["index"] += 1

        def swapped(other):
            first, second = other["items"]
            first["proof"], second["proof"] = second["proof"], first["proof"]

        def another_log(other):
            other["origin"] = "elsewhere.example/log"

        def without_proof(other):
            del other["items"][1]["proof"]

        def empty(other):
            other["items"] = []

        for change in (another_record, another_place, swapped, another_log, without_proof, empty):
            with self.subTest(change.__name__):
                refused(change)
        with open(altered, "w") as file:
            file.write("{")
        self.assertIn("altered.json", self.verify(altered, status=3))

    def test_are_valid_ocsf(self):
        lines = self.incident("export", FIRST, "--ocsf").splitlines()
        self.assertEqual([json.loads(line)["class_uid"] for line in lines], [2005, 2004, 7001])
        self.incident("export", FIRST, status=USAGE)
        validate = os.path.join(os.path.dirname(program("redoubt")), "ocsf_validate")
        if not os.path.exists(validate):
            self.skipTest("ocsf_validate is not built")
        done = subprocess.run([validate], input="\n".join(lines) + "\n", capture_output=True, text=True)
        if done.returncode == 3:
            self.skipTest("REDOUBT_DATA has no OCSF schema")
        self.assertEqual(done.returncode, 0, done.stdout)


class Responses(Base):
    def test_are_accepted_refused_and_undone(self):
        self.assertEqual(self.rows("responses", "--status", "proposed", columns=4),
                         [[OTHER, "proposed", "suspend", "principal/app"],
                          [PROPOSED, "proposed", "suspend", "principal/app"]])
        self.assertEqual(self.answer("accept", PROPOSED)["answer"]["status"], "active")
        self.incident("refuse", PROPOSED, status=NO)
        self.assertEqual(self.answer("undo", PROPOSED, who="bob")["answer"]["ended_by"], "bob")
        self.incident("undo", PROPOSED, status=NO)
        self.assertEqual(self.answer("refuse", OTHER)["answer"]["end"], "refused")

    def test_are_started_by_people(self):
        self.incident("respond", "throttle", "principal/app", "--for", "1h", "--reason", "r", status=USAGE)
        self.incident("respond", "suspend", "principal/nobody", "--for", "1h", "--reason", "r", status=USAGE)
        started = self.answer("respond", "throttle", "principal/app", "--per-minute", "5", "--for", "1h", "--incident",
                              FIRST, "--reason", "ten times its usual")["answer"]
        self.assertEqual((started["per_minute"], started["for_s"], started["incident"]), (5, 3600, FIRST))
        self.assertEqual(self.rows("responses", "--status", "active", "--incident", FIRST, columns=3),
                         [[started["id"], "active", "throttle"]])


class Clocks(Base):
    def clock(self, regime, step):
        answer = self.answer("clocks", FIRST, who="carol")
        return next(each for each in answer["deadlines"] if (each["regime"], each["step"]) == (regime, step))

    def test_run_from_what_people_say(self):
        self.assertIn("no clock runs", self.incident("clocks", FIRST, who="carol"))
        self.incident("aware", FIRST, "--time", "2026-05-28T08:20:00Z", "--reason", "the ward called")
        self.incident("aware", FIRST, "--time", "2099-01-01T00:00:00Z", "--reason", "x", status=USAGE)
        self.assertEqual(self.clock("gdpr", "authority")["state"], "undecided")
        self.assertTrue(self.clock("gdpr", "authority")["due"].startswith("2026-05-31T09:00:00"))
        self.incident("told", FIRST, "gdpr", "authority", "--time", "2026-05-28T09:00:00Z", status=NO)
        self.incident("decide", FIRST, "gdpr", "yes", "--reason", "patients are named", who="bob")
        self.incident("decide", FIRST, "solvency", "yes", "--reason", "x", status=USAGE)
        self.incident("decide", FIRST, "gdpr", "perhaps", "--reason", "x", status=USAGE)
        self.incident("told", FIRST, "gdpr", "authority", "--time", "2026-05-28T09:00:00Z", "--reference", "case 17")
        self.assertEqual(self.clock("gdpr", "authority")["state"], "done")
        shown = self.incident("clocks", FIRST, who="carol")
        for text in ("the ward called", "patients are named", "bob", "Art. 33(1)"):
            self.assertIn(text, shown)
        self.incident("aware", FIRST, "--reason", "x", who="carol", status=NO)


class Offline(unittest.TestCase):
    def run_incident(self, *words, status=SUCCESS):
        done = subprocess.run([program("redoubt"), "incident", *words], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_an_exercise_runs_a_playbook_and_enforces_nothing(self):
        playbooks = os.path.join(os.path.dirname(__file__), "..", "..", "playbooks", "contain-exfiltration.yaml")
        words = ("exercise", playbooks, "--playbook", "stop-exfiltration", "--name", "spring")
        answer = json.loads(self.run_incident(*words, "--json"))
        self.assertEqual([(each["effect"], each["target"], each["status"]) for each in answer["responses"]],
                         [("suspend", "principal/exercise:spring", "rehearsed")])
        self.assertIn("**EXERCISE.", self.run_incident(*words))
        self.assertIn("<strong class=\"mark\">EXERCISE.", self.run_incident(*words, "--html"))
        self.run_incident("exercise", playbooks, status=USAGE)

    def test_a_review_is_of_an_incident_that_there_is(self):
        with tempfile.TemporaryDirectory() as folder:
            var = os.path.join(folder, "var")
            subprocess.run([program("redoubt"), "init", "--dir", var, "--origin", "test.example/log", "--upstream",
                            "http://127.0.0.1:9", "--one-person"], check=True, capture_output=True, timeout=60)
            self.assertIn("there is no incident", self.run_incident("review", FIRST, "--dir", var, status=3))


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
