// A recorder with everything behind it: rings, and a keeper on a thread of its own over a disk in memory.
#pragma once

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/shm_ring.h"
#include "gateway/logs.h"
#include "gateway/recorder.h"
#include "ledger/attesting_thread.h"
#include "ledger/keeper.h"
#include "ledger/sealed_parts.h"
#include "record/summary.h"
#include "tests/support/fault_file_system.h"

namespace redoubt::gateway::test {

struct ReadEntry {
  ledger::EntryHeader header;
  std::string record;
  Bytes opening_bytes;  // the opening's views point into it
  std::optional<record::Opening> opening;
  Bytes sealed_features;

  record::Stage stage() const { return record::summarize(as_bytes(record))->stage; }
  bool says(std::string_view text) const { return record.find(text) != std::string::npos; }
};

class LiveLedger {
 public:
  static constexpr const char* kOrigin = "example.org/log";
  static constexpr const char* kDirectory = "/ledger";
  static constexpr std::uint64_t kSegmentBytes = 9 * 1024 * 1024;

  explicit LiveLedger(std::chrono::milliseconds ledger_timeout = std::chrono::seconds(20),
                      std::chrono::milliseconds publish_interval = ledger::KeeperOptions().publish_interval) {
    auto ledger = ledger::Ledger::open(fs, kDirectory, signer_, clock,
                                       {.tenants = {"clinic", "ward"}, .segment_bytes = kSegmentBytes});
    EXPECT_TRUE(ledger);
    logs = *Logs::load(fs, kDirectory, kOrigin, {{.name = "clinic"}, {.name = "ward", .public_log = true}});
    ledger_ = *std::move(ledger);
    keeper_ = std::make_unique<ledger::Keeper>(*ledger_, wrapper_, clock,
                                               ledger::KeeperOptions{.publish_interval = publish_interval,
                                                                     .product_version = "0",
                                                                     .dictionaries = &dictionaries,
                                                                     .attester = &attester_});
    auto requests = SharedRing::create(ledger::kRequestRingBytes);
    auto answers = SharedRing::create(ledger::kAnswerRingBytes);
    EXPECT_TRUE(requests && answers);
    const auto again = [](const SharedRing& ring) { return *SharedRing::attach(UniqueFd(::dup(ring.fd()))); };
    keeper_->add_ring(RingConsumer(again(*requests)), RingProducer(again(*answers)), gateway_wake_.get());
    client.emplace(RingProducer(*std::move(requests)), RingConsumer(*std::move(answers)), keeper_wake_.get());
    sweep.start();
    recorder.emplace(io, sweep, *client, clock, logs, "0", ledger_timeout);
    thread_ = std::thread([this] { ended_ = keeper_->run(keeper_wake_.get(), stop_.get()); });
    pump_until([&] { return client->ready(); });
  }
  ~LiveLedger() { stop_keeper(); }

  // Lets gateway and keeper work until `done`.
  void pump_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "nothing comes";
      io.restart();
      io.poll();
      client->flush();
      if (!client->poll()) return;
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }

  template <class T>
  T run(net::Task<T> task) {
    std::optional<T> out;
    boost::asio::co_spawn(io, store(std::move(task), out), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
    pump_until([&] { return out.has_value(); });
    return *std::move(out);
  }

  // The same, but the keeper's answers stay where they are: to the gateway the ledger is silent.
  template <class T>
  T run_unanswered(net::Task<T> task) {
    std::optional<T> out;
    boost::asio::co_spawn(io, store(std::move(task), out), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!out) {
      EXPECT_LT(std::chrono::steady_clock::now(), deadline) << "nothing comes";
      io.restart();
      io.poll();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return *std::move(out);
  }

  // As the process does at its end; what was submitted is committed and published.
  void stop_keeper() {
    if (!thread_.joinable()) return;
    io.restart();
    io.poll();
    client->flush();
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(stop_.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
    thread_.join();
  }
  const Result<>& ended() const { return ended_; }

  // Everything in the log. Stops the keeper first.
  std::vector<ReadEntry> entries(std::string_view tenant = {}) {
    stop_keeper();
    ledger::LedgerReader reader(fs, kDirectory, tenant);
    std::vector<ReadEntry> out;
    for (std::uint64_t i = 0;; ++i) {
      auto stored = reader.read_entry({i});
      if (!stored) break;
      ReadEntry entry{.header = stored->header,
                      .record = std::string(as_chars(stored->leaf)),
                      .opening_bytes = {},
                      .opening = std::nullopt,
                      .sealed_features = {}};
      const auto parts = ledger::split_sealed(stored->sealed_opening);
      EXPECT_TRUE(parts);
      entry.sealed_features = to_bytes(parts->features);
      if (!parts->opening.empty()) {
        auto opening = wrapper_.open(ledger::opening_context(entry.header.exchange, entry.header.kind), parts->opening);
        EXPECT_TRUE(opening);
        entry.opening_bytes = *std::move(opening);
        auto decoded = record::decode_opening(entry.opening_bytes);
        EXPECT_TRUE(decoded);
        EXPECT_TRUE(record::check_opening(*decoded, stored->leaf));
        entry.opening = *std::move(decoded);
      }
      out.push_back(std::move(entry));
    }
    return out;
  }

  // How the keeper makes evidence, on a thread of its own. Set before any is asked for.
  ledger::AttestingThread::Make make_evidence;
  testing_support::FaultFileSystem fs;
  SystemClock clock;
  const keys::DictionaryOpener dictionaries{crypto::X25519KeyPair::generate()};  // the keeper's
  boost::asio::io_context io{1};
  net::DeadlineSweep sweep{io};
  Logs logs{kOrigin};
  std::optional<ledger::LedgerClient> client;
  std::optional<Recorder> recorder;

  // In the system log, or a tenant's.
  net::Task<Result<Admission>> admit(const record::ExchangeFacts& facts, std::string_view prompt,
                                     std::string_view address, std::string_view tenant = {}) {
    return recorder->admit(*logs.find(tenant), facts, prompt, address);
  }
  net::Task<Result<ledger::Receipt>> deny(const record::ExchangeFacts& facts, const record::Denial& denial,
                                          std::string_view address, std::string_view tenant = {}) {
    return recorder->deny(*logs.find(tenant), facts, denial, address);
  }

 private:
  template <class T>
  static net::Task<> store(net::Task<T> task, std::optional<T>& out) {
    auto value = co_await std::move(task);
    out.emplace(std::move(value));
  }
  static tlog::NoteSigner make_signer() {
    return *tlog::NoteSigner::create(kOrigin, *crypto::Ed25519PrivateKey::from_seed(Bytes(32, std::byte{7})));
  }

  const tlog::NoteSigner signer_ = make_signer();
  keys::KeyWrapper wrapper_{crypto::Secret::random(32)};
  UniqueFd keeper_wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  UniqueFd gateway_wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  UniqueFd stop_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  ledger::AttestingThread attester_{[this](ByteView statement) -> Result<Bytes> {
                                      if (!make_evidence) return Error(Errc::kUnsupported, "nothing attests");
                                      return make_evidence(statement);
                                    },
                                    [](const ledger::Activation&) { return Result<>(); }, keeper_wake_.get()};
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<ledger::Keeper> keeper_;
  Result<> ended_;
  std::thread thread_;
};

}  // namespace redoubt::gateway::test
