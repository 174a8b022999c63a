// What a server shows of itself in TLS (RFC 8446), and how it speaks it: 1.3 alone, HTTP/1.1 by ALPN where the client
// asks (RFC 7301), no early data (it can be replayed, RFC 8446 §8), no tickets.
//
// No tickets: a resumed session saves a signature (0.1 ms) but needs ticket keys that all cores share, rotate and lose
// in time, or forward secrecy ends with them. Callers keep their connections.
//
//   auto context = TlsServerContext::create(chain_pem, key.pem());
//   server.set_tls(*context);         // and again, when there is a newer certificate
#pragma once

#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace redoubt::net {

namespace internal {
class TlsSession;
}

// Immutable; any thread. Connections keep what they began with.
class TlsServerContext {
 public:
  // `chain_pem`: the server's certificate, then those of intermediate authorities, if any: 8 in all at most. `key_pem`:
  // its private key, not encrypted. kInvalidArgument says which of them cannot be used, or that they are not a pair.
  static Result<std::shared_ptr<const TlsServerContext>> create(std::string_view chain_pem,
                                                                const crypto::Secret& key_pem);
  ~TlsServerContext();

  // When the server's own certificate ends. Nothing here looks at the time: whoever set it takes it away.
  UnixMillis not_after() const;

  // For HttpServer: a session over `fd`, before its handshake. Null when memory is short.
  std::unique_ptr<internal::TlsSession> accept(int fd) const;

 private:
  struct Impl;
  explicit TlsServerContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace redoubt::net
