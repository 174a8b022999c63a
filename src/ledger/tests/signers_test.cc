#include "ledger/signers.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ledger/tests/support.h"
#include "tlog/cose_receipt.h"

namespace redoubt::ledger {
namespace {

using test::FakeClock;
using test::FaultFileSystem;
using test::make_signer;

const std::string kFolder = "/ledger";

// A ledger of two logs, `old_` being its key: 3 entries of the system log and 2 of a tenant's are published, one of
// each is committed and not.
class SignersTest : public ::testing::Test {
 protected:
  SignersTest() {
    auto ledger = open(fs_, old_);
    EXPECT_TRUE(ledger);
    add(**ledger, 3, kSystemLog, true);
    add(**ledger, 2, 1, true);
    add(**ledger, 1, kSystemLog, false);
    add(**ledger, 1, 1, false);
  }

  Result<std::unique_ptr<Ledger>> open(FileSystem& fs, const tlog::NoteSigner& signer) const {
    LedgerOptions options = test::small_segments();
    options.tenants = {"ward"};
    options.single_thread_for_test = true;
    return Ledger::open(fs, kFolder, signer, clock_, options);
  }
  static void add(Ledger& ledger, int entries, LogNumber log, bool publish) {
    const Bytes leaf(20, std::byte{'x'});
    for (int i = 0; i < entries; ++i) ASSERT_TRUE(ledger.add({.log = log}, leaf, {}));
    ASSERT_TRUE(ledger.commit());
    if (publish) {
      ASSERT_TRUE(ledger.publish(log));
    }
  }
  static std::string file(const FaultFileSystem& fs, const std::string& path) {
    const auto content = fs.content(path);
    EXPECT_TRUE(content) << path;
    return content ? std::string(as_chars(*content)) : "";
  }
  // The log's checkpoint, for somebody who trusts this key alone.
  static Result<tlog::CheckpointAcross> opened(FaultFileSystem& fs, const std::string& tenant,
                                               const tlog::NoteSigner& trusted) {
    const std::string log = log_directory(kFolder, tenant);
    const auto key = trusted.with_name(log_origin(trusted.name(), tenant));
    const auto signers = read_signers(fs, log);
    if (!signers) return signers.error();
    const auto history = tlog::SignerHistory::verify(key->verifier_key(), *signers);
    if (!history) return history.error();
    return tlog::open_checkpoint_across(file(fs, log + "/checkpoint"), *history);
  }

  // The key was changed, wholly: the new one goes on, and who trusts either believes all of it.
  void expect_changed(FaultFileSystem& fs) const {
    const auto refused = open(fs, old_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::kVerifyFailed);
    for (const tlog::NoteSigner* trusted : {&old_, &new_}) {
      const auto system = opened(fs, "", *trusted);
      ASSERT_TRUE(system) << system.error().message();
      EXPECT_EQ(system->checkpoint.size.value, 3U);
      EXPECT_EQ(opened(fs, "ward", *trusted)->checkpoint.size.value, 2U);
    }
    // Both signed the last checkpoint, so that programs which know nothing of `signers` go on with either key, and
    // verifiers of COSE as well.
    for (const tlog::NoteSigner* signer : {&old_, &new_}) {
      const std::string note = file(fs, kFolder + "/checkpoint");
      const auto last = tlog::open_checkpoint(note, {&signer->verifier_key(), 1});
      ASSERT_TRUE(last) << last.error().message();
      const auto lines = tlog::parse_note(note)->signatures;
      EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [&](const tlog::NoteSignature& line) {
        return tlog::is_cose_root_line(line, signer->verifier_key(), last->root);
      }));
    }
    auto ledger = open(fs, new_);
    ASSERT_TRUE(ledger) << ledger.error().message();
    add(**ledger, 1, kSystemLog, true);
    ASSERT_TRUE((*ledger)->publish(1));
    for (const tlog::NoteSigner* trusted : {&old_, &new_}) {
      const auto system = opened(fs, "", *trusted);
      ASSERT_TRUE(system) << system.error().message();
      EXPECT_EQ(system->checkpoint.size.value, 5U);
      EXPECT_EQ(system->term, 1U);
      EXPECT_EQ(opened(fs, "ward", *trusted)->checkpoint.size.value, 3U);
    }
  }

  FakeClock clock_;
  tlog::NoteSigner old_ = make_signer("example.org/log", 1);
  tlog::NoteSigner new_ = make_signer("example.org/log", 2);
  FaultFileSystem fs_;
};

TEST_F(SignersTest, EveryLogIsHandedOverAtItsLastCheckpoint) {
  const auto done = hand_over(fs_, kFolder, old_, new_, clock_);
  ASSERT_TRUE(done) << done.error().message();
  ASSERT_EQ(done->size(), 2U);
  EXPECT_EQ((*done)[0].tenant, "");
  EXPECT_EQ((*done)[0].size.value, 3U);
  EXPECT_EQ((*done)[0].from, old_.verifier_key());
  EXPECT_EQ((*done)[1].to.name(), "example.org/log/t/ward");
  EXPECT_EQ((*done)[1].size.value, 2U);
  EXPECT_NE(file(fs_, "/ledger/signers").find("time 1700000000\n"), std::string::npos);
  expect_changed(fs_);
}

