// A keeper's folder whose keys are sealed to a TPM of software: who gets at them, and what the others are told.
#include "sealing/keeper_keys.h"

#include <gtest/gtest.h>

#include "tpm/nv_index.h"
#include "tpm/sealed_secret.h"
#include "tpm/tests/support/software_tpm.h"

namespace redoubt::sealing {
namespace {

TEST(KeeperKeys, AreInTheClearWhereNothingWasSealed) {
  const auto folder = *ScratchFolder::make();
  PosixFileSystem fs;
  const auto keys = open_keeper_keys(fs, folder.path(), {});
  ASSERT_TRUE(keys) << keys.error().message();
  EXPECT_FALSE(keys->store.is_encrypted());
  EXPECT_FALSE(*is_sealed(fs, folder.path()));
}

TEST(KeeperKeys, RememberWithWhichVersionTheyWereOpened) {
  const auto folder = *ScratchFolder::make();
  PosixFileSystem fs;
  EXPECT_EQ(*read_opened_version(fs, folder.path()), 0u);
  ASSERT_TRUE(write_opened_version(fs, folder.path(), 12));
  EXPECT_EQ(*read_opened_version(fs, folder.path()), 12u);
  for (const char* text : {"", "12", "12\n\n", "-1\n", "x\n", "99999999999999999999\n"}) {
    ASSERT_TRUE(write_file_atomically(fs, folder.path() + "/opened-version", as_bytes(std::string_view(text))));
    EXPECT_EQ(read_opened_version(fs, folder.path()).error().code(), Errc::kMalformed) << text;
  }
}

class SealedKeeperKeys : public tpm::testing::SoftwareTpm {
 protected:
  void SetUp() override {
    SoftwareTpm::SetUp();
    if (IsSkipped()) return;
    tpm::Tpm tpm = open();
    sealing_.counter = 0x0180'5242;
    sealing_.approver = approver_.public_key();
    ASSERT_TRUE(tpm::create_counter(tpm, sealing_.counter));
    const auto sealed = tpm::seal(tpm, storage_key_, sealing_.approver, sealing_.purpose());
    ASSERT_TRUE(sealed) << sealed.error().message();
    write(kSealedFile, sealed->encode());
  }
  static tpm::Measurement program(std::string_view what) {
    return {.pcr = 12, .name = "program.redoubt", .value = to_bytes(crypto::sha256(as_bytes(what)))};
  }
  void approve(std::string_view what, std::uint64_t version) {
    tpm::ApprovalFile file{
        .counter = sealing_.counter, .version = version, .boot = {}, .measured = {}, .signature = {}};
    ASSERT_TRUE(file.measured.add(program(what)));
    ASSERT_TRUE(file.sign(sealing_.purpose(), approver_));
    approvals_.push_back({.path = "approvals", .file = file});
  }
  // Switches the machine on, and lets it measure this program.
  tpm::Tpm boot(std::string_view what) {
    restart();
    tpm::Tpm tpm = open();
    tpm::MeasurementLog log;
    EXPECT_TRUE(tpm::measure(tpm, log, program(what)));
    log_ = log;
    return tpm;
  }
  Result<KeeperKeys> open_keys(tpm::Tpm* tpm) {
    return open_keeper_keys(fs_, path(),
                            {.tpm = tpm, .measured = &log_, .approvals = approvals_, .redoubt = "/srv/redoubt"});
  }
  std::string why(tpm::Tpm* tpm, Errc code) {
    const auto keys = open_keys(tpm);
    EXPECT_FALSE(keys);
    if (keys) return "opened";
    EXPECT_EQ(keys.error().code(), code);
    return keys.error().message();
  }

  PosixFileSystem fs_;
  const crypto::P256PrivateKey approver_ = crypto::P256PrivateKey::generate();
  const crypto::Secret storage_key_ = crypto::Secret::random(32);
  Sealing sealing_;
  tpm::MeasurementLog log_;
  std::vector<KeptApproval> approvals_;
};

TEST_F(SealedKeeperKeys, OpenForWhatIsApproved) {
  const auto store = keys::KeyStore::encrypted(crypto::Secret::copy_of(storage_key_.reveal()));
  const crypto::Secret wrap = crypto::Secret::random(32);
  ASSERT_TRUE(store.create(path() / "wrap.key", "wrap", wrap));
  approve("one", 3);
  tpm::Tpm tpm = boot("one");
  const auto keys = open_keys(&tpm);
  ASSERT_TRUE(keys) << keys.error().message();
  EXPECT_EQ(keys->version, 3u);
  const auto opened = keys->store.load(path() / "wrap.key", "wrap", 32);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_TRUE(crypto::equal_constant_time(opened->reveal(), wrap.reveal()));
  EXPECT_EQ(
      why(nullptr, Errc::kPermissionDenied),
      "the keys are sealed to a TPM, and redoubt.toml has no `enclave.tpm`: they are opened by that or not at all");
}

TEST_F(SealedKeeperKeys, SayWhatDiffersAndWhatToDo) {
  approve("one", 3);
  tpm::Tpm tpm = boot("another");
  const std::string said = why(&tpm, Errc::kPermissionDenied);
  EXPECT_NE(said.find("`program.redoubt` is "), std::string::npos) << said;
  EXPECT_NE(said.find("`redoubt enclave approve --dir /srv/redoubt`"), std::string::npos) << said;
}

TEST_F(SealedKeeperKeys, NameRecoveryWhenTheTpmIsAnother) {
  approve("one", 3);
  stop();
  for (const auto& each : std::filesystem::directory_iterator(path())) {
    if (each.path().filename().string().starts_with("tpm2-")) std::filesystem::remove(each.path());
  }
  tpm::Tpm tpm = boot("one");
  const std::string said = why(&tpm, Errc::kVerifyFailed);
  EXPECT_NE(said.find("`redoubt enclave recover --dir /srv/redoubt`"), std::string::npos) << said;
}

TEST_F(SealedKeeperKeys, NameRecoveryWhenTheCounterIsGone) {
  approve("one", 3);
  tpm::Tpm tpm = boot("one");
  ASSERT_TRUE(tpm::remove_nv_index(tpm, sealing_.counter));
  EXPECT_NE(why(&tpm, Errc::kVerifyFailed).find("redoubt enclave recover"), std::string::npos);
}

TEST_F(SealedKeeperKeys, AreClosedWhenWhatIsSealedIsGone) {
  const auto store = keys::KeyStore::encrypted(crypto::Secret::copy_of(storage_key_.reveal()));
  ASSERT_TRUE(store.create(path() / "wrap.key", "wrap", crypto::Secret::random(32)));
  std::filesystem::remove(path() / kSealedFile);
  tpm::Tpm tpm = boot("one");
  const auto keys = open_keys(&tpm);
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->store.load(path() / "wrap.key", "wrap", 32).error().code(), Errc::kPermissionDenied);
}

}  // namespace
}  // namespace redoubt::sealing
