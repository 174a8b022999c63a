// What schemas declare, in both syntaxes.
#include "policy/schema.h"

#include <gtest/gtest.h>

namespace redoubt::policy {
namespace {

std::string problems_of(const Checked<Schema>& schema, std::string_view text) {
  std::string out;
  if (schema) return out;
  for (const Problem& problem : schema.error()) {
    out += problem.path.empty() ? "" : problem.path + ": ";
    out += problem.where.end > 0
               ? "`" + std::string(text.substr(problem.where.begin, problem.where.end - problem.where.begin)) + "`: "
               : "";
    out += problem.message + "\n";
  }
  return out;
}

std::string problems(std::string_view text) {
  return problems_of(Schema::parse(text), text);
}
std::string json_problems(std::string_view text) {
  return problems_of(Schema::parse_json(text), text);
}
bool reads(std::string_view text) {
  return Schema::parse(text).has_value();
}
bool reads_json(std::string_view text) {
  return Schema::parse_json(text).has_value();
}
// An entity type whose attribute `a` has that type in JSON, beside a common type `C`.
bool reads_json_type(std::string_view type) {
  return reads_json(R"({"": {"entityTypes": {"A": {"shape": {"type": "Record", "attributes": {"a": )" +
                    std::string(type) + R"(}}}}, "actions": {}, "commonTypes": {"C": {"type": "Long"}}}})");
}

constexpr std::string_view kCedar = R"(
  entity Group, Team in [Group];
  entity User in [Team] { name: String, age?: Long, at: { net: ipaddr, when: Set<datetime> } } tags Seconds;
  entity Colour enum ["red", "green"];
  type Seconds = duration;
  action all;
  action "look at", view in [all] appliesTo { principal: [User], resource: [User, Colour], context: { mfa: Bool } };
  namespace Shop { entity Till { owner: User }; action open in [Action::"all"]; }
)";
constexpr std::string_view kJson = R"({
  "": {
    "commonTypes": {"Seconds": {"type": "Extension", "name": "duration"}},
    "entityTypes": {
      "Group": {}, "Team": {"memberOfTypes": ["Group"]},
      "User": {"memberOfTypes": ["Team"], "tags": {"type": "Seconds"}, "shape": {"type": "Record", "attributes": {
        "name": {"type": "String"}, "age": {"type": "Long", "required": false},
        "at": {"type": "Record", "attributes": {
          "net": {"type": "Extension", "name": "ipaddr"},
          "when": {"type": "Set", "element": {"type": "Extension", "name": "datetime"}}}}}}},
      "Colour": {"enum": ["red", "green"]}},
    "actions": {
      "all": {},
      "look at": {"memberOf": [{"id": "all"}], "appliesTo": {"principalTypes": ["User"],
        "resourceTypes": ["User", "Colour"], "context": {"type": "Record", "attributes": {"mfa": {"type": "Boolean"}}}}},
      "view": {"memberOf": [{"id": "all"}], "appliesTo": {"principalTypes": ["User"],
        "resourceTypes": ["User", "Colour"], "context": {"type": "Record", "attributes": {"mfa": {"type": "Boolean"}}}}}}},
  "Shop": {
    "entityTypes": {"Till": {"shape": {"type": "Record", "attributes": {
      "owner": {"type": "Entity", "name": "User"}}}}},
    "actions": {"open": {"memberOf": [{"id": "all", "type": "Action"}]}}}})";

