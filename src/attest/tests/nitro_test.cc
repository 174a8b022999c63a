#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <string>

#include "attest/conform.h"
#include "attest/tests/support/nitro_maker.h"
#include "attest/tests/support/samples.h"
#include "attest/tests/support/sweep.h"
#include "attest/verifier.h"
#include "encoding/cbor_writer.h"

namespace redoubt::attest {
namespace {

using encoding::CborWriter;

class NitroTest : public ::testing::Test {
 protected:
  Verdict verify(const Bytes& document, Policy policy = {}) {
    Evidence evidence{.kind = Kind::kNitro, .inputs = {}, .at = NitroMaker::kTime, .nonce = nonce_};
    evidence.inputs.set(Role::kDocument, document);
    evidence.inputs.set(Role::kRoot, maker_.root.certificate());
    return verifier_.verify(evidence, policy);
  }
  // Empty when it is accepted.
  std::string reason(Policy policy = {}) {
    const auto why = verify(maker_.make(), std::move(policy)).reason();
    return why ? std::string(to_string(*why)) : "";
  }
  std::string reason_with(const std::string& field, NitroMaker::Value value) {
    const auto before = maker_.fields;
    maker_.set(field, std::move(value));
    const std::string out = reason();
    maker_.fields = before;
    return out;
  }

  NitroMaker maker_;
  Verifier verifier_{Trust::kNobody};
  std::optional<ByteView> nonce_;
};

TEST_F(NitroTest, AcceptsADocumentOfItsOwnMaking) {
  const Verdict verdict = verify(maker_.make());
  EXPECT_TRUE(verdict.accepted()) << to_json(verdict);
  EXPECT_EQ(*find_claim(verdict.claims, "module_id")->text(), "i-0-enc0");
  EXPECT_EQ(*find_claim(verdict.claims, "user_data")->text(), "64617461");
  EXPECT_EQ(find_claim(verdict.claims, "public_key"), nullptr) << "null is absent";
}

TEST_F(NitroTest, WantsEveryMandatoryField) {
  for (const std::string field : {"module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"}) {
    EXPECT_EQ(reason_with(field, nullptr), "malformed") << field;
    EXPECT_EQ(reason_with(field, [](CborWriter& cbor) { cbor.null(); }), "malformed") << field;
    EXPECT_EQ(reason_with(field, [](CborWriter& cbor) { cbor.boolean(true); }), "malformed") << field;
  }
  for (const std::string field : {"public_key", "user_data", "nonce"}) EXPECT_EQ(reason_with(field, nullptr), "");
}

TEST_F(NitroTest, RefusesFieldsAgainstTheRulesOfTheStandard) {
  const auto bytes = [](std::size_t size) { return [size](CborWriter& cbor) { cbor.bytes(Bytes(size)); }; };
  const auto pcrs = [](std::vector<int> indices, std::size_t size) {
    return [=](CborWriter& cbor) { NitroMaker::pcrs(cbor, indices, size, 7); };
  };
  EXPECT_EQ(reason_with("module_id", [](CborWriter& cbor) { cbor.text(""); }), "malformed");
  EXPECT_EQ(reason_with("digest", [](CborWriter& cbor) { cbor.text("SHA256"); }), "malformed");
  EXPECT_EQ(reason_with("timestamp", [](CborWriter& cbor) { cbor.integer(0); }), "malformed");
  EXPECT_EQ(reason_with("timestamp", [](CborWriter& cbor) { cbor.integer(-1); }), "malformed");
  EXPECT_EQ(reason_with("pcrs", pcrs({}, 48)), "malformed");
  EXPECT_EQ(reason_with("pcrs", pcrs({0, 1, 2, 32}, 48)), "malformed");
  EXPECT_EQ(reason_with("pcrs", pcrs({0, 1, 2, -1}, 48)), "malformed");
  EXPECT_EQ(reason_with("pcrs", pcrs({0, 1, 2, 31}, 48)), "");
  EXPECT_EQ(reason_with("pcrs", pcrs({0, 1, 2}, 32)), "malformed");
  EXPECT_EQ(reason_with("pcrs", pcrs({0, 1, 3}, 48)), "malformed");
  EXPECT_EQ(reason_with("cabundle", [](CborWriter& cbor) { cbor.begin_array(), cbor.end_array(); }), "malformed");
  EXPECT_EQ(reason_with("cabundle", [](CborWriter& cbor) { cbor.begin_array(), cbor.bytes({}), cbor.end_array(); }),
            "malformed");
  EXPECT_EQ(reason_with("certificate", bytes(1024)), "malformed");
  EXPECT_EQ(reason_with("certificate", bytes(1025)), "malformed");
  EXPECT_EQ(reason_with("public_key", bytes(0)), "malformed");
  EXPECT_EQ(reason_with("public_key", bytes(1024)), "");
  EXPECT_EQ(reason_with("user_data", bytes(1025)), "malformed");
  EXPECT_EQ(reason_with("nonce", bytes(1025)), "malformed");
  EXPECT_EQ(reason_with("something", bytes(1)), "malformed");
}

TEST_F(NitroTest, RefusesHeadersThatNobodySigned) {
  maker_.unprotected = [](CborWriter& cbor) { cbor.integer(4), cbor.bytes(as_bytes("key")); };
  EXPECT_EQ(reason(), "malformed");
  maker_.unprotected = [](CborWriter&) {};
  maker_.more_protected = [](CborWriter& cbor) { cbor.integer(4), cbor.bytes(as_bytes("key")); };
  EXPECT_EQ(reason(), "malformed");
  maker_.more_protected = [](CborWriter&) {};
  maker_.detached = true;
  EXPECT_EQ(reason(), "malformed");
}

TEST_F(NitroTest, RefusesOtherAlgorithmsAndKeys) {
  maker_.algorithm = encoding::cose::kEs512;
  EXPECT_EQ(reason(), "signature");
  maker_.algorithm = -65535;
  EXPECT_EQ(reason(), "signature");
  maker_.algorithm = encoding::cose::kEs384;
  crypto::TestTerms terms = maker_.terms(false);
  terms.key = crypto::KeyType::kP256;
  maker_.leaf.emplace("Test leaf", maker_.middle, terms);
  EXPECT_EQ(reason(), "signature");
}

TEST_F(NitroTest, WantsTheBundleFromTheRootDown) {
  maker_.bundle = {&maker_.middle, &maker_.root};
  EXPECT_EQ(reason(), "chain");
  maker_.bundle = {&maker_.middle};
  EXPECT_EQ(reason(), "chain") << "the root is part of it";
  maker_.bundle = {&maker_.root};
  EXPECT_EQ(reason(), "chain");
  maker_.bundle = {&maker_.root, &maker_.root, &maker_.middle};
  EXPECT_EQ(reason(), "") << "what stands above the anchor does not matter";
  const crypto::TestAuthority stranger("Test middle", maker_.terms(true));
  maker_.bundle = {&maker_.root, &stranger};
  EXPECT_EQ(reason(), "chain") << "right name, wrong key";
}

TEST_F(NitroTest, RefusesAnAuthorityAsSignerAndKeysForOtherUses) {
  maker_.leaf.emplace("Test leaf", maker_.middle, maker_.terms(true));
  EXPECT_EQ(reason(), "chain");
  crypto::TestTerms terms = maker_.terms(false);
  terms.key_usage = "keyAgreement";
  maker_.leaf.emplace("Test leaf", maker_.middle, terms);
  EXPECT_EQ(reason(), "chain");
}

TEST_F(NitroTest, ZerosInOneRegisterOfTheImageAreDebugMode) {
  for (const int zero : {0, 1, 2}) {
    maker_.set("pcrs", [zero](CborWriter& cbor) {
      cbor.begin_map();
      for (const int i : {0, 1, 2}) cbor.integer(i), cbor.bytes(Bytes(48, std::byte(i == zero ? 0 : 1)));
      cbor.end_map();
    });
    EXPECT_EQ(reason(), "debug") << zero;
    EXPECT_EQ(reason({.allow_debug = true}), "") << zero;
  }
}

TEST_F(NitroTest, ComparesTheNonceWhole) {
  nonce_ = as_bytes("nonce");
  EXPECT_EQ(reason(), "");
  for (const std::string_view other : {"nonc", "nonce ", "Nonce", ""}) {
    nonce_ = as_bytes(other);
    EXPECT_EQ(reason(), "nonce") << other;
  }
  nonce_ = as_bytes("nonce");
  EXPECT_EQ(reason_with("nonce", [](CborWriter& cbor) { cbor.null(); }), "nonce");
  nonce_ = ByteView();
  EXPECT_EQ(reason_with("nonce", [](CborWriter& cbor) { cbor.null(); }), "nonce") << "nothing asked, nothing carried";
  EXPECT_EQ(reason_with("nonce", [](CborWriter& cbor) { cbor.bytes({}); }), "nonce");
}

TEST_F(NitroTest, KeysThatStandTwiceAreRefused) {
  maker_.set("digesx", [](CborWriter& cbor) { cbor.text("SHA384"); });
  Bytes twice = maker_.make();
  const auto at = as_chars(twice).find("digesx");
  ASSERT_NE(at, std::string_view::npos);
  twice[at + 5] = std::byte{'t'};
  const auto why = verify(twice).reason();
  EXPECT_EQ(why, Reason::kMalformed);
}

// The samples of real machines, with the answers that go with them.
class NitroSamples : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto folder = samples_folder();
    if (!folder) GTEST_SKIP() << kNoSamples;
    folder_ = *folder / "nitro";
  }
  std::filesystem::path folder_;
};

