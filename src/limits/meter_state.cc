#include "limits/internal/meter_state.h"

#include <algorithm>

#include "limits/internal/calendar.h"

namespace redoubt::limits {

namespace {

constexpr unsigned kCountBits = 44;
constexpr std::uint64_t kCountMask = (std::uint64_t{1} << kCountBits) - 1;
constexpr std::uint64_t kCountMax = kCountMask - 1;  // so that no state is kForgotten
constexpr std::int64_t kNumberMask = (1 << 20) - 1;
static_assert(kAmountMax < kCountMax);

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kDebtMaxNs = 400ULL * 24 * 3600 * 1000 * kNsPerMs;
constexpr std::int64_t kTimeMaxMs = 8'000'000'000'000;  // in the year 2223: its nanoseconds and all debt fit 63 bits

std::uint64_t to_ns(UnixMillis time) {
  return static_cast<std::uint64_t>(std::clamp<std::int64_t>(time.value, 0, kTimeMaxMs)) * kNsPerMs;
}

MeterState pack(std::int64_t number, std::uint64_t count) {
  return static_cast<std::uint64_t>(number & kNumberMask) << kCountBits | count;
}
std::uint64_t count_of(MeterState state) {
  return state & kCountMask;
}
// The state's window, as seen from window `now`: the number next to it that is equal modulo 2^20.
std::int64_t number_of(MeterState state, std::int64_t now) {
  const auto ahead = static_cast<std::int64_t>(((state >> kCountBits) - static_cast<std::uint64_t>(now)) & kNumberMask);
  return ahead <= kNumberMask / 2 ? now + ahead : now + ahead - kNumberMask - 1;
}

// The window that counts at this time: the state's, unless that is past.
struct Window {
  std::int64_t number;
  std::uint64_t count;
};
Window window_at(MeterKind kind, MeterState state, UnixMillis now) {
  const std::int64_t current = window_number(kind, now);
  const std::int64_t number = number_of(state, current);
  if (number < current) return {current, 0};
  return {number, count_of(state)};
}

}  // namespace

MeterState fresh(MeterKind kind, UnixMillis now) {
  return kind == MeterKind::kBucket ? to_ns(now) : pack(window_number(kind, now), 0);
}

bool is_idle(MeterKind kind, MeterState state, UnixMillis now) {
  if (kind == MeterKind::kBucket) return state <= to_ns(now);
  return window_at(kind, state, now).count == 0;
}

MeterState fuller(MeterKind kind, MeterState a, MeterState b) {
  if (kind == MeterKind::kBucket) return std::max(a, b);
  const auto number = static_cast<std::int64_t>(a >> kCountBits);
  const std::int64_t other = number_of(b, number);
  if (other != number) return other > number ? b : a;
  return std::max(a, b);
}

std::optional<MeterState> revived(MeterKind kind, MeterState state, UnixMillis saved_at, UnixMillis now) {
  if (kind == MeterKind::kBucket) {
    state = std::min(state, to_ns(now) + kDebtMaxNs);
  } else {
    const std::int64_t current = window_number(kind, now);
    const std::int64_t number = number_of(state, window_number(kind, saved_at));
    if (number < current) return std::nullopt;
    // So far ahead that it would read as past: the clock was wrong then or is now. It counts for the window of now.
    const std::int64_t readable = number - current > kNumberMask / 2 ? current : number;
    state = pack(readable, std::min(count_of(state), kCountMax));
  }
  if (is_idle(kind, state, now)) return std::nullopt;
  return state;
}

Charge charged(const Rule& rule, MeterState state, std::uint64_t n, UnixMillis now) {
  if (rule.kind != MeterKind::kBucket) {
    const Window window = window_at(rule.kind, state, now);
    const std::uint64_t used = std::min(n, kCountMax - window.count);
    return {pack(window.number, window.count + used), pack(window.number, used)};
  }
  const std::uint64_t now_ns = to_ns(now);
  const std::uint64_t from = std::max(state, now_ns);
  if (rule.amount == 0) return {from, from};
  const std::uint64_t end = std::max(from, now_ns + kDebtMaxNs);
  return {from + std::min(refill_ns(rule, n), end - from), from};
}

std::optional<Charge> charged_if_fits(const Rule& rule, MeterState state, std::uint64_t n, UnixMillis now) {
  if (rule.kind != MeterKind::kBucket) {
    const Window window = window_at(rule.kind, state, now);
    if (window.count > rule.amount || n > rule.amount - window.count) return std::nullopt;
    return Charge{pack(window.number, window.count + n), pack(window.number, n)};
  }
  const std::uint64_t now_ns = to_ns(now);
  const std::uint64_t from = std::max(state, now_ns);
  if (rule.amount == 0) return std::nullopt;
  const std::uint64_t to = from + refill_ns(rule, n);
  if (to - now_ns > rule.tolerance_ns) return std::nullopt;
  return Charge{to, from};
}

Mark no_mark(const Rule& rule) {
  return rule.kind == MeterKind::kBucket ? ~Mark{0} : Mark{0};
}

Mark joined(const Rule& rule, Mark first, Mark second) {
  if (rule.kind == MeterKind::kBucket) return std::min(first, second);
  if (count_of(second) == 0) return first;
  if (first >> kCountBits != second >> kCountBits) return second;
  return pack(static_cast<std::int64_t>(second >> kCountBits), std::min(count_of(first) + count_of(second), kCountMax));
}

MeterState given_back(const Rule& rule, MeterState state, Mark mark, std::uint64_t charged, std::uint64_t kept,
                      UnixMillis now) {
  if (kept >= charged) return state;
  if (rule.kind != MeterKind::kBucket) {
    if (state >> kCountBits != mark >> kCountBits) return state;
    return state - std::min({charged - kept, count_of(mark), count_of(state)});
  }
  if (rule.amount == 0) return state;
  // What flowed in since the charge may have been what is given back now. Had it never been charged, the bucket might
  // have stood full instead and lost as much.
  const std::uint64_t now_ns = to_ns(now);
  const std::uint64_t flowed = now_ns > mark ? now_ns - mark : 0;
  const std::uint64_t back = refill_ns(rule, charged) - refill_ns(rule, kept);
  return back > flowed ? state - std::min(back - flowed, state) : state;
}

std::uint64_t remaining(const Rule& rule, MeterState state, UnixMillis now) {
  if (rule.kind != MeterKind::kBucket) {
    const std::uint64_t count = window_at(rule.kind, state, now).count;
    return count < rule.amount ? rule.amount - count : 0;
  }
  const std::uint64_t now_ns = to_ns(now);
  const std::uint64_t drawn = std::max(state, now_ns) - now_ns;
  if (rule.amount == 0 || drawn >= rule.tolerance_ns) return 0;
  __extension__ using Wide = unsigned __int128;
  const Wide left = Wide{rule.tolerance_ns - drawn} * rule.amount / rule.period_ns;
  return static_cast<std::uint64_t>(left);
}

std::int64_t reset_ms(const Rule& rule, MeterState state, UnixMillis now) {
  if (rule.kind != MeterKind::kBucket) {
    return window_start(rule.kind, window_at(rule.kind, state, now).number + 1).value - now.value;
  }
  const std::uint64_t now_ns = to_ns(now);
  return static_cast<std::int64_t>((std::max(state, now_ns) - now_ns + kNsPerMs - 1) / kNsPerMs);
}

std::optional<std::int64_t> wait_ms(const Rule& rule, MeterState state, std::uint64_t n, UnixMillis now) {
  if (!charged_if_fits(rule, fresh(rule.kind, now), n, now)) return std::nullopt;
  if (charged_if_fits(rule, state, n, now)) return 0;
  if (rule.kind != MeterKind::kBucket) return reset_ms(rule, state, now);
  const std::uint64_t too_far_ns = std::max(state, to_ns(now)) + refill_ns(rule, n) - to_ns(now) - rule.tolerance_ns;
  return static_cast<std::int64_t>((too_far_ns + kNsPerMs - 1) / kNsPerMs);
}

}  // namespace redoubt::limits
