// TPM 2.0 quotes, and what comes without one: event logs and certificates by themselves.
#include <algorithm>
#include <array>
#include <utility>

#include "attest/internal/examination.h"
#include "attest/internal/tpm_evidence.h"
#include "attest/internal/tpm_quote.h"

namespace redoubt::attest {

namespace {

// Purposes of keys (TCG EK Credential Profile 2.3 §3.2.13, TCG Credential Profiles for TPM 1.2 §3.4).
constexpr std::string_view kEkPurpose = "2.23.133.8.1";
constexpr std::string_view kAkPurpose = "2.23.133.8.3";

bool has_purpose(const crypto::Certificate& certificate, std::initializer_list<std::string_view> any_of) {
  const auto purposes = certificate.purposes();
  return !purposes || std::ranges::any_of(any_of, [&](std::string_view each) {
    return std::ranges::find(*purposes, each) != purposes->end();
  });
}

// The certificates that a TPM's key came with.
class Credentials {
 public:
  explicit Credentials(Examination& examination)
      : examination_(examination),
        ak_(examination.take_certificates(Role::kAkCert)),
        ek_(examination.take_certificates(Role::kEkCert)),
        chain_(examination.take_certificates(Role::kChain)),
        lists_(take_lists(examination)) {}

  bool readable() const { return ak_ && ek_ && chain_ && lists_; }
  bool has_ak() const { return ak_ && !ak_->empty(); }
  const crypto::Certificate& ak() const { return ak_->front(); }

  // An attestation key signs: some makers give their AK certificates the purpose of an EK's (Google's), so the usage
  // decides, and a stated purpose must be a TPM's.
  bool check_ak() {
    const bool usage = ak().may_sign() && !ak().is_authority() && has_purpose(ak(), {kAkPurpose, kEkPurpose});
    examination_.check(Reason::kChain, usage, "the AK certificate is for an attestation key",
                       "the AK certificate is not for a key that signs attestations");
    return check_path(*ak_, "the AK certificate") && usage;
  }
  void check_ek() {
    if (!ek_ || ek_->empty()) return;
    const crypto::Certificate& ek = ek_->front();
    const bool usage = ek.may_encrypt_keys() && !ek.is_authority() && has_purpose(ek, {kEkPurpose});
    examination_.check(Reason::kChain, usage, "the EK certificate is for an endorsement key",
                       "the EK certificate is not for an endorsement key");
    check_path(*ek_, "the EK certificate");
    examination_.claims().emplace_back("ek_sha256", ByteView(ek.public_key().spki_sha256()));
  }
  // Certificates by themselves: each has a path, and fits its use.
  void check_alone() {
    if (!readable()) return;
    if (has_ak()) {
      check_ak();
      examination_.claims().emplace_back("ak_sha256", ByteView(ak().public_key().spki_sha256()));
    }
    check_ek();
    if (ak_->empty() && ek_->empty()) check_path(*chain_, "the certificate");
  }

 private:
  static std::optional<std::vector<crypto::RevocationList>> take_lists(Examination& examination) {
    std::vector<crypto::RevocationList> out;
    const auto file = examination.take(Role::kCrl);
    if (!file) return examination.has(Role::kCrl) ? std::nullopt : std::optional(out);
    const auto list = examination.read_revocation_list(*file, "`crl`");
    if (!list) return std::nullopt;
    out.push_back(*list);
    return out;
  }

  // The list is of the path that trust rests on: the AK certificate's, if there is one.
  bool check_path(const std::vector<crypto::Certificate>& bundle, std::string_view name) {
    std::vector<crypto::Certificate> others(bundle.begin() + 1, bundle.end());
    others.insert(others.end(), chain_->begin(), chain_->end());
    const auto lists = std::exchange(*lists_, {});
    return examination_.check_chain(bundle.front(), others, name, lists).has_value();
  }

