#include "policy/internal/lexer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace redoubt::policy::internal {
namespace {

std::vector<TokenKind> kinds(std::string_view text) {
  Lexer lexer(text);
  std::vector<TokenKind> out;
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) out.push_back(token.kind);
  return out;
}

std::vector<std::string> spellings(std::string_view text) {
  Lexer lexer(text);
  std::vector<std::string> out;
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    out.emplace_back(lexer.text(token));
  }
  return out;
}

using Words = std::vector<std::string>;
using Kinds = std::vector<TokenKind>;

TEST(Lexer, TakesTheLongestPunctuation) {
  EXPECT_EQ(spellings("a:::b<==>=!===&&||"), (Words{"a", "::", ":", "b", "<=", "=", ">=", "!=", "==", "&&", "||"}));
}

TEST(Lexer, TellsSlotsFromQuestionMarks) {
  EXPECT_EQ(kinds("?principal ? : ?1"), (Kinds{TokenKind::kSlot, TokenKind::kQuestion, TokenKind::kColon,
                                               TokenKind::kQuestion, TokenKind::kNumber}));
}

TEST(Lexer, EndsNumbersWhereIdentifiersBegin) {
  EXPECT_EQ(spellings("12ab _1 1.x"), (Words{"12", "ab", "_1", "1", ".", "x"}));
}

TEST(Lexer, SkipsCommentsToEitherEndOfLine) {
  EXPECT_EQ(spellings("a // b\nc // d\re // f"), (Words{"a", "c", "e"}));
}

TEST(Lexer, SkipsUnicodeWhiteSpace) {
  EXPECT_EQ(spellings("a\xc2\x85"
                      "b\xc2\xa0"
                      "c\xe1\x9a\x80"
                      "d\xe2\x80\x80"
                      "e\xe2\x80\x8a"
                      "f\xe2\x80\xa8"
                      "g\xe2\x80\xa9"
                      "h\xe2\x80\xaf"
                      "i\xe2\x81\x9f"
                      "j\xe3\x80\x80"
                      "k\v\f\r\n\t l"),
            (Words{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"}));
}

TEST(Lexer, DoesNotTakeAByteOrderMarkOrAZeroWidthSpaceForSpace) {
  EXPECT_EQ(kinds("\xef\xbb\xbf"), Kinds{TokenKind::kInvalid});
  EXPECT_EQ(kinds("\xe2\x80\x8b"), Kinds{TokenKind::kInvalid});
}

TEST(Lexer, KeepsQuotationMarksBehindBackslashesInTheString) {
  EXPECT_EQ(spellings(R"("a\"b" "\\" "c")"), (Words{R"("a\"b")", R"("\\")", R"("c")"}));
}

TEST(Lexer, LetsStringsRunOverLines) {
  EXPECT_EQ(spellings("\"a\nb\" c"), (Words{"\"a\nb\"", "c"}));
}

TEST(Lexer, RefusesABackslashBeforeALineFeed) {
  EXPECT_EQ(kinds("\"a\\\nb\" c"), Kinds{TokenKind::kInvalid});
}

TEST(Lexer, ReadsNothingBehindAStringWithoutAnEnd) {
  Lexer lexer("a \"b\nc");
  EXPECT_EQ(lexer.next().kind, TokenKind::kIdentifier);
  const Token open = lexer.next();
  EXPECT_EQ(open.kind, TokenKind::kInvalid);
  EXPECT_EQ(lexer.text(open), "\"b");
  EXPECT_EQ(lexer.next().kind, TokenKind::kEnd);
  EXPECT_EQ(lexer.next().kind, TokenKind::kEnd);
}

TEST(Lexer, TakesCharactersThatStartNoTokenWhole) {
  EXPECT_EQ(spellings("a \xc3\xa9\xe2\x82\xac b#\xff"), (Words{"a", "\xc3\xa9", "\xe2\x82\xac", "b", "#", "\xff"}));
  EXPECT_EQ(kinds("\xc3\xa9 & |"), (Kinds{TokenKind::kInvalid, TokenKind::kInvalid, TokenKind::kInvalid}));
}

}  // namespace
}  // namespace redoubt::policy::internal
