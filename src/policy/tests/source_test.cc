#include "policy/source.h"

#include <gtest/gtest.h>

#include "policy/policy_set.h"

namespace redoubt::policy {
namespace {

TEST(Position, CountsLinesAndCodePointsFromOne) {
  const std::string_view text = "a\n\xc3\xa9\xe2\x82\xacz\n";
  const auto at = [&](std::uint32_t offset) {
    const Position p = position_of(text, offset);
    return std::to_string(p.line) + ":" + std::to_string(p.column);
  };
  EXPECT_EQ(at(0), "1:1");
  EXPECT_EQ(at(1), "1:2");
  EXPECT_EQ(at(2), "2:1");
  EXPECT_EQ(at(4), "2:2");
  EXPECT_EQ(at(7), "2:3");
  EXPECT_EQ(at(9), "3:1");
}

std::string rendered(std::string_view text) {
  const auto policies = parse_policies(text);
  if (policies) return "no problem";
  std::string out;
  for (const Problem& problem : policies.error()) out += render(problem, "policy.cedar", text);
  return out;
}

TEST(Render, ShowsThePlaceAndWhatWasExpected) {
  EXPECT_EQ(rendered("permit (principal, action, resource)\nwhen { principal.; };"),
            "policy.cedar:2:18: unexpected `;`\n"
            "  2 | when { principal.; };\n"
            "    |                  ^\n"
            "  expected an identifier\n");
}

TEST(Render, UnderlinesTheWholePlace) {
  EXPECT_EQ(rendered("permit (principal, action, resource) when { nobody };"),
            "policy.cedar:1:45: `nobody` is no variable: there are `principal`, `action`, `resource` and `context`\n"
            "  1 | permit (principal, action, resource) when { nobody };\n"
            "    |                                             ^^^^^^\n");
}

TEST(Render, ShowsTheEndOfTheText) {
  EXPECT_EQ(rendered("permit (principal, action, resource)\n"),
            "policy.cedar:2:1: unexpected end\n"
            "  2 | \n"
            "    | ^\n"
            "  expected `;`, `when` or `unless`\n");
}

TEST(Render, PassesNoControlCharactersOn) {
  EXPECT_EQ(rendered("\t\x1b[31m\xe2\x80\xae permit"),
            "policy.cedar:1:2: unexpected `\xef\xbf\xbd`\n"
            "  1 |  \xef\xbf\xbd[31m\xef\xbf\xbd permit\n"
            "    |  ^\n");
}

TEST(Render, CutsLongLinesAroundThePlace) {
  const std::string text = "permit (principal, action, resource) when { \"" + std::string(500, 'x') + "\" ; \"" +
                           std::string(500, 'y') + "\" };";
  const std::string out = rendered(text);
  EXPECT_LT(out.size(), 400U);
  EXPECT_NE(out.find("xxx\" ; \"yyy"), std::string::npos);
  EXPECT_NE(out.find("1 | \xe2\x80\xa6xxx"), std::string::npos);
}

TEST(Render, NamesThePathOfAProblemInJson) {
  EXPECT_EQ(render({.message = "is no effect", .path = "/effect"}, "a.json", "{}"), "a.json: /effect: is no effect\n");
}

TEST(ToError, SaysTheFirstAndHowManyMore) {
  const std::string_view text = "x; y; z;";
  const auto policies = parse_policies(text);
  ASSERT_FALSE(policies);
  const Error error = to_error(policies.error(), "a.cedar", text);
  EXPECT_EQ(error.code(), Errc::kMalformed);
  EXPECT_EQ(error.message(), "a.cedar:1:1: unexpected `x`; and 2 more");
}

TEST(ToError, TellsALimitFromAMistake) {
  Limits limits;
  limits.max_bytes = 10;
  const auto policies = parse_policies("permit (principal, action, resource);", limits);
  ASSERT_FALSE(policies);
  const Error error = to_error(policies.error(), "-", "");
  EXPECT_EQ(error.code(), Errc::kTooLarge);
  EXPECT_EQ(error.message(), "-: text is longer than 10 bytes");
}

}  // namespace
}  // namespace redoubt::policy
