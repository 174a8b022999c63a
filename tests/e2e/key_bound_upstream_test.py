#!/usr/bin/env python3
"""Upstreams that show evidence in the forms of others, over TLS: with a genuine report or quote that is over another key
not a byte of a prompt arrives, and with one over their own key, under an anchor that the policy pins, prompts do."""
import base64
import gzip
import hashlib
import json
import os
import ssl
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Redoubt, Upstream, stage, whole_reply

SAMPLES = os.path.join(os.environ.get("REDOUBT_DATA", ""), "attestation")
WITH_SAMPLES = unittest.skipUnless(os.path.isdir(SAMPLES), "REDOUBT_DATA names no folder with shared samples")
NO_SUCH_KEY = "the evidence is over another TLS key than this connection's"
DSTACK_QUOTE, DSTACK_LOG = "1.3.6.1.4.1.62397.1.1", "1.3.6.1.4.1.62397.1.2"


class Authority:
    """Keys and certificates of nobody's, in a folder, by the openssl program."""

    def __init__(self, folder):
        self.folder = folder
        self.made = 0

    def path(self, name):
        return os.path.join(self.folder, name)

    def openssl(self, *words, data=None):
        return subprocess.run(["openssl", *words], input=data, capture_output=True, check=True, cwd=self.folder).stdout

    def certify(self, file, name, issuer=None, extensions=(), curve="prime256v1"):
        """FILE.key and FILE.pem; an authority's own without an issuer."""
        self.openssl("ecparam", "-name", curve, "-genkey", "-noout", "-out", file + ".key")
        self.openssl("req", "-new", "-key", file + ".key", "-subj", "/CN=" + name, "-out", file + ".csr")
        with open(self.path(file + ".cnf"), "w") as out:
            out.write("[e]\n" + "\n".join(extensions) + "\n")
        by = ["-CA", issuer + ".pem", "-CAkey", issuer + ".key"] if issuer else ["-signkey", file + ".key"]
        self.made += 1
        self.openssl("x509", "-req", "-in", file + ".csr", *by, "-set_serial", str(self.made), "-days", "30", "-extfile",
                     file + ".cnf", "-extensions", "e", "-out", file + ".pem")

    def read(self, file):
        with open(self.path(file)) as out:
            return out.read()

    def der(self, file):
        return self.openssl("x509", "-in", file, "-outform", "DER")

    def key_digest(self, file):
        """SHA-256 of the SubjectPublicKeyInfo."""
        return hashlib.sha256(self.openssl("pkey", "-in", file, "-pubout", "-outform", "DER")).digest()


CA = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")


def snp_chip(authority):
    """A chip whose maker is nobody: `vek.pem`, below `ask.pem` and `ark.pem`."""
    authority.certify("ark", "ARK-Milan", extensions=CA)
    authority.certify("ask", "SEV-Milan", "ark", CA)
    oid = "1.3.6.1.4.1.3704.1."
    svns = {"3.1": 3, "3.2": 0, "3.3": 8, "3.4": 0, "3.5": 0, "3.6": 0, "3.7": 0, "3.8": 0x73}
    authority.certify("vek", "SEV-VCEK", "ask", curve="secp384r1", extensions=[
        f"{oid}2=ASN1:IA5STRING:Milan-B0", f"{oid}4=DER:" + ":".join("%02x" % i for i in range(1, 65)),
        *(f"{oid}{number}=ASN1:INTEGER:{svn}" for number, svn in svns.items())])


def snp_report(authority, report_data):
    """A report of that chip (AMD 56860, ATTESTATION_REPORT)."""
    report = bytearray(1184)
    tcb = bytes([3, 0, 0, 0, 0, 0, 8, 0x73])
    for at, value in {0: struct.pack("<I", 3), 0x08: struct.pack("<Q", 3 << 16), 0x34: struct.pack("<I", 1),
                      0x38: tcb, 0x50: report_data, 0x90: b"\x22" * 48, 0x180: tcb, 0x188: b"\x19\x01",
                      0x1a0: bytes(range(1, 65)), 0x1e0: tcb, 0x1f0: tcb}.items():
        report[at:at + len(value)] = value
    der = authority.openssl("dgst", "-sha384", "-sign", "vek.key", data=bytes(report[:0x2a0]))
    at = 2
    for place in (0x2a0, 0x2a0 + 72):
        size = der[at + 1]
        number = int.from_bytes(der[at + 2:at + 2 + size], "big")
        report[place:place + 72] = number.to_bytes(72, "little")
        at += 2 + size
    return bytes(report)


