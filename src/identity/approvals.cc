#include "identity/approvals.h"

#include <algorithm>
#include <utility>

#include "identity/internal/acts.h"
#include "identity/internal/approval_rows.h"
#include "identity/internal/bodies.h"
#include "identity/internal/persons.h"
#include "identity/internal/rows.h"
#include "identity/internal/schema.h"

namespace redoubt::identity {
namespace {

using namespace internal;

Error denied(std::string why) {
  return {Errc::kPermissionDenied, std::move(why)};
}
Error invalid(std::string why) {
  return {Errc::kInvalidArgument, std::move(why)};
}

bool is_by_key_approvers(const record::Fact& fact) {
  return fact.kind == "bundle.activate" && fact.actor.principal == kServerActor &&
         fact.actor.on_behalf_of == kKeyApprovers;
}

Result<Approval> request_of(const state::FoldedFact& fact, state::Tables& tables) {
  const auto id = object_id(fact.fact.object, kApprovalPrefix);
  if (!id) return invalid("`" + fact.fact.object + "` is no request for approval");
  auto found = any_approval(tables, *id);
  if (!found) return Error(Errc::kNotFound, "there is no request `" + std::string(*id) + "`");
  return *std::move(found);
}

// One that can still be granted, refused or used.
Result<> check_open(const Approval& request, UnixMillis now) {
  const bool open = request.status == ApprovalStatus::kPending || request.status == ApprovalStatus::kGranted;
  if (!open) return Error(Errc::kConflict, "the request is " + std::string(to_string(request.status)) + " already");
  if (now >= request.expires) return invalid("the request has expired");
  return {};
}

// Whether `fact`, which grants it, may: see the rules at the head of approvals.h.
Result<> check_approver(state::Tables& tables, const record::Fact& fact, const Approval& request) {
  const std::string& id = fact.actor.principal;
  if (!fact.actor.on_behalf_of.empty()) return denied("who approves acts for nobody else");
  const auto approver = live_principal(tables, id);
  if (!approver || !approver->enabled || !is_administrator(tables, id)) {
    return denied("`" + id + "` is no enabled administrator");
  }
  if (id == request.requester) return denied("`" + id + "` asked for it, and cannot approve it");
  const Persons behind_request = request_persons(tables, request.id);
  const Persons behind_approver = persons_behind(tables, id, fact.time);
  if (behind_request.shares_one_with(behind_approver)) {
    return denied("`" + id + "` and `" + request.requester + "` may be one person: somebody may know keys of both");
  }
  const auto requester = live_principal(tables, request.requester);
  if (!requester || behind_request.contains(approver->created_by) || behind_approver.contains(requester->created_by)) {
    return denied("of `" + id + "` and `" + request.requester + "` one created the other");
  }
  const bool exempt = approver->enrolled_by == kInitActor || request.kind == "identity.break_glass.open";
  if (!exempt &&
      (approver->enrolled.value == 0 || approver->enrolled.value + kEnrolledBeforeMs > request.requested.value)) {
    return denied("`" + id + "` was not enrolled 24 hours before the request");
  }
  return {};
}

// Whether the fact is the very change that this request was granted for.
Result<> check_use(state::Tables& tables, const record::Fact& fact, const Approval& request) {
  if (request.status != ApprovalStatus::kGranted) {
    return denied("the request `" + request.id + "` is " + std::string(to_string(request.status)));
  }
  if (fact.time >= request.expires) return denied("the request `" + request.id + "` has expired");
  if (fact.kind != request.kind || fact.verb != request.verb || fact.severity != request.severity ||
      fact.object != request.object || fact.expects != request.expects || fact.body != request.body ||
      !fact.commitments.empty()) {
    return denied("this is not the change that the request `" + request.id + "` was granted for");
  }
  if (fact.actor.principal != request.requester && fact.actor.principal != request.decided_by) {
    return denied("it is for `" + request.requester + "` or `" + request.decided_by + "` to do");
  }
  if (fact.approved_by != std::vector{request.decided_by}) return denied("`" + request.decided_by + "` approved it");
  // Whoever has been stopped since does not say yes any more.
  if (!is_enabled(tables, request.requester)) return denied("`" + request.requester + "` is not enabled");
  if (!is_enabled(tables, request.decided_by) || !is_administrator(tables, request.decided_by)) {
    return denied("`" + request.decided_by + "` is no enabled administrator any more");
  }
  return {};
}

Result<> fold_request(const state::FoldedFact& fact, state::Tables& tables) {
  const auto id = object_id(fact.fact.object, kApprovalPrefix);
  if (!id || !is_approval_id(*id)) return invalid("a request's id has 16 of a-z and 0-9");
  const auto body = read_request(fact.body);
  if (!body) return body.error();
  if (any_approval(tables, *id)) return Error(Errc::kAlreadyExists, "there is a request `" + std::string(*id) + "`");
  const UnixMillis now = fact.fact.time;
  const record::FactActor& actor = fact.fact.actor;
  const auto open =
      tables.integer("SELECT COUNT(*) FROM approval_requests WHERE status <= 1 AND expires > ?1", {now.value});
  const auto own =
      tables.integer("SELECT COUNT(*) FROM approval_requests WHERE status <= 1 AND expires > ?1 AND requester = ?2",
                     {now.value, actor.principal});
  if (static_cast<std::size_t>(open.value_or(0)) >= kOpenRequestsMax ||
      static_cast<std::size_t>(own.value_or(0)) >= kOpenRequestsOfPrincipalMax) {
    return Error(Errc::kResourceExhausted, "there are as many open requests as there may be");
  }
  (void)tables.run("DELETE FROM approval_requests WHERE expires <= ?1", {now.value - kApprovalKeptMs});
  const std::string persons = persons_behind(tables, actor, now).joined();
  constexpr int kNotDecided = 0;
  tables.put("approval_requests", {*id, body->kind, static_cast<int>(body->verb), static_cast<int>(body->severity),
                                   body->object, body->expects, body->body, body->before, body->after, body->why,
                                   actor.principal, persons, now.value, now.value + body->life_ms,
                                   static_cast<int>(ApprovalStatus::kPending), "", kNotDecided, fact.fact.expects + 1});
  return {};
}

Result<> decide(const state::FoldedFact& fact, state::Tables& tables, const Approval& request, ApprovalStatus status) {
  (void)tables.change("approval_requests", {request.id},
                      {{ApprovalColumn::kStatus, static_cast<int>(status)},
                       {ApprovalColumn::kDecidedBy, fact.fact.actor.principal},
                       {ApprovalColumn::kDecided, fact.fact.time.value},
                       {ApprovalColumn::kVersion, fact.fact.expects + 1}});
  return {};
}

Result<> fold_decision(const state::FoldedFact& fact, state::Tables& tables) {
  if (auto body = read_empty(fact.body); !body) return body.error();
  const auto request = request_of(fact, tables);
  if (!request) return request.error();
  if (auto open = check_open(*request, fact.fact.time); !open) return open.error();
  const std::string& actor = fact.fact.actor.principal;
  if (fact.fact.kind == "approval.grant") {
    if (request->status != ApprovalStatus::kPending) return Error(Errc::kConflict, "the request is granted already");
    if (auto checked = check_approver(tables, fact.fact, *request); !checked) return checked.error();
    return decide(fact, tables, *request, ApprovalStatus::kGranted);
  }
  if (fact.fact.kind == "approval.refuse") {
    if (!is_administrator(tables, actor)) return denied("`" + actor + "` is no administrator");
    return decide(fact, tables, *request, ApprovalStatus::kRefused);
  }
  if (actor != request->requester) return denied("`" + request->requester + "` asked for it");
  return decide(fact, tables, *request, ApprovalStatus::kWithdrawn);
}

}  // namespace

std::string_view to_string(ApprovalStatus status) {
  switch (status) {
    case ApprovalStatus::kPending:
      return "pending";
    case ApprovalStatus::kGranted:
      return "granted";
    case ApprovalStatus::kRefused:
      return "refused";
    case ApprovalStatus::kUsed:
      return "used";
    case ApprovalStatus::kWithdrawn:
      break;
  }
  return "withdrawn";
}

std::span<const std::string_view> ApprovalsProjection::schema_steps() const {
  return kApprovalSchema;
}

Result<> ApprovalsProjection::apply(const state::FoldedFact& fact, state::Tables& tables) {
  const std::string& kind = fact.fact.kind;
  if (kind == "approval.request") return fold_request(fact, tables);
  if (kind == "approval.grant" || kind == "approval.refuse" || kind == "approval.withdraw") {
    return fold_decision(fact, tables);
  }
  return invalid("there is no kind of fact `" + kind + "`");
}

Result<> ApprovalsProjection::permits(const state::FoldedFact& fact, state::Tables& tables) {
  const record::Fact& wanted = fact.fact;
  if (wanted.approval.empty()) {
    if (!wanted.approved_by.empty()) return denied("nobody approves what was not asked for");
    if (is_by_key_approvers(wanted)) return {};
    if (needs_two_persons(tables, {wanted.kind, wanted.object, wanted.actor.principal, fact.body})) {
      return denied("this needs two persons: ask for it, and let another administrator approve it");
    }
    return {};
  }
  const auto id = object_id(wanted.approval, kApprovalPrefix);
  const auto request = any_approval(tables, id.value_or(""));
  if (!request) return denied("there is no request `" + wanted.approval + "`");
  return check_use(tables, wanted, *request);
}

void ApprovalsProjection::applied(const state::FoldedFact& fact, state::Tables& tables) {
  const auto id = object_id(fact.fact.approval, kApprovalPrefix);
  if (!id) return;
  (void)tables.change("approval_requests", {*id}, {{ApprovalColumn::kStatus, static_cast<int>(ApprovalStatus::kUsed)}});
}

void ApprovalsProjection::erase(std::uint64_t, std::span<const std::string_view>, state::Tables&) {}

Result<> ApprovalsProjection::load(state::Tables&) {
  return {};
}

void ApprovalsProjection::follow(const state::FoldedFact&, state::Tables&) {}

}  // namespace redoubt::identity
