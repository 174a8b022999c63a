"""What every rule in rules/ must be: its form, ids, tags, fields, tests, and the pages about them."""

import json
import os
import pathlib
import re
import subprocess
import sys
import unittest
import uuid

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RULES = ROOT / "rules"
DATA = os.environ.get("REDOUBT_DATA")
SIGMA = pathlib.Path(DATA or "/none") / "compliance" / "sigma-spec"
ATLAS = pathlib.Path(DATA or "/none") / "compliance" / "atlas" / "ATLAS.yaml"
OWASP = pathlib.Path(DATA or "/none") / "compliance" / "owasp-llm-2026"

MEMBERS = "title id status description references author date tags falsepositives level".split()
LEVELS = {"informational", "low", "medium", "high", "critical"}
MODIFIERS = {"exists", "expand", "fieldref", "re", "contains", "startswith", "gte", "lte"}  # those that are used
# What the rules of a file use beside the fields of records.
META = {"correlation", "new_terms"}


class Unique(yaml.SafeLoader):
    """Refuses a key that is there twice, and leaves dates text."""


def mapping(loader, node):
    loader.flatten_mapping(node)
    pairs = [(loader.construct_object(key), loader.construct_object(value, deep=True)) for key, value in node.value]
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise yaml.constructor.ConstructorError(None, None, f"a key is there twice: {keys}", node.start_mark)
    return dict(pairs)


Unique.add_constructor("tag:yaml.org,2002:map", mapping)
Unique.add_constructor("tag:yaml.org,2002:timestamp", yaml.SafeLoader.construct_yaml_str)


def load(path):
    return [each for each in yaml.load_all(path.read_text(encoding="utf-8"), Unique) if each is not None]


FILES = sorted(RULES.glob("*/*.yml"))
DOCUMENTS = {path: load(path) for path in FILES}
(TAXONOMY,) = load(RULES / "taxonomy.yaml")
# Paths of fields, without the conditions that items of a list must meet.
PATHS = {
    re.sub(r"\[[^]]*\]", "", path)
    for paths in TAXONOMY["fields"].values()
    for path in (paths if isinstance(paths, list) else [paths])
}
CATALOGUE = json.loads((RULES / "tags.json").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "detection-rules.md").read_text(encoding="utf-8")
FIELDS_PAGE = (ROOT / "docs" / "formats" / "detection-fields.md").read_text(encoding="utf-8")


def place(path):
    return path.relative_to(RULES).as_posix()


def cases_of(path):
    return json.loads(path.with_suffix("").with_suffix(".tests.json").read_text(encoding="utf-8"))


def selections(document):
    """Every (key, value) of the selections of a rule."""
    for name, selection in document.get("detection", {}).items():
        if name == "condition":
            continue
        for each in selection if isinstance(selection, list) else [selection]:
            yield from each.items()


def fields_of(document):
    """Names of fields that a document uses, with its aliases resolved."""
    used = {key.split("|")[0] for key, _ in selections(document)}
    for key, value in selections(document):
        if "fieldref" in key.split("|"):
            used.update(value if isinstance(value, list) else [value])
    used.update(document.get("fields", []))
    for kind in META & document.keys():
        meta = document[kind]
        aliases = meta.get("aliases", {})
        used.update(name for name in meta["group-by"] if name not in aliases)
        used.update(name for each in aliases.values() for name in each.values())
        counted = meta.get("condition", {}).get("field", meta.get("field", []))
        used.update([counted] if isinstance(counted, str) else counted)
    return used


def reserved_fields():
    """Names in the rows of the fields' page that end with `reserved`."""
    return {row[1] for row in re.finditer(r"^\| `([^`]+)` \|.*\| reserved \|$", FIELDS_PAGE, re.M)}


