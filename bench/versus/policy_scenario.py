"""The scenario of bench/versus/policy_cedar: an organisation whose users and agents use models, data sets and tools.

`write(folder, count)` makes the files of `count` teams' policies, and one more that every request meets:

  schema.cedarschema   the same whatever the count
  policies.cedar       count + 1 policies: each team's name its own users, agents and project, as a tenant's do
  entities.json        all entities
  requests.jsonl       one request a line: principal, action, resource, context; `entities` holds those it concerns

Nothing in it is random, and requests go round the first, the last and eighteen teams between them. By itself:
python3 policy_scenario.py FOLDER COUNT.
"""

import json
import sys
from pathlib import Path

SCHEMA = """\
entity Organisation;
entity Team in [Organisation] { contractors: Bool };
entity User in [Team] { clearance: Long, department: String };
entity Agent in [Team] { owner: User, attested: Bool, network: ipaddr };
entity Project in [Organisation];
entity Model in [Project] { tier: Long, labels: Set<String> };
entity DataSet in [Project] { tier: Long, labels: Set<String>, owner: User };
entity Tool in [Project] { tier: Long, writes: Bool };
type Context = { mfa: Bool, purpose: String, source: ipaddr, cost?: decimal };
action use;
action invoke in [use] appliesTo { principal: [User, Agent], resource: Model, context: Context };
action read in [use] appliesTo { principal: [User, Agent], resource: DataSet, context: Context };
action call in [use] appliesTo { principal: [User, Agent], resource: Tool, context: Context };
"""

# Met by every request: nothing of tier 4 without a second factor.
GENERAL = """\
@id("tier four needs a second factor")
forbid (principal, action, resource)
when { resource.tier > 3 }
unless { context.mfa };
"""

# Team number i has the policy of the kind i modulo five.
KINDS = (
    """\
permit (principal in Team::"{t}", action == Action::"invoke", resource in Project::"{t}")
when {{ principal is User && principal.clearance >= resource.tier }};
""",
    """\
permit (principal in Team::"{t}", action == Action::"read", resource is DataSet in Project::"{t}")
when {{ context.purpose == "research" && !resource.labels.containsAny(["restricted", "legal-hold"]) }};
""",
    """\
permit (principal is Agent in Team::"{t}", action == Action::"call", resource in Project::"{t}")
when {{ principal.attested && context.source.isInRange(principal.network) }}
unless {{ resource.writes && !context.mfa }};
""",
    """\
permit (principal == User::"{t}-u0", action in Action::"use", resource in Project::"{t}");
""",
    """\
forbid (principal in Team::"{t}", action in [Action::"read", Action::"invoke"], resource in Project::"{t}")
when {{ context has cost && context.cost.greaterThan(decimal("2.5000")) }};
""",
)
USERS, MODELS = 3, 2
TEAMS_ASKED = 20


def uid(kind, name):
    return {"type": kind, "id": name}


def reference(kind, name):
    return {"__entity": uid(kind, name)}


def ip(text):
    return {"__extn": {"fn": "ip", "arg": text}}


def entity(kind, name, parents, **attributes):
    return {"uid": uid(kind, name), "parents": parents, "attrs": attributes}


def team_entities(i):
    """All that belongs to team number i."""
    t = f"t{i}"
    team, project = uid("Team", t), uid("Project", t)
    labels = ["internal", f"unit-{i % 7}"] + (["restricted"] if i % 4 == 1 else [])
    owner = reference("User", f"{t}-u0")
    made = [entity("Team", t, [uid("Organisation", "o")], contractors=i % 3 == 0),
            entity("Project", t, [uid("Organisation", "o")]),
            entity("Agent", f"{t}-a", [team], owner=owner, attested=i % 5 != 4, network=ip(f"10.{i % 256}.0.0/16")),
            entity("DataSet", f"{t}-d", [project], tier=i % 5, labels=labels, owner=owner),
            entity("Tool", f"{t}-x", [project], tier=i % 3, writes=i % 2 == 0)]
    made += [entity("User", f"{t}-u{k}", [team], clearance=(i + k) % 5, department=f"unit-{i % 7}")
             for k in range(USERS)]
    made += [entity("Model", f"{t}-m{k}", [project], tier=(i + 2 * k) % 5, labels=labels) for k in range(MODELS)]
    return made


COMMON = [entity("Organisation", "o", [])]
ACTIONS = [entity("Action", "use", [])] + [entity("Action", name, [uid("Action", "use")])
                                           for name in ("invoke", "read", "call")]


def requests_of(i, count):
    """Requests within team number i and, as the last, one on the next team's project."""
    t, other = f"t{i}", f"t{(i + 1) % count}"
    context = {"mfa": i % 2 == 0, "purpose": "research", "source": ip(f"10.{i % 256}.3.4")}
    asked = [
        ("User", "u0", "invoke", "Model", f"{t}-m0", context),
        ("User", "u1", "invoke", "Model", f"{t}-m1", context),
        ("User", "u2", "read", "DataSet", f"{t}-d", context),
        ("User", "u0", "read", "DataSet", f"{t}-d", {**context, "cost": {"__extn": {"fn": "decimal", "arg": "3.25"}}}),
        ("Agent", "a", "call", "Tool", f"{t}-x", context),
        ("Agent", "a", "call", "Tool", f"{t}-x", {**context, "source": ip("192.0.2.7")}),
        ("User", "u0", "call", "Tool", f"{t}-x", context),
        ("User", "u1", "invoke", "Model", f"{other}-m0", context),
    ]
    for kind, name, action, resource_kind, resource, given in asked:
        yield {"principal": uid(kind, f"{t}-{name}"), "action": uid("Action", action),
               "resource": uid(resource_kind, resource), "context": given}


def concerned(request, by_uid):
    """The principal, the resource, and all that they are in: what an application would send along."""
    found, todo = {}, [request["principal"], request["resource"]]
    while todo:
        key = (todo[-1]["type"], todo.pop()["id"])
        if key not in found:
            found[key] = by_uid[key]
            todo += by_uid[key]["parents"]
    return [*ACTIONS, *found.values()]


def write(folder, count):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "schema.cedarschema").write_text(SCHEMA)
    policies = [KINDS[i % len(KINDS)].format(t=f"t{i}") for i in range(count)] + [GENERAL]
    (folder / "policies.cedar").write_text("\n".join(policies))
    entities = COMMON + ACTIONS + [made for i in range(count) for made in team_entities(i)]
    (folder / "entities.json").write_text(json.dumps(entities))
    by_uid = {(e["uid"]["type"], e["uid"]["id"]): e for e in entities}
    teams = sorted({k * (count - 1) // (TEAMS_ASKED - 1) for k in range(TEAMS_ASKED)})
    with open(folder / "requests.jsonl", "w") as out:
        for i in teams:
            for request in requests_of(i, count):
                out.write(json.dumps({**request, "entities": concerned(request, by_uid)}) + "\n")


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]))
