#include "ledger/ledger.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "crypto/secret.h"
#include "ledger/internal/leaf_hasher.h"
#include "ledger/internal/log.h"
#include "ledger/internal/segment_writer.h"
#include "ledger/internal/spare_segment.h"

namespace redoubt::ledger {
namespace {

constexpr std::size_t kSegmentMarginBytes = 1024 * 1024;

// For what is written past the page cache. Zeros.
struct alignas(kDirectBlockSize) DirectBlock : std::array<std::byte, kDirectBlockSize> {};

std::uint64_t round_up_to_blocks(std::uint64_t size) {
  return (size + kDirectBlockSize - 1) / kDirectBlockSize * kDirectBlockSize;
}

}  // namespace

Ledger::Ledger(FileSystem& fs, std::string directory, const Clock& clock, LedgerOptions options)
    : fs_(fs),
      directory_(std::move(directory)),
      clock_(clock),
      options_{.tenants = std::move(options.tenants),
               .witnesses = std::move(options.witnesses),
               .segment_bytes = round_up_to_blocks(options.segment_bytes),
               .max_commit_bytes_for_test = options.max_commit_bytes_for_test,
               .single_thread_for_test = options.single_thread_for_test},
      writer_(std::make_unique<internal::SegmentWriter>(kCommitHeaderSize + options.max_commit_bytes_for_test)),
      hasher_(std::make_unique<internal::LeafHasher>()) {}

Ledger::~Ledger() = default;

Error Ledger::broken() const {
  return Error(Errc::kUnavailable, "the ledger stopped after a failed write; it must be opened again");
}

Result<std::unique_ptr<Ledger>> Ledger::open(FileSystem& fs, std::string directory, const tlog::NoteSigner& signer,
                                             const Clock& clock, LedgerOptions options) {
  const std::size_t margin = options.max_commit_bytes_for_test < kMaxCommitPayloadBytes
                                 ? kSegmentHeaderSize + kCommitHeaderSize
                                 : kSegmentMarginBytes;
  if (options.max_commit_bytes_for_test > kMaxCommitPayloadBytes ||
      options.segment_bytes < options.max_commit_bytes_for_test + margin || options.segment_bytes > (1ull << 31)) {
    return Error(Errc::kInvalidArgument, "a ledger's segments have between 9 MiB and 2 GiB");
  }
  if (options.witnesses.required && !(options.witnesses.policy && options.witnesses.policy->needs_witnesses())) {
    return Error(Errc::kInvalidArgument, "witnesses are required, but there is no policy that says which");
  }
  std::unique_ptr<Ledger> ledger(new Ledger(fs, std::move(directory), clock, std::move(options)));
  if (auto done = ledger->recover(signer); !done) return done.error().in("ledger `" + ledger->directory_ + "`");
  return ledger;
}

// A new segment comes from the spare: header written and synced, then its name. A crash between leaves either a spare
// with a header, which is overwritten, or an empty segment, which is where the next commit goes.
Result<> Ledger::start_segment() {
  auto file = spare_->take();
  if (!file) return file.error();
  SegmentHeader header{.number = segments_, .first = committed_};
  crypto::random_bytes(header.salt);
  const auto block = std::make_unique<DirectBlock>();
  const auto bytes = MutableByteView(*block).first(kSegmentHeaderSize);
  store_segment_header(bytes, header);
  if (auto done = (*file)->write_at(0, *block); !done) return done;
  if (auto done = (*file)->sync_data(); !done) return done;
  const std::string path = directory_ + "/segments/" + segment_name(header.number);
  if (auto done = fs_.rename(directory_ + "/spare.seg", path); !done) return done;
  if (auto done = fs_.sync_directory(directory_ + "/segments"); !done) return done;
  if (auto done = fs_.sync_directory(directory_); !done) return done;
  ++segments_;
  salt_ = header.salt;
  writer_->attach(*std::move(file), options_.segment_bytes, kSegmentHeaderSize, bytes, batch_size_);
  spare_->prepare();
  return {};
}

std::size_t Ledger::batch_room() const {
  return kCommitHeaderSize + options_.max_commit_bytes_for_test - batch_size_;
}

MutableByteView Ledger::begin_entry(std::size_t size) {
  REDOUBT_CHECK(size <= batch_room() && size >= kEntryHeaderSize && entry_size_ == 0);
  entry_size_ = size;
  return writer_->buffer().subspan(batch_size_, size);
}

Result<tlog::LeafIndex> Ledger::end_entry() {
  const MutableByteView entry = writer_->buffer().subspan(batch_size_, std::exchange(entry_size_, 0));
  REDOUBT_CHECK(entry.size() >= kEntryHeaderSize);
  if (failed_) return broken();
  auto header = load_entry_header(entry.first(kEntryHeaderSize));
  if (!header) return header.error();
  if (kEntryHeaderSize + std::size_t{header->leaf_size} + header->opening_size != entry.size()) {
    return Error(Errc::kMalformed, "an entry's header does not fit its size");
  }
  if (header->log >= logs_.size()) return Error(Errc::kMalformed, "an entry names no log");
  internal::Log& log = logs_[header->log];
  if (auto done = log.check(*header); !done) return done.error();
  log.take(*header, committed_ + batch_entries_);
  store_entry_header(entry.first(kEntryHeaderSize), *header);
  if (batch_entries_ == 0) {
    appended_.clear();
    offsets_.clear();
  }
  appended_.push_back({.log = header->log, .index = {header->index}, .leaf_hash = {}});
  offsets_.push_back(static_cast<std::uint32_t>(batch_size_));
  batch_size_ += entry.size();
  ++batch_entries_;
  return tlog::LeafIndex{header->index};
}

Result<tlog::LeafIndex> Ledger::add(const EntryHeader& header, ByteView leaf, ByteView opening) {
  EntryHeader complete = header;
  complete.leaf_size = static_cast<std::uint32_t>(leaf.size());
  complete.opening_size = static_cast<std::uint32_t>(opening.size());
  MutableByteView room = begin_entry(kEntryHeaderSize + leaf.size() + opening.size());
  store_entry_header(room.first(kEntryHeaderSize), complete);
  if (!leaf.empty()) std::memcpy(room.data() + kEntryHeaderSize, leaf.data(), leaf.size());
  if (!opening.empty()) std::memcpy(room.data() + kEntryHeaderSize + leaf.size(), opening.data(), opening.size());
  return end_entry();
}

Result<> Ledger::commit() {
  if (failed_) return broken();
  if (batch_entries_ == 0) return {};
  failed_ = true;  // until everything below has worked
  if (!writer_->attached() || !writer_->fits(batch_size_)) {
    if (auto done = start_segment(); !done) return done;
  }
  last_time_ms_ = std::max(last_time_ms_, clock_.now().value);
  CommitHeader header{
      .first = committed_,
      .entry_count = static_cast<std::uint32_t>(batch_entries_),
      .payload_size = static_cast<std::uint32_t>(batch_size_ - kCommitHeaderSize),
      .oldest_open = committed_ + batch_entries_,
      .oldest_uncovered = committed_,
      .time_ms = last_time_ms_,
  };
  for (const internal::Log& log : logs_) {
    header.oldest_open = std::min(header.oldest_open, log.oldest_open().value_or(header.oldest_open));
    header.oldest_uncovered = std::min(header.oldest_uncovered, log.oldest_uncovered().value_or(committed_));
  }
  const MutableByteView commit = writer_->buffer().first(batch_size_);
  store_commit_header(commit.first(kCommitHeaderSize), salt_, header, commit.subspan(kCommitHeaderSize));
  const std::uint64_t begin = writer_->end();
  hash_leaves(commit);
  auto written = writer_->write(batch_size_);
  hasher_->wait();
  if (!written) return written;
  writer_->advance(batch_size_);
  for (std::size_t i = 0; i < batch_entries_; ++i) {
    const Position position{segments_ - 1, static_cast<std::uint32_t>(begin + offsets_[i])};
    logs_[appended_[i].log].append(appended_[i].leaf_hash, position, committed_ + i);
  }
  committed_ += batch_entries_;
  batch_size_ = kCommitHeaderSize;
  batch_entries_ = 0;
  failed_ = false;
  return {};
}

void Ledger::hash_leaves(ByteView batch) {
  leaves_.clear();
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < batch_entries_; ++i) {
    const auto size = load_le<std::uint32_t>(batch.subspan(offsets_[i], 4));  // checked by end_entry()
    leaves_.push_back({batch.subspan(offsets_[i] + kEntryHeaderSize, size), &appended_[i]});
    bytes += size;
  }
  hasher_->start(leaves_, bytes);
}

