#include "crypto/secret.h"

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <concepts>
#include <ostream>
#include <type_traits>
#include <vector>

#include "crypto/tests/vector_file.h"

namespace redoubt::crypto {
namespace {

// What must not compile.
template <class T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };
template <class T>
concept ViewedAsBytes = std::convertible_to<T, ByteView> || std::convertible_to<T, std::string>;
template <class T>
concept Comparable = requires(const T& a, const T& b) { a == b; };
static_assert(!std::is_copy_constructible_v<Secret>, "a secret is not copied");
static_assert(!std::is_copy_assignable_v<Secret>, "a secret is not copied");
static_assert(!Streamable<Secret>, "a secret is not printed");
static_assert(!ViewedAsBytes<Secret>, "a secret's bytes are revealed by name only");
static_assert(!Comparable<Secret>, "secrets are compared by equal_constant_time only");
static_assert(!std::is_convertible_v<std::size_t, Secret>, "a number is no secret");
static_assert(std::is_nothrow_move_constructible_v<Secret> && std::is_nothrow_move_assignable_v<Secret>);
static_assert(Streamable<int> && ViewedAsBytes<Bytes> && Comparable<Bytes>, "the concepts recognise what they refuse");

TEST(Secret, StartsAsZeros) {
  const Secret secret(40);
  EXPECT_EQ(to_bytes(secret.reveal()), Bytes(40));
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(Secret().empty());
  EXPECT_TRUE(Secret(0).reveal().empty());
}

TEST(Secret, CopiesTheBytesItIsMadeOf) {
  Bytes bytes = to_bytes(as_bytes("0123456789"));
  const Secret secret = Secret::copy_of(bytes);
  bytes[0] = std::byte{'x'};
  EXPECT_EQ(as_chars(secret.reveal()), "0123456789");
  EXPECT_TRUE(Secret::copy_of({}).empty());
}

TEST(Secret, MovesAndLeavesNothingBehind) {
  Secret a = Secret::copy_of(as_bytes("one"));
  Secret b = std::move(a);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): the state after a move is promised
  EXPECT_EQ(as_chars(b.reveal()), "one");
  Secret c = Secret::copy_of(as_bytes("another"));
  c = std::move(b);
  EXPECT_EQ(as_chars(c.reveal()), "one");
  EXPECT_TRUE(b.empty());  // NOLINT(bugprone-use-after-move)
  Secret& same = c;
  c = std::move(same);
  EXPECT_EQ(as_chars(c.reveal()), "one") << "moved to itself";
}

TEST(Secret, RandomOnesDiffer) {
  EXPECT_NE(to_bytes(Secret::random(32).reveal()), to_bytes(Secret::random(32).reveal()));
  EXPECT_EQ(Secret::random(0).size(), 0u);
  Bytes a(32);
  Bytes b(32);
  random_bytes(a);
  random_bytes(b);
  EXPECT_NE(a, b);
  EXPECT_NE(a, Bytes(32));
}

TEST(Secret, RevealedBytesCanBeFilledIn) {
  Secret secret(3);
  const ByteView abc = as_bytes("abc");
  std::copy(abc.begin(), abc.end(), secret.reveal_mutable().begin());
  EXPECT_EQ(as_chars(secret.reveal()), "abc");
}

TEST(Wipe, OverwritesWithZeros) {
  Bytes bytes = to_bytes(as_bytes("key material"));
  wipe(bytes);
  EXPECT_EQ(bytes, Bytes(bytes.size()));
  wipe({});
}

TEST(EqualConstantTime, IsEqualityOfBytes) {
  const Bytes a = to_bytes(as_bytes("0123456789abcdef"));
  EXPECT_TRUE(equal_constant_time(a, Bytes(a)));
  EXPECT_TRUE(equal_constant_time({}, {}));
  for (std::size_t bit = 0; bit < a.size() * 8; ++bit) EXPECT_FALSE(equal_constant_time(a, with_flipped_bit(a, bit)));
  EXPECT_FALSE(equal_constant_time(a, ByteView(a).first(15)));
  EXPECT_FALSE(equal_constant_time(a, {}));
}

// Each in a process of its own: the heap is set up once a process.
void exit_unless(bool condition, int status) {
  if (!condition) std::_Exit(status);
}

TEST(SecureHeapDeathTest, HoldsSecretsOnceSetUpAndIsSetUpOnce) {
  EXPECT_EXIT(
      {
        const Secret before = Secret::copy_of(as_bytes("before"));
        exit_unless(CRYPTO_secure_allocated(before.reveal().data()) == 0, 10);
        const bool locked = init_secure_heap();
        exit_unless(CRYPTO_secure_malloc_initialized() == 1, 11);
        {
          const Secret inside = Secret::copy_of(as_bytes("inside"));
          exit_unless(CRYPTO_secure_allocated(inside.reveal().data()) == 1, 12);
          exit_unless(!init_secure_heap(), 13);                    // the second time nothing is set up…
          exit_unless(as_chars(inside.reveal()) == "inside", 14);  // …and nothing lost
          exit_unless(as_chars(before.reveal()) == "before", 15);
        }
        exit_unless(CRYPTO_secure_used() == 0, 16);  // given back
        std::_Exit(locked ? 0 : 1);
      },
      [](int status) {
        if (!WIFEXITED(status)) return false;
        if (WEXITSTATUS(status) == 1) std::puts("the system does not lock pages here");
        return WEXITSTATUS(status) <= 1;
      },
      "");
}

TEST(SecureHeapDeathTest, HasRoomForTheKeysOfTheConnectionsStated) {
  EXPECT_EXIT(
      {
        init_secure_heap(5'000);
        std::vector<Secret> keys;
        for (int i = 0; i < 4 * 5'000; ++i) keys.emplace_back(32);
        exit_unless(CRYPTO_secure_allocated(keys.back().reveal().data()) == 1, 10);
        std::_Exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(SecureHeapDeathTest, MemoryOfASecretIsWipedWhenItGoes) {
  EXPECT_EXIT(
      {
        init_secure_heap();
        const std::byte* data = nullptr;
        {
          const Secret secret = Secret::copy_of(as_bytes("0123456789abcdef0123456789abcdef"));
          data = secret.reveal().data();
        }
        // The arena stays mapped. Its first bytes now link free blocks; the rest must not be what it was.
        exit_unless(as_chars({data + 16, 16}) != "0123456789abcdef", 10);
        std::_Exit(0);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace redoubt::crypto
