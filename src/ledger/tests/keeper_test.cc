// Keeper and client over real rings, the keeper on a thread of its own.
#include <algorithm>

#include "encoding/base64.h"
#include "ledger/tests/keeper_fixture.h"

namespace redoubt::ledger::test {
namespace {

using Operation = FaultFileSystem::Operation;
using Effect = FaultFileSystem::Effect;

Bytes entry_message(const EntryHeader& header, std::size_t body, std::size_t reserved_byte = 0) {
  Bytes bytes(kTicketSize + kEntryHeaderSize + body);
  store_entry_header(MutableByteView(bytes).subspan(kTicketSize, kEntryHeaderSize), header);
  if (reserved_byte != 0) bytes[kTicketSize + reserved_byte] = std::byte{1};
  return bytes;
}

TEST_F(KeeperTest, AcknowledgesWithIndexAndLeafHashWhatIsDurable) {
  Core& core = start();
  for (std::uint64_t i = 0; i < 5; ++i) {
    const std::string leaf = "record " + std::to_string(i);
    const Appended appended = append(core, {}, leaf, i % 2 == 0 ? "values" : "");
    EXPECT_EQ(appended.index.value, i);
    EXPECT_EQ(appended.leaf_hash, tlog::leaf_hash(as_bytes(leaf)));
  }
  EXPECT_TRUE(stop());
  EXPECT_EQ(keeper_->stats().entries, 5U);
  restart_process();
  fs_.lose_power_and_all_unsynced();
  make_keeper();
  EXPECT_EQ(ledger_->committed().value, 5U);
}

TEST_F(KeeperTest, StopCommitsAndPublishesWhatHasCome) {
  Core& core = start();
  append(core, {}, "one");
  append(core, {}, "two");
  EXPECT_TRUE(stop());
  EXPECT_EQ(ledger_->published().value, 2U);
  LedgerReader reader = ledger_->reader();
  const auto report = tlog::verify_log(reader, signer_.verifier_key());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->checkpoint.size.value, 2U);
}

TEST_F(KeeperTest, AnExchangeIsAdmittedAndClosed) {
  Core& core = start();
  std::optional<LedgerClient::Reservation> reservation;
  const ExchangeId exchange = exchange_id(77);
  const Appended admission = admit(core, exchange, "admission", "prompt", &reservation);
  Waiter waiter;
  ASSERT_TRUE(core.client->submit_outcome(*std::move(reservation),
                                          {.exchange = exchange, .admission_index = admission.index.value}, "outcome",
                                          "completion", &waiter));
  ASSERT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
  ASSERT_TRUE(*waiter.result);
  EXPECT_EQ((*waiter.result)->index.value, 1U);
  EXPECT_TRUE(stop());
  EXPECT_TRUE(ledger_->open_admissions().empty());
  const auto entry = ledger_->reader().read_entry({1});
  ASSERT_TRUE(entry);
  EXPECT_EQ(as_chars(entry->leaf), "outcome");
  EXPECT_EQ(entry->header.admission_index, 0U);
  const auto opening = wrapper_->open(opening_context(exchange, EntryKind::kOutcome), entry->sealed_opening);
  ASSERT_TRUE(opening);
  EXPECT_EQ(as_chars(*opening), "completion");
}

TEST_F(KeeperTest, OpenAdmissionsAreClosedAsInterruptedExactlyOnce) {
  Core& core = start();
  std::optional<LedgerClient::Reservation> kept[3];
  for (std::uint64_t i = 0; i < 3; ++i) admit(core, exchange_id(100 + i), "admission", "", &kept[i]);
  Waiter waiter;
  ASSERT_TRUE(core.client->submit_outcome(*std::move(kept[1]), {.exchange = exchange_id(101), .admission_index = 1},
                                          "outcome", {}, &waiter));
  ASSERT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
  for (auto& reservation : kept) reservation.reset();
  EXPECT_TRUE(stop());
  const auto time = clock_.wall_ms.load();
  restart_process();
  clock_.wall_ms = time - 5'000'000;  // the clock jumped; records do not go back in time

  make_keeper();
  const auto closed = keeper_->close_interrupted();
  ASSERT_TRUE(closed) << closed.error().message();
  EXPECT_EQ(*closed, 2U);
  EXPECT_EQ(ledger_->committed().value, 6U);
  EXPECT_EQ(ledger_->published().value, 6U);
  for (const std::uint64_t index : {4U, 5U}) {
    const auto entry = ledger_->reader().read_entry({index});
    ASSERT_TRUE(entry);
    const std::uint64_t admission = index == 4 ? 0 : 2;
    EXPECT_EQ(entry->header.kind, EntryKind::kOutcome);
    EXPECT_EQ(entry->header.admission_index, admission);
    EXPECT_EQ(entry->header.exchange, exchange_id(100 + admission));
    const std::string_view record = as_chars(entry->leaf);
    EXPECT_NE(record.find("interrupted"), std::string_view::npos) << record;
    EXPECT_NE(record.find(encoding::hex(exchange_id(100 + admission))), std::string_view::npos) << record;
    EXPECT_NE(record.find(std::to_string(time)), std::string_view::npos) << record;
  }
  restart_process();
  make_keeper();
  const auto again = keeper_->close_interrupted();
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, 0U);
  EXPECT_EQ(ledger_->committed().value, 6U);
}

