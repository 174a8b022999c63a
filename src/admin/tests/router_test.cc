#include "admin/router.h"

#include <gtest/gtest.h>

#include <set>

namespace redoubt::admin {
namespace {

using net::Method;

const Router& router() {
  static const Router made(all_operations());
  return made;
}

std::string id_of(Method method, std::string_view path) {
  const auto match = router().find(method, path);
  if (!match) return "malformed";
  if (match->operation != nullptr) return std::string(match->operation->id);
  return match->allow.empty() ? "none" : "not with this method";
}

TEST(Router, FindsEveryOperationByItsOwnTemplate) {
  std::set<std::string_view> ids;
  for (const Operation* operation : all_operations()) {
    std::string path = std::string(kPrefix);
    for (const char c : operation->path) path += c == '{' || c == '}' ? 'x' : c;
    EXPECT_EQ(id_of(operation->method, path), operation->id);
    EXPECT_TRUE(ids.insert(operation->id).second) << "twice: " << operation->id;
  }
}

TEST(Router, GivesTheNamesInThePath) {
  const auto match = router().find(Method::kDelete, "/admin/v1/principals/a.b/break-glass/on%2Fcall%20");
  ASSERT_TRUE(match);
  ASSERT_EQ(match->parameters.size(), 2U);
  EXPECT_EQ(match->parameters[0].first, "id");
  EXPECT_EQ(match->parameters[0].second, "a.b");
  EXPECT_EQ(match->parameters[1].second, "on/call ");
}

TEST(Router, AnEncodedSlashPartsNoSegments) {
  EXPECT_EQ(id_of(Method::kGet, "/admin/v1/models/org%2Fmodel"), "getModel");
  EXPECT_EQ(id_of(Method::kGet, "/admin/v1/models/org/model"), "none");
}

TEST(Router, TakesAWordBeforeAName) {
  EXPECT_EQ(id_of(Method::kGet, "/admin/v1/incidents/events"), "watchIncidents");
  EXPECT_EQ(id_of(Method::kGet, "/admin/v1/incidents/eventss"), "getIncident");
  EXPECT_EQ(id_of(Method::kPatch, "/admin/v1/incidents/events"), "not with this method");
}

TEST(Router, TakesHeadForGet) {
  EXPECT_EQ(id_of(Method::kHead, "/admin/v1/keys"), "listKeys");
}

TEST(Router, SaysWhichMethodsAPathHas) {
  const auto match = router().find(Method::kPut, "/admin/v1/groups/g");
  ASSERT_TRUE(match);
  EXPECT_EQ(match->operation, nullptr);
  EXPECT_EQ(match->allow, "GET, HEAD, PATCH, DELETE");
}

TEST(Router, FindsNothingElsewhere) {
  for (const char* path : {"/", "*", "/admin/v1", "/admin/v1/", "/admin/v2/keys", "/admin/v1/keys/", "/admin/v1//keys",
                           "/admin/v1/principals/", "/admin/v1keys", "/admin/v1/nothing"}) {
    EXPECT_EQ(id_of(Method::kGet, path), "none") << path;
  }
}

TEST(Router, RefusesBrokenPercentEncoding) {
  for (const char* path : {"/admin/v1/keys/%", "/admin/v1/keys/%4", "/admin/v1/keys/%4g", "/admin/v1/keys/%%41"}) {
    EXPECT_EQ(id_of(Method::kGet, path), "malformed") << path;
  }
}

TEST(PercentEncoding, RoundTripsEveryByte) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  const auto decoded = percent_decode(percent_encode(all), false);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, all);
  EXPECT_EQ(*percent_decode("a+b%2B", true), "a b+");
  EXPECT_EQ(*percent_decode("a+b", false), "a+b");
}

}  // namespace
}  // namespace redoubt::admin
