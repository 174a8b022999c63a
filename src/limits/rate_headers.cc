#include "limits/rate_headers.h"

#include <algorithm>
#include <array>

namespace redoubt::limits {

namespace {

// In seconds, for `w`; a month has none.
constexpr std::array<std::string_view, kPeriods> kWindowSeconds = {"1", "60", "3600", "86400", ""};

std::int64_t seconds_up(std::int64_t ms) {
  return ms > 0 ? (ms + 999) / 1000 : 0;
}

// RFC 9651 §3.3.1: an Integer has at most 15 digits.
std::string integer(std::uint64_t number) {
  return std::to_string(std::min<std::uint64_t>(number, 999'999'999'999'999));
}

bool is_callers_own(const Limit& limit) {
  return limit.subject_type == SubjectType::kKey || limit.subject_type == SubjectType::kPrincipal;
}

std::string_view unit(Quantity quantity) {
  switch (quantity) {
    case Quantity::kRequests:
      return "";
    case Quantity::kTokens:
      return ";qu=\"tokens\"";
    case Quantity::kBytesOut:
      return ";qu=\"content-bytes\"";
    case Quantity::kMoney:
      return ";qu=\"money\"";
  }
  return "";
}

void append_item(std::string& list, const std::string& item) {
  if (!list.empty()) list += ", ";
  list += item;
}

std::string policy_item(const Limit& limit) {
  std::string item = "\"" + policy_name(limit) + "\";q=" + integer(limit.amount);
  item += unit(limit.quantity);
  const std::string_view seconds = kWindowSeconds[static_cast<std::size_t>(limit.period)];
  if (!seconds.empty()) item.append(";w=").append(seconds);
  return item;
}

std::string state_item(const Limit& limit, std::uint64_t remaining, std::optional<std::int64_t> ms) {
  std::string item = "\"" + policy_name(limit) + "\";r=" + integer(remaining);
  if (ms) item += ";t=" + std::to_string(seconds_up(*ms));
  return item;
}

// As OpenAI writes it: `6m0s`, `17s`, `250ms`.
std::string duration(std::int64_t ms) {
  if (ms < 1000) return std::to_string(std::max<std::int64_t>(ms, 0)) + "ms";
  const std::int64_t seconds = seconds_up(ms);
  std::string text;
  if (seconds >= 3600) text += std::to_string(seconds / 3600) + "h";
  if (seconds >= 60) text += std::to_string(seconds / 60 % 60) + "m";
  return text + std::to_string(seconds % 60) + "s";
}

struct OpenAiNames {
  Quantity quantity;
  std::string_view limit;
  std::string_view remaining;
  std::string_view reset;
};
constexpr std::array<OpenAiNames, 2> kOpenAiNames = {{
    {Quantity::kRequests, "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"},
    {Quantity::kTokens, "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"},
}};

void append_openai(std::vector<Field>& out, std::span<const Standing> standings, const OpenAiNames& names) {
  const Standing* nearest = nullptr;
  for (const Standing& each : standings) {
    if (each.limit->quantity != names.quantity || !is_callers_own(*each.limit)) continue;
    if (nearest == nullptr || each.remaining < nearest->remaining) nearest = &each;
  }
  if (nearest == nullptr) return;
  out.emplace_back(names.limit, std::to_string(nearest->limit->amount));
  out.emplace_back(names.remaining, std::to_string(nearest->remaining));
  out.emplace_back(names.reset, duration(nearest->reset_ms));
}

}  // namespace

std::string policy_name(const Limit& limit) {
  std::string name(to_string(limit.subject_type));
  for (const std::string_view part : {to_string(limit.quantity), to_string(limit.period)})
    name.append("-").append(part);
  return limit.bucket ? name + "-bucket" : name;
}

void append_rate_fields(std::vector<Field>& out, std::span<const Standing> standings, const Refusal* refusal) {
  std::string policies;
  std::string states;
  const Limit* refusing = refusal != nullptr ? refusal->limit : nullptr;
  for (const Standing& each : standings) {
    if (each.limit == refusing || !is_callers_own(*each.limit)) continue;
    append_item(policies, policy_item(*each.limit));
    append_item(states, state_item(*each.limit, each.remaining, each.reset_ms));
  }
  if (refusing != nullptr) {
    append_item(policies, policy_item(*refusing));
    append_item(states,
                state_item(*refusing, is_callers_own(*refusing) ? refusal->remaining : 0, refusal->retry_after_ms));
  }
  if (!policies.empty()) {
    out.emplace_back("RateLimit-Policy", std::move(policies));
    out.emplace_back("RateLimit", std::move(states));
  }
  for (const OpenAiNames& names : kOpenAiNames) append_openai(out, standings, names);
  if (refusal != nullptr && refusal->retry_after_ms) {
    out.emplace_back("Retry-After", std::to_string(std::max<std::int64_t>(1, seconds_up(*refusal->retry_after_ms))));
  }
}

}  // namespace redoubt::limits
