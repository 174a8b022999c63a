#include "crypto/sha256.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "crypto/tests/vector_file.h"

namespace redoubt::crypto {
namespace {

TEST(Sha256, AgreesWithTheVectorsOfNist) {
  for (VectorCase& vector : read_vectors("sha256.txt")) {
    const Bytes message = vector.bytes("message");
    const auto digest = vector.array<32>("digest");
    EXPECT_EQ(sha256(message), digest) << vector.place();
    Sha256 pieces;
    for (const std::byte& b : message) pieces.update({&b, 1});
    EXPECT_EQ(pieces.finish(), digest) << vector.place();
  }
}

TEST(Sha256, AgreesOnAMillionLettersA) {
  // NIST's FIPS 180 example values, "one million repetitions of a".
  const std::string thousand(1000, 'a');
  Sha256 pieces;
  for (int i = 0; i < 1000; ++i) pieces.update(as_bytes(thousand));
  EXPECT_EQ(encoding::hex(pieces.finish()), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PartsAreConcatenated) {
  const std::string text(200, 'x');
  const Sha256Digest whole = sha256(as_bytes(text));
  for (const std::size_t cut : {0u, 1u, 55u, 56u, 63u, 64u, 65u, 128u, 200u}) {
    const ByteView bytes = as_bytes(text);
    EXPECT_EQ(sha256({bytes.first(cut), bytes.subspan(cut)}), whole) << cut;
  }
  EXPECT_EQ(sha256(std::initializer_list<ByteView>{}), sha256(ByteView()));
}

TEST(Sha256, StartsAnewAfterFinish) {
  Sha256 hash;
  hash.update(as_bytes("abc"));
  const Sha256Digest first = hash.finish();
  EXPECT_EQ(hash.finish(), sha256(ByteView()));
  hash.update(as_bytes("abc"));
  EXPECT_EQ(hash.finish(), first);
}

TEST(Sha256, MovesWithWhatItHasSeen) {
  Sha256 hash;
  hash.update(as_bytes("ab"));
  Sha256 moved = std::move(hash);
  moved.update(as_bytes("c"));
  EXPECT_EQ(moved.finish(), sha256(as_bytes("abc")));
}

TEST(Sha256, OneBitChangesTheDigest) {
  const Bytes message = to_bytes(as_bytes("abc"));
  for (std::size_t bit = 0; bit < 24; ++bit) EXPECT_NE(sha256(with_flipped_bit(message, bit)), sha256(message));
}

TEST(Sha256, ThreadsDoNotDisturbEachOther) {
  const Sha256Digest expected = sha256(as_bytes("abc"));
  std::vector<std::thread> threads;
  std::array<int, 4> wrong{};
  for (int& count : wrong) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) count += sha256({as_bytes("a"), as_bytes("bc")}) != expected ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, (std::array<int, 4>{}));
}

}  // namespace
}  // namespace redoubt::crypto
