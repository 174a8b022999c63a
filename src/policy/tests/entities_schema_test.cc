// Entities and contexts that are read by a schema.
#include <gtest/gtest.h>

#include "policy/entities.h"
#include "policy/schema.h"

namespace redoubt::policy {
namespace {

constexpr std::string_view kSchema = R"(
  entity Group in [Org];
  entity Org;
  entity Color enum ["red", "green"];
  entity User in [Group] {
    name?: String, age?: Long, ok?: Bool, friend?: User, favourite?: Color, address?: ipaddr, balance?: decimal,
    born?: datetime, ttl?: duration, friends?: Set<User>, networks?: Set<ipaddr>,
    home?: { street: String, at?: ipaddr, inner?: { owner: User } }, act?: Action,
  } tags Set<decimal>;
  entity Strict { must: Long };
  entity Untagged;
  action all;
  action some in [all];
  action read in [some] appliesTo {
    principal: User, resource: Untagged, context: { src: ipaddr, by?: User, n?: Long, nested?: { a?: Color } } };
  namespace N { action other; }
)";

const Schema& schema() {
  static const Schema parsed = [] {
    auto result = Schema::parse(kSchema);
    if (!result) ADD_FAILURE() << render(result.error().front(), "schema", kSchema);
    return result ? std::move(*result) : Schema();
  }();
  return parsed;
}

template <class T>
std::string problems_of(const Checked<T>& result) {
  std::string out;
  if (result) return out;
  for (const Problem& problem : result.error()) out += problem.path + ": " + problem.message + "\n";
  return out;
}

std::string entity_json(std::string_view type, std::string_view attributes, std::string_view parents = "[]",
                        std::string_view tags = "{}") {
  return R"([{"uid": {"type": ")" + std::string(type) + R"(", "id": "red"}, "attrs": )" + std::string(attributes) +
         R"(, "parents": )" + std::string(parents) + R"(, "tags": )" + std::string(tags) + "}]";
}

std::string problems(std::string_view type, std::string_view attributes, std::string_view parents = "[]",
                     std::string_view tags = "{}") {
  return problems_of(parse_entities(entity_json(type, attributes, parents, tags), &schema()));
}

// A user's attributes in Cedar's syntax.
std::string user(std::string_view attributes) {
  const auto entities = parse_entities(entity_json("User", attributes), &schema());
  EXPECT_EQ(problems_of(entities), "");
  return entities ? to_cedar(Value(entities->front().attributes)) : "";
}

TEST(SchemaEntities, MayLeaveOutTheEntityEscape) {
  for (const char* json :
       {R"({"friend": {"type": "User", "id": "b"}})", R"({"friend": {"__entity": {"type": "User", "id": "b"}}})"}) {
    EXPECT_EQ(user(json), R"({"friend": User::"b"})");
  }
  EXPECT_EQ(
      user(
          R"({"friends": [{"type": "User", "id": "b"}], "home": {"street": "s", "inner": {"owner": {"type": "User", "id": "c"}}}})"),
      R"({"friends": [User::"b"], "home": {"inner": {"owner": User::"c"}, "street": "s"}})");
}

TEST(SchemaEntities, MayLeaveOutTheExtensionEscapeAndConstructor) {
  for (const char* json :
       {R"({"address": "::1"})", R"({"address": {"fn": "ip", "arg": "::1"}})",
        R"({"address": {"fn": "ip", "args": ["::1"]}})", R"({"address": {"__extn": {"fn": "ip", "arg": "::1"}}})"}) {
    EXPECT_EQ(user(json), R"({"address": ip("::1")})");
  }
  EXPECT_EQ(
      user(R"({"balance": "1.0", "born": "1970-01-01", "ttl": "1s", "networks": ["::1", {"fn": "ip", "arg": "::2"}]})"),
      R"({"balance": decimal("1.0000"), "born": datetime("1970-01-01T00:00:00.000Z"), )"
      R"("networks": [ip("::1"), ip("::2")], "ttl": duration("1000ms")})");
  EXPECT_EQ(user(R"({"born": {"fn": "offset", "args": ["1970-01-02", "-1d"]}})"),
            R"({"born": datetime("1970-01-01T00:00:00.000Z")})");
}

TEST(SchemaEntities, RefuseValuesOfAnotherType) {
  EXPECT_EQ(problems("User", R"({"name": 1})"), "/0/attrs/name: expected string, found long\n");
  EXPECT_EQ(problems("User", R"({"age": "1"})"), "/0/attrs/age: expected long, found string\n");
  EXPECT_EQ(problems("User", R"({"ok": 1})"), "/0/attrs/ok: expected bool, found long\n");
  EXPECT_EQ(problems("User", R"({"friends": {}})"),
            "/0/attrs/friends: expected set of entity of type `User`, found record\n");
  EXPECT_EQ(problems("User", R"({"home": []})"), "/0/attrs/home: expected record, found set\n");
  EXPECT_EQ(problems("User", R"({"friend": {"type": "Org", "id": "o"}})"),
            "/0/attrs/friend: expected entity of type `User`, found (entity of type `Org`)\n");
  EXPECT_EQ(problems("User", R"({"friends": [{"type": "Org", "id": "o"}]})"),
            "/0/attrs/friends: expected entity of type `User`, found (entity of type `Org`)\n");
  EXPECT_EQ(problems("User", R"({"address": {"fn": "decimal", "arg": "1.0"}})"),
            "/0/attrs/address: expected ipaddr, found decimal\n");
}

TEST(SchemaEntities, RefuseWhatCannotStandForAnEntityOrExtension) {
  EXPECT_NE(problems("User", R"({"friend": "User::\"b\""})"), "");
  EXPECT_NE(problems("User", R"({"friend": {"type": "User"}})"), "");
  EXPECT_NE(problems("User", R"({"friend": {"__expr": "User::\"b\""}})"), "");
  EXPECT_EQ(problems("User", R"({"address": 1})"), "/0/attrs/address: `ip` does not take long\n");
  EXPECT_EQ(problems("User", R"({"address": "x"})"),
            "/0/attrs/address: `x` is not a valid ipaddr: an IPv4 or IPv6 address is needed\n");
  EXPECT_NE(problems("User", R"j({"address": {"__expr": "ip(\"::1\")"}})j"), "");
  EXPECT_NE(problems("User", R"({"address": null})"), "");
}

