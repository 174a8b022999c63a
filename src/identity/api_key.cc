#include "identity/api_key.h"

#include <algorithm>
#include <array>

#include "crypto/secret.h"
#include "encoding/base64.h"
#include "identity/internal/make_id.h"

namespace redoubt::identity {
namespace {

constexpr std::size_t kSecretBytes = 32;

bool is_id_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string make_id(std::size_t size) {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  constexpr unsigned kUsable = 256 - 256 % kAlphabet.size();  // bytes beyond would favour some characters
  std::string id;
  while (id.size() < size) {
    std::array<std::byte, 32> bytes{};
    crypto::random_bytes(bytes);
    for (const std::byte byte : bytes) {
      const auto number = static_cast<unsigned>(byte);
      if (number < kUsable && id.size() < size) id += kAlphabet[number % kAlphabet.size()];
    }
  }
  return id;
}

bool is_key_id(std::string_view text) {
  return text.size() == kKeyIdSize && std::all_of(text.begin(), text.end(), is_id_char);
}

NewKey make_key() {
  NewKey made;
  made.id = make_id(kKeyIdSize);
  const crypto::Secret random = crypto::Secret::random(kSecretBytes);
  std::string secret = encoding::base64url(random.reveal());
  made.secret.reserve(kKeySize);  // so that no copy of it is left behind
  made.secret.append(kKeyPrefix).append(made.id).append(1, '_').append(secret);
  crypto::wipe(std::as_writable_bytes(std::span(secret)));
  made.digest = crypto::sha256(as_bytes(made.secret));
  return made;
}

std::optional<PresentedKey> parse_authorization(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() != kScheme.size() + kKeySize) return std::nullopt;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != kScheme[i]) return std::nullopt;
  }
  const std::string_view text = authorization.substr(kScheme.size());
  const std::string_view id = text.substr(kKeyPrefix.size(), kKeyIdSize);
  if (!text.starts_with(kKeyPrefix) || !is_key_id(id) || text[kKeyPrefix.size() + kKeyIdSize] != '_') {
    return std::nullopt;
  }
  return PresentedKey{.id = id, .text = text};
}

}  // namespace redoubt::identity
