// The keeper's service: takes entries from the gateway's rings, commits them in groups, acknowledges, publishes.
//
// Commit without linger: when idle, what arrives is synced at once; what arrives during a sync is the next batch.
// When the disk is nearly full the gateway is told to begin nothing new: outcomes of what was admitted are taken, and
// facts, from a reserve of their own above that of the outcomes; values are not opened (that would be a record), and
// when there is room again it goes on by itself. A disk that is full all the same is a failed write.
//
// Everything on a ring is hostile until checked; the first message that breaks a rule, and the first failed write or
// sync, end the service, and every ring is told why.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/shm_ring.h"
#include "crypto/ed25519.h"
#include "keys/dictionary_opener.h"
#include "keys/sealing_key.h"
#include "keys/tls_authority.h"
#include "ledger/attester.h"
#include "ledger/keeper_stats.h"
#include "ledger/ledger.h"
#include "ledger/open_request.h"
#include "ledger/wire.h"
#include "record/exchange_record.h"

namespace redoubt::ledger {

// A record of the keeper's own, appended to the system log when it begins to serve.
struct OwnRecord {
  // Its text. An error leaves it out, and the log says why.
  std::function<Result<std::string>(UnixMillis now, const record::RecordSource& source)> make;
  // It is durable. An error ends the service.
  std::function<Result<>(tlog::LeafIndex index, ByteView record)> appended;
};

struct KeeperOptions {
  std::chrono::milliseconds publish_interval{250};  // at most one checkpoint of each log in this time
  std::chrono::milliseconds sealing_key_life{60'000};
  // Witnesses are asked again after this time when the quorum was not met.
  std::chrono::milliseconds witness_retry_interval{1000};
  std::size_t batch_bytes = 2 * 1024 * 1024;  // a batch is cut when it has more
  // Below so many bytes free, the next segment not counted, the disk is nearly full, and until there is an eighth more.
  // Raised to what the outcomes of all open exchanges, the tree's hashes and a checkpoint may take, and
  // kFactReserveBytes above that, if it is more.
  std::uint64_t free_space_reserve = 256 * 1024 * 1024;
  std::chrono::milliseconds stats_interval{1000};       // between two messages of what was counted
  std::chrono::milliseconds room_check_interval{1000};  // and after every kRoomCheckBytes (kFullRoomCheckBytes) taken
  // Bytes that a log's entries may take, by log number; 0 and what is missing: as many as the disk has. A log that has
  // used them up takes outcomes only.
  std::vector<std::uint64_t> quotas;
  std::vector<crypto::Ed25519PublicKey> openers;         // who may have values opened
  std::string product_version;                           // for the records that the keeper makes itself
  keys::TlsAuthority* tls_authority = nullptr;           // null: TLS certificates are refused; else outlives the keeper
  const keys::DictionaryOpener* dictionaries = nullptr;  // null: dictionaries are refused; likewise
  Attester* attester = nullptr;                          // null: there is no evidence; likewise
  std::optional<OwnRecord> own_record = std::nullopt;
};

inline constexpr std::uint64_t kRoomCheckBytes = 16 * 1024 * 1024;
inline constexpr std::uint64_t kFullRoomCheckBytes = 1024 * 1024;  // while the disk is nearly full
// What facts have to themselves on a disk that is nearly full, at the least: some thousand of a few KiB each, and their
// place in the state's tables, which may lie on the same disk.
inline constexpr std::uint64_t kFactReserveBytes = 16 * 1024 * 1024;

// What waits for the attester, of all rings: a gateway asks for one thing at a time on each core.
inline constexpr std::size_t kMaxWaitingAttests = 64;
// Between two measurements of a bundle: what a TPM keeps of them wears it out.
inline constexpr std::chrono::seconds kMeasureInterval{1};

class Keeper {
 public:
  // All references must outlive the keeper.
  Keeper(Ledger& ledger, keys::KeyWrapper& wrapper, const Clock& clock, KeeperOptions options);

  // One core's rings. `gateway_wake_fd`: that core's eventfd.
  void add_ring(RingConsumer requests, RingProducer answers, int gateway_wake_fd);

  // Closes exchanges that an earlier run left open, with `interrupted` records, and publishes. Done by run() before it
  // serves; alone for tests.
  Result<std::size_t> close_interrupted();

  // Serves until `stop_fd` is readable; then commits and publishes what has come, and returns. `wake_fd` is the
  // keeper's eventfd. An error means that the ledger stopped, and every ring has been told.
  //
  // Where the ledger has witnesses, the gateway is first given the last checkpoint of every log for them to cosign, and
  // nothing is appended or signed before it has answered for each: with the quorum's fresh cosignatures where the
  // ledger requires it. A ledger that was rolled back is thereby found before it could contradict itself; the gateway,
  // who learns it from the witnesses, then stops.
  Result<> run(int wake_fd, int stop_fd);

  const KeeperStats& stats() const { return stats_; }

