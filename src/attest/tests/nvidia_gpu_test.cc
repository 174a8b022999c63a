#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <string>

#include "attest/conform.h"
#include "attest/tests/support/gpu_maker.h"
#include "attest/tests/support/samples.h"
#include "attest/tests/support/sweep.h"
#include "attest/verifier.h"
#include "encoding/base64.h"

namespace redoubt::attest {
namespace {

std::string reason_name(const Verdict& verdict) {
  const auto why = verdict.reason();
  return why ? std::string(to_string(*why)) : "";
}

class GpuTest : public ::testing::Test {
 protected:
  Verdict verify_bytes(ByteView report) {
    const std::string text = encoding::hex(report);
    return verify_text(text);
  }
  Verdict verify_text(const std::string& report) {
    const std::string chain = chain_.empty() ? maker_.chain() : chain_;
    const std::string roots = maker_.root.pem() + rim_.root.pem();
    Evidence evidence{.kind = Kind::kNvidiaGpu, .inputs = {}, .at = GpuMaker::kTime, .nonce = maker_.nonce};
    evidence.inputs.set(Role::kReport, as_bytes(report));
    evidence.inputs.set(Role::kChain, as_bytes(chain));
    evidence.inputs.set(Role::kRoot, as_bytes(roots));
    if (!manifest_.empty()) evidence.inputs.set(Role::kRim, as_bytes(manifest_));
    return verifier_.verify(evidence, {});
  }
  // Empty when it is accepted.
  std::string reason() { return reason_name(verify_bytes(maker_.make())); }
  std::string reason_of_json(const std::string& json) {
    Evidence evidence{.kind = Kind::kNvidiaGpu, .inputs = {}, .at = GpuMaker::kTime, .nonce = maker_.nonce};
    evidence.inputs.set(Role::kEvidence, as_bytes(json));
    evidence.inputs.set(Role::kRoot, maker_.root.certificate());
    return reason_name(verifier_.verify(evidence, {}));
  }

