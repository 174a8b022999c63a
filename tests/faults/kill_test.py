"""kill -9 under load, at a random moment, of any part of Redoubt, again and again over one ledger.

After each restart: every receipt that a caller ever held names its record, every admission has one end, nothing is
doubled, nobody saw a complete reply whose outcome is not in the ledger. REDOUBT_SEED repeats a run's choices (not its
timing); REDOUBT_ROUNDS sets the number of rounds.
"""

import base64
import hashlib
import http.client
import json
import os
import random
import signal
import statistics
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from faults import alive  # noqa: E402  (and finds the harness)
from harness import (STREAM_HEAD, Redoubt, Upstream, chunk, event, parse_receipt, program, run, stage,  # noqa: E402
                     wait_for, whole_reply)

CALLERS = 6
ORDINARY_SECONDS = 50
ORDINARY_ROUNDS_MIN = 20
VICTIMS = ("gateway", "keeper", "both", "launcher", "everything")


class Caller(threading.Thread):
    """Calls until told to stop; keeps every receipt it is given, and what it saw complete."""

    def __init__(self, redoubt, seed, stop):
        super().__init__()
        self.redoubt = redoubt
        self.random = random.Random(seed)
        self.stop = stop
        self.receipts = []   # (index, leaf)
        self.complete = []   # index of the outcome of each complete reply
        self.broken = []     # what must never be seen
        self.served = 0

    def run(self):
        while not self.stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.redoubt.port, timeout=15)
            try:
                for _ in range(self.random.randint(1, 8)):
                    if self.stop.is_set() or not self.call(connection):
                        break
            except (OSError, http.client.HTTPException, ValueError):
                pass  # killed under us
            finally:
                connection.close()

    def keep(self, text):
        origin, index, leaf = parse_receipt(text)
        if origin != "test.example/log":
            self.broken.append("origin " + origin)
        self.receipts.append((index, leaf))
        return index

    def call(self, connection):
        """One exchange. True when the connection can be used again."""
        stream = self.random.random() < 0.5
        size = self.random.choice((5, 200, 3000, 100_000))
        prompt = "%d %s" % (size, "x" * self.random.randint(0, 2000))
        body = json.dumps({"model": "m", "stream": stream, "messages": [{"role": "user", "content": prompt}]})
        connection.request("POST", "/v1/chat/completions", body, {"Authorization": "Bearer " + self.redoubt.key})
        response = connection.getresponse()
        receipt = response.getheader("Redoubt-Receipt")
        index = self.keep(receipt) if receipt else None
        if not stream or response.status != 200:
            reply = response.read()
            if response.status == 200:
                if len(json.loads(reply)["choices"][0]["message"]["content"]) != size:
                    self.broken.append("a body that is not the upstream's")
                if index is None:
                    self.broken.append("200 without a receipt")
                self.complete.append(index)
                self.served += 1
            return True
        data = b""
        try:
            while piece := response.read1(65536):
                data += piece
        finally:
            if b"[DONE]" in data:
                lines = [line for line in data.split(b"\n") if line.startswith(b": redoubt-receipt ")]
                if len(lines) != 1:
                    self.broken.append("[DONE] without a receipt")
                else:
                    self.complete.append(self.keep(lines[0][len(b": redoubt-receipt "):].decode()))
                    self.served += 1
        return True


class Ledger:
    """What has been seen of the ledger, and what must hold of the rest."""

    def __init__(self, test, redoubt):
        self.test = test
        self.redoubt = redoubt
        self.leaf_hashes = []
        self.stages = []
        self.open = {}
        self.uids = set()

    def advance(self):
        """Reads what is new, and checks it."""
        for leaf in self.redoubt.leaves(len(self.leaf_hashes)):
            index = len(self.leaf_hashes)
            self.leaf_hashes.append(base64.b64encode(hashlib.sha256(b"\0" + leaf).digest()).decode())
            record = json.loads(leaf)
            self.stages.append(stage(record))
            uid, exchange = record["metadata"]["uid"], record["metadata"].get("correlation_uid")
            self.test.assertNotIn(uid, self.uids, "doubled")
            self.uids.add(uid)
            if self.stages[-1] == "admission":
                self.open[index] = exchange
            elif self.stages[-1] in ("outcome", "interrupted"):
                admission = record["unmapped"]["redoubt"]["admission_index"]
                self.test.assertEqual(self.open.pop(admission, None), exchange, "%d ends no open admission" % index)

    def settle(self, message):
        """The same, until what the start itself has begun has ended, too."""
        end = time.monotonic() + 10
        self.advance()
        while self.open and time.monotonic() < end:
            time.sleep(0.02)
            self.advance()
        self.test.assertEqual(self.open, {}, message)

    def holds(self, callers):
        for caller in callers:
            for index, leaf in caller.receipts:
                self.test.assertLess(index, len(self.leaf_hashes), "a receipt of a record that is gone")
                self.test.assertEqual(self.leaf_hashes[index], leaf, "a receipt of another record")
            for index in caller.complete:
                self.test.assertEqual(self.stages[index], "outcome", "a complete reply without an outcome")


