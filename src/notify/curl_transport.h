// Sends by libcurl: HTTPS, and SMTP with TLS.
//
// What a configured address can be made to do is little. No redirect is followed; no proxy, cookie, credential or
// configuration of the machine is used; of schemes there are `https` and `smtps` (`smtp` with STARTTLS, without which
// nothing is sent), and `http` where the endpoint may be plain. The address that a name resolves to is looked at when
// the connection is made, so that a name cannot be another one meanwhile: what is not public is refused, unless the
// endpoint may be private, and link-local addresses, where clouds keep credentials, always are. Certificates are
// verified. What a receiver answers is read up to 64 KiB and thrown away; the whole takes 15 s at most, however
// slowly it drips.
#pragma once

#include <chrono>
#include <memory>

#include "base/result.h"
#include "notify/transport.h"

namespace redoubt::notify {

struct CurlLimits {
  std::chrono::milliseconds connect = std::chrono::seconds(5);
  std::chrono::milliseconds whole = std::chrono::seconds(15);
  std::size_t answer_bytes = std::size_t{64} * 1024;
};

class CurlTransport final : public Transport {
 public:
  // kUnavailable when libcurl cannot be set up. Call the first one from the only thread.
  static Result<std::unique_ptr<CurlTransport>> create(const CurlLimits& limits = {});
  ~CurlTransport() override;

  Answer send(const Endpoint& endpoint, const Message& message, const std::atomic<bool>& stop) override;

 private:
  struct Impl;
  explicit CurlTransport(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// What became of an HTTP status, as the lane has it: 2xx is delivered; 408, 425, 429 and 5xx are worth another attempt;
// all else, redirects too, is not.
Answer answer_of_status(long status, std::optional<std::chrono::milliseconds> after);

// Whether an endpoint that is not private may be reached at this address (an IPv4 or IPv6 one, in network order, 4 or
// 16 bytes): not loopback, private (RFC 1918, 4193, 6598), link-local, multicast, reserved (RFC 6890), nor IPv4 within
// IPv6 of such.
bool is_public_address(ByteView address);
// Link-local: 169.254/16 and fe80::/10. Of no endpoint.
bool is_link_local(ByteView address);

}  // namespace redoubt::notify
