// A server that is reached through a balancer which ends TLS: each request is sealed to a key that evidence vouches
// for, so that only the attested program reads it.
//
//   SealedServer server(client, accepted, now);
//   auto response = co_await server.send(request);
//   while (true) { auto piece = co_await (*response)->read_some(); … }     // empty: the proper end
//
// A verified key is used for ten minutes at most, then there is a new question. One thread, the client's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "attest/sealed_key.h"
#include "attest/verifier.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/http_client.h"
#include "ohttp/binary_http.h"
#include "ohttp/encapsulation.h"
#include "redoubt/attest/server_guard.h"

namespace redoubt::app::attest_verbs {

// What was opened of a response, as it comes.
class SealedResponse {
 public:
  SealedResponse(std::unique_ptr<net::ClientResponse> outer, ohttp::ResponseOpener opener)
      : outer_(std::move(outer)), opener_(std::move(opener)) {}

  // Precondition: send() has returned it.
  const ohttp::ResponseReader::Head& head() const { return *reader_.head(); }
  // The next piece; empty at the proper end. Errors, after which there is no more: those of the connection;
  // kVerifyFailed for what was not sealed by the server in answer to this request, or was cut.
  net::Task<Result<std::string>> read_some();

 private:
  friend class SealedServer;
  // Reads until there is a head.
  net::Task<Result<>> begin();
  net::Task<Result<>> read_more();

  std::unique_ptr<net::ClientResponse> outer_;
  ohttp::ResponseOpener opener_;
  ohttp::ResponseReader reader_;
  bool ended_ = false;
};

class SealedServer {
 public:
  static constexpr std::int64_t kKeyAgeMs = 10 * 60 * 1000;

  // `client` leads to the balancer; `accepted` says what is demanded of the server behind it. Both must outlive this.
  SealedServer(net::HttpClient& client, const ServerGuard& accepted, ServerGuard::Now now)
      : client_(client), accepted_(accepted), now_(std::move(now)) {}

  // `request` stays valid until this returns; `date` is added to its fields. When the server does not know the key any
  // more, it is asked for another, once; nothing of the request was opened then. Errors: those of the client;
  // kVerifyFailed when the evidence is refused; kUnavailable, with the reason, for an answer that is not sealed.
  net::Task<Result<std::unique_ptr<SealedResponse>>> send(const ohttp::BinaryRequest& request);

  // How often evidence was accepted.
  std::uint64_t verified() const { return verified_; }

 private:
  struct VerifiedKey {
    ohttp::KeyConfiguration configuration;
    UnixMillis until;
  };
  struct Reply {
    int status = 0;
    std::string body;
  };

  net::Task<Result<>> ask();
  static net::Task<Result<Reply>> read_all(net::ClientResponse& response, std::size_t limit);

  net::HttpClient& client_;
  const ServerGuard& accepted_;
  const ServerGuard::Now now_;
  attest::Verifier verifier_;
  std::optional<VerifiedKey> key_;
  std::uint64_t verified_ = 0;
};

}  // namespace redoubt::app::attest_verbs
