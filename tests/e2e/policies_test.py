#!/usr/bin/env python3
"""Policies in a running server: both decisions, obligations, activation on record, and the commands about them."""
import json
import os
import shutil
import signal
import sys
import textwrap
import unittest

from harness import (STARTED, Redoubt, STREAM_HEAD, Upstream, chunk, event, fact_kind, parse_receipt, program, run,
                     stage, wait_for, whole_reply)

ANY = "permit (principal, action, resource);\n"


class Base(unittest.TestCase):
    def setUp(self):
        def answer(request, connection):
            self.requests.append(request)
            if '"stream": true' in request:
                connection.sendall(STREAM_HEAD + chunk(event("secret")) + chunk("data: [DONE]\n\n") + b"0\r\n\r\n")
            else:
                connection.sendall(whole_reply("secret"))
            return True
        self.requests = []
        self.upstream = Upstream(answer)
        self.addCleanup(self.upstream.close)
        self.redoubt = Redoubt(self.upstream.url, applications=("narrow:callers::other",))
        self.addCleanup(self.redoubt.remove)
        self.policies = os.path.join(self.redoubt.dir, "policies")

    def write(self, text, name="default.cedar"):
        with open(os.path.join(self.policies, name), "w") as file:
            file.write(text)

    def start(self, text):
        self.write(text)
        self.redoubt.start()

    def activations(self):
        return [fact for fact in self.redoubt.facts() if fact_kind(fact).startswith("bundle.")]

    def reload(self, text):
        """Waits until it is in force."""
        before = self.redoubt.log_text().count("in force")
        self.write(text)
        self.redoubt.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.redoubt.log_text().count("in force") > before)

    def code(self, body):
        return json.loads(body)["error"]["code"]


class Decisions(Base):
    def refused(self, key):
        status, headers, body = self.redoubt.chat(key=key)
        self.assertEqual((status, headers["redoubt-decision"], self.code(body)), (403, "deny", "permission_denied"))

    def test_what_init_writes_permits_each_group_its_own(self):
        self.redoubt.start()
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.refused(self.redoubt.auditor)
        self.refused(self.redoubt.keys["admin-1"])
        self.assertEqual(len(self.requests), 1)

    def test_no_policy_widens_what_a_key_is_narrowed_to(self):
        self.start(ANY)
        self.refused(self.redoubt.keys["narrow"])
        self.assertEqual(self.redoubt.chat(key=self.redoubt.keys["narrow"], model="other")[0], 200)
        self.assertEqual(len(self.requests), 1)

    def test_the_record_names_policy_and_bundle(self):
        self.start('@id("everybody") ' + ANY)
        index = parse_receipt(self.redoubt.chat()[1]["redoubt-receipt"])[1]
        wait_for(lambda: len(self.redoubt.leaves()) > index)
        admission = self.redoubt.entries()[index - 1]
        policy = admission["authorizations"][0]["policy"]
        self.assertEqual((policy["name"], policy["uid"]), ("cedar", "everybody"))
        self.assertEqual(policy["version"], self.activations()[0]["unmapped"]["redoubt"]["body"]["digest"])
        self.assertRegex(policy["version"], r"^sha256:[0-9a-f]{64}$")

    def test_forbid_wins(self):
        self.start(ANY + '@id("not-m") forbid (principal, action == Action::"invoke", resource == Model::"m");')
        self.assertEqual(self.redoubt.chat()[0], 403)
        self.assertEqual(self.requests, [])

    def test_an_empty_folder_denies_everything(self):
        os.remove(os.path.join(self.policies, "default.cedar"))
        self.redoubt.start()
        self.assertEqual(self.redoubt.chat()[0], 403)
        self.assertEqual(self.redoubt.get("/ledger/tile/entries/000", key=self.redoubt.auditor)[0], 403)

    def test_purpose_is_the_callers_word(self):
        self.start('permit (principal, action, resource) when { context has purpose && context.purpose == "care" };')
        body = json.dumps({"model": "m", "messages": []})
        def ask(*purposes):
            connection = self.redoubt.connect()
            try:
                connection.putrequest("POST", "/v1/chat/completions")
                connection.putheader("Authorization", "Bearer " + self.redoubt.key)
                connection.putheader("Content-Length", str(len(body)))
                for purpose in purposes:
                    connection.putheader("Redoubt-Purpose", purpose)
                connection.endheaders(body.encode())
                return connection.getresponse().status
            finally:
                connection.close()
        self.assertEqual([ask("care"), ask("sales"), ask(), ask("care", "care"), ask("x" * 129)],
                         [200, 403, 403, 400, 400])


