#include "crypto/x25519.h"

#include <openssl/err.h>

#include "base/check.h"
#include "crypto/internal/evp.h"

namespace redoubt::crypto {

using internal::Pkey;
using internal::PkeyContext;

struct X25519PrivateKey::Impl {
  Pkey key;
};

X25519PrivateKey::X25519PrivateKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  std::size_t size = public_key_.size();
  REDOUBT_CHECK(EVP_PKEY_get_raw_public_key(impl_->key.get(), as_uchars(MutableByteView(public_key_)), &size) == 1 &&
                size == public_key_.size());
}
X25519PrivateKey::X25519PrivateKey(X25519PrivateKey&&) noexcept = default;
X25519PrivateKey& X25519PrivateKey::operator=(X25519PrivateKey&&) noexcept = default;
X25519PrivateKey::~X25519PrivateKey() = default;

X25519PrivateKey X25519PrivateKey::generate() {
  auto key = from_bytes(Secret::random(32).reveal());
  REDOUBT_CHECK(key.has_value());
  return *std::move(key);
}

Result<X25519PrivateKey> X25519PrivateKey::from_bytes(ByteView private_key) {
  if (private_key.size() != 32) return Error(Errc::kInvalidArgument, "an X25519 private key has 32 bytes");
  Pkey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, as_uchars(private_key), private_key.size()));
  REDOUBT_CHECK(key != nullptr);
  return X25519PrivateKey(std::make_unique<Impl>(Impl{std::move(key)}));
}

Result<Secret> X25519PrivateKey::agree(const X25519PublicKey& other) const {
  const Pkey peer(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, as_uchars(ByteView(other)), other.size()));
  REDOUBT_CHECK(peer != nullptr);
  const PkeyContext context(EVP_PKEY_CTX_new(impl_->key.get(), nullptr));
  Secret shared(32);
  std::size_t size = shared.size();
  // OpenSSL refuses zeros itself.
  if (EVP_PKEY_derive_init(context.get()) != 1 || EVP_PKEY_derive_set_peer(context.get(), peer.get()) != 1 ||
      EVP_PKEY_derive(context.get(), as_uchars(shared.reveal_mutable()), &size) != 1) {
    ERR_clear_error();
    return Error(Errc::kVerifyFailed, "the X25519 public key gives no shared secret");
  }
  return shared;
}

}  // namespace redoubt::crypto
