// The specification's own test rules and JSON schemas, and its parts that need several rules: filters, log sources.
#include <set>

#include "contract/json_schema.h"
#include "encoding/json_reader.h"
#include "encoding/json_writer.h"
#include "encoding/yaml_reader.h"
#include "src/sigma/tests/support.h"

namespace redoubt::sigma {
namespace {

namespace fs = std::filesystem;

void write(const encoding::YamlNode& node, encoding::JsonWriter& json) {
  using Kind = encoding::YamlNode::Kind;
  if (node.kind == Kind::kNull) {
    json.null();
  } else if (node.kind == Kind::kBoolean) {
    json.value(node.boolean);
  } else if (node.is_number()) {
    json.raw(node.text);
  } else if (node.is_text()) {
    json.value(node.text);
  } else if (node.is_list()) {
    json.begin_array();
    for (const auto& one : node.items) write(one, json);
    json.end_array();
  } else {
    json.begin_object();
    for (const auto& [name, value] : node.members) {
      json.key(name);
      write(value, json);
    }
    json.end_object();
  }
}

// Its documents as JSON.
std::vector<std::string> as_json(const std::string& yaml) {
  std::vector<encoding::YamlNode> documents;
  encoding::YamlProblem problem;
  EXPECT_TRUE(encoding::read_yaml(yaml, documents, problem)) << problem.message;
  std::vector<std::string> out;
  for (const auto& document : documents) {
    encoding::JsonWriter json(out.emplace_back());
    write(document, json);
  }
  return out;
}

struct Schemas {
  explicit Schemas(const fs::path& folder)
      : detection(compile(folder / "sigma-detection-rule-schema.json")),
        correlation(compile(folder / "sigma-correlation-rules-schema.json")),
        filter(compile(folder / "sigma-filters-schema.json")) {}
  static contract::JsonSchema compile(const fs::path& path) {
    // Two of them name their dialect with an empty fragment.
    std::string text = read_file(path);
    const std::string dialect = "https://json-schema.org/draft/2020-12/schema#";
    if (const auto at = text.find(dialect + "\""); at != std::string::npos) text.erase(at + dialect.size() - 1, 1);
    auto schema = contract::JsonSchema::compile(text);
    EXPECT_TRUE(schema) << path << (schema ? "" : schema.error().message());
    return std::move(*schema);
  }
  const contract::JsonSchema& of(std::string_view json) const {
    if (json.find("\"correlation\":") != std::string_view::npos) return correlation;
    return json.find("\"filter\":") != std::string_view::npos ? filter : detection;
  }
  contract::JsonSchema detection;
  contract::JsonSchema correlation;
  contract::JsonSchema filter;
};

void expect_valid(const Schemas& schemas, const std::string& yaml, const std::string& name) {
  encoding::JsonReader reader;
  for (const std::string& json : as_json(yaml)) {
    const auto problems = schemas.of(json).validate(*reader.parse(json));
    ASSERT_TRUE(problems) << name;
    for (const auto& problem : *problems) ADD_FAILURE() << name << ": " << problem.instance << " " << problem.reason;
  }
}

// What the rules of the tests refer to, but do not have.
std::string stub(std::string_view name) {
  const bool id = name.size() == 36;
  return "---\ntitle: stub " + std::string(name) + "\n" + (id ? "id: " : "name: ") + std::string(name) +
         "\nlogsource: {category: process_creation, product: windows}\ndetection: {s: {A: 1}, condition: s}\n";
}

TEST(Specification, ReadsItsTestRules) {
  const fs::path folder = specification();
  if (folder.empty()) GTEST_SKIP() << "REDOUBT_DATA has no compliance/sigma-spec";
  const Schemas schemas(folder / "json-schema");
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder / "tests")) {
    if (entry.path().extension() != ".yml") continue;
    const std::string text = read_file(entry.path());
    expect_valid(schemas, text, entry.path().filename());
    std::string all = text + "\n";
    for (const char* const name : {"recon_cmd_a", "recon_cmd_b", "recon_cmd_c", "website_access", "rule_a_id",
                                   "process_creation", "5638f7c0-ac70-491d-8465-2a65075e0d86",
                                   "6f3e2987-db24-4c78-a860-b4f4095a7095", "df0841c0-9846-4e9f-ad8a-7df91571771b"}) {
      if (text.find(name) != std::string::npos) all += stub(name);
    }
    EXPECT_EQ(problem_of(all), "(no problem)") << entry.path();
    ++count;
  }
  EXPECT_EQ(count, 12U);
}

// Every YAML block of the specification that is a whole rule is read.
TEST(Specification, ReadsTheExamplesOfItsText) {
  const fs::path folder = specification();
  if (folder.empty()) GTEST_SKIP() << "REDOUBT_DATA has no compliance/sigma-spec";
  std::size_t count = 0;
  for (const char* const page :
       {"sigma-rules-specification.md", "sigma-correlation-rules-specification.md", "sigma-filters-specification.md"}) {
    std::istringstream lines(read_file(folder / "specification" / page));
    std::string block;
    bool inside = false;
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("```")) {
        if (inside) block += line + "\n";
        continue;
      }
      if (inside && block.find("\ndetection:\n") != std::string::npos && block.find("title: ") == 0) {
        EXPECT_EQ(problem_of(block), "(no problem)") << block;
        ++count;
      }
      block.clear();
      inside = !inside;
    }
  }
  EXPECT_EQ(count, 2U);  // whoami, and failed logins followed by a successful one
}

