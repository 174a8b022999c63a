#!/usr/bin/env python3
"""State and administration by the command line, and what each step leaves in the ledger."""
import json
import os
import re
import socket
import subprocess
import sys
import threading
import unittest

from harness import Redoubt, Upstream, fact_kind, program, run, wait_for, whole_reply

SUCCESS, NO, USAGE, FAILURE = 0, 1, 2, 3


class Base(unittest.TestCase):
    one_person = True
    flags = ()

    def setUp(self):
        self.upstream = Upstream(lambda request, connection: connection.sendall(whole_reply()) or True)
        self.addCleanup(self.upstream.close)
        self.redoubt = Redoubt(self.upstream.url, one_person=self.one_person, flags=self.flags)
        self.addCleanup(self.redoubt.remove)
        self.profiles = os.path.join(self.redoubt.folder, "home", "profiles.toml")
        self.redoubt.start()

    def command(self, *words, who="admin-1", key=None, status=SUCCESS, server=("--dir",), text=None):
        """Runs `redoubt WORDS` as this principal, without a terminal; checks the exit status."""
        environment = {**os.environ, "REDOUBT_PROFILES": self.profiles}
        environment.pop("REDOUBT_ADMIN_KEY", None)
        key = key or (self.redoubt.keys[who] if who else None)
        if key:
            environment["REDOUBT_ADMIN_KEY"] = key
        where = ("--dir", self.redoubt.dir) if server == ("--dir",) else tuple(server)
        done = subprocess.run([program("redoubt"), *words, *where], capture_output=True, text=True, timeout=60,
                              env=environment, input=text, start_new_session=True)
        self.assertEqual(done.returncode, status, f"{' '.join(words)}\n{done.stdout}{done.stderr}")
        return done

    def answer(self, *words, **how):
        return json.loads(self.command(*words, "--json", **how).stdout)

    def identity(self, *words, **how):
        return self.command("identity", *words, **how)

    def on_record(self, fact):
        """What `redoubt ledger show` prints of it, once a checkpoint covers it."""
        def shown():
            done = run(program("redoubt"), "ledger", "show", str(fact), "--dir", self.redoubt.dir, check=False)
            return done.stdout if done.returncode == 0 else ""
        return wait_for(shown)

    def kinds(self):
        """Of all facts but those by which the server answers signals."""
        return [kind for kind in map(fact_kind, self.redoubt.facts()) if not kind.startswith("incident.")]

    def chat(self, key):
        return self.redoubt.chat(key=key)[0]