class Release(Base):
    INVOKE = 'permit (principal, action == Action::"invoke", resource);\n'

    def outcome(self):
        wait_for(lambda: any(stage(r) == "outcome" for r in self.redoubt.records()))
        return [r for r in self.redoubt.records() if stage(r) == "outcome"][-1]

    def test_an_answer_that_is_not_released_stays_inside(self):
        for stream in (False, True):
            with self.subTest(stream=stream):
                if self.redoubt.process is None:
                    self.start(self.INVOKE)
                status, headers, body = self.redoubt.chat(stream=stream)
                self.assertEqual((status, headers["redoubt-decision"]), (403, "deny"))
                self.assertEqual(self.code(body), "release_denied")
                self.assertNotIn(b"secret", body)
                outcome = self.outcome()
                self.assertEqual(outcome["status_detail"], "release_denied")
                self.assertEqual(len(self.requests), 2 if stream else 1)

    def test_what_is_in_force_when_the_request_comes_decides_the_answer_too(self):
        self.start(ANY)
        def answer(request, connection):
            self.reload(self.INVOKE)  # the second decision is forbidden from now on
            connection.sendall(whole_reply("late"))
            return True
        self.upstream.handler = answer
        self.assertEqual(self.redoubt.chat()[0], 200)


class Obligations(Base):
    def test_commit_makes_the_reply_wait(self):
        self.start('@commit("published") ' + ANY)
        _, headers, _ = self.redoubt.chat()
        self.assertEqual(headers["redoubt-commit"], "published")

    def test_what_cannot_be_carried_out_denies_beside_a_broad_permit(self):
        self.start(ANY + '@step_up("mfa") permit (principal, action, resource == Model::"m");')
        self.assertEqual(self.redoubt.chat()[0], 403)
        self.assertEqual(self.requests, [])

    def test_a_forbid_that_errs_denies(self):
        self.start(ANY + 'forbid (principal, action, resource) when '
                   '{ context.authentication.strength + 9223372036854775807 > 0 };')
        self.assertEqual(self.redoubt.chat()[0], 403)


