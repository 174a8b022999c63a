// One witness, as the gateway deals with it: its HTTP client, what it cosigned last, and what the operator was told.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ledger/logs.h"
#include "net/http_client.h"
#include "tlog/hash.h"
#include "tlog/trust_policy.h"

namespace redoubt::gateway::internal {

// On one thread, the io_context's. Neither copied nor moved: coroutines refer to it.
class WitnessPeer {
 public:
  static constexpr std::size_t kMaxReplyBytes = 64 * 1024;

  struct Reply {
    int status = 0;
    std::string content_type;
    std::string body;
  };

  // `url` is the witness's submission prefix. `io` and `sweep` must outlive the peer.
  WitnessPeer(boost::asio::io_context& io, net::DeadlineSweep& sweep, tlog::TrustPolicy::Witness witness,
              net::UpstreamUrl url, std::chrono::milliseconds timeout);
  WitnessPeer(const WitnessPeer&) = delete;
  WitnessPeer& operator=(const WitnessPeer&) = delete;

  const std::string& name() const { return witness_.name; }
  const tlog::VerifierKey& key() const { return witness_.key; }

  // The size of the log that it cosigned last, as far as we know; nothing when we have not heard.
  std::optional<tlog::TreeSize> cosigned(ledger::LogNumber log) const;
  void remember(ledger::LogNumber log, tlog::TreeSize size) { cosigned_[log] = size; }

  // One exchange under the prefix; `path` begins with `/`, and it and `body` stay until it returns. Errors:
  // HttpClient's; kTooLarge above kMaxReplyBytes.
  net::Task<Result<Reply>> exchange(net::Method method, std::string_view path, std::string_view body);

  // Ends every exchange under way, since one took too long; later ones use new connections.
  void cut_off();
  // For good.
  void stop();

  // Tells the operator what is wrong with it for this log, when that is not what was said last; an empty `trouble`
  // means that all is well. kEveryLog: with it as a whole. `why` may differ from time to time and is not compared.
  // Whether something was said.
  bool report(ledger::LogNumber log, std::string_view origin, std::string_view trouble, std::string_view why);

 private:
  std::shared_ptr<net::HttpClient> new_client() const;

  boost::asio::io_context& io_;
  net::DeadlineSweep& sweep_;
  const tlog::TrustPolicy::Witness witness_;
  const net::UpstreamUrl url_;
  const net::ClientLimits limits_;
  std::shared_ptr<net::HttpClient> client_;
  std::map<ledger::LogNumber, tlog::TreeSize> cosigned_;
  std::map<ledger::LogNumber, std::string> troubles_;  // as last told; none: all is well
};

}  // namespace redoubt::gateway::internal
