// Quotes of a TPM that is not ours (swtpm), made and judged by tools that are not ours (tpm2-tools), beside our
// verdict.
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "attest/tests/support/samples.h"
#include "attest/tests/support/tpm_maker.h"
#include "attest/tpm_credential.h"
#include "attest/verifier.h"
#include "base/scratch_folder.h"
#include "crypto/secret.h"

namespace redoubt::attest {
namespace {

constexpr const char* kPcrs = "sha256:0,1,2,3,4,5,6,7";
constexpr const char* kNonce = "6e6f6e6365";

// A TPM of its own for each test, on sockets in its own folder.
class Swtpm : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v swtpm tpm2_quote tpm2_checkquote >/dev/null") != 0) {
      GTEST_SKIP() << "swtpm and tpm2-tools are not installed";
    }
    // The folder by its whole name: a daemon leaves the one in which it was started.
    ASSERT_TRUE(run("swtpm socket --tpm2 --tpmstate dir=" + path().string() +
                    " --ctrl type=unixio,path=tpm.ctrl"
                    " --server type=unixio,path=tpm --flags not-need-init,startup-clear --daemon --pid file=pid"));
    std::ifstream(path() / "pid") >> pid_;
    ASSERT_GT(pid_, 0);
  }
  void TearDown() override {
    if (pid_ > 0) kill(pid_, SIGTERM);
  }

  std::filesystem::path path() const { return scratch_.path(); }
  // A command in the folder. What a command leaves in the TPM is flushed: it has three places.
  bool run(const std::string& command) {
    return std::system(("cd '" + path().string() + "' && export TPM2TOOLS_TCTI=swtpm:path=" + path().string() +
                        "/tpm TSS2_LOG=all+NONE && " + command + " >>out 2>&1")
                           .c_str()) == 0;
  }
  bool tpm(const std::string& command) { return run(command) && run("tpm2_flushcontext -t"); }
  Bytes file(const std::string& name) const { return read_sample(path() / name); }
  void write(const std::string& name, ByteView bytes) {
    std::ofstream(path() / name, std::ios::binary).write(as_chars(bytes).data(), std::ssize(bytes));
  }
  std::string said() const { return std::string(as_chars(file("out"))); }

  void make_keys(const std::string& ek, const std::string& type, const std::string& scheme) {
    ASSERT_TRUE(tpm("tpm2_createek -c ek.ctx -u ek.pub -G " + ek)) << said();
    ASSERT_TRUE(tpm("tpm2_createak -C ek.ctx -c ak.ctx -u ak.pub -n ak.name -g sha256 -G " + type + " -s " + scheme))
        << said();
    ASSERT_TRUE(tpm("tpm2_readpublic -c ak.ctx -f pem -o ak.pem")) << said();
  }
  void quote(const std::string& scheme = "") {
    ASSERT_TRUE(tpm(std::string("tpm2_pcrextend 4:sha256=") + std::string(64, 'a')));
    ASSERT_TRUE(tpm(std::string("tpm2_pcrread -o values ") + kPcrs)) << said();
    ASSERT_TRUE(tpm(std::string("tpm2_quote -c ak.ctx -g sha256 -m q.msg -s q.sig -o q.pcrs -l ") + kPcrs + " -q " +
                    kNonce + (scheme.empty() ? "" : " --scheme " + scheme)))
        << said();
  }
  // What tpm2_checkquote says of the same files; of PCRs it has its own form.
  bool theirs(const std::string& nonce = kNonce, const std::string& pcrs = "-f q.pcrs") {
    return run("tpm2_checkquote -u ak.pem -m q.msg -s q.sig -g sha256 " + pcrs + " -q " + nonce);
  }
  Verdict ours(std::string_view nonce = "nonce") {
    const Bytes ak = file("ak.pub");
    const Bytes attest = file("q.msg");
    const Bytes signature = file("q.sig");
    const Bytes values = file("values");
    std::map<unsigned, Bytes> pcrs;
    for (unsigned i = 0; i < values.size() / 32; ++i) pcrs.emplace(i, to_bytes(ByteView(values).subspan(i * 32, 32)));
    const std::string json = testing::make_pcr_json(pcrs);
    Evidence evidence{.kind = Kind::kTpm, .inputs = {}, .at = UnixMillis{1'750'000'000'000}, .nonce = as_bytes(nonce)};
    evidence.inputs.set(Role::kAk, ak);
    evidence.inputs.set(Role::kAttest, attest);
    evidence.inputs.set(Role::kSignature, signature);
    evidence.inputs.set(Role::kPcrs, as_bytes(json));
    Policy policy;
    if (const auto area = parse_tpm_public(ByteView(ak).subspan(2))) policy.pinned_ak = area->key.spki_sha256();
    return Verifier(Trust::kNobody).verify(evidence, policy);
  }

  ScratchFolder scratch_ = *ScratchFolder::make();
  int pid_ = 0;
};

