#include "identity/internal/approval_rows.h"

#include <algorithm>

#include "encoding/json_reader.h"
#include "identity/internal/acts.h"
#include "identity/internal/rows.h"

namespace redoubt::identity {
namespace internal {
namespace {

Approval row_approval(const state::Row& row) {
  Approval approval;
  approval.id = row.text(ApprovalColumn::kId);
  approval.kind = row.text(ApprovalColumn::kKind);
  approval.verb = static_cast<record::FactVerb>(row.integer(ApprovalColumn::kVerb));
  approval.severity = static_cast<record::FactSeverity>(row.integer(ApprovalColumn::kSeverity));
  approval.object = row.text(ApprovalColumn::kObject);
  approval.expects = static_cast<std::uint64_t>(row.integer(ApprovalColumn::kExpects));
  approval.body = row.text(ApprovalColumn::kBody);
  approval.before = row.text(ApprovalColumn::kBefore);
  approval.after = row.text(ApprovalColumn::kAfter);
  approval.why = row.text(ApprovalColumn::kWhy);
  approval.requester = row.text(ApprovalColumn::kRequester);
  approval.requested = {row.integer(ApprovalColumn::kRequested)};
  approval.expires = {row.integer(ApprovalColumn::kExpires)};
  approval.status = static_cast<ApprovalStatus>(row.integer(ApprovalColumn::kStatus));
  approval.decided_by = row.text(ApprovalColumn::kDecidedBy);
  approval.decided = {row.integer(ApprovalColumn::kDecided)};
  approval.version = static_cast<std::uint64_t>(row.integer(ApprovalColumn::kVersion));
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
  const state::Row* request = tables.find("approval_requests", {id});
  return request != nullptr ? Persons::parse(request->text(ApprovalColumn::kPersons)) : Persons();
}

}  // namespace internal

Result<std::optional<Approval>> find_approval(state::Tables& tables, std::string_view id) {
  const auto row = tables.find_row("approval_requests", {id});
  if (!row) return row.error();
  return *row != nullptr ? std::optional(internal::row_approval(**row)) : std::nullopt;
}

Result<std::vector<Approval>> list_approvals(state::Tables& tables, const ApprovalFilter& filter,
                                             std::string_view after, std::size_t limit) {
  std::vector<Approval> found;
  const auto status = filter.status ? std::optional(static_cast<int>(*filter.status)) : std::nullopt;
  auto done = tables.each(
      "SELECT * FROM approval_requests WHERE id > ?1 AND (?2 IS NULL OR status = ?2) "
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
