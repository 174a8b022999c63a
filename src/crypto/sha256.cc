// The low-level functions are deprecated since OpenSSL 3.0 in favour of EVP, which takes 90 ns more a digest: as long
// as the hash of a tree's node itself (docs/decisions/2026-11-21-sha256-below-evp.md).
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/sha256.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

#include "base/check.h"

namespace redoubt::crypto {
namespace {

constexpr std::size_t kBlockSize = SHA256_CBLOCK;

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

// A message taken block by block. The byte in front puts its blocks out of step with memory, so that the first is put
// together; the others go to OpenSSL from where they lie.
class Message {
 public:
  Message(std::byte first, ByteView rest) : rest_(rest) {
    start(state_);
    std::array<std::byte, kBlockSize> head;
    head[0] = first;
    const std::size_t size = std::min(rest_.size(), head.size() - 1);
    std::copy_n(rest_.begin(), size, head.begin() + 1);
    add(state_, ByteView(head).first(1 + size));
    rest_ = rest_.subspan(size);
  }

  // The next block, if a whole one is left.
  bool take_block() {
    if (rest_.size() < kBlockSize) return false;
    add(state_, rest_.first(kBlockSize));
    rest_ = rest_.subspan(kBlockSize);
    return true;
  }
  Sha256Digest finish() {
    add(state_, rest_);
    return digest_of(state_);
  }

 private:
  ByteView rest_;
  SHA256_CTX state_;
};

// Blocks of the two by turns. Each block waits for the one before it in its own message only, so that the processor
// works on both at once.
void hash_two(Message a, Message b, Sha256Digest& out_a, Sha256Digest& out_b) {
  for (bool more = true; more;) {
    more = a.take_block();
    more = b.take_block() || more;
  }
  out_a = a.finish();
  out_b = b.finish();
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
    hash_two(Message(first, messages[i]), Message(first, messages[i + 1]), out[i], out[i + 1]);
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
