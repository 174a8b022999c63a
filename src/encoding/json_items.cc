#include "encoding/json_items.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace redoubt::encoding {
namespace {

using Kind = JsonItem::Kind;
using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr std::size_t kLeastItemsText = 4096;
constexpr std::size_t kItemsRoom = 64;  // behind a text, to be read in words
constexpr std::size_t kNameRoom = 8;
constexpr std::size_t kExpectedMax = 24;  // bytes of a name, with its quotation marks and its colon, in three words
constexpr std::size_t kPlainDigits = 18;  // as many always fit

std::uint64_t word_from(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// Whether a number or a word may end before this.
bool may_follow(char c) {
  return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

bool is_word(const char* begin, std::string_view word) {
  return std::memcmp(begin, word.data(), word.size()) == 0 && may_follow(begin[word.size()]);
}

template <class T>
T as(const element& value) {
  T out{};
  const auto error = value.get(out);
  REDOUBT_CHECK(error == simdjson::SUCCESS);
  return out;
}

std::uint64_t next_form() {
  static std::atomic<std::uint64_t> forms{0};
  return forms.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

JsonItems::JsonItems(JsonLimits limits, std::span<const std::string_view> paths)
    : limits_(limits), known_(paths), reader_(limits) {
  begin_form();
}
JsonItems::~JsonItems() = default;

Result<> JsonItems::read(std::string_view text) {
  if (paths_.size() > kPathsKept || name_bytes_ > kNamesKept) begin_form();
  if (read_plain(text)) return {};
  return read_tree(text);
}

// ---- paths

void JsonItems::begin_form() {
  form_ = next_form();
  paths_.assign(1, {});
  numbers_.clear();
  names_.clear();
  name_bytes_ = 0;
  for (std::size_t i = 0; i < known_.size(); ++i) {
    std::uint32_t path = 0;
    for (std::string_view rest = known_[i];;) {
      const std::size_t dot = rest.find('.');
      path = path_of(path, rest.substr(0, dot));
      if (dot == std::string_view::npos) break;
      rest.remove_prefix(dot + 1);
    }
    REDOUBT_CHECK(path == i + 1);
  }
}

std::uint32_t JsonItems::path_of(std::uint32_t parent, std::string_view name) {
  if (const auto found = numbers_.find({parent, name}); found != numbers_.end()) return found->second;
  std::string& kept = names_.emplace_back("\"");
  kept.append(name).append("\":").append(kNameRoom, '\0');
  name_bytes_ += name.size();
  Path path;
  path.parent = parent;
  path.name = std::string_view(kept).substr(1, name.size());
  path.size = name.size() + 3;
  std::array<char, 8> ones{};
  std::fill_n(ones.begin(), std::min(path.size, ones.size()), '\xff');
  path.mask = word_from(ones.data());
  path.first = word_from(kept.data()) & path.mask;
  if (path.size > 8) path.last = word_from(kept.data() + path.size - 8);
  if (path.size > 16) path.second = word_from(kept.data() + 8);
  const auto number = static_cast<std::uint32_t>(paths_.size());
  paths_.push_back(path);
  numbers_.emplace(Place{parent, path.name}, number);
  return number;
}

// Whether the next bytes are a name with its quotation marks and its colon. INVARIANT: it has kExpectedMax bytes at
// most, fewer than can be read behind a text.
inline bool JsonItems::is_next(const char* text, const Path& path) {
  if (((word_from(text) ^ path.first) & path.mask) != 0) return false;
  if (path.size <= 8) return true;
  if (word_from(text + path.size - 8) != path.last) return false;
  return path.size <= 16 || word_from(text + 8) == path.second;
}

// Of a member's name; kNone: it is none. Texts of one form have the same names in the same order, so those that came
// behind the name before are looked at first. INVARIANT: no quotation mark is in those, so that where they stand in a
// text without escapes is a string and then a colon.
inline std::uint32_t JsonItems::member_path(Token token, std::uint32_t parent) {
  const char* const text = text_.data() + *token;
  Path& before = paths_[last_];
  std::uint32_t found = before.next[0];
  if (paths_[found].parent == parent && is_next(text, paths_[found])) {
    last_ = found;
    return found;
  }
  found = before.next[1];
  if (paths_[found].parent == parent && is_next(text, paths_[found])) {
    std::swap(before.next[0], before.next[1]);
    last_ = found;
    return found;
  }
  return any_member_path(token, parent);
}

std::uint32_t JsonItems::any_member_path(Token token, std::uint32_t parent) {
  if (at(token) != '"' || at(token + 1) != ':') return kNone;
  const char* const begin = text_.data() + *token + 1;
  const char* end = text_.data() + token[1] - 1;
  while (*end != '"') --end;
  return unexpected_path(parent, {begin, static_cast<std::size_t>(end - begin)});
}

// It is expected from now on.
std::uint32_t JsonItems::unexpected_path(std::uint32_t parent, std::string_view name) {
  const std::uint32_t found = path_of(parent, name);
  if (paths_[found].size <= kExpectedMax && name.find('"') == std::string_view::npos) {
    auto& next = paths_[last_].next;
    next = {found, next[0]};
  }
  last_ = found;
  return found;
}

// ---- in one pass

bool JsonItems::read_plain(std::string_view text) {
  count_ = 0;
  if (text.empty() || text.size() > limits_.max_bytes) return false;
  if (std::memchr(text.data(), '\\', text.size()) != nullptr) return false;
  if (text.size() > capacity_ || stage_ == nullptr) {
    capacity_ = std::max(text.size() + text.size() / 4, kLeastItemsText);
    // Its own limit of depth is for stages that are not used.
    REDOUBT_CHECK(simdjson::get_active_implementation()->create_dom_parser_implementation(capacity_, 1, stage_) ==
                  simdjson::SUCCESS);
    text_.assign(capacity_ + kItemsRoom, '\0');
  }
  std::memcpy(text_.data(), text.data(), text.size());
  text_[text.size()] = '\0';
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text_.data());
  // Checks that it is UTF-8, that strings end, and that no control character stands in one.
  if (stage_->stage1(bytes, text.size(), simdjson::stage1_mode::regular) != simdjson::SUCCESS) return false;
  // INVARIANT: behind the last token stands the text's size, twice; and each item has a token, but for one that is
  // begun where none is left.
  if (items_.size() <= stage_->n_structural_indexes) items_.resize(stage_->n_structural_indexes + 1);
  const Token first = stage_->structural_indexes.get();
  const Token end = first + stage_->n_structural_indexes;
  if (at(first) != '{' && at(first) != '[') return false;
  last_ = 0;
  return walk(first) == end;
}

// From the root's bracket on, to the token behind the other one; null: this way does not lead on.
JsonItems::Token JsonItems::walk(Token token) {
  JsonItem* const items = items_.data();
  const char* const text = text_.data();
  std::uint32_t count = 0;
  Open open;  // what is open, and what contains it in outer_
  outer_.clear();
  for (;;) {
    // A value, with its name before it in an object.
    std::uint32_t path = open.path;
    if (open.close == '}') {
      path = member_path(token, open.path);
      if (path == kNone || paths_[path].object == open.object) return nullptr;  // it stands there twice
      paths_[path].object = open.object;
      token += 2;
    }
    const char* const begin = text + *token;
    JsonItem& item = items[count++];
    item.path = path;
    item.end = count;
    if (*begin == '"') {
      const char* end = text + token[1] - 1;
      while (*end != '"') --end;
      item.kind = Kind::kString;
      item.value.text = begin + 1;
      item.size = static_cast<std::uint32_t>(end - begin - 1);
    } else if (*begin == '{' || *begin == '[') {
      if (outer_.size() == limits_.max_depth) return nullptr;
      outer_.push_back(open);
      const bool object = *begin == '{';
      item.kind = object ? Kind::kObject : Kind::kArray;
      open = {count - 1, path, ++objects_, object ? '}' : ']'};
      if (text[token[1]] != open.close) {
        ++token;
        continue;
      }
    } else if (!read_scalar(begin, item)) {
      return nullptr;
    }
    ++token;
    // What is complete with it.
    for (;;) {
      const char after = text[*token++];
      if (after == ',') break;
      if (after != open.close) return nullptr;
      items[open.item].end = count;
      open = outer_.back();
      outer_.pop_back();
      if (outer_.empty()) {
        count_ = count;
        return token;
      }
    }
  }
}

inline bool JsonItems::read_scalar(const char* begin, JsonItem& item) {
  const bool negative = *begin == '-';
  const char* const first = begin + (negative ? 1 : 0);
  const char* next = first;
  std::uint64_t digits = 0;
  for (; *next >= '0' && *next <= '9'; ++next) digits = digits * 10 + static_cast<std::uint64_t>(*next - '0');
  const auto count = static_cast<std::size_t>(next - first);
  if (count == 0) return read_word(begin, item);
  if (count > kPlainDigits || (*first == '0' && count > 1) || !may_follow(*next)) return false;
  item.kind = Kind::kInteger;
  item.value.integer = negative ? -static_cast<std::int64_t>(digits) : static_cast<std::int64_t>(digits);
  return true;
}

bool JsonItems::read_word(const char* begin, JsonItem& item) {
  switch (*begin) {
    case 't':
      item.kind = Kind::kTrue;
      return is_word(begin, "true");
    case 'f':
      item.kind = Kind::kFalse;
      return is_word(begin, "false");
    case 'n':
      item.kind = Kind::kNull;
      return is_word(begin, "null");
    default:
      return false;
  }
}

// ---- the long way

Result<> JsonItems::read_tree(std::string_view text) {
  count_ = 0;
  const auto root = reader_.parse(text);
  if (!root) return root.error();
  last_ = 0;
  add(*root, 0);
  return {};
}

JsonItem& JsonItems::append(Kind kind, std::uint32_t path) {
  if (count_ == items_.size()) items_.resize(std::max<std::size_t>(64, count_ * 2));
  JsonItem& item = items_[count_++];
  item.kind = kind;
  item.path = path;
  item.end = static_cast<std::uint32_t>(count_);
  return item;
}

// As member_path().
std::uint32_t JsonItems::path_in_tree(std::uint32_t parent, std::string_view name) {
  for (const std::uint32_t found : paths_[last_].next) {
    if (paths_[found].parent == parent && paths_[found].name == name) return last_ = found;
  }
  return unexpected_path(parent, name);
}

// By recursion, as deep as the limit.
void JsonItems::add(const element& value, std::uint32_t path) {
  const std::size_t own = count_;
  switch (value.type()) {
    case element_type::OBJECT:
      append(Kind::kObject, path);
      for (const auto field : as<simdjson::dom::object>(value)) add(field.value, path_in_tree(path, field.key));
      items_[own].end = static_cast<std::uint32_t>(count_);
      break;
    case element_type::ARRAY:
      append(Kind::kArray, path);
      for (const element each : as<simdjson::dom::array>(value)) add(each, path);
      items_[own].end = static_cast<std::uint32_t>(count_);
      break;
    case element_type::STRING: {
      const auto text = as<std::string_view>(value);
      JsonItem& item = append(Kind::kString, path);
      item.value.text = text.data();
      item.size = static_cast<std::uint32_t>(text.size());
      break;
    }
    case element_type::INT64:
      append(Kind::kInteger, path).value.integer = as<std::int64_t>(value);
      break;
    case element_type::UINT64:
      append(Kind::kUnsigned, path).value.whole = as<std::uint64_t>(value);
      break;
    case element_type::DOUBLE:
      append(Kind::kDouble, path).value.real = as<double>(value);
      break;
    case element_type::BOOL:
      append(as<bool>(value) ? Kind::kTrue : Kind::kFalse, path);
      break;
    case element_type::NULL_VALUE:
      append(Kind::kNull, path);
      break;
  }
}

}  // namespace redoubt::encoding
