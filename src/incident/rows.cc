#include "incident/internal/rows.h"

#include "encoding/json_reader.h"
#include "encoding/json_writer.h"

namespace redoubt::incident {
namespace {

template <class T>
std::string pack_list(const std::vector<T>& list) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_array();
  for (const T& each : list) json.value(each);
  json.end_array();
  return out;
}

template <class T, class View>
Result<std::vector<T>> unpack(std::string_view text) {
  encoding::JsonReader reader({.max_bytes = 64 * 1024, .max_depth = 2});
  auto parsed = reader.parse(text);
  simdjson::dom::array list;
  if (!parsed || parsed->get(list) != simdjson::SUCCESS) return Error(Errc::kCorrupt, "a row holds no list");
  std::vector<T> out;
  for (const auto each : list) {
    View value{};
    if (each.get(value) != simdjson::SUCCESS) return Error(Errc::kCorrupt, "a row holds another list");
    out.emplace_back(value);
  }
  return out;
}

template <class T>
Result<T> enumerator(const state::Row& row, int column, T last) {
  const std::int64_t number = row.integer(column);
  if (number < 0 || number > static_cast<std::int64_t>(last)) {
    return Error(Errc::kCorrupt, "a row holds a number that means nothing");
  }
  return static_cast<T>(number);
}

std::uint64_t number(const state::Row& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

}  // namespace

std::string pack(const std::vector<std::string>& list) {
  return pack_list(list);
}

std::string pack(const std::vector<std::uint64_t>& list) {
  return pack_list(list);
}

Result<Alert> alert_of(const state::Row& row) {
  const auto severity = enumerator(row, 4, Severity::kCritical);
  const auto attribution = enumerator(row, 5, Attribution::kClaimed);
  auto tags = unpack<std::string, std::string_view>(row.text(7));
  auto entries = unpack<std::uint64_t, std::uint64_t>(row.text(8));
  auto withheld = unpack<std::string, std::string_view>(row.text(9));
  if (!severity) return severity.error();
  if (!attribution) return attribution.error();
  if (!tags) return tags.error();
  if (!entries) return entries.error();
  if (!withheld) return withheld.error();
  return Alert{.id = std::string(row.text(0)),
               .rule = std::string(row.text(1)),
               .key = std::string(row.text(2)),
               .tenant = std::string(row.text(3)),
               .severity = *severity,
               .attribution = *attribution,
               .message = std::string(row.text(6)),
               .tags = *std::move(tags),
               .entries = *std::move(entries),
               .withheld = *std::move(withheld),
               .first_index = number(row, 10),
               .last_index = number(row, 11),
               .first = {row.integer(12)},
               .last = {row.integer(13)},
               .count = number(row, 14),
               .raised = {row.integer(15)},
               .incident = std::string(row.text(16)),
               .version = number(row, 17)};
}

Result<Incident> incident_of(const state::Row& row) {
  const auto status = enumerator(row, 3, IncidentStatus::kMerged);
  const auto cause = enumerator(row, 5, Cause::kDuplicate);
  if (!status) return status.error();
  if (!cause) return cause.error();
  return Incident{.id = std::string(row.text(0)),
                  .title = std::string(row.text(1)),
                  .tenant = std::string(row.text(2)),
                  .status = *status,
                  .owner = std::string(row.text(4)),
                  .cause = *cause,
                  .merged_into = std::string(row.text(6)),
                  .opened = {row.integer(7)},
                  .acknowledged = {row.integer(8)},
                  .closed = {row.integer(9)},
                  .version = number(row, 10)};
}

Result<Response> response_of(const state::Row& row) {
  const auto effect = enumerator(row, 1, Effect::kRevokeSessions);
  auto target = parse_target(row.text(2));
  const auto status = enumerator(row, 6, ResponseStatus::kEnded);
  const auto end_why = enumerator(row, 14, EndWhy::kRefused);
  if (!effect) return effect.error();
  if (!target) return Error(Errc::kCorrupt, target.error().message());
  if (!status) return status.error();
  if (!end_why) return end_why.error();
  return Response{.id = std::string(row.text(0)),
                  .action = {.effect = *effect,
                             .target = *std::move(target),
                             .for_ms = row.integer(3),
                             .per_minute = static_cast<std::uint32_t>(row.integer(4)),
                             .families = std::string(row.text(5))},
                  .status = *status,
                  .incident = std::string(row.text(7)),
                  .alert = std::string(row.text(8)),
                  .playbook = std::string(row.text(9)),
                  .why = std::string(row.text(10)),
                  .tenant = std::string(row.text(11)),
                  .started = {row.integer(12)},
                  .until = {row.integer(13)},
                  .end_why = *end_why,
                  .ended = {row.integer(15)},
                  .ended_by = std::string(row.text(16)),
                  .version = number(row, 17)};
}

}  // namespace redoubt::incident
