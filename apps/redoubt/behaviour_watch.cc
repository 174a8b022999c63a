#include "redoubt/behaviour_watch.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "behaviour/hash_key.h"
#include "behaviour/signal_reader.h"
#include "crypto/sha256.h"
#include "ledger/commit_tail.h"
#include "redoubt/behaviour/detection.h"
#include "redoubt/entry_features.h"
#include "tlog/hash.h"

namespace redoubt::app {
namespace {

constexpr std::array<std::byte, 4> kMagic = {std::byte{'R'}, std::byte{'D'}, std::byte{'B'}, std::byte{'W'}};
constexpr std::uint32_t kVersion = 2;
constexpr std::size_t kDigestSize = std::tuple_size_v<crypto::Sha256Digest>;
constexpr std::uint64_t kMaxSnapshotBytes = std::uint64_t{8} << 30;
constexpr std::uint64_t kMaxReloadBytes = std::uint64_t{32} << 20;  // of the file of signals, from its end
constexpr std::size_t kStepsBeforeTelling = 256;                    // commits
constexpr std::chrono::seconds kFlushPatience{10};                  // for signals that are to be answered
constexpr std::size_t kLoggedAMinute = 60;                          // signals of high severity

// What stands before the detection's bytes in a snapshot, little-endian; SHA-256 of all of it stands behind them.
struct Head {
  std::uint64_t next = 0;   // sequence of the entry that comes next; above 0
  tlog::Hash last{};        // leaf hash of the one before
  std::uint64_t size = 0;   // of the file of signals, bytes
  std::uint64_t count = 0;  // signals in it
  std::array<std::uint64_t, 2> hash_key{};
};
constexpr std::size_t kHeadSize = 4 + 4 + 8 + 32 + 8 + 8 + 16;

void store_head(MutableByteView out, const Head& head) {
  std::ranges::copy(kMagic, out.begin());
  store_le(out.subspan(4, 4), kVersion);
  store_le(out.subspan(8, 8), head.next);
  std::ranges::copy(head.last, out.subspan(16, 32).begin());
  store_le(out.subspan(48, 8), head.size);
  store_le(out.subspan(56, 8), head.count);
  store_le(out.subspan(64, 8), head.hash_key[0]);
  store_le(out.subspan(72, 8), head.hash_key[1]);
}

Result<Head> load_head(ByteView bytes) {
  if (bytes.size() < kHeadSize + kDigestSize || !std::ranges::equal(bytes.first(4), kMagic)) {
    return Error(Errc::kCorrupt, "it is no snapshot");
  }
  if (load_le<std::uint32_t>(bytes.subspan(4, 4)) != kVersion) {
    return Error(Errc::kUnsupported, "it is of another version");
  }
  const auto digest = crypto::sha256(bytes.first(bytes.size() - kDigestSize));
  if (!std::ranges::equal(digest, bytes.last(kDigestSize))) return Error(Errc::kCorrupt, "it is damaged");
  Head head{.next = load_le<std::uint64_t>(bytes.subspan(8, 8)),
            .size = load_le<std::uint64_t>(bytes.subspan(48, 8)),
            .count = load_le<std::uint64_t>(bytes.subspan(56, 8)),
            .hash_key = {load_le<std::uint64_t>(bytes.subspan(64, 8)), load_le<std::uint64_t>(bytes.subspan(72, 8))}};
  std::ranges::copy(bytes.subspan(16, 32), head.last.begin());
  if (head.next == 0) return Error(Errc::kCorrupt, "it is of no entry");
  return head;
}

}  // namespace

// From the opening of the files to the first failure.
class BehaviourWatch::Reading final : public behaviour::SignalSink {
 public:
  explicit Reading(BehaviourWatch& watch)
      : watch_(watch),
        folder_(watch.settings_.folder),
        features_(watch.fs_, watch.settings_.features),
        rules_(watch.fs_, watch.settings_.bundles) {}

  Result<> open();
  // Reads a commit. Whether there was one.
  Result<bool> step();
  Result<> save();