class Form(unittest.TestCase):
    def test_there_are_a_hundred_and_more(self):
        self.assertGreaterEqual(len(FILES), 100)

    def test_names_of_files(self):
        for path, documents in DOCUMENTS.items():
            with self.subTest(place(path)):
                self.assertRegex(path.name, r"^[a-z0-9_]{6,66}\.yml$")
                self.assertEqual(path.name.startswith("mr_"), bool(META & documents[0].keys()))
                self.assertTrue(path.name.removeprefix("mr_").startswith(path.parent.name + "_"))

    def test_what_reports_comes_first_and_says_what_it_is(self):
        for path, documents in DOCUMENTS.items():
            with self.subTest(place(path)):
                first = documents[0]
                for member in MEMBERS:
                    self.assertTrue(first.get(member), member)
                self.assertLessEqual(len(first["title"]), 100)
                # What an attacker does, and why this shows it.
                self.assertGreaterEqual(len(first["description"].split()), 20)
                self.assertIn(first["level"], LEVELS)
                self.assertIn(first["status"], {"test", "stable", "experimental"})
                self.assertRegex(first["date"], r"^\d{4}-\d\d-\d\d$")
                for each in first["references"]:
                    self.assertTrue(each.startswith("https://"), each)

    def test_what_is_there_for_it_is_used_and_says_nothing_else(self):
        for path, documents in DOCUMENTS.items():
            with self.subTest(place(path)):
                used = {name for each in documents for kind in META & each.keys() for name in each[kind]["rules"]}
                for each in documents[1:]:
                    self.assertIn(each["name"], used)
                    self.assertFalse({"level", "status", "tags", "author"} & each.keys())
                named = {each["name"] for each in documents if "name" in each}
                self.assertLessEqual(used, named)

    def test_ids_and_names_are_unique(self):
        ids, names, titles = [], [], []
        for path, documents in DOCUMENTS.items():
            with self.subTest(place(path)):
                for each in documents:
                    self.assertEqual(str(uuid.UUID(each["id"])), each["id"])
                    self.assertEqual(uuid.UUID(each["id"]).version, 4)
                    ids.append(each["id"])
                    names.extend([each["name"]] if "name" in each else [])
                titles.append(documents[0]["title"])
        for values in (ids, names, titles):
            self.assertEqual(len(values), len(set(values)), sorted(each for each in values if values.count(each) > 1))

    def test_lines_are_no_longer_than_120(self):
        for path, documents in DOCUMENTS.items():
            with self.subTest(place(path)):
                for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                    self.assertLessEqual(len(line), 120, f"line {number}")

    def test_selections_are_used(self):
        for path, documents in DOCUMENTS.items():
            with self.subTest(place(path)):
                for each in documents:
                    detection = dict(each.get("detection", {"condition": ""}))
                    condition = detection.pop("condition")
                    patterns = [re.escape(word).replace(r"\*", ".*") for word in re.findall(r"[\w*]+", condition)]
                    for name in detection:
                        self.assertTrue(any(re.fullmatch(pattern, name) for pattern in patterns), name)


