#include "keys/sealing_key.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace redoubt::keys {
namespace {

constexpr std::string_view kContext = "exchange 1, admission";
constexpr std::string_view kOpening = "the prompt of a patient";

struct Sealed {
  KeyWrapper wrapper;
  Bytes bytes;
};

Sealed sealed_opening() {
  Sealed out{KeyWrapper(crypto::Secret::random(32)), Bytes(kOpening.size() + kSealOverheadBytes)};
  OpeningSealer(out.wrapper.issue()).seal(as_bytes(kContext), as_bytes(kOpening), out.bytes);
  return out;
}

static_assert(!std::is_copy_constructible_v<IssuedSealingKey>);

TEST(SealingKey, KeeperOpensWhatTheGatewaySealed) {
  Sealed sealed = sealed_opening();
  auto opened = sealed.wrapper.open(as_bytes(kContext), sealed.bytes);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(as_chars(*opened), kOpening);
}

TEST(SealingKey, SealedFormShowsNeitherPlaintextNorKey) {
  KeyWrapper wrapper(crypto::Secret::random(32));
  const IssuedSealingKey issued = wrapper.issue();
  Bytes bytes(kOpening.size() + kSealOverheadBytes);
  OpeningSealer(issued).seal(as_bytes(kContext), as_bytes(kOpening), bytes);
  EXPECT_EQ(as_chars(bytes).find("patient"), std::string_view::npos);
  EXPECT_EQ(as_chars(bytes).find(as_chars(issued.key.reveal())), std::string_view::npos);
}

TEST(SealingKey, TwoSealsOfOneOpeningDiffer) {
  KeyWrapper wrapper(crypto::Secret::random(32));
  OpeningSealer sealer(wrapper.issue());
  Bytes first(kOpening.size() + kSealOverheadBytes);
  Bytes second(first.size());
  sealer.seal(as_bytes(kContext), as_bytes(kOpening), first);
  sealer.seal(as_bytes(kContext), as_bytes(kOpening), second);
  EXPECT_NE(first, second);
}

TEST(SealingKey, RefusesAnotherContext) {
  Sealed sealed = sealed_opening();
  auto opened = sealed.wrapper.open(as_bytes("exchange 2, admission"), sealed.bytes);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Errc::kVerifyFailed);
}

TEST(SealingKey, RefusesAnotherWrappingKey) {
  const Sealed sealed = sealed_opening();
  EXPECT_FALSE(KeyWrapper(crypto::Secret::random(32)).open(as_bytes(kContext), sealed.bytes));
}

TEST(SealingKey, RefusesEveryFlippedByte) {
  Sealed sealed = sealed_opening();
  for (std::size_t i = 0; i < sealed.bytes.size(); ++i) {
    Bytes altered = sealed.bytes;
    altered[i] ^= std::byte{1};
    EXPECT_FALSE(sealed.wrapper.open(as_bytes(kContext), altered)) << "byte " << i;
  }
}

TEST(SealingKey, RefusesEveryTruncation) {
  Sealed sealed = sealed_opening();
  for (std::size_t size = 0; size < sealed.bytes.size(); ++size) {
    EXPECT_FALSE(sealed.wrapper.open(as_bytes(kContext), ByteView(sealed.bytes).first(size))) << size;
  }
}

}  // namespace
}  // namespace redoubt::keys
