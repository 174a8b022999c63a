// redoubt.toml: what it may say, and its defaults (docs/operating/configuration.md).
#pragma once

#include <string>

#include "base/file.h"
#include "base/result.h"
#include "gateway/gateway.h"

namespace redoubt::app {

struct Settings {
  std::string listen = "127.0.0.1:8080";
  unsigned threads = 1;
  std::string origin;
  std::string tenant;
  std::uint64_t segment_bytes = 64 * 1024 * 1024;
  std::string upstream_url;
  std::string upstream_name = "default";
  std::string upstream_provider = "unknown";
  std::string upstream_key_file;  // holds the upstream's API key; empty for none
  std::string upstream_ca_file;
  std::string keeper_user = "redoubt-keeper";    // name or number; empty: the launcher's user
  std::string gateway_user = "redoubt-gateway";  // name or number; empty: the launcher's user
  bool require_confinement = false;
  net::ServerLimits server;
  net::ClientLimits client;
  std::size_t max_reply_bytes = 16 * 1024 * 1024;
  std::chrono::milliseconds drain_grace{30'000};
};

// Errors name file, line and column; a key that nobody knows is one.
Result<Settings> load_settings(FileSystem& fs, const std::string& path);

// The file that `redoubt init` writes.
std::string initial_settings(const std::string& origin, const std::string& upstream_url);

}  // namespace redoubt::app