TEST_F(KeeperTest, PublishesAtMostOnceAnInterval) {
  Core& core = start();
  append(core, {}, "one");
  ASSERT_TRUE(core.pump_until([&] { return core.client->published() == 1; }));
  append(core, {}, "two");
  append(core, {}, "three");
  clock_.steady_ms += 249;
  append(core, {}, "four");
  EXPECT_EQ(core.client->published(), 1U);
  clock_.steady_ms += 1;
  signal_fd(wake_);
  ASSERT_TRUE(core.pump_until([&] { return core.client->published() == 4; }));
  append(core, {}, "five");
  EXPECT_EQ(core.client->published(), 4U);
  EXPECT_TRUE(stop());
  EXPECT_EQ(keeper_->stats().checkpoints, 3U);
}

TEST_F(KeeperTest, SealingKeysAreReplacedAfterTheirLife) {
  Core& core = start();
  append(core, {}, "first", "values");
  append(core, {}, "second", "values");
  clock_.steady_ms += 60'000;
  signal_fd(wake_);
  // The key comes before the answer to what follows.
  append(core, {}, "wakes the keeper");
  append(core, {}, "third", "values");
  EXPECT_TRUE(stop());
  const auto wrapped = [&](std::uint64_t index) {
    const auto entry = ledger_->reader().read_entry({index});
    EXPECT_TRUE(entry);
    const auto opening = wrapper_->open(opening_context({}, EntryKind::kStandalone), entry->sealed_opening);
    EXPECT_TRUE(opening);
    EXPECT_EQ(as_chars(*opening), "values");
    return Bytes(entry->sealed_opening.begin() + 1, entry->sealed_opening.begin() + 61);
  };
  EXPECT_EQ(wrapped(0), wrapped(1));
  EXPECT_NE(wrapped(0), wrapped(3));
}

TEST_F(KeeperTest, EachCoreHasASealingKeyOfItsOwn) {
  make_keeper();
  Core& a = add_core();
  Core& b = add_core();
  run();
  ASSERT_TRUE(a.pump_until([&] { return a.client->ready(); }));
  ASSERT_TRUE(b.pump_until([&] { return b.client->ready(); }));
  append(a, {}, "a", "values");
  append(b, {}, "b", "values");
  EXPECT_TRUE(stop());
  const auto first = ledger_->reader().read_entry({0});
  const auto second = ledger_->reader().read_entry({1});
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(std::equal(first->sealed_opening.begin() + 1, first->sealed_opening.begin() + 61,
                          second->sealed_opening.begin() + 1));
}

// --- opening values

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

// --- TLS keys

TEST_F(KeeperTest, CertifiesATlsKeyForTheNamesItWasGiven) {
  make_tls_authority();
  Core& core = start();
  const auto key = crypto::P256PrivateKey::generate();
  const auto certificate = certify(core, key.public_key());
  ASSERT_TRUE(certificate) << certificate.error().message();
  // The key and the name are in it, as they are.
  const std::string_view der = as_chars(*certificate);
  EXPECT_NE(der.find(as_chars(key.public_key())), std::string_view::npos);
  EXPECT_NE(der.find("gateway.example"), std::string_view::npos);
  EXPECT_EQ(append(core, {}, "goes on").index.value, 0U);
}

TEST_F(KeeperTest, WithoutAnAuthorityItCertifiesNothing) {
  Core& core = start();
  const auto refused = certify(core, crypto::P256PrivateKey::generate().public_key());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::kUnsupported);
  EXPECT_EQ(append(core, {}, "goes on").index.value, 0U);
}

