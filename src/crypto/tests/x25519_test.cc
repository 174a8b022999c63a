#include "crypto/x25519.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

#include "encoding/base64.h"

namespace redoubt::crypto {
namespace {

X25519PrivateKey private_key_of(std::string_view digits) {
  return *X25519PrivateKey::from_bytes(*encoding::hex_decode(digits));
}

TEST(X25519, AgreesWithRfc7748) {
  // §6.1
  const auto alice = private_key_of("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
  const auto bob = private_key_of("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  EXPECT_EQ(encoding::hex(alice.public_key()), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  EXPECT_EQ(encoding::hex(bob.public_key()), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  constexpr std::string_view kShared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
  EXPECT_EQ(encoding::hex(alice.agree(bob.public_key())->reveal()), kShared);
  EXPECT_EQ(encoding::hex(bob.agree(alice.public_key())->reveal()), kShared);
}

TEST(X25519, GivesNoSecretWithPointsOfSmallOrder) {
  const auto key = X25519PrivateKey::generate();
  for (const std::string_view point : {"0000000000000000000000000000000000000000000000000000000000000000",
                                       "0100000000000000000000000000000000000000000000000000000000000000",
                                       "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                                       "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    X25519PublicKey other;
    std::ranges::copy(*encoding::hex_decode(point), other.begin());
    EXPECT_EQ(key.agree(other).error().code(), Errc::kVerifyFailed) << point;
  }
}

TEST(X25519, KeysHave32Bytes) {
  for (const std::size_t size : {0, 31, 33}) {
    EXPECT_EQ(X25519PrivateKey::from_bytes(Bytes(size)).error().code(), Errc::kInvalidArgument) << size;
  }
  EXPECT_NE(X25519PrivateKey::generate().public_key(), X25519PrivateKey::generate().public_key());
}

}  // namespace
}  // namespace redoubt::crypto
