#include "crypto/ed25519.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "base/file.h"
#include "crypto/tests/vector_file.h"
#include "encoding/json_reader.h"

namespace redoubt::crypto {
namespace {

TEST(Ed25519, AgreesWithRfc8032) {
  for (VectorCase& vector : read_vectors("ed25519.txt")) {
    const auto key = Ed25519PrivateKey::from_seed(vector.bytes("seed"));
    ASSERT_TRUE(key.has_value()) << vector.place();
    const Bytes message = vector.bytes("message");
    const auto signature = vector.array<64>("signature");
    EXPECT_EQ(key->public_key(), vector.array<32>("public_key")) << vector.place();
    EXPECT_EQ(key->sign(message), signature) << vector.place();
    EXPECT_TRUE(ed25519_verify(key->public_key(), message, signature)) << vector.place();
  }
}

class Ed25519Signed : public testing::Test {
 protected:
  const Ed25519PrivateKey key_ = Ed25519PrivateKey::generate();
  const Bytes message_ = to_bytes(as_bytes("a checkpoint"));
  const Ed25519Signature signature_ = key_.sign(message_);
};

TEST_F(Ed25519Signed, VerifiesUnderItsOwnKeyOnly) {
  EXPECT_TRUE(ed25519_verify(key_.public_key(), message_, signature_));
  EXPECT_FALSE(ed25519_verify(Ed25519PrivateKey::generate().public_key(), message_, signature_));
}

TEST_F(Ed25519Signed, RefusesAnyFlippedBit) {
  for (std::size_t bit = 0; bit < 64 * 8; ++bit) {
    EXPECT_FALSE(ed25519_verify(key_.public_key(), message_, with_flipped_bit(signature_, bit))) << "signature " << bit;
  }
  for (std::size_t bit = 0; bit < message_.size() * 8; ++bit) {
    EXPECT_FALSE(ed25519_verify(key_.public_key(), with_flipped_bit(message_, bit), signature_)) << "message " << bit;
  }
  for (std::size_t bit = 0; bit < 32 * 8; ++bit) {
    const Bytes flipped = with_flipped_bit(key_.public_key(), bit);
    Ed25519PublicKey key;
    std::copy(flipped.begin(), flipped.end(), key.begin());
    EXPECT_FALSE(ed25519_verify(key, message_, signature_)) << "key " << bit;
  }
}

TEST_F(Ed25519Signed, RefusesSignaturesOfAnotherLength) {
  Bytes longer = to_bytes(signature_);
  longer.push_back(std::byte{0});
  EXPECT_FALSE(ed25519_verify(key_.public_key(), message_, longer));
  for (std::size_t size = 0; size < 64; ++size) {
    EXPECT_FALSE(ed25519_verify(key_.public_key(), message_, ByteView(signature_).first(size))) << size;
  }
}

TEST_F(Ed25519Signed, RefusesTruncatedAndExtendedMessages) {
  Bytes longer = message_;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(ed25519_verify(key_.public_key(), longer, signature_));
  EXPECT_FALSE(ed25519_verify(key_.public_key(), ByteView(message_).first(message_.size() - 1), signature_));
}

TEST_F(Ed25519Signed, RefusesTheSameSignatureWithTheOrderAddedToS) {
  // RFC 8032 §5.1.7: S is below the order L = 2^252 + 27742317777372353535851937790883648493. S + L would satisfy the
  // equation as well, and make signatures malleable.
  const Bytes order = *encoding::hex_decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  Bytes malleable = to_bytes(signature_);
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += static_cast<unsigned>(malleable[32 + i]) + static_cast<unsigned>(order[i]);
    malleable[32 + i] = static_cast<std::byte>(carry & 0xff);
    carry >>= 8;
  }
  ASSERT_EQ(carry, 0u);
  EXPECT_FALSE(ed25519_verify(key_.public_key(), message_, malleable));
}

TEST_F(Ed25519Signed, IsDeterministic) {
  EXPECT_EQ(key_.sign(message_), signature_);
  const auto again = Ed25519PrivateKey::from_seed(key_.seed().reveal());
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->public_key(), key_.public_key());
  EXPECT_EQ(again->sign(message_), signature_);
}

