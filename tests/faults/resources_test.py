"""Too little of something, or something that does not behave: descriptors, memory, clock, log, keeper, launcher, keys,
disk reads. What is stated in docs/operating/failures.md is what happens."""

import fcntl
import http.client
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import faults  # noqa: E402
from faults import BLOCK, FAIL, PASS, Call, alive, check_pairs, error_code  # noqa: E402
from harness import Redoubt, parse_receipt, program, stage, wait_for, whole_reply  # noqa: E402

DAY = 24 * 3600


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def status_kib(pid, field):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(field + r":\s+(\d+) kB", file.read()).group(1))


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def chat_on(connection, redoubt, content="hi"):
    """One exchange on a kept-alive connection; returns its status."""
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": content}]})
    connection.request("POST", "/v1/chat/completions", body, {"Authorization": "Bearer " + redoubt.key})
    response = connection.getresponse()
    response.read()
    return response.status


def limit(pid, which, limits):
    """Sets another process's limit, as the user that it runs as: root may lack the right to (CAP_SYS_RESOURCE)."""
    with open(f"/proc/{pid}/status") as file:
        user, group = (int(number) for number in re.findall(r"^[UG]id:\t(\d+)", file.read(), re.M))
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(group, group, group)
                os.setresuid(user, user, user)
            resource.prlimit(pid, which, limits)
            os._exit(0)
        except OSError:
            os._exit(1)
    if os.waitpid(child, 0)[1] != 0:
        raise AssertionError("the limit cannot be set")


class Descriptors(faults.Case):
    """Few descriptors: callers wait at the door, those inside are served, and nobody spins."""

    def start(self):
        pass  # each test says under which limit

    def connect(self, timeout=10):
        connection = http.client.HTTPConnection("127.0.0.1", self.redoubt.port, timeout=timeout)
        connection.connect()
        return connection

    def answers_within(self, connection, seconds):
        connection.sock.settimeout(seconds)
        try:
            return chat_on(connection, self.redoubt) == 200
        except TimeoutError:
            return False

    def quiet(self, pid):
        """Whoever waits must not spin: a spinning thread would use all of this second."""
        before = cpu_seconds(pid)
        time.sleep(1.0)
        self.assertLess(cpu_seconds(pid) - before, 0.5)

    def test_a_low_limit_admits_as_many_callers_as_can_be_served_and_the_rest_wait(self):
        self.redoubt.start(before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128)))
        gateway = self.redoubt.child("redoubt-gateway")
        self.assertIn("allows fewer connections than configured files=128 connections_per_core=40",
                      self.redoubt.log_text())
        inside = [self.connect() for _ in range(40)]
        for connection in inside:
            self.assertEqual(chat_on(connection, self.redoubt), 200)
        outside = [self.connect() for _ in range(20)]
        self.assertFalse(self.answers_within(outside[0], 0.5))
        outside.pop(0).close()
        self.quiet(gateway)
        # All forty at once: a descriptor for each and for its upstream connection.
        calls = [Call(chat_on, connection, self.redoubt) for connection in inside]
        self.assertEqual({call.result() for call in calls}, {200})
        for connection in inside[:25]:
            connection.close()
        for connection in outside:
            self.assertEqual(chat_on(connection, self.redoubt), 200)
        self.assertEqual(self.redoubt.log_text().count("accepting pauses"), 1)
        for connection in inside[25:] + outside:
            connection.close()
        self.stop_and_check()

    @staticmethod
    def descriptors(pid):
        time.sleep(0.02)
        return {int(name) for name in os.listdir(f"/proc/{pid}/fd")}

    def test_without_any_left_accepting_pauses_and_resumes(self):
        self.redoubt.start()
        gateway = self.redoubt.child("redoubt-gateway")
        inside = self.connect()
        self.assertEqual(chat_on(inside, self.redoubt), 200)
        with open(f"/proc/{gateway}/limits") as file:
            limits = tuple(int(word) for word in re.search(r"Max open files +(\d+) +(\d+)", file.read()).groups())
        # Those that are open all the time: behaviour opens files for a moment, which lasts where the disk is slow.
        used = set.intersection(*(self.descriptors(gateway) for _ in range(100)))
        first_free = min(set(range(len(used) + 1)) - used)
        limit(gateway, resource.RLIMIT_NOFILE, (first_free, limits[1]))
        outside = [self.connect() for _ in range(5)]
        self.assertFalse(self.answers_within(outside[0], 0.5))
        outside.pop(0).close()
        for _ in range(5):
            self.assertEqual(chat_on(inside, self.redoubt), 200)
        self.quiet(gateway)
        self.assertEqual(self.redoubt.log_text().count("accepting pauses"), 1)
        limit(gateway, resource.RLIMIT_NOFILE, limits)
        for connection in outside:
            self.assertEqual(chat_on(connection, self.redoubt), 200)
            connection.close()
        inside.close()
        self.stop_and_check()


