// Keeper and client over real rings, the keeper on a thread of its own.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "ledger/client.h"
#include "ledger/keeper.h"
#include "ledger/tests/support.h"
#include "tests/support/temp_dir.h"

namespace redoubt::ledger::test {

inline UniqueFd make_eventfd() {
  return UniqueFd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

inline void signal_fd(const UniqueFd& fd) {
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

// An append of an entry with these parts and a body of zeros, as it lies in a ring.
inline Bytes entry_message(const EntryHeader& header, std::size_t body, std::size_t reserved_byte = 0) {
  Bytes bytes(kTicketSize + kEntryHeaderSize + body);
  store_entry_header(MutableByteView(bytes).subspan(kTicketSize, kEntryHeaderSize), header);
  if (reserved_byte != 0) bytes[kTicketSize + reserved_byte] = std::byte{1};
  return bytes;
}

class KeeperTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { log::set_level(log::Level::kError); }
  static void TearDownTestSuite() { log::set_level(log::Level::kInfo); }

  ~KeeperTest() override { [[maybe_unused]] const auto ended = stop(); }

  static constexpr const char* kDirectory = "/ledger";

  void make_keeper(const std::vector<std::string>& tenants = {}, const std::vector<std::uint64_t>& quotas = {},
                   const Witnessing& witnesses = {}) {
    ledger_ = *Ledger::open(fs_, kDirectory, signer_, clock_,
                            {.tenants = tenants, .witnesses = witnesses, .segment_bytes = 9 * 1024 * 1024});
    wrapper_ = std::make_unique<keys::KeyWrapper>(wrapping_key_);
    KeeperOptions options = options_;
    options.openers = {opener_.public_key()};
    options.quotas = quotas;
    options.product_version = "0.1";
    options.tls_authority = tls_authority_ ? &*tls_authority_ : nullptr;
    options.dictionaries = dictionaries_ ? &*dictionaries_ : nullptr;
    keeper_ = std::make_unique<Keeper>(*ledger_, *wrapper_, clock_, options);
  }
  // The next keeper certifies TLS keys.
  void make_tls_authority() {
    auto opened = keys::TlsAuthority::open(files_, keys::KeyStore::plain(), folder_.path(),
                                           {.names = {"gateway.example"}}, clock_);
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
  Core& start(const std::vector<std::string>& tenants = {}, const std::vector<std::uint64_t>& quotas = {}) {
    make_keeper(tenants, quotas);
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
                 std::optional<LedgerClient::Reservation>* keep = nullptr, LogNumber log = kSystemLog) {
    Waiter waiter;
    auto reservation = core.client->reserve(leaf.size(), opening.size(), log);
    EXPECT_TRUE(reservation);
    core.client->submit_admission(*reservation, {.log = log, .exchange = exchange}, leaf, opening, &waiter);
    EXPECT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
    if (keep != nullptr) keep->emplace(*std::move(reservation));
    return waiter.result && *waiter.result ? **waiter.result : Appended{};
  }

  Result<Bytes> open_fact(Core& core, std::uint64_t index, LogNumber log = kSystemLog) {
    Opened waiter;
    EXPECT_TRUE(core.client->submit_open_fact({index}, &waiter, log));
    EXPECT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
    core.client->abandon(&waiter);
    return waiter.result ? *waiter.result : Error(Errc::kDeadlineExceeded, "no answer");
  }

  Result<Bytes> attest(Core& core, std::string_view statement) {
    Opened waiter;
    EXPECT_TRUE(core.client->submit_attest(as_bytes(statement), &waiter));
    EXPECT_TRUE(core.pump_until([&] { return waiter.result.has_value(); }));
    core.client->abandon(&waiter);
    return waiter.result ? *waiter.result : Error(Errc::kDeadlineExceeded, "no answer");
  }

  KeeperOptions options_;  // of the next keeper, before make_keeper() adds its own
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
  std::optional<keys::DictionaryOpener> dictionaries_;
  std::unique_ptr<keys::KeyWrapper> wrapper_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<Keeper> keeper_;
  std::vector<std::unique_ptr<Core>> cores_;
  std::thread thread_;
  Result<> ended_;
};

}  // namespace redoubt::ledger::test