  GpuMaker maker_;
  RimMaker rim_;
  std::string chain_;
  std::string manifest_;
  Verifier verifier_{Trust::kNobody};
};

TEST_F(GpuTest, AcceptsAReportOfItsOwnMaking) {
  const Verdict verdict = verify_bytes(maker_.make());
  EXPECT_TRUE(verdict.accepted()) << to_json(verdict);
  EXPECT_EQ(*find_claim(verdict.claims, "vbios_version")->text(), "96.00.9f.00.01");
  EXPECT_EQ(find_claim(verdict.claims, "measurements")->object()->size(), 3U);
  EXPECT_EQ(*find_claim(verdict.claims, "nvdec0")->boolean(), false);
}

TEST_F(GpuTest, RefusesAnotherRequestOrResponse) {
  for (const std::string request : {"12e001ff", "11e101ff", "11e000ff", "11e00101"}) {
    maker_.request = request;
    EXPECT_EQ(reason(), "malformed") << request;
  }
  maker_.request = "11e001ff";
  for (const std::string response : {"12600000", "11610000", "117f0000"}) {
    maker_.response = response;
    EXPECT_EQ(reason(), "malformed") << response;
  }
}

TEST_F(GpuTest, RefusesMeasurementsThatAreNotInTheirForm) {
  const auto good = maker_.measurements;
  maker_.measurements[1].first = 1;
  EXPECT_EQ(reason(), "malformed") << "twice";
  maker_.measurements[1].first = 40;
  EXPECT_EQ(reason(), "malformed") << "out of order";
  maker_.measurements = good;
  maker_.measurements[0].first = 0;
  EXPECT_EQ(reason(), "malformed");
  maker_.measurements = good;
  maker_.measurements[0].second.resize(32);
  EXPECT_EQ(reason(), "malformed") << "SHA-256";
  maker_.measurements.clear();
  EXPECT_EQ(reason(), "measurement") << "none";
  maker_.measurements = {{1, GpuMaker::filled(48, 0)}, {2, GpuMaker::filled(48, 0)}};
  EXPECT_EQ(reason(), "measurement") << "zeros alone";
}

TEST_F(GpuTest, RefusesOpaqueFieldsThatAreNotInTheirForm) {
  for (const std::uint16_t needed : {3, 6}) {
    const auto before = maker_.opaque;
    maker_.replace(needed, std::nullopt);
    EXPECT_EQ(reason(), "malformed") << needed;
    maker_.opaque = before;
  }
  for (const auto& [type, value] : std::vector<GpuMaker::Field>{{3, Bytes()},
                                                                {3, GpuMaker::filled(4, 0)},
                                                                {3, GpuMaker::filled(4, 0x41)},
                                                                {3, GpuMaker::filled(4, 0x0a)},
                                                                {6, GpuMaker::filled(7, 0)},
                                                                {11, GpuMaker::filled(1, 0)},
                                                                {20, GpuMaker::filled(32, 0xf1)},
                                                                {14, GpuMaker::filled(5, 0)}}) {
    const auto before = maker_.opaque;
    maker_.replace(type, value);
    EXPECT_EQ(reason(), "malformed") << type << " " << encoding::hex(value);
    maker_.opaque = before;
  }
  maker_.opaque.emplace_back(20, GpuMaker::filled(48, 0xf1));
  EXPECT_EQ(reason(), "malformed") << "twice";
}

TEST_F(GpuTest, BindsTheFirmwareToTheCertificateOfTheDevice) {
  maker_.replace(20, GpuMaker::filled(48, 0xf2));
  EXPECT_EQ(reason(), "binding");
  maker_.replace(20, GpuMaker::filled(48, 0));
  maker_.device.emplace("Test device", maker_.middle, GpuMaker::terms(false, GpuMaker::dice(GpuMaker::filled(48, 0))));
  EXPECT_EQ(reason(), "binding") << "zeros are no digest";
  maker_.replace(20, GpuMaker::filled(48, 0xf1));
  maker_.device.emplace("Test device", maker_.middle, GpuMaker::terms(false));
  EXPECT_EQ(reason(), "binding") << "a certificate for no firmware";
  maker_.replace(20, std::nullopt);
  EXPECT_EQ(reason(), "") << "a report of an older driver";
  for (const std::string_view broken : {"30", "3080", "3083000000", "303f303d", "04"}) {
    const Bytes extension = *encoding::hex_decode(broken);
    maker_.replace(20, GpuMaker::filled(48, 0xf1));
    maker_.device.emplace("Test device", maker_.middle, GpuMaker::terms(false, extension));
    EXPECT_EQ(reason(), "binding") << broken;
  }
}

TEST_F(GpuTest, WantsTheChainFromTheDeviceUpAndNothingElse) {
  const std::string device = maker_.device->pem();
  const std::string middle = maker_.middle.pem();
  const std::string root = maker_.root.pem();
  chain_ = device + middle;
  EXPECT_EQ(reason(), "") << "the anchor may be left out";
  chain_ = device + root + middle;
  EXPECT_EQ(reason(), "chain");
  chain_ = device + middle + root + rim_.root.pem();
  EXPECT_EQ(reason(), "") << "what stands above the anchor does not matter";
  chain_ = device + middle + rim_.root.pem();
  EXPECT_EQ(reason(), "chain");
  chain_ = device;
  EXPECT_EQ(reason(), "chain");
  chain_ = middle + root;
  EXPECT_EQ(reason(), "signature");
  chain_ = "-----BEGIN CERTIFICATE-----\n";
  EXPECT_EQ(reason(), "malformed");
}

TEST_F(GpuTest, RefusesKeysThatAreNotADevices) {
  crypto::TestTerms terms = GpuMaker::terms(true, GpuMaker::dice(maker_.firmware));
  maker_.device.emplace("Test device", maker_.middle, terms);
  EXPECT_EQ(reason(), "signature") << "an authority";
  terms = GpuMaker::terms(false, GpuMaker::dice(maker_.firmware));
  terms.key_usage = "keyAgreement";
  maker_.device.emplace("Test device", maker_.middle, terms);
  EXPECT_EQ(reason(), "signature");
  terms.key_usage = "digitalSignature";
  terms.key = crypto::KeyType::kP256;
  maker_.device.emplace("Test device", maker_.middle, terms);
  EXPECT_EQ(reason(), "signature");
}

TEST_F(GpuTest, ReadsHexadecimalAndJson) {
  const Bytes report = maker_.make();
  EXPECT_EQ(reason_name(verify_text(encoding::hex(report) + "0")), "malformed");
  EXPECT_EQ(reason_name(verify_text(encoding::hex(report) + "00")), "trailing");
  EXPECT_EQ(reason_name(verify_text("")), "malformed");
  const std::string certificate = R"("certificate":")" + encoding::base64(as_bytes(maker_.chain())) + "\"";
  const std::string evidence = R"("evidence":")" + encoding::base64(report) + "\"";
  const std::string object = R"({"arch":"HOPPER",)" + certificate + "," + evidence + R"(,"nonce":"00"})";
  EXPECT_EQ(reason_of_json("[" + object + "]"), "");
  EXPECT_EQ(reason_of_json(object), "malformed");
  EXPECT_EQ(reason_of_json("[]"), "malformed");
  EXPECT_EQ(reason_of_json("[" + object + "," + object + "]"), "malformed");
  EXPECT_EQ(reason_of_json("[{" + certificate + "}]"), "malformed");
  EXPECT_EQ(reason_of_json("[{" + evidence + "}]"), "malformed");
  EXPECT_EQ(reason_of_json("[{" + certificate + "," + evidence + R"(,"more":0}])"), "malformed");
}

