#include "net/internal/tls_client.h"

#include <openssl/x509v3.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <utility>

#include "base/check.h"
#include "net/internal/openssl.h"

namespace redoubt::net::internal {

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
  // One system call takes all that has come. Nothing is overlooked by that: a read asks for more, and its caller waits,
  // when no whole record is left in the buffer.
  SSL_CTX_set_read_ahead(raw, 1);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT);
  // TLS 1.2: only forward secrecy and authenticated encryption. 1.3 has nothing else.
  REDOUBT_CHECK(SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1);
  static constexpr std::array<unsigned char, 9> kAlpn{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  REDOUBT_CHECK(SSL_CTX_set_alpn_protos(raw, kAlpn.data(), kAlpn.size()) == 0);
  const int loaded =
      ca_file.empty() ? SSL_CTX_set_default_verify_paths(raw) : SSL_CTX_load_verify_file(raw, ca_file.c_str());
  if (loaded != 1) {
    return Error(Errc::kInvalidArgument, "trust anchors `" + ca_file + "` cannot be used: " + take_openssl_error());
  }
  auto impl = std::make_unique<Impl>();
  impl->context = std::move(context);
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(impl)));
}

Result<std::unique_ptr<TlsSession>> TlsContext::connect(int fd, const std::string& host) const {
  ERR_clear_error();
  SslPtr ssl(SSL_new(impl_->context.get()));
  if (!ssl) return Error(Errc::kResourceExhausted, "no memory for a TLS session");
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
  auto session = TlsSession::over(ssl.release(), fd);
  if (!session) return Error(Errc::kResourceExhausted, "no memory for a TLS session");
  return session;
}

}  // namespace redoubt::net::internal
