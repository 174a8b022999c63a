// `/ledger/…`, `/healthz`, `/readyz` and `/metrics`: checkpoints, tiles, receipts, opened values, and whether and how
// we work.
//
// `/ledger/…` is the system log, `/ledger/t/TENANT/…` a tenant's. Checkpoint and hash tiles of the system log are
// public, as C2SP tlog-tiles means them: they hold hashes only. Of a tenant's log they tell how much it is used, so
// they need a key of that tenant, unless it is configured otherwise. A receipt needs any key of the log; entry bundles,
// which hold records, a key of one of its auditors, and each reading of one is an exchange in the log. To everybody
// else a tenant's log is as if it were not. Values are opened by the keeper for openers that it knows, and pass through
// here sealed to their reader; asking needs an auditor's key, so that no stranger makes the keeper verify signatures.
//
// `/metrics` is for an auditor who belongs to no tenant: it tells the volumes of all of them. Reading it is not
// recorded: it shows counts and nothing of any exchange, and a record for each reading would be most of what is
// counted.
//
// Refusals are recorded: of strangers counted together, of holders of a key one by one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/access.h"
#include "gateway/commit_settings.h"
#include "gateway/denial_counter.h"
#include "gateway/recorder.h"
#include "ledger/reader.h"
#include "net/exchange.h"

namespace redoubt::gateway {

// Reads ledger files on a thread of its own, so that a slow disk does not hold up requests. At most kMaxQueued reads
// wait; further ones are refused. Shared by all cores.
class LedgerFiles {
 public:
  static constexpr std::size_t kMaxQueued = 256;

  // `fs` must outlive this object. `directory`: the ledger's.
  LedgerFiles(FileSystem& fs, std::string directory);
  ~LedgerFiles();  // waits for reads under way

  using Read = std::function<Result<std::string>(ledger::LedgerReader&)>;

  // Runs a copy of `read` there, with a reader of `log`, and continues on `io`; `log` and `read` must live until then.
  // kResourceExhausted when too many wait.
  net::Task<Result<std::string>> run(boost::asio::io_context& io, const Log& log, const Read& read);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

inline constexpr std::string_view kMetricsPath = "/metrics";

bool is_ledger_path(std::string_view path);

class LedgerRoutes {
 public:
  // Longest time that a receipt's request waits for a checkpoint that covers it.
  static constexpr std::chrono::milliseconds kReceiptWait{1000};

  // All must outlive the routes. `entities`: the core's. `asks_witnesses`: the ledger is ready once they have answered.
  LedgerRoutes(boost::asio::io_context& io, Recorder& recorder, DenialCounter& denials, LedgerFiles& files,
               identity::EntityCache& entities, const CommitSettings& commit, bool asks_witnesses = false);

  // What `/metrics` answers, in the form of encoding/metrics_text.h; an error is a 503. Without one, always that.
  using Scrape = std::function<net::Task<Result<std::string>>()>;
  void on_scrape(Scrape scrape) { scrape_ = std::move(scrape); }

  // What is to be known though requests are answered, a line without its end, for `/readyz`; empty: nothing. Any
  // thread.
  using Remark = std::function<std::string_view()>;
  void on_ready(Remark remark) { remark_ = std::move(remark); }

  // Why nothing is ready though requests could be answered, for `/readyz`; empty: nothing keeps it. Any thread.
  using Obstacle = std::function<std::string()>;
  void on_obstacle(Obstacle obstacle) { obstacle_ = std::move(obstacle); }

  // False when the path is none of ours. Errors have the form of RFC 9457. `access` must outlive the call; null: nobody
  // is known and nothing permitted, not yet or, when it is `withdrawn`, not any more.
  net::Task<bool> handle(net::Exchange& exchange, const Access* access, bool withdrawn = false);

 private:
  struct Refusal;  // what is answered and recorded
  struct Asker;    // a caller, and its log

  // Null: nobody known.
  net::Task<> route(net::Exchange& exchange, Asker* asker);
  net::Task<> receipt(net::Exchange& exchange, const Asker& asker, std::string_view index_text);
  net::Task<> entries(net::Exchange& exchange, const Asker& auditor, std::string_view path);
  net::Task<> resource(net::Exchange& exchange, const Log& log, std::string_view path);
  net::Task<> open_values(net::Exchange& exchange, const Asker& auditor);
  net::Task<> health(net::Exchange& exchange, bool ready_wanted, bool in_force, bool withdrawn);
  net::Task<> metrics(net::Exchange& exchange, Asker* asker);
  // Whether a response to an incident holds the asker back; then it has been refused, on record.
  net::Task<bool> held_back(net::Exchange& exchange, Asker& asker, std::string_view operation);
  // Whether policies permit it; if not it has been refused, on record.
  net::Task<bool> permitted(net::Exchange& exchange, Asker& asker, Action action);

  // Refuses somebody unknown: counted with others.
  net::Task<> refuse_stranger(net::Exchange& exchange, const Refusal& refusal);
  // Refuses one whom we know: a record of its own.
  net::Task<> refuse(net::Exchange& exchange, const Asker& asker, std::string_view operation, const Refusal& refusal);

  boost::asio::io_context& io_;
  Recorder& recorder_;
  DenialCounter& denials_;
  LedgerFiles& files_;
  identity::EntityCache& entities_;
  const CommitSettings& commit_;
  const bool asks_witnesses_;
  Scrape scrape_;
  Remark remark_;
  Obstacle obstacle_;
};

}  // namespace redoubt::gateway
