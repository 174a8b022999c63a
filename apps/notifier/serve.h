// `redoubt-notifier serve`: tells what a server says, until it is told to end. Started by `redoubt serve`.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "confine/privileges.h"

namespace redoubt {

struct NotifierOptions {
  std::string dir;       // Redoubt's folder, from which notify.toml names files
  int settings_fd = -1;  // where notify.toml was sent (base/pass_file.h)
  int orders_fd = -1;    // where orders come from and words go to (notify/wire.h)
  std::string user;      // `user:group`, whose rights to keep; empty: one's own
  bool require_confinement = false;
};

// Reads settings and secrets, gives up all rights but those to connect to the endpoints' ports, and tells. Ends on
// SIGTERM, which cuts short what is under way, or when nobody can give orders any more.
Result<> serve_notices(const NotifierOptions& options);

}  // namespace redoubt