TEST_F(SignersTest, ASecondCallChangesNothing) {
  ASSERT_TRUE(hand_over(fs_, kFolder, old_, new_, clock_));
  const auto changes = fs_.changes();
  const auto again = hand_over(fs_, kFolder, old_, new_, clock_);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ((*again)[0].size.value, 3U);
  EXPECT_EQ(fs_.changes(), changes);
}

TEST_F(SignersTest, StoppedAtEachChangeItIsFinishedByTheNextCall) {
  const auto total = [&] {
    const auto fs = fs_.clone();
    EXPECT_TRUE(hand_over(*fs, kFolder, old_, new_, clock_));
    return fs->changes();
  }();
  ASSERT_GT(total, 8U);
  using Effect = FaultFileSystem::Effect;
  for (std::uint64_t nth = 1; nth <= total; ++nth) {
    for (const Effect effect : {Effect::kCrash, Effect::kCrashInside, Effect::kFail, Effect::kDiskFull}) {
      for (std::uint64_t seed = 0; seed < 4; ++seed) {
        SCOPED_TRACE("change " + std::to_string(nth) + ", seed " + std::to_string(seed));
        const auto fs = fs_.clone();
        fs->inject({.effect = effect, .nth = nth});
        const auto cut_short = hand_over(*fs, kFolder, old_, new_, clock_);
        ASSERT_TRUE(fs->struck());
        fs->inject({});
        seed == 0 ? fs->lose_power_and_all_unsynced() : seed == 1 ? fs->kill_process() : fs->lose_power(seed);
        // What was said to be done is.
        if (cut_short) {
          const auto before = fs->changes();
          ASSERT_TRUE(hand_over(*fs, kFolder, old_, new_, clock_));
          ASSERT_EQ(fs->changes(), before);
        }
        // Whoever trusts the old key is never told wrong.
        for (const char* tenant : {"", "ward"}) {
          const auto checkpoint = opened(*fs, tenant, old_);
          ASSERT_TRUE(checkpoint) << checkpoint.error().message();
        }
        const auto finished = hand_over(*fs, kFolder, old_, new_, clock_);
        ASSERT_TRUE(finished) << finished.error().message();
        ASSERT_EQ(finished->size(), 2U);
        expect_changed(*fs);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_F(SignersTest, ALogWithoutCheckpointIsHandedOverAtSizeZero) {
  FaultFileSystem fs;
  ASSERT_TRUE(open(fs, old_));
  const auto done = hand_over(fs, kFolder, old_, new_, clock_);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ((*done)[1].size.value, 0U);
  EXPECT_FALSE(open(fs, old_));
  auto ledger = open(fs, new_);
  ASSERT_TRUE(ledger);
  add(**ledger, 1, kSystemLog, true);
  EXPECT_EQ(opened(fs, "", old_)->checkpoint.size.value, 1U);
}

TEST_F(SignersTest, KeysAreHandedOnAgainAndAgain) {
  auto third = make_signer("example.org/log", 3);
  ASSERT_TRUE(hand_over(fs_, kFolder, old_, new_, clock_));
  add(**open(fs_, new_), 2, kSystemLog, true);
  ASSERT_TRUE(hand_over(fs_, kFolder, new_, third, clock_));
  EXPECT_FALSE(open(fs_, old_));
  EXPECT_FALSE(open(fs_, new_));
  add(**open(fs_, third), 1, kSystemLog, true);
  for (const tlog::NoteSigner* trusted : {&old_, &new_, &third}) {
    const auto checkpoint = opened(fs_, "", *trusted);
    ASSERT_TRUE(checkpoint) << checkpoint.error().message();
    EXPECT_EQ(checkpoint->checkpoint.size.value, 7U);
    EXPECT_EQ(checkpoint->term, 2U);
  }
}

TEST_F(SignersTest, NothingIsHandedOverByAKeyThatIsNotTheLogs) {
  const auto stranger = make_signer("example.org/log", 9);
  const auto before = fs_.changes();
  EXPECT_EQ(hand_over(fs_, kFolder, stranger, new_, clock_).error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(fs_.changes(), before);
  ASSERT_TRUE(hand_over(fs_, kFolder, old_, new_, clock_));
  // The old key has no say any more, though it signed the checkpoint that is there.
  EXPECT_FALSE(hand_over(fs_, kFolder, old_, stranger, clock_));
}

TEST_F(SignersTest, ACheckpointOtherThanTheOneHandedOverIsFound) {
  const Bytes before = *fs_.content("/ledger/checkpoint");
  ASSERT_TRUE(hand_over(fs_, kFolder, old_, new_, clock_));
  fs_.set_content("/ledger/checkpoint", before);
  EXPECT_TRUE(hand_over(fs_, kFolder, old_, new_, clock_));
  const auto other = tlog::sign_checkpoint({old_.name(), {4}, tlog::empty_root(), {}}, old_);
  fs_.set_content("/ledger/checkpoint", as_bytes(*other));
  EXPECT_EQ(hand_over(fs_, kFolder, old_, new_, clock_).error().code(), Errc::kCorrupt);
}

TEST_F(SignersTest, ADamagedHistoryStopsTheLedger) {
  ASSERT_TRUE(hand_over(fs_, kFolder, old_, new_, clock_));
  std::string text = file(fs_, "/ledger/t/ward/signers");
  text[text.find("size 2") + 5] = '3';
  fs_.set_content("/ledger/t/ward/signers", as_bytes(text));
  const auto refused = open(fs_, new_);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("tenant `ward`"), std::string::npos);
}

TEST_F(SignersTest, AnEarlierKeyIsRevokedForOneLogByItsVkeyOrItsId) {
  ASSERT_TRUE(hand_over(fs_, kFolder, old_, new_, clock_));
  const std::string old_note = *tlog::sign_checkpoint({old_.name(), {2}, tlog::empty_root(), {}}, old_);
  const auto history = [&](const std::string& tenant) {
    const auto key = new_.with_name(log_origin(new_.name(), tenant));
    return *tlog::SignerHistory::verify(key->verifier_key(), *read_signers(fs_, log_directory(kFolder, tenant)));
  };
  ASSERT_TRUE(revoke_signer(fs_, kFolder, "", new_, old_.verifier_key().format(), {2}, clock_));
  EXPECT_EQ(history("").terms()[0].revoked_at, tlog::TreeSize{2});
  EXPECT_FALSE(history("ward").terms()[0].revoked_at);
  EXPECT_TRUE(tlog::open_checkpoint_across(old_note, history("")));
  const auto id = old_.verifier_key().format().substr(old_.name().size() + 1, 8);
  ASSERT_TRUE(revoke_signer(fs_, kFolder, "", new_, id, {1}, clock_));
  EXPECT_FALSE(tlog::open_checkpoint_across(old_note, history("")));
  // Of a tenant's log it is the same key under another name.
  const auto revoked = revoke_signer(fs_, kFolder, "ward", new_, old_.verifier_key().format(), {0}, clock_);
  ASSERT_TRUE(revoked) << revoked.error().message();
  EXPECT_EQ(revoked->key.name(), "example.org/log/t/ward");
  EXPECT_TRUE(open(fs_, new_));
}

TEST_F(SignersTest, RevokesNoOtherKeyAndNotBeyondTheHandover) {
  const auto code = [&](const std::string& tenant, const std::string& key, std::uint64_t at) {
    const auto done = revoke_signer(fs_, kFolder, tenant, new_, key, {at}, clock_);
    return done ? Errc{} : done.error().code();
  };
  EXPECT_EQ(code("", new_.verifier_key().format(), 1), Errc::kInvalidArgument);
  ASSERT_TRUE(hand_over(fs_, kFolder, old_, new_, clock_));
  const auto changes = fs_.changes();
  EXPECT_EQ(code("", new_.verifier_key().format(), 1), Errc::kInvalidArgument);
  EXPECT_EQ(code("", make_signer("example.org/log", 9).verifier_key().format(), 1), Errc::kInvalidArgument);
  EXPECT_EQ(code("", "00000000", 1), Errc::kInvalidArgument);
  EXPECT_EQ(code("", "", 1), Errc::kInvalidArgument);
  EXPECT_EQ(code("", old_.verifier_key().format(), 4), Errc::kInvalidArgument);
  EXPECT_EQ(code("nobody", old_.verifier_key().format(), 1), Errc::kNotFound);
  EXPECT_EQ(fs_.changes(), changes);
}

TEST_F(SignersTest, ARevocationThatIsCutShortIsThereWholeOrNotAtAll) {
  ASSERT_TRUE(hand_over(fs_, kFolder, old_, new_, clock_));
  for (std::uint64_t nth = 1;; ++nth) {
    const auto fs = fs_.clone();
    fs->inject({.effect = FaultFileSystem::Effect::kCrashInside, .nth = nth});
    const auto done = revoke_signer(*fs, kFolder, "", new_, old_.verifier_key().format(), {1}, clock_);
    const bool struck = fs->struck();
    fs->inject({});
    fs->lose_power(nth);
    const auto history = tlog::SignerHistory::verify(new_.verifier_key(), *read_signers(*fs, kFolder));
    ASSERT_TRUE(history) << history.error().message();
    if (done) {
      EXPECT_TRUE(history->terms()[0].revoked_at);
    }
    if (!struck) break;
  }
}

}  // namespace
}  // namespace redoubt::ledger
