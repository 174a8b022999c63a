#include "crypto/sha256.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace redoubt::crypto {
namespace {

// Fetched once for the life of the process; never freed, so that threads may end in any order.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  REDOUBT_CHECK(algorithm != nullptr);
  return algorithm;
}

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, ContextDeleter>;

Context make_context() {
  Context context(EVP_MD_CTX_new());
  REDOUBT_CHECK(context != nullptr);
  REDOUBT_CHECK(EVP_DigestInit_ex2(context.get(), sha256_algorithm(), nullptr) == 1);
  return context;
}

Sha256Digest finish_and_restart(EVP_MD_CTX* context) {
  Sha256Digest digest;
  unsigned int size = 0;
  REDOUBT_CHECK(EVP_DigestFinal_ex(context, as_uchars(MutableByteView(digest)), &size) == 1 && size == digest.size());
  REDOUBT_CHECK(EVP_DigestInit_ex2(context, nullptr, nullptr) == 1);
  return digest;
}

}  // namespace

Sha256Digest sha256(std::initializer_list<ByteView> parts) {
  thread_local const Context context = make_context();
  for (const ByteView part : parts) REDOUBT_CHECK(EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1);
  return finish_and_restart(context.get());
}

struct Sha256::Impl {
  Context context = make_context();
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(ByteView bytes) {
  REDOUBT_CHECK(EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size()) == 1);
}

Sha256Digest Sha256::finish() {
  return finish_and_restart(impl_->context.get());
}

}  // namespace redoubt::crypto
