// The bundle in force, as a ledger, a TPM and the operator's files know it; and whoever puts one of the three back.
#include "keeper/measuring.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/log.h"
#include "encoding/base64.h"
#include "ledger/ledger.h"
#include "record/fact_record.h"
#include "tpm/nv_index.h"
#include "tpm/tests/support/software_tpm.h"

namespace redoubt {
namespace {

using tpm::testing::code_of;
using tpm::testing::why;

constexpr tpm::NvHandle kHandle = 0x0180'5244;

crypto::Sha256Digest bundle(int n) {
  crypto::Sha256Digest out;
  out.fill(static_cast<std::byte>(n));
  return out;
}
std::string name_of(int n) {
  return "sha256:" + encoding::hex(bundle(n));
}

class MeasuringTest : public tpm::testing::SoftwareTpm {
 protected:
  static void SetUpTestSuite() { log::set_level(log::Level::kError); }
  static void TearDownTestSuite() { log::set_level(log::Level::kInfo); }

  void SetUp() override {
    SoftwareTpm::SetUp();
    if (IsSkipped()) return;
    std::filesystem::create_directories(measured());
    std::filesystem::create_directories(ledger());
    tpm::Tpm tpm = open();
    ASSERT_TRUE(tpm::create_history(tpm, kHandle, key()));
    write("measured/history", tpm::HistoryLog(kHandle).encode());
    write_fresh_log();
  }
  // The machine is switched on again: what the launcher does, and then the keeper.
  void restart_machine() {
    restart();
    write_fresh_log();
  }
  void write_fresh_log() const { write("measured/log", tpm::MeasurementLog().encode()); }

  std::string measured() const { return path() / "measured"; }
  std::string ledger() const { return path() / "ledger"; }
  crypto::Secret key() const { return crypto::Secret::copy_of(key_.reveal()); }

  // Adds a fact to the ledger: its index. Not under a checkpoint unless `published`.
  std::uint64_t activate(int n, std::uint64_t expects, bool published = true) {
    record::Fact fact;
    fact.uid = std::string(32, 'a');
    fact.time = {1'700'000'000'000};
    fact.kind = expects == 0 ? "bundle.begin" : "bundle.activate";
    fact.object = "bundle";
    fact.expects = expects;
    fact.body = R"({"digest":")" + name_of(n) + R"("})";
    fact.actor.principal = "redoubt";
    std::string text;
    EXPECT_TRUE(record::append_fact(text, fact, {.log_origin = "a/b", .tenant = {}, .product_version = "0"}));
    const auto signer =
        *tlog::NoteSigner::create("a/b", *crypto::Ed25519PrivateKey::from_seed(Bytes(32, std::byte{7})));
    auto opened = ledger::Ledger::open(fs_, ledger(), signer, clock_, {.segment_bytes = 9 * 1024 * 1024});
    EXPECT_TRUE(opened) << why(opened);
    const auto index = (*opened)->add({.kind = ledger::EntryKind::kFact}, as_bytes(text), {});
    EXPECT_TRUE(index && (*opened)->commit());
    if (published) EXPECT_TRUE((*opened)->publish());
    return index->value;
  }
  // A start of the keeper with this bundle in the operator's files.
  Result<> start_with(int n) {
    const auto in_force = bundle_in_force(fs_, measured(), ledger());
    if (!in_force) return in_force.error();
    if (auto done = check_bundle(*in_force, name_of(n), approved_); !done) return done;
    tpm::Tpm tpm = open();
    auto measuring = Measuring::open(tpm, fs_, measured(), key());
    if (!measuring) return measuring.error();
    return *in_force ? measuring->measure(tpm, **in_force) : Result<>();
  }
  // What quotes show: what the log replays to, which is in the register, and which bundle that is; 0: none.
  int shown() {
    tpm::Tpm tpm = open();
    const auto log = tpm::MeasurementLog::decode(read("measured/log"));
    EXPECT_TRUE(log);
    const auto* const last = log->last_of(Measuring::kBundlePcr);
    if (last == nullptr) return 0;
    EXPECT_EQ(*tpm::read_pcrs(tpm, {Measuring::kBundlePcr}), log->replay());
    return std::to_integer<int>(last->value.at(0));
  }

  // What the approvers say may follow the bundle that was brought into force by that fact.
  static sealing::ActivationApproval may_follow(int in_force, std::uint64_t fact, int next) {
    return {.replaces = bundle(in_force), .fact = fact, .bundle = bundle(next), .signature = {}};
  }

