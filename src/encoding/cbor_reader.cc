#include "encoding/cbor_reader.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/check.h"
#include "encoding/json_writer.h"

namespace redoubt::encoding {
namespace {

// RFC 8949 §3: the low five bits of an initial byte.
constexpr std::uint8_t kOneByte = 24;
constexpr std::uint8_t kEightBytes = 27;
constexpr std::uint8_t kIndefinite = 31;
constexpr std::byte kBreak{0xff};

// RFC 8949 §3.3.
constexpr std::uint64_t kFalse = 20;
constexpr std::uint64_t kTrue = 21;
constexpr std::uint64_t kNull = 22;
constexpr std::uint64_t kUndefined = 23;

constexpr std::size_t kDeepest = 64;

// RFC 8949 §4.2.1: the bytewise lexicographic order of encoded keys.
bool before(ByteView a, ByteView b) {
  return as_chars(a) < as_chars(b);
}

}  // namespace

struct CborValue::Item {
  std::uint64_t argument = 0;  // number, length, tag; for arrays and maps the items directly inside, keys counted
  std::uint32_t begin = 0;     // the head
  std::uint32_t content = 0;   // after the head
  std::uint32_t end = 0;       // of all the item
  std::uint32_t items = 1;     // this one and all inside it
  CborType type = CborType::kUnsigned;
};

class CborParser {
 public:
  CborParser(CborDocument& out, CborForm form, CborLimits limits) : out_(out), form_(form), limits_(limits) {}

  Result<> item(std::size_t depth) {
    if (out_.items_.size() >= limits_.max_items) return fail(Errc::kTooLarge, "too many items");
    const std::size_t index = out_.items_.size();
    out_.items_.emplace_back();
    bool indefinite = false;
    if (const auto head = read_head(out_.items_[index], indefinite); !head) return head;
    if (const auto body = read_body(index, indefinite, depth); !body) return body;
    CborValue::Item& item = out_.items_[index];
    item.end = at_;
    item.items = static_cast<std::uint32_t>(out_.items_.size() - index);
    return {};
  }

  std::size_t at() const { return at_; }

 private:
  Error fail(Errc code, std::string_view what) const {
    return {code, "cbor: " + std::string(what) + " at byte " + std::to_string(at_)};
  }
  std::size_t left() const { return out_.bytes_.size() - at_; }

  Result<> read_head(CborValue::Item& item, bool& indefinite) {
    if (left() == 0) return fail(Errc::kMalformed, "cut short");
    const auto initial = static_cast<std::uint8_t>(out_.bytes_[at_]);
    const auto low = static_cast<std::uint8_t>(initial & 0x1f);
    item.type = static_cast<CborType>(initial >> 5);
    item.begin = at_;
    item.argument = low;
    std::uint32_t size = 1;
    if (item.type == CborType::kSimple) {
      // RFC 8949 §3.3: what is left out are floating-point numbers, simple values without a meaning, and a break where
      // no array or map of indefinite length is open.
      if (low < kFalse || low > kUndefined) return fail(Errc::kMalformed, "a number or simple value that is not read");
    } else if (low == kIndefinite) {
      if (form_ != CborForm::kStreamed || (item.type != CborType::kArray && item.type != CborType::kMap)) {
        return fail(Errc::kMalformed, "an indefinite length");
      }
      indefinite = true;
    } else if (low > kEightBytes) {
      return fail(Errc::kMalformed, "a reserved initial byte");
    } else if (low >= kOneByte) {
      const std::size_t width = std::size_t{1} << (low - kOneByte);
      if (left() < 1 + width) return fail(Errc::kMalformed, "cut short");
      item.argument = 0;
      for (std::size_t i = 1; i <= width; ++i) {
        item.argument = (item.argument << 8) | static_cast<std::uint8_t>(out_.bytes_[at_ + i]);
      }
      const std::uint64_t shorter_holds = width == 1 ? kOneByte - 1 : (std::uint64_t{1} << (4 * width)) - 1;
      if (item.argument <= shorter_holds) return fail(Errc::kMalformed, "a head that is not the shortest");
      size += static_cast<std::uint32_t>(width);
    }
    at_ += size;
    item.content = at_;
    return {};
  }

