// The ledger's one writer, in the keeper: entries in, one durable commit a batch, a signed checkpoint now and then.
//
//   auto ledger = Ledger::open(fs, "var/ledger", signer, clock, {});
//   MutableByteView room = (*ledger)->begin_entry(size);   // header, leaf and opening, filled in place
//   fill(room);
//   auto index = (*ledger)->end_entry();                   // not yet durable
//   (*ledger)->commit();                                   // one write, one fdatasync: now it may be acknowledged
//   for (const Appended& a : (*ledger)->last_commit()) …   // indices and leaf hashes
//   (*ledger)->publish();                                  // tiles synced, checkpoint signed and persisted
//
// INVARIANT (order of durability): segment synced → tiles synced → checkpoint signed and persisted → published.
// INVARIANT: after a failed write or sync the object refuses everything; only a new open(), which reads back what is
// really on the disk, goes on. Page cache after a failed sync is not durable.
//
// Folder (docs/formats/): `segments/`, `hashes/0` to `hashes/7`, `positions`, `checkpoint`, `spare.seg`.
// One thread, save the preparation of the next segment and the hashing of large commits, which run on threads of their
// own and are awaited.
#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "ledger/entry.h"
#include "ledger/segment.h"
#include "tlog/frontier.h"
#include "tlog/note.h"

namespace redoubt::ledger {

namespace internal {
class LeafHasher;
struct LeafToHash;
class SegmentWriter;
class SpareSegment;
}  // namespace internal

struct LedgerOptions {
  // At least kMaxCommitPayloadBytes + 1 MiB, at most 2 GiB; rounded up to whole blocks of 4 KiB.
  std::uint64_t segment_bytes = 64 * 1024 * 1024;
  // Below kMaxCommitPayloadBytes: smaller commits, so that segments of a few pages roll in a test.
  std::size_t max_commit_bytes_for_test = kMaxCommitPayloadBytes;
};

// An admission without an outcome.
struct OpenAdmission {
  std::uint64_t index = 0;
  ExchangeId exchange{};
};

class Ledger {
 public:
  // Opens, or makes where `directory` (whose parent exists) holds none, and recovers: a torn last commit, which cannot
  // have been acknowledged, is removed; all else that is read must fit the last checkpoint. `signer` names the log: its
  // name is the origin. All arguments must outlive the ledger. Errors: kCorrupt when stored bytes contradict each other
  // or the checkpoint, kVerifyFailed when the checkpoint is not the signer's, kIo and the like from files.
  //
  // Read are the right edge of the tree, and the segments from the last published entry on; damage before them does
  // not hinder the start and is found by whoever reads there (LedgerReader::read_entry, tlog::verify_log).
  static Result<std::unique_ptr<Ledger>> open(FileSystem& fs, std::string directory, const tlog::NoteSigner& signer,
                                              const Clock& clock, LedgerOptions options);
  ~Ledger();

  // Room in the batch for an entry of `size` bytes (kEntryHeaderSize + leaf + opening). The caller writes all of it,
  // then calls end_entry(). Precondition: size <= batch_room().
  MutableByteView begin_entry(std::size_t size);
  // Takes the entry into the batch. kMalformed when its header does not fit its size or names no open admission; the
  // entry is then left out.
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

  // Publishes everything committed. False when there was nothing new. Precondition: the batch is empty.
  Result<bool> publish();

  tlog::TreeSize committed() const { return tlog::TreeSize{committed_}; }
  tlog::TreeSize published() const { return tlog::TreeSize{published_}; }
  const std::string& origin() const { return signer_.name(); }
  // Time of the last commit: later records must not claim an earlier time.
  UnixMillis last_commit_time() const { return UnixMillis{last_time_ms_}; }

  // Admissions that have no outcome, oldest first.
  std::vector<OpenAdmission> open_admissions() const;

 private:
  struct Tree;
  struct Open {
    std::uint64_t index;
    ExchangeId exchange;
    bool open;
  };

  Ledger(FileSystem& fs, std::string directory, const tlog::NoteSigner& signer, const Clock& clock,
         LedgerOptions options);
  Result<> recover();
  Result<> load_checkpoint();
  Result<> replay_segments();
  Result<> find_open_admissions(std::uint64_t from, const std::vector<std::uint64_t>& segments);
  Result<> write_again(File& segment, std::uint64_t begin, std::uint64_t end);
  Result<> clear_torn_tail(File& segment, std::uint64_t segment_size, std::uint64_t end);
  Result<> go_on_in(std::uint64_t first_index, std::uint64_t end);
  Result<> start_segment(std::uint64_t first_index);
  void hash_leaves(ByteView batch);
  void note_pairing(const EntryHeader& header, std::uint64_t index);
  std::deque<Open>::iterator find_open(std::uint64_t index);
  Error broken() const;

  FileSystem& fs_;
  const std::string directory_;
  const tlog::NoteSigner& signer_;
  const Clock& clock_;
  const LedgerOptions options_;

  std::unique_ptr<Tree> tree_;
  std::unique_ptr<internal::SpareSegment> spare_;
  std::unique_ptr<internal::SegmentWriter> writer_;  // holds the batch: commit header, then entries
  SegmentSalt salt_{};                               // of the segment being written
  std::uint64_t committed_ = 0;
  std::uint64_t published_ = 0;
  std::int64_t last_time_ms_ = 0;
  std::deque<Open> open_;  // by index; closed ones stay until they reach the front

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
