#!/usr/bin/env python3
"""The state of a running server: who is known, what is in force, and that both are what the ledger says."""
import base64
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import unittest

from harness import Redoubt, STREAM_HEAD, Upstream, chunk, event, fact_kind, program, stage, wait_for, whole_reply


class Base(unittest.TestCase):
    one_person = True
    applications = ()

    def setUp(self):
        def answer(request, connection):
            if '"stream": true' not in request:
                return connection.sendall(whole_reply()) or True
            connection.sendall(STREAM_HEAD + chunk(event("first")))
            self.streaming.set()
            self.go_on.wait(20)
            connection.sendall(chunk(event("last")) + chunk("data: [DONE]\n\n") + b"0\r\n\r\n")
            return True
        self.streaming, self.go_on = threading.Event(), threading.Event()
        self.upstream = Upstream(answer)
        self.addCleanup(self.upstream.close)
        self.redoubt = Redoubt(self.upstream.url, one_person=self.one_person, applications=self.applications)
        self.redoubt.configure("threads = 1\n", "threads = 2\n")
        self.addCleanup(self.redoubt.remove)

    def path(self, *names):
        return os.path.join(self.redoubt.dir, *names)

    def state(self):
        return self.path("state", "state.db")

    def check_state(self):
        """SQLite's own opinion, and that nothing of it is only in memory."""
        connection = sqlite3.connect(self.state())
        try:
            self.assertEqual(connection.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        finally:
            connection.close()

    def refused_to_start(self):
        """What it says."""
        done = subprocess.run([program("redoubt"), "serve", "--dir", self.redoubt.dir, "--listen", "127.0.0.1:0",
                               "--upstream", self.upstream.url], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 3, done.stderr)
        return done.stderr

    def statuses(self, key, connections):
        """Of one chat on each of these open connections."""
        body = '{"model":"m","messages":[]}'
        out = []
        for connection in connections:
            connection.request("POST", "/v1/chat/completions", body=body, headers={"Authorization": "Bearer " + key})
            response = connection.getresponse()
            response.read()
            out.append(response.status)
        return out


class Keys(Base):
    def test_a_key_is_good_on_every_core_once_it_is_issued_and_on_none_once_it_is_revoked(self):
        self.redoubt.start()
        connections = [self.redoubt.connect() for _ in range(16)]  # of both cores, as the system spreads them
        for _ in range(5):
            name, key = self.redoubt.issue("demo")
            self.assertEqual(set(self.statuses(key, connections)), {200})
            self.redoubt.revoke(name)
            self.assertEqual(set(self.statuses(key, connections)), {401})
        for connection in connections:
            connection.close()
        self.assertEqual(self.redoubt.stop(), 0)
        self.redoubt.start()
        self.assertEqual(self.redoubt.chat(key=key)[0], 401)

    def test_a_stream_ends_without_a_further_event_when_its_key_is_revoked(self):
        self.redoubt.start()
        name, key = self.redoubt.issue("demo")
        self.redoubt.key = key
        with self.redoubt.open_stream() as stream:
            self.assertTrue(self.streaming.wait(10))
            self.redoubt.revoke(name)
            received = b""
            while b"invalid_api_key" not in received:
                piece = stream.recv(65536)
                self.assertTrue(piece, received)
                received += piece
            self.go_on.set()
        self.assertIn(b"first", received)
        self.assertNotIn(b"last", received)
        self.assertNotIn(b"[DONE]", received)
        self.assertEqual(self.redoubt.chat()[0], 401)

    def test_what_a_key_is_narrowed_to_holds_at_once(self):
        self.redoubt.start()
        _, listing = self.redoubt.issue("demo", scopes=["models.list"])
        self.assertEqual(self.redoubt.chat(key=listing)[0], 403)
        _, narrow = self.redoubt.issue("demo", models=["other"])
        self.assertEqual(self.redoubt.chat(key=narrow)[0], 403)
        self.assertEqual(self.redoubt.chat(key=narrow, model="other")[0], 200)

    def test_no_file_holds_a_key(self):
        self.redoubt.start()
        _, key = self.redoubt.issue("demo")
        self.assertEqual(self.redoubt.chat(key=key)[0], 200)
        self.assertEqual(self.redoubt.stop(), 0)
        secrets = [text.encode() for text in (key, *self.redoubt.keys.values())]
        for folder, _, names in os.walk(self.redoubt.folder):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    content = file.read()
                for secret in secrets:
                    self.assertNotIn(secret.split(b"_", 2)[2], content, name)  # a secret may hold a `_` itself

    def test_being_on_the_machine_makes_nobody_an_administrator(self):
        self.redoubt.start()
        for key in (self.redoubt.key, self.redoubt.auditor):
            self.assertEqual(self.redoubt.admin("POST", "/keys", {"principal": "demo"}, key=key)[0], 403)
        self.assertEqual(self.redoubt.admin("GET", "/principals", key="rdk_nobody")[0], 401)


class Bundles(Base):
    def activations(self):
        return [fact_kind(fact) for fact in self.redoubt.facts() if fact_kind(fact).startswith("bundle.")]

    def test_the_same_files_at_a_restart_are_no_new_fact(self):
        self.redoubt.start()
        self.assertEqual(self.redoubt.stop(), 0)
        self.redoubt.start()
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(self.redoubt.stop(), 0)
        self.assertEqual(self.activations(), ["bundle.begin"])

    def test_other_files_at_a_restart_come_into_force_on_record_where_no_second_person_is_asked(self):
        self.redoubt.start()
        self.assertEqual(self.redoubt.stop(), 0)
        with open(self.path("policies", "default.cedar"), "w") as file:
            file.write("")
        self.redoubt.start()
        self.assertEqual(self.redoubt.chat()[0], 403)
        self.assertEqual(self.redoubt.stop(), 0)
        self.assertEqual(self.activations(), ["bundle.begin", "bundle.activate"])


class ApprovedBundles(Base):
    one_person = False

    def change_policies(self):
        with open(self.path("policies", "default.cedar"), "w") as file:
            file.write("permit (principal, action, resource);")

    def test_files_that_nobody_approved_start_no_server(self):
        self.redoubt.start()
        self.assertEqual(self.redoubt.stop(), 0)
        entries = len(self.redoubt.leaves())
        kept = shutil.copytree(self.path("policies"), os.path.join(self.redoubt.folder, "kept"))
        self.change_policies()
        said = self.refused_to_start()
        self.assertIn("takes two persons", said)
        self.assertIn("state/bundles", said)
        self.assertEqual(len(self.redoubt.leaves()), entries)
        shutil.rmtree(self.path("policies"))
        shutil.copytree(kept, self.path("policies"))
        self.redoubt.start()
        self.assertEqual(self.redoubt.chat()[0], 200)

    def test_a_changed_configuration_is_one_too(self):
        self.redoubt.start()
        self.assertEqual(self.redoubt.stop(), 0)
        self.redoubt.configure("[gateway]\n", "[gateway]\nidle_timeout = \"9s\"\n")
        self.assertIn("takes two persons", self.refused_to_start())

    def test_at_sighup_they_change_nothing_and_wait(self):
        self.redoubt.start()
        self.change_policies()
        self.redoubt.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "waits for two persons" in self.redoubt.log_text())
        self.assertEqual(self.redoubt.chat(key=self.redoubt.auditor)[0], 403)
        self.assertEqual(self.redoubt.chat()[0], 200)

    def etag(self, path):
        return self.redoubt.admin("GET", path)[1]["etag"]

    def test_two_persons_bring_them_into_force(self):
        self.redoubt.start()
        self.change_policies()
        self.redoubt.process.send_signal(signal.SIGHUP)
        said = wait_for(lambda: re.search(r"waits for two persons.*(sha256:[0-9a-f]{64})", self.redoubt.log_text()))
        one, other = self.redoubt.keys["admin-1"], self.redoubt.keys["admin-2"]
        status, _, request = self.redoubt.admin("PUT", "/bundle?why=a%20new%20ward", {"digest": said.group(1)}, key=one,
                                                headers={"If-Match": self.etag("/bundle")})
        self.assertEqual(status, 202, request)
        path = "/approvals/" + request["id"]
        self.assertEqual(self.redoubt.admin("POST", path + "/grant", key=one,
                                            headers={"If-Match": self.etag(path)})[0], 403)
        self.assertEqual(self.redoubt.chat(key=self.redoubt.auditor)[0], 403)
        self.assertEqual(self.redoubt.admin("POST", path + "/grant", key=other,
                                            headers={"If-Match": self.etag(path)})[0], 200)
        self.assertEqual(self.redoubt.chat(key=self.redoubt.auditor)[0], 403)
        status, _, said = self.redoubt.admin("POST", path + "/apply", key=one)
        self.assertEqual(status, 200, said)
        self.assertEqual(self.redoubt.chat(key=self.redoubt.auditor)[0], 200)
        self.assertEqual(self.redoubt.stop(), 0)
        fact = [fact for fact in self.redoubt.facts() if fact_kind(fact) == "bundle.activate"][0]
        self.assertEqual(fact["actor"]["user"]["uid"], "admin-1")
        self.assertEqual(fact["unmapped"]["redoubt"]["approved_by"], ["admin-2"])
        self.redoubt.start()
        self.assertEqual(self.redoubt.chat(key=self.redoubt.auditor)[0], 200)


