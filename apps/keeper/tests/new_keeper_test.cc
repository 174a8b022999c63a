// What a keeper begins with: keys that are in files alone, and a ledger that they signed.
#include "keeper/new_keeper.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/clock.h"
#include "base/scratch_folder.h"
#include "crypto/ed25519.h"
#include "keys/key_store.h"
#include "keys/quorum_files.h"
#include "ledger/reader.h"
#include "sealing/new_sealing.h"
#include "tlog/checkpoint.h"
#include "tpm/nv_index.h"
#include "tpm/tests/support/software_tpm.h"

namespace redoubt {
namespace {

constexpr const char* kOrigin = "test.example/log";
constexpr const char* kRecord = "{\"first\":\"of all\"}";

NewKeeper in_folder(const std::string& folder) {
  std::filesystem::create_directories(folder + "/keeper");
  NewKeeper out;
  out.ledger = folder + "/ledger";
  out.paths = {.keeper = folder + "/keeper",
               .sealing = folder + "/sealing.toml",
               .recovery_quorum = folder + "/recovery.quorum",
               .recovery_share = folder + "/share"};
  out.origin = kOrigin;
  out.first_record = kRecord;
  return out;
}

// The signer's key, as it rests, is the one that was named, and has signed the ledger's checkpoint.
void expect_signer(const NewKeeper& what, const keys::KeyStore& store, const ledger::NewKeeperKeys& made) {
  PosixFileSystem fs;
  const auto seed = store.load(what.paths.keeper + "/signer.key", "ledger-signer", 32);
  ASSERT_TRUE(seed) << seed.error().message();
  const auto key = crypto::Ed25519PrivateKey::from_seed(seed->reveal());
  ASSERT_TRUE(key);
  EXPECT_EQ(tlog::VerifierKey::ed25519(kOrigin, key->public_key())->format(), made.signer.format());
  const auto text = read_file(fs, what.ledger + "/checkpoint", 4096);
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_TRUE(tlog::open_checkpoint(as_chars(*text), {&made.signer, 1}));
  const auto entry = ledger::LedgerReader(fs, what.ledger).read_entry({0});
  ASSERT_TRUE(entry) << entry.error().message();
  EXPECT_EQ(as_chars(entry->leaf), kRecord);
}

TEST(NewKeeper, HasKeysThatSignItsLedgerAndTellsThePublicOnes) {
  const auto folder = *ScratchFolder::make();
  const NewKeeper what = in_folder(folder.path());
  PosixFileSystem fs;
  const auto made = make_keeper(fs, SystemClock(), what);
  ASSERT_TRUE(made) << made.error().message();
  const keys::KeyStore plain = keys::KeyStore::plain();
  expect_signer(what, plain, *made);
  EXPECT_TRUE(plain.load(what.paths.keeper + "/wrap.key", "wrap", 32));
  const auto dictionary = plain.load(what.paths.keeper + "/dictionary.key", "dictionary", 32);
  ASSERT_TRUE(dictionary);
  EXPECT_EQ(crypto::X25519KeyPair::from_private(dictionary->reveal())->public_key, made->dictionary);
  // Another call replaces none of them.
  const auto again = make_keeper(fs, SystemClock(), what);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Errc::kAlreadyExists);
  expect_signer(what, plain, *made);
}

class NewSealedKeeper : public tpm::testing::SoftwareTpm {};

TEST_F(NewSealedKeeper, HasKeysThatRestEncryptedAndThatItsSharesRecover) {
  PosixFileSystem fs;
  tpm::Tpm tpm = open();
  const auto approver = crypto::P256PrivateKey::generate();
  NewKeeper what = in_folder((path() / "redoubt").string());
  what.tpm = &tpm;
  what.approver = approver.public_key();
  what.recovery = {.threshold = 2, .count = 3};
  const auto made = make_keeper(fs, SystemClock(), what);
  ASSERT_TRUE(made) << made.error().message();
  const auto plain = keys::KeyStore::plain().load(what.paths.keeper + "/signer.key", "ledger-signer", 32);
  ASSERT_FALSE(plain);
  EXPECT_EQ(plain.error().code(), Errc::kPermissionDenied);
  const auto paths = keys::share_paths(what.recovery, what.paths.recovery_share);
  ASSERT_EQ(paths.size(), 3u);
  auto storage_key = keys::open_quorum(fs, what.paths.recovery_quorum, {paths[0], paths[2]});
  ASSERT_TRUE(storage_key) << storage_key.error().message();
  expect_signer(what, keys::KeyStore::encrypted(*std::move(storage_key)), *made);
  // What `redoubt init` approves from, without having sealed.
  const auto sealing = sealing::read_new_sealing(fs, what.paths.sealing, tpm);
  ASSERT_TRUE(sealing) << sealing.error().message();
  EXPECT_EQ(sealing->sealing.approver, approver.public_key());
  EXPECT_EQ(sealing->version, *tpm::read_counter(tpm, sealing->sealing.counter));
  EXPECT_TRUE(sealing->boot.empty());
}

}  // namespace
}  // namespace redoubt
