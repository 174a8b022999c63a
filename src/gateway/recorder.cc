#include "gateway/recorder.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <list>
#include <span>

#include "base/check.h"
#include "base/log.h"
#include "encoding/base64.h"
#include "gateway/internal/await_ledger.h"
#include "ledger/sealed_parts.h"

namespace redoubt::gateway {
namespace {

using ledger::EntryHeader;

// Largest opening before sealing.
std::size_t opening_budget() {
  return ledger::kMaxOpeningBytes - keys::kSealOverheadBytes - 2 - behaviour::kSealedFeaturesMax;
}
static_assert(behaviour::kSealedFeaturesMax <= ledger::kMaxSealedFeatures);

ledger::Receipt receipt_of(const Log& log, const ledger::Appended& appended) {
  return {.origin = log.origin, .index = appended.index, .leaf_hash = appended.leaf_hash};
}

// Encodes what fits; values that do not are left out, their salts stay.
void encode(std::string& out, std::span<record::OpeningValue> values, std::size_t budget) {
  out.clear();
  const auto fits = record::fit_opening(values, budget);
  REDOUBT_CHECK(fits.has_value());
  const auto done = record::encode_opening(out, values);
  REDOUBT_CHECK(done.has_value());
}

}  // namespace

void RecorderCounts::add(const RecorderCounts& other) {
  const auto add_all = [](auto& mine, const auto& theirs) {
    for (std::size_t i = 0; i < mine.size(); ++i) mine[i] += theirs[i];
  };
  add_all(denials, other.denials);
  add_all(outcomes, other.outcomes);
  add_all(refused, other.refused);
  admissions += other.admissions;
}

CompletionText::CompletionText(Recorder& recorder)
    : salt_(record::random_salt(recorder.random_)), stream_(salt_, record::kCompletionField) {}

void CompletionText::add(std::string_view piece) {
  stream_.update(as_bytes(piece));
  size_ += piece.size();
  if (size_ <= kKeptBytes) {
    text_ += piece;
  } else {
    text_ = std::string();
  }
}

// Gets an answer whose waiter has given up. While there is one of these, the ledger is behind.
class Recorder::LateAnswer : public ledger::LedgerClient::AppendWaiter {
 public:
  explicit LateAnswer(Recorder& recorder) : recorder_(recorder) {
    if (recorder_.overdue_++ == 0) log::warning("gateway", "the ledger does not answer: requests are refused");
  }
  ~LateAnswer() override { --recorder_.overdue_; }
  void appended(Result<ledger::Appended> result) override {
    if (result && recorder_.overdue_ == 1) log::info("gateway", "the ledger has caught up");
    delete this;
  }

 protected:
  Recorder& recorder_;
};

// The same for an admission: its caller was refused, so if it became durable after all, it ends as aborted.
class Recorder::LateAdmission final : public LateAnswer {
 public:
  explicit LateAdmission(std::unique_ptr<Admission::Exchange> exchange)
      : LateAnswer(exchange->recorder), exchange_(std::move(exchange)) {
    // What the facts point into ends before this does.
    record::ExchangeFacts& facts = exchange_->facts;
    for (std::string_view* text : {&facts.method, &facts.path, &facts.principal_uid, &facts.principal_name,
                                   &facts.credential_uid, &facts.operation, &facts.model, &facts.provider,
                                   &facts.upstream, &facts.authorizer, &facts.policy_uid, &facts.policy_version}) {
      *text = texts_.emplace_back(*text);
    }
  }
  void appended(Result<ledger::Appended> result) override {
    if (result) {
      exchange_->receipt = receipt_of(exchange_->log, *result);
      ++recorder_.counts_.admissions;
      const Admission aborted(std::move(exchange_));
    }
    LateAnswer::appended(std::move(result));
  }

