#include "policy/policy_json.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace redoubt::policy {
namespace {

using Strings = std::vector<std::string>;

constexpr std::string_view kAll = R"({"op":"All"})";

std::string policy_json(std::string_view principal, std::string_view action, std::string_view conditions,
                        std::string_view more = "") {
  std::string out = R"({"effect":"permit","principal":)";
  out.append(principal).append(R"(,"action":)").append(action);
  out.append(R"(,"resource":{"op":"All"},"conditions":[)").append(conditions).append("]").append(more).append("}");
  return out;
}

std::string with_body(std::string_view body) {
  return policy_json(kAll, kAll, R"({"kind":"when","body":)" + std::string(body) + "}");
}

// What the JSON says in Cedar's syntax; or the problems, each with its place.
template <class T>
Strings problems(const Checked<T>& read) {
  Strings out;
  if (read) return out;
  for (const Problem& p : read.error()) out.push_back(p.path + ": " + p.message);
  return out;
}

std::string body_of(std::string_view body) {
  const auto policy = parse_policy_json(with_body(body), "p");
  return policy ? to_cedar(policy->conditions.at(0).body) : problems(policy).front();
}

std::string principal_of(std::string_view principal) {
  const auto policy = parse_policy_json(policy_json(principal, kAll, ""), "p");
  if (!policy) return problems(policy).front();
  const std::string text = to_cedar(*policy);
  const std::size_t begin = text.find('(') + 1;
  return text.substr(begin, text.find(", action") - begin);
}

std::string action_of(std::string_view action) {
  const auto policy = parse_policy_json(policy_json(kAll, action, ""), "p");
  if (!policy) return problems(policy).front();
  const std::string text = to_cedar(*policy);
  const std::size_t begin = text.find("action");
  return text.substr(begin, text.find(", resource") - begin);
}

std::string written(std::string_view expression) {
  const auto read = parse_expression(expression);
  return read ? to_json(*read) : render(read.error()[0], "-", expression);
}

TEST(PolicyJson, WritesEveryExpressionAsTheReferenceDoes) {
  const std::pair<const char*, const char*> cases[] = {
      {"true", R"({"Value":true})"},
      {"-9223372036854775808", R"({"Value":-9223372036854775808})"},
      {"\"a\\n\"", R"({"Value":"a\n"})"},
      {"A::B::\"c\"", R"({"Value":{"__entity":{"type":"A::B","id":"c"}}})"},
      {"context", R"({"Var":"context"})"},
      {"!true", R"({"!":{"arg":{"Value":true}}})"},
      {"-(1)", R"({"neg":{"arg":{"Value":1}}})"},
      {"1 - 2 * 3", R"({"-":{"left":{"Value":1},"right":{"*":{"left":{"Value":2},"right":{"Value":3}}}}})"},
      {"1 != 2", R"({"!=":{"left":{"Value":1},"right":{"Value":2}}})"},
      {"true && false || true",
       R"({"||":{"left":{"&&":{"left":{"Value":true},"right":{"Value":false}}},"right":{"Value":true}}})"},
      {"principal in resource", R"({"in":{"left":{"Var":"principal"},"right":{"Var":"resource"}}})"},
      {"context.a", R"({".":{"left":{"Var":"context"},"attr":"a"}})"},
      {"context[\"a b\"]", R"({".":{"left":{"Var":"context"},"attr":"a b"}})"},
      {"context has \"a b\"", R"({"has":{"left":{"Var":"context"},"attr":"a b"}})"},
      {"context has a.b", R"({"has":{"left":{"Var":"context"},"attr":["a","b"]}})"},
      {"context.a like \"x*\\*\"",
       R"({"like":{"left":{".":{"left":{"Var":"context"},"attr":"a"}},"pattern":[{"Literal":"x"},"Wildcard",{"Literal":"*"}]}})"},
      {"principal is A::B", R"({"is":{"left":{"Var":"principal"},"entity_type":"A::B"}})"},
      {"principal is A in resource",
       R"({"is":{"left":{"Var":"principal"},"entity_type":"A","in":{"Var":"resource"}}})"},
      {"if true then 1 else 2", R"({"if-then-else":{"if":{"Value":true},"then":{"Value":1},"else":{"Value":2}}})"},
      {"[1, context]", R"({"Set":[{"Value":1},{"Var":"context"}]})"},
      {"{\"a b\": 1, c: {}}", R"({"Record":{"a b":{"Value":1},"c":{"Record":{}}}})"},
      {"[].contains(1)", R"({"contains":{"left":{"Set":[]},"right":{"Value":1}}})"},
      {"[].isEmpty()", R"({"isEmpty":{"arg":{"Set":[]}}})"},
      {"principal.getTag(\"t\")", R"({"getTag":{"left":{"Var":"principal"},"right":{"Value":"t"}}})"},
      {"ip(\"::1\").isInRange(ip(\"::/0\"))", R"({"isInRange":[{"ip":[{"Value":"::1"}]},{"ip":[{"Value":"::/0"}]}]})"},
  };
  for (const auto& [cedar, json] : cases) {
    EXPECT_EQ(written(cedar), json);
    EXPECT_EQ(body_of(json), to_cedar(*parse_expression(cedar)));
  }
}

TEST(PolicyJson, WritesUnknownsAndReadsNone) {
  Expr unknown;
  unknown.kind = ExprKind::kUnknown;
  unknown.text = "principal";
  EXPECT_EQ(to_json(unknown), R"({"unknown":[{"Value":"principal"}]})");
  EXPECT_EQ(body_of(to_json(unknown)), "/conditions/0/body/unknown: `unknown` is no operator and no function");
}

TEST(PolicyJson, ReadsValuesWithEscapes) {
  EXPECT_EQ(body_of(R"({"Value":[1,[true],{"a":"b"}]})"), R"([1, [true], {"a": "b"}])");
  EXPECT_EQ(body_of(R"({"Value":[{"__entity":{"type":"A::B","id":"c"}}]})"), R"([A::B::"c"])");
  EXPECT_EQ(body_of(R"({"Value":{"__extn":{"fn":"ip","arg":"::1"}}})"), R"(ip("::1"))");
  EXPECT_EQ(body_of(R"({"Value":{"__extn":{"fn":"ip","args":["::1"]}}})"), R"(ip("::1"))");
  EXPECT_EQ(body_of(R"({"Value":{"__extn":{"fn":"isIpv4","arg":{"__extn":{"fn":"ip","arg":"::1"}}}}})"),
            R"(ip("::1").isIpv4())");
}

TEST(PolicyJson, ReadsAsARecordWhatIsNoWholeEscape) {
  EXPECT_EQ(body_of(R"({"Value":{"type":"A","id":"b"}})"), R"({"type": "A", "id": "b"})");
  EXPECT_EQ(body_of(R"({"Value":{"__entity":1}})"), R"({"__entity": 1})");
  EXPECT_EQ(body_of(R"({"Value":{"__entity":{"type":"A","id":"b"},"x":1}})"),
            R"({"__entity": {"type": "A", "id": "b"}, "x": 1})");
  EXPECT_EQ(body_of(R"({"Value":{"__extn":{"fn":"ip"}}})"), R"({"__extn": {"fn": "ip"}})");
  EXPECT_EQ(body_of(R"({"Value":{"__expr":1}})"), R"({"__expr": 1})");
}

TEST(PolicyJson, JoinsLiteralsOfAPattern) {
  EXPECT_EQ(body_of(R"({"like":{"left":{"Value":"a"},"pattern":[{"Literal":"a"},{"Literal":""},{"Literal":"*"}]}})"),
            R"("a" like "a\*")");
}

TEST(PolicyJson, TakesNullForAbsent) {
  EXPECT_EQ(body_of(R"({"is":{"left":{"Var":"principal"},"entity_type":"A","in":null}})"), "principal is A");
  EXPECT_EQ(principal_of(R"({"op":"is","entity_type":"A","in":null})"), "principal is A");
  EXPECT_EQ(principal_of(R"({"op":"==","entity":{"type":"A","id":"b"},"slot":null})"), R"(principal == A::"b")");
}

TEST(PolicyJson, RefusesWhatIsNoExpression) {
  const std::pair<const char*, const char*> cases[] = {
      {"1", ": expected an object with one member, which names an operator"},
      {"{}", ": expected an object with one member, which names an operator"},
      {R"({"Value":1,"Var":"context"})", ": expected an object with one member, which names an operator"},
      {R"({"nope":[]})", "/nope: `nope` is no operator and no function"},
      {R"({"/":{"left":{"Value":1},"right":{"Value":1}}})", "/~1: `/` is no operator and no function"},
      {R"({"Slot":"?principal"})", "/Slot: slots may not stand in a condition"},
      {R"({"Var":"user"})", "/Var: expected `principal`, `action`, `resource` or `context`"},
      {R"({"Value":null})", "/Value: `null` is no value"},
      {R"({"Value":[1.5]})", "/Value/0: numbers must be integers"},
      {R"({"Value":9223372036854775808})", "/Value: the number does not fit a signed 64-bit integer"},
      {R"({"Value":{"__expr":"1"}})", "/Value: the `__expr` escape is no longer supported: use `__entity` or `__extn`"},
      {R"({"Value":{"__entity":{"type":"if","id":"b"}}})", "/Value/__entity/type: `if` is no name of an entity type"},
      {R"({"Value":{"__extn":{"fn":"nope","arg":1}}})", "/Value/__extn/fn: `nope` is no function"},
      {R"({"Value":{"__extn":{"fn":"isIpv4","args":[]}}})", "/Value/__extn: a method needs a value to be called on"},
      {R"({"==":{"left":{"Value":1}}})", "/==: member `right` is missing"},
      {R"({"==":{"left":{"Value":1},"right":{"Value":1},"x":1}})", "/==: member `x` is not known here"},
      {R"({"==":[{"Value":1},{"Value":1}]})", "/==: expected an object"},
      {R"({"!":{"arg":{"Value":null}}})", "/!/arg/Value: `null` is no value"},
      {R"({"-":{"arg":{"Value":1}}})", "/-: member `arg` is not known here"},
      {R"({"has":{"left":{"Var":"context"},"attr":[]}})", "/has/attr: expected at least one attribute"},
      {R"({"has":{"left":{"Var":"context"},"attr":["a","b c"]}})",
       "/has/attr: the attributes of a path must be identifiers"},
      {R"({"has":{"left":{"Var":"context"},"attr":1}})", "/has/attr: expected a string, or an array of strings"},
      {R"({".":{"left":{"Var":"context"},"attr":["a"]}})", "/./attr: expected a string"},
      {R"({"like":{"left":{"Value":"a"},"pattern":["a"]}})",
       "/like/pattern: expected \"Wildcard\" and {\"Literal\": text} only"},
      {R"({"is":{"left":{"Value":1},"entity_type":"A b"}})", "/is/entity_type: `A b` is no name of an entity type"},
      {R"({"if-then-else":{"if":{"Value":true},"then":{"Value":1}}})", "/if-then-else: member `else` is missing"},
      {R"({"Set":{}})", "/Set: expected an array"},
      {R"({"Record":[]})", "/Record: expected an object"},
      {R"({"Record":{"a":1}})", "/Record/a: expected an object with one member, which names an operator"},
      {R"({"ip":{"Value":"::1"}})", "/ip: expected an array of arguments"},
      {R"({"isIpv4":[]})", "/isIpv4: a method needs a value to be called on"},
  };
  for (const auto& [body, problem] : cases) EXPECT_EQ(body_of(body), "/conditions/0/body" + std::string(problem));
}

TEST(PolicyJson, ReadsEveryScope) {
  EXPECT_EQ(principal_of(R"({"op":"all"})"), "principal");
  EXPECT_EQ(principal_of(R"({"op":"==","entity":{"type":"A","id":"b"}})"), R"(principal == A::"b")");
  EXPECT_EQ(principal_of(R"({"op":"in","entity":{"__entity":{"type":"A","id":"b"}}})"), R"(principal in A::"b")");
  EXPECT_EQ(principal_of(R"({"op":"in","slot":"?principal"})"), "principal in ?principal");
  EXPECT_EQ(principal_of(R"({"op":"is","entity_type":"A::B"})"), "principal is A::B");
  EXPECT_EQ(principal_of(R"({"op":"is","entity_type":"A","in":{"entity":{"type":"A","id":"b"}}})"),
            R"(principal is A in A::"b")");
  EXPECT_EQ(principal_of(R"({"op":"is","entity_type":"A","in":{"slot":"?principal"}})"),
            "principal is A in ?principal");
  EXPECT_EQ(action_of(R"({"op":"==","entity":{"type":"N::Action","id":"b"}})"), R"(action == N::Action::"b")");
  EXPECT_EQ(action_of(R"({"op":"in","entity":{"type":"Action","id":"b"}})"), R"(action in Action::"b")");
  EXPECT_EQ(action_of(R"({"op":"in","entities":[]})"), "action in []");
  EXPECT_EQ(action_of(R"({"op":"in","entities":[{"type":"Action","id":"b"}]})"), R"(action in Action::"b")");
  EXPECT_EQ(action_of(R"({"op":"in","entities":[{"type":"Action","id":"b"},{"type":"N::Action","id":"c"}]})"),
            R"(action in [Action::"b", N::Action::"c"])");
}

TEST(PolicyJson, RefusesScopesOfAnotherForm) {
  const std::pair<const char*, const char*> principals[] = {
      {"1", ": expected an object"},
      {"{}", ": member `op` is missing"},
      {R"({"op":"!="})", "/op: expected `All`, `==`, `in` or `is`"},
      {R"({"op":"All","entity":{"type":"A","id":"b"}})", ": member `entity` is not known here"},
      {R"({"op":"=="})", ": member `entity` is missing"},
      {R"({"op":"==","slot":"?resource"})", "/slot: expected `?principal`"},
      {R"({"op":"==","slot":"?principal","entity":{"type":"A","id":"b"}})", ": expected an entity or a slot, not both"},
      {R"({"op":"==","entity":"A::\"b\""})", R"(/entity: expected an entity, as {"type": …, "id": …})"},
      {R"({"op":"==","entity":{"type":"if","id":"b"}})", "/entity/type: `if` is not a valid entity type name"},
      {R"({"op":"in","entities":[]})", ": member `entities` is not known here"},
      {R"({"op":"is"})", ": member `entity_type` is missing"},
      {R"({"op":"is","entity_type":"__cedar"})", "/entity_type: `__cedar` is no name of an entity type"},
      {R"({"op":"is","entity_type":"A","in":{}})", "/in: member `entity` is missing"},
  };
  for (const auto& [scope, problem] : principals) EXPECT_EQ(principal_of(scope), "/principal" + std::string(problem));
  const std::pair<const char*, const char*> actions[] = {
      {R"({"op":"is","entity_type":"Action"})", ": member `entity_type` is not known here"},
      {R"({"op":"==","slot":"?principal"})", "/slot: there is no slot for the action"},
      {R"({"op":"==","entities":[]})", ": member `entities` is not known here"},
      {R"({"op":"in","entities":[],"entity":{"type":"Action","id":"b"}})", ": member `entity` is not known here"},
      {R"({"op":"in","entities":[1]})", R"(/entities/0: expected an entity, as {"type": …, "id": …})"},
      {R"({"op":"==","entity":{"type":"User","id":"b"}})",
       ": an action is an entity of type `Action`, in whatever namespace, not `User`"},
  };
  for (const auto& [scope, problem] : actions) EXPECT_EQ(action_of(scope), "/action" + std::string(problem));
}

