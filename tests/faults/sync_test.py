"""A disk whose sync blocks, fails or is slow: nothing leaves before its record is durable, and nobody waits for ever."""

import base64
import errno
import hashlib
import http.client
import json
import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import faults  # noqa: E402
from faults import BLOCK, FAIL, PASS, SLOW, Call, error_code  # noqa: E402
from harness import STREAM_HEAD, chunk, event, parse_receipt, stage, wait_for, whole_reply  # noqa: E402


def read_stream(connection, seconds=15):
    """Everything until the server ends the connection."""
    connection.settimeout(seconds)
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


class BlockedDisk(faults.Case):
    settings = 'ledger_timeout = "20s"\n'  # nobody gives up while a test looks

    def block(self):
        self.keeper.sync(BLOCK)

    def blocked(self):
        return wait_for(lambda: self.keeper.blocked > 0)


class Blocked(BlockedDisk):
    def test_the_upstream_sees_no_byte_until_the_admission_is_durable(self):
        self.block()
        call = Call(self.redoubt.chat)
        self.blocked()
        # The upstream is not even connected to, while everything that needs no record is answered.
        end = time.monotonic() + 1.2
        while time.monotonic() < end:
            self.assertEqual(self.upstream.requests, [])
            self.assertEqual(self.upstream.connections, 0)
            self.assertEqual(self.redoubt.get("/healthz")[0], 200)
            self.assertEqual(self.redoubt.get("/readyz")[0], 200)  # one sync under way is no reason to go
            time.sleep(0.1)
        self.assertIsNone(call.reply)
        self.keeper.sync(PASS)
        self.assertEqual(call.result()[0], 200)
        self.assertEqual(len(self.upstream.requests), 1)
        self.assertEqual([stage(r) for r in self.stop_and_check()], ["admission", "outcome"])

    def test_killed_while_blocked_what_became_durable_is_interrupted(self):
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.block()
        call = Call(self.redoubt.chat)
        self.blocked()
        self.redoubt.kill()
        self.assertIsInstance(call.result(), Exception)
        self.keeper.sync(PASS)
        self.redoubt.start()
        self.redoubt.stop()
        records = self.stop_and_check()
        self.assertIn([stage(r) for r in records][2:], ([], ["admission", "interrupted"]))
        self.assertEqual(len(self.upstream.requests), 1)


class BlockedForLonger(BlockedDisk):
    """Than anybody waits."""

    settings = 'ledger_timeout = "2s"\n'

    def test_503_and_the_late_admission_is_aborted(self):
        self.block()
        began = time.monotonic()
        status, fields, body = self.redoubt.chat()
        self.assertGreaterEqual(time.monotonic() - began, 1.9)
        self.assertEqual((status, json.loads(body)["error"]["code"]), (503, "ledger_unavailable"))
        self.assertEqual(fields["redoubt-decision"], "deny")
        self.assertEqual(fields["retry-after"], "1")
        self.assertNotIn("redoubt-receipt", fields)
        # The ledger is known to be behind: no more waiting, and no more waiting requests.
        began = time.monotonic()
        self.assertEqual(error_code(self.redoubt.chat()), "ledger_unavailable")
        self.assertEqual(error_code(self.redoubt.chat(key="wrong")), "invalid_api_key")
        self.assertEqual(self.redoubt.request("POST", "/v1/chat/completions", body="{", key=self.redoubt.key)[0], 400)
        self.assertLess(time.monotonic() - began, 1.9)
        self.assertEqual(self.redoubt.get("/healthz")[0], 200)
        self.assertEqual(self.redoubt.get("/readyz"), (503, self.redoubt.get("/readyz")[1],
                                                       b"not ready: the ledger does not answer\n"))
        self.keeper.sync(PASS)
        wait_for(lambda: self.redoubt.get("/readyz")[0] == 200)
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(len(self.upstream.requests), 1)
        self.assertIn("the ledger does not answer", self.redoubt.log_text())
        records = self.stop_and_check()
        self.assertEqual([stage(r) for r in records if stage(r) != "denial"],
                         ["admission", "outcome", "admission", "outcome"])
        self.assertEqual(records[[stage(r) for r in records].index("outcome")]["status_detail"], "aborted")
        self.assertEqual(sum(stage(r) == "denial" for r in records), 2)

    def test_many_callers_are_refused_in_time_and_the_upstream_sees_none_of_them(self):
        self.block()
        calls = [Call(self.redoubt.chat) for _ in range(100)]
        self.assertEqual({call.result()[0] for call in calls}, {503})
        self.assertEqual(self.upstream.connections, 0)
        self.keeper.sync(PASS)
        wait_for(lambda: self.redoubt.get("/readyz")[0] == 200)
        records = self.stop_and_check()
        self.assertEqual({r["status_detail"] for r in records if stage(r) == "outcome"}, {"aborted"})
        self.assertGreater(len(records), 0)


