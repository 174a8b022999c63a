#include "crypto/kdf.h"

#include <algorithm>

#include "base/check.h"

namespace redoubt::crypto {

// HMAC from the reused SHA-256 context: OpenSSL 3.0's EVP_MAC costs several allocations a call.
Sha256Digest hmac_sha256(ByteView key, std::initializer_list<ByteView> parts) {
  constexpr std::size_t kBlockSize = 64;
  std::array<std::byte, kBlockSize> inner_pad{};
  if (key.size() > kBlockSize) {
    const Sha256Digest digest = sha256(key);
    std::copy(digest.begin(), digest.end(), inner_pad.begin());
  } else {
    std::copy(key.begin(), key.end(), inner_pad.begin());
  }
  std::array<std::byte, kBlockSize> outer_pad = inner_pad;
  for (std::byte& b : inner_pad) b ^= std::byte{0x36};
  for (std::byte& b : outer_pad) b ^= std::byte{0x5c};

  Sha256 inner;
  inner.update(inner_pad);
  for (const ByteView part : parts) inner.update(part);
  const Sha256Digest inner_digest = inner.finish();
  const Sha256Digest result = sha256({outer_pad, inner_digest});
  wipe(inner_pad);
  wipe(outer_pad);
  return result;
}

Secret hkdf_extract(ByteView salt, ByteView input_key_material) {
  static constexpr std::array<std::byte, 32> kZeroSalt{};
  Sha256Digest prk = hmac_sha256(salt.empty() ? ByteView(kZeroSalt) : salt, {input_key_material});
  Secret out = Secret::copy_of(prk);
  wipe(prk);
  return out;
}

Secret hkdf_expand(const Secret& pseudorandom_key, ByteView info, std::size_t size) {
  REDOUBT_CHECK(size <= 255 * 32);
  Secret out(size);
  Sha256Digest block{};
  std::size_t done = 0;
  for (unsigned counter = 1; done < size; ++counter) {
    const std::array<std::byte, 1> counter_byte{static_cast<std::byte>(counter)};
    block = hmac_sha256(pseudorandom_key.reveal(), {counter == 1 ? ByteView() : ByteView(block), info, counter_byte});
    const std::size_t n = std::min(block.size(), size - done);
    std::copy_n(block.begin(), n, out.reveal_mutable().begin() + static_cast<std::ptrdiff_t>(done));
    done += n;
  }
  wipe(block);
  return out;
}

Secret hkdf(ByteView salt, ByteView input_key_material, ByteView info, std::size_t size) {
  return hkdf_expand(hkdf_extract(salt, input_key_material), info, size);
}

}  // namespace redoubt::crypto