TEST(PolicyJson, WritesAWholePolicy) {
  const auto policies = parse_policies(
      R"(@id("x") @flag forbid(principal is A in ?principal, action in [Action::"a", Action::"b"], resource == R::"r")
         when { true } unless { false };)");
  ASSERT_TRUE(policies);
  EXPECT_EQ(to_json(policies->policies()[0]),
            R"({"effect":"forbid","principal":{"op":"is","entity_type":"A","in":{"slot":"?principal"}},)"
            R"("action":{"op":"in","entities":[{"type":"Action","id":"a"},{"type":"Action","id":"b"}]},)"
            R"("resource":{"op":"==","entity":{"type":"R","id":"r"}},)"
            R"("conditions":[{"kind":"when","body":{"Value":true}},{"kind":"unless","body":{"Value":false}}],)"
            R"("annotations":{"id":"x","flag":""}})");
}

TEST(PolicyJson, ReadsAnnotationsWithAndWithoutValue) {
  const auto policy = parse_policy_json(policy_json(kAll, kAll, "", R"(,"annotations":{"a":null,"if":"x"})"), "p");
  ASSERT_TRUE(policy) << problems(policy).front();
  EXPECT_EQ(to_cedar(*policy), "@a\n@if(\"x\")\npermit (principal, action, resource);");
}