  bool has_more_than_saved() const { return detection_ && detection_->next_index() > saved_; }
  admin::BehaviourProgress progress() const;

  void take(behaviour::Signal signal) override {
    behaviour::append_signal(lines_, signal);
    lines_ += '\n';
    if (signal.severity >= behaviour::Severity::kHigh) {
      log_signal(signal);
    }
    if (watch_.settings_.feed != nullptr) watch_.settings_.feed->give(signal);
    watch_.keep(head_.count++, std::move(signal));
  }

 private:
  Detection::Options options() {
    return {.engine = {.hash_key = head_.hash_key}, .rules = &rules_, .observer = watch_.settings_.feed};
  }
  void log_signal(const behaviour::Signal& signal);
  Result<> take_up();
  Result<> begin_anew();
  Result<> reload_signals();
  Result<> consume(const ledger::CommitTail::Commit& commit);
  std::string path(const char* name) const { return folder_ + "/" + name; }

  BehaviourWatch& watch_;
  const std::string folder_;
  behaviour::FeatureOpener features_;
  std::unique_ptr<File> file_;  // signals
  KeptRules rules_;
  std::optional<Detection> detection_;
  std::optional<ledger::CommitTail> tail_;
  Head head_;          // as it would be saved now, but for `size`, which is what is in the file
  std::string lines_;  // signals that are not in the file yet
  std::uint64_t saved_ = 0;
  std::string rules_problem_;  // told last
  std::chrono::steady_clock::time_point minute_{};
  std::size_t logged_ = 0;  // in this minute
};

// A flood of signals is no flood of the log: where they stand is said instead.
void BehaviourWatch::Reading::log_signal(const behaviour::Signal& signal) {
  const auto now = std::chrono::steady_clock::now();
  if (now - minute_ >= std::chrono::minutes(1)) {
    minute_ = now;
    logged_ = 0;
  }
  if (++logged_ > kLoggedAMinute) {
    if (logged_ == kLoggedAMinute + 1) {
      log::warning("behaviour", "more signals of this minute are not in the log: `redoubt behaviour signals` has them");
    }
    return;
  }
  log::warning("behaviour", signal.message, {{"rule", signal.rule}, {"key", signal.key}, {"entry", signal.index}});
}

Result<> BehaviourWatch::Reading::open() {
  if (auto done = watch_.fs_.make_directory(folder_); !done) return done;
  auto file = watch_.fs_.open(path("signals.jsonl"), OpenMode::kCreateReadWrite);
  if (!file) return file.error();
  file_ = *std::move(file);
  Result<> done = take_up();
  if (done) done = reload_signals();
  if (done) return {};
  if (done.error().code() != Errc::kNotFound) {
    log::warning("behaviour", "the snapshot cannot be used: everything is read again",
                 {{"why", done.error().message()}});
  }
  return begin_anew();
}

// Goes on from the snapshot; an error when it is of no use.
Result<> BehaviourWatch::Reading::take_up() {
  auto bytes = read_file(watch_.fs_, path("engine"), kMaxSnapshotBytes);
  if (!bytes) return bytes.error();
  auto head = load_head(*bytes);
  if (!head) return head.error();
  const auto size = file_->size();
  if (!size) return size.error();
  if (*size < head->size) return Error(Errc::kCorrupt, "signals are missing");
  const ByteView state = ByteView(*bytes).subspan(kHeadSize, bytes->size() - kHeadSize - kDigestSize);
  head_ = *head;
  auto detection = Detection::restore(state, options());
  if (!detection) return detection.error();
  if (detection->next_index() != head->next) return Error(Errc::kCorrupt, "it is of another entry than it says");

  // The entry that it was made after must be the ledger's.
  auto tail = ledger::CommitTail::open(watch_.fs_, watch_.settings_.ledger_directory, head->next - 1);
  if (!tail) return tail.error();
  auto commit = tail->next();
  if (!commit) return commit.error();
  if (!*commit) return Error(Errc::kCorrupt, "it is ahead of the ledger");
  std::uint64_t sequence = (*commit)->header.first;
  ByteView rest = (*commit)->payload;
  for (; sequence < head->next; ++sequence) {
    auto entry = ledger::take_entry(rest);
    if (!entry) return entry.error();
    if (sequence + 1 == head->next && tlog::leaf_hash(entry->leaf) != head->last) {
      return Error(Errc::kCorrupt, "it was made of other entries than the ledger has");
    }
  }
  auto following = ledger::CommitTail::open(watch_.fs_, watch_.settings_.ledger_directory, head->next);
  if (!following) return following.error();
  if (auto done = file_->truncate(head->size); !done) return done;
  detection_ = *std::move(detection);
  tail_ = *std::move(following);
  saved_ = head_.next;
  return {};
}

Result<> BehaviourWatch::Reading::begin_anew() {
  auto tail = ledger::CommitTail::open(watch_.fs_, watch_.settings_.ledger_directory, 0);
  if (!tail) return tail.error();
  auto first = tail->next();
  if (!first) return first.error();
  if (!*first) return Error(Errc::kNotFound, "the ledger has no entries yet");
  ByteView rest = (*first)->payload;
  const auto entry = ledger::take_entry(rest);
  if (!entry) return entry.error();
  head_ = {.hash_key = behaviour::hash_key_of(entry->leaf)};
  auto again = ledger::CommitTail::open(watch_.fs_, watch_.settings_.ledger_directory, 0);
  if (!again) return again.error();
  tail_ = *std::move(again);
  saved_ = 0;
  watch_.forget_signals();
  detection_.emplace(options());
  return file_->truncate(0);
}

// The last signals in the file, for whoever asks.
Result<> BehaviourWatch::Reading::reload_signals() {
  const std::uint64_t begin = head_.size > kMaxReloadBytes ? head_.size - kMaxReloadBytes : 0;
  Bytes bytes(head_.size - begin);
  const auto n = file_->read_at(begin, bytes);
  if (!n) return n.error();
  std::string_view text = as_chars(ByteView(bytes).first(*n));
  if (begin > 0) text.remove_prefix(std::min(text.find('\n') + 1, text.size()));
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (lines.size() > head_.count) return Error(Errc::kCorrupt, "there are more signals than the snapshot says");
  for (std::size_t i = lines.size() - std::min(lines.size(), kSignalsKept); i < lines.size(); ++i) {
    auto signal = behaviour::read_signal(lines[i]);
    if (!signal) return signal.error();
    watch_.keep(head_.count - lines.size() + i, *std::move(signal));
  }
  return {};
}

Result<> BehaviourWatch::Reading::consume(const ledger::CommitTail::Commit& commit) {
  std::uint64_t sequence = commit.header.first;
  std::optional<ByteView> last;
  for (ByteView rest = commit.payload; !rest.empty(); ++sequence) {
    auto entry = ledger::take_entry(rest);
    if (!entry) return entry.error();
    if (sequence < detection_->next_index()) continue;
    const auto features = open_features(features_, *entry);
    if (!features) return features.error();
    if (auto done = detection_->consume(sequence, entry->leaf, *features ? &**features : nullptr, *this); !done) {
      return done;
    }
    last = entry->leaf;
    head_.next = sequence + 1;
  }
  if (last) head_.last = tlog::leaf_hash(*last);
  if (rules_problem_ != detection_->rules_problem()) {
    rules_problem_ = detection_->rules_problem();
    if (!rules_problem_.empty()) {
      log::error("behaviour", "the rules of the bundle in force do not run, and the program's do instead",
                 {{"why", rules_problem_}});
    }
  }
  if (lines_.empty()) return {};
  if (auto done = file_->write_at(head_.size, as_bytes(lines_)); !done) return done;
  head_.size += lines_.size();
  lines_.clear();
  return {};
}

Result<bool> BehaviourWatch::Reading::step() {
  auto commit = tail_->next();
  if (!commit) return commit.error();
  if (!*commit) return false;
  if (auto done = consume(**commit); !done) return done.error();
  return true;
}

Result<> BehaviourWatch::Reading::save() {
  if (!has_more_than_saved()) return {};
  if (SignalFeed* const feed = watch_.settings_.feed; feed != nullptr && !feed->flush(kFlushPatience)) return {};
  if (auto done = file_->sync_data(); !done) return done;
  const Bytes state = detection_->save();
  Bytes out(kHeadSize + state.size() + kDigestSize);
  store_head(MutableByteView(out).first(kHeadSize), head_);
  std::ranges::copy(state, out.begin() + kHeadSize);
  const auto digest = crypto::sha256(ByteView(out).first(kHeadSize + state.size()));
  std::ranges::copy(digest, out.end() - static_cast<std::ptrdiff_t>(digest.size()));
  if (auto done = write_file_atomically(watch_.fs_, path("engine"), out); !done) return done;
  saved_ = head_.next;
  return {};
}

admin::BehaviourProgress BehaviourWatch::Reading::progress() const {
  const behaviour::Engine& engine = detection_->engine();
  const behaviour::EngineStats& stats = engine.stats();
  return {.running = true,
          .why = {},
          .entries = detection_->next_index(),
          .unread = stats.unread,
          .signals = head_.count,
          .profiles = engine.principals(),
          .evicted = stats.evicted,
          .memory_bytes = engine.memory_bytes() + detection_->rules()->state().bytes,
          .time_ms = engine.time().value};
}

// ------------------------------------------------------------------------------------------------------------ thread

void BehaviourWatch::start() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "behaviour");
    run();
  });
}

