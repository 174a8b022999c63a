#include "ledger/keeper.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "encoding/base64.h"
#include "ledger/internal/ring_rules.h"

namespace redoubt::ledger {
namespace {

using internal::hostile;
using internal::kAnswerReserveBytes;

constexpr std::size_t kMaxRefusalBytes = 128;
// What publication may write while the last outcomes come in: hashes and positions of far more entries than those.
constexpr std::uint64_t kTreeReserveBytes = 4 * 1024 * 1024;
// How far behind ours a witness's clock may be at the start.
constexpr std::uint64_t kFreshnessToleranceSeconds = 60;

}  // namespace

Keeper::Keeper(Ledger& ledger, keys::KeyWrapper& wrapper, const Clock& clock, KeeperOptions options)
    : ledger_(ledger), wrapper_(wrapper), clock_(clock), options_(std::move(options)), logs_(ledger.logs()) {
  batch_began_ = clock_.steady();
  for (LogSchedule& log : logs_) log.published_at = batch_began_;
  stats_message_.reserve(kMaxStatsSize);
}

void Keeper::add_ring(RingConsumer requests, RingProducer answers, int gateway_wake_fd) {
  rings_.push_back({std::move(requests), std::move(answers), gateway_wake_fd});
}

// Time never runs behind the last entry.
UnixMillis Keeper::now() const {
  return std::max(clock_.now(), ledger_.last_commit_time());
}

record::RecordSource Keeper::source(LogNumber log) const {
  return {.log_origin = ledger_.origin(log),
          .tenant = log == kSystemLog ? std::string_view() : std::string_view(ledger_.tenants()[log - 1]),
          .product_version = options_.product_version};
}

Result<std::size_t> Keeper::close_interrupted() {
  const std::vector<OpenAdmission> open = ledger_.open_admissions();
  for (const OpenAdmission& admission : open) {
    record_.clear();
    const std::string uid = encoding::hex(admission.exchange);
    record::append_interrupted(record_, {.exchange_uid = uid,
                                         .admission_index = admission.index,
                                         .time = now(),
                                         .source = source(admission.log),
                                         .operation = {}});
    auto added = ledger_.add({.kind = EntryKind::kOutcome,
                              .log = admission.log,
                              .exchange = admission.exchange,
                              .admission_index = admission.index},
                             as_bytes(record_), {});
    if (!added) return added.error();
    if (ledger_.batch_room() < kMaxLeafBytes + kEntryHeaderSize) {
      if (auto done = commit(); !done) return done.error();
    }
  }
  if (auto done = commit(); !done) return done.error();
  if (auto done = publish_all(); !done) return done.error();
  return open.size();
}

Result<> Keeper::run(int wake_fd, int stop_fd) {
  Result<> ended = serve(wake_fd, stop_fd);
  if (!ended) {
    for (std::size_t i = 0; i < rings_.size(); ++i) {
      // A ring without room for this has a gateway that does not read; it learns from the keeper's end.
      [[maybe_unused]] const auto sent = send(i, MessageType::kStopped, as_bytes(ended.error().message()));
    }
    wake_gateway();
  }
  return ended;
}

Result<> Keeper::serve(int wake_fd, int stop_fd) {
  bool stop = false;
  started_s_ = static_cast<std::uint64_t>(clock_.now().value / 1000);
  serving_ = !ledger_.witnesses().policy.has_value();
  while (!serving_) {
    if (auto done = offer_due(); !done) return done;
    auto drained = drain();
    if (!drained) return drained.error();
    if (auto done = answer_attests(); !done) return done;
    serving_ = !asking();
    if (*drained > 0) continue;
    if (stop) return {};  // nothing was appended, and nothing is signed
    if (!serving_) sleep(wake_fd, stop_fd, stop);
  }
  auto interrupted = close_interrupted();
  if (!interrupted) return interrupted.error();
  if (*interrupted > 0) {
    log::warning("keeper", "exchanges of an earlier run were interrupted, and are recorded so",
                 {{"exchanges", static_cast<std::uint64_t>(*interrupted)}});
  }
  if (auto done = append_own_record(); !done) return done;
  for (LogNumber log = 0; log < logs_.size(); ++log) {
    // Before the first sealing key, which lets the gateway begin.
    if (auto done = announce(log); !done) return done;
    if (auto done = check_quota(log); !done) return done;
  }
  while (true) {
    const auto steady = clock_.steady();
    const bool full = room_ != Room::kEverything;
    if (steady >= next_room_check_ || taken_bytes_ >= (full ? kFullRoomCheckBytes : kRoomCheckBytes)) {
      if (auto done = check_room(); !done) return done;
    }
    if (steady >= next_keys_) {
      issue_sealing_keys();
      next_keys_ = steady + options_.sealing_key_life;
    }
    if (steady >= next_stats_) {
      if (auto done = tell_stats(); !done) return done;
      next_stats_ = steady + options_.stats_interval;
    }
    batch_began_ = steady;
    auto drained = drain();
    if (!drained) return drained.error();
    if (auto done = commit(); !done) return done;
    if (auto done = publish_one_due(); !done) return done;
    if (auto done = offer_due(); !done) return done;
    if (auto done = answer_attests(); !done) return done;
    if (*drained > 0) continue;
    if (stop) break;
    sleep(wake_fd, stop_fd, stop);
  }
  return publish_all();
}

// Takes what the rings hold, up to a batch. Returns the number of messages.
Result<std::size_t> Keeper::drain() {
  std::size_t taken = 0;
  std::size_t batch_start_room = ledger_.batch_room();
  for (bool more = true; more;) {
    more = false;
    for (std::size_t i = 0; i < rings_.size(); ++i) {
      auto one = take_one(i);
      if (!one) return one.error();
      if (!*one) continue;
      ++taken;
      more = batch_start_room - ledger_.batch_room() < options_.batch_bytes;
      if (!more) break;
    }
  }
  for (Ring& ring : rings_) ring.requests.release();
  return taken;
}

Result<bool> Keeper::take_one(std::size_t ring_index) {
  auto message = rings_[ring_index].requests.peek(kMaxRequestBytes);
  if (!message) return message.error();
  if (!*message) return false;
  const std::size_t size = (*message)->size;
  if (size < kTicketSize) return hostile("a message without a ticket");
  Result<> done;
  switch (static_cast<MessageType>((*message)->type)) {
    case MessageType::kAppend:
      done = take_append(ring_index, size);
      break;
    case MessageType::kOpen:
      done = take_open(ring_index, size);
      break;
    case MessageType::kOpenFact:
      done = take_open_fact(ring_index, size);
      break;
    case MessageType::kKeyDictionary:
      done = take_key_dictionary(ring_index, size);
      break;
    case MessageType::kCertify:
      done = take_certify(ring_index, size);
      break;
    case MessageType::kCosigned:
      done = take_cosigned(ring_index, size);
      break;
    case MessageType::kAttest:
      done = take_attest(ring_index, size);
      break;
    case MessageType::kMeasure:
      done = take_measure(ring_index, size);
      break;
    default:
      return hostile("a message of an unknown type");
  }
  if (!done) return done.error();
  return true;
}

Result<> Keeper::take_append(std::size_t ring_index, std::size_t size) {
  if (size < kTicketSize + kEntryHeaderSize) return hostile("an entry without a header");
  if (!serving_) return hostile("an entry before it was told that the ledger takes any");
  const std::size_t entry_size = size - kTicketSize;
  taken_bytes_ += entry_size;
  if (ledger_.batch_room() < entry_size) {
    if (auto done = commit(); !done) return done;
  }
  std::array<std::byte, kTicketSize> ticket;
  rings_[ring_index].requests.take(ticket, ledger_.begin_entry(entry_size));
  const std::size_t in_batch = ledger_.batch_entries();
  if (auto index = ledger_.end_entry(); !index) return hostile(index.error().message());
  answers_.push_back({ring_index, load_le<Ticket>(ticket), in_batch});
  return {};
}

// What the certificate says is decided here, and nothing of it by the gateway but the key.
Result<> Keeper::take_certify(std::size_t ring_index, std::size_t size) {
  if (size != kCertifySize) return hostile("a public key of another size");
  std::array<std::byte, kTicketSize> ticket;
  crypto::P256PublicKey key;
  rings_[ring_index].requests.take(ticket, key);
  Result<Bytes> certificate = options_.tls_authority == nullptr
                                  ? Result<Bytes>(Error(Errc::kUnsupported, "this keeper certifies no TLS keys"))
                                  : options_.tls_authority->certify(key);
  if (!certificate && certificate.error().code() == Errc::kMalformed) return hostile(certificate.error().message());
  if (!certificate) {
    refuse(ring_index, MessageType::kCertified, load_le<Ticket>(ticket), certificate.error());
    return {};
  }
  log::info("keeper", "TLS key certified");
  const std::array<std::byte, 1> success{std::byte{kOpenedSuccess}};
  if (auto done = send(ring_index, MessageType::kCertified, ticket, success, *certificate); !done) return done;
  wake_gateway();
  return {};
}

Result<> Keeper::commit() {
  const std::size_t entries = ledger_.batch_entries();
  if (entries == 0) return {};
  const std::size_t batch_bytes = ledger_.batch_bytes();
  const auto sync_began = clock_.steady();
  if (auto done = ledger_.commit(); !done) return done;
  const auto durable = clock_.steady();
  ++stats_.commits;
  stats_.entries += entries;
  stats_.bytes += batch_bytes;
  stats_.batch_entries.observe(entries);
  stats_.commit_time.observe(durable - batch_began_);
  stats_.sync_time.observe(durable - sync_began);
  batch_began_ = durable;  // of the next one, when this one was cut
  const std::span<const Appended> appended = ledger_.last_commit();
  for (const PendingAnswer& answer : answers_) {
    const Appended& entry = appended[answer.in_batch];
    std::array<std::byte, kAppendedSize> bytes;
    store_le(MutableByteView(bytes).first(8), answer.ticket);
    store_le(MutableByteView(bytes).subspan(8, 8), entry.index.value);
    std::copy(entry.leaf_hash.begin(), entry.leaf_hash.end(), bytes.begin() + 16);
    if (auto done = send(answer.ring, MessageType::kAppended, bytes); !done) return done;
  }
  answers_.clear();
  if (!options_.quotas.empty()) {
    for (const Appended& entry : appended) {
      if (auto done = check_quota(entry.log); !done) return done;
    }
  }
  wake_gateway();
  const std::vector<PendingOpen> opens = std::exchange(opens_, {});
  for (const PendingOpen& open : opens) {
    if (auto done = answer_open(open); !done) return done;
  }
  return answer_dictionaries();
}

void Keeper::refuse(std::size_t ring_index, MessageType answer, Ticket ticket, const Error& error) {
  std::array<std::byte, kTicketSize + 1> head;
  store_le(MutableByteView(head).first(kTicketSize), ticket);
  head[kTicketSize] = static_cast<std::byte>(error.code());
  // Without room the gateway does not read its answers; the next append finds out and ends the service.
  [[maybe_unused]] const auto sent =
      send(ring_index, answer, head, as_bytes(std::string_view(error.message()).substr(0, kMaxRefusalBytes)));
  wake_gateway();
}

Result<> Keeper::publish(LogNumber log) {
  auto published = ledger_.publish(log);
  if (!published) return published.error();
  if (!*published) return {};
  const auto steady = clock_.steady();
  logs_[log].next_publish = steady + options_.publish_interval;
  if (!ledger_.witnesses().required) logs_[log].published_at = steady;
  ++stats_.checkpoints;
  return announce(log);
}

Result<> Keeper::publish_all() {
  for (LogNumber log = 0; log < logs_.size(); ++log) {
    if (auto done = publish(log); !done) return done;
  }
  return {};
}

// One at a time, so that commits do not wait for the publications of all tenants; the one longest due.
Result<> Keeper::publish_one_due() {
  const auto due = next_due_log();
  if (!due || clock_.steady() < logs_[*due].next_publish) return {};
  return publish(*due);
}

// The log with something to publish whose time comes first. Where witnesses are required, the checkpoint before has its
// answer first: otherwise none would ever be the one that they have cosigned.
std::optional<LogNumber> Keeper::next_due_log() const {
  std::optional<LogNumber> next;
  const bool required = ledger_.witnesses().required;
  for (LogNumber log = 0; log < logs_.size(); ++log) {
    if (ledger_.committed(log) == (required ? ledger_.covered(log) : ledger_.published(log))) continue;
    if (required && logs_[log].offered) continue;
    if (!next || logs_[log].next_publish < logs_[*next].next_publish) next = log;
  }
  return next;
}

// Whether some log's witnesses are still to be asked before anything is appended.
bool Keeper::asking() const {
  return std::any_of(logs_.begin(), logs_.end(), [](const LogSchedule& log) { return !log.asked; });
}

// What witnesses are asked for a log: at the start its last checkpoint, and then each that a quorum has not cosigned,
// or, where none is asked for, that they were not asked yet.
bool Keeper::wants_cosignatures(LogNumber log) const {
  const LogSchedule& schedule = logs_[log];
  if (schedule.offered) return false;
  const std::uint64_t done =
      ledger_.witnesses().policy->needs_witnesses() ? ledger_.cosigned(log).value : schedule.offered_size;
  return !schedule.asked || ledger_.covered(log).value != done;
}

std::optional<std::chrono::steady_clock::time_point> Keeper::next_offer() const {
  std::optional<std::chrono::steady_clock::time_point> next;
  if (!ledger_.witnesses().policy) return next;
  for (LogNumber log = 0; log < logs_.size(); ++log) {
    if (wants_cosignatures(log) && (!next || logs_[log].next_offer < *next)) next = logs_[log].next_offer;
  }
  return next;
}

Result<> Keeper::offer_due() {
  const auto now = clock_.steady();
  if (const auto next = next_offer(); !next || *next > now) return {};
  for (LogNumber log = 0; log < logs_.size(); ++log) {
    if (!wants_cosignatures(log) || logs_[log].next_offer > now) continue;
    auto note = ledger_.offer(log);
    if (!note) return note.error();
    std::array<std::byte, sizeof log> number;
    store_le(MutableByteView(number), log);
    if (auto done = send(0, MessageType::kOffer, number, as_bytes(*note)); !done) return done;
    logs_[log].offered = true;
    logs_[log].offered_size = ledger_.covered(log).value;
  }
  wake_gateway();
  return {};
}

// The gateway's word alone is that witnesses were asked; that they cosigned is verified.
Result<> Keeper::take_cosigned(std::size_t ring_index, std::size_t size) {
  constexpr std::size_t kHead = kTicketSize + sizeof(LogNumber) + 8;
  if (size < kHead || size > kHead + kMaxCosignatureBytes) return hostile("cosignatures of another size");
  request_.resize(size);
  rings_[ring_index].requests.take(request_);
  const auto log = load_le<LogNumber>(ByteView(request_).subspan(kTicketSize, sizeof(LogNumber)));
  const auto tree_size = load_le<std::uint64_t>(ByteView(request_).subspan(kTicketSize + sizeof log, 8));
  if (log >= logs_.size() || !logs_[log].offered || logs_[log].offered_size != tree_size) {
    return hostile("cosignatures of a checkpoint that was not offered");
  }
  LogSchedule& schedule = logs_[log];
  schedule.offered = false;
  const std::string_view lines = as_chars(ByteView(request_).subspan(kHead));
  // At the start old cosignatures prove nothing; the tolerance is for clocks that differ.
  const std::uint64_t earliest =
      schedule.asked ? 0 : started_s_ - std::min<std::uint64_t>(started_s_, kFreshnessToleranceSeconds);
  auto reached = ledger_.cosign(log, lines, earliest);
  if (!reached) {
    const Errc code = reached.error().code();
    if (code != Errc::kMalformed && code != Errc::kVerifyFailed && code != Errc::kTooLarge) return reached.error();
    log::error("keeper", "cosignatures do not hold",
               {{"log", ledger_.origin(log)}, {"why", reached.error().message()}});
  }
  const bool met = reached && *reached;
  if (met && ledger_.witnesses().required) schedule.published_at = clock_.steady();
  if (!schedule.asked && (met || !ledger_.witnesses().required)) {
    schedule.asked = true;
    log::info("keeper", met ? "witnesses have cosigned the last checkpoint afresh" : "freshness is not proven",
              {{"log", ledger_.origin(log)}, {"entries", tree_size}});
  }
  if (!met && ledger_.witnesses().policy->needs_witnesses())
    schedule.next_offer = clock_.steady() + options_.witness_retry_interval;
  return met && serving_ ? announce(log) : Result<>();
}

// Tells every ring what is published, and the time that no further record may fall behind.
Result<> Keeper::announce(LogNumber log) {
  std::array<std::byte, kPublishedSize> bytes;
  store_le(MutableByteView(bytes).first(8), ledger_.published(log).value);
  store_le(MutableByteView(bytes).subspan(8, 8), ledger_.last_commit_time().value);
  store_le(MutableByteView(bytes).subspan(16, 4), log);
  store_le(MutableByteView(bytes).subspan(20), ledger_.cosigned(log).value);
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    if (auto done = send(i, MessageType::kPublished, bytes); !done) return done;
  }
  wake_gateway();
  return {};
}

