#include "tlog/proof_file.h"

#include <gtest/gtest.h>

#include <array>

#include "tlog/proof.h"
#include "tlog/tests/support.h"

namespace redoubt::tlog {
namespace {

class ProofFileTest : public ::testing::Test {
 protected:
  ProofFileTest() {
    for (int i = 0; i < 300; ++i) log_.append("entry " + std::to_string(i));
    log_.publish(signer_);
  }

  std::string note() const { return std::string(as_chars(log_.files.at("checkpoint"))); }
  ProofFile file(std::uint64_t index) {
    return {std::nullopt, {index}, *inclusion_proof(log_, {index}, log_.size()), note()};
  }
  static Hash leaf_of(std::uint64_t index) { return test::leaf("entry " + std::to_string(index)); }
  std::span<const VerifierKey> keys() const { return {&signer_.verifier_key(), 1}; }

  NoteSigner signer_ = test::make_signer("example.com/log");
  test::MemoryLog log_;
};

TEST_F(ProofFileTest, ProvesAnEntryToWhoeverHasTheKey) {
  for (const std::uint64_t index : {0, 1, 255, 256, 299}) {
    const auto text = format_proof_file(file(index));
    ASSERT_TRUE(text);
    EXPECT_TRUE(text->starts_with("c2sp.org/tlog-proof@v1\nindex " + std::to_string(index) + "\n"));
    const auto verified = verify_proof_file(*text, leaf_of(index), keys());
    ASSERT_TRUE(verified) << verified.error().message();
    EXPECT_EQ(verified->index, LeafIndex{index});
    EXPECT_EQ(verified->checkpoint.size, log_.size());
    EXPECT_FALSE(verified->extra);
  }
}

TEST_F(ProofFileTest, ReadsBackWhatItWrites) {
  ProofFile with_extra = file(7);
  with_extra.extra = to_bytes(as_bytes("anything\n"));
  EXPECT_EQ(*parse_proof_file(*format_proof_file(with_extra)), with_extra);
  EXPECT_EQ(*parse_proof_file(*format_proof_file(file(8))), file(8));
  ProofFile bare = file(0);
  bare.proof.clear();
  EXPECT_EQ(*parse_proof_file(*format_proof_file(bare)), bare);
}

TEST_F(ProofFileTest, DoesNotHoldForAnotherEntryIndexKeyOrOrigin) {
  const std::string text = *format_proof_file(file(17));
  EXPECT_EQ(verify_proof_file(text, leaf_of(18), keys()).error().code(), Errc::kVerifyFailed);
  ProofFile moved = file(17);
  moved.index = {18};
  EXPECT_EQ(verify_proof_file(*format_proof_file(moved), leaf_of(17), keys()).error().code(), Errc::kVerifyFailed);
  const NoteSigner other = test::make_signer("example.com/log", 9);
  EXPECT_EQ(verify_proof_file(text, leaf_of(17), {&other.verifier_key(), 1}).error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(verify_proof_file(text, leaf_of(17), keys(), "other.example").error().code(), Errc::kVerifyFailed);
  EXPECT_TRUE(verify_proof_file(text, leaf_of(17), keys(), "example.com/log"));
}

TEST_F(ProofFileTest, DoesNotHoldAfterAnyChangeOfAByte) {
  const std::string text = *format_proof_file(file(299));
  ASSERT_TRUE(verify_proof_file(text, leaf_of(299), keys()));
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(verify_proof_file(changed, leaf_of(299), keys())) << i;
    EXPECT_FALSE(verify_proof_file(text.substr(0, i), leaf_of(299), keys())) << i;
  }
}

TEST_F(ProofFileTest, RefusesOtherForms) {
  const std::string hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  const std::string first = "c2sp.org/tlog-proof@v1\n";
  ASSERT_TRUE(parse_proof_file(first + "index 0\n" + hash + "\n\n" + note()));
  for (const std::string& text : {std::string(),
                                  first,
                                  "c2sp.org/tlog-proof@v2\nindex 0\n\n" + note(),
                                  "\n" + first + "index 0\n\n" + note(),
                                  first + "\n" + note(),
                                  first + "index\n\n" + note(),
                                  first + "index \n\n" + note(),
                                  first + "index 00\n\n" + note(),
                                  first + "index -1\n\n" + note(),
                                  first + "index 9223372036854775807\n\n" + note(),
                                  first + "index 18446744073709551616\n\n" + note(),
                                  first + "Index 0\n\n" + note(),
                                  first + "index 0\r\n\n" + note(),
                                  first + "index 0\n" + hash.substr(1) + "\n\n" + note(),
                                  first + "index 0\n" + hash,
                                  first + "index 0\n" + hash + "\n",
                                  first + "index 0\n" + hash + "\n\n",
                                  first + "extra\nindex 0\n\n" + note(),
                                  first + "extra \nindex 0\n\n" + note(),
                                  first + "extra AAA\nindex 0\n\n" + note(),
                                  first + "extra AAAA\nextra AAAA\nindex 0\n\n" + note(),
                                  first + "index 0\nextra AAAA\n\n" + note()}) {
    const auto parsed = parse_proof_file(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), Errc::kMalformed) << text;
  }
}

TEST_F(ProofFileTest, HasLimits) {
  const std::string first = "c2sp.org/tlog-proof@v1\n";
  std::string hashes;
  for (std::size_t i = 0; i < kMaxProofHashes; ++i) hashes += "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
  EXPECT_TRUE(parse_proof_file(first + "index 0\n" + hashes + "\n" + note()));
  const auto longer = parse_proof_file(first + "index 0\n" + hashes + hashes.substr(0, 45) + "\n" + note());
  EXPECT_EQ(longer.error().code(), Errc::kTooLarge);
  EXPECT_EQ(parse_proof_file(std::string(kMaxProofFileSize + 1, 'x')).error().code(), Errc::kTooLarge);
  const std::string extra = encoding::base64(Bytes(kMaxProofExtraSize + 1));
  EXPECT_EQ(parse_proof_file(first + "extra " + extra + "\nindex 0\n\n" + note()).error().code(), Errc::kTooLarge);

  ProofFile wrong = file(0);
  wrong.extra = Bytes{};
  EXPECT_EQ(format_proof_file(wrong).error().code(), Errc::kInvalidArgument);
  wrong = file(0);
  wrong.checkpoint = "no note";
  EXPECT_EQ(format_proof_file(wrong).error().code(), Errc::kInvalidArgument);
  wrong = file(0);
  wrong.proof.resize(kMaxProofHashes + 1);
  EXPECT_EQ(format_proof_file(wrong).error().code(), Errc::kInvalidArgument);
}

class ProofUnderPolicyTest : public ProofFileTest {
 protected:
  // The proof of an entry whose checkpoint these witnesses cosigned.
  std::string cosigned(std::uint64_t index, const std::vector<std::size_t>& witnesses) {
    ProofFile proof = file(index);
    const std::string text = parse_note(proof.checkpoint)->text;
    for (const std::size_t i : witnesses) proof.checkpoint += *witnesses_.at(i).signature_line(text, kTime + i);
    return *format_proof_file(proof);
  }
  TrustPolicy policy(const std::string& rest) const {
    std::string text = "log " + signer_.verifier_key().format() + "\n";
    for (std::size_t i = 0; i < witnesses_.size(); ++i) {
      text += "witness w" + std::to_string(i) + " " + witnesses_[i].verifier_key().format() + "\n";
    }
    const auto policy = TrustPolicy::parse(text + rest);
    EXPECT_TRUE(policy) << policy.error().message();
    return *policy;
  }