class Tags(unittest.TestCase):
    KNOWN = {f"atlas.{each.lower()}" for kind in ("tactics", "techniques") for each in CATALOGUE["atlas"][kind]}
    KNOWN |= {f"attack.{each.lower()}" for each in CATALOGUE["attack"]["techniques"]}
    KNOWN |= {"redoubt.induced"}  # what somebody else wrote may have brought it about
    KNOWN |= {"owasp." + each.lower().replace(":", "-") for each in CATALOGUE["owasp"]["entries"]}

    def test_every_tag_is_in_the_catalogue(self):
        for path, documents in DOCUMENTS.items():
            with self.subTest(place(path)):
                self.assertLessEqual(set(documents[0]["tags"]), self.KNOWN)
                self.assertEqual(len(documents[0]["tags"]), len(set(documents[0]["tags"])))

    def test_the_tags_of_the_detectors_are_in_the_catalogue(self):
        detectors = (ROOT / "src" / "behaviour" / "rules.cc").read_text(encoding="utf-8")
        tags = set(re.findall(r'"((?:atlas|owasp-llm|owasp-agentic):[^"]+)"', detectors))
        self.assertGreater(len(tags), 10)
        catalogue = json.loads((RULES / "tags.json").read_text(encoding="utf-8"))
        known = {f"atlas:{name}" for name in catalogue["atlas"]["techniques"]}
        known |= {f"owasp-llm:LLM{number:02}:2026" for number in range(1, 11)}
        known |= {f"owasp-agentic:ASI{number:02}:2026" for number in range(1, 11)}
        self.assertEqual(tags - known, set())

    def test_every_rule_names_one_tactic_and_a_technique(self):
        for path, documents in DOCUMENTS.items():
            with self.subTest(place(path)):
                tags = documents[0]["tags"]
                self.assertEqual(sum(tag.startswith("atlas.aml.ta") for tag in tags), 1)
                self.assertTrue(any(tag.startswith(("atlas.aml.t0", "attack.t1")) for tag in tags))

    def test_a_tactic_is_one_of_the_techniques_tactics_or_of_an_attack_technique(self):
        known = CATALOGUE["atlas"]["techniques"]
        techniques = {f"atlas.{each.lower()}": value["tactics"] for each, value in known.items()}
        for path, documents in DOCUMENTS.items():
            with self.subTest(place(path)):
                tags = documents[0]["tags"]
                if any(tag.startswith("attack.") for tag in tags):
                    continue
                tactics = {f"atlas.{each.lower()}" for tag in tags for each in techniques.get(tag, [])}
                self.assertTrue(tactics & set(tags))

    def test_every_entry_of_owasp_has_a_rule_or_a_reason(self):
        tags = {tag for documents in DOCUMENTS.values() for tag in documents[0]["tags"]}
        for entry in CATALOGUE["owasp"]["entries"]:
            with self.subTest(entry):
                covered = "owasp." + entry.lower().replace(":", "-") in tags
                excused = re.search(rf"^\| (?:[^|]*, )?{entry}[, |].*there is no rule", PAGE, re.M) is not None
                self.assertNotEqual(covered, excused)

    @unittest.skipUnless(ATLAS.is_file(), "needs REDOUBT_DATA")
    def test_ids_of_atlas_are_those_of_its_data(self):
        data = yaml.safe_load(ATLAS.read_text(encoding="utf-8"))
        matrix = data["matrices"][0]
        self.assertEqual(CATALOGUE["atlas"]["tactics"], {each["id"]: each["name"] for each in matrix["tactics"]})
        self.assertEqual(set(CATALOGUE["atlas"]["techniques"]), {each["id"] for each in matrix["techniques"]})
        tactics = {each["id"]: each.get("tactics") for each in matrix["techniques"]}
        parents = {each["id"]: each.get("subtechnique-of", each["id"]) for each in matrix["techniques"]}
        studies = {each["id"] for each in data["case-studies"]}
        for identifier, each in CATALOGUE["atlas"]["techniques"].items():
            self.assertEqual(each["tactics"], tactics[parents[identifier]])
        for path, documents in DOCUMENTS.items():
            for link in documents[0]["references"]:
                found = re.match(r"https://atlas\.mitre\.org/(studies|techniques)/(.+)", link)
                if found:
                    self.assertIn(found[2], studies if found[1] == "studies" else tactics, place(path))

    @unittest.skipUnless(OWASP.is_dir(), "needs REDOUBT_DATA")
    def test_names_of_owasp_are_those_of_its_headings(self):
        found = {}
        for path in OWASP.glob("LLM??_*.md"):
            heading = re.match(r"## (LLM\d\d:2026) (.+)", path.read_text(encoding="utf-8"))
            if heading:
                found[heading[1]] = heading[2].strip()
        entries = CATALOGUE["owasp"]["entries"]
        self.assertEqual(found, {key: name for key, name in entries.items() if key.startswith("LLM")})


