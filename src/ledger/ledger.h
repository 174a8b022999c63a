// The ledger's one writer, in the keeper: entries in, one durable commit a batch, a signed checkpoint now and then.
//
//   auto ledger = Ledger::open(fs, "var/ledger", signer, clock, {.tenants = {"cardiology"}});
//   MutableByteView room = (*ledger)->begin_entry(size);   // header, leaf and opening, filled in place
//   fill(room);
//   auto index = (*ledger)->end_entry();                   // not yet durable
//   (*ledger)->commit();                                   // one write, one fdatasync: now it may be acknowledged
//   for (const Appended& a : (*ledger)->last_commit()) …   // logs, indices and leaf hashes
//   (*ledger)->publish(log);                               // tiles synced, checkpoint signed and persisted
//
// A ledger has several logs (ledger/logs.h), which share segments and commits. Where a log is asked for and none is
// named, it is the system log.
//
// INVARIANT (order of durability): segment synced → tiles synced → checkpoint signed and persisted → published.
// INVARIANT: after a failed write or sync the object refuses everything; only a new open(), which reads back what is
// really on the disk, goes on. Page cache after a failed sync is not durable.
//
// Folder (docs/formats/): `segments/`, `spare.seg`, and for each log `hashes/0` to `hashes/7`, `positions`,
// `checkpoint`.
// One thread, save the preparation of the next segment and the hashing of large commits, which run on threads of their
// own and are awaited.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "ledger/entry.h"
#include "ledger/logs.h"
#include "ledger/reader.h"
#include "ledger/segment.h"
#include "ledger/witnessing.h"
#include "tlog/note.h"

namespace redoubt::ledger {

namespace internal {
class LeafHasher;
struct LeafToHash;
class Log;
class SegmentWriter;
class SpareSegment;
}  // namespace internal

struct LedgerOptions {
  std::vector<std::string> tenants;  // who must have a log; more may have one already
  Witnessing witnesses;
  // At least kMaxCommitPayloadBytes + 1 MiB, at most 2 GiB; rounded up to whole blocks of 4 KiB.
  std::uint64_t segment_bytes = 64 * 1024 * 1024;
  // Below kMaxCommitPayloadBytes: smaller commits, so that segments of a few pages roll in a test.
  std::size_t max_commit_bytes_for_test = kMaxCommitPayloadBytes;
  bool single_thread_for_test = false;  // the next segment is prepared by the caller's thread, in a fixed order
};

// An admission without an outcome.
struct OpenAdmission {
  LogNumber log = kSystemLog;
  std::uint64_t index = 0;
  ExchangeId exchange{};
};

class Ledger {
 public:
  // Opens, or makes where `directory` (whose parent exists) holds none, and recovers: a torn last commit, which cannot
  // have been acknowledged, is removed; all else that is read must fit the last checkpoints. `signer` is that of the
  // system log, whose origin is its name; the other logs have the same key under their own (log_origin()). All
  // arguments must outlive the ledger. Errors: kCorrupt when stored bytes contradict each other or a checkpoint,
  // kVerifyFailed when a checkpoint is not the signer's, add_tenants()', kIo and the like from files.
  //
  // Read are the right edges of the trees, and the segments from the first entry on that no checkpoint covers; damage
  // before them does not hinder the start and is found by whoever reads there (LedgerReader::read_entry,
  // tlog::verify_log).
  static Result<std::unique_ptr<Ledger>> open(FileSystem& fs, std::string directory, const tlog::NoteSigner& signer,
                                              const Clock& clock, LedgerOptions options);
  ~Ledger();

  // Room in the batch for an entry of `size` bytes (kEntryHeaderSize + leaf + opening). The caller writes all of it,
  // then calls end_entry(). Precondition: size <= batch_room().
  MutableByteView begin_entry(std::size_t size);
  // Takes the entry into the batch: its index is that in its log. kMalformed when its header does not fit its size, or
  // names no log or no open admission of it; the entry is then left out.
  Result<tlog::LeafIndex> end_entry();
  // Entry from parts: begin, copy, end.
  Result<tlog::LeafIndex> add(const EntryHeader& header, ByteView leaf, ByteView opening);

  std::size_t batch_entries() const { return batch_entries_; }
  std::size_t batch_room() const;  // bytes that the batch can still take

  // Makes the batch durable: one write, one fdatasync. No-op when it is empty. After an error nothing of the batch may
  // be acknowledged, and the ledger refuses everything from then on.
  Result<> commit();
  // The entries of the last commit, in order. Valid until the next one begins: until end_entry().
  std::span<const Appended> last_commit() const { return appended_; }