  static constexpr std::uint64_t kTime = 1'700'000'000;
  std::array<Cosigner, 3> witnesses_{test::make_cosigner("w0.example", 10), test::make_cosigner("w1.example", 11),
                                     test::make_cosigner("w2.example", 12)};
};

TEST_F(ProofUnderPolicyTest, TellsLogIndexWitnessesAndTimes) {
  const TrustPolicy two_of_three = policy("group g 2 w0 w1 w2\nquorum g\n");
  for (const std::uint64_t index : {0, 255, 256, 299}) {
    const auto verified = verify_proof_file(cosigned(index, {2, 0}), leaf_of(index), two_of_three);
    ASSERT_TRUE(verified) << verified.error().message();
    EXPECT_EQ(verified->index, LeafIndex{index});
    EXPECT_EQ(two_of_three.logs().at(verified->checkpoint.log).key, signer_.verifier_key());
    EXPECT_EQ(verified->checkpoint.checkpoint.size, log_.size());
    EXPECT_EQ(verified->checkpoint.quorum, Quorum::kMet);
    EXPECT_EQ(verified->checkpoint.cosignatures, (std::vector<Cosignature>{{0, kTime, 2}, {2, kTime + 2, 1}}));
  }
}

TEST_F(ProofUnderPolicyTest, IsRefusedWithoutTheQuorumButSaysWhoCosigned) {
  const TrustPolicy two_of_three = policy("group g 2 w0 w1 w2\nquorum g\n");
  for (const std::vector<std::size_t>& witnesses : {std::vector<std::size_t>{}, {1}, {1, 1}}) {
    const std::string text = cosigned(5, witnesses);
    const auto checked = check_proof_file(text, leaf_of(5), two_of_three);
    ASSERT_TRUE(checked) << checked.error().message();
    EXPECT_EQ(checked->checkpoint.quorum, Quorum::kNotMet);
    EXPECT_EQ(checked->checkpoint.cosignatures.size(), witnesses.empty() ? 0U : 1U);
    EXPECT_EQ(checked->accepted().error().code(), Errc::kVerifyFailed);
    EXPECT_EQ(verify_proof_file(text, leaf_of(5), two_of_three).error().code(), Errc::kVerifyFailed);
  }
}

TEST_F(ProofUnderPolicyTest, OfNoQuorumIsASingleSignersWord) {
  const TrustPolicy none = policy("quorum none\n");
  const auto verified = verify_proof_file(cosigned(5, {}), leaf_of(5), none);
  ASSERT_TRUE(verified) << verified.error().message();
  EXPECT_EQ(verified->checkpoint.quorum, Quorum::kNotRequired);
  EXPECT_TRUE(verified->checkpoint.cosignatures.empty());
}

TEST_F(ProofUnderPolicyTest, DoesNotHoldForAnotherEntryIndexLogOrTree) {
  const TrustPolicy one = policy("quorum w1\n");
  const std::string text = cosigned(17, {1});
  ASSERT_TRUE(verify_proof_file(text, leaf_of(17), one));
  EXPECT_EQ(check_proof_file(text, leaf_of(18), one).error().code(), Errc::kVerifyFailed);
  ProofFile moved = *parse_proof_file(text);
  moved.index = {16};
  EXPECT_EQ(check_proof_file(*format_proof_file(moved), leaf_of(17), one).error().code(), Errc::kVerifyFailed);
  const auto other_log = one.for_log(test::make_signer("example.com/log", 9).verifier_key());
  EXPECT_FALSE(other_log);  // the policy lists another
  const auto strangers =
      TrustPolicy::parse("log " + test::make_signer("example.com/log", 9).verifier_key().format() + "\nquorum none\n");
  EXPECT_EQ(check_proof_file(text, leaf_of(17), *strangers).error().code(), Errc::kVerifyFailed);
}

TEST_F(ProofUnderPolicyTest, DoesNotHoldAfterAnyChangeOfAByte) {
  const TrustPolicy all = policy("group g all w0 w1\nquorum g\n");
  const std::string text = cosigned(299, {0, 1});
  ASSERT_TRUE(verify_proof_file(text, leaf_of(299), all));
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(verify_proof_file(changed, leaf_of(299), all)) << i;
    EXPECT_FALSE(verify_proof_file(text.substr(0, i), leaf_of(299), all)) << i;
  }
}

}  // namespace
}  // namespace redoubt::tlog
