#include "record/terminal_text.h"

#include <gtest/gtest.h>

namespace redoubt::record {
namespace {

std::string safe(std::string_view text) {
  std::string out;
  append_terminal_text(out, text);
  return out;
}

TEST(TerminalText, KeepsOrdinaryText) {
  EXPECT_EQ(safe("plain \"text\" \\ 100 %"), "plain \"text\" \\ 100 %");
  EXPECT_EQ(safe("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x99\x82"),
            "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x99\x82");
}

TEST(TerminalText, EscapesControlCharacters) {
  EXPECT_EQ(safe("a\nb\rc\td"), "a\\nb\\rc\\td");
  EXPECT_EQ(safe("\x1b[31m"), "\\u001b[31m");
  EXPECT_EQ(safe(std::string_view("\0\x07\x7f", 3)), "\\u0000\\u0007\\u007f");
}

TEST(TerminalText, EscapesC1InEitherSpelling) {
  EXPECT_EQ(safe("\xc2\x9b"
                 "31m"),
            "\\u009b31m");  // CSI as a character
  EXPECT_EQ(safe("\x9b"
                 "31m"),
            "\\x9b31m");  // and as a bare byte
}

TEST(TerminalText, EscapesWhatChangesDirectionOrIsNotSeen) {
  EXPECT_EQ(safe("\xe2\x80\xae"
                 "txt"),
            "\\u202etxt");
  EXPECT_EQ(safe("a\xe2\x80\x8b"
                 "b"),
            "a\\u200bb");
  EXPECT_EQ(safe("\xe2\x80\xa8"), "\\u2028");
  EXPECT_EQ(safe("\xf3\xa0\x80\x81"), "\\udb40\\udc01");
}

TEST(TerminalText, EscapesBytesThatAreNotUtf8) {
  EXPECT_EQ(safe("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(safe("\xc0\xaf"), "\\xc0\\xaf");                    // overlong
  EXPECT_EQ(safe("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // surrogate
  EXPECT_EQ(safe("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond Unicode
  EXPECT_EQ(safe("a\xe2\x82"), "a\\xe2\\x82");                  // cut off
}

}  // namespace
}  // namespace redoubt::record
