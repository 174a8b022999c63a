#include "encoding/cbor_writer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "encoding/json_writer.h"

namespace redoubt::encoding {
namespace {

// RFC 8949 §3.1.
constexpr std::uint8_t kUnsigned = 0;
constexpr std::uint8_t kNegative = 1;
constexpr std::uint8_t kBytes = 2;
constexpr std::uint8_t kText = 3;
constexpr std::uint8_t kArray = 4;
constexpr std::uint8_t kMap = 5;
constexpr std::uint8_t kTag = 6;

struct Head {
  std::array<std::byte, 9> bytes{};
  std::size_t size = 1;
};

Head make_head(std::uint8_t major_type, std::uint64_t argument) {
  Head out;
  std::uint8_t low = 0;
  if (argument < 24) {
    low = static_cast<std::uint8_t>(argument);
  } else if (argument <= 0xff) {
    low = 24;
    out.bytes[1] = static_cast<std::byte>(argument);
    out.size = 2;
  } else if (argument <= 0xffff) {
    low = 25;
    store_be(MutableByteView(out.bytes).subspan(1), static_cast<std::uint16_t>(argument));
    out.size = 3;
  } else if (argument <= 0xffffffff) {
    low = 26;
    store_be(MutableByteView(out.bytes).subspan(1), static_cast<std::uint32_t>(argument));
    out.size = 5;
  } else {
    low = 27;
    store_be(MutableByteView(out.bytes).subspan(1), argument);
    out.size = 9;
  }
  out.bytes[0] = static_cast<std::byte>(major_type << 5 | low);
  return out;
}

}  // namespace

CborWriter::~CborWriter() {
  REDOUBT_CHECK(open_.empty() && !tagged_);
}

void CborWriter::begin_item() {
  if (!tagged_ && !open_.empty()) open_.back().items.push_back(out_.size());
  tagged_ = false;
}

void CborWriter::head(std::uint8_t major_type, std::uint64_t argument) {
  begin_item();
  const Head head = make_head(major_type, argument);
  append(out_, ByteView(head.bytes).first(head.size));
}

void CborWriter::unsigned_integer(std::uint64_t number) {
  head(kUnsigned, number);
}

void CborWriter::integer(std::int64_t number) {
  if (number >= 0) {
    head(kUnsigned, static_cast<std::uint64_t>(number));
  } else {
    head(kNegative, static_cast<std::uint64_t>(-1 - number));
  }
}

void CborWriter::bytes(ByteView bytes) {
  head(kBytes, bytes.size());
  append(out_, bytes);
}

void CborWriter::text(std::string_view utf8) {
  REDOUBT_CHECK(is_utf8(utf8));
  head(kText, utf8.size());
  append(out_, as_bytes(utf8));
}

void CborWriter::boolean(bool flag) {
  begin_item();
  out_.push_back(flag ? std::byte{0xf5} : std::byte{0xf4});
}

void CborWriter::null() {
  begin_item();
  out_.push_back(std::byte{0xf6});
}

void CborWriter::tag(std::uint64_t number) {
  head(kTag, number);
  tagged_ = true;
}

void CborWriter::item(ByteView encoded) {
  REDOUBT_CHECK(!encoded.empty());
  begin_item();
  append(out_, encoded);
}

void CborWriter::begin(bool is_map) {
  begin_item();
  open_.push_back({out_.size(), {}, is_map});
}

void CborWriter::begin_array() {
  begin(false);
}

void CborWriter::begin_map() {
  begin(true);
}

void CborWriter::end_array() {
  end(false);
}

void CborWriter::end_map() {
  end(true);
}

void CborWriter::end(bool is_map) {
  REDOUBT_CHECK(!open_.empty() && open_.back().is_map == is_map && !tagged_);
  const Open closed = std::move(open_.back());
  open_.pop_back();
  std::uint64_t count = closed.items.size();
  if (is_map) {
    REDOUBT_CHECK(count % 2 == 0);
    count /= 2;
    sort_members(closed);
  }
  const Head head = make_head(is_map ? kMap : kArray, count);
  out_.insert(out_.begin() + static_cast<std::ptrdiff_t>(closed.begin), head.bytes.begin(),
              head.bytes.begin() + static_cast<std::ptrdiff_t>(head.size));
}

void CborWriter::sort_members(const Open& map) {
  struct Member {
    std::string_view key;
    ByteView whole;
  };
  const Bytes written(out_.begin() + static_cast<std::ptrdiff_t>(map.begin), out_.end());
  std::vector<Member> members;
  for (std::size_t i = 0; i < map.items.size(); i += 2) {
    const std::size_t begin = map.items[i] - map.begin;
    const std::size_t value = map.items[i + 1] - map.begin;
    const std::size_t end = i + 2 < map.items.size() ? map.items[i + 2] - map.begin : written.size();
    members.push_back(
        {as_chars(ByteView(written).subspan(begin, value - begin)), ByteView(written).subspan(begin, end - begin)});
  }
  std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.key < b.key; });
  auto to = out_.begin() + static_cast<std::ptrdiff_t>(map.begin);
  for (std::size_t i = 0; i < members.size(); ++i) {
    REDOUBT_CHECK(i == 0 || members[i - 1].key != members[i].key);
    to = std::copy(members[i].whole.begin(), members[i].whole.end(), to);
  }
}

}  // namespace redoubt::encoding
