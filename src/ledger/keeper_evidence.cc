// The part of the keeper that has evidence made and what is in force measured, one at a time, beside the commits.
#include "base/log.h"
#include "crypto/secret.h"
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
  return await_attester(MessageType::kAttested,
                        {ring_index, ticket, to_bytes(ByteView(request_).subspan(kTicketSize))});
}

Result<> Keeper::append_own_record() {
  if (!options_.own_record) return {};
  const auto text = options_.own_record->make(now(), source(kSystemLog));
  if (!text) {
    log::error("keeper", "a record of its own is left out", {{"why", text.error().message()}});
    return {};
  }
  ExchangeId uid;
  crypto::random_bytes(uid);
  const auto index = ledger_.add({.kind = EntryKind::kStandalone, .exchange = uid}, as_bytes(*text), {});
  if (!index) return index.error();
  if (auto done = commit(); !done) return done;
  return options_.own_record->appended(*index, as_bytes(*text));
}

// The gateway says which fact; that there is one, and what it brings into force, is looked up. So all that it can have
// measured is what is on record, and of that a little at a time.
Result<> Keeper::take_measure(std::size_t ring_index, std::size_t size) {
  if (size != kMeasureSize) return hostile("a bundle to be measured of another size");
  std::array<std::byte, kTicketSize + 8> head;
  crypto::Sha256Digest bundle;
  rings_[ring_index].requests.take(head, bundle);
  const auto ticket = load_le<Ticket>(ByteView(head).first(kTicketSize));
  const auto refused = [&](const Error& why) {
    refuse(ring_index, MessageType::kMeasured, ticket, why);
    return Result<>();
  };
  if (options_.attester == nullptr) return refused({Errc::kUnsupported, "this keeper has nothing that measures"});
  if (!serving_) return refused({Errc::kUnavailable, "the ledger does not serve yet: witnesses are asked"});
  if (clock_.steady() < next_measure_) return refused({Errc::kUnavailable, "a bundle was measured just now"});
  const auto activation = find_activation({load_le<std::uint64_t>(ByteView(head).subspan(kTicketSize))}, bundle);
  if (!activation) return refused(activation.error());
  next_measure_ = clock_.steady() + kMeasureInterval;
  return await_attester(MessageType::kMeasured, {ring_index, ticket, *activation});
}

Result<Activation> Keeper::find_activation(tlog::LeafIndex fact, const crypto::Sha256Digest& bundle) {
  if (fact.value >= ledger_.committed(kSystemLog).value) return Error(Errc::kNotFound, "no such record");
  if (fact.value >= ledger_.covered(kSystemLog).value) {
    return Error(Errc::kUnavailable, "no checkpoint covers this record yet");
  }
  const auto entry = read(kSystemLog, fact);
  if (!entry) return entry.error();
  const auto activation =
      entry->header.kind == EntryKind::kFact ? read_activation(entry->leaf, fact.value) : std::nullopt;
  if (!activation || activation->bundle != bundle) {
    return Error(Errc::kInvalidArgument, "the record does not bring this bundle into force");
  }
  return *activation;
}

// `answer`: how a refusal is told.
Result<> Keeper::await_attester(MessageType answer, PendingAttest asked) {
  const auto refused = [&](Errc code, std::string_view why) {
    refuse(asked.ring, answer, asked.ticket, Error(code, std::string(why)));
    return Result<>();
  };
  if (options_.attester == nullptr) return refused(Errc::kUnsupported, "this keeper has nothing that attests");
  if (attests_.size() >= kMaxWaitingAttests) return refused(Errc::kResourceExhausted, "too much waits to be attested");
  attests_.push_back(std::move(asked));
  if (attests_.size() == 1) begin_attest();
  return {};
}

void Keeper::begin_attest() {
  const auto& task = attests_.front().task;
  if (const auto* const statement = std::get_if<Bytes>(&task)) {
    options_.attester->begin(*statement);
  } else {
    options_.attester->begin_measuring(std::get<Activation>(task));
  }
}

Result<> Keeper::answer_attests() {
  if (attests_.empty()) return {};
  auto made = options_.attester->take();
  if (!made) return {};
  const PendingAttest done = std::move(attests_.front());
  attests_.pop_front();
  if (!attests_.empty()) begin_attest();
  if (*made && (*made)->size() > kMaxEvidenceBytes) made = Error(Errc::kTooLarge, "the evidence is too large");
  const bool measured = std::holds_alternative<Activation>(done.task);
  return send_opened(done.ring, measured ? MessageType::kMeasured : MessageType::kAttested, done.ticket, *made);
}

}  // namespace redoubt::ledger
