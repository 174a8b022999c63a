#include "incident/notices.h"

#include <algorithm>
#include <array>

#include "encoding/json_writer.h"
#include "incident/facts.h"
#include "incident/internal/body_reader.h"
#include "incident/internal/lines.h"
#include "incident/internal/teller.h"
#include "incident/internal/with_body.h"
#include "incident/regimes.h"

namespace redoubt::incident {
namespace {

constexpr std::string_view kNoticeObject = "notice/";
constexpr std::size_t kEndpointMax = 32;
constexpr std::string_view kDelayed = "delayed";
constexpr std::array<std::string_view, 4> kOutcomes = {"delivered", kDelayed, "given_up", "dropped"};

bool is_endpoint(std::string_view text) {
  return !text.empty() && text.size() <= kEndpointMax &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

NoticeRow row_of(const state::Row& row) {
  return {.last = {.notice = std::string(row.text(0)),
                   .endpoint = std::string(row.text(1)),
                   .incident = std::string(row.text(2)),
                   .kind = std::string(row.text(3)),
                   .severity = static_cast<Severity>(row.integer(4)),
                   .number = static_cast<std::uint64_t>(row.integer(5)),
                   .outcome = std::string(row.text(6)),
                   .why = std::string(row.text(7))},
          .first = {row.integer(8)},
          .time = {row.integer(9)},
          .index = static_cast<std::uint64_t>(row.integer(10))};
}

}  // namespace

std::string notice_object(std::string_view notice, std::string_view endpoint) {
  return std::string(kNoticeObject).append(notice).append("/").append(endpoint);
}

Result<state::Proposal> propose_notice(const NoticeAttempt& attempt, std::uint64_t expects) {
  const std::string object = notice_object(attempt.notice, attempt.endpoint);
  return with_body(
      {.kind = std::string(kNoticeAttempt),
       .verb = expects == 0 ? record::FactVerb::kCreate : record::FactVerb::kUpdate,
       .object = object,
       .expects = expects},
      [&](encoding::JsonWriter& json) {
        json.member("incident", attempt.incident);
        json.member("kind", attempt.kind);
        json.member("severity", behaviour::to_string(attempt.severity));
        json.member("attempt", attempt.number);
        json.member("outcome", attempt.outcome);
        json.member("why", attempt.why);
      },
      [&](const simdjson::dom::object& body) { return read_notice(object, body); });
}

Result<NoticeAttempt> read_notice(std::string_view object, const simdjson::dom::object& object_body) {
  NoticeAttempt out;
  const std::size_t slash = object.rfind('/');
  if (!object.starts_with(kNoticeObject) || slash < kNoticeObject.size()) {
    return Error(Errc::kInvalidArgument, "the object is `notice/NOTICE/ENDPOINT`");
  }
  out.notice = object.substr(kNoticeObject.size(), slash - kNoticeObject.size());
  out.endpoint = object.substr(slash + 1);
  if (!is_id(out.notice) || !is_endpoint(out.endpoint)) {
    return Error(Errc::kInvalidArgument, "the object is `notice/NOTICE/ENDPOINT`");
  }
  BodyReader body(object_body);
  out.incident = body.text("incident", 16);
  if (!out.incident.empty() && !is_id(out.incident)) body.fail("incident", "is no id");
  out.kind = body.text("kind", kRegimeIdMax);
  if (!is_regime_id(out.kind)) body.fail("kind", "has 1 to 64 of a-z 0-9 _");
  out.severity = body.named("severity", Severity::kLow, parse_severity);
  out.number = body.number("attempt");
  out.outcome = body.text("outcome", 16);
  if (std::find(kOutcomes.begin(), kOutcomes.end(), out.outcome) == kOutcomes.end()) {
    body.fail("outcome", "is `delivered`, `delayed`, `given_up` or `dropped`");
  }
  out.why = body.text("why", kLineMax);
  if (!is_line(out.why, kLineMax)) body.fail("why", "is one line");
  if (auto done = body.done(); !done) return done.error();
  return out;
}

Result<> fold_notice(const state::FoldedFact& fact, state::Tables& tables) {
  const auto attempt = read_notice(fact.fact.object, fact.body);
  if (!attempt) return attempt.error();
  std::string incident = attempt->incident;
  if (!incident.empty()) {
    const auto into = tables.text("SELECT merged_into FROM incident_incidents WHERE id = ?1", {incident});
    if (!into) return Error(Errc::kNotFound, "there is no incident `" + incident + "`");
    if (!into->empty()) incident = *into;
  }
  std::string text = attempt->kind + " " + attempt->outcome;
  if (attempt->outcome == kDelayed) text += ", attempt " + std::to_string(attempt->number);
  if (!attempt->why.empty()) text += ": " + attempt->why;
  Teller(fact, tables).tell(Happening::kNoticeAttempted, fact.fact.object, incident, text);
  return tables.run(
      "INSERT INTO incident_notices VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10) ON CONFLICT(notice, endpoint) "
      "DO UPDATE SET severity = ?5, attempts = ?6, outcome = ?7, why = ?8, last = ?9, fact_index = ?10",
      {attempt->notice, attempt->endpoint, incident, attempt->kind, static_cast<int>(attempt->severity),
       attempt->number, attempt->outcome, attempt->why, fact.fact.time.value, fact.index});
}

bool is_final(const NoticeAttempt& attempt) {
  return attempt.outcome != kDelayed;
}

Result<std::vector<NoticeAttempt>> attempts_of(state::Tables& tables, std::string_view notice) {
  std::vector<NoticeAttempt> out;
  auto rows = tables.each("SELECT * FROM incident_notices WHERE notice = ?1 ORDER BY endpoint", {notice},
                          [&](const state::Row& row) {
                            out.push_back(row_of(row).last);
                            return true;
                          });
  if (!rows) return rows.error();
  return out;
}

Result<std::optional<Severity>> told_severity(state::Tables& tables, std::string_view incident) {
  std::optional<Severity> out;
  auto rows = tables.each("SELECT severity FROM incident_notices WHERE incident = ?1 ORDER BY severity DESC LIMIT 1",
                          {incident}, [&](const state::Row& row) {
                            out = static_cast<Severity>(row.integer(0));
                            return false;
                          });
  if (!rows) return rows.error();
  return out;
}

Result<std::vector<NoticeRow>> list_notices(state::Tables& tables, std::string_view incident, std::size_t limit) {
  std::vector<NoticeRow> out;
  auto rows =
      tables.each("SELECT * FROM incident_notices WHERE incident = ?1 ORDER BY first, notice, endpoint LIMIT ?2",
                  {incident, limit}, [&](const state::Row& row) {
                    out.push_back(row_of(row));
                    return true;
                  });
  if (!rows) return rows.error();
  return out;
}

}  // namespace redoubt::incident
