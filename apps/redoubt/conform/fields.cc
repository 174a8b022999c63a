#include "redoubt/conform/fields.h"

#include <algorithm>
#include <charconv>

namespace redoubt::app::conform {

namespace dom = simdjson::dom;

std::optional<tlog::Hash> to_hash(ByteView bytes) {
  tlog::Hash hash;
  if (bytes.size() != hash.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

bool parse_number(std::string_view text, std::uint64_t& value) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc{} && end == text.data() + text.size();
}

Fields::Fields(dom::element element) {
  if (element.get(object_) != simdjson::SUCCESS) fail("not a JSON object");
}

template <class T>
T Fields::get(std::string_view name, const char* type) {
  T value{};
  const std::optional<dom::element> member = optional(name);
  if (!member) {
    fail("no member `" + std::string(name) + "`");
  } else if (member->get(value) != simdjson::SUCCESS) {
    fail("member `" + std::string(name) + "` is not " + type);
  }
  return value;
}

std::uint64_t Fields::number(std::string_view name) {
  return get<std::uint64_t>(name, "a whole number from zero");
}

bool Fields::flag(std::string_view name) {
  return get<bool>(name, "true or false");
}

std::string_view Fields::text(std::string_view name) {
  return get<std::string_view>(name, "a string");
}

std::vector<dom::element> Fields::items(std::string_view name) {
  std::vector<dom::element> out;
  const std::optional<dom::element> member = optional(name);
  if (member && member->is_null()) return out;
  const auto array = get<dom::array>(name, "an array");
  if (!wrong_.empty()) return out;
  for (const dom::element item : array) out.push_back(item);
  return out;
}

std::vector<std::string_view> Fields::texts(std::string_view name) {
  std::vector<std::string_view> out;
  for (const dom::element item : items(name)) {
    std::string_view text;
    if (!item.is_null() && item.get(text) != simdjson::SUCCESS) fail("`" + std::string(name) + "` holds no strings");
    out.push_back(text);
  }
  return out;
}

std::optional<dom::element> Fields::optional(std::string_view name) {
  dom::element value;
  if (!wrong_.empty() || object_.at_key(name).get(value) != simdjson::SUCCESS) return std::nullopt;
  read_.emplace(name);
  return value;
}

void Fields::fail(std::string message) {
  if (wrong_.empty()) wrong_ = std::move(message);
}

Result<> Fields::done() const {
  if (!wrong_.empty()) return Error(Errc::kMalformed, wrong_);
  for (const dom::key_value_pair member : object_) {
    if (!read_.contains(member.key)) {
      return Error(Errc::kMalformed, "not understood: member `" + std::string(member.key) + "`");
    }
  }
  return {};
}

}  // namespace redoubt::app::conform