TEST_F(KeeperTest, CertifiesNoMoreThanABurstAndGoesOn) {
  make_tls_authority();
  Core& core = start();
  const auto key = crypto::P256PrivateKey::generate();
  for (int i = 0; i < keys::TlsAuthority::kBurst; ++i) ASSERT_TRUE(certify(core, key.public_key())) << i;
  for (int i = 0; i < 5; ++i) {
    const auto refused = certify(core, key.public_key());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::kResourceExhausted);
  }
  clock_.steady_ms += 60'000;
  EXPECT_TRUE(certify(core, key.public_key()));
  EXPECT_EQ(append(core, {}, "goes on").index.value, 0U);
}

// --- a gateway that is not ours any more

struct Hostile {
  const char* name;
  std::uint32_t type;
  Bytes payload;
  const char* why;
};

std::vector<Hostile> hostile_messages() {
  constexpr auto kAppend = static_cast<std::uint32_t>(MessageType::kAppend);
  constexpr auto kOpen = static_cast<std::uint32_t>(MessageType::kOpen);
  constexpr auto kOpenFact = static_cast<std::uint32_t>(MessageType::kOpenFact);
  constexpr auto kCertify = static_cast<std::uint32_t>(MessageType::kCertify);
  return {
      {"UnknownType", 15, Bytes(100), "unknown type"},
      {"KeyTooShort", kCertify, Bytes(kCertifySize - 1), "another size"},
      {"KeyTooLong", kCertify, Bytes(kCertifySize + 1), "another size"},
      {"KeyThatIsNoPoint", kCertify, Bytes(kCertifySize), "no point"},
      {"TypeZero", 0, Bytes(100), "unknown type"},
      {"TypeOfAnAnswer", static_cast<std::uint32_t>(MessageType::kStopped), Bytes(100), "unknown type"},
      {"NoTicket", kAppend, Bytes(7), "without a ticket"},
      {"Empty", kOpen, Bytes(), "without a ticket"},
      {"NoHeader", kAppend, Bytes(kTicketSize + kEntryHeaderSize - 1), "without a header"},
      {"TooLong", kAppend, Bytes(kMaxRequestBytes + 1), "longer than it may be"},
      {"LeafPastTheEnd", kAppend, entry_message({.leaf_size = 11}, 10), "does not fit its size"},
      {"OpeningPastTheEnd", kAppend, entry_message({.leaf_size = 5, .opening_size = 6}, 10), "does not fit its size"},
      {"BytesLeftOver", kAppend, entry_message({.leaf_size = 9}, 10), "does not fit its size"},
      {"SizesThatWrap", kAppend, entry_message({.leaf_size = UINT32_MAX, .opening_size = 11}, 10), "leaf is longer"},
      {"LeafAboveTheLimit", kAppend, entry_message({.leaf_size = kMaxLeafBytes + 1}, kMaxLeafBytes + 1),
       "leaf is longer"},
      {"OpeningAboveTheLimit", kAppend, entry_message({.opening_size = kMaxOpeningBytes + 1}, 10), "opening is longer"},
      {"UnknownKind", kAppend, entry_message({.kind = static_cast<EntryKind>(4), .leaf_size = 10}, 10), "unknown kind"},
      {"ReservedBytes", kAppend, entry_message({.leaf_size = 10}, 10, 10), "reserved bytes"},
      {"LogThatThereIsNot", kAppend, entry_message({.log = 1, .leaf_size = 10}, 10), "names no log"},
      {"OpenThatNamesNoLog", kOpen, Bytes(kTicketSize + 3), "names no log"},
      {"OpenOfALogThatThereIsNot", kOpen, Bytes(kTicketSize + 200, std::byte{1}), "of no log"},
      {"OpenFactTooShort", kOpenFact, Bytes(kOpenFactSize - 1), "another size"},
      {"OpenFactTooLong", kOpenFact, Bytes(kOpenFactSize + 1), "another size"},
      {"OpenFactOfALogThatThereIsNot", kOpenFact, Bytes(kOpenFactSize, std::byte{1}), "of no log"},
      {"OutcomeWithoutAdmission", kAppend, entry_message({.kind = EntryKind::kOutcome, .leaf_size = 10}, 10),
       "no open admission"},
      {"OutcomeOfAnotherExchange", kAppend,
       entry_message({.kind = EntryKind::kOutcome, .exchange = exchange_id(6), .admission_index = 0, .leaf_size = 10},
                     10),
       "no open admission"},
  };
}

