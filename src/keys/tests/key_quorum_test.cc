#include "keys/key_quorum.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <type_traits>

namespace redoubt::keys {
namespace {

using crypto::Secret;

static_assert(!std::is_copy_constructible_v<QuorumShare>, "a share is a secret");

std::string_view text_of(const Secret& secret) {
  return as_chars(secret.reveal());
}

// The shares of these numbers, as their holders type them in.
std::vector<QuorumShare> typed(const NewKeyQuorum& made, std::initializer_list<unsigned> numbers) {
  std::vector<QuorumShare> out;
  for (const unsigned number : numbers) {
    out.push_back(*QuorumShare::parse(text_of(made.shares[number - 1].to_text())));
  }
  return out;
}

class KeyQuorumTest : public ::testing::Test {
 protected:
  KeyQuorumTest() : key_(Secret::random(32)), made_(*make_key_quorum(key_, 2, 3)) {}

  // `opened`, `altered` for a file that is not read, or the error's code.
  std::string open(std::string_view file, const std::vector<QuorumShare>& shares) const {
    const auto quorum = KeyQuorum::parse(file);
    if (!quorum) return "altered";
    const auto key = quorum->open(shares);
    if (!key) return std::string(to_string(key.error().code()));
    EXPECT_TRUE(crypto::equal_constant_time(key->reveal(), key_.reveal()));
    return "opened";
  }

