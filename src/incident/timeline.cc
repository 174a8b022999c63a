#include "incident/timeline.h"

#include <array>
#include <iterator>
#include <limits>

#include "incident/internal/rows.h"

namespace redoubt::incident {
namespace {

constexpr std::array<std::string_view, kHappeningCount> kHappenings = {
    "alert.raised",      "alert.grew",      "incident.opened",   "incident.changed", "incident.noted",
    "incident.merged",   "incident.closed", "response.proposed", "response.started", "response.rehearsed",
    "response.accepted", "response.undone", "response.refused",  "response.expired", "clock.aware",
    "clock.decided",     "clock.told",      "notice.attempted"};

Result<TimelineItem> item_of(const state::Row& row) {
  const std::int64_t what = row.integer(2);
  if (what < 0 || what >= std::ssize(kHappenings)) return Error(Errc::kCorrupt, "a row tells of nothing");
  return TimelineItem{.place = {static_cast<std::uint64_t>(row.integer(0)), static_cast<std::uint64_t>(row.integer(1))},
                      .what = static_cast<Happening>(what),
                      .object = std::string(row.text(3)),
                      .incident = std::string(row.text(4)),
                      .actor = std::string(row.text(5)),
                      .event = {row.integer(6)},
                      .discovered = {row.integer(7)},
                      .text = std::string(row.text(8))};
}

Result<std::vector<TimelineItem>> read_items(state::Tables& tables, state::Sql sql,
                                             std::initializer_list<state::Column> values) {
  std::vector<TimelineItem> out;
  Result<> read;
  auto rows = tables.each(sql, values, [&](const state::Row& row) {
    auto item = item_of(row);
    if (!item) {
      read = item.error();
      return false;
    }
    out.push_back(*std::move(item));
    return true;
  });
  if (!rows) return rows.error();
  if (!read) return read.error();
  return out;
}

// The place before which nothing is, unless there is one.
struct Before {
  explicit Before(const std::optional<ItemPlace>& after) {
    if (!after) return;
    index = static_cast<std::int64_t>(after->index);
    part = static_cast<std::int64_t>(after->part);
  }
  std::int64_t index = -1;
  std::int64_t part = 0;
};

}  // namespace

std::string_view to_string(Happening happening) {
  return kHappenings[static_cast<std::size_t>(happening)];
}

Result<std::vector<TimelineItem>> list_timeline(state::Tables& tables, std::string_view incident, TimelineOrder order,
                                                const std::optional<TimelineAfter>& after, std::size_t limit) {
  const Before from(after ? std::optional(after->place) : std::nullopt);
  if (order == TimelineOrder::kDiscovery) {
    return read_items(tables,
                      "SELECT * FROM incident_timeline WHERE incident = ?1 AND (fact_index, part) > (?2, ?3) "
                      "ORDER BY fact_index, part LIMIT ?4",
                      {incident, from.index, from.part, limit});
  }
  return read_items(
      tables,
      "SELECT * FROM incident_timeline WHERE incident = ?1 AND (event, fact_index, part) > (?2, ?3, ?4) "
      "ORDER BY event, fact_index, part LIMIT ?5",
      {incident, after ? after->event.value : std::numeric_limits<std::int64_t>::min(), from.index, from.part, limit});
}

Result<std::vector<TimelineItem>> items_after(state::Tables& tables, const std::optional<ItemPlace>& after,
                                              std::size_t limit) {
  const Before from(after);
  return read_items(
      tables, "SELECT * FROM incident_timeline WHERE (fact_index, part) > (?1, ?2) ORDER BY fact_index, part LIMIT ?3",
      {from.index, from.part, limit});
}

}  // namespace redoubt::incident
