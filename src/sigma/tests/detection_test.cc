// Detections: what the specification's modifiers and values match.
#include "src/sigma/tests/support.h"

namespace redoubt::sigma {
namespace {

TEST(Detection, ComparesTextWithoutCase) {
  EXPECT_TRUE(selects("A: Windows", R"({"A":"wINDOWS"})"));
  EXPECT_TRUE(selects("A: 'STRASSE Ä Ω Ж'", R"({"A":"strasse ä ω ж"})"));
  EXPECT_TRUE(selects("A: k", R"({"A":"\u212a"})"));  // the Kelvin sign folds to `k`
  EXPECT_FALSE(selects("A: Windows", R"({"A":"Windows 10"})"));
  EXPECT_FALSE(selects("A: Windows", R"({"B":"Windows"})"));
}

TEST(Detection, CasedComparesLetterByLetter) {
  EXPECT_TRUE(selects("A|cased: Admin", R"({"A":"Admin"})"));
  EXPECT_FALSE(selects("A|cased: Admin", R"({"A":"admin"})"));
  EXPECT_TRUE(selects("A|contains|cased: Min", R"({"A":"adMins"})"));
  EXPECT_FALSE(selects("A|contains|cased: Min", R"({"A":"admins"})"));
  EXPECT_FALSE(selects("A|startswith|cased: Ab", R"({"A":"aB"})"));
}

TEST(Detection, WildcardsAndTheirEscapes) {
  EXPECT_TRUE(selects("A: 'prog?.exe'", R"({"A":"progA.exe"})"));
  EXPECT_TRUE(selects("A: 'prog?.exe'", R"({"A":"progä.exe"})"));  // one character, not one byte
  EXPECT_FALSE(selects("A: 'prog?.exe'", R"({"A":"prog.exe"})"));
  EXPECT_TRUE(selects("A: 'antivirus_V*.exe'", R"({"A":"antivirus_V21.2.1.exe"})"));
  EXPECT_FALSE(selects("A: 'a*b*c'", R"({"A":"acb"})"));
  EXPECT_TRUE(selects("A: 'a*b?'", R"({"A":"aXbYbZ"})"));
  EXPECT_TRUE(selects("A: '*?'", R"({"A":"x"})"));
  EXPECT_FALSE(selects("A: '*?'", R"({"A":""})"));
  // Rules Specification, Escape Character.
  EXPECT_TRUE(selects(R"(A: 'a\b')", R"({"A":"a\\b"})"));
  EXPECT_TRUE(selects(R"(A: 'a\\b')", R"({"A":"a\\b"})"));
  EXPECT_TRUE(selects(R"(A: 'a\*')", R"({"A":"a*"})"));
  EXPECT_FALSE(selects(R"(A: 'a\*')", R"({"A":"ab"})"));
  EXPECT_TRUE(selects(R"(A: 'a\\*')", R"({"A":"a\\bcd"})"));
  EXPECT_TRUE(selects(R"(A: 'a\\\*')", R"({"A":"a\\*"})"));
  EXPECT_FALSE(selects(R"(A: 'a\\\*')", R"({"A":"a\\b"})"));
  EXPECT_TRUE(selects(R"(A: 'a\\\\b')", R"({"A":"a\\\\b"})"));
  EXPECT_TRUE(selects(R"(A: 'a\\\b')", R"({"A":"a\\\\b"})"));
}

TEST(Detection, PlacesInText) {
  EXPECT_TRUE(selects("A|startswith: ab", R"({"A":"ABC"})"));
  EXPECT_FALSE(selects("A|startswith: ab", R"({"A":"xab"})"));
  EXPECT_TRUE(selects("A|endswith: bc", R"({"A":"abc"})"));
  EXPECT_FALSE(selects("A|endswith: bc", R"({"A":"abcd"})"));
  EXPECT_TRUE(selects("A|contains: 'bc'", R"({"A":"abcd"})"));
  EXPECT_TRUE(selects("A|contains: b", R"({"A":"abcd"})"));
  EXPECT_TRUE(selects("A|contains: 'whoami'", R"({"A":"cmd /c whoamI /all"})"));
  EXPECT_TRUE(selects("A|contains: 'a?c'", R"({"A":"xxabcxx"})"));
  EXPECT_TRUE(selects("A|contains: 443", R"({"A":14430})"));
}

TEST(Detection, ListsAreAlternativesUnlessAll) {
  EXPECT_TRUE(selects("A: [x, y]", R"({"A":"y"})"));
  EXPECT_FALSE(selects("A: [x, y]", R"({"A":"z"})"));
  EXPECT_TRUE(selects("A|contains|all: [x, y]", R"({"A":"zyx"})"));
  EXPECT_FALSE(selects("A|contains|all: [x, y]", R"({"A":"zx"})"));
  EXPECT_TRUE(selects("A: x\nB: y", R"({"A":"x","B":"y"})"));
  EXPECT_FALSE(selects("A: x\nB: y", R"({"A":"x"})"));
  EXPECT_TRUE(selects("- A: x\n- B: y", R"({"B":"y"})"));
}

TEST(Detection, NumbersAndBooleansAreValuesAndText) {
  EXPECT_TRUE(selects("A: 4625", R"({"A":4625})"));
  EXPECT_TRUE(selects("A: 4625", R"({"A":"4625"})"));
  EXPECT_TRUE(selects("A: '4625'", R"({"A":4625})"));
  EXPECT_TRUE(selects("A: 1", R"({"A":1.0})"));
  EXPECT_TRUE(selects("A: 1.5", R"({"A":15e-1})"));
  EXPECT_FALSE(selects("A: 9007199254740993", R"({"A":9007199254740992})"));  // alike as doubles
  EXPECT_TRUE(selects("A: 9007199254740993", R"({"A":9007199254740993})"));
  EXPECT_TRUE(selects("A: 0x17", R"({"A":23})"));
  EXPECT_TRUE(selects("A: '0x17'", R"({"A":"0X17"})"));
  EXPECT_TRUE(selects("A: true", R"({"A":true})"));
  EXPECT_TRUE(selects("A: true", R"({"A":"True"})"));
  EXPECT_FALSE(selects("A: true", R"({"A":false})"));
}

TEST(Detection, NullEmptyAndExists) {
  EXPECT_TRUE(selects("A: null", R"({"A":null})"));
  EXPECT_TRUE(selects("A: null", R"({"B":1})"));
  EXPECT_TRUE(selects("A: null", R"({"A":[]})"));
  EXPECT_FALSE(selects("A: null", R"({"A":""})"));
  EXPECT_TRUE(selects("A: ''", R"({"A":""})"));
  EXPECT_FALSE(selects("A: ''", R"({"A":null})"));
  EXPECT_FALSE(selects("A: ''", R"({})"));
  EXPECT_TRUE(selects("A: '*'", R"({"A":""})"));
  EXPECT_FALSE(selects("A: '*'", R"({"A":null})"));
  EXPECT_TRUE(selects("A|exists: true", R"({"A":null})"));
  EXPECT_TRUE(selects("A|exists: true", R"({"A":{"b":1}})"));
  EXPECT_TRUE(selects("A|exists: false", R"({"B":1})"));
  EXPECT_FALSE(selects("A|exists: false", R"({"A":[]})"));
}

TEST(Detection, NeqIsTheNegationOfTheItem) {
  EXPECT_TRUE(selects("A|neq: x", R"({"A":"y"})"));
  EXPECT_FALSE(selects("A|neq: x", R"({"A":"X"})"));
  EXPECT_FALSE(selects("A|neq: [x, y]", R"({"A":"y"})"));
  EXPECT_TRUE(selects("A|neq: x", R"({"B":1})"));
  EXPECT_FALSE(selects("A|neq: x", R"({"A":["x","y"]})"));
  EXPECT_FALSE(selects("A|neq: null", R"({"B":1})"));
}

TEST(Detection, ComparesNumbers) {
  EXPECT_TRUE(selects("A|lt: 5", R"({"A":4.9})"));
  EXPECT_FALSE(selects("A|lt: 5", R"({"A":5})"));
  EXPECT_TRUE(selects("A|lte: 5", R"({"A":"5"})"));
  EXPECT_TRUE(selects("A|gt: -1", R"({"A":0})"));
  EXPECT_TRUE(selects("A|gte: 1.5", R"({"A":1.5})"));
  EXPECT_FALSE(selects("A|gt: 1", R"({"A":"2 apples"})"));
  EXPECT_FALSE(selects("A|gt: 1", R"({"A":true})"));
  EXPECT_FALSE(selects("A|lt: 1", R"({"A":""})"));
}

TEST(Detection, RegularExpressions) {
  EXPECT_TRUE(selects("A|re: 'b+c'", R"({"A":"abbbcd"})"));
  EXPECT_FALSE(selects("A|re: 'B+C'", R"({"A":"abbbcd"})"));
  EXPECT_TRUE(selects("A|re|i: 'B+C'", R"({"A":"abbbcd"})"));
  EXPECT_FALSE(selects("A|re: '^b$'", R"({"A":"a\nb\nc"})"));
  EXPECT_TRUE(selects("A|re|m: '^b$'", R"({"A":"a\nb\nc"})"));
  EXPECT_FALSE(selects("A|re: 'a.b'", R"({"A":"a\nb"})"));
  EXPECT_TRUE(selects("A|re|s: 'a.b'", R"({"A":"a\nb"})"));
  EXPECT_TRUE(selects("A|re|i|m|s: '^B.C$'", R"({"A":"a\nb\nc"})"));
  EXPECT_TRUE(selects("A|re: '^[0-9]{3}$'", R"({"A":404})"));
}

TEST(Detection, Networks) {
  EXPECT_TRUE(selects("A|cidr: 10.0.0.0/8", R"({"A":"10.255.0.1"})"));
  EXPECT_FALSE(selects("A|cidr: 10.0.0.0/8", R"({"A":"11.0.0.1"})"));
  EXPECT_TRUE(selects("A|cidr: 192.168.4.128/25", R"({"A":"192.168.4.200"})"));
  EXPECT_FALSE(selects("A|cidr: 192.168.4.128/25", R"({"A":"192.168.4.100"})"));
  EXPECT_TRUE(selects("A|cidr: '2001:db8::/32'", R"({"A":"2001:DB8:1::1"})"));
  EXPECT_TRUE(selects("A|cidr: 10.0.0.0/8", R"({"A":"::ffff:10.1.2.3"})"));
  EXPECT_FALSE(selects("A|cidr: '::/0'", R"({"A":"10.1.2.3"})"));
  EXPECT_TRUE(selects("A|cidr: '::ffff:10.0.0.0/104'", R"({"A":"10.1.2.3"})"));
  EXPECT_TRUE(selects("A|cidr: 10.1.2.3", R"({"A":"10.1.2.3"})"));
  EXPECT_FALSE(selects("A|cidr: 10.0.0.0/8", R"({"A":"10.0.0"})"));
  EXPECT_FALSE(selects("A|cidr|neq: 10.0.0.0/8", R"({"A":"10.0.0.1"})"));
}

TEST(Detection, Encodings) {
  EXPECT_TRUE(selects("A|base64: foobar", R"({"A":"Zm9vYmFy"})"));
  // Vectors of `base64 -w0` of `xfoobary`, `xyfoobar`: the middle does not depend on what is around.
  EXPECT_TRUE(selects("A|base64offset|contains: foobar", R"({"A":"eGZvb2Jhcnk="})"));
  EXPECT_TRUE(selects("A|base64offset|contains: foobar", R"({"A":"eHlmb29iYXI="})"));
  EXPECT_TRUE(selects("A|base64offset|contains: foobar", R"({"A":"Zm9vYmFyeA=="})"));
  EXPECT_FALSE(selects("A|base64offset|contains|cased: foobar", R"({"A":"eGZvb2JhenkK"})"));
  EXPECT_TRUE(selects("A|wide|base64: ping", R"({"A":"cABpAG4AZwA="})"));
  EXPECT_TRUE(selects("A|utf16le|base64: ping", R"({"A":"cABpAG4AZwA="})"));
  EXPECT_TRUE(selects("A|utf16be|base64: ping", R"({"A":"AHAAaQBuAGc="})"));
  EXPECT_TRUE(selects("A|utf16|base64: ping", R"({"A":"//5wAGkAbgBnAA=="})"));
  EXPECT_TRUE(selects("A|wide: cmd", R"({"A":"c\u0000m\u0000d\u0000"})"));
}

TEST(Detection, DashesAreExchanged) {
  for (const char* const dash : {"-", "/", "–", "—", "―"})
    EXPECT_TRUE(selects("A|windash|contains: ' -f '", std::string(R"({"A":"x )") + dash + R"(f y"})")) << dash;
  EXPECT_FALSE(selects("A|windash|contains: ' -f '", R"({"A":"x +f y"})"));
  EXPECT_TRUE(selects("A|windash: '-a /b'", R"({"A":"/a —b"})"));
}

TEST(Detection, FieldsAreComparedWithFields) {
  EXPECT_TRUE(selects("A|fieldref: B", R"({"A":"x","B":"X"})"));
  EXPECT_FALSE(selects("A|fieldref|cased: B", R"({"A":"x","B":"X"})"));
  EXPECT_FALSE(selects("A|fieldref: B", R"({"A":"x"})"));
  EXPECT_TRUE(selects("A|fieldref|neq: B", R"({"A":"x","B":"y"})"));
  EXPECT_TRUE(selects("A|fieldref|startswith: B", R"({"A":"xyz","B":"xy"})"));
  EXPECT_FALSE(selects("A|fieldref|contains: B", R"({"A":"xyz","B":""})"));
  EXPECT_TRUE(selects("A|fieldref: B", R"({"A":["p","q"],"B":["r","q"]})"));
}

TEST(Detection, PartsOfTimes) {
  const std::string text = R"({"A":"2026-03-09T22:41:07+02:00"})";
  EXPECT_TRUE(selects("A|minute: 41", text));
  EXPECT_TRUE(selects("A|hour: 22", text));
  EXPECT_TRUE(selects("A|day: 9", text));
  EXPECT_TRUE(selects("A|week: 11", text));
  EXPECT_TRUE(selects("A|month: 3", text));
  EXPECT_TRUE(selects("A|year: 2026", text));
  EXPECT_TRUE(selects("A|hour|gte: 22", text));
  EXPECT_FALSE(selects("A|hour|neq: 22", text));
  EXPECT_TRUE(selects("A|hour: 1", R"({"A":1767229200000})"));  // 2026-01-01T01:00:00Z
  EXPECT_TRUE(selects("A|week: 53", R"({"A":"2027-01-01"})"));
  EXPECT_FALSE(selects("A|hour: 0", R"({"A":"2026-03-09"})"));
  EXPECT_FALSE(selects("A|day: 30", R"({"A":"2026-02-30"})"));
}

TEST(Detection, Placeholders) {
  Taxonomy taxonomy;
  taxonomy.placeholders["Servers"] = {"srv-*", "db1"};
  const auto rule = [](std::string_view lines) { return rule_selecting(lines); };
  const RuleSet rules = rules_of(rule("A|expand: '%Servers%'"), taxonomy);
  EXPECT_TRUE(matches(rules, R"({"A":"SRV-7"})"));
  EXPECT_TRUE(matches(rules, R"({"A":"db1"})"));
  EXPECT_FALSE(matches(rules, R"({"A":"%Servers%"})"));
  EXPECT_TRUE(matches(rules_of(rule("A|expand|contains: 'x%Servers%\\%'"), taxonomy), R"({"A":"..xdb1%.."})"));
  EXPECT_TRUE(selects("A: '%Servers%'", R"({"A":"%servers%"})"));
  taxonomy.placeholders["Nets"] = {"10.0.0.0/8", "fd00::/8"};
  EXPECT_TRUE(matches(rules_of(rule("A|cidr|expand: '%Nets%'"), taxonomy), R"({"A":"fd01::1"})"));
}

TEST(Detection, KeywordsAreLookedForEverywhere) {
  const RuleSet rules = rules_of(rule_with("keywords:\n    - EVILSERVICE\n    - 'n ?vil'\ncondition: keywords\n"));
  EXPECT_TRUE(matches(rules, R"({"deep":[{"er":"the evilservice is here"}]})"));
  EXPECT_TRUE(matches(rules, R"({"x":"svchost.exe -n evil"})"));
  EXPECT_FALSE(matches(rules, R"({"evilservice":"a name is no value"})"));
  const RuleSet all = rules_of(rule_with("k:\n    '|all':\n        - one\n        - two\ncondition: k\n"));
  EXPECT_TRUE(matches(all, R"({"a":"ONE","b":"two"})"));
  EXPECT_FALSE(matches(all, R"({"a":"one"})"));
  const RuleSet regex = rules_of(rule_with("k:\n    '|re': '^a.c$'\ncondition: k\n"));
  EXPECT_TRUE(matches(regex, R"({"a":["x","abc"]})"));
}

TEST(Detection, ArraysAndPathsGiveSeveralValues) {
  EXPECT_TRUE(selects("a.b: 2", R"({"a":[{"b":1},{"b":[3,2]}]})"));
  EXPECT_TRUE(selects("a.b: 2", R"({"a.b":2})"));
  EXPECT_TRUE(selects("a.b.c: 2", R"({"a":{"b.c":2}})"));
  EXPECT_TRUE(selects("A: 2", R"({"A":1,"A":2})"));
  Taxonomy taxonomy;
  taxonomy.fields["model"] = {"ai_model.name", "unmapped.model"};
  const RuleSet rules = rules_of(rule_selecting("model: m1"), taxonomy);
  EXPECT_TRUE(matches(rules, R"({"ai_model":{"name":"m0"},"unmapped":{"model":"m1"}})"));
  EXPECT_FALSE(matches(rules, R"({"model":"m1"})"));
}

TEST(Detection, PredicatesAreAskedOnceAndOnlyIfNeeded) {
  struct Answers final : PredicateAnswers {
    bool holds(std::size_t use, const Event& event) override {
      ++asked;
      last = use;
      return !event.values(0).empty();
    }
    int asked = 0;
    std::size_t last = 99;
  };
  Taxonomy taxonomy;
  taxonomy.predicates = {{"new_edge", 1}, {"known", 0}};
  const std::string text = rule_selecting("A: x\nA|predicate: 'new_edge(B)'") + "---\n" +
                           rule_selecting("A|predicate: 'new_edge( B )'\nB: y");
  const RuleSet rules = rules_of(text, taxonomy);
  ASSERT_EQ(rules.predicate_uses().size(), 1U);
  EXPECT_EQ(rules.predicate_uses()[0].name, "new_edge");
  EXPECT_EQ(rules.field_name(rules.predicate_uses()[0].arguments[0]), "B");
  Answers answers;
  EventReader reader(rules);
  Matcher matcher(rules, &answers);
  EXPECT_EQ(matcher.match(**reader.read(R"({"A":"x","B":"y"})")).size(), 2U);
  EXPECT_EQ(answers.asked, 1);
  EXPECT_TRUE(matcher.match(**reader.read(R"({"A":"z"})")).empty());
  EXPECT_EQ(answers.asked, 1);
}

// A list of objects: conditions in a path keep what belongs together.
TEST(Detection, PathsTakeItemsOfAListThatMeetTheirConditions) {
  Taxonomy taxonomy;
  taxonomy.fields = {{"kind", {"m.kind"}},
                     {"tool.kind", {"m[where=tool].kind"}},
                     {"passed.kind", {"m[action=none|flag].kind"}},
                     {"both.kind", {"m[where=tool][action=none|flag].kind"}}};
  const auto has = [&](std::string_view rule, std::string_view event) {
    return matches(rules_of(rule_selecting(rule), taxonomy), event);
  };
  constexpr std::string_view kEvent =
      R"({"m":[{"kind":"a","where":"user","action":"none"},{"where":"tool","action":"block","kind":"b"}]})";
  EXPECT_TRUE(has("kind: a", kEvent));
  EXPECT_TRUE(has("kind: b", kEvent));
  EXPECT_FALSE(has("tool.kind: a", kEvent));
  EXPECT_TRUE(has("tool.kind: b", kEvent));
  EXPECT_TRUE(has("passed.kind: a", kEvent));
  EXPECT_FALSE(has("passed.kind: b", kEvent));
  EXPECT_FALSE(has("both.kind|exists: true", kEvent));
  EXPECT_TRUE(has("both.kind: c", R"({"m":{"action":"flag","where":"tool","kind":"c"}})"));
  EXPECT_FALSE(has("tool.kind: a", R"({"m":[{"kind":"a"},{"kind":"a","where":7},{"kind":"a","where":"tools"}]})"));
}

TEST(Detection, AConditionInAPathThatIsNoneIsAnError) {
  for (const std::string path : {"m[where].kind", "m[where=].kind", "m[=x].kind", "m[a=b|].kind", "m[a=b", "m]",
                                 "[a=b]", "m[a=b]x.kind", "m[a=b c].kind", "m[a=b.c].kind"}) {
    const auto taxonomy = parse_taxonomy("fields:\n    kind: '" + path + "'\n", "taxonomy.yaml");
    ASSERT_FALSE(taxonomy) << path;
    EXPECT_EQ(taxonomy.error().code(), Errc::kMalformed) << path;
  }
  EXPECT_TRUE(parse_taxonomy("fields:\n    kind: 'm[a=b|c][d-e=f_1].kind'\n", "taxonomy.yaml"));
}

}  // namespace
}  // namespace redoubt::sigma
