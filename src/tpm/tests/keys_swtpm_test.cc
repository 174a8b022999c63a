// Keys, credentials and quotes of a software TPM, judged by our verifier and by tpm2-tools.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>

#include "attest/tpm_credential.h"
#include "attest/tpm_structures.h"
#include "attest/verifier.h"
#include "base/unique_fd.h"
#include "crypto/tests/support/test_authority.h"
#include "encoding/base64.h"
#include "tpm/attestation_key.h"
#include "tpm/endorsement.h"
#include "tpm/internal/device.h"
#include "tpm/quote.h"
#include "tpm/tests/support/software_tpm.h"

namespace redoubt::tpm {
namespace {

using testing::code_of;
using testing::measurement;
using testing::why;

const PcrSelection kBoot{0, 1, 2, 3, 4, 5, 6, 7, 14};
const Bytes kNonce(32, std::byte{0x5a});

class TpmKeys : public testing::SoftwareTpm {
 protected:
  static attest::Verdict verify(attest::Evidence evidence, const AttestationKey& key, ByteView nonce) {
    evidence.kind = attest::Kind::kTpm;
    evidence.at = UnixMillis{1'750'000'000'000};
    evidence.nonce = nonce;
    attest::Policy policy;
    policy.pinned_ak = key.public_key().spki_sha256();
    return attest::Verifier(attest::Trust::kNobody).verify(evidence, policy);
  }
  // The bare structures.
  static attest::Verdict verify_files(const AttestationKey& key, const Quote& quote, const MeasurementLog& log,
                                      ByteView nonce = kNonce) {
    const std::string pcrs = pcrs_json(quote.pcrs);
    const Bytes events = log.encode();
    attest::Evidence evidence{};
    evidence.inputs.set(attest::Role::kAk, key.public_area);
    evidence.inputs.set(attest::Role::kAttest, quote.attest);
    evidence.inputs.set(attest::Role::kSignature, quote.signature);
    evidence.inputs.set(attest::Role::kPcrs, as_bytes(pcrs));
    evidence.inputs.set(attest::Role::kEventLog, events);
    return verify(evidence, key, nonce);
  }
  // All in one text.
  static attest::Verdict verify_json(const AttestationKey& key, const Quote& quote, const MeasurementLog& log) {
    const std::string text = evidence_json(key, quote, log);
    attest::Evidence evidence{};
    evidence.inputs.set(attest::Role::kEvidence, as_bytes(text));
    return verify(evidence, key, kNonce);
  }
  // TPM Reset, as a machine that was hibernated sees it, below a connection that stays: swtpm's command CMD_INIT, then
  // what firmware says.
  void reset(Tpm& tpm) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string control = (path() / "tpm.ctrl").string();
    ASSERT_LT(control.size(), sizeof address.sun_path);
    control.copy(address.sun_path, control.size());
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    constexpr std::array<unsigned char, 8> kInit{0, 0, 0, 2};  // its number and no flags, big-endian
    ASSERT_EQ(::write(fd.get(), kInit.data(), kInit.size()), ssize_t{kInit.size()});
    std::array<unsigned char, 4> result{1};
    ASSERT_EQ(::read(fd.get(), result.data(), result.size()), ssize_t{result.size()});
    ASSERT_EQ(result, (std::array<unsigned char, 4>{}));
    ASSERT_EQ(Esys_Startup(TpmAccess::of(tpm).esys(), TPM2_SU_CLEAR), TSS2_RC_SUCCESS);
  }
  void write_pem(const std::string& name, const crypto::PublicKey& key) {
    std::string pem = encoding::base64(key.spki());
    for (std::size_t at = 64; at < pem.size(); at += 65) pem.insert(at, 1, '\n');
    write(name, as_bytes("-----BEGIN PUBLIC KEY-----\n" + pem + "\n-----END PUBLIC KEY-----\n"));
  }
  // What tpm2_checkquote says of the same bytes.
  bool checkquote(const AttestationKey& key, const Quote& quote, const std::string& nonce) {
    write_pem("ak.pem", key.public_key());
    write("q.msg", quote.attest);
    write("q.sig", quote.signature);
    write("q.pcrs", as_tools_keep(quote.pcrs));
    return run("tpm2_checkquote -u ak.pem -m q.msg -s q.sig -g sha256 -f q.pcrs -q " + nonce);
  }
  // Registers as tpm2_quote leaves them: the memory of a TPML_PCR_SELECTION, a count, and that of so many TPML_DIGEST
  // of eight digests each, little-endian.
  static Bytes as_tools_keep(const PcrValues& pcrs) {
    constexpr std::size_t kSelectionSize = 4 + 16 * 8;
    constexpr std::size_t kListSize = 4 + 8 * 66;
    const std::size_t lists = (pcrs.size() + 7) / 8;
    Bytes out(kSelectionSize + 4 + lists * kListSize);
    const auto put = [&](std::size_t at, auto number) { store_le(MutableByteView(out).subspan(at), number); };
    put(0, std::uint32_t{1});
    put(4, std::uint16_t{0x0b});
    put(6, std::uint8_t{3});
    put(7, selection_of(pcrs).bits());
    put(kSelectionSize, static_cast<std::uint32_t>(lists));
    std::size_t i = 0;
    for (const auto& [pcr, value] : pcrs) {
      const std::size_t list = kSelectionSize + 4 + i / 8 * kListSize;
      put(list, static_cast<std::uint32_t>(i % 8 + 1));
      put(list + 4 + i % 8 * 66, std::uint16_t{32});
      std::ranges::copy(value, out.begin() + static_cast<std::ptrdiff_t>(list + 4 + i % 8 * 66 + 2));
      ++i;
    }
    return out;
  }
};

TEST_F(TpmKeys, SaysWhatTheTpmIs) {
  const Tpm tpm = open();
  EXPECT_EQ(tpm.identity().manufacturer, "IBM");
  EXPECT_TRUE(tpm.identity().vendor.starts_with("SW")) << tpm.identity().vendor;
  EXPECT_NE(tpm.identity().firmware_version, 0U);
  EXPECT_TRUE(tpm.identity().is_emulated);
  EXPECT_FALSE(tpm.identity().has_ec_certificate);
  EXPECT_FALSE(tpm.identity().has_rsa_certificate);
}

TEST_F(TpmKeys, MakesAnAttestationKeyThatLivesThroughARestart) {
  Bytes kept;
  {
    Tpm tpm = open();
    const auto key = create_attestation_key(tpm);
    ASSERT_TRUE(key) << why(key);
    const auto area = attest::parse_tpm_public(key->public_area);
    ASSERT_TRUE(area) << why(area);
    EXPECT_TRUE(area->is_attestation_key());
    EXPECT_EQ(area->name, key->name());
    kept = key->encode();
  }
  restart();
  Tpm tpm = open();
  const auto key = AttestationKey::decode(kept);
  ASSERT_TRUE(key) << why(key);
  const auto quote = Quoter(tpm, *key).quote(kBoot, kNonce);
  ASSERT_TRUE(quote) << why(quote);
  const attest::Verdict verdict = verify_files(*key, *quote, MeasurementLog());
  EXPECT_TRUE(verdict.accepted()) << attest::to_json(verdict);
}

TEST_F(TpmKeys, QuotesAreAcceptedByBothVerifiersAndNothingElseIs) {
  MeasurementLog log;
  Tpm tpm = open();
  const auto key = create_attestation_key(tpm);
  ASSERT_TRUE(key) << why(key);
  ASSERT_TRUE(measure(tpm, log, measurement("version 1")));
  ASSERT_TRUE(measure(tpm, log, measurement("policy 1")));
  auto quote = Quoter(tpm, *key).quote(kBoot, kNonce);
  ASSERT_TRUE(quote) << why(quote);
  EXPECT_EQ(quote->pcrs.at(14), log.replay().at(14));
  const std::string nonce = encoding::hex(kNonce);

  attest::Verdict verdict = verify_files(*key, *quote, log);
  EXPECT_TRUE(verdict.accepted()) << attest::to_json(verdict);
  verdict = verify_json(*key, *quote, log);
  EXPECT_TRUE(verdict.accepted()) << attest::to_json(verdict);
  EXPECT_TRUE(checkquote(*key, *quote, nonce)) << said();

  EXPECT_EQ(verify_files(*key, *quote, log, Bytes(32)).reason(), attest::Reason::kNonce);
  EXPECT_FALSE(checkquote(*key, *quote, encoding::hex(Bytes(32))));
  MeasurementLog other;
  ASSERT_TRUE(other.add(measurement("version 2")));
  EXPECT_EQ(verify_files(*key, *quote, other).reason(), attest::Reason::kEventLog);
  EXPECT_EQ(verify_json(*key, *quote, other).reason(), attest::Reason::kEventLog);
  const PcrValues good = quote->pcrs;
  quote->pcrs[14][3] ^= std::byte{1};
  EXPECT_EQ(verify_files(*key, *quote, log).reason(), attest::Reason::kBinding);
  EXPECT_FALSE(checkquote(*key, *quote, nonce));
  quote->pcrs = good;
  quote->attest[40] ^= std::byte{1};
  EXPECT_FALSE(verify_files(*key, *quote, log).accepted());
  EXPECT_FALSE(checkquote(*key, *quote, nonce));
}

TEST_F(TpmKeys, AQuoterQuotesRegistersAsTheyAreNow) {
  MeasurementLog log;
  Tpm tpm = open();
  auto key = create_attestation_key(tpm);
  ASSERT_TRUE(key) << why(key);
  Quoter quoter(tpm, *key);
  for (const char* const version : {"version 1", "version 2", "version 3"}) {
    ASSERT_TRUE(measure(tpm, log, measurement(version)));
    for (int i = 0; i < 2; ++i) {
      const auto quote = quoter.quote(kBoot, kNonce);
      ASSERT_TRUE(quote) << why(quote);
      EXPECT_EQ(quote->pcrs.at(14), log.replay().at(14));
      const attest::Verdict verdict = verify_files(*key, *quote, log);
      EXPECT_TRUE(verdict.accepted()) << attest::to_json(verdict);
    }
  }
  // Of other registers than before, too.
  const auto one = quoter.quote({14}, kNonce);
  ASSERT_TRUE(one) << why(one);
  EXPECT_EQ(one->pcrs.size(), 1U);
}

TEST_F(TpmKeys, AQuoterLoadsItsKeyAnewAfterTheTpmWasReset) {
  Tpm tpm = open();
  auto key = create_attestation_key(tpm);
  ASSERT_TRUE(key) << why(key);
  Quoter quoter(tpm, *key);
  // More often than a TPM has places for objects.
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(quoter.quote(kBoot, kNonce));
  const auto before = quoter.quote(kBoot, kNonce);
  ASSERT_TRUE(before) << why(before);
  ASSERT_NO_FATAL_FAILURE(reset(tpm));
  const auto after = quoter.quote(kBoot, kNonce);
  ASSERT_TRUE(after) << why(after);
  EXPECT_NE(before->pcrs.at(4), after->pcrs.at(4));
  const attest::Verdict verdict = verify_files(*key, *after, MeasurementLog());
  EXPECT_EQ(verdict.reason(), attest::Reason::kMeasurement) << attest::to_json(verdict);  // nothing was measured since
  ASSERT_TRUE(quoter.quote(kBoot, kNonce));
}

TEST_F(TpmKeys, RefusesToQuoteNothingAndShortOrLongQualifyingData) {
  Tpm tpm = open();
  const auto key = create_attestation_key(tpm);
  ASSERT_TRUE(key) << why(key);
  EXPECT_EQ(code_of(Quoter(tpm, *key).quote({}, kNonce)), Errc::kInvalidArgument);
  EXPECT_EQ(code_of(Quoter(tpm, *key).quote(kBoot, Bytes(31))), Errc::kInvalidArgument);
  EXPECT_EQ(code_of(Quoter(tpm, *key).quote(kBoot, Bytes(65))), Errc::kInvalidArgument);
  EXPECT_TRUE(Quoter(tpm, *key).quote(kBoot, Bytes(64)));
}

TEST_F(TpmKeys, RefusesAKeyOfAnotherTpmAndAlteredOnes) {
  Tpm tpm = open();
  auto key = create_attestation_key(tpm);
  ASSERT_TRUE(key) << why(key);
  AttestationKey other = *key;
  other.parent_name.back() ^= std::byte{1};
  EXPECT_EQ(code_of(Quoter(tpm, other).quote(kBoot, kNonce)), Errc::kVerifyFailed);
  for (std::size_t at = 0; at < key->private_area.size(); at += 9) {
    other = *key;
    other.private_area[at] ^= std::byte{4};
    EXPECT_EQ(code_of(Quoter(tpm, other).quote(kBoot, kNonce)), Errc::kCorrupt) << at;
  }
  // The places in the TPM were given back each time.
  EXPECT_TRUE(Quoter(tpm, *key).quote(kBoot, kNonce));
}

TEST_F(TpmKeys, ActivatesCredentialsForItsTwoKeysAndNoOther) {
  Tpm tpm = open();
  const auto key = create_attestation_key(tpm);
  const auto endorsement = read_endorsement(tpm);
  ASSERT_TRUE(key && endorsement) << why(key) << why(endorsement);
  EXPECT_TRUE(endorsement->certificate.empty());
  const auto ek = attest::parse_tpm_public(endorsement->public_area);
  ASSERT_TRUE(ek) << why(ek);
  const auto activate = [&](ByteView name, const crypto::Secret& secret, std::size_t flip = 0) {
    auto credential = attest::make_credential(*ek, name, secret);
    EXPECT_TRUE(credential) << why(credential);
    if (flip != 0) credential->id_object[flip] ^= std::byte{1};
    return activate_credential(tpm, *key, credential->id_object, credential->encrypted_secret);
  };
  const auto secret = crypto::Secret::random(32);
  const auto answer = activate(key->name(), secret);
  ASSERT_TRUE(answer) << why(answer);
  EXPECT_TRUE(crypto::equal_constant_time(answer->reveal(), secret.reveal()));
  Bytes another = key->name();
  another.back() ^= std::byte{1};
  EXPECT_EQ(code_of(activate(another, secret)), Errc::kVerifyFailed);
  EXPECT_EQ(code_of(activate(key->name(), secret, 10)), Errc::kVerifyFailed);
  EXPECT_EQ(code_of(activate(key->name(), secret, 50)), Errc::kVerifyFailed);
  EXPECT_EQ(code_of(activate_credential(tpm, *key, kNonce, kNonce)), Errc::kMalformed);
  EXPECT_EQ(code_of(activate_credential(tpm, *key, {}, {})), Errc::kMalformed);
  EXPECT_TRUE(activate(key->name(), crypto::Secret::random(16)));
}

TEST_F(TpmKeys, ReadsAnEndorsementCertificateAndRefusesThatOfAnotherKey) {
  {
    Tpm tpm = open();
    const auto endorsement = read_endorsement(tpm);
    ASSERT_TRUE(endorsement) << why(endorsement);
    write_pem("ek.pem", endorsement->key);
  }
  // As a maker does it: a certificate, and bytes that the index has left.
  ASSERT_TRUE(run("openssl ecparam -name prime256v1 -genkey -noout -out maker.key") &&
              run("openssl x509 -new -subj /CN=EK -force_pubkey ek.pem -signkey maker.key -outform DER -out good") &&
              run("tpm2_nvdefine 0x01c0000a -C o -s 1000 -a 'ownerwrite|authread|ownerread|no_da'") &&
              run("tpm2_nvwrite 0x01c0000a -C o -i good"))
      << said();
  {
    Tpm tpm = open();
    EXPECT_TRUE(tpm.identity().has_ec_certificate);
    EXPECT_FALSE(tpm.identity().has_rsa_certificate);
    const auto endorsement = read_endorsement(tpm);
    ASSERT_TRUE(endorsement) << why(endorsement);
    EXPECT_EQ(endorsement->certificate, read("good"));
  }
  write("stranger", crypto::TestAuthority("Stranger").certificate());
  ASSERT_TRUE(run("tpm2_nvwrite 0x01c0000a -C o -i stranger")) << said();
  Tpm tpm = open();
  EXPECT_EQ(code_of(read_endorsement(tpm)), Errc::kVerifyFailed);
}

TEST_F(TpmKeys, MakesTheRsaEndorsementKeyWhereThereIsACertificateForThatOnly) {
  ASSERT_TRUE(run("tpm2_nvdefine 0x01c00002 -C o -s 64 -a 'ownerwrite|authread|ownerread|no_da'") &&
              run("echo no certificate | tpm2_nvwrite 0x01c00002 -C o -i -"))
      << said();
  Tpm tpm = open();
  EXPECT_TRUE(tpm.identity().has_rsa_certificate);
  EXPECT_EQ(code_of(read_endorsement(tpm)), Errc::kMalformed);
}

}  // namespace
}  // namespace redoubt::tpm
