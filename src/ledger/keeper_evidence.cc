// The part of the keeper that has evidence made, one at a time, beside the commits.
#include "ledger/attester.h"
#include "ledger/internal/ring_rules.h"
#include "ledger/keeper.h"

namespace redoubt::ledger {

using internal::hostile;

Result<> Keeper::take_attest(std::size_t ring_index, std::size_t size) {
  if (size <= kTicketSize || size > kTicketSize + kMaxStatementBytes) {
    return hostile("a statement to be attested of another size");
  }
  request_.resize(size);
  rings_[ring_index].requests.take(request_);
  const auto ticket = load_le<Ticket>(ByteView(request_).first(kTicketSize));
  const auto refused = [&](Errc code, std::string_view why) {
    refuse(ring_index, MessageType::kAttested, ticket, Error(code, std::string(why)));
    return Result<>();
  };
  if (options_.attester == nullptr) return refused(Errc::kUnsupported, "this keeper has nothing that attests");
  if (attests_.size() >= kMaxWaitingAttests) return refused(Errc::kResourceExhausted, "too much waits to be attested");
  attests_.push_back({ring_index, ticket, to_bytes(ByteView(request_).subspan(kTicketSize))});
  if (attests_.size() == 1) options_.attester->begin(attests_.front().statement);
  return {};
}

Result<> Keeper::answer_attests() {
  if (attests_.empty()) return {};
  auto made = options_.attester->take();
  if (!made) return {};
  const PendingAttest done = std::move(attests_.front());
  attests_.pop_front();
  if (!attests_.empty()) options_.attester->begin(attests_.front().statement);
  if (*made && (*made)->size() > kMaxEvidenceBytes) made = Error(Errc::kTooLarge, "the evidence is too large");
  return send_opened(done.ring, MessageType::kAttested, done.ticket, *made);
}

}  // namespace redoubt::ledger
