#include "net/tls_server.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <string>

#include "base/check.h"
#include "net/internal/openssl.h"
#include "net/internal/tls_session.h"

namespace redoubt::net {

namespace {

using internal::Freer;
using internal::SslCtxPtr;
using internal::SslPtr;
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

constexpr int kMaxChain = 8;
constexpr std::string_view kProtocols{"\x08http/1.1", 9};  // as ALPN writes a list

Error invalid(std::string_view what) {
  return Error(Errc::kInvalidArgument, std::string(what) + ": " + internal::take_openssl_error());
}

// RFC 7301 §3.2: a client that names protocols, and none of ours, is told so.
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                    unsigned int in_size, void*) {
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(kProtocols.data()),
                                          static_cast<unsigned int>(kProtocols.size()), in, in_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// An encrypted key is not asked for on the terminal.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

SslCtxPtr make_context() {
  SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  REDOUBT_CHECK(context != nullptr);
  SSL_CTX* raw = context.get();
  SSL_CTX_set_security_level(raw, 2);
  SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION);
  SSL_CTX_set_options(raw,
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET | SSL_OP_CLEANSE_PLAINTEXT);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  REDOUBT_CHECK(SSL_CTX_set_num_tickets(raw, 0) == 1);
  // The groups that clients have; larger ones would only make handshakes dear.
  REDOUBT_CHECK(SSL_CTX_set1_groups_list(raw, "X25519:P-256:P-384") == 1);
  // An idle connection gives its buffers back; one system call takes all that has come.
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(raw, 1);
  SSL_CTX_set_alpn_select_cb(raw, select_protocol, nullptr);
  return context;
}

Result<UnixMillis> end_of(const X509* certificate) {
  tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return invalid("the certificate has no end");
  return UnixMillis{static_cast<std::int64_t>(::timegm(&parts)) * 1000};
}

}  // namespace

struct TlsServerContext::Impl {
  SslCtxPtr context;
  UnixMillis not_after;
};

TlsServerContext::TlsServerContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsServerContext::~TlsServerContext() = default;

Result<std::shared_ptr<const TlsServerContext>> TlsServerContext::create(std::string_view chain_pem,
                                                                         const crypto::Secret& key_pem) {
  ERR_clear_error();
  SslCtxPtr context = make_context();
  const Bio chain(BIO_new_mem_buf(chain_pem.data(), static_cast<int>(chain_pem.size())));
  const Certificate leaf(chain ? PEM_read_bio_X509(chain.get(), nullptr, no_passphrase, nullptr) : nullptr);
  if (!leaf || SSL_CTX_use_certificate(context.get(), leaf.get()) != 1) {
    return invalid("the server's certificate cannot be used");
  }
  for (int count = 1;; ++count) {
    const Certificate next(PEM_read_bio_X509(chain.get(), nullptr, no_passphrase, nullptr));
    if (!next) {
      // The end of the text is an error like others: only this one is expected.
      if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) return invalid("the certificate chain");
      ERR_clear_error();
      break;
    }
    if (count == kMaxChain || SSL_CTX_add1_chain_cert(context.get(), next.get()) != 1) {
      return invalid("the certificate chain has more than 8 certificates, or one that cannot be used");
    }
  }
  const Bio key_bio(BIO_new_mem_buf(key_pem.reveal().data(), static_cast<int>(key_pem.size())));
  const Key key(key_bio ? PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
  if (!key) return invalid("the server's private key cannot be read");
  if (SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1 || SSL_CTX_check_private_key(context.get()) != 1) {
    return invalid("the private key is not that of the certificate");
  }
  auto end = end_of(leaf.get());
  if (!end) return end.error();
  auto impl = std::make_unique<Impl>(Impl{std::move(context), *end});
  return std::shared_ptr<const TlsServerContext>(new TlsServerContext(std::move(impl)));
}

UnixMillis TlsServerContext::not_after() const {
  return impl_->not_after;
}

std::unique_ptr<internal::TlsSession> TlsServerContext::accept(int fd) const {
  ERR_clear_error();
  SslPtr ssl(SSL_new(impl_->context.get()));
  if (!ssl) return nullptr;
  SSL_set_accept_state(ssl.get());
  return internal::TlsSession::over(ssl.release(), fd);
}

}  // namespace redoubt::net
