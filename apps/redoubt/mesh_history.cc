#include "redoubt/mesh_history.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/log.h"
#include "behaviour/feature_seal.h"
#include "behaviour/hash_key.h"
#include "behaviour/signal.h"
#include "ledger/commit_tail.h"
#include "redoubt/background_thread.h"
#include "redoubt/behaviour/detection.h"
#include "redoubt/entry_features.h"

namespace redoubt::app {
namespace {

constexpr std::size_t kCommitsBetweenLooks = 64;

Error not_running() {
  return Error(Errc::kUnavailable, "no mesh of the past is made now");
}

}  // namespace

// From the first commit of the ledger on. What is told on the way weighs in the mesh, and is else nobody's here.
class MeshHistory::Making final : public behaviour::SignalSink {
 public:
  Making(FileSystem& fs, const Settings& settings)
      : fs_(fs), settings_(settings), features_(fs, settings.features), rules_(fs, settings.bundles) {}

  Result<> open() {
    auto tail = ledger::CommitTail::open(fs_, settings_.ledger_directory, 0);
    if (!tail) return tail.error();
    tail_ = *std::move(tail);
    return {};
  }
  // Reads a commit, if there is one that was made before `moment`: whether there was.
  Result<bool> step(UnixMillis moment) {
    const auto commit = tail_->next();
    if (!commit) return commit.error();
    if (!*commit || (*commit)->header.time_ms >= moment.value) return false;
    std::uint64_t sequence = (*commit)->header.first;
    for (ByteView rest = (*commit)->payload; !rest.empty(); ++sequence) {
      const auto entry = ledger::take_entry(rest);
      if (!entry) return entry.error();
      if (!detection_) begin(entry->leaf);
      const auto features = open_features(features_, *entry);
      if (!features) return features.error();
      const auto done = detection_->consume(sequence, entry->leaf, *features ? &**features : nullptr, *this);
      if (!done) return done.error();
    }
    return true;
  }
  // kNotFound when there was no entry then.
  Result<Made> finish(const std::shared_ptr<Making>& self) const {
    if (!detection_) return Error(Errc::kNotFound, "the ledger had no entries then");
    return Made(self, detection_->mesh());
  }

  void take(behaviour::Signal /*signal*/) override {}

 private:
  void begin(ByteView first) {
    const auto key = behaviour::hash_key_of(first);
    behaviour::MeshOptions mesh = settings_.mesh;
    mesh.hash_key = {key[0], key[1]};
    detection_.emplace(Detection::Options{.engine = {.hash_key = key}, .rules = &rules_, .mesh = mesh});
  }

  FileSystem& fs_;
  const Settings& settings_;
  behaviour::FeatureOpener features_;
  KeptRules rules_;
  std::optional<ledger::CommitTail> tail_;
  std::optional<Detection> detection_;
};

void MeshHistory::start() {
  {
    const std::lock_guard lock(mutex_);
    running_ = true;
  }
  thread_ = std::thread([this] {
    become_background_thread("mesh-history");
    run();
  });
}

void MeshHistory::stop() {
  {
    const std::lock_guard lock(mutex_);
    running_ = false;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  answer([](const Waiting&) { return true; }, not_running());
}

void MeshHistory::at(UnixMillis moment, Done done) {
  if (moment > clock_.now()) return done(Error(Errc::kInvalidArgument, "that moment has not come"));
  {
    const std::lock_guard lock(mutex_);
    if (running_ && waiting_.size() < kWaitingMax) {
      if (moment == making_) asked_ = clock_.steady();
      waiting_.push_back({.moment = moment, .until = clock_.steady() + settings_.patience, .done = std::move(done)});
      done = nullptr;
    }
  }
  if (done) return done(not_running());
  changed_.notify_all();
}

void MeshHistory::answer(const std::function<bool(const Waiting&)>& whom, const Result<Made>& with) {
  std::vector<Done> found;
  {
    const std::lock_guard lock(mutex_);
    for (auto each = waiting_.begin(); each != waiting_.end();) {
      if (!whom(*each)) {
        ++each;
        continue;
      }
      found.push_back(std::move(each->done));
      each = waiting_.erase(each);
    }
  }
  for (const Done& done : found) done(with);
}

void MeshHistory::run() {
  std::unique_lock lock(mutex_);
  while (running_) {
    if (waiting_.empty()) {
      changed_.wait_for(lock, kKept, [this] { return !running_ || !waiting_.empty(); });
      if (clock_.steady() - asked_ >= kKept) made_ = nullptr;
      continue;
    }
    const UnixMillis moment = waiting_.front().moment;
    making_ = moment;
    asked_ = clock_.steady();
    lock.unlock();
    Result<Made> mesh = made_;
    if (!made_ || made_of_ != moment) {
      made_ = nullptr;  // before there is another
      mesh = make(moment);
      if (mesh) {
        made_ = *mesh;
        made_of_ = moment;
      } else if (mesh.error().code() != Errc::kUnavailable && mesh.error().code() != Errc::kNotFound) {
        log::error("behaviour", "a mesh of the past cannot be made", {{"why", mesh.error().message()}});
      }
    }
    answer([&](const Waiting& each) { return each.moment == moment; }, mesh);
    lock.lock();
  }
  made_ = nullptr;
}

// Refuses those whose patience has ended. False when it is to end, or nobody wants the mesh any more.
bool MeshHistory::goes_on(UnixMillis moment) {
  const SteadyTime now = clock_.steady();
  answer([&](const Waiting& each) { return each.until <= now; }, Error(Errc::kUnavailable, "it is still being made"));
  const std::lock_guard lock(mutex_);
  const bool wanted = std::ranges::any_of(waiting_, [&](const Waiting& each) { return each.moment == moment; });
  return running_ && (wanted || now - asked_ < kAbandoned);
}

Result<MeshHistory::Made> MeshHistory::make(UnixMillis moment) {
  const auto making = std::make_shared<Making>(fs_, settings_);
  if (auto done = making->open(); !done) return done.error();
  for (std::size_t commits = 1;; ++commits) {
    const auto more = making->step(moment);
    if (!more) return more.error();
    if (!*more) return making->finish(making);
    if (commits % kCommitsBetweenLooks == 0 && !goes_on(moment)) return not_running();
  }
}

}  // namespace redoubt::app
