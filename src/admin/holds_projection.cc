#include "admin/holds_projection.h"

#include "admin/forms.h"
#include "crypto/secret.h"
#include "encoding/json_writer.h"

namespace redoubt::admin {
namespace {

using state::FoldedFact;
using state::Row;
using state::Tables;

constexpr std::string_view kPlace = "holds.hold.place";
constexpr std::string_view kRelease = "holds.hold.release";
constexpr std::string_view kRefuse = "holds.hold.refuse";
constexpr std::string_view kObject = "hold/";

constexpr std::string_view kSchema[] = {R"(
CREATE TABLE holds_holds(
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  reason TEXT NOT NULL,
  placed_by TEXT NOT NULL,
  placed INTEGER NOT NULL,
  status INTEGER NOT NULL,
  decided_by TEXT NOT NULL,
  decided INTEGER NOT NULL,
  decision_reason TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX holds_by_status ON holds_holds(status, id);
)"};

Hold hold_of(const Row& row) {
  return {.id = std::string(row.text(0)),
          .kind = std::string(row.text(1)),
          .subject = std::string(row.text(2)),
          .reason = std::string(row.text(3)),
          .placed_by = std::string(row.text(4)),
          .placed = {row.integer(5)},
          .status = static_cast<HoldStatus>(row.integer(6)),
          .decided_by = std::string(row.text(7)),
          .decided = {row.integer(8)},
          .decision_reason = std::string(row.text(9)),
          .version = static_cast<std::uint64_t>(row.integer(10))};
}

Result<> check_member(std::string_view what, const Shape& shape, std::string_view text) {
  const std::string fault = check_text(shape, text);
  if (fault.empty()) return {};
  return Error(Errc::kInvalidArgument, "the hold's " + std::string(what) + " " + fault);
}

Result<> check_new(std::string_view id, std::string_view kind, std::string_view subject, std::string_view reason) {
  if (auto form = check_member("name", kHoldIdShape, id); !form) return form;
  if (auto form = check_member("kind", kHoldKindShape, kind); !form) return form;
  if (auto form = check_member("subject", kHoldSubjectShape, subject); !form) return form;
  return check_member("reason", kHoldReasonShape, reason);
}

std::string new_id() {
  constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuv";
  std::array<std::byte, 16> random{};
  crypto::random_bytes(random);
  std::string out;
  for (const std::byte byte : random) out += kDigits[static_cast<std::size_t>(byte) & 31];
  return out;
}

// Whether the body has so many members, which the checks of each then show to be those that it must have.
Result<> check_size(const FoldedFact& fact, std::size_t members) {
  if (fact.body.size() == members) return {};
  return Error(Errc::kInvalidArgument, "`" + fact.fact.kind + "` has other members");
}

Result<> place(const FoldedFact& fact, std::string_view id, Tables& tables) {
  if (auto size = check_size(fact, 3); !size) return size;
  const std::string_view kind = encoding::string_member(fact.body, "kind");
  const std::string_view subject = encoding::string_member(fact.body, "subject");
  const std::string_view reason = encoding::string_member(fact.body, "reason");
  if (auto form = check_new(id, kind, subject, reason); !form) return form;
  if (tables.integer("SELECT version FROM holds_holds WHERE id = ?1", {id})) {
    return Error(Errc::kAlreadyExists, "there is a hold `" + std::string(id) + "`");
  }
  const auto waiting = tables.integer("SELECT count(*) FROM holds_holds WHERE status = 0", {});
  if (waiting && *waiting >= static_cast<std::int64_t>(kHoldsWaitingMax)) {
    return Error(Errc::kResourceExhausted, "as many holds wait as there may be");
  }
  static_cast<void>(
      tables.run("INSERT INTO holds_holds VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0, '', 0, '', ?7)",
                 {id, kind, subject, reason, fact.fact.actor.principal, fact.fact.time.value, fact.fact.expects + 1}));
  return {};
}

Result<> decide(const FoldedFact& fact, std::string_view id, HoldStatus status, Tables& tables) {
  if (auto size = check_size(fact, 1); !size) return size;
  const std::string_view reason = encoding::string_member(fact.body, "reason");
  if (auto form = check_member("reason", kHoldReasonShape, reason); !form) return form;
  const auto now = tables.integer("SELECT status FROM holds_holds WHERE id = ?1", {id});
  if (!now) return Error(Errc::kNotFound, "there is no hold `" + std::string(id) + "`");
  if (static_cast<HoldStatus>(*now) != HoldStatus::kWaiting) {
    return Error(Errc::kConflict, "the hold was decided already");
  }
  static_cast<void>(tables.run(
      "UPDATE holds_holds SET status = ?2, decided_by = ?3, decided = ?4, decision_reason = ?5, version = ?6 "
      "WHERE id = ?1",
      {id, static_cast<std::int64_t>(status), fact.fact.actor.principal, fact.fact.time.value, reason,
       fact.fact.expects + 1}));
  return {};
}

}  // namespace

std::string_view to_string(HoldStatus status) {
  switch (status) {
    case HoldStatus::kWaiting:
      return "waiting";
    case HoldStatus::kReleased:
      return "released";
    case HoldStatus::kRefused:
      return "refused";
  }
  return "waiting";
}

std::optional<HoldStatus> parse_hold_status(std::string_view text) {
  for (const HoldStatus status : {HoldStatus::kWaiting, HoldStatus::kReleased, HoldStatus::kRefused}) {
    if (to_string(status) == text) return status;
  }
  return std::nullopt;
}

std::span<const std::string_view> HoldsProjection::schema_steps() const {
  return kSchema;
}

Result<> HoldsProjection::apply(const FoldedFact& fact, Tables& tables) {
  const std::string_view object = fact.fact.object;
  const std::string_view id = object.starts_with(kObject) ? object.substr(kObject.size()) : std::string_view();
  if (fact.fact.kind == kPlace) return place(fact, id, tables);
  if (fact.fact.kind == kRelease) return decide(fact, id, HoldStatus::kReleased, tables);
  if (fact.fact.kind == kRefuse) return decide(fact, id, HoldStatus::kRefused, tables);
  return Error(Errc::kInvalidArgument, "`" + fact.fact.kind + "` is no kind of fact");
}

std::string hold_object(std::string_view id) {
  return std::string(kObject) + std::string(id);
}

Result<state::Proposal> propose_hold(std::string_view kind, std::string_view subject, std::string_view reason) {
  const std::string id = new_id();
  if (auto form = check_new(id, kind, subject, reason); !form) return form.error();
  state::Proposal out{.kind = std::string(kPlace), .verb = record::FactVerb::kCreate, .object = hold_object(id)};
  out.body.clear();
  encoding::JsonWriter json(out.body);
  json.begin_object();
  json.member("kind", kind);
  json.member("subject", subject);
  json.member("reason", reason);
  json.end_object();
  return out;
}

Result<state::Proposal> propose_hold_decision(const Hold& hold, bool release, std::string_view reason) {
  if (auto form = check_member("reason", kHoldReasonShape, reason); !form) return form.error();
  state::Proposal out{.kind = std::string(release ? kRelease : kRefuse),
                      .verb = record::FactVerb::kUpdate,
                      .object = hold_object(hold.id),
                      .expects = hold.version};
  out.body.clear();
  encoding::JsonWriter json(out.body);
  json.begin_object();
  json.member("reason", reason);
  json.end_object();
  return out;
}

Result<std::optional<Hold>> find_hold(Tables& tables, std::string_view id) {
  std::optional<Hold> out;
  const auto take = [&](const Row& row) {
    out = hold_of(row);
    return false;
  };
  if (auto read = tables.each("SELECT * FROM holds_holds WHERE id = ?1", {id}, take); !read) return read.error();
  return out;
}

Result<std::vector<Hold>> list_holds(Tables& tables, const HoldFilter& filter, std::string_view after,
                                     std::size_t limit) {
  std::vector<Hold> out;
  const auto take = [&](const Row& row) {
    out.push_back(hold_of(row));
    return true;
  };
  const auto status = filter.status ? std::optional(static_cast<int>(*filter.status)) : std::nullopt;
  auto read = tables.each(
      "SELECT * FROM holds_holds WHERE id > ?1 AND (?2 IS NULL OR status = ?2) AND (?3 IS NULL OR kind = ?3) "
      "AND (?4 IS NULL OR subject = ?4) ORDER BY id LIMIT ?5",
      {after, status, filter.kind, filter.subject, limit}, take);
  if (!read) return read.error();
  return out;
}

}  // namespace redoubt::admin
