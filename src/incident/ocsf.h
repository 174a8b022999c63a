// Alerts, incidents and responses for other systems, as OCSF 1.8.0 events: Detection Finding (class_uid 2004), Incident
// Finding (2005), Remediation Activity (7001). docs/formats/incident-export.md says which attribute holds what.
//
// An event says how something stands now; the same one exported again has the same `metadata.uid` while nothing
// changed. Nothing that is sealed is in it. Each is appended to `out` as one line of JSON, without a line end.
//
// Any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "incident/alert.h"
#include "incident/notices.h"
#include "incident/response.h"

namespace redoubt::incident {

// Who says so.
struct OcsfSource {
  std::string log_origin;       // of the log that holds the facts; empty: not said
  std::string product_version;  // of Redoubt
};

void append_detection_finding(std::string& out, const Alert& alert, const OcsfSource& source);

inline constexpr std::size_t kOcsfFindingsMax = 200;
// `alerts`: the newest that belong to it; of more than kOcsfFindingsMax the first are taken. `notices`: who was told of
// it outside, likewise.
void append_incident_finding(std::string& out, const Incident& incident, std::span<const Alert> alerts,
                             std::span<const NoticeRow> notices, const OcsfSource& source);

void append_remediation_activity(std::string& out, const Response& response, const OcsfSource& source);

}  // namespace redoubt::incident