class Keys(Base):
    """A key made, used and revoked, each step shown by `redoubt ledger show`."""

    def test_through_the_interface(self):
        status, fields, said = self.redoubt.admin("POST", "/keys", {"principal": "demo"})
        self.assertEqual(status, 201)
        name, key = said["key"]["id"], said["secret"]
        shown = self.on_record(fields["redoubt-fact"])
        for text in ("identity.key.issue", "key/" + name, "admin-1"):
            self.assertIn(text, shown)
        self.assertNotIn(key, shown)
        self.assertEqual(self.chat(key), 200)
        _, _, used = self.redoubt.chat(key=key)
        self.assertTrue(used)
        wait_for(lambda: any(name in json.dumps(record) for record in self.redoubt.records()))

        status, fields, _ = self.redoubt.admin("POST", f"/keys/{name}/revoke", headers={"If-Match": fields["etag"]})
        self.assertEqual(status, 200)
        shown = self.on_record(fields["redoubt-fact"])
        for text in ("identity.key.revoke", "key/" + name, "admin-1"):
            self.assertIn(text, shown)
        self.assertEqual(self.chat(key), 401)

    def test_through_the_command_line(self):
        issued = self.identity("key", "issue", "demo", "--scope", "models.invoke", "--life", "1h")
        key = issued.stdout.strip()
        self.assertRegex(key, r"^rdk_[A-Za-z0-9_-]+$", "the key stands alone on standard output")
        self.assertNotIn(key, issued.stderr)
        name = re.search(r"^id +(\S+)$", issued.stderr, re.M).group(1)
        fact = re.search(r"^fact +(\d+) ", issued.stderr, re.M).group(1)
        for text in ("identity.key.issue", "key/" + name, "admin-1"):
            self.assertIn(text, self.on_record(fact))
        self.assertEqual(self.chat(key), 200)

        rows = self.identity("key", "list", "--principal", "demo").stdout.splitlines()
        self.assertEqual(rows[0].split()[:3], ["id", "principal", "scopes"])
        self.assertTrue([row for row in rows if row.startswith(name) and "models.invoke" in row])
        self.assertIn("models.invoke", self.identity("key", "show", name).stdout)

        rotated = self.answer("identity", "key", "rotate", name, "--overlap", "1h", "--life", "30m")
        self.assertEqual(self.chat(rotated["answer"]["secret"]), 200)
        self.assertEqual(self.chat(key), 200, "the old one is good for an hour more")
        self.assertIn("identity.key.rotate", self.on_record(rotated["fact"]))

        for old in (name, rotated["answer"]["key"]["id"]):
            revoked = self.answer("identity", "key", "revoke", old)
            self.assertIn("identity.key.revoke", self.on_record(revoked["fact"]))
        self.assertEqual(self.chat(key), 401)
        self.assertEqual(self.chat(rotated["answer"]["secret"]), 401)
        self.assertEqual(self.kinds()[-4:], ["identity.key.issue", "identity.key.rotate"] + 2 * ["identity.key.revoke"])

    def test_of_a_principal_that_is_reset_one_is_left(self):
        reset = self.identity("principal", "reset", "demo")
        self.assertEqual(self.chat(self.redoubt.key), 401)
        self.assertEqual(self.chat(reset.stdout.strip()), 200)

    def test_an_answer_that_was_lost_is_asked_for_again_and_the_act_done_once(self):
        with LosesFirstAnswer(int(self.redoubt.admin_url.rsplit(":", 1)[1])) as proxy:
            issued = self.identity("key", "issue", "demo", server=("--url", proxy.url))
        self.assertEqual(proxy.connections, 2)
        self.assertEqual(issued.stdout, "", "the key itself was in the answer that was lost")
        self.assertIn("revoke it and issue another", issued.stderr)
        wait_for(lambda: "identity.key.issue" in self.kinds())
        self.assertEqual(self.kinds().count("identity.key.issue"), 1)


class LosesFirstAnswer:
    """Stands before a server; of the first connection it passes the request on, and the answer not."""

    def __init__(self, port):
        self.port, self.connections = port, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _run(self):
        while True:
            try:
                caller, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with caller, socket.create_connection(("127.0.0.1", self.port), timeout=10) as server:
                server.sendall(caller.recv(65536))
                answer = server.recv(65536)
                if self.connections > 1:
                    caller.sendall(answer)


