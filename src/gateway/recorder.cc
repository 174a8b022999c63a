#include "gateway/recorder.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <list>
#include <span>

#include "base/check.h"
#include "base/log.h"
#include "encoding/base64.h"
#include "gateway/internal/await_ledger.h"

namespace redoubt::gateway {
namespace {

using ledger::EntryHeader;

// Largest opening before sealing.
std::size_t opening_budget() {
  return ledger::kMaxOpeningBytes - keys::kSealOverheadBytes;
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
  LateAdmission(Recorder& recorder, const record::ExchangeFacts& facts, const ledger::ExchangeId& exchange,
                std::string uid, ledger::LedgerClient::Reservation reservation,
                std::chrono::steady_clock::time_point started)
      : LateAnswer(recorder),
        facts_(facts),
        exchange_(exchange),
        uid_(std::move(uid)),
        reservation_(std::move(reservation)),
        started_(started) {
    // The exchange that the facts point into ends before this does.
    for (std::string_view* text : {&facts_.method, &facts_.path, &facts_.principal_uid, &facts_.principal_name,
                                   &facts_.credential_uid, &facts_.operation, &facts_.model, &facts_.provider,
                                   &facts_.upstream, &facts_.authorizer, &facts_.policy_uid, &facts_.policy_version}) {
      *text = texts_.emplace_back(*text);
    }
  }
  void appended(Result<ledger::Appended> result) override {
    if (result) {
      const Admission aborted(recorder_, facts_, exchange_, std::move(uid_), std::move(reservation_),
                              recorder_.receipt_of(*result), started_);
    }
    LateAnswer::appended(std::move(result));
  }

 private:
  record::ExchangeFacts facts_;
  std::list<std::string> texts_;
  ledger::ExchangeId exchange_;
  std::string uid_;
  ledger::LedgerClient::Reservation reservation_;
  std::chrono::steady_clock::time_point started_;
};

Recorder::Recorder(boost::asio::io_context& io, net::DeadlineSweep& sweep, ledger::LedgerClient& client,
                   const Clock& clock, record::RecordSource source, std::chrono::milliseconds ledger_timeout)
    : io_(io), sweep_(sweep), client_(client), clock_(clock), source_(source), ledger_timeout_(ledger_timeout) {}

internal::AppendPatience Recorder::patience() {
  return {sweep_, client_, ledger_timeout_};
}

UnixMillis Recorder::now() {
  last_time_ = std::max({last_time_, clock_.now(), client_.last_commit_time()});
  return last_time_;
}

void Recorder::flush_soon() {
  if (flush_scheduled_) return;
  flush_scheduled_ = true;
  boost::asio::post(io_, [this] {
    flush_scheduled_ = false;
    client_.flush();
  });
}

ledger::Receipt Recorder::receipt_of(const ledger::Appended& appended) const {
  return {.origin = std::string(source_.log_origin), .index = appended.index, .leaf_hash = appended.leaf_hash};
}

void Recorder::wipe_opening() {
  crypto::wipe(std::as_writable_bytes(std::span(opening_)));
  opening_.clear();
}

void Recorder::start_exchange(record::ExchangeFacts& facts, std::string& uid, ledger::ExchangeId& exchange) {
  random_.fill(exchange);
  uid = encoding::hex(exchange);
  facts.exchange_uid = uid;
  facts.time = now();
  facts.source = source_;
}

net::Task<Result<Admission>> Recorder::admit(record::ExchangeFacts facts, std::string_view prompt,
                                             std::string_view caller_address) {
  if (overdue_ > 0) co_return Error(Errc::kUnavailable, "the ledger does not answer");
  const auto started = clock_.steady();
  auto uid = std::string();
  ledger::ExchangeId exchange;
  start_exchange(facts, uid, exchange);

  record::OpeningValue values[] = {
      record::OpeningValue::of(record::kPromptField, record::random_salt(random_), prompt),
      record::OpeningValue::of(record::kCallerAddressField, record::random_salt(random_), caller_address)};
  facts.caller_address = record::commit(values[1].salt, record::kCallerAddressField, as_bytes(caller_address));
  const record::FieldCommitment commitments[] = {
      {record::kPromptField, record::commit(values[0].salt, record::kPromptField, as_bytes(prompt))}};
  record_.clear();
  record::append_admission(record_, facts, commitments);
  if (prompt.size() > kKeptPromptBytes) values[0].value_present = false, values[0].value = {};
  encode(opening_, values, opening_budget());

  auto reservation = client_.reserve(record_.size(), opening_.size());
  if (!reservation) {
    wipe_opening();
    co_return reservation.error();
  }
  const auto submit = [&](ledger::LedgerClient::AppendWaiter* waiter) -> Result<> {
    client_.submit_admission(*reservation, EntryHeader{.exchange = exchange}, record_, opening_, waiter);
    wipe_opening();
    flush_soon();
    return {};
  };
  const auto late = [&] {
    return new LateAdmission(*this, facts, exchange, std::move(uid), *std::move(reservation), started);
  };
  auto appended = co_await internal::await_append(patience(), submit, late);
  if (!appended) co_return appended.error();
  co_return Admission(*this, facts, exchange, std::move(uid), *std::move(reservation), receipt_of(*appended), started);
}

Result<> Recorder::submit_denial(record::ExchangeFacts facts, const record::Denial& denial,
                                 std::string_view caller_address, ledger::LedgerClient::AppendWaiter* waiter) {
  std::string uid;
  ledger::ExchangeId exchange;
  start_exchange(facts, uid, exchange);
  record::OpeningValue values[] = {
      record::OpeningValue::of(record::kCallerAddressField, record::random_salt(random_), caller_address)};
  record_.clear();
  opening_.clear();
  if (!caller_address.empty()) {
    facts.caller_address = record::commit(values[0].salt, record::kCallerAddressField, as_bytes(caller_address));
    encode(opening_, values, opening_budget());
  }
  record::append_denial(record_, facts, denial);
  auto done = client_.submit(EntryHeader{.exchange = exchange}, record_, opening_, waiter);
  wipe_opening();
  flush_soon();
  return done;
}

net::Task<Result<ledger::Receipt>> Recorder::deny(record::ExchangeFacts facts, record::Denial denial,
                                                  std::string_view caller_address) {
  if (overdue_ > 0) {
    // Recorded, if at all, once the ledger has caught up.
    [[maybe_unused]] const auto submitted = submit_denial(facts, denial, caller_address, nullptr);
    co_return Error(Errc::kUnavailable, "the ledger does not answer");
  }
  const auto submit = [&](ledger::LedgerClient::AppendWaiter* waiter) {
    return submit_denial(facts, denial, caller_address, waiter);
  };
  const auto late = [this] { return new LateAnswer(*this); };
  auto appended = co_await internal::await_append(patience(), submit, late);
  if (!appended) co_return appended.error();
  co_return receipt_of(*appended);
}

bool Recorder::deny_together(record::ExchangeFacts facts, record::Denial denial, std::string_view caller_address) {
  return submit_denial(facts, denial, caller_address, nullptr).has_value();
}

Admission::Admission(Recorder& recorder, record::ExchangeFacts facts, ledger::ExchangeId exchange, std::string uid,
                     ledger::LedgerClient::Reservation reservation, ledger::Receipt receipt,
                     std::chrono::steady_clock::time_point started)
    : recorder_(&recorder),
      facts_(facts),
      exchange_(exchange),
      uid_(std::make_unique<std::string>(std::move(uid))),
      reservation_(std::move(reservation)),
      receipt_(std::move(receipt)),
      started_(started) {
  facts_.exchange_uid = *uid_;
}

Admission::~Admission() {
  if (!reservation_ || uid_ == nullptr) return;  // closed, or moved from
  build({.finish = record::Finish::kAborted, .error_code = "aborted"}, nullptr);
  // When the ledger has stopped, the next start records the exchange as interrupted.
  [[maybe_unused]] const auto submitted = recorder_->client_.submit_outcome(
      *std::move(reservation_), EntryHeader{.exchange = exchange_, .admission_index = receipt_.index.value},
      recorder_->record_, recorder_->opening_, nullptr);
  recorder_->flush_soon();
}

void Admission::build(record::Outcome outcome, CompletionText* completion) {
  facts_.time = recorder_->now();
  facts_.caller_address.reset();
  outcome.admission_index = receipt_.index.value;
  outcome.duration_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(recorder_->clock_.steady() - started_).count();
  record::FieldCommitment commitment{.field = record::kCompletionField};
  recorder_->opening_.clear();
  if (completion != nullptr) {
    commitment.commitment = completion->stream_.finish();
    outcome.commitments = {&commitment, 1};
  }
  recorder_->record_.clear();
  record::append_outcome(recorder_->record_, facts_, outcome);
  if (completion == nullptr) return;
  record::OpeningValue values[] = {{.field = record::kCompletionField,
                                    .salt = completion->salt_,
                                    .value = completion->text_,
                                    .value_size = completion->size_,
                                    .value_present = completion->size_ == completion->text_.size()}};
  encode(recorder_->opening_, values, opening_budget());
  if (!recorder_->client_.fits_outcome(recorder_->record_.size(), recorder_->opening_.size())) {
    // Under pressure the record keeps its place and the value gives way; its salt stays, so it can still be proven.
    values[0].value = {};
    values[0].value_present = false;
    recorder_->wipe_opening();
    encode(recorder_->opening_, values, opening_budget());
  }
}

net::Task<Result<ledger::Receipt>> Admission::close(record::Outcome outcome, CompletionText* completion) {
  REDOUBT_CHECK(reservation_.has_value());
  build(outcome, completion);
  auto reservation = *std::move(reservation_);
  reservation_.reset();
  const auto submit = [&](ledger::LedgerClient::AppendWaiter* waiter) -> Result<> {
    auto done = recorder_->client_.submit_outcome(
        std::move(reservation), EntryHeader{.exchange = exchange_, .admission_index = receipt_.index.value},
        recorder_->record_, recorder_->opening_, waiter);
    recorder_->wipe_opening();
    recorder_->flush_soon();
    return done;
  };
  const auto late = [this] { return new Recorder::LateAnswer(*recorder_); };
  auto appended = co_await internal::await_append(recorder_->patience(), submit, late);
  if (!appended) co_return appended.error();
  co_return recorder_->receipt_of(*appended);
}

}  // namespace redoubt::gateway
