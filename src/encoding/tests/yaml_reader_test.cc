#include "encoding/yaml_reader.h"

#include <gtest/gtest.h>

namespace redoubt::encoding {
namespace {

using NodeKind = YamlNode::Kind;

std::vector<YamlNode> documents_of(std::string_view yaml) {
  std::vector<YamlNode> documents;
  YamlProblem problem;
  EXPECT_TRUE(read_yaml(yaml, documents, problem)) << problem.message;
  return documents;
}

YamlProblem problem_of(std::string_view yaml, const YamlLimits& limits = {}) {
  std::vector<YamlNode> documents;
  YamlProblem problem;
  EXPECT_FALSE(read_yaml(yaml, documents, problem, limits)) << yaml;
  return problem;
}

TEST(YamlReaderTest, GivesDocumentsAsTreesWithLines) {
  const auto documents = documents_of("a: 1\nb:\n  - x\n  - [true, null]\n---\ntext\n---\n");
  ASSERT_EQ(documents.size(), 2u);
  EXPECT_TRUE(documents[0].is_map());
  EXPECT_EQ(documents[0].find("a")->number, 1);
  const YamlNode* const list = documents[0].find("b");
  ASSERT_EQ(list->items.size(), 2u);
  EXPECT_EQ(list->items[0].line, 3u);
  EXPECT_EQ(list->items[1].items[0].kind, NodeKind::kBoolean);
  EXPECT_EQ(list->items[1].items[1].kind, NodeKind::kNull);
  EXPECT_EQ(documents[0].find("c"), nullptr);
  EXPECT_EQ(documents[1].text, "text");
}

// YAML 1.2 §10.3.2.
TEST(YamlReaderTest, PlainScalarsAreThoseOfTheCoreSchema) {
  const std::vector<std::pair<std::string, NodeKind>> scalars = {
      {"yes", NodeKind::kText},    {"on", NodeKind::kText},      {"True", NodeKind::kBoolean},
      {"~", NodeKind::kNull},      {"0x17", NodeKind::kInteger}, {"0o17", NodeKind::kInteger},
      {"-12", NodeKind::kInteger}, {"1e3", NodeKind::kFloat},    {".5", NodeKind::kFloat},
      {"1_000", NodeKind::kText},  {"'12'", NodeKind::kText},    {"12:30", NodeKind::kText},
  };
  for (const auto& [text, kind] : scalars) {
    const auto documents = documents_of("a: " + text);
    EXPECT_EQ(documents.at(0).find("a")->kind, kind) << text;
  }
  EXPECT_EQ(documents_of("a: 0x17")[0].find("a")->number, 23);
}

TEST(YamlReaderTest, WhatTwoReadersCouldReadDifferentlyIsRefused) {
  EXPECT_EQ(problem_of("a: 1\na: 2").line, 2u);
  EXPECT_EQ(problem_of("a: &x 1\nb: *x").code, Errc::kUnsupported);
  EXPECT_EQ(problem_of("a: !!binary aGk=").code, Errc::kUnsupported);
  EXPECT_EQ(problem_of("? [a, b]\n: 1").code, Errc::kMalformed);
  EXPECT_EQ(problem_of("a: 99999999999999999999").code, Errc::kMalformed);
  EXPECT_EQ(problem_of("a: .inf").code, Errc::kMalformed);
  EXPECT_EQ(problem_of("a: [1").code, Errc::kMalformed);
  EXPECT_EQ(problem_of("a: \xff").code, Errc::kMalformed);
  EXPECT_EQ(problem_of(std::string_view("a: \0", 4)).code, Errc::kMalformed);
}

TEST(YamlReaderTest, LimitsHold) {
  EXPECT_EQ(problem_of("aaaa", {.max_bytes = 3}).code, Errc::kTooLarge);
  EXPECT_EQ(problem_of("1\n---\n2\n---\n3", {.max_documents = 2}).code, Errc::kTooLarge);
  EXPECT_EQ(problem_of("[1, 2, 3]", {.max_nodes = 3}).code, Errc::kTooLarge);
  EXPECT_EQ(problem_of("[[[1]]]", {.max_depth = 2}).code, Errc::kTooLarge);
}

}  // namespace
}  // namespace redoubt::encoding
