#!/usr/bin/env python3
"""Bad days of the state: its disk is full, the clock is set back."""

import errno
import os
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import faults  # noqa: E402
from harness import wait_for  # noqa: E402

DAY = 24 * 3600


def timestamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class Clock(faults.Case):
    def shift(self, seconds):
        self.program.clock_shift_s = self.keeper.clock_shift_s = seconds

    def test_a_clock_set_back_a_day_revives_no_key_that_has_expired(self):
        _, key = self.redoubt.issue("demo", expires=timestamp(time.time() + DAY))
        self.assertEqual(self.redoubt.chat(key=key)[0], 200)
        self.shift(2 * DAY)
        wait_for(lambda: self.redoubt.chat(key=key)[0] == 401)
        self.assertEqual(self.redoubt.chat()[0], 200)  # is in the ledger with that time
        self.shift(0)
        self.assertEqual(self.redoubt.chat(key=key)[0], 401)
        self.redoubt.stop()
        self.start()
        self.assertEqual(self.redoubt.chat(key=key)[0], 401)
        self.assertEqual(self.redoubt.get("/ledger/receipt/0", key=key)[0], 401)
        self.assertEqual(self.redoubt.chat()[0], 200)


class WrittenBeside(faults.Case):
    """A start that folds many facts serves before their tables are in place, which here takes as long as it is told to."""

    KEYS = 600  # each changes two rows and more; a start writes a thousand and more beside all else

    def setUp(self):
        super().setUp()
        self.names = [self.redoubt.issue("demo") for _ in range(self.KEYS)]
        self.redoubt.stop()

    def path(self):
        return os.path.join(self.redoubt.dir, "state", "state.db")

    def start_with(self, mode):
        for suffix in ("", "-wal", "-shm"):
            if os.path.exists(self.path() + suffix):
                os.remove(self.path() + suffix)
        self.program.place(mode)
        self.redoubt.start()

    def check(self):
        """All that was issued and not revoked is good, and the tables are what the ledger says."""
        name, key = self.names[-1]
        self.assertEqual(self.redoubt.chat(key=key)[0], 200)
        self.redoubt.revoke(name)
        self.assertEqual(self.redoubt.chat(key=key)[0], 401)
        self.assertEqual(self.redoubt.chat(key=self.names[0][1])[0], 200)
        self.stop_and_check()

    def test_requests_are_answered_before_the_tables_are_in_place_and_changes_wait_for_them(self):
        self.start_with(faults.BLOCK)
        wait_for(lambda: self.program.blocked > 0)
        self.assertEqual(self.redoubt.chat(key=self.names[0][1])[0], 200)
        self.assertEqual(self.redoubt.chat(key="rdk_nobody")[0], 401)
        self.assertEqual(self.redoubt.get("/readyz")[0], 200)
        self.assertFalse(os.path.exists(self.path()))
        change = faults.Call(self.redoubt.issue, "demo")
        time.sleep(0.3)
        self.assertTrue(change.is_alive())
        self.assertEqual(self.redoubt.chat(key=self.names[1][1])[0], 200)
        self.program.place(faults.PASS)
        _, key = change.result()
        self.assertEqual(self.redoubt.chat(key=key)[0], 200)
        self.assertTrue(os.path.exists(self.path()))
        self.check()

    def test_killed_before_the_tables_are_in_place_they_are_made_again(self):
        for _ in range(2):
            self.start_with(faults.BLOCK)
            wait_for(lambda: self.program.blocked > 0)
            self.assertEqual(self.redoubt.chat(key=self.names[0][1])[0], 200)
            self.redoubt.kill()
            self.program.blocked = 0
        self.program.place(faults.PASS)
        self.start()
        wait_for(lambda: os.path.exists(self.path()))
        self.check()

    def test_tables_that_cannot_be_put_in_place_permit_nothing_until_they_can(self):
        self.start_with(faults.BLOCK)
        wait_for(lambda: self.program.blocked > 0)
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.program.place(faults.FAIL, errno.EIO)
        wait_for(lambda: self.redoubt.chat()[0] == 503)
        status, _, body = self.redoubt.get("/readyz")
        self.assertEqual((status, body), (503, b"not ready: the state is behind the ledger\n"))
        wait_for(lambda: "Input/output error" in self.redoubt.log_text())
        self.assertFalse(os.path.exists(self.path()))
        self.program.place(faults.PASS)
        wait_for(lambda: self.redoubt.chat()[0] == 200)
        self.assertTrue(os.path.exists(self.path()))
        self.check()


@unittest.skipUnless(os.getuid() == 0, "mounts a file system")
class FullDisk(faults.Case):
    """The disk of DIR/state alone."""

    def setUp(self):
        super().setUp()
        self.redoubt.stop()
        self.state = os.path.join(self.redoubt.dir, "state")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", self.state], capture_output=True,
                              text=True)
        if done.returncode != 0:
            self.skipTest("cannot mount a small file system here: " + done.stderr.strip())
        self.redoubt.configure("", "\n[limits]\nmeters = 1024\n")
        self.start()

    def tearDown(self):
        if self.redoubt.process is not None:
            self.redoubt.kill()
        subprocess.run(["umount", "-l", self.state], check=False)
        super().tearDown()

    def fill(self):
        with open(os.path.join(self.state, "balloon"), "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    def test_what_cannot_be_folded_permits_nothing_until_there_is_room(self):
        name, key = self.redoubt.issue("demo")
        self.fill()
        # Changes go on as long as there is room in what the state has; the first that finds none is recorded, and not
        # in force: so nothing is.
        def revoke_or_fill():
            try:
                self.redoubt.issue("demo")
                return False
            except AssertionError:
                return True
        wait_for(revoke_or_fill, 60)
        wait_for(lambda: self.redoubt.chat()[0] == 503)
        status, _, body = self.redoubt.get("/readyz")
        self.assertEqual((status, body), (503, b"not ready: the state is behind the ledger\n"))
        os.remove(os.path.join(self.state, "balloon"))
        wait_for(lambda: self.redoubt.chat()[0] == 200)
        self.redoubt.revoke(name)
        self.assertEqual(self.redoubt.chat(key=key)[0], 401)
        self.stop_and_check()

    def test_use_that_cannot_be_kept_is_counted_all_the_same_and_the_log_says_so(self):
        self.redoubt.stop()
        self.redoubt.configure("meters = 1024", "meters = 1048576")  # 32 MiB of 4
        self.start()
        wait_for(lambda: "what limits count is not kept" in self.redoubt.log_text())
        self.assertEqual(self.redoubt.admin("POST", "/limits", {
            "id": "demo", "subject_type": "principal", "subject": "demo", "quantity": "requests", "period": "day",
            "amount": 1})[0], 201)
        self.assertEqual([self.redoubt.chat()[0] for _ in range(2)], [200, 429])
        self.stop_and_check()


if __name__ == "__main__":
    unittest.main(verbosity=2)
