// A TPM that measured which bundle is in force, a server that vouches for one, and those in between, who lie. And the
// same evidence over the key of a ledger.
#include <gtest/gtest.h>

#include "attest/evidence_message.h"
#include "attest/signer_evidence.h"
#include "attest/tests/support/tpm_maker.h"
#include "attest/verify_answer.h"
#include "crypto/secret.h"

namespace redoubt::attest {
namespace {

using crypto::HashAlgorithm;
using testing::Wire;

constexpr UnixMillis kAsked{1'790'000'000'000};

crypto::Sha256Digest digest_of(int n) {
  crypto::Sha256Digest out;
  out.fill(static_cast<std::byte>(n));
  return out;
}

struct Tagged {
  unsigned pcr;
  std::string name;
  Bytes value;
};

// A machine with a TPM in software, which extends what it is told.
class Machine {
 public:
  void extend(const Tagged& event) {
    const auto digest = log(event);
    crypto::Sha256Digest& value = pcrs_[event.pcr];
    value = crypto::sha256({value, digest});
  }
  // Into the log alone.
  crypto::Sha256Digest log(const Tagged& event) {
    Wire inside;
    inside.raw(event.name).zeros(1).raw(event.value);
    Wire data;
    data.le(std::uint32_t{0x54424452}).le(static_cast<std::uint32_t>(inside.bytes.size())).raw(inside.bytes);
    const auto digest = crypto::sha256(data.bytes);
    log_.le(std::uint32_t{event.pcr}).le(std::uint32_t{6}).le(std::uint32_t{1}).le(std::uint16_t{0x0b}).raw(digest);
    log_.le(static_cast<std::uint32_t>(data.bytes.size())).raw(data.bytes);
    return digest;
  }
  void measure_bundle(int n) { extend({15, "bundle", to_bytes(digest_of(n))}); }

  EvidenceAnswer attest(const ReportData& binding) const {
    const auto batch = BindingBatch::make({&binding, 1});
    EvidenceAnswer out{
        .sender = Sender::kServer, .vouched = {}, .place = batch->place(0), .parts = {}, .statement = {}};
    out.statement = to_bytes(as_bytes(R"({"nonce":")" + encoding::hex(batch->quoted()) + "\"}"));
    testing::QuoteTerms terms;
    terms.nonce = std::string(as_chars(part_nonce(batch->quoted(), out.statement)));
    std::uint32_t bits = 0;
    for (const auto& [pcr, value] : pcrs_) {
      bits |= 1U << pcr;
      terms.digested[pcr] = to_bytes(value);
    }
    terms.selections = {{0x000b, {std::byte(bits & 0xff), std::byte((bits >> 8) & 0xff), std::byte(bits >> 16)}}};
    const Bytes attest = testing::make_attest(terms);
    ProducedEvidence evidence{.kind = Kind::kTpm,
                              .files = {{Role::kAk, testing::make_public(key_.public_key())},
                                        {Role::kAttest, attest},
                                        {Role::kSignature, testing::make_signature(key_, attest)},
                                        {Role::kPcrs, to_bytes(as_bytes(testing::make_pcr_json(terms.digested)))}}};
    if (with_log) evidence.files.push_back({Role::kEventLog, log_.bytes});
    out.parts.push_back({"tpm", std::move(evidence)});
    return out;
  }
  AppraisalPolicy policy() const { return pinned_tpm_policy(key_.public_key().spki_sha256(), false); }

  bool with_log = true;

 private:
  static Wire first_event() {
    Wire data;
    data.raw(std::string_view("Spec ID Event03", 16)).le(std::uint32_t{0}).raw(std::string_view("\0\2\0\2", 4));
    data.le(std::uint32_t{1}).le(std::uint16_t{0x0b}).le(std::uint16_t{32}).le(std::uint8_t{0});
    Wire out;
    out.le(std::uint32_t{0}).le(std::uint32_t{3}).zeros(20).le(static_cast<std::uint32_t>(data.bytes.size()));
    out.raw(data.bytes);
    return out;
  }

  const crypto::TestAuthority key_{"AK"};
  std::map<unsigned, crypto::Sha256Digest> pcrs_;
  Wire log_ = first_event();
};

class MeasuredBundle : public ::testing::Test {
 protected:
  MeasuredBundle() { machine_.extend({12, "program.redoubt", Bytes(32)}); }

  Result<AttestedPeer> verify() {
    const Vouched vouched{.lease_key = {}, .bundle = vouched_};
    EvidenceAnswer answer = machine_.attest(channel_binding(channel_, vouched));
    answer.vouched = vouched;
    const auto text = write_evidence_answer(answer);
    EXPECT_TRUE(text) << text.error().message();
    return verify_answer(verifier_, *text, {.channel = channel_, .bundle = {}, .at = kAsked, .files = {}},
                         machine_.policy(), {});
  }
  std::string refusal() {
    const auto peer = verify();
    return peer ? "" : peer.error().message();
  }

