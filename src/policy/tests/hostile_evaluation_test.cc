// Policies, entities and requests that were made to cost much. What would be quadratic in them does not end within the
// time that a test has.
#include <gtest/gtest.h>

#include <string>

#include "policy/authorizer.h"
#include "policy/tests/support/small_world.h"

namespace redoubt::policy {
namespace {

using testing::decide;
using testing::Named;
using testing::policies_of;
using testing::small_request;
using testing::small_world;

PolicySet permit_when(Expr body) {
  Policy policy;
  policy.id = "p";
  policy.conditions.push_back({false, std::move(body), {}});
  PolicySet policies;
  EXPECT_TRUE(policies.add(std::move(policy)));
  return policies;
}

std::string permit_when(const std::string& condition) {
  return "permit (principal, action, resource) when { " + condition + " };";
}

std::string repeated(const std::string& text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

Record context_of(std::vector<Attribute> attributes) {
  return *Record::create(std::move(attributes));
}

Request asking(Record context) {
  Request request = small_request();
  request.context = std::move(context);
  return request;
}

Value set_of_numbers(std::int64_t begin, std::int64_t end) {
  std::vector<Value> elements;
  for (std::int64_t i = begin; i < end; ++i) elements.emplace_back(i);
  return Value(Set(std::move(elements)));
}

// `!!…true`, or sets in sets.
Expr nested(ExprKind kind, std::size_t depth) {
  Expr e;
  e.kind = ExprKind::kBool;
  for (std::size_t i = 1; i < depth; ++i) {
    Expr around;
    around.kind = kind;
    around.children.push_back(std::move(e));
    e = std::move(around);
  }
  return e;
}

TEST(HostileEvaluation, ExpressionsMayBeAsDeepAsTheLimitsAndNoDeeper) {
  const std::size_t deepest = Limits().max_depth;
  for (const ExprKind kind : {ExprKind::kNot, ExprKind::kSet, ExprKind::kIsEmpty}) {
    EXPECT_TRUE(CompiledPolicies::compile(permit_when(nested(kind, deepest))));
    const auto deeper = CompiledPolicies::compile(permit_when(nested(kind, deepest + 1)));
    ASSERT_FALSE(deeper);
    EXPECT_EQ(deeper.error().code(), Errc::kTooLarge);
  }
  EXPECT_EQ(decide(permit_when(nested(ExprKind::kNot, deepest)), *small_world(), small_request()).decision,
            Decision::kAllow);
}

TEST(HostileEvaluation, DeepExpressionsOfEveryShapeAreDecidedExplainedAndReduced) {
  const std::string deep[] = {
      repeated("(true && ", 60) + "resource.level == 2" + repeated(")", 60),
      repeated("(if principal.level == 3 then ", 60) + "resource.level == 2" + repeated(" else false)", 60),
      repeated("[", 60) + "resource" + repeated("]", 60) + " == " + repeated("[", 60) + "resource" + repeated("]", 60),
      repeated("{a: ", 60) + "resource" + repeated("}", 60) + repeated(".a", 60) + ".level == 2",
      "resource.level" + repeated(" + 1 - 1", 60) + " == 2",
  };
  for (const std::string& condition : deep) {
    const PolicySet policies = policies_of(permit_when(condition));
    const auto store = small_world();
    EXPECT_EQ(decide(policies, *store, small_request()).decision, Decision::kAllow) << condition;
    EXPECT_TRUE(explain(policies, *store, small_request())) << condition;
    const auto residual = authorize_partially(policies, *store, {{}, {}, {{}, "File"}, Record()});
    ASSERT_TRUE(residual) << condition;
    EXPECT_EQ(decide(residual->policies, *store, small_request()).decision, Decision::kAllow) << condition;
  }
}

TEST(HostileEvaluation, LargeSetsAreSearchedNotWalked) {
  constexpr std::int64_t kMany = 200'000;
  const Request request = asking(context_of(
      {{"a", set_of_numbers(0, kMany)}, {"b", set_of_numbers(kMany, 2 * kMany)}, {"c", set_of_numbers(1, kMany)}}));
  const Named answer =
      decide(permit_when("context.a.containsAll(context.c)") + permit_when("context.a.containsAny(context.b)") +
                 permit_when("context.a.contains(-1)") + permit_when("context.a == context.b"),
             request);
  EXPECT_EQ(answer.reasons, std::set<std::string>{"policy0"});
}

TEST(HostileEvaluation, PatternsOfManyStarsAreLinear) {
  const std::string text(200'000, 'a');
  const Request request = asking(context_of({{"s", Value(text)}}));
  const Named answer = decide(permit_when("context.s like \"" + repeated("*a", 20'000) + "*b\"") +
                                  permit_when("context.s like \"" + repeated("*a", 20'000) + "*\"") +
                                  permit_when("context.s like \"*" + repeated("a", 20'000) + "b*\""),
                              request);
  EXPECT_EQ(answer.reasons, std::set<std::string>{"policy1"});
}

Entity entity(const std::string& id, std::vector<EntityUid> parents) {
  return {{"Group", id}, std::move(parents), {}, {}};
}
EntityUid group(const std::string& id) {
  return {"Group", id};
}

TEST(HostileEvaluation, WideHierarchiesAreSearched) {
  constexpr int kMany = 50'000;
  Entities entities;
  std::vector<EntityUid> parents;
  for (int i = 0; i < kMany; ++i) parents.push_back(group(std::to_string(i)));
  for (const EntityUid& parent : parents) entities.push_back({parent, {group("top")}, {}, {}});
  entities.push_back(entity("low", parents));
  const auto store = EntityStore::build(std::move(entities));
  ASSERT_TRUE(store) << store.error().message();
  std::vector<Value> groups;
  for (int i = kMany; i < 2 * kMany; ++i) groups.emplace_back(group(std::to_string(i)));
  const Request request{
      group("low"), {"Action", "read"}, {"File", "plan"}, context_of({{"groups", Value(Set(std::move(groups)))}})};
  const Named answer = decide(policies_of("permit (principal in Group::\"top\", action, resource);"
                                          "permit (principal in Group::\"none\", action, resource);" +
                                          permit_when("principal in context.groups")),
                              **store, request);
  EXPECT_EQ(answer.reasons, std::set<std::string>{"policy0"});
}

TEST(HostileEvaluation, PathsOfALadderAreNotCounted) {
  constexpr int kRungs = 1000;
  Entities entities;
  for (int i = 0; i < kRungs; ++i) {
    for (const char* side : {"l", "r"}) {
      entities.push_back(
          entity(side + std::to_string(i), {group("l" + std::to_string(i + 1)), group("r" + std::to_string(i + 1))}));
    }
  }
  const auto store = EntityStore::build(std::move(entities));
  ASSERT_TRUE(store) << store.error().message();
  const Named answer = decide(policies_of("permit (principal in Group::\"r1000\", action, resource);"), **store,
                              {group("l0"), {"Action", "read"}, {"File", "plan"}, {}});
  EXPECT_EQ(answer.decision, Decision::kAllow);
}

TEST(HostileEvaluation, AncestorsAreLimited) {
  Entities entities;
  for (int i = 0; i < 200; ++i) entities.push_back(entity(std::to_string(i), {group(std::to_string(i + 1))}));
  Limits limits;
  limits.max_ancestors = 1000;
  const auto store = EntityStore::build(std::move(entities), nullptr, limits);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), Errc::kTooLarge);
}

TEST(HostileEvaluation, LongActionListsAreLookedThroughOnce) {
  constexpr int kMany = 20'000;
  std::string list;
  std::vector<EntityUid> parents;
  for (int i = 0; i < kMany; ++i) {
    list += (i == 0 ? "Action::\"" : ", Action::\"") + std::to_string(i) + "\"";
    if (i % 2 == 0) parents.push_back({"Action", std::to_string(i)});
  }
  const auto store = EntityStore::build({{{"Action", "all"}, parents, {}, {}}});
  ASSERT_TRUE(store) << store.error().message();
  const Named answer = decide(policies_of("permit (principal, action in [" + list +
                                          "], resource);"
                                          "permit (principal == User::\"bob\", action in [" +
                                          list + "], resource);"),
                              **store, {{"User", "ann"}, {"Action", "all"}, {"File", "plan"}, {}});
  EXPECT_EQ(answer.reasons, std::set<std::string>{"policy0"});
}

TEST(HostileEvaluation, LargeContextsAreNotCopiedIntoWhatIsLeft) {
  const Record context = context_of({{"a", set_of_numbers(0, 20'000)}});
  std::string all;
  for (int i = 0; i < 2000; ++i) all += i == 0 ? "[context, resource]" : ", [context, resource]";
  const auto residual = authorize_partially(policies_of(permit_when("[" + all + "].isEmpty()")), *small_world(),
                                            {{EntityUid{"User", "ann"}, {}}, {}, {}, context});
  ASSERT_TRUE(residual);
  ASSERT_EQ(residual->policies.policies().size(), 1U);
  EXPECT_LT(to_cedar(residual->policies.policies()[0]).size(), 100'000U);
}

TEST(HostileEvaluation, NumbersDoNotOverflowUnseen) {
  const std::string least = "-9223372036854775808";
  const Named answer =
      decide(permit_when("-(" + least + ") > 0") + permit_when(least + " - 1 < 0") + permit_when(least + " * -1 > 0") +
                 permit_when("duration(\"" + least + "ms\").toDays() == -106751991167"),
             small_request());
  EXPECT_EQ(answer.reasons, std::set<std::string>{"policy3"});
  EXPECT_EQ(answer.errors.size(), 3U);
  for (const auto& [id, error] : answer.errors) EXPECT_EQ(error, EvalError::kOverflow) << id;
}

}  // namespace
}  // namespace redoubt::policy
