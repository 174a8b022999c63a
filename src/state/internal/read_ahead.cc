#include "state/internal/read_ahead.h"

#include <system_error>
#include <utility>

namespace redoubt::state {

ReadAhead::ReadAhead(FactSource& source, std::uint64_t from, std::uint64_t end)
    : source_(source), from_(from), end_(end) {}

ReadAhead::~ReadAhead() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Result<std::span<const ReadEntry>> ReadAhead::next() {
  if (given_ != nullptr && given_->end) {
    if (!*given_->end) return given_->end->error();
    return std::span<const ReadEntry>();
  }
  if (thread_.joinable()) {
    std::unique_lock lock(mutex_);
    ++emptied_;
    if (filled_ - emptied_ <= kBatches / 2) changed_.notify_all();
    changed_.wait(lock, [this] { return filled_ > emptied_; });
    given_ = &batches_[emptied_ % kBatches];
  } else {
    read_batches(&batches_[0], true);
    given_ = &batches_[0];
    if (!given_->end) start();
  }
  if (given_->size == 0 && given_->end && !*given_->end) return given_->end->error();
  return std::span<const ReadEntry>(given_->entries.get(), given_->size);
}

void ReadAhead::read_batches(Batch* batch, bool one) {
  bool full = false;
  const auto begin = [](Batch& fresh) {
    if (!fresh.entries) fresh.entries = std::make_unique<ReadEntry[]>(kBatchEntries);
    fresh.size = 0;
    fresh.end.reset();
  };
  begin(*batch);
  auto read = source_.read(from_, [&](const FactSource::Entry& entry) -> Result<bool> {
    if (entry.index >= end_) return false;
    if (entry.index < from_) return Error(Errc::kCorrupt, "the ledger gave its entries out of order");
    if (batch->size == kBatchEntries) {
      full = one;
      if (one) return false;
      hand_over();
      batch = empty_batch();
      if (batch == nullptr) return false;
      begin(*batch);
    }
    batch->entries[batch->size++].read(entry);
    from_ = entry.index + 1;
    return true;
  });
  if (batch != nullptr && !full) batch->end = std::move(read);
}

// ---------------------------------------------------------------------------------------------------------- the thread

void ReadAhead::start() {
  filled_ = 1;
  try {
    thread_ = std::thread(&ReadAhead::run, this);
  } catch (const std::system_error&) {
    // There is none to be had: the caller's reads on, batch by batch.
  }
}

void ReadAhead::run() {
  Batch* const first = empty_batch();
  if (first == nullptr) return;
  read_batches(first, false);
  hand_over();
}

ReadAhead::Batch* ReadAhead::empty_batch() {
  std::unique_lock lock(mutex_);
  // To fall asleep and to be woken takes as long as to read many entries: once all are full, half of them are waited
  // for.
  if (filled_ - emptied_ == kBatches) {
    changed_.wait(lock, [this] { return stop_ || filled_ - emptied_ <= kBatches / 2; });
  }
  return stop_ ? nullptr : &batches_[filled_ % kBatches];
}

void ReadAhead::hand_over() {
  {
    const std::lock_guard lock(mutex_);
    ++filled_;
  }
  changed_.notify_all();
}

}  // namespace redoubt::state
