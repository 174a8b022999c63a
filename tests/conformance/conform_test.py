"""`redoubt ledger conform` over the shared data: all of it passes, and any part of it that is altered fails.

Data is altered in copies, in a temporary folder. Which bytes are altered is random, from a seed that is printed.
"""

import glob
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

REDOUBT = os.path.join(os.environ["REDOUBT_BIN"], "redoubt")
DATA = os.path.join(os.environ["REDOUBT_DATA"], "tlog")
SEED = int(os.environ.get("REDOUBT_SEED", time.time_ns() % 1_000_000))


def conform(folder, *options):
    """Exit status and output."""
    done = subprocess.run(
        [REDOUBT, "ledger", "conform", folder, *options], capture_output=True, text=True, timeout=60, check=False
    )
    if done.stderr:
        raise AssertionError(done.stderr)
    return done.returncode, done.stdout


def sets(prefix):
    return sorted(name for name in os.listdir(DATA) if name.startswith(prefix))


class WholeFolder(unittest.TestCase):
    def test_everything_passes(self):
        status, output = conform(DATA)
        self.assertEqual(status, 0, output)
        lines = output.splitlines()
        counts = {}
        for line in lines[:-1]:
            if match := re.fullmatch(r"(\S+)  (\d+) passed, 0 failed", line):
                counts[match[1]] = int(match[2])
        self.assertEqual(sorted(counts), [name for name in sorted(os.listdir(DATA)) if os.path.isdir(os.path.join(DATA, name))])
        self.assertTrue(all(counts.values()), counts)
        self.assertEqual(lines[-1], f"{sum(counts.values())} passed, 0 failed")
        self.assertNotIn("\nfailed", output)

    def test_the_same_in_json(self):
        status, output = conform(DATA, "--json")
        answer = json.loads(output)
        self.assertEqual(status, 0)
        self.assertTrue(answer["ok"])
        self.assertEqual(answer["passed"], sum(folder["passed"] for folder in answer["folders"]))
        self.assertEqual(answer["failed"], 0)