class Memory(faults.Case):
    settings = 'max_held = "8MiB"\nmax_body = "4MiB"\n'

    def setUp(self):
        self.reply = whole_reply()
        self.go = threading.Event()
        super().setUp()

    def answer(self, request, connection):
        self.go.wait(20)
        connection.sendall(self.reply)
        return True

    def test_request_bodies_together_are_bounded(self):
        gateway = self.redoubt.child("redoubt-gateway")
        before = status_kib(gateway, "VmRSS")
        calls = [Call(self.redoubt.chat, "x" * (1 << 20)) for _ in range(30)]
        wait_for(lambda: sum(call.reply is not None for call in calls) + len(self.upstream.requests) == 30)
        during = status_kib(gateway, "VmHWM") - before
        self.go.set()
        replies = [call.result() for call in calls]
        refused = [reply for reply in replies if reply[0] == 503]
        self.assertEqual({reply[0] for reply in replies}, {200, 503})
        self.assertEqual({error_code(reply) for reply in refused}, {"overloaded"})
        self.assertEqual({reply[1]["retry-after"] for reply in refused}, {"1"})
        self.assertLessEqual(len(self.upstream.requests), 8)
        # Held bodies, their sealed copies on the ring (touched once, then used again), sockets' buffers aside.
        self.assertLess(during, 48 * 1024)
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.stop_and_check()

    def test_whole_replies_together_are_bounded(self):
        self.reply = whole_reply("y" * (3 << 20))
        calls = [Call(self.redoubt.chat) for _ in range(12)]
        wait_for(lambda: len(self.upstream.requests) == 12)
        self.keeper.sync(BLOCK)  # so that those complete wait for their outcomes
        self.go.set()
        wait_for(lambda: self.keeper.blocked > 0)
        time.sleep(1.0)
        self.keeper.sync(PASS)
        replies = [call.result() for call in calls]
        self.assertEqual({reply[0] for reply in replies}, {200, 503})
        self.assertLessEqual(sum(reply[0] == 200 for reply in replies), 8)
        self.assertEqual({error_code(reply) for reply in replies if reply[0] == 503}, {"overloaded"})
        self.assertEqual(self.redoubt.chat()[0], 200)
        records = self.stop_and_check()
        self.assertIn("overloaded", json.dumps(records))

    def test_an_address_space_that_runs_out_ends_or_refuses_but_loses_nothing(self):
        self.go.set()
        gateway = self.redoubt.child("redoubt-gateway")
        held = [self.redoubt.chat()[1]["redoubt-receipt"] for _ in range(3)]
        used = status_kib(gateway, "VmSize") * 1024
        limit(gateway, resource.RLIMIT_AS, (used + (4 << 20), used + (4 << 20)))
        calls = [Call(self.redoubt.chat, "x" * (3 << 20)) for _ in range(16)]
        for call in calls:
            reply = call.result(30)
            if isinstance(reply, tuple) and reply[0] == 200:
                held.append(reply[1]["redoubt-receipt"])
            elif isinstance(reply, tuple):
                self.assertIn(reply[0], (500, 502, 503))
        if self.redoubt.process.poll() is None:
            print("the gateway refused and went on")
        else:
            print("the gateway ended, and Redoubt with it")
            self.assertEqual(self.redoubt.process.returncode, 3)
        self.redoubt.kill()
        self.redoubt.start()
        self.redoubt.stop()
        self.stop_and_check()
        records = self.redoubt.entries()
        for receipt in held:
            self.assertEqual(stage(records[parse_receipt(receipt)[1]]), "outcome")


