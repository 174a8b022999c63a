// Producers against fakes of their kernels' interfaces. No hardware is asked here.
#include "attest/producer.h"

#include <gtest/gtest.h>

#include "attest/snp_certificate_table.h"
#include "attest/tests/support/fake_guest.h"
#include "attest/tests/support/nitro_maker.h"
#include "attest/tests/support/samples.h"
#include "attest/verifier.h"
#include "base/timestamp.h"
#include "encoding/base64.h"
#include "tests/support/temp_dir.h"

namespace redoubt::attest {
namespace {

const Bytes kNonce(64, std::byte{0x5a});

Verdict judge(const ProducedEvidence& produced, ByteView nonce, ByteView root, UnixMillis at,
              const Policy& policy = {}) {
  Evidence evidence{.kind = produced.kind, .inputs = produced.inputs(), .at = at, .nonce = nonce};
  evidence.inputs.set(Role::kRoot, root);
  return Verifier(Trust::kNobody).verify(evidence, policy);
}

class SnpProducerTest : public ::testing::Test {
 protected:
  SnpProducerTest() {
    guest_.machine = snp_machine(world_);
    guest_.certificates =
        certificate_table({{kVcekGuid, world_.vek.certificate()}, {kAskGuid, world_.ask.certificate()}});
  }
  Result<ProducedEvidence> produce(ByteView nonce = kNonce) {
    const auto producers = find_producers(guest_, options_);
    if (producers.size() != 1) return Error(Errc::kNotFound, std::to_string(producers.size()) + " producers");
    return producers.front()->produce(nonce);
  }
  void expect_accepted(ByteView nonce = kNonce) {
    const auto produced = produce(nonce);
    ASSERT_TRUE(produced) << produced.error().message();
    const Verdict verdict = judge(*produced, nonce, world_.ark.certificate(), SnpWorld::kNow);
    EXPECT_TRUE(verdict.accepted() && verdict.attests) << to_json(verdict);
  }
  Errc error() {
    const auto produced = produce();
    EXPECT_FALSE(produced);
    return produced ? Errc::kCancelled : produced.error().code();
  }

