#!/usr/bin/env python3
"""`redoubt policy …` on files: what is read, decided, explained, formatted and translated, and what is refused."""
import json
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest

from harness import program

POLICIES = textwrap.dedent("""\
    // Who may look.
    @id("owners-view")
    permit (principal, action == Action::"view", resource)
    when { resource.owner == principal };

    permit (principal in Group::"staff", action, resource)
    unless { resource.private && context.hour > 18 };

    forbid (principal, action == Action::"edit", resource)
    when { resource.size + 9223372036854775807 > 0 };
    """)
SCHEMA = textwrap.dedent("""\
    entity Group;
    entity User in [Group];
    entity Photo { owner: User, private: Bool, size: Long };
    action view, edit appliesTo { principal: User, resource: Photo, context: { hour: Long } };
    """)
ENTITIES = [
    {"uid": {"type": "User", "id": "alice"}, "attrs": {}, "parents": []},
    {"uid": {"type": "User", "id": "bob"}, "attrs": {}, "parents": [{"type": "Group", "id": "staff"}]},
    {"uid": {"type": "Group", "id": "staff"}, "attrs": {}, "parents": []},
    {"uid": {"type": "Photo", "id": "p"}, "parents": [],
     "attrs": {"owner": {"__entity": {"type": "User", "id": "alice"}}, "private": True, "size": 1}},
]


