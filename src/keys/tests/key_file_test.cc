#include "keys/key_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace redoubt::keys {
namespace {

using testing_support::TempDir;

TEST(KeyFile, RoundTripsAndIsPrivate) {
  const TempDir dir;
  const crypto::Secret key = crypto::Secret::random(32);
  ASSERT_TRUE(create_key_file(dir / "k", "wrap", key));
  struct stat info{};
  ASSERT_EQ(::stat((dir / "k").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  auto loaded = load_key_file(dir / "k", "wrap", 32);
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_TRUE(crypto::equal_constant_time(loaded->reveal(), key.reveal()));
}

TEST(KeyFile, NeverReplacesAKey) {
  const TempDir dir;
  ASSERT_TRUE(create_key_file(dir / "k", "wrap", crypto::Secret::random(32)));
  auto again = create_key_file(dir / "k", "wrap", crypto::Secret::random(32));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Errc::kAlreadyExists);
}

TEST(KeyFile, RefusesAFileThatOthersCanRead) {
  const TempDir dir;
  ASSERT_TRUE(create_key_file(dir / "k", "wrap", crypto::Secret::random(32)));
  ASSERT_EQ(::chmod((dir / "k").c_str(), 0640), 0);
  auto loaded = load_key_file(dir / "k", "wrap", 32);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), Errc::kPermissionDenied);
}

TEST(KeyFile, RefusesAnotherKind) {
  const TempDir dir;
  ASSERT_TRUE(create_key_file(dir / "k", "wrap", crypto::Secret::random(32)));
  EXPECT_FALSE(load_key_file(dir / "k", "signer", 32));
}

TEST(KeyFile, RefusesAnotherLength) {
  const TempDir dir;
  ASSERT_TRUE(create_key_file(dir / "k", "wrap", crypto::Secret::random(31)));
  EXPECT_FALSE(load_key_file(dir / "k", "wrap", 32));
}

TEST(KeyFile, RefusesALinkInItsPlace) {
  const TempDir dir;
  ASSERT_TRUE(create_key_file(dir / "k", "wrap", crypto::Secret::random(32)));
  std::filesystem::create_symlink(dir / "k", dir / "link");
  EXPECT_FALSE(load_key_file(dir / "link", "wrap", 32));
}

TEST(KeyFile, SaysThatItIsMissing) {
  const TempDir dir;
  auto loaded = load_key_file(dir / "none", "wrap", 32);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), Errc::kNotFound);
}

}  // namespace
}  // namespace redoubt::keys
