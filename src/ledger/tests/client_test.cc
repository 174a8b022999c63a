// The client alone: the test plays the keeper, message by message.
#include "ledger/client.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include "record/exchange_record.h"
#include "record/opening.h"

namespace redoubt::ledger {
namespace {

struct Waiter final : LedgerClient::AppendWaiter {
  void appended(Result<Appended> r) override {
    EXPECT_FALSE(result) << "told twice";
    result = std::move(r);
  }
  std::optional<Result<Appended>> result;
};

struct Opened final : LedgerClient::OpenWaiter {
  void opened(Result<Bytes> r) override { result = std::move(r); }
  std::optional<Result<Bytes>> result;
};

struct Certified final : LedgerClient::CertifyWaiter {
  void certified(Result<Bytes> r) override {
    EXPECT_FALSE(result) << "told twice";
    result = std::move(r);
  }
  std::optional<Result<Bytes>> result;
};

struct AtLevel final : LevelWaiter {
  void reached(Result<> r) override {
    EXPECT_FALSE(result) << "told twice";
    result = std::move(r);
  }
  std::optional<Result<>> result;
};

class ClientTest : public ::testing::Test {
 protected:
  ClientTest()
      : wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        requests_(attach(request_ring_)),
        answers_(attach(answer_ring_)),
        client_(RingProducer(attach(request_ring_)), RingConsumer(attach(answer_ring_)), wake_.get()) {}

  static SharedRing attach(const SharedRing& ring) { return *SharedRing::attach(UniqueFd(::dup(ring.fd()))); }

  void answer(MessageType type, ByteView payload) {
    auto space = answers_.begin(static_cast<std::uint32_t>(type), payload.size());
    ASSERT_TRUE(space);
    std::copy(payload.begin(), payload.end(), space->begin());
    answers_.commit();
    answers_.publish();
  }
  void send_key() {
    const auto issued = wrapper_.issue();
    Bytes payload = to_bytes(issued.key.reveal());
    append(payload, issued.wrapped);
    answer(MessageType::kSealingKey, payload);
    ASSERT_TRUE(client_.poll());
  }
  Bytes appended(Ticket ticket, std::uint64_t index) {
    Bytes payload(kAppendedSize);
    store_le(MutableByteView(payload), ticket);
    store_le(MutableByteView(payload).subspan(8), index);
    payload[16] = std::byte{0x77};
    return payload;
  }
  void publish(std::uint64_t published, std::uint64_t cosigned, LogNumber log = kSystemLog) {
    Bytes payload(kPublishedSize);
    store_le(MutableByteView(payload), published);
    store_le(MutableByteView(payload).subspan(16), log);
    store_le(MutableByteView(payload).subspan(20), cosigned);
    answer(MessageType::kPublished, payload);
    ASSERT_TRUE(client_.poll());
  }
  static Bytes full(LogNumber log, FullIntake intake) {
    Bytes payload(kFullSize);
    store_le(MutableByteView(payload).first(sizeof log), log);
    payload[sizeof log] = static_cast<std::byte>(intake);
    return payload;
  }
  // The next request, as the keeper would copy it.
  std::optional<Bytes> take() {
    client_.flush();
    const auto message = requests_.peek(kMaxRequestBytes);
    EXPECT_TRUE(message);
    if (!message || !*message) return std::nullopt;
    Bytes payload((*message)->size);
    requests_.take(payload);
    requests_.release();
    return payload;
  }
  Ticket take_ticket() { return load_le<Ticket>(*take()); }

