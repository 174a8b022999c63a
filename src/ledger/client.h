// The gateway's end of the ledger: one per core, over that core's pair of rings.
//
// Admission first reserves the place of its outcome; an exchange that holds a Reservation can always record how it
// ended. What is submitted leaves with the next flush(); answers are delivered by poll(), inline, on the same thread.
//
//   auto reservation = client.reserve(size);               // or kResourceExhausted / kUnavailable: refuse the request
//   client.submit_admission(*reservation, header, leaf, opening, waiter);
//   client.flush();
//   …                                                      // waiter.appended(…) is called by poll()
//   client.submit_outcome(std::move(*reservation), header, leaf, opening, waiter2);
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/shm_ring.h"
#include "keys/sealing_key.h"
#include "ledger/entry.h"
#include "ledger/keeper_stats.h"
#include "ledger/level_waiters.h"
#include "ledger/open_request.h"
#include "ledger/record_time.h"
#include "ledger/wire.h"

namespace redoubt::ledger {

class LedgerClient {
 public:
  // Told how an append ended; must live until then. Errors: kUnavailable when the ledger stopped: whether the entry is
  // in the ledger is then not known.
  class AppendWaiter {
   public:
    virtual ~AppendWaiter() = default;
    virtual void appended(Result<Appended> result) = 0;
  };
  class OpenWaiter {
   public:
    virtual ~OpenWaiter() = default;
    // Of submit_open() for open_opened() with the reader's key; of submit_open_fact() the opening itself; of
    // submit_key_dictionary() what keys::KeyedRecords::Builder adds; of submit_attest() the evidence; of
    // submit_measure() nothing.
    virtual void opened(Result<Bytes> answer) = 0;
  };
  class CertifyWaiter {
   public:
    virtual ~CertifyWaiter() = default;
    virtual void certified(Result<Bytes> certificate) = 0;  // DER
  };

  // The place of one outcome. Movable; gives its place back when it goes unused.
  class Reservation {
   public:
    Reservation(Reservation&& other) noexcept : client_(std::exchange(other.client_, nullptr)) {}
    Reservation& operator=(Reservation&&) = delete;
    ~Reservation() {
      if (client_ != nullptr) client_->release_reservation();
    }

   private:
    friend class LedgerClient;
    explicit Reservation(LedgerClient* client) : client_(client) {}
    LedgerClient* client_;
  };

  // `keeper_wake_fd` is the keeper's eventfd; it stays the caller's and must outlive the client.
  LedgerClient(RingProducer requests, RingConsumer answers, int keeper_wake_fd);
  LedgerClient(const LedgerClient&) = delete;
  LedgerClient& operator=(const LedgerClient&) = delete;

  // Whether entries can be appended now: a sealing key has come and the ledger has not stopped.
  bool ready() const { return sealer_.has_value() && stopped_.empty(); }
  // Why the ledger stopped; empty while it works.
  const std::string& stopped() const { return stopped_; }
  // Whether the disk is nearly full, or the log has used up its quota: what is admitted may still end, within the place
  // of its outcome, and nothing new begins. It ends by itself when there is room.
  bool full(LogNumber log = kSystemLog) const { return disk_.full || state(log).room.full; }
  std::uint64_t published(LogNumber log = kSystemLog) const { return state(log).published; }
  // The tree size that a quorum of witnesses has cosigned; 0 without witnesses.
  std::uint64_t cosigned(LogNumber log = kSystemLog) const { return state(log).cosigned; }
  // Whether an entry that was appended is at a level, as far as the keeper has said.
  bool covers(const CommitPoint& point) const;
  // What all clients of a process share, before the first record of any; without, a client has its own.
  void share(std::shared_ptr<RecordTime> time) { record_time_ = std::move(time); }
  // No record may claim an earlier time: that of the last commit, as far as the keeper has said, and of the latest
  // record that a client who shares it was told of.
  UnixMillis earliest_time() const { return std::max(last_commit_time_, record_time_->latest()); }
  // A record with this time is about to be submitted.
  void recording(UnixMillis time) { record_time_->reach(time); }

  // What the keeper last said of itself; all zeros until it has. On the first core.
  const KeeperStats& keeper_stats() const { return keeper_stats_; }
  // The same of its logs, by number, as far as it has; and when it was said.
  struct ToldLog {
    LogGauges gauges;
    std::chrono::steady_clock::time_point told{};
  };
  const std::vector<ToldLog>& log_gauges() const { return log_gauges_; }
  // Bytes that wait in the ring for the keeper, and admissions that have no outcome yet.
  std::size_t queued_bytes();
  std::size_t open_admissions() const { return reservations_; }

