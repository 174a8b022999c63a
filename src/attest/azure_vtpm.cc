// Azure's confidential virtual machines: the CPU vouches for the key of a virtual TPM, which quotes what was booted.
#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "attest/hcl_report.h"
#include "attest/internal/examination.h"
#include "attest/internal/json_members.h"
#include "attest/internal/json_text.h"
#include "attest/internal/tpm_evidence.h"
#include "attest/internal/tpm_quote.h"
#include "encoding/base64.h"

namespace redoubt::attest {

namespace {

constexpr std::size_t kMaxQuoteBytes = 1024 * 1024;

// A quote as Azure's tools write it: the message, a bare RSASSA signature with SHA-256, all PCRs of SHA-256.
struct VtpmQuote {
  Bytes message;
  Bytes signature;
  PcrValues pcrs;
};

// The parts of the evidence, from separate files or from one.
struct Parts {
  ByteView hcl_report;  // of a file, or of `decoded`
  VtpmQuote quote;
  std::optional<Bytes> vek_file;         // of SNP, in PEM or DER
  std::vector<crypto::Certificate> vek;  // the same, read
  std::optional<ByteView> td_quote;      // of TDX; likewise
  std::vector<std::unique_ptr<const Bytes>> decoded;

  ByteView keep(Bytes bytes) { return *decoded.emplace_back(std::make_unique<const Bytes>(std::move(bytes))); }
};

// Bytes as text in hexadecimal, in an older form as a list of numbers.
Result<Bytes> read_hex_or_list(JsonMembers& members, std::string_view name) {
  const auto found = members.get(name);
  if (found && found->is_array()) return read_byte_array(found->get_array().value());
  return members.hex(name);
}

Result<VtpmQuote> read_quote(JsonMembers members) {
  auto message = read_hex_or_list(members, "message");
  if (!message) return message.error();
  auto signature = read_hex_or_list(members, "signature");
  if (!signature) return signature.error();
  const auto list = members.array("pcrs");
  if (!list) return list.error();
  auto pcrs = read_pcr_list(*list);
  if (!pcrs) return pcrs.error();
  if (auto all = members.check_all_read(); !all) return all.error();
  pcrs->bank = crypto::HashAlgorithm::kSha256;
  return VtpmQuote{*std::move(message), *std::move(signature), *std::move(pcrs)};
}

Result<VtpmQuote> parse_quote(ByteView text) {
  const auto json = JsonText::parse(text, kMaxQuoteBytes);
  if (!json) return json.error();
  auto root = JsonMembers::of(json->root(), "the vTPM's quote");
  if (!root) return root.error();
  return read_quote(*std::move(root));
}

// base64url without padding (version 1), or a list of numbers (before there were versions). Padding that tools add is
// taken off: its amount follows from the length.
Result<Bytes> read_base64url_or_list(JsonMembers& members, std::string_view name) {
  const auto found = members.get(name);
  if (found && found->is_array()) return read_byte_array(found->get_array().value());
  auto text = members.text(name);
  if (!text) return text.error();
  std::string_view digits = *text;
  if (digits.size() % 4 == 0) {
    for (int i = 0; i < 2 && digits.ends_with('='); ++i) digits.remove_suffix(1);
  }
  auto bytes = encoding::base64url_decode(digits);
  if (!bytes) return bytes.error().in("`" + std::string(name) + "`");
  return bytes;
}

// A VCEK as PEM, or in version 1 as DER in base64url.
Result<Bytes> read_vek(JsonMembers& members) {
  const auto text = members.text("vcek");
  if (!text) return text.error();
  if (text->find("-----BEGIN ") != std::string::npos) return to_bytes(as_bytes(*text));
  return read_base64url_or_list(members, "vcek");
}

// Both forms that Confidential Containers' attesters write: without a version {"report","quote","vcek"} with lists of
// numbers, and version 1 {"version","hcl_report","tpm_quote","vcek" or "td_quote"} in base64url.
Result<Parts> parse_evidence(ByteView text) {
  const auto json = JsonText::parse(text, Evidence::kMaxFileBytes);
  if (!json) return json.error();
  auto root = JsonMembers::of(json->root(), "the evidence");
  if (!root) return root.error();
  Parts out;
  if (root->get("version")) {
    const auto version = root->number("version");
    if (!version) return version.error();
    if (*version != 1) return Error(Errc::kMalformed, "evidence of another version than 1");
  }
  const bool old = root->get("report").has_value();
  auto report = read_base64url_or_list(*root, old ? "report" : "hcl_report");
  if (!report) return report.error();
  out.hcl_report = out.keep(*std::move(report));
  auto members = root->object(old ? "quote" : "tpm_quote");
  if (!members) return members.error();
  auto quote = read_quote(*std::move(members));
  if (!quote) return quote.error();
  out.quote = *std::move(quote);
  if (root->get("td_quote")) {
    auto td_quote = read_base64url_or_list(*root, "td_quote");
    if (!td_quote) return td_quote.error();
    out.td_quote = out.keep(*std::move(td_quote));
  }
  if (root->get("vcek")) {
    auto vek = read_vek(*root);
    if (!vek) return vek.error();
    out.vek_file = *std::move(vek);
  }
  if (auto all = root->check_all_read(); !all) return all.error();
  return out;
}

std::optional<Parts> take_evidence(Examination& examination) {
  const auto file = examination.need(Role::kEvidence);
  if (!file) return std::nullopt;
  auto parts = parse_evidence(*file);
  if (!parts) {
    examination.fail(Reason::kMalformed, parts.error().message());
    return std::nullopt;
  }
  // A VEK that the evidence lacks may come beside it.
  auto vek = parts->vek_file ? examination.read_certificates(*parts->vek_file, "the VEK")
                             : examination.take_certificates(Role::kVek);
  if (!vek) return std::nullopt;
  parts->vek = *std::move(vek);
  return *std::move(parts);
}

std::optional<Parts> take_files(Examination& examination) {
  const auto report = examination.need(Role::kHclReport);
  const auto quote_file = examination.need(Role::kTpmQuote);
  auto vek = examination.take_certificates(Role::kVek);
  const auto td_quote = examination.take(Role::kTdQuote);
  if (!report || !quote_file || !vek) return std::nullopt;
  auto quote = parse_quote(*quote_file);
  if (!quote) {
    examination.fail(Reason::kMalformed, quote.error().message());
    return std::nullopt;
  }
  return Parts{.hcl_report = *report,
               .quote = *std::move(quote),
               .vek_file = {},
               .vek = *std::move(vek),
               .td_quote = td_quote,
               .decoded = {}};
}

// What the CPU signed: nothing when there is no report of it.
std::optional<std::array<std::byte, 64>> examine_hardware(Examination& examination, const HclReport& report,
                                                          const Parts& parts) {
  if (report.type == HclReportType::kSnp) {
    if (parts.td_quote) examination.fail(Reason::kBinding, "a TD quote with the report of an SNP machine");
    if (parts.vek.empty()) {
      examination.fail(Reason::kMalformed, "the VEK of the SNP report is not given");
      return std::nullopt;
    }
    return examine_snp_report(examination, report.hardware_report, parts.vek);
  }
  if (!parts.vek.empty()) examination.fail(Reason::kBinding, "a VEK with the report of a TDX machine");
  if (!parts.td_quote) {
    examination.fail(Reason::kMalformed, "the TD quote is not given");
    return std::nullopt;
  }
  auto data = examine_td_quote(examination, *parts.td_quote);
  // The TDREPORT is authenticated to its own machine only; the quote made from it says the same to others.
  if (data) {
    examination.check(Reason::kBinding, std::ranges::equal(report.td_report_data(), *data),
                      "the TD quote is of the TDREPORT", "the TD quote is of another TDREPORT");
  }
  return data;
}

}  // namespace

void examine_azure_vtpm(Examination& examination) {
  const auto parts = examination.has(Role::kEvidence) ? take_evidence(examination) : take_files(examination);
  if (!parts) return;
  const auto report = parse_hcl_report(
      parts->hcl_report, [&](ByteView runtime_data) { return examination.read_hcl_runtime_data(runtime_data); });
  if (!report) return note_unreadable(examination, "the HCL report", report.error());

  if (const auto report_data = examine_hardware(examination, *report, *parts)) {
    std::array<std::byte, 64> expected{};
    std::ranges::copy(report->runtime_digest, expected.begin());
    examination.check(Reason::kBinding, *report_data == expected, "the CPU's report has the digest of the runtime data",
                      "the CPU's report has the digest of other runtime data");
  }
  examination.claims().emplace_back("vm_configuration", Claim(report->configuration));
  examine_quote(examination,
                {.attest = parts->quote.message,
                 .signature = {.algorithm = TpmAlgorithm::kRsassa,
                               .hash = crypto::HashAlgorithm::kSha256,
                               .rsa = parts->quote.signature,
                               .r = {},
                               .s = {}},
                 .pcrs = parts->quote.pcrs,
                 .event_log = {}},
                report->ak);
}

}  // namespace redoubt::attest
