"""The main job and its order, on a real server: records before bytes, receipts that prove, crashes that show."""

import base64
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import (STARTED, STREAM_HEAD, TOOLS, Redoubt, Upstream, chunk, event, parse_receipt, program, run, stage, wait_for,
                     whole_reply)


def read_until(connection, text, seconds=5.0):
    """Reads until `text` has come; returns everything read. An end or a time-out first is a failure."""
    connection.settimeout(seconds)
    data = b""
    while text not in data:
        piece = connection.recv(65536)
        if not piece:
            raise AssertionError("ended before %r: %r" % (text, data))
        data += piece
    return data


def silent_for(connection, seconds):
    """True when nothing comes for so long."""
    connection.settimeout(seconds)
    try:
        return connection.recv(65536) is None
    except socket.timeout:
        return True


class Base(unittest.TestCase):
    def setUp(self):
        self.upstream = Upstream(lambda request, connection: self.answer(request, connection))
        self.redoubt = Redoubt(self.upstream.url, applications=("narrow:callers::only-this",)).start()

    def tearDown(self):
        try:
            if self.redoubt.process is not None:
                self.redoubt.stop()
            self.validate_records()
        finally:
            self.redoubt.remove()
            self.upstream.close()

    def validate_records(self):
        """Every record that a test made is a valid OCSF event."""
        if not os.path.isdir(os.environ.get("REDOUBT_DATA", "")):
            print("REDOUBT_DATA has no OCSF schema: records are not validated")
            return
        leaves = self.redoubt.leaves()
        if not leaves:
            return
        done = subprocess.run([os.path.join(TOOLS, "ocsf_validate")], input=b"".join(leaf + b"\n" for leaf in leaves),
                              capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, (done.stdout + done.stderr).decode())

    def answer(self, request, connection):
        connection.sendall(whole_reply())
        return True


class WholeReply(Base):
    def test_reply_passes_and_its_receipt_proves(self):
        status, fields, body = self.redoubt.chat("what ails the patient?")
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(body)["choices"][0]["message"]["content"], "hello")
        self.assertEqual(fields["redoubt-decision"], "permit")
        origin, index, leaf = parse_receipt(fields["redoubt-receipt"])
        self.assertEqual((origin, index), ("test.example/log", STARTED + 1))
        run(program("redoubt"), "ledger", "prove", str(index), "--url", self.redoubt.url, "--key", self.redoubt.key,
            "--leaf", leaf, "--vkey-file", os.path.join(self.redoubt.dir, "ledger.vkey"))
        wrong = base64.b64encode(hashlib.sha256(b"another record").digest()).decode()
        refused = run(program("redoubt"), "ledger", "prove", str(index), "--url", self.redoubt.url, "--key",
                      self.redoubt.key, "--leaf", wrong, "--vkey-file",
                      os.path.join(self.redoubt.dir, "ledger.vkey"), check=False)
        self.assertEqual(refused.returncode, 1)

    def test_the_leaf_is_the_hash_of_the_record(self):
        _, fields, _ = self.redoubt.chat()
        _, index, leaf = parse_receipt(fields["redoubt-receipt"])
        self.redoubt.get("/ledger/receipt/%d" % index, key=self.redoubt.key)
        status, _, bundle = self.redoubt.get("/ledger/tile/entries/000.p/%d" % (index + 1), key=self.redoubt.auditor)
        self.assertEqual(status, 200)
        for _ in range(index):
            bundle = bundle[2 + int.from_bytes(bundle[:2], "big"):]
        self.assertEqual(base64.b64encode(hashlib.sha256(b"\0" + bundle[2:]).digest()).decode(), leaf)

    def test_unknown_fields_reach_the_upstream_untouched(self):
        body = '{"model":"m",  "messages":[], "x_new":{"a":[1.50,"\\u00e9"]}}'
        status, _, _ = self.redoubt.request("POST", "/v1/chat/completions", body=body, key=self.redoubt.key)
        self.assertEqual(status, 200)
        self.assertTrue(self.upstream.requests[-1].endswith(body))

    def test_the_callers_key_does_not_reach_the_upstream(self):
        self.redoubt.chat()
        self.assertNotIn(self.redoubt.key, self.upstream.requests[-1])

    def test_nothing_is_forwarded_before_the_admission_is_durable(self):
        keeper = self.redoubt.child("redoubt-keeper")
        os.kill(keeper, signal.SIGSTOP)
        try:
            result = []
            caller = threading.Thread(target=lambda: result.append(self.redoubt.chat()))
            caller.start()
            time.sleep(1.0)
            self.assertEqual(self.upstream.requests, [])
        finally:
            os.kill(keeper, signal.SIGCONT)
        caller.join(10)
        self.assertEqual(result[0][0], 200)
        self.assertEqual(len(self.upstream.requests), 1)

    def test_prompt_and_reply_are_in_no_file_in_the_clear(self):
        canary = "canary-7f3a9c"
        self.redoubt.chat(canary)
        self.redoubt.stop()
        for folder, _, names in os.walk(self.redoubt.dir):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    self.assertNotIn(canary.encode(), file.read(), name)

    def test_values_are_opened_for_a_reason_that_is_a_record(self):
        self.redoubt.chat("open sesame")
        self.redoubt.wait_published(1)
        done = run(program("redoubt"), "ledger", "show", str(STARTED), "--open", "--reason", "complaint 4711", "--dir",
                   self.redoubt.dir, "--key", self.redoubt.auditor, "--json")
        values = json.loads(done.stdout)["values"]
        self.assertIn("open sesame", values["prompt"])
        self.assertEqual(values["caller_address"], "127.0.0.1")
        self.redoubt.stop()
        opened = self.redoubt.records()[-1]
        self.assertEqual(stage(opened), "opened")
        self.assertIn("complaint 4711", json.dumps(opened))

    def test_an_opener_that_the_keeper_does_not_know_gets_nothing(self):
        self.redoubt.chat("secret")
        self.redoubt.wait_published(1)
        other = Redoubt(self.upstream.url)
        try:
            done = run(program("redoubt"), "ledger", "show", "0", "--open", "--reason", "curious", "--dir",
                       self.redoubt.dir, "--key", self.redoubt.auditor, "--opener",
                       os.path.join(other.dir, "keys/opener.key"), check=False)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.redoubt.stop()
            self.assertIn("opening_refused", json.dumps(self.redoubt.records()[-1]))
        finally:
            other.remove()


