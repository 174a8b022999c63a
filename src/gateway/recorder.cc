#include "gateway/recorder.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <span>

#include "base/check.h"
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

Recorder::Recorder(boost::asio::io_context& io, ledger::LedgerClient& client, const Clock& clock,
                   record::RecordSource source)
    : io_(io), client_(client), clock_(clock), source_(source) {}

UnixMillis Recorder::now() {
  last_time_ = std::max(last_time_, clock_.now());
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
  auto appended = co_await internal::await_append([&](ledger::LedgerClient::AppendWaiter* waiter) -> Result<> {
    client_.submit_admission(*reservation, EntryHeader{.exchange = exchange}, record_, opening_, waiter);
    wipe_opening();
    flush_soon();
    return {};
  });
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
  facts.caller_address = record::commit(values[0].salt, record::kCallerAddressField, as_bytes(caller_address));
  record_.clear();
  record::append_denial(record_, facts, denial);
  encode(opening_, values, opening_budget());
  auto done = client_.submit(EntryHeader{.exchange = exchange}, record_, opening_, waiter);
  wipe_opening();
  flush_soon();
  return done;
}

net::Task<Result<ledger::Receipt>> Recorder::deny(record::ExchangeFacts facts, record::Denial denial,
                                                  std::string_view caller_address) {
  auto appended = co_await internal::await_append(
      [&](ledger::LedgerClient::AppendWaiter* waiter) { return submit_denial(facts, denial, caller_address, waiter); });
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
  auto appended = co_await internal::await_append([&](ledger::LedgerClient::AppendWaiter* waiter) -> Result<> {
    auto done = recorder_->client_.submit_outcome(
        std::move(reservation), EntryHeader{.exchange = exchange_, .admission_index = receipt_.index.value},
        recorder_->record_, recorder_->opening_, waiter);
    recorder_->wipe_opening();
    recorder_->flush_soon();
    return done;
  });
  if (!appended) co_return appended.error();
  co_return recorder_->receipt_of(*appended);
}

}  // namespace redoubt::gateway
