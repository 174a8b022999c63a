// `redoubt ledger stats`: what a ledger holds, in numbers.
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <optional>

#include "base/clock.h"
#include "ledger/stats.h"
#include "redoubt/commands.h"
#include "redoubt/ledger_folder.h"

namespace redoubt::app {
namespace {

using ledger::LedgerStats;
using ledger::LogStats;

unsigned long long n(std::uint64_t value) {
  return value;
}

double per(std::uint64_t amount, std::uint64_t count) {
  return count == 0 ? 0 : static_cast<double>(amount) / static_cast<double>(count);
}

std::string time_text(std::int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + length, sizeof text - length, ".%03dZ", static_cast<int>(unix_ms % 1000));
  return text;
}

// Seconds since the file was replaced; nothing when there is none.
std::optional<double> age_seconds(const std::string& path) {
  std::error_code failed;
  const auto written = std::filesystem::last_write_time(path, failed);
  if (failed) return std::nullopt;
  return std::chrono::duration<double>(std::filesystem::file_time_type::clock::now() - written).count();
}

std::string_view log_name(const LogStats& log) {
  return log.tenant.empty() ? ledger::kSystemLogName : std::string_view(log.tenant);
}

std::string checkpoint_path(const std::string& directory, const LogStats& log) {
  return ledger::log_directory(directory, log.tenant) + "/checkpoint";
}

std::uint64_t file_bytes(const LedgerStats& stats) {
  return stats.segment_file_bytes + stats.hash_file_bytes + stats.position_file_bytes + stats.spare_file_bytes;
}

void print(const LedgerStats& stats, const std::string& directory) {
  std::printf("entries     %llu in %llu commits: %.1f a commit, %.0f bytes each\n", n(stats.entries), n(stats.commits),
              per(stats.entries, stats.commits), per(stats.stored_bytes, stats.entries));
  std::printf("openings    %llu bytes, %.1f%% of what entries take\n", n(stats.opening_bytes),
              100 * per(stats.opening_bytes, stats.stored_bytes));
  std::printf("disk        %llu bytes: %llu segments %llu, hashes %llu, positions %llu, spare %llu\n",
              n(file_bytes(stats)), n(stats.segments), n(stats.segment_file_bytes), n(stats.hash_file_bytes),
              n(stats.position_file_bytes), n(stats.spare_file_bytes));
  for (const LogStats& log : stats.logs) {
    std::printf("\nlog         %s\n", std::string(log_name(log)).c_str());
    std::printf("entries     %llu, %llu bytes, %.0f each\n", n(log.entries), n(log.stored_bytes),
                per(log.stored_bytes, log.entries));
    if (log.first_commit_ms && log.last_commit_ms) {
      std::printf("commits     from %s to %s\n", time_text(*log.first_commit_ms).c_str(),
                  time_text(*log.last_commit_ms).c_str());
    }
    if (const auto age = age_seconds(checkpoint_path(directory, log))) {
      std::printf("checkpoint  of %llu entries, %llu bytes, %.1f s old; %llu entries beyond it\n", n(log.published),
                  n(log.checkpoint_bytes), *age, n(log.uncovered()));
    } else {
      std::printf("checkpoint  none; %llu entries beyond it\n", n(log.uncovered()));
    }
  }
}

void write(encoding::JsonWriter& json, const LogStats& log, const std::string& directory) {
  json.begin_object();
  json.member("log", log_name(log));
  json.member("entries", log.entries);
  json.member("published", log.published);
  json.member("unpublished", log.uncovered());
  json.member("stored_bytes", log.stored_bytes);
  json.member("leaf_bytes", log.leaf_bytes);
  json.member("opening_bytes", log.opening_bytes);
  json.member("bytes_per_entry", log.entries == 0 ? 0 : log.stored_bytes / log.entries);
  if (log.first_commit_ms && log.last_commit_ms) {
    json.member("first_commit_ms", *log.first_commit_ms);
    json.member("last_commit_ms", *log.last_commit_ms);
  }
  if (const auto age = age_seconds(checkpoint_path(directory, log))) {
    json.member("checkpoint_bytes", log.checkpoint_bytes);
    json.member("checkpoint_age_ms", static_cast<std::int64_t>(*age * 1000));
  }
  json.end_object();
}

void print_json(const LedgerStats& stats, const std::string& directory) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("entries", stats.entries);
  json.member("commits", stats.commits);
  json.member("segments", stats.segments);
  json.member("stored_bytes", stats.stored_bytes);
  json.member("opening_bytes", stats.opening_bytes);
  json.key("mean_commit_entries");
  char mean[32];
  std::snprintf(mean, sizeof mean, "%.2f", per(stats.entries, stats.commits));
  json.raw(mean);
  json.key("file_bytes");
  json.begin_object();
  json.member("segments", stats.segment_file_bytes);
  json.member("hashes", stats.hash_file_bytes);
  json.member("positions", stats.position_file_bytes);
  json.member("spare", stats.spare_file_bytes);
  json.end_object();
  json.key("logs");
  json.begin_array();
  for (const LogStats& log : stats.logs) write(json, log, directory);
  json.end_array();
  json.end_object();
  std::printf("%s\n", out.c_str());
}

}  // namespace

int run_ledger_stats(const Common& common, const std::string& where) {
  PosixFileSystem fs;
  const std::string directory = find_ledger(common, where).ledger;
  const auto stats = ledger::ledger_stats(fs, directory);
  if (!stats) return report(stats.error(), common.json);
  if (common.json) {
    print_json(*stats, directory);
  } else {
    print(*stats, directory);
  }
  return kSuccess;
}

}  // namespace redoubt::app