class Activation(Base):
    def test_it_is_on_record_before_the_first_decision(self):
        self.start(ANY)
        self.redoubt.chat()
        self.redoubt.wait_published(1)
        facts = self.redoubt.entries()[:STARTED]
        self.assertEqual([fact_kind(fact) for fact in facts], ["identity.genesis", "bundle.begin"])
        self.assertEqual(facts[1]["actor"]["user"]["uid"], "redoubt")
        self.assertEqual(facts[1]["unmapped"]["redoubt"]["on_behalf_of"], "uid:%d" % os.getuid())

    def test_new_policies_are_in_force_after_sighup_and_on_record(self):
        self.start(ANY)
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.reload('forbid (principal, action, resource);')
        self.assertEqual(self.redoubt.chat()[0], 403)
        wait_for(lambda: len(self.activations()) == 2)
        self.reload('forbid (principal, action, resource);')  # the same: nothing is activated
        self.redoubt.chat()
        self.assertEqual(len(self.activations()), 2)

    def test_what_does_not_validate_changes_nothing(self):
        self.start(ANY)
        for bad in ("permit (principal, action, resource) when { context.colour };", "permit (", '@redcat("x") ' + ANY):
            with self.subTest(bad):
                before = self.redoubt.log_text().count("a file is kept")
                self.write(bad)
                self.redoubt.process.send_signal(signal.SIGHUP)
                wait_for(lambda: self.redoubt.log_text().count("a file is kept") > before)
                self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(len(self.activations()), 1)

    def test_what_does_not_validate_starts_no_server(self):
        for bad, word in (('@redcat("x") ' + ANY, "@redcat"), ("permit (", "default.cedar:1:")):
            self.write(bad)
            done = run(program("redoubt"), "serve", "--dir", self.redoubt.dir, "--listen", "127.0.0.1:0", check=False)
            self.assertEqual(done.returncode, 3)
            self.assertIn(word, done.stderr)
        shutil.rmtree(self.policies)
        done = run(program("redoubt"), "serve", "--dir", self.redoubt.dir, "--listen", "127.0.0.1:0", check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("policies", done.stderr)

    def test_the_command_checks_what_a_start_would(self):
        def check():
            return run(program("redoubt"), "policy", "bundle", "--dir", self.redoubt.dir, check=False)
        self.write(ANY)
        self.assertEqual(check().returncode, 0)
        playbooks = os.path.join(self.redoubt.dir, "playbooks")
        os.makedirs(playbooks, exist_ok=True)
        with open(os.path.join(playbooks, "bad.yaml"), "w") as file:
            file.write("playbook: bad\ndo: [{effect: shout}]\n")
        done = check()
        self.assertEqual(done.returncode, 1)
        self.assertIn("bad.yaml", done.stderr)

    def write_inspection(self, text):
        with open(os.path.join(self.redoubt.dir, "inspection.toml"), "w") as file:
            file.write(text)

    def test_rules_of_inspection_are_part_of_what_is_in_force(self):
        self.write_inspection("[inspection]\nkinds = ['jwt']\n")
        self.start(ANY)
        self.write_inspection("[inspection]\nkinds = ['credit_card']\n")
        self.redoubt.process.send_signal(signal.SIGHUP)
        wait_for(lambda: len(self.activations()) == 2)
        before = self.redoubt.log_text().count("a file is kept")
        self.write_inspection("[inspection]\nkinds = ['credit_cart']\n")
        self.redoubt.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.redoubt.log_text().count("a file is kept") > before)
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(len(self.activations()), 2)

    def test_rules_of_inspection_that_cannot_be_used_start_no_server(self):
        records = "[[rule]]\nname = 'a'\nkind = 'A'\npattern = '[0-9]{8}'\nrecords = ['10203040']\n"
        for bad, word in (("[inspection]\nkind = 'jwt'\n", "inspection.toml:2:1"), (records, "rule `a` has records: seal them")):
            self.write_inspection(bad)
            done = run(program("redoubt"), "serve", "--dir", self.redoubt.dir, "--listen", "127.0.0.1:0", check=False)
            self.assertEqual(done.returncode, 3)
            self.assertIn(word, done.stderr)

    def write_playbook(self, effect):
        os.makedirs(os.path.join(self.redoubt.dir, "playbooks"), exist_ok=True)
        with open(os.path.join(self.redoubt.dir, "playbooks", "own.yaml"), "w") as file:
            file.write("playbook: own\ndo:\n  - {effect: %s, for: 1h}\n" % effect)

    def test_playbooks_are_part_of_what_is_in_force(self):
        self.start(ANY)
        self.write_playbook("suspend")
        shown = run(program("redoubt"), "state", "diff", "--dir", self.redoubt.dir, check=False,
                    env={**os.environ, "REDOUBT_ADMIN_KEY": self.redoubt.keys["admin-1"]})
        self.assertIn("added playbooks/own.yaml", shown.stdout)
        self.redoubt.process.send_signal(signal.SIGHUP)
        wait_for(lambda: len(self.activations()) == 2)
        before = self.redoubt.log_text().count("a file is kept")
        self.write_playbook("delete")
        self.redoubt.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.redoubt.log_text().count("a file is kept") > before)
        self.assertIn("playbooks/own.yaml:3", self.redoubt.log_text())
        self.assertEqual(len(self.activations()), 2)

    def test_a_playbook_that_is_not_understood_starts_no_server(self):
        self.write_playbook("delete")
        done = run(program("redoubt"), "serve", "--dir", self.redoubt.dir, "--listen", "127.0.0.1:0", check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("playbooks/own.yaml:3", done.stderr)


class Commands(Base):
    CASES = textwrap.dedent("""\
        cases:
          - name: permitted
            principal: { name: demo, type: Application, groups: [callers] }
            action: invoke
            resource: m
            expect: allow
            reasons: [callers-invoke-models]
          - name: not permitted
            principal: { name: auditor, groups: [auditors] }
            action: invoke
            resource: m
            expect: deny
        """)

    def cli(self, *words):
        return run(program("redoubt"), "policy", *words, check=False)

    def cases(self, text):
        path = os.path.join(self.redoubt.folder, "cases.yaml")
        with open(path, "w") as file:
            file.write(text)
        return path

    def test_cases_pass_or_say_why_not(self):
        done = self.cli("test", self.cases(self.CASES), "--dir", self.redoubt.dir)
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (0, "2 passed, 0 failed"), done.stderr)
        done = self.cli("test", self.cases(self.CASES.replace("expect: deny", "expect: allow")), "--dir",
                        self.redoubt.dir)
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (1, "1 passed, 1 failed"))
        self.assertIn("expected allow", done.stdout)
        self.assertIn("no policy permits it", done.stdout)
        done = self.cli("test", self.cases(self.CASES), "--dir", self.redoubt.dir, "--json")
        self.assertEqual(json.loads(done.stdout)["passed"], 2)

    def test_cases_that_are_none_are_refused_with_their_place(self):
        for text in (self.CASES.replace("expect: deny", "expect: maybe"), self.CASES.replace("action:", "akshun:"),
                     "cases: [", "cases: []", "- 1", self.CASES.replace("    expect: deny\n", "")):
            done = self.cli("test", self.cases(text), "--dir", self.redoubt.dir)
            self.assertEqual(done.returncode, 3, text)
        done = self.cli("test", self.cases(self.CASES.replace("expect: deny", "expect: maybe")), "--dir",
                        self.redoubt.dir)
        self.assertIn("line 12", done.stderr)

    def test_a_difference_is_listed_decision_by_decision(self):
        self.start(ANY)
        for _ in range(3):
            self.redoubt.chat()
        self.assertEqual(self.redoubt.stop(), 0)
        new = os.path.join(self.redoubt.folder, "new")
        os.mkdir(new)
        with open(os.path.join(new, "a.cedar"), "w") as file:
            file.write(ANY + '@id("no-m") forbid (principal, action == Action::"invoke", resource == Model::"m");')
        same = self.cli("diff", self.policies, self.policies, "--against", self.redoubt.dir)
        self.assertEqual(same.returncode, 0, same.stderr)
        self.assertIn("6 decisions replayed, 0 would change", same.stdout)
        other = self.cli("diff", self.policies, new, "--against", self.redoubt.dir, "--json")
        self.assertEqual(other.returncode, 1)
        changes = json.loads(other.stdout)["changes"]
        self.assertEqual([(c["principal"], c["action"], c["before"], c["after"], c["after_by"]) for c in changes],
                         [("demo", "invoke", "allow", "deny", "no-m")] * 3)

    def test_the_schema_is_printed(self):
        self.assertIn("action invoke", self.cli("schema").stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
