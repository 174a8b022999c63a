#include "crypto/internal/pem.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <random>
#include <string>

namespace redoubt::crypto::internal {
namespace {

std::optional<Bytes> content_of(const std::string& base64) {
  const std::string text = "-----BEGIN THING-----\n" + base64 + "\n-----END THING-----\n";
  auto read = PemReader(text).next("THING", "THING");
  if (!read) return std::nullopt;
  return *std::move(read);
}

std::string base64_of(const Bytes& bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), as_uchars(ByteView(bytes)),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

TEST(Pem, ReadsWhatOpenSslWrites) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::minstd_rand random(seed);
  for (std::size_t size = 0; size < 300; ++size) {
    Bytes bytes(size);
    for (std::byte& each : bytes) each = static_cast<std::byte>(random() >> 8 & 0xff);
    EXPECT_EQ(content_of(base64_of(bytes)), bytes);
  }
}

// Any other character, at any place: in the whole groups, and in the one that is padded.
TEST(Pem, RefusesWhatIsNoBase64) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (const std::string& good : {std::string("QUJDREVG"), std::string("QUJDREU="), std::string("QUJDRA==")}) {
    ASSERT_TRUE(content_of(good)) << good;
    for (std::size_t at = 0; at < good.size(); ++at) {
      for (int value = 1; value < 256; ++value) {
        std::string changed = good;
        changed[at] = static_cast<char>(value);
        // White space at the end of the line is none of it.
        const bool is_cut = at + 1 == good.size() && value <= ' ';
        const bool is_digit = digits.find(changed[at]) != digits.npos;
        const bool is_padding = changed[at] == '=' && changed.find_first_not_of('=', at) == changed.npos &&
                                changed.find('=') + 2 >= changed.size();
        const bool digit_before_padding = is_digit && changed.find('=') < at;
        if (is_cut || value == '\n' || is_padding || (is_digit && !digit_before_padding)) continue;
        EXPECT_FALSE(content_of(changed)) << changed;
      }
    }
  }
  for (const char* bad : {"Q", "QU", "QUJ", "QUJDR", "=", "==", "===", "====", "Q===", "QQ==QUJD", "QUI=QUJD"}) {
    EXPECT_FALSE(content_of(bad)) << bad;
  }
}

}  // namespace
}  // namespace redoubt::crypto::internal
