#!/usr/bin/env python3
"""Notices to receivers: Alertmanager and a mail server as Debian has them, and doubles of others that keep to the limits
which those publish. A double is one of ours: it proves that we stay within the limits, not that the service takes it."""
import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

from harness import program, wait_for

KEY = "an example of a key, of more than 24 bytes"
ROUTING_KEY = "R0123456789ABCDEF0123456789ABCDE"
PASSWORD = "a-pass-word"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Double:
    """A receiver of HTTP. `judge(path, headers, body)` gives a status, and maybe headers."""

    def __init__(self, judge):
        self.requests = []
        double = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers = judge(self.path, self.headers, body)
                double.requests.append((time.monotonic(), status, self.path, dict(self.headers), body))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def accepted(self):
        return [request for request in self.requests if request[1] < 300]


def pagerduty_double():
    """Events API v2: 512 KB a body, `dedup_key` of 255 characters, `summary` of 1,024, four severities; 202."""
    def judge(path, _, body):
        event = json.loads(body)
        payload = event["payload"]
        good = (path == "/v2/enqueue" and len(body) <= 512 * 1000 and event["routing_key"] == ROUTING_KEY
                and event["event_action"] in ("trigger", "acknowledge", "resolve") and len(event["dedup_key"]) <= 255
                and 0 < len(payload["summary"]) <= 1024 and payload["source"]
                and payload["severity"] in ("critical", "error", "warning", "info"))
        return (202 if good else 400), {}
    return Double(judge)


def slack_double():
    """Incoming webhooks: a secret path, `text`, about one message a second; 429 with Retry-After beyond."""
    last = [0.0]
    lock = threading.Lock()

    def judge(path, _, body):
        message = json.loads(body)
        if path != "/services/T0/B0/secret" or not 0 < len(message["text"]) <= 40000:
            return 400, {}
        with lock:
            now = time.monotonic()
            if now - last[0] < 1:
                return 429, {"Retry-After": "1"}
            last[0] = now
        return 200, {}
    return Double(judge)


def webhook_double():
    """Standard Webhooks 1.0: what is not signed, or signed long ago, is refused."""
    def judge(_, headers, body):
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        digest = base64.b64encode(hmac.new(KEY.encode(), signed, hashlib.sha256).digest()).decode()
        fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 300
        return (204 if fresh and headers["webhook-signature"] == "v1," + digest else 401), {}
    return Double(judge)


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
        port = free_port()
        self.write("alertmanager.yml", "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        server = subprocess.Popen(
            ["prometheus-alertmanager", "--config.file=" + os.path.join(self.dir, "alertmanager.yml"),
             "--storage.path=" + os.path.join(self.dir, "am"), f"--web.listen-address=127.0.0.1:{port}",
             "--cluster.listen-address="], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)

        def alerts():
            try:
                url = f"http://127.0.0.1:{port}/api/v2/alerts"
                with urllib.request.urlopen(url, timeout=5) as answer:
                    return json.load(answer)
            except OSError:
                return None
        wait_for(lambda: alerts() is not None, 20)
        self.endpoint(f"type = 'alertmanager'\nurl = 'http://127.0.0.1:{port}'")
        self.delivered("--severity", "high", "--title", "a <b>test</b>")
        alert = wait_for(alerts)[0]
        self.assertEqual(alert["labels"]["alertname"], "RedoubtIncident")
        self.assertEqual(alert["labels"]["exercise"], "true")
        self.assertEqual(alert["annotations"]["summary"], "EXERCISE: [high] test: a <b>test</b>")
        self.delivered("--close")
        wait_for(lambda: alerts() == [])


class Mail(Base):
    def serve(self, *tls):
        port = free_port()
        box = os.path.join(self.dir, "box")
        # Debian's, whose Python may not be the first in PATH.
        server = subprocess.Popen(["/usr/bin/python3", "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}", *tls,
                                   "-c", "aiosmtpd.handlers.Mailbox", box],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)

        def listening():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0
        wait_for(listening, 20)
        return port, os.path.join(box, "new")

    def certificate(self):
        key, certificate = os.path.join(self.dir, "key.pem"), os.path.join(self.dir, "cert.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", key, "-out", certificate], check=True, capture_output=True)
        return key, certificate

    def mails(self, box):
        return [os.path.join(box, name) for name in os.listdir(box)] if os.path.isdir(box) else []

    def mail(self, url, more=""):
        self.endpoint(f"type = 'smtp'\nurl = '{url}'\nfrom = 'redoubt@clinic.example'\n"
                      f"to = ['soc@clinic.example', 'ciso@clinic.example']\n{more}")

    def check(self, box):
        with open(wait_for(lambda: self.mails(box))[0], "rb") as file:
            message = email.message_from_binary_file(file, policy=email.policy.default)
        self.assertEqual(message["Subject"], "EXERCISE: [high] test: Zürich Bcc: evil@evil.example")
        self.assertIsNone(message["Bcc"])
        self.assertEqual(message["X-RcptTo"], "soc@clinic.example, ciso@clinic.example")
        self.assertIn("Nothing has happened.", message.get_content())

    def test_is_sent_with_starttls_and_smtps(self):
        key, certificate = self.certificate()
        for scheme, words in (("smtp", ("--tlscert", certificate, "--tlskey", key)),
                              ("smtps", ("--smtpscert", certificate, "--smtpskey", key))):
            port, box = self.serve(*words)
            self.mail(f"{scheme}://localhost:{port}", "ca_file = 'cert.pem'\nallow_private = true")
            self.delivered("--severity", "high", "--title", "Zürich\nBcc: evil@evil.example")
            self.check(box)
            shutil.rmtree(os.path.dirname(box))

    def test_is_not_sent_without_tls_or_to_somebody_else(self):
        port, box = self.serve()
        self.mail(f"smtp://localhost:{port}", "allow_private = true")
        refused = self.notify()
        self.assertEqual(refused.returncode, 1)
        self.assertIn("offers no TLS", refused.stdout)
        key, certificate = self.certificate()
        port, other = self.serve("--smtpscert", certificate, "--smtpskey", key)
        self.mail(f"smtps://localhost:{port}", "allow_private = true")
        refused = self.notify("--timeout", "3")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("does not prove that it is the one", refused.stdout)
        self.assertEqual(self.mails(box) + self.mails(other), [])


if __name__ == "__main__":
    unittest.main()
