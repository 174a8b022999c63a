// Quotes made here, genuine but for one thing; and the genuine ones of shared data.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "attest/conform.h"
#include "attest/tests/support/samples.h"
#include "attest/tests/support/sweep.h"
#include "attest/tests/support/tpm_maker.h"
#include "attest/verifier.h"

namespace redoubt::attest {
namespace {

using crypto::HashAlgorithm;
using crypto::KeyType;
using crypto::TestAuthority;
using testing::AkTerms;
using testing::QuoteTerms;

constexpr UnixMillis kNow{1'750'000'000'000};

TestAuthority make_ak(KeyType type) {
  crypto::TestTerms terms;
  terms.key = type;
  return TestAuthority("AK", terms);
}

// One for all tests: making RSA keys takes time.
const TestAuthority& rsa_ak() {
  static const TestAuthority ak = make_ak(KeyType::kRsa);
  return ak;
}
const TestAuthority& ecc_ak() {
  static const TestAuthority ak = make_ak(KeyType::kP256);
  return ak;
}

// The files of a quote, good as it is made.
struct QuoteFiles {
  explicit QuoteFiles(const TestAuthority& signer = ecc_ak(), QuoteTerms terms = {}, AkTerms ak_terms = {})
      : key(signer.public_key()) {
    if (terms.digested.empty()) terms.digested = testing::make_pcrs();
    pcrs = testing::make_pcr_json(terms.digested);
    ak = testing::make_public(key, ak_terms);
    attest = testing::make_attest(terms);
    signature = testing::make_signature(signer, attest);
    policy.pinned_ak = key.spki_sha256();
  }

  Verdict verdict() const {
    Evidence evidence{.kind = Kind::kTpm, .inputs = {}, .at = kNow, .nonce = {}};
    evidence.nonce = as_bytes(nonce);
    evidence.inputs.set(Role::kAk, ak);
    evidence.inputs.set(Role::kAttest, attest);
    evidence.inputs.set(Role::kSignature, signature);
    evidence.inputs.set(Role::kPcrs, as_bytes(pcrs));
    for (const auto& [role, bytes] : more) evidence.inputs.set(role, bytes);
    return Verifier(Trust::kNobody).verify(evidence, policy);
  }
  // `accepted`, or the reason.
  std::string answer() const {
    const Verdict given = verdict();
    return given.accepted() ? "accepted" : std::string(to_string(*given.reason()));
  }

