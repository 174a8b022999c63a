// The texts of a JSON document where they stand, and the document again with some of them replaced and every other byte
// as it was: for whoever looks into documents that pass through.
//
//   std::vector<JsonReplacement> changes;
//   each_json_text(json, [&](const JsonText& text) {
//     if (is_secret(text.text)) changes.push_back({text.begin, text.end, "…"});
//   });
//   std::string changed = replace_json_texts(json, changes);
//
// Precondition of both: JsonReader accepted the document (json_reader.h), so that its syntax, UTF-8 and depth are as
// they should be. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace redoubt::encoding {

struct JsonText {
  // Numbers of fewer characters than kLeastNumber are no texts: they say too little.
  enum class Kind : std::uint8_t { kName, kString, kNumber };
  static constexpr std::size_t kLeastNumber = 6;

  Kind kind = Kind::kString;
  // JSON Pointer (RFC 6901) of the value; of a name, that of its member's value.
  std::string_view path;
  std::string_view text;  // unescaped; a number as it is written
  std::size_t begin = 0;  // of the token in the document, quotation marks included
  std::size_t end = 0;
};

// Calls `take` with each text, in the order of the document. What it gets is valid during the call.
void each_json_text(std::string_view json, const std::function<void(const JsonText&)>& take);

// Half open, in bytes of a document.
struct JsonPlace {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool contains(std::size_t at) const { return begin <= at && at < end; }
};
// Where the member's value stands at this JSON Pointer, of which the last part names a member of an object; nothing
// when there is none.
std::optional<JsonPlace> find_json_value(std::string_view json, std::string_view path);

struct JsonReplacement {
  std::size_t begin = 0;  // of a JsonText or another value, with `end`
  std::size_t end = 0;
  std::optional<std::string> text;  // UTF-8; becomes a string. Nothing: `null`
};
// `replacements` in the order of the document, none overlapping another.
std::string replace_json_texts(std::string_view json, std::span<const JsonReplacement> replacements);

}  // namespace redoubt::encoding
