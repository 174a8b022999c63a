#include "behaviour/features.h"

#include <arpa/inet.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "behaviour/internal/bit_majority.h"
#include "behaviour/internal/hash.h"
#include "crypto/kdf.h"
#include "encoding/base64.h"

namespace redoubt::behaviour {
namespace {

std::uint64_t first_eight(const crypto::Sha256Digest& digest) {
  return load_le<std::uint64_t>(digest);
}

// Which class a byte of text has: letters and digits make words (letters in lower case), bytes of other alphabets are
// kept, everything else separates.
constexpr std::array<unsigned char, 256> kWordBytes = [] {
  std::array<unsigned char, 256> out{};
  for (int c = '0'; c <= '9'; ++c) out[static_cast<std::size_t>(c)] = static_cast<unsigned char>(c);
  for (int c = 'a'; c <= 'z'; ++c) out[static_cast<std::size_t>(c)] = static_cast<unsigned char>(c);
  for (int c = 'A'; c <= 'Z'; ++c) out[static_cast<std::size_t>(c)] = static_cast<unsigned char>(c - 'A' + 'a');
  for (std::size_t c = 0x80; c < 0x100; ++c) out[c] = static_cast<unsigned char>(c);
  return out;
}();

constexpr unsigned char kMagic0 = 'R';
constexpr unsigned char kMagic1 = 'F';
constexpr unsigned char kVersion = 1;
constexpr unsigned kKnownBits = 0xff;

template <class T>
void put(Bytes& out, T value) {
  std::array<std::byte, sizeof(T)> bytes;
  store_le<T>(bytes, value);
  append(out, bytes);
}

}  // namespace

int sketch_distance(std::uint64_t a, std::uint64_t b) {
  return std::popcount(a ^ b);
}

FeatureKey::FeatureKey(const crypto::Secret& secret) {
  const auto hash = crypto::hmac_sha256(secret.reveal(), {as_bytes("redoubt.behaviour.hash.v1")});
  std::memcpy(hash_key_.data(), hash.data(), hash.size());
  const auto sketch = crypto::hmac_sha256(secret.reveal(), {as_bytes("redoubt.behaviour.sketch.v1")});
  for (std::size_t i = 0; i < sketch_key_.size(); ++i) {
    sketch_key_[i] = load_le<std::uint64_t>(ByteView(sketch).subspan(8 * i, 8));
  }
}

std::optional<std::uint64_t> FeatureKey::address_prefix(std::string_view numeric_address) const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (numeric_address.empty() || numeric_address.size() >= text.size()) return std::nullopt;
  std::memcpy(text.data(), numeric_address.data(), numeric_address.size());
  std::array<std::byte, 16> address{};
  std::array<std::byte, 7> prefix{};
  constexpr std::array<std::byte, 12> kMapped = {std::byte{}, std::byte{}, std::byte{},     std::byte{},
                                                 std::byte{}, std::byte{}, std::byte{},     std::byte{},
                                                 std::byte{}, std::byte{}, std::byte{0xff}, std::byte{0xff}};
  if (::inet_pton(AF_INET, text.data(), address.data()) == 1) {
    prefix[0] = std::byte{4};
    std::memcpy(&prefix[1], address.data(), 3);
  } else if (::inet_pton(AF_INET6, text.data(), address.data()) == 1) {
    if (std::memcmp(address.data(), kMapped.data(), kMapped.size()) == 0) {
      prefix[0] = std::byte{4};
      std::memcpy(&prefix[1], &address[12], 3);
    } else {
      prefix[0] = std::byte{6};
      std::memcpy(&prefix[1], address.data(), 6);
    }
  } else {
    return std::nullopt;
  }
  return first_eight(crypto::hmac_sha256(hash_key_, {as_bytes("address"), prefix}));
}

std::uint64_t FeatureKey::credential(std::string_view id) const {
  return first_eight(crypto::hmac_sha256(hash_key_, {as_bytes("credential"), as_bytes(id)}));
}

FeatureKey::Text FeatureKey::text(std::span<const std::string_view> texts) const {
  Text out;
  BitMajority shingles;
  std::size_t left = kSketchTextMax;
  // A running hash over all words tells order; a word alone and with the one before it are the shingles.
  std::uint64_t whole = sketch_key_[0];
  std::uint64_t previous = sketch_key_[1];
  const auto take_word = [&](std::uint64_t word) {
    const std::uint64_t hash = fold_product(word ^ sketch_key_[2], sketch_key_[3] | 1);
    shingles.add(hash, fold_product(hash ^ (previous << 1 | previous >> 63), sketch_key_[0] | 1));
    whole = fold_product(whole ^ hash, sketch_key_[1] | 1) + sketch_key_[2];
    previous = hash;
    ++out.words;
  };
  for (std::string_view text : texts) {
    text = text.substr(0, left);
    left -= text.size();
    for (std::size_t at = 0; at < text.size();) {
      unsigned char byte = kWordBytes[static_cast<unsigned char>(text[at])];
      if (byte == 0) {
        ++at;
        continue;
      }
      std::uint64_t word = 0;
      do {
        word = (word + byte) * 0x9fb21c651e98df25;
        word ^= word >> 29;
        word += static_cast<std::uint64_t>(word == 0);
        if (++at == text.size()) break;
        byte = kWordBytes[static_cast<unsigned char>(text[at])];
        // Each character of other alphabets is a word of its own: many of them write without spaces.
      } while (byte != 0 && byte < 0xc0);
      take_word(word);
    }
  }
  if (out.words == 0) return out;
  out.sketch = shingles.majority();
  std::array<std::byte, 12> last;
  store_le<std::uint64_t>(MutableByteView(last).first(8), whole);
  store_le<std::uint32_t>(MutableByteView(last).last(4), out.words);
  out.fingerprint = first_eight(crypto::hmac_sha256(hash_key_, {as_bytes("text"), last}));
  return out;
}