  SnpWorld world_;
  FakeGuest guest_;
  ProducerOptions options_;
};

class TsmTest : public SnpProducerTest {
 protected:
  TsmTest() { guest_.tsm_provider = "sev_guest"; }
  ~TsmTest() override { EXPECT_EQ(guest_.open_requests(), 0U) << "a request was left behind"; }
};

TEST_F(TsmTest, MakesEvidenceThatIsAccepted) {
  expect_accepted();
  expect_accepted(ByteView(kNonce).first(32));
  EXPECT_EQ(guest_.made_requests(), 4U) << "one to look who answers, one for each report";
  const auto producers = find_producers(guest_, {});
  EXPECT_EQ(producers.front()->kind(), Kind::kSevSnp);
  EXPECT_EQ(producers.front()->measurer(), Measurer::kPlatform);
  EXPECT_EQ(producers.front()->highest_tier(), Tier::kCpuTee);
}

TEST_F(TsmTest, UsesARequestThatSomebodyMadeAndLeavesItThere) {
  options_.tsm_request = "/sys/kernel/config/tsm/report/made-before";
  EXPECT_EQ(produce().error().code(), Errc::kNotFound) << "it makes none itself";
  ASSERT_TRUE(guest_.make_directory(options_.tsm_request));
  guest_.privlevel_floor = 1;
  expect_accepted();
  expect_accepted(ByteView(kNonce).first(32));
  EXPECT_EQ(guest_.made_requests(), 1U);
  EXPECT_EQ(guest_.open_requests(), 1U);
  guest_.somebody_writes = true;
  EXPECT_EQ(error(), Errc::kConflict);
  ASSERT_TRUE(guest_.remove_directory(options_.tsm_request));
}

TEST_F(TsmTest, LooksWhereItIsTold) {
  options_.tsm_folder = "/elsewhere";
  EXPECT_TRUE(find_producers(guest_, options_).empty());
}

TEST_F(TsmTest, AsksForItsOwnPrivilegeLevelBelowAnSvsm) {
  guest_.privlevel_floor = 2;
  expect_accepted();
}

TEST_F(TsmTest, TakesNoNonceOfAnotherSize) {
  EXPECT_EQ(produce({}).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(produce(Bytes(65)).error().code(), Errc::kInvalidArgument);
}

TEST_F(TsmTest, NoticesThatSomebodyElseWroteToTheRequest) {
  guest_.somebody_writes = true;
  EXPECT_EQ(error(), Errc::kConflict);
}

TEST_F(TsmTest, NoticesAReportOverAnotherNonce) {
  guest_.machine = [this](ByteView) { return world_.report; };
  EXPECT_EQ(error(), Errc::kVerifyFailed);
}

TEST_F(TsmTest, NoticesAReportThatIsNone) {
  guest_.machine = [](ByteView) { return Bytes(SnpReport::kSize); };
  EXPECT_EQ(error(), Errc::kMalformed);
  guest_.machine = [](ByteView) { return Bytes{}; };
  EXPECT_EQ(error(), Errc::kMalformed);
  guest_.machine = [](ByteView) { return Bytes(1024 * 1024); };
  EXPECT_EQ(error(), Errc::kTooLarge);
}

TEST_F(TsmTest, WantsTheCertificateOfTheKeyThatSigned) {
  guest_.certificates.clear();
  EXPECT_EQ(error(), Errc::kUnavailable);
  guest_.certificates = certificate_table({{kVlekGuid, world_.vek.certificate()}});
  EXPECT_EQ(error(), Errc::kUnavailable) << "a VLEK beside a report that a VCEK signed";
  options_.endorsements = {{Kind::kSevSnp, Role::kVek, world_.vek.certificate()},
                           {Kind::kSevSnp, Role::kChain, world_.ask.certificate()},
                           {Kind::kSevSnp, Role::kRoot, world_.ark.certificate()},
                           {Kind::kTdx, Role::kCollateral, Bytes(8)}};
  expect_accepted();
  const auto produced = produce();
  EXPECT_FALSE(produced->inputs().has(Role::kRoot)) << "whom to trust is not the attester's to say";
  EXPECT_FALSE(produced->inputs().has(Role::kCollateral));
}

TEST_F(TsmTest, PassesOverProvidersThatItDoesNotKnow) {
  guest_.tsm_provider = "arm_cca_guest";
  EXPECT_TRUE(find_producers(guest_, {}).empty());
}

TEST_F(TsmTest, RelaysAVlekAndAList) {
  SnpWorld world({.vlek = true});
  guest_.machine = snp_machine(world);
  guest_.certificates = certificate_table(
      {{kVcekGuid, world_.vek.certificate()}, {kVlekGuid, world.vek.certificate()}, {kCrlGuid, Bytes(3)}});
  const auto produced = produce();
  ASSERT_TRUE(produced) << produced.error().message();
  EXPECT_TRUE(std::ranges::equal(*produced->inputs().get(Role::kVek), world.vek.certificate()));
  EXPECT_EQ(produced->inputs().get(Role::kCrl)->size(), 3U);
}

class SevGuestTest : public SnpProducerTest {
 protected:
  SevGuestTest() { guest_.has_sev_guest = true; }
};

TEST_F(SevGuestTest, MakesEvidenceThatIsAccepted) {
  expect_accepted();
  expect_accepted(ByteView(kNonce).first(1));
}

TEST_F(SevGuestTest, FailsAsTheDriverDoes) {
  guest_.is_busy = true;
  EXPECT_EQ(error(), Errc::kConflict);
  guest_.is_busy = false;
  guest_.certificates = Bytes(16 * 1024 + 1);
  EXPECT_EQ(error(), Errc::kIo);
  guest_.certificates = {};
  EXPECT_EQ(error(), Errc::kUnavailable);
}

TEST_F(SevGuestTest, ComesAfterTheInterfaceThatLinuxPrefers) {
  guest_.tsm_provider = "sev_guest";
  const auto producers = find_producers(guest_, {});
  ASSERT_EQ(producers.size(), 2U);
  EXPECT_EQ(producers[0]->interface(), "configfs-tsm");
  EXPECT_EQ(producers[1]->interface(), "/dev/sev-guest");
}

TEST(SnpCertificateTable, RefusesWhatIsNoTable) {
  const Bytes good = certificate_table({{kVcekGuid, Bytes(5)}, {"00112233445566778899aabbccddeeff", Bytes(7)}});
  const auto read = parse_snp_certificate_table(good);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->vcek->size(), 5U);
  EXPECT_FALSE(read->ask || read->vlek || read->crl);
  EXPECT_TRUE(parse_snp_certificate_table({}));
  for (std::size_t length = 1; length < good.size(); ++length) {
    EXPECT_FALSE(parse_snp_certificate_table(ByteView(good).first(length))) << length;
  }
  const auto with = [&](std::size_t at, std::uint32_t value) {
    Bytes changed = good;
    store_le(MutableByteView(changed).subspan(at), value);
    return parse_snp_certificate_table(changed);
  };
  EXPECT_FALSE(with(16, 71)) << "inside the list of entries";
  EXPECT_FALSE(with(16, 0xffffffff));
  EXPECT_FALSE(with(20, 0xffffffff));
  EXPECT_FALSE(with(20, 13)) << "one byte past the end";
  EXPECT_TRUE(with(20, 12));
  EXPECT_FALSE(parse_snp_certificate_table(certificate_table({{kAskGuid, Bytes(1)}, {kAskGuid, Bytes(1)}})));
  EXPECT_EQ(parse_snp_certificate_table(Bytes(24 * 40, std::byte{1})).error().code(), Errc::kTooLarge);
  EXPECT_EQ(parse_snp_certificate_table(Bytes(SnpCertificateTable::kMaxBytes + 1)).error().code(), Errc::kTooLarge);
}

TEST(NsmProducer, MakesDocumentsThatAreAccepted) {
  NitroMaker maker;
  FakeGuest guest;
  guest.has_nsm = true;
  guest.machine = [&](ByteView nonce) {
    maker.set("nonce", [bytes = to_bytes(nonce)](encoding::CborWriter& cbor) { cbor.bytes(bytes); });
    return maker.make();
  };
  const auto producers = find_producers(guest, {});
  ASSERT_EQ(producers.size(), 1U);
  for (const std::size_t size : {1U, 32U, 64U}) {
    const ByteView nonce = ByteView(kNonce).first(size);
    const auto produced = producers.front()->produce(nonce);
    ASSERT_TRUE(produced) << produced.error().message();
    const Verdict verdict = judge(*produced, nonce, maker.root.certificate(), NitroMaker::kTime);
    EXPECT_TRUE(verdict.accepted() && verdict.attests) << to_json(verdict);
  }
  EXPECT_EQ(producers.front()->produce({}).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(producers.front()->produce(Bytes(65)).error().code(), Errc::kInvalidArgument);
}

TEST(NsmProducer, SaysWhatTheModuleAnswers) {
  FakeGuest guest;
  guest.has_nsm = true;
  guest.nsm_error = "InternalError";
  const auto producers = find_producers(guest, {});
  const auto refused = producers.front()->produce(kNonce);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::kUnavailable);
  EXPECT_EQ(refused.error().message(), "the module answers `InternalError`");
  guest.nsm_error = "a\nforged line";
  EXPECT_EQ(producers.front()->produce(kNonce).error().message(), "the module answers `?`");
}

// Samples of hardware as the machine's answer: what comes out is what Verifier reads.
class ProducerSampleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = samples_folder();
    if (!folder_) GTEST_SKIP() << "needs the shared samples (REDOUBT_DATA)";
  }
  Bytes sample(const std::string& name) const { return read_sample(*folder_ / name); }
  // The first producer's evidence, judged.
  void expect_accepted(FakeGuest& guest, const ProducerOptions& options, ByteView nonce, ByteView root,
                       std::string_view at, const Policy& policy = {}) {
    const auto producers = find_producers(guest, options);
    ASSERT_FALSE(producers.empty());
    const auto produced = producers.front()->produce(nonce);
    ASSERT_TRUE(produced) << produced.error().message();
    const Verdict verdict = judge(*produced, nonce, root, *parse_timestamp(at), policy);
    EXPECT_TRUE(verdict.accepted() && verdict.attests) << to_json(verdict);
  }

