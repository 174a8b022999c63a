// The engine of the state: facts in, tables and snapshots out. Nothing is true unless the ledger says so.
//
//   auto engine = Engine::open(settings, projections, source, sink, publisher);   // tables brought up to the ledger
//   engine->propose({.kind = "identity.key.revoke", .object = "key/k3", .expects = 2, .body = "{}", …},
//                   [](Result<Applied> done) { … });   // durable, folded, and in force on every core
//
// A change goes through five steps, one change at a time: tried on the tables (and rolled back), appended, durable,
// folded in one transaction with its index, published. SQLite may lag the ledger, never lead it: after a crash at any
// step, open() folds what the ledger has and the tables lack.
//
// One thread: that of the sink. Nothing blocks but SQLite, and FactSource where it is asked (open(), retry()); while
// many facts are folded there, a second thread reads and parses them ahead. After that open() returns when memory is
// loaded, and a second thread writes the tables' file; what needs the file waits for it (written()).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "record/fact_record.h"
#include "state/projection.h"
#include "tlog/hash.h"

namespace redoubt::state {

// Where facts become durable.
class FactSink {
 public:
  virtual ~FactSink() = default;
  // Appends to the system log. `opening` is an encoded record::Opening, or empty. `done` is called once, on the
  // engine's thread, not from within this call: the index, or an error. kResourceExhausted says that the fact is not in
  // the log; after any other error that is not known.
  virtual void append(std::string record, std::string opening, std::function<void(Result<std::uint64_t>)> done) = 0;
  // Wall time that never runs behind the last entry of the ledger.
  virtual UnixMillis now() = 0;
  virtual record::RecordSource source() const = 0;
};

// Where facts are read again: the system log as it is on the disk. read() may run on another thread, one call at a
// time, while the rest is called on the engine's; `take` calls nothing of it.
class FactSource {
 public:
  struct Entry {
    std::uint64_t index = 0;
    tlog::Hash leaf_hash{};
    ByteView record;  // until the next read_one(), or during the call of `take`
    bool has_opening = false;
  };
  virtual ~FactSource() = default;
  // Number of entries, those that were deleted included. What the sink said is durable counts.
  virtual Result<std::uint64_t> size() = 0;
  // The first entry that is still there.
  virtual Result<std::uint64_t> first() { return std::uint64_t{0}; }
  // Those from `from` on, in order, that were appended as facts (others may be there, too). `take` returns whether to
  // go on; its error ends the reading and is returned.
  virtual Result<> read(std::uint64_t from, const std::function<Result<bool>(const Entry&)>& take) = 0;
  // The one entry. kNotFound at or beyond size(), and before first().
  virtual Result<Entry> read_one(std::uint64_t index) = 0;
  // The values of an entry, an encoded record::Opening; kNotFound when they were erased or there are none. Any other
  // error ends the fold, to be tried again.
  virtual Result<Bytes> open(std::uint64_t index) = 0;
};

// Brings what the projections now hold to all cores. Called after each fold that changed something, on the engine's
// thread; not by Engine::open().
class Publisher {
 public:
  virtual ~Publisher() = default;
  // `everywhere` is called once, on the engine's thread, when every core has it; also from within this call.
  virtual void publish(std::function<void()> everywhere) = 0;
};

struct Value {
  std::string field;
  std::string text;
};

// What somebody wants changed. The meaning of the members is record::Fact's.
struct Proposal {
  std::string kind;
  record::FactVerb verb = record::FactVerb::kOther;
  record::FactSeverity severity = record::FactSeverity::kInformational;
  std::string object;
  std::uint64_t expects = 0;
  std::string body = "{}";
  record::FactActor actor;
  std::string approval;
  std::vector<std::string> approved_by;
  std::string idempotency_key;  // hex, as in the fact; empty for none
  std::string idempotency_request;
  std::string before;
  std::string after;
  std::vector<Value> values;  // committed to and sealed, not in the record
};

struct Applied {
  std::uint64_t index = 0;    // of the fact
  std::uint64_t version = 0;  // of the object, now
  bool repeated = false;      // an earlier proposal with this idempotency key was this one; nothing was appended
};

// What an idempotency key was used for.
struct Earlier {
  Applied applied;      // `repeated` is set
  std::string object;   // what that changed
  std::string request;  // Proposal::idempotency_request of the one that used it
};

// The proposal to erase values that the fact at `index` commits to: the tables forget them, for good. Destroying what
// is sealed beside the record is the ledger's part. The actor is the caller's to fill in; `expects` is
// engine.version_of("fact/INDEX").
Proposal propose_erasure(std::uint64_t index, const std::vector<std::string>& fields, std::uint64_t expects);

class Engine {
 public:
  static constexpr std::size_t kMaxQueued = 1024;             // proposals waiting; further ones are refused
  static constexpr std::size_t kMaxValuesBytes = 512 * 1024;  // of a proposal's values, sealed together
  static constexpr std::int64_t kIdempotencyMs = 24LL * 3600 * 1000;