void expect_declarations(const Checked<Schema>& schema) {
  ASSERT_TRUE(schema);
  const EntityType* user = schema->entity_type("User");
  ASSERT_NE(user, nullptr);
  EXPECT_EQ(user->parents, (std::set<std::string, std::less<>>{"Team"}));
  EXPECT_EQ(user->member_of, (std::set<std::string, std::less<>>{"Group", "Team"}));
  ASSERT_EQ(user->shape->attributes.size(), 3U);
  EXPECT_EQ(user->shape->attributes.at("name").type->kind, Type::Kind::kString);
  EXPECT_TRUE(user->shape->attributes.at("name").required);
  EXPECT_FALSE(user->shape->attributes.at("age").required);
  const Type& at = *user->shape->attributes.at("at").type;
  EXPECT_EQ(at.attributes.at("net").type->name, "ipaddr");
  EXPECT_EQ(at.attributes.at("when").type->element->name, "datetime");
  ASSERT_NE(user->tags, nullptr);
  EXPECT_EQ(user->tags->name, "duration");
  EXPECT_EQ(schema->entity_type("Group")->tags, nullptr);
  EXPECT_EQ(schema->entity_type("Colour")->enumerated, (std::set<std::string, std::less<>>{"green", "red"}));
  EXPECT_EQ(schema->entity_type("Shop::Till")->shape->attributes.at("owner").type->name, "User");

  const ActionType* look = schema->action({"Action", "look at"});
  ASSERT_NE(look, nullptr);
  EXPECT_EQ(look->principals, (std::set<std::string, std::less<>>{"User"}));
  EXPECT_EQ(look->resources, (std::set<std::string, std::less<>>{"Colour", "User"}));
  EXPECT_EQ(look->context->attributes.at("mfa").type->kind, Type::Kind::kBool);
  const ActionType* open = schema->action({"Shop::Action", "open"});
  ASSERT_NE(open, nullptr);
  EXPECT_EQ(open->ancestors, (std::set<EntityUid>{{"Action", "all"}}));
  EXPECT_TRUE(open->principals.empty());
  EXPECT_EQ(schema->entity_type("Action"), nullptr);
  EXPECT_EQ(schema->action({"Action", "open"}), nullptr);
}

TEST(Schema, ReadsCedarSyntax) {
  expect_declarations(Schema::parse(kCedar));
}

TEST(Schema, ReadsJson) {
  expect_declarations(Schema::parse_json(kJson));
}

TEST(Schema, ConvertsEitherSyntaxIntoTheOther) {
  const auto json = schema_to_json(kCedar);
  ASSERT_TRUE(json);
  expect_declarations(Schema::parse_json(*json));
  const auto cedar = schema_to_cedar(kJson);
  ASSERT_TRUE(cedar);
  expect_declarations(Schema::parse(*cedar));
  const auto again = schema_to_json(*schema_to_cedar(*json));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *json);
}

TEST(Schema, ConversionKeepsAnnotations) {
  const std::string_view text =
      "@doc(\"n\") namespace N { @doc(\"t\") type T = Long; @doc(\"e\") @b entity E { @doc(\"a\") a: T }; "
      "@doc(\"c\") action c; }";
  const auto json = schema_to_json(text);
  ASSERT_TRUE(json);
  const auto cedar = schema_to_cedar(*json);
  ASSERT_TRUE(cedar);
  for (const char* annotation : {"@doc(\"n\")", "@doc(\"t\")", "@doc(\"e\")", "@b", "@doc(\"a\")", "@doc(\"c\")"}) {
    EXPECT_NE(cedar->find(annotation), std::string::npos) << annotation << " in " << *cedar;
  }
}

TEST(Schema, DeclaresEachNameOnce) {
  EXPECT_FALSE(reads("entity A; entity A;"));
  EXPECT_FALSE(reads("entity A, A;"));
  EXPECT_FALSE(reads("type T = Long; type T = Long;"));
  EXPECT_FALSE(reads("action a; action \"a\";"));
  EXPECT_FALSE(reads("namespace N { entity A; } namespace N { entity B; }"));
  EXPECT_FALSE(reads_json(R"({"": {"entityTypes": {"A": {}, "A": {}}, "actions": {}}})"));
  EXPECT_TRUE(reads("namespace N { entity A; } namespace M { entity A; }"));
}

// As the reference has it in this syntax only.
TEST(Schema, LastOfAttributesOfOneNameCounts) {
  const auto schema = Schema::parse("entity A { a: Long, a?: String };");
  ASSERT_TRUE(schema);
  const AttributeType& attribute = schema->entity_type("A")->shape->attributes.at("a");
  EXPECT_EQ(attribute.type->kind, Type::Kind::kString);
  EXPECT_FALSE(attribute.required);
  EXPECT_FALSE(reads_json_type(R"({"type": "Record", "attributes": {"b": {"type": "Long"}, "b": {"type": "Long"}}})"));
}

TEST(Schema, NamesMustBeDeclared) {
  EXPECT_EQ(problems("entity A in B;"), "`B`: `B` is not declared as an entity type\n");
  EXPECT_FALSE(reads("entity A { a: Foo };"));
  EXPECT_FALSE(reads("entity A { a: __cedar::Foo };"));
  EXPECT_FALSE(reads("action a in [b];"));
  EXPECT_FALSE(reads("entity U; action a appliesTo { principal: V, resource: U };"));
  EXPECT_FALSE(reads("type T = Long; entity A in T;"));
  EXPECT_FALSE(reads_json(R"({"": {"entityTypes": {"A": {"memberOfTypes": ["B"]}}, "actions": {}}})"));
}