class Tables(Base):
    """DIR/state/state.db is made of the ledger, and the ledger decides."""

    def setUp(self):
        super().setUp()
        self.redoubt.start()
        self.revoked, self.gone = self.redoubt.issue("demo")
        self.redoubt.revoke(self.revoked)
        self.assertEqual(self.redoubt.stop(), 0)

    def works(self):
        self.redoubt.start()
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(self.redoubt.chat(key=self.gone)[0], 401)
        self.redoubt.issue("demo")
        self.assertEqual(self.redoubt.stop(), 0)
        self.check_state()

    def files(self):
        return [name for name in os.listdir(self.path("state")) if name.startswith("state.db")]

    def test_deleted_they_are_made_anew(self):
        for name in self.files():
            os.remove(self.path("state", name))
        self.works()

    def test_truncated_or_overwritten_they_are_set_aside_and_made_anew(self):
        for damage in (lambda file: file.truncate(5000), lambda file: file.write(b"nonsense" * 512)):
            with self.subTest():
                with open(self.state(), "r+b") as file:
                    damage(file)
                self.works()
        self.assertTrue([name for name in os.listdir(self.path("state")) if "damaged" in name])

    def test_older_than_the_ledger_they_are_brought_up(self):
        older = os.path.join(self.redoubt.folder, "older.db")
        shutil.copy(self.state(), older)
        self.redoubt.start()
        name, key = self.redoubt.issue("demo")
        self.redoubt.revoke(name)
        self.assertEqual(self.redoubt.stop(), 0)
        for file in self.files():
            os.remove(self.path("state", file))
        shutil.copy(older, self.state())
        self.redoubt.start()
        self.assertEqual(self.redoubt.chat(key=key)[0], 401)
        self.assertEqual(self.redoubt.stop(), 0)
        self.works()

    def test_newer_than_the_ledger_nothing_starts(self):
        older = shutil.copytree(self.path("ledger"), os.path.join(self.redoubt.folder, "older"))
        self.redoubt.start()
        self.redoubt.issue("demo")
        self.assertEqual(self.redoubt.stop(), 0)
        shutil.rmtree(self.path("ledger"))
        shutil.copytree(older, self.path("ledger"))
        self.assertIn("state", self.refused_to_start())


