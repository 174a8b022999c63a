// Documents of AWS Nitro Enclaves. Standard: "Nitro Enclaves Attestation Process" (aws-nitro-enclaves-nsm-api,
// docs/attestation_process.md), by whose sections the comments go, over RFC 9052 and RFC 8949.
//
// A document authenticates every byte of itself: what is not under its signature (§3.1: the unprotected header, a tag)
// must be empty, or the one that it is.
#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "attest/cose_signature.h"
#include "attest/internal/examination.h"
#include "attest/internal/zero.h"
#include "encoding/cbor_reader.h"
#include "encoding/cose.h"

namespace redoubt::attest {

namespace {

using encoding::CborDocument;
using encoding::CborForm;
using encoding::CborMap;
using encoding::CborMember;
using encoding::CborValue;
using encoding::CoseSign1;

// Documents are written with keys in no order, and of indefinite length in part (§3.2.1).
constexpr CborForm kForm = CborForm::kStreamed;
constexpr encoding::CborLimits kLimits{.max_bytes = 16 * 1024, .max_depth = 4, .max_items = 1024};
constexpr std::size_t kMaxDocument = 16 * 1024;  // of a signed document (§3.1: 16,384 bytes of payload)
constexpr std::size_t kMaxCertificate = 1024;    // §3.2.2.2, as for the next ones
constexpr std::size_t kMaxText = 1024;           // §2.2: user_data, nonce and public_key
constexpr std::int64_t kMaxRegisters = 32;
constexpr std::size_t kSha384Size = 48;         // the one digest that there is (§2.2)
constexpr std::int64_t kMeasuredRegisters = 3;  // PCR0 to PCR2: image, kernel and application

struct NitroDocument {
  std::string_view module_id;
  std::uint64_t timestamp_ms = 0;
  std::vector<std::pair<std::int64_t, ByteView>> pcrs;
  ByteView certificate;
  std::vector<ByteView> bundle;  // from the root down
  std::optional<ByteView> public_key;
  std::optional<ByteView> user_data;
  std::optional<ByteView> nonce;
};

Error fault(std::string_view what) {
  return {Errc::kMalformed, "the document's " + std::string(what)};
}

// §3.2.2.2, `pcrs`. The digest is SHA-384, so that of the three sizes named there one is right.
Result<> read_pcrs(const CborMap& pcrs, NitroDocument& out) {
  if (pcrs.size() == 0 || pcrs.size() > static_cast<std::size_t>(kMaxRegisters)) {
    return fault("`pcrs` are no map of 1 to 32 registers");
  }
  for (const CborMember each : pcrs) {
    const auto index = each.key.integer();
    const auto value = each.value.bytes();
    if (!index || *index < 0 || *index >= kMaxRegisters) return fault("`pcrs` have an index outside 0 to 31");
    if (!value || value->size() != kSha384Size) return fault("`pcrs` have a value that is no SHA-384 digest");
    out.pcrs.emplace_back(*index, *value);
  }
  std::ranges::sort(out.pcrs, {}, &std::pair<std::int64_t, ByteView>::first);
  for (std::int64_t i = 0; i < kMeasuredRegisters; ++i) {
    if (!pcrs.find(i)) return fault("`pcrs` lack one of those that measure the enclave");
  }
  return {};
}

Result<ByteView> read_certificate(const CborValue& value) {
  const auto bytes = value.bytes();
  // DER, which begins with a SEQUENCE; a bundle of text is no certificate.
  if (!bytes || bytes->empty() || bytes->size() > kMaxCertificate || bytes->front() != std::byte{0x30}) {
    return fault("certificates are not DER of 1 to 1,024 bytes");
  }
  return *bytes;
}

Result<> read_bundle(const CborValue& value, NitroDocument& out) {
  if (value.array().size() == 0) return fault("`cabundle` is no list of certificates");
  for (const CborValue each : value.array()) {
    const auto certificate = read_certificate(each);
    if (!certificate) return certificate.error();
    out.bundle.push_back(*certificate);
  }
  return {};
}

// Optional fields. §3.2.2.1 says that no field is null, yet documents have null where nothing was given: it counts as
// absent.
Result<> read_optional(const CborValue& value, std::size_t min_size, std::optional<ByteView>& out) {
  if (value.is_null()) return {};
  out = value.bytes();
  if (!out || out->size() < min_size || out->size() > kMaxText) {
    return fault("`public_key`, `user_data` or `nonce` is no byte string of the right size");
  }
  return {};
}

Result<> read_field(std::string_view name, const CborValue& value, NitroDocument& out) {
  if (name == "module_id") {
    out.module_id = value.text().value_or("");
    return out.module_id.empty() ? fault("`module_id` is no text") : Result<>();
  }
  if (name == "digest") return value.text() == "SHA384" ? Result<>() : fault("`digest` is not SHA384");
  if (name == "timestamp") {
    out.timestamp_ms = value.unsigned_integer().value_or(0);
    return out.timestamp_ms == 0 ? fault("`timestamp` is no number above 0") : Result<>();
  }
  if (name == "pcrs") return read_pcrs(value.map(), out);
  if (name == "certificate") {
    const auto certificate = read_certificate(value);
    if (!certificate) return certificate.error();
    out.certificate = *certificate;
    return {};
  }
  if (name == "cabundle") return read_bundle(value, out);
  if (name == "public_key") return read_optional(value, 1, out.public_key);
  if (name == "user_data") return read_optional(value, 0, out.user_data);
  if (name == "nonce") return read_optional(value, 0, out.nonce);
  return fault("field `" + std::string(name.substr(0, 32)) + "` is unknown");
}

// §3.2.2: the fields, each once, none unknown.
Result<NitroDocument> read_document(const CborDocument& payload) {
  NitroDocument out;
  const CborMap fields = payload.root().map();
  for (const std::string_view needed : {"module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"}) {
    if (!fields.find(needed)) return fault("field `" + std::string(needed) + "` is absent");
  }
  for (const CborMember each : fields) {
    const auto name = each.key.text();
    if (!name) return fault("keys are not all text");
    if (const auto read = read_field(*name, each.value, out); !read) return read.error();
  }
  return out;
}

// An enclave in debug mode has zeros where its image would be measured; one register of zeros is enough to doubt.
bool is_debug(const NitroDocument& document) {
  return std::ranges::any_of(document.pcrs,
                             [](const auto& each) { return each.first < kMeasuredRegisters && is_zero(each.second); });
}

void claim(const NitroDocument& document, ClaimObject& claims) {
  ClaimObject pcrs;
  for (const auto& [index, value] : document.pcrs) pcrs.emplace_back(std::to_string(index), value);
  claims.emplace_back("module_id", std::string(document.module_id));
  claims.emplace_back("digest", "SHA384");
  claims.emplace_back("timestamp", document.timestamp_ms);
  claims.emplace_back("debug", is_debug(document));
  claims.emplace_back("pcrs", std::move(pcrs));
  const auto add = [&](const char* name, const std::optional<ByteView>& value) {
    if (value) claims.emplace_back(name, *value);
  };
  add("public_key", document.public_key);
  add("user_data", document.user_data);
  add("nonce", document.nonce);
}

// §3.2.3: from the document's certificate up, in the reversed order of the bundle, to the root.
bool is_in_order(const crypto::Chain& chain, std::span<const ByteView> bundle) {
  if (chain.path.size() > bundle.size() + 1) return false;
  for (std::size_t i = 1; i < chain.path.size(); ++i) {
    if (!std::ranges::equal(chain.path[i].der(), bundle[bundle.size() - i])) return false;
  }
  return true;
}

// §3.2.3.1 to §3.2.3.3. The key that signs the document, if its certificate can be read at all.
std::optional<crypto::Certificate> examine_certificates(Examination& examination, const NitroDocument& document) {
  const auto leaf = examination.read_certificates(document.certificate, "the document's certificate");
  if (!leaf) return std::nullopt;
  std::vector<crypto::Certificate> others;
  for (const ByteView each : document.bundle) {
    const auto read = examination.read_certificates(each, "a certificate of the bundle");
    if (!read) return std::nullopt;
    others.push_back(read->front());
  }
  const crypto::Certificate& signer = leaf->front();
  if (const auto chain = examination.check_chain(signer, others, "the document's certificate")) {
    examination.check(Reason::kChain, is_in_order(*chain, document.bundle), "the bundle goes from the root down",
                      "the bundle does not go from the root down");
  }
  examination.check(Reason::kChain, signer.may_sign() && !signer.is_authority(),
                    "the certificate is one for signatures, not an authority's",
                    "the certificate is an authority's, or not one for signatures");
  return signer;
}

}  // namespace

void examine_nitro(Examination& examination) {
  const auto bytes = examination.need(Role::kDocument);
  if (!bytes) return;
  // Longer only by what a policy may allow to follow; the message itself is bounded by the limits.
  const ByteView readable = bytes->first(std::min(bytes->size(), kMaxDocument));
  const auto message = CoseSign1::read(readable, {.form = kForm, .trailing_allowed = true, .limits = kLimits});
  if (!message) return examination.fail(Reason::kMalformed, "the document: " + message.error().message());
  if (!message->payload() || message->unprotected_header().size() != 0 || message->protected_header().size() != 1) {
    return examination.fail(Reason::kMalformed, "the document has other headers than an algorithm, or no payload");
  }
  const auto payload = CborDocument::read(*message->payload(), kForm, kLimits);
  if (!payload) return examination.fail(Reason::kMalformed, "the document's payload: " + payload.error().message());
  const auto document = read_document(*payload);
  if (!document) return examination.fail(Reason::kMalformed, document.error().message());
  examination.pass(Reason::kMalformed, "the document has the form of a Nitro document");
  examination.check_size(*bytes, readable.size() - message->rest().size(), "the document");
  claim(*document, examination.claims());

  if (const auto leaf = examine_certificates(examination, *document)) {
    // §3.1: ES384 and nothing else.
    const auto verified =
        verify_cose_sign1(*message, leaf->public_key(), {}, *message->payload(), {encoding::cose::kEs384});
    examination.check(Reason::kSignature, verified.has_value(), "the document is signed by its certificate's key",
                      verified ? "" : "the document: " + verified.error().message());
  }
  examination.check_nonce_equal(document->nonce.value_or(ByteView()));
  if (examination.policy().allow_debug) {
    examination.not_asked(Reason::kDebug, "the policy allows debug mode");
  } else {
    examination.check(Reason::kDebug, !is_debug(*document), "the enclave is measured: not in debug mode",
                      "PCR0, PCR1 or PCR2 is all zeros: debug mode");
  }
}

}  // namespace redoubt::attest
