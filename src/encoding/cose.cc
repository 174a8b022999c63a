#include "encoding/cose.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "encoding/cbor_writer.h"

namespace redoubt::encoding {
namespace {

constexpr std::byte kEmptyMap{0xa0};

struct AlgorithmName {
  std::int64_t algorithm;
  std::string_view name;
};
// IANA, COSE Algorithms: those of signatures, the ones included that are refused everywhere.
constexpr std::array<AlgorithmName, 13> kAlgorithmNames = {{
    {cose::kEs256, "ES256"},
    {cose::kEdDsa, "EdDSA"},
    {cose::kEd25519, "Ed25519"},
    {cose::kEs384, "ES384"},
    {cose::kEs512, "ES512"},
    {cose::kPs256, "PS256"},
    {cose::kPs384, "PS384"},
    {cose::kPs512, "PS512"},
    {-47, "ES256K"},
    {-257, "RS256"},
    {-258, "RS384"},
    {-259, "RS512"},
    {-65535, "RS1"},
}};

Error malformed(std::string_view what) {
  return {Errc::kMalformed, "cose: " + std::string(what)};
}

bool is_label(const CborValue& key) {
  return key.integer().has_value() || key.text().has_value();
}

// RFC 9052 §3.1, `crit`: labels of the protected header that a reader must understand, one at least.
Result<> check_critical(const CborMap& header, std::initializer_list<std::int64_t> understood) {
  const CborValue critical = header.find(cose::kCritical);
  if (!critical) return {};
  const CborArray labels = critical.array();
  if (labels.size() == 0) return malformed("`crit` is no list of labels");
  for (const CborValue label : labels) {
    const auto number = label.integer();
    if (!number) return Error(Errc::kUnsupported, "cose: `crit` names a parameter that is not known here");
    if (!header.find(*number)) return malformed("`crit` names a parameter that is not in the protected header");
    constexpr std::array kOwn = {cose::kAlgorithm, cose::kContentType, cose::kKeyId, cose::kCertificateChain};
    if (std::ranges::find(kOwn, *number) == kOwn.end() && std::ranges::find(understood, *number) == understood.end()) {
      return Error(Errc::kUnsupported, "cose: `crit` names a parameter that is not known here");
    }
  }
  return {};
}

// RFC 9052 §3: a label stands once, in one of the two headers.
Result<> check_labels(const CborMap& protected_header, const CborMap& unprotected) {
  for (const CborMember member : protected_header) {
    if (!is_label(member.key)) return malformed("a label that is neither number nor text");
  }
  for (const CborMember member : unprotected) {
    if (!is_label(member.key)) return malformed("a label that is neither number nor text");
    const auto number = member.key.integer();
    if (number ? protected_header.find(*number) : protected_header.find(*member.key.text()))
      return malformed("a parameter in both headers");
  }
  if (unprotected.find(cose::kCritical)) return malformed("`crit` in the unprotected header");
  return {};
}

}  // namespace

std::string cose::algorithm_name(std::int64_t algorithm) {
  for (const AlgorithmName& each : kAlgorithmNames) {
    if (each.algorithm == algorithm) return std::string(each.name);
  }
  return std::to_string(algorithm);
}

Bytes cose::sign1_to_be_signed(ByteView protected_header, ByteView external_data, ByteView payload) {
  // RFC 9052 §4.4: no protected parameters are a byte string of length zero, however the message has them.
  const bool none = protected_header.size() == 1 && protected_header.front() == kEmptyMap;
  Bytes out;
  out.reserve(protected_header.size() + external_data.size() + payload.size() + 32);
  CborWriter cbor(out);
  cbor.begin_array();
  cbor.text("Signature1");
  cbor.bytes(none ? ByteView() : protected_header);
  cbor.bytes(external_data);
  cbor.bytes(payload);
  cbor.end_array();
  return out;
}

CoseSign1::CoseSign1(CborDocument message, CborDocument header, CborMap unprotected, ByteView protected_bytes)
    : message_(std::move(message)),
      header_(std::move(header)),
      unprotected_(unprotected),
      protected_bytes_(protected_bytes) {}

Result<CoseSign1> CoseSign1::read(ByteView bytes, CoseSign1Form form, std::initializer_list<std::int64_t> understood) {
  auto message = CborDocument::read_first(bytes, form.form, form.limits);
  if (!message) return message.error().in("cose");
  const CborValue tagged = message->root().tagged(cose::kSign1Tag);
  if (form.tag_required && !tagged) return malformed("no tag of a signed message");
  const CborArray parts = (tagged ? tagged : message->root()).array();
  if (parts.size() != 4) return malformed("not an array of four");
  const auto protected_bytes = parts.at(0).bytes();
  if (!protected_bytes) return malformed("the protected header is no byte string");
  const CborMap unprotected = parts.at(1).map();
  if (!unprotected) return malformed("the unprotected header is no map");
  const CborValue payload = parts.at(2);
  if (!payload.bytes() && !payload.is_null()) return malformed("the payload is neither byte string nor null");
  const auto signature = parts.at(3).bytes();
  if (!signature) return malformed("the signature is no byte string");
  // Last, so that something else entirely is told from a message with something behind it.
  if (!form.trailing_allowed && !message->rest().empty()) return malformed("bytes after the message");

  auto header = CborDocument::read(*protected_bytes, form.form, form.limits);
  if (!header) return header.error().in("cose: protected header");
  const CborMap protected_map = header->root().map();
  if (!protected_map) return malformed("the protected header is no map");
  if (const auto labels = check_labels(protected_map, unprotected); !labels) return labels.error();
  const auto algorithm = protected_map.find(cose::kAlgorithm).integer();
  if (!algorithm) return malformed("no algorithm in the protected header, or not a number");
  if (const auto critical = check_critical(protected_map, understood); !critical) return critical.error();

  CoseSign1 out(std::move(*message), std::move(*header), unprotected, *protected_bytes);
  out.payload_ = payload.bytes();
  out.signature_ = *signature;
  out.algorithm_ = *algorithm;
  return out;
}

CborMap CoseSign1::protected_header() const {
  return header_.root().map();
}

Bytes CoseSign1::to_be_signed(ByteView external_data, ByteView payload) const {
  return cose::sign1_to_be_signed(protected_bytes_, external_data, payload);
}

Bytes write_cose_sign1(ByteView protected_header, ByteView unprotected_header, std::optional<ByteView> payload,
                       ByteView signature) {
  Bytes out;
  CborWriter cbor(out);
  cbor.tag(cose::kSign1Tag);
  cbor.begin_array();
  cbor.bytes(protected_header);
  cbor.item(unprotected_header);
  if (payload) {
    cbor.bytes(*payload);
  } else {
    cbor.null();
  }
  cbor.bytes(signature);
  cbor.end_array();
  return out;
}

}  // namespace redoubt::encoding
