"""Schemas: made at random, written in Cedar's own syntax and as JSON."""

import json

import texts

BOOL, LONG, STRING = ("Bool",), ("Long",), ("String",)
EXTENSIONS = [("Extension", name) for name in ("decimal", "ipaddr", "datetime", "duration")]
# Types are tuples: also ("Entity", name), ("Set", type), ("Record", ((attribute, type, required), …)).


def entity(name):
    return ("Entity", name)


def is_identifier(text):
    return (text.isascii() and text.isidentifier()
            and text not in ("true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"))


def quoted(text):
    """As a Cedar string literal."""
    out = []
    for c in text:
        if c in "\"\\":
            out.append("\\" + c)
        elif ord(c) < 32 or c in "\x7f\u202e\u00a0\ufeff":
            out.append({"\n": "\\n", "\0": "\\0", "\t": "\\t", "\r": "\\r"}.get(c, f"\\u{{{ord(c):x}}}"))
        else:
            out.append(c)
    return '"' + "".join(out) + '"'


class EntityType:
    def __init__(self, name):
        self.name = name
        self.parents = []
        self.shape = ("Record", ())
        self.tags = None
        self.ids = None  # of an enumerated one


class Action:
    def __init__(self, namespace, name):
        self.namespace, self.id = namespace, name
        self.parents = []
        self.principals, self.resources = [], []
        self.context = ("Record", ())

    @property
    def uid(self):
        return (f"{self.namespace}::Action" if self.namespace else "Action", self.id)


