#include "crypto/secret.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <bit>
#include <cstring>

#include "base/check.h"

namespace redoubt::crypto {
namespace {

// Enough for every key a process holds at once, but for those of connections.
constexpr std::size_t kSecureHeapSizeBytes = 64 * 1024;
constexpr std::size_t kSecureHeapMinBlockBytes = 32;
constexpr std::size_t kConnectionBytes = 4 * kSecureHeapMinBlockBytes;

}  // namespace

bool init_secure_heap(std::size_t connections) {
  // A power of two, as OpenSSL wants.
  const std::size_t size = std::bit_ceil(kSecureHeapSizeBytes + connections * kConnectionBytes);
  return CRYPTO_secure_malloc_init(size, kSecureHeapMinBlockBytes) == 1;
}

Secret::Secret(std::size_t size) : size_(size) {
  if (size == 0) return;
  data_ = static_cast<std::byte*>(OPENSSL_secure_zalloc(size));
  REDOUBT_CHECK(data_ != nullptr);
}

Secret Secret::copy_of(ByteView bytes) {
  Secret secret(bytes.size());
  if (!bytes.empty()) std::memcpy(secret.data_, bytes.data(), bytes.size());
  return secret;
}

Secret Secret::random(std::size_t size) {
  Secret secret(size);
  REDOUBT_CHECK(RAND_priv_bytes(reinterpret_cast<unsigned char*>(secret.data_), static_cast<int>(size)) == 1);
  return secret;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    OPENSSL_secure_clear_free(data_, size_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Secret::~Secret() {
  OPENSSL_secure_clear_free(data_, size_);
}

void wipe(MutableByteView bytes) {
  OPENSSL_cleanse(bytes.data(), bytes.size());
}

bool equal_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void random_bytes(MutableByteView out) {
  REDOUBT_CHECK(RAND_bytes(as_uchars(out), static_cast<int>(out.size())) == 1);
}

}  // namespace redoubt::crypto
