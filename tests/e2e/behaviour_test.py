#!/usr/bin/env python3
"""What a running server finds unusual in what it recorded: told at once, by whom, and again after a restart."""
import datetime
import json
import os
import time
import unittest

from harness import Redoubt, Upstream, program, run, stage, wait_for, whole_reply

POLICIES = """
permit (principal in Group::"administrators", action in Action::"manage", resource);
permit (principal, action == Action::"invoke", resource == Model::"small");
permit (principal, action == Action::"release", resource);
"""

OWN_RULE = """title: refused
id: 11111111-1111-4111-8111-111111111111
name: refused
status: test
logsource:
    category: ai_exchange
    product: redoubt
    service: denial
detection:
    selection:
        ai_model.name: large
    condition: selection
level: low
---
title: refused often
id: 22222222-2222-4222-8222-222222222222
status: test
correlation:
    type: event_count
    rules:
        - refused
    group-by:
        - actor.user.uid
    timespan: 10m
    condition:
        gte: %d
level: high
"""
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "rules", "taxonomy.yaml")) as shipped:
    TAXONOMY = shipped.read()


def kept_signals(redoubt):
    """The signals as the server has kept them."""
    folder = os.path.join(redoubt.dir, "state", "behaviour", "signals")
    lines = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name)) as file:
            lines += file.read().splitlines()
    return lines


