// Records of exchanges: from what the pipeline knows to durable entries and receipts. One per core.
//
//   auto admission = co_await recorder.admit(facts, body, address);     // durable: now bytes may leave
//   …
//   auto receipt = co_await admission->close(outcome, completion);      // durable: now the last byte may leave
//
// INVARIANT: an Admission always ends in an outcome. One that is destroyed unclosed is recorded as aborted.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "behaviour/feature_seal.h"
#include "gateway/commit_settings.h"
#include "gateway/logs.h"
#include "ledger/client.h"
#include "ledger/receipt.h"
#include "net/deadline.h"
#include "net/task.h"
#include "record/exchange_record.h"
#include "record/opening.h"

namespace redoubt::gateway {

namespace internal {
struct AppendPatience;
}
class Recorder;

// Why an exchange was not admitted: the disk or a quota is used up, too many are under way, the ledger's answer did not
// come in time, it has stopped or is not there yet.
enum class AdmissionRefusal : std::uint8_t { kFull, kOverloaded, kLate, kUnavailable };
inline constexpr std::array<std::string_view, 4> kAdmissionRefusalNames{"ledger_full", "overloaded", "ledger_late",
                                                                        "ledger_unavailable"};

// What was recorded, or would have been. Plain members on the core's thread.
struct RecorderCounts {
  std::array<std::uint64_t, 7> denials{};   // by record::DenialReason; those of strangers one by one
  std::array<std::uint64_t, 7> outcomes{};  // by record::Finish
  std::array<std::uint64_t, kAdmissionRefusalNames.size()> refused{};
  std::uint64_t admissions = 0;

  void add(const RecorderCounts& other);
};

// The completion as it passes by: its commitment over all bytes, its text up to a bound.
class CompletionText {
 public:
  static constexpr std::size_t kKeptBytes = 512 * 1024;

  explicit CompletionText(Recorder& recorder);
  void add(std::string_view piece);

 private:
  friend class Admission;
  record::Salt salt_;
  record::CommitmentStream stream_;
  std::string text_;
  std::uint64_t size_ = 0;
};

// An exchange that was admitted: holds the place of its outcome. A pointer in size. Lives on its core.
class Admission {
 public:
  Admission(Admission&&) noexcept = default;
  Admission& operator=(Admission&&) = delete;
  ~Admission();

  const ledger::Receipt& receipt() const { return exchange_->receipt; }

  // Records the outcome and waits until it is durable. `outcome.admission_index`, `duration_ms` and `commitments` are
  // filled in. Call once. kUnavailable when the ledger stopped, kDeadlineExceeded when it does not answer: the reply
  // must then not end properly.
  net::Task<Result<ledger::Receipt>> close(record::Outcome outcome, CompletionText* completion);

  // After close(): waits until `outcome`, and with it the admission, is at `level`. Errors: kDeadlineExceeded after
  // `timeout`, kUnavailable when the ledger stopped, kResourceExhausted when too many wait. The reply must then be
  // withheld. A denial that says so, with the code kLevelNotReached and `status`, what the caller is answered instead
  // (0: nothing), is in the ledger when this returns, if the ledger takes it.
  net::Task<Result<>> reach(ledger::CommitLevel level, tlog::LeafIndex outcome, std::chrono::milliseconds timeout,
                            int status);

 private:
  friend class Recorder;

  // What the outcome needs to know of the admission.
  struct Exchange {
    Recorder& recorder;
    const Log& log;
    record::ExchangeFacts facts;
    ledger::ExchangeId id{};
    std::string uid;  // facts.exchange_uid points into it
    std::optional<ledger::LedgerClient::Reservation> reservation;
    ledger::Receipt receipt;
    std::chrono::steady_clock::time_point started;

    ledger::EntryHeader outcome_header() const {
      return {.log = log.number, .exchange = id, .admission_index = receipt.index.value};
    }
  };

  explicit Admission(std::unique_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

  // Builds the outcome's record and opening in the recorder's buffers.
  void build(record::Outcome outcome, CompletionText* completion);
  net::Task<Result<ledger::Appended>> record_withheld(int status);

  std::unique_ptr<Exchange> exchange_;  // null once moved from
};

class Recorder {
 public:
  // Largest text of a prompt that is kept (sealed) with its record; of longer ones only salt and size are.
  static constexpr std::size_t kKeptPromptBytes = 512 * 1024;
  // Entries that are handed to the keeper without waiting for more.
  static constexpr std::size_t kPublishAtOnce = 16;

  // All must outlive the recorder. `version`: of Redoubt. Nothing waits longer for the ledger than `ledger_timeout`;
  // once it is that late, admissions are refused at once until it has caught up.
  Recorder(boost::asio::io_context& io, net::DeadlineSweep& sweep, ledger::LedgerClient& client, const Clock& clock,
           const Logs& logs, std::string version, std::chrono::milliseconds ledger_timeout);

