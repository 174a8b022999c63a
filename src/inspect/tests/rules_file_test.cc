#include "inspect/rules_file.h"

#include <gtest/gtest.h>

#include <string>

namespace redoubt::inspect {
namespace {

std::string refusal(std::string_view text) {
  const auto file = parse_rules_file(text, "f.toml");
  return file ? "accepted" : std::string(to_string(file.error().code())) + " " + file.error().message();
}

std::string rule_with(std::string_view line) {
  return "[[rule]]\nname = \"a\"\nkind = \"A\"\n" + std::string(line) + "\n";
}

TEST(RulesFile, OfNothingChoosesAllRules) {
  const auto file = parse_rules_file("", "f.toml");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_TRUE(file->options.families.empty());
  EXPECT_TRUE(file->options.kinds.empty());
  EXPECT_TRUE(file->options.user.empty());
  EXPECT_DOUBLE_EQ(file->options.min_confidence, 0.5);
  EXPECT_TRUE(file->options.decode);
  EXPECT_TRUE(file->cases.empty());
}

TEST(RulesFile, HoldsRulesOfOnesOwnAndCases) {
  const auto file = parse_rules_file(R"([[rule]]
name = "case_number"
kind = "CASE_NUMBER"
pattern = 'C-\d{6}'
context = ["case", "file"]
confidence_percent = 60
confidence_near_percent = 90
max_width_bytes = 16
ignore_case = true

[[rule]]
name = "projects"
kind = "PROJECT"
words = ["Blue Heron"]

[[case]]
text = "see case C-123456"
expect = ["CASE_NUMBER:C-123456"]
)",
                                     "f.toml");
  ASSERT_TRUE(file) << file.error().message();
  ASSERT_EQ(file->options.user.size(), 2U);
  const UserRule& first = file->options.user[0];
  EXPECT_EQ(first.name, "case_number");
  EXPECT_EQ(first.kind, "CASE_NUMBER");
  EXPECT_EQ(first.pattern, R"(C-\d{6})");
  EXPECT_EQ(first.context, (std::vector<std::string>{"case", "file"}));
  EXPECT_DOUBLE_EQ(first.confidence, 0.6);
  EXPECT_DOUBLE_EQ(first.confidence_near, 0.9);
  EXPECT_EQ(first.max_width_bytes, 16U);
  EXPECT_TRUE(first.ignore_case);
  const UserRule& second = file->options.user[1];
  EXPECT_EQ(second.words, std::vector<std::string>{"Blue Heron"});
  EXPECT_DOUBLE_EQ(second.confidence, 0.8);
  EXPECT_DOUBLE_EQ(second.confidence_near, 0.95);
  ASSERT_EQ(file->cases.size(), 1U);
  EXPECT_EQ(file->cases[0].text, "see case C-123456");
  EXPECT_EQ(file->cases[0].expect, std::vector<std::string>{"CASE_NUMBER:C-123456"});
}

TEST(RulesFile, ChoosesAmongTheRulesBuiltInAndKeepsOnesOwn) {
  const auto file = parse_rules_file(R"([inspection]
families = ["personal", "secret"]
kinds = ["credit_card", "JWT", "case_number"]
min_confidence_percent = 70
decode = false

[[rule]]
name = "case_number"
kind = "Case_Number"
pattern = 'C-\d{6}'
)",
                                     "f.toml");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->options.families, (std::vector<Family>{Family::kPersonal, Family::kSecret, Family::kUser}));
  EXPECT_EQ(file->options.kinds, (std::vector<std::string>{"CREDIT_CARD", "JWT", "Case_Number"}));
  EXPECT_DOUBLE_EQ(file->options.min_confidence, 0.7);
  EXPECT_FALSE(file->options.decode);
  const auto rules = Rules::compile(file->options);
  ASSERT_TRUE(rules) << rules.error().message();
  std::vector<std::string_view> own;
  for (const RuleInfo& rule : (*rules)->list()) {
    if (rule.family == Family::kUser) own.push_back(rule.kind);
  }
  EXPECT_EQ(own, std::vector<std::string_view>{"Case_Number"});
}

