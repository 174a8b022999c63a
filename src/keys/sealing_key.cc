#include "keys/sealing_key.h"

#include <algorithm>

#include "base/check.h"

namespace redoubt::keys {
namespace {

using crypto::Aes256Gcm;

constexpr std::byte kVersion{1};
constexpr std::string_view kWrapContext = "redoubt.sealing-key.v1";

}  // namespace

OpeningSealer::OpeningSealer(const IssuedSealingKey& issued) : aead_(issued.key), wrapped_(issued.wrapped) {}

void OpeningSealer::seal(ByteView context, ByteView opening, MutableByteView out) {
  REDOUBT_CHECK(out.size() == opening.size() + kSealOverheadBytes);
  out[0] = kVersion;
  auto rest = out.subspan(1);
  std::copy(wrapped_.begin(), wrapped_.end(), rest.begin());
  rest = rest.subspan(wrapped_.size());
  const auto nonce = rest.first(Aes256Gcm::kNonceSize);
  std::fill(nonce.begin(), nonce.end(), std::byte{0});
  store_le(nonce, next_nonce_++);
  aead_.seal(nonce, context, opening, rest.subspan(Aes256Gcm::kNonceSize));
}

KeyWrapper::KeyWrapper(const crypto::Secret& wrapping_key) : aead_(wrapping_key) {}

IssuedSealingKey KeyWrapper::issue() {
  IssuedSealingKey issued{.key = crypto::Secret::random(Aes256Gcm::kKeySize)};
  const MutableByteView out(issued.wrapped);
  // Random nonces: NIST SP 800-38D §8.2.2 allows 2^32 a key; one key a minute and core stays far below for millennia.
  crypto::random_bytes(out.first(Aes256Gcm::kNonceSize));
  aead_.seal(out.first(Aes256Gcm::kNonceSize), as_bytes(kWrapContext), issued.key.reveal(),
             out.subspan(Aes256Gcm::kNonceSize));
  return issued;
}

Result<Bytes> KeyWrapper::open(ByteView context, ByteView sealed) {
  if (sealed.size() < kSealOverheadBytes) return Error(Errc::kMalformed, "sealed opening is too short");
  if (sealed[0] != kVersion) return Error(Errc::kUnsupported, "sealed opening of an unknown version");
  const ByteView wrapped = sealed.subspan(1, sizeof(WrappedKey));
  crypto::Secret key(Aes256Gcm::kKeySize);
  if (auto done = aead_.open(wrapped.first(Aes256Gcm::kNonceSize), as_bytes(kWrapContext),
                             wrapped.subspan(Aes256Gcm::kNonceSize), key.reveal_mutable());
      !done) {
    return done.error().in("sealing key");
  }
  const ByteView nonce = sealed.subspan(1 + sizeof(WrappedKey), Aes256Gcm::kNonceSize);
  const ByteView ciphertext = sealed.subspan(1 + sizeof(WrappedKey) + Aes256Gcm::kNonceSize);
  Bytes opening(ciphertext.size() - Aes256Gcm::kTagSize);
  if (auto done = Aes256Gcm(key).open(nonce, context, ciphertext, opening); !done) return done.error().in("opening");
  return opening;
}

}  // namespace redoubt::keys
