// The low-level functions are deprecated since OpenSSL 3.0 in favour of EVP, which takes 90 ns more a digest: as long
// as the hash of a tree's node itself (docs/decisions/2026-11-21-sha256-below-evp.md).
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/sha256.h"

#include <endian.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace redoubt::crypto {
namespace {

constexpr std::size_t kBlockSize = SHA256_CBLOCK;
constexpr std::size_t kLengthSize = 8;

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

// A message as the padded blocks of FIPS 180-4 §5.1.1 and §5.2.1: those inside it where they lie, the first and what
// follows the last whole one from a copy.
class Blocks {
 public:
  Blocks(std::byte first, ByteView rest) : rest_(rest) {
    const std::size_t size = 1 + rest.size();
    count_ = (size + 1 + kLengthSize + kBlockSize - 1) / kBlockSize;
    tail_ = std::max<std::size_t>(size / kBlockSize, 1);
    const std::size_t copied = (1 + count_ - tail_) * kBlockSize;
    for (std::size_t at = size < kBlockSize ? 0 : kBlockSize; at < copied; at += kBlockSize) {
      std::memset(copy_.data() + at, 0, kBlockSize);
    }
    copy_[0] = first;
    std::byte* end = std::copy_n(rest.data(), std::min(rest.size(), kBlockSize - 1), copy_.data() + 1);
    if (size >= kBlockSize) {
      const ByteView tail = rest.subspan(tail_ * kBlockSize - 1);
      end = std::copy_n(tail.data(), tail.size(), copy_.data() + kBlockSize);
    }
    // The bit 1, zeros, and the length in bits at the end of the last block.
    *end = std::byte{0x80};
    const std::uint64_t bits = htobe64(std::uint64_t{size} * 8);
    std::memcpy(copy_.data() + copied - kLengthSize, &bits, kLengthSize);
  }

  std::size_t count() const { return count_; }
  const unsigned char* operator[](std::size_t i) const {
    if (i == 0) return as_uchars(ByteView(copy_));
    if (i >= tail_) return as_uchars(ByteView(copy_)) + (1 + i - tail_) * kBlockSize;
    return as_uchars(rest_) + i * kBlockSize - 1;
  }

 private:
  ByteView rest_;
  std::size_t count_ = 0;
  std::size_t tail_ = 0;  // the block from which on they lie in copy_ again
  alignas(16) std::array<std::byte, 3 * kBlockSize> copy_;
};

Sha256Digest state_of(const SHA256_CTX& state) {
  Sha256Digest digest;
  for (std::size_t i = 0; i < std::size(state.h); ++i) {
    const std::uint32_t word = htobe32(state.h[i]);
    std::memcpy(digest.data() + i * sizeof word, &word, sizeof word);
  }
  return digest;
}

// Blocks of the two by turns. Each block waits for the one before it in its own message only, so that the processor
// works on both at once: 30 instead of 45 ns a block.
void hash_two(const Blocks& a, const Blocks& b, Sha256Digest& out_a, Sha256Digest& out_b) {
  SHA256_CTX state_a;
  SHA256_CTX state_b;
  start(state_a);
  start(state_b);
  for (std::size_t i = 0; i < std::max(a.count(), b.count()); ++i) {
    if (i < a.count()) SHA256_Transform(&state_a, a[i]);
    if (i < b.count()) SHA256_Transform(&state_b, b[i]);
  }
  out_a = state_of(state_a);
  out_b = state_of(state_b);
}

}  // namespace

Sha256Digest sha256(std::initializer_list<ByteView> parts) {
  SHA256_CTX state;
  start(state);
  for (const ByteView part : parts) add(state, part);
  return digest_of(state);
}

void sha256_each(std::byte first, std::span<const ByteView> messages, std::span<Sha256Digest> out) {
  REDOUBT_CHECK(out.size() == messages.size());
  std::size_t i = 0;
  for (; i + 2 <= messages.size(); i += 2) {
    hash_two(Blocks(first, messages[i]), Blocks(first, messages[i + 1]), out[i], out[i + 1]);
  }
  if (i < messages.size()) out[i] = sha256({ByteView(&first, 1), messages[i]});
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
