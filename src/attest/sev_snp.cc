#include <algorithm>

#include "attest/internal/examination.h"
#include "attest/internal/zero.h"
#include "attest/sev_snp_report.h"
#include "crypto/der.h"

namespace redoubt::attest {

namespace {

using crypto::der_small_integer;
using crypto::DerElement;
using crypto::DerReader;

// Extensions of a VCEK or VLEK: "Versioned Chip Endorsement Key (VCEK) Certificate and KDS Interface Specification"
// (AMD 57230), §3.1; the VLEK's has the same numbers.
constexpr const char* kProductName = "1.3.6.1.4.1.3704.1.2";
constexpr const char* kBootLoaderSvn = "1.3.6.1.4.1.3704.1.3.1";
constexpr const char* kTeeSvn = "1.3.6.1.4.1.3704.1.3.2";
constexpr const char* kSnpSvn = "1.3.6.1.4.1.3704.1.3.3";
constexpr const char* kReservedSvns[] = {"1.3.6.1.4.1.3704.1.3.4", "1.3.6.1.4.1.3704.1.3.5", "1.3.6.1.4.1.3704.1.3.6",
                                         "1.3.6.1.4.1.3704.1.3.7"};
constexpr const char* kMicrocodeSvn = "1.3.6.1.4.1.3704.1.3.8";
constexpr const char* kFmcSvn = "1.3.6.1.4.1.3704.1.3.9";
constexpr const char* kHardwareId = "1.3.6.1.4.1.3704.1.4";
constexpr const char* kCspId = "1.3.6.1.4.1.3704.1.5";

// What a VCEK or VLEK says of itself.
struct VekDetails {
  std::string product;  // `Milan`, `Genoa`, `Turin`
  SnpTcbLayout layout = SnpTcbLayout::kFamily19h;
  SnpTcb tcb;
  std::optional<ByteView> hardware_id;  // of a VCEK
  std::string csp_id;                   // of a VLEK
};

std::optional<std::uint8_t> read_svn(const crypto::Certificate& vek, const char* oid) {
  const auto extension = vek.extension(oid);
  if (!extension) return std::nullopt;
  DerReader reader(*extension);
  const auto value = reader.next(DerElement::kInteger);
  if (!value || !reader.at_end()) return std::nullopt;
  const auto number = der_small_integer(*value);
  if (!number || *number > 255) return std::nullopt;
  return static_cast<std::uint8_t>(*number);
}

std::string read_text(const crypto::Certificate& vek, const char* oid) {
  const auto extension = vek.extension(oid);
  if (!extension) return {};
  DerReader reader(*extension);
  const auto value = reader.next(DerElement::kIa5String);
  if (!value || !reader.at_end()) return {};
  return std::string(as_chars(*value));
}

// The chip's id: bare in older certificates, an OCTET STRING in newer ones.
std::optional<ByteView> read_hardware_id(const crypto::Certificate& vek) {
  const auto extension = vek.extension(kHardwareId);
  if (!extension || extension->size() == 64 || extension->size() == 8) return extension;
  DerReader reader(*extension);
  const auto value = reader.next(DerElement::kOctetString);
  if (!value || !reader.at_end()) return std::nullopt;
  return value;
}

// Nothing when a part is missing, or not in its form.
std::optional<VekDetails> read_vek(const crypto::Certificate& vek) {
  VekDetails out;
  const std::string name = read_text(vek, kProductName);  // `Milan-B0`, `Genoa`
  out.product = name.substr(0, name.find('-'));
  if (out.product != "Milan" && out.product != "Genoa" && out.product != "Turin") return std::nullopt;
  const auto boot_loader = read_svn(vek, kBootLoaderSvn);
  const auto tee = read_svn(vek, kTeeSvn);
  const auto snp = read_svn(vek, kSnpSvn);
  const auto microcode = read_svn(vek, kMicrocodeSvn);
  if (!boot_loader || !tee || !snp || !microcode) return std::nullopt;
  out.tcb = {{}, *boot_loader, *tee, *snp, *microcode};
  for (const char* reserved : kReservedSvns) {
    if (vek.extension(reserved) && read_svn(vek, reserved) != 0) out.tcb.reserved_are_zero = false;
  }
  if (out.product == "Turin") {
    out.layout = SnpTcbLayout::kFamily1Ah;
    out.tcb.fmc = read_svn(vek, kFmcSvn);
    if (!out.tcb.fmc) return std::nullopt;
  }
  out.hardware_id = read_hardware_id(vek);
  out.csp_id = read_text(vek, kCspId);
  return out;
}

// The names that AMD gives: SEV-VCEK below SEV-Milan below ARK-Milan, and SEV-VLEK below SEV-VLEK-Milan. The anchor may
// be any of them.
bool has_names(const std::vector<crypto::Certificate>& path, SnpSigningKey key, const std::string& product) {
  const bool vlek = key == SnpSigningKey::kVlek;
  const std::array<std::string, 3> names{vlek ? "SEV-VLEK" : "SEV-VCEK", (vlek ? "SEV-VLEK-" : "SEV-") + product,
                                         "ARK-" + product};
  if (path.size() > names.size()) return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i].common_name() != names[i]) return false;
  }
  return true;
}

