// The report of Azure's paravisor (HCL), which a confidential virtual machine reads from its vTPM (NV index
// 0x01400001): a report of the CPU, and runtime data whose digest is in it. Microsoft, "Virtual TPMs in Azure
// confidential VMs" and "azure-guest-attestation-design"; numbers are little-endian.
//
// Reading proves nothing: the report of the CPU is still to be verified. The key of HclReport is worth what it is
// worth.
#pragma once

#include <cstdint>
#include <functional>

#include "attest/claims.h"
#include "base/bytes.h"
#include "base/result.h"
#include "crypto/public_key.h"
#include "crypto/sha256.h"

namespace redoubt::attest {

enum class HclReportType : std::uint8_t { kSnp, kTdx };

struct HclReport {
  static constexpr std::size_t kSize = 2600;
  static constexpr std::size_t kHardwareSize = 1184;
  static constexpr std::size_t kTdReportSize = 1024;

  HclReportType type;
  ByteView hardware_report;  // kHardwareSize: an SNP report, or a TDREPORT and zeros; valid as long as the bytes
  ByteView runtime_data;     // JSON; valid as long as the bytes
  crypto::Sha256Digest runtime_digest;
  crypto::PublicKey ak;       // HCLAkPub: what signs the vTPM's quotes
  ClaimObject configuration;  // vm-configuration, what of it is claims
  std::size_t size;           // that the report states: zeros may follow up to kSize

  // REPORTDATA of a TDREPORT (Intel, "TDX Module Base Specification", REPORTMACSTRUCT), 64 bytes.
  ByteView td_report_data() const { return hardware_report.subspan(128, 64); }
};

// What the runtime data says, JSON with one RSA key `HCLAkPub`. Errors: kMalformed when it is something else;
// kUnsupported for a key of another type or size.
struct HclRuntimeData {
  crypto::PublicKey ak;
  ClaimObject configuration;
};
Result<HclRuntimeData> parse_hcl_runtime_data(ByteView text);

// kMalformed when it is cut off, its parts contradict each other or its header, its runtime data is no JSON object with
// one RSA key `HCLAkPub`, or something but zeros follows up to kSize; kUnsupported for other versions, digests and
// keys.
// `read` is parse_hcl_runtime_data(), or what remembers its answers: a machine's runtime data stays the same.
Result<HclReport> parse_hcl_report(
    ByteView bytes, const std::function<Result<HclRuntimeData>(ByteView)>& read = parse_hcl_runtime_data);

}  // namespace redoubt::attest
