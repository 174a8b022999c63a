// Requests and entities against a schema.
#include <gtest/gtest.h>

#include "policy/tests/support/photo_schema.h"

namespace redoubt::policy::testing {
namespace {

Record record(std::vector<Attribute> attributes) {
  auto made = Record::create(std::move(attributes));
  EXPECT_TRUE(made);
  return made ? *made : Record();
}

Request view() {
  return {{"User", "ann"}, {"Action", "view"}, {"Photo", "p"}, record({{"mfa", Value(true)}})};
}

std::string refusal(const Request& request) {
  const auto valid = validate_request(request, photo_schema());
  return valid ? "" : valid.error().message();
}

TEST(ValidateRequest, AcceptsWhatTheActionAppliesTo) {
  EXPECT_EQ(refusal(view()), "");
  Request request = view();
  request.resource = {"Colour", "red"};
  request.context = record({{"mfa", Value(true)}, {"ticket", Value(std::string("T-1"))}});
  EXPECT_EQ(refusal(request), "");
}

TEST(ValidateRequest, RefusesTypesThatTheSchemaDoesNotHave) {
  Request request = view();
  request.principal.type = "Usr";
  EXPECT_EQ(refusal(request), "the principal is of type `Usr`, which is not in the schema; did you mean `User`?");
  request = view();
  request.resource.type = "Action";
  EXPECT_NE(refusal(request), "");
}

TEST(ValidateRequest, RefusesActionsThatTheSchemaDoesNotHave) {
  Request request = view();
  request.action.id = "veiw";
  EXPECT_EQ(refusal(request), "the action `Action::\"veiw\"` is not in the schema; did you mean `Action::\"view\"`?");
}

TEST(ValidateRequest, RefusesTypesThatTheActionDoesNotApplyTo) {
  Request request = view();
  request.action.id = "edit";
  request.principal.type = "Robot";
  EXPECT_EQ(refusal(request), "the action `Action::\"edit\"` does not apply to a principal of type `Robot`");
  request = view();
  request.resource = {"Album", "a"};
  EXPECT_EQ(refusal(request), "the action `Action::\"view\"` does not apply to a resource of type `Album`");
  request = view();
  request.action.id = "all";
  EXPECT_NE(refusal(request), "");
}

TEST(ValidateRequest, RefusesEntitiesThatTheSchemaDoesNotEnumerate) {
  Request request = view();
  request.resource = {"Colour", "rad"};
  EXPECT_EQ(
      refusal(request),
      "the resource `Colour::\"rad\"` is not one of the entities that the schema enumerates; did you mean `red`?");
}

TEST(ValidateRequest, RefusesAContextOfAnotherType) {
  Request request = view();
  request.context = {};
  EXPECT_EQ(refusal(request),
            "the context does not fit the action `Action::\"view\"`: the required attribute `mfa` is missing");
  request.context = record({{"mfa", Value(std::int64_t{1})}});
  EXPECT_EQ(refusal(request),
            "the context does not fit the action `Action::\"view\"`: expected bool, found long at `/mfa`");
  request.context = record({{"mfa", Value(true)}, {"extra", Value(true)}});
  EXPECT_NE(refusal(request), "");
}

Entity robot() {
  return {{"Robot", "r"}, {{"Group", "g"}}, record({{"name", Value(std::int64_t{7})}}), {}};
}

std::string misfits(const Entities& entities) {
  std::string out;
  for (const Problem& problem : validate_entities(entities, photo_schema())) {
    out += problem.path + ": " + problem.message + "\n";
  }
  return out;
}

TEST(ValidateEntities, AcceptsWhatTheirTypesHave) {
  EXPECT_EQ(misfits({}), "");
  EXPECT_EQ(misfits({robot(), {{"Group", "g"}, {}, {}, {}}, {{"Colour", "red"}, {}, {}, {}}}), "");
}

TEST(ValidateEntities, RefusesWhatTheirTypesDoNotHave) {
  Entity entity = robot();
  entity.uid.type = "Robbot";
  EXPECT_EQ(misfits({robot(), entity}), "/1/uid: the schema has no entity type `Robbot`\n");
  entity = robot();
  entity.attributes = record({{"name", Value(std::string("r"))}});
  EXPECT_EQ(misfits({entity}), "/0/attrs/name: expected long, found string\n");
  entity = robot();
  entity.attributes = {};
  EXPECT_NE(misfits({entity}), "");
  entity = robot();
  entity.tags = record({{"t", Value(true)}});
  EXPECT_NE(misfits({entity}), "");
  entity = robot();
  entity.parents = {{"Album", "a"}};
  EXPECT_NE(misfits({entity}), "");
  EXPECT_NE(misfits({{{"Colour", "rot"}, {}, {}, {}}}), "");
}

TEST(ValidateEntities, ActionsAreThoseOfTheSchema) {
  const Entity view{{"Action", "view"}, {{"Action", "all"}}, {}, {}};
  const Entity all{{"Action", "all"}, {}, {}, {}};
  EXPECT_EQ(misfits({view, all}), "");
  EXPECT_NE(misfits({{{"Action", "nothing"}, {}, {}, {}}}), "");
  EXPECT_NE(misfits({{{"Action", "view"}, {}, {}, {}}}), "");
  EXPECT_NE(misfits({{{"Action", "all"}, {{"Action", "view"}}, {}, {}}}), "");
  EXPECT_NE(misfits({{{"Action", "all"}, {}, record({{"a", Value(true)}}), {}}}), "");
}

}  // namespace
}  // namespace redoubt::policy::testing
