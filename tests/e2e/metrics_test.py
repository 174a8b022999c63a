"""`/metrics` of a running server: what it counts is what happened, and who may read it."""

import os
import re
import shutil
import subprocess
import sys
import unittest

from harness import Redoubt, Upstream, parse_receipt, wait_for, whole_reply

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")
KINDS = {"counter", "gauge", "histogram"}


def parse(text):
    """The samples of a page in Prometheus' text format 0.0.4, by name and labels. Strict: whatever that format does not
    allow, or its conventions, is an AssertionError."""
    samples, kinds, helped, family = {}, {}, set(), None
    assert text.endswith("\n"), "the last line has no end"
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
            assert re.fullmatch(NAME, family) and family not in helped and line.split(" ", 3)[3], line
            helped.add(family)
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == family and name not in kinds and kind in KINDS, line
            kinds[name] = kind
            continue
        match = SAMPLE.fullmatch(line)
        assert match, "not a sample: " + line
        name, labels = match.group(1), tuple(sorted(re.findall(LABEL, match.group(2) or "")))
        assert len({key for key, _ in labels}) == len(labels), "a label twice: " + line
        kind = kinds[family]
        suffixes = {"histogram": ("_bucket", "_sum", "_count")}.get(kind, ("",))
        assert name in [family + suffix for suffix in suffixes], f"{line} under {family}"
        assert (kind == "counter") == family.endswith("_total"), "a counter, and it alone, ends in _total: " + family
        assert (name, labels) not in samples, "twice: " + line
        samples[name, labels] = float(match.groups()[-1])
    for name, kind in kinds.items():
        if kind == "histogram":
            check_histogram(name, samples)
    assert set(kinds) == helped
    return samples