 private:
  std::unique_ptr<Admission::Exchange> exchange_;
  std::list<std::string> texts_;
};

Recorder::Recorder(boost::asio::io_context& io, net::DeadlineSweep& sweep, ledger::LedgerClient& client,
                   const Clock& clock, const Logs& logs, std::string version, std::chrono::milliseconds ledger_timeout)
    : io_(io),
      sweep_(sweep),
      client_(client),
      clock_(clock),
      logs_(logs),
      version_(std::move(version)),
      ledger_timeout_(ledger_timeout) {}

internal::AppendPatience Recorder::patience() {
  return {sweep_, client_, ledger_timeout_};
}

UnixMillis Recorder::now() const {
  return std::max(clock_.now(), client_.earliest_time());
}

UnixMillis Recorder::time_of_record() {
  const UnixMillis time = now();
  client_.recording(time);
  return time;
}

void Recorder::flush_soon() {
  if (++unpublished_ >= kPublishAtOnce) {
    flush();
    return;
  }
  client_.share();
  if (flush_scheduled_) return;
  flush_scheduled_ = true;
  boost::asio::post(io_, [this] {
    flush_scheduled_ = false;
    flush();
  });
}

void Recorder::flush() {
  unpublished_ = 0;
  client_.flush();
}

void Recorder::wipe_opening() {
  crypto::wipe(std::as_writable_bytes(std::span(opening_)));
  opening_.clear();
}

void Recorder::start_exchange(const Log& log, record::ExchangeFacts& facts, std::string& uid, ledger::ExchangeId& id) {
  random_.fill(id);
  uid = encoding::hex(id);
  facts.exchange_uid = uid;
  facts.time = time_of_record();
  facts.source = {.log_origin = log.origin, .tenant = log.tenant, .product_version = version_};
}

Error Recorder::refuse_admission(const Log& log, Error error) {
  const AdmissionRefusal refusal = error.code() == Errc::kDeadlineExceeded    ? AdmissionRefusal::kLate
                                   : error.code() != Errc::kResourceExhausted ? AdmissionRefusal::kUnavailable
                                   : client_.full(log.number)                 ? AdmissionRefusal::kFull
                                                                              : AdmissionRefusal::kOverloaded;
  ++counts_.refused[static_cast<std::size_t>(refusal)];
  return error;
}

net::Task<Result<Admission>> Recorder::admit(const Log& log, const record::ExchangeFacts& given,
                                             std::string_view prompt, std::string_view caller_address,
                                             std::string_view forwarded, const behaviour::FeatureKey::Text* question) {
  if (overdue_ > 0) {
    ++counts_.refused[static_cast<std::size_t>(AdmissionRefusal::kLate)];
    co_return Error(Errc::kUnavailable, "the ledger does not answer");
  }
  auto exchange = std::unique_ptr<Admission::Exchange>(
      new Admission::Exchange{.recorder = *this, .log = log, .facts = given, .started = clock_.steady()});
  record::ExchangeFacts& facts = exchange->facts;
  start_exchange(log, facts, exchange->uid, exchange->id);

  record::OpeningValue values[] = {
      record::OpeningValue::of(record::kPromptField, record::random_salt(random_), prompt),
      record::OpeningValue::of(record::kCallerAddressField, record::random_salt(random_), caller_address),
      record::OpeningValue::of(record::kForwardedField, record::random_salt(random_), forwarded)};
  const std::size_t count = forwarded.empty() ? 2 : 3;
  facts.caller_address = record::commit(values[1].salt, record::kCallerAddressField, as_bytes(caller_address));
  const auto features = seal_features(exchange->id, ledger::EntryKind::kAdmission, facts, {caller_address, question});
  const ByteView sealed_features = features ? features->bytes : ByteView();
  std::array<record::FieldCommitment, 3> commitments;
  std::size_t committed = 0;
  commitments[committed++] = {record::kPromptField,
                              record::commit(values[0].salt, record::kPromptField, as_bytes(prompt))};
  if (!forwarded.empty()) {
    commitments[committed++] = {record::kForwardedField,
                                record::commit(values[2].salt, record::kForwardedField, as_bytes(forwarded))};
  }
  if (features) commitments[committed++] = {behaviour::kFeaturesField, features->commitment};
  record_.clear();
  record::append_admission(record_, facts, std::span(commitments).first(committed));
  facts.matches = {};  // they do not outlive the call
  facts.tools_offered = {};
  for (record::OpeningValue& value : values) {
    if (value.value.size() > kKeptPromptBytes) value.value_present = false, value.value = {};
  }
  encode(opening_, std::span(values).first(count), opening_budget());

  auto reservation = client_.reserve(record_.size(), opening_.size(), log.number, sealed_features.size());
  if (!reservation) {
    wipe_opening();
    co_return refuse_admission(log, reservation.error());
  }
  exchange->reservation.emplace(*std::move(reservation));
  const auto submit = [&](ledger::LedgerClient::AppendWaiter* waiter) -> Result<> {
    client_.submit_admission(*exchange->reservation, EntryHeader{.log = log.number, .exchange = exchange->id}, record_,
                             opening_, waiter, sealed_features);
    wipe_opening();
    flush_soon();
    return {};
  };
  const auto late = [&] { return new LateAdmission(std::move(exchange)); };
  auto appended = co_await internal::await_append(patience(), submit, late);
  if (!appended) co_return refuse_admission(log, appended.error());
  ++counts_.admissions;
  exchange->receipt = receipt_of(log, *appended);
  co_return Admission(std::move(exchange));
}

std::optional<behaviour::FeatureSealer::Sealed> Recorder::seal_features(const ledger::ExchangeId& exchange,
                                                                        ledger::EntryKind kind,
                                                                        const record::ExchangeFacts& facts,
                                                                        const Seen& seen) {
  const behaviour::FeatureKey* const key = feature_key();
  if (key == nullptr) return std::nullopt;
  behaviour::Features features;
  features.address_prefix = key->address_prefix(seen.address);
  if (!seen.claimed.empty()) features.claimed = key->credential(seen.claimed);
  features.request_size = facts.request_size;
  if (seen.question != nullptr) {
    features.sketch = seen.question->sketch;
    features.fingerprint = seen.question->fingerprint;
    features.words = seen.question->words;
  }
  return sealer_->seal(ledger::opening_context(exchange, kind), features);
}

Result<> Recorder::submit_denial(const Log& log, record::ExchangeFacts facts, const record::Denial& denial,
                                 const Seen& seen, ledger::LedgerClient::AppendWaiter* waiter) {
  std::string uid;
  ledger::ExchangeId exchange;
  start_exchange(log, facts, uid, exchange);
  record::OpeningValue values[] = {
      record::OpeningValue::of(record::kCallerAddressField, record::random_salt(random_), seen.address)};
  record_.clear();
  opening_.clear();
  if (!seen.address.empty()) {
    facts.caller_address = record::commit(values[0].salt, record::kCallerAddressField, as_bytes(seen.address));
    encode(opening_, values, opening_budget());
  }
  // Those of several sources have no address.
  std::optional<behaviour::FeatureSealer::Sealed> features;
  if (!seen.address.empty()) features = seal_features(exchange, ledger::EntryKind::kStandalone, facts, seen);
  record::FieldCommitment commitment{.field = behaviour::kFeaturesField};
  if (features) commitment.commitment = features->commitment;
  record::append_denial(record_, facts, denial, {&commitment, features ? std::size_t{1} : 0});
  auto done = client_.submit(EntryHeader{.log = log.number, .exchange = exchange}, record_, opening_, waiter,
                             features ? features->bytes : ByteView());
  wipe_opening();
  flush_soon();
  return done;
}

net::Task<Result<ledger::Receipt>> Recorder::deny(const Log& log, record::ExchangeFacts facts, record::Denial denial,
                                                  std::string_view caller_address,
                                                  const behaviour::FeatureKey::Text* question) {
  count_denial(denial.reason);
  if (overdue_ > 0) {
    // Recorded, if at all, once the ledger has caught up.
    [[maybe_unused]] const auto submitted = submit_denial(log, facts, denial, {caller_address, question}, nullptr);
    co_return Error(Errc::kUnavailable, "the ledger does not answer");
  }
  const auto submit = [&](ledger::LedgerClient::AppendWaiter* waiter) {
    return submit_denial(log, facts, denial, {caller_address, question}, waiter);
  };
  const auto late = [this] { return new LateAnswer(*this); };
  auto appended = co_await internal::await_append(patience(), submit, late);
  if (!appended) co_return appended.error();
  co_return receipt_of(log, *appended);
}

bool Recorder::deny_together(record::ExchangeFacts facts, record::Denial denial, std::string_view caller_address,
                             std::string_view claimed) {
  return submit_denial(logs_.system(), facts, denial, {.address = caller_address, .claimed = claimed}, nullptr)
      .has_value();
}

Admission::~Admission() {
  if (exchange_ == nullptr || !exchange_->reservation) return;  // moved from, or closed
  Recorder& recorder = exchange_->recorder;
  build({.finish = record::Finish::kAborted, .error_code = "aborted"}, nullptr);
  // When the ledger has stopped, the next start records the exchange as interrupted.
  [[maybe_unused]] const auto submitted = recorder.client_.submit_outcome(
      *std::move(exchange_->reservation), exchange_->outcome_header(), recorder.record_, recorder.opening_, nullptr);
  recorder.flush_soon();
}

void Admission::build(record::Outcome outcome, CompletionText* completion) {
  Recorder& recorder = exchange_->recorder;
  ++recorder.counts_.outcomes[static_cast<std::size_t>(outcome.finish)];
  exchange_->facts.time = recorder.time_of_record();
  exchange_->facts.caller_address.reset();
  outcome.admission_index = exchange_->receipt.index.value;
  outcome.duration_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(recorder.clock_.steady() - exchange_->started).count();
  record::FieldCommitment commitment{.field = record::kCompletionField};
  recorder.opening_.clear();
  if (completion != nullptr) {
    commitment.commitment = completion->stream_.finish();
    outcome.commitments = {&commitment, 1};
  }
  recorder.record_.clear();
  record::append_outcome(recorder.record_, exchange_->facts, outcome);
  if (completion == nullptr) return;
  record::OpeningValue values[] = {{.field = record::kCompletionField,
                                    .salt = completion->salt_,
                                    .value = completion->text_,
                                    .value_size = completion->size_,
                                    .value_present = completion->size_ == completion->text_.size()}};
  encode(recorder.opening_, values, opening_budget());
  if (!recorder.client_.fits_outcome(recorder.record_.size(), recorder.opening_.size())) {
    // Under pressure the record keeps its place and the value gives way; its salt stays, so it can still be proven.
    values[0].value = {};
    values[0].value_present = false;
    recorder.wipe_opening();
    encode(recorder.opening_, values, opening_budget());
  }
}

net::Task<Result<ledger::Receipt>> Admission::close(record::Outcome outcome, CompletionText* completion) {
  REDOUBT_CHECK(exchange_->reservation.has_value());
  Recorder& recorder = exchange_->recorder;
  build(outcome, completion);
  const auto submit = [&](ledger::LedgerClient::AppendWaiter* waiter) -> Result<> {
    auto done =
        recorder.client_.submit_outcome(*std::exchange(exchange_->reservation, std::nullopt),
                                        exchange_->outcome_header(), recorder.record_, recorder.opening_, waiter);
    recorder.wipe_opening();
    recorder.flush_soon();
    return done;
  };
  const auto late = [&recorder] { return new Recorder::LateAnswer(recorder); };
  auto appended = co_await internal::await_append(recorder.patience(), submit, late);
  if (!appended) co_return appended.error();
  co_return receipt_of(exchange_->log, *appended);
}

net::Task<Result<>> Admission::reach(ledger::CommitLevel level, tlog::LeafIndex outcome,
                                     std::chrono::milliseconds timeout, int status) {
  Recorder& recorder = exchange_->recorder;
  internal::AppendPatience patience = recorder.patience();
  patience.timeout = timeout;
  const ledger::CommitPoint point{.log = exchange_->log.number, .level = level, .index = outcome};
  auto reached = co_await internal::await_level(patience, point);
  if (reached) co_return reached;
  if (auto recorded = co_await record_withheld(status); !recorded) {
    log::warning("gateway", "a reply is withheld without a record of that",
                 {{"outcome", outcome.value}, {"why", recorded.error().message()}});
  }
  co_return reached;
}

// The outcome says what the reply was to be; this, that it was refused. Its exchange is the same, so that both are
// found. No policy decided it.
net::Task<Result<ledger::Appended>> Admission::record_withheld(int status) {
  Recorder& recorder = exchange_->recorder;
  record::ExchangeFacts facts = exchange_->facts;
  facts.time = recorder.time_of_record();
  facts.authorizer = facts.policy_uid = facts.policy_version = {};
  recorder.record_.clear();
  record::append_denial(
      recorder.record_, facts,
      {.reason = record::DenialReason::kUnavailable, .http_status = status, .error_code = kLevelNotReached});
  const auto submit = [&](ledger::LedgerClient::AppendWaiter* waiter) {
    auto done = recorder.client_.submit(EntryHeader{.log = exchange_->log.number, .exchange = exchange_->id},
                                        recorder.record_, {}, waiter);
    recorder.flush_soon();
    return done;
  };
  const auto late = [&recorder] { return new Recorder::LateAnswer(recorder); };
  co_return co_await internal::await_append(recorder.patience(), submit, late);
}

}  // namespace redoubt::gateway
