#include "crypto/digest.h"

#include <array>

#include "base/check.h"
#include "crypto/internal/evp.h"
#include "crypto/internal/hash.h"
#include "crypto/sha256.h"

namespace redoubt::crypto {

namespace internal {

const EVP_MD* hash_of(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::kSha1:
      return EVP_sha1();
    case HashAlgorithm::kSha256:
      return EVP_sha256();
    case HashAlgorithm::kSha384:
      return EVP_sha384();
    case HashAlgorithm::kSha512:
      return EVP_sha512();
  }
  REDOUBT_CHECK(false);
}

}  // namespace internal

namespace {

// The same, looked up in the provider once. OpenSSL 3.0 does so for each digest otherwise, which takes it longer than
// to hash a few blocks.
const EVP_MD* fetched(HashAlgorithm algorithm) {
  static const std::array<const EVP_MD*, 4> kFetched{
      EVP_MD_fetch(nullptr, "SHA1", nullptr), EVP_MD_fetch(nullptr, "SHA2-256", nullptr),
      EVP_MD_fetch(nullptr, "SHA2-384", nullptr), EVP_MD_fetch(nullptr, "SHA2-512", nullptr)};
  const EVP_MD* out = kFetched[static_cast<std::size_t>(algorithm)];
  REDOUBT_CHECK(out != nullptr);
  return out;
}

}  // namespace

std::string_view to_string(HashAlgorithm algorithm) {
  constexpr std::array<std::string_view, 4> kNames{"sha1", "sha256", "sha384", "sha512"};
  return kNames[static_cast<std::size_t>(algorithm)];
}

Digest::Digest(ByteView bytes) : size_(static_cast<std::uint8_t>(bytes.size())) {
  REDOUBT_CHECK(bytes.size() <= bytes_.size());
  std::ranges::copy(bytes, bytes_.begin());
}

Digest digest(HashAlgorithm algorithm, std::initializer_list<ByteView> parts) {
  if (algorithm == HashAlgorithm::kSha256) return Digest(sha256(parts));
  const internal::DigestContext context(EVP_MD_CTX_new());
  REDOUBT_CHECK(EVP_DigestInit_ex(context.get(), fetched(algorithm), nullptr) == 1);
  for (const ByteView part : parts) REDOUBT_CHECK(EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1);
  std::array<std::byte, 64> out{};
  unsigned size = 0;
  REDOUBT_CHECK(EVP_DigestFinal_ex(context.get(), as_uchars(MutableByteView(out)), &size) == 1);
  return Digest(ByteView(out).first(size));
}

}  // namespace redoubt::crypto
