// Limits, times and uses for tests, in few words.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"
#include "limits/limits.h"
#include "limits/meters.h"

namespace redoubt::limits {

inline constexpr Meters::HashKey kTestKey = {0x9f0c2d61b53a7e48, 0x13d7a95e6c20f8b4};

// 2026-11-21T20:00:00Z, or so many milliseconds later.
inline UnixMillis at(std::int64_t ms = 0) {
  return {1'795'291'200'000 + ms};
}

inline UnixMillis date(int year, unsigned month, unsigned day, int hour = 0, int minute = 0, int second = 0,
                       int ms = 0) {
  using namespace std::chrono;
  const sys_days midnight = std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day);
  const auto time = sys_time<milliseconds>(midnight) + hours(hour) + minutes(minute) + seconds(second);
  return {duration_cast<milliseconds>(time.time_since_epoch()).count() + ms};
}

inline Limit window(SubjectType type, std::string subject, Quantity quantity, Period period, std::uint64_t amount) {
  return {.id = std::string(to_string(type)) + "." + (subject == kEach ? "each" : subject) + "." +
                std::string(to_string(quantity)) + "." + std::string(to_string(period)),
          .subject_type = type,
          .subject = std::move(subject),
          .quantity = quantity,
          .period = period,
          .amount = amount,
          .version = 1};
}

inline Limit bucket(SubjectType type, std::string subject, Quantity quantity, Period period, std::uint64_t amount,
                    std::uint64_t burst = 0) {
  Limit limit = window(type, std::move(subject), quantity, period, amount);
  limit.id += ".bucket";
  limit.bucket = true;
  limit.burst = burst;
  return limit;
}

inline constexpr Use kRequest = {.requests = 1};

}  // namespace redoubt::limits
