#include "incident/document.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace redoubt::incident::test {
namespace {

TEST(Document, MarkdownKeepsTextsTexts) {
  EXPECT_EQ(markdown_text("**bold** _em_ `code`"), "\\*\\*bold\\*\\* \\_em\\_ \\`code\\`");
  EXPECT_EQ(markdown_text("[x](javascript:alert(1))"), "\\[x\\]\\(javascript:alert\\(1\\)\\)");
  EXPECT_EQ(markdown_text("![x](http://evil.example/)"), "\\!\\[x\\]\\(http\\://evil.example/\\)");
  EXPECT_EQ(markdown_text("<script>alert(1)</script>"), "\\<script\\>alert\\(1\\)\\</script\\>");
  EXPECT_EQ(markdown_text("see www.evil.example, https://evil.example"),
            "see www\\.evil.example, https\\://evil.example");
  EXPECT_EQ(markdown_text("a | b\n| c |\n# d"), "a \\| b \\| c \\| \\# d");
  EXPECT_EQ(markdown_text("&lt; &#35; a\\|b @team"), "\\&lt; \\&\\#35; a\\\\\\|b \\@team");
  EXPECT_EQ(markdown_text("- item"), "\\- item");
  EXPECT_EQ(markdown_text("a\x1b[31mred"), "a\xEF\xBF\xBD\\[31mred");
}

TEST(Document, HtmlKeepsTextsTexts) {
  EXPECT_EQ(html_text("<img src=x onerror='alert(1)'>&\"\n"),
            "&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&amp;&quot; ");
}

TEST(Document, WhatTurnsOrHidesTextIsShown) {
  const std::string replaced =
      "a\xEF\xBF\xBD"
      "b";
  for (const char* const hidden : {"\xE2\x80\xAE", "\xE2\x81\xA6", "\xE2\x80\x8B", "\xE2\x80\xA8", "\xEF\xBB\xBF",
                                   "\xD8\x9C", "\xC2\x9B", "\x7F", "\xFF"}) {
    EXPECT_EQ(html_text("a" + std::string(hidden) + "b"), replaced) << hidden;
    EXPECT_EQ(markdown_text("a" + std::string(hidden) + "b"), replaced) << hidden;
  }
  EXPECT_EQ(html_text("Zürich – 東京 🙂"), "Zürich – 東京 🙂");
}

// Whatever the text: no line of its own, nothing of markup that is not escaped, and it reads as it was.
TEST(Document, NothingBreaksOutOfACell) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr std::string_view kAlphabet = "|\\`*_{}[]()<>#+!&~^$=\"%@?:/.-w \n\r\tab1;'\xC3\xA4";
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (unsigned left = random() % 40; left > 0; --left) text += kAlphabet[random() % kAlphabet.size()];
    const std::string markdown = markdown_text(text);
    EXPECT_EQ(markdown.find_first_of("\n\r\t"), std::string::npos);
    for (std::size_t at = 0; at < markdown.size(); ++at) {
      if (markdown[at] == '\\') {
        ++at;  // what it escapes
        ASSERT_LT(at, markdown.size()) << "a backslash at the end would escape the border";
        continue;
      }
      EXPECT_EQ(std::string_view("|`*_{}[]()<>#+!&~^$=\"@").find(markdown[at]), std::string_view::npos) << markdown;
    }
    const std::string html = html_text(text);
    EXPECT_EQ(html.find_first_of("<>\"'\n"), std::string::npos) << html;
    const Document document{.title = text, .blocks = {Document::Table{{"A", "B"}, {{text, text}, {"x"}}}}};
    const std::string whole = to_markdown(document);
    EXPECT_EQ(std::count(whole.begin(), whole.end(), '\n'), 4) << whole;
  }
}

TEST(Document, IsWrittenInBothForms) {
  const Document document{.title = "T",
                          .blocks = {Document::Heading{2, "A & B"}, Document::Paragraph{"one", true},
                                     Document::Paragraph{"two"}, Document::Table{{"X"}, {{"<1>"}}}}};
  EXPECT_EQ(to_markdown(document), "## A \\& B\n\n**one**\n\ntwo\n\n| X |\n|---|\n| \\<1\\> |\n");
  const std::string html = to_html(document);
  EXPECT_NE(html.find("<h2>A &amp; B</h2>"), std::string::npos);
  EXPECT_NE(html.find("<td>&lt;1&gt;</td>"), std::string::npos);
  EXPECT_NE(html.find("default-src 'none'"), std::string::npos) << "it loads nothing";
}

}  // namespace
}  // namespace redoubt::incident::test
