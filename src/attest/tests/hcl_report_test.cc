// Azure's confidential virtual machines: reports made here, and the genuine ones of shared data.
#include "attest/hcl_report.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "attest/conform.h"
#include "attest/tests/support/sweep.h"
#include "attest/tests/support/wire.h"
#include "encoding/base64.h"

namespace redoubt::attest {
namespace {

using testing::Wire;

// A modulus as good as any to whoever only reads it.
std::string key(const std::string& name) {
  Bytes modulus(256, std::byte{0xc5});
  return R"({"kid":")" + name + R"(","kty":"RSA","e":"AQAB","n":")" + encoding::base64url(modulus) + R"("})";
}

struct HclTerms {
  std::string magic = "HCLA";
  std::uint32_t version = 2;
  std::uint32_t request = 2;
  std::uint32_t status = 0;
  std::uint32_t data_version = 1;
  std::uint32_t type = 2;
  std::uint32_t digest = 1;
  std::uint32_t size_error = 0;
  std::uint32_t data_size_error = 0;
  std::string runtime = R"({"keys":[)" + key("HCLAkPub") + "," + key("HCLEkPub") +
                        R"(],"vm-configuration":{"secure-boot":true},"user-data":"00"})";
  std::size_t total = HclReport::kSize;
};

Bytes make_report(const HclTerms& terms = {}) {
  Wire out;
  const auto text_size = static_cast<std::uint32_t>(terms.runtime.size());
  out.raw(terms.magic).le(terms.version).le(32 + 1184 + 20 + text_size + terms.size_error).le(terms.request);
  out.le(terms.status).zeros(12);
  out.raw(Bytes(1024, std::byte{7})).zeros(160);
  out.le(20 + text_size + terms.data_size_error).le(terms.data_version).le(terms.type).le(terms.digest).le(text_size);
  out.raw(terms.runtime);
  if (out.bytes.size() < terms.total) out.zeros(terms.total - out.bytes.size());
  return out.bytes;
}

std::string problem(const HclTerms& terms) {
  const auto report = parse_hcl_report(make_report(terms));
  return report ? "" : report.error().message();
}

TEST(HclReport, IsReadInBothItsTypes) {
  const Bytes bytes = make_report();
  const auto snp = parse_hcl_report(bytes);
  ASSERT_TRUE(snp) << snp.error().message();
  EXPECT_EQ(snp->type, HclReportType::kSnp);
  EXPECT_EQ(snp->hardware_report.size(), 1184U);
  EXPECT_EQ(as_chars(snp->runtime_data), HclTerms{}.runtime);
  EXPECT_EQ(snp->runtime_digest, crypto::sha256(as_bytes(HclTerms{}.runtime)));
  EXPECT_EQ(snp->ak.type(), crypto::KeyType::kRsa);
  EXPECT_EQ(*find_claim(snp->configuration, "secure-boot")->boolean(), true);
  const Bytes td = make_report({.type = 4});
  EXPECT_EQ(parse_hcl_report(td)->type, HclReportType::kTdx);
  EXPECT_EQ(parse_hcl_report(td)->td_report_data().size(), 64U);
}

TEST(HclReport, IsRefusedWithAnotherHeader) {
  EXPECT_EQ(problem({}), "");
  EXPECT_EQ(problem({.version = 1}), "");
  for (const HclTerms& bad : std::vector<HclTerms>{{.magic = "HCLB"},
                                                   {.version = 0},
                                                   {.version = 3},
                                                   {.request = 1},
                                                   {.status = 1},
                                                   {.data_version = 2},
                                                   {.type = 3},
                                                   {.digest = 2},
                                                   {.size_error = 1},
                                                   {.data_size_error = 1},
                                                   {.total = HclReport::kSize + 1}}) {
    EXPECT_NE(problem(bad), "");
  }
  Bytes after = make_report();
  after.back() = std::byte{1};
  EXPECT_FALSE(parse_hcl_report(after));
  Bytes behind_td_report = make_report({.type = 4});
  behind_td_report[32 + 1024] = std::byte{1};
  EXPECT_FALSE(parse_hcl_report(behind_td_report));
}

TEST(HclReport, IsRefusedWithoutExactlyOneKey) {
  for (const std::string& runtime : std::vector<std::string>{
           "",
           "[]",
           "{}",
           R"({"keys":{}})",
           R"({"keys":[]})",
           R"({"keys":[1]})",
           R"({"keys":[)" + key("HCLEkPub") + "]}",
           R"({"keys":[)" + key("HCLAkPub") + "," + key("HCLAkPub") + "]}",
           R"({"keys":[{"kid":"HCLAkPub","kty":"EC","e":"AQAB","n":"AQAB"}]})",
           R"({"keys":[{"kid":"HCLAkPub","kty":"RSA","e":"AQAB","n":"AQAB"}]})",
           R"({"keys":[{"kid":"HCLAkPub","kty":"RSA","e":"AQAB","n":"+/+/"}]})",
           R"({"keys":[{"kid":"HCLAkPub","kty":"RSA","e":"AQAB"}]})",
           R"({"keys":[)" + key("HCLAkPub") + R"(],"keys":[]})",
           R"({"keys":[)" + key("HCLAkPub") + R"(],"vm-configuration":[]})",
       }) {
    EXPECT_NE(problem({.runtime = runtime}), "") << runtime;
  }
}

TEST(HclReport, IsRefusedAtEveryCutBeforeItsEnd) {
  const Bytes whole = make_report();
  const std::size_t end = 32 + 1184 + 20 + HclTerms{}.runtime.size();
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    EXPECT_EQ(parse_hcl_report(ByteView(whole).first(size)).has_value(), size >= end) << size;
  }
}

TEST(AzureVtpm, AnswersTheSharedCases) {
  const auto folder = samples_folder();
  if (!folder) GTEST_SKIP() << kNoSamples;
  const auto report = run_cases(*folder / "azure-vtpm");
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->passed(), 35U);
  for (const CaseResult& each : report->cases) EXPECT_TRUE(each.passed) << each.id << ": " << each.problem;
  for (const std::string& each : report->problems) ADD_FAILURE() << each;
}

