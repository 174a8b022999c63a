// API keys as text: `rdk_ID_SECRET`. ID (12 of a-z 0-9) names the key and may be shown; SECRET (43 of base64url, 256
// random bits) is its holder's. What is kept is the SHA-256 of the whole: it has full entropy, so a plain digest is
// enough, and whoever has the digest alone is let in nowhere.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "crypto/sha256.h"

namespace redoubt::identity {

inline constexpr std::string_view kKeyPrefix = "rdk_";
inline constexpr std::size_t kKeyIdSize = 12;
inline constexpr std::size_t kKeySecretSize = 43;
inline constexpr std::size_t kKeySize = kKeyPrefix.size() + kKeyIdSize + 1 + kKeySecretSize;

bool is_key_id(std::string_view text);

// A key made: what its holder is given, once, and what is kept of it.
struct NewKey {
  std::string id;
  std::string secret;  // the whole key; wiped by the caller (crypto::wipe)
  crypto::Sha256Digest digest{};
};
// Any thread.
NewKey make_key();

// The key in an `Authorization` field: `Bearer` in any case, one space, the key, nothing else. Views of the argument.
struct PresentedKey {
  std::string_view id;
  std::string_view text;  // the whole key
};
std::optional<PresentedKey> parse_authorization(std::string_view authorization);

}  // namespace redoubt::identity
