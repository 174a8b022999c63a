// The life of a machine: what is sealed opens in the state that was approved, after a change only once the change was
// approved too, and never again in a state that was superseded.
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "crypto/certificate.h"
#include "crypto/public_key.h"
#include "tpm/approval.h"
#include "tpm/measurement_log.h"
#include "tpm/nv_index.h"
#include "tpm/sealed_secret.h"
#include "tpm/tests/support/software_tpm.h"

namespace redoubt::tpm {
namespace {

using testing::code_of;
using testing::measurement;
using testing::why;

constexpr NvHandle kCounter = 0x0180'4444;
const ByteView kPurpose = as_bytes("ledger key");
const std::string kOtherFirmware(64, 'b');

class TpmLife : public testing::SoftwareTpm {
 protected:
  // What an approver knows without the machine: the firmware's register, and the programs that will be measured.
  static PcrValues expected(std::initializer_list<std::string_view> programs) {
    MeasurementLog log;
    for (const std::string_view each : programs) EXPECT_TRUE(log.add(measurement(each)));
    PcrValues out = log.replay();
    const crypto::Sha256Digest zeros{};
    crypto::Sha256Digest firmware;
    firmware.fill(std::byte{0xaa});
    out[4] = crypto::sha256({zeros, firmware});
    return out;
  }
  Approval approval(std::initializer_list<std::string_view> programs, std::uint64_t version) const {
    auto out = approve(approved_state(expected(programs), kCounter, version), kPurpose, approver_);
    EXPECT_TRUE(out) << why(out);
    return *out;
  }
  // Switches the machine on and lets it measure the programs.
  Tpm boot(std::initializer_list<std::string_view> programs, const std::string& firmware = std::string(64, 'a')) {
    restart(firmware);
    Tpm tpm = open();
    MeasurementLog log;
    for (const std::string_view each : programs) {
      const auto done = measure(tpm, log, measurement(each));
      EXPECT_TRUE(done) << why(done);
    }
    return tpm;
  }
  bool opens(Tpm& tpm, const Approval& with) const {
    const auto secret = unseal(tpm, *SealedSecret::decode(sealed_), with);
    return secret && crypto::equal_constant_time(secret->reveal(), secret_.reveal());
  }
  Errc refusal(Tpm& tpm, const Approval& with) const {
    return code_of(unseal(tpm, *SealedSecret::decode(sealed_), with));
  }

