#include "attest/hcl_report.h"

#include <algorithm>

#include "attest/internal/json_members.h"
#include "attest/internal/json_text.h"
#include "attest/internal/wire_reader.h"
#include "attest/internal/zero.h"
#include "encoding/base64.h"

namespace redoubt::attest {

namespace {

constexpr std::string_view kSignature = "HCLA";
constexpr std::uint32_t kVersionMax = 2;
constexpr std::uint32_t kAttestationRequest = 2;
constexpr std::uint32_t kRuntimeHeaderSize = 20;
constexpr std::uint32_t kRuntimeVersion = 1;
constexpr std::uint32_t kSnpReport = 2;
constexpr std::uint32_t kTdReport = 4;
constexpr std::uint32_t kSha256 = 1;
constexpr std::string_view kAkName = "HCLAkPub";

Error malformed_report(std::string message) {
  return {Errc::kMalformed, "the HCL report: " + std::move(message)};
}

// A JSON Web Key (RFC 7517) for RSA signatures.
Result<crypto::PublicKey> read_key(const simdjson::dom::element& json) {
  auto key = JsonMembers::of(json, "a key of the runtime data");
  if (!key) return key.error();
  const auto type = key->text("kty");
  if (!type) return type.error();
  if (*type != "RSA") return Error(Errc::kUnsupported, "a vTPM's key that is not RSA");
  const auto modulus_text = key->text("n");
  const auto exponent_text = key->text("e");
  if (!modulus_text || !exponent_text) return (modulus_text ? exponent_text : modulus_text).error();
  const auto modulus = encoding::base64url_decode(*modulus_text);
  const auto exponent = encoding::base64url_decode(*exponent_text);
  if (!modulus || !exponent) return malformed_report("a key that is not in base64url");
  return crypto::PublicKey::from_rsa(*modulus, *exponent);
}

}  // namespace

// The whole text is covered by the digest, so members that say nothing here are passed over.
Result<HclRuntimeData> parse_hcl_runtime_data(ByteView text) {
  const auto json = JsonText::parse(text, HclReport::kSize);
  if (!json) return json.error().in("the runtime data");
  auto root = JsonMembers::of(json->root(), "the runtime data");
  if (!root) return root.error();
  const auto keys = root->array("keys");
  if (!keys) return keys.error();
  std::optional<crypto::PublicKey> ak;
  for (const simdjson::dom::element each : *keys) {
    auto members = JsonMembers::of(each, "a key of the runtime data");
    if (!members) return members.error();
    const auto name = members->text("kid");
    if (!name) return name.error();
    if (*name != kAkName) continue;
    if (ak) return malformed_report("`HCLAkPub` stands twice");
    auto key = read_key(each);
    if (!key) return key.error();
    ak = *std::move(key);
  }
  if (!ak) return malformed_report("no key is `HCLAkPub`");
  HclRuntimeData out{.ak = *std::move(ak), .configuration = {}};
  if (const auto configuration = root->get("vm-configuration")) {
    const auto claim = read_claim(*configuration);
    if (!claim || claim->object() == nullptr) return malformed_report("`vm-configuration` is no object of claims");
    out.configuration = *claim->object();
  }
  return out;
}

Result<HclReport> parse_hcl_report(ByteView bytes, const std::function<Result<HclRuntimeData>(ByteView)>& read) {
  WireReader in(bytes);
  const ByteView signature = in.bytes(kSignature.size());
  const auto version = in.le<std::uint32_t>();
  const auto size = in.le<std::uint32_t>();
  const auto request = in.le<std::uint32_t>();
  const ByteView status_and_reserved = in.bytes(16);
  const ByteView hardware = in.bytes(HclReport::kHardwareSize);
  const std::size_t runtime_begin = bytes.size() - in.rest().size();
  const auto data_size = in.le<std::uint32_t>();
  const auto data_version = in.le<std::uint32_t>();
  const auto type = in.le<std::uint32_t>();
  const auto digest = in.le<std::uint32_t>();
  const auto text_size = in.le<std::uint32_t>();
  const ByteView text = in.bytes(text_size);
  if (!in.good()) return malformed_report("it is cut off");
  if (as_chars(signature) != kSignature) return malformed_report("it does not begin with `HCLA`");
  if (version == 0 || version > kVersionMax || data_version != kRuntimeVersion) {
    return malformed_report("it is of another version than 1 or 2");
  }
  if (digest != kSha256) return malformed_report("it has another digest than SHA-256");
  if (request != kAttestationRequest || !is_zero(status_and_reserved) || (type != kSnpReport && type != kTdReport)) {
    return malformed_report("its header is of no attestation");
  }
  if (data_size != kRuntimeHeaderSize + text_size || size != runtime_begin + data_size) {
    return malformed_report("its sizes contradict each other");
  }
  if (bytes.size() > HclReport::kSize || !is_zero(in.rest())) return malformed_report("something follows its end");
  if (type == kTdReport && !is_zero(hardware.subspan(HclReport::kTdReportSize))) {
    return malformed_report("something follows the TDREPORT");
  }
  auto runtime = read(text);
  if (!runtime) return runtime.error();
  return HclReport{.type = type == kSnpReport ? HclReportType::kSnp : HclReportType::kTdx,
                   .hardware_report = hardware,
                   .runtime_data = text,
                   .runtime_digest = crypto::sha256(text),
                   .ak = std::move(runtime->ak),
                   .configuration = std::move(runtime->configuration),
                   .size = size};
}

}  // namespace redoubt::attest
