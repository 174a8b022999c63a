// Tells people, in the background: a lane and a thread for each endpoint, so that one that is slow or gone holds up no
// other, and whoever has something to tell never waits.
//
//   auto notifier = Notifier::start(endpoints, secrets, make_transport, clock, seed, [](Attempt attempt) { … });
//   (*notifier)->tell(notice, {"pager", "mail"});                                      // any thread
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
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "notify/lane.h"
#include "notify/settings.h"
#include "notify/transport.h"

namespace redoubt::notify {

class Notifier {
 public:
  using Secrets = std::map<std::string, crypto::Secret, std::less<>>;  // by endpoint
  using MakeTransport = std::function<Result<std::unique_ptr<Transport>>()>;
  using Report = std::function<void(Attempt)>;  // any thread; must not block, nor call the notifier

  // `clock` and what `report` uses must outlive it. An endpoint without a secret that it needs gives up what it is to
  // tell. Errors: those of `make`, which is called once for each endpoint.
  static Result<std::unique_ptr<Notifier>> start(std::vector<Endpoint> endpoints, Secrets secrets,
                                                 const MakeTransport& make, const Clock& clock, std::uint64_t seed,
                                                 Report report);
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;
  ~Notifier();

  // Any thread; does not wait. A name that no endpoint has is passed over.
  void tell(const Notice& notice, const std::vector<std::string>& endpoints);
  // What waits, of all endpoints; under way counts.
  std::size_t waiting() const;

 private:
  struct Road;  // one endpoint's
  Notifier(const Clock& clock, Report report);
  void run(Road& road);

  const Clock& clock_;
  const Report report_;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;  // guards what lies in roads
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Road>> roads_;
};

}  // namespace redoubt::notify
