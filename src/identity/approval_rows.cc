#include "identity/internal/approval_rows.h"

#include <algorithm>

#include "encoding/json_reader.h"
#include "identity/internal/acts.h"
#include "identity/internal/rows.h"

#define REDOUBT_APPROVAL_COLUMNS                                                                                   \
  "id, kind, verb, object, expects, body, before, after, why, requester, requested, expires, status, decided_by, " \
  "decided, version, severity"

namespace redoubt::identity {
namespace internal {
namespace {

Approval row_approval(const state::Row& row) {
  Approval approval;
  approval.id = row.text(0);
  approval.kind = row.text(1);
  approval.verb = static_cast<record::FactVerb>(row.integer(2));
  approval.object = row.text(3);
  approval.expects = static_cast<std::uint64_t>(row.integer(4));
  approval.body = row.text(5);
  approval.before = row.text(6);
  approval.after = row.text(7);
  approval.why = row.text(8);
  approval.requester = row.text(9);
  approval.requested = {row.integer(10)};
  approval.expires = {row.integer(11)};
  approval.status = static_cast<ApprovalStatus>(row.integer(12));
  approval.decided_by = row.text(13);
  approval.decided = {row.integer(14)};
  approval.version = static_cast<std::uint64_t>(row.integer(15));
  approval.severity = static_cast<record::FactSeverity>(row.integer(16));
  return approval;
}

}  // namespace

bool is_approval_id(std::string_view text) {
  return text.size() == kApprovalIdSize &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

std::optional<Approval> any_approval(state::Tables& tables, std::string_view id) {
  auto found = find_approval(tables, id);
  return found ? *std::move(found) : std::nullopt;
}

Persons request_persons(state::Tables& tables, std::string_view id) {
  return Persons::parse(
      tables.text("SELECT persons FROM approval_requests WHERE id = ?1", {id}).value_or(std::string()));
}

}  // namespace internal

Result<std::optional<Approval>> find_approval(state::Tables& tables, std::string_view id) {
  std::optional<Approval> found;
  auto done = tables.each("SELECT " REDOUBT_APPROVAL_COLUMNS " FROM approval_requests WHERE id = ?1", {id},
                          [&](const state::Row& row) {
                            found = internal::row_approval(row);
                            return false;
                          });
  if (!done) return done.error();
  return found;
}

Result<std::vector<Approval>> list_approvals(state::Tables& tables, const ApprovalFilter& filter,
                                             std::string_view after, std::size_t limit) {
  std::vector<Approval> found;
  const auto status = filter.status ? std::optional(static_cast<int>(*filter.status)) : std::nullopt;
  auto done = tables.each("SELECT " REDOUBT_APPROVAL_COLUMNS
                          " FROM approval_requests WHERE id > ?1 AND (?2 IS NULL OR status = ?2) "
                          "AND (?3 IS NULL OR requester = ?3) ORDER BY id LIMIT ?4",
                          {after, status, filter.requester, limit}, [&](const state::Row& row) {
                            found.push_back(internal::row_approval(row));
                            return true;
                          });
  if (!done) return done.error();
  return found;
}

Result<bool> needs_approval(state::Tables& tables, const state::Proposal& wanted) {
  encoding::JsonReader reader({.max_bytes = record::kFactBodyMax, .max_depth = record::kFactDepthMax});
  auto parsed = reader.parse(wanted.body);
  if (!parsed) return parsed.error();
  simdjson::dom::object body;
  if (parsed->get(body) != simdjson::SUCCESS) return Error(Errc::kInvalidArgument, "a body is an object");
  return internal::needs_two_persons(tables, {wanted.kind, wanted.object, wanted.actor.principal, body});
}

Result<std::vector<std::string>> marked_acts(state::Tables& tables) {
  auto acts = internal::read_texts(tables, "SELECT act FROM identity_marked_acts", {});
  if (!acts) return acts.error();
  acts->insert(acts->end(), std::begin(kAlwaysMarked), std::end(kAlwaysMarked));
  std::sort(acts->begin(), acts->end());
  acts->erase(std::unique(acts->begin(), acts->end()), acts->end());
  return acts;
}

}  // namespace redoubt::identity
