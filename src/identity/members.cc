#include "identity/internal/members.h"

#include <array>

namespace redoubt::identity::internal {
namespace {

constexpr std::uint8_t kNoDigit = 0x80;

// Of lower-case hexadecimal digits, by character.
constexpr std::array<std::uint8_t, 256> kHexDigits = [] {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (std::uint8_t i = 0; i < 16; ++i) digits[static_cast<unsigned char>("0123456789abcdef"[i])] = i;
  return digits;
}();

}  // namespace

template <class T>
std::optional<T> Members::get(std::string_view name, std::string_view what) {
  simdjson::dom::element element;
  if (next_ != end_ && next_.key_equals(name)) {
    element = next_.value();
    ++next_;
  } else if (object_[name].get(element) != simdjson::SUCCESS) {
    reject(name, "is missing");
    return std::nullopt;
  }
  ++read_;
  T value{};
  if (element.get(value) != simdjson::SUCCESS) {
    reject(name, what);
    return std::nullopt;
  }
  return value;
}

std::string Members::text(std::string_view name, Form form) {
  const auto text = get<std::string_view>(name, "is no text");
  if (!text) return {};
  if (!form(*text)) reject(name, "has not its form");
  return std::string(*text);
}

std::string Members::text_or_empty(std::string_view name, Form form) {
  const auto text = get<std::string_view>(name, "is no text");
  if (!text) return {};
  if (!text->empty() && !form(*text)) reject(name, "has not its form");
  return std::string(*text);
}

std::string Members::any_text(std::string_view name, std::size_t max) {
  const auto text = get<std::string_view>(name, "is no text");
  if (!text) return {};
  if (text->size() > max) reject(name, "is too long");
  return std::string(*text);
}

bool Members::flag(std::string_view name) {
  return get<bool>(name, "is neither true nor false").value_or(false);
}

std::int64_t Members::number(std::string_view name, std::int64_t min, std::int64_t max) {
  const auto number = get<std::int64_t>(name, "is no number");
  if (!number) return min;
  if (*number < min || *number > max) reject(name, "is out of range");
  return *number;
}

std::uint64_t Members::count(std::string_view name) {
  return get<std::uint64_t>(name, "is no number").value_or(0);
}

crypto::Sha256Digest Members::digest(std::string_view name) {
  crypto::Sha256Digest digest{};
  const auto text = get<std::string_view>(name, "is no text");
  if (!text) return digest;
  unsigned wrong = kNoDigit;
  if (text->size() == 2 * digest.size()) {
    wrong = 0;
    for (std::size_t i = 0; i < digest.size(); ++i) {
      const unsigned high = kHexDigits[static_cast<unsigned char>((*text)[2 * i])];
      const unsigned low = kHexDigits[static_cast<unsigned char>((*text)[2 * i + 1])];
      wrong |= high | low;
      digest[i] = static_cast<std::byte>(high << 4 | low);
    }
  }
  if ((wrong & kNoDigit) != 0) reject(name, "is no digest: 64 hexadecimal digits");
  return digest;
}

std::vector<std::string> Members::texts(std::string_view name, std::size_t max, Form form) {
  const auto array = get<simdjson::dom::array>(name, "is no list");
  if (!array) return {};
  std::vector<std::string> texts;
  for (const simdjson::dom::element element : *array) {
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS || !form(text)) {
      reject(name, "holds what has not its form");
      return texts;
    }
    if (!texts.empty() && texts.back() >= text) {
      reject(name, "is not sorted, or holds something twice");
      return texts;
    }
    if (texts.size() == max) {
      reject(name, "is too long");
      return texts;
    }
    texts.emplace_back(text);
  }
  return texts;
}

std::vector<simdjson::dom::object> Members::objects(std::string_view name, std::size_t max) {
  const auto array = get<simdjson::dom::array>(name, "is no list");
  if (!array) return {};
  std::vector<simdjson::dom::object> objects;
  for (const simdjson::dom::element element : *array) {
    simdjson::dom::object object;
    if (element.get(object) != simdjson::SUCCESS || objects.size() == max) {
      reject(name, "is too long, or holds what is no object");
      return objects;
    }
    objects.push_back(object);
  }
  return objects;
}

void Members::reject(std::string_view name, std::string_view why) {
  if (!mistake_) mistake_ = "`" + std::string(name) + "` " + std::string(why);
}

Result<> Members::done() const {
  if (mistake_) return Error(Errc::kInvalidArgument, *mistake_);
  if (object_.size() != read_) return Error(Errc::kInvalidArgument, "the body has members that are none of its kind's");
  return {};
}

}  // namespace redoubt::identity::internal
