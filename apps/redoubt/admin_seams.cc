#include "redoubt/admin_seams.h"

#include "gateway/access.h"

namespace redoubt::app {
namespace {

record::DenialReason reason_of(int status) {
  switch (status) {
    case 401:
      return record::DenialReason::kAuthentication;
    case 413:
    case 431:
      return record::DenialReason::kTooLarge;
    case 429:
      return record::DenialReason::kLimit;
    case 500:
    case 503:
      return record::DenialReason::kUnavailable;
    default:
      return record::DenialReason::kMalformed;
  }
}

}  // namespace

admin::AdminRuling PolicyAuthorizer::rule(const admin::AdminRequest& request) {
  if (!in_force_) return {};
  const admin::Caller& caller = request.caller;
  const incident::Restriction held = held_.of({.now = request.now,
                                               .principal = caller.principal->id,
                                               .key = caller.key->id,
                                               .authenticated = caller.authenticated});
  if (held.ends() || held.review || held.step_up) return {.reasons = {"response " + held.response}};
  admin::CedarRequest asked = admin::cedar_request(request);
  auto entities = policy::EntityStore::build(std::move(asked.entities), &gateway::policy_schema());
  if (!entities) return {};
  const gateway::Ruling ruling = in_force_->policies->rule(asked.request, **entities);
  return {.permit = ruling.permit,
          .reasons = {ruling.reasons.begin(), ruling.reasons.end()},
          .errors = {ruling.errors.begin(), ruling.errors.end()}};
}

record::ExchangeFacts LedgerRecorder::facts(const admin::AdminEvent& event, Told& told) const {
  record::ExchangeFacts out{.method = event.method, .path = event.path, .upstream = "redoubt"};
  if (event.operation != nullptr) out.operation = event.operation->id;
  if (event.caller != nullptr && event.caller->principal != nullptr) {
    out.principal_uid = out.principal_name = event.caller->principal->id;
    out.principal_type = gateway::record_type(*event.caller->principal);
    out.credential_uid = event.caller->key->id;
  }
  if (event.ruling != nullptr) {
    for (const std::string& reason : event.ruling->reasons) {
      told.policies += (told.policies.empty() ? "" : ",") + reason;
    }
    told.bundle = in_force_;
    out.authorizer = "cedar";
    out.policy_uid = told.policies;
    if (told.bundle) out.policy_version = told.bundle->digest;
  }
  return out;
}

void LedgerRecorder::refused(const admin::AdminEvent& event) {
  denials_.add(event.address, reason_of(event.status), event.status, event.problem, event.claimed);
}

net::Task<Result<>> LedgerRecorder::denied(admin::AdminEvent event) {
  Told told;
  const record::ExchangeFacts said = facts(event, told);
  auto receipt = co_await recorder_.deny(
      recorder_.logs().system(), said,
      {.reason = record::DenialReason::kAuthorization, .http_status = event.status, .error_code = event.problem},
      event.address);
  if (!receipt) co_return receipt.error();
  co_return Result<>();
}

net::Task<Result<>> LedgerRecorder::shown(admin::AdminEvent event) {
  Told told;
  const record::ExchangeFacts said = facts(event, told);
  auto admission = co_await recorder_.admit(recorder_.logs().system(), said, {}, event.address);
  if (!admission) co_return admission.error();
  const record::Outcome outcome{.finish = record::Finish::kCompleted, .http_status = event.status};
  auto receipt = co_await admission->close(outcome, nullptr);
  if (!receipt) co_return receipt.error();
  co_return Result<>();
}

}  // namespace redoubt::app