TensorSummary FeatureKey::tensor(std::span<const float> values) const {
  std::array<double, kTensorParts> sums{};
  values = values.first(std::min(values.size(), kTensorValuesMax));
  // 64 bits decide place (4) and sign (1) of twelve values.
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i % 12 == 0) bits = keyed_mix({sketch_key_[2], sketch_key_[3]}, i / 12 + 1);
    const double value = std::isfinite(values[i]) ? static_cast<double>(values[i]) : 0;
    sums[bits & 15] += (bits & 16) != 0 ? value : -value;
    bits >>= 5;
  }
  TensorSummary out{};
  for (std::size_t i = 0; i < sums.size(); ++i) {
    out[i] = static_cast<float>(std::clamp(sums[i], -1e30, 1e30));
  }
  return out;
}

Features features_of(const FeatureKey& key, const RequestSeen& request) {
  Features out;
  out.address_prefix = key.address_prefix(request.peer_address);
  if (!request.claimed_credential.empty()) out.claimed = key.credential(request.claimed_credential);
  out.request_size = request.request_size;
  if (!request.texts.empty()) {
    const FeatureKey::Text text = key.text(request.texts);
    if (text.words > 0) {
      out.sketch = text.sketch;
      out.fingerprint = text.fingerprint;
      out.words = text.words;
    }
  }
  out.latency_ms = request.latency_ms;
  if (!request.tensor.empty()) out.tensor = key.tensor(request.tensor);
  return out;
}

std::string network_name(std::uint64_t address_prefix) {
  std::array<std::byte, 8> bytes{};
  store_be<std::uint64_t>(bytes, address_prefix);
  std::string out;
  encoding::append_hex(out, bytes);
  return out;
}

Bytes encode_features(const Features& features) {
  Bytes out;
  out.reserve(kFeaturesSizeMax);
  const unsigned bits = (features.address_prefix ? 1U : 0) | (features.claimed ? 2U : 0) |
                        (features.request_size ? 4U : 0) | (features.sketch ? 8U : 0) |
                        (features.fingerprint ? 16U : 0) | (features.words ? 32U : 0) |
                        (features.latency_ms ? 64U : 0) | (features.tensor ? 128U : 0);
  out.push_back(std::byte{kMagic0});
  out.push_back(std::byte{kMagic1});
  out.push_back(std::byte{kVersion});
  put<std::uint16_t>(out, static_cast<std::uint16_t>(bits));
  if (features.address_prefix) put(out, *features.address_prefix);
  if (features.claimed) put(out, *features.claimed);
  if (features.request_size) put(out, *features.request_size);
  if (features.sketch) put(out, *features.sketch);
  if (features.fingerprint) put(out, *features.fingerprint);
  if (features.words) put(out, *features.words);
  if (features.latency_ms) put(out, *features.latency_ms);
  if (features.tensor) {
    for (const float part : *features.tensor) put(out, std::bit_cast<std::uint32_t>(part));
  }
  return out;
}

Result<Features> decode_features(ByteView bytes) {
  const auto malformed = [](const char* what) { return Error(Errc::kMalformed, std::string("features: ") + what); };
  if (bytes.size() < 5 || bytes[0] != std::byte{kMagic0} || bytes[1] != std::byte{kMagic1}) {
    return malformed("they do not begin as features do");
  }
  if (bytes[2] != std::byte{kVersion}) return Error(Errc::kUnsupported, "features of another version");
  const unsigned bits = load_le<std::uint16_t>(bytes.subspan(3, 2));
  if ((bits & ~kKnownBits) != 0) return malformed("a member that is not known");
  bytes = bytes.subspan(5);
  bool whole = true;
  const auto take = [&]<class T>(std::optional<T>& out, unsigned bit) {
    if ((bits & bit) == 0 || !whole) return;
    if (bytes.size() < sizeof(T)) {
      whole = false;
      return;
    }
    out = load_le<T>(bytes.first(sizeof(T)));
    bytes = bytes.subspan(sizeof(T));
  };
  Features out;
  take(out.address_prefix, 1);
  take(out.claimed, 2);
  take(out.request_size, 4);
  take(out.sketch, 8);
  take(out.fingerprint, 16);
  take(out.words, 32);
  take(out.latency_ms, 64);
  if ((bits & 128) != 0 && whole) {
    if (bytes.size() < 4 * kTensorParts) return malformed("they end too early");
    TensorSummary tensor{};
    for (float& part : tensor) {
      part = std::bit_cast<float>(load_le<std::uint32_t>(bytes.first(4)));
      if (!std::isfinite(part) || std::abs(part) > 1e30F) return malformed("a part of a tensor is out of range");
      bytes = bytes.subspan(4);
    }
    out.tensor = tensor;
  }
  if (!whole) return malformed("they end too early");
  if (!bytes.empty()) return malformed("something follows them");
  return out;
}

}  // namespace redoubt::behaviour