  Result<> read_body(std::size_t index, bool indefinite, std::size_t depth) {
    const CborValue::Item item = out_.items_[index];  // a copy: the list grows
    const bool holds_items =
        item.type == CborType::kArray || item.type == CborType::kMap || item.type == CborType::kTag;
    if (holds_items && depth >= limits_.max_depth) return fail(Errc::kTooLarge, "nested too deep");
    switch (item.type) {
      case CborType::kBytes:
      case CborType::kText:
        if (item.argument > left()) return fail(Errc::kMalformed, "a string that is cut short");
        if (item.type == CborType::kText &&
            !is_utf8(as_chars(out_.bytes_.subspan(at_, static_cast<std::size_t>(item.argument))))) {
          return fail(Errc::kMalformed, "text that is not UTF-8");
        }
        at_ += static_cast<std::uint32_t>(item.argument);
        return {};
      case CborType::kTag:
        return this->item(depth + 1);
      case CborType::kArray:
      case CborType::kMap:
        return read_inside(index, indefinite, depth);
      default:
        return {};
    }
  }

  Result<> read_inside(std::size_t index, bool indefinite, std::size_t depth) {
    const bool is_map = out_.items_[index].type == CborType::kMap;
    const std::uint64_t step = is_map ? 2 : 1;
    const std::uint64_t given = out_.items_[index].argument;
    // Each item takes a byte at least, so that a length which cannot be true is refused before anything is made of it.
    if (!indefinite && given > left() / step) return fail(Errc::kMalformed, "more members than bytes");
    const std::uint64_t expected = indefinite ? std::numeric_limits<std::uint64_t>::max() : given * step;
    std::uint64_t count = 0;
    std::size_t previous_key = 0;
    for (; count < expected; ++count) {
      if (indefinite && left() > 0 && out_.bytes_[at_] == kBreak) break;
      const std::size_t inside = out_.items_.size();
      if (const auto read = item(depth + 1); !read) return read;
      if (!is_map || count % 2 != 0) continue;
      if (const auto key = check_key(inside, count == 0 ? inside : previous_key); !key) return key;
      previous_key = inside;
    }
    if (indefinite) {
      if (count % step != 0) return fail(Errc::kMalformed, "a key without a value");
      ++at_;
    }
    out_.items_[index].argument = count;
    if (is_map && form_ == CborForm::kStreamed) return check_unique(index);
    return {};
  }

  Result<> check_key(std::size_t key, std::size_t previous) const {
    if (out_.items_[key].type > CborType::kText) return fail(Errc::kMalformed, "a key of another type than is read");
    if (form_ == CborForm::kDeterministic && key != previous && !before(encoded(previous), encoded(key))) {
      return fail(Errc::kMalformed, "a key out of order or standing twice");
    }
    return {};
  }

  // Keys have one encoding each (shortest heads, strings in one piece), so equal keys are equal bytes.
  Result<> check_unique(std::size_t index) {
    const std::size_t from = keys_.size();
    std::size_t at = index + 1;
    for (std::uint64_t i = 0; i < out_.items_[index].argument; ++i) {
      if (i % 2 == 0) keys_.push_back(encoded(at));
      at += out_.items_[at].items;
    }
    const auto mine = keys_.begin() + static_cast<std::ptrdiff_t>(from);
    std::sort(mine, keys_.end(), before);
    const bool twice = std::adjacent_find(mine, keys_.end(), [](ByteView a, ByteView b) {
                         return as_chars(a) == as_chars(b);
                       }) != keys_.end();
    keys_.resize(from);
    if (twice) return fail(Errc::kMalformed, "a key that stands twice in a map");
    return {};
  }

  ByteView encoded(std::size_t index) const {
    const CborValue::Item& item = out_.items_[index];
    return out_.bytes_.subspan(item.begin, item.end - item.begin);
  }