TEST_F(NitroSamples, AreJudgedAsTheirCasesSay) {
  const auto report = run_cases(folder_);
  ASSERT_TRUE(report.has_value()) << report.error().message();
  for (const CaseResult& each : report->cases) EXPECT_TRUE(each.passed) << each.id << ": " << each.problem;
  for (const std::string& each : report->problems) ADD_FAILURE() << each;
  EXPECT_GE(report->passed(), 24U);
}

TEST_F(NitroSamples, AreRefusedAtEveryOtherLengthAndAfterAnyChangeOfAByte) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Verifier verifier(Trust::kVendors);
  for (const auto& [file, at] :
       {std::pair{"c1-cose-sign1.bin", 1'766'668'560'000}, {"c3-cose-sign1.bin", 1'665'651'540'000}}) {
    SCOPED_TRACE(file);
    const Bytes document = read_sample(folder_ / file);
    Evidence evidence{.kind = Kind::kNitro, .inputs = {}, .at = UnixMillis(at), .nonce = std::nullopt};
    evidence.inputs.set(Role::kDocument, document);
    ASSERT_TRUE(verifier.verify(evidence, {}).accepted()) << to_json(verifier.verify(evidence, {}));
    EXPECT_EQ(first_accepted_cut(verifier, evidence, Role::kDocument, {}, 1, seed), document.size());
    // No byte is outside the signature but the heads of the message, and these have one form.
    EXPECT_EQ(accepted_changes(verifier, evidence, Role::kDocument, {}, sweep_sample(150), seed),
              std::vector<std::size_t>{});
  }
}

}  // namespace
}  // namespace redoubt::attest