Result<> Keeper::announce_room(LogNumber log, Room room) {
  std::array<std::byte, kFullSize> bytes;
  store_le(MutableByteView(bytes).first(sizeof log), log);
  const FullIntake intake = room == Room::kOutcomes ? FullIntake::kOutcomes : FullIntake::kOutcomesAndFacts;
  bytes[sizeof log] = static_cast<std::byte>(intake);
  const bool full = room != Room::kEverything;
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    const auto done =
        full ? send(i, MessageType::kFull, bytes) : send(i, MessageType::kRoom, ByteView(bytes).first(sizeof log));
    if (!done) return done;
  }
  wake_gateway();
  return {};
}

Result<> Keeper::check_quota(LogNumber log) {
  const std::uint64_t quota = log < options_.quotas.size() ? options_.quotas[log] : 0;
  if (quota == 0 || logs_[log].full || ledger_.stored_bytes(log) < quota) return {};
  logs_[log].full = true;
  log::error("keeper", "a tenant has used up its quota: nothing new is admitted for it",
             {{"log", ledger_.origin(log)}, {"quota_bytes", quota}});
  return announce_room(log, Room::kOutcomes);
}

// All that open exchanges may still send fits their rings: each of them has its place there, and no more while the disk
// is nearly full. So do facts that are under way when theirs is used up.
Result<> Keeper::check_room() {
  next_room_check_ = clock_.steady() + options_.room_check_interval;
  taken_bytes_ = 0;
  const std::uint64_t for_outcomes = rings_.size() * kRequestRingBytes + kTreeReserveBytes;
  const std::uint64_t reserve = std::max(options_.free_space_reserve, for_outcomes + kFactReserveBytes);
  const auto free = ledger_.room_bytes();
  // It must be an eighth more before what was refused is taken again.
  const auto below = [&](std::uint64_t level, bool was) { return !free || *free < level + (was ? level / 8 : 0); };
  const Room room = below(for_outcomes, room_ == Room::kOutcomes) ? Room::kOutcomes
                    : below(reserve, room_ != Room::kEverything)  ? Room::kOutcomesAndFacts
                                                                  : Room::kEverything;
  stats_.room_bytes = free ? *free : 0;
  stats_.reserve_bytes = reserve;
  stats_.full = room != Room::kEverything;
  if (!stats_.full) ledger_.prepare_next_segment();
  if (room == room_) return {};
  const Room before = std::exchange(room_, room);
  const std::initializer_list<log::Field> sizes{{"free_bytes", stats_.room_bytes}, {"reserve_bytes", reserve}};
  if (!stats_.full) {
    log::info("keeper", "the disk has room again", sizes);
  } else if (before == Room::kEverything) {
    log::error("keeper", "the disk is nearly full: nothing new is admitted until there is room", sizes);
  }
  if (room == Room::kOutcomes) log::error("keeper", "the disk is all but full: no change of the state is taken", sizes);
  return announce_room(kEveryLog, room);
}

