#include "crypto/ed25519.h"

#include "base/check.h"
#include "crypto/internal/evp.h"

namespace redoubt::crypto {

using internal::DigestContext;
using internal::Pkey;

struct Ed25519PrivateKey::Impl {
  Pkey key;
};

Ed25519PrivateKey::Ed25519PrivateKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  std::size_t size = public_key_.size();
  REDOUBT_CHECK(EVP_PKEY_get_raw_public_key(impl_->key.get(), as_uchars(MutableByteView(public_key_)), &size) == 1 &&
                size == public_key_.size());
}
Ed25519PrivateKey::Ed25519PrivateKey(Ed25519PrivateKey&&) noexcept = default;
Ed25519PrivateKey& Ed25519PrivateKey::operator=(Ed25519PrivateKey&&) noexcept = default;
Ed25519PrivateKey::~Ed25519PrivateKey() = default;

Ed25519PrivateKey Ed25519PrivateKey::generate() {
  auto key = from_seed(Secret::random(32).reveal());
  REDOUBT_CHECK(key.has_value());
  return *std::move(key);
}

Result<Ed25519PrivateKey> Ed25519PrivateKey::from_seed(ByteView seed) {
  if (seed.size() != 32) return Error(Errc::kInvalidArgument, "an Ed25519 seed has 32 bytes");
  Pkey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, as_uchars(seed), seed.size()));
  if (!key) return Error(Errc::kInvalidArgument, "OpenSSL refuses the Ed25519 seed");
  return Ed25519PrivateKey(std::make_unique<Impl>(Impl{std::move(key)}));
}

Secret Ed25519PrivateKey::seed() const {
  Secret seed(32);
  std::size_t size = 32;
  REDOUBT_CHECK(EVP_PKEY_get_raw_private_key(impl_->key.get(), as_uchars(seed.reveal_mutable()), &size) == 1);
  return seed;
}

Ed25519Signature Ed25519PrivateKey::sign(ByteView message) const {
  Ed25519Signature signature;
  std::size_t size = signature.size();
  const DigestContext context(EVP_MD_CTX_new());
  REDOUBT_CHECK(EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, impl_->key.get(), nullptr) ==
                1);
  REDOUBT_CHECK(EVP_DigestSign(context.get(), as_uchars(MutableByteView(signature)), &size, as_uchars(message),
                               message.size()) == 1);
  return signature;
}

bool ed25519_verify(const Ed25519PublicKey& key, ByteView message, ByteView signature) {
  if (signature.size() != 64) return false;
  const Pkey pkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, as_uchars(ByteView(key)), key.size()));
  if (!pkey) return false;
  const DigestContext context(EVP_MD_CTX_new());
  if (EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, pkey.get(), nullptr) != 1)
    return false;
  return EVP_DigestVerify(context.get(), as_uchars(signature), signature.size(), as_uchars(message), message.size()) ==
         1;
}

}  // namespace redoubt::crypto