class HostileGateway : public KeeperTest, public ::testing::WithParamInterface<Hostile> {};

TEST_P(HostileGateway, EndsTheServiceAndEveryCoreLearnsWhy) {
  make_tls_authority();
  make_keeper();
  Core& honest = add_core();
  Core& hostile = add_core(true);
  run();
  ASSERT_TRUE(honest.pump_until([&] { return honest.client->ready(); }));
  admit(honest, exchange_id(5), "admission", "");
  auto space = hostile.raw->begin(GetParam().type, GetParam().payload.size());
  ASSERT_TRUE(space);
  std::copy(GetParam().payload.begin(), GetParam().payload.end(), space->begin());
  hostile.raw->commit();
  hostile.raw->publish();
  signal_fd(wake_);
  ASSERT_TRUE(honest.pump_until([&] { return !honest.client->stopped().empty(); }));
  EXPECT_NE(honest.client->stopped().find(GetParam().why), std::string::npos) << honest.client->stopped();
  const auto ended = join();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), Errc::kCorrupt);
  EXPECT_NE(ended.error().message().find(GetParam().why), std::string::npos) << ended.error().message();
  // What was acknowledged is there, and nothing of the message.
  restart_process();
  make_keeper();
  EXPECT_EQ(ledger_->committed().value, 1U);
}

INSTANTIATE_TEST_SUITE_P(Messages, HostileGateway, ::testing::ValuesIn(hostile_messages()),
                         [](const auto& test) { return test.param.name; });

TEST_F(KeeperTest, AGatewayThatDoesNotReadItsAnswersEndsTheService) {
  make_keeper();
  Core& hostile = add_core(true);
  run();
  // Each answer takes 56 bytes of a ring of 2 MiB.
  const Bytes message = entry_message({}, 0);
  std::size_t sent = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (sent < kAnswerRingBytes / 56 + 100 && std::chrono::steady_clock::now() < deadline) {
    auto space = hostile.raw->begin(static_cast<std::uint32_t>(MessageType::kAppend), message.size());
    if (!space) {
      std::this_thread::yield();
      continue;
    }
    std::copy(message.begin(), message.end(), space->begin());
    hostile.raw->commit();
    if (hostile.raw->publish()) signal_fd(wake_);
    ++sent;
  }
  const auto ended = join();
  ASSERT_FALSE(ended);
  EXPECT_NE(ended.error().message().find("does not read its answers"), std::string::npos) << ended.error().message();
}

// --- a disk that fails

TEST_F(KeeperTest, AFailedSyncEndsTheServiceAndWaitersLearnOfIt) {
  Core& core = start();
  append(core, {}, "one");
  // Its syncs would take the fault meant for the commit's.
  while (!fs_.is_synced("/ledger/spare.seg", 9 * 1024 * 1024)) std::this_thread::yield();
  Waiter waiters[3];
  fs_.inject({.effect = Effect::kFail, .operation = Operation::kSync, .path_part = "", .nth = 1});
  for (Waiter& waiter : waiters) ASSERT_TRUE(core.client->submit({}, "two", {}, &waiter));
  ASSERT_TRUE(core.pump_until([&] { return !core.client->stopped().empty(); }));
  for (const Waiter& waiter : waiters) {
    ASSERT_TRUE(waiter.result);
    ASSERT_FALSE(*waiter.result);
    EXPECT_EQ(waiter.result->error().code(), Errc::kUnavailable);
  }
  EXPECT_EQ(core.client->reserve(10, 0).error().code(), Errc::kUnavailable);
  const auto ended = join();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), Errc::kIo);
  restart_process();
  fs_.lose_power_and_all_unsynced();
  make_keeper();
  EXPECT_EQ(ledger_->committed().value, 1U);
}

TEST_F(KeeperTest, AFailedPublicationEndsTheService) {
  Core& core = start();
  fs_.inject({.effect = Effect::kFail, .operation = Operation::kRename, .path_part = "checkpoint", .nth = 1});
  append(core, {}, "one");
  ASSERT_TRUE(core.pump_until([&] { return !core.client->stopped().empty(); }));
  EXPECT_FALSE(join());
}

// --- a disk that is nearly full

constexpr std::uint64_t kMiB = 1024 * 1024;
// The reserve that make_keeper() leaves at its default, and the eighth that must be there before it goes on.
constexpr std::uint64_t kReserve = 256 * kMiB;

