#include "attest/internal/json_members.h"

#include <gtest/gtest.h>

#include <string>

#include "attest/internal/json_text.h"

namespace redoubt::attest {
namespace {

Result<JsonText> parse(const std::string& text) {
  return JsonText::parse(as_bytes(text), 64 * 1024);
}

// An object of `count` members, `m0` to the last, each with its own number.
std::string object_of(std::size_t count) {
  std::string out = "{";
  for (std::size_t i = 0; i < count; ++i) {
    out += (i == 0 ? "" : ",") + ("\"m" + std::to_string(i)) + "\":" + std::to_string(i);
  }
  return out + "}";
}

TEST(JsonMembers, TellsWhatNobodyAskedFor) {
  const auto json = parse(R"({"a":1,"b":2})");
  ASSERT_TRUE(json);
  auto members = JsonMembers::of(json->root(), "the thing");
  ASSERT_TRUE(members);
  EXPECT_EQ(*members->number("b"), 2U);
  EXPECT_EQ(members->check_all_read().error().message(), "the thing: `a` is unknown");
  EXPECT_FALSE(members->get("c"));
  EXPECT_EQ(members->check_all_read().error().message(), "the thing: `a` is unknown");
  EXPECT_EQ(*members->number("a"), 1U);
  EXPECT_TRUE(members->check_all_read());
}

TEST(JsonMembers, AMemberOfTheSameNameInsideIsAnother) {
  const auto json = parse(R"({"a":{"a":1}})");
  ASSERT_TRUE(json);
  auto outer = JsonMembers::of(json->root(), "the thing");
  ASSERT_TRUE(outer);
  auto inner = outer->object("a");
  ASSERT_TRUE(inner);
  EXPECT_TRUE(outer->check_all_read());
  EXPECT_FALSE(inner->check_all_read());
}

TEST(JsonMembers, AnEscapedNameIsThatName) {
  const auto json = parse(R"({"\u0061":1})");
  ASSERT_TRUE(json);
  auto members = JsonMembers::of(json->root(), "the thing");
  ASSERT_TRUE(members);
  EXPECT_EQ(*members->number("a"), 1U);
  EXPECT_TRUE(members->check_all_read());
}

TEST(JsonMembers, MoreMembersThanAnybodyAsksForAreNeverAllRead) {
  for (const std::size_t count : {JsonMembers::kMaxAsked, JsonMembers::kMaxAsked + 1}) {
    const auto json = parse(object_of(count));
    ASSERT_TRUE(json);
    auto members = JsonMembers::of(json->root(), "the thing");
    ASSERT_TRUE(members);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(*members->number("m" + std::to_string(i)), i);
    EXPECT_EQ(members->check_all_read().has_value(), count == JsonMembers::kMaxAsked) << count;
  }
}

}  // namespace
}  // namespace redoubt::attest
