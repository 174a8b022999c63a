#include "redoubt/behaviour_watch.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace redoubt::app {
namespace {

constexpr std::size_t kStepsBeforeTelling = 256;  // commits

Error not_watched() {
  return Error(Errc::kUnavailable, "records are not being watched");
}

}  // namespace

void BehaviourWatch::start() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "behaviour");
    run();
    refuse_all();
  });
}

void BehaviourWatch::stop() {
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
  auto last_save = clock_.steady();
  std::size_t untold = 0;
  while (go_on) {
    const auto commit = reading.step();
    if (!commit) return commit.error();
    answer_one(&reading);
    if (!*commit || ++untold == kStepsBeforeTelling) {
      tell(reading.progress());
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

void BehaviourWatch::tell(const admin::BehaviourProgress& progress) {
  const std::lock_guard lock(mutex_);
  progress_ = progress;
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

admin::BehaviourProgress BehaviourWatch::progress() {
  const std::lock_guard lock(mutex_);
  return progress_;
}

}  // namespace redoubt::app