TEST(Filter, SuppressesWhatItsConditionSelects) {
  const std::string rules = R"(title: r
id: 6f3e2987-db24-4c78-a860-b4f4095a7095
logsource: {category: process_creation, product: windows}
detection: {s: {Image|endswith: rar.exe}, condition: s}
---
title: Filter Administrator account
logsource: {category: process_creation, product: windows}
filter:
    rules:
        - 6f3e2987-db24-4c78-a860-b4f4095a7095
    selection:
        User|startswith: 'adm_'
    condition: selection
)";
  const RuleSet set = rules_of(rules);
  EXPECT_EQ(set.rules().size(), 1U);
  EXPECT_TRUE(matches(set, R"({"Image":"C:\\rar.exe","User":"bob"})"));
  EXPECT_TRUE(matches(set, R"({"Image":"C:\\rar.exe"})"));
  EXPECT_FALSE(matches(set, R"({"Image":"C:\\rar.exe","User":"ADM_bob"})"));
}

TEST(Logsource, SelectsTheEventsOfTheTaxonomy) {
  Taxonomy taxonomy;
  taxonomy.fields["A"] = {"a"};
  taxonomy.logsources = {{{"web", "p", ""}, R"({"class":1})"},
                         {{"web", "q", ""}, R"({"class":[2,3],"kind|startswith":"x"})"},
                         {{"dns", "q", ""}, R"({"class":4})"}};
  const auto rule = [&](std::string_view source) {
    return rules_of("title: t\nlogsource: {" + std::string(source) + "}\ndetection: {s: {A: 1}, condition: s}\n",
                    taxonomy);
  };
  const RuleSet web = rule("category: web");
  EXPECT_TRUE(matches(web, R"({"a":1,"class":1})"));
  EXPECT_TRUE(matches(web, R"({"a":1,"class":3,"kind":"xy"})"));
  EXPECT_FALSE(matches(web, R"({"a":1,"class":3,"kind":"y"})"));
  EXPECT_FALSE(matches(web, R"({"a":1,"class":4})"));
  EXPECT_FALSE(matches(web, R"({"a":1})"));
  const RuleSet q = rule("product: q");
  EXPECT_TRUE(matches(q, R"({"a":1,"class":4})"));
  EXPECT_FALSE(matches(q, R"({"a":1,"class":1})"));
  // Where the caller says where an event comes from, the taxonomy is not asked.
  EventReader reader(web);
  Matcher matcher(web);
  Event* const event = *reader.read(R"({"a":1})");
  const Logsource web_q{"web", "q", "s"};
  const Logsource dns{"dns", "", ""};
  event->set_logsource(&web_q);
  EXPECT_EQ(matcher.match(*event).size(), 1U);
  event->set_logsource(&dns);
  EXPECT_TRUE(matcher.match(*event).empty());
  event->set_logsource(nullptr);
  event->set_everywhere(true);
  EXPECT_EQ(matcher.match(*event).size(), 1U);
}

// A rule whose only guard is its log source is looked at when the caller names the source, too.
TEST(Logsource, IsAllThatANegativeRuleHas) {
  Taxonomy taxonomy;
  taxonomy.logsources = {{{"web", "", ""}, R"({"class":1})"}};
  const RuleSet rules =
      rules_of("title: t\nlogsource: {category: web}\ndetection: {s: {A: 1}, condition: not s}\n", taxonomy);
  EXPECT_TRUE(matches(rules, R"({"class":1})"));
  EXPECT_FALSE(matches(rules, R"({"class":2})"));
  EventReader reader(rules);
  Matcher matcher(rules);
  Event* const event = *reader.read("{}");
  event->set_everywhere(true);
  EXPECT_EQ(matcher.match(*event).size(), 1U);
}

TEST(Conditions, FollowPrecedenceAndQuantifiers) {
  const auto holds = [](std::string_view condition, std::string_view event) {
    // `_hidden` is no part of `them`.
    const std::string text = "sel_a: {A: 1}\nsel_b: {B: 1}\nc: {C: 1}\n_hidden: {D: 1}\ncondition: ['" +
                             std::string(condition) + "', 'c and (sel_a and sel_b and c and _hidden)']\n";
    return matches(rules_of(rule_with(text)), event);
  };
  EXPECT_TRUE(holds("sel_a or sel_b and c", R"({"A":1})"));
  EXPECT_FALSE(holds("(sel_a or sel_b) and c", R"({"A":1})"));
  EXPECT_TRUE(holds("not sel_a and c", R"({"C":1})"));
  EXPECT_FALSE(holds("not (sel_a or c)", R"({"C":1})"));
  EXPECT_TRUE(holds("not not sel_a", R"({"A":1})"));
  EXPECT_TRUE(holds("1 of sel_*", R"({"B":1})"));
  EXPECT_FALSE(holds("1 of sel_*", R"({"C":1})"));
  EXPECT_TRUE(holds("all of sel_*", R"({"A":1,"B":1})"));
  EXPECT_FALSE(holds("all of sel_*", R"({"A":1})"));
  EXPECT_TRUE(holds("all of them", R"({"A":1,"B":1,"C":1})"));
  EXPECT_FALSE(holds("1 of them", R"({"D":1})"));
  EXPECT_TRUE(holds("1 of _*", R"({"D":1})"));
  EXPECT_TRUE(holds("2 of them", R"({"A":1,"C":1})"));
  EXPECT_FALSE(holds("2 of them", R"({"A":1})"));
  EXPECT_TRUE(holds("not 1 of sel_* and c", R"({"C":1})"));
  EXPECT_TRUE(holds("1 of *l_a", R"({"A":1})"));
}

}  // namespace
}  // namespace redoubt::sigma
