#include "crypto/certificate.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "crypto/internal/evp.h"

namespace redoubt::crypto {

namespace {

using internal::Deleter;
using internal::Pkey;
using internal::PkeyContext;
using Bio = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using BigNumber = std::unique_ptr<BIGNUM, Deleter<BN_clear_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;

constexpr std::size_t kScalarSize = 32;

// ECPrivateKey (RFC 5915 §3) without the optional public key: version 1, the scalar, the curve prime256v1.
constexpr std::array<unsigned char, 7> kBeforeScalar{0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20};
constexpr std::array<unsigned char, 12> kAfterScalar{0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                                     0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

Secret to_ec_private_key(ByteView scalar) {
  Secret der(kBeforeScalar.size() + scalar.size() + kAfterScalar.size());
  std::byte* out = der.reveal_mutable().data();
  std::memcpy(out, kBeforeScalar.data(), kBeforeScalar.size());
  std::memcpy(out + kBeforeScalar.size(), scalar.data(), scalar.size());
  std::memcpy(out + kBeforeScalar.size() + scalar.size(), kAfterScalar.data(), kAfterScalar.size());
  return der;
}

P256PublicKey public_key_of(EVP_PKEY* key) {
  P256PublicKey out;
  std::size_t size = 0;
  REDOUBT_CHECK(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, as_uchars(MutableByteView(out)),
                                                out.size(), &size) == 1 &&
                size == out.size() && out[0] == std::byte{4});
  return out;
}

// Null when the bytes are no point of the curve.
Pkey load_public_key(const P256PublicKey& point) {
  if (point[0] != std::byte{4}) return nullptr;
  std::array<char, 11> group{"prime256v1"};
  P256PublicKey bytes = point;
  const std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, bytes.data(), bytes.size()),
      OSSL_PARAM_construct_end(),
  };
  const PkeyContext maker(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  REDOUBT_CHECK(maker != nullptr && EVP_PKEY_fromdata_init(maker.get()) == 1);
  EVP_PKEY* made = nullptr;
  const bool loaded = EVP_PKEY_fromdata(maker.get(), &made, EVP_PKEY_PUBLIC_KEY,
                                        const_cast<OSSL_PARAM*>(parameters.data())) == 1;  // not written to
  Pkey key(made);
  if (loaded) {
    const PkeyContext checker(EVP_PKEY_CTX_new(key.get(), nullptr));
    if (checker != nullptr && EVP_PKEY_public_check(checker.get()) == 1) return key;
  }
  ERR_clear_error();
  return nullptr;
}

time_t seconds(UnixMillis time) {
  return static_cast<time_t>(time.value / 1000);
}

// What both kinds of certificate share. INVARIANT: nothing here comes from outside, so a failure is OpenSSL's or ours.
Certificate begin_certificate(EVP_PKEY* subject, std::string_view common_name, UnixMillis now) {
  Certificate certificate(X509_new());
  REDOUBT_CHECK(certificate != nullptr && X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  // RFC 5280 §4.1.2.2: positive and at most 20 octets; the second bit keeps it at 16.
  std::array<std::byte, 16> serial;
  random_bytes(serial);
  serial[0] = (serial[0] & std::byte{0x3f}) | std::byte{0x40};
  const BigNumber number(BN_bin2bn(as_uchars(ByteView(serial)), static_cast<int>(serial.size()), nullptr));
  REDOUBT_CHECK(number != nullptr &&
                BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())) != nullptr);
  const auto backdating = std::chrono::duration_cast<std::chrono::seconds>(CertificateAuthority::kBackdating);
  REDOUBT_CHECK(ASN1_TIME_set(X509_getm_notBefore(certificate.get()),
                              seconds(now) - static_cast<time_t>(backdating.count())) != nullptr);
  REDOUBT_CHECK(X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, MBSTRING_ASC,
                                           reinterpret_cast<const unsigned char*>(common_name.data()),
                                           static_cast<int>(common_name.size()), -1, 0) == 1);
  REDOUBT_CHECK(X509_set_pubkey(certificate.get(), subject) == 1);
  return certificate;
}

void add_extension(X509* certificate, X509* issuer, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, id, value));
  REDOUBT_CHECK(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

std::string to_pem(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  REDOUBT_CHECK(bio != nullptr && PEM_write_bio_X509(bio.get(), certificate) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

bool is_address(std::string_view name) {
  const std::string text(name);
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  return ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

bool is_label(std::string_view label) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), allowed);
}

}  // namespace

// --- keys

struct P256PrivateKey::Impl {
  Pkey key;
};

