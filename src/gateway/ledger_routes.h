// `/ledger/…`, `/healthz` and `/readyz`: checkpoints, tiles, receipts, opened values, and whether we work.
//
// Checkpoint and hash tiles are public, as C2SP tlog-tiles means them: they hold hashes only. A receipt needs any key
// of ours; entry bundles, which hold records, a key of an auditor. Values are opened by the keeper for openers that it
// knows, and pass through here sealed to their reader.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/api_keys.h"
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

class LedgerRoutes {
 public:
  // Longest time that a receipt's request waits for a checkpoint that covers it.
  static constexpr std::chrono::milliseconds kReceiptWait{1000};

  LedgerRoutes(boost::asio::io_context& io, Recorder& recorder, LedgerFiles& files);

  // False when the path is none of ours. Errors have the form of RFC 9457. `keys` is not used after the first
  // suspension, so it may be replaced meanwhile.
  net::Task<bool> handle(net::Exchange& exchange, const ApiKeys& keys);

 private:
  net::Task<> receipt(net::Exchange& exchange, std::string_view index_text);
  net::Task<> resource(net::Exchange& exchange, std::string_view path);
  net::Task<> open_values(net::Exchange& exchange);
  net::Task<> health(net::Exchange& exchange, bool ready_wanted);

  boost::asio::io_context& io_;
  Recorder& recorder_;
  LedgerFiles& files_;
};

}  // namespace redoubt::gateway
