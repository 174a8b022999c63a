"""TLS towards callers, on a real server: clients that trust its authority and nothing else, certificates that are
replaced under open connections, and what is refused."""

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import stat
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import STREAM_HEAD, Redoubt, Upstream, chunk, event, parse_receipt, program, run, wait_for, whole_reply


def read_until(connection, text, seconds=10.0):
    connection.settimeout(seconds)
    data = b""
    while text not in data:
        piece = connection.recv(65536)
        if not piece:
            raise AssertionError("ended before %r: %r" % (text, data))
        data += piece
    return data


class Base(unittest.TestCase):
    settings = ""
    flags = ("--tls",)

    def setUp(self):
        self.upstream = Upstream(lambda request, connection: self.answer(request, connection))
        self.redoubt = Redoubt(self.upstream.url, settings=self.settings, flags=self.flags)
        self.prepare()
        self.redoubt.start()

    def prepare(self):
        pass

    def tearDown(self):
        try:
            if self.redoubt.process is not None:
                self.assertEqual(self.redoubt.stop(), 0)
        finally:
            self.redoubt.remove()
            self.upstream.close()

    def answer(self, request, connection):
        connection.sendall(whole_reply())
        return True

    def leaf(self):
        """The certificate that a new connection sees, verified."""
        with socket.create_connection(("127.0.0.1", self.redoubt.port), timeout=5) as plain:
            with self.redoubt.tls_context().wrap_socket(plain, server_hostname="localhost") as connection:
                return connection.getpeercert()


class Clients(Base):
    """Each with the variable that `./run --tls` prints, and without it."""

    def client(self, *command, variable=None):
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")}
        if variable:
            environment[variable] = os.path.join(self.redoubt.dir, "tls-ca.pem")
        return run(*command, check=False, env=environment)

    def check_client(self, variable, *command):
        done = self.client(*command, variable=variable)
        self.assertEqual((done.returncode, done.stdout.strip()), (0, "200"), done.stderr)
        self.assertNotEqual(self.client(*command).returncode, 0)

    def test_curl(self):
        self.check_client("CURL_CA_BUNDLE", "curl", "-sS", "-o", os.devnull, "-w", "%{http_code}",
                          self.redoubt.url + "/readyz")

    def test_python(self):
        self.check_client("SSL_CERT_FILE", "python3", "-c", "import sys, urllib.request\n"
                          "print(urllib.request.urlopen(sys.argv[1], timeout=10).status)", self.redoubt.url + "/readyz")

    def test_node(self):
        if shutil.which("node") is None:
            self.skipTest("there is no Node.js")
        self.check_client("NODE_EXTRA_CA_CERTS", "node", "-e",
                          "require('https').get(process.argv[1], r => { console.log(r.statusCode); r.resume(); })",
                          self.redoubt.url + "/readyz")

    def test_no_client_gets_tls_1_2(self):
        done = self.client("curl", "-sS", "--tls-max", "1.2", self.redoubt.url + "/readyz", variable="CURL_CA_BUNDLE")
        self.assertEqual(done.returncode, 35, done.stderr)

    def test_a_request_without_tls_is_told_so_and_reaches_nobody(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.redoubt.port, timeout=10)
        connection.request("POST", "/v1/chat/completions", body="{}", headers={"Authorization": "Bearer x"})
        response = connection.getresponse()
        self.assertEqual((response.status, json.loads(response.read())["error"]["code"]), (400, "tls_required"))
        connection.close()
        self.assertEqual(self.upstream.requests, [])

    def test_a_chat_is_recorded_and_its_receipt_proves_over_tls(self):
        status, fields, _ = self.redoubt.chat("what ails the patient?")
        self.assertEqual(status, 200)
        _, index, leaf = parse_receipt(fields["redoubt-receipt"])
        vkey = os.path.join(self.redoubt.dir, "ledger.vkey")
        prove = (program("redoubt"), "ledger", "prove", str(index), "--key", self.redoubt.key, "--leaf", leaf)
        wait_for(lambda: self.redoubt.get("/ledger/receipt/%d" % index, key=self.redoubt.key)[0] == 200)
        run(*prove, "--url", self.redoubt.url, "--dir", self.redoubt.dir)
        authority = os.path.join(self.redoubt.dir, "tls-ca.pem")
        with tempfile.TemporaryDirectory() as elsewhere:
            run(*prove, "--url", self.redoubt.url, "--ca-file", authority, "--vkey-file", vkey, cwd=elsewhere)
            stranger = run(*prove, "--url", self.redoubt.url, "--vkey-file", vkey, cwd=elsewhere, check=False)
        self.assertEqual(stranger.returncode, 3)
        self.assertIn("certificate is not acceptable", stranger.stderr)
        self.assertIn("ready", run(program("redoubt"), "status", "--dir", self.redoubt.dir).stdout)
        run(program("redoubt"), "ledger", "verify", self.redoubt.url + "/ledger", "--dir", self.redoubt.dir, "--key",
            self.redoubt.auditor)
        run(program("redoubt"), "ledger", "show", str(index), "--open", "--reason", "test", "--dir", self.redoubt.dir,
            env={**os.environ, "REDOUBT_KEY": self.redoubt.auditor})

    def test_the_leaf_lives_a_day_at_most_and_names_this_machine(self):
        leaf = self.leaf()
        begin, end = (ssl.cert_time_to_seconds(leaf[name]) for name in ("notBefore", "notAfter"))
        self.assertLessEqual(end - begin, 24 * 3600)
        self.assertGreater(end - time.time(), 23 * 3600)
        self.assertEqual(sorted(leaf["subjectAltName"]), [("DNS", "localhost"), ("IP Address", "0:0:0:0:0:0:0:1"),
                                                          ("IP Address", "127.0.0.1")])

    def test_the_authority_stays_when_the_server_starts_again(self):
        with open(os.path.join(self.redoubt.dir, "tls-ca.pem")) as file:
            before = file.read()
        old = self.leaf()
        self.assertEqual(self.redoubt.stop(), 0)
        os.remove(os.path.join(self.redoubt.dir, "tls-ca.pem"))
        self.redoubt.start()
        with open(os.path.join(self.redoubt.dir, "tls-ca.pem")) as file:
            self.assertEqual(file.read(), before)
        self.assertNotEqual(self.leaf()["serialNumber"], old["serialNumber"])


