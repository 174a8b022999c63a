#include "behaviour/hash_key.h"

#include "crypto/sha256.h"

namespace redoubt::behaviour {

std::array<std::uint64_t, 2> hash_key_of(ByteView first_entry) {
  const auto digest = crypto::sha256({as_bytes("redoubt behaviour v1"), first_entry});
  return {load_le<std::uint64_t>(ByteView(digest).first(8)), load_le<std::uint64_t>(ByteView(digest).subspan(8, 8))};
}

}  // namespace redoubt::behaviour
