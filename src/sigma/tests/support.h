// Short ways to compile rules and to ask what they match.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "encoding/json_items.h"
#include "sigma/correlator.h"
#include "sigma/event_reader.h"
#include "sigma/matcher.h"
#include "sigma/rule_set.h"

namespace redoubt::sigma {

using Random = std::mt19937_64;

// Precondition: bound > 0.
inline std::size_t below(Random& random, std::size_t bound) {
  return static_cast<std::size_t>(random() % bound);
}

inline Result<RuleSet> compile(std::string text, const Taxonomy& taxonomy = {}) {
  const RuleFile file{"rules.yml", std::move(text)};
  return RuleSet::compile({&file, 1}, taxonomy);
}

inline RuleSet rules_of(std::string text, const Taxonomy& taxonomy = {}) {
  auto rules = compile(std::move(text), taxonomy);
  if (!rules) {
    ADD_FAILURE() << rules.error().message();
    std::abort();
  }
  return *std::move(rules);
}

// A rule of which only the detection matters.
inline std::string rule_with(std::string_view detection) {
  std::string out = "title: a rule\nlogsource:\n    category: test\ndetection:\n";
  std::istringstream lines{std::string(detection)};
  for (std::string line; std::getline(lines, line);) out += "    " + line + "\n";
  return out;
}
// `selection` of these lines.
inline std::string rule_selecting(std::string_view lines_of_map) {
  std::string detection = "selection:\n";
  std::istringstream lines{std::string(lines_of_map)};
  for (std::string line; std::getline(lines, line);) detection += "    " + line + "\n";
  return rule_with(detection + "condition: selection\n");
}

inline bool matches(const RuleSet& rules, std::string_view event) {
  EventReader reader(rules);
  Matcher matcher(rules);
  const auto read = reader.read(event);
  if (!read) {
    ADD_FAILURE() << read.error().message();
    return false;
  }
  const bool out = !matcher.match(**read).empty();
  // Of its items, the same, where no member stands twice.
  encoding::JsonItems items;
  if (const auto listed = items.read(event); !listed) {
    EXPECT_EQ(listed.error().message(), "json has an object with a duplicate key") << event;
    return out;
  }
  const auto again = reader.read(items);
  EXPECT_TRUE(again && matcher.match(**again).empty() != out) << event;
  return out;
}
// Whether a rule with this `selection` matches.
inline bool selects(std::string_view lines_of_map, std::string_view event) {
  return matches(rules_of(rule_selecting(lines_of_map)), event);
}

// The message, or what it should not be.
inline std::string problem_of(std::string text, const Taxonomy& taxonomy = {}) {
  const auto rules = compile(std::move(text), taxonomy);
  return rules ? std::string("(no problem)") : rules.error().message();
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

// The shared data's folder of the specification; empty: there is none here.
inline std::filesystem::path specification() {
  const char* const data = std::getenv("REDOUBT_DATA");
  if (data == nullptr) return {};
  const std::filesystem::path path = std::filesystem::path(data) / "compliance/sigma-spec";
  return std::filesystem::is_directory(path) ? path : std::filesystem::path();
}

}  // namespace redoubt::sigma