  crypto::PublicKey key;
  Bytes ak;
  Bytes attest;
  Bytes signature;
  std::string pcrs;
  std::string nonce = "nonce";
  std::map<Role, Bytes> more;
  Policy policy;
};

TEST(Tpm, AcceptsAQuoteOfEachKindOfKey) {
  EXPECT_EQ(QuoteFiles(ecc_ak()).answer(), "accepted");
  EXPECT_EQ(QuoteFiles(rsa_ak()).answer(), "accepted");
  QuoteFiles pss(rsa_ak(), {}, {.scheme = 0x0016});
  pss.signature = testing::make_signature(rsa_ak(), pss.attest, HashAlgorithm::kSha256, true);
  EXPECT_EQ(pss.answer(), "accepted");
  QuoteFiles sized;
  testing::Wire tpm2b;
  testing::put_sized(tpm2b, sized.ak);
  sized.ak = tpm2b.bytes;
  EXPECT_EQ(sized.answer(), "accepted");
}

TEST(Tpm, ClaimsWhatTheQuoteSays) {
  const Verdict verdict = QuoteFiles().verdict();
  ASSERT_TRUE(verdict.accepted()) << to_json(verdict);
  const auto claim = [&](std::string_view name) { return *find_claim(verdict.claims, name); };
  EXPECT_EQ(*claim("bank").text(), "sha256");
  EXPECT_EQ(*claim("extra_data").text(), encoding::hex(as_bytes("nonce")));
  EXPECT_EQ(*claim("tpm_clock_ms").number(), 1000U);
  EXPECT_EQ(*claim("tpm_reset_count").number(), 2U);
  EXPECT_EQ(*claim("tpm_restart_count").number(), 3U);
  EXPECT_EQ(*claim("tpm_safe").boolean(), true);
  EXPECT_EQ(*claim("tpm_firmware_version").number(), 4U);
  EXPECT_EQ(*claim("signature_algorithm").text(), "ecdsa-sha256");
  EXPECT_EQ(claim("pcrs").object()->size(), 8U);
}

TEST(Tpm, RefusesWhatNoTpmMade) {
  EXPECT_EQ(QuoteFiles(ecc_ak(), {.magic = 0xff544346}).answer(), "malformed");
}

TEST(Tpm, RefusesACertifyOrACreationAsAQuote) {
  for (const std::uint16_t type : {0x8017, 0x8019, 0x801a, 0x8014}) {
    EXPECT_EQ(QuoteFiles(ecc_ak(), {.type = type}).answer(), "malformed") << type;
  }
}

TEST(Tpm, RefusesAKeyThatSignsOrDoesMoreThanAnAttestationKey) {
  const std::uint32_t good = AkTerms{}.attributes;
  for (const std::uint32_t bit : {TpmPublic::kFixedTpm, TpmPublic::kFixedParent, TpmPublic::kSensitiveDataOrigin,
                                  TpmPublic::kRestricted, TpmPublic::kSign, TpmPublic::kDecrypt}) {
    EXPECT_EQ(QuoteFiles(ecc_ak(), {}, {.attributes = good ^ bit}).answer(), "chain") << bit;
  }
}

TEST(Tpm, RefusesASignerThatIsNotTheAttestationKey) {
  QuoteFiles files;
  files.signature = testing::make_signature(make_ak(KeyType::kP256), files.attest);
  EXPECT_EQ(files.answer(), "signature");
  files.signature = testing::make_signature(rsa_ak(), files.attest);
  EXPECT_EQ(files.answer(), "signature");
}

TEST(Tpm, RefusesASignatureInAnotherSchemeThanTheKeys) {
  QuoteFiles pss(rsa_ak());  // an RSASSA key
  pss.signature = testing::make_signature(rsa_ak(), pss.attest, HashAlgorithm::kSha256, true);
  EXPECT_EQ(pss.answer(), "signature");
  QuoteFiles sha384(ecc_ak(), {.digest_hash = HashAlgorithm::kSha384});
  sha384.signature = testing::make_signature(ecc_ak(), sha384.attest, HashAlgorithm::kSha384);
  EXPECT_EQ(sha384.answer(), "signature");
  QuoteFiles any(ecc_ak(), {.digest_hash = HashAlgorithm::kSha384}, {.scheme = 0x0010});
  any.signature = testing::make_signature(ecc_ak(), any.attest, HashAlgorithm::kSha384);
  EXPECT_EQ(any.answer(), "accepted");
}

TEST(Tpm, RefusesAnUntrustedKey) {
  QuoteFiles files;
  files.policy.pinned_ak.reset();
  EXPECT_EQ(files.answer(), "chain");
  files.policy.pinned_ak = rsa_ak().public_key().spki_sha256();
  EXPECT_EQ(files.answer(), "chain");
}

TEST(Tpm, RefusesPcrsThatAreNotThoseQuoted) {
  QuoteTerms terms;
  terms.digested = testing::make_pcrs();
  terms.digested[7][0] ^= std::byte{1};
  QuoteFiles other_value(ecc_ak(), terms);
  other_value.pcrs = testing::make_pcr_json(testing::make_pcrs());
  EXPECT_EQ(other_value.answer(), "binding");

  // The same values under other indices have the same digest.
  auto moved = testing::make_pcrs();
  moved.emplace(16, moved[7]);
  moved.erase(7);
  QuoteFiles other_selection;
  other_selection.pcrs = testing::make_pcr_json(moved);
  EXPECT_EQ(other_selection.answer(), "binding");

  // So have the same bytes cut elsewhere.
  auto cut = testing::make_pcrs();
  cut[0].push_back(cut[1].front());
  cut[1].erase(cut[1].begin());
  QuoteFiles other_cut;
  other_cut.pcrs = testing::make_pcr_json(cut);
  EXPECT_EQ(other_cut.answer(), "binding");

  QuoteFiles other_bank;
  other_bank.pcrs = testing::make_pcr_json(testing::make_pcrs(), "sha384");
  EXPECT_EQ(other_bank.answer(), "binding");

  auto more = testing::make_pcrs();
  more.emplace(8, Bytes{});
  QuoteFiles unquoted;
  unquoted.pcrs = testing::make_pcr_json(more);
  EXPECT_EQ(unquoted.answer(), "binding");
}

TEST(Tpm, RefusesSelectionsThatCanBeReadInTwoWays) {
  const Bytes eight{std::byte{0xff}, std::byte{0}, std::byte{0}};
  const Bytes none(3);
  EXPECT_EQ(QuoteFiles(ecc_ak(), {.selections = {{0x0b, eight}, {0x0b, eight}}}).answer(), "malformed");
  EXPECT_EQ(QuoteFiles(ecc_ak(), {.selections = {{0x0b, eight}, {0x0b, none}}}).answer(), "malformed");
  EXPECT_EQ(QuoteFiles(ecc_ak(), {.selections = {{0x0b, eight}, {0x0c, eight}}}).answer(), "binding");
  EXPECT_EQ(QuoteFiles(ecc_ak(), {.selections = {{0x0b, none}}}).answer(), "binding");
  EXPECT_EQ(QuoteFiles(ecc_ak(), {.selections = {}}).answer(), "binding");
  EXPECT_EQ(QuoteFiles(ecc_ak(), {.selections = {{0x0b, Bytes(4, std::byte{0xff})}}}).answer(), "malformed");
  EXPECT_EQ(QuoteFiles(ecc_ak(), {.selections = {{0x12, eight}}}).answer(), "malformed");
  EXPECT_EQ(QuoteFiles(ecc_ak(), {.selections = {{0x04, none}, {0x0b, eight}}}).answer(), "accepted");
}

TEST(Tpm, RefusesAnotherNonce) {
  QuoteFiles files;
  for (const char* other : {"", "nonc", "nonce ", "nonse"}) {
    files.nonce = other;
    EXPECT_EQ(files.answer(), "nonce") << other;
  }
}

TEST(Tpm, RefusesABootThatWasNotMeasured) {
  QuoteTerms terms;
  for (unsigned i = 0; i < 8; ++i) terms.digested[i] = Bytes(32);
  QuoteFiles files(ecc_ak(), terms);
  EXPECT_EQ(files.answer(), "measurement");
  files.policy.allow_zero_pcrs = true;
  EXPECT_EQ(files.answer(), "accepted");
}

TEST(Tpm, TakesSha1OnlyIfThePolicyDoes) {
  QuoteTerms terms{.selections = {{0x04, {std::byte{0xff}}}}};
  terms.digested = testing::make_pcrs(20);
  QuoteFiles bank(ecc_ak(), terms);
  bank.pcrs = testing::make_pcr_json(terms.digested, "sha1");
  EXPECT_EQ(bank.answer(), "measurement");
  bank.policy.allow_sha1 = true;
  EXPECT_EQ(bank.answer(), "accepted");
  QuoteFiles signature(ecc_ak(), {.digest_hash = HashAlgorithm::kSha1}, {.hash = 0x0004});
  signature.signature = testing::make_signature(ecc_ak(), signature.attest, HashAlgorithm::kSha1);
  EXPECT_EQ(signature.answer(), "signature");
  signature.policy.allow_sha1 = true;
  EXPECT_EQ(signature.answer(), "accepted");
}

TEST(Tpm, NeedsEachFileAndNoOther) {
  const QuoteFiles good;
  for (const Role missing : {Role::kAk, Role::kAttest, Role::kSignature, Role::kPcrs}) {
    Evidence evidence{.kind = Kind::kTpm, .inputs = {}, .at = kNow, .nonce = {}};
    if (missing != Role::kAk) evidence.inputs.set(Role::kAk, good.ak);
    if (missing != Role::kAttest) evidence.inputs.set(Role::kAttest, good.attest);
    if (missing != Role::kSignature) evidence.inputs.set(Role::kSignature, good.signature);
    if (missing != Role::kPcrs) evidence.inputs.set(Role::kPcrs, as_bytes(good.pcrs));
    EXPECT_EQ(Verifier(Trust::kNobody).verify(evidence, good.policy).reason(), Reason::kMalformed);
  }
  QuoteFiles unread;
  unread.more.emplace(Role::kReport, Bytes(10));
  EXPECT_EQ(unread.answer(), "malformed");
}

TEST(Tpm, RefusesEveryCutAndEveryByteMore) {
  const QuoteFiles good;
  for (Bytes QuoteFiles::* part : {&QuoteFiles::ak, &QuoteFiles::attest, &QuoteFiles::signature}) {
    QuoteFiles files = good;
    const Bytes whole = files.*part;
    for (std::size_t size = 0; size < whole.size(); ++size) {
      (files.*part).assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_EQ(files.answer(), "malformed") << size;
    }
    files.*part = whole;
    (files.*part).push_back(std::byte{0});
    EXPECT_EQ(files.answer(), "trailing");
  }
  QuoteFiles files = good;
  for (std::size_t size = 0; size < good.pcrs.size(); ++size) {
    files.pcrs = good.pcrs.substr(0, size);
    EXPECT_EQ(files.answer(), "malformed") << size;
  }
}

// Of what is signed and of the signature every byte counts. Of the public area, the key does; its attributes, name
// digest, policy and scheme are nobody's word but the sender's where the key is pinned by its SubjectPublicKeyInfo.
// They are looked at all the same.
TEST(Tpm, RefusesEveryChangedByteOfAQuote) {
  const QuoteFiles good(rsa_ak());
  for (Bytes QuoteFiles::* part : {&QuoteFiles::attest, &QuoteFiles::signature}) {
    QuoteFiles files = good;
    for (std::size_t at = 0; at < (good.*part).size(); ++at) {
      for (const std::byte mask : {std::byte{0x01}, std::byte{0x80}}) {
        (files.*part)[at] ^= mask;
        EXPECT_NE(files.answer(), "accepted") << at;
        (files.*part)[at] ^= mask;
      }
    }
  }
}

// An AK certificate of a small authority.
struct Certified {
  static crypto::TestTerms leaf(std::string usage, unsigned char purpose) {
    crypto::TestTerms out;
    out.is_authority = false;
    out.key_usage = std::move(usage);
    if (purpose != 0) {  // SEQUENCE of one OBJECT IDENTIFIER, 2.23.133.8.purpose
      Bytes usage_der;
      for (const unsigned each : {0x30, 0x07, 0x06, 0x05, 0x67, 0x81, 0x05, 0x08, int{purpose}}) {
        usage_der.push_back(static_cast<std::byte>(each));
      }
      out.extensions.emplace_back("2.5.29.37", usage_der);
    }
    return out;
  }
  std::string answer(const crypto::TestTerms& terms) {
    const TestAuthority ak("AK", root, terms);
    QuoteFiles files(ak);
    files.policy = {};
    files.more.emplace(Role::kRoot, root.certificate());
    files.more.emplace(Role::kAkCert, ak.certificate());
    return files.answer();
  }
  TestAuthority root{"Maker"};
};

TEST(Tpm, TakesTheWordOfACertificateForTheKey) {
  Certified certified;
  EXPECT_EQ(certified.answer(Certified::leaf("digitalSignature", 3)), "accepted");
  EXPECT_EQ(certified.answer(Certified::leaf("digitalSignature", 0)), "accepted");
}

TEST(Tpm, RefusesACertificateThatIsNotForAnAttestationKey) {
  Certified certified;
  EXPECT_EQ(certified.answer(Certified::leaf("keyEncipherment", 3)), "chain");
  EXPECT_EQ(certified.answer(Certified::leaf("digitalSignature", 2)), "chain");  // a platform's
  crypto::TestTerms authority = Certified::leaf("digitalSignature,keyCertSign", 3);
  authority.is_authority = true;
  EXPECT_EQ(certified.answer(authority), "chain");
  crypto::TestTerms ended = Certified::leaf("digitalSignature", 3);
  ended.to = UnixMillis{kNow.value - 1000};
  EXPECT_EQ(certified.answer(ended), "expired");
}

TEST(Tpm, RefusesARevokedCertificate) {
  Certified certified;
  const TestAuthority good("good", certified.root, Certified::leaf("digitalSignature", 3));
  const TestAuthority bad("bad", certified.root, Certified::leaf("digitalSignature", 3));
  const Bytes list = certified.root.revoke({&bad}, UnixMillis{kNow.value - 1000}, UnixMillis{kNow.value + 1000});
  for (const TestAuthority* each : {&good, &bad}) {
    QuoteFiles files(*each);
    files.policy = {};
    files.more = {
        {Role::kRoot, certified.root.certificate()}, {Role::kAkCert, each->certificate()}, {Role::kCrl, list}};
    EXPECT_EQ(files.answer(), each == &good ? "accepted" : "revoked");
    files.more[Role::kCrl] = Bytes(3);
    EXPECT_EQ(files.answer(), "malformed");
  }
}

TEST(Tpm, RefusesACertificateOfAnotherKeyAndAnEkCertificateForAnAk) {
  Certified certified;
  const TestAuthority other("other", certified.root, Certified::leaf("digitalSignature", 3));
  QuoteFiles files;
  files.policy = {};
  files.more.emplace(Role::kRoot, certified.root.certificate());
  files.more.emplace(Role::kAkCert, other.certificate());
  EXPECT_EQ(files.answer(), "binding");
  const TestAuthority ek("EK", certified.root, Certified::leaf("keyAgreement", 1));
  files.more.erase(Role::kAkCert);
  files.more.emplace(Role::kEkCert, ek.certificate());
  EXPECT_EQ(files.answer(), "chain");
  files.policy.pinned_ak = files.key.spki_sha256();
  EXPECT_EQ(files.answer(), "accepted");
}

std::string log_event(unsigned pcr, std::string_view data) {
  testing::Wire out;
  out.le(std::uint32_t{pcr}).le(std::uint32_t{13});
  out.raw(crypto::digest(HashAlgorithm::kSha1, as_bytes(data)).view()).le(std::uint32_t(data.size())).raw(data);
  return std::string(as_chars(out.bytes));
}

TEST(Tpm, RefusesALogThatDoesNotReplayToTheQuote) {
  QuoteTerms terms{.selections = {{0x04, {std::byte{0xff}}}}};
  terms.digested = testing::make_pcrs(20);
  const Bytes zeros(20);
  terms.digested[4] = to_bytes(
      crypto::digest(HashAlgorithm::kSha1, {zeros, crypto::digest(HashAlgorithm::kSha1, as_bytes("loader")).view()})
          .view());
  QuoteFiles files(ecc_ak(), terms);
  files.pcrs = testing::make_pcr_json(terms.digested, "sha1");
  files.policy.allow_sha1 = true;
  const auto with_log = [&](const std::string& log) {
    files.more[Role::kEventLog] = to_bytes(as_bytes(log));
    return files.answer();
  };
  EXPECT_EQ(with_log(log_event(4, "loader")), "accepted");
  EXPECT_EQ(with_log(log_event(4, "leader")), "event_log");
  EXPECT_EQ(with_log(log_event(4, "loader") + log_event(4, "more")), "event_log");
  EXPECT_EQ(with_log(log_event(4, "loader") + log_event(5, "of another boot")), "event_log");
  EXPECT_EQ(with_log(log_event(4, "loader") + "x"), "malformed");
  // What is not quoted is told: its events are nobody's word.
  EXPECT_EQ(with_log(log_event(4, "loader") + log_event(9, "unquoted")), "accepted");
  const Verdict verdict = files.verdict();
  const ClaimList flags = *find_claim(verdict.claims, "event_log_flags")->list();
  EXPECT_NE(std::ranges::find(flags, Claim("PCR 9 has events and is not quoted")), flags.end());
  files.policy.reference.emplace_back("event_log_flags", Claim(ClaimList{}));
  EXPECT_EQ(files.answer(), "measurement");
}

TEST(Tpm, RefusesANonceAskedOfWhatCarriesNone) {
  const std::string log = log_event(4, "loader");
  Evidence evidence{.kind = Kind::kTpm, .inputs = {}, .at = kNow, .nonce = {}};
  evidence.inputs.set(Role::kEventLog, as_bytes(log));
  Policy policy;
  policy.allow_sha1 = true;
  EXPECT_TRUE(Verifier(Trust::kNobody).verify(evidence, policy).accepted());
  evidence.nonce = as_bytes("nonce");
  EXPECT_EQ(Verifier(Trust::kNobody).verify(evidence, policy).reason(), Reason::kNonce);
  evidence.nonce = ByteView();
  EXPECT_EQ(Verifier(Trust::kNobody).verify(evidence, policy).reason(), Reason::kNonce);
}

TEST(Tpm, AnswersTheSharedCases) {
  const auto folder = samples_folder();
  if (!folder) GTEST_SKIP() << kNoSamples;
  const auto report = run_cases(*folder / "tpm");
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->passed(), 64U);
  for (const CaseResult& each : report->cases) EXPECT_TRUE(each.passed) << each.id << ": " << each.problem;
  for (const std::string& each : report->problems) ADD_FAILURE() << each;
}

// The genuine quote of shared data: every byte of its structures counts, but for those of the public area that are
// nobody's word (docs/attestation.md).
TEST(Tpm, RefusesEveryChangedByteOfASharedQuote) {
  const auto folder = samples_folder();
  if (!folder) GTEST_SKIP() << kNoSamples;
  QuoteFiles files;
  files.ak = read_sample(*folder / "tpm/c2-ak.tpmt_public");
  files.attest = read_sample(*folder / "tpm/c2-quote1.attest");
  files.signature = read_sample(*folder / "tpm/c2-quote1.sig");
  files.pcrs = std::string(as_chars(read_sample(*folder / "tpm/c2-quote1.pcrs.json")));
  files.nonce = "\x90\x09";
  const auto ak = parse_tpm_public(files.ak);
  ASSERT_TRUE(ak) << ak.error().message();
  files.policy.pinned_ak = ak->key.spki_sha256();
  ASSERT_EQ(files.answer(), "accepted");
  std::vector<std::size_t> irrelevant;
  for (Bytes QuoteFiles::* part : {&QuoteFiles::ak, &QuoteFiles::attest, &QuoteFiles::signature}) {
    for (std::size_t at = 0; at < (files.*part).size(); ++at) {
      (files.*part)[at] ^= std::byte{0x01};
      if (files.answer() == "accepted") {
        EXPECT_EQ(part, &QuoteFiles::ak) << at;
        irrelevant.push_back(at);
      }
      (files.*part)[at] ^= std::byte{0x01};
    }
  }
  // Attributes that an attestation key may have or not, and the policy that opens it to its user.
  for (const std::size_t at : irrelevant) EXPECT_TRUE((at >= 4 && at < 8) || (at >= 10 && at < 42)) << at;
}

// Evidence of others, in JSON: every byte counts, or is nobody's word (docs/attestation.md).
TEST(Tpm, RefusesEveryChangedByteOfSharedEvidenceInJson) {
  const auto folder = samples_folder();
  if (!folder) GTEST_SKIP() << kNoSamples;
  struct Sample {
    const char* file;
    std::string_view pinned_ak;
    std::uint64_t sample_of;
    std::vector<std::string_view> unsigned_members;
  };
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Verifier verifier(Trust::kNobody);
  for (const Sample& sample :
       {Sample{"tpm/c1-evidence.json", "a517f03ffdaee469aef1a19569547e330726335d0461c3ef6383409c6295679e", 10, {}},
        // Of the log, data of events that their digest is not of.
        Sample{"tpm/c3-windows-shielded-vm.json",
               "2190373af1e3553a94c7dfec53b1c789bd48213d9b3d0cf8d82c8333edbb9c8c",
               200,
               {"PCRAlg", "Raw"}}}) {
    SCOPED_TRACE(sample.file);
    const Bytes file = read_sample(*folder / sample.file);
    const std::string_view text = as_chars(file);
    Policy policy;
    policy.allow_sha1 = policy.allow_zero_pcrs = true;
    std::ranges::copy(*encoding::hex_decode(sample.pinned_ak), policy.pinned_ak.emplace().begin());
    Evidence evidence{.kind = Kind::kTpm, .inputs = {}, .at = kNow, .nonce = {}};
    evidence.inputs.set(Role::kEvidence, file);
    ASSERT_TRUE(verifier.verify(evidence, policy).accepted()) << to_json(verifier.verify(evidence, policy));
    const auto is_unsigned = [&](std::size_t at) {
      return std::ranges::any_of(sample.unsigned_members, [&](std::string_view name) {
        const std::size_t value = text.find("\"" + std::string(name) + "\":") + name.size() + 3;
        return at >= value && at < text.find_first_of(",}", value);
      });
    };
    for (const std::size_t at :
         accepted_changes(verifier, evidence, Role::kEvidence, policy, sweep_sample(sample.sample_of), seed)) {
      const auto c = static_cast<unsigned char>(text[at]);
      const bool hexadecimal = at > text.find("\"pcrs\"") && std::isalpha(c) != 0;  // a digit of the other case
      EXPECT_TRUE(std::isspace(c) != 0 || hexadecimal || is_unsigned(at)) << at << " `" << text[at] << "`";
    }
    EXPECT_EQ(first_accepted_cut(verifier, evidence, Role::kEvidence, policy, sweep_sample(200), seed),
              text.find_last_of('}') + 1);
  }
}

}  // namespace
}  // namespace redoubt::attest