TEST(PolicyJson, RefusesPoliciesOfAnotherForm) {
  const auto of = [](const std::string& json) { return problems(parse_policy_json(json, "p")); };
  EXPECT_EQ(of("[]"), Strings{": expected an object"});
  EXPECT_EQ(of("{}"),
            (Strings{": member `effect` is missing", ": member `principal` is missing", ": member `action` is missing",
                     ": member `resource` is missing", ": member `conditions` is missing"}));
  EXPECT_EQ(of(policy_json(kAll, kAll, "", R"(,"id":"x")")), Strings{": member `id` is not known here"});
  EXPECT_EQ(of(policy_json(kAll, kAll, R"({"kind":"if","body":{"Value":1}})")),
            Strings{"/conditions/0/kind: expected `when` or `unless`"});
  EXPECT_EQ(of(policy_json(kAll, kAll, R"({"kind":"when"},1)")),
            (Strings{"/conditions/0: member `body` is missing", "/conditions/1: expected an object"}));
  EXPECT_EQ(of(policy_json(kAll, kAll, "", R"(,"annotations":{"a b":"x","c":1})")),
            (Strings{"/annotations/a b: `a b` is no identifier", "/annotations/c: expected a string"}));
  EXPECT_EQ(of(policy_json(kAll, kAll, "", R"(,"effect":"permit")")),
            Strings{": json has an object with a duplicate key"});
  EXPECT_EQ(of(R"({"effect":"allow","principal":{"op":"All"},"action":{"op":"All"},"resource":{"op":"All"},)"
               R"("conditions":[]})"),
            Strings{"/effect: expected `permit` or `forbid`"});
  EXPECT_EQ(of(R"({"effect":)").size(), 1U);
}