class Renewal(Base):
    """Certificates that live for seconds, so that several come and go."""

    settings = 'tls_leaf_life = "6s"\n'

    def setUp(self):
        self.go = threading.Event()
        super().setUp()

    def prepare(self):
        path = os.path.join(self.redoubt.dir, "redoubt.toml")
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(text.replace("threads = 1\n", "threads = 2\n"))

    def answer(self, request, connection):
        if '"stream": true' not in request:
            connection.sendall(whole_reply())
            return True
        connection.sendall(STREAM_HEAD + chunk(event("a")))
        self.go.wait(30)
        connection.sendall(chunk(event("b")) + chunk("data: [DONE]\n\n") + b"0\r\n\r\n")
        return True

    def ask(self, connection):
        connection.request("GET", "/v1/models", headers={"Authorization": "Bearer " + self.redoubt.key})
        response = connection.getresponse()
        response.read()
        return response.status

    def test_a_leaf_is_replaced_and_no_connection_is_dropped(self):
        connection = self.redoubt.connect()
        self.assertEqual(self.ask(connection), 200)
        kept = connection.sock
        first = connection.sock.getpeercert()["serialNumber"]
        with self.redoubt.open_stream() as stream:
            read_until(stream, event("a").encode())
            seen = [first]
            while len(seen) < 3:
                seen.append(wait_for(lambda: (lambda s: s if s not in seen else None)(self.leaf()["serialNumber"]), 20))
                self.assertEqual(self.ask(connection), 200)
                self.assertIs(connection.sock, kept)
            self.go.set()
            self.assertIn(event("b").encode(), read_until(stream, b"data: [DONE]\n\n"))
        connection.close()

    def test_a_leaf_that_ended_is_shown_to_nobody(self):
        connection = self.redoubt.connect()
        self.assertEqual(self.get_health(connection), 200)
        keeper = self.redoubt.child("redoubt-keeper")
        os.kill(keeper, signal.SIGSTOP)
        try:
            def closed():
                try:
                    self.leaf()
                except (ConnectionError, ssl.SSLError):
                    return True
                return False

            wait_for(closed, 20)
            wait_for(lambda: "no connections are taken" in self.redoubt.log_text())
            self.assertEqual(self.get_health(connection), 200)  # open ones are not cut
        finally:
            os.kill(keeper, signal.SIGCONT)
        wait_for(lambda: not closed(), 20)
        connection.close()

    def get_health(self, connection):
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        response.read()
        return response.status

    def test_no_private_key_of_a_leaf_is_in_a_file(self):
        first = self.leaf()["serialNumber"]
        wait_for(lambda: self.leaf()["serialNumber"] != first, 20)
        keys = []
        for folder, _, names in os.walk(self.redoubt.dir):
            for name in names:
                path = os.path.join(folder, name)
                if stat.S_ISSOCK(os.lstat(path).st_mode):
                    continue
                with open(path, "rb") as file:
                    content = file.read()
                self.assertNotIn(b"PRIVATE KEY", content, path)
                # PKCS #8 and RFC 5915, P-256: version, then the scalar's octet string.
                self.assertNotIn(bytes.fromhex("0201010420"), content, path)
                if content.startswith(b"redoubt-tls-ca-v1 "):
                    keys.append(os.path.relpath(path, self.redoubt.dir))
        self.assertEqual(keys, ["keeper/tls-ca.key"])