  std::optional<std::filesystem::path> folder_;
};

TEST_F(ProducerSampleTest, SnpThroughBothInterfaces) {
  const Bytes nonce = *encoding::hex_decode("ec6c52d7533cc2c4f45be7849cf112ab82b2009fe7bd43e71ed08c14400ad7e2");
  const Bytes root = sample("sev-snp/milan_ask_ark_asvk.pem");
  for (const bool tsm : {true, false}) {
    FakeGuest guest;
    guest.tsm_provider = tsm ? "sev_guest" : "";
    guest.has_sev_guest = !tsm;
    guest.machine = [&](ByteView) { return sample("sev-snp/c1-report.bin"); };
    guest.certificates = certificate_table({{kVcekGuid, sample("sev-snp/c1-vcek.der")}});
    expect_accepted(guest, {}, nonce, root, "2025-06-01T00:00:00Z");
  }
}

TEST_F(ProducerSampleTest, TdxWithCollateralAtHandAndWithoutWhatFollowsTheQuote) {
  const Bytes nonce = *encoding::hex_decode(
      "9a9d48e7f6799642d3d1b34e1e5e1742d4bb02dd6ddd551862c1211d35c304f9"
      "eca3efdbb481601c163cf52493d6e44aed55d51ec39b7e518fadb92c2b523f20");
  FakeGuest guest;
  guest.tsm_provider = "tdx_guest";
  guest.machine = [&](ByteView) { return sample("tdx/c5-quote-v4.bin"); };
  const ProducerOptions options{.endorsements = {{Kind::kTdx, Role::kCollateral, sample("tdx/c5-collateral.json")}}};
  expect_accepted(guest, options, nonce, sample("tdx/intel-sgx-root-ca.pem"), "2025-07-18T00:00:00Z");
  const auto producers = find_producers(guest, options);
  EXPECT_EQ(producers.front()->produce(kNonce).error().code(), Errc::kVerifyFailed) << "a quote over another nonce";
  guest.machine = [&](ByteView) { return sample("sgx/c1-quote-v3.bin"); };
  EXPECT_EQ(producers.front()->produce(kNonce).error().code(), Errc::kMalformed) << "an enclave's quote";
}

