"""Cases: a schema, entities, policies, templates with links, and requests, as tests/policy/README.md has them."""

import json
import random

import texts
from expressions import Expressions, quoted_action
from schema import BOOL, Schema, quoted

# Of types that JSON may leave implicit where a schema says what is meant.
IMPLICIT = 0.15


class CaseMaker:
    def __init__(self, rng, requests):
        self.rng, self.request_count = rng, requests
        self.wrong = rng.choice([0.0, 0.0, 0.05, 0.15, 0.4])
        self.schema = Schema(rng)
        self.entities = self._uids()
        # Whether values of entities and extension types may be written as a schema alone tells them apart.
        self.implicit = rng.random() < 0.3

    def _uids(self):
        rng, uids = self.rng, []
        for made in self.schema.types:
            ids = made.ids or rng.sample(texts.IDS, rng.randint(1, 4)) + ([rng.choice(texts.ODD_IDS)] if rng.random() < 0.2 else [])
            uids += [(made.name, text) for text in ids]
        return uids

    # ------------------------------------------------------------------------------------------- JSON values

    def _reference(self, uid):
        if self.implicit and self.rng.random() < IMPLICIT:
            return {"type": uid[0], "id": uid[1]}
        return {"__entity": {"type": uid[0], "id": uid[1]}}

    def value(self, given):
        rng = self.rng
        if rng.random() < self.wrong * 0.05:
            return rng.choice([True, 1, "a", [], {}, [1, "a"], {"a": 1}, None, 1.5, 2**63, -2**63 - 1, {"__extn": {"fn": "ip", "arg": "x"}},
                               {"__entity": {"type": "Nothing", "id": "x"}}, {"__expr": "1"}, {"__extn": {"fn": "decimal", "arg": 1}},
                               {"__extn": {"fn": "offset", "args": [{"fn": "datetime", "arg": "2024-02-29"}, {"fn": "duration", "arg": "1h"}]}}])
        kind = given[0]
        if kind == "Bool":
            return rng.random() < 0.5
        if kind == "Long":
            return rng.choice(texts.LONGS)
        if kind == "String":
            return rng.choice(texts.STRINGS)
        if kind == "Entity":
            known = [uid for uid in self.entities if uid[0] == given[1]]
            return self._reference(rng.choice(known) if known and rng.random() < 0.95 else (given[1], rng.choice(texts.IDS)))
        if kind == "Set":
            return [self.value(given[1]) for _ in range(rng.choice([0, 1, 2, 3]))]
        if kind == "Record":
            made = {name: self.value(inner) for name, inner, required in given[1]
                    if (required and rng.random() >= self.wrong * 0.05) or rng.random() < 0.5}
            if rng.random() < self.wrong * 0.1:
                made[rng.choice(texts.ATTRIBUTES + texts.ODD_ATTRIBUTES)] = rng.choice([1, "a", True])
            return made
        good, bad = texts.EXTENSIONS[given[1]]
        text = rng.choice(bad if rng.random() < self.wrong * 0.05 else good)
        function = "ip" if given[1] == "ipaddr" else given[1]
        if self.implicit and rng.random() < IMPLICIT:
            return rng.choice([text, {"fn": function, "arg": text}])
        return {"__extn": {"fn": function, "arg": text}}

    def entities_json(self):
        rng, made = self.rng, []
        for number, (kind, text) in enumerate(self.entities):
            declared = self.schema.entity_type(kind)
            if rng.random() < 0.08 or (declared.ids and rng.random() < 0.5):
                continue
            parents = [uid for uid in self.entities[:number] if uid[0] in declared.parents and rng.random() < 0.4]
            if rng.random() < self.wrong * 0.1:
                parents.append(rng.choice(self.entities))
            one = {"uid": self._reference((kind, text)) if rng.random() < 0.3 else {"type": kind, "id": text},
                   "attrs": self.value(declared.shape),
                   "parents": [self._reference(uid) if rng.random() < 0.3 else {"type": uid[0], "id": uid[1]} for uid in parents]}
            if declared.tags or rng.random() < self.wrong * 0.05:
                one["tags"] = {tag: self.value(declared.tags or BOOL) for tag in texts.TAGS if rng.random() < 0.4}
            made.append(one)
        if rng.random() < 0.3:
            made += [self._action_entity(action) for action in self.schema.actions]
        if made and rng.random() < self.wrong * 0.1:
            made.append(dict(rng.choice(made)))
        rng.shuffle(made)
        return self._json(made)

    def _action_entity(self, action):
        found, todo = [], list(action.parents)
        while todo:
            uid = todo.pop(0)
            if uid not in found:
                found.append(uid)
                todo += next(one for one in self.schema.actions if one.uid == uid).parents
        return {"uid": {"type": action.uid[0], "id": action.uid[1]}, "attrs": {},
                "parents": [{"type": uid[0], "id": uid[1]} for uid in found]}

    def _json(self, value):
        """The value's text, at times one that is not quite JSON, or repeats a key."""
        rng = self.rng
        text = json.dumps(value, ensure_ascii=rng.random() < 0.5)
        if rng.random() < self.wrong * 0.05:
            at = rng.randrange(len(text))
            text = rng.choice([text[:at], text[:at] + rng.choice(["{", ",", "\"", "0", "\\", "null", "1e400", "\\ud800"]) + text[at:], text + "]",
                               text.replace("}", ", \"a\": 1, \"a\": 2}", 1), text.replace("{", "{\"type\": \"User\", ", 1)])
        return text

    # ------------------------------------------------------------------------------------------- policies

    def _scope(self, variable, name, slot):
        """What the head says of principal or resource, whose type is `name` or not said."""
        rng = self.rng
        made = Expressions(rng, self.schema, self.entities, {}, self.wrong)
        declared = self.schema.entity_type(name)
        above = rng.choice(declared.parents) if declared.parents and rng.random() < 0.8 else name
        if rng.random() < self.wrong * 0.3:
            above = rng.choice(self.schema.types).name
        target = f"?{variable}" if slot else None
        shape = rng.choice(["==", "in", "is in"]) if slot else rng.choice(["", "", "==", "in", "is", "is", "is in"])
        return {"": variable, "==": f"{variable} == {target or made.uid(name)}", "in": f"{variable} in {target or made.uid(above)}",
                "is": f"{variable} is {name}", "is in": f"{variable} is {name} in {target or made.uid(above)}"}[shape]

    def _action_scope(self, action):
        rng = self.rng
        this = quoted_action(action)
        if rng.random() < 0.75:
            return rng.choice([f"action == {this}", f"action == {this}", f"action in {this}", f"action in [{this}]"])
        every = [quoted_action(one) for one in self.schema.actions]
        some = rng.sample(every, rng.randint(0 if rng.random() < self.wrong else 1, min(3, len(every))))
        unknown = f"action == Action::{quoted(rng.choice(texts.IDS))}"
        return rng.choice(["action", f"action in {rng.choice(every)}", f"action in [{', '.join(some)}]",
                           unknown if rng.random() < self.wrong else "action"])

    def policy(self, template=False):
        """Its text, and its slots with the type that fits each."""
        rng = self.rng
        action = rng.choice([one for one in self.schema.actions if one.principals and rng.random() < 0.97] or self.schema.actions)
        slots = {slot: None for slot in ("principal", "resource") if template and rng.random() < 0.6}
        if template and not slots:
            slots = {rng.choice(["principal", "resource"]): None}
        types, head = {"context": action.context}, {"action": self._action_scope(action)}
        for part, names in (("principal", action.principals), ("resource", action.resources)):
            name = rng.choice(names or [made.name for made in self.schema.types])
            types[part] = ("Entity", name)
            head[part] = self._scope(part, name, part in slots)
            # Well typed for one type only, if the action knows others.
            if head[part] == part and len(names) != 1 and rng.random() < 0.9:
                head[part] = f"{part} is {name}"
            if part in slots:
                declared = self.schema.entity_type(name)
                slots[part] = name if "==" in head[part] else rng.choice([name, *declared.parents])
        made = Expressions(rng, self.schema, self.entities, types, self.wrong)
        conditions = "".join(f"\n{rng.choice(['when', 'when', 'unless'])} {{ {made.put(made.of(BOOL, rng.choice([1, 2, 3, 4])), 0)} }}"
                             for _ in range(rng.choice([0, 1, 1, 1, 2, 3])))
        notes = ""
        if rng.random() < 0.2:
            notes = "".join(f"@{name}{rng.choice(['', '(' + quoted(rng.choice(texts.STRINGS)) + ')'])}\n"
                            for name in rng.sample(["id", "why", "if", "permit", "_", "redact"], rng.randint(1, 3)))
        comment = rng.choice(["", "", "", "// a comment: \"permit\"\n", "// 🏰\r\n"])
        effect = rng.choice(["permit", "permit", "forbid"])
        return f"{comment}{notes}{effect} ({head['principal']}, {head['action']}, {head['resource']}){conditions};", slots

    def mutated(self, text):
        rng = self.rng
        for _ in range(rng.choice([1, 1, 1, 2, 4])):
            at = rng.randrange(len(text) + 1)
            end = min(len(text), at + rng.choice([0, 1, 1, 3, 8]))
            text = text[:at] + rng.choice(["", "", rng.choice(texts.FRAGMENTS), text[at:end] * 2]) + text[end:]
        return text

    def links(self, templates):
        rng, made = self.rng, []
        for number in range(rng.randint(0, 4) if templates else 0):
            template, slots = rng.choice(templates)
            values = {}
            for slot, name in slots.items():
                fitting = [uid for uid in self.entities if uid[0] == name]
                kind, text = rng.choice(fitting if fitting and rng.random() >= self.wrong * 0.3 else self.entities)
                values[f"?{slot}"] = {"type": kind, "id": text}
            if rng.random() < self.wrong * 0.2:
                values.pop(f"?{rng.choice(list(slots))}")
            if rng.random() < self.wrong * 0.2:
                values[rng.choice(["?principal", "?resource"])] = {"type": "Nothing", "id": ""}
            name = rng.choice([f"link{number}", f"link{number}", "policy0", "link 🏰"]) if rng.random() < self.wrong else f"link{number}"
            made.append({"id": name, "template": "policy999" if rng.random() < self.wrong * 0.1 else template, "values": values})
        return made

    # ------------------------------------------------------------------------------------------- requests

    def request(self):
        rng = self.rng
        action = rng.choice([one for one in self.schema.actions if one.principals and rng.random() < 0.97] or self.schema.actions)

        def uid(names):
            known = [one for one in self.entities if one[0] in names]
            if known and rng.random() < 0.92:
                return rng.choice(known)
            return (rng.choice(names) if names and rng.random() < 0.5 else rng.choice(self.schema.types).name,
                    rng.choice(texts.IDS + texts.ODD_IDS))

        asked = action.uid if rng.random() < 0.97 else ("Action", rng.choice(texts.IDS))
        made = {"principal": uid(action.principals), "action": asked, "resource": uid(action.resources)}
        made = {part: {"type": kind, "id": text} for part, (kind, text) in made.items()}
        made["context"] = self._json(self.value(action.context))
        return made

    def make(self, number):
        rng = self.rng
        case = {"case": number, "wrong": self.wrong}
        if rng.random() < 0.3:
            case["schema_json"] = self.schema.json()
        else:
            case["schema"] = self.schema.cedar()
            if rng.random() < 0.06:
                case["schema"] = self.mutated(case["schema"])
        count = rng.choice([1, 2, 3, 4, 6, 8, 12]) if rng.random() < 0.97 else rng.randint(40, 150)
        policies, templates = [], []
        for index in range(count):
            text, slots = self.policy(template=rng.random() < 0.15)
            policies.append({"text": text, "template": bool(slots)})
            if slots:
                templates.append((f"policy{index}", slots))
        case["links"] = self.links(templates)
        case["policies"] = policies
        if rng.random() < 0.1:
            # One text, without templates: where a policy ends is for its readers to say.
            whole = "\n".join(policy["text"] for policy in policies if not policy["template"])
            case["policies"], case["links"] = [{"text": self.mutated(whole), "template": False}], []
            case["mutated"] = True
        case["entities"] = self.entities_json()
        case["requests"] = [self.request() for _ in range(self.request_count)]
        if rng.random() < 0.2:
            case["forms"] = True
        return case


def make_case(seed, number, requests=16):
    """Case `number` of a seed: the same always, whichever others are made."""
    return CaseMaker(random.Random(f"{seed}/{number}"), requests).make(number)
