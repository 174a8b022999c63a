// A gateway that is not ours any more: what breaks a rule of the rings ends the service, and nothing else happens.
#include "ledger/tests/keeper_fixture.h"

namespace redoubt::ledger::test {
namespace {

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
  constexpr auto kKeyDictionary = static_cast<std::uint32_t>(MessageType::kKeyDictionary);
  constexpr auto kAttest = static_cast<std::uint32_t>(MessageType::kAttest);
  constexpr auto kMeasure = static_cast<std::uint32_t>(MessageType::kMeasure);
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
      {"NothingToAttest", kAttest, Bytes(kTicketSize), "of another size"},
      {"StatementTooLong", kAttest, Bytes(kTicketSize + kMaxStatementBytes + 1), "of another size"},
      {"BundleToMeasureTooShort", kMeasure, Bytes(kMeasureSize - 1), "of another size"},
      {"BundleToMeasureTooLong", kMeasure, Bytes(kMeasureSize + 1), "of another size"},
      {"NothingOfADictionary", kKeyDictionary, Bytes(kTicketSize), "that is none"},
      {"PartOfADictionaryOfZeros", kKeyDictionary, Bytes(kTicketSize + 200), "that is none"},
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

}  // namespace
}  // namespace redoubt::ledger::test
