"""Receivers of notices: doubles of services that keep to the limits which those publish, and Alertmanager and a mail server
as Debian has them. A double is one of ours: it proves that we stay within the limits, not that the service takes it."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import socket
import subprocess
import threading
import time
import urllib.request

from harness import wait_for

KEY = "an example of a key, of more than 24 bytes"
ROUTING_KEY = "R0123456789ABCDEF0123456789ABCDE"


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


def webhook_double(now=time.time, key=KEY):
    """Standard Webhooks 1.0: what is not signed, or signed long ago, is refused."""
    def judge(_, headers, body):
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        digest = base64.b64encode(hmac.new(key.encode(), signed, hashlib.sha256).digest()).decode()
        fresh = abs(now() - int(headers["webhook-timestamp"])) < 300
        return (204 if fresh and headers["webhook-signature"] == "v1," + digest else 401), {}
    return Double(judge)


def certificate(folder):
    """Of `localhost`, signed by itself: where the key and the certificate are."""
    key, signed = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "3", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", key, "-out", signed], check=True, capture_output=True)
    return key, signed


class MailServer:
    """aiosmtpd with a mailbox; `tls` as its command line has it."""

    def __init__(self, folder, *tls):
        self.port = free_port()
        self.box = os.path.join(folder, "box", "new")
        # Debian's, whose Python may not be the first in PATH.
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{self.port}", *tls, "-c",
             "aiosmtpd.handlers.Mailbox", os.path.dirname(self.box)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def listening():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0
        wait_for(listening, 20)

    def mails(self):
        return [os.path.join(self.box, name) for name in os.listdir(self.box)] if os.path.isdir(self.box) else []

    def close(self):
        self.process.terminate()
        self.process.wait()


class Alertmanager:
    def __init__(self, folder):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = os.path.join(folder, "alertmanager.yml")
        with open(config, "w") as file:
            file.write("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        self.process = subprocess.Popen(
            ["prometheus-alertmanager", "--config.file=" + config, "--storage.path=" + os.path.join(folder, "am"),
             f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address="],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: self.alerts() is not None, 20)

    def alerts(self):
        """None while it does not answer."""
        try:
            with urllib.request.urlopen(self.url + "/api/v2/alerts", timeout=5) as answer:
                return json.load(answer)
        except OSError:
            return None

    def close(self):
        self.process.terminate()
        self.process.wait()
