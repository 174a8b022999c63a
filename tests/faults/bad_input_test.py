"""Bad input, end to end, on the real programs: requests that are wrong, callers and upstreams that misbehave.

Every test says which status and error the caller gets, whether the connection closes, which records are made, and what
the upstream saw. After every test a good request must work, the records must be exactly those expected, and the gateway
must hold what it held before: no connection of a caller, no descriptor, no memory.
"""

import collections
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from harness import (STREAM_HEAD, TOOLS, RawConnection, Redoubt, Upstream, chunk, event, parse_receipt, stage, wait_for,
                     whole_reply)

MIB = 1024 * 1024
CHAT = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
REASONS = {413: "too_large", 431: "too_large"}


def summary(record):
    """What a test expects of a record: stage, status, error code and detail."""
    response = record["api"].get("response", {})
    return stage(record), response.get("code", 0), response.get("error", ""), record["status_detail"]


def denial(status, code, reason=None):
    return "denial", status, code, reason or REASONS.get(status, "malformed")


class BadInput(unittest.TestCase):
    """One server and upstream for all tests of a class."""

    settings = 'denial_interval = "300ms"\nmax_head = "8KiB"\n'
    upstream_settings = 'head_timeout = "1s"\nidle_timeout = "1s"\nmax_reply = "1MiB"\n'
    upstreams_max = 4      # connections that may stay in the pool
    growth_max_kib = 6144  # of resident memory, by one test

    @classmethod
    def setUpClass(cls):
        cls.answer = staticmethod(lambda connection: connection.sendall(whole_reply()) or True)
        cls.upstream = Upstream(lambda request, connection: cls.answer(connection))
        cls.redoubt = Redoubt(cls.upstream.url, settings=cls.settings, upstream_settings=cls.upstream_settings).start()
        cls.leaves_seen = 0
        cls.next_source = 1
        # What the program keeps for speed, it has after the largest requests.
        cls.redoubt.chat(key="wrong")
        for _ in range(3):
            cls.redoubt.chat("x" * 4_000_000)
            cls.redoubt.chat(stream=True)
            with RawConnection(cls.redoubt.port) as connection:
                connection.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\n"
                                b"Transfer-Encoding: chunked\r\n\r\n" % cls.redoubt.key.encode() +
                                (b"ffff\r\n" + b"x" * 0xffff + b"\r\n") * 70)
                assert connection.reply()[0] == 413
        wait_for(lambda: cls.redoubt.get("/ledger/tile/entries/000.p/1", key=cls.redoubt.auditor)[0] == 200)
        cls.redoubt.wait_published(0)
        time.sleep(0.5)
        cls.leaves_seen = len(cls.redoubt.leaves())

    @classmethod
    def tearDownClass(cls):
        try:
            status = cls.redoubt.stop()
            records = cls.redoubt.records()
            ends = [r for r in records if stage(r) in ("outcome", "interrupted")]
            assert status == 0 and len(ends) == sum(stage(r) == "admission" for r in records)
            cls.validate(cls.redoubt.leaves())
        finally:
            cls.redoubt.remove()
            cls.upstream.close()

    @staticmethod
    def validate(leaves):
        if not os.path.isdir(os.environ.get("REDOUBT_DATA", "")):
            print("REDOUBT_DATA has no OCSF schema: records are not validated")
            return
        done = subprocess.run([os.path.join(TOOLS, "ocsf_validate")], input=b"".join(leaf + b"\n" for leaf in leaves),
                              capture_output=True, timeout=60)
        assert done.returncode == 0, (done.stdout + done.stderr).decode()

    def setUp(self):
        cls = type(self)
        cls.answer = staticmethod(lambda connection: connection.sendall(whole_reply()) or True)
        cls.next_source += 1
        self.source = "127.0.%d.%d" % (cls.next_source // 200, cls.next_source % 200 + 2)  # a new one: recorded at once
        self.expected = collections.Counter()
        self.forwarded = len(self.upstream.requests)
        self.before = self.redoubt.resources()

    def tearDown(self):
        forwarded = len(self.upstream.requests)
        type(self).answer = staticmethod(lambda connection: connection.sendall(whole_reply()) or True)
        self.good_request()
        self.assertEqual(len(self.upstream.requests), forwarded + 1)
        self.check_records()
        self.check_resources()

    def good_request(self):
        status, fields, body = self.redoubt.chat()
        self.assertEqual((status, json.loads(body)["object"]), (200, "chat.completion"))
        parse_receipt(fields["redoubt-receipt"])
        self.expect("outcome", 200, "", "completed")

    def check_records(self):
        """Exactly the records expected were made since the last test; admissions have an end each, and how the server
        answers signals is another matter."""
        def made():
            found = collections.Counter()
            for leaf in self.redoubt.leaves()[type(self).leaves_seen:]:
                record = json.loads(leaf)
                if stage(record) not in ("admission", "fact"):
                    found[summary(record)] += record.get("count", 1)
            return found
        end = time.monotonic() + 15
        while made() != self.expected and time.monotonic() < end:
            time.sleep(0.05)
        found = made()
        type(self).leaves_seen = len(self.redoubt.leaves())
        self.assertEqual(found, self.expected)
        self.expected.clear()

    def check_resources(self):
        def returned():
            now = self.redoubt.resources()
            return now.callers == 0 and now.others <= self.before.others and now.upstreams <= self.upstreams_max
        end = time.monotonic() + 5
        while not returned() and time.monotonic() < end:
            time.sleep(0.02)
        now = self.redoubt.resources()
        self.assertEqual(now.callers, 0)
        self.assertLessEqual(now.others, self.before.others, (self.before.names, now.names))
        self.assertLessEqual(now.upstreams, self.upstreams_max)
        self.assertLess(now.resident_kib - self.before.resident_kib, self.growth_max_kib)

    def expect(self, *record):
        self.expected[record] += 1

    def assert_forwarded(self, count):
        self.assertEqual(len(self.upstream.requests) - self.forwarded, count)

    def connect(self, **options):
        return RawConnection(self.redoubt.port, source=self.source, **options)

    def post(self, extra=b"", body=CHAT, length=True, line=b"POST /v1/chat/completions HTTP/1.1", key=None):
        """A chat request with further header lines."""
        head = line + b"\r\nHost: h\r\nAuthorization: Bearer " + (key or self.redoubt.key).encode() + b"\r\n"
        if length:
            head += b"Content-Length: %d\r\n" % len(body)
        return head + extra + b"\r\n" + body

    def assert_openai_error(self, fields, body, code, type_="invalid_request_error"):
        self.assertEqual(fields["content-type"], "application/json")
        error = json.loads(body)["error"]
        self.assertEqual(set(error), {"message", "type", "param", "code"})
        self.assertEqual((error["type"], error["code"], error["param"]), (type_, code, None))
        self.assertGreater(len(error["message"]), 10)

    def refused(self, data, status, code, closes=True, reason=None, type_="invalid_request_error", receipt=False):
        """One request, refused in the form of the OpenAI API with one record, and nothing forwarded."""
        self.expect(*denial(status, code, reason))
        with self.connect() as connection:
            connection.send(data)
            got, fields, body = connection.reply()
            self.assertEqual(got, status, body)
            self.assert_openai_error(fields, body, code, type_)
            self.assertEqual(fields.get("connection") == "close", closes)
            self.assertEqual("redoubt-receipt" in fields, receipt)
            if closes:
                self.assertEqual(connection.rest(), b"")
            else:
                connection.send(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
                self.assertEqual(connection.reply()[0], 200)
        self.assert_forwarded(0)

    def accepted(self, data, requests=1):
        """Served; the upstream sees as many requests as are expected, and the connection is in step."""
        with self.connect() as connection:
            connection.send(data)
            replies = [connection.reply() for _ in range(requests)]
        for status, _, body in replies:
            self.assertEqual(status, 200, body)
            self.expect("outcome", 200, "", "completed")
        self.assert_forwarded(requests)
        return replies


def cases(table, check):
    """A test method for each entry of the table: its name says what is sent."""
    def decorate(cls):
        for name, *arguments in table:
            assert not hasattr(cls, "test_" + name), name
            setattr(cls, "test_" + name, lambda self, arguments=arguments: check(self, *arguments))
        return cls
    return decorate


def get(fields, line=b"GET /v1/models HTTP/1.1"):
    return line + b"\r\n" + fields + b"\r\n"


def as_it_is(self, data, status, code):
    self.refused(data, status, code)


@cases([
    ("bare_lf_after_every_line", b"GET / HTTP/1.1\nHost: h\n\n", 400, "malformed_request"),
    ("bare_lf_after_one_field", get(b"Host: h\nX: y\r\n"), 400, "malformed_request"),
    ("bare_lf_as_the_end", b"GET / HTTP/1.1\r\nHost: h\r\n\n", 400, "malformed_request"),
    ("bare_cr_in_a_value", get(b"Host: h\r\nX: a\rb\r\n"), 400, "malformed_request"),
    ("nul_in_a_value", get(b"Host: h\r\nX: a\0b\r\n"), 400, "malformed_request"),
    ("nul_in_the_target", get(b"Host: h\r\n", b"GET /v1/\0models HTTP/1.1"), 400, "malformed_request"),
    ("control_character_in_a_value", get(b"Host: h\r\nX: a\x01b\r\n"), 400, "malformed_request"),
    ("delete_in_a_value", get(b"Host: h\r\nX: a\x7fb\r\n"), 400, "malformed_request"),
    ("obs_fold", get(b"Host: h\r\nX: a\r\n b\r\n"), 400, "malformed_request"),
    ("obs_fold_with_a_tab", get(b"Host: h\r\nX: a\r\n\tb\r\n"), 400, "malformed_request"),
    ("fold_of_the_first_field", get(b" Host: h\r\n"), 400, "malformed_request"),
    ("space_before_a_colon", get(b"Host : h\r\n"), 400, "malformed_request"),
    ("tab_before_a_colon", get(b"Host: h\r\nX\t: y\r\n"), 400, "malformed_request"),
    ("no_colon", get(b"Host: h\r\nnonsense\r\n"), 400, "malformed_request"),
    ("empty_field_name", get(b"Host: h\r\n: y\r\n"), 400, "malformed_request"),
    ("field_name_that_is_no_token", get(b"Host: h\r\nX(y): z\r\n"), 400, "malformed_request"),
    ("field_name_outside_ascii", get(b"Host: h\r\nX\xc3\xa9: z\r\n"), 400, "malformed_request"),
    ("empty_line_in_front", b"\r\n" + get(b"Host: h\r\n"), 400, "malformed_request"),
    ("two_spaces_in_the_request_line", get(b"Host: h\r\n", b"GET  / HTTP/1.1"), 400, "invalid_target"),
    ("tab_in_the_request_line", get(b"Host: h\r\n", b"GET\t/ HTTP/1.1"), 400, "malformed_request"),
    ("space_behind_the_request_line", get(b"Host: h\r\n", b"GET / HTTP/1.1 "), 400, "malformed_request"),
    ("method_that_is_no_token", get(b"Host: h\r\n", b"G(T / HTTP/1.1"), 400, "malformed_request"),
    ("http_0_9", b"GET /v1/models\r\n\r\n", 400, "invalid_target"),
    ("http_in_lower_case", get(b"Host: h\r\n", b"GET / http/1.1"), 400, "malformed_request"),
    ("http_1_2", get(b"Host: h\r\n", b"GET / HTTP/1.2"), 505, "version_not_supported"),
    ("http_2_preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version_not_supported"),
    ("tls_client_hello_on_the_plain_port",
     bytes.fromhex("16030100c8010000c40303") + bytes(range(200)), 400, "malformed_request"),
    ("binary_nonsense", b"\x00\xff\xfe\r\n\r\n", 400, "malformed_request"),
    ("connect", b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n", 501, "connect_not_supported"),
    ("no_host", get(b"X: y\r\n"), 400, "invalid_host"),
    ("two_hosts", get(b"Host: h\r\nHost: h\r\n"), 400, "invalid_host"),
    ("empty_host", get(b"Host:\r\n"), 400, "invalid_host"),
    ("host_with_a_path", get(b"Host: h/x\r\n"), 400, "invalid_host"),
    ("host_with_a_user", get(b"Host: u@h\r\n"), 400, "invalid_host"),
    ("host_with_a_port_too_large", get(b"Host: h:65536\r\n"), 400, "invalid_host"),
    ("host_with_an_empty_port", get(b"Host: h:\r\n"), 400, "invalid_host"),
    ("host_list", get(b"Host: h, i\r\n"), 400, "invalid_host"),
    ("host_with_a_broken_ipv6_address", get(b"Host: [::1\r\n"), 400, "invalid_host"),
    ("absolute_form_with_another_host", get(b"Host: h\r\n", b"GET http://other/v1/models HTTP/1.1"), 400,
     "invalid_target"),
    ("absolute_form_with_another_scheme", get(b"Host: h\r\n", b"GET ftp://h/v1/models HTTP/1.1"), 400,
     "invalid_target"),
    ("absolute_form_with_a_user", get(b"Host: h\r\n", b"GET http://u@h/v1/models HTTP/1.1"), 400, "invalid_target"),
    ("authority_form", get(b"Host: h\r\n", b"GET h:80 HTTP/1.1"), 400, "invalid_target"),
    ("asterisk_form_for_get", get(b"Host: h\r\n", b"GET * HTTP/1.1"), 400, "invalid_target"),
    ("target_without_a_slash", get(b"Host: h\r\n", b"GET v1/models HTTP/1.1"), 400, "invalid_target"),
    ("target_with_a_fragment", get(b"Host: h\r\n", b"GET /v1/models#x HTTP/1.1"), 400, "invalid_target"),
    ("target_outside_ascii", get(b"Host: h\r\n", b"GET /v1/mod\xc3\xa9ls HTTP/1.1"), 400, "invalid_target"),
    ("unknown_expectation", get(b"Host: h\r\nExpect: miracles\r\n"), 417, "unknown_expectation"),
    ("two_expectations", get(b"Host: h\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n"), 417,
     "unknown_expectation"),
    ("field_of_9_kib", get(b"Host: h\r\nX: " + b"x" * 9216 + b"\r\n"), 431, "head_too_large"),
    ("target_of_9_kib", get(b"Host: h\r\n", b"GET /" + b"x" * 9216 + b" HTTP/1.1"), 431, "head_too_large"),
    ("head_without_an_end", b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X: yyyyyyyyyyyyyyyyyyyy\r\n" * 20_000, 431,
     "head_too_large"),
    ("line_without_an_end", b"G" * MIB, 431, "head_too_large"),
    ("65_fields", get(b"Host: h\r\n" + b"X: y\r\n" * 64), 431, "too_many_headers"),
], as_it_is)
class Heads(BadInput):
    """Heads that no handler hears of. Each is refused with a closed connection and counted."""

    def test_head_byte_by_byte_is_refused_alike(self):
        with self.connect() as connection:
            for byte in b"GET / HTTP/1.1\r\nHost: h\r\nX : y\r\n\r\n":
                connection.send(bytes([byte]))
            status, fields, body = connection.reply()
            self.assertEqual(status, 400)
            self.assert_openai_error(fields, body, "malformed_request")
        self.expected[denial(400, "malformed_request")] += 1

    def test_refusal_of_head_has_no_body(self):
        with self.connect() as connection:
            connection.send(b"HEAD /v1/models HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n")
            data = connection.rest()
            self.assertTrue(data.startswith(b"HTTP/1.1 400 "))
            self.assertTrue(data.endswith(b"\r\n\r\n"))
        self.expected[denial(400, "invalid_host")] += 1

    def test_absolute_form_with_the_same_host_is_served(self):
        self.accepted(self.post(line=b"POST http://h/v1/chat/completions HTTP/1.1"))
        self.assertTrue(self.upstream.requests[-1].startswith("POST /v1/chat/completions HTTP/1.1\r\n"))

    def test_64_fields_are_served(self):
        self.accepted(self.post(b"X: y\r\n" * 61))


def chunked(body, extra=b"Transfer-Encoding: chunked\r\n"):
    return lambda self: self.post(extra, body, length=False)


def smuggled(self, extra, status=400, code="ambiguous_framing"):
    """A body that some parsers would end early, and a second request in it with a key that is good."""
    second = b"GET /v1/models HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\n\r\n" % self.redoubt.key.encode()
    self.refused(self.post(extra, b"0\r\n\r\n" + second, length=False), status, code)


@cases([
    ("length_and_chunked", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
    ("chunked_and_length", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
    ("length_0_and_chunked", b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
    ("two_equal_lengths", b"Content-Length: 5\r\nContent-Length: 5\r\n"),
    ("two_different_lengths", b"Content-Length: 5\r\nContent-Length: 0\r\n"),
    ("length_list", b"Content-Length: 5, 5\r\n"),
    ("length_with_a_plus", b"Content-Length: +5\r\n"),
    ("length_with_a_minus", b"Content-Length: -5\r\n"),
    ("length_in_hexadecimal", b"Content-Length: 0x5\r\n"),
    ("length_in_two_parts", b"Content-Length: 5 5\r\n"),
    ("length_with_a_parameter", b"Content-Length: 5;q=1\r\n"),
    ("length_with_a_fraction", b"Content-Length: 5.0\r\n"),
    ("length_quoted", b'Content-Length: "5"\r\n'),
    ("length_empty", b"Content-Length:\r\n"),
    ("length_of_20_digits", b"Content-Length: 18446744073709551621\r\n"),
    ("length_of_40_digits", b"Content-Length: " + b"0" * 39 + b"5\r\n"),
    ("chunked_twice_in_a_list", b"Transfer-Encoding: chunked, chunked\r\n"),
    ("chunked_twice_in_two_fields", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
    ("chunked_and_identity", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
    ("identity", b"Transfer-Encoding: identity\r\n"),
    ("xchunked", b"Transfer-Encoding: xchunked\r\n"),
    ("chunked_with_a_parameter", b"Transfer-Encoding: chunked;q=1\r\n"),
    ("chunked_behind_gzip", b"Transfer-Encoding: gzip, chunked\r\n"),
    ("chunked_before_gzip", b"Transfer-Encoding: chunked, gzip\r\n"),
    ("chunked_quoted", b'Transfer-Encoding: "chunked"\r\n'),
    ("chunked_behind_a_comma", b"Transfer-Encoding: ,chunked\r\n"),
    ("empty_coding", b"Transfer-Encoding:\r\n"),
    ("chunked_behind_a_vertical_tab", b"Transfer-Encoding: \x0bchunked\r\n", 400, "malformed_request"),
    ("space_before_the_colon_of_the_coding", b"Transfer-Encoding : chunked\r\n", 400, "malformed_request"),
    ("tab_before_the_colon_of_the_coding", b"Transfer-Encoding\t: chunked\r\n", 400, "malformed_request"),
    ("folded_coding", b"Transfer-Encoding:\r\n chunked\r\n", 400, "malformed_request"),
    ("coding_behind_a_bare_lf", b"X: y\nTransfer-Encoding: chunked\r\n", 400, "malformed_request"),
    ("coding_behind_a_bare_cr", b"X: y\rTransfer-Encoding: chunked\r\n", 400, "malformed_request"),
], smuggled)
class Smuggling(BadInput):
    """Two parsers could disagree about where these end. One reply, a closed connection, and nothing goes upstream."""

    def test_chunked_in_http_1_0(self):
        self.refused(self.post(b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", length=False,
                               line=b"POST /v1/chat/completions HTTP/1.0"), 400, "ambiguous_framing")

    def test_fields_that_only_look_like_framing_frame_nothing(self):
        self.accepted(self.post(b"Transfer_Encoding: chunked\r\nX-Content-Length: 0\r\nContent_Length: 0\r\n"))
        head = self.upstream.requests[-1].lower().split("\r\n\r\n")[0]
        self.assertNotIn("transfer", head)
        self.assertEqual(head.count("content-length"), 1)
        self.assertNotIn("content_length", head)

    def test_chunked_in_capitals_is_chunked(self):
        self.accepted(self.post(b"TRANSFER-ENCODING: Chunked\r\n", b"%x\r\n%s\r\n0\r\n\r\n" % (len(CHAT), CHAT), False))
        self.assertTrue(self.upstream.requests[-1].endswith(CHAT.decode()))

    def test_the_upstream_gets_a_length_and_no_coding(self):
        self.accepted(chunked(b"%x\r\n%s\r\n0\r\n\r\n" % (len(CHAT), CHAT))(self))
        head = self.upstream.requests[-1].lower()
        self.assertIn("content-length: %d\r\n" % len(CHAT), head)
        self.assertNotIn("transfer-encoding", head)

    def test_bytes_behind_the_body_are_the_next_request_and_judged_so(self):
        with self.connect() as connection:
            connection.send(self.post() + b"0\r\n\r\nGET /v1/models HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertEqual(connection.reply()[0], 200)
            status, fields, body = connection.reply()
            self.assertEqual(status, 400)
            self.assert_openai_error(fields, body, "malformed_request")
            self.assertEqual(connection.rest(), b"")
        self.expect("outcome", 200, "", "completed")
        self.expect(*denial(400, "malformed_request"))
        self.assert_forwarded(1)

    def test_body_of_a_get_is_no_second_request(self):
        inner = b"GET /v1/models HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer wrong\r\n\r\n"
        with self.connect() as connection:
            connection.send(self.post(body=inner, line=b"GET /v1/models HTTP/1.1"))
            self.assertEqual(connection.reply()[0], 200)
            connection.send(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertEqual(connection.reply()[2], b"ok\n")
        self.expect("outcome", 200, "", "completed")
        self.assert_forwarded(1)
        self.assertNotIn("content-length", self.upstream.requests[-1].lower())

    def test_pipelined_requests_are_answered_in_order(self):
        def content(n):
            return b'{"model":"m%d","messages":[]}' % n
        type(self).answer = staticmethod(
            lambda connection: connection.sendall(whole_reply(str(len(self.upstream.requests)))) or True)
        replies = self.accepted(b"".join(self.post(body=content(n)) for n in range(20)), requests=20)
        answers = [int(json.loads(body)["choices"][0]["message"]["content"]) for _, _, body in replies]
        self.assertEqual(answers, list(range(self.forwarded + 1, self.forwarded + 21)))
        for n, request in enumerate(self.upstream.requests[-20:]):
            self.assertTrue(request.endswith(content(n).decode()))

    def test_nothing_behind_a_refused_request_is_served(self):
        self.refused(get(b"Host: h\r\nHost: i\r\n") + self.post() * 3, 400, "invalid_host")


def broken_chunks(self, body, status=400, code="malformed_body"):
    self.refused(chunked(body)(self), status, code, receipt=True)


@cases([
    ("size_that_is_no_number", b"x\r\nabc\r\n0\r\n\r\n"),
    ("size_with_a_minus", b"-1\r\n\r\n0\r\n\r\n"),
    ("size_with_a_plus", b"+3\r\nabc\r\n0\r\n\r\n"),
    ("size_with_a_prefix", b"0x3\r\nabc\r\n0\r\n\r\n"),
    ("size_behind_a_space", b" 3\r\nabc\r\n0\r\n\r\n"),
    ("size_before_a_space", b"3 \r\nabc\r\n0\r\n\r\n"),
    ("size_empty", b"\r\nabc\r\n0\r\n\r\n"),
    ("size_that_overflows", b"ffffffffffffffff5\r\nabc\r\n0\r\n\r\n"),
    ("size_of_many_zeros", b"0" * 100 + b"3\r\nabc\r\n0\r\n\r\n"),
    ("bare_lf_behind_the_size", b"3\nabc\r\n0\r\n\r\n"),
    ("bare_cr_behind_the_size", b"3\rabc\r\n0\r\n\r\n"),
    ("data_longer_than_its_size", b"3\r\nabcd\r\n0\r\n\r\n"),
    ("data_without_its_crlf", b"3\r\nabc0\r\n\r\n"),
    ("bare_lf_behind_the_data", b"3\r\nabc\n0\r\n\r\n"),
    ("extension_of_64_kib", b"3;" + b"x" * 65536 + b"\r\nabc\r\n0\r\n\r\n"),
    ("extension_with_nul", b"3;a\0b\r\nabc\r\n0\r\n\r\n"),
    ("extension_with_bare_lf", b"3;a\nb\r\nabc\r\n0\r\n\r\n"),
    ("trailers_of_64_kib", b"0\r\n" + b"X: yyyyyyyyyyyy\r\n" * 4096 + b"\r\n"),
    ("trailer_without_a_colon", b"0\r\nnonsense\r\n\r\n"),
    ("trailer_with_a_space_before_its_colon", b"0\r\nX : y\r\n\r\n"),
    ("trailer_that_is_folded", b"0\r\nX: y\r\n z\r\n\r\n"),
    ("trailer_with_bare_lf", b"0\r\nX: y\n\r\n"),
    ("body_above_the_limit", b"400001\r\n" + b"x" * (4 * MIB + 1), 413, "request_too_large"),
    ("body_above_the_limit_in_small_chunks", (b"ffff\r\n" + b"x" * 0xffff + b"\r\n") * 70, 413, "request_too_large"),
    ("stated_size_of_an_exabyte", b"fffffffffffffff\r\n" + b"x" * (5 * MIB), 413, "request_too_large"),
], broken_chunks)
class Chunks(BadInput):
    """Broken chunked bodies of callers that are known: refused, each with a record of its own and a receipt."""

    def test_framing_fields_in_trailers_are_dropped(self):
        body = b"%x\r\n%s\r\n0\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nAuthorization: x\r\n\r\n" % (
            len(CHAT), CHAT)
        self.accepted(chunked(body)(self) + self.post(), requests=2)
        self.assertNotIn("content-length: 3\r\n", self.upstream.requests[-2].lower())
        self.assertNotIn("authorization", self.upstream.requests[-2].lower())

    def test_small_extensions_are_ignored(self):
        self.accepted(chunked(b"%x;a=b\r\n%s\r\n0;c\r\n\r\n" % (len(CHAT), CHAT))(self))

    def test_one_byte_chunks_are_joined(self):
        self.accepted(chunked(b"".join(b"1\r\n%c\r\n" % byte for byte in CHAT) + b"0\r\n\r\n")(self))
        self.assertTrue(self.upstream.requests[-1].endswith(CHAT.decode()))

    def test_stated_length_above_the_limit_is_refused_before_it_is_sent(self):
        self.refused(self.post(b"Content-Length: 4194305\r\n", b"", length=False), 413, "body_too_large")

    def test_stated_length_of_18_digits(self):
        self.refused(self.post(b"Content-Length: 999999999999999999\r\n", b"", length=False), 413, "body_too_large")


def bad_body(self, body, reason=None):
    self.refused(self.post(body=body), 400, "invalid_request", closes=False, reason=reason, receipt=True)


@cases([
    ("empty", b""),
    ("not_utf8_in_a_string", b'{"model":"m","messages":[{"role":"user","content":"\xff\xfe"}]}'),
    ("overlong_utf8", b'{"model":"m","messages":["\xc0\xaf"]}'),
    ("surrogate_in_utf8", b'{"model":"m","messages":["\xed\xa0\x80"]}'),
    ("lone_surrogate_escape", b'{"model":"m","messages":["\\ud800"]}'),
    ("utf16", '{"model":"m","messages":[]}'.encode("utf-16")),
    ("byte_order_mark", b'\xef\xbb\xbf{"model":"m","messages":[]}'),
    ("nul_byte", b'{"model":"m",\0"messages":[]}'),
    ("nul_byte_behind", b'{"model":"m","messages":[]}\0'),
    ("line_break_in_a_string", b'{"model":"m","messages":["a\nb"]}'),
    ("duplicate_key", b'{"model":"m","messages":[],"model":"n"}'),
    ("duplicate_key_escaped", b'{"model":"m","messages":[],"mod\\u0065l":"n"}'),
    ("duplicate_key_deep_inside", b'{"model":"m","messages":[{"a":[{"b":1,"b":2}]}]}'),
    ("duplicate_key_among_many", b'{"model":"m","messages":[],' + b",".join(b'"k%d":0' % i for i in range(1000)) +
     b',"k7":1}'),
    ("depth_of_65_arrays", b'{"model":"m","messages":' + b"[" * 64 + b"]" * 64 + b"}", "too_large"),
    ("depth_of_a_million_arrays", b'{"model":"m","messages":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}",
     "too_large"),
    ("depth_of_100000_objects", b'{"a":' * 100_000 + b"0" + b"}" * 100_000, "too_large"),
    ("a_million_arrays_that_do_not_end", b"[" * 1_000_000),
    ("integer_above_64_bits", b'{"model":"m","messages":[],"max_tokens":18446744073709551616}'),
    ("number_above_a_double", b'{"model":"m","messages":[],"temperature":1e999}'),
    ("number_with_a_leading_zero", b'{"model":"m","messages":[],"n":01}'),
    ("not_a_number", b'{"model":"m","messages":[],"n":NaN}'),
    ("comment", b'{"model":"m",/* */"messages":[]}'),
    ("trailing_comma", b'{"model":"m","messages":[],}'),
    ("single_quotes", b"{'model':'m','messages':[]}"),
    ("value_behind_the_value", b'{"model":"m","messages":[]}{"model":"n","messages":[]}'),
    ("cut_short", b'{"model":"m","messages":['),
    ("array", b"[]"),
    ("no_model", b'{"messages":[]}'),
    ("model_that_is_a_number", b'{"model":7,"messages":[]}'),
    ("model_with_a_line_break", b'{"model":"m\\r\\nX: y","messages":[]}'),
    ("model_with_nul", b'{"model":"m\\u0000","messages":[]}'),
    ("model_with_an_escape_sequence", b'{"model":"\\u001b[2J","messages":[]}'),
    ("model_of_257_bytes", b'{"model":"' + b"m" * 257 + b'","messages":[]}'),
    ("messages_that_are_a_string", b'{"model":"m","messages":"hi"}'),
    ("stream_that_is_a_string", b'{"model":"m","messages":[],"stream":"true"}'),
], bad_body)
class Bodies(BadInput):
    """Bodies that are not what the API says: refused with a record each, and the connection lives on."""

    # A parser of four million brackets needs its memory once.
    growth_max_kib = 65536

    def test_100000_messages_pass_untouched(self):
        body = b'{"model":"m","messages":[' + b",".join([b'{"role":"user","content":"x"}'] * 100_000) + b"]}"
        self.accepted(self.post(body=body))
        self.assertTrue(self.upstream.requests[-1].endswith(body.decode()))

    def test_numbers_at_the_edge_pass_untouched(self):
        body = b'{"model":"m","messages":[],"a":18446744073709551615,"b":-9223372036854775808,"c":1e308,"d":5e-324}'
        self.accepted(self.post(body=body))
        self.assertTrue(self.upstream.requests[-1].endswith(body.decode()))

    def test_every_plane_of_unicode_passes_untouched(self):
        body = '{"model":"m","messages":["\\u0000 \\ud83d\\ude00 é 漢 😀 \u2028 \ufffd"]}'.encode()
        self.accepted(self.post(body=body))
        self.assertTrue(self.upstream.requests[-1].encode().endswith(body))

    def test_model_that_nobody_serves_gets_the_upstreams_own_404(self):
        body = json.dumps({"error": {"message": "no such model", "type": "invalid_request_error", "param": None,
                                     "code": "model_not_found"}}).encode()
        type(self).answer = staticmethod(lambda connection: connection.sendall(
            b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" %
            (len(body), body)) or True)
        with self.connect() as connection:
            connection.send(self.post())
            status, fields, got = connection.reply()
            self.assertEqual((status, got), (404, body))
            parse_receipt(fields["redoubt-receipt"])
        self.expect("outcome", 404, "upstream_error", "completed")

    def test_body_of_another_media_type_is_judged_as_json_and_forwarded_as_json(self):
        self.accepted(self.post(b"Content-Type: text/xml; charset=utf-16\r\n"))
        self.assertIn("Content-Type: application/json\r\n", self.upstream.requests[-1])
        self.assertNotIn("utf-16", self.upstream.requests[-1])

    def test_compressed_body_is_no_json(self):
        self.refused(self.post(b"Content-Encoding: gzip\r\n", bytes.fromhex("1f8b0800") + b"\0" * 30), 400,
                     "invalid_request", closes=False, receipt=True)


def unknown_path(self, target):
    self.refused(get(b"Host: h\r\nAuthorization: Bearer %s\r\n" % self.redoubt.key.encode(),
                     b"GET " + target + b" HTTP/1.1"), 404, "unknown_url", closes=False)


@cases([
    ("two_slashes", b"//v1/models"),
    ("two_slashes_inside", b"/v1//models"),
    ("dot_segments", b"/v1/../v1/models"),
    ("dot_segment", b"/v1/./models"),
    ("trailing_slash", b"/v1/models/"),
    ("trailing_dot", b"/v1/models."),
    ("capitals", b"/V1/models"),
    ("percent_encoded_letter", b"/v1/%6dodels"),
    ("percent_encoded_slash", b"/v1%2fmodels"),
    ("percent_encoded_dots", b"/v1/%2e%2e/v1/models"),
    ("percent_encoded_nul", b"/v1/models%00"),
    ("half_percent", b"/v1/models%"),
    ("backslash", b"/v1\\models"),
    ("parameter", b"/v1/models;x=1"),
    ("path_of_4000_bytes", b"/" + b"x" * 4000),
    ("metrics_of_others", b"/.env"),
], unknown_path)
class Paths(BadInput):
    """Only the exact path is a route: nothing is decoded, joined or cut off before it is compared."""

    def test_query_is_no_part_of_the_path(self):
        with self.connect() as connection:
            connection.send(get(b"Host: h\r\nAuthorization: Bearer %s\r\n" % self.redoubt.key.encode(),
                                b"GET /v1/models?a=/../%00 HTTP/1.1"))
            self.assertEqual(connection.reply()[0], 200)
        self.expect("outcome", 200, "", "completed")
        self.assertTrue(self.upstream.requests[-1].startswith("GET /v1/models HTTP/1.1\r\n"))

    def test_other_methods_are_405_with_allow(self):
        methods = (b"TRACE", b"PUT", b"DELETE", b"OPTIONS", b"BREW", b"HEAD")
        for method in methods:
            with self.connect() as connection:
                connection.send(get(b"Host: h\r\n", method + b" /v1/models HTTP/1.1"))
                if method == b"HEAD":
                    head = connection._take_until(b"\r\n\r\n")
                    self.assertTrue(head.startswith(b"HTTP/1.1 405 "))
                    continue
                status, fields, body = connection.reply()
                self.assertEqual((status, fields["allow"]), (405, "GET"), method)
                self.assert_openai_error(fields, body, "method_not_allowed")
        self.expected[denial(405, "method_not_allowed")] += len(methods)
        self.assert_forwarded(0)

    def test_asterisk_for_options_is_404(self):
        self.refused(get(b"Host: h\r\n", b"OPTIONS * HTTP/1.1"), 404, "unknown_url", closes=False)


class Protocol(BadInput):
    """Old and new ways to speak HTTP/1."""

    def test_http_1_0_is_served_and_closed(self):
        with self.connect() as connection:
            connection.send(self.post(line=b"POST /v1/chat/completions HTTP/1.0"))
            status, fields, _ = connection.reply()
            self.assertEqual((status, fields["connection"]), (200, "close"))
            self.assertEqual(connection.rest(), b"")
        self.expect("outcome", 200, "", "completed")

    def test_stream_for_http_1_0_ends_with_the_connection(self):
        type(self).answer = staticmethod(lambda connection: connection.sendall(
            STREAM_HEAD + chunk(event("a")) + chunk("data: [DONE]\n\n") + b"0\r\n\r\n") or True)
        with self.connect() as connection:
            connection.send(self.post(body=CHAT[:-1] + b',"stream":true}', line=b"POST /v1/chat/completions HTTP/1.0"))
            data = connection.rest()
        self.assertNotIn(b"chunked", data)
        self.assertTrue(data.endswith(b"data: [DONE]\n\n"))
        self.expect("outcome", 200, "", "completed")

    def test_expect_100_continue_is_answered_before_the_body(self):
        with self.connect() as connection:
            request = self.post(b"Expect: 100-continue\r\n")
            connection.send(request[:-len(CHAT)])
            self.assertEqual(connection.reply()[0], 100)
            connection.send(CHAT)
            self.assertEqual(connection.reply()[0], 200)
        self.expect("outcome", 200, "", "completed")

    def test_expect_100_continue_of_a_stranger_is_refused_without_the_body(self):
        self.refused(self.post(b"Expect: 100-continue\r\n", key="wrong")[:-len(CHAT)], 401, "invalid_api_key",
                     reason="authentication")

    def test_upgrade_is_ignored(self):
        for upgrade in (b"websocket", b"h2c", b"TLS/1.0"):
            self.accepted(self.post(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: %s\r\nHTTP2-Settings: AAAA\r\n" %
                                    upgrade))
            self.forwarded = len(self.upstream.requests)
            self.assertNotIn("upgrade", self.upstream.requests[-1].lower())

    def test_hop_by_hop_fields_of_the_caller_go_no_further(self):
        self.accepted(self.post(b"Connection: X-Secret\r\nX-Secret: s\r\nX-Forwarded-For: 1.2.3.4\r\nCookie: c\r\n"
                                b"Proxy-Authorization: p\r\nTE: trailers\r\n"))
        head = self.upstream.requests[-1].lower()
        for name in ("x-secret", "x-forwarded-for", "cookie", "proxy-authorization", "\r\nte:", "authorization"):
            self.assertNotIn(name, head)

    def test_two_keys_prove_nothing(self):
        self.refused(self.post(b"Authorization: Bearer x\r\n"), 401, "invalid_api_key", closes=False,
                     reason="authentication")

    def test_the_search_for_leaks_sees_a_connection_that_is_open(self):
        with self.connect(), self.connect():
            wait_for(lambda: self.redoubt.resources().callers == 2)
        wait_for(lambda: self.redoubt.resources().callers == 0)

    def test_two_thousand_silent_connections_hold_up_nobody_and_leave_no_record(self):
        connections = [self.connect() for _ in range(2000)]
        self.good_request()
        for connection in connections:
            connection.socket.close()


class Slow(BadInput):
    """Callers that take their time, or leave."""

    settings = (BadInput.settings + 'head_timeout = "700ms"\nbody_timeout = "1500ms"\nidle_timeout = "2s"\n'
                'write_timeout = "1s"\n')
    stream = CHAT[:-1] + b',"stream":true}'
    growth_max_kib = 12288

    def answer_with_events(self, count, size=1000):
        def answer(connection):
            connection.sendall(STREAM_HEAD)
            for _ in range(count):
                connection.sendall(chunk(event("x" * size)))
            connection.sendall(chunk("data: [DONE]\n\n") + b"0\r\n\r\n")
            return True
        type(self).answer = staticmethod(answer)

    def test_head_that_stops_is_408(self):
        self.refused(b"GET / HTTP/1.1\r\nHost: h\r\n", 408, "request_timeout")

    def test_head_that_trickles_is_408(self):
        with self.connect() as connection:
            def trickle():
                for byte in b"GET /" + b"x" * 200:
                    connection.send(bytes([byte]))
                    time.sleep(0.03)
            sender = threading.Thread(target=trickle)
            sender.start()
            status, fields, body = connection.reply()
            sender.join()
        self.assertEqual(status, 408)
        self.assert_openai_error(fields, body, "request_timeout")
        self.expect(*denial(408, "request_timeout"))

    def test_body_that_stops_is_408(self):
        self.refused(self.post()[:-5], 408, "request_timeout", receipt=True)

    def test_chunked_body_that_trickles_is_408(self):
        with self.connect() as connection:
            connection.send(self.post(b"Transfer-Encoding: chunked\r\n", b"", length=False))
            def trickle():
                for _ in range(100):
                    connection.send(b"1\r\nx\r\n")
                    time.sleep(0.03)
            sender = threading.Thread(target=trickle)
            sender.start()
            status, fields, body = connection.reply()
            sender.join()
        self.assertEqual(status, 408)
        self.assert_openai_error(fields, body, "request_timeout")
        self.expect(*denial(408, "request_timeout"))

    def test_connection_that_says_nothing_is_closed_without_a_word_or_record(self):
        with self.connect() as connection:
            self.assertEqual(connection.rest(), b"")

    def test_connection_that_falls_silent_is_closed_without_a_record(self):
        with self.connect() as connection:
            connection.send(self.post())
            self.assertEqual(connection.reply()[0], 200)
            self.assertEqual(connection.rest(), b"")
        self.expect("outcome", 200, "", "completed")

    def test_caller_that_leaves_in_its_head_is_no_event(self):
        with self.connect() as connection:
            connection.send(b"GET / HT")
            connection.reset()

    def test_caller_that_leaves_in_its_body_is_recorded(self):
        with self.connect() as connection:
            connection.send(self.post()[:-5])
            time.sleep(0.1)
            connection.reset()
        self.expect(*denial(400, "malformed_body"))

    def test_caller_that_ends_its_half_gets_its_reply(self):
        with self.connect() as connection:
            connection.send(self.post())
            connection.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(connection.reply()[0], 200)
        self.expect("outcome", 200, "", "completed")

    def test_reader_of_a_whole_reply_that_stops_is_cut_off(self):
        type(self).answer = staticmethod(lambda connection: connection.sendall(whole_reply("x" * 900_000)) or True)
        with self.connect(receive_buffer=4096) as connection:
            connection.send(self.post() * 12)
            wait_for(lambda: self.redoubt.resources().callers == 0)
        # Replies went out, one after the other, until there was no room.
        time.sleep(0.3)
        served = len(self.upstream.requests) - self.forwarded
        self.assertLess(served, 12)
        self.expected["outcome", 200, "", "completed"] += served

    def test_reader_of_a_stream_that_stops_is_cut_off_and_recorded(self):
        self.answer_with_events(20_000)
        with self.connect(receive_buffer=4096) as connection:
            connection.send(self.post(body=self.stream))
            wait_for(lambda: self.redoubt.resources().callers == 0)
        self.expect("outcome", 200, "client_gone", "client_gone")

    def test_reader_of_a_stream_that_sips_is_cut_off_and_recorded(self):
        self.answer_with_events(20_000)
        with self.connect(receive_buffer=4096) as connection:
            connection.send(self.post(body=self.stream))
            def gone():
                try:
                    connection.socket.recv(256)
                except OSError:
                    pass
                return self.redoubt.resources().callers == 0
            wait_for(gone, 15)
        self.expect("outcome", 200, "client_gone", "client_gone")

    def test_caller_that_leaves_a_stream_is_recorded(self):
        self.answer_with_events(20_000)
        with self.connect() as connection:
            connection.send(self.post(body=self.stream))
            connection.socket.recv(1000)
            connection.reset()
        self.expect("outcome", 200, "client_gone", "client_gone")

    def test_caller_that_leaves_before_a_stream_begins_was_sent_no_head(self):
        go = threading.Event()
        def answer(connection):
            go.wait(5)
            connection.sendall(STREAM_HEAD + chunk(event("a")) + chunk("data: [DONE]\n\n") + b"0\r\n\r\n")
            return True
        type(self).answer = staticmethod(answer)
        with self.connect() as connection:
            connection.send(self.post(body=self.stream))
            wait_for(lambda: len(self.upstream.requests) > self.forwarded)
            connection.reset()
            time.sleep(0.1)
        go.set()
        self.expect("outcome", 0, "client_gone", "client_gone")

    def test_pipeline_that_nobody_reads_is_cut_off(self):
        with self.connect(receive_buffer=4096) as connection:
            connection.socket.settimeout(3)
            request = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n" * 1000
            try:
                while True:
                    connection.socket.sendall(request)
            except OSError:
                pass
            wait_for(lambda: self.redoubt.resources().callers == 0)


class Ledger(BadInput):
    """What is refused under /ledger/, in the form of RFC 9457, and recorded."""

    def problem(self, method, path, status, code, reason, key=None, body=None, headers=None):
        got, fields, reply = self.redoubt.request(method, path, body=body, key=key, headers=headers)
        self.assertEqual(got, status, reply)
        self.assertEqual(fields["content-type"], "application/problem+json")
        problem = json.loads(reply)
        self.assertEqual((problem["status"], set(problem)), (status, {"title", "status", "detail"}))
        self.expect(*denial(status, code, reason))
        self.assertEqual("redoubt-receipt" in fields, key is not None and key != "wrong")

    def test_strangers_get_no_receipts_entries_or_values(self):
        for key in (None, "wrong"):
            self.problem("GET", "/ledger/receipt/0", 401, "invalid_api_key", "authentication", key=key)
            self.problem("GET", "/ledger/tile/entries/000.p/1", 401, "invalid_api_key", "authentication", key=key)
            self.problem("POST", "/ledger/open", 401, "invalid_api_key", "authentication", key=key, body="{}")

    def test_callers_get_no_entries_or_values(self):
        self.problem("GET", "/ledger/tile/entries/000.p/1", 403, "permission_denied", "authorization",
                     key=self.redoubt.key)
        self.problem("POST", "/ledger/open", 403, "permission_denied", "authorization", key=self.redoubt.key, body="{}")

    def test_other_methods_are_405(self):
        self.problem("DELETE", "/ledger/checkpoint", 405, "method_not_allowed", "malformed")
        self.problem("GET", "/ledger/open", 405, "method_not_allowed", "malformed")

    def test_paths_that_climb_are_404(self):
        self.problem("GET", "/ledger/../keeper/wrap.key", 404, "unknown_url", "malformed")
        for path in ("/ledger/tile/../keeper", "/ledger/tile/0/../../wrap.key", "/ledger/tile/entries%2f000"):
            status, fields, _ = self.redoubt.get(path)
            self.assertEqual((status, fields["content-type"]), (404, "application/problem+json"))

    def test_an_index_that_is_none_is_400(self):
        for index in ("x", "-1", "01", "18446744073709551616"):
            self.problem("GET", "/ledger/receipt/" + index, 400, "invalid_request", "malformed", key=self.redoubt.key)

    def test_what_is_no_request_to_open_is_refused_and_recorded(self):
        for body, status, code, reason in (("", 400, "invalid_request", "malformed"),
                                           ('{"request":"!"}', 400, "invalid_request", "malformed"),
                                           ('{"request":"AAAA"}', 400, "invalid_request", "malformed"),
                                           (" " * 5000, 413, "request_too_large", "too_large")):
            self.problem("POST", "/ledger/open", status, code, reason, key=self.redoubt.auditor, body=body)

    def test_body_above_the_limit_has_this_shape_too(self):
        self.problem("POST", "/ledger/open", 413, "body_too_large", "too_large", body="",
                     headers={"Content-Length": "4194305"})

    def test_reading_entries_is_an_exchange_in_the_ledger(self):
        status, fields, _ = self.redoubt.get("/ledger/tile/entries/000.p/1", key=self.redoubt.auditor)
        self.assertEqual(status, 200)
        parse_receipt(fields["redoubt-receipt"])
        self.expect("outcome", 200, "", "completed")
        status, fields, _ = self.redoubt.get("/ledger/tile/entries/999", key=self.redoubt.auditor)
        self.assertEqual((status, fields["content-type"]), (404, "application/problem+json"))
        self.expect("outcome", 404, "not_found", "completed")


class UpstreamAnswers(BadInput):
    """Upstreams that answer nonsense, too much, or for ever."""

    upstream_settings = ('head_timeout = "1s"\nidle_timeout = "1s"\nreply_timeout = "3s"\nmax_reply = "1MiB"\n'
                         'max_stream = "2MiB"\n')
    stream = CHAT[:-1] + b',"stream":true}'
    growth_max_kib = 12288

    def fails(self, answer, status, code, detail="upstream_failed"):
        """The caller gets an error of ours and a receipt; the outcome says how it ended."""
        type(self).answer = staticmethod(answer)
        with self.connect() as connection:
            connection.send(self.post())
            got, fields, body = connection.reply()
            self.assertEqual(got, status, body)
            self.assert_openai_error(fields, body, code, "api_error")
            parse_receipt(fields["redoubt-receipt"])
            connection.send(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertEqual(connection.reply()[0], 200)
        self.expect("outcome", status, code, detail)
        self.assert_forwarded(1)

    def malformed(self, data):
        """The upstream waits for another request: it would be as wrong to send it one as to miss its closing."""
        self.fails(lambda connection: connection.sendall(data) or True, 502, "upstream_malformed")

    def breaks_off(self, answer, code, detail="upstream_failed"):
        """A stream that ends without its end mark, and with its connection."""
        type(self).answer = staticmethod(answer)
        with self.connect() as connection:
            connection.send(self.post(body=self.stream))
            data = connection.rest()
        self.assertTrue(data.startswith(b"HTTP/1.1 200 OK\r\n"), data[:100])
        self.assertNotIn(b"[DONE]", data)
        self.assertFalse(data.endswith(b"0\r\n\r\n"))
        self.expect("outcome", 200, code, detail)
        self.assert_forwarded(1)

    def test_another_protocol(self):
        self.malformed(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

    def test_http_2(self):
        self.malformed(b"HTTP/2 200\r\nContent-Length: 2\r\n\r\n{}")

    def test_binary_nonsense(self):
        self.malformed(bytes(range(256)) * 4)

    def test_bare_lf(self):
        self.malformed(b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}")

    def test_length_and_chunked(self):
        self.malformed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
                       b"2\r\n{}\r\n0\r\n\r\n")

    def test_two_lengths(self):
        self.malformed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}")

    def test_folded_field(self):
        self.malformed(b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\n{}")

    def test_control_characters_in_a_field_that_would_be_passed_on(self):
        self.malformed(b"HTTP/1.1 200 OK\r\nX-Request-Id: a\x01b\r\nContent-Length: 2\r\n\r\n{}")

    def test_switching_protocols(self):
        self.malformed(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")

    def test_interim_responses_without_end(self):
        self.malformed(b"HTTP/1.1 100 Continue\r\n\r\n" * 50)

    def test_redirect(self):
        self.malformed(b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 2\r\n\r\n{}")

    def test_no_content(self):
        self.malformed(b"HTTP/1.1 204 No Content\r\n\r\n")

    def test_html(self):
        self.malformed(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>")

    def test_json_that_is_not_utf8(self):
        self.malformed(b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"a":"\xff\xfe"}')

    def test_json_with_a_duplicate_key(self):
        self.malformed(b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"a":1,"a":2}')

    def test_json_nested_too_deep(self):
        body = b'{"a":' * 1000 + b"0" + b"}" * 1000
        self.malformed(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    def test_broken_chunks(self):
        self.malformed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n")

    def test_an_error_page_with_a_bad_status_is_not_passed_on(self):
        self.malformed(b"HTTP/1.1 503 Down\r\nContent-Length: 4\r\n\r\nDown")

    def test_connection_that_ends_without_a_word(self):
        self.fails(lambda connection: None, 502, "upstream_unavailable")

    def test_reset_without_a_word(self):
        def reset(connection):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.fails(reset, 502, "upstream_unavailable")

    def test_reset_within_a_whole_reply(self):
        def reset(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
            time.sleep(0.1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.fails(reset, 502, "upstream_unavailable")

    def test_body_cut_short(self):
        self.fails(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"), 502,
                   "upstream_unavailable")

    def test_head_without_end(self):
        def answer(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                connection.sendall(b"X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" * 100)
        self.fails(answer, 502, "upstream_too_large")

    def test_whole_reply_without_end(self):
        def answer(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                connection.sendall(chunk("x" * 65536))
        self.fails(answer, 502, "upstream_too_large")

    def test_whole_reply_above_the_limit_by_its_length(self):
        self.fails(lambda connection: connection.sendall(whole_reply("x" * MIB)) or True, 502, "upstream_too_large")

    def test_no_answer_at_all(self):
        self.fails(lambda connection: time.sleep(2), 504, "upstream_timeout", "upstream_timeout")

    def test_head_that_trickles(self):
        def answer(connection):
            for byte in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100:
                connection.sendall(bytes([byte]))
                time.sleep(0.1)
        self.fails(answer, 504, "upstream_timeout", "upstream_timeout")

    def test_body_that_stops(self):
        def answer(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
            time.sleep(2)
        self.fails(answer, 504, "upstream_timeout", "upstream_timeout")

    def test_body_that_trickles_for_ever(self):
        def answer(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
            while True:
                connection.sendall(b" ")
                time.sleep(0.2)
        self.fails(answer, 504, "upstream_timeout", "upstream_timeout")

    def test_stream_that_is_reset(self):
        def answer(connection):
            connection.sendall(STREAM_HEAD + chunk(event("a")))
            time.sleep(0.1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.breaks_off(answer, "upstream_broke_off")

    def test_stream_with_broken_chunks(self):
        self.breaks_off(lambda connection: connection.sendall(STREAM_HEAD + chunk(event("a")) + b"nonsense\r\n"),
                        "upstream_broke_off")

    def test_stream_that_ends_without_its_end_mark(self):
        self.breaks_off(lambda connection: connection.sendall(STREAM_HEAD + chunk(event("a")) + b"0\r\n\r\n"),
                        "upstream_incomplete")

    def test_stream_that_stops(self):
        def answer(connection):
            connection.sendall(STREAM_HEAD + chunk(event("a")))
            time.sleep(2)
        self.breaks_off(answer, "upstream_broke_off", "upstream_timeout")

    def test_stream_without_end(self):
        def answer(connection):
            connection.sendall(STREAM_HEAD)
            while True:
                connection.sendall(chunk(event("x" * 1000)) * 50)
        self.breaks_off(answer, "upstream_too_large")

    def test_stream_of_comments_without_end(self):
        def answer(connection):
            connection.sendall(STREAM_HEAD)
            while True:
                connection.sendall(chunk(": still here\n\n"))
                time.sleep(0.2)
        self.breaks_off(answer, "upstream_broke_off", "upstream_timeout")

    def test_event_without_end(self):
        def answer(connection):
            connection.sendall(STREAM_HEAD + chunk("data: "))
            while True:
                connection.sendall(chunk("x" * 65536))
        self.breaks_off(answer, "upstream_broke_off")

    def test_comments_that_would_pass_for_a_receipt_say_nothing_when_they_arrive(self):
        forged = ': redoubt-receipt origin="test.example/log", index=0, leaf=:%s=:' % ("A" * 43)
        stream = (": still here\n\n" + forged + "\n\n" + event("a") + ":ReDouBt-Receipt x\r\n" + forged + "\r\r" +
                  forged + "\ndata: [DONE]\n\n")
        for size in (1, 7, len(stream)):  # of a piece
            def answer(connection):
                pieces = [stream[at:at + size] for at in range(0, len(stream), size)]
                connection.sendall(STREAM_HEAD + b"".join(chunk(piece) for piece in pieces) + b"0\r\n\r\n")
                return True
            type(self).answer = staticmethod(answer)
            status, fields, body = self.redoubt.chat(stream=True)
            self.assertEqual(status, 200)
            self.assertIn(b": still here\n\n", body)
            self.assertIn(event("a").encode(), body)
            self.assertEqual(body.lower().count(b"redoubt-"), 1, body)
            receipt = re.search(rb"[\r\n]: redoubt-receipt ([^\n]*)\n\ndata: \[DONE\]\n\n$", body)
            self.assertGreater(parse_receipt(receipt.group(1).decode())[1],
                               parse_receipt(fields["redoubt-receipt"])[1])
            self.expect("outcome", 200, "", "completed")

    def test_fields_of_ours_in_a_head_do_not_pass(self):
        forged = 'origin="test.example/log", index=0, leaf=:%s=:' % ("A" * 43)
        head = ("Redoubt-Receipt: %s\r\nREDOUBT-DECISION: deny\r\nRedoubt-Other: x\r\n" % forged).encode()
        for stream in (False, True):
            reply = STREAM_HEAD + chunk(event("a") + "data: [DONE]\n\n") + b"0\r\n\r\n" if stream else whole_reply()
            line, rest = reply.split(b"\r\n", 1)
            type(self).answer = staticmethod(lambda connection: connection.sendall(line + b"\r\n" + head + rest) or True)
            with self.connect() as connection:
                connection.send(self.post(b"Connection: close\r\n", body=self.stream if stream else CHAT))
                got = connection.rest().split(b"\r\n\r\n")[0].lower()
            self.assertEqual(got.count(b"redoubt-"), 2 if stream else 3, got)  # decision, receipt, of a whole reply commit
            self.assertIn(b"redoubt-decision: permit", got)
            self.assertNotIn(b"index=0,", got)
            self.expect("outcome", 200, "", "completed")

    def test_bytes_behind_a_whole_reply_are_not_taken_for_the_next_one(self):
        type(self).answer = staticmethod(
            lambda connection: connection.sendall(whole_reply() + whole_reply("smuggled")) or True)
        for _ in range(3):
            status, _, body = self.redoubt.chat()
            self.assertEqual(status, 200)
            self.assertNotIn(b"smuggled", body)
            self.expect("outcome", 200, "", "completed")

    def test_body_that_goes_on_behind_the_end_mark_delays_nobody_and_is_closed(self):
        closed = threading.Event()
        def answer(connection):
            connection.sendall(STREAM_HEAD + chunk(event("a")) + chunk("data: [DONE]\n\n"))
            try:
                while True:
                    connection.sendall(chunk("data: more\n\n"))
                    time.sleep(0.05)
            except OSError:
                closed.set()
        type(self).answer = staticmethod(answer)
        status, _, body = self.redoubt.chat(stream=True)
        self.assertFalse(closed.is_set())  # the caller had its end before reading on came to its own
        self.assertEqual(status, 200)
        self.assertNotIn(b"more", body)
        self.assertTrue(closed.wait(5))
        self.expect("outcome", 200, "", "completed")


class UpstreamConnections(BadInput):
    """Of a server that has had no other answers, whose connections may still wait for their ends."""

    upstream_settings = 'head_timeout = "10s"\nidle_timeout = "10s"\nmax_reply = "1MiB"\n'

    def test_streams_use_one_connection_after_the_other(self):
        peers = set()
        def answer(connection):
            peers.add(connection.getpeername())
            connection.sendall(STREAM_HEAD + chunk(event("a")) + chunk("data: [DONE]\n\n"))
            time.sleep(0.02)
            connection.sendall(b"0\r\n\r\n")
            return True
        type(self).answer = staticmethod(answer)
        for _ in range(20):
            status, _, body = self.redoubt.chat(stream=True)
            self.assertEqual(status, 200)
            self.assertTrue(body.endswith(b"data: [DONE]\n\n"))
            self.expect("outcome", 200, "", "completed")
            time.sleep(0.1)
        self.assertLessEqual(len(peers), 2)


class UpstreamRefuses(BadInput):
    """Nobody listens where the upstream should be."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.redoubt.stop()
        cls.leaves_seen = len(cls.redoubt.leaves())
        closed = socket.socket()
        closed.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        cls.closed = closed
        cls.redoubt.upstream = "http://127.0.0.1:%d" % closed.getsockname()[1]
        cls.redoubt.start()
        cls.redoubt.chat()
        time.sleep(0.5)
        cls.leaves_seen = len(cls.redoubt.leaves())

    @classmethod
    def tearDownClass(cls):
        cls.closed.close()
        super().tearDownClass()

    def good_request(self):
        self.assertEqual(self.redoubt.get("/readyz")[0], 200)

    def tearDown(self):
        self.good_request()
        self.check_records()
        self.check_resources()

    def test_refused_connection_is_502_with_a_record(self):
        for stream in (False, True):
            status, fields, body = self.redoubt.chat(stream=stream)
            self.assertEqual(status, 502)
            self.assert_openai_error(fields, body, "upstream_unavailable", "api_error")
            parse_receipt(fields["redoubt-receipt"])
            self.expect("outcome", 502, "upstream_unavailable", "upstream_failed")


class Flood(BadInput):
    """A flood of bad keys is counted by source and recorded together."""

    SECONDS = 4.0

    def ledger_bytes(self):
        """What the ledger holds, without the zeros ahead of a segment's end."""
        ledger = os.path.join(self.redoubt.dir, "ledger")
        total = 0
        for folder, _, names in os.walk(ledger):
            for name in names:
                if name.endswith(".seg"):
                    with open(os.path.join(folder, name), "rb") as file:
                        total += len(file.read().rstrip(b"\0"))
                else:
                    total += os.path.getsize(os.path.join(folder, name))
        return total

    def test_bad_keys_from_64_sources_grow_the_ledger_by_little(self):
        request = b"GET /v1/models HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer rdk_wrong\r\n\r\n"
        burst = 50
        sent = [0] * 4
        before = self.ledger_bytes()
        records_before = len(self.redoubt.leaves())
        started = time.monotonic()

        def flood(worker):
            connections = [RawConnection(self.redoubt.port, source="127.9.%d.%d" % (worker, i)) for i in range(1, 17)]
            while time.monotonic() - started < self.SECONDS:
                for connection in connections:
                    connection.socket.sendall(request * burst)
                for connection in connections:
                    for _ in range(burst):
                        if connection.reply()[0] != 401:
                            return
                    sent[worker] += burst
            for connection in connections:
                connection.socket.close()

        workers = [threading.Thread(target=flood, args=(worker,)) for worker in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        elapsed = time.monotonic() - started
        self.expected[denial(401, "invalid_api_key", "authentication")] += sum(sent)
        self.good_request()
        self.check_records()  # every one is counted, within some intervals
        total = time.monotonic() - started
        grown = self.ledger_bytes() - before
        made = [stage(json.loads(leaf)) for leaf in self.redoubt.leaves()[records_before:]]
        records = len(made)
        # At most the savings, and one record a second; the good request has two.
        self.assertLessEqual(records - made.count("fact"), 64 + total + 1 + 2)
        # That many come from one network is an alert of each rule that says so, however many there are.
        self.assertLessEqual(made.count("fact"), 16)
        hour = grown / records * (3600 + 64)
        print("\n%d denials in %.1f s (%.0f a second): %d records, %d bytes; an hour of it: at most %.1f MB" %
              (sum(sent), elapsed, sum(sent) / elapsed, records, grown, hour / 1e6))
        self.assertLess(hour, 10e6)
        self.assertGreater(sum(sent), 1000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