class Principals(Base):
    def test_are_made_changed_disabled_and_deleted(self):
        made = self.answer("identity", "principal", "create", "pipeline", "--type", "service_account", "--display-name",
                           "Nightly pipeline")
        self.assertEqual(made["answer"]["type"], "service_account")
        self.identity("principal", "create", "worker", "--owner", "pipeline", "--group", "callers")
        self.identity("principal", "change", "worker", "--add-group", "auditors", "--remove-group", "callers")
        self.assertEqual(self.answer("identity", "principal", "show", "worker")["answer"]["groups"], ["auditors"])
        self.identity("principal", "change", "worker", "--group", "callers", "--no-owner")
        worker = self.answer("identity", "principal", "show", "worker")["answer"]
        self.assertEqual((worker["groups"], worker.get("owner")), (["callers"], None))

        key = self.identity("key", "issue", "worker").stdout.strip()
        self.assertEqual(self.chat(key), 200)
        self.identity("principal", "disable", "worker")
        self.assertEqual(self.chat(key), 401)
        self.identity("principal", "enable", "worker")
        self.assertEqual(self.chat(key), 200)
        self.assertEqual(self.answer("identity", "principal", "delete", "worker")["ok"], True)
        self.assertEqual(self.chat(key), 401)
        listed = [item["id"] for item in self.answer("identity", "principal", "list")["items"]]
        self.assertIn("pipeline", listed)
        self.assertNotIn("worker", listed)
        self.assertIn("Nightly pipeline", self.identity("principal", "list").stdout)

    def test_lists_are_whole_however_long(self):
        names = ["app-%03d" % i for i in range(230)]
        for name in names:
            self.redoubt.admin("POST", "/principals", {"id": name, "type": "application", "groups": ["callers"]})
        listed = self.answer("identity", "principal", "list", "--group", "callers")["items"]
        self.assertEqual([item["id"] for item in listed], names + ["demo"])

    def test_groups_hold_groups(self):
        self.identity("group", "create", "nurses", "--parent", "callers")
        self.identity("group", "create", "night-nurses")
        self.identity("group", "change", "night-nurses", "--add-parent", "nurses")
        self.identity("principal", "create", "ward-app", "--group", "night-nurses")
        key = self.identity("key", "issue", "ward-app").stdout.strip()
        self.assertEqual(self.chat(key), 200, "through two groups it is among the callers")
        self.identity("group", "change", "nurses", "--remove-parent", "callers")
        self.assertEqual(self.chat(key), 403)
        self.assertIn("night-nurses", self.identity("group", "list").stdout)
        self.assertEqual(self.identity("group", "delete", "nurses", status=USAGE).stdout, "", "a group is in it")
        self.identity("group", "change", "night-nurses", "--remove-parent", "nurses")
        self.identity("group", "delete", "nurses")
        self.identity("group", "show", "nurses", status=NO)

    def test_whoami(self):
        said = self.answer("identity", "whoami")["answer"]
        self.assertEqual((said["id"], said["groups"]), ("admin-1", ["administrators"]))


class Limits(Base):
    def test_are_set_changed_shown_and_lifted(self):
        made = self.answer("identity", "limit", "set", "demo-rate", "--principal", "demo", "--requests", "3", "--per", "hour")
        self.assertEqual(made["answer"]["amount"], 3)
        self.assertIn("limits.limit.set", self.on_record(made["fact"]))
        self.assertEqual(self.answer("identity", "limit", "set", "demo-rate", "--requests", "5")["answer"]["amount"], 5)
        self.identity("limit", "set", "demo-rate", "--tokens", "5", status=NO)
        self.identity("limit", "set", "new", "--tokens", "5", status=USAGE)
        self.identity("limit", "set", "money", "--group", "*", "--money", "12.50", "--per", "month")
        rows = self.identity("limit", "list").stdout.splitlines()
        self.assertEqual([row.split()[:5] for row in rows[1:]],
                         [["demo-rate", "principal", "demo", "requests", "5"], ["money", "group", "*", "money", "12500000"]])
        self.assertEqual(self.answer("identity", "limit", "usage", "demo-rate")["answer"]["remaining"], 5)
        removed = self.answer("identity", "limit", "remove", "demo-rate")
        self.assertIn("limits.limit.remove", self.on_record(removed["fact"]))
        self.identity("limit", "show", "demo-rate", status=NO)


class Responses(Base):
    def test_are_started_listed_and_undone(self):
        self.command("incident", "respond", "throttle", "principal/demo", "--for", "1h", "--reason", "r", status=USAGE)
        self.command("incident", "respond", "suspend", "principal/nobody", "--for", "1h", "--reason", "r", status=USAGE)
        started = self.answer("incident", "respond", "throttle", "principal/demo", "--per-minute", "1000", "--for", "1h",
                              "--reason", "much more than ever")
        self.assertEqual(started["answer"]["status"], "active")
        self.assertIn("incident.response.start", self.on_record(started["fact"]))
        name = started["answer"]["id"]
        rows = self.command("incident", "responses", "--status", "active", who="auditor").stdout.splitlines()
        self.assertEqual([row.split()[:4] for row in rows[1:]], [[name, "active", "throttle", "principal/demo"]])
        self.command("incident", "accept", name, status=NO)
        self.command("incident", "undo", name, who="auditor", status=NO)
        undone = self.answer("incident", "undo", name)
        self.assertEqual((undone["answer"]["end"], undone["answer"]["ended_by"]), ("undone", "admin-1"))
        self.assertIn("incident.response.end", self.on_record(undone["fact"]))
        self.command("incident", "undo", name, status=NO)
        told = self.command("incident", "watch", "--after", "0", "--count", "2", who="auditor").stdout.splitlines()
        self.assertEqual([line.split()[1:4] for line in told],
                         [["response.started", "response/" + name, "admin-1"],
                          ["response.undone", "response/" + name, "admin-1"]])

    def test_have_no_incidents_before_there_are_alerts(self):
        self.assertEqual(self.command("incident", "list").stdout, "none\n")
        self.assertEqual(self.answer("incident", "alerts")["items"], [])
        for verb in (("show",), ("assign", "--nobody"), ("note", "x"), ("close", "--cause", "benign")):
            self.command("incident", verb[0], "00000000000000a1", *verb[1:], status=NO)