TEST(Schema, NamesReferToTheNearestDeclaration) {
  EXPECT_TRUE(reads("namespace N { entity B { a: A }; } entity A;"));
  EXPECT_TRUE(reads("namespace N { entity B { a: N::A }; entity A; }"));
  EXPECT_FALSE(reads("namespace N { entity B { a: M::A }; }"));
  const auto schema = Schema::parse("type A = Long; entity A; entity B { a: A };");
  ASSERT_TRUE(schema);
  EXPECT_EQ(schema->entity_type("B")->shape->attributes.at("a").type->kind, Type::Kind::kLong);
}

TEST(Schema, DeclarationsInNamespacesShadowNone) {
  EXPECT_FALSE(reads("namespace N { entity A; } entity A;"));
  EXPECT_FALSE(reads("namespace N { type A = Long; } entity A;"));
  EXPECT_FALSE(reads("namespace N { action a; } action a;"));
}

TEST(Schema, CommonTypesDoNotReferToThemselves) {
  EXPECT_FALSE(reads("type A = A;"));
  EXPECT_FALSE(reads("type A = Set<B>; type B = { a: A };"));
  EXPECT_TRUE(reads("type A = Set<B>; type B = { a: C }; type C = Long;"));
}

TEST(Schema, ActionsAreNotInThemselves) {
  EXPECT_FALSE(reads("action a in [a];"));
  EXPECT_FALSE(reads("action a in [b]; action b in [a];"));
  EXPECT_TRUE(reads("entity A in [B]; entity B in [A];"));
}

TEST(Schema, ReservedNamesAreNotDeclared) {
  for (const char* text : {"type Entity = Long;", "type Set = Long;", "type Record = Long;", "type Extension = Long;",
                           "type Bool = Long;", "entity Action;", "entity __cedar;", "namespace __cedar { }",
                           "entity in;", "namespace if { }", "type in = Long;"}) {
    EXPECT_FALSE(reads(text)) << text;
  }
  EXPECT_TRUE(reads("entity type, entity, appliesTo; entity A { \"in\": Long, \"if\": Long };"));
}

TEST(Schema, ShapesAndContextsAreRecords) {
  EXPECT_FALSE(reads("type T = { a: Long }; entity A = T;"));  // written out in this syntax
  EXPECT_TRUE(reads_json(R"({"": {"entityTypes": {"A": {"shape": {"type": "T"}}}, "actions": {},
                            "commonTypes": {"T": {"type": "Record", "attributes": {}}}}})"));
  EXPECT_FALSE(reads_json(R"({"": {"entityTypes": {"A": {"shape": {"type": "T"}}}, "actions": {},
                             "commonTypes": {"T": {"type": "Long"}}}})"));
  EXPECT_FALSE(reads("entity U; action a appliesTo { principal: U, resource: U, context: Long };"));
  EXPECT_TRUE(reads("entity U; type C = {}; action a appliesTo { principal: U, resource: U, context: C };"));
}

TEST(Schema, AppliesToNamesPrincipalsAndResources) {
  EXPECT_TRUE(reads("entity U; action a appliesTo { principal: U, resource: [U], };"));
  EXPECT_FALSE(reads("entity U; action a appliesTo { principal: U };"));
  EXPECT_FALSE(reads("entity U; action a appliesTo { principal: U, resource: [] };"));
  EXPECT_FALSE(reads("entity U; action a appliesTo { principal: U, resource: U, principal: U };"));
  EXPECT_FALSE(reads("entity U; action a appliesTo { principal: Action, resource: U };"));
}

TEST(Schema, EnumeratedTypesHaveIdsAndNothingElse) {
  EXPECT_TRUE(reads("entity A, B enum [\"a\", \"b\"];"));
  EXPECT_FALSE(reads("entity A enum [];"));
  EXPECT_FALSE(reads("entity A enum [\"a\"] tags Long;"));
  EXPECT_FALSE(reads_json(R"({"": {"entityTypes": {"A": {"enum": ["a"], "memberOfTypes": []}}, "actions": {}}})"));
}

TEST(SchemaSyntax, ProblemsSayWhereAndWhatWasExpected) {
  const auto broken = Schema::parse("entity A { a Long };");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().front().where.begin, 13U);
  EXPECT_FALSE(broken.error().front().expected.empty());
}

