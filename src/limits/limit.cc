#include <algorithm>
#include <optional>

#include "base/check.h"
#include "encoding/json_writer.h"
#include "limits/internal/rule.h"
#include "limits/limits.h"

namespace redoubt::limits {

namespace {

constexpr std::array<std::string_view, kQuantities> kQuantityWords = {"requests", "tokens", "bytes_out", "money"};
constexpr std::array<std::string_view, kSubjectTypes> kSubjectTypeWords = {"key", "principal", "group", "tenant",
                                                                           "model"};
constexpr std::array<std::string_view, kPeriods> kPeriodWords = {"second", "minute", "hour", "day", "month"};

// Of a bucket.
constexpr std::array<std::uint64_t, kPeriods> kPeriodSeconds = {1, 60, 3600, 86'400, 30 * 86'400};
constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
constexpr std::uint64_t kRefillMaxNs = static_cast<std::uint64_t>(kRefillMaxMs) * 1'000'000;

template <class T, std::size_t N>
Result<T> parse(std::string_view word, const std::array<std::string_view, N>& words, std::string_view what) {
  const auto at = std::find(words.begin(), words.end(), word);
  if (at != words.end()) return static_cast<T>(at - words.begin());
  std::string known;
  for (const std::string_view each : words) known.append(known.empty() ? "" : ", ").append(each);
  return Error(Errc::kInvalidArgument, std::string(what) + " must be one of " + known);
}

Error wrong(std::string message) {
  return {Errc::kInvalidArgument, std::move(message)};
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kLimitIdMax && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

bool is_subject(std::string_view text) {
  return !text.empty() && text.size() <= kSubjectMax && encoding::is_utf8(text) &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::uint64_t burst_of(const Limit& limit) {
  return limit.burst == 0 ? limit.amount : limit.burst;
}

// n · period / amount in nanoseconds, rounded down or up; saturates far beyond all that is allowed.
std::uint64_t flow_ns(std::uint64_t n, std::uint64_t period_ns, std::uint64_t amount, bool up) {
  constexpr std::uint64_t kFar = std::uint64_t{1} << 62;
  std::uint64_t product = 0;
  if (!__builtin_mul_overflow(n, period_ns, &product)) {
    return std::min(kFar, product / amount + (up && product % amount != 0 ? 1 : 0));
  }
  __extension__ using Wide = unsigned __int128;
  const Wide wide = Wide{n} * period_ns;
  const Wide quotient = wide / amount + (up && wide % amount != 0 ? 1 : 0);
  return quotient > kFar ? kFar : static_cast<std::uint64_t>(quotient);
}

}  // namespace

std::string_view to_string(Quantity quantity) {
  return kQuantityWords[static_cast<std::size_t>(quantity)];
}
std::string_view to_string(SubjectType type) {
  return kSubjectTypeWords[static_cast<std::size_t>(type)];
}
std::string_view to_string(Period period) {
  return kPeriodWords[static_cast<std::size_t>(period)];
}

Result<Quantity> parse_quantity(std::string_view word) {
  return parse<Quantity>(word, kQuantityWords, "the quantity");
}
Result<SubjectType> parse_subject_type(std::string_view word) {
  return parse<SubjectType>(word, kSubjectTypeWords, "the type of subject");
}
Result<Period> parse_period(std::string_view word) {
  return parse<Period>(word, kPeriodWords, "the period");
}

Result<> check(const Limit& limit) {
  if (!is_id(limit.id)) return wrong("the id of a limit is 1 to 64 of a-z A-Z 0-9 . _ -");
  if (!is_subject(limit.subject)) return wrong("the subject is 1 to 256 bytes of UTF-8 without control characters");
  if (limit.amount > kAmountMax) return wrong("the amount is at most " + std::to_string(kAmountMax));
  if (!limit.bucket) {
    if (limit.period == Period::kSecond) return wrong("a window is a minute, hour, day or month; a bucket has seconds");
    if (limit.burst != 0) return wrong("only a bucket has a burst");
    return {};
  }
  if (limit.burst > kAmountMax) return wrong("the burst is at most " + std::to_string(kAmountMax));
  if (limit.amount == 0) return limit.burst == 0 ? Result<>{} : wrong("a bucket that never fills has no burst");
  const std::uint64_t period_ns = kPeriodSeconds[static_cast<std::size_t>(limit.period)] * kNsPerSecond;
  if (flow_ns(burst_of(limit), period_ns, limit.amount, true) > kRefillMaxNs) {
    return wrong("the burst must flow in within 31 days");
  }
  return {};
}

std::uint64_t Use::of(Quantity quantity) const {
  switch (quantity) {
    case Quantity::kRequests:
      return requests;
    case Quantity::kTokens:
      return tokens;
    case Quantity::kBytesOut:
      return bytes_out;
    case Quantity::kMoney:
      return money;
  }
  REDOUBT_CHECK(!"unknown quantity");
  return 0;
}

std::uint8_t shape_of(const Limit& limit) {
  const std::size_t kind = static_cast<std::size_t>(limit.quantity) * 2 + (limit.bucket ? 1 : 0);
  return static_cast<std::uint8_t>(kind * kPeriods + static_cast<std::size_t>(limit.period));
}

MeterKind kind_of(std::uint8_t shape) {
  const bool bucket = shape / kPeriods % 2 == 1;
  return bucket ? MeterKind::kBucket : static_cast<MeterKind>(shape % kPeriods);  // minute to month: the same numbers
}

std::uint64_t refill_ns(const Rule& rule, std::uint64_t n) {
  return flow_ns(n, rule.period_ns, rule.amount, true);
}

Rule make_rule(const Limit& limit) {
  Rule rule{.amount = limit.amount, .limit = &limit, .shape = shape_of(limit), .quantity = limit.quantity};
  rule.kind = kind_of(rule.shape);
  if (!limit.bucket) return rule;
  rule.period_ns = kPeriodSeconds[static_cast<std::size_t>(limit.period)] * kNsPerSecond;
  if (limit.amount == 0) return rule;
  const std::uint64_t burst = burst_of(limit);
  // A little more than the burst takes, so that the burst fits also in single units, each of which is rounded up; less
  // than one unit more, so that no other one does.
  const std::uint64_t unit_ns = rule.period_ns / limit.amount;
  rule.tolerance_ns = flow_ns(burst, rule.period_ns, limit.amount, false) + std::min(burst, unit_ns / 2);
  return rule;
}

static_assert(static_cast<int>(MeterKind::kMinute) == static_cast<int>(Period::kMinute) &&
              static_cast<int>(MeterKind::kMonth) == static_cast<int>(Period::kMonth));

}  // namespace redoubt::limits
