"""A kernel's configfs-tsm for SEV-SNP, faked by what Documentation/ABI/testing/configfs-tsm says of it, and behind it a chip of
nobody's, under authorities of its own with AMD's names. Needs openssl.

The attributes of one request are files and FIFOs, which a thread answers. The kernel makes them with the request's folder;
here they are there before."""
import hashlib
import os
import re
import shutil
import struct
import subprocess
import threading
import time

MEASUREMENT = "22" * 48
TCB = bytes([3, 1, 0, 0, 0, 0, 8, 0x73])  # boot loader, TEE, …, SNP, microcode
CHIP = bytes(range(1, 65))
VCEK_GUID = bytes.fromhex("63da758de6644564adc5f4b93be8accd")
SIGNED = 672  # bytes of a report (AMD 56860, chapter 10)

CONFIGURATION = """
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
[vcek]
1.3.6.1.4.1.3704.1.2 = ASN1:IA5STRING:Milan-B0
1.3.6.1.4.1.3704.1.3.1 = ASN1:INTEGER:3
1.3.6.1.4.1.3704.1.3.2 = ASN1:INTEGER:1
1.3.6.1.4.1.3704.1.3.4 = ASN1:INTEGER:0
1.3.6.1.4.1.3704.1.3.5 = ASN1:INTEGER:0
1.3.6.1.4.1.3704.1.3.6 = ASN1:INTEGER:0
1.3.6.1.4.1.3704.1.3.7 = ASN1:INTEGER:0
1.3.6.1.4.1.3704.1.3.3 = ASN1:INTEGER:8
1.3.6.1.4.1.3704.1.3.8 = ASN1:INTEGER:115
1.3.6.1.4.1.3704.1.4 = DER:%s
""" % ":".join("%02x" % byte for byte in CHIP)


def openssl(*words, **more):
    return subprocess.run(["openssl", *words], check=True, capture_output=True, **more).stdout


class Chip:
    def __init__(self, folder):
        self.folder = folder
        with open(self.path("openssl.cnf"), "w") as file:
            file.write(CONFIGURATION)
        for name, common_name, issuer, kind in (("ark", "ARK-Milan", "ark", "authority"),
                                                ("ask", "SEV-Milan", "ark", "authority"),
                                                ("vcek", "SEV-VCEK", "ask", "vcek")):
            openssl("ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", self.path(name + ".key"))
            openssl("req", "-new", "-config", self.path("openssl.cnf"), "-subj", "/CN=" + common_name, "-key",
                    self.path(name + ".key"), "-out", self.path(name + ".csr"))
            by = ["-signkey", self.path("ark.key")] if name == issuer else [
                "-CA", self.path(issuer + ".pem"), "-CAkey", self.path(issuer + ".key"), "-set_serial", "2"]
            openssl("x509", "-req", "-sha384", "-days", "30", "-in", self.path(name + ".csr"), *by, "-extfile",
                    self.path("openssl.cnf"), "-extensions", kind, "-out", self.path(name + ".pem"))
        with open(self.path("chain.pem"), "w") as chain:
            for name in ("ask", "ark"):
                with open(self.path(name + ".pem")) as file:
                    chain.write(file.read())
        self.root = hashlib.sha256(self.der("ark")).hexdigest()
        vcek = self.der("vcek")
        # The host's table (AMD 56421): one entry, and one of zeros.
        self.table = VCEK_GUID + struct.pack("<II", 48, len(vcek)) + bytes(24) + vcek

    def path(self, name):
        return os.path.join(self.folder, name)

    def der(self, name):
        return openssl("x509", "-in", self.path(name + ".pem"), "-outform", "DER")

    def report(self, data):
        """Over 64 bytes of report data."""
        out = bytearray(1184)
        struct.pack_into("<I", out, 0, 3)
        struct.pack_into("<Q", out, 8, 1 << 17 | 1 << 16)  # the policy: the bit that is always one, and SMT
        struct.pack_into("<I", out, 0x34, 1)  # ECDSA on P-384 with SHA-384
        out[0x50:0x90] = data
        out[0x90:0xc0] = bytes.fromhex(MEASUREMENT)
        for at in (0x38, 0x180, 0x1e0, 0x1f0):
            out[at:at + 8] = TCB
        out[0x188:0x18a] = b"\x19\x01"  # Milan
        out[0x1a0:0x1e0] = CHIP
        signature = openssl("dgst", "-sha384", "-sign", self.path("vcek.key"), input=bytes(out[:SIGNED]))
        numbers = re.findall(rb"(?m)^ .*INTEGER +:([0-9A-F]+)$",
                             openssl("asn1parse", "-inform", "DER", input=signature))
        for at, number in zip((SIGNED, SIGNED + 72), numbers):
            out[at:at + 72] = int(number, 16).to_bytes(72, "little")
        return bytes(out)


class FakeTsm:
    """configfs-tsm in `folder`/report, with the request of the server whose folder is `root`."""

    def __init__(self, folder, root):
        self.path = os.path.join(folder, "report")
        name = "redoubt-" + hashlib.sha256(os.path.realpath(root).encode()).hexdigest()[:16]
        self.request = os.path.join(self.path, name)
        os.mkdir(os.path.join(folder, "chip"))
        os.makedirs(self.request)
        self.chip = Chip(os.path.join(folder, "chip"))
        self.root = self.chip.root
        self.mode = "good"
        self.generation = 0
        self.data = self.before = bytes(64)
        self.waiting = []  # attributes that are to be read: name, bytes
        for name in ("inblob", "outblob", "auxblob"):
            os.mkfifo(os.path.join(self.request, name), 0o600)
        for name, text in (("provider", "sev_guest\n"), ("privlevel_floor", "0\n"), ("generation", "0\n")):
            self._put(name, text)
        self.inblob = os.open(os.path.join(self.request, "inblob"), os.O_RDWR | os.O_NONBLOCK)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def chain(self):
        return self.chip.path("chain.pem")

    def behave(self, mode):
        """`good`; `hang`: asked, it does not answer; `old`: it answers what it was asked before; `busy`: somebody else writes
        to the request, too."""
        self.mode = mode

    def asked(self):
        """How often something was written to the request."""
        return self.generation

    def vanish(self):
        self.close()
        shutil.rmtree(self.path)

    def close(self):
        if self.stopping.is_set():
            return
        self.stopping.set()
        self.thread.join()
        os.close(self.inblob)

    def _put(self, name, text):
        path = os.path.join(self.request, name)
        with open(path + ".new", "w") as file:
            file.write(text)
        os.rename(path + ".new", path)

    def _run(self):
        while not self.stopping.is_set():
            try:
                self._take(os.read(self.inblob, 65))
            except BlockingIOError:
                pass
            if self.waiting and self.mode != "hang":
                self._answer()
            time.sleep(0.001)

    def _take(self, data):
        self.before, self.data = self.data, data
        self.generation += 2 if self.mode == "busy" else 1
        self._put("generation", "%d\n" % self.generation)
        self.waiting = ["outblob", "auxblob"] if len(data) == 64 else []

    def _answer(self):
        try:
            out = os.open(os.path.join(self.request, self.waiting[0]), os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return  # nobody reads yet
        try:
            if self.waiting.pop(0) == "auxblob":
                os.write(out, self.chip.table)
            else:
                os.write(out, self.chip.report(self.before if self.mode == "old" else self.data))
        except BrokenPipeError:
            pass
        finally:
            os.close(out)
