#include "gateway/denial_counter.h"

namespace redoubt::gateway {
namespace {

constexpr std::string_view kManySources = "(many)";

}  // namespace

void DenialCounter::add(std::string_view source, record::DenialReason reason, int http_status, std::string_view code) {
  Key key{.source = std::string(source), .reason = reason, .http_status = http_status, .code = std::string(code)};
  if (counts_.size() >= kMaxSources && !counts_.contains(key)) key.source = kManySources;
  auto [at, first_time] = counts_.try_emplace(std::move(key));
  if (first_time && record(at->first, 1, std::nullopt)) return;
  if (at->second.pending++ == 0) at->second.first = recorder_.now();
}

void DenialCounter::tick(std::chrono::steady_clock::time_point now) {
  if (now < interval_end_) return;
  interval_end_ = now + kInterval;
  flush();
}

void DenialCounter::flush() {
  for (auto at = counts_.begin(); at != counts_.end();) {
    // What the ledger does not take now stays counted.
    const bool recorded = at->second.pending == 0 || record(at->first, at->second.pending, at->second.first);
    at = recorded ? counts_.erase(at) : std::next(at);
  }
}

bool DenialCounter::record(const Key& key, std::uint64_t count, std::optional<UnixMillis> first) {
  if (!recorder_.ready()) return false;
  return recorder_.deny_together({.operation = "authenticate"},
                                 {.reason = key.reason,
                                  .http_status = key.http_status,
                                  .error_code = key.code,
                                  .count = count,
                                  .first_time = first},
                                 key.source);
}

}  // namespace redoubt::gateway
