#include "incident/regimes.h"

#include <gtest/gtest.h>

namespace redoubt::incident::test {
namespace {

std::string table_of(std::string_view regimes, std::string_view head = "as_of: 2026-01-01\n") {
  return std::string("table: regulatory-clocks\n").append(head).append("regimes:\n").append(regimes);
}

constexpr std::string_view kOne =
    "  - {id: a, title: A, law: L, when: W, applies_from: 2020-01-01, applies_until: 2026-01-01, counting: calendar, "
    "steps: [{id: s, to: T, article: X, within: 3 days, from: awareness}]}\n";
constexpr std::string_view kLater =
    "  - {id: a, title: A, law: L2, when: W, applies_from: 2026-01-01, counting: calendar, "
    "steps: [{id: s, to: T, article: X, within: 4 days, from: awareness}]}\n";

TEST(Regimes, TheShippedTableIsReadAndNamesItsSources) {
  const auto table = read_regimes("regimes.yaml", shipped_regimes());
  ASSERT_TRUE(table) << table.error().message();
  EXPECT_EQ(table->digest.size(), 64u);
  const UnixMillis now{1'795'000'000'000};  // November 2026
  for (const char* const id : {"gdpr", "eu_ai_act", "eu_ai_act_death", "eu_ai_act_widespread", "nis2", "nis2_trust",
                               "dora", "hipaa", "hipaa_500"}) {
    ASSERT_NE(table->find(id, now), nullptr) << id;
  }
  const auto within = [&](std::string_view regime, std::string_view step) {
    const Regime::Step* const found = table->find(regime, now)->find(step);
    return found != nullptr && found->within ? to_string(*found->within) + ", " + found->article : std::string();
  };
  EXPECT_EQ(within("gdpr", "authority"), "72 hours, Art. 33(1)");
  EXPECT_EQ(within("gdpr", "persons"), "") << "without undue delay: there is no figure";
  EXPECT_EQ(within("eu_ai_act", "authority"), "15 days, Art. 73(2)");
  EXPECT_EQ(within("eu_ai_act_death", "authority"), "10 days, Art. 73(4)");
  EXPECT_EQ(within("eu_ai_act_widespread", "authority"), "2 days, Art. 73(3)");
  EXPECT_EQ(within("nis2", "early_warning"), "24 hours, Art. 23(4)(a)");
  EXPECT_EQ(within("nis2", "final_report"), "1 month, Art. 23(4)(d)");
  EXPECT_EQ(within("hipaa", "individuals"), "60 days, 45 CFR 164.404(b)");
  EXPECT_EQ(table->find("gdpr", {0}), nullptr) << "in 1970 it was no law";
}

TEST(Regimes, TheOneThatHeldThenIsFound) {
  const auto table = read_regimes("t.yaml", table_of(std::string(kOne).append(kLater)));
  ASSERT_TRUE(table) << table.error().message();
  EXPECT_EQ(table->find("a", {1'767'225'599'999})->law, "L");
  EXPECT_EQ(table->find("a", {1'767'225'600'000})->law, "L2");
}

TEST(Regimes, WhatIsNotUnderstoodIsRefusedWithItsLine) {
  const auto refused = [](const std::string& yaml, std::string_view why) {
    const auto table = read_regimes("t.yaml", yaml);
    ASSERT_FALSE(table) << yaml;
    EXPECT_NE(table.error().message().find(why), std::string::npos) << table.error().message();
    EXPECT_TRUE(table.error().message().starts_with("t.yaml:")) << table.error().message();
  };
  const auto step = [](std::string_view text) {
    return table_of("  - {id: a, title: A, law: L, when: W, applies_from: 2020-01-01, counting: calendar, steps: [" +
                    std::string(text) + "]}\n");
  };
  refused("", "there is no table");
  refused("- 1\n", "is a map");
  refused("table: other\nas_of: 2026-01-01\nregimes: []\n", "t.yaml:3");
  refused(table_of(kOne, ""), "as_of");
  refused(table_of(kOne, "as_of: 2026-02-30\n"), "is a day");
  refused(table_of(kOne, "as_of: 2026-01-01\nutc_offset: \"+15:00\"\n"), "utc_offset");
  refused(table_of(kOne, "as_of: 2026-01-01\nutc_offset: \"01:00\"\n"), "utc_offset");
  refused(table_of(kOne, "as_of: 2026-01-01\nholidays: [2026-12-25, never]\n"), "is a day");
  refused(table_of(kOne, "as_of: 2026-01-01\ncolour: red\n"), "`colour` is not known");
  refused(table_of(std::string(kOne).append(kOne)), "for the same time");
  refused(table_of("  - {id: A}\n"), "a-z 0-9 _");
  refused(table_of("  - {id: a, title: A}\n"), "has at least");
  refused(step("{id: s, to: T, article: X, within: 3 weeks, from: awareness}"), "is a term");
  refused(step("{id: s, to: T, article: X, within: 3 days, from: yesterday}"), "`from` is");
  refused(step("{id: s, to: T, article: X, within: 3 days, from: step s}"), "there is no step `s` before it");
  refused(step("{id: s, to: T, article: X, within: 3 days, from: awareness, no_later: 1 day}"), "no_later");
  refused(step("{id: s, to: T, article: \"X\\nY\", within: 3 days, from: awareness}"), "one line");
  refused(step("{id: s, to: T, article: X, from: awareness}, {id: s, to: T, article: X, from: awareness}"),
          "another step");
  refused(std::string(kRegimesFileMax + 1, '#'), "");
}

}  // namespace
}  // namespace redoubt::incident::test