class Refusals(Base):
    """What the answer is when it is no, and the exit status that says so."""

    def test_a_wrong_key(self):
        done = self.identity("whoami", key="rdk_000000000000_" + 43 * "x", status=NO)
        self.assertRegex(done.stderr, r"^redoubt: .*API key that is good\n$")

    def test_no_key(self):
        done = self.identity("whoami", who=None, status=USAGE)
        self.assertIn("--key-file, REDOUBT_ADMIN_KEY or a profile", done.stderr)

    def test_a_key_file_that_others_can_read(self):
        path = os.path.join(self.redoubt.folder, "key")
        with open(path, "w") as file:
            file.write(self.redoubt.keys["admin-1"] + "\n")
        os.chmod(path, 0o644)
        self.assertIn("chmod 600", self.identity("whoami", "--key-file", path, who=None, status=USAGE).stderr)
        os.chmod(path, 0o600)
        self.assertIn("admin-1", self.identity("whoami", "--key-file", path, who=None).stdout)

    def test_who_is_no_administrator(self):
        for who in ("demo", "auditor"):
            done = self.identity("key", "issue", "demo", who=who, status=NO)
            self.assertEqual(done.stdout, "")
            self.assertEqual(len(done.stderr.splitlines()), 1)
        denied = json.loads(self.identity("principal", "list", "--json", who="demo", status=NO).stdout)
        self.assertEqual((denied["ok"], denied["code"]), (False, "permission_denied"))

    def test_what_is_not_there_and_what_is_there_already(self):
        self.assertIn("`nobody`", self.identity("principal", "show", "nobody", status=NO).stderr)
        self.assertIn("`demo`", self.identity("principal", "create", "demo", status=NO).stderr)

    def test_what_changed_meanwhile(self):
        version = self.answer("identity", "principal", "show", "demo")["answer"]["version"]
        self.identity("principal", "disable", "demo")
        done = self.identity("principal", "change", "demo", "--add-group", "auditors", "--if-version", str(version),
                             status=NO)
        self.assertIn("version", done.stderr)
        self.identity("principal", "enable", "demo", "--if-version", str(version + 1))

    def test_what_has_not_its_form(self):
        done = self.identity("principal", "create", "no spaces", status=USAGE)
        self.assertIn("/id", done.stderr)
        self.identity("key", "issue", "demo", "--life", "forever", status=USAGE)
        self.identity("key", "issue", status=USAGE)
        self.identity("whoami", server=("--url", "http://redoubt.example:8081"), status=USAGE)

    def test_a_server_that_does_not_run(self):
        self.assertEqual(self.redoubt.stop(), 0)
        done = self.identity("whoami", status=FAILURE)
        self.assertRegex(done.stderr, r"^redoubt: no answer at `.*run/admin\.sock`: .*\n$")
        self.assertIn("cannot open", self.identity("whoami", server=("--dir", "/nonexistent"), status=FAILURE).stderr)


