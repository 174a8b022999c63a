#include "crypto/tests/support/test_authority.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "crypto/internal/evp.h"
#include "crypto/internal/hash.h"

namespace redoubt::crypto {

namespace {

using internal::Deleter;
using X509Owner = std::unique_ptr<X509, Deleter<X509_free>>;
using CrlOwner = std::unique_ptr<X509_CRL, Deleter<X509_CRL_free>>;
using NameOwner = std::unique_ptr<X509_NAME, Deleter<X509_NAME_free>>;
using TimeOwner = std::unique_ptr<ASN1_TIME, Deleter<ASN1_TIME_free>>;
using ExtensionOwner = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;
using Octets = std::unique_ptr<ASN1_OCTET_STRING, Deleter<ASN1_OCTET_STRING_free>>;
using Object = std::unique_ptr<ASN1_OBJECT, Deleter<ASN1_OBJECT_free>>;

EVP_PKEY* make_key(KeyType type) {
  switch (type) {
    case KeyType::kRsa:
      return EVP_RSA_gen(2048);
    case KeyType::kP256:
      return EVP_EC_gen("P-256");
    case KeyType::kP384:
      return EVP_EC_gen("P-384");
    case KeyType::kP521:
      return EVP_EC_gen("P-521");
    case KeyType::kEd25519:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  }
  REDOUBT_CHECK(false);
}

NameOwner make_name(const std::string& text) {
  NameOwner name(X509_NAME_new());
  REDOUBT_CHECK(X509_NAME_add_entry_by_txt(name.get(), "CN", MBSTRING_UTF8,
                                           reinterpret_cast<const unsigned char*>(text.data()),
                                           static_cast<int>(text.size()), -1, 0) == 1);
  return name;
}

template <class T>
Bytes to_der(const T* object, int (*encode)(const T*, unsigned char**)) {
  unsigned char* der = nullptr;
  const int size = encode(object, &der);
  REDOUBT_CHECK(size > 0);
  const auto view = std::as_bytes(std::span(der, static_cast<std::size_t>(size)));
  Bytes out(view.begin(), view.end());
  OPENSSL_free(der);
  return out;
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  const ExtensionOwner extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
  REDOUBT_CHECK(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

const EVP_MD* hash_for(EVP_PKEY* key, HashAlgorithm hash) {
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? nullptr : internal::hash_of(hash);
}

Bytes sign_with(EVP_PKEY* key, const EVP_MD* hash, bool pss, ByteView message) {
  const internal::DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;
  REDOUBT_CHECK(EVP_DigestSignInit(context.get(), &settings, hash, nullptr, key) == 1);
  if (pss) {
    REDOUBT_CHECK(EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1 &&
                  EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) == 1);
  }
  std::size_t size = 0;
  REDOUBT_CHECK(EVP_DigestSign(context.get(), nullptr, &size, as_uchars(message), message.size()) == 1);
  Bytes out(size);
  REDOUBT_CHECK(
      EVP_DigestSign(context.get(), as_uchars(MutableByteView(out)), &size, as_uchars(message), message.size()) == 1);
  out.resize(size);
  return out;
}

}  // namespace

struct TestAuthority::Impl {
  internal::Pkey key;
  NameOwner name;
  X509Owner x509;
};

TestAuthority::TestAuthority(const std::string& name, const TestTerms& terms)
    : impl_(std::make_unique<Impl>(Impl{internal::Pkey(make_key(terms.key)), make_name(name), nullptr})) {
  issue(*this, terms);
}

TestAuthority::TestAuthority(const std::string& name, const TestAuthority& issuer, const TestTerms& terms)
    : impl_(std::make_unique<Impl>(Impl{internal::Pkey(make_key(terms.key)), make_name(name), nullptr})) {
  issue(issuer, terms);
}

TestAuthority::TestAuthority(TestAuthority&&) noexcept = default;
TestAuthority::~TestAuthority() = default;

void TestAuthority::issue(const TestAuthority& issuer, const TestTerms& terms) {
  impl_->x509.reset(X509_new());
  X509* x509 = impl_->x509.get();
  static std::int64_t serial = 0;
  REDOUBT_CHECK(X509_set_version(x509, 2) == 1 && ASN1_INTEGER_set_int64(X509_get_serialNumber(x509), ++serial) == 1 &&
                X509_set_subject_name(x509, impl_->name.get()) == 1 &&
                X509_set_issuer_name(x509, issuer.impl_->name.get()) == 1 &&
                X509_set_pubkey(x509, impl_->key.get()) == 1);
  REDOUBT_CHECK(ASN1_TIME_set(X509_getm_notBefore(x509), terms.from.value / 1000) != nullptr &&
                ASN1_TIME_set(X509_getm_notAfter(x509), terms.to.value / 1000) != nullptr);
  if (terms.is_authority) add_extension(x509, NID_basic_constraints, "critical,CA:TRUE");
  if (!terms.key_usage.empty()) add_extension(x509, NID_key_usage, "critical," + terms.key_usage);
  auto extensions = terms.extensions;
  if (terms.extensions_for) {
    for (auto& each : terms.extensions_for(public_key())) extensions.push_back(std::move(each));
  }
  for (const auto& [oid, value] : extensions) {
    const Object object(OBJ_txt2obj(oid.c_str(), 1));
    const Octets octets(ASN1_OCTET_STRING_new());
    REDOUBT_CHECK(ASN1_OCTET_STRING_set(octets.get(), as_uchars(ByteView(value)), static_cast<int>(value.size())) == 1);
    const ExtensionOwner extension(
        X509_EXTENSION_create_by_OBJ(nullptr, object.get(), terms.critical ? 1 : 0, octets.get()));
    REDOUBT_CHECK(extension && X509_add_ext(x509, extension.get(), -1) == 1);
  }
  EVP_PKEY* key = issuer.impl_->key.get();
  REDOUBT_CHECK(X509_sign(x509, key, hash_for(key, terms.hash)) > 0);
  certificate_ = to_der<X509>(x509, i2d_X509);
}

std::string TestAuthority::pem() const {
  const std::unique_ptr<BIO, Deleter<BIO_free_all>> out(BIO_new(BIO_s_mem()));
  REDOUBT_CHECK(PEM_write_bio_X509(out.get(), impl_->x509.get()) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

PublicKey TestAuthority::public_key() const {
  return *PublicKey::from_spki(to_der<EVP_PKEY>(impl_->key.get(), i2d_PUBKEY));
}

Bytes TestAuthority::sign(HashAlgorithm hash, ByteView message) const {
  return sign_with(impl_->key.get(), hash_for(impl_->key.get(), hash), false, message);
}

Bytes TestAuthority::sign_pss(HashAlgorithm hash, ByteView message) const {
  return sign_with(impl_->key.get(), internal::hash_of(hash), true, message);
}

Bytes TestAuthority::revoke(const std::vector<const TestAuthority*>& revoked, UnixMillis from, UnixMillis to) const {
  const CrlOwner list(X509_CRL_new());
  const TimeOwner first(ASN1_TIME_set(nullptr, from.value / 1000));
  const TimeOwner last(ASN1_TIME_set(nullptr, to.value / 1000));
  REDOUBT_CHECK(
      X509_CRL_set_version(list.get(), 1) == 1 && X509_CRL_set_issuer_name(list.get(), impl_->name.get()) == 1 &&
      X509_CRL_set1_lastUpdate(list.get(), first.get()) == 1 && X509_CRL_set1_nextUpdate(list.get(), last.get()) == 1);
  for (const TestAuthority* each : revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    REDOUBT_CHECK(X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(each->impl_->x509.get())) == 1 &&
                  X509_REVOKED_set_revocationDate(entry, first.get()) == 1 &&
                  X509_CRL_add0_revoked(list.get(), entry) == 1);
  }
  REDOUBT_CHECK(X509_CRL_sort(list.get()) == 1 &&
                X509_CRL_sign(list.get(), impl_->key.get(), hash_for(impl_->key.get(), HashAlgorithm::kSha256)) > 0);
  return to_der<X509_CRL>(list.get(), i2d_X509_CRL);
}

}  // namespace redoubt::crypto
