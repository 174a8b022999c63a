#include "record/commitment.h"

#include <gtest/gtest.h>

#include <string>

#include "encoding/base64.h"

namespace redoubt::record {
namespace {

Salt counting_salt() {
  Salt salt;
  for (std::size_t i = 0; i < salt.size(); ++i) salt[i] = static_cast<std::byte>(i);
  return salt;
}

TEST(Commitment, IsSha256OfLabelFieldSaltAndValue) {
  // printf 'redoubt.commitment.v1\0\6prompt<bytes 00 to 1f>hello' | sha256sum
  EXPECT_EQ(encoding::hex(commit(counting_salt(), "prompt", as_bytes("hello"))),
            "3ff71736ea4e06938a6551feddc686c669c450232ac1df5a2fe45c2687917ec0");
  // The same with an empty value and field caller_address (length byte 14).
  EXPECT_EQ(encoding::hex(commit(counting_salt(), "caller_address", {})),
            "830aee646cad5b4ef2e320d3a3b217067f1cb7759e6ed990a2a22a20f6dc02b8");
}

TEST(Commitment, ChangesWithEachInput) {
  const Salt salt = counting_salt();
  const Commitment base = commit(salt, "prompt", as_bytes("hello"));
  Salt other = salt;
  other[31] ^= std::byte{1};
  EXPECT_NE(commit(other, "prompt", as_bytes("hello")), base);
  EXPECT_NE(commit(salt, "completion", as_bytes("hello")), base);
  EXPECT_NE(commit(salt, "prompt", as_bytes("hellp")), base);
  EXPECT_NE(commit(salt, "prompt", as_bytes("hello ")), base);
  EXPECT_NE(commit(salt, "prompt", {}), base);
}

TEST(Commitment, LetsNoByteMoveBetweenFieldSaltAndValue) {
  // Were the name's length not hashed, `a` with a salt beginning with `b` would be `ab` with the rest.
  Salt first;
  first.fill(std::byte{'b'});
  std::string shifted(1, 'b');
  shifted += "value";
  EXPECT_NE(commit(first, "ab", as_bytes("value")), commit(first, "a", as_bytes(shifted)));
}

TEST(Commitment, InPiecesIsTheSame) {
  const Salt salt = random_salt();
  CommitmentStream stream(salt, kCompletionField);
  stream.update(as_bytes("one "));
  stream.update({});
  stream.update(as_bytes("two"));
  EXPECT_EQ(stream.finish(), commit(salt, kCompletionField, as_bytes("one two")));
}

TEST(Commitment, SaltsDiffer) {
  EXPECT_NE(random_salt(), random_salt());
}

TEST(CommitmentField, NamesAreShortLowerCaseWords) {
  for (const std::string_view name : {"prompt", "completion", "caller_address", "a", "a1_"}) {
    EXPECT_TRUE(is_field_name(name)) << name;
  }
  EXPECT_TRUE(is_field_name(std::string(64, 'a')));
  for (const std::string_view name : {"", "Prompt", "1a", "_a", "a b", "a\"", "a.b", "\xc3\xa9", "a\n"}) {
    EXPECT_FALSE(is_field_name(name)) << name;
  }
  EXPECT_FALSE(is_field_name(std::string(65, 'a')));
}

TEST(CommitmentFieldDeathTest, IsAPrecondition) {
  EXPECT_DEATH(commit({}, "Not A Field", {}), "is_field_name");
}

}  // namespace
}  // namespace redoubt::record
