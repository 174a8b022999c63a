// The document about an incident when it is over: what happened and when it was known, what was reached, what was done,
// what the law wanted told, and which rule could have spoken earlier. Made of facts and of nothing else, so that
// whoever has the ledger makes the same one, and finds each line again by its entry.
//
//   auto review = make_review(engine.tables(), source, {.incident = id, .laws = table, .now = now});
//   review->reached = …;                                   // from the behaviour mesh, by whoever has one
//   std::string text = to_markdown(document_of(*review));
//
// **What could have caught it earlier.** Rules speak below the severity that opens an incident, and of other things
// about the same one. `Review::earlier` has the alerts about those whom the incident is about that were raised before
// it was opened, at most kEarlierMs before, and were not what opened it: alerts of no incident, and those that grew
// into this one later. Had such an alert opened an incident, this one would have been known by `lead_ms` earlier.
//
// The engine's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "incident/alert.h"
#include "incident/clocks.h"
#include "incident/document.h"
#include "incident/notices.h"
#include "incident/response.h"
#include "incident/timeline.h"
#include "state/engine.h"

namespace redoubt::incident {

inline constexpr std::size_t kReviewItemsMax = 10'000;  // of the timeline, the first ones
inline constexpr std::size_t kReviewAlertsMax = 1'000;  // likewise, of alerts and of responses
inline constexpr std::size_t kEarlierMax = 50;
inline constexpr std::int64_t kEarlierMs = 30LL * 24 * 3600 * 1000;

struct ReviewItem {
  TimelineItem item;
  std::string leaf_hash;  // of the entry, hexadecimal: with `item.place.index` its receipt
};

struct EarlierAlert {
  Alert alert;
  std::int64_t lead_ms = 0;
  bool of_incident = false;  // it belongs to this incident by now
};

// What one whom the incident is about touched meanwhile.
struct Reached {
  std::string who;   // `principal/ID`
  std::string what;  // `model:clinic-llm`
  std::string how;   // `called`
  std::uint64_t count = 0;
  std::uint64_t denials = 0;
  std::uint64_t bytes = 0;
  UnixMillis first;
  UnixMillis last;
};

struct Review {
  Incident incident;
  std::vector<std::string> merged;  // ids of incidents that became part of it
  bool exercise = false;
  std::vector<Alert> alerts;  // the oldest first
  std::vector<Response> responses;
  std::vector<Note> notes;
  std::vector<NoticeRow> notices;  // who was told outside
  Clocks clocks;
  std::vector<Deadline> due;
  std::string laws;  // digest of the table that `due` comes of
  std::vector<ReviewItem> timeline;
  bool cut = false;  // there is more than the limits let in
  std::vector<EarlierAlert> earlier;
  std::optional<std::vector<Reached>> reached;  // nothing: nobody looked
  UnixMillis made;

  // Nothing where it did not happen.
  std::optional<UnixMillis> first;         // the first entry that a signal rests on
  std::optional<UnixMillis> detected;      // the first alert on record
  std::optional<UnixMillis> acknowledged;  // somebody took it
  std::optional<UnixMillis> answered;      // the first response in force
  std::optional<UnixMillis> stopped;       // the first one in force that ends what its target does
  std::optional<UnixMillis> contained;     // somebody said so
};

struct ReviewRequest {
  std::string incident;
  const RegimeTable& laws;
  UnixMillis now;
  TimelineOrder order = TimelineOrder::kEvent;
};

// kNotFound when there is no such incident; of one that is merged the review of the other is asked for (kConflict).
// Beside these, errors of tables and source.
Result<Review> make_review(state::Tables& tables, state::FactSource& source, const ReviewRequest& request);

Document document_of(const Review& review);

}  // namespace redoubt::incident