class AlteredCase(unittest.TestCase):
    """One copy of one set at a time, altered."""

    def setUp(self):
        self.random = random.Random(f"{SEED} {self.id()}")
        self.folder = tempfile.mkdtemp(prefix="redoubt-conform-test-")
        self.addCleanup(shutil.rmtree, self.folder)

    def copy(self, name):
        """A fresh copy of the set, alone; its folder."""
        for old in os.listdir(self.folder):
            shutil.rmtree(os.path.join(self.folder, old))
        copied = os.path.join(self.folder, name)
        shutil.copytree(os.path.join(DATA, name), copied, copy_function=shutil.copyfile)
        for folder, _, _ in os.walk(copied):
            os.chmod(folder, 0o755)
        return copied

    def assert_fails(self, named, altered, at_least=1):
        status, output = conform(self.folder)
        self.assertEqual(status, 1, f"{altered} (seed {SEED})\n{output}")
        match = re.fullmatch(r"\d+ passed, (\d+) failed", output.splitlines()[-1])
        self.assertGreaterEqual(int(match[1]), at_least, output)
        failures = [line for line in output.splitlines() if line.startswith("failed  ")]
        self.assertEqual(len(failures), int(match[1]), output)
        self.assertTrue(any(named in line for line in failures), f"{altered}: `{named}` is not named\n{output}")

    def flip(self, path, begin=0, end=None):
        """Changes one byte, to one that is not the same text in another spelling."""
        with open(path, "rb") as file:
            content = bytearray(file.read())
        position = self.random.randrange(begin, len(content) if end is None else end)
        content[position] ^= 1 << self.random.randrange(8)
        with open(path, "wb") as file:
            file.write(content)
        return f"byte {position} of {path}"

    def flip_in(self, path, text):
        """Changes one character inside the first occurrence of `text`, within base64 and hexadecimal alike."""
        with open(path, encoding="utf-8") as file:
            content = file.read()
        begin = content.index(text)
        position = begin + self.random.randrange(len(text) // 2)
        old = content[position]
        new = self.random.choice([c for c in "abcdef012345" if c != old.lower()])
        with open(path, "w", encoding="utf-8") as file:
            file.write(content[:position] + new + content[position + 1 :])
        return f"character {position} of {path}"

    def edit(self, path, change):
        """`change` alters what the JSON file holds."""
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        change(content)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(content, file)
        return f"an edit of {path}"


class Altered(AlteredCase):
    def test_merkle_probes(self):
        for name in sets("merkle-probes"):
            for kind in sorted(os.listdir(os.path.join(DATA, name))):
                copy = self.copy(name)
                accepted = []
                for path in sorted(glob.glob(f"{copy}/{kind}/*/*.json")):
                    with open(path, encoding="utf-8") as file:
                        probe = json.load(file)
                    hashes = [probe.get("root", ""), probe.get("root2", "")] + (probe["proof"] or [])
                    if not probe["wantErr"] and any(hashes):
                        accepted.append((path, self.random.choice([text for text in hashes if text])))
                self.assertTrue(accepted, kind)
                for path, text in accepted:
                    altered = self.flip_in(path, text)
                    self.assert_fails(os.path.relpath(path, self.folder), altered)
                    shutil.copyfile(os.path.join(DATA, os.path.relpath(path, self.folder)), path)
                path, _ = self.random.choice(accepted)
                for change in (
                    lambda probe: probe.update(wantErr=True),
                    lambda probe: probe.update(more=1),
                    lambda probe: probe.pop("proof"),
                ):
                    altered = self.edit(path, change)
                    self.assert_fails(os.path.relpath(path, self.folder), altered)
                    shutil.copyfile(os.path.join(DATA, os.path.relpath(path, self.folder)), path)

    def test_every_file_of_a_tessera_log(self):
        for name in sets("tessera-log-"):
            copy = self.copy(name)
            for folder, _, files in os.walk(copy):
                for file in files:
                    path = os.path.join(folder, file)
                    altered = self.flip(path)
                    self.assert_fails(name, altered)
                    shutil.copyfile(os.path.join(DATA, os.path.relpath(path, self.folder)), path)

    def test_tessera_logs_that_lack_or_exceed_their_checkpoints(self):
        for name in sets("tessera-log-"):
            copy = self.copy(name)
            sizes = sorted(int(file[11:]) for file in os.listdir(copy) if file.startswith("checkpoint."))
            os.rename(f"{copy}/checkpoint.{sizes[-1]}", f"{copy}/checkpoint.{sizes[-1] + 1}")
            self.assert_fails(f"checkpoint.{sizes[-1] + 1}", "a checkpoint of another size than its name says")
            copy = self.copy(name)
            os.remove(f"{copy}/checkpoint.{sizes[-1]}")
            self.assert_fails(f"{name}/tile/", "tiles beyond the largest checkpoint")

    def test_left_over_tiles_are_compared_with_what_was_verified(self):
        for name in sets("tessera-log-"):
            for kind in ("0", "entries"):
                copy = self.copy(name)
                os.remove(f"{copy}/checkpoint.5")
                self.assertEqual(conform(self.folder)[0], 0)
                altered = self.flip(f"{copy}/tile/{kind}/000.p/5")
                self.assert_fails(f"tile/{kind}/000.p/5", altered)

    def test_rfc6962_vectors(self):
        for name in sets("rfc6962-"):
            for file in os.listdir(os.path.join(DATA, name)):
                path = os.path.join(self.copy(name), file)
                with open(path, encoding="utf-8") as vectors:
                    content = json.load(vectors)
                roots = next(key for key in content if key.startswith("roots_hex"))
                texts = [self.random.choice(content[key]) for key in ("leaf_hashes_hex", roots)]
                for kind in ("inclusion", "consistency"):
                    texts.append(self.random.choice([v for v in content[kind] if v["proof"]])["proof"][0])
                for text in texts:
                    path = os.path.join(self.copy(name), file)
                    altered = self.flip_in(path, text)
                    self.assert_fails(file, altered)

    def test_ed25519_vectors(self):
        for name in sets("ed25519-cctv"):
            for file in os.listdir(os.path.join(DATA, name)):
                refused = {"low_order_residue", "non_canonical_R"}

                def choose(vectors, wanted):
                    fits = lambda v: wanted == (not refused & set(v["flags"] or []))
                    return self.random.choice([v for v in vectors if fits(v)])

                for change in (
                    lambda vectors: choose(vectors, True).update(sig="ff" * 64),
                    lambda vectors: choose(vectors, True).update(flags=["low_order_residue"]),
                    lambda vectors: choose(vectors, True).update(flags=["something_new"]),
                    lambda vectors: choose(vectors, False).update(flags=None),
                    lambda vectors: choose(vectors, False).update(more=1),
                ):
                    path = os.path.join(self.copy(name), file)
                    altered = self.edit(path, change)
                    self.assert_fails(f"{file} number ", altered)

    def test_c2sp_examples(self):
        for name in sets("c2sp-examples"):
            copy = self.copy(name)
            for file in sorted(os.listdir(copy)):
                path = os.path.join(copy, file)
                with open(path, encoding="utf-8") as example:
                    text = example.read()
                if file == "signed-note-1.txt":  # the one whose key is there
                    for _ in range(20):
                        self.assert_fails("c2sp-examples/signed-note", self.flip(path))  # the note, or its key unused
                        shutil.copyfile(os.path.join(DATA, name, file), path)
                for what, broken in (
                    ("without its last line", text[: text.rstrip().rfind("\n") + 1]),
                    ("with a control character", text.replace("a", "\x07", 1)),
                    ("with a space before each line", " " + text.replace("\n", "\n ")),
                ):
                    if file == "tlog-proof-0.txt" and what == "without its last line":
                        continue  # other signatures are left
                    with open(path, "w", encoding="utf-8") as example:
                        example.write(broken)
                    self.assert_fails(f"{name}/{file}", what)
                shutil.copyfile(os.path.join(DATA, name, file), path)

    def test_subtree_request_with_a_proof_of_another_length(self):
        for name in sets("c2sp-examples"):
            path = os.path.join(self.copy(name), "tlog-witness-0.txt")
            with open(path, encoding="utf-8") as file:
                lines = file.read().split("\n")
            for broken in (lines[:2] + lines[3:], lines[:2] + lines[1:]):
                with open(path, "w", encoding="utf-8") as file:
                    file.write("\n".join(broken))
                self.assert_fails("tlog-witness-0.txt", "a proof of another length")

    def test_mirror(self):
        for name in sets("skylight-mirror-"):
            copy = self.copy(name)
            (log,) = glob.glob(f"{copy}/witness/mirror/*/")
            for path in [f"{log}checkpoint"] + sorted(glob.glob(f"{log}tile/[0-9]/**", recursive=True)):
                if not os.path.isfile(path):
                    continue
                altered = self.flip(path)
                self.assert_fails(f"{os.path.relpath(log, self.folder)}/checkpoint", altered)
                shutil.copyfile(os.path.join(DATA, os.path.relpath(path, self.folder)), path)
            altered = self.flip_in(f"{copy}/witness/mirror/mirror.v0.json", "BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O")
            self.assert_fails("mirror.v0.json", altered)
            copy = self.copy(name)
            os.rename(glob.glob(f"{copy}/witness/mirror/*/")[0], f"{copy}/witness/mirror/" + "0" * 64)
            self.assert_fails("checkpoint: of another log", "a folder of another log")

    def test_tiles_of_a_certificate_log(self):
        for name in sets("navigli"):
            copy = self.copy(name)
            data = sorted(glob.glob(f"{copy}/tile/data/*"))
            covered = [f"{copy}/tile/0/{os.path.basename(path)}" for path in data]
            for path in covered + [f"{copy}/tile/names/000"]:
                altered = self.flip(path) if "names" not in path else self.flip_in(path, "1746292399101")
                self.assert_fails(name, altered)
                shutil.copyfile(os.path.join(DATA, os.path.relpath(path, self.folder)), path)
            for path in data:  # a timestamp, which the leaf hash covers
                altered = self.flip(path, 0, 8)
                self.assert_fails(os.path.relpath(path, self.folder), altered)
                shutil.copyfile(os.path.join(DATA, os.path.relpath(path, self.folder)), path)
            for path in glob.glob(f"{copy}/tile/0/*") + data:
                with open(path, "rb+") as file:
                    file.truncate(os.path.getsize(path) - 1)
                self.assert_fails(os.path.relpath(path, self.folder), f"{path} cut by a byte")
                shutil.copyfile(os.path.join(DATA, os.path.relpath(path, self.folder)), path)

    def test_compressed_data_tiles_are_read(self):
        for name in sets("navigli"):
            path = sorted(glob.glob(f"{self.copy(name)}/tile/data/*"))[0]
            subprocess.run(["gzip", path], check=True)
            os.rename(path + ".gz", path)
            self.assertEqual(conform(self.folder)[0], 0)
            self.assert_fails(os.path.relpath(path, self.folder), self.flip(path, 1000))

    def test_rekor_bundles(self):
        for name in sets("rekor2-"):
            bundles = sorted(glob.glob(os.path.join(DATA, name, "**/bundle.sigstore.json"), recursive=True))
            for bundle in bundles:
                case = os.path.relpath(os.path.dirname(bundle), DATA)
                with open(bundle, encoding="utf-8") as file:
                    entry = json.load(file)["verificationMaterial"]["tlogEntries"][0]
                copy = self.copy(name)
                self.assertEqual(conform(self.folder)[0], 0)
                path = os.path.join(self.folder, case, "bundle.sigstore.json")
                if "inclusionProof" not in entry or not os.path.exists(os.path.join(DATA, case, "trusted_root.json")):
                    continue
                status, output = conform(self.folder)
                must_verify = not case.endswith("_fail") or f"note    {case}: the log entry must verify" in output
                if must_verify:
                    proof = entry["inclusionProof"]
                    note = proof["checkpoint"]["envelope"].split("\n")
                    texts = [entry["canonicalizedBody"], self.random.choice(proof["hashes"]), proof["rootHash"], note[2]]
                    for text in texts:
                        altered = self.flip_in(path, text)
                        self.assert_fails(f"{case}/bundle.sigstore.json", altered)
                        shutil.copyfile(bundle, path)
                    key = self.random.choice(["logIndex", "treeSize"])
                    altered = self.edit(path, lambda b: b["verificationMaterial"]["tlogEntries"][0]["inclusionProof"].update({key: "1"}))
                    self.assert_fails(f"{case}/bundle.sigstore.json", altered)
                else:  # of a sound bundle it is an expectation that fails
                    os.rename(os.path.join(self.folder, case), os.path.join(self.folder, case.removesuffix("_fail")))
                    self.assert_fails(f"{case.removesuffix('_fail')}/bundle.sigstore.json", f"{case} to be accepted")
                self.assertTrue(os.path.exists(copy))

    def test_a_failing_bundle_without_readme(self):
        for name in sets("rekor2-"):
            for readme in glob.glob(os.path.join(self.copy(name), "*_fail", "README")):
                os.remove(readme)
                break
            self.assert_fails("README", "no README")

    def test_witness_cases(self):
        for name in sets("witness-add-checkpoint"):
            for file in os.listdir(os.path.join(DATA, name)):
                with open(os.path.join(DATA, name, file), encoding="utf-8") as cases:
                    numbers = [(i, case["n"]) for i, case in enumerate(json.load(cases)["cases"])]
                for i, number in numbers:
                    path = os.path.join(self.copy(name), file)
                    altered = self.edit(path, lambda cases: cases["cases"][i].update(expect_status=418))
                    self.assert_fails(f"{file} n {number}:", altered)
                    path = os.path.join(self.copy(name), file)
                    altered = self.edit(path, lambda cases: cases["cases"][i].update(more=1))
                    self.assert_fails(file, altered)
                path = os.path.join(self.copy(name), file)
                with open(path, encoding="utf-8") as cases:
                    key = json.load(cases)["sigsum_log_key_hex"]
                altered = self.flip_in(path, key)
                self.assert_fails(f"{file} n ", altered)


class NotUnderstood(AlteredCase):
    def test_files_that_no_check_reads(self):
        for name in sorted(os.listdir(DATA)):
            if not os.path.isdir(os.path.join(DATA, name)):
                continue
            with open(os.path.join(self.copy(name), "notes.dat"), "w", encoding="utf-8") as file:
                file.write("?")
            self.assert_fails(f"{name}/notes.dat: not understood", f"a stray file in {name}")

    def test_folders_and_files_beside_the_sets(self):
        self.copy(sets("rfc6962-")[0])
        os.mkdir(os.path.join(self.folder, "something-new"))
        self.assert_fails("something-new/: nothing here to check", "an empty folder")
        with open(os.path.join(self.folder, "something-new", "log.json"), "w", encoding="utf-8") as file:
            file.write("{}")
        self.assert_fails("something-new/log.json: not understood", "a folder of no known kind")
        shutil.rmtree(os.path.join(self.folder, "something-new"))
        with open(os.path.join(self.folder, "PROVENANCE.md"), "w", encoding="utf-8") as file:
            file.write("for people")
        self.assertEqual(conform(self.folder)[0], 0)
        os.rename(os.path.join(self.folder, "PROVENANCE.md"), os.path.join(self.folder, "stray.json"))
        self.assert_fails("stray.json", "a stray file")
        os.remove(os.path.join(self.folder, "stray.json"))

    def test_nothing_at_all(self):
        self.assert_fails("no folder of data here", "an empty folder")
        done = subprocess.run([REDOUBT, "ledger", "conform", self.folder + "/none"], capture_output=True, check=False)
        self.assertEqual(done.returncode, 3)


if __name__ == "__main__":
    if not os.path.isdir(DATA):
        print(f"no test data at {DATA}")
        sys.exit(77)
    print(f"seed {SEED}")
    unittest.main()