TEST_F(ProducerSampleTest, SgxUnderGramine) {
  FakeGuest guest;
  guest.gramine_type = "dcap";
  guest.machine = [&](ByteView) { return sample("sgx/c1-quote-v3.bin"); };
  const ProducerOptions options{.endorsements = {{Kind::kSgx, Role::kCollateral, sample("sgx/c1-collateral.json")}}};
  Policy policy;
  policy.allow_tcb.emplace_back("ConfigurationAndSWHardeningNeeded");
  expect_accepted(guest, options, as_bytes("Hello, world!"), sample("sgx/intel-sgx-root-ca.pem"),
                  "2025-07-18T00:00:00Z", policy);
  guest.gramine_type = "epid";
  EXPECT_TRUE(find_producers(guest, options).empty());
}

TEST_F(ProducerSampleTest, NitroDocumentsArePassedOnAsTheyAre) {
  FakeGuest guest;
  guest.has_nsm = true;
  guest.machine = [&](ByteView) { return sample("nitro/c1-cose-sign1.bin"); };
  const auto producers = find_producers(guest, {});
  const auto produced = producers.front()->produce(kNonce);
  ASSERT_TRUE(produced) << produced.error().message();
  EXPECT_TRUE(std::ranges::equal(*produced->inputs().get(Role::kDocument), sample("nitro/c1-cose-sign1.bin")));
}

TEST(LinuxGuestInterface, ReadsWritesAndRefusesLikeTheSystem) {
  const testing_support::TempDir dir;
  LinuxGuestInterface linux_guest;
  EXPECT_FALSE(linux_guest.exists(dir / "folder"));
  ASSERT_TRUE(linux_guest.make_directory(dir / "folder"));
  EXPECT_EQ(linux_guest.make_directory(dir / "folder").error().code(), Errc::kAlreadyExists);
  EXPECT_EQ(linux_guest.write(dir / "file", kNonce).error().code(), Errc::kNotFound) << "it makes no files";
  std::ofstream(dir / "file") << "old";
  ASSERT_TRUE(linux_guest.write(dir / "file", kNonce));
  EXPECT_EQ(*linux_guest.read(dir / "file", 64), kNonce);
  EXPECT_EQ(linux_guest.read(dir / "file", 63).error().code(), Errc::kTooLarge);
  EXPECT_EQ(linux_guest.read(dir / "none", 63).error().code(), Errc::kNotFound);
  int argument = 0;
  EXPECT_EQ(linux_guest.control(dir / "file", 0x5a5a, &argument).error().code(), Errc::kIo);
  ASSERT_TRUE(linux_guest.remove_directory(dir / "folder"));
  EXPECT_EQ(linux_guest.remove_directory(dir / "folder").error().code(), Errc::kNotFound);
}

}  // namespace
}  // namespace redoubt::attest
