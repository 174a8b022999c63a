// A recorder that records nothing: says what the request path costs without records. Stands in for
// src/gateway/recorder.cc in the program redoubt-unrecorded, which is built for measuring only and never installed.
#include "gateway/recorder.h"

namespace redoubt::gateway {

CompletionText::CompletionText(Recorder&) : salt_(), stream_(salt_, record::kCompletionField) {}
void CompletionText::add(std::string_view) {}

Recorder::Recorder(boost::asio::io_context& io, net::DeadlineSweep& sweep, ledger::LedgerClient& client,
                   const Clock& clock, record::RecordSource source, std::chrono::milliseconds ledger_timeout)
    : io_(io), sweep_(sweep), client_(client), clock_(clock), source_(source), ledger_timeout_(ledger_timeout) {}

UnixMillis Recorder::now() {
  return clock_.now();
}

void Recorder::flush_soon() {}

ledger::Receipt Recorder::receipt_of(const ledger::Appended& appended) const {
  return {.origin = std::string(source_.log_origin), .index = appended.index, .leaf_hash = appended.leaf_hash};
}

net::Task<Result<Admission>> Recorder::admit(record::ExchangeFacts facts, std::string_view, std::string_view) {
  auto reservation = client_.reserve(0, 0);
  if (!reservation) co_return reservation.error();
  co_return Admission(*this, facts, {}, std::string(), *std::move(reservation), receipt_of({}), {});
}

net::Task<Result<ledger::Receipt>> Recorder::deny(record::ExchangeFacts, record::Denial, std::string_view) {
  co_return receipt_of({});
}

bool Recorder::deny_together(record::ExchangeFacts, record::Denial, std::string_view) {
  return true;
}

Admission::Admission(Recorder& recorder, record::ExchangeFacts facts, ledger::ExchangeId exchange, std::string,
                     ledger::LedgerClient::Reservation reservation, ledger::Receipt receipt,
                     std::chrono::steady_clock::time_point started)
    : recorder_(&recorder),
      facts_(facts),
      exchange_(exchange),
      reservation_(std::move(reservation)),
      receipt_(std::move(receipt)),
      started_(started) {}

Admission::~Admission() = default;

net::Task<Result<ledger::Receipt>> Admission::close(record::Outcome, CompletionText*) {
  co_return receipt_;
}

}  // namespace redoubt::gateway
