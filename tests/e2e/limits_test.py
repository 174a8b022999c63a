#!/usr/bin/env python3
"""Limits in force: how much anyone may use of requests, tokens, bytes and money, on a running server."""
import collections
import http.client
import json
import os
import sys
import threading
import time
import unittest

from harness import RawConnection, Redoubt, STREAM_HEAD, Upstream, chunk, event, stage, wait_for, whole_reply

PROMPT = len('{"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": true}')


def tokens_of(size):
    """As Redoubt estimates them."""
    return -(-size // 4)


class Base(unittest.TestCase):
    threads = 2
    applications = ()

    def setUp(self):
        self.events = [event("8 bytes.")] * 5
        self.go_on = threading.Event()
        self.go_on.set()
        self.cut_off = threading.Event()

        def answer(request, connection):
            if '"stream": true' not in request:
                return connection.sendall(whole_reply()) or True
            try:
                connection.sendall(STREAM_HEAD)
                for number, each in enumerate(self.events):
                    if number == 1:
                        self.go_on.wait(20)
                    connection.sendall(chunk(each))
                connection.recv(1)  # nothing comes, but the end
            except ConnectionError:
                pass
            self.cut_off.set()
            return False
        self.upstream = Upstream(answer)
        self.addCleanup(self.upstream.close)
        self.redoubt = Redoubt(self.upstream.url, applications=self.applications)
        self.redoubt.configure("threads = 1\n", f"threads = {self.threads}\n")
        self.addCleanup(self.redoubt.remove)

    def limit(self, name, amount, quantity="requests", subject_type="principal", subject="demo", period="day", **more):
        status, fields, said = self.redoubt.admin("POST", "/limits", {
            "id": name, "subject_type": subject_type, "subject": subject, "quantity": quantity, "period": period,
            "amount": amount, **more})
        self.assertEqual(status, 201, said)
        return fields["etag"]

    def remaining(self, name, subject="demo"):
        status, _, said = self.redoubt.admin("GET", f"/limits/{name}/usage/{subject}")
        self.assertEqual(status, 200, said)
        return said["remaining"]

    def error(self, body):
        said = json.loads(body)["error"]
        return said["type"], said["code"]

    def stream(self, key=None):
        """Everything that a streamed chat gave."""
        status, fields, body = self.redoubt.chat(stream=True, key=key, timeout=30)
        self.assertEqual(status, 200, body)
        return fields, body.decode()

    def assert_cut(self, body, passed, kind, code):
        self.assertTrue(body.startswith(passed), body)
        self.assertNotIn("[DONE]", body)
        comment, error = body[len(passed):].split("\n\n")[:2]
        self.assertRegex(comment, '^: redoubt-receipt origin=')
        self.assertTrue(error.startswith("data: "), body)
        self.assertEqual(self.error(error[len("data: "):]), (kind, code))


class Sessions(Base):
    def respond(self, effect, target):
        status, _, said = self.redoubt.admin("POST", "/responses", {"effect": effect, "target": target, "for_s": 3600,
                                                                    "reason": "who else has the key?"})
        self.assertEqual(status, 201, said)
        return said["id"]

    def test_what_is_under_way_ends_when_sessions_are_revoked_and_what_begins_anew_passes(self):
        self.events = (event("one"), event("two"))
        self.redoubt.start()
        with RawConnection(self.redoubt.port) as other:
            self.go_on.clear()
            self.addCleanup(self.go_on.set)
            stream = self.redoubt.open_stream()
            self.addCleanup(stream.close)
            said = b""
            while b"one" not in said:
                said += stream.recv(4096)
            response = self.respond("revoke_sessions", "principal/demo")
            while not said.endswith(b"\r\n0\r\n\r\n"):
                said += stream.recv(4096)
            self.assertIn(b'"code":"session_revoked"', said)
            self.assertNotIn(b"two", said)
            other.send(("GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n" % self.redoubt.key).encode())
            self.assertEqual(other.reply()[0], 200)
        self.assertEqual(self.redoubt.get("/v1/models", key=self.redoubt.key)[0], 200)
        self.assertEqual(self.redoubt.stop(), 0)
        ended = [record for record in self.redoubt.records() if "session_revoked" in json.dumps(record)]
        self.assertEqual([each["authorizations"][-1]["policy"] for each in ended], [{"name": "response", "uid": response}])

    def test_an_administrator_who_watches_comes_back_to_watch_on(self):
        self.redoubt.start()
        connection = http.client.HTTPConnection("127.0.0.1", int(self.redoubt.admin_url.rsplit(":", 1)[1]), timeout=20)
        self.addCleanup(connection.close)
        fields = {"Authorization": "Bearer " + self.redoubt.keys["admin-2"]}
        connection.request("GET", "/admin/v1/incidents/events", headers=fields)
        watched = connection.getresponse()
        self.assertEqual(watched.status, 200)
        self.respond("revoke_sessions", "principal/admin-2")
        self.assertNotIn(b"response.started", watched.read())
        self.assertEqual(self.redoubt.admin("GET", "/limits", key=self.redoubt.keys["admin-2"])[0], 200)


class Requests(Base):
    def test_beyond_the_limit_429_with_the_fields_and_a_record_that_names_it(self):
        self.redoubt.start()
        self.limit("demo.requests", 2)
        for left in (1, 0):
            status, fields, _ = self.redoubt.chat()
            self.assertEqual(status, 200)
            self.assertEqual(fields["ratelimit-policy"], '"principal-requests-day";q=2;w=86400')
            self.assertRegex(fields["ratelimit"], f'^"principal-requests-day";r={left};t=[0-9]+$')
            self.assertEqual(fields["x-ratelimit-limit-requests"], "2")
            self.assertEqual(fields["x-ratelimit-remaining-requests"], str(left))
            self.assertRegex(fields["x-ratelimit-reset-requests"], "^([0-9]+h)?([0-9]+m)?[0-9]+s$|^[0-9]+ms$")
            self.assertNotIn("retry-after", fields)
        status, fields, body = self.redoubt.chat()
        self.assertEqual(status, 429)
        self.assertEqual(self.error(body), ("rate_limit_error", "rate_limit_exceeded"))
        self.assertEqual(fields["ratelimit"], f'"principal-requests-day";r=0;t={fields["retry-after"]}')
        self.assertEqual(fields["redoubt-decision"], "deny")
        self.assertIn("redoubt-receipt", fields)
        self.assertEqual(self.redoubt.get("/v1/models", key=self.redoubt.key)[0], 429)
        self.assertEqual(len(self.upstream.requests), 2)
        page = self.redoubt.get("/metrics", key=self.redoubt.auditor)[2].decode()
        self.assertIn('redoubt_limit_refusals_total{quantity="requests"} 2\n', page)
        self.assertEqual(self.redoubt.stop(), 0)
        denials = [record for record in self.redoubt.records() if stage(record) == "denial"]
        self.assertEqual(len(denials), 2)
        for record in denials:
            self.assertEqual(record["status_detail"], "limit")
            self.assertEqual(record["authorizations"],
                             [{"decision": "deny", "policy": {"name": "limits", "uid": "demo.requests"}}])

    def test_of_all_limits_that_apply_the_most_restrictive_is_named(self):
        self.redoubt.start()
        self.limit("of.key", 1, subject_type="key", subject="*", period="hour")
        self.limit("of.principal", 1, period="day")
        self.limit("of.group", 1, subject_type="group", subject="callers", period="month")
        self.limit("of.model", 5, subject_type="model", subject="m", period="month")
        self.assertEqual(self.redoubt.chat()[0], 200)
        status, _, body = self.redoubt.chat()
        self.assertEqual(status, 429)
        self.assertIn("requests per month for this group", json.loads(body)["error"]["message"])
        self.assertEqual(self.error(body), ("insufficient_quota", "insufficient_quota"))
        self.assertEqual(self.remaining("of.model", "m"), 4)

    def test_a_limit_that_is_raised_or_lifted_lets_pass_at_once(self):
        self.redoubt.start()
        tag = self.limit("demo.requests", 0)
        self.assertEqual(self.redoubt.chat()[0], 429)
        status, fields, _ = self.redoubt.admin("PATCH", "/limits/demo.requests", {"amount": 1},
                                               headers={"If-Match": tag})
        self.assertEqual(status, 200)
        self.assertEqual([self.redoubt.chat()[0] for _ in range(2)], [200, 429])
        self.assertEqual(self.redoubt.admin("DELETE", "/limits/demo.requests",
                                            headers={"If-Match": fields["etag"]})[0], 204)
        status, fields, _ = self.redoubt.chat()
        self.assertEqual(status, 200)
        self.assertNotIn("ratelimit", fields)

    def test_a_hundred_callers_at_once_never_pass_more_than_the_limit(self):
        self.redoubt.start()
        self.limit("demo.requests", 130)
        statuses = collections.Counter()
        lock = threading.Lock()

        def call():
            connection = self.redoubt.connect(timeout=60)
            for _ in range(5):
                connection.request("POST", "/v1/chat/completions", body='{"model":"m","messages":[]}',
                                   headers={"Authorization": "Bearer " + self.redoubt.key})
                response = connection.getresponse()
                response.read()
                with lock:
                    statuses[response.status] += 1
            connection.close()
        callers = [threading.Thread(target=call) for _ in range(100)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        self.assertEqual(statuses, {200: 130, 429: 370})
        self.assertEqual(len(self.upstream.requests), 130)


class Streams(Base):
    def test_at_a_limit_of_tokens_a_stream_ends_with_an_error_and_the_upstream_is_dropped(self):
        self.redoubt.start()
        self.limit("demo.tokens", tokens_of(PROMPT) + 5, quantity="tokens")
        fields, body = self.stream()
        self.assertEqual(fields["x-ratelimit-remaining-tokens"], "5")
        self.assert_cut(body, self.events[0] * 2, "rate_limit_error", "rate_limit_exceeded")
        self.assertTrue(self.cut_off.wait(20))
        self.assertEqual(self.redoubt.stop(), 0)
        outcome = self.redoubt.records()[-1]
        self.assertEqual(stage(outcome), "outcome")
        self.assertEqual(outcome["status_detail"], "limit_reached")
        self.assertEqual(outcome["api"]["response"], {"code": 200, "error": "rate_limit_exceeded"})
        self.assertEqual(outcome["http_response"]["body_length"], 2 * len(self.events[0]))
        self.assertEqual(outcome["authorizations"],
                         [{"decision": "deny", "policy": {"name": "limits", "uid": "demo.tokens"}}])

    def test_at_a_limit_of_bytes_too(self):
        self.redoubt.start()
        self.limit("demo.bytes", 3 * len(self.events[0]) + 1, quantity="bytes_out")
        _, body = self.stream()
        self.assert_cut(body, self.events[0] * 3, "rate_limit_error", "rate_limit_exceeded")
        self.assertEqual(self.remaining("demo.bytes"), 1)

    def test_a_limit_that_is_lowered_ends_it_at_the_next_event(self):
        self.go_on.clear()
        self.redoubt.start()
        tag = self.limit("demo.tokens", 1_000_000, quantity="tokens")

        def lower():
            wait_for(lambda: self.remaining("demo.tokens") < 1_000_000 - tokens_of(PROMPT))
            self.assertEqual(self.redoubt.admin("PATCH", "/limits/demo.tokens", {"amount": 1},
                                                headers={"If-Match": tag})[0], 200)
            self.go_on.set()
        lowering = threading.Thread(target=lower)
        lowering.start()
        _, body = self.stream()
        lowering.join()
        self.assert_cut(body, self.events[0], "rate_limit_error", "rate_limit_exceeded")

    def ends(self, end, key):
        """Whether a stream, on which the upstream is silent, ends within a second of `end()` and as it should."""
        ended = []

        def act():
            wait_for(lambda: len(self.upstream.requests) == 1)
            end()
            ended.append(time.monotonic())
        acting = threading.Thread(target=act)
        acting.start()
        _, body = self.stream(key=key)
        took = time.monotonic()
        acting.join()
        self.assertLess(took - ended[0], 1)
        passed = self.events[0] if body.startswith(self.events[0]) else ""
        self.assert_cut(body, passed, "invalid_request_error", "invalid_api_key")
        self.go_on.set()
        self.assertTrue(self.cut_off.wait(20))
        self.assertEqual(self.redoubt.stop(), 0)
        outcome = [record for record in self.redoubt.records() if stage(record) == "outcome"][-1]
        self.assertEqual(outcome["status_detail"], "release_denied")
        self.assertEqual(outcome["api"]["response"], {"code": 200, "error": "invalid_api_key"})

    def test_a_key_that_is_revoked_ends_it_also_while_the_upstream_is_silent(self):
        self.go_on.clear()
        self.redoubt.start()
        name, key = self.redoubt.issue("demo")
        self.ends(lambda: self.redoubt.revoke(name), key)

    def test_a_principal_that_is_disabled_ends_it_also_while_the_upstream_is_silent(self):
        self.go_on.clear()
        self.redoubt.start()
        _, key = self.redoubt.issue("demo")

        def disable():
            _, fields, _ = self.redoubt.admin("GET", "/principals/demo")
            status, _, said = self.redoubt.admin("POST", "/principals/demo/disable",
                                                 headers={"If-Match": fields["etag"]})
            self.assertEqual(status, 200, said)
        self.ends(disable, key)


class Money(Base):
    def test_prices_are_those_of_the_bundle_in_force(self):
        prices = os.path.join(self.redoubt.dir, "prices.toml")
        with open(prices, "w") as file:
            file.write('currency = "EUR"\n[[model]]\nname = "m"\ninput = "500000"\noutput = "1000000"\n')
        self.redoubt.start()
        self.limit("demo.money", 20_000_000, quantity="money", period="month")
        self.assertEqual(self.redoubt.chat()[0], 200)  # 3 tokens at 0.5, 2 at 1
        self.assertEqual(self.remaining("demo.money"), 16_500_000)
        status, _, body = self.redoubt.chat(max_tokens=20)
        self.assertEqual(status, 429)
        self.assertEqual(self.error(body), ("insufficient_quota", "insufficient_quota"))
        self.assertEqual(self.redoubt.chat(model="other")[0], 429)  # without a price
        self.assertEqual(self.redoubt.stop(), 0)


class Kept(Base):
    def test_a_restart_keeps_what_was_used(self):
        self.redoubt.start()
        self.limit("demo.requests", 3)
        self.assertEqual([self.redoubt.chat()[0] for _ in range(2)], [200, 200])
        self.assertEqual(self.redoubt.stop(), 0)
        self.redoubt.start()
        self.assertEqual(self.remaining("demo.requests"), 1)
        self.assertEqual([self.redoubt.chat()[0] for _ in range(2)], [200, 429])

    def test_after_kill_9_at_most_what_was_used_in_the_last_second_is_missing(self):
        self.redoubt.start()
        self.limit("demo.requests", 1_000_000)
        for _ in range(20):
            self.assertEqual(self.redoubt.chat()[0], 200)
        usage = os.path.join(self.redoubt.dir, "state", "usage")
        # The file is written once a second, if something has changed. The second time from now has those 20.
        wait_for(lambda: os.path.exists(usage))
        times = {os.stat(usage).st_mtime_ns}

        def written():
            self.assertEqual(self.redoubt.chat()[0], 200)
            times.add(os.stat(usage).st_mtime_ns)
            return len(times) == 3
        wait_for(written)
        self.redoubt.kill()
        self.redoubt.start()
        self.assertLessEqual(self.remaining("demo.requests"), 1_000_000 - 20)

    def test_a_damaged_file_of_usage_starts_all_the_same_and_the_log_says_so(self):
        self.redoubt.start()
        self.limit("demo.requests", 3)
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(self.redoubt.stop(), 0)
        with open(os.path.join(self.redoubt.dir, "state", "usage"), "r+b") as file:
            file.seek(512)
            place = file.read(32)
            file.seek(512)
            file.write(bytes([place[0] ^ 1]) + place[1:])
        self.redoubt.start()
        self.assertIn("not all is there", self.redoubt.log_text())
        self.assertEqual(self.redoubt.chat()[0], 200)


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
