// What is kept of one principal, model, tool, data set or tenant: under 2 KB, plain data without padding.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "anomaly/distinct_counter.h"
#include "anomaly/robust.h"
#include "anomaly/seasonal_baseline.h"
#include "behaviour/activity.h"
#include "behaviour/internal/small_state.h"
#include "behaviour/rules.h"

namespace redoubt::behaviour {

// What is measured of everyone and everything.
enum Metric : std::size_t { kRequests, kTokens, kBytesOut, kRows, kDenials, kErrors, kMatches, kDistinct };
inline constexpr std::size_t kMetricCount = 8;
inline constexpr std::size_t kRampCount = 4;  // the first four have a ramp

// One quantity: of the hour and day that are running, of hours and days before, and the most that there was.
struct MetricState {
  float hour = 0;
  float day = 0;
  float peak_hour = 0;
  float peak_day = 0;
  anomaly::RobustLevel hours;  // log_scale, of hours with anything
  anomaly::RobustLevel days;   // log_scale, of days with anything
  DailyDrift drift;

  bool valid() const {
    return is_amount(hour) && is_amount(day) && is_amount(peak_hour) && is_amount(peak_day) && hours.valid() &&
           days.valid() && drift.valid();
  }
};

// Why an entry was noted: a signal rests on those of its kind.
enum class Note : std::uint8_t { kNone, kDenial, kVolume, kRead, kVariant, kNovelty, kChange, kInjection };

// The first 56 bits of an entry's index, and why it was noted.
struct NotedEntry {
  std::uint64_t packed = 0;

  static NotedEntry of(std::uint64_t index, Note note) { return {index << 8 | static_cast<std::uint8_t>(note)}; }
  std::uint64_t index() const { return packed >> 8; }
  Note note() const { return static_cast<Note>(packed & 0xff); }
};

// Small things that are new; several at once say something.
enum class Small : std::uint8_t { kNetwork, kHour, kModel, kTool, kData, kOperation, kDenied, kVolume, kVariants };
inline constexpr std::size_t kSmallCount = 9;

struct Profile {
  static constexpr std::size_t kNoted = 12;
  static constexpr std::size_t kSketches = 10;

  std::int64_t first_ms = 0;
  std::int64_t last_ms = 0;
  std::int64_t suspicious_until_ms = 0;
  std::int64_t privilege_ms = 0;  // of the last change of its privileges; 0: none
  std::uint64_t privilege_index = 0;
  std::int64_t injection_ms = 0;  // of the last injection found in what it was told; 0: none
  std::uint64_t injection_index = 0;
  std::uint64_t groups = 0;    // digest; 0: not known
  std::uint64_t majority = 0;  // of a tenant: what was denied most on this day, by majority vote
  std::array<NotedEntry, kNoted> noted{};
  std::array<std::uint64_t, kSketches> sketches{};  // of its last texts

  std::uint32_t hour = 0;  // number of the running hour since 1970, local; 0: none yet
  std::uint32_t hours_active = 0;
  std::uint32_t majority_votes = 0;
  std::uint32_t reserved_word = 0;
  std::uint32_t texts = 0;
  std::uint32_t tool_calls = 0;
  std::array<MetricState, kMetricCount> metrics{};
  std::array<std::uint32_t, kRuleCount> raised_hour{};  // hour in which each rule was raised last; 0: never
  std::array<std::uint32_t, kSmallCount> small_hour{};  // hour of each small thing; 0: never
  RecentCount burst;                                    // requests, half-life 30 s
  RecentCount denied;                                   // accesses, half-life 5 min
  RecentCount denied_new;                               // models or operations that it never used, half-life 1 h
  RecentCount withheld;      // answers, and operations denied that it never made, half-life 1 h
  RecentCount variants;      // texts near to another of the last ones, half-life 10 min
  RecentCount recent_texts;  // half-life 10 min
  RecentCount boundary;      // of those, denied or matched
  RecentCount large_reads;   // half-life 30 min
  float hour_burst = 0;      // the most of these recent counts in the running hour, and ever
  float hour_large = 0;
  float hour_withheld = 0;
  float peak_burst = 0;
  float peak_large = 0;
  float peak_withheld = 0;
  float variant_share = 0;  // usual, 0 to 1
  float text_day_peak = 0;  // distinct texts of a day
  float rows_usual = 0;     // of one read, log_scale

  SeenSet models;
  SeenSet tools;
  SeenSet data;
  SeenSet networks;
  SeenSet operations;
  anomaly::SeasonalBaseline<2> rhythm;  // requests of each hour, with those without any
  std::array<Ramp, kRampCount> ramps{};
  anomaly::DistinctCounter day_things;     // models, tools, data sets and networks of the running day
  anomaly::DistinctCounter day_texts;      // fingerprints of it
  anomaly::DistinctCounter day_members;    // of a tenant: credentials denied on it. Of others: principals
  anomaly::DistinctCounter day_resources;  // what was denied on it; of principals models they never used
  anomaly::DistinctCounter day_denied;     // everything that was denied on it
  std::uint16_t days_active = 0;
  std::uint8_t next_noted = 0;
  std::uint8_t next_sketch = 0;
  std::uint8_t kind = 0;  // PrincipalKind
  std::uint8_t suspended = 0;
  std::uint8_t boundary_mix = 0;  // bit 0: a variant was let through, bit 1: one was refused
  std::uint8_t rising = 0;        // a bit for each ramp: it may be one that teaches a new usual
  std::array<std::uint8_t, 4> reserved{};

  std::uint16_t day() const { return static_cast<std::uint16_t>(hour / 24); }
  void note(std::uint64_t index, Note why) {
    noted[next_noted] = NotedEntry::of(index, why);
    next_noted = static_cast<std::uint8_t>((next_noted + 1) % kNoted);
  }
  bool valid() const;
};

static_assert(std::is_trivially_copyable_v<Profile>);
static_assert(sizeof(Profile) < 2000);
static_assert(offsetof(Profile, reserved) + 4 == sizeof(Profile));  // no padding at the end

}  // namespace redoubt::behaviour
