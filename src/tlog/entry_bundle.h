// Entry bundles: up to 256 entries, each after its length as a big-endian 16-bit integer (C2SP tlog-tiles, Log
// entries). All functions: any thread.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "tlog/tile.h"

namespace redoubt::tlog {

inline constexpr std::size_t kMaxEntrySize = 65'535;                             // bytes
inline constexpr std::size_t kMaxBundleSize = kTileWidth * (2 + kMaxEntrySize);  // bytes

// Appends one entry to a bundle. kTooLarge above kMaxEntrySize; nothing is appended then. That a bundle has at most
// kTileWidth entries is the caller's to see to.
Result<> append_entry(Bytes& bundle, ByteView entry);

// kTooLarge for an entry above kMaxEntrySize or more than kTileWidth of them.
Result<Bytes> encode_entry_bundle(std::span<const ByteView> entries);

// The entries, as views into `bundle`, in order: 1 to kTileWidth. kMalformed when the bundle is empty or ends inside
// an entry; kTooLarge when there are more. An entry may be empty.
Result<std::vector<ByteView>> decode_entry_bundle(ByteView bundle);

}  // namespace redoubt::tlog
