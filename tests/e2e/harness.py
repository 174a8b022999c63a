"""Starts Redoubt and an upstream for one test, on free ports and in a temporary folder, and stops what it started."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time

BIN = os.environ["REDOUBT_BIN"]
TOOLS = os.environ.get("REDOUBT_TEST_BIN", BIN)


def program(name):
    return os.path.join(BIN, name)


def run(*args, check=True, **kwargs):
    done = subprocess.run(args, capture_output=True, text=True, timeout=60, **kwargs)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(args)} ended with {done.returncode}: {done.stderr}{done.stdout}")
    return done


def wait_for(what, seconds=10.0):
    """Waits until what() is true; returns its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("waited in vain")


class Upstream:
    """An OpenAI-compatible server whose every step the test decides: `handler(request_text, socket)`."""

    def __init__(self, handler):
        self.handler = handler
        self.requests = []
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                while True:
                    request = self._read(connection)
                    if request is None:
                        return
                    self.requests.append(request)
                    if not self.handler(request, connection):
                        return
            except OSError:
                return

    @staticmethod
    def _read(connection):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return None
            data += piece
        head, body = data.split(b"\r\n\r\n", 1)
        length = re.search(rb"content-length: *(\d+)", head, re.I)
        want = int(length.group(1)) if length else 0
        while len(body) < want:
            body += connection.recv(65536)
        return (head + b"\r\n\r\n" + body).decode()

    def close(self):
        self.listener.close()


