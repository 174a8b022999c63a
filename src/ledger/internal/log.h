// One log of a ledger: its tree, its checkpoint, its open admissions. Its entries are in the ledger's segments, among
// those of other logs.
//
//   auto log = Log::open(fs, "var/ledger/t/cardiology", signer);
//   header.index = log->take(header, sequence);     // into the batch
//   log->append(leaf_hash, position, sequence);     // once the batch is durable
//   log->publish();                                 // tiles synced, checkpoint signed and persisted
//   ask_witnesses(log->offer());                    // where there are any
//   log->cosign(size, lines, 0);                    // their answer
//
// Files (docs/formats/hashes.md): `checkpoint` is what counts as published. Where that takes a quorum of witnesses, the
// newest one signed is `pending` until they have cosigned it; where they are asked but not needed, the newest one that
// a quorum has cosigned is `cosigned`.
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
#include "ledger/witnessing.h"
#include "tlog/checkpoint.h"
#include "tlog/frontier.h"
#include "tlog/note.h"

namespace redoubt::ledger::internal {

// One thread.
class Log {
 public:
  // Makes the folder's files where there are none, and loads the checkpoint: the fixed point, for the tiles below it
  // were synced before it was signed. Changes nothing that is there. `fs` must outlive the log. Errors: kCorrupt when
  // the stored hashes do not fit the checkpoint, kVerifyFailed when that is not the signer's, or the signer handed the
  // log over to another key. `witnesses` must outlive it too.
  static Result<Log> open(FileSystem& fs, std::string directory, tlog::NoteSigner signer, const Witnessing& witnesses);

  const std::string& origin() const { return signer_.name(); }
  std::uint64_t committed() const { return frontier_.size().value; }
  // Sizes of checkpoints: the newest signed and persisted; the published one; the newest that a quorum cosigned.
  std::uint64_t covered() const { return covered_; }
  std::uint64_t published() const { return published_; }
  std::uint64_t cosigned() const { return cosigned_; }
  std::uint64_t stored_bytes() const { return stored_bytes_; }

  // Whether the entry may come next: kMalformed for an outcome of no open admission of its exchange.
  Result<> check(const EntryHeader& header) const;
  // Takes an entry that was checked into the batch: gives it its index and total, and pairs it.
  void take(EntryHeader& header, Sequence sequence);
  // Adds an entry that is durable to the tree: those taken, in the same order.
  void append(const tlog::Hash& leaf, const Position& position, Sequence sequence);

  // Makes hashes and positions durable, then signs and persists a checkpoint over all that was appended. It is
  // published then, unless that takes witnesses. False when there was nothing new. After an error the log is of no more
  // use.
  Result<bool> publish();

  // The newest checkpoint signed, for witnesses to cosign; of a log that has none, one of the empty tree.
  Result<std::string> offer();
  // What witnesses answered to the last offer, as signature lines. Those that hold, of witnesses of the policy, and
  // were made at `earliest_unix_seconds` or later count: true when they make the quorum; the checkpoint is then
  // persisted with them. Nothing changes otherwise. kMalformed and kVerifyFailed when a line does not have its form or
  // does not hold; others after which the log is of no more use.
  Result<bool> cosign(std::string_view lines, std::uint64_t earliest_unix_seconds);

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

  // While the ledger is opened, before the first take(). Where the last entry under a checkpoint lies, which is given
  // to go_on_after() once found there; nothing without one.
  Result<std::optional<Position>> last_covered();
  void go_on_after(const EntryHeader& last_covered);
  // Once all is found right: removes hashes and positions that lie beyond the checkpoint.
  Result<> cut() { return files_.cut(); }
  // An entry that lies in the segments: below the checkpoint, or the next one beyond it. kCorrupt when it is neither.
  // `pair`: whether it may belong to an exchange that is open.
  Result<> replay(const EntryHeader& header, ByteView leaf, const Position& position, Sequence sequence, bool pair);

 private:
  Log(FileSystem& fs, std::string directory, TreeFiles files, tlog::NoteSigner signer, const Witnessing& witnesses)
      : fs_(&fs),
        directory_(std::move(directory)),
        files_(std::move(files)),
        signer_(std::move(signer)),
        witnesses_(&witnesses) {}
  Result<> load_checkpoints();
  Result<std::optional<tlog::Checkpoint>> load(const char* name, std::string* note = nullptr);
  Result<> store(const char* name, std::string_view note);
  void pair(const EntryHeader& header, Sequence sequence);
  std::optional<std::size_t> find_open(std::uint64_t index) const;  // where in open_

  FileSystem* fs_;
  std::string directory_;
  TreeFiles files_;
  tlog::NoteSigner signer_;
  const Witnessing* witnesses_;
  tlog::Frontier frontier_;
  std::uint64_t covered_ = 0;
  std::uint64_t published_ = 0;
  std::uint64_t cosigned_ = 0;
  std::string signed_;            // the newest checkpoint signed; empty: none
  std::string offered_;           // the last one offered
  bool cosigned_beside_ = false;  // whether there is a file of its own for the last cosigned checkpoint
  std::uint64_t next_ = 0;        // index of the next entry, the batch counted
  std::uint64_t stored_bytes_ = 0;
  std::optional<Sequence> uncovered_from_;
  std::deque<Open> open_;
  std::size_t open_count_ = 0;  // of those
};

}  // namespace redoubt::ledger::internal