class Refusals(Base):
    def test_without_a_key_401_in_the_apis_shape_and_nothing_forwarded(self):
        for key in ("", "rdk_" + "A" * 43, "nonsense"):
            status, fields, body = self.redoubt.chat(key=key or " ")
            self.assertEqual(status, 401)
            self.assertEqual(json.loads(body)["error"]["code"], "invalid_api_key")
            self.assertEqual(fields["redoubt-decision"], "deny")
        self.assertEqual(self.upstream.requests, [])

    def test_another_model_403_with_a_receipt(self):
        status, fields, body = self.redoubt.chat(key=self.redoubt.keys["narrow"])
        self.assertEqual(status, 403)
        self.assertEqual(json.loads(body)["error"]["type"], "permission_error")
        parse_receipt(fields["redoubt-receipt"])
        self.assertEqual(self.upstream.requests, [])

    def test_malformed_json_400_with_a_receipt(self):
        for body in ("{", "[]", '{"model":"m","model":"n","messages":[]}', '{"messages":[]}', "\xff"):
            status, fields, reply = self.redoubt.request("POST", "/v1/chat/completions", body=body.encode("latin-1"),
                                                         key=self.redoubt.key)
            self.assertEqual(status, 400, body)
            self.assertEqual(json.loads(reply)["error"]["type"], "invalid_request_error")
            parse_receipt(fields["redoubt-receipt"])
        self.assertEqual(self.upstream.requests, [])

    def test_entries_are_for_auditors_and_receipts_for_key_holders(self):
        self.redoubt.chat()
        wait_for(lambda: self.redoubt.get("/ledger/checkpoint")[0] == 200)
        self.assertEqual(self.redoubt.get("/ledger/tile/entries/000.p/1")[0], 401)
        self.assertEqual(self.redoubt.get("/ledger/tile/entries/000.p/1", key=self.redoubt.key)[0], 403)
        self.assertEqual(self.redoubt.get("/ledger/receipt/0")[0], 401)

    def test_receipt_of_no_record_503_after_a_second(self):
        started = time.monotonic()
        self.assertEqual(self.redoubt.get("/ledger/receipt/99", key=self.redoubt.key)[0], 503)
        self.assertGreater(time.monotonic() - started, 0.9)

    def test_many_refusals_become_few_records(self):
        for _ in range(200):
            self.assertEqual(self.redoubt.chat(key="wrong")[0], 401)
        self.redoubt.stop()
        records = [r for r in self.redoubt.records() if stage(r) == "denial"]
        self.assertLessEqual(len(records), 4)
        self.assertEqual(sum(r.get("count", 1) for r in records), 200)


