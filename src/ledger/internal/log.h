// One log of a ledger: its tree, its checkpoint, its open admissions. Its entries are in the ledger's segments, among
// those of other logs.
//
//   auto log = Log::open(fs, "var/ledger/t/cardiology", signer);
//   header.index = log->take(header, sequence);     // into the batch
//   log->append(leaf_hash, position, sequence);     // once the batch is durable
//   log->publish();                                 // tiles synced, checkpoint signed and persisted
//
// INVARIANT: the tiles that a checkpoint needs are durable before it is signed, and no checkpoint contradicts one that
// was persisted before.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "ledger/entry.h"
#include "ledger/internal/tree_files.h"
#include "ledger/segment.h"
#include "tlog/frontier.h"
#include "tlog/note.h"

namespace redoubt::ledger::internal {

// One thread.
class Log {
 public:
  // Makes the folder's files where there are none, and loads the checkpoint: the fixed point, for the tiles below it
  // were synced before it was signed. Changes nothing that is there. `fs` must outlive the log. Errors: kCorrupt when
  // the stored hashes do not fit the checkpoint, kVerifyFailed when that is not the signer's.
  static Result<Log> open(FileSystem& fs, std::string directory, tlog::NoteSigner signer);

  const std::string& origin() const { return signer_.name(); }
  std::uint64_t committed() const { return frontier_.size().value; }
  std::uint64_t published() const { return published_; }
  std::uint64_t stored_bytes() const { return stored_bytes_; }

  // Whether the entry may come next: kMalformed for an outcome of no open admission of its exchange.
  Result<> check(const EntryHeader& header) const;
  // Takes an entry that was checked into the batch: gives it its index and total, and pairs it.
  void take(EntryHeader& header, Sequence sequence);
  // Adds an entry that is durable to the tree: those taken, in the same order.
  void append(const tlog::Hash& leaf, const Position& position, Sequence sequence);

  // Makes hashes and positions durable, then signs and persists a checkpoint over all that was appended. False when
  // there was nothing new. After an error the log is of no more use.
  Result<bool> publish();

  // The lowest sequence of an admission without outcome, and of an entry that no checkpoint covers.
  std::optional<Sequence> oldest_open() const;
  std::optional<Sequence> oldest_uncovered() const { return uncovered_from_; }

  struct Open {
    std::uint64_t index;
    Sequence sequence;
    ExchangeId exchange;
    bool open;
  };
  // By index. Closed ones stay until they reach the front.
  const std::deque<Open>& admissions() const { return open_; }
  // How many of them are open.
  std::size_t open_admissions() const { return open_count_; }

  // While the ledger is opened, before the first take(). Where the last published entry lies, which is given to
  // go_on_after() once found there; nothing without one.
  Result<std::optional<Position>> last_published();
  void go_on_after(const EntryHeader& last_published);
  // Once all is found right: removes hashes and positions that lie beyond the checkpoint.
  Result<> cut() { return files_.cut(); }
  // An entry that lies in the segments: below the checkpoint, or the next one beyond it. kCorrupt when it is neither.
  // `pair`: whether it may belong to an exchange that is open.
  Result<> replay(const EntryHeader& header, ByteView leaf, const Position& position, Sequence sequence, bool pair);

 private:
  Log(FileSystem& fs, std::string directory, TreeFiles files, tlog::NoteSigner signer)
      : fs_(&fs), directory_(std::move(directory)), files_(std::move(files)), signer_(std::move(signer)) {}
  Result<> load_checkpoint();
  void pair(const EntryHeader& header, Sequence sequence);
  std::optional<std::size_t> find_open(std::uint64_t index) const;  // where in open_

  FileSystem* fs_;
  std::string directory_;
  TreeFiles files_;
  tlog::NoteSigner signer_;
  tlog::Frontier frontier_;
  std::uint64_t published_ = 0;
  std::uint64_t next_ = 0;  // index of the next entry, the batch counted
  std::uint64_t stored_bytes_ = 0;
  std::optional<Sequence> uncovered_from_;
  std::deque<Open> open_;
  std::size_t open_count_ = 0;  // of those
};

}  // namespace redoubt::ledger::internal
