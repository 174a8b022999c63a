// Hashes and positions of a ledger as plain arrays in files (docs/formats/hashes.md).
//
// `hashes/L` holds the hashes of tile level L one after the other, so tile N of the level is the 8,192 bytes at
// N * 8,192, and every partial tile ever published is a prefix of it. One append and one sync a level, however many
// tiles are new. `positions` holds for each entry where its header is: segment number and offset, 4 bytes each,
// little-endian.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "base/file.h"
#include "ledger/segment.h"
#include "tlog/tile.h"

namespace redoubt::ledger::internal {

class TreeFiles final : public tlog::TileSource {
 public:
  static constexpr unsigned kLevels = 8;  // 256^8 leaves

  static Result<TreeFiles> open(FileSystem& fs, const std::string& directory);

  // What is appended from now on goes behind the tree of `size`. kCorrupt when the files are shorter than the tree.
  Result<> go_on_after(tlog::TreeSize size);
  // Then: removes what lies beyond that tree. It was written for entries that are read again from the segments.
  Result<> cut();

  // Appends, in memory until write_and_sync().
  void append_hash(unsigned level, const tlog::Hash& hash) { append(arrays_[level], hash); }
  void append_position(const Position& position);
  // Writes what was appended and makes it durable; files to which nothing was added are left alone.
  Result<> write_and_sync();

  // From the files: only what was written.
  Result<Bytes> read_tile(const tlog::TileId& id) override;
  Result<Position> read_position(std::uint64_t index);

 private:
  struct Array {
    std::unique_ptr<File> file;
    std::uint64_t written = 0;  // bytes
    Bytes pending;
  };

  static void append(Array& array, ByteView bytes) { redoubt::append(array.pending, bytes); }

  std::array<Array, kLevels + 1> arrays_;  // hashes by level, then positions
};

}  // namespace redoubt::ledger::internal
