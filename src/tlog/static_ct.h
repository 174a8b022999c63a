// Entries of Certificate Transparency logs that publish tiles (C2SP static-ct-api, Log entries): what their data tiles
// hold instead of entry bundles.
//
// A data tile is a row of TileLeaf structures. What the log's leaf hash covers is a MerkleTreeLeaf (RFC 6962 §3.4) made
// from the first part of each; the submitted precertificate and the fingerprints of the chain stand beside it and are
// covered by nothing.
//
// All functions: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "tlog/hash.h"

namespace redoubt::tlog {

// 256 entries with certificates of 2^24 - 1 bytes would be 8 GiB; logs accept a few KiB each. No tile of a log in use
// comes near this.
inline constexpr std::size_t kMaxDataTileSize = 32 * 1024 * 1024;  // bytes, not compressed

// Views into the tile that was decoded.
struct StaticCtEntry {
  std::uint64_t timestamp_ms = 0;           // since the Unix epoch
  ByteView timestamped_entry;               // RFC 6962 §3.4 TimestampedEntry, whole
  ByteView certificate;                     // the certificate (x509_entry) or the TBSCertificate (precert_entry)
  std::optional<std::uint64_t> leaf_index;  // of the extension that the standard requires, when it is there
  std::optional<ByteView> pre_certificate;  // of precert_entry: as submitted
  ByteView certificate_chain;               // SHA-256 of each issuer, one after the other

  // The hash of MerkleTreeLeaf{v1, timestamped_entry, …}.
  Hash leaf_hash() const;
};

// The entries of a data tile: 1 to kTileWidth. kMalformed when the tile is empty, ends inside an entry, or holds an
// unknown type of entry or malformed or repeated extensions; kTooLarge above kMaxDataTileSize or kTileWidth entries.
Result<std::vector<StaticCtEntry>> decode_data_tile(ByteView tile);

}  // namespace redoubt::tlog
