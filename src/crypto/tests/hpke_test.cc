#include "crypto/hpke.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "crypto/hpke_context.h"
#include "crypto/tests/vector_file.h"

namespace redoubt::crypto {
namespace {

TEST(Hpke, AgreesWithTheVectorOfRfc9180) {
  for (VectorCase& vector : read_vectors("hpke_rfc9180.txt")) {
    const auto recipient = X25519KeyPair::from_private(vector.bytes("recipient_private"));
    const auto ephemeral = X25519KeyPair::from_private(vector.bytes("ephemeral_private"));
    ASSERT_TRUE(recipient && ephemeral);
    EXPECT_EQ(recipient->public_key, vector.array<32>("recipient_public"));
    const auto enc = vector.array<32>("enc");
    const Bytes info = vector.bytes("info");
    const Bytes aad = vector.bytes("aad");
    const Bytes plaintext = vector.bytes("plaintext");
    const Bytes ciphertext = vector.bytes("ciphertext");

    const auto sealed = hpke_seal_with_ephemeral_for_test(recipient->public_key, *ephemeral, info, aad, plaintext);
    ASSERT_TRUE(sealed.has_value());
    EXPECT_EQ(sealed->encapsulated_key, enc);
    EXPECT_EQ(sealed->ciphertext, ciphertext);

    const auto opened = hpke_open(*recipient, enc, info, aad, ciphertext);
    ASSERT_TRUE(opened.has_value());
    EXPECT_EQ(*opened, plaintext);
  }
}

TEST(Hpke, OpensWhatAnotherImplementationSealed) {
  for (VectorCase& vector : read_vectors("hpke_go.txt")) {
    const auto recipient = X25519KeyPair::from_private(vector.bytes("recipient_private"));
    ASSERT_TRUE(recipient.has_value());
    const auto opened = hpke_open(*recipient, vector.array<32>("enc"), vector.bytes("info"), vector.bytes("aad"),
                                  vector.bytes("ciphertext"));
    ASSERT_TRUE(opened.has_value()) << vector.place();
    EXPECT_EQ(*opened, vector.bytes("plaintext")) << vector.place();
  }
}

TEST(Hpke, ExportsWhatAnotherImplementationDoes) {
  for (VectorCase& vector : read_vectors("hpke_exports.txt")) {
    const auto recipient = X25519KeyPair::from_private(vector.bytes("recipient_private"));
    ASSERT_TRUE(recipient.has_value());
    const auto context = HpkeRecipient::create(*recipient, vector.array<32>("enc"), vector.bytes("info"));
    ASSERT_TRUE(context.has_value());
    const Bytes expected = vector.bytes("exported");
    const Secret exported = context->export_secret(vector.bytes("exporter_context"), expected.size());
    EXPECT_EQ(to_bytes(exported.reveal()), expected) << vector.place();
  }
}

TEST(Hpke, OpensTheSequenceOfAnotherImplementation) {
  for (VectorCase& vector : read_vectors("hpke_sequence.txt")) {
    const auto recipient = X25519KeyPair::from_private(vector.bytes("recipient_private"));
    ASSERT_TRUE(recipient.has_value());
    auto context = HpkeRecipient::create(*recipient, vector.array<32>("enc"), vector.bytes("info"));
    ASSERT_TRUE(context.has_value());
    for (int i = 0; i < 3; ++i) {
      const std::string number = std::to_string(i);
      const auto opened = context->open(as_bytes("Count-" + number), vector.bytes("ciphertext_" + number));
      ASSERT_TRUE(opened.has_value()) << i;
      EXPECT_EQ(as_chars(*opened), "message " + number);
    }
    // What is not the next one does not open, and does not move the sequence on.
    EXPECT_FALSE(context->open(as_bytes("Count-256"), vector.bytes("ciphertext_256")).has_value());
    EXPECT_EQ(context->open(as_bytes("Count-3"), Bytes(15)).error().code(), Errc::kMalformed);
    EXPECT_FALSE(context->open(as_bytes("Count-257"), vector.bytes("ciphertext_257")).has_value());
    const Bytes expected = vector.bytes("exported");
    EXPECT_EQ(to_bytes(context->export_secret(as_bytes("context"), expected.size()).reveal()), expected);
  }
}

TEST(Hpke, SequencesOpenInTheirOrderOnly) {
  const auto recipient = X25519KeyPair::generate();
  auto sender = HpkeSender::create(recipient.public_key, as_bytes("info"));
  ASSERT_TRUE(sender.has_value());
  auto context = HpkeRecipient::create(recipient, sender->encapsulated_key(), as_bytes("info"));
  ASSERT_TRUE(context.has_value());
  std::vector<Bytes> messages;
  for (int i = 0; i < 300; ++i) messages.push_back(sender->seal({}, as_bytes(std::to_string(i))));
  for (int i = 0; i < 300; ++i) {
    if (i < 299) EXPECT_FALSE(context->open({}, messages[static_cast<std::size_t>(i) + 1]).has_value()) << i;
    const auto opened = context->open({}, messages[static_cast<std::size_t>(i)]);
    ASSERT_TRUE(opened.has_value()) << i;
    EXPECT_EQ(as_chars(*opened), std::to_string(i));
  }
  EXPECT_EQ(to_bytes(context->export_secret(as_bytes("x"), 32).reveal()),
            to_bytes(sender->export_secret(as_bytes("x"), 32).reveal()));
  EXPECT_NE(to_bytes(context->export_secret(as_bytes("x"), 32).reveal()),
            to_bytes(sender->export_secret(as_bytes("y"), 32).reveal()));
}

class HpkeMessageTest : public testing::Test {
 protected:
  void SetUp() override {
    auto sealed = hpke_seal(recipient_.public_key, info_, aad_, plaintext_);
    ASSERT_TRUE(sealed.has_value());
    message_ = *std::move(sealed);
  }
  void expect_refused(const X25519KeyPair& recipient, ByteView enc, ByteView info, ByteView aad, ByteView ciphertext) {
    X25519PublicKey key;
    std::copy(enc.begin(), enc.end(), key.begin());
    const auto opened = hpke_open(recipient, key, info, aad, ciphertext);
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code(), Errc::kVerifyFailed);
  }