def check_histogram(name, samples):
    series = {}
    for (sample, labels), value in samples.items():
        if sample == name + "_bucket":
            rest = tuple(label for label in labels if label[0] != "le")
            series.setdefault(rest, []).append((float(dict(labels)["le"]), value))
    assert series, "a histogram without buckets: " + name
    for labels, buckets in series.items():
        assert buckets == sorted(buckets), "bounds and counts ascend: " + name
        assert [count for _, count in buckets] == sorted(count for _, count in buckets), name
        assert buckets[-1] == (float("inf"), samples[name + "_count", labels]), name
        assert (name + "_sum", labels) in samples


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream(lambda _, connection: connection.sendall(whole_reply()) or True)
        # Denials counted together are recorded at the end, so that no test finds those of another.
        cls.redoubt = Redoubt(cls.upstream.url, settings='denial_interval = "1h"\n', tenants=("clinic",),
                              applications=("nurse:callers:clinic", "clinic-auditor:auditors:clinic"))
        cls.redoubt.configure("threads = 1\n", "threads = 2\n")
        cls.redoubt.configure('name = "clinic"\n', 'name = "clinic"\nquota = "1MiB"\n')
        cls.tenant_key, cls.tenant_auditor = cls.redoubt.keys["nurse"], cls.redoubt.keys["clinic-auditor"]
        cls.redoubt.start()
        assert cls.redoubt.chat()[0] == 200
        wait_for(lambda: cls.redoubt.get("/ledger/checkpoint")[0] == 200)

    @classmethod
    def tearDownClass(cls):
        try:
            cls.redoubt.stop()
        finally:
            cls.redoubt.remove()
            cls.upstream.close()

    def page(self):
        status, fields, body = self.redoubt.get("/metrics", key=self.redoubt.auditor)
        self.assertEqual(status, 200, body)
        self.assertEqual(fields["content-type"], "text/plain; version=0.0.4; charset=utf-8")
        return body.decode()

    def value(self, samples, name, **labels):
        return samples.get((name, tuple(sorted(labels.items()))), 0)

    def grown(self, before, after, name, **labels):
        return self.value(after, name, **labels) - self.value(before, name, **labels)

    def test_requests_are_counted_exactly(self):
        before = parse(self.page())
        for _ in range(7):
            self.assertEqual(self.redoubt.chat()[0], 200)
        for _ in range(3):
            self.assertEqual(self.redoubt.chat(key="rdk_" + "A" * 43)[0], 401)
        self.assertEqual(self.redoubt.request("POST", "/v1/chat/completions", body="{", key=self.redoubt.key)[0], 400)
        self.assertEqual(self.redoubt.get("/ledger/checkpoint")[0], 200)
        after = parse(self.page())
        requests = "redoubt_http_requests_total"
        chat = "chat.completions"
        self.assertEqual(self.grown(before, after, requests, route=chat, decision="permit", code="2xx"), 7)
        self.assertEqual(self.grown(before, after, requests, route=chat, decision="deny", code="4xx"), 4)
        self.assertEqual(self.grown(before, after, requests, route="ledger", decision="none", code="2xx"), 1)
        # The first page was counted after it was made.
        self.assertEqual(self.grown(before, after, requests, route="metrics", decision="none", code="2xx"), 1)
        self.assertEqual(self.grown(before, after, "redoubt_admissions_total"), 7)
        self.assertEqual(self.grown(before, after, "redoubt_outcomes_total", finish="completed"), 7)
        self.assertEqual(self.grown(before, after, "redoubt_upstream_duration_seconds_count"), 7)
        self.assertEqual(self.grown(before, after, "redoubt_denials_total", reason="authentication"), 3)
        self.assertEqual(self.grown(before, after, "redoubt_denials_total", reason="malformed"), 1)
        self.assertEqual(self.grown(before, after, "redoubt_http_reply_body_bytes_total") > 7 * 100, True)
        self.assertEqual(self.value(after, "redoubt_cores"), 2)
        self.assertEqual(self.value(after, "redoubt_ready"), 1)
        self.assertEqual(self.value(after, "redoubt_exchanges_open"), 0)
        self.assertGreaterEqual(self.value(after, "redoubt_http_requests_in_flight"), 1)

    def test_what_the_keeper_counts_arrives_and_is_what_is_in_the_ledger(self):
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(self.redoubt.chat(key=self.tenant_key)[0], 200)

        def settled():
            samples = parse(self.page())
            logs = [self.value(samples, "redoubt_ledger_log_entries", log=log) for log in ("system", "clinic")]
            published = [self.value(samples, "redoubt_ledger_log_published_entries", log=log)
                         for log in ("system", "clinic")]
            ages = [self.value(samples, "redoubt_ledger_checkpoint_age_seconds", log=log) for log in ("system", "clinic")]
            return logs[1] >= 2 and logs == published and ages == [0, 0] and samples

        samples = wait_for(settled)
        status, _, checkpoint = self.redoubt.get("/ledger/checkpoint")
        self.assertEqual(status, 200)
        self.assertEqual(self.value(samples, "redoubt_ledger_log_entries", log="system"),
                         int(checkpoint.split(b"\n")[1]))
        # The first fact was there when the keeper started.
        self.assertEqual(self.value(samples, "redoubt_ledger_entries_total") + 1,
                         sum(self.value(samples, "redoubt_ledger_log_entries", log=log) for log in ("system", "clinic")))
        commits = self.value(samples, "redoubt_ledger_commits_total")
        self.assertEqual(self.value(samples, "redoubt_ledger_commit_duration_seconds_count"), commits)
        self.assertEqual(self.value(samples, "redoubt_ledger_sync_duration_seconds_count"), commits)
        self.assertLessEqual(self.value(samples, "redoubt_ledger_sync_duration_seconds_sum"),
                             self.value(samples, "redoubt_ledger_commit_duration_seconds_sum"))
        self.assertEqual(self.value(samples, "redoubt_ledger_batch_entries_sum"),
                         self.value(samples, "redoubt_ledger_entries_total"))
        self.assertEqual(self.value(samples, "redoubt_ledger_log_quota_bytes", log="clinic"), 1024 * 1024)
        self.assertGreater(self.value(samples, "redoubt_ledger_room_bytes"),
                           self.value(samples, "redoubt_ledger_room_reserve_bytes"))
        self.assertEqual(self.value(samples, "redoubt_ledger_full"), 0)

    def test_only_an_auditor_of_no_tenant_reads_them_and_refusals_are_recorded(self):
        log, clinic = "test.example/log", "test.example/log/t/clinic"
        for key, expected, recorded_in in (
                (None, 401, None), ("rdk_" + "B" * 43, 401, None), (self.redoubt.key, 403, log),
                (self.tenant_key, 403, clinic), (self.tenant_auditor, 403, clinic)):
            status, fields, body = self.redoubt.get("/metrics", key=key)
            self.assertEqual(status, expected)
            self.assertEqual(fields["content-type"], "application/problem+json")
            self.assertNotIn(b"redoubt_", body)
            # A receipt is given for a record that is durable. Those of strangers are counted together.
            self.assertEqual("redoubt-receipt" in fields, recorded_in is not None)
            if recorded_in is not None:
                self.assertEqual(parse_receipt(fields["redoubt-receipt"])[0], recorded_in)
        self.assertEqual(self.redoubt.request("POST", "/metrics", key=self.redoubt.auditor)[0], 405)

    def test_scrapes_are_not_recorded(self):
        def entries():
            size = int(self.redoubt.get("/ledger/checkpoint")[2].split(b"\n")[1])
            return size if size == self.value(parse(self.page()), "redoubt_ledger_log_entries", log="system") else None

        before = wait_for(entries)
        for _ in range(20):
            self.page()
        self.assertEqual(self.redoubt.chat()[0], 200)
        self.assertEqual(wait_for(lambda: (after := entries()) and after > before and after), before + 2)

    def test_promtool_finds_nothing_to_complain_of(self):
        promtool = shutil.which("promtool")
        if promtool is None:
            self.skipTest("promtool (Debian: prometheus) is not installed; the parser above has had its say")
        checked = subprocess.run([promtool, "check", "metrics"], input=self.page(), capture_output=True, text=True)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))
        rules = os.path.join(os.path.dirname(__file__), "../../docs/operating/redoubt-alerts.yml")
        checked = subprocess.run([promtool, "check", "rules", rules], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_every_metric_and_every_alert_is_documented(self):
        folder = os.path.join(os.path.dirname(__file__), "../../docs/operating")
        with open(os.path.join(folder, "metrics.md")) as file:
            documented = set(re.findall(r"^\| `(redoubt_[a-z_]+)", file.read(), re.M))
        page = self.page()
        shown = {name: kind for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", page, re.M)}
        self.assertEqual(documented, set(shown))
        with open(os.path.join(folder, "redoubt-alerts.yml")) as file:
            used = set(re.findall(r"\bredoubt_[a-z_]+", re.sub(r"#.*", "", file.read())))
        series = set(shown) | {name + suffix for name, kind in shown.items() if kind == "histogram"
                               for suffix in ("_bucket", "_sum", "_count")}
        self.assertEqual(used - series, set())
        self.assertTrue(used)


class Parser(unittest.TestCase):
    """The parser above refuses what it should: otherwise it proves nothing."""

    def test_what_is_not_the_format_is_refused(self):
        good = "# HELP a_total A.\n# TYPE a_total counter\na_total{x=\"1\"} 2\n"
        self.assertEqual(parse(good), {("a_total", (("x", "1"),)): 2.0})
        for bad in (good[:-1], good.replace("counter", "gauge"), good.replace("# HELP a_total A.\n", ""),
                    good.replace('"1"', '"1'), good.replace('"1"', '"\\x"'), good + 'a_total{x="1"} 3\n',
                    good.replace(" 2", "  2"), good.replace(" 2", ""), good + "b 1\n",
                    good.replace('x="1"', 'x="1",x="2"'), good + "\n"):
            with self.assertRaises((AssertionError, KeyError, ValueError), msg=bad):
                parse(bad)

    def test_a_histogram_that_does_not_add_up_is_refused(self):
        good = ("# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 4\nh_count 3\n")
        parse(good)
        for bad in (good.replace("} 2", "} 4"), good.replace("h_count 3", "h_count 4"),
                    good.replace("h_sum 4\n", ""), good.replace('le="+Inf"', 'le="0.5"')):
            with self.assertRaises(AssertionError, msg=bad):
                parse(bad)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
