#include "admin/failed_calls.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace redoubt::admin {

std::optional<std::chrono::milliseconds> FailedCalls::add(std::string_view source, Time now) {
  std::string key = source_of(source);
  if (sources_.size() >= kMaxSources && !sources_.contains(key)) forget(now);
  if (sources_.size() >= kMaxSources && !sources_.contains(key)) key.clear();
  Source& known = sources_[key];
  if (now - known.last >= kForgetAfter) known.failures = 0;
  known.last = now;
  if (known.failures < kFree) {
    ++known.failures;
    return std::chrono::milliseconds(0);
  }
  if (waiting_ >= kMaxWaiting) return std::nullopt;
  const unsigned doublings = std::min(known.failures - kFree, 16U);
  ++known.failures;
  ++waiting_;
  return std::min(kFirstDelay * (1U << doublings), kMaxDelay);
}

void FailedCalls::forget(Time now) {
  std::erase_if(sources_, [&](const auto& entry) { return now - entry.second.last >= kForgetAfter; });
}

std::string source_of(std::string_view address) {
  in6_addr v6{};
  std::string text(address);
  if (::inet_pton(AF_INET6, text.c_str(), &v6) != 1) return text;
  std::memset(v6.s6_addr + 8, 0, 8);
  char out[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(AF_INET6, &v6, out, sizeof out);
  return out;
}

}  // namespace redoubt::admin