TEST(Ed25519, SeedsOfAnotherLengthAreRefused) {
  for (const std::size_t size : {0u, 31u, 33u, 64u}) {
    EXPECT_EQ(Ed25519PrivateKey::from_seed(Bytes(size)).error().code(), Errc::kInvalidArgument) << size;
  }
}

TEST(Ed25519, GeneratedKeysDiffer) {
  EXPECT_NE(Ed25519PrivateKey::generate().public_key(), Ed25519PrivateKey::generate().public_key());
}

TEST(Ed25519, PublicKeysThatAreNoPointVerifyNothing) {
  Ed25519PublicKey key{};  // y = 2: (y^2 - 1) / (d y^2 + 1) has no square root
  key[0] = std::byte{2};
  EXPECT_FALSE(ed25519_verify(key, as_bytes("x"), Bytes(64)));
}

std::string data_folder() {
  const char* folder = std::getenv("REDOUBT_DATA");
  return folder != nullptr && *folder != '\0' ? folder : std::string(REDOUBT_SOURCE_DIR) + "/../shared/data";
}

// C2SP CCTV, ed25519: signatures on the edges, where implementations differ. What OpenSSL does, and so what Redoubt
// does:
//
// - `low_order_residue` is refused: the equation is checked without the cofactor (RFC 8032 §5.1.7 allows either).
// - `non_canonical_R` is refused: R is recomputed and its encoding compared.
// - `non_canonical_A` is accepted, against RFC 8032 §5.1.3: the key is hashed as given and its y reduced. It changes
//   nothing for keys that are trusted by their bytes.
// - `low_order_A`, `low_order_R` and the components are accepted: such a key signs anything, so trust in keys comes
// first.
// - `reencoded_k` alone decides nothing.
TEST(Ed25519, AcceptsOfCctvExactlyWhatHasNoResidueAndACanonicalR) {
  const std::string path = data_folder() + "/tlog/ed25519-cctv/ed25519vectors-first-two-thirds.json";
  PosixFileSystem fs;
  const auto content = read_file(fs, path, 4 << 20);
  if (!content) GTEST_SKIP() << "the CCTV vectors are not here: " << content.error().message();
  encoding::JsonReader reader;
  const auto root = reader.parse(as_chars(*content));
  ASSERT_TRUE(root.has_value());
  simdjson::dom::array records;
  ASSERT_EQ(root->get(records), simdjson::SUCCESS);
  std::size_t accepted = 0;
  std::size_t total = 0;
  std::set<std::string_view> seen;
  for (const simdjson::dom::element element : records) {
    simdjson::dom::object record;
    ASSERT_EQ(element.get(record), simdjson::SUCCESS);
    const auto key_bytes = encoding::hex_decode(encoding::string_member(record, "key"));
    const auto signature = encoding::hex_decode(encoding::string_member(record, "sig"));
    ASSERT_TRUE(key_bytes && key_bytes->size() == 32 && signature && signature->size() == 64);
    Ed25519PublicKey key;
    std::copy(key_bytes->begin(), key_bytes->end(), key.begin());
    std::set<std::string_view> flags;
    simdjson::dom::array array;
    if (record.at_key("flags").get(array) == simdjson::SUCCESS) {
      for (const simdjson::dom::element flag : array) {
        std::string_view name;
        ASSERT_EQ(flag.get(name), simdjson::SUCCESS);
        flags.insert(name);
      }
    }
    seen.insert(flags.begin(), flags.end());
    const bool expected = !flags.contains("low_order_residue") && !flags.contains("non_canonical_R");
    std::int64_t number = -1;
    ASSERT_EQ(record.at_key("number").get(number), simdjson::SUCCESS);
    EXPECT_EQ(ed25519_verify(key, as_bytes(encoding::string_member(record, "msg")), *signature), expected)
        << "record " << number;
    ++total;
    accepted += expected ? 1 : 0;
  }
  EXPECT_EQ(total, 609u);
  EXPECT_EQ(accepted, 132u);
  EXPECT_EQ(seen,
            (std::set<std::string_view>{"low_order_A", "low_order_R", "low_order_component_A", "low_order_component_R",
                                        "low_order_residue", "non_canonical_A", "non_canonical_R", "reencoded_k"}))
      << "a flag that the list above does not explain";
}

static_assert(!std::is_copy_constructible_v<Ed25519PrivateKey> && !std::is_copy_assignable_v<Ed25519PrivateKey>);

}  // namespace
}  // namespace redoubt::crypto
