// Unix domain sockets of servers on this machine.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace redoubt::net::internal {

// Connected, non-blocking. Does not wait: kUnavailable, saying why, when nobody listens there, when it may not be
// opened or when too many wait already. kInvalidArgument for a path that is not 1 to 107 bytes.
Result<UniqueFd> connect_unix(const std::string& path);

}  // namespace redoubt::net::internal