  const SharedRing request_ring_ = *SharedRing::create(kRequestRingBytes);
  const SharedRing answer_ring_ = *SharedRing::create(kAnswerRingBytes);
  UniqueFd wake_;
  RingConsumer requests_;
  RingProducer answers_;
  keys::KeyWrapper wrapper_{crypto::Secret::random(32)};
  LedgerClient client_;
};

TEST_F(ClientTest, IsUnavailableBeforeItsFirstSealingKey) {
  EXPECT_FALSE(client_.ready());
  EXPECT_EQ(client_.reserve(100, 0).error().code(), Errc::kUnavailable);
  EXPECT_EQ(client_.submit({}, "leaf", {}, nullptr).error().code(), Errc::kUnavailable);
  send_key();
  EXPECT_TRUE(client_.ready());
  EXPECT_TRUE(client_.reserve(100, 0));
}

TEST_F(ClientTest, SendsHeaderLeafAndSealedOpening) {
  send_key();
  Waiter waiter;
  ExchangeId exchange{};
  exchange.fill(std::byte{5});
  auto reservation = client_.reserve(4, 6);
  ASSERT_TRUE(reservation);
  client_.submit_admission(*reservation, {.exchange = exchange}, "leaf", "secret", &waiter);
  const auto message = take();
  ASSERT_TRUE(message);
  const ByteView entry = ByteView(*message).subspan(kTicketSize);
  const auto header = load_entry_header(entry.first(kEntryHeaderSize));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->kind, EntryKind::kAdmission);
  EXPECT_EQ(header->exchange, exchange);
  EXPECT_EQ(header->leaf_size, 4U);
  EXPECT_EQ(header->opening_size, 6 + keys::kSealOverheadBytes);
  EXPECT_EQ(entry.size(), kEntryHeaderSize + header->leaf_size + header->opening_size);
  EXPECT_EQ(as_chars(entry.subspan(kEntryHeaderSize, 4)), "leaf");
  EXPECT_EQ(as_chars(*message).find("secret"), std::string_view::npos);
  const ByteView sealed = entry.subspan(kEntryHeaderSize + 4);
  const auto opening = wrapper_.open(opening_context(exchange, EntryKind::kAdmission), sealed);
  ASSERT_TRUE(opening);
  EXPECT_EQ(as_chars(*opening), "secret");
  EXPECT_FALSE(wrapper_.open(opening_context(exchange, EntryKind::kOutcome), sealed));

