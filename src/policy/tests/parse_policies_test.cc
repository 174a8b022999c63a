#include <gtest/gtest.h>

#include "policy/policy_set.h"

namespace redoubt::policy {
namespace {

Policy only(std::string_view text) {
  auto policies = parse_policies(text);
  if (!policies) {
    ADD_FAILURE() << render(policies.error()[0], "-", text);
    return {};
  }
  EXPECT_EQ(policies->policies().size(), 1U);
  return policies->policies()[0];
}

// Of each problem: its message, and what stands at its place.
std::vector<std::string> problems(std::string_view text, const Limits& limits = {}) {
  const auto policies = parse_policies(text, limits);
  std::vector<std::string> out;
  if (policies) return out;
  for (const Problem& p : policies.error()) {
    out.push_back(p.message + " @ " + std::string(text.substr(p.where.begin, p.where.end - p.where.begin)));
  }
  return out;
}

using Strings = std::vector<std::string>;

TEST(ParsePolicies, ReadsNothingFromNothing) {
  for (const char* text : {"", " \n", "// only a comment"}) {
    const auto policies = parse_policies(text);
    ASSERT_TRUE(policies) << text;
    EXPECT_TRUE(policies->empty());
  }
}

TEST(ParsePolicies, NumbersPoliciesAndTemplatesInOrder) {
  const auto policies = parse_policies(
      "permit(principal,action,resource);"
      "forbid(principal==?principal,action,resource);"
      "@id(\"other\")permit(principal,action,resource);");
  ASSERT_TRUE(policies);
  ASSERT_EQ(policies->policies().size(), 3U);
  EXPECT_EQ(policies->policies()[0].id, "policy0");
  EXPECT_EQ(policies->policies()[1].id, "policy1");
  EXPECT_EQ(policies->policies()[2].id, "policy2");
  EXPECT_TRUE(policies->find("policy1")->is_template());
  EXPECT_EQ(policies->find("policy1")->effect, Effect::kForbid);
}

TEST(ParsePolicies, ReadsAnnotationsWithAndWithoutValue) {
  const Policy policy = only(R"(@id("a\"b") @if @principal("") @__cedar("x") permit(principal, action, resource);)");
  ASSERT_EQ(policy.annotations.size(), 4U);
  EXPECT_EQ(policy.annotations[0].value, "a\"b");
  EXPECT_EQ(policy.annotations[1].name, "if");
  EXPECT_EQ(policy.annotations[1].value, "");
  EXPECT_EQ(policy.annotations[3].name, "__cedar");
}

TEST(ParsePolicies, ReadsEveryScopeOfPrincipalAndResource) {
  using Kind = Scope::Kind;
  struct Case {
    const char* text;
    Scope scope;
  };
  const EntityUid group{"Org::Group", "g"};
  for (const auto& [text, scope] : {
           Case{"principal", {}},
           Case{"principal == Org::Group::\"g\"", {.kind = Kind::kEqual, .entities = {group}}},
           Case{"principal in Org::Group::\"g\"", {.kind = Kind::kIn, .entities = {group}}},
           Case{"principal is Org::User", {.kind = Kind::kIs, .type = "Org::User"}},
           Case{"principal is User in ((Org::Group::\"g\"))",
                {.kind = Kind::kIsIn, .entities = {group}, .type = "User"}},
           Case{"principal == ?principal", {.kind = Kind::kEqual, .slot = true}},
           Case{"principal in (?principal)", {.kind = Kind::kIn, .slot = true}},
           Case{"principal is User in ?principal", {.kind = Kind::kIsIn, .slot = true, .type = "User"}},
       }) {
    EXPECT_EQ(only("permit(" + std::string(text) + ", action, resource);").principal, scope) << text;
    std::string other(text);
    for (std::size_t at = 0; (at = other.find("principal", at)) != std::string::npos;) other.replace(at, 9, "resource");
    EXPECT_EQ(only("permit(principal, action, " + other + ",);").resource, scope) << other;
  }
}

TEST(ParsePolicies, ReadsEveryScopeOfTheAction) {
  using Kind = Scope::Kind;
  const EntityUid a{"Action", "a"};
  const EntityUid b{"N::Action", "b"};
  const auto action = [](const std::string& text) { return only("permit(principal, " + text + ", resource);").action; };
  EXPECT_EQ(action("action"), Scope{});
  EXPECT_EQ(action("action == Action::\"a\""), (Scope{.kind = Kind::kEqual, .entities = {a}}));
  EXPECT_EQ(action("action in N::Action::\"b\""), (Scope{.kind = Kind::kIn, .entities = {b}}));
  EXPECT_EQ(action("action in []"), (Scope{.kind = Kind::kIn}));
  EXPECT_EQ(action("action in [Action::\"a\"]"), (Scope{.kind = Kind::kIn, .entities = {a}}));
  EXPECT_EQ(action("action in ([Action::\"a\", (N::Action::\"b\"),])"), (Scope{.kind = Kind::kIn, .entities = {a, b}}));
}

TEST(ParsePolicies, ReadsConditionsInOrder) {
  const Policy policy = only("permit(principal,action,resource) when{true} unless{false} when{1==1};");
  ASSERT_EQ(policy.conditions.size(), 3U);
  EXPECT_FALSE(policy.conditions[0].unless);
  EXPECT_TRUE(policy.conditions[1].unless);
  EXPECT_EQ(policy.conditions[2].body.kind, ExprKind::kEqual);
}

TEST(ParsePolicies, SaysWhereEachPartStands) {
  const std::string text = "// first\n@id(\"x\") permit(principal == User::\"a\", action, resource)\n when { true } ; ";
  const Policy policy = only(text);
  const auto at = [&](Span where) { return text.substr(where.begin, where.end - where.begin); };
  EXPECT_EQ(at(policy.where), text.substr(9, text.size() - 10));
  EXPECT_EQ(at(policy.annotations[0].where), "@id(\"x\")");
  EXPECT_EQ(at(policy.principal.where), "principal == User::\"a\"");
  EXPECT_EQ(at(policy.conditions[0].where), "when { true }");
  EXPECT_EQ(at(policy.conditions[0].body.where), "true");
}

TEST(ParsePolicies, GoesOnBehindTheNextSemicolon) {
  EXPECT_EQ(
      problems("permit(principal, action; allow(principal, action, resource); permit(principal, action, resource);"
               "permit(principal, action, resource) when { 1 + };"),
      (Strings{"unexpected `;` @ ;", "unexpected `allow` @ allow", "unexpected `}` @ }"}));
}

TEST(ParsePolicies, GoesOnBehindTheBracesThatASemicolonStandsIn) {
  EXPECT_EQ(problems("permit(principal, action, resource) when { {a: principal.; }.a; }; permit(;"),
            (Strings{"unexpected `;` @ ;", "unexpected `;` @ ;"}));
  EXPECT_EQ(problems("permit(principal, action, resource) when { true ; permit(;"),
            (Strings{"unexpected `;` @ ;", "unexpected `;` @ ;"}));
}

TEST(ParsePolicies, ReportsAtMostAHundredProblems) {
  EXPECT_EQ(problems(std::string(100'000, ';')).size(), 100U);
}

TEST(ParsePolicies, RefusesAnUnknownEffect) {
  const auto policies = parse_policies("allow(principal, action, resource);");
  ASSERT_FALSE(policies);
  EXPECT_EQ(policies.error()[0].expected, (Strings{"`@`", "`permit`", "`forbid`"}));
}

TEST(ParsePolicies, RefusesHeadsThatLackOrRepeatAPart) {
  for (const char* head : {"", "principal", "principal, action", "action, principal, resource", "principal, resource",
                           "principal, action, resource, context", "principal, action, resource,,",
                           "principal action resource", "user, action, resource"}) {
    EXPECT_EQ(problems("permit(" + std::string(head) + ");").size(), 1U) << head;
  }
}

TEST(ParsePolicies, RefusesScopesOfAnotherForm) {
  for (const char* scope :
       {"principal != User::\"a\"", "principal = User::\"a\"", "principal == \"a\"", "principal == User",
        "principal == resource", "principal in [User::\"a\"]", "principal in User::\"a\" in User::\"b\"",
        "principal is User == User::\"a\"", "principal is \"User\"", "principal is User::\"a\"",
        "principal is ?principal", "principal: User", "principal == User::\"a\" || true", "principal == (User::\"a\"",
        "principal is if", "principal in __cedar::User::\"a\"", "principal is (User)",
        "principal == User::{id: \"a\"}"}) {
    EXPECT_GE(problems("permit(" + std::string(scope) + ", action, resource);").size(), 1U) << scope;
  }
}

TEST(ParsePolicies, RefusesActionScopesOfAnotherForm) {
  for (const char* scope :
       {"action == [Action::\"a\"]", "action is Action", "action == ?action", "action in ?principal",
        "action in [[Action::\"a\"]]", "action in [Action::\"a\" Action::\"b\"]", "action in [,]",
        "action in [?resource]", "action == User::\"a\"", "action in [Action::\"a\", User::\"b\"]",
        "action == Action2::\"a\"", "action == MyAction::\"a\""}) {
    EXPECT_GE(problems("permit(principal, " + std::string(scope) + ", resource);").size(), 1U) << scope;
  }
}

TEST(ParsePolicies, RefusesASlotOutsideItsOwnScope) {
  EXPECT_EQ(problems("permit(principal == ?resource, action, resource);"),
            (Strings{"unexpected `?resource` @ ?resource"}));
  EXPECT_EQ(problems("permit(principal, action, resource == ?principal);"),
            (Strings{"unexpected `?principal` @ ?principal"}));
  EXPECT_EQ(problems("permit(principal == ?other, action, resource);"), (Strings{"unexpected `?other` @ ?other"}));
  EXPECT_EQ(problems("permit(principal == ?principal, action, resource) when { ?principal == ?resource };"),
            (Strings{"slot `?principal` may not stand in a condition @ ?principal",
                     "slot `?resource` may not stand in a condition @ ?resource"}));
}

TEST(ParsePolicies, RefusesRepeatedAnnotations) {
  EXPECT_EQ(problems("@a(\"1\") @b @a permit(principal, action, resource);"),
            (Strings{"annotation `@a` stands at the policy already @ @a"}));
}

TEST(ParsePolicies, RefusesAnnotationsOfAnotherForm) {
  for (const char* annotation :
       {"@", "@\"a\"", "@1", "@a()", "@a(b)", "@a(\"b\", \"c\")", "@a(\"b\"", "@a::b", "a(\"b\")"}) {
    EXPECT_GE(problems(std::string(annotation) + " permit(principal, action, resource);").size(), 1U) << annotation;
  }
}

TEST(ParsePolicies, RefusesConditionsOfAnotherForm) {
  for (const char* condition : {"when {}", "when true", "when (true)", "if { true }", "when { true",
                                "when { true } { true }", "when { true; }", "unless", "when { true false }"}) {
    EXPECT_GE(problems("permit(principal, action, resource) " + std::string(condition) + ";").size(), 1U) << condition;
  }
}

TEST(ParsePolicies, RefusesAPolicyWithoutASemicolon) {
  EXPECT_EQ(problems("permit(principal, action, resource)"), (Strings{"unexpected end @ "}));
}

TEST(ParsePolicies, RefusesTextThatIsNotUtf8AndSaysWhere) {
  const auto policies = parse_policies("permit(principal, action, resource);\n// \xc3\xa9 \xc3\x28");
  ASSERT_FALSE(policies);
  EXPECT_EQ(policies.error()[0].message, "text is not UTF-8");
  EXPECT_EQ(policies.error()[0].where.begin, 43U);
}

TEST(ParsePolicies, RefusesMoreThanTheLimits) {
  Limits limits;
  limits.max_policies = 2;
  const std::string two = "permit(principal,action,resource);permit(principal,action,resource);";
  EXPECT_TRUE(parse_policies(two, limits));
  const auto more = parse_policies(two + "x", limits);
  ASSERT_FALSE(more);
  EXPECT_TRUE(more.error()[0].limit);
  limits.max_bytes = two.size();
  EXPECT_TRUE(parse_policies(two, limits));
  limits.max_bytes = two.size() - 1;
  EXPECT_FALSE(parse_policies(two, limits));
}

}  // namespace
}  // namespace redoubt::policy
