#!/usr/bin/env python3
"""What a running server finds unusual in what it recorded: told at once, by whom, and again after a restart."""
import json
import os
import unittest

from harness import Redoubt, Upstream, program, run, wait_for, whole_reply

POLICIES = """
permit (principal in Group::"administrators", action in Action::"manage", resource);
permit (principal, action == Action::"invoke", resource == Model::"small");
permit (principal, action == Action::"release", resource);
"""


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
        told = self.signals()
        self.assertNotEqual(told, [])
        self.assertEqual(status["signals"], len(told))
        for signal in told:
            self.assertRegex(signal["key"], "^principal/")
            self.assertEqual(signal["attribution"], "proven")
            self.assertEqual(signal["id"], "%s:%s:%d" % (signal["rule"], signal["key"], signal["index"]))
            self.assertEqual(signal["entries"][-1], signal["index"])
        indices = [signal["index"] for signal in told]
        self.assertEqual(indices, sorted(indices, reverse=True))
        self.assertEqual(self.signals("?rule=none"), [])
        self.assertEqual(json.loads(self.command("signals", "--json"))["items"], told)
        self.assertIn(told[0]["rule"], self.command("signals", "--severity", told[0]["severity"]))
        self.assertIn("running", self.command("status"))

        # Nothing is lost, and nothing comes twice.
        self.redoubt.stop()
        self.redoubt.start()
        self.read(status["entries"])
        self.assertEqual(self.signals(), told)
        self.redoubt.kill()
        self.redoubt.start()
        self.read(status["entries"])
        self.assertEqual(self.signals(), told)

        # Whoever reads the ledger says the same.
        self.redoubt.stop()
        lines = run(program("redoubt"), "behaviour", "replay", self.redoubt.dir).stdout.splitlines()
        with open(os.path.join(self.redoubt.dir, "state", "behaviour", "signals.jsonl")) as file:
            self.assertEqual(lines, file.read().splitlines())

    def test_a_usual_day_is_nothing_unusual(self):
        for _ in range(30):
            status, _, _ = self.redoubt.chat("hello", model="small")
            self.assertEqual(status, 200)
        self.read(60)
        self.assertEqual(self.signals(), [])


if __name__ == "__main__":
    unittest.main()