// A set with a static policy `p` and a template `t` that has the slot of the principal.
std::string set_json(std::string_view links, std::string_view static_id = "p") {
  return R"({"staticPolicies":{")" + std::string(static_id) + R"(":)" + with_body(R"({"Value":true})") +
         R"(},"templates":{"t":)" + policy_json(R"({"op":"==","slot":"?principal"})", kAll, "") +
         R"(},"templateLinks":[)" + std::string(links) + "]}";
}

TEST(PolicySetJson, ReadsAndWritesPoliciesTemplatesAndLinks) {
  const std::string link = R"({"templateId":"t","newId":"l","values":{"?principal":{"type":"User","id":"a"}}})";
  const auto set = parse_policy_set_json(set_json(link));
  ASSERT_TRUE(set) << problems(set).front();
  ASSERT_EQ(set->policies().size(), 2U);
  EXPECT_EQ(set->policies()[0].id, "p");
  EXPECT_TRUE(set->policies()[1].is_template());
  ASSERT_EQ(set->links().size(), 1U);
  EXPECT_EQ(to_cedar(set->instance(set->links()[0])), R"(permit (principal == User::"a", action, resource);)");

  const std::string again = to_json(*set);
  EXPECT_TRUE(again.ends_with(R"("templateLinks":[)" + link + "]}")) << again;
  const auto reread = parse_policy_set_json(again);
  ASSERT_TRUE(reread);
  EXPECT_EQ(reread->policies(), set->policies());
  EXPECT_EQ(reread->links(), set->links());
}

