#!/usr/bin/env python3
"""Requests that are sealed to a key in evidence, through an nginx that ends TLS and keeps every body it sees."""
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import STREAM_HEAD, Redoubt, Upstream, chunk, event, program, run, wait_for, whole_reply

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
GATEWAY_PATH = "/.well-known/ohttp-gateway"
PROMPT = "the-prompt-that-nobody-reads"

CONFIGURATION = """
daemon off;
master_process off;
pid FOLDER/nginx.pid;
error_log FOLDER/nginx-error.log;
events { worker_connections 64; }
http {
  log_format bodies '$request_method $uri $http_authorization $request_body';
  access_log FOLDER/bodies.log bodies;
  client_body_buffer_size 1m;
  client_body_temp_path FOLDER/body; proxy_temp_path FOLDER/proxy; fastcgi_temp_path FOLDER/fastcgi;
  uwsgi_temp_path FOLDER/uwsgi; scgi_temp_path FOLDER/scgi;
  server {
    listen 127.0.0.1:PORT ssl;
    ssl_certificate FOLDER/balancer.pem; ssl_certificate_key FOLDER/balancer.key;
    location / { proxy_pass UPSTREAM; proxy_http_version 1.1; proxy_set_header Host $http_host; }
  }
}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@unittest.skipUnless(shutil.which("swtpm") and os.path.exists(NGINX), "there is no swtpm or no nginx here")
class Sealed(unittest.TestCase):
    def setUp(self):
        self.go_on = threading.Event()
        self.upstream = Upstream(self.answer)
        self.redoubt = Redoubt(self.upstream.url, fixed_port=True)
        self.redoubt.configure(None, "\n[enclave]\ntpm = \"swtpm\"\n")
        self.redoubt.start()
        self.folder = os.path.join(self.redoubt.folder, "nginx")
        os.mkdir(self.folder)
        self.ca = os.path.join(self.folder, "balancer.pem")
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=balancer", "-addext", "subjectAltName=IP:127.0.0.1", "-out", self.ca, "-keyout",
            os.path.join(self.folder, "balancer.key"))
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        text = CONFIGURATION.replace("FOLDER", self.folder).replace("PORT", str(self.port))
        with open(os.path.join(self.folder, "nginx.conf"), "w") as file:
            file.write(text.replace("UPSTREAM", self.redoubt.url))
        self.nginx = subprocess.Popen([NGINX, "-p", self.folder, "-c", os.path.join(self.folder, "nginx.conf")],
                                      stderr=subprocess.DEVNULL)
        wait_for(self.answers)

    def tearDown(self):
        self.go_on.set()
        self.nginx.terminate()
        self.nginx.wait(timeout=10)
        try:
            if self.redoubt.process is not None:
                self.assertEqual(self.redoubt.stop(), 0, self.redoubt.log_text())
        finally:
            self.redoubt.remove()
            self.upstream.close()

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def answer(self, request, connection):
        if '"stream": true' not in request:
            connection.sendall(whole_reply("sealed hello"))
            return True
        connection.sendall(STREAM_HEAD + chunk(event("one ")))
        self.go_on.wait(20)
        connection.sendall(chunk(event("two")) + chunk("data: [DONE]\n\n") + b"0\r\n\r\n")
        return True

    def pin(self):
        return os.path.join(self.redoubt.dir, "attestation-key.sha256")

    def proxy(self, *words):
        process = subprocess.Popen([program("redoubt"), "attest", "proxy", "--sealed", self.url, "--listen",
                                    "127.0.0.1:0", "--ca-file", self.ca, *words], stdout=subprocess.PIPE, text=True)

        def stop():
            process.terminate()
            self.assertEqual(process.wait(timeout=20), 0)
            process.stdout.close()

        self.addCleanup(stop)
        line = process.stdout.readline().strip()
        self.assertTrue(line.startswith("listening on http://127.0.0.1:"), line)
        return int(line.rsplit(":", 1)[1])

    def chat(self, port, stream=False, key=None):
        """The response, whose body is still to be read."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self.addCleanup(connection.close)
        return self.ask(connection, stream, key)

    def ask(self, connection, stream=False, key=None):
        connection.request("POST", "/v1/chat/completions", headers={
            "Authorization": "Bearer " + (key or self.redoubt.key), "Content-Type": "application/json"},
            body=json.dumps({"model": "m", "messages": [{"role": "user", "content": PROMPT}], "stream": stream}))
        return connection.getresponse()

    def bodies(self):
        with open(os.path.join(self.folder, "bodies.log"), "rb") as file:
            return file.read()

    def test_any_client_asks_through_a_balancer_that_reads_nothing(self):
        port = self.proxy("--pin", self.pin())
        response = self.chat(port)
        body = json.loads(response.read())
        self.assertEqual((response.status, body["choices"][0]["message"]["content"]), (200, "sealed hello"), body)
        self.assertIn("index=", response.getheader("redoubt-receipt"))
        self.assertIn(PROMPT, self.upstream.requests[0])
        wait_for(lambda: self.bodies().count(GATEWAY_PATH.encode()) == 1)
        seen = self.bodies()
        for secret in (PROMPT, self.redoubt.key, "/v1/chat/completions", "sealed hello"):
            self.assertNotIn(secret.encode(), seen)
        # The same log of a request in the clear does have it: the balancer looks.
        clear = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20,
                                            context=ssl.create_default_context(cafile=self.ca))
        self.addCleanup(clear.close)
        self.assertEqual(self.ask(clear).status, 200)
        wait_for(lambda: PROMPT.encode() in self.bodies() and self.redoubt.key.encode() in self.bodies())
        self.assertEqual(self.redoubt.stop(), 0)
        paths = [record["http_request"]["url"]["path"] for record in self.redoubt.records()
                 if record["api"]["operation"] == "chat.completions"]
        self.assertEqual(paths, [GATEWAY_PATH] * 2 + ["/v1/chat/completions"] * 2, "admission and outcome of each")

    def test_a_stream_comes_piece_by_piece(self):
        response = self.chat(self.proxy("--pin", self.pin()), stream=True)
        self.assertEqual(response.status, 200)
        self.assertTrue(response.getheader("content-type").startswith("text/event-stream"))
        first = response.read1()
        self.assertIn(b"one ", first)
        self.go_on.set()
        rest = response.read()
        self.assertIn(b"two", first + rest)
        self.assertIn(b"data: [DONE]", rest)
        self.assertNotIn(b"two", first, "the first piece came before the upstream had said the second")

    def test_a_stream_that_is_cut_does_not_end_well(self):
        response = self.chat(self.proxy("--pin", self.pin()), stream=True)
        self.assertIn(b"one ", response.read1())
        self.nginx.kill()
        with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
            response.read()

    def test_a_key_that_the_pin_does_not_vouch_for_gets_nothing(self):
        response = self.chat(self.proxy("--pin", "00" * 32))
        self.assertEqual(response.status, 502)
        self.assertIn(b"the attestation key is not the pinned one", response.read())
        self.assertEqual(self.upstream.requests, [])

    def test_shows_the_key(self):
        words = [program("redoubt"), "attest", "verify", "--sealed", self.url, "--at", "now", "--ca-file", self.ca]
        # The bundle is measured beside the first answers.
        wait_for(lambda: ", as measured" in run(*words, "--pin", self.pin()).stdout)
        said = run(*words, "--pin", self.pin()).stdout
        self.assertRegex(said, r"^tier      software-tpm\nmeasurer  self\nbundle    sha256:[0-9a-f]{64}, as measured\n"
                               r"key       [A-Za-z0-9_-]{55}\n")
        refused = run(*words, "--pin", "00" * 32, check=False)
        self.assertEqual(refused.returncode, 1, refused.stderr)

    def test_refuses_a_replay_and_says_who_is_not_known(self):
        port = self.proxy("--pin", self.pin())
        self.assertEqual(self.chat(port).status, 200)
        self.assertEqual(self.chat(port, key="rk-nobody").status, 401)
        wait_for(lambda: self.bodies().count(GATEWAY_PATH.encode()) == 2)
        line = next(line for line in self.bodies().split(b"\n") if GATEWAY_PATH.encode() in line)
        escaped = line.split(b" ", 3)[3]
        message = re.sub(rb"\\x([0-9A-F]{2})", lambda hit: bytes([int(hit.group(1), 16)]), escaped)
        sent = len(self.upstream.requests)
        for _ in range(2):
            status, fields, _ = self.redoubt.request("POST", GATEWAY_PATH, body=message,
                                                     headers={"Content-Type": "message/ohttp-chunked-req"})
            self.assertEqual((status, fields["content-type"]), (200, "message/ohttp-chunked-res"), "sealed")
        self.assertEqual(len(self.upstream.requests), sent)
        self.assertEqual(self.redoubt.stop(), 0)
        denials = [record for record in self.redoubt.records()
                   if record["api"].get("response", {}).get("error") == "replayed"]
        self.assertEqual(sum(record.get("count", 1) for record in denials), 2)

    def test_asks_again_when_the_server_has_other_keys(self):
        port = self.proxy("--pin", self.pin())
        self.assertEqual(self.chat(port).status, 200)
        self.assertEqual(self.redoubt.stop(), 0)
        self.redoubt.start()
        response = self.chat(port)
        self.assertEqual(response.status, 200, response.read())

    def test_the_key_is_also_where_oblivious_http_has_it(self):
        status, fields, body = self.redoubt.request("GET", GATEWAY_PATH)
        self.assertEqual((status, fields["content-type"], len(body)), (200, "application/ohttp-keys", 43))
        status, fields, body = self.redoubt.request("POST", GATEWAY_PATH, body=b"x" * 100,
                                                    headers={"Content-Type": "message/ohttp-chunked-req"})
        self.assertEqual((status, fields["content-type"]), (400, "application/problem+json"), body)


if __name__ == "__main__":
    unittest.main()
