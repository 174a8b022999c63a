#!/usr/bin/env python3
"""People are told: real alerts of a running server, to each kind of receiver, and what becomes of it when receivers hang,
nobody answers, and processes are killed.

What the test wants each time: that whoever is to be told is told, once or again with the same id; that it is on record; and
that neither requests nor responses wait for it.
"""

import email
import email.policy
import json
import os
import signal
import shutil
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from town import MINUTE, Town, harness  # noqa: E402
import receivers  # noqa: E402  (town knows where it is)

STAFF = ["nurse-%d" % i for i in range(30)]  # so that nobody is more than 5 % of the traffic
ATTACKERS = ["thief-%d" % i for i in range(20)]
POLICIES = """
permit (principal in Group::"administrators", action in Action::"manage", resource);
permit (principal, action, resource);
"""
RULE = """title: canary
name: canary
logsource:
    category: ai_exchange
    product: redoubt
    service: admission
detection:
    selection:
        ai_model.name: canary
    condition: selection
level: high
"""
PLAYBOOK = "playbook: stop-canary\nwhen: {rules: [canary], severity: high}\ndo:\n  - {effect: suspend, for: 1h}\n"
FOREVER = 3600


class Gate:
    """A receiver that takes what comes, unless it is shut: then it hangs."""

    def __init__(self):
        self.open = threading.Event()
        self.open.set()
        self.began = []  # ids, also of what hangs
        self.double = receivers.Double(self._judge)

    def _judge(self, _path, headers, _body):
        self.began.append(headers["webhook-id"])
        self.open.wait(FOREVER)
        return 200, {}

    def events(self, kind=None):
        """What was told of incidents, the oldest first."""
        told = [json.loads(request[4]) for request in self.double.accepted()]
        return [each for each in told if kind is None or each["type"] == "redoubt." + kind]

    def close(self):
        self.open.set()
        self.double.close()


def notify_toml(endpoints, contacts, rules):
    text = ""
    for name, kind, more in endpoints:
        text += "[[endpoint]]\nname = '%s'\ntype = '%s'\nallow_private = true\n%s\n" % (name, kind, more)
    for role, names in contacts.items():
        text += "[[contact]]\nrole = '%s'\nendpoints = %s\n" % (role, json.dumps(names))
    return text + "".join("[[rule]]\n" + each + "\n" for each in rules)


def plain(url, secret="keys/hook"):
    return "url = '%s'\nallow_plain = true\n" % url + ("secret_file = '%s'" % secret if secret else "")


class Base(unittest.TestCase):
    def town(self, toml, files=None, playbooks=False):
        files = {"rules/canary.yml": RULE, "notify.toml": toml, "keys/hook": receivers.KEY + "\n", **(files or {})}
        if playbooks:
            files["playbooks/test.yaml"] = PLAYBOOK
        town = Town(applications=[*STAFF, *ATTACKERS], policies=POLICIES, files=files, playbooks=playbooks)
        self.addCleanup(town.remove)
        self.redoubt = town.redoubt
        self.attackers = iter(ATTACKERS)
        harness.wait_for(lambda: self.metric("redoubt_notifier_running") == 1)
        return town

    def gate(self):
        gate = Gate()
        self.addCleanup(gate.close)
        return gate

    def metric(self, name):
        status, _, page = self.redoubt.request("GET", "/metrics", key=self.redoubt.auditor)
        self.assertEqual(status, 200)
        for line in page.decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split(" ")[1])
        raise AssertionError("no metric " + name)

    def attack(self, town):
        """The incident that somebody's attack becomes."""
        name = next(self.attackers)
        self.assertIn(town.callers[name].chat(model="canary"), (200, 403))
        return self.incident_of(town, name)

    def incident_of(self, town, name):
        def found():
            alerts = town.ask("/alerts?limit=50&key=principal%2F" + name)["items"]
            return [each["incident"] for each in alerts if "incident" in each]
        return harness.wait_for(found)[0]

    def notices(self, town, incident, outcome=None):
        rows = town.ask("/incidents/%s/notices" % incident)["items"]
        return [each for each in rows if outcome is None or each["outcome"] == outcome]

    def notifier(self):
        return self.redoubt.child("redoubt-notify")


