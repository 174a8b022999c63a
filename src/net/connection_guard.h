// What a client asks of each new TLS connection before it entrusts a request to it: an exchange of its own, whose
// answer admits the connection or not.
//
//   client.guard(guard);   // before the first send()
//
// So the certificate says who the peer is, and the guard what it is: attested upstreams, `redoubt attest proxy`.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/exchange.h"

namespace redoubt::net {

// On the client's thread.
class ConnectionGuard {
 public:
  // The exchange on one connection.
  class Question {
   public:
    virtual ~Question() = default;
    // It is posted as JSON; both are valid as long as this is.
    virtual std::string_view path() const = 0;
    virtual std::string_view body() const = 0;
    // The longest answer that is read.
    virtual std::size_t answer_limit() const = 0;
    // Whether the peer may have requests. An error closes the connection, and is that of send().
    virtual Result<> judge(int status, std::string_view answer) = 0;
  };

  virtual ~ConnectionGuard() = default;
  // `channel` as this end sees it; the guard outlives what it returns.
  virtual std::unique_ptr<Question> ask(const ChannelBinding& channel) = 0;
};

}  // namespace redoubt::net
