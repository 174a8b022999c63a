// A document of headings, paragraphs and tables, written as Markdown or as HTML.
//
// Texts may come from an attacker (names, messages, titles). In either form they stay texts: nothing in them becomes
// a heading, a link, an image, a table's border or a script, and what would turn the direction of writing is made
// visible. Markdown is CommonMark with GitHub's tables; HTML stands alone and loads nothing.
//
// Values: any thread.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace redoubt::incident {

struct Document {
  struct Heading {
    int level = 1;  // 1 to 6
    std::string text;
  };
  struct Paragraph {
    std::string text;
    bool strong = false;
  };
  struct Table {
    std::vector<std::string> head;               // 1 or more
    std::vector<std::vector<std::string>> rows;  // each as wide as the head
  };
  using Block = std::variant<Heading, Paragraph, Table>;

  std::string title;  // of the page, in HTML
  std::vector<Block> blocks;
};

std::string to_markdown(const Document& document);
std::string to_html(const Document& document);

// A text within a line of Markdown, and within HTML (of an element or a quoted attribute).
std::string markdown_text(std::string_view text);
std::string html_text(std::string_view text);

}  // namespace redoubt::incident
