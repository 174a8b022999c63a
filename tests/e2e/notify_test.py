#!/usr/bin/env python3
"""Notices to receivers, one endpoint at a time: `redoubt-notifier try`."""
import email
import email.policy
import json
import os
import shutil
import subprocess
import tempfile
import unittest

import receivers
from harness import program, wait_for
from receivers import KEY, ROUTING_KEY, Double, pagerduty_double, slack_double, webhook_double


class Base(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="redoubt-notify-")
        self.addCleanup(shutil.rmtree, self.dir)

    def write(self, name, text):
        with open(os.path.join(self.dir, name), "w") as file:
            file.write(text)

    def endpoint(self, text, secret=None):
        private = "" if "allow_private" in text else "allow_private = true\nallow_plain = true\n"
        self.write("notify.toml", "[[endpoint]]\nname = 'it'\n" + text + "\n" + private)
        if secret is not None:
            self.write("secret", secret + "\n")

    def double(self, double):
        self.addCleanup(double.close)
        return double

    def notify(self, *args, timeout=30):
        return subprocess.run([program("redoubt-notifier"), "try", "it", "--dir", self.dir, *args],
                              capture_output=True, text=True, timeout=timeout)

    def delivered(self, *args):
        done = self.notify(*args)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done


class Doubles(Base):
    def test_pagerduty_is_told_within_its_limits(self):
        double = self.double(pagerduty_double())
        self.endpoint(f"type = 'pagerduty'\nurl = '{double.url}/v2/enqueue'\nsecret_file = 'secret'", ROUTING_KEY)
        self.delivered("--severity", "critical", "--title", "x" * 5000)
        self.delivered("--close")
        first, last = [json.loads(request[4]) for request in double.requests]
        self.assertEqual((first["event_action"], last["event_action"]), ("trigger", "resolve"))
        self.assertEqual(first["dedup_key"], last["dedup_key"])

    def test_slack_is_told_no_faster_than_it_takes(self):
        double = self.double(slack_double())
        self.endpoint("type = 'slack'\nsecret_file = 'secret'", double.url + "/services/T0/B0/secret")
        done = self.delivered("--count", "3", "--title", "<!channel> look")
        self.assertEqual([request[1] for request in double.requests], [200, 200, 200], "no 429 was needed")
        self.assertNotIn("<", json.loads(double.requests[0][4])["text"])
        self.assertNotIn("secret", done.stdout + done.stderr)

    def test_a_webhook_is_signed(self):
        double = self.double(webhook_double())
        self.endpoint(f"type = 'webhook'\nurl = '{double.url}/in'\nsecret_file = 'secret'", KEY)
        self.delivered()
        self.write("secret", "another key, that nobody has told the receiver\n")
        refused = self.notify()
        self.assertEqual(refused.returncode, 1)
        self.assertIn("given_up, attempt 1: the endpoint answers 401", refused.stdout)
        self.assertNotIn("another key", refused.stdout + refused.stderr)

    def test_who_is_busy_is_asked_again(self):
        left = [2]

        def judge(*_):
            left[0] -= 1
            return (503, {}) if left[0] >= 0 else (200, {})
        double = self.double(Double(judge))
        self.endpoint(f"type = 'webhook'\nurl = '{double.url}'\nsecret_file = 'secret'", KEY)
        done = self.delivered()
        self.assertEqual([request[1] for request in double.requests], [503, 503, 200])
        ids = {request[3]["webhook-id"] for request in double.requests}
        self.assertEqual(len(ids), 1, "the receiver can tell that it is the same")
        self.assertIn("delayed, attempt 1: the endpoint answers 503", done.stdout)

    def test_what_is_private_is_not_reached_unless_it_may_be(self):
        double = self.double(webhook_double())
        for host in ("127.0.0.1", "localhost"):
            url = f"https://{host}:{double.server.server_address[1]}/"
            self.endpoint(f"type = 'webhook'\nurl = '{url}'\nsecret_file = 'secret'\nallow_private = false", KEY)
            refused = self.notify()
            self.assertEqual(refused.returncode, 1)
            self.assertIn("leads to an address where none may be", refused.stdout)
        self.assertEqual(double.requests, [])


class Alertmanager(Base):
    def test_receives_alerts_and_their_end(self):
        server = receivers.Alertmanager(self.dir)
        self.addCleanup(server.close)
        self.endpoint(f"type = 'alertmanager'\nurl = '{server.url}'")
        self.delivered("--severity", "high", "--title", "a <b>test</b>")
        alert = wait_for(server.alerts)[0]
        self.assertEqual(alert["labels"]["alertname"], "RedoubtIncident")
        self.assertEqual(alert["labels"]["exercise"], "true")
        self.assertEqual(alert["annotations"]["summary"], "EXERCISE: [high] test: a <b>test</b>")
        self.delivered("--close")
        wait_for(lambda: server.alerts() == [])


class Mail(Base):
    def serve(self, *tls):
        server = receivers.MailServer(self.dir, *tls)
        self.addCleanup(server.close)
        return server

    def mail(self, url, more=""):
        self.endpoint(f"type = 'smtp'\nurl = '{url}'\nfrom = 'redoubt@clinic.example'\n"
                      f"to = ['soc@clinic.example', 'ciso@clinic.example']\n{more}")

    def check(self, server):
        with open(wait_for(server.mails)[0], "rb") as file:
            message = email.message_from_binary_file(file, policy=email.policy.default)
        self.assertEqual(message["Subject"], "EXERCISE: [high] test: Zürich Bcc: evil@evil.example")
        self.assertIsNone(message["Bcc"])
        self.assertEqual(message["X-RcptTo"], "soc@clinic.example, ciso@clinic.example")
        self.assertIn("Nothing has happened.", message.get_content())

    def test_is_sent_with_starttls_and_smtps(self):
        key, signed = receivers.certificate(self.dir)
        for scheme, words in (("smtp", ("--tlscert", signed, "--tlskey", key)),
                              ("smtps", ("--smtpscert", signed, "--smtpskey", key))):
            server = self.serve(*words)
            self.mail(f"{scheme}://localhost:{server.port}", "ca_file = 'cert.pem'\nallow_private = true")
            self.delivered("--severity", "high", "--title", "Zürich\nBcc: evil@evil.example")
            self.check(server)
            shutil.rmtree(os.path.dirname(server.box))

    def test_is_not_sent_without_tls_or_to_somebody_else(self):
        plain = self.serve()
        self.mail(f"smtp://localhost:{plain.port}", "allow_private = true")
        refused = self.notify()
        self.assertEqual(refused.returncode, 1)
        self.assertIn("offers no TLS", refused.stdout)
        key, signed = receivers.certificate(self.dir)
        other = self.serve("--smtpscert", signed, "--smtpskey", key)
        self.mail(f"smtps://localhost:{other.port}", "allow_private = true")
        refused = self.notify("--timeout", "3")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("does not prove that it is the one", refused.stdout)
        self.assertEqual(plain.mails() + other.mails(), [])


if __name__ == "__main__":
    unittest.main()