TEST(SchemaSyntax, EveryBrokenDeclarationIsTold) {
  const auto broken = Schema::parse("entity { };\nentity A;\naction view appliesTo { principal };\ntype = Long;\n");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().size(), 3U);
}

TEST(SchemaSyntax, WhatIsCutOffOrLeftOverIsRefused) {
  constexpr std::string_view whole =
      "@a(\"b\") entity A, B in [C] { a?: Set<Long>, \"b c\": { } } tags Long; entity C;";
  EXPECT_TRUE(reads(whole));
  for (std::size_t size = 1; size < whole.size(); ++size) {
    if (size == whole.find(" entity C;")) continue;
    const auto cut = Schema::parse(whole.substr(0, size));
    EXPECT_FALSE(cut && cut->entity_types().size() == 3) << whole.substr(0, size);
  }
  EXPECT_FALSE(reads("entity A;;"));
  EXPECT_FALSE(reads("entity A; }"));
  EXPECT_FALSE(reads("entity A::B;"));
  EXPECT_FALSE(reads("/* no such comment */ entity A;"));
  EXPECT_TRUE(reads("// a comment\nentity A; // another"));
}

TEST(SchemaJson, PartsOfOtherKindsOfTypesAreTaken) {
  EXPECT_TRUE(reads_json_type(R"({"type": "Set", "element": {"type": "Long"}})"));
  EXPECT_TRUE(reads_json_type(R"({"type": "Entity", "name": "A"})"));
  EXPECT_TRUE(reads_json_type(R"({"type": "EntityOrCommon", "name": "C"})"));
  EXPECT_TRUE(reads_json_type(R"({"type": "C", "required": false})"));
  EXPECT_TRUE(reads_json_type(R"({"type": "Record", "attributes": {}, "additionalAttributes": false})"));
}

TEST(SchemaJson, PartsThatATypeDoesNotHaveAreRefused) {
  for (const char* type :
       {R"({"type": "Set"})", R"({"type": "Entity"})", R"({"type": "Extension"})", R"({"type": "EntityOrCommon"})",
        R"({"type": "Long", "element": {"type": "Long"}})", R"({"type": "Long", "foo": 1})",
        R"({"type": "Set", "element": "Long"})", R"({"type": "Long", "required": "no"})", R"("Long")", "1", "null",
        "[]", R"({"type": "Record", "attributes": {}, "additionalAttributes": true})", R"({"type": 1})",
        R"({"type": "Extension", "name": "foo"})", R"({"type": "Entity", "name": "A::"})"}) {
    EXPECT_FALSE(reads_json_type(type)) << type;
  }
}

TEST(SchemaJson, ProblemsSayWhere) {
  EXPECT_EQ(json_problems(R"({"": {"entityTypes": {"A": {"memberOfTypes": ["B"]}}, "actions": {}}})")
                .substr(0, std::string_view("//entityTypes/A").size()),
            "//entityTypes/A");
  EXPECT_FALSE(reads_json("[]"));
  EXPECT_FALSE(reads_json(R"({"": {"entityTypes": {}}})"));
  EXPECT_FALSE(reads_json(R"({"": {"entityTypes": {}, "actions": {}, "more": 1}})"));
}

TEST(SchemaLimits, TypesAreNotTooDeep) {
  const auto nested = [](std::size_t depth) {
    std::string type = "Long";
    for (std::size_t i = 0; i < depth; ++i) type = "Set<" + type + ">";
    return "entity A { a: " + type + " };";
  };
  EXPECT_TRUE(reads(nested(100)));
  const auto deep = Schema::parse(nested(10'000));
  ASSERT_FALSE(deep);
  EXPECT_TRUE(deep.error().front().limit);
  // As deep, by common types that are each shallow.
  std::string chain = "type T0 = Long;";
  for (int i = 1; i < 1000; ++i) chain += "type T" + std::to_string(i) + " = Set<T" + std::to_string(i - 1) + ">;";
  EXPECT_FALSE(reads(chain));
  const auto too_large = Schema::parse(nested(2), {.max_bytes = 10});
  ASSERT_FALSE(too_large);
  EXPECT_TRUE(too_large.error().front().limit);
}

TEST(SchemaLimits, MembershipsAreBounded) {
  std::string chain = "entity T0;";
  for (int i = 1; i < 1500; ++i) chain += "entity T" + std::to_string(i) + " in [T" + std::to_string(i - 1) + "];";
  EXPECT_FALSE(reads(chain));
}

}  // namespace
}  // namespace redoubt::policy