class Stream(Base):
    """The upstream sends two events at once and the rest when the test says so."""

    def setUp(self):
        self.go = threading.Event()
        self.rest = [chunk(event("c")), chunk("data: [DONE]\n\n"), b"0\r\n\r\n"]
        super().setUp()

    def answer(self, request, connection):
        connection.sendall(STREAM_HEAD + chunk(event("a")) + chunk(event("b")))
        self.go.wait(10)
        for piece in self.rest:
            connection.sendall(piece)
        return self.rest[-1:] == [b"0\r\n\r\n"]

    def test_events_pass_at_once_and_the_outcome_comes_before_done(self):
        with self.redoubt.open_stream() as connection:
            head = read_until(connection, event("b").encode())
            self.assertIn(b'Redoubt-Receipt: origin="test.example/log", index=%d,' % STARTED, head)
            self.go.set()
            tail = read_until(connection, b"data: [DONE]\n\n")
            before, after = tail.split(b": redoubt-receipt ", 1)
            self.assertIn(event("c").encode(), before)
            _, index, _ = parse_receipt(after.split(b"\n", 1)[0].decode())
            self.assertEqual(index, STARTED + 1)

    def test_the_end_mark_waits_for_the_outcome(self):
        keeper = self.redoubt.child("redoubt-keeper")
        with self.redoubt.open_stream() as connection:
            read_until(connection, event("b").encode())
            os.kill(keeper, signal.SIGSTOP)
            try:
                self.go.set()
                read_until(connection, event("c").encode())
                self.assertTrue(silent_for(connection, 1.0))
            finally:
                os.kill(keeper, signal.SIGCONT)
            read_until(connection, b"data: [DONE]\n\n")

    def test_an_end_mark_cut_in_two_is_held_back_too(self):
        self.rest = [chunk("data: [DO"), chunk("NE]\n"), chunk("\n"), b"0\r\n\r\n"]
        with self.redoubt.open_stream() as connection:
            self.go.set()
            data = read_until(connection, b"data: [DONE]\n\n")
            self.assertEqual(data.count(b"[DONE]"), 1)
            self.assertIn(b": redoubt-receipt ", data)

    def test_without_an_end_mark_from_upstream_there_is_none_for_the_caller(self):
        self.rest = [chunk(event("c")), b"0\r\n\r\n"]
        self.go.set()
        with self.redoubt.open_stream() as connection:
            connection.settimeout(5)
            data = b""
            while piece := connection.recv(65536):
                data += piece
        self.assertNotIn(b"[DONE]", data)
        self.assertFalse(data.endswith(b"0\r\n\r\n"))
        self.redoubt.stop()
        self.assertIn("upstream_incomplete", json.dumps(self.redoubt.records()[-1]))

    def test_upstream_that_breaks_off_is_recorded_so(self):
        self.rest = []
        self.go.set()
        with self.redoubt.open_stream() as connection:
            connection.settimeout(5)
            while connection.recv(65536):
                pass
        self.redoubt.stop()
        self.assertIn("upstream_broke_off", json.dumps(self.redoubt.records()[-1]))

    def test_caller_that_leaves_is_recorded_so(self):
        connection = self.redoubt.open_stream()
        read_until(connection, event("b").encode())
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
        self.rest = [chunk(event("x" * 1000)) for _ in range(2000)] + [chunk("data: [DONE]\n\n"), b"0\r\n\r\n"]
        self.go.set()
        self.redoubt.wait_published(1)
        self.redoubt.stop()
        self.assertIn("client_gone", json.dumps(self.redoubt.records()[1]))

    def test_keeper_killed_in_a_stream_no_end_mark_then_interrupted(self):
        with self.redoubt.open_stream() as connection:
            read_until(connection, event("b").encode())
            os.kill(self.redoubt.child("redoubt-keeper"), signal.SIGKILL)
            self.go.set()
            connection.settimeout(10)
            data = b""
            try:
                while piece := connection.recv(65536):
                    data += piece
            except ConnectionError:
                pass
        self.assertNotIn(b"[DONE]", data)
        self.assertEqual(self.redoubt.stop(), 3)
        self.redoubt.start()
        self.redoubt.stop()
        records = self.redoubt.records()
        self.assertEqual([stage(r) for r in records], ["admission", "interrupted"])
        self.assertEqual(records[1]["metadata"]["correlation_uid"], records[0]["metadata"]["correlation_uid"])

    def test_kill_9_of_everything_then_every_admission_has_an_end_once(self):
        with self.redoubt.open_stream() as connection:
            read_until(connection, event("b").encode())
            self.redoubt.kill()
        self.go.set()
        for _ in range(2):  # a second restart adds nothing
            self.redoubt.start()
            self.redoubt.stop()
            self.assertEqual([stage(r) for r in self.redoubt.records()], ["admission", "interrupted"])

    def test_sigterm_lets_a_stream_finish(self):
        with self.redoubt.open_stream() as connection:
            read_until(connection, event("b").encode())
            self.redoubt.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            with self.assertRaises(OSError):
                socket.create_connection(("127.0.0.1", self.redoubt.port), timeout=1)
            self.go.set()
            read_until(connection, b"data: [DONE]\n\n")
        self.assertEqual(self.redoubt.stop(), 0)
        self.assertEqual([stage(r) for r in self.redoubt.records()], ["admission", "outcome"])


