// What processes that connect to others by name, and by TLS, need beside system calls of their own.
#pragma once

#include <string>

#include "confine/restrict.h"

namespace redoubt::confine {

// An IPv4 or IPv6 address as text, which need not be looked up.
bool is_address(const std::string& host);

// What looking up a name reads, and whom it asks: UDP to anywhere, and TCP to port 53.
void allow_name_lookup(Restrictions& wanted);

// To read the system's trust anchors, which OpenSSL looks up one by one when it meets a certificate. Where
// SSL_CERT_DIR and SSL_CERT_FILE say where they are, these.
void allow_trust_anchors(Restrictions& wanted);

}  // namespace redoubt::confine
