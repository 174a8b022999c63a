// What playbooks would do about signals: everything as it would be in a server, over tables that are thrown away,
// enforced by nobody.
//
//   auto rehearsal = Rehearsal::create(playbooks, surroundings);
//   for (const Signal& signal : …) if (auto done = (*rehearsal)->take(signal); !done) return done.error();
//   (*rehearsal)->responses();
//
// Time is that of the signals. One thread.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "behaviour/signal.h"
#include "incident/alert.h"
#include "incident/playbook.h"
#include "incident/responder.h"
#include "incident/response.h"
#include "incident/review.h"

namespace redoubt::incident {

class Rehearsal {
 public:
  // What stays of facts: what comes of them, or themselves, too, in memory, for a review.
  enum class Keep : std::uint8_t { kTables, kFacts };

  // `surroundings` must outlive it. Its tables lie in a folder of their own under the system's for temporary files,
  // gone with it. kIo and the like.
  static Result<std::unique_ptr<Rehearsal>> create(std::vector<Playbook> playbooks, Surroundings& surroundings,
                                                   Keep keep = Keep::kTables);
  ~Rehearsal();

  // In the order of the ledger.
  Result<> take(const behaviour::Signal& signal);
  // Puts all growth on record. After the last signal.
  Result<> end();

  // The oldest first.
  Result<std::vector<Alert>> alerts();
  Result<std::vector<Incident>> incidents();
  Result<std::vector<Response>> responses();

  // Of one incident, as of the last signal. kUnsupported unless facts are kept.
  Result<Review> review(std::string_view incident, const RegimeTable& laws);

 private:
  struct Impl;
  explicit Rehearsal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Everything exists, nobody is exempt, and nobody has a share of the traffic to speak of, unless it is said otherwise.
class PlainSurroundings : public Surroundings {
 public:
  bool exists(const Target&) override { return true; }
  std::string exempt(const Target&) override { return {}; }
  std::optional<double> share(const Target&, std::string_view) override { return 0.0; }
};

}  // namespace redoubt::incident