class AtTheOutcome:
    """The disk hangs when the upstream already answers."""

    def answer(self, request, connection):
        self.block()
        if '"stream": true' in request:
            connection.sendall(STREAM_HEAD + chunk(event("one")) + chunk(event("two")) + chunk("data: [DONE]\n\n") +
                               b"0\r\n\r\n")
        else:
            connection.sendall(whole_reply())
        return True


class BlockedAtTheOutcome(AtTheOutcome, BlockedDisk):
    def test_a_whole_reply_is_held_back_until_its_outcome_is_durable(self):
        call = Call(self.redoubt.chat)
        self.blocked()
        time.sleep(1.0)
        self.assertIsNone(call.reply)
        self.keeper.sync(PASS)
        self.assertEqual(call.result()[0], 200)
        self.assertEqual([stage(r) for r in self.stop_and_check()], ["admission", "outcome"])

    def test_events_of_a_stream_flow_but_the_end_mark_waits(self):
        with self.redoubt.open_stream() as connection:
            connection.settimeout(5)
            data = b""
            while event("two").encode() not in data:
                data += connection.recv(65536)
            self.blocked()
            connection.settimeout(1.0)
            with self.assertRaises(TimeoutError):
                connection.recv(65536)
            self.keeper.sync(PASS)
            connection.settimeout(5)
            while b"data: [DONE]\n\n" not in data:
                data += connection.recv(65536)
        self.assertEqual([stage(r) for r in self.stop_and_check()], ["admission", "outcome"])


class BlockedForLongerAtTheOutcome(AtTheOutcome, BlockedDisk):
    settings = BlockedForLonger.settings

    def test_a_whole_reply_is_withheld(self):
        status, fields, body = self.redoubt.chat()
        self.assertEqual((status, json.loads(body)["error"]["code"]), (503, "ledger_unavailable"))
        self.assertNotIn(b"hello", body)
        self.assertIn("redoubt-receipt", fields)  # the admission's
        self.keeper.sync(PASS)
        self.assertEqual([stage(r) for r in self.stop_and_check()], ["admission", "outcome"])

    def test_a_stream_ends_without_its_end_mark(self):
        with self.redoubt.open_stream() as connection:
            data = read_stream(connection)
        self.assertIn(event("two").encode(), data)
        self.assertNotIn(b"[DONE]", data)
        self.assertFalse(data.endswith(b"0\r\n\r\n"))
        self.keeper.sync(PASS)
        self.assertEqual([stage(r) for r in self.stop_and_check()], ["admission", "outcome"])


