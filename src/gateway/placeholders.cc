#include "gateway/placeholders.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "crypto/secret.h"
#include "encoding/json_writer.h"

namespace redoubt::gateway {
namespace {

constexpr std::size_t kRandomCharacters = 10;  // of 32: 50 bits

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Bytes of other scripts count: they belong to words, too.
bool is_word(char c) {
  return is_alnum(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

// What makes an address of the word that it follows.
bool leads_on(char c) {
  constexpr std::string_view kSigns = "/@=&%?#\\";
  return kSigns.find(c) != std::string_view::npos;
}

// Of JSON's escapes those that stand for a blank.
bool is_blank_escape(char c) {
  return c == 'n' || c == 't' || c == 'r' || c == 'f';
}

// Without the quotation marks.
void append_inside_json_string(std::string& out, std::string_view value) {
  std::string quoted;
  encoding::append_json_string(quoted, value);
  out += std::string_view(quoted).substr(1, quoted.size() - 2);
}

}  // namespace

Placeholders::~Placeholders() {
  for (auto& [name, value] : values_) crypto::wipe(std::as_writable_bytes(std::span(value)));
}

const std::string& Placeholders::stand_in(std::string_view kind, std::string_view value) {
  for (const auto& [name, known] : values_) {
    if (known == value && name.size() == kind.size() + 1 + kRandomCharacters && name.starts_with(kind)) return name;
  }
  constexpr std::string_view kAlphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";  // 32, none that looks like another
  while (true) {
    std::array<std::uint8_t, kRandomCharacters> random{};
    random_.fill(std::as_writable_bytes(std::span(random)));
    std::string name(kind);
    for (char& c : name) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
      if (!is_part(c)) c = '_';
    }
    name += '_';
    for (const std::uint8_t byte : random) name += kAlphabet[byte % kAlphabet.size()];
    const auto [entry, is_new] = values_.try_emplace(std::move(name), value);
    if (!is_new) continue;
    longest_ = std::max(longest_, entry->first.size());
    return entry->first;
  }
}

const std::string* Placeholders::value_of(std::string_view word) const {
  const auto entry = values_.find(word);
  return entry == values_.end() ? nullptr : &entry->second;
}

void Restorer::LinkWatch::add(char c) {
  // `[text](destination "title")`, in which parentheses may nest; it ends with its line at the latest.
  if (in_destination_ > 0) {
    if (c == '(') ++in_destination_;
    if (c == ')') --in_destination_;
    if (c == '\n') in_destination_ = 0;
  } else if (c == '(' && word_.ends_with(']')) {
    in_destination_ = 1;
  }
  // `<name attributes>`.
  switch (in_tag_) {
    case Tag::kNone:
      if (c == '<') in_tag_ = Tag::kOpened;
      break;
    case Tag::kOpened:
      in_tag_ = is_alnum(c) ? Tag::kName : Tag::kNone;
      break;
    case Tag::kName:
      if (is_blank(c) || c == '/') in_tag_ = Tag::kAttributes;
      if (c == '>') in_tag_ = Tag::kNone;
      break;
    case Tag::kAttributes:
      if (c == '>') in_tag_ = Tag::kNone;
      break;
  }
  if (is_blank(c)) {
    in_url_ = false;
    word_.clear();
    return;
  }
  if (word_.size() >= 64) word_.erase(0, 32);
  word_ += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const std::string_view sign : {"//", "www.", "mailto:", "data:", "javascript:", "tel:", "\\\\"}) {
    if (word_.ends_with(sign)) in_url_ = true;
  }
}

void Restorer::put(std::string_view text, std::string& out) {
  out += text;
  given_ += text.size();
  for (const char c : text) links_.add(c);
}

void Restorer::settle(bool plain, std::string& out, std::vector<Range>& restored) {
  const bool may_be = plain && !inside_word_ && (placeholders_.permits().links || !links_.inside());
  const std::string* const value = may_be ? placeholders_.value_of(word_) : nullptr;
  if (value != nullptr) {
    const std::size_t before = out.size();
    if (form_ == Form::kJson) {
      append_inside_json_string(out, *value);
    } else {
      out += *value;
    }
    restored.push_back({given_, given_ + (out.size() - before)});
    given_ += out.size() - before;
    links_.add('_');  // a word, whatever the value is
  } else {
    put(word_, out);
  }
  word_.clear();
  if (after_ != 0) put(std::string_view(&after_, 1), out);
  after_ = 0;
}

void Restorer::take(char c, std::string& out, std::vector<Range>& restored) {
  const bool leads = leads_on(c) && !placeholders_.permits().links;
  if (after_ != 0) {
    const bool ends_line = after_ == '\\' && is_blank_escape(c);
    settle(after_ == '\\' ? c == '"' || ends_line : !is_alnum(c) && !leads, out, restored);
    inside_word_ = false;
  }
  const bool is_escaped = std::exchange(escaped_, false);
  if (!is_escaped && Placeholders::is_part(c) && word_.size() < placeholders_.longest()) {
    word_ += c;
    return;
  }
  escaped_ = form_ == Form::kJson && c == '\\' && !is_escaped;
  if (!word_.empty()) {
    const bool whole = !is_word(c) && !leads;
    const bool may_end = (whole && (c == '.' || c == ':')) || escaped_;
    if (may_end && placeholders_.value_of(word_) != nullptr) {
      after_ = c;  // the end of a sentence, or of a host's first part? Which character is escaped?
      return;
    }
    settle(whole, out, restored);
  }
  put(std::string_view(&c, 1), out);
  inside_word_ = is_word(c) && !(is_escaped && is_blank_escape(c));
}

void Restorer::feed(std::string_view piece, std::string& out, std::vector<Range>& restored) {
  for (const char c : piece) take(c, out, restored);
}

void Restorer::finish(std::string& out, std::vector<Range>& restored) {
  settle(true, out, restored);
}

}  // namespace redoubt::gateway
