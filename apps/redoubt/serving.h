// What a server is started with: its configuration, what the command line says in place of it, and what the files say
// that it names. The launcher reads and checks all of it before anything is made or started.
//
//   auto serving = read_serving(layout, options);
//   …  serving->settings.threads
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "redoubt/commands.h"
#include "redoubt/layout.h"
#include "redoubt/settings.h"

namespace redoubt::app {

struct Serving {
  Settings settings;
  net::ListenAddress listen;  // the callers'
  std::string upstream_key;   // its API key; empty: none
  std::vector<net::UpstreamUrl> witness_urls;
  bool has_quorum = false;  // whether the witness policy has one
  std::string log_key;      // with witnesses: the system log's verifier key

  // Whether callers see certificates of the keeper's.
  bool keeper_certifies() const { return settings.tls && settings.tls_certificate.empty(); }
};

// Errors: kNotFound when the folder is not initialised; kInvalidArgument for what contradicts, or would let a network
// read what is secret; those of the files. What is allowed and risky is in the log.
Result<Serving> read_serving(const Layout& layout, const ServeOptions& options);

}  // namespace redoubt::app
