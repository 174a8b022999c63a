// Entries of the ledger, read and parsed ahead of the fold by a thread of their own: folding waits neither for the disk
// nor for JSON.
//
//   ReadAhead ahead(source, from, end);
//   while (true) {
//     auto entries = ahead.next();
//     if (!entries) return entries.error();
//     if (entries->empty()) break;
//     for (const ReadEntry& entry : *entries) …
//   }
//
// What fits one batch is read by the caller's thread, so that a few facts start no other. Of that thread nothing
// outlives the object: the destructor ends it, and waits for it.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>

#include "base/result.h"
#include "record/fact_record.h"
#include "state/engine.h"
#include "tlog/hash.h"

namespace redoubt::state {

// An entry of the log, and the fact in it.
class ReadEntry {
 public:
  ReadEntry() = default;
  ReadEntry(const ReadEntry&) = delete;
  ReadEntry& operator=(const ReadEntry&) = delete;

  // The entry's bytes need not outlive the call.
  void read(const FactSource::Entry& entry) {
    index_ = entry.index;
    leaf_hash_ = entry.leaf_hash;
    size_bytes_ = entry.record.size();
    fact_ = reader_.read(entry.record);
  }

  std::uint64_t index() const { return index_; }
  const tlog::Hash& leaf_hash() const { return leaf_hash_; }
  std::size_t size_bytes() const { return size_bytes_; }
  // As record::FactReader::read() has it; valid until the next read().
  const Result<const record::Fact*>& fact() const { return fact_; }
  simdjson::dom::object body() const { return reader_.body(); }

 private:
  std::uint64_t index_ = 0;
  tlog::Hash leaf_hash_{};
  std::size_t size_bytes_ = 0;
  record::FactReader reader_;
  Result<const record::Fact*> fact_ = static_cast<const record::Fact*>(nullptr);
};

class ReadAhead {
 public:
  static constexpr std::size_t kBatchEntries = 128;
  static constexpr std::size_t kBatches = 4;  // of which one is being folded

  // Entries from index `from` on, before `end`. `source` must outlive this; only its read() is called, on the other
  // thread while the caller may use the rest of it.
  ReadAhead(FactSource& source, std::uint64_t from, std::uint64_t end);
  // Waits until the source gives another entry, or ends.
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // The next entries, in order, at most kBatchEntries; none at the end. Valid until the next call. Errors, once all
  // entries before them were given: the source's; kCorrupt when it gives entries out of order.
  Result<std::span<const ReadEntry>> next();

 private:
  struct Batch {
    std::unique_ptr<ReadEntry[]> entries;  // kBatchEntries, once it was used
    std::size_t size = 0;
    std::optional<Result<>> end;  // set: nothing comes after it, for this reason
  };

  // Reads into the batch, and into further ones unless it is to be `one`.
  void read_batches(Batch* batch, bool one);
  void start();
  void run();
  // Of the thread: the batch to be filled now, once there is one; null when it is to end.
  Batch* empty_batch();
  void hand_over();

  FactSource& source_;
  std::uint64_t from_;  // of what is to be read next; the thread's while there is one
  const std::uint64_t end_;
  std::array<Batch, kBatches> batches_;  // number n is the thread's from emptied_ + kBatches > n until filled_ > n
  const Batch* given_ = nullptr;         // by next()
  std::thread thread_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t filled_ = 0;   // batches, since the beginning; under mutex_
  std::uint64_t emptied_ = 0;  // under mutex_
  bool stop_ = false;          // under mutex_
};

}  // namespace redoubt::state
