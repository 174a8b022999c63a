// Reading a ledger: as C2SP tlog-tiles resources, and entry by entry.
//
// Opens files read-only and never looks beyond the last checkpoint, so it may run in another process than the writer,
// at the same time. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "ledger/entry.h"
#include "tlog/log_verifier.h"
#include "tlog/tile.h"

namespace redoubt::ledger {

struct StoredEntry {
  EntryHeader header;
  Bytes leaf;
  Bytes sealed_opening;  // empty when the record has none
};

class LedgerReader final : public tlog::TileSource, public tlog::ResourceReader {
 public:
  // `directory` holds `segments/` and `hashes/`; see is_ledger().
  LedgerReader(FileSystem& fs, std::string directory);

  // Whether the folder is a ledger of ours rather than a plain tree of tiles.
  static bool is_ledger(FileSystem& fs, const std::string& directory);

  // The last published checkpoint, a signed note. kNotFound before the first.
  Result<std::string> checkpoint();

  // The entry, its leaf checked against the stored hash. kNotFound at or beyond what `positions` holds; kCorrupt when
  // the stored bytes do not fit.
  Result<StoredEntry> read_entry(tlog::LeafIndex index);

  Result<Bytes> read_tile(const tlog::TileId& id) override;

  // `width` entries from 256 * index on, encoded as C2SP tlog-tiles "Log Entries" says.
  Result<Bytes> read_bundle(std::uint64_t index, unsigned width);

  // `checkpoint`, `tile/…`, `tile/entries/…`. kNotFound for other paths.
  Result<Bytes> fetch(const std::string& path, std::uint64_t limit) override;

 private:
  struct Place {
    std::uint64_t first_index = 0;  // of the segment
    std::uint32_t offset = 0;
  };

  Result<File*> open_cached(std::unique_ptr<File>& slot, const std::string& path);
  Result<Place> find(tlog::LeafIndex index);
  Result<File*> segment(std::uint64_t first_index);
  Result<> list_segments();
  Result<> read_leaf(tlog::LeafIndex index, StoredEntry& out, bool with_opening);

  FileSystem& fs_;
  const std::string directory_;
  std::unique_ptr<File> positions_;
  std::unique_ptr<File> hashes_[8];
  std::vector<std::uint64_t> segments_;  // first indices, ascending
  std::uint64_t listed_entries_ = 0;     // every entry below lies in one of segments_
  std::unique_ptr<File> segment_file_;
  std::uint64_t segment_first_ = 0;
};

}  // namespace redoubt::ledger
