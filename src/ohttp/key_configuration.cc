#include "ohttp/key_configuration.h"

#include <algorithm>
#include <array>

#include "ohttp/internal/suite.h"

namespace redoubt::ohttp {

namespace {

constexpr std::size_t kKeySize = std::tuple_size_v<crypto::X25519PublicKey>;
constexpr std::size_t kAlgorithmSize = 4;
constexpr std::size_t kFixedSize = 1 + 2 + kKeySize + 2;  // all but the algorithms

}  // namespace

Bytes encode(const KeyConfiguration& configuration) {
  Bytes out{std::byte{configuration.id}};
  append(out, internal::be16(internal::kKem));
  append(out, configuration.public_key);
  append(out, internal::be16(kAlgorithmSize));
  append(out, internal::be16(internal::kKdf));
  append(out, internal::be16(internal::kAead));
  return out;
}

Result<KeyConfiguration> decode_key_configuration(ByteView bytes) {
  if (bytes.size() > KeyConfiguration::kMaxBytes) return Error(Errc::kTooLarge, "the key configuration is too large");
  if (bytes.size() < kFixedSize + kAlgorithmSize) return Error(Errc::kMalformed, "the key configuration is cut");
  if (load_be<std::uint16_t>(bytes.subspan(1, 2)) != internal::kKem) {
    return Error(Errc::kUnsupported, "the key is for another KEM than X25519");
  }
  KeyConfiguration out;
  out.id = static_cast<std::uint8_t>(bytes[0]);
  std::ranges::copy(bytes.subspan(3, kKeySize), out.public_key.begin());
  const auto size = load_be<std::uint16_t>(bytes.subspan(3 + kKeySize, 2));
  const ByteView algorithms = bytes.subspan(kFixedSize);
  if (size != algorithms.size() || size % kAlgorithmSize != 0) {
    return Error(Errc::kMalformed, "the key configuration has another length than it says");
  }
  for (std::size_t at = 0; at < algorithms.size(); at += kAlgorithmSize) {
    if (load_be<std::uint16_t>(algorithms.subspan(at, 2)) == internal::kKdf &&
        load_be<std::uint16_t>(algorithms.subspan(at + 2, 2)) == internal::kAead) {
      return out;
    }
  }
  return Error(Errc::kUnsupported, "the key is not for HKDF-SHA256 with AES-256-GCM");
}

Bytes encode_list(const KeyConfiguration& configuration) {
  const Bytes one = encode(configuration);
  Bytes out = to_bytes(internal::be16(static_cast<std::uint16_t>(one.size())));
  append(out, one);
  return out;
}

}  // namespace redoubt::ohttp