  const X25519KeyPair recipient_ = X25519KeyPair::generate();
  const Bytes info_ = to_bytes(as_bytes("redoubt opening"));
  const Bytes aad_ = to_bytes(as_bytes("log/7"));
  const Bytes plaintext_ = to_bytes(as_bytes("a value and its salt"));
  HpkeMessage message_;
};

TEST_F(HpkeMessageTest, OpensForItsRecipient) {
  EXPECT_EQ(message_.ciphertext.size(), plaintext_.size() + 16);
  const auto opened = hpke_open(recipient_, message_.encapsulated_key, info_, aad_, message_.ciphertext);
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(*opened, plaintext_);
}

TEST_F(HpkeMessageTest, EachSealingHasAnotherEphemeralKey) {
  const auto again = hpke_seal(recipient_.public_key, info_, aad_, plaintext_);
  ASSERT_TRUE(again.has_value());
  EXPECT_NE(again->encapsulated_key, message_.encapsulated_key);
  EXPECT_NE(again->ciphertext, message_.ciphertext);
}

TEST_F(HpkeMessageTest, RefusesAnotherRecipient) {
  expect_refused(X25519KeyPair::generate(), message_.encapsulated_key, info_, aad_, message_.ciphertext);
}

TEST_F(HpkeMessageTest, RefusesAnyFlippedBit) {
  for (std::size_t bit = 0; bit < message_.ciphertext.size() * 8; ++bit) {
    expect_refused(recipient_, message_.encapsulated_key, info_, aad_, with_flipped_bit(message_.ciphertext, bit));
  }
  for (std::size_t bit = 0; bit < 256; ++bit) {
    // The highest bit too: X25519 ignores it (RFC 7748 §5), but the key schedule takes `enc` as it is.
    expect_refused(recipient_, with_flipped_bit(message_.encapsulated_key, bit), info_, aad_, message_.ciphertext);
  }
  for (std::size_t bit = 0; bit < info_.size() * 8; ++bit) {
    expect_refused(recipient_, message_.encapsulated_key, with_flipped_bit(info_, bit), aad_, message_.ciphertext);
  }
  for (std::size_t bit = 0; bit < aad_.size() * 8; ++bit) {
    expect_refused(recipient_, message_.encapsulated_key, info_, with_flipped_bit(aad_, bit), message_.ciphertext);
  }
}

TEST_F(HpkeMessageTest, RefusesTruncatedAndExtendedCiphertext) {
  for (std::size_t size = 0; size < message_.ciphertext.size(); ++size) {
    const auto opened =
        hpke_open(recipient_, message_.encapsulated_key, info_, aad_, ByteView(message_.ciphertext).first(size));
    ASSERT_FALSE(opened.has_value()) << size;
    EXPECT_EQ(opened.error().code(), size < 16 ? Errc::kMalformed : Errc::kVerifyFailed) << size;
  }
  Bytes longer = message_.ciphertext;
  longer.push_back(std::byte{0});
  expect_refused(recipient_, message_.encapsulated_key, info_, aad_, longer);
}

TEST_F(HpkeMessageTest, BytesMovedBetweenInfoAndAssociatedDataAreNoticed) {
  Bytes info = info_;
  info.push_back(aad_[0]);
  expect_refused(recipient_, message_.encapsulated_key, info, ByteView(aad_).subspan(1), message_.ciphertext);
}

TEST(Hpke, PointsOfSmallOrderAreRefused) {
  // RFC 7748 §6.1: these give the all-zero shared secret, whatever the private key.
  for (const std::string_view point : {"0000000000000000000000000000000000000000000000000000000000000000",
                                       "0100000000000000000000000000000000000000000000000000000000000000",
                                       "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                       "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                                       "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"}) {
    const Bytes bytes = *encoding::hex_decode(point);
    X25519PublicKey key;
    std::copy(bytes.begin(), bytes.end(), key.begin());
    const auto sealed = hpke_seal(key, {}, {}, as_bytes("x"));
    ASSERT_FALSE(sealed.has_value()) << point;
    EXPECT_EQ(sealed.error().code(), Errc::kVerifyFailed) << point;
    const auto opened = hpke_open(X25519KeyPair::generate(), key, {}, {}, Bytes(17));
    ASSERT_FALSE(opened.has_value()) << point;
    EXPECT_EQ(opened.error().code(), Errc::kVerifyFailed) << point;
  }
}

TEST(Hpke, PrivateKeysOfAnotherLengthAreRefused) {
  for (const std::size_t size : {0u, 31u, 33u}) {
    EXPECT_EQ(X25519KeyPair::from_private(Bytes(size)).error().code(), Errc::kInvalidArgument) << size;
  }
}

static_assert(!std::is_copy_constructible_v<HpkeSender> && !std::is_copy_constructible_v<HpkeRecipient>);
static_assert(!std::is_copy_constructible_v<X25519KeyPair> && !std::is_copy_assignable_v<X25519KeyPair>);

}  // namespace
}  // namespace redoubt::crypto
