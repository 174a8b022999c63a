// Who the keeper and the gateway are, what of the folder belongs to whom, and what the gateway may still do.
// docs/operating/confinement.md is the operator's view.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "confine/privileges.h"
#include "net/http_client.h"
#include "redoubt/layout.h"
#include "redoubt/settings.h"

namespace redoubt::app {

struct ProcessUsers {
  std::optional<confine::UserIds> keeper;    // empty: the launcher's
  std::optional<confine::UserIds> gateway;   // empty: the launcher's
  std::optional<confine::UserIds> notifier;  // empty: the launcher's
  std::optional<confine::UserIds> attester;  // empty: the launcher's
};

// From `process.keeper_user`, `.gateway_user`, `.notifier_user` and, where the processor attests, `.attester_user`. A
// launcher that is not root cannot change users: all are empty. Errors: kNotFound, kInvalidArgument; two processes with
// one user id is the latter.
Result<ProcessUsers> find_process_users(const Settings& settings);

// Makes ledger/ and state/ where they are missing, and, as root, gives keeper/ and ledger/ with all that lies in them
// to the keeper, state/ to the gateway, and the group of ledger/ to the gateway, which reads it. Goes by descriptors
// and follows no link below these folders. kPermissionDenied for anything that is not a plain file or folder, that has
// a second name, or that belongs to somebody else than root, the owner of the whole folder, or the present owner of the
// folder given.
Result<> take_over(const Layout& layout, const ProcessUsers& users);

// How a process names a folder that it has open, although the way to it may be closed to its user.
std::string path_of_descriptor(int folder);

// Confines the calling process as the gateway, which connects to the upstream and to witnesses. Its working folder is
// the ledger's; it writes in that of the state alone, which is open as `state_folder`. `ca_file` is loaded already.
Result<> confine_gateway(const Settings& settings, const std::optional<confine::UserIds>& user,
                         const net::UpstreamUrl& upstream, std::span<const net::UpstreamUrl> witnesses,
                         int state_folder);

}  // namespace redoubt::app
