#include "crypto/public_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <cstring>

#include "base/check.h"
#include "crypto/internal/hash.h"
#include "crypto/internal/public_key_impl.h"

namespace redoubt::crypto {

namespace {

using internal::Deleter;
using internal::DigestContext;
using internal::Pkey;
using internal::PkeyContext;
using BigNumber = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;
using ParameterBuilder = std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM_free>>;

struct Curve {
  KeyType type;
  const char* group;  // as OpenSSL calls it
  std::size_t coordinate_size;
};
constexpr std::array<Curve, 3> kCurves{{
    {KeyType::kP256, "prime256v1", 32},
    {KeyType::kP384, "secp384r1", 48},
    {KeyType::kP521, "secp521r1", 66},
}};

const Curve* find_curve(KeyType type) {
  for (const Curve& curve : kCurves) {
    if (curve.type == type) return &curve;
  }
  return nullptr;
}

// Null when the parameters make no key, or one off its curve.
Pkey key_from(const char* algorithm, OSSL_PARAM* parameters) {
  const PkeyContext maker(EVP_PKEY_CTX_new_from_name(nullptr, algorithm, nullptr));
  REDOUBT_CHECK(maker != nullptr && EVP_PKEY_fromdata_init(maker.get()) == 1);
  EVP_PKEY* made = nullptr;
  const bool loaded = EVP_PKEY_fromdata(maker.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters) == 1;
  Pkey key(made);
  if (!loaded) key.reset();
  return key;
}

bool is_public_key(EVP_PKEY* key) {
  const PkeyContext checker(EVP_PKEY_CTX_new(key, nullptr));
  // Quickly: on the curves that are known here, which have a prime order, a point of the curve is a public key; looking
  // whether the order annihilates it costs as much as verifying a signature.
  return checker != nullptr && EVP_PKEY_public_check_quick(checker.get()) == 1;
}

bool verify(EVP_PKEY* key, const EVP_MD* hash, RsaPadding padding, ByteView message, ByteView signature) {
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;
  bool good = EVP_DigestVerifyInit(context.get(), &settings, hash, nullptr, key) == 1;
  if (good && padding != RsaPadding::kPkcs1) {
    const int salt = padding == RsaPadding::kPss ? RSA_PSS_SALTLEN_DIGEST : RSA_PSS_SALTLEN_AUTO;
    good = EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, salt) == 1;
  }
  good = good && EVP_DigestVerify(context.get(), as_uchars(signature), signature.size(), as_uchars(message),
                                  message.size()) == 1;
  if (!good) ERR_clear_error();
  return good;
}

}  // namespace

std::string_view to_string(KeyType type) {
  constexpr std::array<std::string_view, 5> kNames{"RSA", "P-256", "P-384", "P-521", "Ed25519"};
  return kNames[static_cast<std::size_t>(type)];
}

Result<std::shared_ptr<const PublicKey::Impl>> PublicKey::Impl::adopt(Pkey key) {
  KeyType type{};
  switch (EVP_PKEY_get_base_id(key.get())) {
    case EVP_PKEY_RSA: {
      const int bits = EVP_PKEY_get_bits(key.get());
      if (bits < kMinRsaBits || bits > kMaxRsaBits) {
        return Error(Errc::kUnsupported, "an RSA key of " + std::to_string(bits) + " bits");
      }
      type = KeyType::kRsa;
      break;
    }
    case EVP_PKEY_ED25519:
      type = KeyType::kEd25519;
      break;
    case EVP_PKEY_EC: {
      std::array<char, 32> group{};
      std::size_t size = 0;
      const bool named = EVP_PKEY_get_group_name(key.get(), group.data(), group.size(), &size) == 1;
      const auto* curve = std::ranges::find_if(
          kCurves, [&](const Curve& each) { return named && std::string_view(group.data(), size) == each.group; });
      if (curve == kCurves.end())
        return Error(Errc::kUnsupported, "a key on a curve that is not P-256, P-384 or P-521");
      type = curve->type;
      break;
    }
    default:
      return Error(Errc::kUnsupported, "a public key that is not RSA, ECDSA or Ed25519");
  }
  return std::shared_ptr<const Impl>(std::make_shared<Impl>(Impl{std::move(key), type}));
}

Result<PublicKey> PublicKey::from_spki(ByteView der) {
  const unsigned char* at = as_uchars(der);
  Pkey key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (!key || at != as_uchars(der) + der.size() || !is_public_key(key.get())) {
    ERR_clear_error();
    return Error(Errc::kMalformed, "no public key in the form of X.509");
  }
  auto impl = Impl::adopt(std::move(key));
  if (!impl) return impl.error();
  return PublicKey(*std::move(impl));
}

