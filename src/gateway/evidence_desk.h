// Evidence of this machine for callers: the keeper is asked for one quote at a time, and whoever comes meanwhile shares
// the next. Who comes alone never waits for others. After a quote for several the next one is not asked for at once,
// unless it would be full: where a quote takes milliseconds, few would share each of a crowd's.
//
//   desk.attest(binding, [](Result<EvidenceDesk::Attested> attested) { … });
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "attest/binding_batch.h"
#include "attest/evidence_message.h"
#include "base/result.h"
#include "ledger/client.h"
#include "net/deadline.h"

namespace redoubt::gateway {

// The client's thread, which calls its poll().
class EvidenceDesk {
 public:
  static constexpr std::size_t kWaitingMax = 1024;
  static constexpr std::chrono::milliseconds kPatience{15'000};  // with the keeper, for each quote
  // After a quote, for each who shared it beside the first; and at most, which is what a TPM in hardware takes anyway.
  static constexpr std::chrono::milliseconds kRestEach{50};
  static constexpr std::chrono::milliseconds kRestMax{200};

  // `evidence` has the parts and the statement, `place` is where the binding stands in what they are over. `bundle`:
  // what it says was measured last; nothing when it says none.
  struct Attested {
    std::shared_ptr<const attest::EvidenceAnswer> evidence;
    std::optional<crypto::Sha256Digest> bundle;
    attest::BatchPlace place;
  };
  using Done = std::function<void(Result<Attested> attested)>;

  // Both must outlive this.
  EvidenceDesk(net::DeadlineSweep& sweep, ledger::LedgerClient& client);
  EvidenceDesk(const EvidenceDesk&) = delete;
  EvidenceDesk& operator=(const EvidenceDesk&) = delete;
  ~EvidenceDesk() { client_.abandon(&question_); }

  // `done` is called once: from this call when nothing can be asked, else from the client's poll() or the sweep. What
  // waits when the desk goes is not told. Errors: kResourceExhausted when kWaitingMax wait; kDeadlineExceeded;
  // kUnsupported when the keeper has nothing that attests; kCorrupt when its answer makes no sense; others as
  // LedgerClient::submit_attest() has them.
  void attest(const attest::ReportData& binding, Done done);

  std::uint64_t quotes() const { return quotes_; }  // asked for, since the start

 private:
  struct Waiting {
    attest::ReportData binding;
    Done done;
  };
  class Question final : public ledger::LedgerClient::OpenWaiter {
   public:
    explicit Question(EvidenceDesk& desk) : desk_(desk) {}
    void opened(Result<Bytes> answer) override { desk_.take(std::move(answer)); }

   private:
    EvidenceDesk& desk_;
  };

  void go_on();
  Result<> ask();
  void take(Result<Bytes> answer);
  void finish(const Result<std::shared_ptr<const attest::EvidenceAnswer>>& evidence);

  ledger::LedgerClient& client_;
  Question question_{*this};
  net::Deadline deadline_;
  net::Deadline rest_;  // until it is over, only a full batch is asked for
  bool resting_ = false;
  std::deque<Waiting> waiting_;                // for the next quotes
  std::vector<Waiting> asked_;                 // those whose quote is under way; empty when none is
  std::optional<attest::BindingBatch> batch_;  // of asked_
  std::uint64_t quotes_ = 0;
};

}  // namespace redoubt::gateway
