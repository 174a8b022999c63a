// `redoubt ledger follow`: prints records as they are published, each one proven to be in the log.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <utility>

#include "base/file.h"
#include "encoding/base64.h"
#include "encoding/json_reader.h"
#include "ledger/reader.h"
#include "redoubt/commands.h"
#include "redoubt/fetch.h"
#include "redoubt/layout.h"
#include "redoubt/output.h"
#include "redoubt/standing.h"
#include "tlog/follower.h"

namespace redoubt::app {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLookEveryFolder{200};
constexpr milliseconds kLookEveryServer{1'000};
constexpr milliseconds kFirstRetry{200};
constexpr milliseconds kLongestRetry{5'000};
constexpr std::uint64_t kRecordsOfARead = 2;  // that a server adds to the log for a read of entries

volatile std::sig_atomic_t stop_asked = 0;

// The second signal ends the program at once.
void stop_on_signals() {
  struct sigaction action{};
  action.sa_handler = [](int) { stop_asked = 1; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

// Waits, but no longer than until a signal says stop.
void wait(milliseconds time) {
  const auto end = Clock::now() + time;
  while (stop_asked == 0 && Clock::now() < end) {
    std::this_thread::sleep_for(std::min<Clock::duration>(milliseconds(50), end - Clock::now()));
  }
}

// A log's files below a folder of a server, counting what it read there that becomes records.
class ServerLog final : public tlog::ResourceReader {
 public:
  ServerLog(std::unique_ptr<Fetcher> fetcher, std::string prefix)
      : fetcher_(std::move(fetcher)), reader_(*fetcher_), prefix_(std::move(prefix)) {}

  Result<Bytes> fetch(const std::string& path, std::uint64_t limit) override {
    auto bytes = reader_.fetch(prefix_ + path, limit);
    if (bytes && path.starts_with("tile/entries/")) ++entry_reads_;
    return bytes;
  }
  // Since the last call.
  std::uint64_t take_entry_reads() { return std::exchange(entry_reads_, 0); }

 private:
  std::unique_ptr<Fetcher> fetcher_;
  HttpResourceReader reader_;
  std::string prefix_;
  std::uint64_t entry_reads_ = 0;
};

bool is_one_line_json(ByteView record) {
  const std::string_view text = as_chars(record);
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; })) return false;
  encoding::JsonReader reader({.max_bytes = 64 * 1024, .max_depth = 64});
  return reader.parse(text).has_value();
}

// Whether trying again may help: the server restarts, a disk hiccups, a file is not there yet.
bool may_pass(const Error& error) {
  switch (error.code()) {
    case Errc::kVerifyFailed:
    case Errc::kPermissionDenied:
    case Errc::kUnauthenticated:
    case Errc::kInvalidArgument:
    case Errc::kUnsupported:
      return false;
    default:
      return true;
  }
}

class Follow {
 public:
  Follow(const Common& common, const LedgerAccess& access, const FollowOptions& options)
      : common_(common), access_(access), options_(options) {}

  int run() {
    auto done = follow();
    if (follower_) std::fprintf(stderr, "next index %llu\n", static_cast<unsigned long long>(next_));
    if (!done) return report(done.error(), common_.json);
    return kSuccess;
  }

 private:
  Result<> follow() {
    auto key = verifier_key(common_, access_);
    if (!key) return key.error();
    if (auto opened = open_log(); !opened) return opened;
    const std::string origin = key->name();
    follower_ = std::make_unique<tlog::LogFollower>(std::vector{*std::move(key)}, origin);
    next_ = options_.from.value_or(0);
    stop_on_signals();
    while (stop_asked == 0 && !at_end()) {
      if (auto done = round(); !done) {
        if (auto told = tell_fork(); !told) return told;
        if (auto passed = wait_to_retry(done.error()); !passed) return passed;
        continue;
      }
      failing_since_.reset();
      retry_ = kFirstRetry;
      if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) return Error(Errc::kIo, "the output was closed");
      if (!at_end()) wait(server_ == nullptr ? kLookEveryFolder : kLookEveryServer);
    }
    return {};
  }

  Result<> open_log() {
    if (access_.url.empty()) {
      if (!ledger::LedgerReader::is_ledger(fs_, Layout(common_.dir).ledger())) {
        return Error(Errc::kNotFound, "no ledger in `" + common_.dir + "`; give --dir or --url");
      }
      return {};
    }
    const char* from_environment = std::getenv("REDOUBT_KEY");
    const std::string key = !access_.key.empty() || from_environment == nullptr ? access_.key : from_environment;
    auto fetcher = Fetcher::create(access_.url, key, trust_anchors(common_, access_.ca_file, false));
    if (!fetcher) return fetcher.error();
    server_ = std::make_unique<ServerLog>(*std::move(fetcher),
                                          access_.tenant.empty() ? "ledger/" : "ledger/t/" + access_.tenant + "/");
    return {};
  }

  // One look at the log: what is new is verified and printed.
  Result<> round() {
    // A folder's files may have been replaced since: opened anew each time.
    std::unique_ptr<ledger::LedgerReader> folder;
    if (server_ == nullptr) {
      folder = std::make_unique<ledger::LedgerReader>(fs_, Layout(common_.dir).ledger(), access_.tenant);
    }
    tlog::ResourceReader& log = server_ == nullptr ? static_cast<tlog::ResourceReader&>(*folder) : *server_;
    if (auto grown = follower_->advance(log); !grown) {
      if (grown.error().code() != Errc::kNotFound || !follower_->note().empty()) return grown.error();
      if (!std::exchange(told_empty_, true)) std::fprintf(stderr, "redoubt: the log has no checkpoint yet; waiting\n");
      return {};
    }
    if (!started_) {
      next_ = options_.from.value_or(follower_->size().value);
      if (next_ > follower_->size().value) return {};  // `--from` lies ahead
      if (auto done = follower_->start_at(log, {next_}); !done) return done;
      started_ = true;
      std::fprintf(stderr, "redoubt: following from %llu; %s\n", static_cast<unsigned long long>(next_),
                   std::string(kFreshnessNotAsked).c_str());
    }
    if (only_own_reads()) return {};
    while (stop_asked == 0 && !at_end()) {
      auto count = follower_->read(
          log, [this](tlog::LeafIndex index, const tlog::Hash& leaf, ByteView entry) { print(index, leaf, entry); });
      if (!count) return count.error();
      if (*count == 0) break;
      own_records_ -= std::min<std::uint64_t>(own_records_, *count);
      if (std::ferror(stdout) != 0) break;
    }
    // They come behind the checkpoint under which was read.
    if (server_ != nullptr) own_records_ += kRecordsOfARead * server_->take_entry_reads();
    return {};
  }

  // A server records each read of entries in the log that is read, so that whoever follows it would follow himself for
  // ever. What was not read yet is left alone while it can all be the records of reads of ours.
  bool only_own_reads() const {
    const bool enough = options_.until && follower_->size().value >= *options_.until;
    return !enough && follower_->size().value - follower_->next() <= own_records_;
  }

  bool at_end() const { return options_.until && next_ >= *options_.until; }

  void print(tlog::LeafIndex index, const tlog::Hash& leaf, ByteView entry) {
    if (at_end()) return;
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("index", index.value);
    json.member("leaf", encoding::base64(leaf));
    if (is_one_line_json(entry)) {
      json.key("record");
      json.raw(as_chars(entry));
    } else {
      json.member("entry", encoding::base64(entry));
    }
    json.end_object();
    out += '\n';
    if (std::fwrite(out.data(), 1, out.size(), stdout) == out.size()) next_ = index.value + 1;
  }

  // Where a fork is proven, the proof goes to a file.
  Result<> tell_fork() {
    if (!follower_->fork() || options_.fork_proof_file.empty()) return {};
    const auto text = tlog::format_fork_proof(*follower_->fork());
    if (!text) return text.error();
    if (auto done = write_file_atomically(fs_, options_.fork_proof_file, as_bytes(*text)); !done) return done;
    std::fprintf(stderr, "fork proof written to %s\n", options_.fork_proof_file.c_str());
    return {};
  }

  Result<> wait_to_retry(const Error& error) {
    const auto now = Clock::now();
    if (!failing_since_) failing_since_ = now;
    if (!may_pass(error) || now - *failing_since_ >= std::chrono::seconds(options_.retry_seconds)) return error;
    if (*failing_since_ == now) std::fprintf(stderr, "redoubt: %s; trying again\n", error.message().c_str());
    std::fflush(stdout);
    wait(retry_);
    retry_ = std::min(retry_ * 2, kLongestRetry);
    return {};
  }

  const Common& common_;
  const LedgerAccess& access_;
  const FollowOptions& options_;
  PosixFileSystem fs_;
  std::unique_ptr<ServerLog> server_;  // null: the folder
  std::unique_ptr<tlog::LogFollower> follower_;
  bool started_ = false;
  bool told_empty_ = false;
  std::uint64_t next_ = 0;         // index of the first record that was not printed
  std::uint64_t own_records_ = 0;  // at most this many of those to come are of reads of ours
  std::optional<Clock::time_point> failing_since_;
  milliseconds retry_ = kFirstRetry;
};

}  // namespace

int run_ledger_follow(const Common& common, const LedgerAccess& access, const FollowOptions& options) {
  return Follow(common, access, options).run();
}

}  // namespace redoubt::app
