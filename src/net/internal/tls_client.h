// TLS (RFC 8446; 1.2, RFC 5246, where an upstream has no more) from the client's side, over a socket that does not
// block.
//
// OpenSSL's types stay in the source file. Nothing here waits: each call says what it would wait for. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace redoubt::net::internal {

// Trust anchors and settings, shared by the sessions of a client.
class TlsContext {
 public:
  // Anchors are those of the PEM file, or the system's when `ca_file` is empty. kInvalidArgument when the file cannot
  // be used.
  static Result<std::shared_ptr<TlsContext>> create(const std::string& ca_file);
  ~TlsContext();

 private:
  friend class TlsSession;
  struct Impl;
  explicit TlsContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

enum class TlsIo : std::uint8_t { kDone, kWantRead, kWantWrite, kClosed, kFailed };

class TlsSession {
 public:
  // Will prove that the peer is `host`, a name or a numeric address. Does not own `fd`.
  static Result<std::unique_ptr<TlsSession>> create(const TlsContext& context, int fd, const std::string& host);
  ~TlsSession();

  TlsIo handshake();
  TlsIo read(char* space, std::size_t size, std::size_t& received);  // kClosed: the peer's close_notify
  TlsIo write(std::string_view bytes, std::size_t& sent);            // after kWant…, call again with the same bytes
  // While nothing is expected: takes session tickets that lie there; false when the peer has closed or sent data.
  bool still_idle();
  // Says goodbye, if the kernel takes it at once.
  void close_notify();
  // Why the last call failed.
  std::string failure() const;

 private:
  struct Impl;
  explicit TlsSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace redoubt::net::internal