class UpstreamFaults(Base):
    def answer(self, request, connection):
        return self.fault(connection)

    def outcome_of(self, fault):
        self.fault = fault
        status, fields, body = self.redoubt.chat()
        parse_receipt(fields["redoubt-receipt"])
        return status, json.loads(body)["error"]["code"]

    def test_nonsense_is_502(self):
        self.assertEqual(self.outcome_of(lambda c: c.sendall(b"SSH-2.0-x\r\n\r\n")), (502, "upstream_malformed"))

    def test_not_json_is_502(self):
        reply = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        self.assertEqual(self.outcome_of(lambda c: c.sendall(reply)), (502, "upstream_malformed"))

    def test_broken_off_body_is_502(self):
        reply = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"
        self.assertEqual(self.outcome_of(lambda c: c.sendall(reply)), (502, "upstream_unavailable"))

    def test_nobody_there_is_502(self):
        self.upstream.close()
        self.fault = lambda c: None
        closed = socket.socket()
        closed.bind(("127.0.0.1", 0))
        other = Redoubt("http://127.0.0.1:%d" % closed.getsockname()[1]).start()
        try:
            status, fields, body = other.chat()
            self.assertEqual((status, json.loads(body)["error"]["code"]), (502, "upstream_unavailable"))
            parse_receipt(fields["redoubt-receipt"])
        finally:
            other.remove()
            closed.close()

    def test_an_upstream_that_hangs_does_not_hold_up_the_end(self):
        self.fault = lambda c: time.sleep(15)
        other = Redoubt(self.upstream.url, drain_grace="1s").start()
        try:
            caller = threading.Thread(target=lambda: self.assertRaises(OSError, other.chat), daemon=True)
            caller.start()
            wait_for(lambda: self.upstream.requests)
            started = time.monotonic()
            self.assertEqual(other.stop(), 0)
            self.assertLess(time.monotonic() - started, 5)
            self.assertEqual([stage(r) for r in other.records()], ["admission", "outcome"])
        finally:
            other.remove()

    def test_the_upstreams_own_error_passes_with_its_status(self):
        body = b'{"error":{"message":"no such model","type":"invalid_request_error","param":null,"code":"model_not_found"}}'
        reply = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
            len(body), body)
        self.assertEqual(self.outcome_of(lambda c: c.sendall(reply) or True), (404, "model_not_found"))


