#include "limits/meters.h"

namespace redoubt::limits {

namespace {

// `tokens per minute for this key`
std::string shape(const Limit& limit) {
  std::string words(to_string(limit.quantity));
  if (limit.quantity == Quantity::kBytesOut) words = "bytes";
  return words.append(" per ")
      .append(to_string(limit.period))
      .append(" for this ")
      .append(to_string(limit.subject_type));
}

// `12 s`, rounded up.
std::string seconds(std::int64_t ms) {
  return std::to_string((ms + 999) / 1000) + " s";
}

}  // namespace

int Refusal::status() const {
  return why == Why::kLimit ? 429 : 503;
}

std::string_view Refusal::code() const {
  if (why != Why::kLimit) return "limits_unavailable";
  const bool budget = limit->quantity == Quantity::kMoney || (!limit->bucket && limit->period == Period::kMonth);
  return budget ? "insufficient_quota" : "rate_limit_exceeded";
}

std::string Refusal::message() const {
  switch (why) {
    case Why::kTooManyLimits:
      return "more limits apply than can be counted together";
    case Why::kNoMeter:
      return "nothing more can be counted for now";
    case Why::kLimit:
      break;
  }
  const std::string of = "the limit of " + shape(*limit);
  if (!retry_after_ms) return of + " is less than this needs";
  return of + " is reached; try again in " + seconds(*retry_after_ms);
}

}  // namespace redoubt::limits
