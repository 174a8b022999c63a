"""The scenario of bench/versus/behaviour_rsigma: rules over an AI gateway's records.

`write(folder)` makes rules.yml, 100 detections, events.jsonl, 1,000 records of about 1.6 KB, and correlation.yml, one rule
and one count of its matches. Nothing in it is random. By itself: python3 behaviour_scenario.py FOLDER.
"""

import json
import sys
from pathlib import Path

RULES = 100
EVENTS = 1_000
TOOLS = ("shell", "browser", "mail.send", "files.read", "files.write", "sql.query", "http.get", "calendar", "payments", "search")
MODELS = ("gpt-4o", "claude-opus-4", "llama-3.3-70b", "mixtral-8x22b", "embedding-3-large", "whisper-2")
OPERATIONS = ("chat.completions", "embeddings", "messages", "tools/call", "responses", "infer")
KINDS = ("credit_card", "us_ssn", "email", "api_key", "prompt_injection", "iban")


def detection(number):
    """What a rule looks for: ten forms by turns, each with values of its own."""
    n = number // 10
    forms = (
        {"actor.user.uid": f"user-{n * 7}", "status_id": 2},
        {"api.operation": OPERATIONS[n % 6], "ai_model.name|contains": [MODELS[n % 6][:5], f"model-{n}"], "status_id": 2},
        {"unmapped.redoubt.matches.kind": [KINDS[n % 6], f"kind_{n}"], "unmapped.redoubt.matches.count|gte": 5 + n},
        {"http_request.url.path|startswith": f"/v{n}/", "http_request.http_method": "POST"},
        {"src_endpoint.ip|cidr": [f"10.{n}.0.0/16", f"2001:db8:{n:x}::/48"], "severity_id|gte": 4},
        {"unmapped.redoubt.tools|endswith": [TOOLS[n % 10][-4:], f"tool{n}"], "status_detail|contains": f"reason {n}"},
        {"authorizations.policy.uid|contains": [f"tier-{n}", f"break-glass-{n}"]},
        {"message_context.completion_tokens|gt": 90_000 + n, "ai_model.ai_provider": f"provider-{n % 4}"},
        {"status_detail|re": f"(timeout|aborted) after {n}[0-9]+ ms", "duration|gt": 1000},
        {"metadata.tenant_uid": f"tenant-{n}", "http_response.code": [429, 500 + n], "count|exists": True},
    )
    return forms[number % 10]


def rule(number):
    lines = [f"title: rule {number}", f"id: 00000000-0000-4000-8000-{number:012d}", "status: test",
             "logsource:", "    category: ai_request", "    product: redoubt", "detection:", "    selection:"]
    for key, value in detection(number).items():
        lines.append(f"        {key}: {json.dumps(value)}")
    if number % 4 == 0:
        lines += ["    filter:", f"        actor.user.uid|endswith: '-service-{number}'"]
    lines.append("    condition: selection" + (" and not filter" if number % 4 == 0 else ""))
    lines.append("level: medium")
    return "\n".join(lines) + "\n"


def event(number):
    matches = [{"kind": KINDS[(number + i) % 6], "count": (number * 7 + i) % 9, "action": "flag"} for i in range(number % 3)]
    failed = number % 9 == 0
    return {
        "category_uid": 6, "category_name": "Application Activity", "class_uid": 6003, "class_name": "API Activity",
        "activity_id": 1, "activity_name": "Create", "type_uid": 600301, "type_name": "API Activity: Create",
        "severity_id": 1 + number % 5, "status_id": 2 if failed else 1, "status": "Failure" if failed else "Success",
        "status_detail": f"aborted after {number} ms" if number % 50 == 0 else "completed",
        "time": 1_767_225_600_000 + number * 37, "duration": number * 13 % 4000,
        "metadata": {"version": "1.8.0", "profiles": ["ai_operation", "security_control", "datetime"],
                     "product": {"name": "Redoubt", "vendor_name": "Redoubt", "version": "0.1.0"},
                     "event_code": "outcome", "uid": f"0192f3c8-7a41-7d20-9c3e-{number:012x}.outcome",
                     "correlation_uid": f"0192f3c8-7a41-7d20-9c3e-{number:012x}",
                     "log_name": f"gateway.example/ledger/t/tenant-{number % 40}", "tenant_uid": f"tenant-{number % 40}"},
        "actor": {"user": {"uid": f"user-{number % 97}", "name": f"Person {number % 97}", "type_id": 1,
                           "credential_uid": f"key-{number % 131}"}, "app_name": "assistant"},
        "src_endpoint": {"ip": f"10.{number % 60}.{number % 250}.{number % 199}", "name": "withheld"},
        "dst_endpoint": {"svc_name": f"upstream-{number % 5}"},
        "api": {"operation": OPERATIONS[number % 6], "service": {"name": f"upstream-{number % 5}"},
                "request": {"uid": f"req-{number:08d}"}, "response": {"code": 500 if failed else 200}},
        "http_request": {"http_method": "POST", "url": {"path": f"/v{number % 14}/chat/completions"},
                         "body_length": 300 + number * 17 % 9000},
        "http_response": {"code": 429 if number % 31 == 0 else 200, "body_length": number * 29 % 20_000},
        "ai_model": {"name": MODELS[number % 6], "ai_provider": f"provider-{number % 4}"},
        "message_context": {"service": {"name": "chat"}, "prompt_tokens": number % 3000,
                            "completion_tokens": number * 3 % 2000, "total_tokens": number % 3000 + number * 3 % 2000},
        "action_id": 1, "disposition_id": 1,
        "authorizations": [{"decision": "allow", "policy": {"name": "cedar", "uid": f"policy-tier-{number % 30}",
                                                            "version": "3f8a1c"}}],
        "unmapped": {"redoubt": {"format": 1, "stage": "outcome", "stream": number % 2 == 0, "matches": matches,
                                 "tools": [TOOLS[number % 10], TOOLS[(number + 3) % 10]],
                                 "inspected": {"scanned": number * 31 % 9000, "released": number * 31 % 9000, "withheld": 0},
                                 "admission_index": number * 2}},
    }


CORRELATION = """\
title: an event
name: an_event
logsource:
    category: test
detection:
    selection:
        kind: a
    condition: selection
---
title: many events
correlation:
    type: event_count
    rules:
        - an_event
    group-by:
        - user
    timespan: 5m
    condition:
        gte: 10
"""


def write(folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rules.yml").write_text("---\n".join(rule(number) for number in range(RULES)))
    (folder / "events.jsonl").write_text(
        "".join(json.dumps(event(number), separators=(",", ":")) + "\n" for number in range(EVENTS)))
    (folder / "correlation.yml").write_text(CORRELATION)


if __name__ == "__main__":
    write(sys.argv[1])
