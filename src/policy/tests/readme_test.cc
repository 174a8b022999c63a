// The example of the README: that it compiles, is what stands there, and does what it says.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "policy/authorizer.h"
#include "policy/validate.h"

namespace redoubt::policy {
namespace {

// What the README shows begins below.
Result<bool> allows(std::string_view policy_text, std::string_view schema_text, std::string_view entities_json,
                    std::string_view request_json) {
  // Once, and again when a text changes: read, check, compile.
  const auto schema = Schema::parse(schema_text);
  if (!schema) return to_error(schema.error(), "schema", schema_text);
  const auto policies = parse_policies(policy_text);
  if (!policies) return to_error(policies.error(), "policies", policy_text);
  const Validation validation = validate(*policies, *schema);
  if (!validation.ok()) return to_error(validation.errors, "policies", policy_text);
  auto entities = parse_entities(entities_json, &*schema);
  if (!entities) return to_error(entities.error(), "entities", entities_json);
  const auto compiled = CompiledPolicies::compile(*policies);
  if (!compiled) return compiled.error();
  const auto store = EntityStore::build(*std::move(entities), &*schema);
  if (!store) return store.error();

  // For each request, on any thread.
  const auto request = parse_request(request_json, &*schema);
  if (!request) return to_error(request.error(), "request", request_json);
  Answer answer;
  authorize(**compiled, **store, *request, answer);
  return answer.decision == Decision::kAllow;
}
// And ends above.

constexpr std::string_view kSchema = R"(
  entity Team;
  entity User in [Team];
  entity Model { open: Bool };
  action invoke appliesTo { principal: User, resource: Model, context: { from: ipaddr } };)";
constexpr std::string_view kPolicies = R"(
  permit (principal in Team::"research", action == Action::"invoke", resource)
  when { resource.open && context.from.isInRange(ip("10.0.0.0/8")) };)";
constexpr std::string_view kEntities = R"([
  {"uid": {"type": "User", "id": "ann"}, "attrs": {}, "parents": [{"type": "Team", "id": "research"}]},
  {"uid": {"type": "Model", "id": "m"}, "attrs": {"open": true}, "parents": []}])";

std::string request_of(std::string_view user, std::string_view address) {
  return R"({"principal": "User::\")" + std::string(user) +
         R"(\"", "action": "Action::\"invoke\"", "resource": "Model::\"m\"", "context": {"from": ")" +
         std::string(address) + R"("}})";
}

TEST(Readme, ExampleDecides) {
  EXPECT_TRUE(*allows(kPolicies, kSchema, kEntities, request_of("ann", "10.1.2.3")));
  EXPECT_FALSE(*allows(kPolicies, kSchema, kEntities, request_of("ann", "192.0.2.1")));
  EXPECT_FALSE(*allows(kPolicies, kSchema, kEntities, request_of("bob", "10.1.2.3")));
}

TEST(Readme, ExampleSaysWhatIsWrongAndWhere) {
  const auto problem = [](std::string_view policies, std::string_view entities) {
    const auto result = allows(policies, kSchema, entities, request_of("ann", "10.1.2.3"));
    return result ? std::string() : std::string(result.error().message());
  };
  EXPECT_EQ(problem("permit (principal, action, resource) when { 1 + };", kEntities).find("policies:1:"), 0U);
  EXPECT_NE(problem("permit (principal, action, resource) when { resource.closed };", kEntities), "");
  EXPECT_EQ(problem(kPolicies, R"([{"uid": {"type": "Model", "id": "m"}, "attrs": {"open": 1}, "parents": []}])"),
            "entities: /0/attrs/open: expected bool, found long");
}

TEST(Readme, ShowsThisExample) {
  const auto read = [](const std::string& name) {
    std::ifstream in(std::string(REDOUBT_SOURCE_DIR) + "/src/policy/" + name);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  };
  const std::string source = read("tests/readme_test.cc");
  const std::size_t begin = source.find("begins below.\n") + 14;
  const std::string example = source.substr(begin, source.find("// And ends above.") - begin);
  EXPECT_NE(read("README.md").find("```cpp\n" + example + "```\n"), std::string::npos);
}

}  // namespace
}  // namespace redoubt::policy
