// How a ledger comes back: what its folder holds after a stop of any kind, brought to what was acknowledged.
#include <algorithm>
#include <array>

#include "base/log.h"
#include "ledger/internal/leaf_hasher.h"
#include "ledger/internal/log.h"
#include "ledger/internal/segment_writer.h"
#include "ledger/internal/spare_segment.h"
#include "ledger/ledger.h"

namespace redoubt::ledger {
namespace {

constexpr std::size_t kPieceBytes = 1024 * 1024;  // of a segment, zeroed at a time

// For what is read past the page cache.
struct alignas(kDirectBlockSize) DirectBlock : std::array<std::byte, kDirectBlockSize> {};

std::string parent_directory(const std::string& path) {
  const auto slash = path.find_last_of('/', path.find_last_not_of('/'));
  return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

// Segments are numbered without gaps.
Result<SegmentNumber> count_segments(FileSystem& fs, const std::string& folder) {
  auto names = fs.list(folder);
  if (!names) return names.error();
  SegmentNumber count = 0;
  for (const std::string& name : *names) {
    const auto number = parse_segment_name(name);
    if (!number) continue;
    if (*number != count) return Error(Errc::kCorrupt, "segment `" + segment_name(count) + "` is missing");
    ++count;
  }
  return count;
}

}  // namespace

Result<> Ledger::recover(const tlog::NoteSigner& signer) {
  for (const char* part : {"", "/segments"}) {
    if (auto done = fs_.make_directory(directory_ + part); !done) return done;
  }
  if (auto done = open_logs(signer); !done) return done;
  spare_ = std::make_unique<internal::SpareSegment>(fs_, directory_ + "/spare.seg", options_.segment_bytes,
                                                    options_.single_thread_for_test);
  if (auto done = replay_segments(); !done) return done;
  for (internal::Log& log : logs_) {
    if (auto done = log.cut(); !done) return done;
  }
  // Names that a killed process made may not be durable yet, nor that of a ledger just made.
  for (const std::string& folder : {directory_ + "/segments", directory_, parent_directory(directory_)}) {
    if (auto done = fs_.sync_directory(folder); !done) return done;
  }
  spare_->prepare();
  return {};
}

Result<> Ledger::open_logs(const tlog::NoteSigner& signer) {
  auto tenants = add_tenants(fs_, directory_, options_.tenants);
  if (!tenants) return tenants.error();
  tenants_ = *std::move(tenants);
  if (!tenants_.empty()) {
    if (auto done = fs_.make_directory(directory_ + "/t"); !done) return done;
  }
  for (LogNumber number = 0; number <= tenants_.size(); ++number) {
    const std::string tenant = number == kSystemLog ? std::string() : tenants_[number - 1];
    auto log_signer = signer.with_name(log_origin(signer.name(), tenant));
    if (!log_signer) return log_signer.error();
    auto log = internal::Log::open(fs_, log_directory(directory_, tenant), *std::move(log_signer), options_.witnesses);
    if (!log) return tenant.empty() ? log.error() : log.error().in("tenant `" + tenant + "`");
    logs_.push_back(*std::move(log));
    // The system log's folder is synced by recover().
    if (tenant.empty()) continue;
    if (auto done = fs_.sync_directory(log_directory(directory_, tenant)); !done) return done;
  }
  return tenants_.empty() ? Result<>() : fs_.sync_directory(directory_ + "/t");
}

std::string Ledger::segment_path(SegmentNumber number) const {
  return directory_ + "/segments/" + segment_name(number);
}

Result<SegmentScanner> Ledger::scan(SegmentNumber number, OpenMode mode) const {
  auto file = fs_.open(segment_path(number), mode);
  if (!file) return file.error();
  auto scanner = SegmentScanner::open(*std::move(file), number);
  if (!scanner) return scanner.error().in("segment `" + segment_name(number) + "`");
  return scanner;
}

// The last commit says from where on there may be entries that no checkpoint covers, and open admissions. From there on
// everything is read again; before, the checkpoints vouch.
Result<> Ledger::replay_segments() {
  auto count = count_segments(fs_, directory_ + "/segments");
  if (!count) return count.error();
  segments_ = *count;
  if (segments_ == 0) return check_against_checkpoints(0);
  auto last = find_last_commit();
  if (!last) return last.error();
  const Sequence from = std::min(last->oldest_open, last->oldest_uncovered);

  SegmentNumber number = segments_ - 1;
  auto scanner = scan(number, OpenMode::kReadWrite);
  while (scanner && scanner->header().first > from && number > 0) scanner = scan(--number, OpenMode::kReadWrite);
  while (scanner) {
    if (auto done = replay_segment(number, *scanner, from, last->oldest_open); !done) return done;
    committed_ = scanner->next_sequence();
    if (number + 1 == segments_) return go_on_after(*scanner);
    scanner = scan(++number, OpenMode::kReadWrite);
    if (scanner && scanner->header().first != committed_) {
      return Error(Errc::kCorrupt, "segment `" + segment_name(number) + "` begins at entry " +
                                       std::to_string(scanner->header().first) + ", the one before ends at entry " +
                                       std::to_string(committed_));
    }
  }
  return scanner.error();
}

// Only a segment that has just begun has none.
Result<CommitHeader> Ledger::find_last_commit() const {
  CommitHeader last{};
  for (SegmentNumber number = segments_; number > 0 && last.entry_count == 0; --number) {
    auto scanner = scan(number - 1, OpenMode::kReadOnly);
    if (!scanner) return scanner.error();
    while (true) {
      auto commit = scanner->next();
      if (!commit) return commit.error();
      if (!*commit) break;
      last = (*commit)->header;
    }
  }
  return last;
}

Result<> Ledger::replay_segment(SegmentNumber number, SegmentScanner& scanner, Sequence from, Sequence oldest_open) {
  bool written_again = false;
  while (true) {
    auto commit = scanner.next();
    if (!commit) return commit.error();
    if (!*commit) break;
    last_time_ms_ = std::max(last_time_ms_, (*commit)->header.time_ms);
    if ((*commit)->header.next() <= from) continue;
    bool covered = true;
    if (auto done = replay_commit(number, **commit, oldest_open, covered); !done) return done;
    // Before what was read may be trusted it must be durable, and it may be in the page cache only: the writer was
    // killed before its sync, or the sync failed, after which the system takes the pages for clean, no further sync
    // writes them, and what is read changes when they are dropped. So what no checkpoint vouches for is written once
    // more, from the very bytes that were checked (docs/decisions/2026-11-21-failed-syncs.md).
    if (covered) continue;
    if (auto done = scanner.file().write_at((*commit)->offset, (*commit)->bytes); !done) return done;
    written_again = true;
  }
  return written_again ? scanner.file().sync_data() : Result<>();
}

Result<> Ledger::replay_commit(SegmentNumber segment, const SegmentScanner::Commit& commit, Sequence oldest_open,
                               bool& covered) {
  ByteView rest = commit.payload;
  for (std::uint32_t i = 0; i < commit.header.entry_count; ++i) {
    const auto place = static_cast<std::uint64_t>(rest.data() - commit.payload.data());
    auto entry = take_entry(rest);
    if (!entry) return Error(Errc::kCorrupt, entry.error().message());
    if (entry->header.log >= logs_.size()) return Error(Errc::kCorrupt, "an entry names no log");
    internal::Log& log = logs_[entry->header.log];
    covered = covered && entry->header.index < log.covered();
    const Position position{segment, static_cast<std::uint32_t>(commit.offset + kCommitHeaderSize + place)};
    const Sequence sequence = commit.header.first + i;
    if (auto done = log.replay(entry->header, entry->leaf, position, sequence, sequence >= oldest_open); !done) {
      return done;
    }
  }
  if (!rest.empty()) return Error(Errc::kCorrupt, "a commit is longer than its entries");
  return {};
}

// The scanner is at the end of the last segment: where the next commit goes.
Result<> Ledger::go_on_after(SegmentScanner& scanner) {
  const std::uint64_t end = scanner.offset();
  salt_ = scanner.header().salt;
  auto torn = scanner.torn();
  if (!torn) return torn.error();
  auto followed = scanner.followed();
  if (!followed) return followed.error();
  if (*followed) {
    return Error(Errc::kCorrupt, "segment `" + segment_name(segments_ - 1) + "` is damaged after entry " +
                                     std::to_string(committed_) + ": a whole commit follows");
  }
  if (auto done = check_against_checkpoints(end); !done) return done;
  if (*torn) {
    if (auto done = clear_torn_tail(scanner.file(), end); !done) return done;
  }
  auto file = fs_.open_direct(segment_path(segments_ - 1), OpenMode::kReadWrite);
  if (!file) return file.error();
  auto size = (*file)->size();
  if (!size) return size.error();
  const auto block = std::make_unique<DirectBlock>();
  if (auto n = (*file)->read_at(end / kDirectBlockSize * kDirectBlockSize, *block); !n) return n.error();
  writer_->attach(*std::move(file), *size, end, ByteView(*block).first(end % kDirectBlockSize), 0);
  return {};
}

// Whether segments and checkpoints are of one time. The segments, which end at `end` of the last one, must hold the
// last entry under each checkpoint; otherwise they were cut, or are older than it. And every entry of theirs must be in
// one log's tree by now, under its checkpoint or just replayed; otherwise a checkpoint is gone, or older than they are.
Result<> Ledger::check_against_checkpoints(std::uint64_t end) {
  std::unique_ptr<File> file;
  SegmentNumber open_segment = 0;
  Sequence in_trees = 0;
  for (LogNumber number = 0; number < logs_.size(); ++number) {
    internal::Log& log = logs_[number];
    in_trees += log.committed();
    auto position = log.last_covered();
    if (!position) return position.error();
    if (!*position) continue;
    const auto [segment, offset] = **position;
    const Error missing(Errc::kCorrupt, "the segments end before entry " + std::to_string(log.covered() - 1) + " of `" +
                                            log.origin() + "`, which its checkpoint covers");
    if (segment >= segments_ || (segment + 1 == segments_ && offset >= end)) return missing;
    if (file == nullptr || open_segment != segment) {
      auto opened = fs_.open(segment_path(segment), OpenMode::kReadOnly);
      if (!opened) return opened.error();
      file = *std::move(opened);
      open_segment = segment;
    }
    std::array<std::byte, kEntryHeaderSize> bytes{};
    const auto n = file->read_at(offset, bytes);
    if (!n) return n.error();
    auto header = load_entry_header(bytes);
    if (*n != bytes.size() || !header || header->log != number || header->index + 1 != log.covered()) return missing;
    log.go_on_after(*header);
  }
  if (in_trees != committed_) {
    return Error(Errc::kCorrupt, "the segments hold " + std::to_string(committed_) + " entries, the logs " +
                                     std::to_string(in_trees) + ": a checkpoint is missing, or older than it was");
  }
  return {};
}

// A commit that a crash cut short was never acknowledged. Its bytes are zeroed, so that they can never be taken for
// one.
Result<> Ledger::clear_torn_tail(File& segment, std::uint64_t end) {
  auto size = segment.size();
  if (!size) return size.error();
  log::warning("ledger", "a commit that was cut short and never acknowledged is removed",
               {{"after_entry", committed_}, {"offset", end}});
  const std::uint64_t reach = std::min(*size, end + kCommitHeaderSize + kMaxCommitPayloadBytes);
  const Bytes zeros(std::min<std::uint64_t>(kPieceBytes, reach - end));
  for (std::uint64_t at = end; at < reach; at += zeros.size()) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), reach - at));
    if (auto done = segment.write_at(at, ByteView(zeros).first(n)); !done) return done;
  }
  return segment.sync_data();
}

}  // namespace redoubt::ledger
