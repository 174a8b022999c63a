"""Upstreams that are dead or slow in their own ways, while other requests go on."""

import json
import os
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import faults  # noqa: E402
from faults import Call, error_code  # noqa: E402
from harness import stage, wait_for, whole_reply  # noqa: E402
from resources_test import descriptors  # noqa: E402


def ends(records):
    return [record["status_detail"] for record in records if stage(record) == "outcome"]


class BlackHole(faults.Case):
    """Accepts, reads, and never answers what says so."""

    upstream_settings = 'head_timeout = "1s"\nidle_timeout = "1s"\n'

    def setUp(self):
        self.over = threading.Event()
        super().setUp()

    def tearDown(self):
        self.over.set()
        super().tearDown()

    def answer(self, request, connection):
        if "void" in request:
            self.over.wait(30)
            return False
        if "halfway" in request:
            connection.sendall(whole_reply()[:-10])
            self.over.wait(30)
            return False
        connection.sendall(whole_reply())
        return True

    def test_never_answered_is_504_recorded_and_holds_up_nobody_else(self):
        gateway = self.redoubt.child("redoubt-gateway")
        self.assertEqual(self.redoubt.chat()[0], 200)
        before = descriptors(gateway)
        calls = [Call(self.redoubt.chat, "void") for _ in range(30)]
        wait_for(lambda: sum("void" in request for request in self.upstream.requests) == 30)
        self.assertEqual(self.redoubt.chat()[0], 200)  # meanwhile
        self.assertLessEqual(self.upstream.connections, 32)
        replies = [call.result() for call in calls]
        self.assertEqual({(reply[0], error_code(reply)) for reply in replies}, {(504, "upstream_timeout")})
        self.assertTrue(all("redoubt-receipt" in reply[1] for reply in replies))
        # Connections that were given up are closed, not kept.
        wait_for(lambda: descriptors(gateway) <= before + 2)
        records = self.stop_and_check()
        self.assertEqual(sorted(set(ends(records))), ["completed", "upstream_timeout"])

    def test_silent_halfway_is_504(self):
        reply = self.redoubt.chat("halfway")
        self.assertEqual((reply[0], error_code(reply)), (504, "upstream_timeout"))
        self.assertEqual(ends(self.stop_and_check()), ["upstream_timeout"])


class Unreachable(faults.Case):
    """The way there is the problem: a listener whose backlog is full swallows SYNs; a closed port refuses them."""

    upstream_settings = 'connect_timeout = "2s"\n'

    def setUp(self):
        self.hole = socket.socket()
        self.hole.bind(("127.0.0.1", 0))
        self.hole.listen(0)
        self.queued = []
        for _ in range(4):  # more than the backlog takes
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self.hole.getsockname())
            self.queued.append(filler)
        super().setUp()

    def tearDown(self):
        super().tearDown()
        for connection in self.queued + [self.hole]:
            connection.close()

    def upstream_url(self):
        return "http://127.0.0.1:%d" % self.hole.getsockname()[1]

    def test_no_answer_to_the_syn_is_504_recorded(self):
        calls = [Call(self.redoubt.chat) for _ in range(10)]
        time.sleep(0.3)
        self.assertEqual(self.redoubt.get("/healthz")[0], 200)
        self.assertEqual({(call.result()[0], error_code(call.reply)) for call in calls}, {(504, "upstream_timeout")})
        self.assertEqual(set(ends(self.stop_and_check())), {"upstream_timeout"})

    def test_slow_to_connect_within_the_limit_is_served(self):
        def accept():
            time.sleep(0.5)
            while True:
                try:
                    connection, _ = self.hole.accept()
                except OSError:
                    return
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(ends(self.stop_and_check()), ["completed"])

    @staticmethod
    def serve(connection):
        with connection:
            try:
                if b"POST" in connection.recv(65536):
                    connection.sendall(whole_reply())
                    connection.recv(1)
            except OSError:
                pass

    def test_a_refused_connection_is_502_recorded(self):
        self.hole.close()
        for filler in self.queued:
            filler.close()
        reply = self.redoubt.chat()
        self.assertEqual((reply[0], error_code(reply)), (502, "upstream_unavailable"))
        self.assertEqual(ends(self.stop_and_check()), ["upstream_failed"])


class SlowCaller(faults.Case):
    """A caller that does not read, or does not send."""

    settings = 'write_timeout = "1s"\nbody_timeout = "1s"\nhead_timeout = "1s"\n'

    def answer(self, request, connection):
        connection.sendall(whole_reply("y" * (12 << 20)))
        return True

    def connect(self):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", self.redoubt.port))
        connection.settimeout(10)
        return connection

    def test_one_that_does_not_read_is_cut_off_and_others_are_served(self):
        body = json.dumps({"model": "m", "messages": []})
        with self.connect() as connection:
            connection.sendall((f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                                f"{self.redoubt.key}\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode())
            time.sleep(3.0)
            self.assertEqual(self.redoubt.get("/healthz")[0], 200)
            got = 0
            try:
                while piece := connection.recv(65536):
                    got += len(piece)
            except ConnectionResetError:
                pass
            self.assertLess(got, 12 << 20)
        self.stop_and_check()

    def test_one_that_does_not_send_is_refused_and_nothing_is_forwarded(self):
        with self.connect() as connection:
            connection.sendall((f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                                f"{self.redoubt.key}\r\nContent-Length: 100\r\n\r\n{{").encode())
            self.assertIn(b" 408 ", connection.recv(65536).split(b"\r\n")[0])
        with self.connect() as connection:
            connection.sendall(b"POST /v1/chat/comp")
            self.assertIn(b" 408 ", connection.recv(65536).split(b"\r\n")[0])
        self.assertEqual(self.upstream.requests, [])
        self.stop_and_check()


if __name__ == "__main__":
    unittest.main(verbosity=2)