class TwoPersons(Base):
    one_person = False

    def ask(self, *words):
        """The command by which another has it done."""
        said = self.command(*words, "--why", "it is agreed")
        command = re.search(r"^  (redoubt identity approval grant \S+.*)$", said.stdout + said.stderr, re.M).group(1)
        return said, command.split()[1:]

    def test_one_asks_and_another_has_it_done(self):
        create = ("identity", "principal", "create", "carol", "--type", "user", "--group", "administrators")
        self.assertIn("--why", self.command(*create, status=USAGE).stderr)
        _, grant = self.ask(*create)
        self.assertIn(self.redoubt.dir, grant)
        self.identity("principal", "show", "carol", status=NO)
        pending = self.answer("identity", "approval", "list", "--status", "pending")["items"]
        self.assertEqual([(item["kind"], item["requester"]) for item in pending],
                         [("identity.principal.create", "admin-1")])
        self.assertIn("it is agreed", self.identity("approval", "show", pending[0]["id"]).stdout)

        # Nobody approves what they asked for themselves.
        self.command(*grant, server=(), status=NO)
        done = self.command(*grant, server=(), who="admin-2")
        fact = re.search(r"^fact +(\d+) ", done.stdout, re.M).group(1)
        shown = self.on_record(fact)
        for text in ("identity.principal.create", "principal/carol", "admin-2"):
            self.assertIn(text, shown)
        self.assertEqual(self.answer("identity", "principal", "show", "carol")["answer"]["groups"], ["administrators"])
        self.assertEqual(self.kinds()[-3:], ["approval.request", "approval.grant", "identity.principal.create"])
        self.command(*grant, server=(), who="admin-2", status=NO)

    def test_the_key_of_an_administrator_is_good_once_another_agrees(self):
        _, grant = self.ask("identity", "principal", "create", "carol", "--type", "user", "--group", "administrators")
        self.command(*grant, server=(), who="admin-2")
        said, grant = self.ask("identity", "key", "issue", "carol")
        key = said.stdout.strip()
        self.identity("whoami", key=key, status=NO)
        self.command(*grant, server=(), who="admin-2")
        self.assertIn("carol", self.identity("whoami", key=key).stdout)

    def test_what_is_refused_or_withdrawn_does_not_happen(self):
        for verb, who in (("refuse", "admin-2"), ("withdraw", "admin-1")):
            asked = self.answer("identity", "marks", "--remove", "bundle.activate", "--why", "no need")
            self.assertTrue(asked["asked"])
            self.identity("approval", verb, asked["answer"]["id"], who=who)
            self.identity("approval", "grant", asked["answer"]["id"], who="admin-2", status=NO)
        self.assertIn("bundle.activate", self.identity("marks").stdout)

    def test_whoever_asked_has_it_done_when_the_other_leaves_it_to_them(self):
        asked = self.answer("identity", "marks", "--add", "models.model.create", "--why", "models matter")
        self.identity("approval", "grant", asked["answer"]["id"], "--leave", who="admin-2")
        self.assertNotIn("models.model.create", self.identity("marks").stdout)
        self.identity("approval", "apply", asked["answer"]["id"])
        self.assertIn("models.model.create", self.identity("marks").stdout)

    def test_break_glass_takes_two_and_is_on_record(self):
        _, grant = self.ask("identity", "principal", "break-glass", "auditor", "callers", "--minutes", "5", "--reason",
                            "the pipeline is down")
        self.assertEqual(self.chat(self.redoubt.auditor), 403)
        self.command(*grant, server=(), who="admin-2")
        self.assertEqual(self.chat(self.redoubt.auditor), 200)
        wait_for(lambda: self.kinds()[-1] == "identity.break_glass.open")
        self.identity("principal", "end-break-glass", "auditor", "callers")
        self.assertEqual(self.chat(self.redoubt.auditor), 403)

    def test_to_activate_other_files_takes_two_as_well(self):
        with open(os.path.join(self.redoubt.dir, "policies", "none.cedar"), "w") as file:
            file.write("forbid (principal, action == Action::\"invoke\", resource);\n")
        self.assertIn("takes two persons", self.command("state", "diff", status=NO).stdout)
        _, grant = self.ask("state", "activate")
        self.assertEqual(self.chat(self.redoubt.key), 200)
        self.command(*grant, server=(), who="admin-2")
        self.assertEqual(self.chat(self.redoubt.key), 403)


