// The facts of alerts, incidents and responses: their bodies, made and read. docs/formats/incident-facts.md describes
// them.
//
//   incident.alert.raise       object `alert/ID`: a cause is seen for the first time; with it the incident that it
//   belongs to,
//                              and all that playbooks do about it: one fact, so that all of it is true, or nothing
//   incident.alert.grow        object `alert/ID`: further signals of the same cause, and what playbooks do about that
//   incident.incident.change   object `incident/ID`: status, owner, title
//   incident.incident.note     object `incident/ID`: the text is a sealed value, `text`
//   incident.incident.merge    object `incident/ID`: into another
//   incident.incident.close    object `incident/ID`: with a cause
//   incident.response.start    object `response/ID`: by a person
//   incident.response.accept   object `response/ID`: one that waited
//   incident.response.end      object `response/ID`: undone, refused or expired
//
// Values: any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "encoding/json_reader.h"
#include "incident/alert.h"
#include "incident/response.h"
#include "state/engine.h"

namespace redoubt::incident {

inline constexpr std::string_view kAlertRaise = "incident.alert.raise";
inline constexpr std::string_view kAlertGrow = "incident.alert.grow";
inline constexpr std::string_view kIncidentChange = "incident.incident.change";
inline constexpr std::string_view kIncidentNote = "incident.incident.note";
inline constexpr std::string_view kIncidentMerge = "incident.incident.merge";
inline constexpr std::string_view kIncidentClose = "incident.incident.close";
inline constexpr std::string_view kResponseStart = "incident.response.start";
inline constexpr std::string_view kResponseAccept = "incident.response.accept";
inline constexpr std::string_view kResponseEnd = "incident.response.end";
inline constexpr std::string_view kNoteText = "text";  // field of the sealed value

inline constexpr std::size_t kResponsesOfFactMax = 32;
inline constexpr std::size_t kWithheldMax = 32;
inline constexpr std::size_t kLineMax = 300;  // bytes of a title, a reason, a message

std::string alert_object(std::string_view id);
std::string incident_object(std::string_view id);
std::string response_object(std::string_view id);
// 16 lower-case hexadecimal digits.
bool is_id(std::string_view text);

// What is decided along with an alert.
struct PlannedResponse {
  std::string id;
  Action action;
  ResponseStatus status = ResponseStatus::kActive;  // not kEnded
  std::string playbook;
  std::string why;  // it waits, or empty
  friend bool operator==(const PlannedResponse&, const PlannedResponse&) = default;
};

struct AlertRaise {
  Alert alert;        // those members that its description in docs/formats names
  std::string title;  // of the incident `alert.incident`, which it opens; empty: it joins one, or none
  std::vector<PlannedResponse> responses;
};

struct AlertGrow {
  std::uint64_t index = 0;  // of the last signal
  UnixMillis time;          // likewise
  std::uint64_t count = 0;  // signals, all in all
  Severity severity = Severity::kMedium;
  std::string incident;               // that it belongs to from now on; empty: as before
  std::string title;                  // as in AlertRaise
  std::vector<std::string> withheld;  // further ones
  std::vector<PlannedResponse> responses;
};

struct IncidentChange {
  std::optional<IncidentStatus> status;  // kOpen, kAcknowledged, kContained
  std::optional<std::string> owner;      // empty: nobody any more
  std::optional<std::string> title;
};

// ---- proposals. `actor`, approval and idempotency are the caller's to fill in. `expects` is what the engine says of
// the object's version. kInvalidArgument for what is not within the limits.

Result<state::Proposal> propose_raise(const AlertRaise& raise);
Result<state::Proposal> propose_grow(const Alert& now, const AlertGrow& grow);
Result<state::Proposal> propose_change(const Incident& now, const IncidentChange& change);
Result<state::Proposal> propose_note(const Incident& now, std::string_view text);
Result<state::Proposal> propose_merge(const Incident& now, const Incident& into);
Result<state::Proposal> propose_close(const Incident& now, Cause cause);
// `incident` may be empty.
Result<state::Proposal> propose_response(std::string_view id, const Action& action, std::string_view incident,
                                         std::string_view tenant, std::string_view why);
Result<state::Proposal> propose_accept(const Response& now);
Result<state::Proposal> propose_end(const Response& now, EndWhy why);

// ---- bodies read, strictly: members must be those that are described, all of them. kInvalidArgument.

Result<AlertRaise> read_raise(std::string_view object, const simdjson::dom::object& body);
Result<AlertGrow> read_grow(const simdjson::dom::object& body);
Result<IncidentChange> read_change(const simdjson::dom::object& body);
Result<Response> read_response(std::string_view object, const simdjson::dom::object& body);

}  // namespace redoubt::incident
