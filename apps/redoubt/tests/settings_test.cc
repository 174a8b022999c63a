// What redoubt.toml may say of peers that must prove what they are, and what it may not.
#include "redoubt/settings.h"

#include <gtest/gtest.h>

#include <string>

namespace redoubt::app {
namespace {

constexpr std::string_view kBase = "ledger.origin = 'example.org/log'\nupstream.url = 'https://inner.example'\n";

Result<Settings> parse(const std::string& more) {
  return parse_settings(std::string(kBase) + more, "redoubt.toml");
}

// Empty when it is accepted.
std::string refusal(const std::string& more) {
  const auto settings = parse(more);
  return settings ? "" : settings.error().message();
}

std::string quoted(char digit, std::string_view prefix = {}) {
  return "'" + std::string(prefix) + std::string(64, digit) + "'";
}

TEST(AttestedSettings, NobodyIsAskedUnlessTheySaySo) {
  const auto settings = parse("");
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_FALSE(settings->upstream_evidence.is_asked());
  EXPECT_FALSE(settings->caller_evidence.is_asked());
}

TEST(AttestedSettings, SayWhomToAccept) {
  const auto settings =
      parse("enclave.tpm = 'swtpm'\n[upstream.attested]\npolicy = 'attestation/inner.json'\npins = [" + quoted('a') +
            "]\nbundles = [" + quoted('b', "sha256:") + "]\nmutual = true\n[callers.attested]\npins = [" + quoted('c') +
            "]\nrequired = true\n");
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_EQ(settings->upstream_evidence.policy, "attestation/inner.json");
  ASSERT_EQ(settings->upstream_evidence.pins.size(), 1U);
  EXPECT_EQ(settings->upstream_evidence.pins[0][0], std::byte{0xaa});
  ASSERT_EQ(settings->upstream_evidence.bundles.size(), 1U);
  EXPECT_EQ(settings->upstream_evidence.bundles[0][31], std::byte{0xbb});
  EXPECT_TRUE(settings->upstream_mutual);
  EXPECT_TRUE(settings->caller_evidence.is_asked());
  EXPECT_TRUE(settings->caller_evidence_required);
}

TEST(AttestedSettings, RefuseWhatWouldMeanLessThanItSays) {
  const std::string pins = "pins = [" + quoted('a') + "]\n";
  const std::pair<std::string, std::string> cases[] = {
      {"[upstream.attested]\nbundles = [" + quoted('b', "sha256:") + "]", "needs `policy` or `pins`"},
      {"[upstream.attested]\nmutual = true", "needs `policy` or `pins`"},
      {"[callers.attested]\nrequired = true", "needs `policy` or `pins`"},
      {"[upstream.attested]\n" + pins + "mutual = true", "needs `enclave.tpm`"},
      {"[upstream.attested]\n" + pins + "required = true", "required"},
      {"[upstream.attested]\npins = ['aa']", "64 hexadecimal digits"},
      {"[upstream.attested]\npins = [" + quoted('g') + "]", "64 hexadecimal digits"},
      {"[upstream.attested]\n" + pins + "bundles = [" + quoted('b') + "]", "`sha256:` and 64 hexadecimal digits"},
      {"[upstream.attested]\npolicy = 'inner.json'", "must be `attestation/NAME.json`"},
      {"[upstream.attested]\npolicy = 'attestation/references.json'", "must be `attestation/NAME.json`"},
      {"[upstream.attested]\npolicy = 'attestation/../inner.json'", "must be `attestation/NAME.json`"},
      {"[upstream.attested]\n" + pins + "form = 'dstack'", "pins` is not possible with the form `dstack`"},
      {"[upstream.attested]\nform = 'tinfoil'", "needs `policy`"},
      {"[upstream.attested]\npolicy = 'attestation/a.json'\nform = 'tinfoil'\nmutual = true",
       "mutual` is not possible with the form `tinfoil`"},
      {"[upstream.attested]\npolicy = 'attestation/a.json'\nform = 'dstack'\nbundles = [" + quoted('b', "sha256:") +
           "]",
       "bundles` is not possible with the form `dstack`"},
      {"[callers.attested]\npolicy = 'attestation/a.json'\nform = 'dstack'", "is a form of upstreams alone"},
      {"[upstream.attested]\npolicy = 'attestation/collateral.json'", "must be `attestation/NAME.json`"},
      {"[upstream.attested]\n" + pins + "form = 'other'", "is no form of evidence"},
      {"[upstream.attested]\n" + pins + "pin = 'x'", "pin"}};
  for (const auto& [text, why] : cases) {
    EXPECT_NE(refusal(text).find(why), std::string::npos) << text << "\n" << refusal(text);
  }
  std::string many = "[callers.attested]\npins = [";
  for (int i = 0; i < 16; ++i) many += quoted('a') + ",";
  EXPECT_NE(refusal(many + "]").find("has more than 15"), std::string::npos);
}

TEST(CpuSettings, SayWhichProcessorSpeaksBesideTheTpm) {
  EXPECT_FALSE(parse("enclave.tpm = 'swtpm'\n")->cpu.kind) << "none unless they say so";
  const auto settings = parse("enclave.tpm = 'swtpm'\nenclave.cpu = 'sev-snp'\nenclave.tsm = '/mnt/report'\n" +
                              ("enclave.cpu_root = " + quoted('a')) +
                              "\n[enclave.endorsements]\nvek = 'vcek.der'\nchain = '/etc/chain.pem'\n");
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_EQ(settings->cpu.kind, attest::Kind::kSevSnp);
  EXPECT_EQ(settings->cpu.tsm, "/mnt/report");
  EXPECT_EQ((*settings->cpu.root)[31], std::byte{0xaa});
  EXPECT_EQ(settings->cpu.files, (std::vector<std::pair<attest::Role, std::string>>{
                                     {attest::Role::kChain, "/etc/chain.pem"}, {attest::Role::kVek, "vcek.der"}}));
}

TEST(CpuSettings, RefuseWhatWouldMeanLessThanItSays) {
  const std::string tpm = "enclave.tpm = 'swtpm'\n";
  const std::pair<std::string, std::string> cases[] = {
      {"enclave.cpu = 'tdx'", "needs `enclave.tpm`"},
      {tpm + "enclave.cpu = 'tpm'", "must be `sev-snp`, `tdx`, `nitro` or `sgx`"},
      {tpm + "enclave.cpu = 'auto'", "must be `sev-snp`, `tdx`, `nitro` or `sgx`"},
      {tpm + "enclave.tsm = '/mnt'", "needs `enclave.cpu`"},
      {tpm + "enclave.cpu = 'tdx'\nenclave.tsm = 'mnt'", "must be an absolute path"},
      {tpm + "enclave.cpu_root = " + quoted('a'), "needs `enclave.cpu`"},
      {tpm + "enclave.cpu = 'tdx'\nenclave.cpu_root = 'aa'", "is not 64 hexadecimal digits"},
      {tpm + "[enclave.endorsements]\nvek = 'a'", "needs `enclave.cpu`"},
      {tpm + "enclave.cpu = 'tdx'\n[enclave.endorsements]\nroot = 'a'", "root"},
      {tpm + "enclave.cpu = 'tdx'\n[enclave.endorsements]\nquote = 'a'", "quote"}};
  for (const auto& [text, why] : cases) {
    EXPECT_NE(refusal(text).find(why), std::string::npos) << text << "\n" << refusal(text);
  }
}

TEST(AttestedSettings, RefuseAnUpstreamWithoutTls) {
  const std::string text =
      "ledger.origin = 'example.org/log'\nupstream.url = 'http://127.0.0.1:1'\n"
      "upstream.attested.pins = [" +
      quoted('a') + "]\n";
  const auto settings = parse_settings(text, "redoubt.toml");
  ASSERT_FALSE(settings);
  EXPECT_NE(settings.error().message().find("must be https://"), std::string::npos);
}

}  // namespace
}  // namespace redoubt::app
