// What is read of a JSON text, in words: of its items, and of simdjson's tree of it, to be compared.
#pragma once

#include <string>
#include <string_view>

#include "encoding/json_items.h"
#include "encoding/json_reader.h"

namespace redoubt::encoding {

inline void tell_text(std::string& out, std::string_view text) {
  out.append(std::to_string(text.size())).append(":").append(text);
}

// The names that lead to an item, as a number may not be taken for them.
inline void tell_path(std::string& out, const JsonItems& items, std::uint32_t path) {
  if (path == 0) return;
  tell_path(out, items, items.parent(path));
  out += '/';
  tell_text(out, items.name(path));
}

inline std::string in_words(JsonItems& items, std::string_view text) {
  const auto done = items.read(text);
  if (!done) return done.error().message();
  std::string out;
  for (std::uint32_t at = 0; at < items.size(); ++at) {
    const JsonItem& item = items[at];
    tell_path(out, items, item.path);
    out += "=" + std::to_string(static_cast<int>(item.kind)) + ">" + std::to_string(item.end) + " ";
    std::string_view string;
    std::int64_t integer = 0;
    std::uint64_t whole = 0;
    if (item.get(string)) tell_text(out, string);
    if (item.get(integer)) out += std::to_string(integer);
    if (item.get(whole)) out += "u" + std::to_string(whole);
    if (item.is(JsonItem::Kind::kDouble)) out += std::to_string(item.value.real);
    out += '\n';
  }
  return out;
}

// `place`: how many values came before this one.
inline std::string tell_tree(const simdjson::dom::element& value, const std::string& path, std::uint32_t place,
                             std::uint32_t& end) {
  using Kind = JsonItem::Kind;
  Kind kind = Kind::kNull;
  std::string own;
  std::string within;
  end = place + 1;
  std::string_view text;
  std::int64_t integer = 0;
  std::uint64_t whole = 0;
  double real = 0;
  bool truth = false;
  simdjson::dom::object object;
  simdjson::dom::array array;
  if (value.get(object) == simdjson::SUCCESS) {
    kind = Kind::kObject;
    for (const auto field : object) {
      std::string member = path + "/";
      tell_text(member, field.key);
      within += tell_tree(field.value, member, end, end);
    }
  } else if (value.get(array) == simdjson::SUCCESS) {
    kind = Kind::kArray;
    for (const simdjson::dom::element each : array) within += tell_tree(each, path, end, end);
  } else if (value.get(text) == simdjson::SUCCESS) {
    kind = Kind::kString;
    tell_text(own, text);
  } else if (value.get(truth) == simdjson::SUCCESS) {
    kind = truth ? Kind::kTrue : Kind::kFalse;
  } else if (value.is<std::int64_t>() || value.is<std::uint64_t>()) {
    kind = value.type() == simdjson::dom::element_type::INT64 ? Kind::kInteger : Kind::kUnsigned;
    if (value.get(integer) == simdjson::SUCCESS) own += std::to_string(integer);
    if (value.get(whole) == simdjson::SUCCESS) own += "u" + std::to_string(whole);
  } else if (value.get(real) == simdjson::SUCCESS) {
    kind = Kind::kDouble;
    own = std::to_string(real);
  }
  return path + "=" + std::to_string(static_cast<int>(kind)) + ">" + std::to_string(end) + " " + own + "\n" + within;
}

inline std::string in_words(JsonReader& reader, std::string_view text) {
  const auto root = reader.parse(text);
  if (!root) return root.error().message();
  std::uint32_t end = 0;
  return tell_tree(*root, "", 0, end);
}

}  // namespace redoubt::encoding
