#include "identity/proposals.h"

#include <gtest/gtest.h>

#include <functional>

namespace redoubt::identity {
namespace {

Errc code(const Result<state::Proposal>& made) {
  return made ? Errc::kCancelled : made.error().code();
}

Principal carol() {
  Principal wanted;
  wanted.id = "carol";
  wanted.type = PrincipalType::kUser;
  return wanted;
}

Errc principal(const std::function<void(Principal&)>& spoil) {
  Principal wanted = carol();
  spoil(wanted);
  return code(propose_principal(wanted));
}

TEST(Proposals, OfPrincipalsAreChecked) {
  EXPECT_EQ(principal([](Principal&) {}), Errc::kCancelled);
  EXPECT_EQ(principal([](Principal& wanted) { wanted.id = ""; }), Errc::kInvalidArgument);
  EXPECT_EQ(principal([](Principal& wanted) { wanted.id = "a/b"; }), Errc::kInvalidArgument);
  EXPECT_EQ(principal([](Principal& wanted) { wanted.id = "redoubt"; }), Errc::kInvalidArgument);
  EXPECT_EQ(principal([](Principal& wanted) { wanted.id = std::string(65, 'a'); }), Errc::kInvalidArgument);
  EXPECT_EQ(principal([](Principal& wanted) { wanted.tenant = "North"; }), Errc::kInvalidArgument);
  EXPECT_EQ(principal([](Principal& wanted) { wanted.owner = "init"; }), Errc::kInvalidArgument);
  EXPECT_EQ(principal([](Principal& wanted) { wanted.groups = {"a b"}; }), Errc::kInvalidArgument);
  EXPECT_EQ(principal([](Principal& wanted) { wanted.display_name = ""; }), Errc::kInvalidArgument);
  EXPECT_EQ(principal([](Principal& wanted) { wanted.display_name = "a\nb"; }), Errc::kInvalidArgument);
  EXPECT_EQ(principal([](Principal& wanted) { wanted.display_name = "\xff"; }), Errc::kInvalidArgument);
  EXPECT_EQ(principal([](Principal& wanted) {
              for (std::size_t i = 0; i <= kGroupsOfPrincipalMax; ++i) wanted.groups.push_back("g" + std::to_string(i));
            }),
            Errc::kInvalidArgument);
}

TEST(Proposals, SayBeforeAndAfterWithoutNames) {
  Principal wanted = carol();
  wanted.display_name = "Carol C.";
  wanted.groups = {"b", "a", "b"};
  const auto made = propose_principal(wanted);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->before, "");
  EXPECT_EQ(made->after, R"({"id":"carol","type":"user","groups":["a","b"],"enabled":true,"display_name":true})");
  EXPECT_EQ(made->body, R"({"type":"user","tenant":"","owner":"","groups":["a","b"],"display_name":true})");
  ASSERT_EQ(made->values.size(), 1U);
  EXPECT_EQ(made->values[0].field, "display_name");
  EXPECT_EQ(made->values[0].text, "Carol C.");
}

TEST(Proposals, OfChangesKeepAnUnchangedName) {
  Principal now = carol();
  now.display_name = "Carol C.";
  now.version = 7;
  Principal wanted = now;
  wanted.groups = {"a"};
  const auto made = propose_change(now, wanted);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->expects, 7U);
  EXPECT_EQ(made->body, R"({"owner":"","groups":["a"],"display_name":"keep"})");
  EXPECT_TRUE(made->values.empty());
}

TEST(Proposals, OfGroupsAreChecked) {
  EXPECT_EQ(code(propose_group({.id = "a b"})), Errc::kInvalidArgument);
  EXPECT_EQ(code(propose_group({.id = "g", .tenant = "system"})), Errc::kInvalidArgument);
  EXPECT_EQ(code(propose_group({.id = "g", .parents = {""}})), Errc::kInvalidArgument);
  EXPECT_EQ(code(propose_group({.id = "g", .parents = {"b", "a"}})), Errc::kCancelled);
}

TEST(Proposals, OfKeysAreChecked) {
  const auto key = [](const std::function<void(Key&)>& spoil) {
    Key wanted;
    wanted.id = "abcdefghijkl";
    wanted.principal = "carol";
    spoil(wanted);
    return code(propose_key(wanted));
  };
  EXPECT_EQ(key([](Key&) {}), Errc::kCancelled);
  EXPECT_EQ(key([](Key& wanted) { wanted.id = "ABCDEFGHIJKL"; }), Errc::kInvalidArgument);
  EXPECT_EQ(key([](Key& wanted) { wanted.principal = ""; }), Errc::kInvalidArgument);
  EXPECT_EQ(key([](Key& wanted) { wanted.scopes = {"A"}; }), Errc::kInvalidArgument);
  EXPECT_EQ(key([](Key& wanted) { wanted.models = {""}; }), Errc::kInvalidArgument);
  EXPECT_EQ(key([](Key& wanted) { wanted.expires = {-1}; }), Errc::kInvalidArgument);
  EXPECT_EQ(key([](Key& wanted) {
              for (std::size_t i = 0; i <= kModelsOfKeyMax; ++i) wanted.models.push_back(std::to_string(i));
            }),
            Errc::kInvalidArgument);
}

TEST(Proposals, OfRotationsAreChecked) {
  Key old;
  old.id = "abcdefghijkl";
  EXPECT_EQ(code(propose_rotation(old, {.id = "x"}, {}, 0)), Errc::kInvalidArgument);
  EXPECT_EQ(code(propose_rotation(old, make_key(), {-1}, 0)), Errc::kInvalidArgument);
  EXPECT_EQ(code(propose_rotation(old, make_key(), {}, -1)), Errc::kInvalidArgument);
  EXPECT_EQ(code(propose_rotation(old, make_key(), {}, kOverlapMaxMs + 1)), Errc::kInvalidArgument);
}

TEST(Proposals, ThatNoFactCouldHoldAreTooLarge) {
  Key wanted;
  wanted.id = "abcdefghijkl";
  wanted.principal = "carol";
  for (std::size_t i = 0; i < kModelsOfKeyMax; ++i) {
    std::string name = std::to_string(100 + i);
    name.append(256 - name.size(), '"');  // each takes two bytes in JSON
    wanted.models.push_back(name);
  }
  EXPECT_EQ(code(propose_key(wanted)), Errc::kTooLarge);
}

}  // namespace
}  // namespace redoubt::identity