TEST(RulesFile, HoldsContractsOfTools) {
  const auto file = parse_rules_file(
      "inspection.buffer_streams = true\n"
      "[[contract]]\ntool = \"a/b: c\"\nschema = \"a.json\"\n[[contract]]\ntool = \"b\"\nschema = \"a.json\"\n",
      "f.toml");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_TRUE(file->buffer_streams);
  ASSERT_EQ(file->contracts.size(), 2U);
  EXPECT_EQ(file->contracts[0].tool, "a/b: c");
  EXPECT_EQ(file->contracts[1].schema, "a.json");
}

TEST(RulesFile, RefusesContractsThatAreNone) {
  const auto contract = [](std::string_view tool, std::string_view schema) {
    return refusal("[[contract]]\ntool = \"" + std::string(tool) + "\"\nschema = \"" + std::string(schema) + "\"\n");
  };
  EXPECT_EQ(contract("a", "a.json"), "accepted");
  for (const char* schema : {"a", "../a.json", ".a.json", "", "a/b.json"}) {
    EXPECT_NE(contract("a", schema), "accepted") << schema;
  }
  EXPECT_NE(contract("", "a.json"), "accepted");
  EXPECT_NE(contract("a\\u001b", "a.json"), "accepted");
  EXPECT_NE(contract(std::string(kToolNameMax + 1, 'a'), "a.json"), "accepted");
  EXPECT_NE(refusal("[[contract]]\ntool = \"a\"\n"), "accepted");
  EXPECT_NE(refusal("[[contract]]\nschema = \"a.json\"\n"), "accepted");
  const std::string one = "[[contract]]\ntool = \"a\"\nschema = \"a.json\"\n";
  EXPECT_EQ(refusal(one + one), "malformed f.toml:5:8: `contract[1].tool` has a contract already");
}

TEST(RulesFile, HasRecordsInNormalFormAndWhichRuleTheyAreOf) {
  const auto file = parse_rules_file(rule_with("pattern = '\\d{4}  ?\\d{4}'\nrecords = [\"1020  3040\"]"), "f.toml");
  ASSERT_TRUE(file) << file.error().message();
  ASSERT_EQ(file->records.size(), 1U);
  EXPECT_EQ(file->records[0].rule, "a");
  EXPECT_EQ(file->records[0].dictionary, file->options.user[0].dictionary);
  EXPECT_EQ(file->records[0].records, std::vector<std::string>{"1020 3040"});
}

TEST(RulesFile, NamesADictionary) {
  const auto file = parse_rules_file(rule_with("pattern = '\\d{8}'\ndictionary = \"patients\""), "f.toml");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->options.user[0].dictionary, "patients");
  EXPECT_TRUE(file->records.empty());
}

TEST(RulesFile, RefusesDictionariesThatAreNone) {
  for (const char* name : {"", "../a", ".a", "a b", "a/b"}) {
    EXPECT_TRUE(
        refusal(rule_with("pattern = 'a'\ndictionary = \"" + std::string(name) + "\"")).starts_with("malformed"))
        << name;
  }
  EXPECT_EQ(refusal(rule_with("words = ['a']\ndictionary = 'b'")),
            "malformed f.toml:5:14: `rule[0].dictionary` must go with a `pattern`");
  EXPECT_EQ(refusal(rule_with("words = ['a']\nrecords = ['b']")),
            "malformed f.toml:5:11: `rule[0].records` must go with a `pattern`");
  EXPECT_EQ(refusal(rule_with("pattern = 'a'\ndictionary = 'b'\nrecords = ['c']")),
            "malformed f.toml:5:14: `rule[0].dictionary` must not stand beside `records`");
}

TEST(RulesFile, RefusesRecordsWithoutAPattern) {
  EXPECT_EQ(refusal(rule_with("words = [\"a\"]\nrecords = [\"b\"]")),
            "malformed f.toml:5:11: `rule[0].records` must go with a `pattern`");
}

TEST(RulesFile, RefusesKeysThatMeanNothing) {
  EXPECT_EQ(refusal("[inspection]\nfamily = [\"personal\"]\n"),
            "malformed f.toml:2:1: unknown key `inspection.family`");
  EXPECT_EQ(refusal(rule_with("pattern = 'a'\nwidth = 3")), "malformed f.toml:5:1: unknown key `rule[0].width`");
  EXPECT_NE(refusal("inspection = 3\n"), "accepted");
  EXPECT_NE(refusal("rule = 3\n"), "accepted");
}

