// What policies said, kept while they would say it again: each exchange is decided on twice, and the same callers ask
// for the same models all day.
//
//   const Ruling& ruling = kept.rule(policies, entities, request);
//
// A ruling is kept under a digest of all that policies see of a request but the time, with the entities that it was
// made by. Of a bundle in which a policy looks at the time (PolicyBundle::looks_at_time()), nothing is kept. No text of
// a request is.
//
// Bounded: as many rulings as there are places, of one bundle; a newer one takes an older one's place. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "crypto/sha256.h"
#include "gateway/policy_bundle.h"

namespace redoubt::gateway {

struct AccessRequest;

class KeptRulings {
 public:
  static constexpr std::size_t kPlaces = 1024;
  // What is decided on anew each time: requests of which policies see more bytes than this.
  static constexpr std::size_t kMaxSeenBytes = 1024;

  // With no place, nothing is kept.
  explicit KeptRulings(std::size_t places = kPlaces) : places_(places) {}

  // What policies->rule() says of the request. `entities`: those of its principal. Valid until the next call.
  const Ruling& rule(const std::shared_ptr<const PolicyBundle>& policies,
                     const std::shared_ptr<const policy::EntityStore>& entities, const AccessRequest& request);

  // A denial that no policy made. Valid until the next call.
  const Ruling& overrule(std::string_view why);

  // How often policies were asked.
  std::uint64_t asked() const { return asked_; }

 private:
  struct Place {
    crypto::Sha256Digest seen{};
    std::shared_ptr<const policy::EntityStore> entities;  // null: nothing is kept here
    Ruling ruling;
  };

  std::shared_ptr<const PolicyBundle> policies_;  // that all rulings are of
  std::vector<Place> places_;
  Ruling unkept_;  // the last one of those
  std::uint64_t asked_ = 0;
};

}  // namespace redoubt::gateway