class Bundles(Base):
    def write(self, text):
        with open(os.path.join(self.redoubt.dir, "policies", "more.cedar"), "w") as file:
            file.write(text)

    def test_are_compared_activated_and_rolled_back(self):
        self.assertIn("nothing would change", self.command("state", "diff").stdout)
        self.write("forbid (principal, action == Action::\"invoke\", resource);\n")
        shown = self.command("state", "diff", status=NO).stdout
        self.assertIn("added policies/more.cedar", shown)
        self.assertIn("+forbid (principal, action == Action::\"invoke\", resource);", shown)
        self.assertEqual(self.chat(self.redoubt.key), 200, "nothing has changed yet")
        said = self.answer("state", "diff", status=NO)
        self.assertEqual((said["two_persons"], [change["file"] for change in said["changes"]]),
                         (False, ["policies/more.cedar"]))

        activated = self.answer("state", "activate")
        self.assertEqual(activated["answer"]["digest"], said["files"])
        self.assertIn("bundle.activate", self.on_record(activated["fact"]))
        self.assertEqual(self.chat(self.redoubt.key), 403)
        self.assertIn("those in force", self.command("state", "status").stdout)
        self.command("state", "diff")

        back = self.command("state", "rollback")
        self.assertIn("state files --digest " + said["in_force"], back.stderr)
        self.assertEqual(self.chat(self.redoubt.key), 200)
        history = [item["digest"] for item in self.answer("state", "history")["items"]]
        self.assertEqual(history, [said["in_force"], said["files"], said["in_force"]])

        kept = os.path.join(self.redoubt.folder, "kept")
        self.command("state", "files", "--to", kept)
        with open(os.path.join(kept, "redoubt.toml")) as mine, \
                open(os.path.join(self.redoubt.dir, "redoubt.toml")) as theirs:
            self.assertEqual(mine.read(), theirs.read())
        self.assertEqual(os.listdir(os.path.join(kept, "policies")), ["default.cedar"])

    def test_that_would_not_be_understood_never_leave_this_machine(self):
        self.write("permit everything\n")
        done = self.command("state", "activate", status=FAILURE)
        self.assertIn("more.cedar", done.stderr)
        self.assertEqual(self.chat(self.redoubt.key), 200)

    def test_an_auditor_activates_nothing(self):
        self.write("")
        self.command("state", "activate", who="auditor", status=NO)


class Profiles(Base):
    flags = ("--tls",)

    def test_reach_a_server_elsewhere_over_tls(self):
        key = os.path.join(self.redoubt.folder, "key")
        with open(key, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(self.redoubt.keys["admin-2"] + "\n")
        authority = os.path.join(self.redoubt.dir, "tls-ca.pem")
        self.assertTrue(self.redoubt.admin_url.startswith("https://"))
        self.identity("profile", "add", "there", "--url", self.redoubt.admin_url, "--ca-file", authority, "--key-file",
                      key, server=())
        self.assertIn("there", self.identity("profile", "list", server=()).stdout)
        there = ("--profile", "there")
        self.assertIn("admin-2", self.identity("whoami", who=None, server=there).stdout)
        # The environment's key counts for more than the profile's.
        self.assertIn("admin-1", self.identity("whoami", who="admin-1", server=there).stdout)
        self.assertEqual(self.answer("identity", "key", "list", who=None, server=there)["ok"], True)

        self.identity("profile", "add", "distrusted", "--url", self.redoubt.admin_url, "--key-file", key, server=())
        done = self.identity("whoami", who=None, server=("--profile", "distrusted"), status=FAILURE)
        self.assertIn("TLS", done.stderr)
        self.identity("whoami", server=("--profile", "nowhere"), status=FAILURE)
        self.identity("profile", "remove", "there", server=())
        self.assertNotIn("there ", self.identity("profile", "list", server=()).stdout)
        self.identity("profile", "remove", "there", server=(), status=NO)
        with open(self.profiles) as file:
            self.assertNotIn("rdk_", file.read())


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
