// A recorder that records nothing: says what the request path costs without records. Stands in for
// src/gateway/recorder.cc in the program redoubt-unrecorded, which is built for measuring only and never installed.
#include "gateway/recorder.h"

namespace redoubt::gateway {

void RecorderCounts::add(const RecorderCounts&) {}

CompletionText::CompletionText(Recorder&) : salt_(), stream_(salt_, record::kCompletionField) {}
void CompletionText::add(std::string_view) {}

Recorder::Recorder(boost::asio::io_context& io, net::DeadlineSweep& sweep, ledger::LedgerClient& client,
                   const Clock& clock, const Logs& logs, std::string version, std::chrono::milliseconds ledger_timeout)
    : io_(io),
      sweep_(sweep),
      client_(client),
      clock_(clock),
      logs_(logs),
      version_(std::move(version)),
      ledger_timeout_(ledger_timeout) {}

UnixMillis Recorder::now() const {
  return clock_.now();
}

UnixMillis Recorder::time_of_record() {
  return now();
}

void Recorder::flush_soon() {}

net::Task<Result<Admission>> Recorder::admit(const Log& log, const record::ExchangeFacts& facts, std::string_view,
                                             std::string_view, std::string_view /*forwarded*/,
                                             const behaviour::FeatureKey::Text*) {
  co_return Admission(std::unique_ptr<Admission::Exchange>(new Admission::Exchange{
      .recorder = *this, .log = log, .facts = facts, .receipt = {.origin = log.origin}, .started = {}}));
}

net::Task<Result<ledger::Receipt>> Recorder::deny(const Log& log, record::ExchangeFacts, record::Denial,
                                                  std::string_view, const behaviour::FeatureKey::Text*) {
  co_return ledger::Receipt{.origin = log.origin};
}

bool Recorder::deny_together(record::ExchangeFacts, record::Denial, std::string_view, std::string_view) {
  return true;
}

Admission::~Admission() = default;

net::Task<Result<ledger::Receipt>> Admission::close(record::Outcome, CompletionText*) {
  co_return exchange_->receipt;
}

net::Task<Result<>> Admission::reach(ledger::CommitLevel, tlog::LeafIndex, std::chrono::milliseconds, int) {
  co_return Result<>();
}

}  // namespace redoubt::gateway
