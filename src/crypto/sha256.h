// SHA-256 (FIPS 180-4 §6.2), its compression function OpenSSL's.
//
// Any thread, no allocation but by Sha256 itself; time depends on lengths only.
#pragma once

#include <array>
#include <initializer_list>
#include <memory>

#include "base/bytes.h"

namespace redoubt::crypto {

using Sha256Digest = std::array<std::byte, 32>;

// SHA-256 of the concatenation of `parts`.
Sha256Digest sha256(std::initializer_list<ByteView> parts);
inline Sha256Digest sha256(ByteView bytes) {
  return sha256({bytes});
}

// SHA-256 of bytes that come in pieces. One thread at a time. Movable, not copyable.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void update(ByteView bytes);
  // The digest of everything since construction or the last finish; the object starts anew.
  Sha256Digest finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace redoubt::crypto