// Files of one machine, as roles.
struct Machine {
  std::map<Role, Bytes> files;
  Policy policy;

  Evidence evidence() const {
    Evidence out{
        .kind = Kind::kAzureVtpm, .inputs = {}, .at = UnixMillis{1'748'736'000'000}, .nonce = as_bytes("challenge")};
    for (const auto& [role, bytes] : files) out.inputs.set(role, bytes);
    return out;
  }
};

Machine snp_machine(const std::filesystem::path& folder) {
  return {.files = {{Role::kHclReport, read_sample(folder / "azure-vtpm/snp-c1-hcl-report.bin")},
                    {Role::kTpmQuote, read_sample(folder / "azure-vtpm/snp-c1-tpm-quote.json")},
                    {Role::kVek, read_sample(folder / "azure-vtpm/snp-c1-vcek.pem")},
                    {Role::kRoot, read_sample(folder / "sev-snp/milan_ask_ark_asvk.pem")}},
          .policy = {}};
}
Machine tdx_machine(const std::filesystem::path& folder) {
  Machine out{.files = {{Role::kHclReport, read_sample(folder / "azure-vtpm/tdx-c1-hcl-report.bin")},
                        {Role::kTpmQuote, read_sample(folder / "azure-vtpm/tdx-c1-tpm-quote.json")},
                        {Role::kTdQuote, read_sample(folder / "azure-vtpm/tdx-c1-td-quote.bin")},
                        {Role::kRoot, read_sample(folder / "tdx/intel-sgx-root-ca.pem")}},
              .policy = {}};
  out.policy.require_collateral = false;
  out.files[Role::kTdQuote].resize(4936);
  return out;
}

TEST(AzureVtpm, RefusesPartsOfAnotherKindOfMachine) {
  const auto folder = samples_folder();
  if (!folder) GTEST_SKIP() << kNoSamples;
  Verifier verifier(Trust::kNobody);
  const Machine snp = snp_machine(*folder);
  const Machine tdx = tdx_machine(*folder);
  ASSERT_TRUE(verifier.verify(snp.evidence(), snp.policy).accepted());
  ASSERT_TRUE(verifier.verify(tdx.evidence(), tdx.policy).accepted());
  Machine both = snp;
  both.files[Role::kTdQuote] = tdx.files.at(Role::kTdQuote);
  EXPECT_EQ(verifier.verify(both.evidence(), both.policy).reason(), Reason::kBinding);
  Machine no_vek = snp;
  no_vek.files.erase(Role::kVek);
  EXPECT_EQ(verifier.verify(no_vek.evidence(), no_vek.policy).reason(), Reason::kMalformed);
  Machine no_quote = tdx;
  no_quote.files.erase(Role::kTdQuote);
  EXPECT_EQ(verifier.verify(no_quote.evidence(), no_quote.policy).reason(), Reason::kMalformed);
}

TEST(AzureVtpm, RefusesEveryCutOfAQuote) {
  const auto folder = samples_folder();
  if (!folder) GTEST_SKIP() << kNoSamples;
  Verifier verifier(Trust::kNobody);
  const Machine snp = snp_machine(*folder);
  Evidence evidence = snp.evidence();
  const ByteView quote = snp.files.at(Role::kTpmQuote);
  for (std::size_t size = 0; size < quote.size(); size += sweep_sample(13)) {
    evidence.inputs.set(Role::kTpmQuote, quote.first(size));
    EXPECT_EQ(verifier.verify(evidence, snp.policy).reason(), Reason::kMalformed) << size;
  }
}

// Of the report of an SNP machine every byte counts. Of a TDX machine's, the TDREPORT does not, but for its report
// data: a MAC authenticates it to its own machine only, and the quote says the same to everybody (docs/attestation.md).
TEST(AzureVtpm, RefusesEveryChangedByteButOfATdReport) {
  const auto folder = samples_folder();
  if (!folder) GTEST_SKIP() << kNoSamples;
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Verifier verifier(Trust::kNobody);
  for (const Machine& machine : {snp_machine(*folder), tdx_machine(*folder)}) {
    const bool td = machine.files.contains(Role::kTdQuote);
    for (const std::size_t at :
         accepted_changes(verifier, machine.evidence(), Role::kHclReport, machine.policy, sweep_sample(30), seed)) {
      const bool report_data = at >= 32 + 128 && at < 32 + 192;
      EXPECT_TRUE(td && at >= 32 && at < 32 + HclReport::kTdReportSize && !report_data) << at;
    }
  }
}

}  // namespace
}  // namespace redoubt::attest
