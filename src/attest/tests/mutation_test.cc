// Any byte of genuine evidence, changed: refused, or of no meaning for a reason that stands here. REDOUBT_SWEEP=1 takes
// every byte rather than some.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <random>

#include "attest/intel_quote.h"
#include "attest/tests/support/samples.h"
#include "attest/verifier.h"
#include "base/timestamp.h"

namespace redoubt::attest {
namespace {

struct Sample {
  const char* name;
  Kind kind;
  std::string_view at;
  std::vector<std::pair<Role, const char*>> files;
  std::vector<Role> mutated;
  std::string_view status = "UpToDate";
};

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all{
      {"SnpVcek",
       Kind::kSevSnp,
       "2025-06-01T00:00:00Z",
       {{Role::kReport, "sev-snp/c1-report.bin"},
        {Role::kVek, "sev-snp/c1-vcek.der"},
        {Role::kRoot, "sev-snp/milan_ask_ark_asvk.pem"}},
       {Role::kReport, Role::kVek}},
      {"SnpVlek",
       Kind::kSevSnp,
       "2025-06-01T00:00:00Z",
       {{Role::kReport, "sev-snp/c2-vlek-report.bin"},
        {Role::kVek, "sev-snp/c2-vlek.der"},
        {Role::kRoot, "sev-snp/milan_ask_ark_asvk.pem"}},
       {Role::kReport, Role::kVek}},
      {"Tdx",
       Kind::kTdx,
       "2025-07-18T00:00:00Z",
       {{Role::kQuote, "tdx/c5-quote-v4.bin"},
        {Role::kCollateral, "tdx/c5-collateral.json"},
        {Role::kRoot, "tdx/intel-sgx-root-ca.pem"}},
       {Role::kQuote, Role::kCollateral}},
      {"TdxBinary",
       Kind::kTdx,
       "2025-03-10T00:00:00Z",
       {{Role::kQuote, "tdx/c6-quote-v5-relaunch.bin"},
        {Role::kCollateral, "tdx/c6-oe-endorsements.bin"},
        {Role::kRoot, "tdx/intel-sgx-root-ca.pem"}},
       {Role::kQuote, Role::kCollateral},
       "TDRelaunchAdvised"},
      {"Sgx",
       Kind::kSgx,
       "2025-07-18T00:00:00Z",
       {{Role::kQuote, "sgx/c1-quote-v3.bin"},
        {Role::kCollateral, "sgx/c1-collateral.json"},
        {Role::kRoot, "sgx/intel-sgx-root-ca.pem"}},
       {Role::kQuote, Role::kCollateral},
       "ConfigurationAndSWHardeningNeeded"},
  };
  return all;
}

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

// The base64 of a block of PEM, in a text or in a string of JSON, without line breaks.
std::string base64_of(std::string_view block) {
  std::string out;
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (block[i] == '\\') {
      ++i;
    } else if (block[i] != '\n' && block[i] != '\r') {
      out += block[i];
    }
  }
  return out;
}

// Where copies of the root stand in a file: each from the frame of the certificate before it to its own.
std::vector<std::pair<std::size_t, std::size_t>> copies_of(std::string_view root, std::string_view file) {
  const auto body = [](std::string_view text, std::size_t begin) {
    const auto from = begin + kBegin.size();
    return base64_of(text.substr(from, text.find(kEnd, from) - from));
  };
  const std::string wanted = body(root, root.find(kBegin));
  std::vector<std::pair<std::size_t, std::size_t>> out;
  for (auto at = file.find(kBegin); at != std::string_view::npos; at = file.find(kBegin, at + 1)) {
    if (body(file, at) != wanted) continue;
    const auto before = file.rfind(kEnd, at);
    const std::size_t after = file.find(kEnd, at) + kEnd.size() + 4;  // with its line break
    out.emplace_back(before == std::string_view::npos ? at : before, after);
  }
  return out;
}

// Whether a byte is one of those that are signed by nobody, and mean nothing. docs/attestation.md has the same list.
bool is_meaningless(std::string_view file, std::size_t at, char changed) {
  const char before = file[at];
  if (before == '\n' || before == '\r' || (before == 'n' && at > 0 && file[at - 1] == '\\')) return true;  // of PEM
  constexpr std::string_view kJsonSpace = " \t\n\r";  // RFC 8259 §2; in strings only the first may stand
  if (kJsonSpace.find(before) != kJsonSpace.npos && kJsonSpace.find(changed) != kJsonSpace.npos) return true;
  return std::isxdigit(static_cast<unsigned char>(before)) != 0 &&  // the case of a hexadecimal digit
         std::tolower(static_cast<unsigned char>(before)) == std::tolower(static_cast<unsigned char>(changed));
}

// The same of the header of binary collateral: its minor version, and pointers of the machine that wrote it.
bool is_unused_header(std::size_t at) {
  return at < 4 || (at >= 8 && at < 8 + 7 * 16 && (at - 8) % 16 < 8);
}

class Mutations : public testing::TestWithParam<Sample> {};

TEST_P(Mutations, AreRefusedOrMeanNothing) {
  const auto folder = samples_folder();
  if (!folder) GTEST_SKIP() << kNoSamples;
  const Sample& sample = GetParam();
  std::map<Role, Bytes> files;
  for (const auto& [role, name] : sample.files) files[role] = read_sample(*folder / name);
  if (sample.kind == Kind::kTdx) {
    const auto quote = parse_intel_quote(files[Role::kQuote]);
    ASSERT_TRUE(quote);
    files[Role::kQuote].resize(quote->size);
  }
  Policy policy;
  policy.allow_tcb.emplace_back(sample.status);
  Verifier verifier(Trust::kNobody);
  const auto judge = [&] {
    Evidence evidence{.kind = sample.kind, .inputs = {}, .at = *parse_timestamp(sample.at), .nonce = {}};
    for (const auto& [role, bytes] : files) evidence.inputs.set(role, bytes);
    return verifier.verify(evidence, policy);
  };
  ASSERT_TRUE(judge().accepted()) << to_json(judge());

  const bool all = std::getenv("REDOUBT_SWEEP") != nullptr;
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::minstd_rand random(seed);
  for (const Role role : sample.mutated) {
    Bytes& bytes = files.at(role);
    const std::string original(as_chars(bytes));
    const auto copies = copies_of(as_chars(files.at(Role::kRoot)), original);
    constexpr std::size_t kSome = 60;
    for (std::size_t i = 0; i < (all ? bytes.size() : kSome); ++i) {
      const std::size_t at = all ? i : random() % bytes.size();
      const std::byte before = bytes[at];
      bytes[at] ^= static_cast<std::byte>(1 + random() % 255);
      if (judge().accepted()) {
        const bool in_copy =
            std::ranges::any_of(copies, [&](const auto& each) { return at >= each.first && at < each.second; });
        const bool in_header = role == Role::kCollateral && original[0] == '\4' && is_unused_header(at);
        EXPECT_TRUE(in_copy || in_header || is_meaningless(original, at, static_cast<char>(bytes[at])))
            << to_string(role) << " at " << at << " with " << static_cast<int>(bytes[at]);
      }
      bytes[at] = before;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Samples, Mutations, testing::ValuesIn(samples()),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace redoubt::attest