TEST(PolicySetJson, ReadsWhatIsLeftOutAsEmpty) {
  const auto set = parse_policy_set_json("{}");
  ASSERT_TRUE(set);
  EXPECT_TRUE(set->empty());
  EXPECT_EQ(to_json(*set), R"({"templates":{},"staticPolicies":{},"templateLinks":[]})");
}

TEST(PolicySetJson, RefusesLinksThatFillNotExactlyTheSlots) {
  const auto of = [](std::string_view links) { return problems(parse_policy_set_json(set_json(links))); };
  EXPECT_EQ(of(R"({"templateId":"t","newId":"l","values":{}})"),
            Strings{"/templateLinks/0: link `l` gives no value for slot `?principal`"});
  EXPECT_EQ(of(R"({"templateId":"t","newId":"l","values":{"?principal":{"type":"A","id":"a"},)"
               R"("?resource":{"type":"A","id":"a"}}})"),
            Strings{"/templateLinks/0: link `l` gives a value for slot `?resource`, which its template does not have"});
  EXPECT_EQ(of(R"({"templateId":"t","newId":"l","values":{"?user":{"type":"A","id":"a"}}})"),
            Strings{"/templateLinks/0/values: member `?user` is not known here"});
  EXPECT_EQ(of(R"({"templateId":"t","newId":"l","values":{"?principal":"A"}})"),
            Strings{R"(/templateLinks/0/values/?principal: expected an entity, as {"type": …, "id": …})"});
}