class ClockJumps(faults.Case):
    def shift(self, seconds):
        self.program.clock_shift_s = self.keeper.clock_shift_s = seconds

    def times(self, records):
        times = [record["time"] for record in records]
        self.assertEqual(times, sorted(times), "time ran backwards")
        return times

    def test_back_a_day_while_running_and_over_a_restart_time_stands_still(self):
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.shift(-DAY)
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(self.redoubt.chat(key="wrong")[0], 401)
        self.redoubt.stop()
        self.start()
        self.assertEqual(self.redoubt.chat()[0], 200)
        times = self.times(self.stop_and_check())
        self.assertGreater(min(times) / 1000, time.time() - 600)

    def test_an_interruption_found_after_the_clock_went_back_is_not_before_its_admission(self):
        self.keeper.sync(BLOCK)
        call = Call(self.redoubt.chat)
        wait_for(lambda: self.keeper.blocked > 0)
        self.redoubt.kill()
        call.result()
        self.keeper.sync(PASS)
        self.shift(-DAY)
        self.start()
        self.redoubt.chat()
        self.times(self.stop_and_check())

    def respond(self, effect):
        status, _, said = self.redoubt.admin("POST", "/responses", {"effect": effect, "target": "principal/demo",
                                                                    "for_s": 3600, "reason": "a drill"})
        self.assertEqual(status, 201, said)
        return said["id"]

    def refused_as(self, code):
        status, _, said = self.redoubt.chat()
        self.assertEqual((status, json.loads(said)["error"]["code"]), (403, code))

    def test_a_response_outlasts_a_clock_that_goes_back_and_ends_once(self):
        response = self.respond("suspend")
        self.refused_as("suspended")
        self.shift(-DAY)
        self.refused_as("suspended")
        self.redoubt.stop()
        self.start()
        self.refused_as("suspended")
        self.shift(2 * 3600)
        wait_for(lambda: self.redoubt.chat()[0] == 200)
        wait_for(lambda: self.redoubt.admin("GET", "/responses/" + response)[2].get("end") == "expired")
        self.shift(-DAY)
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.redoubt.wait_published(3)
        self.times(self.stop_and_check())

    def test_sessions_stay_revoked_while_time_stands_still(self):
        self.redoubt.chat()
        self.shift(-DAY)
        self.respond("revoke_sessions")
        self.assertEqual(self.redoubt.get("/ledger/receipt/0", key=self.redoubt.key)[0], 403)
        self.refused_as("session_revoked")
        self.shift(1)
        wait_for(lambda: self.redoubt.chat()[0] == 200)
        self.times(self.stop_and_check())

    def test_forward_a_day_and_back_keys_and_limits_hold_and_time_never_falls_behind(self):
        self.redoubt.chat()
        self.shift(DAY)
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(self.redoubt.get("/readyz")[0], 200)
        self.redoubt.wait_published(3)
        self.shift(0)
        self.assertEqual(self.redoubt.chat()[0], 200)
        times = self.times(self.stop_and_check())
        self.assertGreater(times[-1] / 1000, time.time() + DAY - 600)


