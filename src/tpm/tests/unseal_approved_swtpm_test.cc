// Several approvals lie beside a sealed secret: the machine opens it with the one that is of it, or is told what
// differs.
#include "tpm/unseal_approved.h"

#include <gtest/gtest.h>

#include <vector>

#include "tpm/nv_index.h"
#include "tpm/tests/support/software_tpm.h"

namespace redoubt::tpm {
namespace {

using testing::why;

constexpr NvHandle kSealingCounter = 0x0180'0010;
const ByteView kSealedFor = as_bytes("the storage key");

class UnsealApproved : public testing::SoftwareTpm {
 protected:
  static Measurement program(const std::string& digest) {
    return {.pcr = 12, .name = "program.redoubt", .value = to_bytes(crypto::sha256(as_bytes(digest)))};
  }
  // Of the register of firmware that the fixture's boot extends, too.
  ApprovalFile approval(const std::string& digest, std::uint64_t version) const {
    crypto::Sha256Digest firmware;
    firmware.fill(std::byte{0xaa});
    ApprovalFile out{.counter = kSealingCounter,
                     .version = version,
                     .boot = {{4, crypto::sha256({crypto::Sha256Digest{}, firmware})}},
                     .measured = {},
                     .signature = {}};
    EXPECT_TRUE(out.measured.add(program(digest)));
    EXPECT_TRUE(out.sign(kSealedFor, approver_));
    return out;
  }
  // A machine that was switched on and measured this program.
  void boot(Tpm& tpm, const std::string& digest) {
    log_ = {};
    const auto done = measure(tpm, log_, program(digest));
    EXPECT_TRUE(done) << why(done);
  }
  // `opens with N`, or why not.
  std::string answer(Tpm& tpm, const std::vector<ApprovalFile>& approvals) const {
    const auto opened = unseal_approved(tpm, *sealed_, approvals, log_);
    if (!opened) return opened.error().message();
    EXPECT_TRUE(crypto::equal_constant_time(opened->secret.reveal(), secret_.reveal()));
    return "opens with " + std::to_string(opened->version);
  }

  const crypto::P256PrivateKey approver_ = crypto::P256PrivateKey::generate();
  const crypto::Secret secret_ = crypto::Secret::random(32);
  std::optional<SealedSecret> sealed_;
  MeasurementLog log_;
};

TEST_F(UnsealApproved, TakesTheOneThatIsOfTheMachine) {
  std::uint64_t first = 0;
  {
    Tpm tpm = open();
    first = *create_counter(tpm, kSealingCounter);
    sealed_ = *seal(tpm, secret_, approver_.public_key(), kSealedFor);
    boot(tpm, "one");
    EXPECT_EQ(answer(tpm, {}), "there is no approval for these keys");
    EXPECT_EQ(answer(tpm, {approval("one", first), approval("two", first + 1)}), "opens with " + std::to_string(first));
    EXPECT_EQ(answer(tpm, {approval("one", first), approval("one", first + 1)}),
              "opens with " + std::to_string(first + 1))
        << "the latest of those that are of it";
    ApprovalFile others = approval("one", first);
    ASSERT_TRUE(others.sign(kSealedFor, crypto::P256PrivateKey::generate()));
    EXPECT_EQ(answer(tpm, {others}), "there is no approval for these keys");
  }
  restart();
  {
    Tpm tpm = open();
    boot(tpm, "two");
    const std::string said = answer(tpm, {approval("one", first)});
    EXPECT_TRUE(said.starts_with("what runs here is not approved: `program.redoubt` is ")) << said;
    EXPECT_EQ(answer(tpm, {approval("one", first), approval("two", first + 1)}),
              "opens with " + std::to_string(first + 1));
    ASSERT_TRUE(increment_counter(tpm, kSealingCounter));
    EXPECT_EQ(answer(tpm, {approval("one", first), approval("two", first + 1)}),
              "opens with " + std::to_string(first + 1));
  }
  restart();
  Tpm tpm = open();
  boot(tpm, "one");
  EXPECT_EQ(answer(tpm, {approval("one", first), approval("two", first + 1)}),
            "version " + std::to_string(first) + ": the approval was superseded: the counter is above its version");
}

// Whoever was measured honestly and then extends what was approved cannot get back to where it would have been.
TEST_F(UnsealApproved, AModifiedProgramThatExtendsTheApprovedDigestsGetsNothing) {
  Tpm tpm = open();
  const std::uint64_t first = *create_counter(tpm, kSealingCounter);
  sealed_ = *seal(tpm, secret_, approver_.public_key(), kSealedFor);
  boot(tpm, "modified");
  // It writes the log as well, which therefore decides nothing.
  ASSERT_TRUE(measure(tpm, log_, program("one")));
  log_ = {};
  ASSERT_TRUE(log_.add(program("one")));
  EXPECT_EQ(answer(tpm, {approval("one", first)}),
            "what runs here is not approved: the registers hold what is not in the log of measurements");
}

TEST_F(UnsealApproved, OtherFirmwareIsAnotherMachine) {
  {
    Tpm tpm = open();
    ASSERT_TRUE(create_counter(tpm, kSealingCounter));
    sealed_ = *seal(tpm, secret_, approver_.public_key(), kSealedFor);
  }
  restart(std::string(64, 'b'));
  Tpm tpm = open();
  boot(tpm, "one");
  EXPECT_EQ(answer(tpm, {approval("one", 1000)}),
            "what runs here is not approved: register 4, which firmware fills, is another");
}

}  // namespace
}  // namespace redoubt::tpm