  PosixFileSystem fs_;
  const SystemClock clock_;
  std::optional<sealing::ActivationApproval> approved_;
  const crypto::Secret key_ = crypto::Secret::random(32);
};

TEST_F(MeasuringTest, TheBundleThatIsInForceIsMeasuredAtEachStartAndNoOtherStarts) {
  EXPECT_TRUE(start_with(9)) << "nothing was ever in force";
  EXPECT_EQ(shown(), 0);
  activate(1, 0);
  const auto done = start_with(1);
  ASSERT_TRUE(done) << why(done);
  EXPECT_EQ(shown(), 1);
  const auto log = read("measured/log");
  ASSERT_TRUE(start_with(1));
  EXPECT_EQ(read("measured/log"), log) << "on the same boot nothing is extended again";
  restart_machine();
  ASSERT_TRUE(start_with(1));
  EXPECT_EQ(read("measured/log"), log) << "and after another boot the register is the same";
  activate(2, 1);
  const auto superseded = start_with(1);
  EXPECT_EQ(code_of(superseded), Errc::kPermissionDenied);
  EXPECT_NE(superseded.error().message().find("state/bundles"), std::string::npos) << why(superseded);
  EXPECT_EQ(code_of(start_with(3)), Errc::kPermissionDenied) << "one that nobody brought into force";
  ASSERT_TRUE(start_with(2));
  EXPECT_EQ(shown(), 2);
}

TEST_F(MeasuringTest, ABundleThatWasApprovedInItsPlaceStartsOnce) {
  const std::uint64_t first = activate(1, 0);
  for (const auto& word : {may_follow(3, first, 2), may_follow(1, first + 1, 2), may_follow(1, first, 3)}) {
    approved_ = word;
    EXPECT_EQ(code_of(start_with(2)), Errc::kPermissionDenied) << "that was approved for something else";
  }
  approved_ = may_follow(1, first, 2);
  ASSERT_TRUE(start_with(2));
  EXPECT_EQ(shown(), 1) << "it is not in force before its fact";
  ASSERT_TRUE(start_with(2)) << "a kill before the fact";
  ASSERT_TRUE(start_with(1)) << "and whoever thinks better of it";
  const std::uint64_t second = activate(2, 1);
  ASSERT_TRUE(start_with(2));
  EXPECT_EQ(shown(), 2);
  // Back where it was, by facts: what was approved for then is over.
  activate(1, 2);
  EXPECT_EQ(code_of(start_with(2)), Errc::kPermissionDenied);
  approved_ = may_follow(2, second, 1);
  activate(3, 3);
  EXPECT_EQ(code_of(start_with(1)), Errc::kPermissionDenied);
}

TEST_F(MeasuringTest, AKillAtAnyPointHealsWithTheNextStart) {
  activate(1, 0);
  ASSERT_TRUE(start_with(1));
  // After the fact, which no checkpoint covers yet.
  const std::uint64_t fact = activate(2, 1, false);
  ASSERT_TRUE(start_with(2));
  EXPECT_EQ(shown(), 2);
  // After writing down, before the TPM was told.
  const std::uint64_t next = activate(3, 2);
  auto history = tpm::HistoryLog::decode(read("measured/history"));
  ASSERT_EQ(history->events().back().index, fact);
  ASSERT_TRUE(history->add({.digest = bundle(3), .index = next}));
  write("measured/history", history->encode());
  ASSERT_TRUE(start_with(3));
  EXPECT_EQ(shown(), 3);
  auto log = tpm::MeasurementLog::decode(read("measured/log"));
  ASSERT_TRUE(log->add({.pcr = Measuring::kBundlePcr, .name = "bundle", .value = to_bytes(bundle(4))}));
  write("measured/log", log->encode());
  activate(4, 3);
  ASSERT_TRUE(start_with(4));
  EXPECT_EQ(shown(), 4);
}

TEST_F(MeasuringTest, WhatWasPutBackIsNoticed) {
  activate(1, 0);
  ASSERT_TRUE(start_with(1));
  const auto history = read("measured/history");
  std::filesystem::copy(ledger(), path() / "old", std::filesystem::copy_options::recursive);
  activate(2, 1);
  ASSERT_TRUE(start_with(2));
  const auto now = read("measured/history");
  // The ledger alone, with the files that fit it.
  std::filesystem::rename(ledger(), path() / "new");
  std::filesystem::copy(path() / "old", ledger(), std::filesystem::copy_options::recursive);
  EXPECT_EQ(code_of(start_with(1)), Errc::kVerifyFailed);
  // The folder of what was measured as well: the TPM remembers.
  write("measured/history", history);
  EXPECT_EQ(code_of(start_with(1)), Errc::kVerifyFailed);
  write("measured/history", now);
  std::filesystem::remove_all(ledger());
  std::filesystem::rename(path() / "new", ledger());
  EXPECT_TRUE(start_with(2));
}

TEST_F(MeasuringTest, ALogWithoutRoomKeepsWhatItHas) {
  activate(1, 0);
  ASSERT_TRUE(start_with(1));
  auto log = tpm::MeasurementLog::decode(read("measured/log"));
  tpm::MeasurementLog full;
  while (full.measurements().size() + Measuring::kLeftForStarts + 1 < tpm::MeasurementLog::kMaxEvents) {
    ASSERT_TRUE(full.add({.pcr = 12, .name = "program", .value = {}}));
  }
  ASSERT_TRUE(full.add(log->measurements().back()));
  write("measured/log", full.encode());
  const std::uint64_t fact = activate(2, 1);
  tpm::Tpm tpm = open();
  auto measuring = Measuring::open(tpm, fs_, measured(), key());
  ASSERT_TRUE(measuring) << why(measuring);
  EXPECT_EQ(code_of(measuring->measure(tpm, {.bundle = bundle(2), .fact = fact, .version = 2})),
            Errc::kResourceExhausted);
  EXPECT_EQ(measuring->log().last_of(Measuring::kBundlePcr)->value, to_bytes(bundle(1))) << "so verifiers refuse";
  EXPECT_EQ(code_of(measuring->measure(tpm, {.bundle = bundle(1), .fact = 0, .version = 1})), Errc::kInvalidArgument)
      << "what is over is not measured again";
}

}  // namespace
}  // namespace redoubt
