// The key that requests are sealed to, as clients are told it (RFC 9458 §3): one public key of X25519 and the one suite
// that is spoken here, KEM 0x0020, KDF 0x0001, AEAD 0x0002.
//
// A value. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hpke.h"

namespace redoubt::ohttp {

// The media type of a list of configurations (RFC 9458 §3.2).
inline constexpr std::string_view kKeysType = "application/ohttp-keys";

struct KeyConfiguration {
  static constexpr std::size_t kMaxBytes = 256;

  std::uint8_t id = 0;
  crypto::X25519PublicKey public_key{};

  friend bool operator==(const KeyConfiguration&, const KeyConfiguration&) = default;
};

// RFC 9458 §3.1.
Bytes encode(const KeyConfiguration& configuration);
// kMalformed for another form or bytes after it; kUnsupported for another KEM, or without our suite among its own;
// kTooLarge above kMaxBytes.
Result<KeyConfiguration> decode_key_configuration(ByteView bytes);

// A list of this one alone (§3.2).
Bytes encode_list(const KeyConfiguration& configuration);

}  // namespace redoubt::ohttp
