// What libcbor says of bytes that nobody chose.
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "encoding/tests/libcbor_oracle.h"

namespace redoubt::encoding {
namespace {

// An item of random shape, mostly well-formed.
void grow(std::mt19937_64& random, Bytes& out, int depth) {
  const auto head = [&](unsigned major, std::uint64_t argument) {
    Bytes written;
    CborWriter cbor(written);
    cbor.unsigned_integer(argument);
    written.front() |= static_cast<std::byte>(major << 5);
    append(out, written);
  };
  const auto pick = [&](std::uint64_t below) { return random() % below; };
  const std::uint64_t kind = pick(depth < 6 ? 9 : 4);
  const std::uint64_t count = pick(5);
  switch (kind) {
    case 0:
    case 1:
      return head(static_cast<unsigned>(kind), random() >> pick(64));
    case 2:
    case 3:
      head(static_cast<unsigned>(kind), count);
      for (std::uint64_t i = 0; i < count; ++i) out.push_back(static_cast<std::byte>('a' + pick(3)));
      return;
    case 4:
    case 5:
      head(static_cast<unsigned>(kind), count);
      for (std::uint64_t i = 0; i < count * (kind - 3); ++i) grow(random, out, depth + 1);
      return;
    case 6:
      head(6, pick(600));
      return grow(random, out, depth + 1);
    case 7:
      out.push_back(static_cast<std::byte>(0xf0 + pick(10)));
      return;
    default:
      out.push_back(static_cast<std::byte>(pick(2) == 0 ? 0x9f : 0xbf));
      for (std::uint64_t i = 0; i < 2 * count; ++i) grow(random, out, depth + 1);
      out.push_back(std::byte{0xff});
  }
}

TEST(CborOracle, AgreesOnRandomItemsAndTheirMutations) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::size_t accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes;
    grow(random, bytes, 0);
    accepted += check_against_libcbor(bytes) ? 1 : 0;
    for (int change = 0; change < 4; ++change) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
      accepted += check_against_libcbor(bytes) ? 1 : 0;
    }
    bytes.resize(random() % bytes.size());
    if (!bytes.empty()) accepted += check_against_libcbor(bytes) ? 1 : 0;
  }
  EXPECT_GT(accepted, 20'000U);
}

TEST(CborOracle, AgreesOnEveryShortSequenceOfBytes) {
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      const Bytes two{static_cast<std::byte>(first), static_cast<std::byte>(second)};
      check_against_libcbor(two);
      for (const unsigned third : {0x00U, 0x18U, 0x60U, 0xf6U, 0xffU}) {
        check_against_libcbor(Bytes{two[0], two[1], static_cast<std::byte>(third)});
      }
    }
  }
}

}  // namespace
}  // namespace redoubt::encoding
