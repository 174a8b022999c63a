#include "policy/name.h"

#include <algorithm>
#include <array>

#include "policy/internal/escapes.h"
#include "policy/internal/lexer.h"

namespace redoubt::policy {
namespace {

constexpr std::array<std::string_view, 10> kReserved{"true", "false", "if",   "then", "else",
                                                     "in",   "is",    "like", "has",  "__cedar"};

}  // namespace

bool is_identifier_shape(std::string_view text) {
  return !text.empty() && internal::starts_identifier(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return internal::continues_identifier(c); });
}

bool is_identifier(std::string_view text) {
  return is_identifier_shape(text) && std::find(kReserved.begin(), kReserved.end(), text) == kReserved.end();
}

bool is_name(std::string_view text) {
  for (;;) {
    const std::size_t colons = text.find("::");
    if (!is_identifier(text.substr(0, colons))) return false;
    if (colons == std::string_view::npos) return true;
    text.remove_prefix(colons + 2);
  }
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  internal::append_escaped(out, text);
  return out += '"';
}

std::string to_string(const EntityUid& uid) {
  return uid.type + "::" + quoted(uid.id);
}

std::optional<EntityUid> parse_entity_uid(std::string_view text) {
  using internal::TokenKind;
  if (text.size() > UINT32_MAX) return std::nullopt;
  internal::Lexer lexer(text);
  EntityUid uid;
  for (;;) {
    const internal::Token part = lexer.next();
    const std::string_view spelt = lexer.text(part);
    if (part.kind == TokenKind::kString && !uid.type.empty()) {
      auto id = internal::unescape(spelt.substr(1, spelt.size() - 2), part.where.begin + 1);
      if (!id || lexer.next().kind != TokenKind::kEnd) return std::nullopt;
      uid.id = std::move(*id);
      return uid;
    }
    if (part.kind != TokenKind::kIdentifier || !is_identifier(spelt)) return std::nullopt;
    if (!uid.type.empty()) uid.type += "::";
    uid.type += spelt;
    if (lexer.next().kind != TokenKind::kColons) return std::nullopt;
  }
}

}  // namespace redoubt::policy
