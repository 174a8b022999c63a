// What a client asks of each new TLS connection before it entrusts a request to it: exchanges of its own, after which
// it admits the connection or not.
//
//   client.guard(guard);   // before the first send()
//
// So the certificate says who the peer is, and the guard what it is: attested upstreams, `redoubt attest proxy`.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/exchange.h"
#include "net/task.h"

namespace redoubt::net {

// What a guard found a peer to be; connections to it share it. Immutable.
class AdmittedPeer {
 public:
  virtual ~AdmittedPeer() = default;
  // Whether what was decided about this peer holds for `other`, of the same guard, too.
  virtual bool is_same_as(const AdmittedPeer& other) const = 0;
  // Whether a connection to it may have a further request.
  virtual bool is_current() const = 0;
};

// One new connection, which nobody else uses.
class GuardedConnection {
 public:
  struct Reply {
    int status = 0;
    std::string body;
  };

  virtual ~GuardedConnection() = default;
  // As this end sees it; empty without TLS 1.3.
  virtual const ChannelBinding& channel_binding() const = 0;
  // The certificate that the peer has shown on this connection (DER); empty without TLS.
  virtual const std::string& server_certificate() const = 0;
  // One exchange on this connection; a body goes as JSON. Errors: those of HttpClient::send(), on no other connection;
  // kTooLarge when the answer has more than `answer_limit` bytes; kUnavailable when the peer ends the connection, also
  // after an answer. After an error there is no further exchange. The parameters must stay valid meanwhile.
  virtual Task<Result<Reply>> exchange(Method method, std::string_view path, std::string_view body,
                                       std::size_t answer_limit) = 0;
};

// On the client's thread.
class ConnectionGuard {
 public:
  virtual ~ConnectionGuard() = default;
  // What the peer is; not null. An error closes the connection, and is that of send(). The guard outlives the client,
  // `connection` the call.
  virtual Task<Result<std::shared_ptr<const AdmittedPeer>>> admit(GuardedConnection& connection) = 0;
};

}  // namespace redoubt::net
