"""`redoubt ledger verify` and `verify-proof` under trust policies, on logs made for the test; no server."""

import base64
import hashlib
import json
import os
import struct
import tempfile
import unittest

from harness import TOOLS, program, run

TIME = 1_700_000_000
FRESHNESS_UNPROVEN = "single signer, freshness unproven (no witness)"


def tool(name):
    return os.path.join(TOOLS, name)


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def tree_hash(leaves):
    """RFC 6962 §2.1, on leaf hashes."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + tree_hash(leaves[:k]) + tree_hash(leaves[k:])).digest()


def path(index, leaves):
    """RFC 6962 §2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if index < k:
        return path(index, leaves[:k]) + [tree_hash(leaves[k:])]
    return path(index - k, leaves[k:]) + [tree_hash(leaves[:k])]


def unverifiable_witness(name, note_time):
    """A vkey of ML-DSA-44 and a signature line of its form."""
    key = b"\x06" + bytes(1312)
    key_id = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    vkey = f"{name}+{key_id.hex()}+{base64.b64encode(key).decode()}"
    signature = key_id + struct.pack(">Q", note_time) + bytes(2420)
    return vkey, f"\N{EM DASH} {name} {base64.b64encode(signature).decode()}\n"


class Policy(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.log = os.path.join(folder.name, "log")
        self.folder = folder.name
        run(tool("tlog_make_log"), self.log, str(int.from_bytes(os.urandom(4), "big")))
        self.checkpoint = os.path.join(self.log, "checkpoint")
        self.vkey = self.read(os.path.join(self.log, "vkey.txt")).strip()
        self.witnesses = [
            run(tool("tlog_cosign"), "sign", self.checkpoint, f"w{i}.example", str(100 + i), str(TIME + i)).stdout.strip()
            for i in range(2)]

    @staticmethod
    def read(path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def write(self, name, text):
        name = os.path.join(self.folder, name)
        with open(name, "w", encoding="utf-8") as file:
            file.write(text)
        return name

    def policy(self, *rules, witnesses=None, log=True):
        lines = [f"log {self.vkey}"] if log else []
        lines += [f"witness W{i} {vkey}" for i, vkey in enumerate(witnesses or self.witnesses)]
        return self.write("policy", "".join(line + "\n" for line in [*lines, *rules]))

    def verify(self, *options, status=0):
        """`ledger verify`: what it says, as lines of words and as JSON."""
        command = (program("redoubt"), "ledger", "verify", self.log, *options)
        plain, as_json = run(*command, check=False), run(*command, "--json", check=False)
        self.assertEqual((plain.returncode, as_json.returncode), (status, status), plain.stderr + as_json.stdout)
        self.assertEqual(json.loads(as_json.stdout)["ok"], status == 0)
        return plain.stdout.splitlines() or plain.stderr.splitlines(), json.loads(as_json.stdout)

    def entries(self):
        size = int(self.read(self.checkpoint).splitlines()[1])
        entries = []
        while len(entries) < size:
            index, width = len(entries) // 256, min(256, size - len(entries))
            name = f"tile/entries/{index:03d}" + ("" if width == 256 else f".p/{width}")
            with open(os.path.join(self.log, name), "rb") as file:
                bundle = file.read()
            while bundle:
                length, = struct.unpack(">H", bundle[:2])
                entries.append(bundle[2:2 + length])
                bundle = bundle[2 + length:]
        return entries

    def proof(self, index, entries):
        lines = [base64.b64encode(h).decode() for h in path(index, [leaf_hash(e) for e in entries])]
        return self.write("proof", "\n".join(["c2sp.org/tlog-proof@v1", f"index {index}", *lines, "",
                                              self.read(self.checkpoint)]))

    def test_a_quorum_of_witnesses_is_told_with_their_times(self):
        policy = self.policy("group both all W0 W1", "quorum both")
        lines, told = self.verify("--policy", policy)
        self.assertIn("witness     W0 (w0.example) at 2023-11-14T22:13:20Z", lines)
        self.assertIn("witness     W1 (w1.example) at 2023-11-14T22:13:21Z", lines)
        self.assertIn("quorum      both: met", lines)
        self.assertIn("freshness   witnessed by a quorum as of 2023-11-14T22:13:20Z, by its clocks", lines)
        self.assertEqual(told["witnesses"], [{"name": "W0", "key_name": "w0.example", "unix_seconds": TIME},
                                             {"name": "W1", "key_name": "w1.example", "unix_seconds": TIME + 1}])
        self.assertEqual(told["quorum"], {"name": "both", "state": "met", "unix_seconds": TIME})
        self.assertEqual(told["not_checked"], [])

    def test_a_quorum_that_is_not_met_is_a_no(self):
        stranger = run(tool("tlog_cosign"), "sign", self.write("other", self.read(self.checkpoint)), "w2.example", "9",
                       "5").stdout.strip()
        policy = self.policy("group all all W0 W1 W2", "quorum all", witnesses=[*self.witnesses, stranger])
        lines, told = self.verify("--policy", policy, status=1)
        self.assertIn("quorum      all: not met", lines)
        self.assertIn("freshness   freshness unproven (2 of 3 witnesses cosigned, not the quorum)", lines)
        self.assertEqual((told["quorum"]["state"], len(told["witnesses"])), ("not met", 2))

    def test_without_witnesses_freshness_is_unproven(self):
        self.write("log/checkpoint", "".join(self.read(self.checkpoint).splitlines(True)[:5]))
        for policy, status in ((("quorum none",), 0), (("quorum W0",), 1)):
            lines, told = self.verify("--policy", self.policy(*policy), status=status)
            self.assertIn("freshness   " + FRESHNESS_UNPROVEN, lines)
            self.assertEqual(told["freshness"], FRESHNESS_UNPROVEN)
        lines, told = self.verify("--vkey", self.vkey)
        self.assertIn("freshness   " + FRESHNESS_UNPROVEN, lines)
        self.assertNotIn("quorum", told)

    def test_a_witness_that_cannot_be_checked_is_told_and_does_not_count(self):
        vkey, line = unverifiable_witness("pq.example", TIME)
        with open(self.checkpoint, "a", encoding="utf-8") as file:
            file.write(line)
        witnesses = [*self.witnesses, vkey]
        for rule, status in (("quorum W2", 1), ("quorum W1", 0)):
            lines, told = self.verify("--policy", self.policy(rule, witnesses=witnesses), status=status)
            self.assertIn("not checked W2 (pq.example): ML-DSA-44, which this build cannot verify", lines)
            self.assertEqual(told["not_checked"], [{"name": "W2", "key_name": "pq.example"}])

    def test_the_log_may_be_named_beside_a_policy_that_lists_none(self):
        policy = self.policy("quorum W0", log=False)
        self.verify("--policy", policy, "--vkey", self.vkey)
        self.verify("--policy", self.policy("quorum W0"), "--vkey", self.vkey)
        other = run(program("redoubt"), "init", "--dir", os.path.join(self.folder, "o"), "--origin", "o.example")
        self.assertEqual(other.returncode, 0)
        lines, _ = self.verify("--policy", self.policy("quorum W0"), "--vkey-file",
                               os.path.join(self.folder, "o/ledger.vkey"), status=2)
        self.assertIn("does not list the log", lines[0])

    def test_keys_stand_only_where_they_belong(self):
        lines, _ = self.verify("--vkey", self.witnesses[0], status=2)
        self.assertEqual(lines, ["redoubt: the key of `w0.example` is a witness's, not a log's: of type Ed25519 "
                                 "cosignature (0x04)"])
        lines, _ = self.verify("--vkey", unverifiable_witness("pq.example", 1)[0], status=3)
        self.assertIn("ML-DSA-44 (0x06), which this build cannot verify", lines[0])
        lines, _ = self.verify("--policy", self.policy("quorum none", witnesses=[self.vkey]), status=3)
        self.assertIn("line 2: the key of `W0` is a log's, not a witness's", lines[0])

    def test_a_line_of_a_known_witness_that_does_not_hold_is_a_no(self):
        note = self.read(self.checkpoint)
        _, line = unverifiable_witness("w0.example", TIME)
        begin = note.index("\N{EM DASH} w0.example ")
        signature = bytearray(base64.b64decode(note[begin:].split()[2]))
        signature[11] ^= 1  # the last byte of the time
        self.write("log/checkpoint", note + "\N{EM DASH} w0.example " + base64.b64encode(signature).decode() + "\n" + line)
        self.verify("--policy", self.policy("quorum W1"), status=1)
        self.verify("--policy", self.policy("quorum W0", witnesses=self.witnesses[1:]))  # W0 is now the other

    def test_a_proof_file_is_verified_offline(self):
        entries = self.entries()
        index = int.from_bytes(os.urandom(4), "big") % len(entries)
        proof, leaf = self.proof(index, entries), base64.b64encode(leaf_hash(entries[index])).decode()
        record = os.path.join(self.folder, "record")
        with open(record, "wb") as file:
            file.write(entries[index])
        command = (program("redoubt"), "ledger", "verify-proof", proof)
        policy = self.policy("group both 2 W0 W1", "quorum both")
        for of_what in (("--leaf", leaf), ("--record", record)):
            lines = run(*command, "--policy", policy, *of_what).stdout.splitlines()
            self.assertIn(f"included    entry {index}, leaf {leaf}", lines)
            self.assertIn("log         example.com/conformance", lines)
            self.assertIn("quorum      both: met", lines)
        told = json.loads(run(*command, "--policy", policy, "--leaf", leaf, "--json").stdout)
        self.assertEqual((told["ok"], told["index"], told["leaf"], told["tree_size"], told["quorum"]["state"]),
                         (True, index, leaf, len(entries), "met"))
        told = json.loads(run(*command, "--vkey", self.vkey, "--leaf", leaf, "--json").stdout)
        self.assertEqual((told["ok"], told["freshness"]), (True, FRESHNESS_UNPROVEN))

        wrong = base64.b64encode(leaf_hash(b"another")).decode()
        for options in (("--policy", policy, "--leaf", wrong), ("--vkey", self.vkey, "--leaf", wrong)):
            done = run(*command, *options, check=False)
            self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        for options in (("--policy", policy), ("--policy", policy, "--leaf", leaf, "--record", record),
                        ("--policy", policy, "--leaf", "x")):
            self.assertEqual(run(*command, *options, check=False).returncode, 2, options)


if __name__ == "__main__":
    unittest.main()
