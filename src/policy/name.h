// Names and entity UIDs (Cedar reference, "Grammar specification": Path, IDENT, Entity).
//
// Values; any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace redoubt::policy {

// Whether `text` is an identifier: [_a-zA-Z][_a-zA-Z0-9]*, and none of the words true, false, if, then, else, in, is,
// like, has, __cedar.
bool is_identifier(std::string_view text);
// The same without regard to reserved words: what stands between `::` in a name that JSON spells, and after `.`, is
// decided by who reads it.
bool is_identifier_shape(std::string_view text);
// Identifiers joined by `::`, without spaces: `A`, `A::B`.
bool is_name(std::string_view text);

// Type and id. Ordered by type, then id, by bytes. Compared as they are spelt, after escapes.
struct EntityUid {
  std::string type;  // is_name
  std::string id;    // any text, UTF-8
  friend auto operator<=>(const EntityUid&, const EntityUid&) = default;
};

// `Type::"id"`, with the escapes of quoted().
std::string to_string(const EntityUid& uid);
// Exactly one entity UID, as policies spell it; spaces around `::` are allowed. Nothing when it is none.
std::optional<EntityUid> parse_entity_uid(std::string_view text);

// `text` in quotation marks, as a Cedar string literal: escaped are `"`, `\`, U+0000 (`\0`), tab, newline and carriage
// return, and other control characters as `\u{…}`.
std::string quoted(std::string_view text);

struct EntityUidHash {
  std::size_t operator()(const EntityUid& uid) const noexcept {
    return std::hash<std::string>{}(uid.type) * 31 + std::hash<std::string>{}(uid.id);
  }
};

}  // namespace redoubt::policy