class OwnCertificate(Base):
    """A certificate from elsewhere: its files are read at start and on SIGHUP."""

    flags = ()

    def prepare(self):
        self.pem = os.path.join(self.redoubt.folder, "server.pem")
        self.key = os.path.join(self.redoubt.folder, "server.key")
        self.write("127.0.0.1")
        with open(os.path.join(self.redoubt.dir, "redoubt.toml")) as file:
            text = file.read()
        with open(os.path.join(self.redoubt.dir, "redoubt.toml"), "w") as file:
            file.write(text.replace("[gateway]\n", f'[gateway]\ntls = true\ntls_certificate = "{self.pem}"\n'
                                                   f'tls_key = "{self.key}"\n'))
        # The harness trusts what lies here; in this test nobody else writes it.
        shutil.copy(self.pem, os.path.join(self.redoubt.dir, "tls-ca.pem"))

    def write(self, name):
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=" + name, "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", self.key,
            "-out", self.pem)

    def test_it_is_shown_and_read_again_on_sighup(self):
        self.assertEqual(self.leaf()["subject"], ((("commonName", "127.0.0.1"),),))
        self.assertFalse(os.path.exists(os.path.join(self.redoubt.dir, "keeper/tls-ca.key")))
        connection = self.redoubt.connect()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        self.write("another")
        shutil.copy(self.pem, os.path.join(self.redoubt.dir, "tls-ca.pem"))
        self.redoubt.process.send_signal(signal.SIGHUP)

        def renewed():
            try:
                return self.leaf()["subject"] == ((("commonName", "another"),),)
            except ssl.SSLError:
                return False

        wait_for(renewed)
        connection.request("GET", "/healthz")
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()
        with open(self.pem, "w") as file:
            file.write("nonsense")
        self.redoubt.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "kept as it was" in self.redoubt.log_text())
        self.assertTrue(renewed())


class Refusals(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="redoubt-e2e-")
        self.dir = os.path.join(self.folder, "var")
        run(program("redoubt"), "init", "--dir", self.dir, "--origin", "test.example/log")

    def tearDown(self):
        shutil.rmtree(self.folder)

    def configure(self, text):
        path = os.path.join(self.dir, "redoubt.toml")
        with open(path) as file:
            settings = file.read()
        with open(path, "w") as file:
            file.write(settings.replace("[gateway]\n", "[gateway]\n" + text))

    def serve(self, *flags):
        return run(program("redoubt"), "serve", "--dir", self.dir, *flags, check=False)

    # 192.0.2.0/24 (RFC 5737) is nobody's: what gets past the rule fails at binding, and nothing listens anywhere.

    def test_plain_http_where_others_can_reach_it(self):
        for address in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0"):
            done = self.serve("--listen", address)
            self.assertEqual(done.returncode, 2, address)
            self.assertIn("--allow-plain-http", done.stderr)
            self.assertIn("--tls", done.stderr)

    def test_it_is_taken_with_tls_or_the_flag_or_the_setting(self):
        for flags in (("--tls",), ("--allow-plain-http",)):
            done = self.serve("--listen", "192.0.2.1:0", *flags)
            self.assertIn("not an address of this machine", done.stderr)
        self.configure("allow_plain_http = true\n")
        self.assertIn("not an address of this machine", self.serve("--listen", "192.0.2.1:0").stderr)

    def test_an_upstream_in_the_clear_is_warned_of(self):
        for upstream, warned in (("http://models.example", True), ("http://192.0.2.2:8000/v1", True),
                                 ("https://models.example", False), ("http://127.0.0.1:1", False)):
            done = self.serve("--listen", "192.0.2.1:0", "--tls", "--upstream", upstream)
            self.assertIn("not an address of this machine", done.stderr)
            self.assertEqual("in the clear" in done.stderr, warned, done.stderr)

    def test_settings_that_cannot_be_followed(self):
        for text, why in (('tls_names = ["a b"]\n', "neither a DNS name nor a numeric address"),
                          ('tls_certificate = "x.pem"\n', "needs the other"), ('tls_key = "x.key"\n', "needs the other"),
                          ('tls_leaf_life = "25h"\n', "tls_leaf_life"), ("tls = 1\n", "tls")):
            self.configure(text)
            done = self.serve("--listen", "127.0.0.1:0")
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn(why, done.stderr)
            path = os.path.join(self.dir, "redoubt.toml")
            with open(path) as file:
                settings = file.read()
            with open(path, "w") as file:
                file.write(settings.replace(text, ""))

    def test_a_certificate_whose_files_cannot_be_read(self):
        self.configure('tls = true\ntls_certificate = "/nowhere/x.pem"\ntls_key = "/nowhere/x.key"\n')
        done = self.serve("--listen", "127.0.0.1:0")
        self.assertEqual(done.returncode, 3)
        self.assertIn("/nowhere/x.pem", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