class Commands(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.policies = self.file("a.cedar", POLICIES)
        self.schema = self.file("a.cedarschema", SCHEMA)
        self.entities = self.file("entities.json", json.dumps(ENTITIES))

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def read(self, path):
        with open(path) as file:
            return file.read()

    def run_policy(self, *words, text=None):
        return subprocess.run([program("redoubt"), "policy", *words], input=text, capture_output=True, text=True,
                              timeout=60)

    def output(self, *words, text=None):
        done = self.run_policy(*words, text=text)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def ask(self, command, who, action, hour, *more):
        context = self.file("context.json", json.dumps({"hour": hour}))
        return self.run_policy(command, "--policies", self.policies, "--schema", self.schema, "--entities",
                               self.entities, "--principal", 'User::"%s"' % who, "--action", 'Action::"%s"' % action,
                               "--resource", 'Photo::"p"', "--context", context, *more)


class Reading(Commands):
    def test_what_is_well_formed_is_said_to_be(self):
        self.output("check", "--policies", self.policies, "--schema", self.schema, "--entities", self.entities)
        self.output("check", text=POLICIES)
        self.assertTrue(json.loads(self.output("check", "--policies", self.policies, "--json"))["ok"])

    def test_what_is_not_is_shown_where_it_stands(self):
        bad = self.file("bad.cedar", "permit (principal, action, resource)\nwhen { principal. };\nforbid (")
        done = self.run_policy("check", "--policies", bad)
        self.assertEqual(done.returncode, 1)
        self.assertIn(bad + ":2:19: ", done.stderr)
        self.assertIn("  2 | when { principal. };\n", done.stderr)
        self.assertIn("expected an identifier", done.stderr)
        self.assertIn(bad + ":3:", done.stderr)  # reading went on
        answer = json.loads(self.run_policy("check", "--policies", bad, "--json").stdout)
        self.assertFalse(answer["ok"])
        self.assertEqual([(p["file"], p["line"]) for p in answer["errors"]], [(bad, 2), (bad, 3)])

    def test_a_file_that_is_not_there_is_a_failure(self):
        self.assertEqual(self.run_policy("check", "--policies", self.folder + "/none").returncode, 3)

    def test_validation_says_what_does_not_fit(self):
        self.output("validate", "--policies", self.policies, "--schema", self.schema)
        bad = self.file("bad.cedar", 'permit (principal, action == Action::"view", resource)\n'
                                     'when { resource.ownr == principal };')
        done = self.run_policy("validate", "--policies", bad, "--schema", self.schema)
        self.assertEqual(done.returncode, 1)
        self.assertIn(bad + ":2:", done.stderr)
        self.assertIn("`ownr`", done.stderr)

    def test_redoubts_own_policies_are_checked_as_the_server_takes_them(self):
        folder = os.path.join(self.folder, "policies")
        os.mkdir(folder)
        with open(os.path.join(folder, "default.cedar"), "w") as file:
            file.write(self.output("schema", "--defaults"))
        self.assertRegex(self.output("bundle", folder), r"^policies  6\nfiles     1\n$")
        with open(os.path.join(folder, "bad.cedar"), "w") as file:
            file.write('@redcat("x") permit (principal, action, resource);')
        done = self.run_policy("bundle", folder)
        self.assertEqual(done.returncode, 1)
        self.assertIn("@redcat", done.stderr)
        self.assertEqual(self.run_policy("bundle", folder + "/none").returncode, 3)


class Deciding(Commands):
    def test_a_decision_names_what_made_it(self):
        done = self.ask("authorize", "alice", "view", 20, "--verbose")
        self.assertEqual((done.returncode, done.stdout), (0, "ALLOW\ndetermined by\n  owners-view\n"), done.stderr)
        done = self.ask("authorize", "bob", "view", 20, "--verbose")
        self.assertEqual((done.returncode, done.stdout), (1, "DENY\nno policy determined this\n"))

    def test_policies_that_err_are_left_out_and_told(self):
        done = self.ask("authorize", "bob", "edit", 9, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        self.assertEqual((answer["decision"], answer["reasons"]), ("allow", ["policy1"]))
        self.assertEqual([(e["policy"], "overflow" in e["message"]) for e in answer["errors"]], [("policy2", True)])

    def test_a_request_may_be_a_file(self):
        request = self.file("request.json", json.dumps({
            "principal": 'User::"alice"', "action": 'Action::"view"', "resource": 'Photo::"p"', "context": {"hour": 1}}))
        self.assertEqual(self.output("authorize", "--policies", self.policies, "--entities", self.entities,
                                     "--request-json", request), "ALLOW\n")

    def test_what_does_not_fit_the_schema_is_not_decided(self):
        done = self.ask("authorize", "alice", "delete", 1)
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("delete", done.stderr)

    def test_an_explanation_says_which_condition_failed(self):
        done = self.ask("explain", "bob", "view", 20)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertTrue(done.stdout.startswith("DENY\n"))
        self.assertRegex(done.stdout, r"permit `owners-view`: false\n(.*\n)*?  false +when \{ resource\.owner == principal \}")
        self.assertRegex(done.stdout, r"true +context\.hour > 18")
        answer = json.loads(self.ask("explain", "bob", "view", 20, "--json").stdout)
        self.assertEqual({p["policy"] for p in answer["policies"]}, {"owners-view", "policy1", "policy2"})

    def test_a_measurement_is_one(self):
        done = self.ask("bench", "alice", "view", 1, "--seconds", "0.05")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"\d")


class Writing(Commands):
    UGLY = "// Everybody.\npermit(principal,action,resource)when{true};"

    def test_formatting_keeps_comments_and_is_stable(self):
        once = self.output("format", text=self.UGLY)
        self.assertIn("// Everybody.\n", once)
        self.assertEqual(self.output("format", text=once), once)

    def test_files_are_written_or_only_looked_at(self):
        path = self.file("ugly.cedar", self.UGLY)
        os.chmod(path, 0o604)
        self.assertEqual(self.run_policy("format", "--check", "--policies", path).returncode, 1)
        self.assertEqual(self.read(path), self.UGLY)
        self.assertEqual(self.output("format", "--write", "--policies", path), "")
        self.assertEqual(self.run_policy("format", "--check", "--policies", path).returncode, 0)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o604)

    def test_what_is_malformed_is_not_overwritten(self):
        path = self.file("bad.cedar", "permit (")
        self.assertIn(self.run_policy("format", "--write", "--policies", path).returncode, (1, 3))
        self.assertEqual(self.read(path), "permit (")

    def test_policies_come_back_from_json(self):
        as_json = self.output("translate-policy", "--direction", "cedar-to-json", "--policies", self.policies)
        self.assertEqual(len(json.loads(as_json)["staticPolicies"]), 3)
        back = self.output("translate-policy", "--direction", "json-to-cedar", text=as_json)
        again = self.output("translate-policy", "--direction", "cedar-to-json", text=back)
        self.assertEqual(json.loads(again), json.loads(as_json))

    def test_schemas_come_back_from_json(self):
        as_json = self.output("translate-schema", "--direction", "cedar-to-json", "--schema", self.schema)
        self.assertIn("Photo", json.loads(as_json)[""]["entityTypes"])
        back = self.output("translate-schema", "--direction", "json-to-cedar", text=as_json)
        again = self.output("translate-schema", "--direction", "cedar-to-json", text=back)
        self.assertEqual(json.loads(again), json.loads(as_json))

    def test_a_template_is_linked_and_decides(self):
        template = self.file("t.cedar", '@id("for") permit (principal == ?principal, action, resource in ?resource);')
        links = os.path.join(self.folder, "links.json")
        words = ["link", "--policies", template, "--template-linked", links, "--template-id", "for",
                 "--new-id", "for-alice", "--arguments"]
        self.output(*words, json.dumps({"?principal": 'User::"alice"', "?resource": 'Photo::"p"'}))
        decided = self.output("authorize", "--policies", template, "--template-linked", links, "--verbose",
                              "--principal", 'User::"alice"', "--action", 'Action::"view"', "--resource", 'Photo::"p"')
        self.assertEqual(decided, "ALLOW\ndetermined by\n  for-alice\n")
        before = self.read(links)
        self.assertNotEqual(self.run_policy(*words, json.dumps({"?principal": 'User::"alice"'})).returncode, 0)
        self.assertEqual(self.read(links), before)


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