  const crypto::P256PrivateKey approver_ = crypto::P256PrivateKey::generate();
  const crypto::Secret secret_ = crypto::Secret::random(48);
  Bytes sealed_;
};

TEST_F(TpmLife, AnApprovedChangeKeepsWhatWasSealedAndEndsWhatWasBefore) {
  std::uint64_t first = 0;
  {
    Tpm tpm = boot({"version 1"});
    const auto counter = create_counter(tpm, kCounter);
    ASSERT_TRUE(counter) << why(counter);
    first = *counter;
    const auto sealed = seal(tpm, secret_, approver_.public_key(), kPurpose);
    ASSERT_TRUE(sealed) << why(sealed);
    sealed_ = sealed->encode();
    EXPECT_TRUE(opens(tpm, approval({"version 1"}, first)));
    EXPECT_TRUE(opens(tpm, approval({"version 1"}, first))) << "as often as wanted";
    // Whatever else runs afterwards is measured, and no longer opens it.
    MeasurementLog log;
    ASSERT_TRUE(log.add(measurement("version 1")));
    ASSERT_TRUE(measure(tpm, log, measurement("something else")));
    EXPECT_EQ(refusal(tpm, approval({"version 1"}, first)), Errc::kPermissionDenied);
  }
  {
    Tpm tpm = boot({"version 1"});
    EXPECT_TRUE(opens(tpm, approval({"version 1"}, first))) << "after a restart too";
  }
  {
    Tpm tpm = boot({"version 1"}, kOtherFirmware);
    EXPECT_EQ(refusal(tpm, approval({"version 1"}, first)), Errc::kPermissionDenied) << "firmware that nobody approved";
  }
  {
    Tpm tpm = boot({"version 2"});
    EXPECT_EQ(refusal(tpm, approval({"version 1"}, first)), Errc::kPermissionDenied) << "not approved yet";
    EXPECT_TRUE(opens(tpm, approval({"version 2"}, first + 1))) << "tried before the counter moves";
  }
  {
    Tpm tpm = boot({"version 1"});
    EXPECT_TRUE(opens(tpm, approval({"version 1"}, first))) << "the way back is open until then";
  }
  {
    Tpm tpm = boot({"version 2"});
    const auto now = increment_counter(tpm, kCounter);
    ASSERT_TRUE(now) << why(now);
    EXPECT_EQ(*now, first + 1);
    EXPECT_TRUE(opens(tpm, approval({"version 2"}, first + 1)));
  }
  Tpm tpm = boot({"version 1"});
  const auto refused = unseal(tpm, *SealedSecret::decode(sealed_), approval({"version 1"}, first));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::kPermissionDenied);
  EXPECT_NE(refused.error().message().find("superseded"), std::string::npos) << why(refused);
}

TEST_F(TpmLife, NobodyElsesApprovalOpensIt) {
  Tpm tpm = boot({"version 1"});
  const auto counter = create_counter(tpm, kCounter);
  const auto sealed = seal(tpm, secret_, approver_.public_key(), kPurpose);
  ASSERT_TRUE(counter && sealed) << why(counter) << why(sealed);
  sealed_ = sealed->encode();
  const Approval good = approval({"version 1"}, *counter);
  const ApprovedState& state = good.state;
  EXPECT_EQ(refusal(tpm, *approve(state, kPurpose, crypto::P256PrivateKey::generate())), Errc::kVerifyFailed);
  EXPECT_EQ(refusal(tpm, *approve(state, as_bytes("vault key"), approver_)), Errc::kVerifyFailed)
      << "for another secret";
  Approval other = good;
  other.state.version += 100;
  EXPECT_EQ(refusal(tpm, other), Errc::kVerifyFailed) << "a version that was not approved";
  other = good;
  other.state.pcrs = {14};
  EXPECT_EQ(refusal(tpm, other), Errc::kVerifyFailed) << "registers that were not approved";
  other = good;
  other.signature = {};
  EXPECT_FALSE(opens(tpm, other));
  // A counter that does not exist on this machine.
  ApprovedState elsewhere = state;
  elsewhere.counter = kCounter + 1;
  EXPECT_EQ(refusal(tpm, *approve(elsewhere, kPurpose, approver_)), Errc::kNotFound);
  EXPECT_TRUE(opens(tpm, good)) << "the places in the TPM were given back each time";
}

TEST_F(TpmLife, DeletingTheCounterBringsNoOldApprovalBack) {
  Tpm tpm = boot({"version 1"});
  const auto counter = create_counter(tpm, kCounter);
  const auto sealed = seal(tpm, secret_, approver_.public_key(), kPurpose);
  ASSERT_TRUE(counter && sealed) << why(counter) << why(sealed);
  sealed_ = sealed->encode();
  const Approval old = approval({"version 1"}, *counter);
  ASSERT_TRUE(increment_counter(tpm, kCounter));
  EXPECT_EQ(refusal(tpm, old), Errc::kPermissionDenied);
  ASSERT_TRUE(remove_nv_index(tpm, kCounter));
  EXPECT_EQ(refusal(tpm, old), Errc::kNotFound);
  const auto again = create_counter(tpm, kCounter);
  ASSERT_TRUE(again) << why(again);
  EXPECT_GT(*again, *counter);
  EXPECT_EQ(refusal(tpm, old), Errc::kPermissionDenied);
}

TEST_F(TpmLife, RefusesSealedBytesOfWhichAnyBitWasFlipped) {
  Tpm tpm = boot({"version 1"});
  const auto counter = create_counter(tpm, kCounter);
  const auto sealed = seal(tpm, secret_, approver_.public_key(), kPurpose);
  ASSERT_TRUE(counter && sealed) << why(counter) << why(sealed);
  const Approval good = approval({"version 1"}, *counter);
  const Bytes bytes = sealed->encode();
  int by_tpm = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes altered = bytes;
    altered[at] ^= static_cast<std::byte>(1U << (at % 8));
    const auto decoded = SealedSecret::decode(altered);
    if (!decoded) continue;
    // What has its form goes to the TPM; a part of it is enough.
    if (at % 3 != 0) continue;
    const auto opened = unseal(tpm, *decoded, good);
    ASSERT_FALSE(opened) << "byte " << at;
    EXPECT_TRUE(opened.error().code() == Errc::kCorrupt || opened.error().code() == Errc::kVerifyFailed) << why(opened);
    ++by_tpm;
  }
  EXPECT_GT(by_tpm, 30);
  EXPECT_TRUE(unseal(tpm, *sealed, good));
}

