// What the request path computes of a request for behaviour, and seals beside the record: numbers only, no text.
//
//   const FeatureKey key(secret);                                // once
//   const Features features = features_of(key, {.peer_address = "192.0.2.7", .request_size = body.size(),
//                                               .texts = texts});
//   const Bytes sealed_part = encode_features(features);
//
// Everything that identifies is a keyed hash: of two deployments, or of one before and after its key was destroyed,
// nothing can be compared. A sketch tells how alike two texts of one deployment are (SimHash: Charikar, "Similarity
// estimation techniques from rounding algorithms", STOC 2002), a fingerprint whether they are the same; neither can be
// turned back into text, but who holds the key can test a guess. So features are personal data: they are sealed, and
// erased with the opening.
//
// Any thread. No lock, no allocation but of encode_features().
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace redoubt::behaviour {

inline constexpr std::size_t kTensorParts = 16;
inline constexpr std::size_t kSketchTextMax =
    64 * 1024;  // bytes that sketch and fingerprint look at; the rest is left out
inline constexpr std::size_t kTensorValuesMax = 1U << 20;  // further values are left out
inline constexpr std::size_t kFeaturesSizeMax = 128;       // bytes, encoded

// A tensor folded into 16 sums of randomly signed values (Charikar, Chen and Farach-Colton, "Finding frequent items in
// data streams", 2002): distances between such sums are about those between the tensors.
using TensorSummary = std::array<float, kTensorParts>;

struct Features {
  std::optional<std::uint64_t> address_prefix;  // keyed hash of /24 (IPv4) or /48 (IPv6)
  std::optional<std::uint64_t> claimed;         // keyed hash of the id of a credential that was no good
  std::optional<std::uint64_t> request_size;    // bytes
  std::optional<std::uint64_t> sketch;          // texts that are alike differ in few bits
  std::optional<std::uint64_t> fingerprint;     // the same for the same words in the same order
  std::optional<std::uint32_t> words;           // in the texts
  std::optional<std::uint32_t> latency_ms;      // of the upstream
  std::optional<TensorSummary> tensor;

  friend bool operator==(const Features&, const Features&) = default;
};

// Bits in which two sketches differ, 0 to 64. Unrelated texts: about 32; a text with a word in ten changed: about 10.
int sketch_distance(std::uint64_t a, std::uint64_t b);

// How signals and the mesh name a network: 16 hexadecimal digits.
std::string network_name(std::uint64_t address_prefix);

// Derived once from a secret of the deployment (32 bytes or more), which it does not keep.
class FeatureKey {
 public:
  explicit FeatureKey(const crypto::Secret& secret);

  // Of a numeric address, without port; an IPv4 address written as IPv6 is the IPv4 address. Nothing when it is none.
  std::optional<std::uint64_t> address_prefix(std::string_view numeric_address) const;
  std::uint64_t credential(std::string_view id) const;

  struct Text {
    std::uint64_t sketch = 0;
    std::uint64_t fingerprint = 0;
    std::uint32_t words = 0;
  };
  // Of the texts one after the other: case, punctuation and white space make no difference.
  Text text(std::span<const std::string_view> texts) const;

  // Values that are not finite count as zero.
  TensorSummary tensor(std::span<const float> values) const;

 private:
  std::array<std::byte, 32> hash_key_{};
  std::array<std::uint64_t, 4> sketch_key_{};
};

struct RequestSeen {
  std::string_view peer_address;        // numeric; may be empty
  std::string_view claimed_credential;  // id; may be empty
  std::optional<std::uint64_t> request_size;
  std::span<const std::string_view> texts;  // what the caller wrote to the model; may be empty
  std::span<const float> tensor;            // may be empty
  std::optional<std::uint32_t> latency_ms;
};
Features features_of(const FeatureKey& key, const RequestSeen& request);

// At most kFeaturesSizeMax bytes: `RF`, version 1, a bit for each member that is there, and those in their order,
// little-endian.
Bytes encode_features(const Features& features);
// Exactly what encode_features() writes. kMalformed otherwise; kUnsupported for a later version.
Result<Features> decode_features(ByteView bytes);

}  // namespace redoubt::behaviour
