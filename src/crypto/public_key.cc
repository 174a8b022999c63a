#include "crypto/public_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <optional>

#include "base/check.h"
#include "crypto/der.h"
#include "crypto/internal/der_writer.h"
#include "crypto/internal/hash.h"
#include "crypto/internal/library_context.h"
#include "crypto/internal/public_key_impl.h"

namespace redoubt::crypto {

namespace {

using internal::Deleter;
using internal::DigestContext;
using internal::KeyFamily;
using internal::P384Point;
using internal::Pkey;
using internal::PkeyContext;
using BigNumber = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;
using ParameterBuilder = std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM_free>>;

// What stands before the point in a SubjectPublicKeyInfo (RFC 5480 §2): DER of lengths, id-ecPublicKey, the curve.
constexpr std::string_view kP256Head{
    "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce"
    "\x3d\x03\x01\x07\x03\x42\x00",
    26};
constexpr std::string_view kP384Head{
    "\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00"
    "\x22\x03\x62\x00",
    23};
constexpr std::string_view kP521Head{
    "\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04"
    "\x00\x23\x03\x81\x86\x00",
    25};

struct Curve {
  KeyType type;
  const char* group;  // as OpenSSL calls it
  std::size_t coordinate_size;
  std::string_view spki_head;
};
constexpr std::array<Curve, 3> kCurves{{
    {KeyType::kP256, "prime256v1", 32, kP256Head},
    {KeyType::kP384, "secp384r1", 48, kP384Head},
    {KeyType::kP521, "secp521r1", 66, kP521Head},
}};

const Curve* find_curve(KeyType type) {
  for (const Curve& curve : kCurves) {
    if (curve.type == type) return &curve;
  }
  return nullptr;
}

// Null when the parameters make no key.
Pkey key_from(KeyFamily family, int selection, OSSL_PARAM* parameters) {
  const char* name = family == KeyFamily::kEc ? "EC" : "RSA";
  const PkeyContext maker(EVP_PKEY_CTX_new_from_name(internal::library_context(family), name, nullptr));
  REDOUBT_CHECK(maker != nullptr && EVP_PKEY_fromdata_init(maker.get()) == 1);
  EVP_PKEY* made = nullptr;
  const bool loaded = EVP_PKEY_fromdata(maker.get(), &made, selection, parameters) == 1;
  Pkey key(made);
  if (!loaded) key.reset();
  return key;
}

Pkey make_curve(const Curve& curve) {
  std::string group = curve.group;
  std::array<OSSL_PARAM, 2> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_end(),
  };
  Pkey made = key_from(KeyFamily::kEc, EVP_PKEY_KEY_PARAMETERS, parameters.data());
  REDOUBT_CHECK(made != nullptr);
  return made;
}

// A key of the curve without a point. Such keys are copied: OpenSSL takes longer to make one.
Pkey copy_curve(const Curve& curve) {
  static const std::array<Pkey, kCurves.size()> kMade{make_curve(kCurves[0]), make_curve(kCurves[1]),
                                                      make_curve(kCurves[2])};
  Pkey copy(EVP_PKEY_dup(kMade[static_cast<std::size_t>(&curve - kCurves.data())].get()));
  REDOUBT_CHECK(copy != nullptr);
  return copy;
}

bool is_public_key(EVP_PKEY* key, KeyFamily family) {
  const PkeyContext checker(EVP_PKEY_CTX_new_from_pkey(internal::library_context(family), key, nullptr));
  // Quickly: on the curves that are known here, which have a prime order, a point of the curve is a public key; looking
  // whether the order annihilates it costs as much as verifying a signature.
  return checker != nullptr && EVP_PKEY_public_check_quick(checker.get()) == 1;
}

bool verify(EVP_PKEY* key, KeyFamily family, const EVP_MD* hash, RsaPadding padding, ByteView message,
            ByteView signature) {
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;
  bool good = EVP_DigestVerifyInit_ex(context.get(), &settings, hash == nullptr ? nullptr : EVP_MD_get0_name(hash),
                                      internal::library_context(family), nullptr, key, nullptr) == 1;
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

// OpenSSL 3.0 looks for an encoder among all that there are, which takes it as long as verifying a signature.
Bytes write_spki(const EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  REDOUBT_CHECK(size > 0);
  Bytes out(static_cast<std::size_t>(size));
  std::memcpy(out.data(), der, out.size());
  OPENSSL_free(der);
  return out;
}

// RFC 3279 §2.3.1: SEQUENCE {SEQUENCE {rsaEncryption, NULL}, BIT STRING of SEQUENCE {modulus, exponent}}.
Bytes write_rsa_spki(ByteView modulus, ByteView exponent) {
  constexpr std::string_view kAlgorithm{"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00", 15};
  constexpr std::uint8_t kBitString = 0x03;
  constexpr std::byte kNoUnusedBits{0};
  Bytes numbers;
  internal::append_natural(numbers, modulus);
  internal::append_natural(numbers, exponent);
  Bytes key;
  internal::append_element(key, DerElement::kSequence, {numbers});
  Bytes bits;
  internal::append_element(bits, kBitString, {ByteView(&kNoUnusedBits, 1), key});
  Bytes out;
  internal::append_element(out, DerElement::kSequence, {as_bytes(kAlgorithm), bits});
  return out;
}

constexpr const char* kUnknownType = "a public key that is not RSA, ECDSA or Ed25519";

bool has_number(ByteView number, int nid) {
  const ASN1_OBJECT* object = OBJ_nid2obj(nid);
  return std::ranges::equal(number, std::as_bytes(std::span(OBJ_get0_data(object), OBJ_length(object))));
}

Result<> check_rsa_size(std::size_t bits) {
  if (bits >= PublicKey::kMinRsaBits && bits <= PublicKey::kMaxRsaBits) return {};
  return Error(Errc::kUnsupported, "an RSA key of " + std::to_string(bits) + " bits");
}

Pkey make_rsa(const internal::RsaNumbers& numbers) {
  const Bytes modulus = numbers.modulus();
  const Bytes exponent = numbers.exponent();
  const BigNumber n(BN_bin2bn(as_uchars(modulus), static_cast<int>(modulus.size()), nullptr));
  const BigNumber e(BN_bin2bn(as_uchars(exponent), static_cast<int>(exponent.size()), nullptr));
  const ParameterBuilder builder(OSSL_PARAM_BLD_new());
  REDOUBT_CHECK(n && e && builder && OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
                OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1);
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  Pkey key = key_from(KeyFamily::kRsa, EVP_PKEY_PUBLIC_KEY, parameters.get());
  REDOUBT_CHECK(key != nullptr);
  return key;
}

// The key as a point, by its coordinates; null when it has none.
std::unique_ptr<const P384Point> to_p384(const EVP_PKEY* key) {
  std::array<std::array<std::byte, P384Point::kCoordinateSize>, 2> coordinates{};
  for (const auto& [name, out] :
       {std::pair(OSSL_PKEY_PARAM_EC_PUB_X, &coordinates[0]), std::pair(OSSL_PKEY_PARAM_EC_PUB_Y, &coordinates[1])}) {
    BIGNUM* read = nullptr;
    const bool found = EVP_PKEY_get_bn_param(key, name, &read) == 1;
    const BigNumber number(read);
    if (!found || BN_bn2binpad(number.get(), as_uchars(MutableByteView(*out)), static_cast<int>(out->size())) < 0) {
      return nullptr;
    }
  }
  return P384Point::from_coordinates(coordinates[0], coordinates[1]);
}

// A number of an Ecdsa-Sig-Value that is not negative, in its shortest form (X.690 §8.3.2), without the zero that keeps
// it from being negative.
std::optional<ByteView> read_natural(DerReader& reader) {
  const auto value = reader.next(DerElement::kInteger);
  if (!value || value->empty() || (value->front() & std::byte{0x80}) != std::byte{0}) return std::nullopt;
  if (value->front() != std::byte{0} || value->size() == 1) return value;
  if (((*value)[1] & std::byte{0x80}) == std::byte{0}) return std::nullopt;
  return value->subspan(1);
}

// An Ecdsa-Sig-Value, exactly one.
std::optional<std::pair<ByteView, ByteView>> read_ecdsa_signature(ByteView der) {
  DerReader outer(der);
  const auto sequence = outer.next(DerElement::kSequence);
  if (!sequence || !outer.at_end()) return std::nullopt;
  DerReader inner(*sequence);
  const auto r = read_natural(inner);
  const auto s = read_natural(inner);
  if (!r || !s || !inner.at_end()) return std::nullopt;
  return std::pair(*r, *s);
}

}  // namespace

KeyFamily family_of(KeyType type) {
  switch (type) {
    case KeyType::kRsa:
      return KeyFamily::kRsa;
    case KeyType::kEd25519:
      return KeyFamily::kEd25519;
    default:
      return KeyFamily::kEc;
  }
}

Result<KeyFamily> find_key_family(ByteView spki) {
  // SEQUENCE {SEQUENCE {number, …}, …}
  const auto key = DerReader(spki).next(DerElement::kSequence);
  const auto algorithm = key ? DerReader(*key).next(DerElement::kSequence) : std::nullopt;
  const auto number = algorithm ? DerReader(*algorithm).next(DerElement::kObjectIdentifier) : std::nullopt;
  if (!number) return Error(Errc::kMalformed, "no public key in the form of X.509");
  if (has_number(*number, NID_X9_62_id_ecPublicKey)) return KeyFamily::kEc;
  if (has_number(*number, NID_rsaEncryption)) return KeyFamily::kRsa;
  if (has_number(*number, NID_ED25519)) return KeyFamily::kEd25519;
  return Error(Errc::kUnsupported, kUnknownType);
}

std::string_view to_string(KeyType type) {
  constexpr std::array<std::string_view, 5> kNames{"RSA", "P-256", "P-384", "P-521", "Ed25519"};
  return kNames[static_cast<std::size_t>(type)];
}

Result<std::shared_ptr<const PublicKey::Impl>> PublicKey::Impl::adopt(Pkey key, Bytes spki) {
  KeyType type{};
  switch (EVP_PKEY_get_base_id(key.get())) {
    case EVP_PKEY_RSA: {
      const int bits = EVP_PKEY_get_bits(key.get());
      if (auto allowed = check_rsa_size(static_cast<std::size_t>(std::max(bits, 0))); !allowed) return allowed.error();
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
      return Error(Errc::kUnsupported, kUnknownType);
  }
  std::unique_ptr<const P384Point> p384;
  if (type == KeyType::kP384 && (p384 = to_p384(key.get())) == nullptr) {
    ERR_clear_error();
    return Error(Errc::kMalformed, "no point of the curve");
  }
  return std::shared_ptr<const Impl>(std::make_shared<Impl>(std::move(key), type, std::move(p384), std::move(spki)));
}

EVP_PKEY* PublicKey::Impl::key() const {
  std::call_once(key_made_, [this] {
    if (!key_) key_ = make_rsa(*rsa);
  });
  return key_.get();
}

const Bytes& PublicKey::Impl::spki() const {
  std::call_once(spki_written_, [this] {
    if (spki_.empty()) spki_ = write_spki(key());
  });
  return spki_;
}

const Sha256Digest& PublicKey::Impl::spki_sha256() const {
  std::call_once(spki_hashed_, [this] { spki_sha256_ = sha256(spki()); });
  return spki_sha256_;
}

Result<PublicKey> PublicKey::from_spki(ByteView der) {
  const auto family = find_key_family(der);
  if (!family) return family.error();
  const unsigned char* at = as_uchars(der);
  Pkey key(d2i_PUBKEY_ex(nullptr, &at, static_cast<long>(der.size()), internal::library_context(*family), nullptr));
  if (!key || at != as_uchars(der) + der.size() || !is_public_key(key.get(), *family)) {
    ERR_clear_error();
    return Error(Errc::kMalformed, "no public key in the form of X.509");
  }
  auto impl = Impl::adopt(std::move(key));
  if (!impl) return impl.error();
  PublicKey out(*std::move(impl));
  // OpenSSL passes over what it makes nothing of, such as parameters of RSA that are not NULL (RFC 3279 §2.3.1).
  if (!std::ranges::equal(out.spki(), der)) return Error(Errc::kMalformed, "the public key has another encoding");
  return out;
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
  Pkey key = copy_curve(*curve);
  // Refuses what is not on the curve; infinity has another form.
  if (EVP_PKEY_set1_encoded_public_key(key.get(), as_uchars(ByteView(point)), 1 + 2 * size) != 1) {
    ERR_clear_error();
    return Error(Errc::kMalformed, "no point of the curve");
  }
  Bytes spki = to_bytes(as_bytes(curve->spki_head));
  append(spki, ByteView(point).first(1 + 2 * size));
  auto p384 = type == KeyType::kP384 ? P384Point::from_coordinates(x, y) : nullptr;
  return PublicKey(std::make_shared<Impl>(std::move(key), type, std::move(p384), std::move(spki)));
}

Result<PublicKey> PublicKey::from_rsa(ByteView modulus, ByteView exponent) {
  if (modulus.size() > kMaxRsaBits / 8 || exponent.size() > 8) return Error(Errc::kUnsupported, "an RSA key too large");
  auto numbers = internal::RsaNumbers::from(modulus, exponent);
  if (!numbers) return Error(Errc::kMalformed, "no RSA key");
  if (auto allowed = check_rsa_size(numbers->bits()); !allowed) return allowed.error();
  return PublicKey(std::make_shared<const Impl>(std::move(numbers), write_rsa_spki(modulus, exponent)));
}

Result<PublicKey> PublicKey::from_ed25519(ByteView key) {
  if (key.size() != 32) return Error(Errc::kMalformed, "an Ed25519 key has 32 bytes");
  Pkey pkey(EVP_PKEY_new_raw_public_key_ex(internal::library_context(KeyFamily::kEd25519), "ED25519", nullptr,
                                           as_uchars(key), key.size()));
  REDOUBT_CHECK(pkey != nullptr);
  return PublicKey(std::make_shared<Impl>(std::move(pkey), KeyType::kEd25519, nullptr, Bytes()));
}

KeyType PublicKey::type() const {
  return impl_->type;
}

Bytes PublicKey::spki() const {
  return impl_->spki();
}

Sha256Digest PublicKey::spki_sha256() const {
  return impl_->spki_sha256();
}

bool PublicKey::verify_ecdsa(HashAlgorithm hash, ByteView message, ByteView r, ByteView s) const {
  const Curve* curve = find_curve(impl_->type);
  if (curve == nullptr || r.size() > curve->coordinate_size || s.size() > curve->coordinate_size) return false;
  if (impl_->p384 && impl_->p384->verify(digest(hash, message).view(), r, s)) return true;
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
  return verify(impl_->key(), KeyFamily::kEc, internal::hash_of(hash), RsaPadding::kPkcs1, message,
                std::as_bytes(std::span(der)).first(static_cast<std::size_t>(size)));
}

bool PublicKey::verify_ecdsa_der(HashAlgorithm hash, ByteView message, ByteView signature) const {
  if (find_curve(impl_->type) == nullptr) return false;
  if (impl_->p384) {
    const auto values = read_ecdsa_signature(signature);
    if (!values) return false;
    if (impl_->p384->verify(digest(hash, message).view(), values->first, values->second)) return true;
    // Nettle refuses a few good ones, too (P384Point::verify()): OpenSSL has the last word.
  }
  return verify(impl_->key(), KeyFamily::kEc, internal::hash_of(hash), RsaPadding::kPkcs1, message, signature);
}

bool PublicKey::verify_rsa(RsaPadding padding, HashAlgorithm hash, ByteView message, ByteView signature) const {
  if (impl_->type != KeyType::kRsa) return false;
  // Asked for the first time, and perhaps for the last.
  if (impl_->rsa && padding == RsaPadding::kPkcs1 && hash == HashAlgorithm::kSha256 &&
      !impl_->is_rsa_asked.exchange(true) && impl_->rsa->verify_sha256(sha256(message), signature)) {
    return true;
  }
  return verify(impl_->key(), KeyFamily::kRsa, internal::hash_of(hash), padding, message, signature);
}

bool PublicKey::verify_ed25519(ByteView message, ByteView signature) const {
  return impl_->type == KeyType::kEd25519 &&
         verify(impl_->key(), KeyFamily::kEd25519, nullptr, RsaPadding::kPkcs1, message, signature);
}

}  // namespace redoubt::crypto
