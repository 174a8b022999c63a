#include "tlog/static_ct.h"

#include <array>

#include "tlog/tile.h"

namespace redoubt::tlog {
namespace {

constexpr std::uint16_t kX509Entry = 0;     // RFC 6962 §3.1
constexpr std::uint16_t kPrecertEntry = 1;  // RFC 6962 §3.1
constexpr std::size_t kIssuerKeyHashSize = 32;
constexpr std::size_t kFingerprintSize = 32;
constexpr std::uint8_t kLeafIndexExtension = 0;
constexpr std::size_t kLeafIndexSize = 5;  // uint40

Error malformed(const char* message) {
  return {Errc::kMalformed, message};
}

// Reads from the front of a view; after the first read past the end, nothing more and ok() is false.
class Cursor {
 public:
  explicit Cursor(ByteView bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }

  ByteView take(std::size_t size) {
    if (!ok_ || rest_.size() < size) {
      ok_ = false;
      return {};
    }
    const ByteView taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  // Big-endian.
  std::uint64_t number(std::size_t size_bytes) {
    std::uint64_t value = 0;
    for (const std::byte b : take(size_bytes)) value = value << 8 | static_cast<std::uint64_t>(b);
    return value;
  }
  // opaque<0..2^(8 * length_bytes) - 1>
  ByteView opaque(std::size_t length_bytes) { return take(number(length_bytes)); }

 private:
  ByteView rest_;
  bool ok_ = true;
};

// CtExtensions: each type at most once; their order and unknown ones mean nothing (SCT Extension).
Result<> read_extensions(ByteView bytes, StaticCtEntry& entry) {
  std::array<bool, 256> seen{};
  for (Cursor extensions(bytes); !extensions.at_end();) {
    const std::uint64_t type = extensions.number(1);
    const ByteView data = extensions.opaque(2);
    if (!extensions.ok()) return malformed("the data tile ends inside an extension");
    if (seen[type]) return malformed("the data tile repeats an extension of an entry");
    seen[type] = true;
    if (type != kLeafIndexExtension) continue;
    if (data.size() != kLeafIndexSize) return malformed("the leaf index in the data tile has another length");
    entry.leaf_index = Cursor(data).number(kLeafIndexSize);
  }
  return {};
}

}  // namespace

Hash StaticCtEntry::leaf_hash() const {
  Bytes leaf{std::byte{0}, std::byte{0}};  // RFC 6962 §3.4: version v1, leaf_type timestamped_entry
  append(leaf, timestamped_entry);
  return tlog::leaf_hash(leaf);
}

Result<std::vector<StaticCtEntry>> decode_data_tile(ByteView tile) {
  if (tile.size() > kMaxDataTileSize) return Error(Errc::kTooLarge, "the data tile is too large");
  if (tile.empty()) return malformed("the data tile is empty");
  std::vector<StaticCtEntry> entries;
  for (Cursor cursor(tile); !cursor.at_end();) {
    if (entries.size() == kTileWidth) return Error(Errc::kTooLarge, "the data tile has too many entries");
    StaticCtEntry entry;
    const std::size_t begin = tile.size() - cursor.left();
    entry.timestamp_ms = cursor.number(8);
    const std::uint64_t type = cursor.number(2);
    if (cursor.ok() && type != kX509Entry && type != kPrecertEntry) {
      return malformed("the data tile has an entry of an unknown type");
    }
    if (type == kPrecertEntry) cursor.take(kIssuerKeyHashSize);
    entry.certificate = cursor.opaque(3);
    const ByteView extensions = cursor.opaque(2);
    entry.timestamped_entry = tile.subspan(begin, tile.size() - cursor.left() - begin);
    if (type == kPrecertEntry) entry.pre_certificate = cursor.opaque(3);
    entry.certificate_chain = cursor.opaque(2);
    if (!cursor.ok()) return malformed("the data tile ends inside an entry");
    if (entry.certificate_chain.size() % kFingerprintSize != 0) {
      return malformed("a chain in the data tile is not a row of fingerprints");
    }
    if (const Result<> read = read_extensions(extensions, entry); !read) return read.error();
    entries.push_back(entry);
  }
  return entries;
}

}  // namespace redoubt::tlog