// Whether the processor that a report of version 3 and later names is of the product.
bool is_of_product(const SnpCpuid& cpuid, const std::string& product) {
  if (product == "Turin") return cpuid.family == 0x1a;
  return cpuid.family == 0x19 && (product == "Milan") == (cpuid.model < 0x10);
}

Claim claim_of(const SnpTcbBytes& bytes, SnpTcbLayout layout) {
  const SnpTcb tcb = read_snp_tcb(bytes, layout);
  ClaimObject out{{"boot_loader", std::uint64_t{tcb.boot_loader}},
                  {"tee", std::uint64_t{tcb.tee}},
                  {"snp", std::uint64_t{tcb.snp}},
                  {"microcode", std::uint64_t{tcb.microcode}}};
  if (tcb.fmc) out.emplace_back("fmc", std::uint64_t{*tcb.fmc});
  return out;
}

Claim claim_of(const SnpFirmwareVersion& version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor) + "." + std::to_string(version.build);
}

Claim claim_policy_bits(std::uint64_t policy) {
  const auto has = [&](std::uint64_t bit) { return Claim((policy & bit) != 0); };
  return ClaimObject{{"abi_major", (policy >> 8) & 0xff},
                     {"abi_minor", policy & 0xff},
                     {"smt", has(SnpGuestPolicy::kSmt)},
                     {"migrate_ma", has(SnpGuestPolicy::kMigrateMa)},
                     {"debug", has(SnpGuestPolicy::kDebug)},
                     {"single_socket", has(SnpGuestPolicy::kSingleSocket)},
                     {"cxl_allowed", has(SnpGuestPolicy::kCxlAllowed)},
                     {"mem_aes_256_xts", has(SnpGuestPolicy::kMemAes256Xts)},
                     {"rapl_disabled", has(SnpGuestPolicy::kRaplDisabled)},
                     {"ciphertext_hiding_dram", has(SnpGuestPolicy::kCiphertextHidingDram)},
                     {"page_swap_disabled", has(SnpGuestPolicy::kPageSwapDisabled)}};
}

Claim claim_platform_bits(std::uint64_t info) {
  const auto has = [&](std::uint64_t bit) { return Claim((info & bit) != 0); };
  return ClaimObject{{"smt_enabled", has(SnpPlatformInfo::kSmtEnabled)},
                     {"tsme_enabled", has(SnpPlatformInfo::kTsmeEnabled)},
                     {"ecc_enabled", has(SnpPlatformInfo::kEccEnabled)},
                     {"rapl_disabled", has(SnpPlatformInfo::kRaplDisabled)},
                     {"ciphertext_hiding_dram", has(SnpPlatformInfo::kCiphertextHidingDram)},
                     {"alias_check_complete", has(SnpPlatformInfo::kAliasCheckComplete)},
                     {"tio_enabled", has(SnpPlatformInfo::kTioEnabled)}};
}

