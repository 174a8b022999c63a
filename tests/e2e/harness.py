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
import typing

BIN = os.environ["REDOUBT_BIN"]
TOOLS = os.environ.get("REDOUBT_TEST_BIN", BIN)


def program(name):
    return os.path.join(BIN, name)


def run(*args, check=True, **kwargs):
    done = subprocess.run(args, capture_output=True, text=True, timeout=60, **kwargs)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(args)} ended with {done.returncode}: {done.stderr}{done.stdout}")
    return done


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, seconds=10.0):
    """Waits until what() is true; returns its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("waited in vain")


# Records of a first start: who is known, by `redoubt init`, and the bundle that comes into force.
STARTED = 2


class Upstream:
    """An OpenAI-compatible server whose every step the test decides: `handler(request_text, socket)`."""

    def __init__(self, handler):
        self.handler = handler
        self.requests = []
        self.connections = 0  # accepted so far
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
            self.connections += 1
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
            piece = connection.recv(65536)
            if not piece:
                return None
            body += piece
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


class Resources(typing.NamedTuple):
    """What a gateway holds: sockets of callers and of upstreams, other descriptors, resident memory."""
    callers: int
    upstreams: int
    others: int
    resident_kib: int
    names: tuple  # of what every descriptor is


class RawConnection:
    """A caller that says exactly what the test wants, from any address of the loopback network."""

    def __init__(self, port, source="127.0.0.1", receive_buffer=0, timeout=10):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(timeout)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        self.data = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Sends what the peer takes; a peer that has refused and closed takes no more."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _more(self):
        try:
            piece = self.socket.recv(65536)
        except ConnectionResetError:
            piece = b""
        self.data += piece
        return bool(piece)

    def _take_until(self, mark):
        while mark not in self.data:
            if not self._more():
                raise AssertionError("the connection ended before %r: %r" % (mark, self.data[:500]))
        taken, self.data = self.data.split(mark, 1)
        return taken

    def _take(self, size):
        while len(self.data) < size:
            if not self._more():
                raise AssertionError("the connection ended within a body")
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def reply(self):
        """The next reply, whole: status, header fields (lower case), body."""
        lines = self._take_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status = lines[0].split(" ")[:2]
        if version != "HTTP/1.1":
            raise AssertionError("not a reply: " + lines[0])
        fields = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:])}
        if int(status) < 200 or int(status) in (204, 304):
            return int(status), fields, b""
        if fields.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self._take_until(b"\r\n"), 16):
                body += self._take(size)
                self._take(2)
            self._take(2)
            return int(status), fields, body
        return int(status), fields, self._take(int(fields["content-length"]))

    def rest(self):
        """Everything until the connection ends."""
        while self._more():
            pass
        taken, self.data = self.data, b""
        return taken


class Redoubt:
    def __init__(self, upstream, settings="", folder=None, drain_grace="5s", upstream_settings="", flags=(),
                 environment=None, origin="test.example/log", tenants=(), applications=(), one_person=True,
                 playbooks=False, init_words=(), fixed_port=False):
        """`settings`: lines for [gateway]. `environment`: what the programs find there beside ours. `applications`:
        further ones than `demo` and `auditor`, as `redoubt init` takes them; `keys` has the keys of all, by name.
        `playbooks`: whether those of `redoubt init` stay, so that it answers what tests do. `init_words`: further ones of
        `redoubt init`. `fixed_port`: with a TPM, starts listen on one port; else on any.

        With a TPM a server is told by redoubt.toml alone what to do: flags have no say (`words_of_serve`)."""
        self.flags = list(flags)  # further ones of `redoubt serve`
        self.environment = {**os.environ, **(environment or {})}
        self.folder = folder or tempfile.mkdtemp(prefix="redoubt-e2e-")
        self.dir = os.path.join(self.folder, "var")
        self.listen = "127.0.0.1:0"
        self.upstream = upstream
        if not os.path.exists(self.dir):
            words = [f"--application={words}" for words in ("demo", "auditor:auditors", *applications)]
            words += [f"--tenant={name}" for name in tenants] + ["--one-person"] * one_person + [*init_words]
            made = json.loads(run(program("redoubt"), "init", "--dir", self.dir, "--origin", origin, "--upstream",
                                  upstream, "--json", *words).stdout)
            if not playbooks:
                shutil.rmtree(os.path.join(self.dir, "playbooks"))
            self.made = made
            self.keys = {principal["id"]: principal["key"] for principal in made["principals"]}
            self.key, self.auditor = self.keys["demo"], self.keys["auditor"]
            self.configure("[gateway]\n", f"[gateway]\ndrain_grace = \"{drain_grace}\"\n" + settings)
            self.configure("127.0.0.1:8080", "127.0.0.1:%d" % (free_port() if fixed_port else 0))
            self.configure("127.0.0.1:8081", "127.0.0.1:0")
            self.configure("[ledger]\n", "[ledger]\nsegment_size = \"9MiB\"\n")
            self.configure("[upstream]\n", "[upstream]\n" + upstream_settings)
        self.process = None

    def configure(self, old, new):
        """Replaces text in redoubt.toml; without `old`, appends."""
        path = os.path.join(self.dir, "redoubt.toml")
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(text.replace(old, new) if old else text + new)

    def words_of_serve(self):
        """`--listen` and the like; none where redoubt.toml names a TPM."""
        with open(os.path.join(self.dir, "redoubt.toml")) as file:
            if re.search("^tpm = ", file.read(), re.M):
                return []
        return ["--listen", self.listen, "--upstream", self.upstream, *self.flags]

    def start(self, before=None, server="redoubt", words=(), environment=None, pass_fds=(),
              until="/readyz"):
        """`before` runs in the launcher's process before its program does; `words` come in front of the command."""
        self.log = open(os.path.join(self.folder, "log"), "a+")
        self.process = subprocess.Popen(
            [*words, program(server), "serve", "--dir", self.dir, *self.words_of_serve()],
            stdout=subprocess.PIPE, stderr=self.log, text=True, start_new_session=True,
            env=environment or self.environment, pass_fds=pass_fds, preexec_fn=before)
        line = self.process.stdout.readline()
        match = re.match(r"listening on (https?://127\.0\.0\.1:(\d+))$", line.strip())
        if not match:
            raise AssertionError("did not start: " + self.log_text())
        self.url, self.port = match.group(1), int(match.group(2))
        with open(os.path.join(self.dir, "run", "admin-address")) as file:
            self.admin_url = file.read().strip()
        wait_for(lambda: self.get(until)[0] == 200)
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

    def resources(self):
        """What the gateway holds now."""
        pid = self.child("redoubt-gateway")
        sockets = set()
        others = 0
        names = []
        known = {}
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(f"/proc/{pid}/fd/{name}")
            except FileNotFoundError:
                continue  # closed meanwhile
            if target.startswith("socket:["):
                sockets.add(target[8:-1])
            else:
                others += 1
                names.append(target)
        callers = upstreams = 0
        upstream_port = int(self.upstream.rsplit(":", 1)[1])
        for table in ("tcp", "tcp6"):
            with open(f"/proc/{pid}/net/{table}") as file:
                for line in file.readlines()[1:]:
                    fields = line.split()
                    local, remote = (int(end.rsplit(":", 1)[1], 16) for end in fields[1:3])
                    if fields[9] not in sockets:
                        continue
                    known[fields[9]] = f"port {local} to {remote}, state {fields[3]}"
                    if fields[3] == "0A":  # LISTEN
                        continue
                    callers += local == self.port
                    upstreams += remote == upstream_port
        with open(f"/proc/{pid}/status") as file:
            resident_kib = int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1))
        # Sockets that are in no table are closed by their peer and not by us.
        return Resources(callers, upstreams, others + len(sockets) - callers - upstreams, resident_kib,
                         tuple(sorted(names + [known.get(each, "a socket in no table") for each in sockets])))

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
            try:
                connection.request(method, path, body=body, headers=fields)
            except BrokenPipeError:
                pass  # refused before all of it was sent; the answer is there to read
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

    def admin(self, method, path, body=None, key=None, headers=None, timeout=10):
        """One call of the administrative interface, by the first administrator unless it says otherwise: status, header
        fields, and what the body says."""
        port = int(self.admin_url.rsplit(":", 1)[1])
        fields = {"Authorization": "Bearer " + (key or self.keys["admin-1"]), **(headers or {})}
        if body is not None:
            fields["Content-Type"] = "application/merge-patch+json" if method == "PATCH" else "application/json"
        if self.admin_url.startswith("https:"):
            connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=timeout, context=self.tls_context())
        else:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        try:
            connection.request(method, "/admin/v1" + path, body=None if body is None else json.dumps(body),
                               headers=fields)
            response = connection.getresponse()
            text = response.read()
            return (response.status, {k.lower(): v for k, v in response.getheaders()},
                    json.loads(text) if text else None)
        finally:
            connection.close()

    def issue(self, principal, **narrowed):
        """A further key of a principal: its name, and the key itself."""
        status, _, said = self.admin("POST", "/keys", {"principal": principal, **narrowed})
        if status != 201:
            raise AssertionError(f"no key was issued: {status} {said}")
        return said["key"]["id"], said["secret"]

    def revoke(self, name):
        _, fields, _ = self.admin("GET", "/keys/" + name)
        status, _, said = self.admin("POST", f"/keys/{name}/revoke", headers={"If-Match": fields["etag"]})
        if status != 200:
            raise AssertionError(f"the key was not revoked: {status} {said}")

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

    def leaves(self, begin=0, tenant=None):
        """The bytes of all published records of a log from index `begin` on, in order, read from the files as
        docs/formats/ describes them."""
        ledger = os.path.join(self.dir, "ledger")
        log = os.path.join(ledger, "t", tenant) if tenant else ledger
        if not os.path.exists(os.path.join(log, "checkpoint")):
            return []
        with open(os.path.join(log, "checkpoint")) as file:
            size = int(file.read().split("\n")[1])
        with open(os.path.join(log, "positions"), "rb") as file:
            file.seek(8 * begin)
            positions = list(struct.iter_unpack("<II", file.read(8 * (size - begin))))
        out = []
        segments = {}
        try:
            for number, offset in positions:
                if number not in segments:
                    segments[number] = open(os.path.join(ledger, "segments", "%010d.seg" % number), "rb")
                segments[number].seek(offset)
                leaf_size = struct.unpack("<I", segments[number].read(56)[:4])[0]
                out.append(segments[number].read(leaf_size))
        finally:
            for file in segments.values():
                file.close()
        return out

    def entries(self):
        """All published records, in order. The ledger is verified first."""
        self.verify()
        return [json.loads(leaf) for leaf in self.leaves()]

    def records(self):
        """Those of exchanges."""
        return [record for record in self.entries() if not is_fact(record)]

    def facts(self):
        """Those that change Redoubt's own state."""
        return [record for record in self.entries() if is_fact(record)]

    def wait_published(self, index):
        """Until a checkpoint covers the record of this index, counted from the first after a first start."""
        wait_for(lambda: self.get("/ledger/receipt/%d" % (STARTED + index), key=self.key)[0] == 200)


def is_fact(record):
    return stage(record) == "fact"


def fact_kind(record):
    return record["unmapped"]["redoubt"]["kind"]


def stage(record):
    return record["unmapped"]["redoubt"]["stage"]


def parse_receipt(text):
    match = re.fullmatch(r'origin="([^"]+)", index=(\d+), leaf=:([A-Za-z0-9+/=]+):', text)
    if not match:
        raise AssertionError("not a receipt: " + repr(text))
    return match.group(1), int(match.group(2)), match.group(3)
