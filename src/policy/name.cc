#include "policy/name.h"

#include <algorithm>
#include <array>

#include "policy/internal/escapes.h"
#include "policy/internal/lexer.h"

namespace redoubt::policy {
namespace {

constexpr std::array<std::string_view, 10> kReserved{"true", "false", "if",   "then", "else",
                                                     "in",   "is",    "like", "has",  "__cedar"};

bool is_reserved(std::string_view word) {
  if (word.front() >= 'A' && word.front() <= 'Z') return false;  // as types begin
  return std::find(kReserved.begin(), kReserved.end(), word) != kReserved.end();
}

// Bytes of the identifier, reserved or not, that `text` begins with.
std::size_t identifier_size(std::string_view text) {
  if (text.empty() || !internal::starts_identifier(text.front())) return 0;
  std::size_t size = 1;
  while (size < text.size() && internal::continues_identifier(text[size])) ++size;
  return size;
}

}  // namespace

bool is_identifier_shape(std::string_view text) {
  return !text.empty() && identifier_size(text) == text.size();
}

bool is_identifier(std::string_view text) {
  return is_identifier_shape(text) && !is_reserved(text);
}

bool is_name(std::string_view text) {
  for (;;) {
    const std::size_t size = identifier_size(text);
    if (size == 0 || is_reserved(text.substr(0, size))) return false;
    text.remove_prefix(size);
    if (text.empty()) return true;
    if (!text.starts_with("::")) return false;
    text.remove_prefix(2);
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
