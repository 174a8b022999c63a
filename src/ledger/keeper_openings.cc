// Values that the keeper opens: for an opener, sealed to the reader and recorded first; for the gateway itself, those
// of facts alone, which its own tables hold.
#include <array>

#include "base/log.h"
#include "encoding/base64.h"
#include "ledger/internal/ring_rules.h"
#include "ledger/keeper.h"
#include "ledger/sealed_parts.h"

namespace redoubt::ledger {

using internal::hostile;
using internal::kAnswerReserveBytes;

Result<> Keeper::take_open(std::size_t ring_index, std::size_t size) {
  request_.resize(size);
  rings_[ring_index].requests.take(request_);
  const auto ticket = load_le<Ticket>(ByteView(request_).first(kTicketSize));
  if (size < kTicketSize + sizeof(LogNumber)) return hostile("a request to open values that names no log");
  const auto log = load_le<LogNumber>(ByteView(request_).subspan(kTicketSize, sizeof(LogNumber)));
  if (log >= ledger_.logs()) return hostile("a request to open values of no log");
  if (!serving_) {
    refuse(ring_index, MessageType::kOpened, ticket,
           Error(Errc::kUnavailable, "the ledger does not serve yet: witnesses are asked"));
    return {};
  }
  auto request = decode_open_request(ByteView(request_).subspan(kTicketSize + sizeof log));
  if (!request) {
    refuse(ring_index, MessageType::kOpened, ticket, request.error());
    return {};
  }
  if (auto allowed = check_open_request(*request, ledger_.origin(log), options_.openers, clock_.now()); !allowed) {
    refuse(ring_index, MessageType::kOpened, ticket, allowed.error());
    return {};
  }
  if (request->index.value >= ledger_.committed(log).value) {
    refuse(ring_index, MessageType::kOpened, ticket, Error(Errc::kNotFound, "no such record"));
    return {};
  }
  if (room_ != Room::kEverything || logs_[log].full) {
    refuse(ring_index, MessageType::kOpened, ticket, Error(Errc::kResourceExhausted, "the ledger has no room"));
    return {};
  }
  // The record first, durable; then the values.
  record_.clear();
  std::array<std::byte, 16> uid;
  crypto::random_bytes(uid);
  const std::string uid_hex = encoding::hex(uid);
  const std::string opener = "ed25519:" + encoding::hex(request->opener);
  record::append_opened(record_, {.request_uid = uid_hex,
                                  .time = now(),
                                  .source = source(log),
                                  .principal_uid = opener,
                                  .principal_name = {},
                                  .opened_index = request->index.value,
                                  .opened_exchange_uid = {},
                                  .fields = {},
                                  .reason = request->reason});
  if (ledger_.batch_room() < kEntryHeaderSize + record_.size()) {
    if (auto done = commit(); !done) return done;
  }
  auto added = ledger_.add({.kind = EntryKind::kStandalone, .log = log, .exchange = uid}, as_bytes(record_), {});
  if (!added) return added.error();
  opens_.push_back({ring_index, ticket, log, *std::move(request)});
  return {};
}

Result<> Keeper::answer_open(const PendingOpen& open) {
  // The reader sees what is published; the record asked for may be newer.
  if (open.request.index.value >= ledger_.covered(open.log).value) {
    if (auto done = publish(open.log); !done) return done;
  }
  auto opened = [&]() -> Result<Bytes> {
    auto entry = read(open.log, open.request.index);
    if (!entry) return entry.error();
    auto opening = unseal(*entry);
    if (!opening) return opening.error();
    auto sealed = seal_opened(open.request, *opening);
    crypto::wipe(*opening);
    return sealed;
  }();
  return send_opened(open.ring, MessageType::kOpened, open.ticket, opened);
}

// The gateway is not believed in what is a fact: the kind stands in the entry, and the seal holds for this kind alone.
// So a sealed opening of another record, appended anew as if it were a fact's, does not open.
Result<> Keeper::take_open_fact(std::size_t ring_index, std::size_t size) {
  if (size != kOpenFactSize) return hostile("a request to open a fact of another size");
  std::array<std::byte, kOpenFactSize> request;
  rings_[ring_index].requests.take(request);
  const auto ticket = load_le<Ticket>(ByteView(request).first(kTicketSize));
  const auto log = load_le<LogNumber>(ByteView(request).subspan(kTicketSize, sizeof(LogNumber)));
  const auto index = load_le<std::uint64_t>(ByteView(request).subspan(kTicketSize + sizeof log, 8));
  if (log >= ledger_.logs()) return hostile("a request to open a fact of no log");
  auto opening = open_fact(log, {index});
  auto sent = send_opened(ring_index, MessageType::kFactOpened, ticket, opening);
  if (opening) crypto::wipe(*opening);
  return sent;
}

Result<Bytes> Keeper::open_fact(LogNumber log, tlog::LeafIndex index) {
  if (!serving_) return Error(Errc::kUnavailable, "the ledger does not serve yet: witnesses are asked");
  if (index.value >= ledger_.committed(log).value) return Error(Errc::kNotFound, "no such record");
  if (index.value >= ledger_.covered(log).value) {
    return Error(Errc::kUnavailable, "no checkpoint covers this record yet");
  }
  const auto entry = read(log, index);
  if (!entry) return entry.error();
  if (entry->header.kind != EntryKind::kFact) {
    return Error(Errc::kPermissionDenied, "the record is no fact: its values are opened for an opener");
  }
  return unseal(*entry);
}

Result<StoredEntry> Keeper::read(LogNumber log, tlog::LeafIndex index) {
  auto entry = ledger_.reader(log).read_entry(index);
  if (!entry) {
    // A record that cannot be read is no reason to take no further ones; who asked learns of it, and the log.
    log::error("ledger", "a record cannot be read",
               {{"log", ledger_.origin(log)}, {"index", index.value}, {"why", entry.error().message()}});
  }
  return entry;
}

Result<Bytes> Keeper::unseal(const StoredEntry& entry) {
  const auto parts = split_sealed(entry.sealed_opening);
  if (!parts) return parts.error();
  if (parts->opening.empty()) return Error(Errc::kNotFound, "the record has no values to open");
  return wrapper_.open(opening_context(entry.header.exchange, entry.header.kind), parts->opening);
}

Result<> Keeper::send_opened(std::size_t ring_index, MessageType answer, Ticket ticket, const Result<Bytes>& opened) {
  if (!opened) {
    refuse(ring_index, answer, ticket, opened.error());
    return {};
  }
  std::array<std::byte, kTicketSize> ticket_bytes;
  store_le(MutableByteView(ticket_bytes), ticket);
  const std::array<std::byte, 1> success{std::byte{kOpenedSuccess}};
  if (rings_[ring_index].answers.free_bytes() <
      RingProducer::footprint(kTicketSize + success.size() + opened->size()) + kAnswerReserveBytes) {
    refuse(ring_index, answer, ticket, Error(Errc::kResourceExhausted, "too many values are being opened at once"));
    return {};
  }
  if (auto done = send(ring_index, answer, ticket_bytes, success, *opened); !done) return done;
  wake_gateway();
  return {};
}

}  // namespace redoubt::ledger
