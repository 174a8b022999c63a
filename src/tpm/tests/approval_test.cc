// Approvals, made and read without a TPM. Whether a TPM computes the same policies is in life_swtpm_test.cc.
#include "tpm/approval.h"

#include <gtest/gtest.h>

#include <set>

#include "crypto/public_key.h"

namespace redoubt::tpm {
namespace {

constexpr NvHandle kCounter = 0x0180'0001;

ApprovedState state() {
  return approved_state({{4, crypto::sha256(as_bytes("firmware"))}, {14, crypto::sha256(as_bytes("program"))}},
                        kCounter, 7);
}

TEST(Approval, IsSignedAsAnyToolWouldSignIt) {
  const auto approver = crypto::P256PrivateKey::generate();
  const auto approval = approve(state(), as_bytes("ledger key"), approver);
  ASSERT_TRUE(approval);
  const ByteView point(approver.public_key());
  const auto key = crypto::PublicKey::from_point(crypto::KeyType::kP256, point.subspan(1, 32), point.subspan(33, 32));
  const auto message = approval_message(state(), as_bytes("ledger key"));
  ASSERT_TRUE(key && message);
  EXPECT_EQ(message->size(), 32U + 10U);
  const ByteView signature(approval->signature);
  EXPECT_TRUE(key->verify_ecdsa(crypto::HashAlgorithm::kSha256, *message, signature.first(32), signature.subspan(32)));
}

TEST(Approval, EveryPartOfTheStateIsInThePolicy) {
  std::set<crypto::Sha256Digest> seen{policy_digest(state())};
  const auto differs = [&](auto change) {
    ApprovedState other = state();
    change(other);
    EXPECT_TRUE(seen.insert(policy_digest(other)).second);
  };
  differs([](ApprovedState& other) { other.pcrs = {4, 13}; });
  differs([](ApprovedState& other) { other.pcr_digest[31] ^= std::byte{1}; });
  differs([](ApprovedState& other) { other.counter += 1; });
  differs([](ApprovedState& other) { other.version += 1; });
}

TEST(Approval, TheSealingPolicyIsOfApproverAndPurpose) {
  const auto one = crypto::P256PrivateKey::generate().public_key();
  const auto two = crypto::P256PrivateKey::generate().public_key();
  const std::set<crypto::Sha256Digest> all{sealing_policy(one, as_bytes("a")), sealing_policy(one, as_bytes("b")),
                                           sealing_policy(two, as_bytes("a")), sealing_policy(one, {})};
  EXPECT_EQ(all.size(), 4U);
}

TEST(Approval, RefusesStatesThatMeanNothing) {
  const auto approver = crypto::P256PrivateKey::generate();
  const auto refused = [&](ApprovedState of, ByteView policy_ref = {}) {
    const auto made = approve(of, policy_ref, approver);
    return !made && made.error().code() == Errc::kInvalidArgument;
  };
  ApprovedState other = state();
  other.pcrs = {};
  EXPECT_TRUE(refused(other));
  other = state();
  other.counter = kFirstNvHandle - 1;
  EXPECT_TRUE(refused(other));
  other.counter = kLastNvHandle + 1;
  EXPECT_TRUE(refused(other));
  EXPECT_TRUE(refused(state(), Bytes(33)));
  EXPECT_FALSE(refused(state(), Bytes(32)));
}

TEST(Approval, IsReadAsItWasWrittenAndInNoOtherForm) {
  const auto approval = approve(state(), {}, crypto::P256PrivateKey::generate());
  ASSERT_TRUE(approval);
  const Bytes bytes = approval->encode();
  const auto read = Approval::decode(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->encode(), bytes);
  EXPECT_EQ(policy_digest(read->state), policy_digest(state()));
  EXPECT_EQ(read->signature, approval->signature);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Approval::decode(ByteView(bytes).first(size))) << size;
  }
  Bytes longer = bytes;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(Approval::decode(longer));
  longer.resize(Approval::kMaxBytes + 1);
  EXPECT_EQ(Approval::decode(longer).error().code(), Errc::kTooLarge);
  Bytes other = bytes;
  other[7] = std::byte{2};  // says that it is a sealed secret
  EXPECT_FALSE(Approval::decode(other));
  other = bytes;
  other[8] = std::byte{2};  // of a later version
  EXPECT_FALSE(Approval::decode(other));
  other = bytes;
  other[14] = std::byte{1};  // a register above 23
  EXPECT_FALSE(Approval::decode(other));
}

TEST(PcrSelection, IsOfTheRegistersOfAPcClient) {
  EXPECT_TRUE(PcrSelection::from_bits(0xff'ffff));
  EXPECT_FALSE(PcrSelection::from_bits(0x100'0000));
  const PcrSelection some{0, 9, 23};
  EXPECT_TRUE(some.contains(9));
  EXPECT_FALSE(some.contains(10));
  EXPECT_FALSE(some.contains(24));
  EXPECT_EQ(some.bits(), 0x80'0201U);
  // Part 2 §10.9.7: a count, the bank, three octets of bits.
  constexpr std::array<unsigned char, 10> kEncoded{0, 0, 0, 1, 0, 0x0b, 3, 0x01, 0x02, 0x80};
  EXPECT_EQ(some.encode(), to_bytes(std::as_bytes(std::span(kEncoded))));
}

}  // namespace
}  // namespace redoubt::tpm
