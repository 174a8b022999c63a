// What meters.h promises, as plainly as it can be said: slow, one thread, and exact to a part in 10^12 of a nanosecond.
#pragma once

#include <time.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "limits/meters.h"

namespace redoubt::limits::naive {

__extension__ using Wide = __int128;

// A limit as it applies to one subject.
struct Applied {
  Limit limit;
  std::string subject;
  std::string meter() const {
    return subject + "|" + std::string(to_string(limit.subject_type)) + "|" + std::string(to_string(limit.quantity)) +
           "|" + std::string(to_string(limit.period)) + (limit.bucket ? "|bucket" : "");
  }
};

inline bool same_shape(const Limit& a, const Limit& b) {
  return a.subject_type == b.subject_type && a.quantity == b.quantity && a.period == b.period && a.bucket == b.bucket;
}

inline std::vector<Applied> applied(const std::vector<Limit>& limits, const Subjects& subjects) {
  std::vector<std::pair<SubjectType, std::string>> touched = {
      {SubjectType::kKey, std::string(subjects.key)},
      {SubjectType::kPrincipal, std::string(subjects.principal)},
      {SubjectType::kTenant, std::string(subjects.tenant)},
      {SubjectType::kModel, std::string(subjects.model)}};
  for (const std::string& group : subjects.groups) touched.emplace_back(SubjectType::kGroup, group);
  std::vector<Applied> all;
  for (const auto& [type, id] : touched) {
    for (const Limit& limit : limits) {
      if (limit.subject_type != type || id.empty()) continue;
      const bool replaced = std::any_of(limits.begin(), limits.end(), [&](const Limit& other) {
        return limit.subject == "*" && other.subject == id && same_shape(limit, other);
      });
      if (limit.subject == id || (limit.subject == "*" && !replaced)) all.push_back({limit, id});
    }
  }
  return all;
}

// The calendar, by another's code: windows are compared as text.
inline std::string window_of(Period period, UnixMillis now) {
  const time_t seconds = now.value / 1000;
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  const char* form = period == Period::kMinute ? "%Y%m%d%H%M"
                     : period == Period::kHour ? "%Y%m%d%H"
                     : period == Period::kDay  ? "%Y%m%d"
                                               : "%Y%m";
  std::array<char, 32> text{};
  ::strftime(text.data(), text.size(), form, &parts);
  return text.data();
}

inline constexpr Wide kNs = Wide{1} << 40;  // the unit of time here is so much less
inline constexpr Wide kRounding = 1 << 10;

inline Wide time_of(UnixMillis now) {
  return Wide{now.value} * 1'000'000 * kNs;
}
// What n take to flow into a bucket.
inline Wide flow_of(const Limit& limit, Wide n) {
  const std::array<std::int64_t, kPeriods> seconds = {1, 60, 3600, 86400, 30 * 86400};
  const Wide period = Wide{seconds[static_cast<std::size_t>(limit.period)]} * 1'000'000'000 * kNs;
  return period / static_cast<Wide>(limit.amount) * n +
         period % static_cast<Wide>(limit.amount) * n / static_cast<Wide>(limit.amount);
}

struct Meter {
  std::string window;
  std::uint64_t count = 0;
  Wide full_at = 0;  // of a bucket
};

struct Charge {
  std::string window;
  std::uint64_t in_window = 0;
  Wide begins = -1;  // of a bucket, the earliest; -1: not charged yet
};

class Meters {
 public:
  // The meter as it is to be read at this time; only charge() and give_back() change it.
  Meter at(const Applied& limit, UnixMillis now) const {
    const auto found = meters_.find(limit.meter());
    Meter meter = found != meters_.end() ? found->second : Meter{};
    if (!limit.limit.bucket) {
      const std::string current = window_of(limit.limit.period, now);
      if (meter.window < current) meter = {.window = current};
    } else {
      meter.full_at = std::max(meter.full_at, time_of(now));
    }
    return meter;
  }

  // Whether n fit, or would with so many more or less of the limit.
  bool fits(const Applied& limit, std::uint64_t n, UnixMillis now, std::int64_t slack = 0) const {
    const Meter meter = at(limit, now);
    const Limit& of = limit.limit;
    if (!of.bucket) return Wide{meter.count} + n <= Wide{of.amount};
    if (of.amount == 0) return false;
    const Wide burst = of.burst == 0 ? of.amount : of.burst;
    return meter.full_at + flow_of(of, n) - time_of(now) <= flow_of(of, burst + slack) + kRounding;
  }

  void charge(const Applied& limit, std::uint64_t n, UnixMillis now, Charge& charge) {
    Meter meter = at(limit, now);
    if (!limit.limit.bucket) {
      if (charge.window != meter.window) charge = {.window = meter.window};
      meter.count += n;
      charge.in_window += n;
    } else {
      charge.begins = charge.begins < 0 ? meter.full_at : std::min(charge.begins, meter.full_at);
      meter.full_at += flow_of(limit.limit, n);
    }
    meters_[limit.meter()] = meter;
  }

  void give_back(const Applied& limit, std::uint64_t n, UnixMillis now, const Charge& charge) {
    const auto found = meters_.find(limit.meter());
    if (found == meters_.end()) return;
    Meter& meter = found->second;
    if (!limit.limit.bucket) {
      if (charge.window == meter.window) meter.count -= std::min(n, charge.in_window);
      return;
    }
    const Wide flowed = std::max<Wide>(0, time_of(now) - charge.begins);
    meter.full_at -= std::max<Wide>(0, flow_of(limit.limit, n) - flowed);
  }

  std::uint64_t remaining(const Applied& limit, UnixMillis now) const {
    const Meter meter = at(limit, now);
    const Limit& of = limit.limit;
    if (!of.bucket) return meter.count < of.amount ? of.amount - meter.count : 0;
    const Wide burst = of.burst == 0 ? of.amount : of.burst;
    if (of.amount == 0) return 0;
    const Wide left = flow_of(of, burst) - (meter.full_at - time_of(now)) + kRounding;
    return left > 0 ? static_cast<std::uint64_t>(left / flow_of(of, 1)) : 0;
  }

 private:
  std::map<std::string, Meter> meters_;
};

}  // namespace redoubt::limits::naive