TEST_F(GpuTest, ComparesMeasurementsWithTheManifest) {
  manifest_ = rim_.make();
  EXPECT_EQ(reason(), "") << to_json(verify_bytes(maker_.make()));
  maker_.measurements[1].second[0] ^= std::byte{1};
  EXPECT_EQ(reason(), "measurement");
  maker_.measurements[1].second[0] ^= std::byte{1};
  rim_.resources += RimMaker::resource(7, 7);
  manifest_ = rim_.make();
  EXPECT_EQ(reason(), "measurement") << "the report lacks one";
  rim_.resources = RimMaker::resource(0, 1) + RimMaker::resource(7, 7, "False");
  manifest_ = rim_.make();
  EXPECT_EQ(reason(), "") << "one that is not active does not count";
  rim_.version = "551.0";
  manifest_ = rim_.make();
  EXPECT_EQ(reason(), "binding");
  rim_.version = "96.00.9f.00.01";
  manifest_ = rim_.make();
  EXPECT_EQ(reason(), "") << "of the VBIOS";
}

TEST_F(GpuTest, TheVideoDecoderIsComparedWhereItIsEnabled) {
  rim_.resources += RimMaker::resource(35, 99);
  manifest_ = rim_.make();
  EXPECT_EQ(reason(), "");
  maker_.replace(11, GpuMaker::filled(1, 0xaa));
  EXPECT_EQ(reason(), "measurement");
  maker_.replace(11, std::nullopt);
  EXPECT_EQ(reason(), "measurement") << "not known: compared";
}

TEST_F(GpuTest, ADevicesKeySignsNoManifest) {
  rim_.signer.emplace("Test device", rim_.root, GpuMaker::terms(false, GpuMaker::dice(maker_.firmware)));
  manifest_ = rim_.make();
  EXPECT_EQ(reason(), "chain");
  rim_.signer.emplace("Test signer", maker_.root, GpuMaker::terms(false));
  manifest_ = rim_.make();
  EXPECT_EQ(reason(), "chain") << "below the anchor of devices";
}

class RimTest : public ::testing::Test {
 protected:
  std::string reason_of(const std::string& text) {
    Evidence evidence{.kind = Kind::kNvidiaGpu, .inputs = {}, .at = GpuMaker::kTime, .nonce = std::nullopt};
    evidence.inputs.set(Role::kRim, as_bytes(text));
    evidence.inputs.set(Role::kRoot, maker_.root.certificate());
    return reason_name(verifier_.verify(evidence, {}));
  }
  std::string reason() { return reason_of(maker_.make()); }
  std::string reason_after(std::string_view from, const std::string& to) {
    std::string text = maker_.make();
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return reason_of(text.replace(at, from.size(), to));
  }

  RimMaker maker_;
  Verifier verifier_{Trust::kNobody};
};

TEST_F(RimTest, AcceptsAManifestOfItsOwnMaking) {
  EXPECT_EQ(reason(), "");
  EXPECT_EQ(reason_after("<Payload>", "<Payload  >"), "") << "the same in canonical form";
  EXPECT_EQ(reason_of("<?xml version=\"1.0\"?>" + maker_.make()), "");
}

