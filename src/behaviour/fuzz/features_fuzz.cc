// Any bytes as features: what is read is written as the same bytes. Any text has a sketch.
#include <algorithm>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "behaviour/features.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  if (const auto read = behaviour::decode_features(bytes)) {
    const Bytes again = behaviour::encode_features(*read);
    REDOUBT_CHECK(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  }
  static const behaviour::FeatureKey key(crypto::Secret::copy_of(as_bytes(std::string(32, 'k'))));
  const std::string_view text = as_chars(bytes);
  const behaviour::Features features =
      behaviour::features_of(key, {.peer_address = text, .claimed_credential = text, .texts = {&text, 1}});
  const auto back = behaviour::decode_features(behaviour::encode_features(features));
  REDOUBT_CHECK(back && *back == features);
  return 0;
}
