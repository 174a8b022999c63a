// Writes what a fact makes happen into the timeline, part by part.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "incident/timeline.h"
#include "state/projection.h"

namespace redoubt::incident {

// For one fact. All arguments must outlive it.
class Teller {
 public:
  Teller(const state::FoldedFact& fact, state::Tables& tables) : fact_(fact), tables_(tables) {}

  // `event`: when it was; without, when it became known.
  void tell(Happening what, std::string_view object, std::string_view incident, std::string_view text,
            UnixMillis event) {
    static_cast<void>(tables_.run("INSERT INTO incident_timeline VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                                  {fact_.index, part_++, static_cast<int>(what), object, incident,
                                   fact_.fact.actor.principal, event.value, fact_.fact.time.value, text}));
  }
  void tell(Happening what, std::string_view object, std::string_view incident, std::string_view text) {
    tell(what, object, incident, text, fact_.fact.time);
  }

 private:
  const state::FoldedFact& fact_;
  state::Tables& tables_;
  std::uint64_t part_ = 0;
};

}  // namespace redoubt::incident
