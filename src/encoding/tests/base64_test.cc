#include "encoding/base64.h"

#include <gtest/gtest.h>

#include <random>

namespace redoubt::encoding {
namespace {

// RFC 4648 §10.
constexpr std::pair<std::string_view, std::string_view> kRfcVectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

std::string without_padding(std::string_view text) {
  return std::string(text.substr(0, text.find('=')));
}

TEST(Base64, AgreesWithTheVectorsOfRfc4648) {
  for (const auto& [plain, encoded] : kRfcVectors) {
    EXPECT_EQ(base64(as_bytes(plain)), encoded);
    EXPECT_EQ(base64url(as_bytes(plain)), without_padding(encoded));
    EXPECT_EQ(as_chars(*base64_decode(encoded)), plain);
    EXPECT_EQ(as_chars(*base64url_decode(without_padding(encoded))), plain);
  }
}

TEST(Base64, AlphabetsDifferInTheLastTwoCharacters) {
  const Bytes bytes{std::byte{0xfb}, std::byte{0xef}, std::byte{0xff}};
  EXPECT_EQ(base64(bytes), "++//");
  EXPECT_EQ(base64url(bytes), "--__");
  EXPECT_EQ(*base64_decode("++//"), bytes);
  EXPECT_EQ(*base64url_decode("--__"), bytes);
  EXPECT_FALSE(base64_decode("--__").has_value());
  EXPECT_FALSE(base64url_decode("++//").has_value());
}

TEST(Base64, RefusesCharactersOutsideTheAlphabet) {
  constexpr std::string_view kTexts[] = {"Zm9*",
                                         "Zm 9",
                                         "Zm9\n",
                                         "Zm9v\n",
                                         "\xc3\xa4"
                                         "Zm",
                                         std::string_view("Zm9\0", 4)};
  for (const std::string_view text : kTexts) {
    EXPECT_EQ(base64_decode(text).error().code(), Errc::kMalformed) << text;
    EXPECT_EQ(base64url_decode(text).error().code(), Errc::kMalformed) << text;
  }
}

TEST(Base64, RefusesMissingOrExtraPadding) {
  for (const std::string_view text : {"Zg", "Zg=", "Zg===", "Zm8", "Zm8==", "Zm9v=", "Zm9v====", "=",
                                      "==", "===", "====", "Zg==Zg==", "Z===", "=Zg="}) {
    EXPECT_EQ(base64_decode(text).error().code(), Errc::kMalformed) << text;
  }
}

TEST(Base64, UrlFormHasNoPadding) {
  for (const std::string_view text : {"Zg==", "Zm8=", "="}) EXPECT_FALSE(base64url_decode(text).has_value()) << text;
}

TEST(Base64, UrlFormRefusesALengthThatNoBytesHave) {
  for (const std::string_view text : {"Z", "Zm9vY"}) EXPECT_FALSE(base64url_decode(text).has_value()) << text;
}

TEST(Base64, RefusesUnusedBitsThatAreNotZero) {
  for (const std::string_view text : {"Zh==", "Zn==", "Zv==", "Z/==", "Zm9=", "Zm+="}) {
    EXPECT_EQ(base64_decode(text).error().code(), Errc::kMalformed) << text;
  }
  EXPECT_FALSE(base64url_decode("Zh").has_value());
  EXPECT_FALSE(base64url_decode("Zm9").has_value());
}

TEST(Hex, EncodesLowerCaseAndDecodesEither) {
  const Bytes bytes{std::byte{0x00}, std::byte{0x1f}, std::byte{0xa9}, std::byte{0xff}};
  EXPECT_EQ(hex(bytes), "001fa9ff");
  EXPECT_EQ(*hex_decode("001fa9ff"), bytes);
  EXPECT_EQ(*hex_decode("001FA9fF"), bytes);
  EXPECT_EQ(*hex_decode(""), Bytes());
  std::string out = "x=";
  append_hex(out, bytes);
  EXPECT_EQ(out, "x=001fa9ff");
}

TEST(Hex, RefusesOddLengthsAndOtherCharacters) {
  for (const std::string_view text : {"0", "001", "0g", "g0", "0x", " 0", "0\n", "\xff\xff", "-1", "+1"}) {
    EXPECT_EQ(hex_decode(text).error().code(), Errc::kMalformed) << text;
  }
}

// Sixteen bytes are taken at once: every byte at every place of such a group, before it and behind it.
TEST(Hex, WritesEveryByteAtEveryPlace) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t size : {1, 16, 17, 35}) {
    for (std::size_t at = 0; at < size; ++at) {
      for (unsigned value = 0; value < 256; ++value) {
        Bytes bytes(size, std::byte{0x5a});
        bytes[at] = static_cast<std::byte>(value);
        std::string expected;
        for (std::size_t i = 0; i < size; ++i) expected += i == at ? "" : "5a";
        expected.insert(2 * at, {kDigits[value >> 4], kDigits[value & 0xf]});
        ASSERT_EQ(hex(bytes), expected) << size << " " << at;
        const auto decoded = hex_decode(expected);
        ASSERT_TRUE(decoded && *decoded == bytes) << size << " " << at;
      }
    }
  }
}

TEST(Hex, ReadsDigitsAtEveryPlaceAndNothingElse) {
  constexpr std::string_view kEither = "0123456789abcdefABCDEF";
  for (std::size_t size : {2, 32, 34, 70}) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int value = 0; value < 256; ++value) {
        std::string text(size, '7');
        text[at] = static_cast<char>(value);
        const auto got = hex_decode(text);
        ASSERT_EQ(got.has_value(), kEither.find(static_cast<char>(value)) != std::string_view::npos)
            << size << " " << at << " " << value;
      }
    }
  }
}

TEST(Base64AndHex, RoundTripBytesOfEveryLength) {
  constexpr unsigned kSeed = 20240611;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  for (std::size_t size = 0; size < 300; ++size) {
    Bytes bytes(size);
    for (std::byte& b : bytes) b = static_cast<std::byte>(random());
    EXPECT_EQ(*base64_decode(base64(bytes)), bytes);
    EXPECT_EQ(*base64url_decode(base64url(bytes)), bytes);
    EXPECT_EQ(*hex_decode(hex(bytes)), bytes);
    EXPECT_EQ(base64(bytes).size(), (size + 2) / 3 * 4);
  }
}

TEST(Base64, NoOtherSpellingOfTheLastGroupIsAccepted) {
  // Of the 64 * 64 ways to spell a last group of one byte, exactly 256 are accepted, each with another value.
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  int accepted = 0;
  for (const char a : kAlphabet) {
    for (const char b : kAlphabet) {
      const auto decoded = base64_decode(std::string{a, b, '=', '='});
      if (!decoded) continue;
      EXPECT_EQ(static_cast<int>((*decoded)[0]), accepted);
      ++accepted;
    }
  }
  EXPECT_EQ(accepted, 256);
}

}  // namespace
}  // namespace redoubt::encoding
