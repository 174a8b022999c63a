// The witness's HTTP interface (C2SP tlog-witness): one prefix for submission and for monitoring.
#pragma once

#include "net/exchange.h"
#include "net/http_server.h"
#include "tlog/witness.h"

namespace redoubt::app {

// POST /add-checkpoint, GET /ORIGIN-HASH/checkpoint, GET /healthz. One thread, which a request that is cosigned holds
// for the syncs that make it durable: judging and persisting is one step because nothing else runs meanwhile.
class WitnessRoutes final : public net::ExchangeHandler {
 public:
  // `witness` must outlive the routes.
  explicit WitnessRoutes(tlog::Witness& witness) : witness_(witness) {}

  net::Task<> handle(net::Exchange& exchange) override;

 private:
  tlog::Witness& witness_;
};

// What the server holds strangers to.
net::ServerLimits witness_server_limits();

}  // namespace redoubt::app
