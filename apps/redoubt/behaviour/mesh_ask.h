// A question about the mesh, to a running server.
#pragma once

#include <string>

#include "admin/signal_desk.h"
#include "redoubt/administer/session.h"

namespace redoubt::app {

// What is asked for, as a path below /admin/v1.
std::string mesh_path(const admin::MeshAsked& asked);

// Asks, and prints the answer. False: there is no such path.
Result<bool> ask_server(const admin::MeshAsked& asked, AdminSession& session);

}  // namespace redoubt::app