TEST_F(RimTest, RefusesWhatIsNotElementsAndText) {
  for (const std::string each : {"<!-- c --><Payload>", "<?p q?><Payload>", "<![CDATA[x]]><Payload>"}) {
    EXPECT_EQ(reason_after("<Payload>", each), "malformed") << each;
  }
  EXPECT_EQ(reason_of("<!-- c -->" + maker_.make()), "malformed");
  EXPECT_EQ(reason_of("<!DOCTYPE x [<!ENTITY a \"b\">]>" + maker_.make()), "malformed");
  EXPECT_EQ(reason_of("<!DOCTYPE x SYSTEM \"http://example.com/x.dtd\">" + maker_.make()), "malformed");
  EXPECT_EQ(reason_after("<Payload>", "&unknown;<Payload>"), "malformed");
  EXPECT_EQ(reason_of(maker_.make() + "<more></more>"), "malformed");
  EXPECT_EQ(reason_of("\xff\xfe" + maker_.make()), "malformed");
  EXPECT_EQ(reason_of(""), "malformed");
  EXPECT_EQ(reason_of(maker_.make() + std::string(1, '\0')), "malformed");
  EXPECT_EQ(reason_after("<Payload>", std::string(1024 * 1024, ' ') + "<Payload>"), "malformed") << "too large";
  std::string deep = "<Payload>";
  for (int i = 0; i < 20; ++i) deep = "<a>" + deep;
  for (int i = 0; i < 20; ++i) deep += "</a>";
  EXPECT_EQ(reason_of("<r>" + deep + "</r>"), "malformed");
}

TEST_F(RimTest, RefusesAnyChangeOfWhatIsSigned) {
  EXPECT_EQ(reason_after("index=\"0\"", "index=\"3\""), "signature");
  EXPECT_EQ(reason_after("<Payload>", " <Payload>"), "signature") << "text counts";
  EXPECT_EQ(reason_after("name=\"Maker\"", "name=\"Faker\""), "signature");
  EXPECT_EQ(reason_after("<ds:SignedInfo>", "<ds:SignedInfo> "), "signature");
}

TEST_F(RimTest, RefusesSignaturesOfAnotherShape) {
  const std::string good = maker_.signature();
  EXPECT_EQ(reason_of(RimMaker::whole(maker_.content())), "malformed") << "none";
  EXPECT_EQ(reason_of(RimMaker::whole(maker_.content() + good + good)), "malformed") << "two";
  EXPECT_EQ(reason_of(RimMaker::whole("<Wrap>" + maker_.content() + good + "</Wrap>")), "malformed") << "deeper";
  EXPECT_EQ(reason_of(good), "malformed") << "as the root";
  EXPECT_EQ(reason_after("<ds:SignedInfo>", "<ds:SignedInfo Id=\"x\">"), "malformed");
  EXPECT_EQ(reason_after("<ds:SignatureValue>", "<ds:SignatureValue>AAAA"), "malformed");
  EXPECT_EQ(reason_after("</ds:KeyInfo>", "</ds:KeyInfo><ds:Object></ds:Object>"), "malformed");
  maker_.uri = "#part";
  EXPECT_EQ(reason(), "malformed");
  maker_.uri = "";
  maker_.envelope = "http://www.w3.org/TR/1999/REC-xslt-19991116";
  EXPECT_EQ(reason(), "malformed");
  maker_.envelope = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
  maker_.more_key_info = "<ds:RetrievalMethod URI=\"http://example.com/\"></ds:RetrievalMethod>";
  EXPECT_EQ(reason(), "malformed");
}

TEST_F(RimTest, RefusesOtherAlgorithmsByName) {
  maker_.method = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
  EXPECT_EQ(reason(), "signature");
  maker_.method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384";
  maker_.digest_method = "http://www.w3.org/2000/09/xmldsig#sha1";
  EXPECT_EQ(reason(), "signature");
  maker_.digest_method = "http://www.w3.org/2001/04/xmldsig-more#sha384";
  maker_.form = "http://www.w3.org/2006/12/xml-c14n11#WithComments";
  EXPECT_EQ(reason(), "signature");
}

TEST_F(RimTest, RefusesCertificatesThatAreNotThePath) {
  const crypto::TestAuthority stranger("Test manifest root", GpuMaker::terms(true));
  const std::string other = encoding::base64(stranger.certificate());
  EXPECT_EQ(reason_after(encoding::base64(maker_.root.certificate()), other), "chain") << "right name, wrong key";
  maker_.signer.emplace("Test signer", stranger, GpuMaker::terms(false));
  EXPECT_EQ(reason(), "chain");
  maker_.signer.emplace("Test signer", maker_.root, GpuMaker::terms(true));
  EXPECT_EQ(reason(), "signature") << "an authority";
}

