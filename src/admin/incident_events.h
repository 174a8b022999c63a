// The stream of what happens to alerts, incidents and responses, as server-sent events.
//
//   id: 1041.1
//   event: incident.opened
//   data:
//   {"index":1041,"part":1,"what":"incident.opened","object":"incident/4f0c…","incident":"4f0c…","actor":"redoubt",
//          "event_time":"…","discovery_time":"…","text":"…"}
//
// `id` is the place of the item (incident/timeline.h): the fact's index in the system log, and the part of the fact. So
// a reader that lost the connection goes on where it was, in the middle of a fact, too. Events come from the index of
// the ledger that the state keeps: none is missed, none comes twice. What notes say is not in them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admin/event_stream.h"
#include "encoding/json_writer.h"
#include "incident/timeline.h"

namespace redoubt::admin {

// With the operation's `incident`, of that one alone, and of those that are merged into it.
class IncidentEvents final : public EventSource {
 public:
  std::optional<Problem> begin(Call& call, std::string_view last) override;
  Result<bool> append(Call& call, std::string& out) override;

 private:
  std::optional<std::string> incident_;
  std::optional<incident::ItemPlace> after_;
};

// An item of a timeline as a JSON object, here and in lists.
void write_timeline_item(encoding::JsonWriter& json, const incident::TimelineItem& item);

// `INDEX.PART`, or `INDEX` for the whole fact. Nothing for another form.
std::optional<incident::ItemPlace> parse_item_place(std::string_view text);
std::string to_string(const incident::ItemPlace& place);

}  // namespace redoubt::admin