  Secret key_;
  NewKeyQuorum made_;
};

TEST(KeyQuorum, OpensWhatAnotherImplementationMade) {
  // Made by a program of a few lines over Python's hashlib and hmac and the package cryptography, from share i of bytes
  // 10h * i.
  constexpr std::string_view kFile =
      "redoubt-key-quorum-v1 000102030405060708090a0b0c0d0e0f 2 3\n"
      "0f685ee9dd47f8e28b2e0359bba826d9ebd710cda3522e857538f0fa703b60bd\n"
      "b7d01a0e03621d19af4608e8860b673eb9fb5a6b08412447c4da56debc26440a\n"
      "1e3d43e2affc1f635cc8ea6bcb4b521d5e7810659097718fcca4d5679cfef060\n"
      "OtbwO5DBzMkyWxqvQjwX8rM021YZIefUOrxzuABMg2x4MvKbnw==\n"
      "wX8HKS2oa9leGETaLsupniHNXWAF0NY3uDiqybZVOhmWjICvQw==\n"
      "QPeRw2nTQdSbkShhWGmRYoPCSTXojfewCCzU/sVNi4w+UaqMsg==\n"
      "bd4d7da28ac92a1a52ced8c86a2fa54875b185651b1812980bde8cc80d4c3c3e\n";
  constexpr std::array<std::string_view, 3> kShares{
      "2400-20G3-2081-040G-2081-040G-2081-040G-2081-040G-2081-040G-2081-040G-2085-KRR4",
      "2800-20G3-40G2-0810-40G2-0810-40G2-0810-40G2-0810-40G2-0810-40G2-0810-40G0-6D30",
      "2C00-20G3-60R3-0C1G-60R3-0C1G-60R3-0C1G-60R3-0C1G-60R3-0C1G-60R3-0C1G-60R6-1E8Y"};
  const auto quorum = KeyQuorum::parse(kFile);
  ASSERT_TRUE(quorum) << quorum.error().message();
  for (const auto& [a, b] : std::vector<std::pair<std::size_t, std::size_t>>{{0, 1}, {0, 2}, {2, 1}}) {
    std::vector<QuorumShare> shares;
    shares.push_back(*QuorumShare::parse(kShares[a]));
    shares.push_back(*QuorumShare::parse(kShares[b]));
    EXPECT_EQ(text_of(shares[0].to_text()), kShares[a]);
    const auto key = quorum->open(shares);
    ASSERT_TRUE(key) << key.error().message();
    EXPECT_EQ(text_of(*key), "a key of twenty bytes");
  }
}

TEST(KeyQuorum, OpensByEverySetOfTheRightSizeAndNoOther) {
  for (unsigned count = 2; count <= kQuorumSharesMax; ++count) {
    for (unsigned threshold = 2; threshold <= count; ++threshold) {
      const Secret key = Secret::random(count * threshold);
      const auto made = make_key_quorum(key, threshold, count);
      ASSERT_TRUE(made) << made.error().message();
      const auto quorum = KeyQuorum::parse(made->file);
      ASSERT_TRUE(quorum) << quorum.error().message();
      EXPECT_EQ(quorum->threshold(), threshold);
      EXPECT_EQ(quorum->count(), count);
      for (unsigned set = 0; set < (1U << count); ++set) {
        std::vector<QuorumShare> shares;
        for (unsigned number = count; number >= 1; --number) {  // in any order
          if ((set >> (number - 1) & 1U) == 0) continue;
          shares.push_back(*QuorumShare::parse(text_of(made->shares[number - 1].to_text())));
        }
        const auto opened = quorum->open(shares);
        ASSERT_EQ(opened.has_value(), shares.size() == threshold) << threshold << " of " << count << ": " << set;
        if (opened) {
          EXPECT_TRUE(crypto::equal_constant_time(opened->reveal(), key.reveal()));
        }
      }
    }
  }
}

TEST(KeyQuorum, HasBounds) {
  const Secret key = Secret::random(32);
  const std::vector<std::pair<unsigned, unsigned>> bad{{1, 3}, {0, 3}, {4, 3}, {2, 9}, {1, 1}};
  for (const auto& [threshold, count] : bad) {
    EXPECT_EQ(make_key_quorum(key, threshold, count).error().code(), Errc::kInvalidArgument);
  }
  EXPECT_FALSE(make_key_quorum(Secret(), 2, 3));
  EXPECT_FALSE(make_key_quorum(Secret::random(kQuorumKeyBytesMax + 1), 2, 3));
  EXPECT_TRUE(KeyQuorum::parse(make_key_quorum(Secret::random(kQuorumKeyBytesMax), 4, 8)->file));
}

TEST_F(KeyQuorumTest, TellsWhichShareIsBad) {
  EXPECT_EQ(open(made_.file, typed(made_, {3, 1})), "opened");
  EXPECT_EQ(open(made_.file, typed(made_, {1})), "invalid_argument");
  EXPECT_EQ(open(made_.file, typed(made_, {1, 2, 3})), "invalid_argument");
  EXPECT_EQ(open(made_.file, typed(made_, {2, 2})), "invalid_argument");
  const NewKeyQuorum other = *make_key_quorum(key_, 2, 3);
  auto mixed = typed(made_, {1});
  mixed.push_back(std::move(typed(other, {2}).front()));
  const auto quorum = KeyQuorum::parse(made_.file);
  const auto refused = quorum->open(mixed);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::kNotFound);
  EXPECT_EQ(refused.error().message(), "share 2 is of another quorum");
  EXPECT_TRUE(quorum->check(mixed[0]));
}

TEST_F(KeyQuorumTest, RefusesAFileWithTheSharesDigestsOfAnother) {
  // The same id, and a share that this file does not know.
  std::string file = made_.file;
  const std::size_t digest = file.find('\n') + 1;
  file[digest] = file[digest] == '0' ? '1' : '0';
  const auto quorum = KeyQuorum::parse(file);
  ASSERT_TRUE(quorum) << quorum.error().message();
  const auto refused = quorum->open(typed(made_, {1, 2}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(refused.error().message(), "share 1 is not the one that was made for this quorum");
  EXPECT_EQ(open(file, typed(made_, {2, 3})), "verify_failed") << "a digest that these shares do not need";
}

TEST_F(KeyQuorumTest, RefusesAnyChangeOfTheFile) {
  for (std::size_t at = 0; at < made_.file.size(); ++at) {
    std::string file = made_.file;
    file[at] = file[at] == 'A' ? 'B' : 'A';
    if (file[at] == made_.file[at]) continue;
    EXPECT_NE(open(file, typed(made_, {1, 2})), "opened") << at;
    if (at % 5 == 0) {
      EXPECT_FALSE(KeyQuorum::parse(std::string_view(made_.file).substr(0, at))) << at;
    }
  }
  for (const char* more : {"\n", " ", "A", "\r\n"}) EXPECT_FALSE(KeyQuorum::parse(made_.file + more));
  std::string file = made_.file;
  file.replace(file.find(" 2 3\n"), 5, " 3 3\n");
  EXPECT_NE(open(file, typed(made_, {1, 2, 3})), "opened");
  EXPECT_EQ(KeyQuorum::parse(std::string(KeyQuorum::kFileBytesMax + 1, 'a')).error().code(), Errc::kTooLarge);
}

TEST_F(KeyQuorumTest, ReadsASharesTextAsPeopleTypeIt) {
  const Secret text = made_.shares[0].to_text();
  ASSERT_EQ(text.size(), QuorumShare::kTextSize);
  std::string typed_in;
  for (char c : text_of(text)) {
    if (c == '-') c = ' ';
    if (c == '0') c = 'o';
    if (c == '1') c = 'l';
    typed_in += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  const auto share = QuorumShare::parse("  " + typed_in + "\n");
  ASSERT_TRUE(share) << share.error().message();
  EXPECT_EQ(text_of(share->to_text()), text_of(text));
  EXPECT_EQ(share->number(), 1U);
}

TEST_F(KeyQuorumTest, TellsASlipOfThePen) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string good(text_of(made_.shares[1].to_text()));
  for (std::size_t at = 0; at < good.size(); ++at) {
    if (good[at] == '-') continue;
    std::string text = good;
    do {
      text[at] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[random() % 32];
    } while (text[at] == good[at]);
    EXPECT_FALSE(QuorumShare::parse(text)) << at;
    text = good;
    text[at] = 'U';
    EXPECT_FALSE(QuorumShare::parse(text)) << "no digit of Crockford's";
    text = good;
    EXPECT_FALSE(QuorumShare::parse(text.erase(at, 1))) << at;
    text = good;
    EXPECT_FALSE(QuorumShare::parse(text.insert(at, "7"))) << at;
  }
  EXPECT_FALSE(QuorumShare::parse(""));
  EXPECT_FALSE(QuorumShare::parse(std::string(4 * QuorumShare::kTextSize + 1, ' ')));
  std::string words = good;
  std::swap(words[0], words[5]);
  EXPECT_TRUE(words == good || !QuorumShare::parse(words)) << "two exchanged";
}

}  // namespace
}  // namespace redoubt::keys
