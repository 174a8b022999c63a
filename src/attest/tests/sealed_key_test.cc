// Keys that evidence vouches for, and those in between who would have another one.
#include "attest/sealed_key.h"

#include <gtest/gtest.h>

#include "attest/tests/support/fake_guest.h"
#include "attest/verify_answer.h"

namespace redoubt::attest {
namespace {

template <std::size_t N>
std::array<std::byte, N> filled(int value) {
  std::array<std::byte, N> out;
  out.fill(static_cast<std::byte>(value));
  return out;
}

class SealedKeyTest : public ::testing::Test {
 protected:
  SealedKeyTest() {
    guest_.tsm_provider = "sev_guest";
    guest_.machine = snp_machine(world_);
    guest_.certificates =
        certificate_table({{kVcekGuid, world_.vek.certificate()}, {kAskGuid, world_.ask.certificate()}});
    producers_ = find_producers(guest_, {});
    EXPECT_TRUE(references_.add({"image", Kind::kSevSnp, {{"measurement", ByteView(filled<48>(0x22))}}}));
  }

  // Evidence over these bindings, for the first of them.
  EvidenceAnswer evidence_over(const std::vector<ReportData>& bindings) {
    const auto batch = BindingBatch::make(bindings);
    EvidenceAnswer out{.sender = Sender::kServer,
                       .vouched = {.lease_key = {}, .bundle = bundle_},
                       .place = batch->place(0),
                       .parts = {},
                       .statement = {}};
    out.parts.push_back({"cpu", *producers_.front()->produce(batch->quoted())});
    return out;
  }
  SealedKeyAnswer answer() { return {.key = key_, .evidence = evidence_over({binding_})}; }

  Result<AttestedKey> verify(std::string_view text) {
    return verify_sealed_key(verifier_, text,
                             {.nonce = nonce_,
                              .bundle = bundle_,
                              .at = SnpWorld::kNow,
                              .files = {{Kind::kSevSnp, Role::kRoot, world_.ark.certificate()}}},
                             *parse_appraisal_policy(R"({"parts":{"cpu":{"kind":"sev-snp"}}})"), references_);
  }
  Result<AttestedKey> verify(const SealedKeyAnswer& answer) { return verify(*write_sealed_key_answer(answer)); }

  SnpWorld world_;
  FakeGuest guest_;
  std::vector<std::unique_ptr<Producer>> producers_;
  Verifier verifier_{Trust::kNobody};
  ReferenceValues references_;
  ChannelNonce nonce_ = filled<32>(3);
  std::optional<crypto::Sha256Digest> bundle_ = filled<32>(0x62);
  const Bytes key_ = Bytes(41, std::byte{7});
  const ReportData binding_ = sealed_key_binding(key_, nonce_, bundle_);
};

TEST_F(SealedKeyTest, IsAcceptedWithItsEvidence) {
  const auto verified = verify(answer());
  ASSERT_TRUE(verified) << verified.error().message();
  EXPECT_EQ(verified->key, key_);
  EXPECT_EQ(verified->bundle, bundle_);
  EXPECT_EQ(verified->appraisal.tier, Tier::kCpuTee);
}

TEST_F(SealedKeyTest, SharesAQuoteWithChannels) {
  const Channel channel{
      .exporter = filled<32>(1), .sender = Sender::kServer, .leaf = filled<32>(2), .nonce = filled<32>(9)};
  const SealedKeyAnswer shared{.key = key_, .evidence = evidence_over({binding_, channel_binding(channel, {})})};
  EXPECT_TRUE(verify(shared));
}

TEST_F(SealedKeyTest, PutThereByAManInTheMiddleIsRefused) {
  SealedKeyAnswer swapped = answer();
  swapped.key = Bytes(41, std::byte{8});
  const auto verified = verify(swapped);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(verified.error().message(), "the evidence does not vouch for this key, in answer to this question");
}

TEST_F(SealedKeyTest, IsRefusedAfterAnotherQuestionOrBundle) {
  const SealedKeyAnswer good = answer();
  SealedKeyAnswer other = good;
  other.evidence.vouched.bundle = filled<32>(0x63);
  EXPECT_FALSE(verify(other)) << "another bundle than is demanded";
  bundle_.reset();
  EXPECT_FALSE(verify(other)) << "another bundle than was vouched for";
  EXPECT_TRUE(verify(good));
  nonce_ = filled<32>(4);
  EXPECT_FALSE(verify(good)) << "a recording";
}

// The label alone tells them apart: all else that a channel's evidence is over can be chosen.
TEST_F(SealedKeyTest, IsNoChannelAndNoChannelIsAKey) {
  const Channel channel{.exporter = filled<32>(1), .sender = Sender::kServer, .leaf = filled<32>(2), .nonce = nonce_};
  const SealedKeyAnswer of_channel{
      .key = key_, .evidence = evidence_over({channel_binding(channel, {.lease_key = {}, .bundle = bundle_})})};
  EXPECT_FALSE(verify(of_channel));
  const auto text = write_evidence_answer(answer().evidence);
  const Expectation expectation{.channel = channel,
                                .bundle = bundle_,
                                .at = SnpWorld::kNow,
                                .files = {{Kind::kSevSnp, Role::kRoot, world_.ark.certificate()}}};
  const auto policy = parse_appraisal_policy(R"({"parts":{"cpu":{"kind":"sev-snp"}}})");
  EXPECT_FALSE(verify_answer(verifier_, *text, expectation, *policy, references_));
  EXPECT_FALSE(verify_answer(verifier_, *write_sealed_key_answer(answer()), expectation, *policy, references_));
}

TEST_F(SealedKeyTest, IsRefusedInOtherForms) {
  const std::string good = *write_sealed_key_answer(answer());
  ASSERT_TRUE(verify(good));
  const auto with = [&](std::string_view old, std::string_view now) {
    std::string out = good;
    out.replace(out.find(old), old.size(), now);
    return out;
  };
  EXPECT_FALSE(verify(with("redoubt-sealed-key-1", "redoubt-sealed-key-2")));
  EXPECT_FALSE(verify(with("\"key\"", "\"other\"")));
  EXPECT_FALSE(verify(with("{\"protocol\":\"redoubt-sealed", "{\"more\":1,\"protocol\":\"redoubt-sealed")));
  EXPECT_FALSE(verify(with("\"sender\":\"server\"", "\"sender\":\"client\"")));
  EXPECT_FALSE(verify(good.substr(0, good.size() - 1)));
  EXPECT_FALSE(verify(*write_evidence_answer(answer().evidence)));
  SealedKeyAnswer leased = answer();
  leased.evidence.vouched.lease_key.emplace();
  EXPECT_EQ(verify(leased).error().code(), Errc::kMalformed);
  SealedKeyAnswer large = answer();
  large.key.resize(SealedKeyAnswer::kMaxKeyBytes + 1);
  EXPECT_EQ(write_sealed_key_answer(large).error().code(), Errc::kTooLarge);
  EXPECT_EQ(read_sealed_key_answer(std::string(SealedKeyAnswer::kMaxBytes + 1, ' ')).error().code(), Errc::kTooLarge);
}

}  // namespace
}  // namespace redoubt::attest
