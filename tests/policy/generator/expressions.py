"""Expressions of a wanted type over what a request has, written in Cedar's syntax.

A text comes with its level in the grammar, so that parentheses stand where they must, and sometimes where they need not.
"""

import texts
from schema import BOOL, EXTENSIONS, LONG, STRING, is_identifier, quoted

EXPRESSION, OR, AND, RELATION, ADD, MULTIPLY, UNARY, MEMBER = range(8)
COMPARISONS = {"decimal": ["lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"]}
TO_LONG = ["toMilliseconds", "toSeconds", "toMinutes", "toHours", "toDays"]
FUNCTIONS = {"decimal": "decimal", "ipaddr": "ip", "datetime": "datetime", "duration": "duration"}


class Expressions:
    """`types`: the types of principal, action (None), resource and context. `wrong`: how often a type is not the one
    that is wanted, and a check is left out."""

    def __init__(self, rng, schema, entities, types, wrong):
        self.rng, self.schema, self.entities, self.wrong = rng, schema, entities, wrong
        self.roots = [(name, given) for name, given in types.items() if given is not None]
        self.paths = {}  # type -> [(text, level, guards)]
        for name, given in self.roots:
            self._walk(name, given, [], 0)

    # ------------------------------------------------------------------------------------------- what there is

    def _walk(self, text, given, guards, depth):
        self.paths.setdefault(given, []).append((text, guards))
        if depth >= 3:
            return
        shape = given
        if given[0] == "Entity":
            made = self.schema.entity_type(given[1])
            if made is None:
                return
            shape = made.shape
            if made.tags:
                tag = quoted(self.rng.choice(texts.TAGS))
                self._walk(f"{text}.getTag({tag})", made.tags, [*guards, f"{text}.hasTag({tag})"], depth + 1)
        if shape[0] == "Record":
            for name, inner, required in shape[1]:
                plain = is_identifier(name) and self.rng.random() < 0.85
                reached = f"{text}.{name}" if plain else f"{text}[{quoted(name)}]"
                check = f"{text} has {name if plain else quoted(name)}"
                self._walk(reached, inner, guards if required else [*guards, check], depth + 1)

    def put(self, made, least):
        """The text, in parentheses if its level is below `least`."""
        text, level = made
        return f"({text})" if level < least or self.rng.random() < 0.04 else text

    # ------------------------------------------------------------------------------------------- literals

    def string(self):
        rng = self.rng
        text = rng.choice(texts.STRINGS)
        out = quoted(text)
        if text and rng.random() < 0.05:
            c = rng.choice(text)
            escape = f"\\u{{{ord(c):0{rng.choice([1, 4, 6])}x}}}" if ord(c) > 127 or rng.random() < 0.5 else f"\\x{ord(c):02x}"
            if c not in "\"\\":
                out = out.replace(c, escape, 1)
        return out

    def uid(self, name=None):
        rng = self.rng
        known = [uid for uid in self.entities if name is None or uid[0] == name]
        if known and rng.random() < 0.9:
            kind, text = rng.choice(known)
        else:
            kind, text = name or rng.choice(self.schema.types).name, rng.choice(texts.IDS + texts.ODD_IDS)
        return f"{kind}::{quoted(text)}"

    def extension(self, name):
        good, bad = texts.EXTENSIONS[name]
        text = self.rng.choice(bad if self.rng.random() < self.wrong * 0.5 else good)
        return f"{FUNCTIONS[name]}({quoted(text)})", MEMBER

    def literal(self, given):
        rng = self.rng
        kind = given[0]
        if kind == "Bool":
            return rng.choice(["true", "false"]), MEMBER
        if kind == "Long":
            number = rng.choice(texts.LONGS)
            return str(number), UNARY if number < 0 else MEMBER
        if kind == "String":
            return self.string(), MEMBER
        if kind == "Entity":
            return self.uid(given[1]), MEMBER
        if kind == "Extension":
            return self.extension(given[1])
        if kind == "Set":
            count = rng.choice([0, 1, 1, 2, 3]) if rng.random() < self.wrong else rng.choice([1, 2, 3])
            return "[" + ", ".join(self.literal(given[1])[0] for _ in range(count)) + "]", MEMBER
        return self.record(given, lambda inner: self.literal(inner)[0])

    def record(self, given, value):
        rng = self.rng
        parts = [f"{name if is_identifier(name) and rng.random() < 0.7 else quoted(name)}: {value(inner)}"
                 for name, inner, required in given[1] if required or rng.random() < 0.5]
        rng.shuffle(parts)
        return "{" + ", ".join(parts) + "}", MEMBER

    def any_type(self):
        rng = self.rng
        if self.paths and rng.random() < 0.6:
            return rng.choice(list(self.paths))
        return rng.choice([BOOL, LONG, STRING, ("Set", STRING), ("Set", LONG), *EXTENSIONS,
                           ("Entity", rng.choice(self.schema.types).name)])

    # ------------------------------------------------------------------------------------------- of a type

    def of(self, given, depth):
        """An expression of the type, mostly."""
        rng = self.rng
        if rng.random() < self.wrong * 0.15:
            given = self.any_type()
        known = self.paths.get(given)
        if known and rng.random() < 0.5:
            text, guards = rng.choice(known)
            if not guards or rng.random() < self.wrong:
                return text, MEMBER
            if given == BOOL:
                return " && ".join([*guards, text]), AND
            if depth > 0:
                return f"if {' && '.join(guards)} then {text} else {self.put(self.of(given, 0), EXPRESSION)}", EXPRESSION
        if depth <= 0:
            return self.literal(given)
        if rng.random() < 0.06:
            return (f"if {self.put(self.of(BOOL, depth - 1), EXPRESSION)} then {self.put(self.of(given, depth - 1), EXPRESSION)} "
                    f"else {self.put(self.of(given, depth - 1), EXPRESSION)}"), EXPRESSION
        kind = given[0]
        if kind == "Bool":
            return self.boolean(depth)
        if kind == "Long":
            return self.number(depth)
        if kind == "Set":
            count = rng.choice([0, 1, 2, 3]) if rng.random() < self.wrong else rng.choice([1, 2, 3])
            return "[" + ", ".join(self.put(self.of(given[1], depth - 1), EXPRESSION) for _ in range(count)) + "]", MEMBER
        if kind == "Record":
            made = self.record(given, lambda inner: self.put(self.of(inner, depth - 1), EXPRESSION))
            return made
        if given == ("Extension", "datetime") and rng.random() < 0.5:
            receiver = self.put(self.of(given, depth - 1), MEMBER)
            if rng.random() < 0.3:
                return f"{receiver}.toDate()", MEMBER
            return f"{receiver}.offset({self.put(self.of(('Extension', 'duration'), depth - 1), EXPRESSION)})", MEMBER
        if given == ("Extension", "duration") and rng.random() < 0.5:
            receiver = self.put(self.of(("Extension", "datetime"), depth - 1), MEMBER)
            if rng.random() < 0.3:
                return f"{receiver}.toTime()", MEMBER
            return f"{receiver}.durationSince({self.put(self.of(('Extension', 'datetime'), depth - 1), EXPRESSION)})", MEMBER
        if kind == "Extension" and rng.random() < self.wrong * 0.4:
            return f"{FUNCTIONS[given[1]]}({self.put(self.of(STRING, depth - 1), EXPRESSION)})", MEMBER
        return self.literal(given)

    def number(self, depth):
        rng = self.rng
        shape = rng.random()
        if shape < 0.55:
            operator, level = rng.choice([("+", ADD), ("-", ADD), ("*", MULTIPLY)])
            return (f"{self.put(self.of(LONG, depth - 1), level)} {operator} "
                    f"{self.put(self.of(LONG, depth - 1), level + 1)}"), level
        if shape < 0.7:
            return "-" * rng.choice([1, 1, 1, 2, 3, 4]) + self.put(self.of(LONG, depth - 1), MEMBER), UNARY
        if shape < 0.85:
            receiver = self.put(self.of(("Extension", "duration"), depth - 1), MEMBER)
            return f"{receiver}.{rng.choice(TO_LONG)}()", MEMBER
        return self.literal(LONG)

    def boolean(self, depth):
        rng = self.rng
        make = rng.choice([self._connective, self._connective, self._connective, self._not, self._equality, self._equality, self._order,
                           self._order, self._has, self._like, self._in, self._in, self._is, self._sets, self._sets, self._tag,
                           self._extension_check, self._extension_check, self._guarded])
        return make(depth - 1)

    def _connective(self, depth):
        operator, level = self.rng.choice([("&&", AND), ("||", OR)])
        return f"{self.put(self.of(BOOL, depth), level)} {operator} {self.put(self.of(BOOL, depth), level + 1)}", level

    def _not(self, depth):
        return "!" * self.rng.choice([1, 1, 1, 2, 3, 4]) + self.put(self.of(BOOL, depth), MEMBER), UNARY

    def _equality(self, depth):
        given = self.any_type()
        other = self.any_type() if self.rng.random() < self.wrong * 0.3 else given
        return f"{self.put(self.of(given, depth), ADD)} {self.rng.choice(['==', '!='])} {self.put(self.of(other, depth), ADD)}", RELATION

    def _order(self, depth):
        given = self.rng.choice([LONG, LONG, ("Extension", "datetime"), ("Extension", "duration")])
        return (f"{self.put(self.of(given, depth), ADD)} {self.rng.choice(['<', '<=', '>', '>='])} "
                f"{self.put(self.of(given, depth), ADD)}"), RELATION

    def _has(self, depth):
        rng = self.rng
        given = rng.choice([one for one in self.paths if one[0] in ("Entity", "Record")] or [self.any_type()])
        names = [name for name, _, _ in given[1]] if given[0] == "Record" else texts.ATTRIBUTES
        if given[0] == "Entity" and (made := self.schema.entity_type(given[1])):
            names = [name for name, _, _ in made.shape[1]] or texts.ATTRIBUTES
        name = rng.choice(names) if names and rng.random() < 0.8 else rng.choice(texts.ATTRIBUTES + texts.ODD_ATTRIBUTES)
        path = name if is_identifier(name) and rng.random() < 0.8 else quoted(name)
        if is_identifier(path):
            while rng.random() < 0.25:
                path += "." + rng.choice(texts.ATTRIBUTES)
        return f"{self.put(self.of(given, depth), ADD)} has {path}", RELATION

    def _like(self, depth):
        pattern = self.rng.choice(texts.PATTERNS)
        return f"{self.put(self.of(STRING, depth), ADD)} like \"{pattern}\"", RELATION

    def _entity_type(self):
        return ("Entity", self.rng.choice(self.schema.types).name)

    def _in(self, depth):
        rng = self.rng
        left, right = self._entity_type(), self._entity_type()
        made = self.schema.entity_type(left[1])
        if made and made.parents and rng.random() < 0.7:
            right = ("Entity", rng.choice(made.parents))
        target = right if rng.random() < 0.6 else ("Set", right)
        if rng.random() < 0.15:
            uids = [quoted_action(one) for one in self.schema.actions]
            return f"action in {rng.choice([rng.choice(uids), '[' + ', '.join(rng.sample(uids, min(2, len(uids)))) + ']'])}", RELATION
        return f"{self.put(self.of(left, depth), ADD)} in {self.put(self.of(target, depth), ADD)}", RELATION

    def _is(self, depth):
        rng = self.rng
        name = rng.choice(self.schema.types).name if rng.random() >= self.wrong * 0.2 else rng.choice(["Nothing", "Action", "a::b"])
        text = f"{self.put(self.of(self._entity_type(), depth), ADD)} is {name}"
        if rng.random() < 0.4:
            text += f" in {self.put(self.of(self._entity_type(), depth), ADD)}"
        return text, RELATION

    def _sets(self, depth):
        rng = self.rng
        element = rng.choice([one[1] for one in self.paths if one[0] == "Set"] or [LONG, STRING, self.any_type()])
        if rng.random() < 0.3:
            element = self.any_type()
        receiver = self.put(self.of(("Set", element), depth), MEMBER)
        method = rng.choice(["contains", "contains", "containsAll", "containsAny", "isEmpty"])
        if method == "isEmpty":
            return f"{receiver}.isEmpty()", MEMBER
        argument = self.of(element if method == "contains" else ("Set", element), depth)
        return f"{receiver}.{method}({self.put(argument, EXPRESSION)})", MEMBER

    def _tag(self, depth):
        rng = self.rng
        tagged = [made for made in self.schema.types if made.tags]
        kind = ("Entity", rng.choice(tagged).name) if tagged else self._entity_type()
        tag = self.put(self.of(STRING, depth) if rng.random() < 0.2 else (quoted(rng.choice(texts.TAGS)), MEMBER), EXPRESSION)
        receiver = self.put(self.of(kind, 0), MEMBER)
        check = f"{receiver}.hasTag({tag})"
        made = self.schema.entity_type(kind[1])
        if made and made.tags and rng.random() < 0.6:
            other = self.put(self.of(made.tags, depth), ADD)
            got = f"{receiver}.getTag({tag}) == {other}"
            return (got, RELATION) if rng.random() < self.wrong else (f"{check} && {got}", AND)
        return check, MEMBER

    def _extension_check(self, depth):
        rng = self.rng
        kind = rng.choice(["decimal", "ipaddr"])
        receiver = self.put(self.of(("Extension", kind), depth), MEMBER)
        if kind == "decimal":
            method = rng.choice(COMPARISONS[kind])
        else:
            method = rng.choice(["isIpv4", "isIpv6", "isLoopback", "isMulticast", "isInRange", "isInRange"])
            if method != "isInRange":
                return f"{receiver}.{method}()", MEMBER
        return f"{receiver}.{method}({self.put(self.of(('Extension', kind), depth), EXPRESSION)})", MEMBER

    def _guarded(self, depth):
        """Something optional, behind the checks that make it safe."""
        rng = self.rng
        guarded = [(given, text, guards) for given, known in self.paths.items() for text, guards in known if guards]
        if not guarded:
            return self._equality(depth)
        given, text, guards = rng.choice(guarded)
        if rng.random() < self.wrong:
            rng.shuffle(guards := list(guards))
            guards = guards[:-1]
        last = text if given == BOOL else f"{text} == {self.put(self.of(given, depth), ADD)}"
        return " && ".join([*guards, last]), AND if guards else RELATION


def quoted_action(action):
    return f"{action.uid[0]}::{quoted(action.uid[1])}"
