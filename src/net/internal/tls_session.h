// One TLS connection over a socket that does not block, from either side.
//
// OpenSSL's types stay in source files. Nothing here waits: each call says what it would wait for. Nor does a call go
// on for as long as the peer sends: what carries no data (RFC 8446 §4.6.3 lets a peer change keys without end) is taken
// up to kReadBudgetBytes, and the rest when the caller has waited, which is at once. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct ssl_st;  // OpenSSL's SSL

namespace redoubt::net::internal {

enum class TlsIo : std::uint8_t { kDone, kWantRead, kWantWrite, kClosed, kFailed };

class TlsSession {
 public:
  static constexpr std::size_t kReadBudgetBytes = 32 * 1024;  // a record has 16 KiB and a little

  // Takes over `ssl`, which is set up but for its socket. Does not own `fd`. Null when memory is short.
  static std::unique_ptr<TlsSession> over(ssl_st* ssl, int fd);

  TlsIo handshake();
  TlsIo read(char* space, std::size_t size, std::size_t& received);  // kClosed: the peer's close_notify
  TlsIo write(std::string_view bytes, std::size_t& sent);            // after kWant…, call again with the same bytes
  // While nothing is expected: takes session tickets that lie there; false when the peer has closed or sent data.
  bool still_idle();
  // Says goodbye, once, if the kernel takes it at once. Without it the peer takes the end for a cut (RFC 8446 §6.1).
  void close_notify();
  // `tls-exporter` (RFC 9266 §4.1): 32 bytes that both ends of this connection and nobody else can compute; empty
  // before TLS 1.3, where that takes an extension which nobody has to speak. After the handshake.
  std::string exporter() const;
  // SHA-256 of the SubjectPublicKeyInfo (DER) of the certificate that this end has shown; empty if it showed none.
  std::string own_key_digest() const;
  // The same of the peer's.
  std::string peer_key_digest() const;
  // The certificate that the peer has shown, DER; empty if it showed none.
  std::string peer_certificate() const;
  // Before the socket is closed: its number may be another's afterwards. Every further call fails.
  void forget_socket();
  // Why the last call failed.
  const std::string& failure() const { return failure_; }
  // Whether the handshake failed because the peer speaks HTTP without TLS.
  bool met_plain_http() const { return met_plain_http_; }

 private:
  struct Free {
    void operator()(ssl_st* ssl) const;
  };
  // What OpenSSL reads from and writes to.
  struct Wire {
    int fd = -1;
    std::size_t budget = 0;  // bytes to be received before the present call ends
  };
  struct WireBio;

  TlsSession(ssl_st* ssl, int fd) : wire_{.fd = fd}, ssl_(ssl) {}
  TlsIo outcome(int result);

  Wire wire_;
  std::unique_ptr<ssl_st, Free> ssl_;
  std::string failure_;
  bool broken_ = false;
  bool met_plain_http_ = false;
};

}  // namespace redoubt::net::internal