void BehaviourWatch::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void BehaviourWatch::run() {
  using SteadyClock = std::chrono::steady_clock;
  bool go_on = true;
  std::string told;
  while (go_on) {
    Reading reading(*this);
    Result<> done = reading.open();
    auto next_save = SteadyClock::now() + settings_.save_interval;
    std::size_t untold = 0;
    while (done && go_on) {
      const auto found = reading.step();
      if (!found) {
        done = found.error();
        break;
      }
      if (!*found || ++untold == kStepsBeforeTelling) {
        tell(reading.progress());
        untold = 0;
        told.clear();
        go_on = wait(*found ? std::chrono::milliseconds(0) : settings_.idle);
      }
      if (SteadyClock::now() >= next_save || !go_on) {
        done = reading.save();
        next_save = SteadyClock::now() + settings_.save_interval;
      }
    }
    if (done) continue;
    if (told != done.error().message()) {
      told = done.error().message();
      log::error("behaviour", "records are not being watched", {{"why", told}});
    }
    {
      const std::lock_guard lock(mutex_);
      progress_.running = false;
      progress_.why = told;
    }
    forget_signals();
    go_on = wait(settings_.retry);
  }
}

bool BehaviourWatch::wait(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [this] { return stopping_; });
}

void BehaviourWatch::keep(std::uint64_t number, behaviour::Signal signal) {
  const std::lock_guard lock(mutex_);
  if (signals_.size() == kSignalsKept) signals_.pop_front();
  signals_.push_back({.number = number, .signal = std::move(signal)});
}

void BehaviourWatch::forget_signals() {
  const std::lock_guard lock(mutex_);
  signals_.clear();
}

void BehaviourWatch::tell(const admin::BehaviourProgress& progress) {
  const std::lock_guard lock(mutex_);
  progress_ = progress;
}

// ----------------------------------------------------------------------------------------------------------- outside

std::vector<admin::NumberedSignal> BehaviourWatch::signals(const admin::SignalFilter& filter, std::uint64_t before,
                                                           std::size_t limit) {
  std::vector<admin::NumberedSignal> out;
  const std::lock_guard lock(mutex_);
  for (auto at = signals_.rbegin(); at != signals_.rend() && out.size() < limit; ++at) {
    const behaviour::Signal& signal = at->signal;
    if (at->number >= before || signal.severity < filter.least) continue;
    if ((filter.rule && signal.rule != *filter.rule) || (filter.key && signal.key != *filter.key)) continue;
    out.push_back(*at);
  }
  return out;
}

admin::BehaviourProgress BehaviourWatch::progress() {
  const std::lock_guard lock(mutex_);
  return progress_;
}

}  // namespace redoubt::app
