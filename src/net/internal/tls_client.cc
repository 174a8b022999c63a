#include "net/internal/tls_client.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <limits>
#include <utility>

#include "base/check.h"

namespace redoubt::net::internal {

namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using SslCtxPtr = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Freer<SSL_free>>;

std::string openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return reason != nullptr ? reason : "unknown cause";
}

// A BIO of our own: OpenSSL's socket BIO writes without MSG_NOSIGNAL, so a peer that goes would end the program.
int bio_fd(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int bio_read(BIO* bio, char* space, std::size_t size, std::size_t* received) {
  BIO_clear_retry_flags(bio);
  const ssize_t n = ::recv(bio_fd(bio), space, size, MSG_DONTWAIT);
  if (n > 0) {
    *received = static_cast<std::size_t>(n);
    return 1;
  }
  *received = 0;
  if (n == 0) {
    BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
    BIO_set_retry_read(bio);
  }
  return 0;
}

int bio_write(BIO* bio, const char* bytes, std::size_t size, std::size_t* sent) {
  BIO_clear_retry_flags(bio);
  const ssize_t n = ::send(bio_fd(bio), bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  *sent = n > 0 ? static_cast<std::size_t>(n) : 0;
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) BIO_set_retry_write(bio);
  return n > 0 ? 1 : 0;
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* socket_method() {
  static const std::unique_ptr<BIO_METHOD, Freer<BIO_meth_free>> method([] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "redoubt socket");
    REDOUBT_CHECK(made != nullptr);
    BIO_meth_set_read_ex(made, bio_read);
    BIO_meth_set_write_ex(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }());
  return method.get();
}

}  // namespace

struct TlsContext::Impl {
  SslCtxPtr context;
};

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<TlsContext>> TlsContext::create(const std::string& ca_file) {
  ERR_clear_error();
  SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  REDOUBT_CHECK(context != nullptr);
  SSL_CTX* raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT);
  // TLS 1.2: only forward secrecy and authenticated encryption. 1.3 has nothing else.
  REDOUBT_CHECK(SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1);
  static constexpr std::array<unsigned char, 9> kAlpn{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  REDOUBT_CHECK(SSL_CTX_set_alpn_protos(raw, kAlpn.data(), kAlpn.size()) == 0);
  const int loaded =
      ca_file.empty() ? SSL_CTX_set_default_verify_paths(raw) : SSL_CTX_load_verify_file(raw, ca_file.c_str());
  if (loaded != 1) {
    return Error(Errc::kInvalidArgument, "trust anchors `" + ca_file + "` cannot be used: " + openssl_error());
  }
  auto impl = std::make_unique<Impl>();
  impl->context = std::move(context);
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(impl)));
}

struct TlsSession::Impl {
  TlsIo outcome(int result) {
    switch (SSL_get_error(ssl.get(), result)) {
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
    broken = true;
    const long verify = SSL_get_verify_result(ssl.get());
    if (verify != X509_V_OK) {
      ERR_clear_error();
      failure = std::string("the certificate is not acceptable: ") + X509_verify_cert_error_string(verify);
    } else if (ERR_peek_last_error() == 0) {
      failure = "the connection ended";
    } else {
      failure = openssl_error();
    }
    return TlsIo::kFailed;
  }

  SslPtr ssl;
  std::string failure;
  bool broken = false;
};

TlsSession::TlsSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsSession::~TlsSession() = default;

Result<std::unique_ptr<TlsSession>> TlsSession::create(const TlsContext& context, int fd, const std::string& host) {
  ERR_clear_error();
  SslPtr ssl(SSL_new(context.impl_->context.get()));
  BIO* bio = ssl ? BIO_new(socket_method()) : nullptr;
  if (bio == nullptr) return Error(Errc::kResourceExhausted, "no memory for a TLS session");
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl.get(), bio, bio);
  SSL_set_connect_state(ssl.get());

  // The name must be in the certificate (RFC 9525): no partial wildcards, no fall-back to the common name.
  X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl.get());
  X509_VERIFY_PARAM_set_hostflags(parameters,
                                  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  boost::system::error_code not_numeric;
  boost::asio::ip::make_address(host, not_numeric);
  const bool named = static_cast<bool>(not_numeric);
  const bool set = named ? X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size()) == 1 &&
                               SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                                        const_cast<char*>(host.c_str())) == 1
                         : X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1;
  if (!set) return Error(Errc::kInvalidArgument, "the host `" + host + "` cannot be verified");
  auto impl = std::make_unique<Impl>();
  impl->ssl = std::move(ssl);
  return std::unique_ptr<TlsSession>(new TlsSession(std::move(impl)));
}

TlsIo TlsSession::handshake() {
  ERR_clear_error();
  return impl_->outcome(SSL_do_handshake(impl_->ssl.get()));
}

TlsIo TlsSession::read(char* space, std::size_t size, std::size_t& received) {
  ERR_clear_error();
  received = 0;
  return impl_->outcome(SSL_read_ex(impl_->ssl.get(), space, size, &received));
}

TlsIo TlsSession::write(std::string_view bytes, std::size_t& sent) {
  ERR_clear_error();
  sent = 0;
  return impl_->outcome(SSL_write_ex(impl_->ssl.get(), bytes.data(), bytes.size(), &sent));
}

bool TlsSession::still_idle() {
  char byte = 0;
  std::size_t received = 0;
  ERR_clear_error();
  return impl_->outcome(SSL_peek_ex(impl_->ssl.get(), &byte, 1, &received)) == TlsIo::kWantRead;
}

void TlsSession::close_notify() {
  // OpenSSL forbids shutting down after a fatal error, and during the handshake there is nothing to end.
  if (impl_->broken || SSL_in_init(impl_->ssl.get()) != 0) return;
  ERR_clear_error();
  static_cast<void>(SSL_shutdown(impl_->ssl.get()));
  ERR_clear_error();
}

std::string TlsSession::failure() const {
  return impl_->failure;
}

}  // namespace redoubt::net::internal
