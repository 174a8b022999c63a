#include "admin/internal/request_parts.h"

#include <gtest/gtest.h>

namespace redoubt::admin::internal {
namespace {

TEST(Accept, TakesJsonWhereItIsNamedOrNothingIs) {
  for (const char* good : {"", "*/*", "application/*", "application/json", "text/html, application/json;q=0.5",
                           "APPLICATION/JSON", "text/html;q=1, */*;q=0.1", "application/json; charset=utf-8"}) {
    EXPECT_TRUE(accepts(good, kJson)) << good;
  }
  for (const char* bad : {"text/html", "application/xml", "application/json;q=0", "*/*;q=0", "application/json;q=0.000",
                          "*/*, application/json;q=0", "application", ","}) {
    EXPECT_FALSE(accepts(bad, kJson)) << bad;
  }
}

TEST(ContentType, TakesOnlyItsMediaTypeInUtf8) {
  for (const char* good :
       {"application/json", "application/json;charset=utf-8", "Application/JSON ; charset=\"UTF-8\""}) {
    EXPECT_TRUE(is_media_type(good, kJson)) << good;
  }
  for (const char* bad :
       {"", "text/json", "application/json; charset=latin1", "application/jsonp", "application/merge-patch+json"}) {
    EXPECT_FALSE(is_media_type(bad, kJson)) << bad;
  }
}

std::optional<Problem> read(std::vector<net::HeaderField> fields, Conditions& out, bool versioned = true) {
  const Operation operation{.versioned = versioned};
  const net::RequestHead head{.headers = fields};
  return read_conditions(head, operation, out);
}

TEST(Conditions, NameTheVersion) {
  Conditions out;
  ASSERT_FALSE(read({{"If-Match", "\"17\""}, {"Idempotency-Key", "k-1"}}, out));
  EXPECT_EQ(out.if_match, 17U);
  EXPECT_EQ(out.idempotency_key, "k-1");
  ASSERT_FALSE(read({{"If-Match", "*"}}, out));
  EXPECT_TRUE(out.has_if_match);
}

TEST(Conditions, AreRequiredWhereAVersionMatters) {
  Conditions out;
  EXPECT_EQ(read({}, out)->status(), 428);
  EXPECT_FALSE(read({}, out, false));
}

TEST(Conditions, RefuseOtherEntityTags) {
  Conditions out;
  for (const char* bad :
       {"", "17", "W/\"17\"", "\"\"", "\"a\"", "\"1\", \"2\"", "\"-1\"", "\"99999999999999999999999\""}) {
    const auto problem = read({{"If-Match", bad}}, out);
    ASSERT_TRUE(problem) << bad;
    EXPECT_EQ(problem->status(), 400) << bad;
  }
  EXPECT_EQ(read({{"If-Match", "*"}, {"If-Match", "*"}}, out)->status(), 400);
}

TEST(Conditions, RefuseOtherIdempotencyKeys) {
  Conditions out;
  for (const std::string& bad : {std::string(), std::string("a b"), std::string(201, 'a'), std::string("\xc3\xa4")}) {
    EXPECT_EQ(read({{"Idempotency-Key", bad}}, out, false)->status(), 400) << bad;
  }
  EXPECT_EQ(read({{"Idempotency-Key", "a"}, {"Idempotency-Key", "a"}}, out, false)->status(), 400);
}

TEST(Conditions, KnowAVersionThatTheCallerHas) {
  EXPECT_TRUE(none_match("\"3\"", 3));
  EXPECT_TRUE(none_match("\"1\", W/\"3\"", 3));
  EXPECT_TRUE(none_match("*", 3));
  EXPECT_FALSE(none_match("", 3));
  EXPECT_FALSE(none_match("\"33\", 3", 3));
}

}  // namespace
}  // namespace redoubt::admin::internal
