#include "gateway/evidence_desk.h"

#include <algorithm>
#include <utility>

#include "attest/verify_answer.h"
#include "base/log.h"

namespace redoubt::gateway {
namespace {

using Evidence = std::shared_ptr<const attest::EvidenceAnswer>;

// The keeper answers in the form in which callers get it: with the batch that it was asked for.
Result<Evidence> read_evidence(const Result<Bytes>& answer, const attest::BindingBatch& batch) {
  if (!answer) return answer.error();
  auto read = attest::read_answer(as_chars(*answer));
  const auto* evidence = read ? std::get_if<attest::EvidenceAnswer>(&*read) : nullptr;
  if (evidence == nullptr || evidence->place.root != batch.root() || evidence->place.size.value != batch.size()) {
    return Error(Errc::kCorrupt, "the keeper's evidence makes no sense");
  }
  return Evidence(std::make_shared<const attest::EvidenceAnswer>(*evidence));
}

}  // namespace

EvidenceDesk::EvidenceDesk(net::DeadlineSweep& sweep, ledger::LedgerClient& client)
    : client_(client),
      deadline_(sweep,
                [this] {
                  client_.abandon(&question_);
                  finish(Error(Errc::kDeadlineExceeded, "the keeper does not answer"));
                  go_on();
                }),
      rest_(sweep, [this] {
        resting_ = false;
        go_on();
      }) {}

void EvidenceDesk::attest(const attest::ReportData& binding, Done done) {
  if (waiting_.size() >= kWaitingMax) {
    return done(Error(Errc::kResourceExhausted, "too many wait for evidence"));
  }
  waiting_.push_back({binding, std::move(done)});
  go_on();
}

// Until a quote is under way, or nobody waits, or those who do wait for more to come.
void EvidenceDesk::go_on() {
  while (asked_.empty() && !waiting_.empty() && (!resting_ || waiting_.size() >= attest::BindingBatch::kMax)) {
    const std::size_t count = std::min(waiting_.size(), attest::BindingBatch::kMax);
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
    std::move(waiting_.begin(), end, std::back_inserter(asked_));
    waiting_.erase(waiting_.begin(), end);
    if (auto done = ask(); !done) finish(done.error());
  }
}

Result<> EvidenceDesk::ask() {
  std::vector<attest::ReportData> bindings;
  for (const Waiting& each : asked_) bindings.push_back(each.binding);
  auto batch = attest::BindingBatch::make(bindings);
  if (!batch) return batch.error();
  batch_ = *std::move(batch);
  if (auto done = client_.submit_attest(batch_->statement(), &question_); !done) return done;
  ++quotes_;
  deadline_.arm(kPatience);
  client_.flush();
  return {};
}

void EvidenceDesk::take(Result<Bytes> answer) {
  deadline_.disarm();
  auto evidence = read_evidence(answer, *batch_);
  if (!evidence && evidence.error().code() != Errc::kUnsupported) {
    log::error("gateway", "there is no evidence for callers", {{"why", evidence.error().message()}});
  }
  finish(evidence);
  go_on();
}

// Whoever is told may ask again.
void EvidenceDesk::finish(const Result<Evidence>& evidence) {
  const std::vector<Waiting> told = std::exchange(asked_, {});
  const std::optional<attest::BindingBatch> batch = std::exchange(batch_, std::nullopt);
  const auto bundle = evidence ? attest::bundle_in_log(**evidence) : std::nullopt;
  if (evidence && told.size() > 1) {
    resting_ = true;
    rest_.arm(std::min<std::chrono::milliseconds>(kRestMax, (told.size() - 1) * kRestEach));
  }
  for (std::size_t i = 0; i < told.size(); ++i) {
    told[i].done(evidence ? Result<Attested>({*evidence, bundle, batch->place(i)})
                          : Result<Attested>(evidence.error()));
  }
}

}  // namespace redoubt::gateway