P256PrivateKey::P256PrivateKey(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)), public_key_(public_key_of(impl_->key.get())) {}
P256PrivateKey::P256PrivateKey(P256PrivateKey&&) noexcept = default;
P256PrivateKey& P256PrivateKey::operator=(P256PrivateKey&&) noexcept = default;
P256PrivateKey::~P256PrivateKey() = default;

P256PrivateKey P256PrivateKey::generate() {
  Pkey key(EVP_EC_gen("P-256"));
  REDOUBT_CHECK(key != nullptr);
  return P256PrivateKey(std::make_unique<Impl>(Impl{std::move(key)}));
}

Result<P256PrivateKey> P256PrivateKey::from_scalar(ByteView scalar) {
  const Error invalid(Errc::kInvalidArgument, "the bytes are no private key on P-256");
  if (scalar.size() != kScalarSize) return invalid;
  const Secret der = to_ec_private_key(scalar);
  const unsigned char* in = as_uchars(der.reveal());
  Pkey key(d2i_PrivateKey(EVP_PKEY_EC, nullptr, &in, static_cast<long>(der.size())));
  const PkeyContext checker(key ? EVP_PKEY_CTX_new(key.get(), nullptr) : nullptr);
  if (checker == nullptr || EVP_PKEY_private_check(checker.get()) != 1 || EVP_PKEY_public_check(checker.get()) != 1) {
    ERR_clear_error();
    return invalid;
  }
  return P256PrivateKey(std::make_unique<Impl>(Impl{std::move(key)}));
}

Secret P256PrivateKey::scalar() const {
  BIGNUM* raw = nullptr;
  REDOUBT_CHECK(EVP_PKEY_get_bn_param(impl_->key.get(), OSSL_PKEY_PARAM_PRIV_KEY, &raw) == 1);
  const BigNumber number(raw);
  Secret scalar(kScalarSize);
  REDOUBT_CHECK(BN_bn2binpad(number.get(), as_uchars(scalar.reveal_mutable()), kScalarSize) == kScalarSize);
  return scalar;
}

P256Signature P256PrivateKey::sign(ByteView message) const {
  const internal::DigestContext context(EVP_MD_CTX_new());
  std::array<unsigned char, 72> der{};  // an Ecdsa-Sig-Value of two numbers of 33 bytes at most
  std::size_t size = der.size();
  REDOUBT_CHECK(context != nullptr &&
                EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, impl_->key.get()) == 1 &&
                EVP_DigestSign(context.get(), der.data(), &size, as_uchars(message), message.size()) == 1);
  const unsigned char* in = der.data();
  const EcdsaSignature signature(d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(size)));
  P256Signature out;
  unsigned char* to = as_uchars(MutableByteView(out));
  REDOUBT_CHECK(signature != nullptr &&
                BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), to, kScalarSize) == kScalarSize &&
                BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), to + kScalarSize, kScalarSize) == kScalarSize);
  return out;
}

Secret P256PrivateKey::pem() const {
  const Secret der = to_ec_private_key(scalar().reveal());
  const Bio bio(BIO_new(BIO_s_secmem()));  // in the secure heap, wiped when freed
  REDOUBT_CHECK(bio != nullptr && PEM_write_bio(bio.get(), PEM_STRING_ECPRIVATEKEY, "", as_uchars(der.reveal()),
                                                static_cast<long>(der.size())) > 0);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return Secret::copy_of({reinterpret_cast<const std::byte*>(data), static_cast<std::size_t>(size)});
}

// --- certificates

Result<> check_certificate_name(std::string_view name) {
  if (is_address(name)) return {};
  const Error invalid(Errc::kInvalidArgument,
                      "`" + std::string(name) + "` is neither a DNS name nor a numeric address for a certificate");
  if (name.empty() || name.size() > 253) return invalid;
  std::string_view rest = name;
  if (rest.starts_with("*.")) rest.remove_prefix(2);
  std::string_view label;
  while (true) {
    const std::size_t dot = rest.find('.');
    label = rest.substr(0, dot);
    if (!is_label(label)) return invalid;
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  // A last label of digits looks like an address that is none (RFC 3696 §2).
  if (std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; })) return invalid;
  return {};
}