class Behaviour(unittest.TestCase):
    def setUp(self):
        self.upstream = Upstream(self.answer)
        self.addCleanup(self.upstream.close)
        self.redoubt = Redoubt(self.upstream.url)
        self.addCleanup(self.redoubt.remove)
        with open(os.path.join(self.redoubt.dir, "policies", "default.cedar"), "w") as file:
            file.write(POLICIES)
        self.redoubt.start()

    def answer(self, request, connection):
        connection.sendall(whole_reply("hello"))
        return True

    def ask(self, path):
        status, _, said = self.redoubt.admin("GET", path)
        self.assertEqual(status, 200, said)
        return said

    def signals(self, query=""):
        return self.ask("/signals" + query)["items"]

    def all_signals(self):
        out, path = [], "/signals?limit=3"
        while path:
            page = self.ask(path)
            out += page["items"]
            path = "/signals?limit=3&cursor=" + page["next"] if "next" in page else None
        return out

    def until(self, index):
        return [signal for signal in self.all_signals() if signal["index"] <= index]

    def replay(self):
        return run(program("redoubt"), "behaviour", "replay", self.redoubt.dir).stdout.splitlines()

    def kept(self):
        return kept_signals(self.redoubt)

    def read(self, entries):
        """Waits until behaviour has read so many entries."""
        wait_for(lambda: self.ask("/behaviour")["entries"] >= entries)

    def settle(self):
        """Waits until nothing more is read; how far behaviour is then."""
        seen = []

        def settled():
            seen.append(self.ask("/behaviour"))
            return seen[-1]["entries"] > 0 and seen.count(seen[-1]) >= 4

        wait_for(settled)
        return seen[-1]

    def command(self, *words):
        return run(program("redoubt"), "behaviour", *words, "--dir", self.redoubt.dir,
                   env={**os.environ, "REDOUBT_ADMIN_KEY": self.redoubt.keys["admin-1"]}).stdout

    def test_somebody_who_tries_one_model_after_the_other_is_told_of(self):
        for at in range(30):
            status, _, _ = self.redoubt.chat("hello", model="large-%d" % (at % 5))
            self.assertEqual(status, 403)
        status = self.settle()
        self.assertTrue(status["running"])
        self.assertGreaterEqual(status["entries"], 30)
        self.assertEqual(status["unread"], 0)
        told = self.all_signals()
        self.assertNotEqual(told, [])
        self.assertEqual(status["signals"], len(told))
        self.assertGreater(status["rules"], 100)
        rules = {signal["rule"] for signal in told}
        self.assertTrue(any(rule.startswith("behaviour.") for rule in rules), rules)
        self.assertTrue(any(not rule.startswith("behaviour.") for rule in rules), rules)
        for signal in told:
            self.assertEqual(signal["attribution"], "proven", signal)
            self.assertEqual(signal["id"], "%s:%s:%d" % (signal["rule"], signal["key"], signal["index"]))
            self.assertEqual(signal["entries"][-1], signal["index"])
        indices = [signal["index"] for signal in told]
        self.assertEqual(indices, sorted(indices, reverse=True))
        self.assertEqual(self.signals("?rule=none"), [])
        # Reading them is on record, and a record may be worth a signal.
        shown = json.loads(self.command("signals", "--json"))["items"]
        self.assertEqual([one for one in shown if one["index"] <= told[0]["index"]], told)
        self.assertIn(told[0]["rule"], self.command("signals", "--severity", told[0]["severity"]))
        self.assertIn("running", self.command("status"))

        # Nothing is lost, and nothing comes twice.
        self.redoubt.stop()
        self.redoubt.start()
        self.read(status["entries"])
        self.assertEqual(self.until(told[0]["index"]), told)
        self.redoubt.kill()
        self.redoubt.start()
        self.read(status["entries"])
        self.assertEqual(self.until(told[0]["index"]), told)

        # Whoever reads the ledger says the same.
        self.redoubt.stop()
        self.assertEqual(self.replay(), self.kept())

    def test_rules_are_part_of_the_bundle(self):
        folder = os.path.join(self.redoubt.dir, "rules", "own")
        os.makedirs(folder)
        rule = os.path.join(folder, "refused.yml")
        with open(rule, "w") as file:
            file.write("title: refused\nid: 11111111-1111-4111-8111-111111111111\nstatus: test\n")
        result = run(program("redoubt"), "behaviour", "rules", "check", folder, check=False)
        self.assertEqual(result.returncode, 1)
        self.redoubt.stop()
        failed = run(program("redoubt"), "serve", "--dir", self.redoubt.dir, check=False)
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("refused.yml", failed.stderr)
        with open(rule, "w") as file:
            file.write(OWN_RULE % 3)
        self.redoubt.start()
        for _ in range(4):
            self.assertEqual(self.redoubt.chat("hello", model="large")[0], 403)
        self.assertEqual(self.settle()["rules"], 2)
        own = self.signals("?rule=22222222-2222-4222-8222-222222222222")
        self.assertEqual(len(own), 1)
        self.assertEqual(len(own[0]["entries"]), 3)
        self.redoubt.stop()
        self.assertEqual(self.replay(), self.kept())

        # Before a change goes live: what it would have raised and lost.
        changed = os.path.join(self.redoubt.dir, "changed")
        os.makedirs(changed)
        with open(os.path.join(changed, "refused.yml"), "w") as file:
            file.write(OWN_RULE % 2)
        with open(os.path.join(changed, "taxonomy.yaml"), "w") as file:
            file.write(TAXONOMY)
        compared = run(program("redoubt"), "behaviour", "replay", self.redoubt.dir, "--rules", changed,
                       "--against", "in-force", "--json", check=False)
        self.assertEqual(compared.returncode, 1, compared.stderr)
        lines = [json.loads(line) for line in compared.stdout.splitlines()]
        of_own = [line for line in lines if line.get("signal", {}).get("rule", "").startswith("2222")]
        self.assertEqual([line["change"] for line in of_own], ["raised", "lost"])
        self.assertEqual(of_own[1]["signal"]["id"], own[0]["id"])
        self.assertEqual(of_own[0]["signal"]["index"], own[0]["entries"][1])
        same = run(program("redoubt"), "behaviour", "replay", self.redoubt.dir, "--rules", changed,
                   "--against", changed)
        self.assertIn("0 raised, 0 lost", same.stdout)
        alone = run(program("redoubt"), "behaviour", "replay", self.redoubt.dir, "--rules", changed, "--rules-only")
        self.assertRegex(alone.stderr, "^[1-9][0-9]* entries")

    def test_the_mesh_answers_questions(self):
        self.assertEqual(self.redoubt.chat("hello", model="small")[0], 200)
        self.assertEqual(self.redoubt.chat("hello", model="large")[0], 403)
        self.settle()
        stats = self.ask("/mesh")
        self.assertGreater(stats["nodes"], 3)
        touched = self.ask("/mesh/nodes/model:small/touched")["items"]
        self.assertEqual({edge["kind"] for edge in touched} & {"called"}, {"called"})
        who = next(edge["from"] for edge in touched if edge["kind"] == "called")
        node = "%s:%s" % (who["type"], who["name"])
        self.assertEqual(self.ask("/mesh/nodes/%s" % node)["node"], who)
        could = {item["node"]["name"]: item["could"]
                 for item in self.ask("/mesh/nodes/%s/reach?policies=true&depth=1" % node)["items"]}
        self.assertIn(could["small"], ("always", "depends"))
        self.assertNotIn("large", could)
        self.assertTrue(self.ask("/mesh/nodes/%s/path?to=model:small" % node)["found"])
        said = self.command("mesh", "query", "touched", "model:small")
        self.assertIn("%s called model:small" % node, said)
        self.assertTrue(json.loads(self.command("mesh", "query", "path", node, "model:small", "--json"))["found"])
        self.assertIn(node, run(program("redoubt"), "behaviour", "mesh", "query", "touched", "model:small",
                                "--records", self.redoubt.dir).stdout)
        networks = self.ask("/mesh/top?types=network")["items"]
        self.assertRegex(networks[0]["node"]["name"], "^[0-9a-f]{16}$")
        # A record is in the files that are read here once it is published.
        self.assertTrue(wait_for(lambda: [each for each in self.redoubt.records() if "getMesh" in json.dumps(each)]))

    def test_the_mesh_of_a_moment_past_is_made_again(self):
        self.assertEqual(self.redoubt.chat("hello", model="small")[0], 200)
        self.settle()
        then = self.ask("/mesh/nodes/model:small")
        time.sleep(0.1)
        moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:23] + "Z"
        for _ in range(3):
            self.assertEqual(self.redoubt.chat("hello", model="small")[0], 200)
        self.settle()
        self.assertEqual(self.ask("/mesh/nodes/model:small?at=" + moment)["count"], then["count"])
        self.assertGreater(self.ask("/mesh/nodes/model:small")["count"], then["count"])
        grown = self.ask("/mesh/changes?against=" + moment)["items"]
        self.assertIn("grown_edge", {change["what"] for change in grown})
        said = self.command("mesh", "query", "changes", "--against", moment)
        self.assertIn("model:small", said)
        past = json.loads(self.command("mesh", "query", "node", "model:small", "--at", moment, "--json"))
        self.assertEqual(past["count"], then["count"])

    def test_the_bench_says_what_each_part_costs(self):
        done = run(program("redoubt"), "behaviour", "bench", "--records", "1000", "--people", "10", "--rounds", "1",
                   "--keys", "1000", "--nodes", "1000", "--edges", "2000", "--principals", "1000", "--json")
        told = json.loads(done.stdout)
        self.assertEqual({part["part"] for part in told["parts"]},
                         {"reading", "detectors", "rules", "correlation", "mesh", "all"})
        self.assertTrue(all(part["records_per_s"] > 0 for part in told["parts"]), told)
        self.assertTrue(all(value > 0 for name, value in told["figures"].items() if not name.endswith("_p99")), told)

    def test_a_usual_day_is_nothing_unusual(self):
        before = self.settle()["signals"]  # of the first facts
        for _ in range(30):
            status, _, _ = self.redoubt.chat("hello", model="small")
            self.assertEqual(status, 200)
        self.read(60)
        self.assertEqual([one for one in self.signals() if one["rule"].startswith("behaviour.")], [])
        self.assertEqual(self.settle()["signals"], before)