class Schema:
    """Names are whole throughout; `commons` has the types that have one of their own."""

    def __init__(self, rng):
        self.rng = rng
        self.namespaces = [""] if rng.random() < 0.5 else [rng.choice(texts.NAMESPACES)]
        if rng.random() < 0.25:
            self.namespaces = ["", rng.choice(texts.NAMESPACES)]
        names = rng.sample(texts.PLAIN_NAMES, rng.randint(2, 5))
        if rng.random() < 0.15:
            names[0] = rng.choice(texts.ODD_NAMES)
        self.types = [EntityType(self._qualified(name)) for name in names]
        self.commons = {}
        for name in rng.sample(["Address", "Info", "Names", "Net", "Ref"], rng.choice([0, 0, 1, 2, 3])):
            self.commons[self._qualified(name)] = self.type(2)
        for made in self.types:
            self._fill(made)
        self.actions = [Action(rng.choice(self.namespaces), name)
                        for name in rng.sample(["view", "edit", "use", "invoke", "delete it", "all", "", "α"], rng.randint(2, 5))]
        for number, action in enumerate(self.actions):
            self._fill_action(action, number)

    def _qualified(self, name):
        namespace = self.rng.choice(self.namespaces)
        return f"{namespace}::{name}" if namespace else name

    def attributes(self, depth, most=4):
        rng = self.rng
        names = rng.sample(texts.ATTRIBUTES, rng.randint(0, most))
        if rng.random() < 0.15:
            names.append(rng.choice(texts.ODD_ATTRIBUTES))
        return ("Record", tuple((name, self.type(depth - 1), rng.random() < 0.7) for name in names))

    def type(self, depth):
        rng = self.rng
        kind = rng.choice(["b", "l", "l", "s", "s", "x", "e", "e", "set", "set", "rec", "com"])
        if kind == "com" and self.commons:
            return rng.choice(list(self.commons.values()))
        if kind == "set" and depth > 0:
            return ("Set", self.type(depth - 1))
        if kind == "rec" and depth > 0:
            return self.attributes(depth, 3)
        if kind == "e":
            return entity(rng.choice(self.types).name)
        return {"b": BOOL, "l": LONG, "s": STRING}.get(kind) or rng.choice(EXTENSIONS)

    def _fill(self, made):
        rng = self.rng
        if rng.random() < 0.12:
            made.ids = list(dict.fromkeys(rng.sample(texts.IDS, rng.randint(1, 3)) + [rng.choice(texts.ODD_IDS)]))
            return
        made.parents = sorted({rng.choice(self.types).name for _ in range(rng.choice([0, 1, 1, 2]))})
        made.shape = self.attributes(3, 5)
        if rng.random() < 0.3:
            made.tags = self.type(1)

    def _fill_action(self, action, number):
        rng = self.rng
        if number and rng.random() < 0.5:
            action.parents = sorted({rng.choice(self.actions[:number]).uid for _ in range(rng.randint(1, 2))})
        if rng.random() < 0.12:
            return
        action.principals = sorted({rng.choice(self.types).name for _ in range(rng.randint(1, 2))})
        action.resources = sorted({rng.choice(self.types).name for _ in range(rng.randint(1, 3))})
        records = [made for made in self.commons.values() if made[0] == "Record"]
        action.context = rng.choice(records) if records and rng.random() < 0.3 else self.attributes(2, 5)

    def entity_type(self, name):
        return next((made for made in self.types if made.name == name), None)

    # ------------------------------------------------------------------------------------------- Cedar's syntax

    def _short(self, name, namespace):
        """The name as it may be written inside the namespace."""
        inside = name.rpartition("::")[0] == namespace
        return name.rpartition("::")[2] if inside and self.rng.random() < 0.6 else name

    def _common_of(self, given):
        if given[0] in ("Record", "Set") and self.rng.random() < 0.7:
            return next((name for name, made in self.commons.items() if made is given), None)
        return None

    def _write(self, given, namespace):
        common = self._common_of(given)
        if common:
            return self._short(common, namespace)
        kind = given[0]
        if kind == "Entity":
            return self._short(given[1], namespace)
        if kind == "Set":
            return f"Set<{self._write(given[1], namespace)}>"
        if kind == "Record":
            return self._write_record(given, namespace)
        name = given[1] if kind == "Extension" else kind
        return ("__cedar::" if self.rng.random() < 0.05 else "") + name

    def _write_record(self, given, namespace):
        parts = [f"{name if is_identifier(name) and self.rng.random() < 0.8 else quoted(name)}{'' if required else '?'}: "
                 f"{self._write(made, namespace)}" for name, made, required in given[1]]
        return "{" + ", ".join(parts) + ("," if parts and self.rng.random() < 0.2 else "") + "}"

    def cedar(self):
        out = []
        for namespace in self.namespaces:
            body = self._cedar_of(namespace)
            out.append(f"namespace {namespace} {{\n{body}}}\n" if namespace else body)
        return "".join(out)

    def _cedar_of(self, namespace):
        rng, lines = self.rng, []

        def inside(name):
            return name.rpartition("::")[0] == namespace

        for name, made in self.commons.items():
            if inside(name):
                # Written in full: its own name in its place would be a cycle.
                text = (self._write_record(made, namespace) if made[0] == "Record" else
                        f"Set<{self._write(made[1], namespace)}>" if made[0] == "Set" else self._write(made, namespace))
                lines.append(f"type {name.rpartition('::')[2]} = {text};")
        for made in self.types:
            if not inside(made.name):
                continue
            name = made.name.rpartition("::")[2]
            note = '@doc("a type")\n' if rng.random() < 0.05 else ""
            if made.ids is not None:
                lines.append(f"{note}entity {name} enum [{', '.join(map(quoted, made.ids))}];")
                continue
            parents = [self._short(parent, namespace) for parent in made.parents]
            lines.append(f"{note}entity {name}" + (f" in [{', '.join(parents)}]" if parents else "")
                         + (" " + rng.choice(["", "= "]) + self._write_record(made.shape, namespace) if made.shape[1] else "")
                         + (f" tags {self._write(made.tags, namespace)}" if made.tags else "") + ";")
        for action in self.actions:
            if action.namespace == namespace:
                lines.append(self._cedar_action(action))
        return "".join(line + "\n" for line in lines)

    def _cedar_action(self, action):
        namespace = action.namespace

        def names(types):
            return "[" + ", ".join(self._short(name, namespace) for name in types) + "]"

        def parent(uid):
            if uid[0] == action.uid[0]:
                return uid[1] if is_identifier(uid[1]) and self.rng.random() < 0.5 else quoted(uid[1])
            return f"{uid[0]}::{quoted(uid[1])}"

        head = action.id if is_identifier(action.id) and self.rng.random() < 0.7 else quoted(action.id)
        parents = f" in [{', '.join(map(parent, action.parents))}]" if action.parents else ""
        applies = ""
        if action.principals:
            applies = (f" appliesTo {{ principal: {names(action.principals)}, resource: {names(action.resources)}"
                       f", context: {self._write(action.context, namespace)} }}")
        return f"action {head}{parents}{applies};"

    # ------------------------------------------------------------------------------------------- JSON

    def json(self):
        made = {}
        for namespace in self.namespaces:
            def inside(name, namespace=namespace):
                return name.rpartition("::")[0] == namespace

            made[namespace] = {
                "commonTypes": {name.rpartition("::")[2]: self._json_type(given, True)
                                for name, given in self.commons.items() if inside(name)},
                "entityTypes": {one.name.rpartition("::")[2]: self._json_entity(one) for one in self.types if inside(one.name)},
                "actions": {one.id: self._json_action(one) for one in self.actions if one.namespace == namespace},
            }
        return json.dumps(made)

    def _json_type(self, given, whole=False):
        common = None if whole else self._common_of(given)
        if common:
            return {"type": common}
        kind = given[0]
        if kind == "Entity":
            return {"type": "Entity", "name": given[1]}
        if kind == "Set":
            return {"type": "Set", "element": self._json_type(given[1])}
        if kind == "Record":
            return {"type": "Record", "attributes": {
                name: {**self._json_type(made), **({} if required and self.rng.random() < 0.5 else {"required": required})}
                for name, made, required in given[1]}}
        if kind == "Extension":
            return {"type": "Extension", "name": given[1]}
        return {"type": "Boolean" if kind == "Bool" else kind}

    def _json_entity(self, made):
        if made.ids is not None:
            return {"enum": made.ids}
        out = {"memberOfTypes": made.parents, "shape": self._json_type(made.shape, True)}
        if made.tags:
            out["tags"] = self._json_type(made.tags)
        return out

    def _json_action(self, action):
        out = {"memberOf": [{"id": uid[1], "type": uid[0]} for uid in action.parents]}
        if action.principals:
            out["appliesTo"] = {"principalTypes": action.principals, "resourceTypes": action.resources,
                                "context": self._json_type(action.context)}
        return out
