// The low-level functions are deprecated since OpenSSL 3.0 in favour of EVP, which takes 90 ns more a digest: as long
// as the hash of a tree's node itself (docs/decisions/2026-11-21-sha256-below-evp.md).
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/sha256.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "base/check.h"

namespace redoubt::crypto {
namespace {

void start(SHA256_CTX& state) {
  REDOUBT_CHECK(SHA256_Init(&state) == 1);
}

void add(SHA256_CTX& state, ByteView bytes) {
  REDOUBT_CHECK(SHA256_Update(&state, bytes.data(), bytes.size()) == 1);
}

Sha256Digest digest_of(SHA256_CTX& state) {
  Sha256Digest digest;
  REDOUBT_CHECK(SHA256_Final(as_uchars(MutableByteView(digest)), &state) == 1);
  return digest;
}

}  // namespace

Sha256Digest sha256(std::initializer_list<ByteView> parts) {
  SHA256_CTX state;
  start(state);
  for (const ByteView part : parts) add(state, part);
  return digest_of(state);
}

struct Sha256::Impl {
  Impl() { start(state); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { OPENSSL_cleanse(&state, sizeof state); }

  SHA256_CTX state;
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(ByteView bytes) {
  add(impl_->state, bytes);
}

Sha256Digest Sha256::finish() {
  const Sha256Digest digest = digest_of(impl_->state);
  start(impl_->state);
  return digest;
}

}  // namespace redoubt::crypto