def document(predicate, body):
    return json.dumps({"format": "https://tinfoil.sh/predicate/" + predicate,
                       "body": base64.b64encode(gzip.compress(body)).decode()})


class Endpoint(Upstream):
    """A model server behind TLS with FILE.pem that shows a document, if it has one."""

    def __init__(self, authority, file, shown=None):
        self.shown = shown
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(authority.path(file + ".pem"), authority.path(file + ".key"))
        super().__init__(self.answer)
        self.url = self.url.replace("http://", "https://")

    def _serve(self, connection):
        try:
            super()._serve(self.context.wrap_socket(connection, server_side=True))
        except OSError:
            pass  # the caller has seen enough in the handshake

    def answer(self, request, connection):
        reply = whole_reply()
        if request.startswith("GET "):
            body = self.shown if request.startswith("GET /.well-known/tinfoil-attestation ") else None
            reply = (f"HTTP/1.1 {200 if body else 404} X\r\nContent-Type: application/json\r\n"
                     f"Content-Length: {len(body or '')}\r\n\r\n{body or ''}").encode()
        connection.sendall(reply)
        return True


class KeyBoundUpstream(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="redoubt-key-bound-")
        self.addCleanup(folder.cleanup)
        self.authority = Authority(folder.name)
        self.authority.certify("ca", "nobody", extensions=CA)

    def endpoint(self, shown=None, extensions=()):
        self.authority.certify("tls", "model", "ca", ["subjectAltName=IP:127.0.0.1", *extensions])
        made = Endpoint(self.authority, "tls", shown)
        self.addCleanup(made.close)
        return made

    def redoubt(self, endpoint, form, files, cedar=None):
        made = Redoubt(endpoint.url, upstream_settings=f"ca_file = \"{self.authority.path('ca.pem')}\"\n"
                       "name = \"inner\"\n")
        self.addCleanup(made.remove)
        made.configure(None, f"\n[upstream.attested]\nform = \"{form}\"\npolicy = \"attestation/model.json\"\n")
        os.makedirs(os.path.join(made.dir, "attestation"), exist_ok=True)
        for name, content in files.items():
            with open(os.path.join(made.dir, "attestation", name + ".json"), "w") as file:
                json.dump(content, file)
        if cedar:
            with open(os.path.join(made.dir, "policies", "attested.cedar"), "w") as file:
                file.write(cedar)
        return made.start()

    @staticmethod
    def files(kind, claims, role, collateral, policy=None):
        return {"model": {"parts": {"cpu": {"kind": kind, "policy": policy or {}}}},
                "references": {"references": [{"name": "approved", "kind": kind, "claims": claims}]},
                "collateral": {"items": [{"kind": kind, "role": role, "when": {},
                                          "data": base64.b64encode(collateral).decode()}]}}

    def assert_refused(self, server, endpoint, why, asked):
        status, fields, body = server.chat("a prompt for nobody")
        self.assertEqual((status, json.loads(body)["error"]["code"]), (502, "upstream_not_attested"), body)
        self.assertEqual(fields["redoubt-decision"], "deny")
        self.assertEqual([request.split()[:2] for request in endpoint.requests], asked)
        self.assertNotIn("a prompt for nobody", "".join(endpoint.requests))
        self.assertEqual(server.stop(), 0, server.log_text())
        denial = server.records()[-1]
        self.assertEqual((stage(denial), denial["dst_endpoint"]["svc_name"]), ("denial", "inner"))
        self.assertEqual(denial["unmapped"]["redoubt"]["upstream_evidence"], {"refused": why})

    def sample(self, *names):
        with open(os.path.join(SAMPLES, *names), "rb") as file:
            return file.read()

    @WITH_SAMPLES
    def test_gets_no_prompt_for_a_genuine_report_over_another_key(self):
        endpoint = self.endpoint(document("sev-snp-guest/v2", self.sample("sev-snp", "c1-report.bin")))
        measurement = ("a1f3930413247bb38cfc171579ea3c12d5fe4901f0c792f63fd75d98f1ef827c"
                       "23500644e0e692e6be917f9050d3d38c")
        server = self.redoubt(endpoint, "tinfoil", self.files("sev-snp", {"measurement": measurement}, "vek",
                                                              self.sample("sev-snp", "c1-vcek.der")))
        self.assert_refused(server, endpoint, NO_SUCH_KEY, [["GET", "/.well-known/tinfoil-attestation"]])

    @WITH_SAMPLES
    def test_gets_no_prompt_for_a_genuine_quote_in_its_certificate_over_another_key(self):
        quote = self.sample("tdx", "c5-quote-v4.bin")[:4936]
        log = json.dumps([{"imr": 3, "event_type": 134217729, "event": "app-id", "event_payload": "a1" * 20}]).encode()
        endpoint = self.endpoint(extensions=[f"{DSTACK_QUOTE}=ASN1:FORMAT:HEX,OCT:{quote.hex()}",
                                             f"{DSTACK_LOG}=ASN1:FORMAT:HEX,OCT:{log.hex()}"])
        claims = {"mrtd": "00" * 48, "rtmr": {"0": "00" * 48, "1": "00" * 48, "2": "00" * 48},
                  "dstack": {"app_id": "a1" * 20, "compose_hash": "c2" * 32}}
        server = self.redoubt(endpoint, "dstack", self.files("tdx", claims, "collateral",
                                                             self.sample("tdx", "c5-collateral.json")))
        self.assert_refused(server, endpoint, NO_SUCH_KEY, [])

    def snp_files(self):
        digest = hashlib.sha256(self.authority.der("ark.pem")).hexdigest()
        chain = "".join(self.authority.read(name + ".pem") for name in ("vek", "ask", "ark"))
        return self.files("sev-snp", {"measurement": "22" * 48}, "vek", chain.encode(), {"pinned_root": digest})

    def test_gets_no_prompt_without_evidence(self):
        snp_chip(self.authority)
        endpoint = self.endpoint()
        server = self.redoubt(endpoint, "tinfoil", self.snp_files())
        self.assert_refused(server, endpoint, "asked for evidence, the upstream answers with status 404",
                            [["GET", "/.well-known/tinfoil-attestation"]])

    def test_gets_prompts_over_its_own_key_and_a_tier_of_its_own(self):
        snp_chip(self.authority)
        endpoint = self.endpoint()
        report = snp_report(self.authority, self.authority.key_digest("tls.key") + bytes(32))
        endpoint.shown = document("sev-snp-guest/v2", report)
        identity = "tinfoil:sev-snp:" + "22" * 48
        server = self.redoubt(endpoint, "tinfoil", self.snp_files(),
                              '@id("by-key") forbid (principal, action == Action::"invoke", resource) unless {\n'
                              '  context.upstream.tier == "cpu-tee-key" && context.upstream has identity &&\n'
                              f'  context.upstream.identity == "{identity}" }};\n')
        for _ in range(2):
            status, _, body = server.chat("a prompt")
            self.assertEqual(status, 200, body)
        self.assertEqual([request.split()[0] for request in endpoint.requests], ["GET", "POST", "POST"])
        self.assertEqual(server.stop(), 0, server.log_text())
        admission = next(record for record in server.records() if stage(record) == "admission")
        self.assertEqual(admission["unmapped"]["redoubt"]["upstream_evidence"],
                         {"tier": "cpu-tee-key", "measurer": "platform", "identity": identity})

    def test_gets_none_where_the_channel_itself_must_be_attested(self):
        snp_chip(self.authority)
        endpoint = self.endpoint()
        report = snp_report(self.authority, self.authority.key_digest("tls.key") + bytes(32))
        endpoint.shown = document("sev-snp-guest/v2", report)
        server = self.redoubt(endpoint, "tinfoil", self.snp_files(),
                              '@id("by-channel") forbid (principal, action == Action::"invoke", resource) unless {\n'
                              '  context.upstream.tier == "cpu-tee" };\n')
        status, _, body = server.chat("a prompt for nobody")
        self.assertEqual(status, 403, body)
        self.assertNotIn("a prompt for nobody", "".join(endpoint.requests))


if __name__ == "__main__":
    unittest.main()
