#include "ledger/keeper_stats.h"

#include <gtest/gtest.h>

#include "ledger/tests/keeper_fixture.h"

namespace redoubt::ledger {
namespace {

StatsMessage make_message(std::size_t logs) {
  StatsMessage message{.keeper = {.commits = 1, .entries = 2, .bytes = 3, .checkpoints = 4, .sealing_keys = 5},
                       .first_log = 7,
                       .logs = {}};
  message.keeper.commit_time.observe(std::uint64_t{60'000});
  message.keeper.sync_time.observe(std::uint64_t{11'000'000'000});
  message.keeper.batch_entries.observe(std::uint64_t{17});
  message.keeper.open_admissions = 6;
  message.keeper.room_bytes = std::uint64_t{1} << 40;
  message.keeper.reserve_bytes = 8;
  message.keeper.full = true;
  for (std::uint64_t i = 0; i < logs; ++i) message.logs.push_back({i + 1, i + 2, i + 3, i + 4});
  return message;
}

Bytes encoded(const StatsMessage& message) {
  Bytes out;
  encode_stats(out, message);
  return out;
}

TEST(StatsMessage, ComesBackAsItWas) {
  for (const std::size_t logs : {std::size_t{1}, kStatsLogs}) {
    const StatsMessage message = make_message(logs);
    const Bytes bytes = encoded(message);
    EXPECT_EQ(bytes.size(), kKeeperStatsSize + 8 + logs * kLogStatsSize);
    const auto decoded = decode_stats(bytes);
    ASSERT_TRUE(decoded) << decoded.error().message();
    EXPECT_EQ(decoded->keeper, message.keeper);
    EXPECT_EQ(decoded->first_log, 7U);
    EXPECT_EQ(decoded->logs, message.logs);
  }
  EXPECT_EQ(encoded(make_message(kStatsLogs)).size(), kMaxStatsSize);
}

TEST(StatsMessage, AnyOtherLengthIsRefused) {
  Bytes bytes = encoded(make_message(2));
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_stats(ByteView(bytes).first(size)));
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(decode_stats(bytes));
}

TEST(StatsMessage, LogsThatCannotBeAreRefused) {
  const auto with = [](std::uint32_t first, std::uint32_t count) {
    Bytes bytes = encoded(make_message(1));
    store_le(MutableByteView(bytes).subspan(kKeeperStatsSize, 4), first);
    store_le(MutableByteView(bytes).subspan(kKeeperStatsSize + 4, 4), count);
    bytes.resize(kKeeperStatsSize + 8 + std::min<std::size_t>(count, 2 * kStatsLogs) * kLogStatsSize);
    return decode_stats(bytes);
  };
  EXPECT_TRUE(with(kMaxTenants, 1));
  EXPECT_FALSE(with(kMaxTenants, 2));
  EXPECT_FALSE(with(kMaxTenants + 1, 1));
  EXPECT_FALSE(with(kEveryLog, 1));
  EXPECT_FALSE(with(0, 0));
  EXPECT_TRUE(with(0, kStatsLogs));
  EXPECT_FALSE(with(0, kStatsLogs + 1));
  EXPECT_FALSE(with(0, 0xffffffff));
}

TEST(StatsMessage, ADiskIsFullOrNot) {
  Bytes bytes = encoded(make_message(1));
  store_le(MutableByteView(bytes).subspan(kKeeperStatsSize - 8, 8), std::uint64_t{2});
  EXPECT_FALSE(decode_stats(bytes));
}

using KeeperStatsTest = test::KeeperTest;

TEST_F(KeeperStatsTest, GatewayHearsWhatTheKeeperCounted) {
  test::Core& core = start({"clinic"}, {0, 1'000'000});
  const ExchangeId exchange{std::byte{1}};
  std::optional<LedgerClient::Reservation> open;
  admit(core, exchange, "{\"a\":1}", "{}", &open, 1);
  append(core, {.exchange = {std::byte{2}}}, "{\"b\":2}");
  append(core, {.exchange = {std::byte{3}}}, "{\"c\":3}");
  // The clock moves by hand: until it does, nothing is told again.
  clock_.steady_ms += 2000;
  test::signal_fd(wake_);
  const auto& told = core.client->keeper_stats();
  ASSERT_TRUE(core.pump_until([&] { return told.entries == 3; }));
  EXPECT_EQ(told.commit_time.total(), told.commits);
  EXPECT_EQ(told.sync_time.total(), told.commits);
  EXPECT_EQ(told.batch_entries.total(), told.commits);
  EXPECT_EQ(told.batch_entries.sum, 3U);
  EXPECT_EQ(told.open_admissions, 1U);
  EXPECT_GE(told.bytes, 3 * (kEntryHeaderSize + 7));
  EXPECT_FALSE(told.full);
  EXPECT_GT(told.room_bytes, told.reserve_bytes);
  const auto& logs = core.client->log_gauges();
  ASSERT_EQ(logs.size(), 2U);
  EXPECT_EQ(logs[0].gauges.committed, 2U);
  EXPECT_EQ(logs[1].gauges.committed, 1U);
  EXPECT_EQ(logs[1].gauges.quota_bytes, 1'000'000U);
  EXPECT_EQ(logs[0].gauges.stored_bytes + logs[1].gauges.stored_bytes, told.bytes);
  EXPECT_EQ(logs[1].gauges.checkpoint_age, 0U);
}

TEST_F(KeeperStatsTest, ACheckpointAgesWhileItDoesNotCoverEverything) {
  options_.publish_interval = std::chrono::hours(1);
  test::Core& core = start();
  append(core, {.exchange = {std::byte{1}}}, "{}");  // published at once; what follows has to wait
  append(core, {.exchange = {std::byte{2}}}, "{}");
  const auto& logs = core.client->log_gauges();
  clock_.steady_ms += 2000;
  test::signal_fd(wake_);
  EXPECT_TRUE(core.pump_until([&] { return !logs.empty() && logs[0].gauges.checkpoint_age == 2'000'000'000; }));
  EXPECT_EQ(logs[0].gauges.committed, 2U);
  clock_.steady_ms += 3'600'000;
  test::signal_fd(wake_);
  ASSERT_TRUE(core.pump_until([&] { return core.client->published() == 2; }));
  clock_.steady_ms += 1000;
  test::signal_fd(wake_);
  EXPECT_TRUE(core.pump_until([&] { return logs[0].gauges.checkpoint_age == 0; }));
}

TEST_F(KeeperStatsTest, ManyLogsAreToldInTurns) {
  std::vector<std::string> tenants;
  for (int i = 0; i < 150; ++i) tenants.push_back("t" + std::to_string(i));
  test::Core& core = start(tenants);
  const auto& logs = core.client->log_gauges();
  EXPECT_TRUE(core.pump_until([&] { return logs.size() == kStatsLogs; }));
  append(core, {.log = 140, .exchange = {std::byte{1}}}, "{}");
  for (const std::size_t heard : {2 * kStatsLogs, std::size_t{151}}) {
    clock_.steady_ms += 1000;
    test::signal_fd(wake_);
    ASSERT_TRUE(core.pump_until([&] { return logs.size() == heard; })) << heard;
  }
  EXPECT_EQ(logs[140].gauges.committed, 1U);
}

}  // namespace
}  // namespace redoubt::ledger
