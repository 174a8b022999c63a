"""JSON forms of policies and schemas, brought to one spelling: both sides may choose among several for the same."""

NOTHING = {"type": "Record", "attributes": {}}


def chain(operand, path):
    """`operand has a.b.c` as `has` of one attribute each."""
    made = {"has": {"left": operand, "attr": path[0]}}
    for before, attribute in zip(path, path[1:]):
        operand = {".": {"left": operand, "attr": before}}
        made = {"&&": {"left": made, "right": {"has": {"left": operand, "attr": attribute}}}}
    return made


def joined(pattern):
    """A pattern whose literals are as long as they can be."""
    made = []
    for part in pattern:
        if isinstance(part, dict) and made and isinstance(made[-1], dict):
            part = {"Literal": made.pop()["Literal"] + part["Literal"]}
        made.append(part)
    return made


def plain(value):
    """Of a policy: annotations without a value have an empty one."""
    if value is None:
        return ""
    if isinstance(value, list):
        return [plain(element) for element in value]
    if not isinstance(value, dict):
        return value
    has, like = value.get("has"), value.get("like")
    if isinstance(has, dict) and isinstance(has.get("attr"), list):
        return chain(plain(has["left"]), has["attr"])
    if isinstance(like, dict) and isinstance(like.get("pattern"), list):
        return {"like": {"left": plain(like["left"]), "pattern": joined(like["pattern"])}}
    return {name: plain(member) for name, member in value.items()}


def plain_schema(schema):
    """An action that says nothing of what it applies to applies to nothing; a context that is not given is empty."""
    for namespace in schema.values():
        for action in namespace["actions"].values():
            applies = action.setdefault("appliesTo", {"principalTypes": [], "resourceTypes": []})
            if applies.get("context") == NOTHING:
                del applies["context"]
    return schema


PLAIN = {"policies_json": lambda json: json and plain(json), "converted_schema": lambda json: json and plain_schema(json)}


def differing(ours, theirs):
    """Names of the forms that are there and mean different things."""
    return [name for name, normal in PLAIN.items() if name in theirs and normal(ours.get(name)) != normal(theirs[name])]
