// What the keeper opens, for whom, and what it records of that.
#include "encoding/base64.h"
#include "ledger/tests/keeper_fixture.h"

namespace redoubt::ledger::test {
namespace {

using Operation = FaultFileSystem::Operation;
using Effect = FaultFileSystem::Effect;

TEST_F(KeeperTest, OpensValuesForAnOpenerAndRecordsThatFirst) {
  Core& core = start();
  const Appended admission = admit(core, exchange_id(9), "admission", "the prompt");
  const auto request = sign_open_request(opener_, "example.org/log", admission.index, clock_.now(),
                                         reader_key_.public_key, "complaint 4711");
  ASSERT_TRUE(request);
  Opened waiter;
  ASSERT_TRUE(core.client->submit_open(*request, &waiter));
  ASSERT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
  ASSERT_TRUE(*waiter.result) << waiter.result->error().message();
  const auto opened = open_opened(*request, reader_key_, **waiter.result);
  ASSERT_TRUE(opened);
  EXPECT_EQ(as_chars(*opened), "the prompt");
  // By the time of the answer the record of it was durable.
  fs_.inject({.effect = Effect::kFail, .operation = Operation::kAnyChange, .path_part = "", .nth = 1});
  [[maybe_unused]] const auto ended = stop();
  restart_process();
  fs_.lose_power_and_all_unsynced();
  make_keeper();
  ASSERT_TRUE(ledger_->publish());
  ASSERT_EQ(ledger_->committed().value, 2U);
  const auto entry = ledger_->reader().read_entry({1});
  ASSERT_TRUE(entry);
  const std::string_view record = as_chars(entry->leaf);
  EXPECT_EQ(entry->header.kind, EntryKind::kStandalone);
  EXPECT_NE(record.find("complaint 4711"), std::string_view::npos) << record;
  EXPECT_NE(record.find("ed25519:" + encoding::hex(opener_.public_key())), std::string_view::npos) << record;
  EXPECT_EQ(record.find("the prompt"), std::string_view::npos);
}

TEST_F(KeeperTest, RefusesToOpenAndRecordsNothingForStrangersAndNonsense) {
  Core& core = start();
  const Appended with_values = append(core, {}, "record", "values");
  const auto ask = [&](const OpenRequest& request) {
    Opened waiter;
    EXPECT_TRUE(core.client->submit_open(request, &waiter));
    EXPECT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
    EXPECT_FALSE(*waiter.result);
    return waiter.result->error().code();
  };
  const auto stranger = crypto::Ed25519PrivateKey::generate();
  const auto now = clock_.now();
  const auto request = [&](const crypto::Ed25519PrivateKey& key, std::string_view origin, std::uint64_t index,
                           UnixMillis time) {
    return *sign_open_request(key, origin, {index}, time, reader_key_.public_key, "because");
  };
  EXPECT_EQ(ask(request(stranger, "example.org/log", with_values.index.value, now)), Errc::kPermissionDenied);
  EXPECT_EQ(ask(request(opener_, "example.org/other", with_values.index.value, now)), Errc::kPermissionDenied);
  EXPECT_EQ(ask(request(opener_, "example.org/log", with_values.index.value, {now.value - 300'001})),
            Errc::kPermissionDenied);
  EXPECT_EQ(ask(request(opener_, "example.org/log", 1, now)), Errc::kNotFound);
  EXPECT_EQ(ask(request(opener_, "example.org/log", UINT64_MAX, now)), Errc::kNotFound);
  OpenRequest bad = request(opener_, "example.org/log", 0, now);
  bad.reason = "two\nlines";
  EXPECT_EQ(ask(bad), Errc::kMalformed);
  EXPECT_TRUE(stop());
  EXPECT_EQ(ledger_->committed().value, 1U);
}

TEST_F(KeeperTest, ARecordWithoutValuesOpensToNothing) {
  Core& core = start();
  append(core, {}, "record");
  Opened waiter;
  ASSERT_TRUE(core.client->submit_open(
      *sign_open_request(opener_, "example.org/log", {0}, clock_.now(), reader_key_.public_key, "because"), &waiter));
  ASSERT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
  ASSERT_FALSE(*waiter.result);
  EXPECT_EQ(waiter.result->error().code(), Errc::kNotFound);
}

TEST_F(KeeperTest, ManyLargeOpeningsAtOnceDoNotEndTheService) {
  Core& core = start();
  append(core, {}, "record", std::string(900'000, 'v'));
  std::array<Opened, 8> waiters;
  for (Opened& waiter : waiters) {
    ASSERT_TRUE(core.client->submit_open(
        *sign_open_request(opener_, "example.org/log", {0}, clock_.now(), reader_key_.public_key, "because"), &waiter));
  }
  ASSERT_TRUE(core.pump_until([&] {
    return std::all_of(waiters.begin(), waiters.end(), [](const Opened& w) { return w.result.has_value(); });
  }));
  std::size_t opened = 0;
  for (const Opened& waiter : waiters) {
    if (*waiter.result) {
      ++opened;
    } else {
      EXPECT_EQ(waiter.result->error().code(), Errc::kResourceExhausted);
    }
  }
  EXPECT_GE(opened, 1U);
  EXPECT_EQ(append(core, {}, "goes on").index.value, 9U);
  EXPECT_TRUE(stop());
}

TEST_F(KeeperTest, ARecordThatCannotBeReadIsRefusedAndTheServiceGoesOn) {
  Core& core = start();
  // Longer than a block: the block that the last commit ends in is written again, and mended, with the next.
  append(core, {}, std::string(2 * kDirectBlockSize, 'x'), "values");
  ASSERT_TRUE(core.pump_until([&] { return core.client->published() == 1; }));
  const std::string path = std::string(kDirectory) + "/segments/" + segment_name(0);
  Bytes bytes = *fs_.content(path);
  bytes[kSegmentHeaderSize + kCommitHeaderSize + kEntryHeaderSize] ^= std::byte{1};
  fs_.set_content(path, bytes);
  Opened waiter;
  ASSERT_TRUE(core.client->submit_open(
      *sign_open_request(opener_, "example.org/log", {0}, clock_.now(), reader_key_.public_key, "because"), &waiter));
  ASSERT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
  ASSERT_FALSE(*waiter.result);
  EXPECT_EQ(waiter.result->error().code(), Errc::kCorrupt);
  EXPECT_EQ(append(core, {}, "goes on").index.value, 2U);
}

// --- values of facts

TEST_F(KeeperTest, OpensTheValuesOfAFactForTheGatewayAndRecordsNothing) {
  Core& core = start();
  Waiter waiter;
  ASSERT_TRUE(core.client->submit_fact({.exchange = exchange_id(4)}, "fact", "the name", &waiter));
  ASSERT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
  ASSERT_TRUE(core.pump_until([&] { return core.client->published() == 1; }));
  const auto opened = open_fact(core, 0);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(as_chars(*opened), "the name");
  EXPECT_TRUE(stop());
  EXPECT_EQ(ledger_->committed().value, 1U);
  EXPECT_EQ(ledger_->reader().read_entry({0})->header.kind, EntryKind::kFact);
}

TEST_F(KeeperTest, OpensNothingForTheGatewayThatIsNotAFact) {
  Core& core = start({"clinic"});
  append(core, {}, "standalone", "values");
  std::optional<LedgerClient::Reservation> reservation;
  admit(core, exchange_id(9), "admission", "the prompt", &reservation);
  Waiter waiter;
  ASSERT_TRUE(core.client->submit_outcome(*std::move(reservation), {.exchange = exchange_id(9), .admission_index = 1},
                                          "outcome", "the completion", &waiter));
  ASSERT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
  append(core, {.log = 1}, "a tenant's", "values");
  clock_.steady_ms += 1000;
  signal_fd(wake_);
  ASSERT_TRUE(core.pump_until([&] { return core.client->published() == 3 && core.client->published(1) == 1; }));
  for (std::uint64_t index = 0; index < 3; ++index) {
    EXPECT_EQ(open_fact(core, index).error().code(), Errc::kPermissionDenied) << index;
  }
  EXPECT_EQ(open_fact(core, 0, 1).error().code(), Errc::kPermissionDenied);
  EXPECT_EQ(open_fact(core, 3).error().code(), Errc::kNotFound);
  EXPECT_EQ(open_fact(core, UINT64_MAX).error().code(), Errc::kNotFound);
  EXPECT_EQ(append(core, {}, "goes on").index.value, 3U);
}

TEST_F(KeeperTest, AFactWithoutValuesOrCheckpointOpensToNothing) {
  Core& core = start();
  Waiter first;
  ASSERT_TRUE(core.client->submit_fact({}, "fact", {}, &first));
  ASSERT_TRUE(core.pump_until([&] { return core.client->published() == 1; }));
  EXPECT_EQ(open_fact(core, 0).error().code(), Errc::kNotFound);
  Waiter second;
  ASSERT_TRUE(core.client->submit_fact({}, "fact", "values", &second));
  ASSERT_TRUE(core.pump_until([&] { return second.result.has_value(); }));
  EXPECT_EQ(open_fact(core, 1).error().code(), Errc::kUnavailable);
}

// A gateway that is lost holds every sealed opening, and may append anything as a fact.
TEST_F(KeeperTest, ASealedPromptAppendedAgainAsAFactDoesNotOpen) {
  make_keeper();
  Core& honest = add_core();
  Core& hostile = add_core(true);
  run();
  ASSERT_TRUE(honest.pump_until([&] { return honest.client->ready(); }));
  std::optional<LedgerClient::Reservation> reservation;
  admit(honest, exchange_id(9), "admission", "the prompt", &reservation);
  ASSERT_TRUE(honest.pump_until([&] { return honest.client->published() == 1; }));
  const auto admission = ledger_->reader().read_entry({0});
  ASSERT_TRUE(admission);
  EntryHeader header = admission->header;
  header.kind = EntryKind::kFact;
  Bytes message = entry_message(header, 0);
  redoubt::append(message, admission->leaf);
  redoubt::append(message, admission->sealed_opening);
  auto space = hostile.raw->begin(static_cast<std::uint32_t>(MessageType::kAppend), message.size());
  ASSERT_TRUE(space);
  std::copy(message.begin(), message.end(), space->begin());
  hostile.raw->commit();
  hostile.raw->publish();
  signal_fd(wake_);
  clock_.steady_ms += 1000;
  ASSERT_TRUE(honest.pump_until([&] { return honest.client->published() == 2; }));
  EXPECT_EQ(open_fact(honest, 1).error().code(), Errc::kVerifyFailed);
}

}  // namespace
}  // namespace redoubt::ledger::test