class Receivers(Base):
    def test_each_kind_is_told_of_a_real_alert_and_of_its_end(self):
        gate, pager, chat = self.gate(), receivers.pagerduty_double(), receivers.slack_double()
        for double in (pager, chat):
            self.addCleanup(double.close)
        folder = tempfile.mkdtemp(prefix="redoubt-receivers-")
        self.addCleanup(shutil.rmtree, folder)
        key, signed = receivers.certificate(folder)
        mail = receivers.MailServer(folder, "--smtpscert", signed, "--smtpskey", key)
        self.addCleanup(mail.close)
        alertmanager = receivers.Alertmanager(folder)
        self.addCleanup(alertmanager.close)
        with open(signed) as file:
            authority = file.read()
        toml = notify_toml(
            [("hook", "webhook", plain(gate.double.url)),
             ("pager", "pagerduty", plain(pager.url + "/v2/enqueue", "keys/pager")),
             ("chat", "slack", "allow_plain = true\nsecret_file = 'keys/chat'"),
             ("mail", "smtp", "url = 'smtps://localhost:%d'\nca_file = 'mail-ca.pem'\nfrom = 'redoubt@clinic.example'\n"
              "to = ['soc@clinic.example']" % mail.port),
             ("prom", "alertmanager", plain(alertmanager.url, None))],
            {"soc": ["hook", "pager", "chat", "mail", "prom"]}, ["roles = ['soc']\nseverity = 'high'"])
        town = self.town(toml, {"keys/pager": receivers.ROUTING_KEY, "mail-ca.pem": authority,
                                "keys/chat": chat.url + "/services/T0/B0/secret"})
        incident = self.attack(town)
        names = {"hook", "pager", "chat", "mail", "prom"}
        harness.wait_for(lambda: {each["endpoint"] for each in self.notices(town, incident, "delivered")} == names, 20)
        told = gate.events("incident_opened")
        self.assertEqual([each["data"]["details"]["incident"] for each in told], [incident])
        self.assertEqual(json.loads(pager.accepted()[0][4])["event_action"], "trigger")
        self.assertIn("canary", json.loads(chat.accepted()[0][4])["text"])
        with open(mail.mails()[0], "rb") as file:
            self.assertIn("incident_opened", email.message_from_binary_file(file, policy=email.policy.default)["Subject"])
        self.assertEqual([each["labels"]["incident"] for each in alertmanager.alerts()], [incident])

        # On record, one fact for each, which can be proven; shown, and exported.
        rows = self.notices(town, incident)
        self.assertEqual({each["kind"] for each in rows}, {"incident_opened"})
        harness.wait_for(lambda: len(self.redoubt.leaves()) > max(each["index"] for each in rows))
        index = rows[0]["index"]
        fact = json.loads(self.redoubt.leaves(index)[0])
        self.assertEqual(fact["unmapped"]["redoubt"]["kind"], "incident.notice.attempt")
        self.assertNotIn(receivers.ROUTING_KEY, json.dumps(fact))
        program = harness.program("redoubt")
        proof = harness.run(program, "ledger", "prove", str(index), "--dir", self.redoubt.dir, "--json")
        self.assertTrue(json.loads(proof.stdout)["ok"])
        what = [each["what"] for each in town.ask("/incidents/%s/timeline?limit=200" % incident)["items"]]
        self.assertEqual(what.count("notice.attempted"), 5)
        shown = harness.run(program, "incident", "show", incident, "--dir", self.redoubt.dir, "--key-file",
                            self.admin_key_file()).stdout
        self.assertIn("\nnotices\n", shown)
        exported = town.ask("/incidents/%s/export?format=ocsf" % incident)["items"][0]
        self.assertEqual({each["endpoint"] for each in exported["unmapped"]["redoubt"]["notices"]}, names)

        status, _, said = self.redoubt.admin("POST", "/incidents/%s/close" % incident, {"cause": "true_positive"},
                                             headers={"If-Match": "*"})
        self.assertEqual(status, 200, said)
        harness.wait_for(lambda: len(self.notices(town, incident, "delivered")) == 10, 20)
        self.assertEqual(json.loads(pager.accepted()[-1][4])["event_action"], "resolve")
        # The town's clock is ahead of Alertmanager's, to which the end is yet to come.
        self.assertIn("incident_closed", alertmanager.alerts()[0]["annotations"]["summary"])

    def test_an_exercise_is_told_as_one_and_enforces_nothing(self):
        gate = self.gate()
        toml = notify_toml([("hook", "webhook", plain(gate.double.url))], {"soc": ["hook"]}, ["roles = ['soc']"])
        town = self.town(toml, playbooks=True)
        arguments = ["incident", "drill", "stop-canary", "--name", "spring", "--dir", self.redoubt.dir, "--key-file",
                     self.admin_key_file(), "--json"]
        begun = json.loads(harness.run(harness.program("redoubt"), *arguments).stdout)["answer"]
        harness.wait_for(lambda: self.notices(town, begun["id"], "delivered"))
        told = gate.events("incident_opened")
        self.assertEqual([each["data"]["details"]["incident"] for each in told], [begun["id"]])
        self.assertTrue(told[0]["data"]["details"]["exercise"])
        responses = town.ask("/responses?incident=" + begun["id"])["items"]
        self.assertEqual([(each["effect"], each["status"]) for each in responses], [("suspend", "rehearsed")])
        again = harness.run(harness.program("redoubt"), *arguments, check=False)
        self.assertEqual(again.returncode, 1, again.stdout)

    def admin_key_file(self):
        path = os.path.join(self.redoubt.folder, "admin.key")
        with open(path, "w") as file:
            file.write(self.redoubt.keys["admin-1"] + "\n")
        os.chmod(path, 0o600)
        return path

    def test_silence_is_escalated_and_who_takes_it_ends_that(self):
        soc, chief = self.gate(), self.gate()
        town = self.town(notify_toml(
            [("soc", "webhook", plain(soc.double.url)), ("chief", "webhook", plain(chief.double.url))],
            {"soc": ["soc"], "ciso": ["chief"]},
            ["roles = ['soc']\nkinds = ['incident_opened']\nescalate_after = '15m'\nescalate_to = ['ciso']"]))
        taken, silent = self.attack(town), self.attack(town)
        for incident in (taken, silent):
            harness.wait_for(lambda: self.notices(town, incident, "delivered"))
        status, _, said = self.redoubt.admin("PATCH", "/incidents/" + taken, {"owner": "admin-1"},
                                             headers={"If-Match": "*"})
        self.assertEqual(status, 200, said)
        # A restart in between changes nothing: how long nobody answers is counted from when it was opened.
        town.advance(8 * MINUTE)
        self.redoubt.kill()
        self.redoubt.start()
        town.advance(8 * MINUTE)
        harness.wait_for(lambda: chief.events("unacknowledged"))
        harness.wait_for(lambda: self.notices(town, silent, "delivered")[1:])
        time.sleep(1)
        self.assertEqual([each["data"]["details"]["incident"] for each in chief.events()], [silent])
        self.assertEqual(len(soc.events()), 2, "who is on record as told is not told again")

    def test_a_wrong_notify_toml_is_refused(self):
        gate = self.gate()
        toml = notify_toml([("hook", "webhook", plain(gate.double.url))], {"soc": ["hook"]}, ["roles = ['soc']"])
        town = self.town(toml)
        path = os.path.join(self.redoubt.dir, "notify.toml")
        with open(path, "w") as file:
            file.write(toml.replace("roles = ['soc']", "roles = ['sok']"))
        self.redoubt.process.send_signal(signal.SIGHUP)
        harness.wait_for(lambda: "names a role that no contact has" in self.redoubt.log_text())
        with open(path, "w") as file:
            file.write(toml)
        book = os.path.join(self.redoubt.dir, "playbooks", "test.yaml")
        os.makedirs(os.path.dirname(book), exist_ok=True)
        with open(book, "w") as file:
            file.write(PLAYBOOK + "notify: [ciso]\n")
        self.redoubt.process.send_signal(signal.SIGHUP)
        harness.wait_for(lambda: "`ciso` notified, a role that no contact" in self.redoubt.log_text())
        os.unlink(book)
        # What was in force still is, with a notifier that has read its secrets anew.
        incident = self.attack(town)
        harness.wait_for(lambda: self.notices(town, incident, "delivered"))
        other = self.gate()
        with open(path, "w") as file:
            file.write(toml.replace(gate.double.url, other.double.url))
        changes = self.redoubt.log_text().count("administration: in force")
        self.redoubt.process.send_signal(signal.SIGHUP)
        # What is open is not told again to an endpoint of the same name.
        harness.wait_for(lambda: self.redoubt.log_text().count("administration: in force") > changes)
        incident = self.attack(town)
        harness.wait_for(lambda: self.notices(town, incident, "delivered"))
        self.assertEqual(len(other.events()), 1)
        os.unlink(path)
        self.redoubt.process.send_signal(signal.SIGHUP)
        harness.wait_for(lambda: self.metric("redoubt_notices_configured") == 0)
        harness.wait_for(lambda: not self.has_notifier())

    def has_notifier(self):
        try:
            return self.notifier() > 0
        except AssertionError:
            return False


