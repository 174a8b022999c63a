#include "ledger/stats.h"

#include "ledger/segment.h"
#include "tlog/checkpoint.h"

namespace redoubt::ledger {
namespace {

constexpr unsigned kHashLevels = 8;

// 0 for a file that is not there.
Result<std::uint64_t> size_of(FileSystem& fs, const std::string& path) {
  const auto file = fs.open(path, OpenMode::kReadOnly);
  if (!file && file.error().code() == Errc::kNotFound) return std::uint64_t{0};
  if (!file) return file.error();
  return (*file)->size();
}

Result<> add_size(FileSystem& fs, const std::string& path, std::uint64_t& total) {
  const auto size = size_of(fs, path);
  if (!size) return size.error();
  total += *size;
  return {};
}

Result<> read_checkpoint(FileSystem& fs, const std::string& path, LogStats& log) {
  const auto bytes = read_file(fs, path, tlog::kMaxNoteSize);
  if (!bytes) return bytes.error().code() == Errc::kNotFound ? Result<>() : bytes.error();
  const auto note = tlog::parse_note(as_chars(*bytes));
  if (!note) return note.error().in("`" + path + "`");
  const auto checkpoint = tlog::parse_checkpoint(note->text);
  if (!checkpoint) return checkpoint.error().in("`" + path + "`");
  log.published = checkpoint->size.value;
  log.checkpoint_bytes = bytes->size();
  return {};
}

Result<> count_files(FileSystem& fs, const std::string& directory, const std::vector<std::string>& tenants,
                     LedgerStats& stats) {
  for (LogNumber number = 0; number <= tenants.size(); ++number) {
    LogStats log;
    if (number != kSystemLog) log.tenant = tenants[number - 1];
    const std::string folder = log_directory(directory, log.tenant);
    if (auto done = read_checkpoint(fs, folder + "/checkpoint", log); !done) return done;
    for (unsigned level = 0; level < kHashLevels; ++level) {
      if (auto done = add_size(fs, folder + "/hashes/" + std::to_string(level), stats.hash_file_bytes); !done) {
        return done;
      }
    }
    if (auto done = add_size(fs, folder + "/positions", stats.position_file_bytes); !done) return done;
    stats.logs.push_back(std::move(log));
  }
  return add_size(fs, directory + "/spare.seg", stats.spare_file_bytes);
}

Result<> count_commit(const SegmentScanner::Commit& commit, LedgerStats& stats) {
  ++stats.commits;
  ByteView rest = commit.payload;
  for (std::uint32_t i = 0; i < commit.header.entry_count; ++i) {
    const auto entry = take_entry(rest);
    if (!entry) return Error(Errc::kCorrupt, entry.error().message());
    if (entry->header.log >= stats.logs.size()) return Error(Errc::kCorrupt, "an entry names no log");
    LogStats& log = stats.logs[entry->header.log];
    ++log.entries;
    log.stored_bytes += entry->size();
    log.leaf_bytes += entry->leaf.size();
    log.opening_bytes += entry->sealed_opening.size();
    if (!log.first_commit_ms) log.first_commit_ms = commit.header.time_ms;
    log.last_commit_ms = commit.header.time_ms;
    ++stats.entries;
    stats.stored_bytes += entry->size();
    stats.opening_bytes += entry->sealed_opening.size();
  }
  return {};
}

bool is_there(FileSystem& fs, const std::string& path) {
  return fs.open(path, OpenMode::kReadOnly).has_value();
}

// Whether there is a further segment.
Result<bool> count_segment(FileSystem& fs, const std::string& directory, SegmentNumber number, LedgerStats& stats) {
  const std::string folder = directory + "/segments/";
  auto file = fs.open(folder + segment_name(number), OpenMode::kReadOnly);
  if (!file) return file.error();
  auto scanner = SegmentScanner::open(*std::move(file), number);
  if (!scanner) return scanner.error();
  if (scanner->header().first != stats.entries)
    return Error(Errc::kCorrupt, "entries before it are missing or damaged");
  ++stats.segments;
  stats.segment_file_bytes += scanner->file_size();
  // What a segment holds is complete once there is a further one: only then the last look.
  for (bool further = false;;) {
    const auto commit = scanner->next();
    if (!commit) return commit.error();
    if (*commit) {
      if (auto done = count_commit(**commit, stats); !done) return done.error();
      continue;
    }
    if (further) return true;
    further = is_there(fs, folder + segment_name(number + 1));
    if (!further) return false;
  }
}

}  // namespace

Result<LedgerStats> ledger_stats(FileSystem& fs, const std::string& directory) {
  if (const auto segments = fs.list(directory + "/segments"); !segments) {
    return segments.error().in("no ledger in `" + directory + "`");
  }
  const auto tenants = read_tenants(fs, directory);
  if (!tenants) return tenants.error();
  LedgerStats stats;
  if (auto done = count_files(fs, directory, *tenants, stats); !done) return done.error();
  bool further = is_there(fs, directory + "/segments/" + segment_name(0));
  for (SegmentNumber number = 0; further; ++number) {
    const auto counted = count_segment(fs, directory, number, stats);
    if (!counted) return counted.error().in("segment `" + segment_name(number) + "`");
    further = *counted;
  }
  for (const LogStats& log : stats.logs) {
    if (log.entries >= log.published) continue;
    return Error(Errc::kCorrupt, "the segments end before entry " + std::to_string(log.published - 1) + " of a log, " +
                                     "which its checkpoint covers");
  }
  return stats;
}

}  // namespace redoubt::ledger
