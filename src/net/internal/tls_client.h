// TLS (RFC 8446; 1.2, RFC 5246, where an upstream has no more) from the client's side. One thread.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "net/internal/tls_session.h"

namespace redoubt::net::internal {

// Trust anchors and settings, shared by the sessions of a client.
class TlsContext {
 public:
  // Anchors are those of the PEM file, or the system's when `ca_file` is empty. kInvalidArgument when the file cannot
  // be used.
  static Result<std::shared_ptr<TlsContext>> create(const std::string& ca_file);
  ~TlsContext();

  // A session over `fd`, before its handshake, in which the peer must prove that it is `host`, a name or a numeric
  // address.
  Result<std::unique_ptr<TlsSession>> connect(int fd, const std::string& host) const;

 private:
  struct Impl;
  explicit TlsContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace redoubt::net::internal
