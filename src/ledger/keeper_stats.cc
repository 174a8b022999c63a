#include "ledger/keeper_stats.h"

#include "base/check.h"

namespace redoubt::ledger {
namespace {

// Calls `visit` with each number of the message's fixed part, in the order of the message: encoder and decoder cannot
// disagree.
template <class Stats, class Visit>
void for_each_number(Stats& stats, Visit visit) {
  for (auto* number : {&stats.commits, &stats.entries, &stats.bytes, &stats.checkpoints, &stats.sealing_keys}) {
    visit(*number);
  }
  const auto visit_histogram = [&visit](auto& histogram) {
    for (auto& count : histogram.counts) visit(count);
    visit(histogram.sum);
  };
  visit_histogram(stats.commit_time);
  visit_histogram(stats.sync_time);
  visit_histogram(stats.batch_entries);
  for (auto* number : {&stats.open_admissions, &stats.room_bytes, &stats.reserve_bytes}) visit(*number);
}

template <class T>
void put(Bytes& out, T value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof value);
  store_le(MutableByteView(out).subspan(at), value);
}

}  // namespace

void encode_stats(Bytes& out, const StatsMessage& message) {
  REDOUBT_CHECK(message.logs.size() <= kStatsLogs);
  out.clear();
  for_each_number(message.keeper, [&](std::uint64_t number) { put(out, number); });
  put(out, std::uint64_t{message.keeper.full});
  put(out, message.first_log);
  put(out, static_cast<std::uint32_t>(message.logs.size()));
  for (const LogGauges& log : message.logs) {
    for (const std::uint64_t number : {log.committed, log.stored_bytes, log.quota_bytes, log.checkpoint_age}) {
      put(out, number);
    }
  }
}

Result<StatsMessage> decode_stats(ByteView bytes) {
  if (bytes.size() < kKeeperStatsSize + 8) return Error(Errc::kMalformed, "statistics that are too short");
  const auto take = [&bytes]<class T>(T& out) {
    out = load_le<T>(bytes);
    bytes = bytes.subspan(sizeof out);
  };
  StatsMessage message;
  for_each_number(message.keeper, take);
  std::uint64_t full = 0;
  std::uint32_t logs = 0;
  take(full);
  take(message.first_log);
  take(logs);
  if (full > 1) return Error(Errc::kMalformed, "statistics of a disk that is neither full nor not");
  if (logs == 0 || logs > kStatsLogs || message.first_log > kMaxTenants || kMaxTenants - message.first_log < logs - 1) {
    return Error(Errc::kMalformed, "statistics of logs that cannot be");
  }
  if (bytes.size() != logs * kLogStatsSize) return Error(Errc::kMalformed, "statistics of another size");
  message.keeper.full = full == 1;
  message.logs.resize(logs);
  for (LogGauges& log : message.logs) {
    for (auto* number : {&log.committed, &log.stored_bytes, &log.quota_bytes, &log.checkpoint_age}) take(*number);
  }
  return message;
}

}  // namespace redoubt::ledger