  // From now on features are sealed with admissions and denials, as far as they can be: they are for behaviour, and
  // nothing is refused or waits for want of them. `sealing` must outlive the recorder.
  void seal_features(const behaviour::FeatureSealing& sealing) { sealer_.emplace(sealing); }
  // What to compute them with; null: none are sealed now.
  const behaviour::FeatureKey* feature_key() const { return sealer_ ? sealer_->key() : nullptr; }

  // Records in `log` that the exchange is admitted and waits until that is durable. `forwarded`: the prompt as it is to
  // leave, where that is another one. `question`: what the caller asks, for features; may be null.
  // `facts.exchange_uid`, `time`, `source` and `caller_address` are filled in; views in `facts` must live as long as
  // the admission. kUnavailable, kResourceExhausted, kDeadlineExceeded: nothing may be forwarded. An admission that
  // becomes durable after its deadline is recorded as aborted.
  net::Task<Result<Admission>> admit(const Log& log, const record::ExchangeFacts& facts, std::string_view prompt,
                                     std::string_view caller_address, std::string_view forwarded = {},
                                     const behaviour::FeatureKey::Text* question = nullptr);

  // Records a denial and waits until it is durable; when the ledger is late, only sends it there. Errors as admit().
  net::Task<Result<ledger::Receipt>> deny(const Log& log, record::ExchangeFacts facts, record::Denial denial,
                                          std::string_view caller_address,
                                          const behaviour::FeatureKey::Text* question = nullptr);

  // Records identical denials of strangers together, in the system log, without waiting; an empty address for several.
  // False when the ledger does not take it now.
  // `claimed`: id of the credential that was shown, sealed with the features; may be empty.
  bool deny_together(record::ExchangeFacts facts, record::Denial denial, std::string_view caller_address,
                     std::string_view claimed = {});

  // Counts a denial that is recorded together with others, later.
  void count_denial(record::DenialReason reason) { ++counts_.denials[static_cast<std::size_t>(reason)]; }
  const RecorderCounts& counts() const { return counts_; }
  const Clock& clock() const { return clock_; }

  // Whether an admission would be tried now.
  bool ready() const { return client_.ready() && overdue_ == 0; }
  ledger::LedgerClient& client() { return client_; }
  const Logs& logs() const { return logs_; }
  // Wall time that runs neither behind the ledger nor behind the records of this process.
  UnixMillis now() const;
  // The same, for a record that is appended at once. What was only asked for is no floor of later times: had the clock
  // been set back meanwhile, records would be ahead of all that the ledger remembers over a restart.
  UnixMillis time_of_record();

  // A keeper that is at work has what was submitted in its next commit. One that sleeps is woken when what runs now has
  // run, and sooner when kPublishAtOnce entries wait: then it commits them while the core goes on with the others that
  // came together.
  void flush_soon();
  void wipe_opening();  // once it is sealed: it holds values

 private:
  friend class Admission;
  friend class CompletionText;
  class LateAnswer;
  class LateAdmission;

  internal::AppendPatience patience();
  // Counts the refusal of an admission, and returns its error.
  Error refuse_admission(const Log& log, Error error);
  // What was seen of a caller that features tell of.
  struct Seen {
    std::string_view address;
    const behaviour::FeatureKey::Text* question = nullptr;  // null: nobody came to ask
    std::string_view claimed = {};                          // id of a credential that was no good; may be empty
  };
  void flush();
  Result<> submit_denial(const Log& log, record::ExchangeFacts facts, const record::Denial& denial, const Seen& seen,
                         ledger::LedgerClient::AppendWaiter* waiter);
  // Features of an exchange, until the next ones; nothing when none are sealed now.
  std::optional<behaviour::FeatureSealer::Sealed> seal_features(const ledger::ExchangeId& exchange,
                                                                ledger::EntryKind kind,
                                                                const record::ExchangeFacts& facts, const Seen& seen);
  void start_exchange(const Log& log, record::ExchangeFacts& facts, std::string& uid, ledger::ExchangeId& id);

  boost::asio::io_context& io_;
  net::DeadlineSweep& sweep_;
  ledger::LedgerClient& client_;
  const Clock& clock_;
  const Logs& logs_;
  const std::string version_;
  const std::chrono::milliseconds ledger_timeout_;
  std::size_t overdue_ = 0;  // answers that came too late for their waiters, or have not come yet
  bool flush_scheduled_ = false;
  std::size_t unpublished_ = 0;  // entries submitted since the last flush()
  RecorderCounts counts_;
  crypto::RandomPool random_;
  std::optional<behaviour::FeatureSealer> sealer_;
  // Scratch, used between two suspensions only.
  std::string record_;
  std::string opening_;
};

}  // namespace redoubt::gateway
