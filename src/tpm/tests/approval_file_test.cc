#include "tpm/approval_file.h"

#include <gtest/gtest.h>

#include <string>

namespace redoubt::tpm {
namespace {

const ByteView kFor = as_bytes("the storage key");

crypto::Sha256Digest digest(std::uint8_t fill) {
  crypto::Sha256Digest out;
  out.fill(std::byte{fill});
  return out;
}

MeasurementLog log_of(std::uint8_t program, std::uint8_t configuration) {
  MeasurementLog log;
  EXPECT_TRUE(log.add({.pcr = 12, .name = "program.redoubt", .value = to_bytes(digest(program))}));
  EXPECT_TRUE(log.add({.pcr = 13, .name = "configuration", .value = to_bytes(digest(configuration))}));
  return log;
}

class ApprovalFileTest : public ::testing::Test {
 protected:
  ApprovalFileTest() { EXPECT_TRUE(file_.sign(kFor, approver_)); }

  static PcrValues registers(const MeasurementLog& log, std::uint8_t firmware = 4) {
    PcrValues out = log.replay();
    out[4] = digest(firmware);
    return out;
  }
  std::string differences(const MeasurementLog& now) const { return differences(now, registers(now)); }
  std::string differences(const MeasurementLog& now, const PcrValues& held) const {
    return describe_differences(file_, now, held);
  }

  const crypto::P256PrivateKey approver_ = crypto::P256PrivateKey::generate();
  ApprovalFile file_{
      .counter = 0x0180'0010, .version = 7, .boot = {{4, digest(4)}}, .measured = log_of(1, 2), .signature = {}};
};

TEST_F(ApprovalFileTest, IsTheStateThatWasSigned) {
  const auto read = ApprovalFile::parse(file_.format());
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->format(), file_.format());
  EXPECT_TRUE(read->is_signed_by(approver_.public_key(), kFor));
  EXPECT_FALSE(read->is_signed_by(approver_.public_key(), as_bytes("another key")));
  EXPECT_FALSE(read->is_signed_by(crypto::P256PrivateKey::generate().public_key(), kFor));
  const ApprovedState state = read->state();
  EXPECT_EQ(state.pcrs, (PcrSelection{4, 12, 13}));
  EXPECT_EQ(state.pcr_digest, pcr_digest(registers(log_of(1, 2))));
  EXPECT_EQ(state.counter, 0x0180'0010u);
  EXPECT_EQ(state.version, 7u);
}

TEST_F(ApprovalFileTest, HasNoWordThatIsNotSigned) {
  const std::string good = file_.format();
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string altered = good;
    altered[at] = altered[at] == '1' ? '2' : '1';
    const auto read = ApprovalFile::parse(altered);
    if (read) EXPECT_FALSE(read->is_signed_by(approver_.public_key(), kFor)) << at << " of\n" << altered;
  }
}

TEST_F(ApprovalFileTest, RefusesEveryOtherForm) {
  const std::string good = file_.format();
  EXPECT_TRUE(ApprovalFile::parse(good));
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(ApprovalFile::parse(good.substr(0, size)));
  const auto with = [&](const std::string& line) {
    const std::size_t at = good.find("signature");
    return ApprovalFile::parse(good.substr(0, at) + line + "\n" + good.substr(at));
  };
  EXPECT_FALSE(ApprovalFile::parse(good + "\n"));
  EXPECT_FALSE(ApprovalFile::parse(good + good));
  EXPECT_FALSE(with("remark none"));
  EXPECT_FALSE(with("version 7")) << "twice";
  EXPECT_FALSE(with("register 4 " + std::string(64, '0'))) << "after what was measured";
  EXPECT_FALSE(with("measured 12 name-without-value"));
  EXPECT_FALSE(with("measured 12 name " + std::string(130, '0'))) << "more than a digest";
  EXPECT_FALSE(with("measured 16 name 00")) << "a register that anybody resets";
  EXPECT_FALSE(with("measured 13 name 00 00"));
  EXPECT_TRUE(with("measured 13 name 00"));
  std::string many;
  for (std::size_t i = 1; i < ApprovalFile::kMaxMeasurements; ++i) many += "measured 13 name 00\n";
  EXPECT_FALSE(with(many + "measured 13 name 00"));
  EXPECT_EQ(ApprovalFile::parse(std::string(ApprovalFile::kMaxBytes + 1, 'x')).error().code(), Errc::kTooLarge);
}

TEST_F(ApprovalFileTest, SignsOnlyWhatCanBeReadAgain) {
  ApprovalFile nothing{.counter = file_.counter, .version = 1, .boot = {}, .measured = {}, .signature = {}};
  EXPECT_EQ(nothing.sign(kFor, approver_).error().code(), Errc::kInvalidArgument);
  ApprovalFile firmware = file_;
  firmware.boot[9] = digest(9);
  EXPECT_EQ(firmware.sign(kFor, approver_).error().code(), Errc::kInvalidArgument) << "none of firmware's registers";
  ApprovalFile elsewhere = file_;
  elsewhere.counter = 0x0150'0000;
  EXPECT_EQ(elsewhere.sign(kFor, approver_).error().code(), Errc::kInvalidArgument);
}

TEST_F(ApprovalFileTest, SaysInWhatAMachineDiffers) {
  EXPECT_EQ(differences(log_of(1, 2)), "");
  EXPECT_EQ(differences(log_of(3, 2)), "`program.redoubt` is 030303030303…, approved is 010101010101…");
  EXPECT_EQ(differences(log_of(1, 3)), "`configuration` is 030303030303…, approved is 020202020202…");
  MeasurementLog more = log_of(1, 2);
  ASSERT_TRUE(more.add({.pcr = 12, .name = "program.other", .value = Bytes(32)}));
  EXPECT_EQ(differences(more), "`program.other` is there, and was not approved");
  MeasurementLog elsewhere = log_of(1, 2);
  ASSERT_TRUE(elsewhere.add({.pcr = 14, .name = "bundle", .value = Bytes(32)}));
  EXPECT_EQ(differences(elsewhere), "") << "a register that the approval is not of";
  MeasurementLog less;
  ASSERT_TRUE(less.add(log_of(1, 2).measurements()[0]));
  EXPECT_NE(differences(less).find("`configuration` was not measured"), std::string::npos);
  const MeasurementLog once = log_of(1, 2);
  MeasurementLog twice = once;
  for (const Measurement& each : once.measurements()) ASSERT_TRUE(twice.add(each));
  EXPECT_EQ(differences(twice), "more was measured since the machine was started than was approved: start it anew");
  EXPECT_EQ(differences(log_of(1, 2), registers(log_of(3, 2))),
            "the registers hold what is not in the log of measurements");
  EXPECT_EQ(differences(log_of(1, 2), registers(log_of(1, 2), 5)), "register 4, which firmware fills, is another");
}

}  // namespace
}  // namespace redoubt::tpm
