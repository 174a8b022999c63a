// Servers of this machine that listen on a Unix domain socket, for HttpClient.
//
//   HttpClient client(io, sweep, local_url("/srv/redoubt/run/admin.sock"), limits);
//
// Any thread.
#pragma once

#include <string>

#include "net/http_client.h"

namespace redoubt::net {

// `socket`: its path, from the root, at most 107 bytes. It stands where a host has its name, which never begins with a
// slash. Without TLS: nothing leaves the machine.
UpstreamUrl local_url(std::string socket);
bool is_local(const UpstreamUrl& url);

}  // namespace redoubt::net
