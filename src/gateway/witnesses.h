// Asking witnesses to cosign the keeper's checkpoints, and at the start how far they have seen (C2SP tlog-witness).
//
// The keeper has no network: it offers signed checkpoints, this class asks every witness of the policy at once and
// returns the signature lines it got, which the keeper verifies. A witness that has seen more of a log than the ledger
// has, or another tree, shows that the ledger was rolled back or forked. When that is proven by a checkpoint under the
// log's own key, it must not be served any longer. At the start, before the keeper signs anything, the witness's word
// is enough; later it is not, for a lying witness must not end the service.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "gateway/ledger_routes.h"
#include "ledger/client.h"
#include "net/deadline.h"
#include "net/http_client.h"
#include "net/task.h"
#include "tlog/trust_policy.h"

namespace redoubt::gateway {

namespace internal {
class WitnessPeer;
}

struct WitnessSettings {
  std::string policy;                        // text (C2SP tlog-policy); empty: no witness is asked
  std::string log_key;                       // the system log's verifier key, for rollbacks to be proven by
  std::chrono::milliseconds timeout{5'000};  // for all that one witness is asked about one checkpoint
};

// A policy whose witnesses can all be asked. TrustPolicy's errors; kMalformed when it has no witness, a witness
// has no URL or one that net::UpstreamUrl does not read, or `required` and the quorum is `none`.
Result<tlog::TrustPolicy> parse_witness_policy(std::string_view text, bool required);
// The URLs of its witnesses. Precondition: parse_witness_policy() let it through.
std::vector<net::UpstreamUrl> witness_urls(const tlog::TrustPolicy& policy);

// On the thread of `io`.
class Witnesses {
 public:
  // Offers that are asked about at once; further ones wait. Each has at most one connection to each witness.
  static constexpr std::size_t kMaxAtOnce = 32;

  // `files` reads the ledger that the checkpoints are of. All must outlive the witnesses. Errors:
  // parse_witness_policy's, VerifierKey::parse's.
  static Result<std::unique_ptr<Witnesses>> create(boost::asio::io_context& io, net::DeadlineSweep& sweep,
                                                   LedgerFiles& files, const WitnessSettings& settings);
  Witnesses(const Witnesses&) = delete;
  Witnesses& operator=(const Witnesses&) = delete;
  ~Witnesses();

  struct Asked {
    tlog::TreeSize size;           // of the checkpoint
    std::string lines;             // of each witness that cosigned, its line; the keeper verifies them all the same
    std::optional<Error> refusal;  // kVerifyFailed: this ledger must not be served
    std::string evidence;          // what proves it: a checkpoint that the log's key signed, or a fork proof
  };
  // Asks every witness about a checkpoint of ours, a note that stays until this returns: `settings.timeout` at most,
  // and what reading our tiles takes. `starting`: nothing has been appended or signed since the ledger was opened.
  // Evidence goes to the program's log, too, in base64.
  net::Task<Asked> ask(ledger::LogNumber number, const std::string& note, bool starting);

  // Answers the offers of `client` from now on, until stop() or a refusal, which `refused` is told, once. The start is
  // over when `client` is ready. `client` must outlive the witnesses.
  void serve(ledger::LedgerClient& client, std::function<void(const Error&)> refused);
  // Cuts off what is under way and asks no more, so that the io_context can run out of work.
  void stop();

 private:
  using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                  boost::asio::wait_traits<std::chrono::steady_clock>, net::Executor>;
  struct Offer;

  Witnesses(boost::asio::io_context& io, net::DeadlineSweep& sweep, LedgerFiles& files, tlog::VerifierKey log_key,
            std::chrono::milliseconds timeout);

  Result<> read(Offer& offer) const;
  net::Task<> hear(internal::WitnessPeer& peer, Offer& offer);
  net::Task<Result<std::string>> request(const Offer& offer, tlog::TreeSize old_size);
  void take_cosignature(internal::WitnessPeer& peer, Offer& offer, std::string_view reply) const;
  net::Task<> contradict(internal::WitnessPeer& peer, Offer& offer, std::optional<tlog::TreeSize> claimed);
  net::Task<Result<std::string>> seen_by(internal::WitnessPeer& peer, const Offer& offer);
  net::Task<Result<std::string>> our_newest(const Offer& offer);
  net::Task<Result<std::string>> find_fork(const Offer& offer, const std::string& theirs, const std::string& ours);

  void begin_waiting();
  net::Task<> answer(ledger::LogNumber number, std::string note);

  boost::asio::io_context& io_;
  net::DeadlineSweep& sweep_;
  LedgerFiles& files_;
  const tlog::VerifierKey log_key_;  // of the system log; tenants' logs have the same under their own names
  const std::chrono::milliseconds timeout_;
  std::vector<std::unique_ptr<internal::WitnessPeer>> peers_;
  ledger::LedgerClient* client_ = nullptr;
  std::function<void(const Error&)> refused_;
  std::deque<std::pair<ledger::LogNumber, std::string>> waiting_;  // at most one a log: the keeper waits for each
  std::size_t under_way_ = 0;
  bool stopped_ = false;
};

}  // namespace redoubt::gateway