class LogOutput(faults.Case):
    """Whoever should read our log, does not."""

    def start(self):
        pass

    def start_with_log(self, write_end):
        launcher = subprocess.Popen(
            [program("redoubt"), "serve", "--dir", self.redoubt.dir, "--listen", "127.0.0.1:0", "--upstream",
             self.upstream.url], stdout=subprocess.PIPE, stderr=write_end, text=True, start_new_session=True)
        self.redoubt.log = open(os.devnull)
        self.redoubt.process = launcher
        self.redoubt.url = launcher.stdout.readline().split()[-1]
        self.redoubt.port = int(self.redoubt.url.rsplit(":", 1)[1])
        wait_for(lambda: self.redoubt.get("/readyz")[0] == 200)

    def test_a_full_pipe_holds_up_no_request_and_loses_lines_it_owns_up_to(self):
        read_end, write_end = os.pipe()
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
        self.start_with_log(write_end)
        stuffing = os.open("/proc/self/fd/%d" % write_end, os.O_WRONLY | os.O_NONBLOCK)
        try:
            while True:
                os.write(stuffing, b"x")
        except BlockingIOError:
            pass
        os.close(stuffing)
        for _ in range(20):
            self.redoubt.process.send_signal(signal.SIGHUP)  # each is a line of the gateway's log
            self.assertEqual(self.redoubt.chat(timeout=5)[0], 200)
        os.read(read_end, 1 << 16)

        def line_is_back():
            self.redoubt.process.send_signal(signal.SIGHUP)
            os.set_blocking(read_end, False)
            try:
                return b"lines were lost" in os.read(read_end, 1 << 16)
            except BlockingIOError:
                return False
        wait_for(line_is_back)
        self.assertEqual(self.redoubt.stop(), 0)
        os.close(write_end)
        os.close(read_end)
        self.redoubt.start()
        self.stop_and_check()

    def test_a_reader_that_has_gone_ends_nothing(self):
        read_end, write_end = os.pipe()
        self.start_with_log(write_end)
        os.close(write_end)
        os.close(read_end)
        self.redoubt.process.stdout.close()
        self.redoubt.process.send_signal(signal.SIGHUP)
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.redoubt.process.stdout = open(os.devnull)
        self.assertEqual(self.redoubt.stop(), 0)
        self.redoubt.start()
        self.stop_and_check()

    def test_closed_standard_descriptors_are_not_taken_by_files_of_ours(self):
        def close_all():
            for descriptor in (0, 1, 2):
                os.close(descriptor)
        launcher = subprocess.Popen(
            [program("redoubt"), "serve", "--dir", self.redoubt.dir, "--listen", "127.0.0.1:0", "--upstream",
             self.upstream.url], preexec_fn=close_all, start_new_session=True)
        address = os.path.join(self.redoubt.dir, "run", "address")
        wait_for(lambda: os.path.exists(address))
        self.redoubt.process = launcher
        self.redoubt.log = launcher.stdout = open(os.devnull)
        with open(address) as file:
            self.redoubt.url = file.read().strip()
        self.redoubt.port = int(self.redoubt.url.rsplit(":", 1)[1])
        for name in ("redoubt-gateway", "redoubt-keeper"):
            for descriptor in (0, 1, 2):
                self.assertEqual(os.readlink("/proc/%d/fd/%d" % (self.redoubt.child(name), descriptor)), "/dev/null")
        launcher.send_signal(signal.SIGHUP)
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(self.redoubt.stop(), 0)
        self.redoubt.start()
        self.stop_and_check()