void add_claims(ClaimObject& out, const SnpReport& report) {
  const auto add = [&](const char* name, Claim value) { out.emplace_back(name, std::move(value)); };
  const auto add_bytes = [&](const char* name, ByteView bytes) { out.emplace_back(name, bytes); };
  add("version", std::uint64_t{report.version});
  add("guest_svn", std::uint64_t{report.guest_svn});
  add("guest_policy", report.policy);
  add("guest_policy_bits", claim_policy_bits(report.policy));
  add("debug", report.debug());
  add_bytes("family_id", report.family_id);
  add_bytes("image_id", report.image_id);
  add("vmpl", std::uint64_t{report.vmpl});
  add("platform_info", report.platform_info);
  add("platform_info_bits", claim_platform_bits(report.platform_info));
  add("author_key_enabled", report.author_key_enabled);
  add("mask_chip_key", report.mask_chip_key);
  add("signing_key", std::string(to_string(report.signing_key)));
  add_bytes("report_data", report.report_data);
  add_bytes("measurement", report.measurement);
  add_bytes("host_data", report.host_data);
  add_bytes("id_key_digest", report.id_key_digest);
  add_bytes("author_key_digest", report.author_key_digest);
  add_bytes("report_id", report.report_id);
  add_bytes("report_id_ma", report.report_id_ma);
  add_bytes("chip_id", report.chip_id);
  add_bytes("current_tcb", report.current_tcb);
  add_bytes("reported_tcb", report.reported_tcb);
  add_bytes("committed_tcb", report.committed_tcb);
  add_bytes("launch_tcb", report.launch_tcb);
  add("current_version", claim_of(report.current_version));
  add("committed_version", claim_of(report.committed_version));
  if (report.cpuid) {
    add("cpuid", ClaimObject{{"family", std::uint64_t{report.cpuid->family}},
                             {"model", std::uint64_t{report.cpuid->model}},
                             {"stepping", std::uint64_t{report.cpuid->stepping}}});
  }
  if (report.launch_mit_vector) add("launch_mit_vector", *report.launch_mit_vector);
  if (report.current_mit_vector) add("current_mit_vector", *report.current_mit_vector);
}

std::optional<std::vector<crypto::RevocationList>> take_lists(Examination& examination) {
  std::vector<crypto::RevocationList> out;
  const auto file = examination.take(Role::kCrl);
  if (!file) return examination.has(Role::kCrl) ? std::nullopt : std::optional(out);
  const auto list = examination.read_revocation_list(*file, "`crl`");
  if (!list) return std::nullopt;
  out.push_back(*list);
  return out;
}

// Whether the VEK is of the chip, of the version of firmware, and of the kind, that the report names.
void check_binding(Examination& examination, const SnpReport& report, const VekDetails& vek) {
  examination.check(Reason::kBinding,
                    read_snp_tcb(report.reported_tcb, vek.layout) == vek.tcb && vek.tcb.reserved_are_zero,
                    "the reported TCB is the one that the VEK is for", "the VEK is for another TCB than the report's");
  if (report.cpuid) {
    examination.check(Reason::kBinding, is_of_product(*report.cpuid, vek.product),
                      "the processor is of the product that the VEK is for",
                      "the VEK is for another product than the report's processor");
  }
  if (report.signing_key != SnpSigningKey::kVcek) return;
  if (!vek.hardware_id || (vek.hardware_id->size() != 64 && vek.hardware_id->size() != 8)) {
    examination.fail(Reason::kBinding, "the VCEK names no chip");
    return;
  }
  if (is_zero(report.chip_id)) {
    return examination.not_asked(Reason::kBinding, "the report's chip id is masked: only its signature names the chip");
  }
  const ByteView chip_id = report.chip_id;
  const std::size_t size = vek.hardware_id->size();  // 8 bytes from Turin on, the rest of the field is zero
  examination.check(Reason::kBinding,
                    std::ranges::equal(chip_id.first(size), *vek.hardware_id) && is_zero(chip_id.subspan(size)),
                    "the VCEK is of the chip that the report names", "the VCEK is of another chip than the report's");
}

}  // namespace