std::string CertificateAuthority::make_certificate(const P256PrivateKey& key, std::string_view name, UnixMillis now) {
  EVP_PKEY* pkey = key.impl_->key.get();
  const Certificate certificate = begin_certificate(pkey, name, now);
  X509* raw = certificate.get();
  REDOUBT_CHECK(X509_set_issuer_name(raw, X509_get_subject_name(raw)) == 1);
  const auto life = std::chrono::duration_cast<std::chrono::seconds>(kAuthorityLife);
  REDOUBT_CHECK(ASN1_TIME_set(X509_getm_notAfter(raw), seconds(now) + static_cast<time_t>(life.count())) != nullptr);
  add_extension(raw, raw, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(raw, raw, NID_key_usage, "critical,keyCertSign");
  add_extension(raw, raw, NID_subject_key_identifier, "hash");
  REDOUBT_CHECK(X509_sign(raw, pkey, EVP_sha256()) > 0);
  return to_pem(raw);
}

struct CertificateAuthority::Impl {
  P256PrivateKey key;
  Certificate certificate;
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;
CertificateAuthority::~CertificateAuthority() = default;

Result<CertificateAuthority> CertificateAuthority::create(P256PrivateKey key, std::string_view certificate_pem) {
  const Bio bio(BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())));
  Certificate certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  ERR_clear_error();
  if (certificate == nullptr) return Error(Errc::kMalformed, "the authority's certificate is not one in PEM");
  EVP_PKEY* pkey = key.impl_->key.get();
  const bool proven = X509_check_ca(certificate.get()) == 1 && X509_check_private_key(certificate.get(), pkey) == 1 &&
                      X509_verify(certificate.get(), pkey) == 1;
  ERR_clear_error();
  if (!proven) return Error(Errc::kVerifyFailed, "the certificate is not that of the authority's key");
  return CertificateAuthority(std::make_unique<Impl>(Impl{std::move(key), std::move(certificate)}));
}

Result<Bytes> CertificateAuthority::issue(const P256PublicKey& subject, std::span<const std::string> names,
                                          UnixMillis now, std::chrono::milliseconds life) const {
  if (life <= std::chrono::milliseconds::zero() || life > kMaxLeafLife) {
    return Error(Errc::kInvalidArgument, "a server's certificate lives up to 24 hours");
  }
  if (names.empty() || names.size() > kMaxNames) {
    return Error(Errc::kInvalidArgument, "a server's certificate has 1 to 64 names");
  }
  std::string alternatives;
  for (const std::string& name : names) {
    if (auto good = check_certificate_name(name); !good) return good.error();
    if (!alternatives.empty()) alternatives += ',';
    alternatives += (is_address(name) ? "IP:" : "DNS:") + name;
  }
  const Pkey key = load_public_key(subject);
  if (key == nullptr) return Error(Errc::kMalformed, "the bytes are no point on P-256");
  X509* issuer = impl_->certificate.get();
  time_t present = seconds(now);
  if (X509_cmp_time(X509_get0_notBefore(issuer), &present) > 0 ||
      X509_cmp_time(X509_get0_notAfter(issuer), &present) < 0) {
    return Error(Errc::kUnavailable, "the authority's own certificate is not valid at this time");
  }

  const Certificate certificate = begin_certificate(key.get(), "Redoubt gateway", now);
  X509* raw = certificate.get();
  REDOUBT_CHECK(X509_set_issuer_name(raw, X509_get_subject_name(issuer)) == 1);
  // In whole seconds, rounded up, so that a short life is not none; with the backdating no more than kMaxLeafLife.
  constexpr auto kLongest = std::chrono::duration_cast<std::chrono::seconds>(kMaxLeafLife - kBackdating).count();
  time_t end = std::min<time_t>((now.value + life.count() + 999) / 1000, seconds(now) + kLongest);
  const bool outlives = X509_cmp_time(X509_get0_notAfter(issuer), &end) < 0;
  REDOUBT_CHECK(outlives ? X509_set1_notAfter(raw, X509_get0_notAfter(issuer)) == 1
                         : ASN1_TIME_set(X509_getm_notAfter(raw), end) != nullptr);
  add_extension(raw, issuer, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(raw, issuer, NID_key_usage, "critical,digitalSignature");
  add_extension(raw, issuer, NID_ext_key_usage, "serverAuth");
  add_extension(raw, issuer, NID_subject_key_identifier, "hash");
  add_extension(raw, issuer, NID_authority_key_identifier, "keyid:always");
  add_extension(raw, issuer, NID_subject_alt_name, alternatives.c_str());
  REDOUBT_CHECK(X509_sign(raw, impl_->key.impl_->key.get(), EVP_sha256()) > 0);
  const int size = i2d_X509(raw, nullptr);
  REDOUBT_CHECK(size > 0);
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* out = as_uchars(MutableByteView(der));
  REDOUBT_CHECK(i2d_X509(raw, &out) == size);
  return der;
}

Result<std::string> certificate_to_pem(ByteView der) {
  const unsigned char* in = as_uchars(der);
  const Certificate certificate(d2i_X509(nullptr, &in, static_cast<long>(der.size())));
  ERR_clear_error();
  if (certificate == nullptr || in != as_uchars(der) + der.size()) {
    return Error(Errc::kMalformed, "the bytes are not a certificate");
  }
  return to_pem(certificate.get());
}

}  // namespace redoubt::crypto
