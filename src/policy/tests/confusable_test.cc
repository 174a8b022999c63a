#include "policy/internal/confusable.h"

#include <gtest/gtest.h>

#include "policy/tests/support/photo_schema.h"

namespace redoubt::policy::internal {
namespace {

TEST(Confusable, AsciiIsNot) {
  EXPECT_FALSE(confusable_string("test\t\"x\" \x7f"));
  EXPECT_FALSE(confusable_identifier("https://www.example.com/test?foo=bar&bar=baz#buz {x}"));
  EXPECT_FALSE(confusable_identifier(""));
}

TEST(Confusable, OneScriptIsNot) {
  EXPECT_FALSE(confusable_string("приве́т, 1"));
  EXPECT_FALSE(confusable_identifier("größe"));
  EXPECT_FALSE(confusable_string("日本語のテキスト"));  // three scripts that Japanese uses together
  EXPECT_FALSE(confusable_string("🏰"));
}

TEST(Confusable, MixedScriptsAre) {
  EXPECT_EQ(confusable_string("say_һello"), "`say_һello` mixes scripts, letters of which may look alike");
  EXPECT_TRUE(confusable_identifier("say_һello"));
  EXPECT_TRUE(confusable_string("αlpha"));
  EXPECT_TRUE(confusable_string("ひらがな한글"));
}

TEST(Confusable, MarksOfDirectionAre) {
  EXPECT_EQ(confusable_string("user\u202e\u2066 && admin"),
            "`user\ufffd\ufffd && admin` changes the direction of writing");
  EXPECT_TRUE(confusable_identifier("\u2069"));
}

TEST(Confusable, IdentifiersHaveNoOddCharacters) {
  EXPECT_EQ(confusable_identifier("is\u200bAdmin"), "`is\ufffdAdmin` has U+200B, which does not belong in identifiers");
  EXPECT_EQ(confusable_identifier("new\nline"), "`new\ufffdline` has U+000A, which does not belong in identifiers");
  EXPECT_EQ(confusable_identifier("🏰"), "`🏰` has U+1F3F0, which does not belong in identifiers");
  EXPECT_TRUE(confusable_identifier(std::string_view("nul\0", 4)));
  EXPECT_TRUE(confusable_identifier("\u007f"));
}

TEST(Confusable, BytesThatAreNotUtf8AreLookedAt) {
  EXPECT_TRUE(confusable_identifier("\xff\xc3"));
  EXPECT_TRUE(confusable_identifier("\xf0\x9f"));
}

TEST(ValidateWarnings, TellTextThatLooksLikeOther) {
  using testing::warnings_when;
  EXPECT_EQ(warnings_when("principal.name == \"say_һello\""),
            "`\"say_һello\"`: `say_һello` mixes scripts, letters of which may look alike\n");
  EXPECT_NE(warnings_when("principal.name like \"*_һello\""), "");
  EXPECT_NE(warnings_when("principal == User::\"аnn\""), "");
  EXPECT_NE(warnings_when("principal has \"is\u200bAdmin\" || true"), "");
  EXPECT_NE(warnings_when("{\"is\u200bAdmin\": true}[\"is\u200bAdmin\"]"), "");
  EXPECT_EQ(warnings_when("principal.name == \"größe\""), "");
}

}  // namespace
}  // namespace redoubt::policy::internal