  CborDocument& out_;
  CborForm form_;
  CborLimits limits_;
  std::uint32_t at_ = 0;
  std::vector<ByteView> keys_;  // of the map being checked
};

CborDocument::CborDocument() = default;
CborDocument::CborDocument(CborDocument&&) noexcept = default;
CborDocument& CborDocument::operator=(CborDocument&&) noexcept = default;
CborDocument::~CborDocument() = default;

Result<CborDocument> CborDocument::read_first(ByteView bytes, CborForm form, CborLimits limits) {
  REDOUBT_CHECK(limits.max_bytes <= std::numeric_limits<std::uint32_t>::max());
  REDOUBT_CHECK(limits.max_items <= std::numeric_limits<std::uint32_t>::max());
  REDOUBT_CHECK(limits.max_depth <= kDeepest);
  if (bytes.size() > limits.max_bytes) return Error(Errc::kTooLarge, "cbor: too large");
  CborDocument out;
  out.bytes_ = bytes;
  CborParser parser(out, form, limits);
  if (const auto read = parser.item(0); !read) return read.error();
  return out;
}

Result<CborDocument> CborDocument::read(ByteView bytes, CborForm form, CborLimits limits) {
  auto document = read_first(bytes, form, limits);
  if (document && !document->rest().empty()) {
    return Error(Errc::kMalformed, "cbor: " + std::to_string(document->rest().size()) + " bytes after the item");
  }
  return document;
}

CborValue CborDocument::root() const {
  return {items_.data(), bytes_.data()};
}

ByteView CborDocument::rest() const {
  return bytes_.subspan(items_.front().end);
}

CborType CborValue::type() const {
  return item_ == nullptr ? CborType::kAbsent : item_->type;
}

std::optional<std::uint64_t> CborValue::unsigned_integer() const {
  if (type() != CborType::kUnsigned) return std::nullopt;
  return item_->argument;
}

std::optional<std::int64_t> CborValue::integer() const {
  if (type() != CborType::kUnsigned && type() != CborType::kNegative) return std::nullopt;
  if (item_->argument > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  const auto argument = static_cast<std::int64_t>(item_->argument);
  return item_->type == CborType::kUnsigned ? argument : -1 - argument;  // RFC 8949 §3.1
}

std::optional<ByteView> CborValue::bytes() const {
  if (type() != CborType::kBytes) return std::nullopt;
  return ByteView(bytes_ + item_->content, bytes_ + item_->end);
}

std::optional<std::string_view> CborValue::text() const {
  if (type() != CborType::kText) return std::nullopt;
  return as_chars(ByteView(bytes_ + item_->content, bytes_ + item_->end));
}

std::optional<bool> CborValue::boolean() const {
  if (type() != CborType::kSimple || item_->argument > kTrue) return std::nullopt;
  return item_->argument == kTrue;
}

bool CborValue::is_null() const {
  return type() == CborType::kSimple && item_->argument == kNull;
}

bool CborValue::is_undefined() const {
  return type() == CborType::kSimple && item_->argument == kUndefined;
}

CborArray CborValue::array() const {
  return type() == CborType::kArray ? CborArray(*this) : CborArray();
}

CborMap CborValue::map() const {
  return type() == CborType::kMap ? CborMap(*this) : CborMap();
}

std::optional<std::uint64_t> CborValue::tag() const {
  if (type() != CborType::kTag) return std::nullopt;
  return item_->argument;
}

CborValue CborValue::content() const {
  return type() == CborType::kTag ? CborValue(item_ + 1, bytes_) : CborValue();
}

CborValue CborValue::tagged(std::uint64_t number) const {
  return tag() == number ? content() : CborValue();
}

ByteView CborValue::encoded() const {
  return item_ == nullptr ? ByteView() : ByteView(bytes_ + item_->begin, bytes_ + item_->end);
}

CborArray::Iterator& CborArray::Iterator::operator++() {
  value_.item_ += value_.item_->items;
  return *this;
}

std::size_t CborArray::size() const {
  return value_ ? static_cast<std::size_t>(value_.item_->argument) : 0;
}

CborValue CborArray::at(std::size_t index) const {
  if (index >= size()) return {};
  Iterator at = begin();
  for (; index > 0; --index) ++at;
  return *at;
}

CborArray::Iterator CborArray::begin() const {
  return value_ ? Iterator({value_.item_ + 1, value_.bytes_}) : Iterator({});
}

CborArray::Iterator CborArray::end() const {
  return value_ ? Iterator({value_.item_ + value_.item_->items, value_.bytes_}) : Iterator({});
}

CborMember CborMap::Iterator::operator*() const {
  return {key_, {key_.item_ + key_.item_->items, key_.bytes_}};
}

CborMap::Iterator& CborMap::Iterator::operator++() {
  key_.item_ += key_.item_->items;
  key_.item_ += key_.item_->items;
  return *this;
}

std::size_t CborMap::size() const {
  return value_ ? static_cast<std::size_t>(value_.item_->argument / 2) : 0;
}

CborMap::Iterator CborMap::begin() const {
  return value_ ? Iterator({value_.item_ + 1, value_.bytes_}) : Iterator({});
}

CborMap::Iterator CborMap::end() const {
  return value_ ? Iterator({value_.item_ + value_.item_->items, value_.bytes_}) : Iterator({});
}

CborValue CborMap::find(std::int64_t key) const {
  for (const CborMember member : *this) {
    if (member.key.integer() == key) return member.value;
  }
  return {};
}

CborValue CborMap::find(std::string_view key) const {
  for (const CborMember member : *this) {
    if (member.key.text() == key) return member.value;
  }
  return {};
}

}  // namespace redoubt::encoding
