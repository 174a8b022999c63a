#include "net/internal/tls_session.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/check.h"
#include "crypto/sha256.h"
#include "net/internal/openssl.h"

namespace redoubt::net::internal {

namespace {

constexpr std::string_view kExporterLabel = "EXPORTER-Channel-Binding";
constexpr std::size_t kExporterBytes = 32;

// SHA-256 of the certificate's SubjectPublicKeyInfo; empty for none.
std::string key_digest(const X509* certificate) {
  if (certificate == nullptr) return {};
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  REDOUBT_CHECK(size > 0);
  const crypto::Sha256Digest digest =
      crypto::sha256({reinterpret_cast<const std::byte*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return std::string(as_chars(digest));
}

}  // namespace

// A BIO of our own: OpenSSL's socket BIO writes without MSG_NOSIGNAL, so a peer that goes would end the program.
struct TlsSession::WireBio {
  static Wire& wire(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* space, std::size_t size, std::size_t* received) {
    BIO_clear_retry_flags(bio);
    *received = 0;
    Wire& from = wire(bio);
    if (from.budget == 0) {
      BIO_set_retry_read(bio);
      return 0;
    }
    const ssize_t n = ::recv(from.fd, space, std::min(size, from.budget), MSG_DONTWAIT);
    if (n > 0) {
      *received = static_cast<std::size_t>(n);
      from.budget -= *received;
      return 1;
    }
    if (n == 0) {
      BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
      BIO_set_retry_read(bio);
    }
    return 0;
  }

  static int write(BIO* bio, const char* bytes, std::size_t size, std::size_t* sent) {
    BIO_clear_retry_flags(bio);
    const ssize_t n = ::send(wire(bio).fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    *sent = n > 0 ? static_cast<std::size_t>(n) : 0;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) BIO_set_retry_write(bio);
    return n > 0 ? 1 : 0;
  }

  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static BIO_METHOD* method() {
    static const std::unique_ptr<BIO_METHOD, Freer<BIO_meth_free>> made([] {
      BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "redoubt socket");
      REDOUBT_CHECK(method != nullptr);
      BIO_meth_set_read_ex(method, read);
      BIO_meth_set_write_ex(method, write);
      BIO_meth_set_ctrl(method, control);
      return method;
    }());
    return made.get();
  }
};

void TlsSession::Free::operator()(ssl_st* ssl) const {
  SSL_free(ssl);
}

std::unique_ptr<TlsSession> TlsSession::over(ssl_st* ssl, int fd) {
  std::unique_ptr<TlsSession> session(new TlsSession(ssl, fd));
  BIO* bio = ssl != nullptr ? BIO_new(WireBio::method()) : nullptr;
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, &session->wire_);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  return session;
}

TlsIo TlsSession::outcome(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE:
      return TlsIo::kDone;
    case SSL_ERROR_WANT_READ:
      return TlsIo::kWantRead;
    case SSL_ERROR_WANT_WRITE:
      return TlsIo::kWantWrite;
    case SSL_ERROR_ZERO_RETURN:
      return TlsIo::kClosed;
    default:
      break;
  }
  broken_ = true;
  const unsigned long code = ERR_peek_last_error();
  met_plain_http_ = ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST;
  const long verify = SSL_get_verify_result(ssl_.get());
  if (verify != X509_V_OK) {
    ERR_clear_error();
    failure_ = std::string("the certificate is not acceptable: ") + X509_verify_cert_error_string(verify);
  } else if (code == 0) {
    failure_ = "the connection ended";
  } else {
    failure_ = take_openssl_error();
  }
  return TlsIo::kFailed;
}

TlsIo TlsSession::handshake() {
  ERR_clear_error();
  wire_.budget = kReadBudgetBytes;
  return outcome(SSL_do_handshake(ssl_.get()));
}

TlsIo TlsSession::read(char* space, std::size_t size, std::size_t& received) {
  ERR_clear_error();
  wire_.budget = kReadBudgetBytes;
  received = 0;
  return outcome(SSL_read_ex(ssl_.get(), space, size, &received));
}

TlsIo TlsSession::write(std::string_view bytes, std::size_t& sent) {
  ERR_clear_error();
  sent = 0;
  return outcome(SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent));
}

bool TlsSession::still_idle() {
  char byte = 0;
  std::size_t received = 0;
  ERR_clear_error();
  wire_.budget = kReadBudgetBytes;
  return outcome(SSL_peek_ex(ssl_.get(), &byte, 1, &received)) == TlsIo::kWantRead;
}

void TlsSession::close_notify() {
  // OpenSSL forbids shutting down after a fatal error, and during the handshake there is nothing to end.
  if (broken_ || SSL_in_init(ssl_.get()) != 0 || (SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0) return;
  ERR_clear_error();
  static_cast<void>(SSL_shutdown(ssl_.get()));
  ERR_clear_error();
}

void TlsSession::forget_socket() {
  wire_.fd = -1;
}

std::string TlsSession::exporter() const {
  if (SSL_version(ssl_.get()) < TLS1_3_VERSION) return {};
  std::string out(kExporterBytes, '\0');
  // No context: in TLS 1.3 the same as the empty one that RFC 9266 says (RFC 8446 §7.5).
  REDOUBT_CHECK(SSL_export_keying_material(ssl_.get(), reinterpret_cast<unsigned char*>(out.data()), out.size(),
                                           kExporterLabel.data(), kExporterLabel.size(), nullptr, 0, 0) == 1);
  return out;
}

std::string TlsSession::own_key_digest() const {
  return key_digest(SSL_get_certificate(ssl_.get()));
}

std::string TlsSession::peer_key_digest() const {
  return key_digest(SSL_get0_peer_certificate(ssl_.get()));
}

std::string TlsSession::peer_certificate() const {
  const X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr) return {};
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  REDOUBT_CHECK(size > 0);
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

}  // namespace redoubt::net::internal
