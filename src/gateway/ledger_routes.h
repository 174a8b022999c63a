// `/ledger/…`, `/healthz` and `/readyz`: checkpoints, tiles, receipts, opened values, and whether we work.
//
// Checkpoint and hash tiles are public, as C2SP tlog-tiles means them: they hold hashes only. A receipt needs any key
// of ours; entry bundles, which hold records, a key of an auditor, and each reading of one is an exchange in the
// ledger. Values are opened by the keeper for openers that it knows, and pass through here sealed to their reader;
// asking needs an auditor's key, so that no stranger makes the keeper verify signatures.
//
// Refusals are recorded: of strangers counted together, of holders of a key one by one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/api_keys.h"
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

  explicit LedgerFiles(std::unique_ptr<ledger::LedgerReader> reader);
  ~LedgerFiles();  // waits for reads under way

  using Read = std::function<Result<std::string>(ledger::LedgerReader&)>;

  // Runs a copy of `read` there and continues on `io`; `read` must live until then. kResourceExhausted when too many
  // wait.
  net::Task<Result<std::string>> run(boost::asio::io_context& io, const Read& read);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

bool is_ledger_path(std::string_view path);

class LedgerRoutes {
 public:
  // Longest time that a receipt's request waits for a checkpoint that covers it.
  static constexpr std::chrono::milliseconds kReceiptWait{1000};

  // All must outlive the routes.
  LedgerRoutes(boost::asio::io_context& io, Recorder& recorder, DenialCounter& denials, LedgerFiles& files);

  // False when the path is none of ours. Errors have the form of RFC 9457. `keys` must outlive the call.
  net::Task<bool> handle(net::Exchange& exchange, const ApiKeys& keys);

 private:
  struct Refusal;  // what is answered and recorded

  net::Task<> route(net::Exchange& exchange, std::string_view path, const ApiKey* principal);
  net::Task<> receipt(net::Exchange& exchange, const ApiKey& principal, std::string_view index_text);
  net::Task<> entries(net::Exchange& exchange, const ApiKey& auditor, std::string_view path);
  net::Task<> resource(net::Exchange& exchange, std::string_view path);
  net::Task<> open_values(net::Exchange& exchange, const ApiKey& auditor);
  net::Task<> health(net::Exchange& exchange, bool ready_wanted);

  // Refuses somebody unknown: counted with others.
  net::Task<> refuse_stranger(net::Exchange& exchange, const Refusal& refusal);
  // Refuses one whom we know: a record of its own.
  net::Task<> refuse(net::Exchange& exchange, const record::ExchangeFacts& facts, const Refusal& refusal);

  boost::asio::io_context& io_;
  Recorder& recorder_;
  DenialCounter& denials_;
  LedgerFiles& files_;
};

}  // namespace redoubt::gateway
