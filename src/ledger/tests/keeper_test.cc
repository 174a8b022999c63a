// Keeper and client over real rings, the keeper on a thread of its own.
#include "ledger/keeper.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <thread>

#include "base/log.h"
#include "encoding/base64.h"
#include "ledger/client.h"
#include "ledger/tests/support.h"
#include "tests/support/temp_dir.h"

namespace redoubt::ledger::test {
namespace {

using Operation = FaultFileSystem::Operation;
using Effect = FaultFileSystem::Effect;

constexpr const char* kDirectory = "/ledger";

UniqueFd make_eventfd() {
  return UniqueFd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

void signal_fd(const UniqueFd& fd) {
  const std::uint64_t one = 1;
  ASSERT_EQ(::write(fd.get(), &one, sizeof one), 8);
}

struct Waiter final : LedgerClient::AppendWaiter {
  void appended(Result<Appended> r) override { result = std::move(r); }
  std::optional<Result<Appended>> result;
};

struct Certified final : LedgerClient::CertifyWaiter {
  void certified(Result<Bytes> r) override { result = std::move(r); }
  std::optional<Result<Bytes>> result;
};

struct Opened final : LedgerClient::OpenWaiter {
  void opened(Result<Bytes> r) override { result = std::move(r); }
  std::optional<Result<Bytes>> result;
};

// One core's end: its rings, its eventfd, and the client or, to play a hostile gateway, the bare ring.
struct Core {
  Core(Keeper& keeper, int keeper_wake_fd, bool hostile)
      : wake(make_eventfd()),
        requests(*SharedRing::create(kRequestRingBytes)),
        answers(*SharedRing::create(kAnswerRingBytes)) {
    if (hostile) {
      raw.emplace(attach(requests));
    } else {
      client.emplace(RingProducer(attach(requests)), RingConsumer(attach(answers)), keeper_wake_fd);
    }
    keeper.add_ring(RingConsumer(attach(requests)), RingProducer(attach(answers)), wake.get());
  }
  static SharedRing attach(const SharedRing& ring) { return *SharedRing::attach(UniqueFd(::dup(ring.fd()))); }

  // Delivers answers, sleeping in between as the gateway does, until the condition holds. False after ten seconds.
  template <class F>
  bool pump_until(F&& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (true) {
      client->flush();
      if (!client->poll()) return condition();
      if (condition()) return true;
      if (std::chrono::steady_clock::now() > deadline) return false;
      if (!client->prepare_sleep()) continue;
      pollfd fd{wake.get(), POLLIN, 0};
      ::poll(&fd, 1, 1000);
      std::uint64_t count = 0;
      [[maybe_unused]] const auto n = ::read(wake.get(), &count, sizeof count);
      client->wake();
    }
  }

  UniqueFd wake;
  SharedRing requests;
  SharedRing answers;
  std::optional<LedgerClient> client;
  std::optional<RingProducer> raw;
};

class KeeperTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { log::set_level(log::Level::kError); }
  static void TearDownTestSuite() { log::set_level(log::Level::kInfo); }

  ~KeeperTest() override { [[maybe_unused]] const auto ended = stop(); }

  void make_keeper() {
    ledger_ = *Ledger::open(fs_, kDirectory, signer_, clock_, {.segment_bytes = 9 * 1024 * 1024});
    reader_ = std::make_unique<LedgerReader>(fs_, kDirectory);
    wrapper_ = std::make_unique<keys::KeyWrapper>(wrapping_key_);
    KeeperOptions options;
    options.openers = {opener_.public_key()};
    options.source = {.log_origin = "example.org/log", .tenant = {}, .product_version = "0.1"};
    options.tls_authority = tls_authority_ ? &*tls_authority_ : nullptr;
    keeper_ = std::make_unique<Keeper>(*ledger_, *reader_, *wrapper_, clock_, options);
  }
  // The next keeper certifies TLS keys.
  void make_tls_authority() {
    auto opened = keys::TlsAuthority::open(files_, folder_.path(), {.names = {"gateway.example"}}, clock_);
    ASSERT_TRUE(opened) << opened.error().message();
    tls_authority_ = *std::move(opened);
  }
  Result<Bytes> certify(Core& core, const crypto::P256PublicKey& key) {
    Certified waiter;
    EXPECT_TRUE(core.client->submit_certify(key, &waiter));
    EXPECT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
    core.client->abandon(&waiter);
    return waiter.result ? *waiter.result : Error(Errc::kDeadlineExceeded, "no answer");
  }
  Core& add_core(bool hostile = false) {
    cores_.push_back(std::make_unique<Core>(*keeper_, wake_.get(), hostile));
    return *cores_.back();
  }
  void run() {
    thread_ = std::thread([this] { ended_ = keeper_->run(wake_.get(), stop_.get()); });
  }
  // A keeper with one core, ready.
  Core& start() {
    make_keeper();
    Core& core = add_core();
    run();
    EXPECT_TRUE(core.pump_until([&] { return core.client->ready(); }));
    return core;
  }
  Result<> stop() {
    if (!thread_.joinable()) return ended_;
    signal_fd(stop_);
    return join();
  }
  Result<> join() {
    thread_.join();
    std::uint64_t count = 0;
    [[maybe_unused]] const auto n = ::read(stop_.get(), &count, sizeof count);
    return ended_;
  }
  void restart_process() {
    keeper_.reset();
    ledger_.reset();
    cores_.clear();
    ended_ = {};
  }

  Appended append(Core& core, EntryHeader header, std::string_view leaf, std::string_view opening = {}) {
    Waiter waiter;
    EXPECT_TRUE(core.client->submit(header, leaf, opening, &waiter));
    EXPECT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
    if (!waiter.result || !*waiter.result) return {};
    return **waiter.result;
  }
  Appended admit(Core& core, const ExchangeId& exchange, std::string_view leaf, std::string_view opening,
                 std::optional<LedgerClient::Reservation>* keep = nullptr) {
    Waiter waiter;
    auto reservation = core.client->reserve(leaf.size(), opening.size());
    EXPECT_TRUE(reservation);
    core.client->submit_admission(*reservation, {.exchange = exchange}, leaf, opening, &waiter);
    EXPECT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
    if (keep != nullptr) keep->emplace(*std::move(reservation));
    return waiter.result && *waiter.result ? **waiter.result : Appended{};
  }

  FaultFileSystem fs_;
  FakeClock clock_;
  const tlog::NoteSigner signer_ = make_signer();
  const crypto::Ed25519PrivateKey opener_ = crypto::Ed25519PrivateKey::generate();
  const crypto::X25519KeyPair reader_key_ = crypto::X25519KeyPair::generate();
  const crypto::Secret wrapping_key_ = crypto::Secret::random(32);
  const UniqueFd wake_ = make_eventfd();
  const UniqueFd stop_ = make_eventfd();
  const testing_support::TempDir folder_;
  PosixFileSystem files_;
  std::optional<keys::TlsAuthority> tls_authority_;
  std::unique_ptr<keys::KeyWrapper> wrapper_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<LedgerReader> reader_;
  std::unique_ptr<Keeper> keeper_;
  std::vector<std::unique_ptr<Core>> cores_;
  std::thread thread_;
  Result<> ended_;
};

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
  const auto report = tlog::verify_log(*reader_, signer_.verifier_key());
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
  const auto entry = reader_->read_entry({1});
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
    const auto entry = reader_->read_entry({index});
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
    const auto entry = reader_->read_entry({index});
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
  const auto first = reader_->read_entry({0});
  const auto second = reader_->read_entry({1});
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
  const auto entry = reader_->read_entry({1});
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

Bytes entry_message(const EntryHeader& header, std::size_t body, std::size_t reserved_byte = 0) {
  Bytes bytes(kTicketSize + kEntryHeaderSize + body);
  store_entry_header(MutableByteView(bytes).subspan(kTicketSize, kEntryHeaderSize), header);
  if (reserved_byte != 0) bytes[kTicketSize + reserved_byte] = std::byte{1};
  return bytes;
}

std::vector<Hostile> hostile_messages() {
  constexpr auto kAppend = static_cast<std::uint32_t>(MessageType::kAppend);
  constexpr auto kOpen = static_cast<std::uint32_t>(MessageType::kOpen);
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
      {"UnknownKind", kAppend, entry_message({.kind = static_cast<EntryKind>(3), .leaf_size = 10}, 10), "unknown kind"},
      {"ReservedBytes", kAppend, entry_message({.leaf_size = 10}, 10, 12), "reserved bytes"},
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
  const auto report = tlog::verify_log(*reader_, signer_.verifier_key());
  ASSERT_TRUE(report) << report.error().message();
}

}  // namespace
}  // namespace redoubt::ledger::test
