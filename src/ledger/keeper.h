// The keeper's service: takes entries from the gateway's rings, commits them in groups, acknowledges, publishes.
//
// Commit without linger: when idle, what arrives is synced at once; what arrives during a sync is the next batch.
// Everything on a ring is hostile until checked; the first message that breaks a rule, and the first failed write or
// sync, end the service, and every ring is told why.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/shm_ring.h"
#include "crypto/ed25519.h"
#include "keys/sealing_key.h"
#include "keys/tls_authority.h"
#include "ledger/ledger.h"
#include "ledger/open_request.h"
#include "ledger/reader.h"
#include "ledger/wire.h"
#include "record/exchange_record.h"

namespace redoubt::ledger {

struct KeeperOptions {
  std::chrono::milliseconds publish_interval{250};  // at most one checkpoint in this time
  std::chrono::milliseconds sealing_key_life{60'000};
  std::size_t batch_bytes = 2 * 1024 * 1024;      // a batch is cut when it has more
  std::vector<crypto::Ed25519PublicKey> openers;  // who may have values opened
  record::RecordSource source;                    // of the records that the keeper makes itself
  keys::TlsAuthority* tls_authority = nullptr;    // null: TLS certificates are refused; else outlives the keeper
};

struct KeeperStats {
  std::uint64_t commits = 0;
  std::uint64_t entries = 0;
  std::uint64_t checkpoints = 0;
};

class Keeper {
 public:
  // All arguments must outlive the keeper. `reader` reads the same folder as `ledger`.
  Keeper(Ledger& ledger, LedgerReader& reader, keys::KeyWrapper& wrapper, const Clock& clock, KeeperOptions options);

  // One core's rings. `gateway_wake_fd`: that core's eventfd.
  void add_ring(RingConsumer requests, RingProducer answers, int gateway_wake_fd);

  // Closes exchanges that an earlier run left open, with `interrupted` records, and publishes. Call once before run().
  Result<std::size_t> close_interrupted();

  // Serves until `stop_fd` is readable; then commits and publishes what has come, and returns. `wake_fd` is the
  // keeper's eventfd. An error means that the ledger stopped, and every ring has been told.
  Result<> run(int wake_fd, int stop_fd);

  const KeeperStats& stats() const { return stats_; }

 private:
  struct Ring {
    RingConsumer requests;
    RingProducer answers;
    int wake_fd;
  };
  struct PendingAnswer {
    std::size_t ring;
    Ticket ticket;
    tlog::LeafIndex index;
  };
  struct PendingOpen {
    std::size_t ring;
    Ticket ticket;
    OpenRequest request;
    std::uint64_t record_index;  // of the record that says so
  };

  Result<> serve(int wake_fd, int stop_fd);
  Result<std::size_t> drain();
  Result<bool> take_one(std::size_t ring_index);
  Result<> take_append(std::size_t ring_index, std::size_t size);
  Result<> take_open(std::size_t ring_index, std::size_t size);
  Result<> take_certify(std::size_t ring_index, std::size_t size);
  Result<> commit();
  Result<> publish();
  Result<> announce();
  Result<> answer_open(const PendingOpen& open);
  void issue_sealing_keys();
  Result<> send(std::size_t ring_index, MessageType type, ByteView a, ByteView b = {}, ByteView c = {});
  void refuse(std::size_t ring_index, MessageType answer, Ticket ticket, const Error& error);
  void refuse_open(std::size_t ring_index, Ticket ticket, const Error& error);
  void wake_gateway();
  void sleep(int wake_fd, int stop_fd, bool& stop);
  UnixMillis now() const;

  Ledger& ledger_;
  LedgerReader& reader_;
  keys::KeyWrapper& wrapper_;
  const Clock& clock_;
  const KeeperOptions options_;
  std::vector<Ring> rings_;
  std::vector<PendingAnswer> answers_;
  std::vector<PendingOpen> opens_;
  std::chrono::steady_clock::time_point next_publish_{};
  std::chrono::steady_clock::time_point next_keys_{};
  std::string record_;
  Bytes request_;
  KeeperStats stats_;
};

}  // namespace redoubt::ledger