  // Signs and persists a checkpoint over everything committed to the log. It is published thereby, unless that takes
  // witnesses. False when there was nothing new. Precondition: the batch is empty.
  Result<bool> publish(LogNumber log = kSystemLog);

  const Witnessing& witnesses() const { return options_.witnesses; }
  // The log's newest checkpoint, for witnesses to cosign; of a log that has none, one of the empty tree.
  Result<std::string> offer(LogNumber log);
  // What witnesses answered to the log's last offer, as signature lines. True when those that hold and were made at
  // `earliest_unix_seconds` or later make the quorum: then the checkpoint is persisted with them, and published.
  // kMalformed, kVerifyFailed, kTooLarge: the lines are not what they must be; nothing has changed. After other errors
  // the ledger refuses everything.
  Result<bool> cosign(LogNumber log, std::string_view lines, std::uint64_t earliest_unix_seconds);

  // How many logs there are: numbers 0 to logs() - 1.
  std::size_t logs() const;
  // The tenants that have a log, in the order of numbers: [i] has number i + 1.
  const std::vector<std::string>& tenants() const { return tenants_; }
  tlog::TreeSize committed(LogNumber log = kSystemLog) const;
  // Under a checkpoint that is signed and persisted; that counts as published; that a quorum of witnesses has cosigned.
  tlog::TreeSize covered(LogNumber log = kSystemLog) const;
  tlog::TreeSize published(LogNumber log = kSystemLog) const;
  tlog::TreeSize cosigned(LogNumber log = kSystemLog) const;
  const std::string& origin(LogNumber log = kSystemLog) const;
  // Bytes that the log's entries take in the segments.
  std::uint64_t stored_bytes(LogNumber log = kSystemLog) const;
  // Reads what this ledger has published of the log; must not outlive it.
  LedgerReader reader(LogNumber log = kSystemLog) const;

  // Entries of all logs together.
  Sequence committed_entries() const { return committed_; }
  // Time of the last commit: later records must not claim an earlier time.
  UnixMillis last_commit_time() const { return UnixMillis{last_time_ms_}; }

  // Admissions that have no outcome, of each log the oldest first.
  std::vector<OpenAdmission> open_admissions() const;

  // Bytes of the file system that are still free once the next segment is prepared; 0 when there is not even room for
  // that. Cheap: one look at the file system.
  Result<std::uint64_t> room_bytes();
  // Begins to prepare the next segment again when that failed, for want of room say; otherwise does nothing.
  void prepare_next_segment();

 private:
  Ledger(FileSystem& fs, std::string directory, const Clock& clock, LedgerOptions options);
  // Recovery, in recovery.cc.
  Result<> recover(const tlog::NoteSigner& signer);
  Result<> open_logs(const tlog::NoteSigner& signer);
  Result<> replay_segments();
  Result<CommitHeader> find_last_commit() const;
  Result<> replay_segment(SegmentNumber number, SegmentScanner& scanner, Sequence from, Sequence oldest_open);
  Result<> replay_commit(SegmentNumber segment, const SegmentScanner::Commit& commit, Sequence oldest_open,
                         bool& covered);
  Result<> go_on_after(SegmentScanner& scanner);
  Result<> check_against_checkpoints(std::uint64_t end);
  Result<> clear_torn_tail(File& segment, std::uint64_t end);
  Result<SegmentScanner> scan(SegmentNumber number, OpenMode mode) const;
  std::string segment_path(SegmentNumber number) const;

  Result<> start_segment();
  void hash_leaves(ByteView batch);
  Error broken() const;

  FileSystem& fs_;
  const std::string directory_;
  const Clock& clock_;
  const LedgerOptions options_;

  std::vector<internal::Log> logs_;  // by number
  std::vector<std::string> tenants_;
  std::unique_ptr<internal::SpareSegment> spare_;
  std::unique_ptr<internal::SegmentWriter> writer_;  // holds the batch: commit header, then entries
  SegmentNumber segments_ = 0;                       // how many there are; the last is written
  SegmentSalt salt_{};                               // of the segment being written
  Sequence committed_ = 0;
  std::int64_t last_time_ms_ = 0;

  std::size_t batch_size_ = kCommitHeaderSize;
  std::size_t batch_entries_ = 0;
  std::vector<std::uint32_t> offsets_;        // of the batch's entries, in the batch
  std::vector<Appended> appended_;            // the batch's entries; hashes are there after the commit
  std::vector<internal::LeafToHash> leaves_;  // scratch of commit()
  std::unique_ptr<internal::LeafHasher> hasher_;
  std::size_t entry_size_ = 0;  // of the entry between begin_entry and end_entry
  bool failed_ = false;
};

}  // namespace redoubt::ledger