class KillNine(unittest.TestCase):
    def setUp(self):
        self.seed = int(os.environ.get("REDOUBT_SEED") or random.SystemRandom().randrange(1 << 32))
        print("REDOUBT_SEED=%d" % self.seed, flush=True)
        self.random = random.Random(self.seed)
        self.upstream = Upstream(self.answer)
        self.redoubt = Redoubt(self.upstream.url, drain_grace="2s")

    def tearDown(self):
        self.redoubt.remove()
        self.upstream.close()

    def answer(self, request, connection):
        body = json.loads(request.split("\r\n\r\n", 1)[1])
        size = int(body["messages"][0]["content"].split(" ", 1)[0])
        if not body["stream"]:
            connection.sendall(whole_reply("y" * size))
            return True
        connection.sendall(STREAM_HEAD)
        for _ in range(min(size, 20)):
            connection.sendall(chunk(event("y" * (size // 20))))
            if size > 1000:
                time.sleep(0.002)
        connection.sendall(chunk("data: [DONE]\n\n") + b"0\r\n\r\n")
        return True

    def kill(self, victim):
        gateway, keeper = self.redoubt.child("redoubt-gateway"), self.redoubt.child("redoubt-keeper")
        launcher = self.redoubt.process
        doomed = {"gateway": [gateway], "keeper": [keeper], "both": [gateway, keeper], "launcher": [launcher.pid],
                  "everything": [launcher.pid, gateway, keeper]}[victim]
        self.random.shuffle(doomed)
        for pid in doomed:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                self.assertNotEqual(pid, doomed[0])  # the launcher ends the others when one of them ends
        status = launcher.wait(timeout=20)
        if launcher.pid not in doomed:
            self.assertEqual(status, 3, victim)
        wait_for(lambda: not alive(gateway) and not alive(keeper), 20)
        self.redoubt.kill()  # tidies up

    def test_whatever_is_killed_receipts_hold_and_every_admission_has_one_end(self):
        rounds = int(os.environ.get("REDOUBT_ROUNDS") or 0)
        ledger = Ledger(self, self.redoubt)
        everybody, recovery = [], []
        began = time.monotonic()
        done = 0
        while done < rounds if rounds else (done < ORDINARY_ROUNDS_MIN or time.monotonic() - began < ORDINARY_SECONDS):
            started = time.monotonic()
            self.redoubt.start()
            recovery.append((time.monotonic() - started) * 1000)
            ledger.settle("without an end after the restart")
            ledger.holds(everybody[-CALLERS:])
            stop = threading.Event()
            callers = [Caller(self.redoubt, self.random.random(), stop) for _ in range(CALLERS)]
            if everybody:
                self.prove_some(everybody[-CALLERS:])
            for caller in callers:
                caller.start()
            victim = VICTIMS[done % len(VICTIMS)] if done < len(VICTIMS) else self.random.choice(VICTIMS)
            time.sleep(self.random.uniform(0.02, 0.7))
            self.kill(victim)
            stop.set()
            for caller in callers:
                caller.join(20)
                self.assertFalse(caller.is_alive(), "a caller hangs")
                self.assertEqual(caller.broken, [])
            everybody += callers
            done += 1
            if done % 10 == 0:
                self.redoubt.verify()
        self.redoubt.start()
        ledger.settle("without an end")
        ledger.holds(everybody)
        self.redoubt.stop()
        entries = self.redoubt.verify()
        ledger.advance()
        self.assertEqual(entries, len(ledger.leaf_hashes))
        admissions = ledger.stages.count("admission")
        self.assertLessEqual(len(self.upstream.requests), admissions, "the upstream saw what was not admitted")
        receipts = sum(len(caller.receipts) for caller in everybody)
        served = sum(caller.served for caller in everybody)
        self.assertGreater(served, done, "hardly any load")
        self.assertGreater(ledger.stages.count("interrupted"), 0, "never killed in the middle of anything")
        print("%d rounds in %.0f s: %d entries, %d complete replies, %d receipts held, %d interrupted; "
              "ready after a restart in %.0f ms (median), %.0f ms (longest), %.0f ms (last)" %
              (done, time.monotonic() - began, entries, served, receipts, ledger.stages.count("interrupted"),
               statistics.median(recovery), max(recovery), recovery[-1]), flush=True)

    def prove_some(self, callers):
        """Asks the running server for proofs of receipts from before it was killed."""
        held = [receipt for caller in callers for receipt in caller.receipts]
        for index, leaf in self.random.sample(held, min(2, len(held))):
            run(program("redoubt"), "ledger", "prove", str(index), "--url", self.redoubt.url, "--key",
                self.redoubt.key, "--leaf", leaf, "--vkey-file", os.path.join(self.redoubt.dir, "ledger.vkey"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
