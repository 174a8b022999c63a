#include <utility>

#include "identity/approvals.h"
#include "identity/internal/approval_rows.h"
#include "identity/internal/bodies.h"
#include "identity/internal/make_id.h"
#include "identity/internal/rows.h"
#include "identity/internal/wish.h"

namespace redoubt::identity {

using internal::checked;
using internal::wrong;
using record::FactVerb;

namespace {

state::Proposal about(const Approval& request, std::string_view kind) {
  return {.kind = std::string(kind),
          .verb = FactVerb::kUpdate,
          .object = approval_object(request.id),
          .expects = request.version};
}

}  // namespace

std::string approval_object(std::string_view id) {
  return std::string(internal::kApprovalPrefix).append(id);
}

Result<state::Proposal> propose_request(const state::Proposal& wanted, std::string_view why, std::int64_t life_ms) {
  if (!wanted.values.empty()) {
    return wrong("what somebody else approves cannot have sealed values; set them afterwards");
  }
  if (!internal::is_act(wanted.kind)) return wrong("`" + wanted.kind + "` needs no approval");
  if (!internal::is_words(why, kWhyMax)) return wrong("a request has a reason of 1 to 512 bytes of UTF-8");
  if (life_ms < 1 || life_ms > kApprovalLifeMaxMs) return wrong("a request lives at most 7 days");
  return checked({.kind = "approval.request",
                  .verb = FactVerb::kCreate,
                  .severity = wanted.severity,
                  .object = approval_object(make_id(internal::kApprovalIdSize)),
                  .body = write(internal::RequestBody{.kind = wanted.kind,
                                                      .verb = wanted.verb,
                                                      .severity = wanted.severity,
                                                      .object = wanted.object,
                                                      .expects = wanted.expects,
                                                      .body = wanted.body,
                                                      .before = wanted.before,
                                                      .after = wanted.after,
                                                      .why = std::string(why),
                                                      .life_ms = life_ms}),
                  .before = wanted.before,
                  .after = wanted.after});
}

state::Proposal propose_grant(const Approval& request) {
  return about(request, "approval.grant");
}

state::Proposal propose_refusal(const Approval& request) {
  return about(request, "approval.refuse");
}

state::Proposal propose_withdrawal(const Approval& request) {
  return about(request, "approval.withdraw");
}

state::Proposal granted_change(const Approval& request) {
  return {.kind = request.kind,
          .verb = request.verb,
          .severity = request.severity,
          .object = request.object,
          .expects = request.expects,
          .body = request.body,
          .approval = approval_object(request.id),
          .approved_by = {request.decided_by},
          .before = request.before,
          .after = request.after};
}

Result<state::Proposal> propose_marked_acts(const std::vector<std::string>& acts, std::uint64_t version) {
  auto list = internal::checked_list("act that can need two persons", acts, kMarkedActsMax, internal::is_act);
  if (!list) return list.error();
  return checked({.kind = "identity.marked_acts.set",
                  .verb = FactVerb::kUpdate,
                  .object = std::string(internal::kMarkedActsObject),
                  .expects = version,
                  .body = internal::write_marked_acts(*list)});
}

}  // namespace redoubt::identity
