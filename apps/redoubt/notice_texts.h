// What is said of incidents, responses and deadlines to people outside. Texts of rules and people go in as they are:
// where a message is written, they cannot become anything but texts (notify/message.h). Nothing that is sealed is in
// them.
//
// A notice's id is made of what it tells, not of chance: told again after a restart it is the same, and a receiver can
// leave out what it has. Values: any thread; what reads tables: the engine's.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "incident/alert.h"
#include "incident/clocks.h"
#include "incident/response.h"
#include "notify/notice.h"
#include "state/tables.h"

namespace redoubt::app {

// 16 hexadecimal digits: of SHA-256 over kind, object and `which`.
std::string notice_id(notify::NoticeKind kind, std::string_view object, std::string_view which = {});

notify::Severity severity_of(incident::Severity severity);
incident::Severity severity_of(notify::Severity severity);

// `kind`: kIncidentOpened, kIncidentWorse or kIncidentClosed. `severity`: the incident's, now. Says of the alert that
// opened it what it is, and what was done about it.
notify::Notice notice_about(const incident::Incident& incident, notify::NoticeKind kind, incident::Severity severity,
                            state::Tables& tables);

// Of a response that waits for somebody. Its severity is that of its alert.
notify::Notice notice_of_waiting(const incident::Response& response, state::Tables& tables);

// Of what a playbook did about an alert, and said that people are to be told of. `responses` are its own, of one
// incident or of one alert, and not empty.
notify::Notice notice_of_playbook(std::span<const incident::Response> responses, state::Tables& tables);

// `kind`: kDeadlineNear or kDeadlineOver. `deadline.due` is there.
notify::Notice notice_of_deadline(const incident::Incident& incident, notify::NoticeKind kind,
                                  const incident::Deadline& deadline, UnixMillis now);

}  // namespace redoubt::app
