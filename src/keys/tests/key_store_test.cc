#include "keys/key_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <type_traits>

#include "encoding/base64.h"
#include "keys/key_file.h"
#include "tests/support/temp_dir.h"

namespace redoubt::keys {
namespace {

static_assert(!std::is_copy_constructible_v<KeyStore>, "it holds a secret");

class KeyStoreTest : public ::testing::Test {
 protected:
  std::string path() const { return folder_ / "wrap.key"; }
  std::string text() const {
    std::ifstream in(path());
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void replace(const std::string& text) const { std::ofstream(path()) << text; }
  static Errc code_of(const Result<crypto::Secret>& loaded) {
    EXPECT_FALSE(loaded);
    return loaded ? Errc{} : loaded.error().code();
  }

  const testing_support::TempDir folder_;
  const crypto::Secret key_ = crypto::Secret::random(32);
  const KeyStore store_ = KeyStore::encrypted(crypto::Secret::random(KeyStore::kStorageKeyBytes));
};

TEST_F(KeyStoreTest, KeepsAKeyThatItsFileDoesNotShow) {
  ASSERT_TRUE(store_.create(path(), "wrap", key_));
  const auto loaded = store_.load(path(), "wrap", 32);
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_TRUE(crypto::equal_constant_time(loaded->reveal(), key_.reveal()));
  EXPECT_EQ(text().find(encoding::base64(key_.reveal())), std::string::npos);
  EXPECT_TRUE(text().starts_with("redoubt-encrypted-wrap-v1 "));
  struct stat info{};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(store_.create(path(), "wrap", key_).error().code(), Errc::kAlreadyExists);
}

TEST_F(KeyStoreTest, OpensWhatAnotherImplementationMade) {
  // By Python's package cryptography: AESGCM(32 bytes of 07h).encrypt(12 bytes of 03h, 32 bytes of 05h,
  // b"redoubt-encrypted-wrap-v1").
  const crypto::Secret storage = crypto::Secret::copy_of(Bytes(32, std::byte{7}));
  replace(
      "redoubt-encrypted-wrap-v1 AwMDAwMDAwMDAwMDIPumBl8tW0d/RUZZ7lL6Ceg55eqxkJF1KtuCtObgRb0dlTWuVemtcv6jSlIku6Jz\n");
  ASSERT_EQ(::chmod(path().c_str(), 0600), 0);
  const auto loaded = KeyStore::encrypted(crypto::Secret::copy_of(storage.reveal())).load(path(), "wrap", 32);
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(to_bytes(loaded->reveal()), Bytes(32, std::byte{5}));
}

TEST_F(KeyStoreTest, RefusesEveryChangeOfABit) {
  ASSERT_TRUE(store_.create(path(), "wrap", key_));
  const std::string good = text();
  const std::size_t at = good.find(' ') + 1;
  Bytes sealed = *encoding::base64_decode(std::string_view(good).substr(at, good.size() - at - 1));
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    sealed[bit / 8] ^= std::byte{1} << (bit % 8);
    replace(good.substr(0, at) + encoding::base64(sealed) + "\n");
    EXPECT_EQ(code_of(store_.load(path(), "wrap", 32)), Errc::kVerifyFailed) << bit;
    sealed[bit / 8] ^= std::byte{1} << (bit % 8);
  }
}

TEST_F(KeyStoreTest, RefusesAnotherForm) {
  ASSERT_TRUE(store_.create(path(), "wrap", key_));
  EXPECT_EQ(code_of(store_.load(path(), "wrap", 31)), Errc::kMalformed) << "another length";
  EXPECT_EQ(code_of(store_.load(path(), "ledger-signer", 32)), Errc::kMalformed) << "another kind";
  const std::string good = text();
  replace(good.substr(0, good.size() - 1));
  EXPECT_EQ(code_of(store_.load(path(), "wrap", 32)), Errc::kMalformed) << "cut off";
  replace(good + "x");
  EXPECT_EQ(code_of(store_.load(path(), "wrap", 32)), Errc::kMalformed) << "something follows";
  replace("redoubt-encrypted-ledger-signer-v1" + good.substr(good.find(' ')));
  EXPECT_EQ(code_of(store_.load(path(), "ledger-signer", 32)), Errc::kVerifyFailed) << "called by another kind";
  EXPECT_EQ(code_of(store_.load(folder_ / "none", "wrap", 32)), Errc::kNotFound);
}

TEST_F(KeyStoreTest, TakesNoKeyInTheClearWhereKeysAreEncrypted) {
  ASSERT_TRUE(create_key_file(path(), "wrap", key_));
  EXPECT_EQ(code_of(store_.load(path(), "wrap", 32)), Errc::kVerifyFailed);
}

TEST_F(KeyStoreTest, AnotherStorageKeyAndNoneOpenNothing) {
  ASSERT_TRUE(store_.create(path(), "wrap", key_));
  const KeyStore other = KeyStore::encrypted(crypto::Secret::random(KeyStore::kStorageKeyBytes));
  EXPECT_EQ(code_of(other.load(path(), "wrap", 32)), Errc::kVerifyFailed);
  EXPECT_EQ(code_of(KeyStore::plain().load(path(), "wrap", 32)), Errc::kPermissionDenied);
}

TEST_F(KeyStoreTest, WithoutAStorageKeyIsOfKeyFiles) {
  ASSERT_TRUE(KeyStore::plain().create(path(), "wrap", key_));
  EXPECT_TRUE(load_key_file(path(), "wrap", 32));
  EXPECT_TRUE(KeyStore::plain().load(path(), "wrap", 32));
}

}  // namespace
}  // namespace redoubt::keys
