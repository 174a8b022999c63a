// dstack's form: a TLS certificate with a TDX quote and an event log in extensions of its own, each an OCTET STRING.
// The report data is the SHA-512 of `ratls-cert:` and the key's SubjectPublicKeyInfo
// (https://github.com/Dstack-TEE/dstack, ra-tls/src/cert.rs and sdk/go/ratls).
#include <string>
#include <utility>

#include "attest/internal/dstack_log.h"
#include "attest/internal/key_evidence_forms.h"
#include "crypto/der.h"
#include "crypto/digest.h"

namespace redoubt::attest {

namespace {

constexpr const char* kQuoteNumber = "1.3.6.1.4.1.62397.1.1";
constexpr const char* kEventLogNumber = "1.3.6.1.4.1.62397.1.2";
// Quote and log together in SCALE, as later versions have them for machines that are no plain trust domain. dstack's
// own verifiers read it before the others.
constexpr const char* kVersioned = "1.3.6.1.4.1.62397.1.8";
constexpr std::string_view kPacked = "ELGZv1";  // what a log under gzip begins with
constexpr std::string_view kContent = "ratls-cert:";
constexpr const char* kLogClaims = "dstack";  // of examine_tdx()

// The content of the OCTET STRING that the extension's value is.
Result<Bytes> content_of(const crypto::Certificate& leaf, const char* number) {
  const auto value = leaf.extension(number);
  if (!value) return Error(Errc::kMalformed, "the certificate has no extension " + std::string(number));
  crypto::DerReader reader(*value);
  const auto content = reader.next(crypto::DerElement::kOctetString);
  if (!content || !reader.at_end()) {
    return Error(Errc::kMalformed, "the extension " + std::string(number) + " of the certificate is no OCTET STRING");
  }
  return to_bytes(*content);
}

class DstackForm final : public KeyEvidenceForm {
 public:
  bool has_kind(Kind kind) const override { return kind == Kind::kTdx; }
  std::string_view path() const override { return {}; }

  Result<KeyEvidence> read(const crypto::Certificate& leaf, std::string_view) const override {
    if (leaf.extension(kVersioned)) {
      return Error(Errc::kUnsupported, "the certificate has dstack's versioned attestation (" +
                                           std::string(kVersioned) +
                                           "), which is not read; only quote and event log of their own are");
    }
    auto quote = content_of(leaf, kQuoteNumber);
    if (!quote) return quote.error();
    auto log = content_of(leaf, kEventLogNumber);
    if (!log) return log.error();
    if (as_chars(*log).starts_with(kPacked)) {
      return Error(Errc::kUnsupported, "the certificate has a dstack log under gzip, which is not read");
    }
    if (!looks_like_dstack_log(*log)) return Error(Errc::kMalformed, "the certificate has no dstack log");
    KeyEvidence out{.evidence = {.kind = Kind::kTdx, .files = {}}, .bound = {}};
    out.evidence.files.push_back({Role::kQuote, *std::move(quote)});
    out.evidence.files.push_back({Role::kEventLog, *std::move(log)});
    const Bytes key = leaf.public_key().spki();
    append(out.bound, crypto::digest(crypto::HashAlgorithm::kSha512, {as_bytes(kContent), key}).view());
    return out;
  }

  // RTMR 3 differs from instance to instance; what it is of is in the log.
  bool pins_code(const ReferenceValue& reference) const override {
    return reference.kind == Kind::kTdx && has_text(reference.claims, "mrtd") &&
           has_texts(reference.claims, "rtmr", {"0", "1", "2"}) &&
           has_texts(reference.claims, kLogClaims, {"app_id", "compose_hash"});
  }

  std::string identity(const Appraisal& appraisal) const override {
    for (const PartResult& part : appraisal.parts) {
      const Claim* const log = find_claim(part.claims, kLogClaims);
      if (log == nullptr || !has_texts(part.claims, kLogClaims, {"app_id", "compose_hash"})) continue;
      return "dstack:" + *find_claim(*log->object(), "app_id")->text() + ":" +
             *find_claim(*log->object(), "compose_hash")->text();
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<const KeyEvidenceForm> make_dstack_form() {
  return std::make_unique<DstackForm>();
}

}  // namespace redoubt::attest