class Failing(faults.Case):
    """A sync or a write that fails ends the process, which says why; the next start goes on from what is on the disk."""

    at_outcome = False
    fault = staticmethod(lambda keeper: keeper.sync(FAIL, errno.EIO))
    why = "cannot sync"

    def answer(self, request, connection):
        if self.at_outcome:
            self.fault(self.keeper)
        if '"stream": true' in request:
            connection.sendall(STREAM_HEAD + chunk(event("one")) + chunk("data: [DONE]\n\n") + b"0\r\n\r\n")
        else:
            connection.sendall(whole_reply("says the model"))
        return True

    def fail_at_outcome(self):
        self.at_outcome = True

    def ended(self):
        """Redoubt has ended by itself with 3 and says why; nobody is accepted any more."""
        self.assertEqual(self.redoubt.process.wait(20), 3)
        text = self.redoubt.log_text()
        self.assertIn("keeper: stopped why=\"" + self.why, text)
        self.assertIn("gateway: stopped why=\"the ledger stopped", text)
        with self.assertRaises(OSError):
            self.redoubt.get("/healthz")
        self.redoubt.stop()
        self.at_outcome = False
        self.keeper.stop()

    def test_at_the_admission_503_and_the_upstream_sees_no_byte(self):
        held = self.redoubt.chat()
        self.assertEqual(held[0], 200)
        self.redoubt.wait_published(1)
        before = len(self.upstream.requests)
        self.fault(self.keeper)
        reply = self.redoubt.chat()
        self.assertEqual((reply[0], error_code(reply)), (503, "ledger_unavailable"))
        self.assertEqual(json.loads(reply[2])["error"]["type"], "api_error")
        self.assertEqual(len(self.upstream.requests), before)
        self.ended()
        self.redoubt.start()
        self.assertEqual(self.redoubt.chat()[0], 200)
        records = self.stop_and_check()
        self.assertEqual([stage(r) for r in records][:2], ["admission", "outcome"])

    def test_at_the_outcome_a_whole_reply_is_withheld(self):
        self.fail_at_outcome()
        reply = self.redoubt.chat()
        self.assertEqual((reply[0], error_code(reply)), (503, "ledger_unavailable"))
        self.assertNotIn(b"says the model", reply[2])
        self.ended()
        records = self.stop_and_check()
        self.assertIn([stage(r) for r in records], (["admission", "interrupted"], ["admission", "outcome"]))

    def test_at_the_outcome_a_stream_ends_without_its_end_mark(self):
        self.fail_at_outcome()
        with self.redoubt.open_stream() as connection:
            data = read_stream(connection)
        self.assertIn(event("one").encode(), data)
        self.assertNotIn(b"[DONE]", data)
        self.assertFalse(data.endswith(b"0\r\n\r\n"))
        self.ended()
        self.stop_and_check()

    def test_under_load_nothing_acknowledged_is_missing(self):
        receipts, stop = [], threading.Event()

        def call():
            while not stop.is_set():
                try:
                    status, fields, _ = self.redoubt.chat()
                except (OSError, http.client.HTTPException):
                    return
                if status == 200:
                    receipts.append(fields["redoubt-receipt"])

        callers = [Call(call) for _ in range(8)]
        wait_for(lambda: len(receipts) > 100)
        self.fault(self.keeper)
        self.ended()
        stop.set()
        for caller in callers:
            caller.result()
        self.stop_and_check()
        leaves = self.redoubt.leaves()
        for receipt in receipts:
            _, index, leaf = parse_receipt(receipt)
            self.assertEqual(base64.b64encode(hashlib.sha256(b"\0" + leaves[index]).digest()).decode(), leaf)


class FailingWrite(Failing):
    fault = staticmethod(lambda keeper: keeper.write(FAIL, errno.EIO))
    why = "cannot write"


class FullDisk(Failing):
    """A write that finds no space, unannounced."""
    fault = staticmethod(lambda keeper: keeper.write(FAIL, errno.ENOSPC))
    why = "cannot write"


class Slow(faults.Case):
    def test_a_slow_sync_makes_requests_slow_and_shares_one_sync_among_them(self):
        self.redoubt.chat()
        self.keeper.sync(SLOW, 200)
        before = self.keeper.syncs
        calls = [Call(self.redoubt.chat) for _ in range(20)]
        self.assertEqual({call.result()[0] for call in calls}, {200})
        # Forty records; each batch takes what came during the sync of the one before.
        self.assertLess(self.keeper.syncs - before, 30)
        self.keeper.sync(PASS)
        self.assertEqual(len(self.stop_and_check()), 42)

    def test_a_start_waits_for_a_slow_disk(self):
        self.redoubt.chat()
        self.redoubt.stop()
        self.keeper.sync(SLOW, 100)
        self.redoubt.start()
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.keeper.sync(PASS)
        self.assertEqual(len(self.stop_and_check()), 4)


if __name__ == "__main__":
    unittest.main(verbosity=2)
