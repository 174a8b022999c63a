// A keyed hash of names and numbers: a polynomial over the integers modulo 2^61 - 1 at a secret point, so that who does
// not know the key cannot find names that collide (Carter and Wegman, universal classes of hash functions).
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace redoubt::behaviour::internal {

using HashKey = std::array<std::uint64_t, 2>;

class KeyedHash {
 public:
  explicit KeyedHash(const HashKey& key) : point_(reduce(key[0] >> 3 | 1)), mix_(key[1] | 1) {}

  std::uint64_t of(std::uint8_t space, std::string_view name) const {
    std::uint64_t sum = 1 + space;
    std::size_t at = 0;
    for (; at + 7 <= name.size(); at += 7) sum = step(sum, load(name.data() + at, 7));
    sum = step(sum, load(name.data() + at, name.size() - at) | std::uint64_t{1} << 56);
    return spread(sum);
  }
  std::uint64_t of(std::uint32_t from, std::uint32_t to, std::uint8_t kind) const {
    return spread(step(step(1 + kind, from), to));
  }

 private:
  __extension__ using Product = unsigned __int128;
  static constexpr std::uint64_t kPrime = (std::uint64_t{1} << 61) - 1;

  static std::uint64_t load(const char* from, std::size_t size) {
    std::uint64_t out = 0;
    std::memcpy(&out, from, size);
    return out;
  }
  static std::uint64_t reduce(std::uint64_t value) { return value >= kPrime ? value - kPrime : value; }
  std::uint64_t step(std::uint64_t sum, std::uint64_t value) const {
    const Product product = static_cast<Product>(sum) * point_;
    const std::uint64_t folded =
        (static_cast<std::uint64_t>(product) & kPrime) + static_cast<std::uint64_t>(product >> 61);
    return reduce(reduce(folded) + value);
  }
  // The low bits must depend on all of it.
  std::uint64_t spread(std::uint64_t sum) const {
    sum *= mix_;
    return sum ^ sum >> 29;
  }

  std::uint64_t point_;
  std::uint64_t mix_;
};

}  // namespace redoubt::behaviour::internal