TEST(RulesFile, RefusesNamesThatAreNone) {
  const std::string expected = "must be 1 to 64 letters, digits, `_`, `-` or `.`";
  for (const std::string name : {"", "a b", "a\\nb", "\u00e4"}) {
    EXPECT_EQ(refusal("[[rule]]\nname = \"" + name + "\"\n"), "malformed f.toml:2:8: `rule[0].name` " + expected);
    EXPECT_EQ(refusal("[[rule]]\nname = \"a\"\nkind = \"" + name + "\"\n"),
              "malformed f.toml:3:8: `rule[0].kind` " + expected);
  }
  EXPECT_EQ(refusal("[[rule]]\nname = \"" + std::string(65, 'a') + "\"\n"),
            "malformed f.toml:2:8: `rule[0].name` " + expected);
}

TEST(RulesFile, RefusesKindsThatAreCalledLikeAFamily) {
  for (const std::string kind : {"personal", "SECRET", "Attack", "user"}) {
    EXPECT_EQ(refusal("[[rule]]\nname = \"a\"\nkind = \"" + kind + "\"\n"),
              "malformed f.toml:3:8: `rule[0].kind` must not be the name of a family");
  }
}

TEST(RulesFile, RefusesARuleWithoutANameOrAKind) {
  EXPECT_EQ(refusal("[[rule]]\nkind = \"A\"\n"), "malformed f.toml:1:1: `rule[0].name` is missing");
  EXPECT_EQ(refusal("[[rule]]\nname = \"a\"\n"), "malformed f.toml:1:1: `rule[0].kind` is missing");
}

TEST(RulesFile, RefusesARuleWithNeitherOrBothOfPatternAndWords) {
  EXPECT_EQ(refusal(rule_with("")), "malformed f.toml:1:1: `rule[0].pattern` must be there, or the other of the two");
  EXPECT_NE(refusal(rule_with("pattern = 'a'\nwords = [\"b\"]")), "accepted");
  EXPECT_EQ(refusal(rule_with("words = [\"\"]")), "malformed f.toml:4:9: `rule[0].words` must hold no empty text");
}

TEST(RulesFile, RefusesAPatternWithControlCharactersOrTooLong) {
  EXPECT_NE(refusal(rule_with(R"(pattern = "a\nb")")).find("`rule[0].pattern` must hold no control characters"),
            std::string::npos);
  EXPECT_EQ(refusal(rule_with("pattern = '" + std::string(4097, 'a') + "'")),
            "malformed f.toml:4:11: `rule[0].pattern` must not exceed 4096 bytes");
}

TEST(RulesFile, RefusesNumbersOutOfRange) {
  EXPECT_NE(refusal(rule_with("pattern = 'a'\nconfidence_percent = 101")).find("must be from 0 to 100"),
            std::string::npos);
  EXPECT_NE(refusal(rule_with("pattern = 'a'\nmax_width_bytes = 4097")).find("must be from 0 to 4096"),
            std::string::npos);
  EXPECT_NE(refusal("[inspection]\nmin_confidence_percent = -1\n").find("must be from 0 to 100"), std::string::npos);
}

TEST(RulesFile, RefusesFamiliesAndKindsThatAreNone) {
  EXPECT_EQ(refusal("[inspection]\nfamilies = [\"user\"]\n"),
            "malformed f.toml:2:12: `inspection.families` may hold `personal`, `secret` and `attack`");
  EXPECT_EQ(refusal("[inspection]\nkinds = [\"credit card\"]\n"),
            "malformed f.toml:2:9: `inspection.kinds` must hold names of kinds, such as `credit_card`");
}

TEST(RulesFile, RefusesMoreThanItsLimits) {
  EXPECT_EQ(refusal(std::string(kRulesFileMaxBytes + 1, '\n')), "too_large f.toml: more than 1 MiB");
  std::string rules;
  for (std::size_t i = 0; i <= kUserRulesMax; ++i) rules += rule_with("pattern = 'a'");
  EXPECT_EQ(refusal(rules), "too_large there are more than 1000 rules");
  std::string words = "words = [";
  for (std::size_t i = 0; i <= kUserWordsMax; ++i) words += "\"a\",";
  EXPECT_EQ(refusal(rule_with(words + "]")), "too_large there are more than 20000 words and records");
}

}  // namespace
}  // namespace redoubt::inspect
