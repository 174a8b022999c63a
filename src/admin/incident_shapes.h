// What the operations on alerts, incidents and responses share: an incident is shown with its alerts and responses.
#pragma once

#include <optional>
#include <string>

#include "admin/call.h"
#include "admin/signal_shapes.h"
#include "incident/listing.h"

namespace redoubt::admin {

inline constexpr Shape kIncidentIdShape =
    text_of({.kind = TextForm::Kind::kName, .min = 16, .max = 16, .first = "0-9a-f", .rest = "0-9a-f"});
inline constexpr Shape kTargetShape =
    text_of({.kind = TextForm::Kind::kName, .min = 3, .max = 300, .first = "a-z", .rest = "!-~"});
// Why somebody does something, or what waits does: one line.
inline constexpr Shape kLineShape = text_of({.kind = TextForm::Kind::kLine, .min = 1, .max = 300});

extern const Shape kIncidentShape;
extern const Shape kIncidentStatusShape;
extern const Shape kCauseShape;  // what an incident was
extern const Shape kAlertShape;
extern const Shape kResponseShape;
// What a response may do, in the order of incident::Effect; and what it may look for.
extern const Shape kEffectShape;
extern const Shape kFamiliesShape;
extern const Shape kSpanShape;       // how long a response lasts, in seconds
extern const Shape kPerMinuteShape;  // of a throttle

void write_incident(encoding::JsonWriter& json, const incident::Incident& one);
void write_alert(encoding::JsonWriter& json, const incident::Alert& alert);
void write_response(encoding::JsonWriter& json, const incident::Response& response);

// The place in a list whose newest comes first, as its cursor has it.
std::string place_key(UnixMillis time, std::string_view id);
// Nothing for what place_key() did not make.
std::optional<incident::After> parse_place(std::string_view key);
// Where the page that is asked for begins; nothing: at the front. kMalformed for what place_key() did not make.
Result<std::optional<incident::After>> place_of(const Call& call);

}  // namespace redoubt::admin