// Only what has changed since it was last told. A gateway that does not read is no reason to stop: it hears it later.
Result<> Keeper::tell_stats() {
  if (rings_.empty()) return {};
  const auto steady = clock_.steady();
  stats_.open_admissions = ledger_.open_admission_count();
  StatsMessage message{.keeper = stats_, .first_log = next_told_, .logs = {}};
  const auto end = static_cast<LogNumber>(std::min(next_told_ + kStatsLogs, logs_.size()));
  bool changed = stats_ != told_stats_;
  for (LogNumber log = next_told_; log < end; ++log) {
    const bool covered = ledger_.committed(log) == ledger_.published(log);
    const auto age = std::chrono::duration_cast<std::chrono::nanoseconds>(steady - logs_[log].published_at);
    message.logs.push_back({.committed = ledger_.committed(log).value,
                            .stored_bytes = ledger_.stored_bytes(log),
                            .quota_bytes = log < options_.quotas.size() ? options_.quotas[log] : 0,
                            .checkpoint_age = covered ? 0 : static_cast<std::uint64_t>(age.count())});
    changed = changed || message.logs.back() != logs_[log].told;
  }
  next_told_ = end == logs_.size() ? 0 : end;
  if (!changed) return {};
  encode_stats(stats_message_, message);
  if (rings_[0].answers.free_bytes() < RingProducer::footprint(stats_message_.size()) + kAnswerReserveBytes) return {};
  if (auto done = send(0, MessageType::kStats, stats_message_); !done) return done;
  told_stats_ = stats_;
  for (LogNumber log = message.first_log; log < end; ++log) logs_[log].told = message.logs[log - message.first_log];
  wake_gateway();
  return {};
}

