// Alerts and incidents. An alert is a signal that was raised to people's notice, with all signals of the same cause
// (the same rule, about the same one) until they have been silent for a day: one alert, however many there are. An
// incident is a case: alerts that belong together, somebody who has taken it, what was done, and how it ended.
//
// Values: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "behaviour/signal.h"

namespace redoubt::incident {

using behaviour::Attribution;
using behaviour::Severity;

std::optional<Severity> parse_severity(std::string_view text);  // `low`, `medium`, `high`, `critical`

inline constexpr std::int64_t kAlertQuietMs = 24LL * 3600 * 1000;
inline constexpr std::size_t kAlertEntriesMax = 32;  // of a cause, the first of them; the signals name all
inline constexpr std::size_t kTitleMax = 200;        // bytes
inline constexpr std::size_t kNoteMax = 4096;        // bytes

struct Alert {
  std::string id;    // alert_id() of the first signal
  std::string rule;  // of the signals
  std::string key;   // likewise: `principal/ID`, …
  std::string tenant;
  Severity severity = Severity::kMedium;            // the highest so far
  Attribution attribution = Attribution::kClaimed;  // of the first signal
  std::string message;                              // of the first signal
  std::vector<std::string> tags;                    // likewise
  std::vector<std::uint64_t> entries;               // ascending, at most kAlertEntriesMax
  std::vector<std::string> withheld;                // what playbooks would have done and did not, and why
  std::uint64_t first_index = 0;
  std::uint64_t last_index = 0;  // of the last signal that is counted
  UnixMillis first{};            // of the first signal
  UnixMillis last{};
  std::uint64_t count = 0;  // signals
  UnixMillis raised{};      // discovery: the fact's time
  std::string incident;     // id; empty: not serious enough for one
  std::uint64_t version = 0;
};

// 16 hexadecimal digits, of SHA-256 over rule, key and entry: the same on each reading of the ledger.
std::string alert_id(const behaviour::Signal& first);

enum class IncidentStatus : std::uint8_t { kOpen, kAcknowledged, kContained, kClosed, kMerged };
std::string_view to_string(IncidentStatus status);  // `open`, `acknowledged`, `contained`, `closed`, `merged`
std::optional<IncidentStatus> parse_incident_status(std::string_view text);

enum class Cause : std::uint8_t { kNone, kTruePositive, kFalsePositive, kBenign, kExercise, kDuplicate };
std::string_view to_string(
    Cause cause);  // `none`, `true_positive`, `false_positive`, `benign`, `exercise`, `duplicate`
std::optional<Cause> parse_cause(std::string_view text);

struct Incident {
  std::string id;  // that of the alert that opened it
  std::string title;
  std::string tenant;
  IncidentStatus status = IncidentStatus::kOpen;
  std::string owner;  // id of a principal; may be empty
  Cause cause = Cause::kNone;
  std::string merged_into;  // id
  UnixMillis opened{};
  UnixMillis acknowledged{};  // zero: nobody has yet
  UnixMillis closed{};        // zero: it is open
  std::uint64_t version = 0;  // of the object `incident/ID`: 0 as long as no person changed it
};

struct Note {
  std::uint64_t index = 0;  // of the fact
  std::string incident;
  std::string author;
  UnixMillis time{};
  std::string text;
};

}  // namespace redoubt::incident
