#!/usr/bin/env python3
"""How long after its commit a record's signals are written, in a server under load.

    REDOUBT_BIN=build/release/bin python3 bench/behaviour_latency.py --rounds 5 --seconds 5 --clients 8

Clients send chats as fast as they are answered, one in ten to a model that they may not use. Each round's figures are
those of `redoubt behaviour status` (its last 1,024 commits), of the histogram in /metrics (docs/operating/metrics.md) and
of the clients; the last line has the median of the rounds.

With --priority rounds go by turns: the thread that watches as it is, and behind those that answer (which needs the right
to raise it again), so that one sees what stepping back costs and saves.
"""
import argparse
import os
import re
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "e2e"))
from harness import Redoubt, Upstream, whole_reply  # noqa: E402

POLICIES = """
permit (principal in Group::"administrators", action in Action::"manage", resource);
permit (principal, action == Action::"invoke", resource == Model::"small");
permit (principal, action == Action::"release", resource);
permit (principal, action == Action::"readMetrics", resource);
"""
METRIC = "redoubt_behaviour_signal_duration_seconds"
NICE = 10  # of a thread that steps back


def is_ours(process):
    """Whether this script started it, or what it started did."""
    while process > 1:
        if process == os.getpid():
            return True
        with open("/proc/%d/status" % process) as file:
            process = int(re.search(r"^PPid:\t(\d+)$", file.read(), re.M).group(1))
    return False


def threads_named(name):
    """Ids of threads of this name, of what this script started."""
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            if not is_ours(int(process)):
                continue
            for thread in os.listdir("/proc/%s/task" % process):
                with open("/proc/%s/task/%s/comm" % (process, thread)) as file:
                    if file.read().strip() == name:
                        found.append(int(thread))
        except OSError:
            continue  # it has ended
    return found


def set_priority(threads, as_it_is):
    for thread in threads:
        os.sched_setscheduler(thread, os.SCHED_OTHER if as_it_is else os.SCHED_BATCH, os.sched_param(0))
        os.setpriority(os.PRIO_PROCESS, thread, 0 if as_it_is else NICE)


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, len(values) * part // 100)]


class Load:
    def __init__(self, redoubt, clients):
        self.redoubt = redoubt
        self.clients = clients

    def buckets(self):
        page = self.redoubt.get("/metrics", key=self.redoubt.auditor)[2].decode()
        found = re.findall(r'^%s_bucket\{le="([^"]+)"\} (\d+)$' % METRIC, page, re.M)
        return [(float(bound) * 1000, int(count)) for bound, count in found]

    def work(self, end, times):
        while time.monotonic() < end:
            began = time.monotonic()
            self.redoubt.chat("hello", model="not-there" if len(times) % 10 == 9 else "small")
            times.append((time.monotonic() - began) * 1000)

    def round(self, seconds):
        before = self.buckets()
        end = time.monotonic() + seconds
        times = [[] for _ in range(self.clients)]
        threads = [threading.Thread(target=self.work, args=(end, own)) for own in times]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        _, _, status = self.redoubt.admin("GET", "/behaviour")
        counts = [(bound, count - earlier) for (bound, count), (_, earlier) in zip(self.buckets(), before)]
        commits = counts[-1][1]
        asked = [each for own in times for each in own]
        return {"requests_per_s": len(asked) / seconds,
                "request_p50_ms": percentile(asked, 50),
                "request_p99_ms": percentile(asked, 99),
                "commits": commits,
                "signal_p50_at_most_ms": next(bound for bound, count in counts if count >= commits * 0.5),
                "signal_p99_at_most_ms": next(bound for bound, count in counts if count >= commits * 0.99),
                "signal_p99_ms": status["p99_ms"]}


def say(name, figures):
    print(name, " ".join("%s=%.1f" % figure for figure in figures.items()), flush=True)


def median_of(rounds):
    return {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="of a round")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--priority", action="store_true", help="by turns with and without stepping back")
    options = parser.parse_args()

    def answer(_request, connection):
        connection.sendall(whole_reply("hello"))
        return True

    upstream = Upstream(answer)
    redoubt = Redoubt(upstream.url)
    as_it_is, behind = [], []
    try:
        with open(os.path.join(redoubt.dir, "policies", "default.cedar"), "w") as file:
            file.write(POLICIES)
        redoubt.start()
        load = Load(redoubt, options.clients)
        load.round(1)  # until everything is warm
        own = threads_named("behaviour")
        for number in range(options.rounds):
            if options.priority:
                set_priority(own, False)
                behind.append(load.round(options.seconds))
                say("behind %d" % number, behind[-1])
                set_priority(own, True)
            as_it_is.append(load.round(options.seconds))
            say("round %d" % number, as_it_is[-1])
    finally:
        redoubt.remove()
        upstream.close()
    if behind:
        say("median_behind", median_of(behind))
    say("median", median_of(as_it_is))


if __name__ == "__main__":
    main()