Result<PublicKey> PublicKey::from_point(KeyType type, ByteView x, ByteView y) {
  const Curve* curve = find_curve(type);
  if (curve == nullptr) return Error(Errc::kInvalidArgument, "points are on P-256, P-384 or P-521");
  const std::size_t size = curve->coordinate_size;
  if (x.size() > size || y.size() > size) return Error(Errc::kMalformed, "a coordinate is too long for its curve");
  std::array<std::byte, 1 + 2 * 66> point{};  // SEC 1 §2.3.3, uncompressed
  point[0] = std::byte{4};
  std::ranges::copy(x, point.begin() + static_cast<std::ptrdiff_t>(1 + size - x.size()));
  std::ranges::copy(y, point.begin() + static_cast<std::ptrdiff_t>(1 + 2 * size - y.size()));
  std::string group = curve->group;
  std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), 1 + 2 * size),
      OSSL_PARAM_construct_end(),
  };
  // fromdata() refuses what is not on the curve.
  Pkey key = key_from("EC", parameters.data());
  if (!key || !is_public_key(key.get())) {
    ERR_clear_error();
    return Error(Errc::kMalformed, "no point of the curve");
  }
  return PublicKey(std::make_shared<Impl>(Impl{std::move(key), type}));
}

Result<PublicKey> PublicKey::from_rsa(ByteView modulus, ByteView exponent) {
  if (modulus.size() > kMaxRsaBits / 8 || exponent.size() > 8) return Error(Errc::kUnsupported, "an RSA key too large");
  const BigNumber n(BN_bin2bn(as_uchars(modulus), static_cast<int>(modulus.size()), nullptr));
  const BigNumber e(BN_bin2bn(as_uchars(exponent), static_cast<int>(exponent.size()), nullptr));
  const ParameterBuilder builder(OSSL_PARAM_BLD_new());
  REDOUBT_CHECK(n && e && builder && OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
                OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1);
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  Pkey key = key_from("RSA", parameters.get());
  if (!key || !BN_is_odd(n.get()) || !BN_is_odd(e.get()) || BN_is_one(e.get())) {
    ERR_clear_error();
    return Error(Errc::kMalformed, "no RSA key");
  }
  auto impl = Impl::adopt(std::move(key));
  if (!impl) return impl.error();
  return PublicKey(*std::move(impl));
}

Result<PublicKey> PublicKey::from_ed25519(ByteView key) {
  if (key.size() != 32) return Error(Errc::kMalformed, "an Ed25519 key has 32 bytes");
  Pkey pkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, as_uchars(key), key.size()));
  REDOUBT_CHECK(pkey != nullptr);
  return PublicKey(std::make_shared<Impl>(Impl{std::move(pkey), KeyType::kEd25519}));
}

KeyType PublicKey::type() const {
  return impl_->type;
}

Bytes PublicKey::spki() const {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(impl_->key.get(), &der);
  REDOUBT_CHECK(size > 0);
  Bytes out(static_cast<std::size_t>(size));
  std::memcpy(out.data(), der, out.size());
  OPENSSL_free(der);
  return out;
}

Sha256Digest PublicKey::spki_sha256() const {
  return sha256(spki());
}

bool PublicKey::verify_ecdsa(HashAlgorithm hash, ByteView message, ByteView r, ByteView s) const {
  const Curve* curve = find_curve(impl_->type);
  if (curve == nullptr || r.size() > curve->coordinate_size || s.size() > curve->coordinate_size) return false;
  const EcdsaSignature signature(ECDSA_SIG_new());
  BigNumber r_number(BN_bin2bn(as_uchars(r), static_cast<int>(r.size()), nullptr));
  BigNumber s_number(BN_bin2bn(as_uchars(s), static_cast<int>(s.size()), nullptr));
  REDOUBT_CHECK(signature && r_number && s_number &&
                ECDSA_SIG_set0(signature.get(), r_number.get(), s_number.get()) == 1);
  (void)r_number.release();
  (void)s_number.release();
  std::array<unsigned char, 160> der{};
  unsigned char* at = der.data();
  const int size = i2d_ECDSA_SIG(signature.get(), &at);
  REDOUBT_CHECK(size > 0 && static_cast<std::size_t>(size) <= der.size());
  return verify_ecdsa_der(hash, message, std::as_bytes(std::span(der)).first(static_cast<std::size_t>(size)));
}

bool PublicKey::verify_ecdsa_der(HashAlgorithm hash, ByteView message, ByteView signature) const {
  return find_curve(impl_->type) != nullptr &&
         verify(impl_->key.get(), internal::hash_of(hash), RsaPadding::kPkcs1, message, signature);
}

bool PublicKey::verify_rsa(RsaPadding padding, HashAlgorithm hash, ByteView message, ByteView signature) const {
  return impl_->type == KeyType::kRsa && verify(impl_->key.get(), internal::hash_of(hash), padding, message, signature);
}

bool PublicKey::verify_ed25519(ByteView message, ByteView signature) const {
  return impl_->type == KeyType::kEd25519 && verify(impl_->key.get(), nullptr, RsaPadding::kPkcs1, message, signature);
}

}  // namespace redoubt::crypto
