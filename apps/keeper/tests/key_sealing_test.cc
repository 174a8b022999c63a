// Keys that are sealed later than at their beginning.
#include "keeper/key_sealing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "base/scratch_folder.h"
#include "crypto/secret.h"
#include "keeper/new_keeper.h"
#include "sealing/keeper_keys.h"
#include "tpm/tests/support/software_tpm.h"

namespace redoubt {
namespace {

class KeySealing : public tpm::testing::SoftwareTpm {
 protected:
  // A folder with its keys in the clear.
  void SetUp() override {
    tpm::testing::SoftwareTpm::SetUp();
    if (IsSkipped()) return;
    const std::string folder = (path() / "redoubt").string();
    std::filesystem::create_directories(folder + "/keeper");
    paths_ = {.keeper = folder + "/keeper",
              .sealing = folder + "/sealing.toml",
              .recovery_quorum = folder + "/recovery.quorum",
              .recovery_share = folder + "/share"};
    NewKeeper what;
    what.ledger = folder + "/ledger";
    what.paths = paths_;
    what.origin = "test.example/log";
    what.first_record = "{}";
    ASSERT_TRUE(make_keeper(fs_, SystemClock(), what));
  }

  Result<crypto::Secret> load(const keys::KeyStore& store) const {
    return store.load(paths_.keeper + "/signer.key", "ledger-signer", 32);
  }

  // The storage key, once it is sealed.
  keys::KeyStore store() {
    auto key =
        keys::open_quorum(fs_, paths_.recovery_quorum, {paths_.recovery_share + "-1", paths_.recovery_share + "-2"});
    EXPECT_TRUE(key);
    return keys::KeyStore::encrypted(*std::move(key));
  }

  PosixFileSystem fs_;
  sealing::SealingPaths paths_;
  const crypto::P256PrivateKey approver_ = crypto::P256PrivateKey::generate();
  static constexpr keys::QuorumSize kTwoOfTwo{.threshold = 2, .count = 2};
};

TEST_F(KeySealing, EncryptsNothingBeforeItIsAskedTo) {
  tpm::Tpm tpm = open();
  const auto before = load(keys::KeyStore::plain());
  ASSERT_TRUE(before);
  ASSERT_TRUE(seal_keys(fs_, paths_, tpm, approver_.public_key(), kTwoOfTwo));
  EXPECT_TRUE(load(keys::KeyStore::plain()));
  EXPECT_FALSE(load(store()));
  ASSERT_TRUE(encrypt_keys(fs_, paths_.keeper, store()));
  EXPECT_FALSE(load(keys::KeyStore::plain()));
  const auto after = load(store());
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_TRUE(std::ranges::equal(after->reveal(), before->reveal()));
  EXPECT_TRUE(store().load(paths_.keeper + "/wrap.key", "wrap", 32));
}

TEST_F(KeySealing, ReplacesNoStorageKey) {
  tpm::Tpm tpm = open();
  ASSERT_TRUE(seal_keys(fs_, paths_, tpm, approver_.public_key(), kTwoOfTwo));
  const auto again = seal_keys(fs_, paths_, tpm, approver_.public_key(), {});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Errc::kAlreadyExists);
  ASSERT_TRUE(encrypt_keys(fs_, paths_.keeper, store()));
  std::filesystem::remove(paths_.keeper + "/" + sealing::kSealedFile);
  EXPECT_FALSE(seal_keys(fs_, paths_, tpm, approver_.public_key(), {})) << "the signer's key is encrypted";
}

TEST_F(KeySealing, EncryptsNothingBesideAnEncryptedSigner) {
  tpm::Tpm tpm = open();
  ASSERT_TRUE(seal_keys(fs_, paths_, tpm, approver_.public_key(), kTwoOfTwo));
  ASSERT_TRUE(encrypt_keys(fs_, paths_.keeper, store()));
  // From somebody else, who cannot encrypt it.
  std::filesystem::remove(paths_.keeper + "/wrap.key");
  ASSERT_TRUE(keys::KeyStore::plain().create(paths_.keeper + "/wrap.key", "wrap", crypto::Secret::random(32)));
  const auto again = encrypt_keys(fs_, paths_.keeper, store());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Errc::kAlreadyExists);
  EXPECT_FALSE(store().load(paths_.keeper + "/wrap.key", "wrap", 32));
  EXPECT_FALSE(encrypt_keys(fs_, paths_.keeper, keys::KeyStore::plain()));
}

TEST_F(KeySealing, RecoversByTheSharesOfTheseKeysAlone) {
  tpm::Tpm tpm = open();
  ASSERT_TRUE(seal_keys(fs_, paths_, tpm, approver_.public_key(), kTwoOfTwo));
  ASSERT_TRUE(encrypt_keys(fs_, paths_.keeper, store()));
  const std::vector<std::string> shares = keys::share_paths(kTwoOfTwo, paths_.recovery_share);
  EXPECT_TRUE(recover_storage_key(fs_, paths_, shares));
  EXPECT_EQ(recover_storage_key(fs_, paths_, {shares[0]}).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(recover_storage_key(fs_, paths_, {shares[0], shares[0]}).error().code(), Errc::kInvalidArgument);
  EXPECT_FALSE(recover_storage_key(fs_, paths_, {shares[0], paths_.keeper + "/wrap.key"}));
  // Those of another key, with their own file.
  sealing::SealingPaths others = paths_;
  others.recovery_quorum += ".other";
  others.recovery_share += "-other";
  ASSERT_TRUE(
      keys::write_quorum(fs_, crypto::Secret::random(32), kTwoOfTwo, others.recovery_quorum, others.recovery_share));
  const auto wrong = recover_storage_key(fs_, others, keys::share_paths(kTwoOfTwo, others.recovery_share));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), Errc::kVerifyFailed);
}

}  // namespace
}  // namespace redoubt
