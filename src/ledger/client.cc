#include "ledger/client.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "ledger/sealed_parts.h"

namespace redoubt::ledger {
namespace {

std::size_t sealed_size(std::size_t opening_size, std::size_t features_size = 0) {
  return features_part_size(features_size) + (opening_size == 0 ? 0 : opening_size + keys::kSealOverheadBytes);
}

std::size_t entry_footprint(std::size_t leaf_size, std::size_t opening_size, std::size_t features_size = 0) {
  return RingProducer::footprint(kTicketSize + kEntryHeaderSize + leaf_size + sealed_size(opening_size, features_size));
}

Error exhausted() {
  return Error(Errc::kResourceExhausted, "the ledger's queue is full");
}

Error no_room() {
  return Error(Errc::kResourceExhausted, "the ledger's disk is nearly full, or the tenant's quota used up");
}

}  // namespace

LedgerClient::LedgerClient(RingProducer requests, RingConsumer answers, int keeper_wake_fd)
    : requests_(std::move(requests)),
      answers_(std::move(answers)),
      keeper_wake_fd_(keeper_wake_fd),
      slots_(kMaxTickets),
      ring_bytes_(requests_.free_bytes()) {
  free_slots_.reserve(kMaxTickets);
  for (std::uint32_t i = kMaxTickets; i > 0; --i) free_slots_.push_back(i - 1);
}

const LedgerClient::LogState& LedgerClient::state(LogNumber log) const {
  static constexpr LogState kUnknown;
  return log < logs_.size() ? logs_[log] : kUnknown;
}

// Null for a number that no log can have.
LedgerClient::LogState* LedgerClient::state_to_change(LogNumber log) {
  if (log > kMaxTenants) return nullptr;
  if (log >= logs_.size()) logs_.resize(log + 1);
  return &logs_[log];
}

bool LedgerClient::covers(const CommitPoint& point) const {
  switch (point.level) {
    case CommitLevel::kPublished:
      return point.index.value < published(point.log);
    case CommitLevel::kCosigned:
      return point.index.value < cosigned(point.log);
    case CommitLevel::kDurable:
      break;
  }
  return true;  // its index was told with that
}

Result<> LedgerClient::await_level(const CommitPoint& point, LevelWaiter* waiter) {
  REDOUBT_CHECK(!covers(point));
  if (!stopped_.empty()) return Error(Errc::kUnavailable, stopped_);
  return level_waiters_.add(point, waiter);
}

// Ring bytes that are not held for outcomes.
std::size_t LedgerClient::room() {
  const std::size_t held = reservations_ * kOutcomeReserveBytes;
  const std::size_t free = requests_.free_bytes();
  return free > held ? free - held : 0;
}

Result<LedgerClient::Reservation> LedgerClient::reserve(std::size_t leaf_size, std::size_t opening_size, LogNumber log,
                                                        std::size_t features_size) {
  if (!stopped_.empty()) return Error(Errc::kUnavailable, stopped_);
  if (!ready()) return Error(Errc::kUnavailable, "the ledger is not ready yet");
  if (full(log)) return no_room();
  REDOUBT_CHECK(leaf_size <= kMaxLeafBytes && sealed_size(opening_size, features_size) <= kMaxOpeningBytes);
  // One ticket for the admission, one for the outcome of this and of every exchange admitted before.
  if (free_slots_.size() < reservations_ + 2) return exhausted();
  if (room() < entry_footprint(leaf_size, opening_size, features_size) + kOutcomeReserveBytes) return exhausted();
  ++reservations_;
  return Reservation(this);
}

bool LedgerClient::fits_outcome(std::size_t leaf_size, std::size_t opening_size) {
  if (sealed_size(opening_size) > kMaxOpeningBytes) return false;
  const std::size_t need = entry_footprint(leaf_size, opening_size);
  // On a full disk, too, values give way: what open exchanges may still write stays within what the keeper holds free.
  return need <= kOutcomeReserveBytes || (!disk_.full && need <= room() + kOutcomeReserveBytes);
}

Ticket LedgerClient::take_ticket(AppendWaiter* append, OpenWaiter* open, CertifyWaiter* certify) {
  REDOUBT_CHECK(!free_slots_.empty());
  const std::uint32_t index = free_slots_.back();
  free_slots_.pop_back();
  Slot& slot = slots_[index];
  slot = {.append = append, .open = open, .certify = certify, .generation = slot.generation + 1, .used = true};
  return (Ticket{slot.generation} << 32) | index;
}

LedgerClient::Slot* LedgerClient::find(Ticket ticket) {
  const auto index = static_cast<std::uint32_t>(ticket);
  if (index >= slots_.size()) return nullptr;
  Slot& slot = slots_[index];
  return slot.used && slot.generation == static_cast<std::uint32_t>(ticket >> 32) ? &slot : nullptr;
}

void LedgerClient::free_slot(Slot& slot) {
  slot.used = false;
  slot.append = nullptr;
  slot.open = nullptr;
  slot.certify = nullptr;
  free_slots_.push_back(static_cast<std::uint32_t>(&slot - slots_.data()));
}

void LedgerClient::write_entry(const EntryHeader& header, std::string_view leaf, std::string_view opening,
                               ByteView features, Ticket ticket) {
  EntryHeader complete = header;
  complete.leaf_size = static_cast<std::uint32_t>(leaf.size());
  complete.opening_size = static_cast<std::uint32_t>(sealed_size(opening.size(), features.size()));
  auto space = requests_.begin(static_cast<std::uint32_t>(MessageType::kAppend),
                               kTicketSize + kEntryHeaderSize + complete.leaf_size + complete.opening_size);
  REDOUBT_CHECK(space.has_value());  // the caller has room or a reservation
  store_le(space->first(kTicketSize), ticket);
  store_entry_header(space->subspan(kTicketSize, kEntryHeaderSize), complete);
  MutableByteView rest = space->subspan(kTicketSize + kEntryHeaderSize);
  if (!leaf.empty()) std::memcpy(rest.data(), leaf.data(), leaf.size());
  rest = rest.subspan(leaf.size());
  rest = store_features(features, rest);
  if (!opening.empty()) {
    sealer_->seal(opening_context(complete.exchange, complete.kind), as_bytes(opening), rest);
  }
  requests_.commit();
}

void LedgerClient::submit_admission(Reservation& reservation, EntryHeader header, std::string_view leaf,
                                    std::string_view opening, AppendWaiter* waiter, ByteView features) {
  REDOUBT_CHECK(reservation.client_ == this);
  header.kind = EntryKind::kAdmission;
  write_entry(header, leaf, opening, features, take_ticket(waiter, nullptr));
}

Result<> LedgerClient::submit_outcome(Reservation reservation, EntryHeader header, std::string_view leaf,
                                      std::string_view opening, AppendWaiter* waiter) {
  REDOUBT_CHECK(reservation.client_ == this);
  if (!stopped_.empty()) return Error(Errc::kUnavailable, stopped_);
  header.kind = EntryKind::kOutcome;
  write_entry(header, leaf, opening, {}, take_ticket(waiter, nullptr));
  return {};
}

Result<> LedgerClient::submit(EntryHeader header, std::string_view leaf, std::string_view opening, AppendWaiter* waiter,
                              ByteView features) {
  header.kind = EntryKind::kStandalone;
  if (full(header.log)) return no_room();
  return submit_alone(header, leaf, opening, waiter, features);
}

Result<> LedgerClient::submit_fact(EntryHeader header, std::string_view leaf, std::string_view opening,
                                   AppendWaiter* waiter) {
  header.kind = EntryKind::kFact;
  const std::size_t footprint = entry_footprint(leaf.size(), opening.size());
  if (!disk_.takes(footprint) || !state(header.log).room.takes(footprint)) return no_room();
  return submit_alone(header, leaf, opening, waiter);
}

Result<> LedgerClient::submit_alone(const EntryHeader& header, std::string_view leaf, std::string_view opening,
                                    AppendWaiter* waiter, ByteView features) {
  if (!stopped_.empty()) return Error(Errc::kUnavailable, stopped_);
  if (!ready()) return Error(Errc::kUnavailable, "the ledger is not ready yet");
  if (free_slots_.size() < reservations_ + 1 ||
      room() < entry_footprint(leaf.size(), opening.size(), features.size())) {
    return exhausted();
  }
  write_entry(header, leaf, opening, features, take_ticket(waiter, nullptr));
  return {};
}

Result<> LedgerClient::submit_open(const OpenRequest& request, OpenWaiter* waiter, LogNumber log) {
  if (!stopped_.empty()) return Error(Errc::kUnavailable, stopped_);
  const Bytes encoded = encode_open_request(request);
  const std::size_t size = kTicketSize + sizeof log + encoded.size();
  if (free_slots_.size() < reservations_ + 1 || room() < RingProducer::footprint(size)) return exhausted();
  auto space = requests_.begin(static_cast<std::uint32_t>(MessageType::kOpen), size);
  REDOUBT_CHECK(space.has_value());
  store_le(space->first(kTicketSize), take_ticket(nullptr, waiter));
  store_le(space->subspan(kTicketSize, sizeof log), log);
  std::copy(encoded.begin(), encoded.end(), space->begin() + kTicketSize + sizeof log);
  requests_.commit();
  return {};
}

Result<> LedgerClient::submit_open_fact(tlog::LeafIndex index, OpenWaiter* waiter, LogNumber log) {
  if (!stopped_.empty()) return Error(Errc::kUnavailable, stopped_);
  if (free_slots_.size() < reservations_ + 1 || room() < RingProducer::footprint(kOpenFactSize)) return exhausted();
  auto space = requests_.begin(static_cast<std::uint32_t>(MessageType::kOpenFact), kOpenFactSize);
  REDOUBT_CHECK(space.has_value());
  store_le(space->first(kTicketSize), take_ticket(nullptr, waiter));
  store_le(space->subspan(kTicketSize, sizeof log), log);
  store_le(space->subspan(kTicketSize + sizeof log, sizeof index.value), index.value);
  requests_.commit();
  return {};
}

Result<> LedgerClient::submit_key_dictionary(const keys::DictionaryPart& part, OpenWaiter* waiter) {
  if (!stopped_.empty()) return Error(Errc::kUnavailable, stopped_);
  const Bytes encoded = keys::encode_dictionary_part(part);
  const std::size_t size = kTicketSize + encoded.size();
  if (free_slots_.size() < reservations_ + 1 || room() < RingProducer::footprint(size)) return exhausted();
  auto space = requests_.begin(static_cast<std::uint32_t>(MessageType::kKeyDictionary), size);
  REDOUBT_CHECK(space.has_value());
  store_le(space->first(kTicketSize), take_ticket(nullptr, waiter));
  std::copy(encoded.begin(), encoded.end(), space->begin() + kTicketSize);
  requests_.commit();
  return {};
}

Result<> LedgerClient::submit_attest(ByteView statement, OpenWaiter* waiter) {
  if (!stopped_.empty()) return Error(Errc::kUnavailable, stopped_);
  if (statement.empty() || statement.size() > kMaxStatementBytes) {
    return Error(Errc::kInvalidArgument, "a statement to be attested has 1 to 128 bytes");
  }
  const std::size_t size = kTicketSize + statement.size();
  if (free_slots_.size() < reservations_ + 1 || room() < RingProducer::footprint(size)) return exhausted();
  auto space = requests_.begin(static_cast<std::uint32_t>(MessageType::kAttest), size);
  REDOUBT_CHECK(space.has_value());
  store_le(space->first(kTicketSize), take_ticket(nullptr, waiter));
  std::copy(statement.begin(), statement.end(), space->begin() + kTicketSize);
  requests_.commit();
  return {};
}

Result<> LedgerClient::submit_measure(tlog::LeafIndex fact, const crypto::Sha256Digest& bundle, OpenWaiter* waiter) {
  if (!stopped_.empty()) return Error(Errc::kUnavailable, stopped_);
  if (free_slots_.size() < reservations_ + 1 || room() < RingProducer::footprint(kMeasureSize)) return exhausted();
  auto space = requests_.begin(static_cast<std::uint32_t>(MessageType::kMeasure), kMeasureSize);
  REDOUBT_CHECK(space.has_value());
  store_le(space->first(kTicketSize), take_ticket(nullptr, waiter));
  store_le(space->subspan(kTicketSize, sizeof fact.value), fact.value);
  std::copy(bundle.begin(), bundle.end(), space->begin() + kTicketSize + sizeof fact.value);
  requests_.commit();
  return {};
}

Result<> LedgerClient::submit_certify(const crypto::P256PublicKey& key, CertifyWaiter* waiter) {
  if (!stopped_.empty()) return Error(Errc::kUnavailable, stopped_);
  if (free_slots_.size() < reservations_ + 1 || room() < RingProducer::footprint(kCertifySize)) return exhausted();
  auto space = requests_.begin(static_cast<std::uint32_t>(MessageType::kCertify), kCertifySize);
  REDOUBT_CHECK(space.has_value());
  store_le(space->first(kTicketSize), take_ticket(nullptr, nullptr, waiter));
  std::copy(key.begin(), key.end(), space->begin() + kTicketSize);
  requests_.commit();
  return {};
}

void LedgerClient::on_offer(OfferTaker taker) {
  take_offer_ = std::move(taker);
  for (auto& [log, note] : std::exchange(early_offers_, {})) take_offer_(log, std::move(note));
}

Result<> LedgerClient::submit_cosignatures(LogNumber log, tlog::TreeSize size, std::string_view lines) {
  if (!stopped_.empty()) return Error(Errc::kUnavailable, stopped_);
  if (lines.size() > kMaxCosignatureBytes) return Error(Errc::kTooLarge, "the witnesses answered too much");
  const std::size_t message = kTicketSize + sizeof log + sizeof size.value + lines.size();
  if (room() < RingProducer::footprint(message)) return exhausted();
  auto space = requests_.begin(static_cast<std::uint32_t>(MessageType::kCosigned), message);
  REDOUBT_CHECK(space.has_value());
  store_le(space->first(kTicketSize), Ticket{0});
  store_le(space->subspan(kTicketSize, sizeof log), log);
  store_le(space->subspan(kTicketSize + sizeof log, sizeof size.value), size.value);
  const ByteView bytes = as_bytes(lines);
  std::copy(bytes.begin(), bytes.end(), space->begin() + kTicketSize + sizeof log + sizeof size.value);
  requests_.commit();
  return {};
}

void LedgerClient::abandon(AppendWaiter* waiter, AppendWaiter* heir) {
  for (Slot& slot : slots_) {
    if (slot.append == waiter) slot.append = heir;
  }
}

void LedgerClient::abandon(OpenWaiter* waiter) {
  for (Slot& slot : slots_) {
    if (slot.open == waiter) slot.open = nullptr;
  }
}

void LedgerClient::abandon(CertifyWaiter* waiter) {
  for (Slot& slot : slots_) {
    if (slot.certify == waiter) slot.certify = nullptr;
  }
}

void LedgerClient::share() {
  wake_owed_ = requests_.publish() || wake_owed_;
}

void LedgerClient::flush() {
  share();
  if (!std::exchange(wake_owed_, false)) return;
  const std::uint64_t one = 1;
  // A full counter already wakes; nothing else can fail on an eventfd of ours.
  [[maybe_unused]] const ssize_t ignored = ::write(keeper_wake_fd_, &one, sizeof one);
}

Result<> LedgerClient::poll() {
  while (stopped_.empty()) {
    auto message = answers_.peek(kMaxAnswerBytes);
    if (!message) {
      stop("the keeper's answers are out of order");
      return message.error();
    }
    if (!*message) return {};
    buffer_.resize((*message)->size);
    const auto type = static_cast<MessageType>((*message)->type);
    const bool secret =
        type == MessageType::kSealingKey || type == MessageType::kFactOpened || type == MessageType::kDictionaryKeyed;
    if (secret) {
      answers_.take_secret(buffer_);
    } else {
      answers_.take(buffer_);
    }
    answers_.release();
    const Result<> done = handle(type, buffer_);
    if (secret) crypto::wipe(buffer_);
    if (!done) {
      stop("the keeper's answers make no sense");
      return done;
    }
  }
  return {};
}

Result<> LedgerClient::handle(MessageType type, ByteView payload) {
  const Error corrupt(Errc::kCorrupt, "the keeper's answer makes no sense");
  switch (type) {
    case MessageType::kAppended: {
      if (payload.size() != kAppendedSize) return corrupt;
      Slot* slot = find(load_le<Ticket>(payload));
      if (slot == nullptr) return corrupt;
      Appended appended{.index = {load_le<std::uint64_t>(payload.subspan(8, 8))}, .leaf_hash = {}};
      std::copy_n(payload.begin() + 16, appended.leaf_hash.size(), appended.leaf_hash.begin());
      AppendWaiter* waiter = slot->append;
      free_slot(*slot);
      if (waiter != nullptr) waiter->appended(appended);
      return {};
    }
    case MessageType::kSealingKey: {
      if (payload.size() != kSealingKeySize) return corrupt;
      keys::IssuedSealingKey issued{.key = crypto::Secret::copy_of(payload.first(32))};
      std::copy_n(payload.begin() + 32, issued.wrapped.size(), issued.wrapped.begin());
      sealer_.emplace(issued);
      return {};
    }
    case MessageType::kOpened:
    case MessageType::kFactOpened:
    case MessageType::kDictionaryKeyed:
    case MessageType::kAttested:
    case MessageType::kMeasured:
    case MessageType::kCertified: {
      if (payload.size() < kTicketSize + 1) return corrupt;
      Slot* slot = find(load_le<Ticket>(payload));
      if (slot == nullptr) return corrupt;
      const auto code = static_cast<std::uint8_t>(payload[kTicketSize]);
      if (code != kOpenedSuccess && code > static_cast<std::uint8_t>(Errc::kConflict)) return corrupt;
      OpenWaiter* open = slot->open;
      CertifyWaiter* certify = slot->certify;
      free_slot(*slot);
      const ByteView rest = payload.subspan(kTicketSize + 1);
      Result<Bytes> answer = code == kOpenedSuccess
                                 ? Result<Bytes>(to_bytes(rest))
                                 : Result<Bytes>(Error(static_cast<Errc>(code), std::string(as_chars(rest))));
      if (type != MessageType::kCertified && open != nullptr) {
        open->opened(std::move(answer));
      } else if (type == MessageType::kCertified && certify != nullptr) {
        certify->certified(std::move(answer));
      }
      return {};
    }
    case MessageType::kPublished: {
      if (payload.size() != kPublishedSize) return corrupt;
      const auto number = load_le<LogNumber>(payload.subspan(16));
      LogState* log = state_to_change(number);
      if (log == nullptr) return corrupt;
      const auto published = load_le<std::uint64_t>(payload.first(8));
      const auto cosigned = load_le<std::uint64_t>(payload.subspan(20, 8));
      log->published = published;
      log->cosigned = cosigned;
      last_commit_time_ = {load_le<std::int64_t>(payload.subspan(8, 8))};
      level_waiters_.release(number, CommitLevel::kPublished, published);
      level_waiters_.release(number, CommitLevel::kCosigned, cosigned);
      return {};
    }
    case MessageType::kOffer: {
      if (payload.size() <= sizeof(LogNumber) || payload.size() > sizeof(LogNumber) + kMaxOfferBytes) return corrupt;
      const auto log = load_le<LogNumber>(payload);
      if (log > kMaxTenants) return corrupt;
      std::string note(as_chars(payload.subspan(sizeof log)));
      if (take_offer_) {
        take_offer_(log, std::move(note));
      } else {
        std::erase_if(early_offers_, [&](const auto& offer) { return offer.first == log; });
        early_offers_.emplace_back(log, std::move(note));
      }
      return {};
    }
    case MessageType::kStats:
      return take_stats(payload);
    case MessageType::kStopped:
      stop(as_chars(payload));
      return {};
    case MessageType::kFull:
    case MessageType::kRoom:
      if (!take_room(type, payload)) return corrupt;
      return {};
    case MessageType::kAppend:
    case MessageType::kOpen:
    case MessageType::kOpenFact:
    case MessageType::kCertify:
    case MessageType::kKeyDictionary:
    case MessageType::kCosigned:
    case MessageType::kAttest:
    case MessageType::kMeasure:
      break;
  }
  return corrupt;
}

// False when it makes no sense.
bool LedgerClient::take_room(MessageType type, ByteView payload) {
  Room room{.full = type == MessageType::kFull};
  if (payload.size() != (room.full ? kFullSize : sizeof(LogNumber))) return false;
  if (room.full) room.intake = static_cast<FullIntake>(payload[sizeof(LogNumber)]);
  if (room.intake > FullIntake::kOutcomesAndFacts) return false;
  const auto number = load_le<LogNumber>(payload);
  if (number == kEveryLog) {
    disk_ = room;
    return true;
  }
  LogState* const log = state_to_change(number);
  if (log != nullptr) log->room = room;
  return log != nullptr;
}

Result<> LedgerClient::take_stats(ByteView payload) {
  auto message = decode_stats(payload);
  if (!message) return Error(Errc::kCorrupt, message.error().message());
  keeper_stats_ = message->keeper;
  const std::size_t end = message->first_log + message->logs.size();
  if (log_gauges_.size() < end) log_gauges_.resize(end);
  const auto now = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < message->logs.size(); ++i) log_gauges_[message->first_log + i] = {message->logs[i], now};
  return {};
}

std::size_t LedgerClient::queued_bytes() {
  return ring_bytes_ - std::min(ring_bytes_, requests_.free_bytes());
}

void LedgerClient::stop(std::string_view why) {
  if (!stopped_.empty()) return;
  stopped_ = why.empty() ? "the ledger stopped" : std::string(why);
  for (Slot& slot : slots_) {
    if (!slot.used) continue;
    AppendWaiter* append = slot.append;
    OpenWaiter* open = slot.open;
    CertifyWaiter* certify = slot.certify;
    free_slot(slot);
    if (append != nullptr) append->appended(Error(Errc::kUnavailable, stopped_));
    if (open != nullptr) open->opened(Error(Errc::kUnavailable, stopped_));
    if (certify != nullptr) certify->certified(Error(Errc::kUnavailable, stopped_));
  }
  level_waiters_.end(Error(Errc::kUnavailable, stopped_));
}

}  // namespace redoubt::ledger
