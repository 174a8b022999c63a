#include "tlog/entry_bundle.h"

#include <array>
#include <cstdint>

namespace redoubt::tlog {
namespace {

constexpr std::size_t kLengthSize = 2;

Error entry_too_large() {
  return {Errc::kTooLarge, "a log entry has more than 65535 bytes"};
}

}  // namespace

Result<> append_entry(Bytes& bundle, ByteView entry) {
  if (entry.size() > kMaxEntrySize) return entry_too_large();
  std::array<std::byte, kLengthSize> length;
  store_be(MutableByteView(length), static_cast<std::uint16_t>(entry.size()));
  append(bundle, length);
  append(bundle, entry);
  return {};
}

Result<Bytes> encode_entry_bundle(std::span<const ByteView> entries) {
  if (entries.size() > kTileWidth) return Error(Errc::kTooLarge, "an entry bundle has at most 256 entries");
  std::size_t size = 0;
  for (const ByteView entry : entries) {
    if (entry.size() > kMaxEntrySize) return entry_too_large();
    size += kLengthSize + entry.size();
  }
  Bytes bundle;
  bundle.reserve(size);
  for (const ByteView entry : entries) {
    if (const Result<> appended = append_entry(bundle, entry); !appended) return appended.error();
  }
  return bundle;
}

Result<std::vector<ByteView>> decode_entry_bundle(ByteView bundle) {
  if (bundle.empty()) return Error(Errc::kMalformed, "the entry bundle is empty");
  std::vector<ByteView> entries;
  while (!bundle.empty()) {
    if (entries.size() == kTileWidth) return Error(Errc::kTooLarge, "the entry bundle has more than 256 entries");
    if (bundle.size() < kLengthSize) return Error(Errc::kMalformed, "the entry bundle ends inside a length");
    const std::size_t size = load_be<std::uint16_t>(bundle);
    bundle = bundle.subspan(kLengthSize);
    if (bundle.size() < size) return Error(Errc::kMalformed, "the entry bundle ends inside an entry");
    entries.push_back(bundle.first(size));
    bundle = bundle.subspan(size);
  }
  return entries;
}

}  // namespace redoubt::tlog
