// Who was told of an incident outside, and whether it came through.
//
//   incident.notice.attempt   object `notice/NOTICE/ENDPOINT`: one attempt to tell one endpoint, however it ended
//
// Values: any thread; what reads tables: the engine's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "encoding/json_reader.h"
#include "incident/alert.h"
#include "state/engine.h"
#include "state/projection.h"

namespace redoubt::incident {

inline constexpr std::string_view kNoticeAttempt = "incident.notice.attempt";

struct NoticeAttempt {
  std::string notice;                  // 16 hexadecimal digits
  std::string endpoint;                // its name: 1 to 32 of a-z 0-9 -
  std::string incident;                // id; empty: it was about none
  std::string kind;                    // what it told: 1 to 64 of a-z 0-9 _, `incident_opened`
  Severity severity = Severity::kLow;  // as it was told
  std::uint64_t number = 0;            // from 1; 0: it was dropped before
  std::string outcome;                 // `delivered`, `delayed`, `given_up`, `dropped`
  std::string why;                     // one line; empty when it is delivered
};

struct NoticeRow {
  NoticeAttempt last;       // the last attempt
  UnixMillis first;         // of the first attempt
  UnixMillis time;          // of the last
  std::uint64_t index = 0;  // of the last fact
};

std::string notice_object(std::string_view notice, std::string_view endpoint);
// `expects` is engine.version_of(notice_object(…)). kInvalidArgument for what is not within the limits.
Result<state::Proposal> propose_notice(const NoticeAttempt& attempt, std::uint64_t expects);
Result<NoticeAttempt> read_notice(std::string_view object, const simdjson::dom::object& body);

// Whether this attempt was the last: no further one follows it.
bool is_final(const NoticeAttempt& attempt);

// The last attempts of one notice, an item for each endpoint.
Result<std::vector<NoticeAttempt>> attempts_of(state::Tables& tables, std::string_view notice);
// The highest severity that somebody was told of an incident; nothing when nobody was.
Result<std::optional<Severity>> told_severity(state::Tables& tables, std::string_view incident);

// In the order of the first attempts.
Result<std::vector<NoticeRow>> list_notices(state::Tables& tables, std::string_view incident, std::size_t limit);

Result<> fold_notice(const state::FoldedFact& fact, state::Tables& tables);

}  // namespace redoubt::incident