TEST(SchemaEntities, RefuseMissingAndUnknownAttributes) {
  EXPECT_EQ(problems("Strict", "{}"), "/0/attrs: the required attribute `must` is missing\n");
  EXPECT_EQ(problems("Strict", R"({"must": 1, "more": 1})"),
            "/0/attrs/more: the schema has no attribute `more` here\n");
  EXPECT_EQ(problems("User", R"({"home": {"at": "::1"}})"),
            "/0/attrs/home: the required attribute `street` is missing\n");
  EXPECT_EQ(problems("User", R"({"home": {"street": "s", "no": 1}})"),
            "/0/attrs/home/no: the schema has no attribute `no` here\n");
}

TEST(SchemaEntities, TakeNoEscapeWhereARecordIsExpected) {
  EXPECT_EQ(problems("User", R"({"home": {"__entity": {"type": "User", "id": "b"}}})"),
            "/0/attrs/home/__entity: the schema has no attribute `__entity` here\n"
            "/0/attrs/home: the required attribute `street` is missing\n");
}

TEST(SchemaEntities, RefuseUnknownTypes) {
  EXPECT_EQ(problems("Nobody", "{}"), "/0/uid: the schema has no entity type `Nobody`\n");
}

TEST(SchemaEntities, OfEnumeratedTypesAreThoseEnumerated) {
  EXPECT_EQ(problems("Color", "{}"), "");
  EXPECT_EQ(problems_of(
                parse_entities(R"([{"uid": {"type": "Color", "id": "blue"}, "attrs": {}, "parents": []}])", &schema())),
            "/0/uid: `Color::\"blue\"` is not one of the entities that the schema enumerates\n");
  EXPECT_EQ(user(R"({"favourite": {"type": "Color", "id": "green"}})"), R"({"favourite": Color::"green"})");
  EXPECT_EQ(problems("User", R"({"favourite": {"type": "Color", "id": "blue"}})"),
            "/0/attrs/favourite: `Color::\"blue\"` is not one of the entities that the schema enumerates\n");
  EXPECT_NE(problems("Color", R"({"a": 1})"), "");
  EXPECT_NE(problems("Color", "{}", R"([{"type": "Org", "id": "o"}])"), "");
}

TEST(SchemaEntities, HaveParentsOfAllowedAncestorTypes) {
  EXPECT_EQ(problems("User", "{}", R"([{"type": "Group", "id": "g"}, {"type": "Org", "id": "o"}])"), "");
  EXPECT_EQ(problems("User", "{}", R"([{"type": "User", "id": "u"}])"),
            "/0/parents/0: `User` entities may not have an ancestor of type `User`\n");
  EXPECT_NE(problems("Org", "{}", R"([{"type": "Group", "id": "g"}])"), "");
}

TEST(SchemaEntities, HaveTagsOfTheirType) {
  EXPECT_EQ(problems("User", "{}", "[]", R"({"a": ["1.0"], "b": []})"), "");
  EXPECT_EQ(problems("User", "{}", "[]", R"({"a": "1.0"})"), "/0/tags/a: expected set of decimal, found string\n");
  EXPECT_EQ(problems("Untagged", "{}", "[]", R"({"a": 1})"), "/0/tags/a: `Untagged` entities may not have tags\n");
}

TEST(SchemaEntities, ComeWithTheActionsOfTheSchema) {
  const auto entities = parse_entities("[]", &schema());
  ASSERT_EQ(problems_of(entities), "");
  ASSERT_EQ(entities->size(), 4U);
  EXPECT_EQ((*entities)[1].uid, (EntityUid{"Action", "read"}));
  EXPECT_EQ((*entities)[1].parents, (std::vector<EntityUid>{{"Action", "some"}}));
}

