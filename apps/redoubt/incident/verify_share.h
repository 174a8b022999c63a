// `redoubt incident verify-share`, which needs no server.
#pragma once

#include <string>

#include "redoubt/commands.h"

namespace redoubt::app {

// `file`: what `redoubt incident share` wrote. Exit status 0 when every fact is proven, and the policy's quorum met if
// one was given.
int run_verify_share(const Common& common, const LedgerAccess& access, const std::string& file);

}  // namespace redoubt::app