Result<bool> Ledger::publish(LogNumber log) {
  if (failed_) return broken();
  REDOUBT_CHECK(batch_entries_ == 0 && log < logs_.size());
  failed_ = true;
  auto published = logs_[log].publish();
  failed_ = !published;
  return published;
}

Result<std::string> Ledger::offer(LogNumber log) {
  if (failed_) return broken();
  return logs_.at(log).offer();
}

Result<bool> Ledger::cosign(LogNumber log, std::string_view lines, std::uint64_t earliest_unix_seconds) {
  if (failed_) return broken();
  auto reached = logs_.at(log).cosign(lines, earliest_unix_seconds);
  if (reached) return reached;
  const Errc code = reached.error().code();
  failed_ = code != Errc::kMalformed && code != Errc::kVerifyFailed && code != Errc::kTooLarge;
  return reached;
}

std::size_t Ledger::logs() const {
  return logs_.size();
}

tlog::TreeSize Ledger::committed(LogNumber log) const {
  return {logs_.at(log).committed()};
}

tlog::TreeSize Ledger::covered(LogNumber log) const {
  return {logs_.at(log).covered()};
}

tlog::TreeSize Ledger::cosigned(LogNumber log) const {
  return {logs_.at(log).cosigned()};
}

tlog::TreeSize Ledger::published(LogNumber log) const {
  return {logs_.at(log).published()};
}

const std::string& Ledger::origin(LogNumber log) const {
  return logs_.at(log).origin();
}

std::uint64_t Ledger::stored_bytes(LogNumber log) const {
  return logs_.at(log).stored_bytes();
}

LedgerReader Ledger::reader(LogNumber log) const {
  return LedgerReader(fs_, directory_, log == kSystemLog ? std::string() : tenants_.at(log - 1));
}

std::vector<OpenAdmission> Ledger::open_admissions() const {
  std::vector<OpenAdmission> out;
  for (LogNumber log = 0; log < logs_.size(); ++log) {
    for (const internal::Log::Open& entry : logs_[log].admissions()) {
      if (entry.open) out.push_back({log, entry.index, entry.exchange});
    }
  }
  return out;
}

Result<std::uint64_t> Ledger::room_bytes() {
  // In this order, so that a segment set aside meanwhile is counted twice rather than not at all.
  const std::uint64_t lacks = spare_->lacks_bytes();
  const auto free = fs_.free_bytes(directory_);
  if (!free) return free.error();
  return *free > lacks ? *free - lacks : 0;
}

void Ledger::prepare_next_segment() {
  spare_->prepare();
}

}  // namespace redoubt::ledger
