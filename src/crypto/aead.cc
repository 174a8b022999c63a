#include "crypto/aead.h"

#include <algorithm>
#include <array>
#include <climits>

#include "base/check.h"
#include "crypto/internal/evp.h"

namespace redoubt::crypto {
namespace {

const EVP_CIPHER* aes_256_gcm() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  REDOUBT_CHECK(cipher != nullptr);
  return cipher;
}

internal::CipherContext make_context(const Secret& key, bool encrypt) {
  internal::CipherContext context(EVP_CIPHER_CTX_new());
  REDOUBT_CHECK(context != nullptr);
  REDOUBT_CHECK(EVP_CipherInit_ex2(context.get(), aes_256_gcm(), as_uchars(key.reveal()), nullptr, encrypt ? 1 : 0,
                                   nullptr) == 1);
  return context;
}

}  // namespace

struct Aes256Gcm::Impl {
  explicit Impl(const Secret& key) : sealing(make_context(key, true)), opening(make_context(key, false)) {}
  internal::CipherContext sealing;
  internal::CipherContext opening;
};

Aes256Gcm::Aes256Gcm(const Secret& key) {
  REDOUBT_CHECK(key.size() == kKeySize);
  impl_ = std::make_unique<Impl>(key);
}
Aes256Gcm::Aes256Gcm(Aes256Gcm&&) noexcept = default;
Aes256Gcm& Aes256Gcm::operator=(Aes256Gcm&&) noexcept = default;
Aes256Gcm::~Aes256Gcm() = default;

void Aes256Gcm::seal(ByteView nonce, ByteView associated_data, ByteView plaintext, MutableByteView out) {
  REDOUBT_CHECK(nonce.size() == kNonceSize && out.size() == plaintext.size() + kTagSize);
  REDOUBT_CHECK(plaintext.size() <= INT_MAX && associated_data.size() <= INT_MAX);
  EVP_CIPHER_CTX* context = impl_->sealing.get();
  int n = 0;
  REDOUBT_CHECK(EVP_EncryptInit_ex2(context, nullptr, nullptr, as_uchars(nonce), nullptr) == 1);
  REDOUBT_CHECK(EVP_EncryptUpdate(context, nullptr, &n, as_uchars(associated_data),
                                  static_cast<int>(associated_data.size())) == 1);
  REDOUBT_CHECK(
      EVP_EncryptUpdate(context, as_uchars(out), &n, as_uchars(plaintext), static_cast<int>(plaintext.size())) == 1);
  REDOUBT_CHECK(EVP_EncryptFinal_ex(context, as_uchars(out) + n, &n) == 1);
  REDOUBT_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagSize, as_uchars(out) + plaintext.size()) == 1);
}

Result<> Aes256Gcm::open(ByteView nonce, ByteView associated_data, ByteView sealed, MutableByteView out) {
  if (nonce.size() != kNonceSize) return Error(Errc::kMalformed, "an AES-GCM nonce has 12 bytes");
  if (sealed.size() < kTagSize) return Error(Errc::kMalformed, "sealed bytes are shorter than their tag");
  const std::size_t size = sealed.size() - kTagSize;
  REDOUBT_CHECK(out.size() == size && size <= INT_MAX && associated_data.size() <= INT_MAX);
  EVP_CIPHER_CTX* context = impl_->opening.get();
  std::array<unsigned char, kTagSize> tag;
  std::copy_n(as_uchars(sealed) + size, kTagSize, tag.begin());
  int n = 0;
  const bool ok = EVP_DecryptInit_ex2(context, nullptr, nullptr, as_uchars(nonce), nullptr) == 1 &&
                  EVP_DecryptUpdate(context, nullptr, &n, as_uchars(associated_data),
                                    static_cast<int>(associated_data.size())) == 1 &&
                  EVP_DecryptUpdate(context, as_uchars(out), &n, as_uchars(sealed), static_cast<int>(size)) == 1 &&
                  EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagSize, tag.data()) == 1 &&
                  EVP_DecryptFinal_ex(context, as_uchars(out) + n, &n) == 1;
  if (!ok) {
    wipe(out);
    return Error(Errc::kVerifyFailed, "the authentication tag does not hold");
  }
  return {};
}

}  // namespace redoubt::crypto