  Machine machine_;
  Verifier verifier_{Trust::kNobody};
  const Channel channel_{.exporter = {}, .sender = Sender::kServer, .leaf = {}, .nonce = {}};
  std::optional<crypto::Sha256Digest> vouched_ = digest_of(2);
};

TEST_F(MeasuredBundle, IsTheOneThatIsVouchedFor) {
  machine_.measure_bundle(1);
  machine_.measure_bundle(2);
  const auto peer = verify();
  ASSERT_TRUE(peer) << peer.error().message();
  EXPECT_TRUE(peer->is_bundle_measured);
  const Claim* const claim = find_claim(peer->appraisal.parts.back().claims, kMeasuredBundle);
  ASSERT_NE(claim, nullptr);
  EXPECT_EQ(*claim, Claim(ByteView(digest_of(2))));
}

TEST_F(MeasuredBundle, ThatIsOverOrAnotherIsRefused) {
  machine_.measure_bundle(2);
  machine_.measure_bundle(3);
  EXPECT_EQ(refusal(), "the bundle that is vouched for is not the one that was measured last");
  vouched_.reset();
  EXPECT_EQ(refusal(), "the bundle that is vouched for is not the one that was measured last");
}

TEST_F(MeasuredBundle, IsNotToBeHiddenByLeavingOutTheLog) {
  machine_.measure_bundle(3);
  machine_.with_log = false;
  EXPECT_EQ(refusal(), "a bundle was measured, and the log that says which is not there");
}

TEST_F(MeasuredBundle, IsNotWhatALogAloneSays) {
  const auto peer = verify();
  ASSERT_TRUE(peer) << peer.error().message();
  EXPECT_FALSE(peer->is_bundle_measured) << "nothing was measured yet";
  machine_.measure_bundle(3);
  machine_.log({9, "bundle", to_bytes(digest_of(2))});  // of a register that is not quoted
  machine_.extend({15, "configuration", to_bytes(digest_of(2))});
  machine_.extend({12, "bundle", to_bytes(digest_of(2))});
  EXPECT_EQ(refusal(), "the bundle that is vouched for is not the one that was measured last");
}

TEST_F(MeasuredBundle, OfATpmThatWasNotAskedIsNoMatter) {
  machine_.extend({15, "something else", Bytes(3)});
  EXPECT_EQ(refusal(), "a bundle was measured, and the log that says which is not there");
}

class SignerEvidence : public ::testing::Test {
 protected:
  SignerEvidence() { machine_.measure_bundle(1); }
  std::string judge(const EvidenceAnswer& answer, std::string_view origin, const crypto::Ed25519PublicKey& key,
                    const AppraisalPolicy& policy) {
    const auto text = write_evidence_answer(answer);
    EXPECT_TRUE(text) << text.error().message();
    const auto done = verify_signer_evidence(verifier_, *text, origin, key, kAsked, policy, {});
    return done ? std::string(to_string(done->tier)) : done.error().message();
  }

  Machine machine_;
  Verifier verifier_{Trust::kNobody};
  const crypto::Ed25519PublicKey key_ = crypto::Ed25519PrivateKey::generate().public_key();
};

TEST_F(SignerEvidence, IsOverOneKeyOfOneLog) {
  const EvidenceAnswer answer = machine_.attest(signer_binding("example.org/log", key_));
  EXPECT_EQ(judge(answer, "example.org/log", key_, machine_.policy()), "software-tpm");
  const auto other = crypto::Ed25519PrivateKey::generate().public_key();
  EXPECT_NE(judge(answer, "example.org/log", other, machine_.policy()), "software-tpm");
  EXPECT_NE(judge(answer, "example.org/other", key_, machine_.policy()), "software-tpm");
  // What was made for a channel is none of a signer's.
  const EvidenceAnswer channel = machine_.attest(channel_binding({}, {}));
  EXPECT_NE(judge(channel, "example.org/log", key_, machine_.policy()), "software-tpm");
}

TEST_F(SignerEvidence, BelowATierOrOfAnotherMachineIsRefused) {
  const EvidenceAnswer answer = machine_.attest(signer_binding("example.org/log", key_));
  AppraisalPolicy strict = machine_.policy();
  strict.min_tier = Tier::kTpm;
  EXPECT_EQ(judge(answer, "example.org/log", key_, strict), "the tier is `software-tpm` where `tpm` is demanded");
  EXPECT_NE(judge(answer, "example.org/log", key_, Machine().policy()), "software-tpm") << "another key is pinned";
  const auto lease = verify_signer_evidence(verifier_, "{}", "example.org/log", key_, kAsked, machine_.policy(), {});
  EXPECT_EQ(lease.error().code(), Errc::kMalformed);
}

}  // namespace
}  // namespace redoubt::attest
