#include "redoubt/behaviour_reading.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "behaviour/hash_key.h"
#include "crypto/sha256.h"
#include "redoubt/entry_features.h"

namespace redoubt::app {
namespace {

constexpr std::array<std::byte, 4> kMagic = {std::byte{'R'}, std::byte{'D'}, std::byte{'B'}, std::byte{'W'}};
constexpr std::uint32_t kVersion = 3;
constexpr std::size_t kDigestSize = std::tuple_size_v<crypto::Sha256Digest>;
constexpr std::size_t kHeadSize = 4 + 4 + 8 + 32 + 8 + 8 + 8 + 16;  // docs/formats/behaviour.md
constexpr std::uint64_t kMaxSnapshotBytes = std::uint64_t{8} << 30;
constexpr std::chrono::seconds kFlushPatience{10};  // for signals that are to be answered

}  // namespace

void BehaviourReading::store_head(MutableByteView out, const Head& head) {
  std::ranges::copy(kMagic, out.begin());
  store_le(out.subspan(4, 4), kVersion);
  store_le(out.subspan(8, 8), head.next);
  std::ranges::copy(head.last, out.subspan(16, 32).begin());
  store_le(out.subspan(48, 8), head.signals.segment);
  store_le(out.subspan(56, 8), head.signals.size);
  store_le(out.subspan(64, 8), head.signals.count);
  store_le(out.subspan(72, 8), head.hash_key[0]);
  store_le(out.subspan(80, 8), head.hash_key[1]);
}

Result<BehaviourReading::Head> BehaviourReading::load_head(ByteView bytes) {
  if (bytes.size() < kHeadSize + kDigestSize || !std::ranges::equal(bytes.first(4), kMagic)) {
    return Error(Errc::kCorrupt, "it is no snapshot");
  }
  if (load_le<std::uint32_t>(bytes.subspan(4, 4)) != kVersion) {
    return Error(Errc::kUnsupported, "it is of another version");
  }
  const auto digest = crypto::sha256(bytes.first(bytes.size() - kDigestSize));
  if (!std::ranges::equal(digest, bytes.last(kDigestSize))) return Error(Errc::kCorrupt, "it is damaged");
  Head head{.next = load_le<std::uint64_t>(bytes.subspan(8, 8)),
            .signals = {.segment = load_le<std::uint64_t>(bytes.subspan(48, 8)),
                        .size = load_le<std::uint64_t>(bytes.subspan(56, 8)),
                        .count = load_le<std::uint64_t>(bytes.subspan(64, 8))},
            .hash_key = {load_le<std::uint64_t>(bytes.subspan(72, 8)), load_le<std::uint64_t>(bytes.subspan(80, 8))}};
  std::ranges::copy(bytes.subspan(16, 32), head.last.begin());
  if (head.next == 0) return Error(Errc::kCorrupt, "it is of no entry");
  return head;
}

BehaviourReading::BehaviourReading(FileSystem& fs, const Clock& clock, const Settings& settings)
    : fs_(fs),
      clock_(clock),
      settings_(settings),
      features_(fs, settings.features),
      rules_(fs, settings.bundles),
      store_(fs, settings.folder + "/signals", settings.signals) {}

Detection::Options BehaviourReading::options() {
  return {.engine = {.hash_key = head_.hash_key},
          .rules = &rules_,
          .mesh = behaviour::MeshOptions{.max_nodes = settings_.max_nodes,
                                         .max_edges = settings_.max_edges,
                                         .hash_key = {head_.hash_key[0], head_.hash_key[1]}},
          .observer = settings_.feed};
}

Result<> BehaviourReading::open() {
  if (auto done = fs_.make_directory(settings_.folder); !done) return done;
  const Result<> done = take_up();
  if (done) return {};
  if (done.error().code() != Errc::kNotFound) {
    log::warning("behaviour", "the snapshot cannot be used: everything is read again",
                 {{"why", done.error().message()}});
  }
  return begin_anew();
}

// Goes on from the snapshot; an error when it is of no use.
Result<> BehaviourReading::take_up() {
  const auto bytes = read_file(fs_, path("engine"), kMaxSnapshotBytes);
  if (!bytes) return bytes.error();
  auto head = load_head(*bytes);
  if (!head) return head.error();
  head_ = *head;
  const ByteView state = ByteView(*bytes).subspan(kHeadSize, bytes->size() - kHeadSize - kDigestSize);
  auto detection = Detection::restore(state, options());
  if (!detection) return detection.error();
  if (detection->next_index() != head_.next) return Error(Errc::kCorrupt, "it is of another entry than it says");

  // The entry that it was made after must be the ledger's.
  auto tail = ledger::CommitTail::open(fs_, settings_.ledger_directory, head_.next - 1);
  if (!tail) return tail.error();
  auto commit = tail->next();
  if (!commit) return commit.error();
  if (!*commit) return Error(Errc::kCorrupt, "it is ahead of the ledger");
  std::uint64_t sequence = (*commit)->header.first;
  ByteView rest = (*commit)->payload;
  for (; sequence < head_.next; ++sequence) {
    auto entry = ledger::take_entry(rest);
    if (!entry) return entry.error();
    if (sequence + 1 == head_.next && tlog::leaf_hash(entry->leaf) != head_.last) {
      return Error(Errc::kCorrupt, "it was made of other entries than the ledger has");
    }
  }
  auto following = ledger::CommitTail::open(fs_, settings_.ledger_directory, head_.next);
  if (!following) return following.error();
  if (auto done = store_.open(head_.signals); !done) {
    // That signals are missing is no reason to look for a ledger that is not there.
    return Error(Errc::kCorrupt, done.error().message());
  }
  detection_ = *std::move(detection);
  tail_ = *std::move(following);
  saved_ = head_.next;
  return {};
}

Result<> BehaviourReading::begin_anew() {
  auto tail = ledger::CommitTail::open(fs_, settings_.ledger_directory, 0);
  if (!tail) return tail.error();
  auto first = tail->next();
  if (!first) return first.error();
  if (!*first) return Error(Errc::kNotFound, "the ledger has no entries yet");
  ByteView rest = (*first)->payload;
  const auto entry = ledger::take_entry(rest);
  if (!entry) return entry.error();
  head_ = {.hash_key = behaviour::hash_key_of(entry->leaf)};
  auto again = ledger::CommitTail::open(fs_, settings_.ledger_directory, 0);
  if (!again) return again.error();
  tail_ = *std::move(again);
  saved_ = 0;
  detection_.emplace(options());
  return store_.clear();
}

Result<std::optional<BehaviourReading::Commit>> BehaviourReading::step() {
  auto commit = tail_->next();
  if (!commit) return commit.error();
  if (!*commit) return std::optional<Commit>();
  if (auto done = consume(**commit); !done) return done.error();
  if (auto done = store_.flush(); !done) return done.error();
  if (rules_problem_ != detection_->rules_problem()) {
    rules_problem_ = detection_->rules_problem();
    if (!rules_problem_.empty()) {
      log::error("behaviour", "the rules of the bundle in force do not run, and the program's do instead",
                 {{"why", rules_problem_}});
    }
  }
  const ledger::CommitHeader& header = (*commit)->header;
  return std::optional(Commit{.time = {header.time_ms}, .entries = header.entry_count});
}

Result<> BehaviourReading::consume(const ledger::CommitTail::Commit& commit) {
  std::uint64_t sequence = commit.header.first;
  std::optional<ByteView> last;
  for (ByteView rest = commit.payload; !rest.empty(); ++sequence) {
    const auto entry = ledger::take_entry(rest);
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
  return {};
}

Result<> BehaviourReading::save() {
  if (!has_more_than_saved()) return {};
  if (settings_.feed != nullptr && !settings_.feed->flush(kFlushPatience)) return {};
  if (auto done = store_.sync(); !done) return done;
  head_.signals = store_.place();
  const Bytes state = detection_->save();
  Bytes out(kHeadSize + state.size() + kDigestSize);
  store_head(MutableByteView(out).first(kHeadSize), head_);
  std::ranges::copy(state, out.begin() + kHeadSize);
  const auto digest = crypto::sha256(ByteView(out).first(kHeadSize + state.size()));
  std::ranges::copy(digest, out.end() - static_cast<std::ptrdiff_t>(digest.size()));
  if (auto done = write_file_atomically(fs_, path("engine"), out); !done) return done;
  saved_ = head_.next;
  return store_.forget_old(detection_->engine().time());
}

admin::BehaviourProgress BehaviourReading::progress() const {
  const behaviour::Engine& engine = detection_->engine();
  const SigmaSignals::State rules = detection_->rules()->state();
  const behaviour::MeshStats mesh = detection_->mesh()->stats();
  return {.running = true,
          .entries = detection_->next_index(),
          .unread = engine.stats().unread,
          .signals = store_.count(),
          .profiles = engine.principals(),
          .evicted = engine.stats().evicted,
          .memory_bytes = engine.memory_bytes() + rules.bytes,
          .time_ms = engine.time().value,
          .rules = rules.rules,
          .rules_why = detection_->rules_problem(),
          .rule_groups = rules.groups,
          .rule_evicted = rules.evicted,
          .mesh_nodes = mesh.nodes,
          .mesh_edges = mesh.edges};
}

void BehaviourReading::take(behaviour::Signal signal) {
  if (signal.severity >= behaviour::Severity::kHigh) log_signal(signal);
  store_.add(signal);
  if (settings_.feed != nullptr) settings_.feed->give(signal);
}

// A flood of signals is no flood of the log: where they stand is said instead.
void BehaviourReading::log_signal(const behaviour::Signal& signal) {
  const auto now = clock_.steady();
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

}  // namespace redoubt::app