TEST_F(TpmLife, AnotherTpmOpensNothing) {
  Tpm tpm = boot({"version 1"});
  const auto sealed = seal(tpm, secret_, approver_.public_key(), kPurpose);
  ASSERT_TRUE(sealed) << why(sealed);
  sealed_ = sealed->encode();
  {
    const Tpm gone = std::move(tpm);
  }
  stop();
  for (const auto& each : std::filesystem::directory_iterator(path())) {
    if (each.path().filename().string().starts_with("tpm2-")) std::filesystem::remove(each.path());
  }
  Tpm other = boot({"version 1"});
  const auto counter = create_counter(other, kCounter);
  ASSERT_TRUE(counter) << why(counter);
  EXPECT_EQ(refusal(other, approval({"version 1"}, *counter)), Errc::kVerifyFailed);
}

TEST_F(TpmLife, PoliciesAreThoseThatToolsOfOthersCompute) {
  std::uint64_t first = 0;
  {
    Tpm tpm = boot({"version 1"});
    first = *create_counter(tpm, kCounter);
  }
  const ApprovedState state = approval({"version 1"}, first + 3).state;
  Bytes values;
  for (const auto& [pcr, value] : expected({"version 1"})) append(values, value);
  write("values", values);
  Bytes operand(8);
  store_be<std::uint64_t>(operand, first + 3);
  write("operand", operand);
  const Bytes area = approver_public_area(approver_.public_key());
  Bytes sized(2);
  store_be<std::uint16_t>(sized, static_cast<std::uint16_t>(area.size()));
  append(sized, area);
  write("approver", sized);
  write("purpose", kPurpose);
  ASSERT_TRUE(run("tpm2_startauthsession -S s") && run("tpm2_policypcr -S s -l sha256:4,14 -f values") &&
              run("tpm2_policynv -S s -C 0x01804444 -i operand -L policy 0x01804444 ule") &&
              run("tpm2_flushcontext s") && run("tpm2_loadexternal -C o -u approver -c key -n name") &&
              run("tpm2_flushcontext -t") && run("tpm2_startauthsession -S s") &&
              run("tpm2_policyauthorize -S s -i policy -q purpose -n name -L authorised") && run("tpm2_flushcontext s"))
      << said();
  EXPECT_EQ(read("policy"), to_bytes(policy_digest(state)));
  EXPECT_EQ(read("authorised"), to_bytes(sealing_policy(approver_.public_key(), kPurpose)));
}

TEST_F(TpmLife, RefusesWhatCannotBeSealed) {
  Tpm tpm = open();
  const auto& key = approver_.public_key();
  EXPECT_EQ(code_of(seal(tpm, crypto::Secret(), key, kPurpose)), Errc::kInvalidArgument);
  EXPECT_EQ(code_of(seal(tpm, crypto::Secret::random(129), key, kPurpose)), Errc::kInvalidArgument);
  EXPECT_EQ(code_of(seal(tpm, secret_, key, Bytes(33))), Errc::kInvalidArgument);
  EXPECT_EQ(code_of(seal(tpm, secret_, crypto::P256PublicKey{}, kPurpose)), Errc::kInvalidArgument);
  EXPECT_TRUE(seal(tpm, crypto::Secret::random(128), key, Bytes(32)));
  EXPECT_TRUE(seal(tpm, crypto::Secret::random(1), key, {}));
}

}  // namespace
}  // namespace redoubt::tpm