class FullDisk : public KeeperTest {
 protected:
  // The keeper looks once a second.
  void set_free_bytes(std::uint64_t bytes) {
    fs_.set_free_bytes(bytes);
    clock_.steady_ms += 1000;
    signal_fd(wake_);
  }
  void wait_for_spare() {
    while (!fs_.is_synced("/ledger/spare.seg", 9 * kMiB)) std::this_thread::yield();
  }
  bool becomes_full(Core& core) {
    return core.pump_until([&] { return core.client->full(); });
  }
  bool has_room_again(Core& core) {
    return core.pump_until([&] { return !core.client->full(); });
  }
};

TEST_F(FullDisk, NothingNewIsAdmittedAndWhatWasAdmittedEnds) {
  Core& core = start();
  std::optional<LedgerClient::Reservation> reservation;
  const ExchangeId exchange = exchange_id(3);
  const Appended admission = admit(core, exchange, "admission", "prompt", &reservation);
  wait_for_spare();
  set_free_bytes(kReserve - 1);
  ASSERT_TRUE(becomes_full(core));
  EXPECT_EQ(core.client->reserve(10, 0).error().code(), Errc::kResourceExhausted);
  EXPECT_EQ(core.client->submit({}, "denial", {}, nullptr).error().code(), Errc::kResourceExhausted);
  EXPECT_TRUE(core.client->ready()) << "it has not stopped";
  Waiter waiter;
  ASSERT_TRUE(core.client->submit_outcome(*std::move(reservation),
                                          {.exchange = exchange, .admission_index = admission.index.value}, "outcome",
                                          "completion", &waiter));
  ASSERT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
  ASSERT_TRUE(*waiter.result);
  ASSERT_TRUE(core.pump_until([&] { return core.client->published() >= 1; }));
  EXPECT_TRUE(stop());
  EXPECT_TRUE(ledger_->open_admissions().empty());
  EXPECT_EQ(ledger_->published().value, 2U);
}

TEST_F(FullDisk, GoesOnByItselfWhenThereIsAnEighthMore) {
  Core& core = start();
  append(core, {}, "before");
  wait_for_spare();
  set_free_bytes(kReserve - 1);
  ASSERT_TRUE(becomes_full(core));
  for (const std::uint64_t too_little : {kReserve, kReserve + kReserve / 8 - 1}) {
    set_free_bytes(too_little);
    // The answer to this comes after the keeper has looked.
    Opened waiter;
    ASSERT_TRUE(core.client->submit_open(
        *sign_open_request(opener_, "example.org/log", {0}, clock_.now(), reader_key_.public_key, "because"), &waiter));
    ASSERT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
    EXPECT_TRUE(core.client->full()) << too_little;
  }
  set_free_bytes(kReserve + kReserve / 8 + 4096);  // a checkpoint takes a little meanwhile
  ASSERT_TRUE(has_room_again(core));
  EXPECT_EQ(append(core, {}, "after").index.value, 1U);
  EXPECT_TRUE(stop());
  restart_process();
  fs_.lose_power_and_all_unsynced();
  make_keeper();
  EXPECT_EQ(ledger_->committed().value, 2U);
}

TEST_F(FullDisk, IsSaidBeforeAnythingIsAdmittedAndToEveryCore) {
  make_keeper();
  wait_for_spare();
  fs_.set_free_bytes(kReserve - 1);
  Core& a = add_core();
  Core& b = add_core();
  run();
  for (Core* core : {&a, &b}) {
    ASSERT_TRUE(core->pump_until([&] { return core->client->ready(); }));
    EXPECT_TRUE(core->client->full()) << "it was ready before it knew";
  }
  set_free_bytes(2 * kReserve);
  EXPECT_TRUE(has_room_again(a));
  EXPECT_TRUE(has_room_again(b));
}

TEST_F(FullDisk, TheNextSegmentCountsAsTaken) {
  make_keeper();
  wait_for_spare();
  // A new segment begins with the first commit, so that the one after it must be made: 9 MiB more.
  fs_.set_free_bytes(kReserve + 9 * kMiB - 1);
  Core& core = add_core();
  run();
  ASSERT_TRUE(core.pump_until([&] { return core.client->ready(); }));
  EXPECT_FALSE(core.client->full());
  append(core, {}, "one");
  wait_for_spare();
  clock_.steady_ms += 1000;
  signal_fd(wake_);
  EXPECT_TRUE(becomes_full(core));
}