def whole_reply(content="hello"):
    body = json.dumps({
        "id": "c1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}})
    return (f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(text):
    data = text.encode() if isinstance(text, str) else text
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(content):
    return "data: " + json.dumps({"id": "c1", "object": "chat.completion.chunk", "model": "m", "choices": [
        {"index": 0, "delta": {"content": content}, "finish_reason": None}]}) + "\n\n"


class Redoubt:
    def __init__(self, upstream, settings="", folder=None, drain_grace="5s", flags=()):
        self.flags = list(flags)  # further ones of `redoubt serve`
        self.folder = folder or tempfile.mkdtemp(prefix="redoubt-e2e-")
        self.dir = os.path.join(self.folder, "var")
        self.upstream = upstream
        if not os.path.exists(self.dir):
            run(program("redoubt"), "init", "--dir", self.dir, "--origin", "test.example/log", "--upstream", upstream)
            with open(os.path.join(self.dir, "redoubt.toml")) as file:
                text = file.read()
            text = text.replace("[gateway]\n", f"[gateway]\ndrain_grace = \"{drain_grace}\"\n" + settings)
            text = text.replace("[ledger]\n", "[ledger]\nsegment_size = \"9MiB\"\n")
            with open(os.path.join(self.dir, "redoubt.toml"), "w") as file:
                file.write(text)
            self.key = self.issue("demo")
            self.auditor = self.issue("auditor", "--role", "auditor")
        self.process = None

    def issue(self, name, *options):
        return run(program("redoubt"), "identity", "issue-key", "--dir", self.dir, "--name", name,
                   *options).stdout.strip()

    def start(self, server="redoubt", before=(), **options):
        """`before`: words in front of the command; `options`: for Popen."""
        self.log = open(os.path.join(self.folder, "log"), "a+")
        self.process = subprocess.Popen(
            [*before, program(server), "serve", "--dir", self.dir, "--listen", "127.0.0.1:0", "--upstream", self.upstream,
             *self.flags],
            stdout=subprocess.PIPE, stderr=self.log, text=True, start_new_session=True, **options)
        line = self.process.stdout.readline()
        match = re.match(r"listening on (https?://127\.0\.0\.1:(\d+))$", line.strip())
        if not match:
            raise AssertionError("did not start: " + self.log_text())
        self.url, self.port = match.group(1), int(match.group(2))
        wait_for(lambda: self.get("/readyz")[0] == 200)
        return self

    def log_text(self):
        with open(os.path.join(self.folder, "log")) as file:
            return file.read()

    def child(self, name):
        """The pid of the launcher's child with this name."""
        for pid in os.listdir("/proc"):
            if not pid.isdigit():
                continue
            try:
                with open(f"/proc/{pid}/stat") as file:
                    comm, rest = file.read().split("(", 1)[1].rsplit(")", 1)
            except OSError:
                continue
            if comm == name and int(rest.split()[1]) == self.process.pid:
                return int(pid)
        raise AssertionError("no child " + name)

    def stop(self):
        """Asks it to drain and waits; returns the exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("did not drain: " + self.log_text())
        self._close()
        return status

    def kill(self):
        """kill -9 of everything at once."""
        for name in ("redoubt-gateway", "redoubt-keeper"):
            try:
                os.kill(self.child(name), signal.SIGKILL)
            except (AssertionError, ProcessLookupError):
                pass
        self.process.kill()
        self.process.wait()
        self._close()

    def _close(self):
        self.process.stdout.close()
        self.log.close()
        self.process = None

    def remove(self):
        if self.process is not None:
            self.kill()
        shutil.rmtree(self.folder)

    def tls_context(self):
        """How callers trust this server."""
        return ssl.create_default_context(cafile=os.path.join(self.dir, "tls-ca.pem"))

    def connect(self, timeout=10):
        """A connection for several exchanges."""
        if self.url.startswith("https:"):
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=self.tls_context())
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method, path, body=None, headers=None, key=None, timeout=10):
        """Status, header fields (lower case) and body of one exchange on a connection of its own."""
        connection = self.connect(timeout)
        try:
            fields = dict(headers or {})
            if key:
                fields["Authorization"] = "Bearer " + key
            connection.request(method, path, body=body, headers=fields)
            response = connection.getresponse()
            return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
        finally:
            connection.close()

    def get(self, path, key=None):
        return self.request("GET", path, key=key)

    def chat(self, content="hi", stream=False, key=None, timeout=10, **extra):
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": content}], "stream": stream, **extra})
        return self.request("POST", "/v1/chat/completions", body=body, key=key or self.key, timeout=timeout,
                            headers={"Content-Type": "application/json"})

    def open_stream(self, content="hi"):
        """A socket on which a streamed chat was requested."""
        body = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": content}]})
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        if self.url.startswith("https:"):
            connection = self.tls_context().wrap_socket(connection, server_hostname="127.0.0.1")
        connection.sendall((f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.key}\r\n"
                            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode())
        return connection

    def verify(self):
        """Recomputes the whole ledger; returns the number of entries."""
        done = run(program("redoubt"), "ledger", "verify", os.path.join(self.dir, "ledger"), "--dir", self.dir, "--json")
        return json.loads(done.stdout)["entries"]

    def leaves(self):
        """The bytes of all published records, in order, read from the files as docs/formats/ describes them."""
        ledger = os.path.join(self.dir, "ledger")
        if not os.path.exists(os.path.join(ledger, "checkpoint")):
            return []
        with open(os.path.join(ledger, "checkpoint")) as file:
            size = int(file.read().split("\n")[1])
        with open(os.path.join(ledger, "positions"), "rb") as file:
            offsets = struct.unpack("<%dI" % size, file.read(4 * size))
        names = sorted(os.listdir(os.path.join(ledger, "segments")))
        firsts = [int(name[:20]) for name in names] + [size]
        out = []
        for name, first, end in zip(names, firsts, firsts[1:]):
            with open(os.path.join(ledger, "segments", name), "rb") as file:
                for offset in offsets[first:end]:
                    file.seek(offset)
                    leaf_size = struct.unpack("<I", file.read(40)[:4])[0]
                    out.append(file.read(leaf_size))
        return out

    def records(self):
        """All published records, in order. The ledger is verified first."""
        self.verify()
        return [json.loads(leaf) for leaf in self.leaves()]


def stage(record):
    return record["unmapped"]["redoubt"]["stage"]


def parse_receipt(text):
    match = re.fullmatch(r'origin="([^"]+)", index=(\d+), leaf=:([A-Za-z0-9+/=]+):', text)
    if not match:
        raise AssertionError("not a receipt: " + repr(text))
    return match.group(1), int(match.group(2)), match.group(3)