class Others(Base):
    """What we did not write reads what we made."""

    def test_records_of_every_kind_are_made_and_valid(self):
        self.redoubt.chat()
        self.redoubt.chat(key="wrong")
        self.redoubt.request("POST", "/v1/chat/completions", body="{", key=self.redoubt.key)
        self.redoubt.get("/v1/models", key=self.redoubt.key)
        self.redoubt.wait_published(1)
        run(program("redoubt"), "ledger", "show", str(STARTED), "--open", "--reason", "test", "--dir", self.redoubt.dir,
            "--key", self.redoubt.auditor)
        os.kill(self.redoubt.child("redoubt-keeper"), signal.SIGSTOP)
        with self.redoubt.open_stream():
            self.redoubt.kill()
        self.redoubt.start()
        self.redoubt.stop()
        kinds = {stage(record) for record in self.redoubt.records()}
        self.assertLessEqual({"admission", "outcome", "denial", "opened"}, kinds)

    def test_go_verifies_checkpoint_tiles_and_proofs_of_the_running_server(self):
        checker = os.environ.get("REDOUBT_TLOGCHECK", "")
        if not os.path.exists(checker):
            self.skipTest("the Go checker was not built")
        for _ in range(300):
            self.redoubt.chat()
        self.redoubt.wait_published(599)
        with open(os.path.join(self.redoubt.dir, "ledger.vkey")) as file:
            vkey = file.read().strip()
        done = run(checker, "-header", "Authorization: Bearer " + self.redoubt.auditor, self.redoubt.url + "/ledger",
                   vkey)
        print(done.stdout.strip().splitlines()[-1])

    def test_verify_over_http_and_from_the_folder_agree(self):
        for _ in range(20):
            self.redoubt.chat()
        self.redoubt.wait_published(39)
        # Under one checkpoint: reading entries over HTTP makes new ones.
        checkpoint = os.path.join(self.redoubt.folder, "checkpoint")
        with open(checkpoint, "wb") as file:
            file.write(self.redoubt.get("/ledger/checkpoint")[2])
        remote = run(program("redoubt"), "ledger", "verify", self.redoubt.url + "/ledger", "--dir", self.redoubt.dir,
                     "--checkpoint", checkpoint, "--key", self.redoubt.auditor, "--json")
        local = run(program("redoubt"), "ledger", "verify", os.path.join(self.redoubt.dir, "ledger"), "--dir",
                    self.redoubt.dir, "--checkpoint", checkpoint, "--json")
        self.assertEqual(json.loads(remote.stdout)["root"], json.loads(local.stdout)["root"])

    def test_a_flipped_byte_in_a_segment_is_found(self):
        self.redoubt.chat()
        self.redoubt.stop()
        self.assertEqual(self.redoubt.verify(), STARTED + 2)
        folder = os.path.join(self.redoubt.dir, "ledger/segments")
        path = os.path.join(folder, os.listdir(folder)[0])

        def flip():
            with open(path, "r+b") as file:
                file.seek(64 + 48 + 40 + 100)  # inside the first record
                byte = file.read(1)
                file.seek(-1, os.SEEK_CUR)
                file.write(bytes([byte[0] ^ 1]))

        flip()
        done = run(program("redoubt"), "ledger", "verify", os.path.join(self.redoubt.dir, "ledger"), "--dir",
                   self.redoubt.dir, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        flip()
        self.assertEqual(self.redoubt.verify(), STARTED + 2)

    def test_of_a_log_without_records_there_is_no_checkpoint_yet(self):
        folder = os.path.join(self.redoubt.folder, "new")
        run(program("redoubt"), "init", "--dir", folder, "--origin", "test.example/new", "--tenant", "ward")
        for command in (("checkpoint",), ("prove", "0"), ("verify", os.path.join(folder, "ledger"))):
            done = run(program("redoubt"), "ledger", *command, "--tenant", "ward", "--dir", folder, check=False)
            self.assertEqual((done.returncode, done.stdout), (3, ""), command)
            self.assertIn("no checkpoint yet", done.stderr, command)

    def test_freshness_is_told_in_the_same_words(self):
        self.redoubt.chat()
        self.redoubt.wait_published(1)
        ledger = os.path.join(self.redoubt.dir, "ledger")
        for command in (("status",), ("ledger", "checkpoint"), ("ledger", "prove", "1"), ("ledger", "verify", ledger)):
            plain = run(program("redoubt"), *command, "--dir", self.redoubt.dir).stdout
            told = json.loads(run(program("redoubt"), *command, "--dir", self.redoubt.dir, "--json").stdout)["freshness"]
            self.assertEqual(told, "single signer, freshness unproven (no witness)", command)
            if command != ("ledger", "checkpoint"):  # which prints the note alone
                self.assertIn("freshness   " + told, plain, command)

    def test_two_servers_do_not_run_from_one_folder(self):
        done = run(program("redoubt"), "serve", "--dir", self.redoubt.dir, "--listen", "127.0.0.1:0", check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("another server", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