void Keeper::issue_sealing_keys() {
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    const keys::IssuedSealingKey issued = wrapper_.issue();
    ++stats_.sealing_keys;
    // Without room the gateway goes on with its present key until it reads.
    [[maybe_unused]] const auto sent = send(i, MessageType::kSealingKey, issued.key.reveal(), issued.wrapped);
  }
  wake_gateway();
}

Result<> Keeper::send(std::size_t ring_index, MessageType type, ByteView a, ByteView b, ByteView c) {
  auto space = rings_[ring_index].answers.begin(static_cast<std::uint32_t>(type), a.size() + b.size() + c.size());
  if (!space) return hostile("it does not read its answers");
  auto out = space->begin();
  for (const ByteView part : {a, b, c}) out = std::copy(part.begin(), part.end(), out);
  rings_[ring_index].answers.commit();
  return {};
}

void Keeper::wake_gateway() {
  for (Ring& ring : rings_) {
    if (!ring.answers.publish()) continue;
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t ignored = ::write(ring.wake_fd, &one, sizeof one);
  }
}

// Blocks until a ring has something, the time for the next checkpoint or keys has come, or it is time to stop.
void Keeper::sleep(int wake_fd, int stop_fd, bool& stop) {
  bool empty = true;
  for (Ring& ring : rings_) empty = ring.requests.prepare_sleep() && empty;
  auto until = std::min({next_keys_, next_room_check_, next_stats_});
  if (!serving_) until = std::chrono::steady_clock::time_point::max();
  if (const auto due = serving_ ? next_due_log() : std::nullopt) until = std::min(until, logs_[*due].next_publish);
  if (const auto due = next_offer()) until = std::min(until, *due);
  const auto longest = clock_.steady() + std::chrono::seconds(1);
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(std::min(until, longest) - clock_.steady());
  pollfd fds[] = {{wake_fd, POLLIN, 0}, {stop_fd, POLLIN, 0}};
  const int timeout_ms = empty ? static_cast<int>(std::clamp<std::int64_t>(wait.count(), 0, 1000)) : 0;
  if (::poll(fds, 2, timeout_ms) > 0) {
    std::uint64_t count = 0;
    if ((fds[0].revents & POLLIN) != 0) [[maybe_unused]]
      const ssize_t n = ::read(wake_fd, &count, sizeof count);
    if (fds[1].revents != 0) stop = true;
  }
  for (Ring& ring : rings_) ring.requests.wake();
}

}  // namespace redoubt::ledger
