// Verifies a whole log from its published files: every entry, every tile, the root, the signature.
//
// For auditors, of logs of any make: it trusts nothing but the key. Entries are read once, in order; memory stays
// below one entry bundle (at most 16 MiB) and one tile a level, however long the log.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"
#include "tlog/checkpoint.h"
#include "tlog/note.h"
#include "tlog/tile.h"

namespace redoubt::tlog {

// A log's files, wherever they are. Paths are relative to the log's prefix: `checkpoint`, `tile/0/000.p/5`.
class ResourceReader {
 public:
  virtual ~ResourceReader() = default;

  // The whole resource. Errors: kNotFound when there is none (a fallback may then be tried); kTooLarge above `limit`
  // bytes; others end the verification.
  virtual Result<Bytes> fetch(const std::string& path, std::uint64_t limit) = 0;
};

// A log's files below a folder. `fs` must outlive it.
class DirectoryReader final : public ResourceReader {
 public:
  DirectoryReader(FileSystem& fs, std::string folder) : fs_(fs), folder_(std::move(folder)) {}
  Result<Bytes> fetch(const std::string& path, std::uint64_t limit) override;

 private:
  FileSystem& fs_;
  std::string folder_;
};

// A log's published tiles, to make proofs from. Where a partial file is no longer there, the full one's beginning
// stands in. `reader` must outlive it. Errors of read_tile: the reader's; kCorrupt when the file has another length
// than its path promises.
class PublishedTiles final : public TileSource {
 public:
  explicit PublishedTiles(ResourceReader& reader) : reader_(reader) {}
  Result<Bytes> read_tile(const TileId& id) override;

 private:
  ResourceReader& reader_;
};

struct LogReport {
  Checkpoint checkpoint;             // what was verified
  bool origin_is_key_name = false;   // the standard advises it; the caller decides whether it matters
  std::uint64_t bundles = 0;         // files compared
  std::uint64_t entry_bytes = 0;     // of all entries, without length prefixes
  std::vector<std::uint64_t> tiles;  // files compared, by level
  std::uint64_t fallbacks = 0;       // partial files no longer there, for which the full one stood in
};

// Called now and then from verify_log, on its thread: entries verified, of how many.
using LogProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// Opens the checkpoint (the one given, or the log's own), then recomputes every leaf hash, every tile of that size at
// every level, and the root, and compares them byte for byte. A missing partial file may be replaced by the full one,
// whose beginning is compared (C2SP tlog-tiles, Partial Tiles): logs keep one of the two.
//
// Errors name the first file that does not fit: kVerifyFailed when a signature, a tile or the root does not hold, or a
// file of the log has not the form it must have; kNotFound when a file that must be there is not, and for a new log,
// which has no checkpoint yet; the reader's.
// Not verified, because one checkpoint cannot show it: that this log is the one shown to others.
Result<LogReport> verify_log(ResourceReader& reader, const VerifierKey& log_key,
                             const std::optional<std::string>& checkpoint_note = std::nullopt,
                             const LogProgress& progress = {});

// As verify_log, but from the tiles of level 0 instead of the entries, and with a checkpoint that the caller opened:
// that every tile of that size at every level, and the root, are those of these leaf hashes. For mirrors and monitors
// that hold no entries, and for logs whose entries have another form (tlog/static_ct.h). Errors: as verify_log.
Result<LogReport> verify_tiles(ResourceReader& reader, const Checkpoint& checkpoint);

}  // namespace redoubt::tlog