  // Room for an admission of this size and for its outcome. kResourceExhausted when the ring or the tickets are full,
  // or full(); kUnavailable when !ready().
  Result<Reservation> reserve(std::size_t leaf_size, std::size_t opening_size, LogNumber log = kSystemLog,
                              std::size_t features_size = 0);

  // Whether an outcome of this size goes out now; one that only fits without its values always does.
  bool fits_outcome(std::size_t leaf_size, std::size_t opening_size);

  // Submits. `opening` is the plaintext, sealed here; empty for none. `features` are sealed already, and stored in
  // front of it: at most kMaxSealedFeatures bytes; empty for none. `waiter` may be null. `header.kind` and sizes are
  // filled in. Precondition for the first: reserve() was called with these sizes, nothing was submitted since; for the
  // second: fits_outcome(), or a footprint of at most kOutcomeReserveBytes.
  void submit_admission(Reservation& reservation, EntryHeader header, std::string_view leaf, std::string_view opening,
                        AppendWaiter* waiter, ByteView features = {});
  // The second fails only when the ledger stopped (kUnavailable). After an error the waiter is not told.
  Result<> submit_outcome(Reservation reservation, EntryHeader header, std::string_view leaf, std::string_view opening,
                          AppendWaiter* waiter);
  // An entry of its own. kResourceExhausted, kUnavailable; the waiter is then not told.
  Result<> submit(EntryHeader header, std::string_view leaf, std::string_view opening, AppendWaiter* waiter,
                  ByteView features = {});
  // The same for an entry that changes Redoubt's own state, and whose values submit_open_fact() gives back. On a disk
  // that is nearly full they are taken from a reserve of their own, up to kUrgentFactBytes each, until that is used up:
  // a key can be revoked though nothing is admitted.
  Result<> submit_fact(EntryHeader header, std::string_view leaf, std::string_view opening, AppendWaiter* waiter);
  // `log`: which log's record.
  Result<> submit_open(const OpenRequest& request, OpenWaiter* waiter, LogNumber log = kSystemLog);
  // Asks for the opening of a fact. The keeper refuses entries of every other kind (kPermissionDenied), those without
  // values (kNotFound) or beyond the log's end (kNotFound), and those that no checkpoint covers yet (kUnavailable).
  // kResourceExhausted, kUnavailable; the waiter is then not told.
  Result<> submit_open_fact(tlog::LeafIndex index, OpenWaiter* waiter, LogNumber log = kSystemLog);
  // Asks for the records of a part of a dictionary to be keyed for this process. That a dictionary was is a record in
  // the system log, durable before the answer to its first part; the others follow one at a time, in their order. The
  // keeper refuses as kInvalidArgument what does not, as kUnsupported when it has no key for dictionaries, as
  // kUnavailable while it does not serve, as kResourceExhausted when the ledger or the ring has no room, and as
  // keys::DictionaryOpener does. kResourceExhausted, kUnavailable; the waiter is then not told.
  Result<> submit_key_dictionary(const keys::DictionaryPart& part, OpenWaiter* waiter);
  // Asks for evidence of this machine that names `statement`, 1 to kMaxStatementBytes bytes. The keeper refuses as
  // kUnsupported when it has nothing that attests, as kResourceExhausted when too many wait or the ring has no room,
  // and as its attester does. kInvalidArgument, kResourceExhausted, kUnavailable; the waiter is then not told.
  Result<> submit_attest(ByteView statement, OpenWaiter* waiter);
  // Asks that it be measured that the fact at this index has brought `bundle` into force; the answer has no bytes. The
  // keeper refuses as kUnsupported when it has nothing that measures, as kUnavailable while no checkpoint covers the
  // fact, when one was measured less than kMeasureInterval (keeper.h) before, and while it does not serve, as
  // kInvalidArgument and kNotFound what is no such fact, and as its attester does. kResourceExhausted, kUnavailable;
  // the waiter is then not told.
  Result<> submit_measure(tlog::LeafIndex fact, const crypto::Sha256Digest& bundle, OpenWaiter* waiter);
  // Asks for a TLS certificate. The keeper refuses as kUnsupported when it certifies nothing, and as kResourceExhausted
  // when it is asked too often.
  Result<> submit_certify(const crypto::P256PublicKey& key, CertifyWaiter* waiter);