TEST(PolicySetJson, RefusesLinksOfWhatIsNoTemplateAndIdsThatAreTaken) {
  const auto of = [](std::string_view links) { return problems(parse_policy_set_json(set_json(links))); };
  const std::string value = R"("values":{"?principal":{"type":"A","id":"a"}}})";
  EXPECT_EQ(of(R"({"templateId":"x","newId":"l",)" + value), Strings{"/templateLinks/0: there is no template `x`"});
  EXPECT_EQ(of(R"({"templateId":"p","newId":"l",)" + value), Strings{"/templateLinks/0: there is no template `p`"});
  EXPECT_EQ(of(R"({"templateId":"t","newId":"t",)" + value),
            Strings{"/templateLinks/0: there is a policy, template or link `t` already"});
  EXPECT_EQ(of(R"({"newId":"l"})"), (Strings{"/templateLinks/0: member `templateId` is missing",
                                             "/templateLinks/0: member `values` is missing"}));
  EXPECT_EQ(problems(parse_policy_set_json(set_json("", "t"))),
            Strings{"/templates/t: there is a policy, template or link `t` already"});
}

TEST(PolicySetJson, RefusesTemplatesWithoutAndPoliciesWithASlot) {
  const std::string with = policy_json(R"({"op":"==","slot":"?principal"})", kAll, "");
  const std::string without = policy_json(kAll, kAll, "");
  EXPECT_EQ(problems(parse_policy_set_json(R"({"staticPolicies":{"a/b":)" + with + "}}")),
            Strings{"/staticPolicies/a~1b: static policy has a slot"});
  EXPECT_EQ(problems(parse_policy_set_json(R"({"templates":{"t":)" + without + "}}")),
            Strings{"/templates/t: template has no slot"});
}

TEST(PolicySetJson, RefusesSetsOfAnotherForm) {
  const auto of = [](std::string_view json) { return problems(parse_policy_set_json(json)); };
  EXPECT_EQ(of("[]"), Strings{": expected an object"});
  EXPECT_EQ(of(R"({"policies":{}})"), Strings{": member `policies` is not known here"});
  EXPECT_EQ(of(R"({"staticPolicies":[]})"), Strings{"/staticPolicies: expected an object"});
  EXPECT_EQ(of(R"({"templateLinks":{}})"), Strings{"/templateLinks: expected an array"});
}

TEST(PolicySetJson, ReportsAtMostAHundredProblems) {
  std::string links;
  for (int i = 0; i < 500; ++i) links += i == 0 ? "1" : ",1";
  EXPECT_EQ(problems(parse_policy_set_json(set_json(links))).size(), 100U);
}

TEST(PolicySetJson, RefusesMoreThanTheLimits) {
  Limits limits;
  limits.max_policies = 2;
  const std::string link = R"({"templateId":"t","newId":"l","values":{"?principal":{"type":"User","id":"a"}}})";
  EXPECT_TRUE(parse_policy_set_json(set_json(""), limits));
  const auto more = parse_policy_set_json(set_json(link), limits);
  ASSERT_FALSE(more);
  EXPECT_TRUE(more.error()[0].limit);
  limits.max_bytes = 10;
  const auto longer = parse_policy_set_json(set_json(""), limits);
  ASSERT_FALSE(longer);
  EXPECT_TRUE(longer.error()[0].limit);
}

std::string nested(std::size_t levels, std::string_view before, std::string_view innermost, std::string_view after) {
  std::string out;
  for (std::size_t i = 1; i < levels; ++i) out += before;
  out += innermost;
  for (std::size_t i = 1; i < levels; ++i) out += after;
  return out;
}

TEST(PolicyJson, ReadsExpressionsAsDeepAsTheLimitAndNoDeeper) {
  struct Form {
    const char* before;
    const char* innermost;
    const char* after;
  };
  for (const auto& [before, innermost, after] :
       {Form{R"({"!":{"arg":)", R"({"Value":true})", "}}"}, Form{R"({"Set":[)", R"({"Value":1})", "]}"},
        Form{R"({"Record":{"a":)", R"({"Value":1})", "}}"}, Form{R"({"isIpv4":[)", R"({"Value":1})", "]}"}}) {
    Limits limits;
    limits.max_depth = 50;
    const std::string deep = nested(50, before, innermost, after);
    EXPECT_TRUE(parse_policy_json(with_body(deep), "p", limits)) << before;
    const auto deeper = parse_policy_json(with_body(nested(51, before, innermost, after)), "p", limits);
    ASSERT_FALSE(deeper) << before;
    EXPECT_TRUE(deeper.error()[0].limit);
    EXPECT_EQ(deeper.error()[0].message, "expression is more than 50 levels deep");
  }
  const std::string value = R"({"Value":)" + nested(100'000, "[", "1", "]") + "}";
  const auto hostile = parse_policy_json(with_body(value), "p");
  ASSERT_FALSE(hostile);
  EXPECT_TRUE(hostile.error()[0].limit);
}

}  // namespace
}  // namespace redoubt::policy
