// Values that the keeper opens: for an opener, sealed to the reader and recorded first; for the gateway itself, those
// of facts alone, which its own tables hold, and records of dictionaries, keyed.
#include <array>
#include <string>

#include "base/log.h"
#include "encoding/base64.h"
#include "ledger/internal/ring_rules.h"
#include "ledger/keeper.h"
#include "ledger/sealed_parts.h"
#include "record/dictionary_record.h"

namespace redoubt::ledger {

using internal::hostile;
using internal::kAnswerReserveBytes;

namespace {

// Of a record that the keeper makes itself.
struct Uid {
  Uid() {
    crypto::random_bytes(bytes);
    hex = encoding::hex(bytes);
  }
  ExchangeId bytes;
  std::string hex;
};

}  // namespace

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
  const std::string opener = "ed25519:" + encoding::hex(request->opener);
  const Uid uid;
  record_.clear();
  record::append_opened(record_, {.request_uid = uid.hex,
                                  .time = now(),
                                  .source = source(log),
                                  .principal_uid = opener,
                                  .principal_name = {},
                                  .opened_index = request->index.value,
                                  .opened_exchange_uid = {},
                                  .fields = {},
                                  .reason = request->reason});
  if (auto done = add_record(log, uid.bytes); !done) return done;
  opens_.push_back({ring_index, ticket, log, *std::move(request)});
  return {};
}

// What record_ holds.
Result<> Keeper::add_record(LogNumber log, const ExchangeId& uid) {
  if (ledger_.batch_room() < kEntryHeaderSize + record_.size()) {
    if (auto done = commit(); !done) return done;
  }
  auto added = ledger_.add({.kind = EntryKind::kStandalone, .log = log, .exchange = uid}, as_bytes(record_), {});
  if (!added) return added.error();
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

// The gateway is believed in what it means to recognise; that it has asked is a record, one for each dictionary. So the
// parts of one come in a row, behind the first, which is recorded: no part is keyed of what is not on record.
Result<> Keeper::take_key_dictionary(std::size_t ring_index, std::size_t size) {
  static_assert(kMaxRequestBytes > kTicketSize + 128 + keys::kDictionaryNameMax + keys::kDictionaryPartPlainBytesMax);
  request_.resize(size);
  Ring& ring = rings_[ring_index];
  ring.requests.take(request_);
  const auto ticket = load_le<Ticket>(ByteView(request_).first(kTicketSize));
  auto part = keys::decode_dictionary_part(ByteView(request_).subspan(kTicketSize));
  if (!part) return hostile("a part of a dictionary that is none");
  const auto refused = [&](const Error& why) {
    refuse(ring_index, MessageType::kDictionaryKeyed, ticket, why);
    return Result<>();
  };
  if (options_.dictionaries == nullptr) {
    return refused(Error(Errc::kUnsupported, "this keeper has no key for dictionaries"));
  }
  if (!serving_) return refused(Error(Errc::kUnavailable, "the ledger does not serve yet: witnesses are asked"));
  const bool in_turn =
      part->index == 0 || (ring.dictionary && ring.dictionary->id == part->id && ring.dictionary->name == part->name &&
                           ring.dictionary->next == part->index);
  if (!in_turn) {
    return refused(Error(Errc::kInvalidArgument, "the parts of a dictionary are keyed in a row, from the first"));
  }
  if (part->index == 0 && (room_ != Room::kEverything || logs_[kSystemLog].full)) {
    return refused(Error(Errc::kResourceExhausted, "the ledger has no room"));
  }
  auto answer = options_.dictionaries->key(*part);
  if (!answer) return refused(answer.error());
  if (part->index > 0) {
    ++ring.dictionary->next;
    return send_keyed(ring_index, ticket, answer);
  }
  // The record first, durable; then the keyed records.
  ring.dictionary.reset();
  const Uid uid;
  record_.clear();
  record::append_dictionary_keyed(record_, {.request_uid = uid.hex,
                                            .time = now(),
                                            .source = source(kSystemLog),
                                            .dictionary = part->name,
                                            .records = part->records});
  if (auto done = add_record(kSystemLog, uid.bytes); !done) {
    crypto::wipe(*answer);
    return done;
  }
  dictionaries_.push_back(
      {ring_index, ticket, {.id = part->id, .name = std::move(part->name), .next = 1}, std::move(answer)});
  return {};
}

Result<> Keeper::answer_dictionaries() {
  Result<> done;
  for (PendingDictionary& keyed : std::exchange(dictionaries_, {})) {
    rings_[keyed.ring].dictionary = std::move(keyed.turn);
    if (done) {
      done = send_keyed(keyed.ring, keyed.ticket, keyed.answer);
    } else {
      crypto::wipe(*keyed.answer);
    }
  }
  return done;
}

Result<> Keeper::send_keyed(std::size_t ring_index, Ticket ticket, Result<Bytes>& answer) {
  auto sent = send_opened(ring_index, MessageType::kDictionaryKeyed, ticket, answer);
  crypto::wipe(*answer);
  return sent;
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