  struct Settings {
    std::string path;  // of the database; its folder exists
    // Pages of 4,096 bytes that the database may have; 0: as many as the disk takes.
    std::int64_t max_pages_for_test = 0;
    // Called on the thread that writes what a start folded.
    enum class Writing : std::uint8_t { kBegins, kCommitted, kInPlace };
    std::function<void(Writing)> on_writing_for_test;
  };
  // How the state came up, for the log.
  struct Start {
    std::uint64_t replayed = 0;  // facts
    bool rebuilt = false;        // the tables were not there, or could not be used: made anew from the ledger
    std::string why_rebuilt;
    std::string set_aside;  // where the unusable ones are now; they may hold values that are erased since
  };

  // Opens the tables, migrates them, folds what the ledger has beyond them, loads the projections. Tables that are
  // missing or damaged are set aside (`PATH.damaged-N`) and made anew. After many facts the projections are loaded, and
  // the tables are still being written, on a thread of their own: written() says when that has ended. Errors:
  // kVerifyFailed when the tables know of facts that the ledger does not have, or has otherwise: one of the two was
  // rolled back or exchanged, and serving would act on it; kUnsupported for tables of a newer schema; what the source,
  // the disk and load() say. All arguments must outlive the engine. What the disk says to tables that are written after
  // the return, current() does.
  static Result<std::unique_ptr<Engine>> open(const Settings& settings, std::vector<Projection*> projections,
                                              FactSource& source, FactSink& sink, Publisher& publisher);
  // Proposals that wait are answered kCancelled; that of a fact on its way is not answered. Waits for what the start
  // writes.
  ~Engine();

  // Makes it a fact, in order, and calls `done` once it is in force on every core, or at once with an error (also from
  // within this call). Errors: kConflict when the object's version is not `expects`; what the projections say;
  // kInvalidArgument for an idempotency key that was used for another request, or for what cannot be written as a fact
  // (kTooLarge, too); kResourceExhausted for a full queue or ledger. Then nothing has changed. kUnavailable when the
  // tables lag or the ledger stopped: whether it changed anything is open, and looking again tells. Waits for what the
  // start writes.
  void propose(Proposal proposal, std::function<void(Result<Applied>)> done);

  // What was made of this idempotency key within the last kIdempotencyMs; nothing when it is unused: for a caller that
  // wants to answer as it did, without putting the proposal together again.
  std::optional<Earlier> earlier(std::string_view idempotency_key);

  // Whether everything durable is folded. While it is not (the tables' disk is full, say), nothing may be decided by
  // the snapshots: they may lack a revocation. Proposals are refused. False, too, once it shows that what the start
  // folded cannot be written.
  bool current() const;
  // Whether the tables are in their file, and no call waits for that: what is not urgent is better left until then.
  // Always after a start that folded few facts; again and again to be asked after another.
  bool written() const;
  // Waits for it. kUnavailable, while !current(), when it is not to be had.
  Result<> await_written();
  // Folds what is missing; after a start whose tables could not be written, as open(), and all is written before it
  // returns. `everywhere` of the publication is waited for by nobody. What still hinders it; nothing when
  // all is well. Call it now and then while !current().
  Result<> retry();
  // The same for whoever reads a ledger that others write: folds what the source has beyond the tables, and publishes
  // nothing.
  Result<> catch_up();

  // For reading; facts alone change them. Until written(), find() and each_row() read most tables in memory, and all
  // else waits.
  Tables& tables();
  // 0 when there is no such object. Waits until written(), as earlier() and table_digests() do.
  std::uint64_t version_of(std::string_view object);
  const Start& start() const;
  const std::string& path() const;
  // Index of the last fact folded, whether or not it changed anything; nothing before the first.
  std::optional<std::uint64_t> applied() const;
  std::size_t queued() const;

  // What each table holds, as one digest (hexadecimal) over its rows in order of their keys, for comparing two states;
  // sorted by name. Reads everything.
  Result<std::vector<std::pair<std::string, std::string>>> table_digests();

 private:
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace redoubt::state
