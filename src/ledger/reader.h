// Reading one log of a ledger: as C2SP tlog-tiles resources, and entry by entry.
//
// Opens files read-only and never looks beyond what was made durable for the last checkpoint, so it may run in another
// process than the writer, at the same time. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "ledger/entry.h"
#include "ledger/logs.h"
#include "ledger/segment.h"
#include "tlog/log_verifier.h"
#include "tlog/tile.h"

namespace redoubt::ledger {

// Evidence over the log's key, and which entry it is (docs/formats/signer-evidence.md): a file beside the system log's
// checkpoint.
inline constexpr std::string_view kSignerEvidence = "signer-evidence";
inline constexpr std::size_t kMaxSignerEvidenceBytes = 128 * 1024;

struct StoredEntry {
  EntryHeader header;
  Bytes leaf;
  Bytes sealed_opening;  // empty when the record has none
};

class LedgerReader final : public tlog::TileSource, public tlog::ResourceReader {
 public:
  // `directory` holds `segments/` and `hashes/`; see is_ledger(). `tenant`: whose log; empty for the system log. `fs`
  // must outlive the reader.
  explicit LedgerReader(FileSystem& fs, const std::string& directory, std::string_view tenant = {});

  // Whether the folder is a ledger of ours rather than a plain tree of tiles.
  static bool is_ledger(FileSystem& fs, const std::string& directory);

  // The last published checkpoint, a signed note. kNotFound before the first.
  Result<std::string> checkpoint();
  // The last one that a quorum of witnesses cosigned, where witnesses are asked but not needed for publication.
  // kNotFound when there is none.
  Result<std::string> cosigned();

  // How many entries can be read: at least as many as the checkpoint covers. 0 before the first checkpoint.
  Result<std::uint64_t> size();

  // The entry, its leaf checked against the stored hash. kNotFound at or beyond what `positions` holds; kCorrupt when
  // the stored bytes do not fit.
  Result<StoredEntry> read_entry(tlog::LeafIndex index);

  Result<Bytes> read_tile(const tlog::TileId& id) override;

  // `width` entries from 256 * index on, encoded as C2SP tlog-tiles "Log Entries" says.
  Result<Bytes> read_bundle(std::uint64_t index, unsigned width);

  // `checkpoint`, `cosigned`, `signers`, kSignerEvidence, `tile/…`, `tile/entries/…`. kNotFound for other paths.
  Result<Bytes> fetch(const std::string& path, std::uint64_t limit) override;

 private:
  Result<File*> open_cached(std::unique_ptr<File>& slot, const std::string& path);
  Result<std::string> read_note(const char* name);
  Result<LogNumber> number();
  Result<Position> find(tlog::LeafIndex index);
  Result<File*> segment(SegmentNumber number);
  Result<> read_leaf(tlog::LeafIndex index, StoredEntry& out, bool with_opening);

  FileSystem* fs_;
  std::string ledger_;
  std::string tenant_;
  std::string directory_;            // the log's
  std::optional<LogNumber> number_;  // once asked for
  std::unique_ptr<File> positions_;
  std::unique_ptr<File> hashes_[8];
  std::unique_ptr<File> segment_file_;
  SegmentNumber segment_number_ = 0;
};

}  // namespace redoubt::ledger
