#include "gateway/exchange_meter.h"

#include <span>
#include <string>
#include <utility>

#include "gateway/sse_relay.h"

namespace redoubt::gateway {
namespace {

using limits::Quantity;

// Text that an event brings; all of it when it cannot be understood.
std::uint64_t text_bytes_of(encoding::JsonReader& reader, std::string_view event) {
  const std::string_view data = event_data(event);
  if (data.empty()) return 0;
  const auto said = parse_usage(reader, data);
  return said ? said->text_bytes : data.size();
}

// Asked only where some limit is of groups.
std::vector<std::string> groups_of(const Access& access, const Caller& caller, UnixMillis now) {
  if (!access.limits().any_of(limits::SubjectType::kGroup)) return {};
  return access.identities().groups_of(*caller.principal, now);
}

limits::Subjects subjects(const Caller& caller, std::span<const std::string> groups, std::string_view model) {
  return {.key = caller.key->id,
          .principal = caller.principal->id,
          .groups = groups,
          .tenant = caller.principal->tenant,
          .model = model};
}

}  // namespace

bool ExchangeMeter::admit(std::shared_ptr<const Access> access, const Caller& caller, const ChatRequest* chat,
                          std::size_t prompt_bytes, UnixMillis now) {
  access_ = std::move(access);
  limits::Use estimate{.requests = 1};
  if (chat != nullptr) {
    model_ = chat->model;
    estimate_.emplace(access_->prices().find(model_), prompt_bytes);
    estimate = estimate_->request(chat->max_output_tokens);
  }
  const std::vector<std::string> groups = groups_of(*access_, caller, now);
  admission_ = meters_->admit(access_->limits(), subjects(caller, groups, model_), estimate, now);
  return static_cast<bool>(admission_);
}

void ExchangeMeter::follow(std::shared_ptr<const Access> access, const Caller& caller, UnixMillis now) {
  const std::vector<std::string> groups = groups_of(*access, caller, now);
  admission_.follow(access->limits(), subjects(caller, groups, model_), now);
  access_ = std::move(access);
}

void ExchangeMeter::begun(UnixMillis now) {
  // Within what was admitted, so that it is not refused.
  if (estimate_) admission_.add(estimate_->prompt(), now);
}

std::string_view ExchangeMeter::pass(std::string_view events, UnixMillis now) {
  const bool text_counts = estimate_ && (admission_.counts(Quantity::kTokens) || admission_.counts(Quantity::kMoney));
  const bool one_by_one = text_counts || admission_.counts(Quantity::kBytesOut);
  std::size_t passed = 0;
  while (passed < events.size()) {
    const std::string_view rest = events.substr(passed);
    const std::string_view event = one_by_one ? first_event(rest) : rest;
    limits::Use use{.bytes_out = event.size()};
    if (text_counts) use = estimate_->delta(text_bytes_of(*reader_, event), event.size());
    if (!admission_.add(use, now)) break;
    passed += event.size();
  }
  bytes_out_ += passed;
  return events.substr(0, passed);
}

bool ExchangeMeter::pass_whole(std::uint64_t text_bytes, std::size_t bytes, UnixMillis now) {
  // The text is used already: settle() counts it, by the estimate where the model server does not say.
  if (estimate_) estimate_->delta(text_bytes, 0);
  if (!admission_.add({.bytes_out = bytes}, now)) return false;
  bytes_out_ += bytes;
  return true;
}

void ExchangeMeter::settle(const TokenUsage& usage, UnixMillis now) {
  if (!estimate_) return settle(now);
  admission_.settle(estimate_->real(usage.prompt_tokens, usage.completion_tokens, bytes_out_), now);
}

void ExchangeMeter::settle(UnixMillis now) {
  admission_.settle(admission_.used(), now);
}

std::vector<limits::Field> ExchangeMeter::fields(UnixMillis now) const {
  std::vector<limits::Standing> standings;
  admission_.standings(now, standings);
  std::vector<limits::Field> out;
  limits::append_rate_fields(out, standings, admission_.refused() ? &admission_.refusal() : nullptr);
  return out;
}

std::string_view error_type(const limits::Refusal& refusal) {
  if (refusal.limit == nullptr) return "api_error";
  return refusal.code() == "insufficient_quota" ? "insufficient_quota" : "rate_limit_error";
}

}  // namespace redoubt::gateway