std::optional<std::array<std::byte, 64>> examine_snp_report(Examination& examination, ByteView bytes,
                                                            std::span<const crypto::Certificate> vek_bundle) {
  if (!examination.check_size(bytes, SnpReport::kSize, "the report")) return std::nullopt;
  const auto report = parse_snp_report(bytes);
  if (!report) {
    examination.fail(Reason::kMalformed, report.error().message());
    return std::nullopt;
  }
  add_claims(examination.claims(), *report);
  examination.check(
      Reason::kDebug, !report->debug() || examination.policy().allow_debug,
      report->debug() ? "the host may debug the guest, which the policy allows" : "the host may not debug the guest",
      "the host may debug the guest: it can read and change its memory");
  const auto lists = take_lists(examination);
  if (!lists || vek_bundle.empty()) {
    if (vek_bundle.empty()) examination.fail(Reason::kMalformed, "there is no VCEK or VLEK");
    return report->report_data;
  }
  const crypto::Certificate& vek = vek_bundle.front();
  const auto details = read_vek(vek);
  const auto chain = examination.check_chain(vek, vek_bundle.subspan(1), "the VEK", *lists);
  if (!details) {
    examination.fail(Reason::kMalformed, "the VEK does not have the extensions of a VCEK or VLEK");
    return report->report_data;
  }
  ClaimObject& claims = examination.claims();
  claims.emplace_back("product", details->product);
  claims.emplace_back("reported_tcb_svns", claim_of(report->reported_tcb, details->layout));
  claims.emplace_back("current_tcb_svns", claim_of(report->current_tcb, details->layout));
  claims.emplace_back("committed_tcb_svns", claim_of(report->committed_tcb, details->layout));
  claims.emplace_back("launch_tcb_svns", claim_of(report->launch_tcb, details->layout));
  if (!details->csp_id.empty()) claims.emplace_back("csp_id", details->csp_id);
  if (chain) {
    examination.check(Reason::kChain, has_names(chain->path, report->signing_key, details->product),
                      "the path has the names of AMD's for a " + std::string(to_string(report->signing_key)),
                      "the path is not one of AMD's for a " + std::string(to_string(report->signing_key)));
  }
  examination.check(
      Reason::kSignature,
      report->signing_key != SnpSigningKey::kNone && vek.public_key().type() == crypto::KeyType::kP384 &&
          vek.public_key().verify_ecdsa(crypto::HashAlgorithm::kSha384, bytes.first(SnpReport::kSignedSize),
                                        report->signature_r, report->signature_s),
      "the report is signed by the VEK",
      report->signing_key == SnpSigningKey::kNone ? "the report says that nothing signs it"
                                                  : "the report is not signed by the VEK");
  check_binding(examination, *report, *details);
  return report->report_data;
}

void examine_sev_snp(Examination& examination) {
  const auto report = examination.need(Role::kReport);
  examination.need(Role::kVek);
  const auto bundle = examination.take_certificates(Role::kVek);
  const auto others = examination.take_certificates(Role::kChain);
  if (!report || !bundle || !others) return;
  std::vector<crypto::Certificate> certificates = *bundle;
  certificates.insert(certificates.end(), others->begin(), others->end());
  if (const auto data = examine_snp_report(examination, *report, certificates)) examination.check_nonce_padded(*data);
}

}  // namespace redoubt::attest