  answer(MessageType::kAppended, appended(load_le<Ticket>(*message), 12));
  ASSERT_TRUE(client_.poll());
  ASSERT_TRUE(waiter.result && *waiter.result);
  EXPECT_EQ((*waiter.result)->index.value, 12U);
  EXPECT_EQ((*waiter.result)->leaf_hash[0], std::byte{0x77});
}

TEST_F(ClientTest, FlushWakesASleepingKeeperOnly) {
  send_key();
  std::uint64_t count = 0;
  ASSERT_TRUE(client_.submit({}, "one", {}, nullptr));
  client_.flush();
  EXPECT_LT(::read(wake_.get(), &count, sizeof count), 0);
  take();
  ASSERT_TRUE(requests_.prepare_sleep());
  client_.flush();  // nothing new
  EXPECT_LT(::read(wake_.get(), &count, sizeof count), 0);
  ASSERT_TRUE(client_.submit({}, "two", {}, nullptr));
  client_.flush();
  EXPECT_EQ(::read(wake_.get(), &count, sizeof count), 8);
}

TEST_F(ClientTest, WhatIsSharedWaitsForAKeeperThatSleeps) {
  send_key();
  const auto submit = [&] { return client_.submit({}, "one", {}, nullptr); };
  const auto peek = [&] {
    const auto message = requests_.peek(kMaxRequestBytes);
    if (!message || !*message) return false;
    Bytes payload((*message)->size);
    requests_.take(payload);
    requests_.release();
    return true;
  };
  std::uint64_t count = 0;
  ASSERT_TRUE(submit());
  EXPECT_FALSE(peek());
  client_.share();
  EXPECT_TRUE(peek());
  client_.flush();  // it was awake
  EXPECT_LT(::read(wake_.get(), &count, sizeof count), 0);

  ASSERT_TRUE(requests_.prepare_sleep());
  ASSERT_TRUE(submit());
  client_.share();
  ASSERT_TRUE(submit());
  client_.share();
  EXPECT_LT(::read(wake_.get(), &count, sizeof count), 0);
  client_.flush();
  ASSERT_EQ(::read(wake_.get(), &count, sizeof count), 8);
  EXPECT_EQ(count, 1U);
  client_.flush();
  EXPECT_LT(::read(wake_.get(), &count, sizeof count), 0);
  requests_.wake();
  EXPECT_TRUE(peek());
  EXPECT_TRUE(peek());
}

TEST_F(ClientTest, OnAFullDiskOnlyOutcomesWithinTheirPlaceGoOutUntilThereIsRoom) {
  send_key();
  auto reservation = client_.reserve(10, 10);
  ASSERT_TRUE(reservation);
  client_.submit_admission(*reservation, {}, "admission.", "0123456789", nullptr);
  take();
  const std::size_t large = 2 * kOutcomeReserveBytes;
  EXPECT_TRUE(client_.fits_outcome(100, large));
  EXPECT_FALSE(client_.full());

  const Bytes every_log(sizeof(LogNumber), std::byte{0xff});
  const Bytes outcomes_only = full(kEveryLog, FullIntake::kOutcomes);
  answer(MessageType::kFull, outcomes_only);
  ASSERT_TRUE(client_.poll());
  EXPECT_TRUE(client_.full());
  EXPECT_TRUE(client_.ready());
  EXPECT_EQ(client_.reserve(10, 0).error().code(), Errc::kResourceExhausted);
  EXPECT_EQ(client_.submit({}, "denial", {}, nullptr).error().code(), Errc::kResourceExhausted);
  EXPECT_EQ(client_.submit_fact({}, "revocation", {}, nullptr).error().code(), Errc::kResourceExhausted);
  EXPECT_FALSE(client_.fits_outcome(100, large));
  EXPECT_TRUE(client_.fits_outcome(100, 1000));
  Waiter waiter;
  ASSERT_TRUE(client_.submit_outcome(*std::move(reservation), {}, "outcome", "values", &waiter));
  answer(MessageType::kAppended, appended(take_ticket(), 1));
  ASSERT_TRUE(client_.poll());
  ASSERT_TRUE(waiter.result && *waiter.result);

  answer(MessageType::kRoom, every_log);
  ASSERT_TRUE(client_.poll());
  EXPECT_FALSE(client_.full());
  EXPECT_TRUE(client_.reserve(10, 0));
  EXPECT_TRUE(client_.submit({}, "denial", {}, nullptr));
}

TEST_F(ClientTest, AQuotaThatIsUsedUpStopsItsLogOnly) {
  send_key();
  answer(MessageType::kFull, full(2, FullIntake::kOutcomes));
  ASSERT_TRUE(client_.poll());
  EXPECT_TRUE(client_.full(2));
  EXPECT_FALSE(client_.full(1));
  EXPECT_FALSE(client_.full());
  EXPECT_EQ(client_.reserve(10, 0, 2).error().code(), Errc::kResourceExhausted);
  EXPECT_EQ(client_.submit({.log = 2}, "denial", {}, nullptr).error().code(), Errc::kResourceExhausted);
  EXPECT_TRUE(client_.reserve(10, 0, 1));
  EXPECT_TRUE(client_.submit({.log = 1}, "denial", {}, nullptr));
}

TEST_F(ClientTest, AWordOnTheDiskThatSaysMoreMakesNoSense) {
  send_key();
  answer(MessageType::kFull, Bytes(kFullSize + 1));
  EXPECT_EQ(client_.poll().error().code(), Errc::kCorrupt);
  EXPECT_FALSE(client_.stopped().empty());
}

TEST_F(ClientTest, AWordOnTheDiskThatNamesAnotherIntakeMakesNoSense) {
  send_key();
  answer(MessageType::kFull, full(kEveryLog, static_cast<FullIntake>(2)));
  EXPECT_EQ(client_.poll().error().code(), Errc::kCorrupt);
}

TEST_F(ClientTest, OnANearlyFullDiskFactsGoOutButNoLargeOnesAndNothingElse) {
  send_key();
  answer(MessageType::kFull, full(kEveryLog, FullIntake::kOutcomesAndFacts));
  ASSERT_TRUE(client_.poll());
  EXPECT_TRUE(client_.full());
  EXPECT_EQ(client_.reserve(10, 0).error().code(), Errc::kResourceExhausted);
  EXPECT_EQ(client_.submit({}, "denial", {}, nullptr).error().code(), Errc::kResourceExhausted);
  EXPECT_FALSE(client_.fits_outcome(100, 2 * kOutcomeReserveBytes));
  const std::string large(kUrgentFactBytes, 'p');
  EXPECT_EQ(client_.submit_fact({}, large, {}, nullptr).error().code(), Errc::kResourceExhausted);
  EXPECT_EQ(client_.submit_fact({}, "part", large, nullptr).error().code(), Errc::kResourceExhausted);
  EXPECT_FALSE(take()) << "what was refused went out";
  Waiter waiter;
  ASSERT_TRUE(client_.submit_fact({}, "revocation", "values", &waiter));
  answer(MessageType::kAppended, appended(take_ticket(), 1));
  ASSERT_TRUE(client_.poll());
  EXPECT_TRUE(waiter.result && *waiter.result);
}

// A keeper that reads nothing: what was admitted can still say how it ended.
TEST_F(ClientTest, WithAFullRingEveryReservationStillHoldsItsOutcome) {
  send_key();
  std::vector<LedgerClient::Reservation> reservations;
  while (true) {
    auto reservation = client_.reserve(1600, 500);
    if (!reservation) {
      EXPECT_EQ(reservation.error().code(), Errc::kResourceExhausted);
      break;
    }
    reservations.push_back(*std::move(reservation));
    client_.submit_admission(reservations.back(), {}, std::string(1600, 'a'), std::string(500, 'o'), nullptr);
  }
  // All but the last incomplete share of the ring is in use.
  EXPECT_EQ(reservations.size(),
            kRequestRingBytes / (kOutcomeReserveBytes + RingProducer::footprint(kTicketSize + kEntryHeaderSize + 1600 +
                                                                                500 + keys::kSealOverheadBytes)));
  EXPECT_TRUE(client_.fits_outcome(2000, 1000));
  EXPECT_FALSE(client_.fits_outcome(60'000, 0));
  Result<> others;
  while (others) others = client_.submit({}, "standalone", {}, nullptr);
  EXPECT_EQ(others.error().code(), Errc::kResourceExhausted);

  const std::string largest(kOutcomeReserveBytes - RingProducer::footprint(kTicketSize + kEntryHeaderSize), 'x');
  for (auto& reservation : reservations) {
    ASSERT_TRUE(client_.fits_outcome(largest.size(), 0));
    ASSERT_TRUE(client_.submit_outcome(std::move(reservation), {}, largest, {}, nullptr));
  }
  std::size_t messages = 0;
  while (take()) ++messages;
  EXPECT_GE(messages, 2 * reservations.size());
  EXPECT_TRUE(client_.reserve(1600, 500));
}

TEST_F(ClientTest, AnUnusedReservationGivesItsPlaceBack) {
  send_key();
  for (int round = 0; round < 3; ++round) {
    std::vector<LedgerClient::Reservation> reservations;
    while (auto reservation = client_.reserve(100, 0)) reservations.push_back(*std::move(reservation));
    EXPECT_EQ(reservations.size(), (kRequestRingBytes - 160) / kOutcomeReserveBytes) << round;
    EXPECT_EQ(client_.reserve(100, 0).error().code(), Errc::kResourceExhausted);
  }
}

// A keeper that reads and does not answer: tickets run out, and those of outcomes are still there.
TEST_F(ClientTest, EveryReservationHasATicketForItsOutcome) {
  send_key();
  std::vector<LedgerClient::Reservation> reservations;
  std::vector<LedgerClient::Reservation> waiting;
  std::size_t admitted = 0;
  while (true) {
    auto reservation = client_.reserve(10, 0);
    if (!reservation) break;
    client_.submit_admission(*reservation, {}, "admission", {}, nullptr);
    ++admitted;
    // Some end at once, so that tickets and not ring bytes run out.
    if (reservations.size() < 100) {
      reservations.push_back(*std::move(reservation));
    } else {
      ASSERT_TRUE(client_.submit_outcome(*std::move(reservation), {}, "outcome", {}, nullptr));
    }
    while (take()) {
    }
  }
  EXPECT_EQ(admitted, 100 + (kMaxTickets - 200) / 2);
  while (client_.submit({}, "standalone", {}, nullptr)) {
    while (take()) {
    }
  }
  for (auto& reservation : reservations) {
    ASSERT_TRUE(client_.submit_outcome(std::move(reservation), {}, "outcome", {}, nullptr));
    while (take()) {
    }
  }
  EXPECT_EQ(client_.submit({}, "standalone", {}, nullptr).error().code(), Errc::kResourceExhausted);
}

// wire.h: "an outcome's record with the salts, but not the values, of its opening always fits".
TEST_F(ClientTest, TheLargestOutcomeRecordFitsItsReservation) {
  const std::string nasty(4096, '\x01');  // six bytes each in JSON
  const record::ExchangeFacts facts{.exchange_uid = nasty,
                                    .time = {INT64_MAX},
                                    .source = {.log_origin = nasty, .tenant = nasty, .product_version = nasty},
                                    .method = nasty,
                                    .path = nasty,
                                    .stream = true,
                                    .request_size = UINT64_MAX,
                                    .principal_uid = nasty,
                                    .principal_name = nasty,
                                    .principal_type = record::PrincipalType::kService,
                                    .credential_uid = nasty,
                                    .operation = nasty,
                                    .model = nasty,
                                    .provider = nasty,
                                    .upstream = nasty,
                                    .authorizer = nasty,
                                    .policy_uid = nasty,
                                    .policy_version = nasty,
                                    .caller_address = record::Commitment{}};
  const record::FieldCommitment commitment{.field = record::kCompletionField};
  std::string leaf;
  record::append_outcome(leaf, facts,
                         {.admission_index = UINT64_MAX,
                          .finish = record::Finish::kUpstreamTimeout,
                          .http_status = 599,
                          .error_code = nasty,
                          .duration_ms = INT64_MAX,
                          .response_size = UINT64_MAX,
                          .prompt_tokens = UINT64_MAX,
                          .completion_tokens = UINT64_MAX,
                          .total_tokens = UINT64_MAX,
                          .commitments = {&commitment, 1}});
  const record::OpeningValue values[] = {{.field = record::kCompletionField, .value_size = UINT64_MAX}};
  std::string opening;
  ASSERT_TRUE(record::encode_opening(opening, values));
  EXPECT_LE(
      RingProducer::footprint(kTicketSize + kEntryHeaderSize + leaf.size() + opening.size() + keys::kSealOverheadBytes),
      kOutcomeReserveBytes);
}

TEST_F(ClientTest, StopEndsWaitersAndRefusesFromThenOn) {
  send_key();
  Waiter append;
  Waiter outcome;
  Opened open;
  Certified certified;
  auto reservation = client_.reserve(10, 0);
  ASSERT_TRUE(client_.submit({}, "leaf", {}, &append));
  ASSERT_TRUE(client_.submit_open({.reason = "because"}, &open));
  Opened fact;
  ASSERT_TRUE(client_.submit_certify({}, &certified));
  ASSERT_TRUE(client_.submit_open_fact({0}, &fact));
  client_.stop("the keeper is gone");
  ASSERT_TRUE(append.result && open.result);
  EXPECT_EQ(append.result->error().code(), Errc::kUnavailable);
  EXPECT_EQ(append.result->error().message(), "the keeper is gone");
  EXPECT_EQ(open.result->error().code(), Errc::kUnavailable);
  ASSERT_TRUE(fact.result && !*fact.result);
  EXPECT_EQ(fact.result->error().code(), Errc::kUnavailable);
  EXPECT_EQ(client_.submit_open_fact({0}, &fact).error().code(), Errc::kUnavailable);
  EXPECT_EQ(client_.submit_fact({}, "leaf", {}, nullptr).error().code(), Errc::kUnavailable);
  ASSERT_TRUE(certified.result);
  EXPECT_EQ(certified.result->error().code(), Errc::kUnavailable);
  EXPECT_EQ(client_.submit_certify({}, &certified).error().code(), Errc::kUnavailable);
  EXPECT_FALSE(client_.ready());
  EXPECT_EQ(client_.stopped(), "the keeper is gone");
  EXPECT_EQ(client_.reserve(10, 0).error().code(), Errc::kUnavailable);
  EXPECT_EQ(client_.submit({}, "leaf", {}, nullptr).error().code(), Errc::kUnavailable);
  EXPECT_EQ(client_.submit_outcome(*std::move(reservation), {}, "leaf", {}, &outcome).error().code(),
            Errc::kUnavailable);
  EXPECT_FALSE(outcome.result);
  client_.stop("again");
  EXPECT_EQ(client_.stopped(), "the keeper is gone");
}

TEST_F(ClientTest, AnAbandonedWaiterIsNotTold) {
  send_key();
  {
    Waiter waiter;
    ASSERT_TRUE(client_.submit({}, "leaf", {}, &waiter));
    client_.abandon(&waiter);
    Certified certified;
    ASSERT_TRUE(client_.submit_certify({}, &certified));
    client_.abandon(&certified);
  }
  answer(MessageType::kAppended, appended(take_ticket(), 0));
  Bytes certificate(kTicketSize + 1, std::byte{kOpenedSuccess});
  store_le(MutableByteView(certificate), take_ticket());
  answer(MessageType::kCertified, certificate);
  EXPECT_TRUE(client_.poll());
}

TEST_F(ClientTest, AppendsAFactAsOne) {
  send_key();
  ASSERT_TRUE(client_.submit_fact({}, "fact", "name", nullptr));
  const auto message = take();
  ASSERT_TRUE(message);
  const ByteView entry = ByteView(*message).subspan(kTicketSize);
  const auto header = load_entry_header(entry.first(kEntryHeaderSize));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->kind, EntryKind::kFact);
  const ByteView sealed = entry.subspan(kEntryHeaderSize + 4);
  const auto opening = wrapper_.open(opening_context({}, EntryKind::kFact), sealed);
  ASSERT_TRUE(opening);
  EXPECT_EQ(as_chars(*opening), "name");
}

TEST_F(ClientTest, AsksForTheOpeningOfAFactByLogAndIndex) {
  Opened yes;
  Opened no;
  ASSERT_TRUE(client_.submit_open_fact({0x0102030405060708}, &yes, 3));
  const auto message = take();
  ASSERT_TRUE(message);
  ASSERT_EQ(message->size(), kOpenFactSize);
  EXPECT_EQ(load_le<LogNumber>(ByteView(*message).subspan(8, 4)), 3U);
  EXPECT_EQ(load_le<std::uint64_t>(ByteView(*message).subspan(12, 8)), 0x0102030405060708U);
  ASSERT_TRUE(client_.submit_open_fact({9}, &no));
  const Ticket second = take_ticket();

  Bytes bytes(kTicketSize + 1);
  store_le(MutableByteView(bytes), load_le<Ticket>(*message));
  bytes[kTicketSize] = std::byte{kOpenedSuccess};
  append(bytes, as_bytes("opening"));
  auto space = answers_.begin(static_cast<std::uint32_t>(MessageType::kFactOpened), bytes.size());
  ASSERT_TRUE(space);
  std::copy(bytes.begin(), bytes.end(), space->begin());
  const ByteView shared(space->data(), bytes.size());
  answers_.commit();
  answers_.publish();
  ASSERT_TRUE(client_.poll());
  ASSERT_TRUE(yes.result && *yes.result);
  EXPECT_EQ(as_chars(**yes.result), "opening");
  EXPECT_EQ(to_bytes(shared), Bytes(bytes.size()));  // overwritten once it was read

  bytes.resize(kTicketSize + 1);
  store_le(MutableByteView(bytes), second);
  bytes[kTicketSize] = static_cast<std::byte>(Errc::kPermissionDenied);
  append(bytes, as_bytes("no fact"));
  answer(MessageType::kFactOpened, bytes);
  ASSERT_TRUE(client_.poll());
  ASSERT_TRUE(no.result && !*no.result);
  EXPECT_EQ(no.result->error().code(), Errc::kPermissionDenied);
  EXPECT_EQ(no.result->error().message(), "no fact");
}

TEST_F(ClientTest, AsksForACertificateWithABareKeyAndBeforeItIsReady) {
  crypto::P256PublicKey key;
  key.fill(std::byte{0x5a});
  Certified yes;
  Certified no;
  ASSERT_TRUE(client_.submit_certify(key, &yes));
  const auto message = take();
  ASSERT_TRUE(message);
  ASSERT_EQ(message->size(), kCertifySize);
  EXPECT_EQ(to_bytes(ByteView(*message).subspan(kTicketSize)), to_bytes(key));
  ASSERT_TRUE(client_.submit_certify(key, &no));
  const Ticket second = take_ticket();

  Bytes answer_bytes(kTicketSize + 1);
  store_le(MutableByteView(answer_bytes), load_le<Ticket>(*message));
  answer_bytes[kTicketSize] = std::byte{kOpenedSuccess};
  append(answer_bytes, as_bytes("certificate"));
  answer(MessageType::kCertified, answer_bytes);
  answer_bytes.resize(kTicketSize + 1);
  store_le(MutableByteView(answer_bytes), second);
  answer_bytes[kTicketSize] = static_cast<std::byte>(Errc::kResourceExhausted);
  append(answer_bytes, as_bytes("too often"));
  answer(MessageType::kCertified, answer_bytes);
  ASSERT_TRUE(client_.poll());
  ASSERT_TRUE(yes.result && *yes.result && no.result && !*no.result);
  EXPECT_EQ(as_chars(**yes.result), "certificate");
  EXPECT_EQ(no.result->error().code(), Errc::kResourceExhausted);
  EXPECT_EQ(no.result->error().message(), "too often");
}

TEST_F(ClientTest, AKeyOnTheRingIsOverwrittenOnceItIsRead) {
  const auto issued = wrapper_.issue();
  Bytes payload = to_bytes(issued.key.reveal());
  append(payload, issued.wrapped);
  auto space = answers_.begin(static_cast<std::uint32_t>(MessageType::kSealingKey), payload.size());
  std::copy(payload.begin(), payload.end(), space->begin());
  const ByteView shared(space->data(), payload.size());
  answers_.commit();
  answers_.publish();
  ASSERT_TRUE(client_.poll());
  EXPECT_EQ(to_bytes(shared), Bytes(payload.size()));
}

TEST_F(ClientTest, TellsWhoWaitsForALevelWhenTheKeeperSaysThatItIsReached) {
  const CommitPoint published{.log = 1, .level = CommitLevel::kPublished, .index = {4}};
  const CommitPoint cosigned{.log = 1, .level = CommitLevel::kCosigned, .index = {4}};
  AtLevel at_published, at_cosigned;
  ASSERT_TRUE(client_.await_level(published, &at_published));
  ASSERT_TRUE(client_.await_level(cosigned, &at_cosigned));
  publish(4, 0, 1);
  publish(100, 100, 2);
  EXPECT_FALSE(at_published.result);
  EXPECT_FALSE(client_.covers(published));
  publish(5, 4, 1);
  ASSERT_TRUE(at_published.result);
  EXPECT_TRUE(*at_published.result);
  EXPECT_TRUE(client_.covers(published));
  EXPECT_FALSE(at_cosigned.result);
  EXPECT_FALSE(client_.covers(cosigned));
  publish(9, 5, 1);
  ASSERT_TRUE(at_cosigned.result);
  EXPECT_TRUE(*at_cosigned.result);
  EXPECT_TRUE(client_.covers({.log = 7, .level = CommitLevel::kDurable, .index = {1000}}));
}

TEST_F(ClientTest, ItsEndTellsWhoWaitsForALevelAndTakesNobodyMore) {
  const CommitPoint point{.level = CommitLevel::kPublished, .index = {0}};
  AtLevel waits, abandoned, late;
  ASSERT_TRUE(client_.await_level(point, &waits));
  ASSERT_TRUE(client_.await_level(point, &abandoned));
  client_.abandon(point, &abandoned);
  client_.stop("the keeper is gone");
  ASSERT_TRUE(waits.result);
  EXPECT_EQ(waits.result->error().code(), Errc::kUnavailable);
  EXPECT_FALSE(abandoned.result);
  EXPECT_EQ(client_.await_level(point, &late).error().code(), Errc::kUnavailable);
  EXPECT_FALSE(late.result);
}

// Each answer that makes no sense ends the client, whose waiters learn of it.
class SenselessAnswer : public ClientTest, public ::testing::WithParamInterface<int> {};

TEST_P(SenselessAnswer, StopsTheClient) {
  send_key();
  Waiter waiter;
  ASSERT_TRUE(client_.submit({}, "leaf", {}, &waiter));
  const Ticket ticket = take_ticket();
  switch (GetParam()) {
    case 0:
      answer(MessageType::kAppended, appended(ticket + 1, 0));
      break;  // another slot
    case 1:
      answer(MessageType::kAppended, appended(ticket + (Ticket{1} << 32), 0));
      break;  // another generation
    case 2:
      answer(MessageType::kAppended, appended(UINT64_MAX, 0));
      break;
    case 3:
      answer(MessageType::kAppended, Bytes(kAppendedSize - 1));
      break;
    case 4:
      answer(MessageType::kAppended, Bytes(kAppendedSize + 1));
      break;
    case 5:
      answer(MessageType::kSealingKey, Bytes(kSealingKeySize - 1));
      break;
    case 6:
      answer(MessageType::kPublished, Bytes(kPublishedSize, std::byte{0x7f}));  // of a log that cannot be
      break;
    case 7:
      answer(MessageType::kOpened, Bytes(kTicketSize));
      break;
    case 8:
      answer(MessageType::kAppend, appended(ticket, 0));
      break;
    case 9:
      answer(static_cast<MessageType>(0), {});
      break;
    case 10:
      answer(static_cast<MessageType>(UINT32_MAX), appended(ticket, 0));
      break;
    case 11: {
      Bytes opened(kTicketSize + 1);
      store_le(MutableByteView(opened), ticket);
      opened[kTicketSize] = std::byte{200};  // no such code
      answer(MessageType::kOpened, opened);
      break;
    }
    case 12:
      answer(MessageType::kCertified, Bytes(kTicketSize));
      break;
    case 13:
      answer(MessageType::kCertify, Bytes(kCertifySize));
      break;
    case 14:
      answer(MessageType::kStats, Bytes(kKeeperStatsSize));
      break;
    default:
      FAIL();
  }
  const auto polled = client_.poll();
  ASSERT_FALSE(polled);
  EXPECT_EQ(polled.error().code(), Errc::kCorrupt);
  EXPECT_FALSE(client_.stopped().empty());
  ASSERT_TRUE(waiter.result);
  EXPECT_EQ(waiter.result->error().code(), Errc::kUnavailable);
}

INSTANTIATE_TEST_SUITE_P(All, SenselessAnswer, ::testing::Range(0, 15));

TEST_F(ClientTest, AnAnswerIsTakenOnceOnly) {
  send_key();
  Waiter waiter;
  ASSERT_TRUE(client_.submit({}, "leaf", {}, &waiter));
  const Ticket ticket = take_ticket();
  answer(MessageType::kAppended, appended(ticket, 3));
  ASSERT_TRUE(client_.poll());
  answer(MessageType::kAppended, appended(ticket, 4));
  EXPECT_FALSE(client_.poll());
}

TEST_F(ClientTest, KeeperSaysWhyItStopped) {
  send_key();
  Waiter waiter;
  ASSERT_TRUE(client_.submit({}, "leaf", {}, &waiter));
  answer(MessageType::kStopped, as_bytes("the disk is full"));
  EXPECT_TRUE(client_.poll());
  EXPECT_EQ(client_.stopped(), "the disk is full");
  ASSERT_TRUE(waiter.result);
  EXPECT_EQ(waiter.result->error().message(), "the disk is full");
}

}  // namespace
}  // namespace redoubt::ledger
