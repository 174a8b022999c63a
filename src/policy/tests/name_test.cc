#include "policy/name.h"

#include <gtest/gtest.h>

namespace redoubt::policy {
namespace {

TEST(Name, IdentifiersAreAscii) {
  for (const char* good : {"a", "_", "A9", "_1", "principal", "permit", "when", "cedar", "_cedar"}) {
    EXPECT_TRUE(is_identifier(good)) << good;
  }
  for (const char* bad : {"", "1a", "a-b", "a b", " a", "a ", "\xc3\xa9", "a::b", "?a"}) {
    EXPECT_FALSE(is_identifier(bad)) << bad;
    EXPECT_FALSE(is_identifier_shape(bad)) << bad;
  }
}

TEST(Name, ReservedWordsHaveTheShapeOfIdentifiersOnly) {
  for (const char* word : {"true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"}) {
    EXPECT_FALSE(is_identifier(word)) << word;
    EXPECT_TRUE(is_identifier_shape(word)) << word;
  }
}

TEST(Name, NamesAreIdentifiersJoinedByColons) {
  for (const char* good : {"A", "A::B", "a::b::c"}) EXPECT_TRUE(is_name(good)) << good;
  for (const char* bad : {"", "::", "A::", "::A", "A:B", "A:: B", "A ::B", "A::::B", "A::if", "__cedar::Long"}) {
    EXPECT_FALSE(is_name(bad)) << bad;
  }
}

TEST(EntityUid, IsReadAsPoliciesSpellIt) {
  EXPECT_EQ(parse_entity_uid("User::\"alice\""), (EntityUid{"User", "alice"}));
  EXPECT_EQ(parse_entity_uid(" A :: B // comment\n :: \"\\u{e9}\\\"\" "), (EntityUid{"A::B", "\xc3\xa9\""}));
  EXPECT_EQ(parse_entity_uid("User::\"\""), (EntityUid{"User", ""}));
}

TEST(EntityUid, IsNothingElse) {
  for (const char* bad : {"", "User", "\"alice\"", "::\"alice\"", "User:\"alice\"", "User::\"alice", "User::\"a\" x",
                          "User::\"\\q\"", "User::alice", "if::\"a\"", "__cedar::\"a\"", "User::\"a\"::\"b\""}) {
    EXPECT_FALSE(parse_entity_uid(bad)) << bad;
  }
}

TEST(EntityUid, ReadsBackWhatItWrites) {
  for (const std::string_view id : {std::string_view("alice"), std::string_view("a\"b\\c\n\r\t\0\x1f\x7f", 11),
                                    std::string_view("\xc2\x85\xc3\xa9\xf0\x9f\x98\x80"), std::string_view("")}) {
    const EntityUid uid{"A::B", std::string(id)};
    EXPECT_EQ(parse_entity_uid(to_string(uid)), uid) << to_string(uid);
  }
}

TEST(Quoted, EscapesWhatWouldNotBeSeen) {
  EXPECT_EQ(quoted(std::string_view("a\"b\\c\n\r\t\0\x1b\x7f\xc2\x9b\xc3\xa9'*", 17)),
            "\"a\\\"b\\\\c\\n\\r\\t\\0\\u{1b}\\u{7f}\\u{9b}\xc3\xa9'*\"");
}

}  // namespace
}  // namespace redoubt::policy