class Backups(Base):
    def command(self, *words, key=None):
        environment = {**os.environ, "REDOUBT_ADMIN_KEY": key or self.redoubt.keys["admin-1"]}
        return subprocess.run([program("redoubt"), "state", *words, "--dir", self.redoubt.dir, "--json"],
                              capture_output=True, text=True, timeout=60, env=environment)

    def setUp(self):
        super().setUp()
        self.file = os.path.join(self.redoubt.folder, "state.rdb")
        self.private = os.path.join(self.redoubt.folder, "backup.key")
        self.assertEqual(self.command("backup-key", self.private).returncode, 0)

    def test_who_takes_one_is_on_record_and_it_can_be_put_back(self):
        self.redoubt.start()
        done = self.command("backup", self.file)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        said = json.loads(done.stdout)
        self.assertGreaterEqual(said["applied"], said["fact"])
        self.assertEqual(self.redoubt.stop(), 0)
        begun = [fact for fact in self.redoubt.facts() if fact_kind(fact) == "state.backup.begin"]
        self.assertEqual(len(begun), 1)
        self.assertEqual(begun[0]["actor"]["user"]["uid"], "admin-1")
        with open(self.path("backup.pub")) as file:
            recipient = hashlib.sha256(base64.b64decode(file.readline())).hexdigest()
        self.assertEqual(begun[0]["unmapped"]["redoubt"]["body"], {"recipient": recipient})
        shutil.move(self.path("state"), self.path("state.old"))
        done = self.command("restore", self.file, "--key", self.private)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        self.redoubt.start()
        self.assertEqual(self.redoubt.chat()[0], 200)

    def test_whoever_may_not_take_one_gets_none_and_that_is_on_record(self):
        self.redoubt.start()
        done = self.command("backup", self.file, key=self.redoubt.auditor)
        self.assertNotEqual(done.returncode, 0)
        self.assertFalse(os.path.exists(self.file))
        self.assertEqual(self.redoubt.stop(), 0)
        denied = [record for record in self.redoubt.records() if stage(record) == "denial"]
        self.assertEqual(len(denied), 1)
        self.assertIn("/admin/v1/state/backups", json.dumps(denied[0]))

    def test_without_a_server_none_is_taken(self):
        self.redoubt.start()
        self.assertEqual(self.redoubt.stop(), 0)
        done = self.command("backup", self.file)
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertIn("put on record by the server, and none runs", done.stderr + done.stdout)
        self.assertFalse(os.path.exists(self.file))


class Killed(Base):
    def test_whenever_it_is_killed_around_changes_what_was_answered_holds(self):
        self.redoubt.start()
        good, revoked = [], []
        for round_number in range(6):
            before = len(good) + len(revoked)

            def change():
                try:
                    while True:
                        good.append(self.redoubt.issue("demo")[1])
                        name, key = self.redoubt.issue("demo")
                        self.redoubt.revoke(name)
                        revoked.append(key)
                except (OSError, AssertionError, ValueError, http.client.HTTPException):
                    pass  # killed

            threads = [threading.Thread(target=change) for _ in range(3)]
            for thread in threads:
                thread.start()
            wait_for(lambda: len(good) + len(revoked) > before + 3 + round_number)
            self.redoubt.kill()
            for thread in threads:
                thread.join()
            self.redoubt.start()
            self.assertEqual({self.redoubt.chat(key=key)[0] for key in good}, {200})
            self.assertEqual({self.redoubt.chat(key=key)[0] for key in revoked}, {401})
        self.assertEqual(self.redoubt.stop(), 0)
        self.check_state()


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
