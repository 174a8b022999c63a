#include "incident/document.h"

#include <algorithm>

#include "encoding/json_writer.h"

namespace redoubt::incident {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kStyle =
    "body{font:16px/1.5 sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}"
    "table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{border:1px solid #bbb;padding:.3rem .5rem;"
    "text-align:left;vertical-align:top;overflow-wrap:anywhere}th{background:#eee}"
    "strong.mark{display:block;border:3px solid #b00;padding:.5rem}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#111}th{background:#222}th,td{border-color:#444}}";

// Bytes of a character that is not seen and changes how others are: C1 controls, which terminals obey, controls of
// bidirectional text, of width zero, and separators of lines.
std::size_t hidden_bytes(std::string_view text) {
  if (text.starts_with("\xD8\x9C")) return 2;  // U+061C
  if (text.size() >= 2 && text[0] == '\xC2' && static_cast<unsigned char>(text[1]) < 0xA0) return 2;
  if (text.size() < 3) return 0;
  const auto third = static_cast<unsigned char>(text[2]);
  if (text.starts_with("\xE2\x80")) return (third >= 0x8B && third <= 0x8F) || (third >= 0xA8 && third <= 0xAE) ? 3 : 0;
  if (text.starts_with("\xE2\x81")) return third >= 0xA0 && third <= 0xAF ? 3 : 0;
  if (text.starts_with("\xEF\xBB\xBF")) return 3;  // U+FEFF
  return 0;
}

// Goes over a text that may be any bytes: whole characters to `plain`, the rest as U+FFFD.
template <class Plain>
void each_character(std::string_view text, std::string& out, Plain&& plain) {
  const bool whole = encoding::is_utf8(text);
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const auto byte = static_cast<unsigned char>(c);
    if (const std::size_t hidden = hidden_bytes(text.substr(at))) {
      out += kReplacement;
      at += hidden;
    } else if (c == '\n' || c == '\t' || c == '\r') {
      out += ' ';
      ++at;
    } else if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !whole)) {
      out += kReplacement;
      ++at;
    } else {
      plain(at++);
    }
  }
}

void markdown_table(const Document::Table& table, std::string& out) {
  const auto row = [&](const std::vector<std::string>& cells) {
    out += '|';
    for (std::size_t i = 0; i < table.head.size(); ++i) {
      out += ' ';
      if (i < cells.size()) out += markdown_text(cells[i]);
      out += " |";
    }
    out += '\n';
  };
  row(table.head);
  out += '|';
  for (std::size_t i = 0; i < table.head.size(); ++i) out += "---|";
  out += '\n';
  for (const auto& each : table.rows) row(each);
}

void html_table(const Document::Table& table, std::string& out) {
  const auto row = [&](const std::vector<std::string>& cells, std::string_view tag) {
    out += "<tr>";
    for (std::size_t i = 0; i < table.head.size(); ++i) {
      out.append("<").append(tag).append(">");
      if (i < cells.size()) out += html_text(cells[i]);
      out.append("</").append(tag).append(">");
    }
    out += "</tr>\n";
  };
  out += "<table>\n<thead>";
  row(table.head, "th");
  out += "</thead>\n<tbody>\n";
  for (const auto& each : table.rows) row(each, "td");
  out += "</tbody>\n</table>\n";
}

template <class... Each>
struct Cases : Each... {
  using Each::operator()...;
};
template <class... Each>
Cases(Each...) -> Cases<Each...>;

}  // namespace

// CommonMark 0.31 §2.4: any ASCII punctuation may be escaped. Left alone are what has no meaning within a line: the
// comma, the semicolon, the apostrophe, the slash, the hyphen; the full stop and the colon where they make no link by
// themselves (`www.`, `http://`).
std::string markdown_text(std::string_view text) {
  constexpr std::string_view kSpecial = "\\`*_{}[]()<>#+!|&~^$=\"%@?";
  std::string out;
  each_character(text, out, [&](std::size_t at) {
    const char c = text[at];
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    const char before = at > 0 ? text[at - 1] : '\0';
    const bool link = (c == ':' && next == '/') || (c == '.' && (before == 'w' || before == 'W'));
    const bool first = at == 0 && (c == '-' || c == ':' || c == '.');
    if (link || first || kSpecial.find(c) != std::string_view::npos) out += '\\';
    out += c;
  });
  return out;
}

std::string html_text(std::string_view text) {
  std::string out;
  each_character(text, out, [&](std::size_t at) {
    switch (text[at]) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += text[at];
    }
  });
  return out;
}

std::string to_markdown(const Document& document) {
  std::string out;
  for (const Document::Block& block : document.blocks) {
    if (!out.empty()) out += '\n';
    std::visit(Cases{[&](const Document::Heading& heading) {
                       out.append(static_cast<std::size_t>(std::clamp(heading.level, 1, 6)), '#').append(" ");
                       out.append(markdown_text(heading.text)).append("\n");
                     },
                     [&](const Document::Paragraph& paragraph) {
                       const std::string_view mark = paragraph.strong ? "**" : "";
                       out.append(mark).append(markdown_text(paragraph.text)).append(mark).append("\n");
                     },
                     [&](const Document::Table& table) { markdown_table(table, out); }},
               block);
  }
  return out;
}

std::string to_html(const Document& document) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>";
  out.append(html_text(document.title))
      .append("</title>\n<style>")
      .append(kStyle)
      .append("</style>\n</head>\n<body>\n");
  for (const Document::Block& block : document.blocks) {
    std::visit(Cases{[&](const Document::Heading& heading) {
                       const std::string tag = "h" + std::to_string(std::clamp(heading.level, 1, 6));
                       out.append("<" + tag + ">").append(html_text(heading.text)).append("</" + tag + ">\n");
                     },
                     [&](const Document::Paragraph& paragraph) {
                       out.append(paragraph.strong ? "<p><strong class=\"mark\">" : "<p>");
                       out.append(html_text(paragraph.text));
                       out.append(paragraph.strong ? "</strong></p>\n" : "</p>\n");
                     },
                     [&](const Document::Table& table) { html_table(table, out); }},
               block);
  }
  out += "</body>\n</html>\n";
  return out;
}

}  // namespace redoubt::incident
