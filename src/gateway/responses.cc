// What responses to incidents hold back: asked before any policy, because no policy permits it.
#include <algorithm>

#include "behaviour/features.h"
#include "gateway/internal/call.h"
#include "record/response_authorizer.h"

namespace redoubt::gateway {

using record::DenialReason;

namespace {

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    out.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return out;
}

}  // namespace

incident::Restriction Pipeline::held_back(const Call& call, const Access& access) const {
  const std::string network = internal::network_of(recorder_, access.restrictions(), call.exchange.peer_address());
  return access.restriction(*call.caller, {.now = recorder_.now(),
                                           .network = network,
                                           .model = call.chat.model,
                                           .tools = call.names.tools_offered(),
                                           .data_sets = call.names.data(),
                                           .tools_cut = call.names.tools_offered_are_cut(),
                                           .data_sets_cut = call.names.data_are_cut()});
}

net::Task<bool> Pipeline::check_responses(Call& call) {
  if (call.access->restrictions().empty()) co_return true;
  const incident::Restriction held = held_back(call, *call.access);
  call.stopped_families = split(held.families);
  const bool waits = !held.ends() && !held.step_up && held.review;
  if (waits && call.operation == kChatOperation) call.quarantine = held.response;
  if ((!held.ends() && !held.step_up && !held.review) || !call.quarantine.empty()) co_return true;
  call.matches = call.found.counts({});
  call.facts.matches = call.matches;
  call.facts.authorizer = record::kResponseAuthorizer;
  call.policies = held.response;
  call.facts.policy_uid = call.policies;
  call.facts.policy_version = {};  // no bundle says so
  const internal::HeldBackAnswer answer = internal::held_back_answer(held);
  co_await deny(call, DenialReason::kAuthorization, 403, answer.message, "permission_error", answer.code);
  co_return false;
}

std::optional<incident::Restriction> Pipeline::ended_now(const Call& call) const {
  // While nothing is certain, it goes on by what was.
  if (access_ == nullptr || access_->restrictions().empty()) return std::nullopt;
  incident::Restriction held = held_back(call, *access_);
  if (!held.ends()) return std::nullopt;
  return held;
}

namespace internal {

std::string network_of(const Recorder& recorder, const incident::Restrictions& held, std::string_view address) {
  if (!held.any_of(incident::TargetType::kNetwork)) return {};
  const behaviour::FeatureKey* const key = recorder.feature_key();
  const auto prefix = key != nullptr ? key->address_prefix(address) : std::nullopt;
  return prefix ? behaviour::network_name(*prefix) : std::string();
}

HeldBackAnswer held_back_answer(const incident::Restriction& held) {
  if (held.stop) return {"suspended", "this is suspended for now, in answer to an incident"};
  if (held.revoked) return {"session_revoked", "whoever goes on authenticates anew, in answer to an incident"};
  if (held.step_up) {
    return {"step_up_required", "this needs a second factor that is fresh, in answer to an incident"};
  }
  return {"quarantined", "this is in quarantine, in answer to an incident"};
}

}  // namespace internal
}  // namespace redoubt::gateway
