// Tells people, in the background: a lane and a thread for each endpoint, so that one that is slow or gone holds up no
// other, and whoever has something to tell never waits.
//
//   Notifier notifier(settings, secrets, make_transport, clock, [](Attempt attempt) { … });   // any thread
//   notifier.tell(notice);
//   notifier.acknowledge(incident);
//
// Attempts are reported one by one as they happen, those that were delayed, given up and dropped too: who wants them on
// record makes facts of them. When the notifier goes, what is under way is cut short, and what still waits is not
// reported.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "notify/contact_book.h"
#include "notify/lane.h"
#include "notify/transport.h"

namespace redoubt::notify {

class Notifier {
 public:
  using Secrets = std::map<std::string, crypto::Secret, std::less<>>;  // by endpoint
  using MakeTransport = std::function<Result<std::unique_ptr<Transport>>()>;
  using Report = std::function<void(Attempt)>;  // any thread; must not block, nor call the notifier

  // `clock` and what `report` uses must outlive it. Errors: those of `make`, which is called once for each endpoint.
  static Result<std::unique_ptr<Notifier>> start(NotifySettings settings, Secrets secrets, const MakeTransport& make,
                                                 const Clock& clock, std::uint64_t seed, Report report);
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;
  ~Notifier();

  // Any thread; do not wait.
  void tell(Notice notice);
  void acknowledge(std::string_view incident);
  // What waits, of all endpoints; under way counts.
  std::size_t waiting() const;

 private:
  struct Road;  // one endpoint's
  Notifier(NotifySettings settings, const Clock& clock, Report report);
  void run(Road& road);
  void escalate();
  void hand_over(const Notice& notice, const std::vector<std::string>& endpoints);

  const Clock& clock_;
  const Report report_;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;  // guards book_ and what lies in roads
  std::condition_variable changed_;
  ContactBook book_;
  std::vector<std::unique_ptr<Road>> roads_;
  std::thread escalations_;
};

}  // namespace redoubt::notify