  // Called from poll() with each checkpoint (a signed note) that witnesses are to cosign; one of a log at a time. Each
  // is answered once, by submit_cosignatures(). Offers that came before are handed over at once.
  using OfferTaker = std::function<void(LogNumber log, std::string note)>;
  void on_offer(OfferTaker taker);
  // The answer to the last offer for this log, of the checkpoint with this size: what witnesses answered, as signature
  // lines; empty when none did. The keeper verifies them. kTooLarge above kMaxCosignatureBytes, kResourceExhausted,
  // kUnavailable.
  Result<> submit_cosignatures(LogNumber log, tlog::TreeSize size, std::string_view lines);

  // Has poll() tell the waiter when the point is reached. Precondition: !covers(). kUnavailable, kResourceExhausted
  // (LevelWaiters::kMax); the waiter is then not told. A level that nothing brings about (`cosigned` without witnesses)
  // is never reached: set a limit of time, and abandon.
  Result<> await_level(const CommitPoint& point, LevelWaiter* waiter);

  // Forgets the waiter: it is going away before its answer, which `heir` gets instead if it is not null.
  void abandon(AppendWaiter* waiter, AppendWaiter* heir = nullptr);
  void abandon(OpenWaiter* waiter);
  void abandon(CertifyWaiter* waiter);
  void abandon(const CommitPoint& point, LevelWaiter* waiter) { level_waiters_.remove(point, waiter); }

  // Makes what was submitted visible to the keeper, waking it if it sleeps.
  void flush();
  // Makes it visible only: a keeper that is at work has it in its next commit, one that sleeps with the next flush(),
  // which must come.
  void share();

  // Delivers the answers that have come. Errors: kCorrupt when the keeper's answers make no sense; the client is then
  // stopped.
  Result<> poll();
  // Around blocking for answers, as RingConsumer's.
  bool prepare_sleep() { return answers_.prepare_sleep(); }
  void wake() { answers_.wake(); }

  // Ends everything outstanding with kUnavailable and refuses from now on. For when the keeper is gone.
  void stop(std::string_view why);

 private:
  struct Slot {
    AppendWaiter* append = nullptr;
    OpenWaiter* open = nullptr;
    CertifyWaiter* certify = nullptr;
    std::uint32_t generation = 0;
    bool used = false;
  };

  // Of the disk, or of a log's quota.
  struct Room {
    bool full = false;
    FullIntake intake = FullIntake::kOutcomes;  // while full
    bool takes(std::size_t fact_footprint) const {
      return !full || (intake == FullIntake::kOutcomesAndFacts && fact_footprint <= kUrgentFactBytes);
    }
  };

  // What the keeper has said of a log.
  struct LogState {
    std::uint64_t published = 0;
    std::uint64_t cosigned = 0;
    Room room;
  };

  const LogState& state(LogNumber log) const;
  LogState* state_to_change(LogNumber log);
  void release_reservation() { --reservations_; }
  std::size_t room();
  Ticket take_ticket(AppendWaiter* append, OpenWaiter* open, CertifyWaiter* certify = nullptr);
  Slot* find(Ticket ticket);
  void free_slot(Slot& slot);
  Result<> submit_alone(const EntryHeader& header, std::string_view leaf, std::string_view opening,
                        AppendWaiter* waiter, ByteView features = {});
  void write_entry(const EntryHeader& header, std::string_view leaf, std::string_view opening, ByteView features,
                   Ticket ticket);
  Result<> handle(MessageType type, ByteView payload);
  bool take_room(MessageType type, ByteView payload);
  Result<> take_stats(ByteView payload);

  RingProducer requests_;
  RingConsumer answers_;
  const int keeper_wake_fd_;
  bool wake_owed_ = false;  // share() found the keeper asleep
  std::optional<keys::OpeningSealer> sealer_;
  std::string stopped_;
  Room disk_;
  std::vector<LogState> logs_;  // by number, as far as they were spoken of
  UnixMillis last_commit_time_{};
  std::shared_ptr<RecordTime> record_time_ = std::make_shared<RecordTime>();
  LevelWaiters level_waiters_;
  OfferTaker take_offer_;
  std::vector<std::pair<LogNumber, std::string>> early_offers_;  // at most one a log
  std::size_t reservations_ = 0;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  Bytes buffer_;
  const std::size_t ring_bytes_;  // what the ring of requests holds
  KeeperStats keeper_stats_;
  std::vector<ToldLog> log_gauges_;
};

}  // namespace redoubt::ledger