TEST_F(RimTest, RefusesManifestsThatAreNotInTheirForm) {
  const std::string entity = maker_.head;
  maker_.head = "";
  EXPECT_EQ(reason(), "malformed");
  maker_.head = entity + entity;
  EXPECT_EQ(reason(), "malformed");
  maker_.head = R"(<Entity name="Maker" role="softwareCreator"></Entity>)";
  EXPECT_EQ(reason(), "malformed");
  maker_.head = entity;
  const std::string one = RimMaker::resource(0, 1);
  const auto changed = [&](std::string_view from, std::string_view to) {
    std::string out = one;
    return out.replace(out.find(from), from.size(), to);
  };
  for (const std::string& resources :
       {std::string(), one + one, changed("True", "False"), changed("True", "true"), changed("\"48\"", "\"32\""),
        changed("\"1\"", "\"0\""), changed("\"1\"", "\"2\""), changed("Hash0", "Hash1"),
        changed("Measurement", "Other"), changed("index=\"0\"", "index=\"-1\""),
        changed("index=\"0\"", "index=\"255\""), changed("0101", "01"), changed("0101", "xx01")}) {
    maker_.resources = resources;
    EXPECT_EQ(reason(), "malformed") << resources;
  }
}

// The samples of real machines, with the answers that go with them.
class GpuSamples : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto folder = samples_folder();
    if (!folder) GTEST_SKIP() << kNoSamples;
    folder_ = *folder / "nvidia-gpu";
  }
  std::filesystem::path folder_;
};

TEST_F(GpuSamples, AreJudgedAsTheirCasesSay) {
  const auto report = run_cases(folder_);
  ASSERT_TRUE(report.has_value()) << report.error().message();
  for (const CaseResult& each : report->cases) EXPECT_TRUE(each.passed) << each.id << ": " << each.problem;
  for (const std::string& each : report->problems) ADD_FAILURE() << each;
  EXPECT_GE(report->passed(), 44U);
}

TEST_F(GpuSamples, ReportsAreRefusedAtEveryOtherLengthAndAfterAnyChangeOfAByte) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Verifier verifier(Trust::kVendors);
  for (const auto& [report_file, chain_file] :
       {std::pair{"c1-report.hex", "c1-chain.pem"}, {"c4-blackwell-report.hex", "c4-blackwell-chain.pem"}}) {
    SCOPED_TRACE(report_file);
    const Bytes report = read_sample(folder_ / report_file);
    const Bytes chain = read_sample(folder_ / chain_file);
    Evidence evidence{
        .kind = Kind::kNvidiaGpu, .inputs = {}, .at = UnixMillis(1'748'736'000'000), .nonce = std::nullopt};
    evidence.inputs.set(Role::kReport, report);
    evidence.inputs.set(Role::kChain, chain);
    ASSERT_TRUE(verifier.verify(evidence, {}).accepted()) << to_json(verifier.verify(evidence, {}));
    EXPECT_EQ(first_accepted_cut(verifier, evidence, Role::kReport, {}, sweep_sample(10), seed), report.size());
    // A digit may be of the other case, and nothing else.
    for (const std::size_t i : accepted_changes(verifier, evidence, Role::kReport, {}, sweep_sample(150), seed)) {
      EXPECT_GE(static_cast<char>(report[i]), 'a') << i;
    }
  }
}

TEST_F(GpuSamples, ManifestsAreRefusedAfterAnyChangeThatCanonicalFormKeeps) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Verifier verifier(Trust::kVendors);
  const Bytes manifest = read_sample(folder_ / "rim-NV_GPU_DRIVER_GH100_550.144.03.xml");
  Evidence evidence{.kind = Kind::kNvidiaGpu, .inputs = {}, .at = UnixMillis(1'748'736'000'000), .nonce = std::nullopt};
  evidence.inputs.set(Role::kRim, manifest);
  ASSERT_TRUE(verifier.verify(evidence, {}).accepted()) << to_json(verifier.verify(evidence, {}));
  const ByteView text = ByteView(manifest).first(as_chars(manifest).find_last_not_of('\n') + 1);
  evidence.inputs.set(Role::kRim, text);
  EXPECT_EQ(first_accepted_cut(verifier, evidence, Role::kRim, {}, sweep_sample(100), seed), text.size());
  // Canonical form makes one space of white space in a tag, and base64 has white space between its lines.
  for (const std::size_t i : accepted_changes(verifier, evidence, Role::kRim, {}, sweep_sample(300), seed)) {
    const char c = static_cast<char>(text[i]);
    EXPECT_TRUE(c == ' ' || c == '\n') << i << " `" << c << "`";
  }
}

}  // namespace
}  // namespace redoubt::attest
