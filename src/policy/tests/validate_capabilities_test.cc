// Attributes and tags that may be missing: where it is known that they are there.
#include <gtest/gtest.h>

#include "policy/tests/support/photo_schema.h"

namespace redoubt::policy::testing {
namespace {

TEST(ValidateAttributes, AreThoseOfTheType) {
  EXPECT_EQ(errors_when("principal.manager.manager.name == resource.owner.name"), "");
  EXPECT_EQ(errors_when("principal.nam == \"x\""),
            "`principal.nam`: entity type `User` has no attribute `nam`; did you mean `name`?\n");
  EXPECT_EQ(errors_when("principal.profile.citty == \"x\""),
            "`principal.profile.citty`: record `principal.profile` has no attribute `citty`; did you mean `city`?\n");
  EXPECT_EQ(errors_when("{a: 1}.b == 1"), "`{a: 1}.b`: record has no attribute `b`; did you mean `a`?\n");
  EXPECT_EQ(errors_when("principal.age.x == 1"), "`principal.age`: expected an entity or a record, found `Long`\n");
}

TEST(ValidateAttributes, OptionalOnesMustBeAskedForFirst) {
  EXPECT_EQ(errors_when("principal.nick == \"x\""),
            "`principal.nick`: attribute `nick` of entity type `User` is optional; ask first whether it is there: "
            "`principal has nick && …`\n");
  EXPECT_EQ(errors_when("principal has nick && principal.nick == \"x\""), "");
  EXPECT_EQ(errors_when("context has ticket && context.ticket like \"*\""), "");
  EXPECT_NE(errors_when("!(principal has nick) || principal.nick == \"x\""), "");
  EXPECT_NE(errors_when("principal has nick || principal.nick == \"x\""), "");
}

TEST(ValidateAttributes, OfOneEntityTellNothingOfAnother) {
  EXPECT_NE(errors_when("principal has nick && principal.manager.nick == \"x\""), "");
  EXPECT_NE(errors_when("User::\"a\" has nick && User::\"b\".nick == \"x\""), "");
  EXPECT_EQ(errors_when("User::\"a\" has nick && User::\"a\".nick == \"x\""), "");
}

TEST(ValidateAttributes, AreKnownOfWhatSaysTheSame) {
  EXPECT_EQ(errors_when("principal has \"nick\" && principal[\"nick\"] == \"x\""), "");
  EXPECT_EQ(errors_when("principal.manager has nick && principal[\"manager\"].nick == \"x\""), "");
  EXPECT_EQ(errors_when("{u: principal, n: 1}.u has nick && {n: 1, u: principal}.u.nick == \"x\""), "");
  EXPECT_NE(errors_when("{u: principal, n: 1}.u has nick && {u: principal, n: 2}.u.nick == \"x\""), "");
}

TEST(ValidateAttributes, AreKnownThroughConnectives) {
  EXPECT_EQ(errors_when("(principal has nick && principal.active) && principal.nick == \"x\""), "");
  EXPECT_EQ(errors_when("(principal has nick || principal has nick) && principal.nick == \"x\""), "");
  EXPECT_NE(errors_when("(principal has nick || principal.active) && principal.nick == \"x\""), "");
  EXPECT_EQ(errors_when("(false || principal has nick) && principal.nick == \"x\""), "");
  EXPECT_NE(errors_when("!(!(principal has nick)) && principal.nick == \"x\""), "");
  EXPECT_NE(errors_when("(principal has nick) == true && principal.nick == \"x\""), "");
}

TEST(ValidateAttributes, AreKnownThroughBranches) {
  EXPECT_EQ(errors_when("if principal has nick then principal.nick == \"x\" else false"), "");
  EXPECT_NE(errors_when("if principal has nick then true else principal.nick == \"x\""), "");
  EXPECT_EQ(errors_when("(if principal.active then principal has nick else principal has nick) && "
                        "principal.nick == \"x\""),
            "");
  EXPECT_NE(errors_when("(if principal.active then principal has nick else true) && principal.nick == \"x\""), "");
}

TEST(ValidateAttributes, AreKnownFromOneConditionToTheNext) {
  const auto errors = [](std::string_view conditions) {
    return errors_of(photo_schema(),
                     "permit (principal is User, action, resource is Photo) " + std::string(conditions));
  };
  EXPECT_EQ(errors("when { principal has nick } when { principal.nick == \"x\" };"), "");
  EXPECT_NE(errors("when { principal.nick == \"x\" } when { principal has nick };"), "");
  EXPECT_NE(errors("unless { principal has nick } when { principal.nick == \"x\" };"), "");
  EXPECT_EQ(errors("when { false } when { principal.nothing };"), "");
}

TEST(ValidateAttributes, PathsAreKnownStepByStep) {
  EXPECT_EQ(errors_when("principal has profile.phone.mobile && principal.profile.phone.mobile == \"1\""), "");
  EXPECT_EQ(errors_when("principal.profile has phone.mobile && principal.profile.phone.mobile == \"1\""), "");
  EXPECT_EQ(errors_when("principal.profile has phone && principal.profile.phone has mobile && "
                        "principal.profile.phone.mobile == \"1\""),
            "");
  EXPECT_NE(errors_when("principal.profile has phone && principal.profile.phone.mobile == \"1\""), "");
  EXPECT_EQ(errors_when("!(principal has profile.fax.mobile) || principal.nothing"), "");
  EXPECT_NE(errors_when("principal has name.length"), "");
}

TEST(ValidateAttributes, OfEntitiesMayBeMissingThoughRequired) {
  EXPECT_EQ(errors_when("principal has name && principal.active"), "");
  EXPECT_NE(errors_when("principal has name || principal.nothing"), "");
  EXPECT_EQ(errors_when("principal.profile has city || principal.nothing"), "");
}

TEST(ValidateTags, MustBeAskedForFirst) {
  EXPECT_EQ(errors_when("principal.hasTag(\"team\") && principal.getTag(\"team\") == \"x\""), "");
  EXPECT_EQ(errors_when("principal.getTag(\"team\") == \"x\""),
            "`principal.getTag(\"team\")`: the tag may be missing; ask first with `hasTag`, of the same entity and for "
            "the same name\n");
  EXPECT_NE(errors_when("principal.hasTag(\"team\") && principal.getTag(\"role\") == \"x\""), "");
  EXPECT_NE(errors_when("principal.hasTag(\"team\") && principal.manager.getTag(\"team\") == \"x\""), "");
  EXPECT_EQ(errors_when("principal.hasTag(principal.name) && principal.getTag(principal.name) == \"x\""), "");
}

TEST(ValidateTags, AreThereOnlyWhereTheSchemaHasThem) {
  EXPECT_EQ(errors_when("resource.getTag(\"x\") == \"y\""),
            "`resource.getTag(\"x\")`: entity type `Photo` has no tags in the schema\n");
  EXPECT_EQ(errors_when("!resource.hasTag(\"x\") && principal.active"), "");
  EXPECT_EQ(errors_when("principal.hasTag(1)"), "`1`: expected `String`, found `Long`\n");
  EXPECT_NE(errors_when("principal.name.hasTag(\"x\")"), "");
}

TEST(ValidateTags, AreNoAttributes) {
  EXPECT_NE(errors_when("principal has nick && principal.getTag(\"nick\") == \"x\""), "");
  EXPECT_NE(errors_when("principal.hasTag(\"nick\") && principal.nick == \"x\""), "");
}

}  // namespace
}  // namespace redoubt::policy::testing
