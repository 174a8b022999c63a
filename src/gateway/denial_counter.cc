#include "gateway/denial_counter.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "base/check.h"
#include "crypto/secret.h"

namespace redoubt::gateway {
namespace {

using SourceText = std::array<char, INET6_ADDRSTRLEN + 3>;

// An IPv6 address becomes its /64, written into `buffer`; anything else stays as it is.
std::string_view source_of(std::string_view address, SourceText& buffer) {
  if (address.find(':') == std::string_view::npos || address.size() >= buffer.size()) return address;
  std::copy(address.begin(), address.end(), buffer.begin());
  buffer[address.size()] = '\0';
  in6_addr bits{};
  if (::inet_pton(AF_INET6, buffer.data(), &bits) != 1) return address;
  std::memset(&bits.s6_addr[8], 0, 8);
  ::inet_ntop(AF_INET6, &bits, buffer.data(), INET6_ADDRSTRLEN);
  std::memcpy(buffer.data() + std::strlen(buffer.data()), "/64", 4);
  return buffer.data();
}

// splitmix64's finalizer: spreads a keyed hash over all 64 bits.
std::uint64_t spread(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

void DenialCounter::Count::add(const Count& other) {
  first = pending == 0 ? other.first : std::min(first, other.first);
  pending += other.pending;
}

DenialCounter::DenialCounter(Recorder& recorder, unsigned cores, std::chrono::milliseconds interval)
    : recorder_(recorder),
      interval_(interval),
      cost_(kRecordEvery * std::max(cores, 1U)),
      burst_(std::max(kBurst / std::max(cores, 1U), kBurstMin)),
      credit_(price(burst_)) {
  crypto::random_bytes(std::as_writable_bytes(std::span(&hash_key_, 1)));
}

std::size_t DenialCounter::kind_of(record::DenialReason reason, int http_status, std::string_view code) {
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    const Kind& kind = kinds_[i];
    if (kind.reason == reason && kind.http_status == http_status && kind.code == code) return i;
  }
  REDOUBT_CHECK(kinds_.size() < kMaxKinds);
  kinds_.push_back({.reason = reason, .http_status = http_status, .code = code, .others = {}, .other_sources = {}});
  return kinds_.size() - 1;
}

void DenialCounter::add(std::string_view address, record::DenialReason reason, int http_status, std::string_view code,
                        std::string_view claimed) {
  recorder_.count_denial(reason);
  SourceText buffer;
  const SourceView source{source_of(address, buffer), kind_of(reason, http_status, code)};
  auto at = named_.find(source);
  if (at == named_.end() && named_.size() < kMaxSources) {
    at = named_.try_emplace(Source{std::string(source.address), source.kind}).first;
    const Count one{.pending = 1, .first = {}, .claimed = std::string(claimed)};
    if (affordable() > burst_ / 2 && record(kinds_[source.kind], source.address, one, 1)) return;
  }
  if (at == named_.end()) {
    count_as_other(source, {.pending = 1, .first = recorder_.now(), .claimed = {}});
    return;
  }
  Count& count = at->second;
  if (count.pending++ == 0) count.first = recorder_.now();
  if (!claimed.empty()) count.claimed.assign(claimed);
}

void DenialCounter::count_as_other(const SourceView& source, const Count& count) {
  Kind& kind = kinds_[source.kind];
  kind.others.add(count);
  kind.other_sources.add(spread(std::hash<std::string_view>{}(source.address) ^ hash_key_));
}

void DenialCounter::tick(std::chrono::steady_clock::time_point now) {
  if (last_tick_ != std::chrono::steady_clock::time_point()) {
    credit_ = std::min(credit_ + (now - last_tick_), price(burst_));
  }
  last_tick_ = now;
  if (now < interval_end_) return;
  const bool done = record_interval();
  interval_end_ = now + (done ? interval_ : kRecordEvery);
}

void DenialCounter::flush() {
  credit_ = price(burst_ + kinds_.size());
  record_interval();
}

bool DenialCounter::record_interval() {
  std::vector<Named::value_type*> sources;
  std::vector<bool> kind_pending(kinds_.size());
  std::size_t wanted = 0;  // records
  for (auto& entry : named_) {
    if (entry.second.pending == 0) continue;
    sources.push_back(&entry);
    kind_pending[entry.first.kind] = true;
  }
  wanted = sources.size();
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    if (kinds_[i].others.pending == 0) continue;
    kind_pending[i] = true;
    ++wanted;
  }
  if (wanted > affordable()) {
    const auto kinds = static_cast<std::size_t>(std::count(kind_pending.begin(), kind_pending.end(), true));
    if (affordable() < std::min(kinds + kLoudest, burst_)) return false;  // saves up
    const std::size_t named = affordable() - std::min(affordable(), kinds);
    std::sort(sources.begin(), sources.end(),
              [](const auto* a, const auto* b) { return a->second.pending > b->second.pending; });
    for (std::size_t i = named; i < sources.size(); ++i) count_as_other(sources[i]->first, sources[i]->second);
    for (std::size_t i = named; i < sources.size(); ++i) sources[i]->second.pending = 0;
    sources.resize(std::min(named, sources.size()));
  }
  for (auto* source : sources) {
    if (!record(kinds_[source->first.kind], source->first.address, source->second, 1)) return false;
    source->second.pending = 0;
  }
  std::vector<Kind*> kinds;
  for (Kind& kind : kinds_) {
    if (kind.others.pending > 0) kinds.push_back(&kind);
  }
  std::sort(kinds.begin(), kinds.end(),
            [](const Kind* a, const Kind* b) { return a->others.pending > b->others.pending; });
  for (Kind* kind : kinds) {
    if (affordable() == 0) break;  // its turn comes when it is the loudest kind
    if (!record(*kind, {}, kind->others, kind->other_sources.value())) return false;
    kind->others = {};
    kind->other_sources = {};
  }
  named_.clear();
  return true;
}

bool DenialCounter::record(const Kind& kind, std::string_view address, const Count& count, std::uint64_t sources) {
  if (!recorder_.ready()) return false;
  const bool recorded =
      recorder_.deny_together({.operation = kind.reason == record::DenialReason::kAuthentication ? "authenticate" : ""},
                              {.reason = kind.reason,
                               .http_status = kind.http_status,
                               .error_code = kind.code,
                               .count = count.pending,
                               .first_time = count.first == UnixMillis() ? std::nullopt : std::optional(count.first),
                               .sources = sources},
                              address, count.claimed);
  if (recorded) credit_ -= cost_;
  return recorded;
}

}  // namespace redoubt::gateway
