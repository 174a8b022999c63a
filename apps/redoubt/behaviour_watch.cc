#include "redoubt/behaviour_watch.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.h"
#include "encoding/json_writer.h"

namespace redoubt::app {
namespace {

constexpr std::size_t kStepsBeforeTelling = 256;  // commits

Result<std::string> answer_text(const behaviour::Mesh& mesh, const behaviour::MeshQuery& query,
                                const behaviour::MeshBeside& beside) {
  std::string out;
  encoding::JsonWriter json(out);
  if (auto done = behaviour::answer(mesh, query, beside, json); !done) return done.error();
  return out;
}

Error not_watched() {
  return Error(Errc::kUnavailable, "records are not being watched");
}

}  // namespace

// How long ago what is read was committed. On the thread.
class BehaviourWatch::Lateness {
 public:
  Lateness(const Clock& clock, std::chrono::milliseconds late) : clock_(clock), late_(late) {}

  // After a commit was read and its signals were written.
  void read(const BehaviourReading::Commit& commit) {
    lag_ = std::max<std::int64_t>(clock_.now().value - commit.time.value, 0);
    // What was there before it had caught up says nothing of how fast it is.
    if (!caught_up_) return;
    const auto since = std::chrono::milliseconds(lag_);
    latency_.observe(since);
    last_[next_++ % last_.size()] = static_cast<std::uint64_t>(lag_);
  }
  void nothing_waits() {
    caught_up_ = true;
    lag_ = 0;
  }
  // A line when it begins to be late, and one when it is so no more.
  void tell() {
    const bool late = lag_ > late_.count();
    if (late != told_) {
      if (late) {
        log::warning("behaviour", "records are read late", {{"behind_ms", static_cast<std::uint64_t>(lag_)}});
      } else {
        log::info("behaviour", "records are read in time again");
      }
    }
    told_ = late;
    if (next_ != p99_until_) p99_ = find_p99();
    p99_until_ = next_;
  }

  std::uint64_t lag_ms() const { return static_cast<std::uint64_t>(lag_); }
  const Histogram<gateway::kSignalTimeBounds>& latency() const { return latency_; }
  // Of the last commits, at most 1,024, as of tell().
  std::uint64_t p99_ms() const { return p99_; }

 private:
  static constexpr std::size_t kLast = 1024;

  std::uint64_t find_p99() const {
    const std::size_t count = std::min(next_, last_.size());
    std::array<std::uint64_t, kLast> sorted = last_;
    const std::size_t place = std::min(count - 1, count * 99 / 100);
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(place),
                     sorted.begin() + static_cast<std::ptrdiff_t>(count));
    return sorted[place];
  }

  const Clock& clock_;
  const std::chrono::milliseconds late_;
  std::int64_t lag_ = 0;
  bool caught_up_ = false;
  bool told_ = false;
  Histogram<gateway::kSignalTimeBounds> latency_;
  std::array<std::uint64_t, kLast> last_{};
  std::size_t next_ = 0;
  std::size_t p99_until_ = 0;
  std::uint64_t p99_ = 0;
};

BehaviourWatch::BehaviourWatch(FileSystem& fs, const Clock& clock, Settings settings)
    : fs_(fs),
      clock_(clock),
      settings_(std::move(settings)),
      history_(fs, clock,
               {.ledger_directory = settings_.reading.ledger_directory,
                .features = settings_.reading.features,
                .bundles = settings_.reading.bundles,
                .mesh = {.max_nodes = settings_.reading.max_nodes, .max_edges = settings_.reading.max_edges}}) {}

void BehaviourWatch::start() {
  history_.start();
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "behaviour");
    run();
    refuse_all();
  });
}

void BehaviourWatch::stop() {
  history_.stop();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  refuse_all();
}

// ------------------------------------------------------------------------------------------------------------ thread

void BehaviourWatch::run() {
  bool go_on = true;
  std::string told;
  while (go_on) {
    BehaviourReading reading(fs_, clock_, settings_.reading);
    const Result<> done = read(reading, go_on);
    if (done) return;
    if (told != done.error().message()) {
      told = done.error().message();
      log::error("behaviour", "records are not being watched", {{"why", told}});
    }
    {
      const std::lock_guard lock(mutex_);
      progress_.running = false;
      progress_.why = told;
      gauges_.running = false;
    }
    // Whoever asks is not to wait for what may not come.
    const auto again = clock_.steady() + settings_.retry;
    while (go_on && clock_.steady() < again) {
      answer_one(nullptr);
      go_on = wait(std::min(settings_.retry, std::chrono::milliseconds(10)));
    }
  }
}