class Trouble(Base):
    def test_receivers_that_hang_or_refuse_delay_no_response(self):
        gate, hangs = self.gate(), self.gate()
        hangs.open.clear()
        nobody = "http://127.0.0.1:%d/" % receivers.free_port()
        town = self.town(notify_toml(
            [("good", "webhook", plain(gate.double.url)), ("hangs", "webhook", plain(hangs.double.url)),
             ("refuses", "webhook", plain(nobody)), ("unreadable", "webhook", plain(gate.double.url, "keys/none"))],
            {"soc": ["hangs", "refuses", "unreadable", "good"]}, ["roles = ['soc']"]), playbooks=True)
        times = []
        for _ in range(4):
            town.advance(61)
            for name in STAFF:
                self.assertEqual(town.callers[name].chat(), 200)
            thief = town.callers[next(self.attackers)]
            self.assertIn(thief.chat(model="canary"), (200, 403))
            began = time.monotonic()
            while thief.chat() != 403:
                self.assertLess(time.monotonic() - began, 5)
            times.append(time.monotonic() - began)
            incident = self.incident_of(town, thief.name)
            harness.wait_for(lambda: self.notices(town, incident, "delivered"))
        print("stopped after %s ms while receivers hung" % ", ".join("%.0f" % (1000 * each) for each in times),
              file=sys.stderr)
        by_name = {each["endpoint"]: each for each in self.notices(town, incident)}
        self.assertEqual(by_name["good"]["outcome"], "delivered")
        self.assertEqual(by_name["refuses"]["outcome"], "delayed")
        self.assertEqual(by_name["unreadable"]["outcome"], "given_up")
        self.assertEqual(len(set(hangs.began)), 1, "one at a time")

    def test_a_notifier_that_is_killed_is_started_again_and_nothing_is_lost(self):
        gate = self.gate()
        town = self.town(notify_toml([("hook", "webhook", plain(gate.double.url))], {"soc": ["hook"]},
                                     ["roles = ['soc']"]))
        gate.open.clear()
        incident = self.attack(town)
        harness.wait_for(lambda: gate.began)
        killed = self.notifier()
        os.kill(killed, signal.SIGKILL)
        harness.wait_for(lambda: b"there is no notifier" in self.redoubt.get("/readyz")[2])
        self.assertEqual(self.redoubt.get("/readyz")[0], 200)
        self.assertEqual(town.callers["nurse-1"].chat(), 200)
        self.assertEqual(self.notices(town, incident), [])
        gate.open.set()
        harness.wait_for(lambda: self.notices(town, incident, "delivered"))
        self.assertNotEqual(self.notifier(), killed)
        self.assertEqual(len(set(gate.began)), 1, "the same id")
        self.assertEqual(self.metric("redoubt_notifier_losses_total"), 1)
        self.assertEqual(self.redoubt.get("/readyz")[2], b"ok\n")

    def test_the_next_notifier_runs_the_program_that_was_there_when_the_server_started(self):
        programs = tempfile.mkdtemp(prefix="redoubt-programs-")
        self.addCleanup(shutil.rmtree, programs)
        for name in ("redoubt", "redoubt-keeper", "redoubt-notifier"):
            shutil.copy(harness.program(name), programs)
        gate = self.gate()
        self.town(notify_toml([("hook", "webhook", plain(gate.double.url))], {"soc": ["hook"]}, ["roles = ['soc']"]))
        self.redoubt.stop()
        self.redoubt.start(server=os.path.join(programs, "redoubt"))
        harness.wait_for(lambda: self.metric("redoubt_notifier_running") == 1)
        other = os.path.join(programs, "other")
        shutil.copy("/bin/false", other)
        os.rename(other, os.path.join(programs, "redoubt-notifier"))
        os.kill(self.notifier(), signal.SIGKILL)
        harness.wait_for(lambda: self.metric("redoubt_notifier_losses_total") == 1)
        harness.wait_for(lambda: self.metric("redoubt_notifier_running") == 1)
        self.assertEqual(self.redoubt.get("/readyz")[2], b"ok\n")

    def test_a_server_that_is_killed_before_it_could_tell_tells_after_its_start(self):
        gate = self.gate()
        town = self.town(notify_toml([("hook", "webhook", plain(gate.double.url))], {"soc": ["hook"]},
                                     ["roles = ['soc']"]))
        gate.open.clear()
        incidents = []
        for delay in (0.0, 0.02, 0.2):
            incidents.append(self.attack(town))
            time.sleep(delay)
            self.redoubt.kill()
            for caller in town.callers.values():
                caller.close()
            self.redoubt.start()
        gate.open.set()
        for incident in incidents:
            harness.wait_for(lambda: self.notices(town, incident, "delivered"), 40)
        told = [each["data"]["notice"] for each in gate.events("incident_opened")]
        self.assertEqual(len(set(told)), 3, "each with the id of before")
        self.redoubt.verify()

    def test_it_is_confined_and_holds_nothing_of_the_server(self):
        gate = self.gate()
        self.town(notify_toml([("hook", "webhook", plain(gate.double.url))], {"soc": ["hook"]}, ["roles = ['soc']"]))
        pid = self.notifier()
        with open("/proc/%d/status" % pid) as file:
            status = dict(line.split(":", 1) for line in file.read().splitlines())
        self.assertEqual(status["Seccomp"].strip(), "2")
        self.assertEqual(status["NoNewPrivs"].strip(), "1")
        self.assertEqual(int(status["CapEff"].strip(), 16), 0)
        if os.geteuid() == 0:
            users = {self.redoubt.child(name): None for name in ("redoubt-gateway", "redoubt-keeper", "redoubt-notify")}
            for each in users:
                with open("/proc/%d/status" % each) as file:
                    users[each] = [line.split()[1] for line in file if line.startswith("Uid:")][0]
            self.assertEqual(len(set(users.values())), 3)
        open_files = {os.readlink("/proc/%d/fd/%s" % (pid, name)) for name in os.listdir("/proc/%d/fd" % pid)}
        self.assertEqual([each for each in open_files if self.redoubt.dir in each], [])
        # Of its sockets one is to the server, and none listens.
        self.assertLessEqual(len([each for each in open_files if each.startswith("socket:")]), 1)
        with open("/proc/%d/maps" % self.redoubt.child("redoubt-gateway")) as file:
            self.assertNotIn("libcurl", file.read())


if __name__ == "__main__":
    unittest.main()