class ConfigurationFiles(faults.Case):
    def test_a_broken_bundle_at_sighup_leaves_the_one_in_force(self):
        path = os.path.join(self.redoubt.dir, "redoubt.toml")
        with open(path) as file:
            good = file.read()
        for broken in ("", "{", good + "\nnonsense = 1\n"):
            with open(path, "w") as file:
                file.write(broken)
            before = self.redoubt.log_text().count("a file is kept")
            self.redoubt.process.send_signal(signal.SIGHUP)
            wait_for(lambda: self.redoubt.log_text().count("a file is kept") > before)
            self.assertEqual(self.redoubt.chat()[0], 200)
        os.remove(path)
        self.redoubt.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "No such file" in self.redoubt.log_text())
        self.assertEqual(self.redoubt.chat()[0], 200)

    def test_broken_settings_at_the_start_and_nothing_starts(self):
        self.redoubt.stop()
        path = os.path.join(self.redoubt.dir, "redoubt.toml")
        with open(path) as file:
            good = file.read()
        with open(path, "w") as file:
            file.write(good + "\n}{ nonsense = 1")
        done = subprocess.run([program("redoubt"), "serve", "--dir", self.redoubt.dir, "--listen", "127.0.0.1:0"],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertNotEqual(done.stderr, "")
        with open(path, "w") as file:
            file.write(good)
        self.start()
        self.assertEqual(self.redoubt.chat()[0], 200)


class Processes(faults.Case):
    settings = 'ledger_timeout = "8s"\n'

    def test_a_stopped_keeper_fills_the_ring_then_refusals_then_recovery(self):
        keeper, gateway = self.redoubt.child("redoubt-keeper"), self.redoubt.child("redoubt-gateway")
        self.assertEqual(self.redoubt.chat()[0], 200)
        os.kill(keeper, signal.SIGSTOP)
        before = status_kib(gateway, "VmRSS")
        try:
            # Half a megabyte of sealed prompt each: the ring holds 8 MiB.
            calls = [Call(self.redoubt.chat, "x" * 500_000) for _ in range(40)]
            wait_for(lambda: sum(call.reply is not None for call in calls) >= 20)
            refused = [call.reply for call in calls if call.reply is not None]
            self.assertEqual({reply[0] for reply in refused}, {503})
            self.assertEqual({error_code(reply) for reply in refused}, {"overloaded"})
            self.assertEqual({reply[1]["retry-after"] for reply in refused}, {"1"})
            self.assertLess(status_kib(gateway, "VmRSS") - before, 64 * 1024)
            self.assertEqual(self.redoubt.get("/healthz")[0], 200)
        finally:
            os.kill(keeper, signal.SIGCONT)
        admitted = [call.result() for call in calls if call.reply is None or call.reply[0] != 503]
        self.assertGreater(len(admitted), 5)
        self.assertEqual({reply[0] for reply in admitted}, {200})
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.stop_and_check()

    def test_a_stopped_gateway_holds_its_callers_until_it_goes_on(self):
        gateway = self.redoubt.child("redoubt-gateway")
        os.kill(gateway, signal.SIGSTOP)
        call = Call(self.redoubt.chat)
        time.sleep(0.5)
        self.assertIsNone(call.reply)
        os.kill(gateway, signal.SIGCONT)
        self.assertEqual(call.result()[0], 200)
        self.stop_and_check()

    def test_a_killed_gateway_or_keeper_takes_the_rest_along_with_status_3(self):
        for name in ("redoubt-gateway", "redoubt-keeper"):
            self.assertEqual(self.redoubt.chat()[0], 200)
            other = self.redoubt.child({"redoubt-gateway": "redoubt-keeper"}.get(name, "redoubt-gateway"))
            os.kill(self.redoubt.child(name), signal.SIGKILL)
            self.assertEqual(self.redoubt.process.wait(20), 3)
            self.assertFalse(alive(other))
            self.assertIn("ended with signal 9", self.redoubt.log_text())
            self.redoubt.stop()
            self.start()
        self.stop_and_check()

    def test_a_killed_launcher_takes_both_along_and_what_is_under_way_is_recorded(self):
        gateway, keeper = self.redoubt.child("redoubt-gateway"), self.redoubt.child("redoubt-keeper")
        self.redoubt.chat()
        self.redoubt.process.kill()
        self.redoubt.process.wait()
        wait_for(lambda: not alive(gateway) and not alive(keeper), 15)
        self.redoubt.kill()
        self.start()
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(len(self.stop_and_check()), 4)


class DiskReads(faults.Case):
    """Reading the ledger is not what requests wait for."""

    def setUp(self):
        super().setUp()
        self.redoubt.chat()
        self.redoubt.wait_published(1)

    def test_reads_that_block_hold_up_no_request(self):
        self.program.read(BLOCK)
        proof = Call(self.redoubt.get, "/ledger/receipt/1", key=self.redoubt.key)
        wait_for(lambda: self.program.blocked > 0)
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(self.redoubt.get("/readyz")[0], 200)
        self.assertIsNone(proof.reply)
        self.program.read(PASS)
        self.assertEqual(proof.result()[0], 200)

    def test_reads_that_fail_are_500_without_a_path_and_requests_go_on(self):
        self.program.read(FAIL, 5)
        for path in ("/ledger/checkpoint", "/ledger/receipt/1"):
            status, fields, body = self.redoubt.get(path, key=self.redoubt.key)
            self.assertEqual((status, fields["content-type"]), (500, "application/problem+json"), path)
            self.assertNotIn(self.redoubt.dir.encode(), body)
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertIn("the ledger cannot be read", self.redoubt.log_text())
        self.program.read(PASS)
        self.assertEqual(self.redoubt.get("/ledger/checkpoint")[0], 200)
        self.stop_and_check()

    def test_a_keeper_that_cannot_read_does_not_start(self):
        self.redoubt.stop()
        self.keeper.read(FAIL, 5)
        done = subprocess.run([program("redoubt"), "serve", "--dir", self.redoubt.dir, "--listen", "127.0.0.1:0"],
                              capture_output=True, text=True, timeout=30, env=self.redoubt.environment)
        self.assertEqual(done.returncode, 3)
        self.assertIn("cannot read", done.stderr)
        self.keeper.read(PASS)
        self.start()
        self.stop_and_check()


if __name__ == "__main__":
    unittest.main(verbosity=2)