// Until it is to end, or something fails.
Result<> BehaviourWatch::read(BehaviourReading& reading, bool& go_on) {
  if (auto done = reading.open(); !done) return done;
  Lateness lateness(clock_, settings_.late);
  auto last_save = clock_.steady();
  std::size_t untold = 0;
  while (go_on) {
    const auto commit = reading.step();
    if (!commit) return commit.error();
    if (*commit) {
      lateness.read(**commit);
    } else {
      lateness.nothing_waits();
    }
    answer_one(&reading);
    if (!*commit || ++untold == kStepsBeforeTelling) {
      lateness.tell();
      tell(reading.progress(), lateness);
      untold = 0;
      go_on = wait(*commit ? std::chrono::milliseconds(0) : settings_.idle);
    }
    const auto since = clock_.steady() - last_save;
    if (since >= settings_.save_interval || (since >= kSaveAtMost && reading.wants_to_save()) || !go_on) {
      if (auto done = reading.save(); !done) return done;
      last_save = clock_.steady();
    }
  }
  return {};
}

bool BehaviourWatch::wait(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, time, [this] { return stopping_ || !questions_.empty(); });
  return !stopping_;
}

void BehaviourWatch::tell(const admin::BehaviourProgress& progress, const Lateness& lateness) {
  const std::lock_guard lock(mutex_);
  told_ = clock_.steady();
  progress_ = progress;
  progress_.lag_ms = lateness.lag_ms();
  progress_.p99_ms = lateness.p99_ms();
  gauges_ = {.running = true,
             .entries = progress.entries,
             .signals = progress.signals,
             .lag_ms = lateness.lag_ms(),
             .rules = progress.rules,
             .mesh_nodes = progress.mesh_nodes,
             .mesh_edges = progress.mesh_edges,
             .signal_time = lateness.latency()};
}

void BehaviourWatch::answer_one(BehaviourReading* reading) {
  Question question;
  {
    const std::lock_guard lock(mutex_);
    if (questions_.empty()) return;
    question = std::move(questions_.front());
    questions_.pop_front();
  }
  question(reading);
}

void BehaviourWatch::refuse_all() {
  std::deque<Question> left;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    left.swap(questions_);
  }
  for (const Question& question : left) question(nullptr);
}

// ----------------------------------------------------------------------------------------------------------- outside

void BehaviourWatch::post(Question question) {
  {
    const std::lock_guard lock(mutex_);
    if (!ended_ && questions_.size() < kQuestionsMax) {
      questions_.push_back(std::move(question));
      question = nullptr;
    }
  }
  if (question) return question(nullptr);
  changed_.notify_all();
}

void BehaviourWatch::set_permissions(std::shared_ptr<const behaviour::Permissions> permissions) {
  const std::lock_guard lock(mutex_);
  permissions_ = std::move(permissions);
}

void BehaviourWatch::signals(admin::SignalFilter filter, std::uint64_t before, std::size_t limit,
                             std::function<void(Result<admin::SignalPage>)> done) {
  post([filter = std::move(filter), before, limit, done = std::move(done)](BehaviourReading* reading) {
    if (reading == nullptr) return done(not_watched());
    auto page = reading->signals(filter, before, limit);
    if (!page && page.error().code() != Errc::kNotFound) {
      log::error("behaviour", "signals cannot be read", {{"why", page.error().message()}});
    }
    done(std::move(page));
  });
}

void BehaviourWatch::ask(admin::MeshAsked asked, std::function<void(Result<std::string>)> done) {
  std::shared_ptr<const behaviour::Permissions> permissions;
  if (asked.policies) {
    const std::lock_guard lock(mutex_);
    permissions = permissions_;
  }
  if (asked.policies && !permissions) return done(Error(Errc::kUnavailable, "no policies are in force"));
  if (asked.at) {
    const UnixMillis at = *asked.at;
    history_.at(at, [asked = std::move(asked), permissions, done](const Result<MeshHistory::Made>& then) {
      if (!then) return done(then.error());
      done(answer_text(**then, asked.query, {.permissions = permissions.get()}));
    });
    return;
  }
  if (asked.against) {
    const UnixMillis against = *asked.against;
    history_.at(against, [this, asked = std::move(asked), done](const Result<MeshHistory::Made>& then) {
      if (!then) return done(then.error());
      post([asked, before = *then, done](BehaviourReading* reading) {
        if (reading == nullptr) return done(not_watched());
        done(answer_text(reading->mesh(), asked.query, {.before = before.get()}));
      });
    });
    return;
  }
  post([asked = std::move(asked), permissions, done = std::move(done)](BehaviourReading* reading) {
    if (reading == nullptr) return done(not_watched());
    done(answer_text(reading->mesh(), asked.query, {.permissions = permissions.get()}));
  });
}

// Whatever keeps the thread from telling keeps it from reading, too: so that counts.
std::uint64_t BehaviourWatch::lag_ms_locked() const {
  if (!told_) return 0;
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady() - *told_);
  return progress_.lag_ms + static_cast<std::uint64_t>(std::max<std::int64_t>(since.count(), 0));
}

admin::BehaviourProgress BehaviourWatch::progress() {
  const std::lock_guard lock(mutex_);
  admin::BehaviourProgress out = progress_;
  out.lag_ms = lag_ms_locked();
  return out;
}

gateway::BehaviourGauges BehaviourWatch::gauges() {
  const std::lock_guard lock(mutex_);
  gateway::BehaviourGauges out = gauges_;
  out.lag_ms = lag_ms_locked();
  return out;
}

}  // namespace redoubt::app
