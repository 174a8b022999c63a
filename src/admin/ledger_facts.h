// Where the state's facts are kept: the system log of the ledger, through the keeper.
//
//   LedgerFactSink sink(client, clock, io.get_executor(), {.log_origin = origin, …});
//   KeeperOpener opener(client, wake_fd, 10s);
//   LedgerFactSource source(fs, directory, sink, opener);
//   auto engine = state::Engine::open(settings, projections, source, sink, publisher);   // once client.ready()
//
// One thread: that of the client, who calls its poll().
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"
#include "ledger/client.h"
#include "ledger/reader.h"
#include "net/task.h"
#include "state/engine.h"

namespace redoubt::admin {

// Appends facts. What they keep sealed leaves this process sealed.
class LedgerFactSink final : public state::FactSink {
 public:
  // What a record says beside its fact.
  struct Source {
    std::string log_origin;  // of the system log
    std::string product_version;
  };
  // All references must outlive the sink. `executor`: of the thread's io_context, which also runs what is left when
  // the sink is gone.
  LedgerFactSink(ledger::LedgerClient& client, const Clock& clock, net::Executor executor, Source source);
  LedgerFactSink(const LedgerFactSink&) = delete;
  LedgerFactSink& operator=(const LedgerFactSink&) = delete;
  // Forgets who waits: `done` of an append that is under way is not called any more.
  ~LedgerFactSink() override;

  // Beside what state::FactSink says: kTooLarge when the record or its opening exceed what the ledger takes (the fact
  // is not in the log); kUnavailable while the client is not ready, or when the ledger stopped.
  void append(std::string record, std::string opening, std::function<void(Result<std::uint64_t>)> done) override;
  // Never runs backwards.
  UnixMillis now() override;
  record::RecordSource source() const override;

  // One more than the index of the last fact that became durable through this sink; 0 before the first. Any thread.
  std::uint64_t durable() const { return durable_; }

 private:
  struct Append;
  void answer(Append* append, Result<std::uint64_t> result);

  ledger::LedgerClient& client_;
  const Clock& clock_;
  const net::Executor executor_;
  const Source source_;
  UnixMillis latest_{};
  std::atomic<std::uint64_t> durable_ = 0;
  std::vector<std::unique_ptr<Append>> appends_;  // under way
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Has the keeper open a fact, and blocks the thread until it answers: for when the state is brought up to the ledger,
// before the thread serves. Other answers that come meanwhile are delivered, too.
class KeeperOpener {
 public:
  // `client` must outlive this. `wake_fd` is the eventfd by which the keeper wakes the client's thread; it stays the
  // caller's. It is read from, which whoever else waits for it must bear.
  KeeperOpener(ledger::LedgerClient& client, int wake_fd, std::chrono::milliseconds timeout)
      : client_(&client), wake_fd_(wake_fd), timeout_(timeout) {}

  // As LedgerClient::submit_open_fact() has it; kDeadlineExceeded when no answer comes, kCorrupt for one that makes no
  // sense.
  Result<Bytes> operator()(std::uint64_t index) const;

 private:
  ledger::LedgerClient* client_;
  int wake_fd_;
  std::chrono::milliseconds timeout_;
};

// Reads facts from the ledger's files, each checked against its stored hash.
class LedgerFactSource final : public state::FactSource {
 public:
  using Open = std::function<Result<Bytes>(std::uint64_t index)>;
  // `directory`: the ledger's. `sink`: whose facts count as durable; null when nothing is appended meanwhile. `fs` and
  // `sink` must outlive this. What the keeper has not published is not in the files: before the first call it has said
  // that it is ready.
  LedgerFactSource(FileSystem& fs, std::string directory, const LedgerFactSink* sink, Open open);

  Result<std::uint64_t> size() override;
  // Facts alone. kUnavailable, after those that could be read, when the last durable ones are not published yet;
  // kCorrupt when an entry is not what its hash says, or a fact is not kept as one.
  Result<> read(std::uint64_t from, const std::function<Result<bool>(const Entry&)>& take) override;
  Result<Entry> read_one(std::uint64_t index) override;
  Result<Bytes> open(std::uint64_t index) override { return open_(index); }

 private:
  std::uint64_t durable() const { return sink_ == nullptr ? 0 : sink_->durable(); }

  FileSystem& fs_;
  const std::string directory_;
  const LedgerFactSink* const sink_;
  const Open open_;
  ledger::LedgerReader reader_;
  ledger::StoredEntry one_;  // read_one()'s
};

}  // namespace redoubt::admin