TEST_F(FullDisk, ValuesAreNotOpenedSinceThatWouldBeARecord) {
  Core& core = start();
  append(core, {}, "record", "values");
  wait_for_spare();
  set_free_bytes(kReserve - 1);
  ASSERT_TRUE(becomes_full(core));
  Opened waiter;
  ASSERT_TRUE(core.client->submit_open(
      *sign_open_request(opener_, "example.org/log", {0}, clock_.now(), reader_key_.public_key, "because"), &waiter));
  ASSERT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
  ASSERT_FALSE(*waiter.result);
  EXPECT_EQ(waiter.result->error().code(), Errc::kResourceExhausted);
  EXPECT_TRUE(stop());
  EXPECT_EQ(ledger_->committed().value, 1U);
}

TEST_F(FullDisk, IsNoticedAtTheLatestAfterSixteenMebibytes) {
  Core& core = start();
  wait_for_spare();
  fs_.set_free_bytes(kReserve - 1);  // and the clock stands still
  const std::string opening(1'000'000, 'v');
  int taken = 0;
  while (!core.client->full() && taken < 40) {
    append(core, {}, "record", opening);
    ++taken;
  }
  EXPECT_TRUE(core.client->full());
  EXPECT_GE(taken, 16);
  EXPECT_LE(taken, 18);
}

TEST_F(FullDisk, ADiskThatIsFullAllTheSameIsAFailedWrite) {
  Core& core = start();
  append(core, {}, "one");
  wait_for_spare();
  fs_.inject({.effect = Effect::kDiskFull, .operation = Operation::kWrite, .path_part = "", .nth = 1});
  Waiter waiter;
  ASSERT_TRUE(core.client->submit({}, "two", {}, &waiter));
  ASSERT_TRUE(core.pump_until([&] { return !core.client->stopped().empty(); }));
  ASSERT_TRUE(waiter.result);
  EXPECT_FALSE(*waiter.result);
  const auto ended = join();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), Errc::kResourceExhausted);
  restart_process();
  fs_.lose_power_and_all_unsynced();
  make_keeper();
  EXPECT_EQ(ledger_->committed().value, 1U);
  EXPECT_TRUE(keeper_->close_interrupted());
}

// --- load

TEST_F(KeeperTest, TwoThreadsAppendWithoutLosingAWakeUp) {
  constexpr std::uint64_t kEach = 100'000;
  make_keeper();
  Core* cores[] = {&add_core(), &add_core()};
  run();
  struct Counter final : LedgerClient::AppendWaiter {
    void appended(Result<Appended> result) override {
      ASSERT_TRUE(result);
      indices.push_back(result->index.value);
    }
    std::vector<std::uint64_t> indices;
  } counters[2];
  const auto work = [&](std::size_t which) {
    Core& core = *cores[which];
    ASSERT_TRUE(core.pump_until([&] { return core.client->ready(); }));
    std::uint64_t submitted = 0;
    while (counters[which].indices.size() < kEach) {
      const std::uint64_t burst = submitted % 1000 == 0 ? 64 : 1 + submitted % 7;
      for (std::uint64_t i = 0; i < burst && submitted < kEach; ++i) {
        if (!core.client->submit({}, std::to_string(submitted), {}, &counters[which])) break;
        ++submitted;
      }
      // Now and then wait for all of them, so that both sides fall asleep.
      const bool all = submitted == kEach || submitted % 500 < 7;
      ASSERT_TRUE(core.pump_until([&] { return counters[which].indices.size() + (all ? 0 : 2000) >= submitted; }));
    }
  };
  std::thread other([&] { work(1); });
  work(0);
  other.join();
  EXPECT_TRUE(stop());
  EXPECT_EQ(ledger_->committed().value, 2 * kEach);
  EXPECT_EQ(keeper_->stats().entries, 2 * kEach);
  std::vector<std::uint64_t> all;
  for (const Counter& counter : counters) {
    EXPECT_TRUE(std::is_sorted(counter.indices.begin(), counter.indices.end()));
    all.insert(all.end(), counter.indices.begin(), counter.indices.end());
  }
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), 2 * kEach);
  for (std::uint64_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], i);
  LedgerReader reader = ledger_->reader();
  const auto report = tlog::verify_log(reader, signer_.verifier_key());
  ASSERT_TRUE(report) << report.error().message();
}

}  // namespace
}  // namespace redoubt::ledger::test
