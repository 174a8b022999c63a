// Digests whose kind is known only at run time, as in the formats of others: a TPM's banks, X.509, COSE. Where we
// choose, it is SHA-256: sha256.h.
//
// Any thread. Time depends on lengths only.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "base/bytes.h"

namespace redoubt::crypto {

// FIPS 180-4. SHA-1 is for reading old measurements, where a policy allows it; nothing of ours is built on it.
enum class HashAlgorithm : std::uint8_t { kSha1, kSha256, kSha384, kSha512 };

constexpr std::size_t digest_size(HashAlgorithm algorithm) {
  constexpr std::array<std::size_t, 4> kSizes{20, 32, 48, 64};
  return kSizes[static_cast<std::size_t>(algorithm)];
}

// `sha1`, `sha256`, `sha384`, `sha512`.
std::string_view to_string(HashAlgorithm algorithm);

// A digest of 20 to 64 bytes; a value.
class Digest {
 public:
  Digest() = default;
  // Of at most 64 bytes; more is a mistake of the caller's.
  explicit Digest(ByteView bytes);

  ByteView view() const { return ByteView(bytes_).first(size_); }
  MutableByteView mutable_view() { return MutableByteView(bytes_).first(size_); }
  friend bool operator==(const Digest& a, const Digest& b) { return std::ranges::equal(a.view(), b.view()); }

 private:
  std::array<std::byte, 64> bytes_{};
  std::uint8_t size_ = 0;
};

// The digest of the concatenation of `parts`.
Digest digest(HashAlgorithm algorithm, std::initializer_list<ByteView> parts);
inline Digest digest(HashAlgorithm algorithm, ByteView bytes) {
  return digest(algorithm, {bytes});
}

}  // namespace redoubt::crypto
