// `redoubt attest proxy --sealed`: what comes to the port of this machine goes on sealed (sealed_server.h).
#pragma once

#include <string>
#include <utility>

#include "net/exchange.h"
#include "redoubt/attest/sealed_server.h"

namespace redoubt::app::attest_verbs {

class SealedProxy final : public net::ExchangeHandler {
 public:
  // Of an answer that is not a stream; larger ones are refused.
  static constexpr std::size_t kMaxWhole = 64 * 1024 * 1024;

  // `server` must outlive it. `authority`: the server's, as HTTP has it.
  SealedProxy(SealedServer& server, std::string authority) : server_(server), authority_(std::move(authority)) {}

  net::Task<> handle(net::Exchange& exchange) override;

 private:
  SealedServer& server_;
  const std::string authority_;
};

}  // namespace redoubt::app::attest_verbs
