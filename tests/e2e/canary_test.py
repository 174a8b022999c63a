#!/usr/bin/env python3
"""What passed through is gone: a second after a reply neither its prompt nor its content is in any file, nor in the
memory of the gateway or the keeper."""

import json
import os
import secrets
import socket
import ssl
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import process_memory
from harness import STREAM_HEAD, Redoubt, Upstream, chunk, event, run, whole_reply

ROOT = os.geteuid() == 0
GRACE_SECONDS = 1.0


def canary(name):
    """Unique, and with characters that JSON escapes. What is looked for is its random part."""
    mark = name + "-" + secrets.token_hex(24)
    return mark, f'say "{mark}" \\ and\nno more'


class Base(unittest.TestCase):
    def setUp(self):
        self.reply_mark, self.reply = canary("reply")
        self.start()

    def tearDown(self):
        self.redoubt.remove()
        self.upstream.close()

    def answer(self, request, connection):
        if json.loads(request.split("\r\n\r\n", 1)[1])["stream"]:
            half = len(self.reply) // 2
            connection.sendall(STREAM_HEAD + chunk(event(self.reply[:half]) + event(self.reply)))
            connection.sendall(chunk("data: [DONE]\n\n") + b"0\r\n\r\n")
        else:
            connection.sendall(whole_reply(self.reply))
        return True

    def check_gone(self, marks):
        time.sleep(GRACE_SECONDS)
        needles = [mark.encode() for mark in marks]
        for folder, _, names in os.walk(self.redoubt.dir):
            for name in names:
                if not os.path.isfile(os.path.join(folder, name)):
                    continue  # a socket
                with open(os.path.join(folder, name), "rb") as file:
                    content = file.read()
                for needle in needles:
                    self.assertNotIn(needle, content, os.path.join(folder, name))
        if not ROOT:
            self.skipTest("the files hold nothing; the memory of other processes is root's to read")
        for name in ("redoubt-gateway", "redoubt-keeper"):
            found = process_memory.find(self.redoubt.child(name), needles)
            self.assertEqual([], [f"{needle.decode()[:6]} at {at:x} {where}" for needle, at, where in found], name)

    def chat(self, mark, text, **options):
        status, _, body = self.redoubt.chat(text, **options)
        self.assertEqual(status, 200)
        self.assertIn(self.reply_mark.encode(), body)

class Canary(Base):
    def start(self):
        self.upstream = Upstream(lambda request, connection: self.answer(request, connection))
        self.redoubt = Redoubt(self.upstream.url, applications=("limited:callers::other",)).start()

    def test_the_search_finds_what_is_there(self):
        if not ROOT:
            self.skipTest("needs root")
        mark, text = canary("waits")
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]})
        with socket.create_connection(("127.0.0.1", self.redoubt.port), timeout=5) as connection:
            connection.sendall((f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                                f"{self.redoubt.key}\r\nContent-Length: {len(body) + 1}\r\n\r\n{body}").encode())
            time.sleep(0.3)
            self.assertTrue(process_memory.find(self.redoubt.child("redoubt-gateway"), [mark.encode()]))

    def test_a_whole_exchange_leaves_nothing(self):
        mark, text = canary("whole")
        self.chat(mark, text)
        self.check_gone([mark, self.reply_mark])

    def test_a_streamed_exchange_leaves_nothing(self):
        mark, text = canary("streamed")
        self.chat(mark, text, stream=True)
        self.check_gone([mark, self.reply_mark])

    def test_a_long_prompt_leaves_nothing(self):
        mark, text = canary("long")
        self.chat(mark, (text + "x" * 50_000) * 10)
        self.check_gone([mark, self.reply_mark])

    def test_a_connection_that_stays_open_holds_nothing(self):
        mark, text = canary("kept")
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}], "stream": False})
        with socket.create_connection(("127.0.0.1", self.redoubt.port), timeout=5) as connection:
            connection.sendall((f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                                f"{self.redoubt.key}\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode())
            received = b""
            while self.reply_mark.encode() not in received:
                received += connection.recv(65536)
            self.check_gone([mark, self.reply_mark])

    def test_refused_requests_leave_nothing(self):
        marks = []
        for options in ({"key": "rdk_" + "A" * 43}, {"key": self.redoubt.keys["limited"]}):
            mark, text = canary("refused")
            marks.append(mark)
            self.assertIn(self.redoubt.chat(text, **options)[0], (401, 403))
        mark, text = canary("malformed")
        marks.append(mark)
        self.assertEqual(self.redoubt.request("POST", "/v1/chat/completions", body='{"model":"m",' + text,
                                              key=self.redoubt.key)[0], 400)
        self.check_gone(marks)


class TlsUpstream(Upstream):
    def __init__(self, folder, handler):
        self.certificate = os.path.join(folder, "upstream.pem")
        key = os.path.join(folder, "upstream.key")
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key,
            "-out", self.certificate)
        os.chmod(self.certificate, 0o600)  # the gateway's own user could not read it
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        super().__init__(handler)
        self.url = "https://localhost:%d" % self.listener.getsockname()[1]

    def _serve(self, connection):
        try:
            connection = self.context.wrap_socket(connection, server_side=True)
        except OSError:
            return
        super()._serve(connection)


class CanaryOverTls(Base):
    """With an upstream given by name and proven by its certificate: the gateway is confined differently."""

    def start(self):
        self.folder = tempfile.mkdtemp(prefix="redoubt-e2e-")
        self.upstream = TlsUpstream(self.folder, lambda request, connection: self.answer(request, connection))
        self.redoubt = Redoubt(self.upstream.url, folder=self.folder)
        self.redoubt.configure("[upstream]\n", f'[upstream]\nca_file = "{self.upstream.certificate}"\n')
        self.redoubt.start()

    def test_exchanges_leave_nothing(self):
        marks = [self.reply_mark]
        for name, stream in (("whole", False), ("streamed", True)):
            mark, text = canary(name)
            marks.append(mark)
            self.chat(mark, text, stream=stream)
        self.check_gone(marks)


if __name__ == "__main__":
    unittest.main(verbosity=2)
