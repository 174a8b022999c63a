// What a measurement of this process needs: processor time, percentiles.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <vector>

namespace redoubt::bench {

// User and system time of the process so far, all threads.
inline double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// The value that `share` of them do not exceed; 0 of none. Reorders them.
inline double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace redoubt::bench