std::string action_json(std::string_view id, std::string_view parents, std::string_view attributes = "{}") {
  return R"({"uid": {"type": "Action", "id": ")" + std::string(id) + R"("}, "attrs": )" + std::string(attributes) +
         R"(, "parents": )" + std::string(parents) + "}";
}
constexpr const char* kInSome = R"([{"type": "Action", "id": "some"}])";
constexpr const char* kInAll = R"([{"type": "Action", "id": "all"}])";
constexpr const char* kInBoth = R"([{"type": "Action", "id": "some"}, {"type": "Action", "id": "all"}])";

std::string action_problems(const std::string& actions) {
  return problems_of(parse_entities("[" + actions + "]", &schema()));
}

TEST(SchemaEntities, MayGiveActionsAsTheSchemaHasThem) {
  EXPECT_EQ(action_problems(action_json("all", "[]")), "");
  EXPECT_EQ(action_problems(action_json("read", kInBoth)), "");  // all its ancestors at once
  EXPECT_EQ(action_problems(action_json("read", kInSome) + "," + action_json("some", kInAll)), "");
  EXPECT_EQ(action_problems(action_json("all", "[]") + "," + action_json("all", "[]")), "");
  const auto entities = parse_entities("[" + action_json("read", kInBoth) + "]", &schema());
  ASSERT_TRUE(entities);
  EXPECT_EQ(entities->size(), 4U);  // the schema's take their place
}

TEST(SchemaEntities, RefuseActionsThatTheSchemaHasOtherwise) {
  EXPECT_EQ(action_problems(action_json("write", "[]")),
            "/0/uid: `Action::\"write\"` is not an action of the schema\n");
  EXPECT_NE(action_problems(action_json("read", "[]")), "");
  EXPECT_NE(action_problems(action_json("read", kInSome)), "");  // `some` and its parent are not given
  EXPECT_NE(action_problems(action_json("some", kInSome)), "");
  EXPECT_NE(action_problems(action_json("all", "[]", R"({"a": 1})")), "");
  EXPECT_NE(action_problems(action_json("read", kInBoth) + "," + action_json("read", kInSome)), "");
}

TEST(SchemaEntities, RefuseValuesThatNameUnknownActions) {
  const auto with_action = [](const char* id) {
    return problems("User", R"({"act": {"type": "Action", "id": ")" + std::string(id) + R"("}})");
  };
  EXPECT_EQ(with_action("read"), "");
  EXPECT_EQ(with_action("no"), "/0/attrs/act: `Action::\"no\"` is not an action of the schema\n");
}

TEST(SchemaContext, IsReadByTheTypeOfItsAction) {
  const EntityUid read{"Action", "read"};
  const auto context = parse_context(R"({"src": "::1", "by": {"type": "User", "id": "b"}})", &schema(), &read);
  ASSERT_EQ(problems_of(context), "");
  EXPECT_EQ(to_cedar(Value(*context)), R"({"by": User::"b", "src": ip("::1")})");
}

TEST(SchemaContext, RefusesWhatIsNotOfTheTypeOfItsAction) {
  const EntityUid read{"Action", "read"};
  const auto problems = [&](const char* json) { return problems_of(parse_context(json, &schema(), &read)); };
  EXPECT_EQ(problems("{}"), ": the required attribute `src` is missing\n");
  EXPECT_EQ(problems(R"({"src": "::1", "x": 1})"), "/x: the schema has no attribute `x` here\n");
  EXPECT_EQ(problems(R"({"src": "::1", "n": "1"})"), "/n: expected long, found string\n");
  EXPECT_NE(problems(R"({"src": "::1", "nested": {"a": {"type": "Color", "id": "blue"}}})"), "");
  EXPECT_EQ(problems("[]"), ": expected a record, found set\n");
}

TEST(SchemaContext, NeedsADeclaredAction) {
  const EntityUid other{"Action", "write"};
  EXPECT_EQ(problems_of(parse_context("{}", &schema(), &other)),
            ": `Action::\"write\"` is not an action of the schema\n");
  const EntityUid namespaced{"N::Action", "other"};
  EXPECT_EQ(problems_of(parse_context("{}", &schema(), &namespaced)), "");
}

TEST(SchemaRequest, HasItsContextReadByTheTypeOfItsAction) {
  const auto with_action = [](std::string_view id) {
    return parse_request(R"({"principal": "User::\"a\"", "action": "Action::\")" + std::string(id) +
                             R"(\"", "resource": "Untagged::\"r\"", "context": {"src": "::1"}})",
                         &schema());
  };
  const auto request = with_action("read");
  ASSERT_EQ(problems_of(request), "");
  EXPECT_EQ(to_cedar(Value(request->context)), R"({"src": ip("::1")})");
  EXPECT_EQ(problems_of(with_action("all")), "/context/src: the schema has no attribute `src` here\n");
  EXPECT_EQ(problems_of(with_action("no")), "/action: `Action::\"no\"` is not an action of the schema\n");
}

}  // namespace
}  // namespace redoubt::policy