EVERYBODY = """
permit (principal in Group::"administrators", action in Action::"manage", resource);
permit (principal, action in [Action::"invoke", Action::"release"], resource);
"""

# One text in many variants, and now and then a number that inspection finds.
WORDS = ("the patient of sixty was seen on monday with a cough that had begun a week before and a fever at night no pain "
         "in the chest the lungs were clear on both sides blood pressure and pulse were as they should be the doctor asked "
         "for a picture of the chest and for blood to be taken").split()


def variant(number):
    words = list(WORDS)
    words[number % len(words)] = "word%d" % number
    return " ".join(words) + (" 4111 1111 1111 1111" if number % 3 == 0 else "")


class Features(unittest.TestCase):
    def setUp(self):
        self.upstream = Upstream(self.answer)
        self.addCleanup(self.upstream.close)
        self.redoubt = Redoubt(self.upstream.url)
        self.addCleanup(self.redoubt.remove)
        with open(os.path.join(self.redoubt.dir, "policies", "default.cedar"), "w") as file:
            file.write(EVERYBODY)
        self.answers = []  # instead of the usual one
        self.redoubt.start()

    def answer(self, request, connection):
        connection.sendall(self.answers.pop() if self.answers else whole_reply("hello"))
        return True

    def ask(self, count):
        for number in range(count):
            self.assertEqual(self.redoubt.chat(variant(number))[0], 200)

    def wait_for_signal(self, rule):
        wait_for(lambda: self.redoubt.admin("GET", "/signals?rule=" + rule)[2]["items"])

    def replay(self):
        done = run(program("redoubt"), "behaviour", "replay", self.redoubt.dir)
        return done.stdout, done.stderr

    def erase(self, *entries, check=True):
        return run(program("redoubt"), "behaviour", "erase-features", self.redoubt.dir, *map(str, entries), check=check)

    def commitments(self):
        return [record["unmapped"]["redoubt"]["commitments"] for record in self.redoubt.records()
                if stage(record) == "admission"]

    def test_near_duplicates_are_told_again_by_a_replay_until_they_are_erased(self):
        self.ask(40)
        self.wait_for_signal("behaviour.adversarial_probing")
        for each in self.commitments():
            self.assertRegex(each["features"], "^[0-9a-f]{64}$")
        self.redoubt.stop()

        # Byte for byte, and nothing is missing.
        said, about = self.replay()
        self.assertEqual(said.splitlines(), kept_signals(self.redoubt))
        self.assertNotIn("no features", about)
        told = next(json.loads(line) for line in said.splitlines() if "adversarial_probing" in line)

        # Without the keys there are none.
        blind = run(program("redoubt"), "behaviour", "replay", self.redoubt.dir, "--features", "/nowhere")
        self.assertNotIn("adversarial_probing", blind.stdout)
        self.assertIn("have no features here", blind.stderr)

        # The key may be in use: another start has another.
        refused = self.erase(told["index"], check=False)
        self.assertEqual(refused.returncode, 3)
        self.assertIn("newest", refused.stderr)
        self.redoubt.start()
        self.redoubt.stop()

        self.assertIn("1 entries are erased", self.erase(told["entries"][0]).stdout)
        said, about = self.replay()
        self.assertIn("1 entries have no features here", about)
        self.assertIn("in: %d-%d\n" % (told["entries"][0], told["entries"][0]), about)
        self.assertIn("adversarial_probing", said)

        self.erase(*told["entries"][1:])
        said, about = self.replay()
        self.assertIn("%d entries have no features here" % len(told["entries"]), about)
        self.assertEqual(self.erase(10**9, check=False).returncode, 3)

    def test_records_name_tools_and_data_sets(self):
        call = {"index": 0, "message": {"role": "assistant", "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "send_mail", "arguments": "{}"}}]}}
        reply = json.dumps({"choices": [call]}).encode()
        self.answers = [b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" %
                        (len(reply), reply)]
        tools = [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
                 for name in ("crm_lookup", "send_mail")]
        status, _, body = self.redoubt.chat("hello", tools=tools + [{"type": "file_search", "vector_store_ids": ["labs"]}])
        self.assertEqual(status, 200, body)
        of = {}

        def recorded():
            of.update({stage(record): record["unmapped"]["redoubt"] for record in self.redoubt.records()
                       if record.get("api", {}).get("operation") == "chat.completions"})
            return len(of) == 2

        wait_for(recorded)
        self.assertEqual(of["admission"]["tools_offered"], ["crm_lookup", "send_mail"])
        self.assertEqual(of["outcome"]["tools"], ["send_mail"])
        self.assertEqual(of["outcome"]["data"], [{"name": "labs"}])

    def test_records_say_how_many_rows_tools_gave(self):
        def conversation(name, content, *later):
            return [{"role": "user", "content": "who?"},
                    {"role": "assistant", "content": None, "tool_calls": [
                        {"id": "c1", "type": "function", "function": {"name": name, "arguments": "{}"}}]},
                    {"role": "tool", "tool_call_id": "c1", "content": content}, *later]

        items = json.dumps({"items": [{"id": at} for at in range(300)]})
        search = [{"type": "file_search", "vector_store_ids": ["labs"]}]
        failed = json.dumps({"error": {"message": "no", "type": "api_error"}}).encode()
        failure = (b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" %
                   (len(failed), failed))
        answered = [{"role": "assistant", "content": "They are."}, {"role": "user", "content": "And who not?"}]
        named = [{"name": "crm_lookup", "rows": 300}]
        asked = [
            ("in JSON", conversation("crm_lookup", items), {}, named),
            ("and a search", conversation("crm_lookup", items), {"tools": search}, [*named, {"name": "labs"}]),
            ("in parts", conversation("crm_lookup", [{"type": "text", "text": "id,name\n1,Ada\n2,Bo\n"}]), {},
             [{"name": "crm_lookup", "rows": 2}]),
            ("in prose", conversation("crm_lookup", "Two were found, in all."), {}, None),
            ("sent again", conversation("crm_lookup", items, *answered), {}, None),
            ("not taken", conversation("crm_lookup", items), {"answer": failure}, [{"name": "crm_lookup"}]),
            ("of a person's tool", conversation("mail ada@example.com", items), {}, [{"name": "unknown", "rows": 300}]),
            ("streamed", conversation("crm_lookup", items), {"stream": True}, named),
        ]
        for what, messages, extra, _ in asked:
            answer = extra.pop("answer", None)
            self.answers = [answer] if answer else []
            status, _, body = self.redoubt.chat(messages=messages, **extra)
            self.assertEqual(status, 500 if answer else 200, (what, body))

        def outcomes():
            return [record["unmapped"]["redoubt"] for record in self.redoubt.records() if stage(record) == "outcome"
                    and record["api"]["operation"] == "chat.completions"]

        wait_for(lambda: len(outcomes()) == len(asked))
        for said, (what, _, _, data) in zip(outcomes(), asked):
            self.assertEqual(said.get("data"), data, what)

    def test_nothing_is_refused_for_want_of_features(self):
        self.redoubt.stop()
        secret = os.path.join(self.redoubt.dir, "state", "features", "secret")
        with open(secret, "wb") as file:
            file.write(b"damaged")
        self.redoubt.start()
        self.ask(3)
        self.assertNotIn("features", self.commitments()[-1])
        self.assertIn("features cannot be sealed", self.redoubt.log_text())
        self.redoubt.stop()
        self.assertIn("3 entries have no features here", self.replay()[1])


if __name__ == "__main__":
    unittest.main()
