"""Replies that wait for a checkpoint which comes too late."""

import unittest

import faults
from faults import SLOW, error_code
from harness import STARTED, STREAM_HEAD, chunk, event, parse_receipt, stage, whole_reply


class SlowPublication(faults.Case):
    """Each sync takes longer than replies wait for their level, and a publication needs several."""

    def start(self):
        self.redoubt.configure("", '\n[commit]\ntimeout = "200ms"\n\n'
                               '[[commit.route]]\noperation = "chat.completions"\nlevel = "published"\n')
        super().start()
        self.keeper.sync(SLOW, 400)

    def answer(self, request, connection):
        if '"stream": true' in request:
            connection.sendall(STREAM_HEAD + chunk(event("hello")) + chunk("data: [DONE]\n\n") + b"0\r\n\r\n")
        else:
            connection.sendall(whole_reply())
        return True

    def withheld(self, outcome_index, code):
        """The records: what the reply was to be, and that it was not."""
        self.keeper.stop()
        self.assertEqual(self.redoubt.stop(), 0)
        records = self.redoubt.records()
        self.assertEqual([stage(r) for r in records], ["admission", "outcome", "denial"])
        self.assertEqual(outcome_index, STARTED + 1)
        self.assertEqual(len({r["metadata"]["correlation_uid"] for r in records}), 1)
        self.assertEqual(len({r["metadata"]["uid"] for r in records}), 3)
        self.assertEqual(records[1]["http_response"]["code"], 200)
        response = records[2]["api"]["response"]
        self.assertEqual((response["error"], response.get("code")), ("commit_level_not_reached", code))
        self.assertEqual(records[2]["status_detail"], "unavailable")

    def test_a_whole_reply_is_withheld_and_the_ledger_says_so(self):
        reply = self.redoubt.chat(timeout=20)
        status, fields, body = reply
        self.assertEqual((status, error_code(reply)), (503, "commit_level_not_reached"))
        self.assertEqual((fields["redoubt-commit"], fields["retry-after"]), ("durable", "1"))
        self.assertNotIn(b"hello", body)
        self.withheld(parse_receipt(fields["redoubt-receipt"])[1], 503)

    def test_a_stream_ends_without_its_end_mark_and_the_ledger_says_so(self):
        data = b""
        with self.redoubt.open_stream() as connection:
            connection.settimeout(20)
            while piece := connection.recv(65536):
                data += piece
        self.assertIn(event("hello").encode(), data)
        self.assertNotIn(b"[DONE]", data)
        self.assertFalse(data.endswith(b"0\r\n\r\n"))
        self.withheld(STARTED + 1, None)

    def test_replies_that_do_not_wait_go_out(self):
        self.assertEqual(self.redoubt.get("/v1/models", key=self.redoubt.key)[0], 200)


if __name__ == "__main__":
    unittest.main()