TEST_F(Swtpm, QuotesOfEachSchemeAreAccepted) {
  for (const auto& [type, scheme] :
       std::vector<std::pair<std::string, std::string>>{{"rsa", "rsassa"}, {"rsa", "rsapss"}, {"ecc", "ecdsa"}}) {
    SCOPED_TRACE(scheme);
    make_keys("ecc", type, scheme);
    quote(scheme);
    // tpm2_checkquote 5.4 knows no RSA signatures but those of PKCS #1 v1.5.
    EXPECT_EQ(theirs(), scheme != "rsapss") << said();
    const Verdict verdict = ours();
    EXPECT_TRUE(verdict.accepted()) << to_json(verdict);
    EXPECT_EQ(*find_claim(verdict.claims, "ak_name")->text(), encoding::hex(file("ak.name")));
  }
}

TEST_F(Swtpm, WhatTheyRefuseIsRefused) {
  make_keys("ecc", "ecc", "ecdsa");
  quote();
  ASSERT_TRUE(theirs() && ours().accepted()) << said() << to_json(ours());
  EXPECT_FALSE(theirs("6e6f6e6366"));
  EXPECT_EQ(ours("noncf").reason(), Reason::kNonce);
  int both = 0;
  for (const char* name : {"q.msg", "q.sig"}) {
    const Bytes good = file(name);
    for (std::size_t at = 0; at < good.size(); at += 5) {
      Bytes bad = good;
      bad[at] ^= std::byte{0x40};
      write(name, bad);
      const bool refused = !ours().accepted();
      EXPECT_TRUE(refused) << name << " at " << at;
      both += refused && !theirs() ? 1 : 0;
    }
    write(name, good);
  }
  EXPECT_GT(both, 25);
  Bytes values = file("values");
  values[100] ^= std::byte{1};
  write("values", values);
  EXPECT_EQ(ours().reason(), Reason::kBinding);
}

TEST_F(Swtpm, ACertifyIsNoQuote) {
  make_keys("ecc", "ecc", "ecdsa");
  quote();
  ASSERT_TRUE(tpm("tpm2_certify -c ak.ctx -C ak.ctx -g sha256 -o q.msg -s q.sig")) << said();
  EXPECT_EQ(ours().reason(), Reason::kMalformed);
}

TEST_F(Swtpm, AForgeryByAKeyThatSignsAnythingIsRefused) {
  ASSERT_TRUE(tpm("tpm2_createprimary -c ak.ctx -G ecc256:ecdsa-sha256:null -a"
                  " 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign'") &&
              tpm("tpm2_readpublic -c ak.ctx -o ak.pub") && tpm("tpm2_readpublic -c ak.ctx -f pem -o ak.pem"))
      << said();
  Bytes values;
  for (const auto& [index, value] : testing::make_pcrs()) append(values, value);
  write("values", values);
  write("q.msg", testing::make_attest({.digested = testing::make_pcrs()}));
  ASSERT_TRUE(tpm("tpm2_sign -c ak.ctx -g sha256 -o q.sig q.msg")) << said();
  EXPECT_TRUE(theirs(kNonce, "")) << "who looks at the signature only is deceived\n" << said();
  EXPECT_EQ(ours().reason(), Reason::kChain);
}

TEST_F(Swtpm, ACredentialIsActivatedByTheKeyThatItIsForAlone) {
  for (const char* type : {"rsa", "ecc"}) {
    SCOPED_TRACE(type);
    make_keys(type, "ecc", "ecdsa");
    const auto ek = parse_tpm_public(ByteView(file("ek.pub")).subspan(2));
    const auto ak = parse_tpm_public(ByteView(file("ak.pub")).subspan(2));
    ASSERT_TRUE(ek && ak);
    EXPECT_TRUE(ak->is_attestation_key());
    const auto activate = [&](ByteView name, const crypto::Secret& secret) {
      const auto credential = make_credential(*ek, name, secret);
      EXPECT_TRUE(credential) << (credential ? "" : credential.error().message());
      write("credential", to_tpm2_tools_file(*credential));
      write("answer", {});
      EXPECT_TRUE(tpm("tpm2_startauthsession --policy-session -S session") && tpm("tpm2_policysecret -S session -c e"));
      const bool done = run("tpm2_activatecredential -c ak.ctx -C ek.ctx -i credential -o answer -P session:session");
      EXPECT_TRUE(run("tpm2_flushcontext session") && run("tpm2_flushcontext -t")) << said();
      return done && std::ranges::equal(file("answer"), secret.reveal());
    };
    EXPECT_TRUE(activate(ak->name, crypto::Secret::random(32))) << said();
    EXPECT_TRUE(activate(ak->name, crypto::Secret::random(1))) << said();
    Bytes other = ak->name;
    other.back() ^= std::byte{1};
    EXPECT_FALSE(activate(other, crypto::Secret::random(32)));
    EXPECT_FALSE(make_credential(*ek, ak->name, crypto::Secret::random(33)));
    EXPECT_FALSE(make_credential(*ek, ak->name, crypto::Secret()));
    EXPECT_FALSE(make_credential(*ak, ak->name, crypto::Secret::random(32)));
  }
}

}  // namespace
}  // namespace redoubt::attest