class Fields(unittest.TestCase):
    def test_rules_use_fields_of_the_taxonomy(self):
        for path, documents in DOCUMENTS.items():
            with self.subTest(place(path)):
                for each in documents:
                    self.assertLessEqual(fields_of(each), TAXONOMY["fields"].keys())

    def test_rules_use_the_first_name_of_a_field(self):
        synonyms = set(re.findall(r"^\| `([^`]+)` \| `[^`]+` \|$", FIELDS_PAGE, re.M))
        self.assertTrue(synonyms)
        for path, documents in DOCUMENTS.items():
            with self.subTest(place(path)):
                for each in documents:
                    self.assertFalse(fields_of(each) & synonyms)

    def test_rules_use_modifiers_and_lists_that_there_are(self):
        for path, documents in DOCUMENTS.items():
            with self.subTest(place(path)):
                for each in documents:
                    for key, value in selections(each):
                        self.assertLessEqual(set(key.split("|")[1:]), MODIFIERS)
                        if "expand" in key.split("|"):
                            self.assertIn(value.strip("%"), TAXONOMY["placeholders"])

    def test_every_list_is_used(self):
        used = {
            value.strip("%")
            for documents in DOCUMENTS.values()
            for each in documents
            for key, value in selections(each)
            if "expand" in key.split("|")
        }
        self.assertEqual(set(TAXONOMY["placeholders"]), used)

    def test_log_sources_are_those_of_the_taxonomy(self):
        known = [{key: value for key, value in each.items() if key != "when"} for each in TAXONOMY["logsources"]]
        for path, documents in DOCUMENTS.items():
            with self.subTest(place(path)):
                for each in documents:
                    wanted = each.get("logsource")
                    if wanted is not None:
                        self.assertTrue(any(wanted.items() <= source.items() for source in known), wanted)

    def test_the_page_and_the_taxonomy_say_the_same(self):
        row = re.compile(r"^\| `([^`]+)` \| [^|]+ \|(?:[^|]*\|){3} (the same|several|`[^`]+`) \|[^|]*\|[^|]*\|$", re.M)
        bar = "\0"  # of a path, which a table writes with a backslash
        rows = row.findall(FIELDS_PAGE.replace("\\|", bar))
        paths = {name: name if path == "the same" else path.strip("`").replace(bar, "|") for name, path in rows}
        synonyms = dict(re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|$", FIELDS_PAGE, re.M))
        paths.update({name: paths[field] for name, field in synonyms.items()})
        fields = TAXONOMY["fields"].items()
        self.assertEqual(paths, {name: "several" if isinstance(path, list) else path for name, path in fields})

    def test_what_waits_for_reserved_fields_is_experimental(self):
        reserved = reserved_fields()
        for path, documents in DOCUMENTS.items():
            with self.subTest(place(path)):
                if documents[0]["status"] == "experimental":
                    self.assertTrue(any(fields_of(each) & reserved for each in documents))


class Cases(unittest.TestCase):
    def test_every_rule_has_a_case_for_each_outcome(self):
        for path in FILES:
            with self.subTest(place(path)):
                cases = cases_of(path)
                self.assertEqual({each["matches"] for each in cases}, {True, False})
                names = [each["name"] for each in cases]
                self.assertEqual(len(names), len(set(names)))

    def test_no_tests_are_left_without_a_rule(self):
        left = {path.with_suffix("").with_suffix(".yml") for path in RULES.glob("*/*.tests.json")} - set(FILES)
        self.assertFalse(left)

    def test_records_are_laid_out_as_records_are(self):
        paths = set(PATHS)
        # What records have and no rule needs (docs/formats/record.md, fact.md).
        paths |= set(
            "type_uid metadata.version metadata.product.vendor_name src_endpoint.name src_endpoint.svc_name"
            " start_time end_time dst_endpoint.svc_name message_context.service.name unmapped.redoubt.format"
            " unmapped.redoubt.stage unmapped.redoubt.admission_index entity.type_id entity_result.uid"
            " entity_result.type_id entity_result.type entity_result.version".split()
        )
        whole = ("entity.data", "entity_result.data", "unmapped.redoubt.body")

        def leaves(value, path):
            if path in whole:
                return
            if isinstance(value, dict):
                for key, each in value.items():
                    yield from leaves(each, f"{path}.{key}" if path else key)
            elif isinstance(value, list):
                for each in value:
                    yield from leaves(each, path)
            else:
                yield path

        for path in FILES:
            with self.subTest(place(path)):
                for case in cases_of(path):
                    for record in case.get("records", []):
                        self.assertLessEqual(set(leaves(record, "")), paths, case["name"])

    def test_the_outcomes_hang_on_more_than_an_empty_list(self):
        for path in FILES:
            with self.subTest(place(path)):
                for case in cases_of(path):
                    self.assertTrue(case.get("records") or case.get("events"), case["name"])


class Pages(unittest.TestCase):
    def test_the_tables_are_current(self):
        command = [sys.executable, ROOT / "tools" / "detection-rules", "--check"]
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_rule_is_in_the_tables_once(self):
        for path in FILES:
            self.assertEqual(PAGE.count(f"(../rules/{place(path)})"), 1, place(path))


@unittest.skipUnless(SIGMA.is_dir(), "needs REDOUBT_DATA")
class Schemas(unittest.TestCase):
    """Sigma's own JSON Schemas, as the specification publishes them."""

    @classmethod
    def setUpClass(cls):
        import jsonschema

        def validator(name):
            schema = json.loads((SIGMA / "json-schema" / name).read_text(encoding="utf-8"))
            return jsonschema.Draft202012Validator(schema)

        cls.rule = validator("sigma-detection-rule-schema.json")
        cls.correlation = validator("sigma-correlation-rules-schema.json")

    def test_rules_and_correlations_are_valid(self):
        seen = {"detection": 0, "correlation": 0}
        for path, documents in DOCUMENTS.items():
            with self.subTest(place(path)):
                for each in documents:
                    for kind, validator in (("detection", self.rule), ("correlation", self.correlation)):
                        if kind in each:
                            problems = [problem.message for problem in validator.iter_errors(each)]
                            self.assertEqual(problems, [])
                            seen[kind] += 1
        self.assertTrue(all(seen.values()))

    def test_the_schemas_refuse_what_is_wrong(self):
        self.assertFalse(self.rule.is_valid({"title": "x", "detection": {"condition": "y"}}))
        incomplete = {"type": "event_count", "rules": ["yy"]}
        self.assertFalse(self.correlation.is_valid({"title": "x", "correlation": incomplete}))


if __name__ == "__main__":
    unittest.main()