  Examination& examination_;
  std::optional<std::vector<crypto::Certificate>> ak_;
  std::optional<std::vector<crypto::Certificate>> ek_;
  std::optional<std::vector<crypto::Certificate>> chain_;
  std::optional<std::vector<crypto::RevocationList>> lists_;
};

// Whether anybody who is trusted vouches for the key: who pinned it, or a certificate of it.
void check_trust(Examination& examination, const crypto::PublicKey& ak, Credentials& credentials) {
  const auto& pinned = examination.policy().pinned_ak;
  if (pinned) {
    examination.check(Reason::kChain, ak.spki_sha256() == *pinned, "the attestation key is the pinned one",
                      "the attestation key is not the pinned one");
  }
  if (credentials.has_ak()) {
    credentials.check_ak();
    examination.check(Reason::kBinding, credentials.ak().public_key().spki_sha256() == ak.spki_sha256(),
                      "the AK certificate is of the attestation key", "the AK certificate is of another key");
  } else if (!pinned) {
    examination.fail(Reason::kChain,
                     "nothing vouches for the attestation key: no certificate of it, and it is not "
                     "pinned; an EK certificate vouches for it by credential activation only");
  }
  credentials.check_ek();
}

void check_attributes(Examination& examination, const TpmPublic& ak) {
  examination.check(Reason::kChain, ak.is_attestation_key(),
                    "the attestation key stays in its TPM and signs only what that made",
                    "the attestation key is no restricted signing key that stays in its TPM");
  examination.claims().emplace_back("ak_name", ByteView(ak.name));
}

// The key's own TPM attested its birth: the digest of the creation data, and the name (Part 3 §18.3).
void check_creation(Examination& examination, const TpmPublic& ak, const TpmEvidence::Creation& creation) {
  const auto attest = parse_tpm_attest(creation.attest);
  const auto signature = parse_tpm_signature(creation.signature);
  if (!attest) return note_unreadable(examination, "the creation of the key", attest.error());
  if (!signature) return note_unreadable(examination, "the creation of the key", signature.error());
  if (!attest->creation) return examination.fail(Reason::kMalformed, "the creation of the key is no creation");
  examination.check_size(creation.attest, attest->size, "the creation of the key");
  examination.check_size(creation.signature, signature->size, "the signature of the creation");
  const bool old = signature->hash == crypto::HashAlgorithm::kSha1 && !examination.policy().allow_sha1;
  const auto signs = [&] { return verify_tpm_signature(ak.key, *signature, creation.attest); };
  const Bytes spki = ak.key.spki();
  examination.check(Reason::kSignature, !old && examination.holds({spki, creation.signature, creation.attest}, signs),
                    "the attestation key signed its own creation",
                    old ? "the creation is signed with SHA-1" : "the attestation key did not sign its own creation");
  examination.check(
      Reason::kBinding,
      std::ranges::equal(attest->creation->object_name, ak.name) &&
          std::ranges::equal(attest->creation->creation_hash, crypto::digest(ak.name_hash, creation.data).view()),
      "the creation is of this key", "the creation is of another key, or has other data");
}

// What an AK is given as: its public area, which has its attributes, or the bare key.
struct AkKey {
  crypto::PublicKey key;
  std::optional<TpmPublic> public_area;
};

std::optional<AkKey> read_ak(Examination& examination, ByteView bytes, bool is_public_area) {
  if (!is_public_area) {
    auto key = crypto::PublicKey::from_spki(bytes);
    if (!key) {
      note_unreadable(examination, "the attestation key", key.error());
      return std::nullopt;
    }
    examination.not_asked(Reason::kChain, "the attributes of the attestation key are not given");
    return AkKey{.key = *std::move(key), .public_area = {}};
  }
  // tpm2-tools write it behind its size (TPM2B_PUBLIC), which is larger than the number of any type of key.
  const bool sized = bytes.size() > 2 && load_be<std::uint16_t>(bytes) == bytes.size() - 2;
  if (sized && load_be<std::uint16_t>(bytes) > static_cast<std::uint16_t>(TpmAlgorithm::kEcc)) bytes = bytes.subspan(2);
  auto area = examination.read_tpm_public(bytes);
  if (!area) {
    note_unreadable(examination, "the attestation key", area.error());
    return std::nullopt;
  }
  examination.check_size(bytes, area->size, "the attestation key");
  check_attributes(examination, *area);
  crypto::PublicKey key = area->key;
  return AkKey{.key = std::move(key), .public_area = *std::move(area)};
}

void examine(Examination& examination, const TpmEvidence& evidence, Credentials& credentials) {
  const auto ak = read_ak(examination, evidence.ak, evidence.ak_is_public_area);
  auto signature = parse_tpm_signature(evidence.signature);
  if (!signature) note_unreadable(examination, "the quote", signature.error());
  if (ak && credentials.readable()) check_trust(examination, ak->key, credentials);
  if (!ak || !signature) return;
  examination.check_size(evidence.signature, signature->size, "the signature");
  if (evidence.creation && ak->public_area) check_creation(examination, *ak->public_area, *evidence.creation);
  if (evidence.nonce) {
    const auto attest = parse_tpm_attest(evidence.attest);
    examination.check(Reason::kBinding, attest && std::ranges::equal(attest->extra_data, *evidence.nonce),
                      "the quote has the nonce that is written beside it",
                      "the quote has another nonce than is written beside it");
  }
  examine_quote(examination,
                {.attest = evidence.attest,
                 .signature = *std::move(signature),
                 .pcrs = *evidence.pcrs,
                 .event_log = evidence.event_log},
                ak->key, ak->public_area ? &*ak->public_area : nullptr);
}

void examine_json(Examination& examination, Credentials& credentials) {
  const auto file = examination.need(Role::kEvidence);
  if (!file) return;
  auto evidence = parse_tpm_evidence(*file);
  if (!evidence) return examination.fail(Reason::kMalformed, evidence.error().message());
  if (!evidence->event_log) {
    evidence->event_log = examination.take(Role::kEventLog);
  }
  examine(examination, *evidence, credentials);
}

void examine_files(Examination& examination, Credentials& credentials) {
  const auto ak = examination.need(Role::kAk);
  const auto attest = examination.need(Role::kAttest);
  const auto signature = examination.need(Role::kSignature);
  const auto list = examination.need(Role::kPcrs);
  const auto log = examination.take(Role::kEventLog);
  if (!ak || !attest || !signature || !list) return;
  auto pcrs = examination.read_pcrs(*list);
  if (!pcrs) return examination.fail(Reason::kMalformed, pcrs.error().in("`pcrs`").message());
  examine(examination,
          {.ak = *ak,
           .ak_is_public_area = true,
           .attest = *attest,
           .signature = *signature,
           .pcrs = *std::move(pcrs),
           .event_log = log,
           .nonce = {},
           .creation = {},
           .decoded = {}},
          credentials);
}

}  // namespace

void examine_tpm(Examination& examination) {
  Credentials credentials(examination);
  const bool certificates =
      examination.has(Role::kAkCert) || examination.has(Role::kEkCert) || examination.has(Role::kChain);
  const bool quote = examination.has(Role::kAk) || examination.has(Role::kAttest) ||
                     examination.has(Role::kSignature) || examination.has(Role::kPcrs);
  if (examination.has(Role::kEvidence)) return examine_json(examination, credentials);
  if (quote || (certificates && examination.has(Role::kEventLog))) return examine_files(examination, credentials);
  // Neither carries a nonce.
  examination.check_nonce_equal({});
  if (certificates) return credentials.check_alone();
  if (const auto log = examination.need(Role::kEventLog)) examine_tcg_log(examination, *log);
}

}  // namespace redoubt::attest
