// Reports and reference manifests of NVIDIA GPUs. The report: internal/nvidia_report.h; the manifest:
// internal/nvidia_rim.h. Given are a report with the certificate chain of its device, a manifest, or both.
#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "attest/internal/examination.h"
#include "attest/internal/nvidia_report.h"
#include "attest/internal/nvidia_rim.h"
#include "attest/internal/signed_xml.h"
#include "encoding/base64.h"
#include "encoding/json_reader.h"

namespace redoubt::attest {

namespace {

using Certificates = std::vector<crypto::Certificate>;

// A report and its chain, as bytes of their own: what was given is text.
struct DeviceEvidence {
  Bytes bytes;          // of the report
  NvidiaReport report;  // views into them
  Certificates chain;   // one at least
};

// As it was given.
struct DeviceFiles {
  Bytes report;
  Bytes chain;  // PEM or DER
};

Result<Bytes> decode_member(const simdjson::dom::object& object, std::string_view name) {
  const std::string_view text = encoding::string_member(object, name);
  if (text.empty()) return Error(Errc::kMalformed, "the evidence has no `" + std::string(name) + "`");
  auto bytes = encoding::base64_decode(text);
  if (!bytes) return bytes.error().in("`" + std::string(name) + "`");
  return bytes;
}

// A list of one object with `certificate` (a PEM bundle) and `evidence` (the report), both in base64. `arch` and
// `nonce` beside them are nobody's statement; they are not read.
Result<DeviceFiles> read_json(ByteView file) {
  encoding::JsonReader reader({.max_bytes = 1024 * 1024, .max_depth = 4});
  const auto root = reader.parse(as_chars(file));
  if (!root) return root.error();
  simdjson::dom::array list;
  simdjson::dom::object object;
  if (root->get_array().get(list) != simdjson::SUCCESS || list.size() != 1 ||
      list.at(0).get_object().get(object) != simdjson::SUCCESS) {
    return Error(Errc::kMalformed, "the evidence is no list of one object");
  }
  for (const auto& member : object) {
    constexpr std::array<std::string_view, 4> kKnown{"arch", "certificate", "evidence", "nonce"};
    if (std::ranges::find(kKnown, member.key) == kKnown.end()) {
      return Error(Errc::kMalformed, "the evidence has an unknown member");
    }
  }
  auto pem = decode_member(object, "certificate");
  if (!pem) return pem.error();
  auto report = decode_member(object, "evidence");
  if (!report) return report.error();
  return DeviceFiles{*std::move(report), *std::move(pem)};
}

Result<DeviceFiles> read_text(ByteView file, ByteView chain) {
  auto report = encoding::hex_decode(as_chars(file));
  if (!report) return report.error().in("the report");
  return DeviceFiles{*std::move(report), to_bytes(chain)};
}

std::optional<DeviceEvidence> take_evidence(Examination& examination) {
  auto files = Result<DeviceFiles>(Error(Errc::kMalformed, ""));
  if (const auto file = examination.take(Role::kEvidence)) {
    files = read_json(*file);
  } else {
    const auto text = examination.need(Role::kReport);
    const auto chain = examination.need(Role::kChain);
    if (!text || !chain) return std::nullopt;
    files = read_text(*text, *chain);
  }
  // The report is looked at first: reading certificates is what takes time.
  auto report = files ? read_nvidia_report(files->report) : Result<NvidiaReport>(files.error());
  if (!report) {
    examination.fail(Reason::kMalformed, report.error().message());
    return std::nullopt;
  }
  auto chain = examination.read_certificates(files->chain, "the device's chain");
  if (!chain) return std::nullopt;
  return DeviceEvidence{std::move(files->report), *std::move(report), *std::move(chain)};
}

// Certificates come from the signer's up, and each is part of the path: nothing that nobody looked at comes with them.
// The anchor may be left out, and what is above a pinned one may be there.
void check_order(Examination& examination, const crypto::Chain& chain, std::span<const crypto::Certificate> given,
                 const std::string& name) {
  bool good = chain.path.size() <= given.size() + 1;
  for (std::size_t i = 0; good && i < std::min(chain.path.size(), given.size()); ++i) {
    good = chain.path[i].sha256() == given[i].sha256();
  }
  examination.check(Reason::kChain, good, name + " comes with its path in order",
                    name + " comes with certificates that are not its path in order");
}

void claim(const NvidiaReport& report, ClaimObject& claims) {
  ClaimObject measurements;
  for (const NvidiaReport::Measurement& each : report.measurements) {
    measurements.emplace_back(std::to_string(each.index), each.value);
  }
  const auto add = [&](const char* name, std::string_view text) {
    if (!text.empty()) claims.emplace_back(name, std::string(text));
  };
  claims.emplace_back("nonce", report.nonce);
  add("driver_version", report.driver_version);
  add("vbios_version", report.vbios_version);
  if (report.fwid) claims.emplace_back("fwid", *report.fwid);
  add("chip_sku", report.chip_sku);
  add("project", report.project);
  add("project_sku", report.project_sku);
  if (report.board_id) claims.emplace_back("board_id", *report.board_id);
  if (report.video_decoder_enabled) claims.emplace_back("nvdec0", *report.video_decoder_enabled);
  claims.emplace_back("measurements", std::move(measurements));
}

void check_firmware(Examination& examination, const NvidiaReport& report, const crypto::Certificate& device) {
  if (!report.fwid) {
    return examination.not_asked(Reason::kBinding, "the report names no firmware: drivers before 550 do not");
  }
  const auto digests = firmware_digests(device);
  const bool bound =
      std::ranges::any_of(digests, [&](const auto& each) { return std::ranges::equal(each, *report.fwid); });
  examination.check(Reason::kBinding, bound, "the firmware is the one that the device's certificate is for",
                    "the firmware is not the one that the device's certificate is for");
}

// The digest of the anchor, if there is a path to one.
std::optional<crypto::Sha256Digest> examine_report(Examination& examination, const DeviceEvidence& evidence) {
  const NvidiaReport& report = evidence.report;
  examination.pass(Reason::kMalformed, "the report has the form of a GPU's attestation report");
  examination.check_size(evidence.bytes, report.size, "the report");
  claim(report, examination.claims());
  const crypto::Certificate& device = evidence.chain.front();
  const auto chain = examination.check_chain(device, std::span(evidence.chain).subspan(1), "the device's certificate");
  if (chain) check_order(examination, *chain, evidence.chain, "the device's certificate");
  const crypto::PublicKey& key = device.public_key();
  const ByteView r = report.signature.first(report.signature.size() / 2);
  const ByteView s = report.signature.subspan(report.signature.size() / 2);
  const bool is_signed = key.type() == crypto::KeyType::kP384 && device.may_sign() && !device.is_authority() &&
                         key.verify_ecdsa(crypto::HashAlgorithm::kSha384, report.signed_part, r, s);
  examination.check(Reason::kSignature, is_signed, "the report is signed by the device's key",
                    "the report is not signed by the device's key");
  check_firmware(examination, report, device);
  examination.check_nonce_equal(report.nonce);
  const bool measured = std::ranges::any_of(report.measurements, [](const NvidiaReport::Measurement& each) {
    return std::ranges::any_of(each.value, [](std::byte value) { return value != std::byte{0}; });
  });
  examination.check(Reason::kMeasurement, measured, "the report has measurements", "the report measures nothing");
  return chain ? std::optional(chain->path.back().sha256()) : std::nullopt;
}

std::optional<NvidiaRim> examine_rim(Examination& examination,
                                     const std::optional<crypto::Sha256Digest>& device_anchor) {
  const auto file = examination.take(Role::kRim);
  if (!file) return std::nullopt;
  const auto read_xml = examination.read_signed_xml(as_chars(*file));
  if (!read_xml) {
    const bool algorithm = read_xml.error().code() == Errc::kUnsupported;
    examination.fail(algorithm ? Reason::kSignature : Reason::kMalformed,
                     "the manifest: " + read_xml.error().message());
    return std::nullopt;
  }
  const std::shared_ptr<const SignedXml>& xml = *read_xml;
  auto rim = read_nvidia_rim(xml->root);
  if (!rim) {
    examination.fail(Reason::kMalformed, rim.error().message());
    return std::nullopt;
  }
  examination.pass(Reason::kMalformed, "the manifest has the form of a signed reference manifest");
  Certificates certificates;
  for (const Bytes& each : xml->certificates) {
    auto read = examination.read_certificates(each, "the manifest's certificate");
    if (!read) return std::nullopt;
    certificates.push_back(read->front());
  }
  const crypto::Certificate& signer = certificates.front();
  if (const auto chain =
          examination.check_chain(signer, std::span(certificates).subspan(1), "the manifest's certificate")) {
    check_order(examination, *chain, certificates, "the manifest's certificate");
    // Devices and manifests have anchors of their own, so that no GPU's key makes reference values.
    examination.check(Reason::kChain, chain->path.back().sha256() != device_anchor && firmware_digests(signer).empty(),
                      "the manifest's certificate is no device's", "the manifest's certificate is a device's");
  }
  examination.check(
      Reason::kSignature, signer.may_sign() && !signer.is_authority() && xml->is_signed_by(signer.public_key()),
      "the manifest is signed by its certificate's key", "the manifest is not signed by its certificate's key");
  return *std::move(rim);
}

void claim(const NvidiaRim& rim, ClaimObject& claims) {
  claims.emplace_back(
      "rim", ClaimObject{{"id", rim.id}, {"creator", rim.creator}, {"product", rim.product}, {"version", rim.version}});
}

void compare(Examination& examination, const NvidiaRim& rim, const NvidiaReport& report) {
  examination.check(
      Reason::kBinding, rim.version == report.driver_version || rim.version == report.vbios_version,
      "the manifest is of the report's driver or VBIOS",
      "the manifest is of `" + rim.version.substr(0, 64) + "`, which is neither the report's driver nor its VBIOS");
  const auto different = differences(rim, report);
  std::string which;
  for (const std::uint8_t index : different) which += (which.empty() ? "" : ", ") + std::to_string(index);
  examination.check(Reason::kMeasurement, different.empty(), "every measurement of the manifest is in the report",
                    "measurements differ from the manifest: " + which);
}

}  // namespace

void examine_nvidia_gpu(Examination& examination) {
  const bool manifest_alone =
      examination.has(Role::kRim) && !examination.has(Role::kReport) && !examination.has(Role::kEvidence);
  std::optional<DeviceEvidence> evidence;
  std::optional<crypto::Sha256Digest> anchor;
  if (!manifest_alone) {
    evidence = take_evidence(examination);
    if (!evidence) return;
    anchor = examine_report(examination, *evidence);
  }
  const auto rim = examine_rim(examination, anchor);
  if (!rim) {
    if (!examination.has(Role::kRim)) {
      examination.not_asked(Reason::kMeasurement, "no manifest was given: measurements are claimed, not compared");
    }
    return;
  }
  claim(*rim, examination.claims());
  if (evidence) compare(examination, *rim, evidence->report);
}

}  // namespace redoubt::attest