 private:
  // A dictionary that is being keyed: that it is, is on record.
  struct DictionaryTurn {
    keys::DictionaryId id;
    std::string name;
    std::uint32_t next = 0;  // the part that may be asked for
  };
  struct Ring {
    RingConsumer requests;
    RingProducer answers;
    int wake_fd;
    std::optional<DictionaryTurn> dictionary = {};
  };
  struct PendingAnswer {
    std::size_t ring;
    Ticket ticket;
    std::size_t in_batch;
  };
  struct PendingOpen {
    std::size_t ring;
    Ticket ticket;
    LogNumber log;
    OpenRequest request;
  };
  // The first part of a dictionary, keyed: sent when the record of it is durable.
  struct PendingDictionary {
    std::size_t ring;
    Ticket ticket;
    DictionaryTurn turn;
    Result<Bytes> answer;  // wiped once it is sent
  };
  struct PendingAttest {
    std::size_t ring;
    Ticket ticket;
    std::variant<Bytes, Activation> task;  // a statement, or what is to be measured
  };
  // What the disk has room for.
  enum class Room : std::uint8_t { kOutcomes, kOutcomesAndFacts, kEverything };
  struct LogSchedule {
    std::chrono::steady_clock::time_point next_publish{};
    std::chrono::steady_clock::time_point next_offer{};
    std::chrono::steady_clock::time_point published_at{};  // or the keeper's start
    bool full = false;                                     // its quota is used up
    bool offered = false;                                  // and not answered yet
    bool asked = false;  // witnesses have answered since the start, as far as that is required
    std::uint64_t offered_size = 0;
    LogGauges told;  // in the last statistics that named it
  };

  Result<> serve(int wake_fd, int stop_fd);
  Result<std::size_t> drain();
  Result<bool> take_one(std::size_t ring_index);
  Result<> take_append(std::size_t ring_index, std::size_t size);
  Result<> take_open(std::size_t ring_index, std::size_t size);
  Result<> take_open_fact(std::size_t ring_index, std::size_t size);
  Result<> take_key_dictionary(std::size_t ring_index, std::size_t size);
  Result<> answer_dictionaries();
  Result<> take_attest(std::size_t ring_index, std::size_t size);
  Result<> append_own_record();
  Result<> take_measure(std::size_t ring_index, std::size_t size);
  Result<Activation> find_activation(tlog::LeafIndex fact, const crypto::Sha256Digest& bundle);
  Result<> await_attester(MessageType answer, PendingAttest asked);
  void begin_attest();
  Result<> answer_attests();
  Result<> send_keyed(std::size_t ring_index, Ticket ticket, Result<Bytes>& answer);
  Result<> add_record(LogNumber log, const ExchangeId& uid);
  Result<> take_certify(std::size_t ring_index, std::size_t size);
  Result<> take_cosigned(std::size_t ring_index, std::size_t size);
  Result<> offer_due();
  bool asking() const;
  bool wants_cosignatures(LogNumber log) const;
  std::optional<std::chrono::steady_clock::time_point> next_offer() const;
  Result<> commit();
  Result<> publish(LogNumber log);
  Result<> publish_all();
  Result<> publish_one_due();
  std::optional<LogNumber> next_due_log() const;
  Result<> announce(LogNumber log);
  Result<> announce_room(LogNumber log, Room room);
  Result<> check_quota(LogNumber log);
  record::RecordSource source(LogNumber log) const;
  Result<> answer_open(const PendingOpen& open);
  Result<Bytes> open_fact(LogNumber log, tlog::LeafIndex index);
  Result<Bytes> unseal(const StoredEntry& entry);
  Result<StoredEntry> read(LogNumber log, tlog::LeafIndex index);
  Result<> send_opened(std::size_t ring_index, MessageType answer, Ticket ticket, const Result<Bytes>& opened);
  Result<> check_room();
  Result<> tell_stats();
  void issue_sealing_keys();
  Result<> send(std::size_t ring_index, MessageType type, ByteView a, ByteView b = {}, ByteView c = {});
  void refuse(std::size_t ring_index, MessageType answer, Ticket ticket, const Error& error);
  void wake_gateway();
  void sleep(int wake_fd, int stop_fd, bool& stop);
  UnixMillis now() const;

  Ledger& ledger_;
  keys::KeyWrapper& wrapper_;
  const Clock& clock_;
  const KeeperOptions options_;
  std::vector<Ring> rings_;
  std::vector<PendingAnswer> answers_;
  std::vector<PendingOpen> opens_;
  std::vector<PendingDictionary> dictionaries_;
  std::deque<PendingAttest> attests_;  // the first is under way
  std::vector<LogSchedule> logs_;      // by number
  std::chrono::steady_clock::time_point next_keys_{};
  std::chrono::steady_clock::time_point next_room_check_{};
  std::chrono::steady_clock::time_point next_measure_{};
  std::uint64_t taken_bytes_ = 0;  // since the last look at the disk
  Room room_ = Room::kEverything;
  bool serving_ = false;         // witnesses have been asked, if there are any
  std::uint64_t started_s_ = 0;  // seconds since 1970
  std::string record_;
  Bytes request_;
  KeeperStats stats_;
  KeeperStats told_stats_;   // those last sent
  LogNumber next_told_ = 0;  // where the next statistics begin
  Bytes stats_message_;
  std::chrono::steady_clock::time_point next_stats_{};
  std::chrono::steady_clock::time_point batch_began_{};  // the last look at the rings before its first entry
};

}  // namespace redoubt::ledger
