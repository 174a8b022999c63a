// Intel's ECDSA quotes, of SGX enclaves and of TDX trust domains, in versions 3, 4 and 5: "Intel SGX ECDSA
// QuoteLibReference DCAP API", appendix A.4 (version 3), and "Intel TDX DCAP Quoting Library API", appendix A.3
// (versions 4 and 5). All numbers are little-endian, but those of signatures and keys.
//
// Reading proves nothing: who signed a quote is for Verifier to find out.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::attest {

// The TEE type of a header.
enum class IntelTee : std::uint32_t { kSgx = 0x00, kTdx = 0x81 };
std::string_view to_string(IntelTee tee);  // `SGX`, `TDX`

// REPORT of an enclave, 384 bytes (Intel SDM volume 3D, EREPORT): of the one that is quoted, and of the quoting
// enclave itself.
struct SgxReport {
  static constexpr std::size_t kSize = 384;
  // Bits of attributes[0..7].
  static constexpr std::uint64_t kInit = 1ULL << 0;
  static constexpr std::uint64_t kDebug = 1ULL << 1;
  static constexpr std::uint64_t kMode64 = 1ULL << 2;
  static constexpr std::uint64_t kProvisionKey = 1ULL << 4;
  static constexpr std::uint64_t kEinitTokenKey = 1ULL << 5;
  static constexpr std::uint64_t kKss = 1ULL << 7;

  std::array<std::byte, 16> cpu_svn{};
  std::array<std::byte, 4> misc_select{};
  std::array<std::byte, 16> isv_ext_prod_id{};
  std::array<std::byte, 16> attributes{};  // flags and XFRM
  std::array<std::byte, 32> mr_enclave{};
  std::array<std::byte, 32> mr_signer{};
  std::array<std::byte, 64> config_id{};
  std::uint16_t isv_prod_id = 0;
  std::uint16_t isv_svn = 0;
  std::uint16_t config_svn = 0;
  std::array<std::byte, 16> isv_family_id{};
  std::array<std::byte, 64> report_data{};

  std::uint64_t flags() const { return load_le<std::uint64_t>(attributes); }
};

// TD report: 584 bytes of TDX 1.0, and 64 more of TDX 1.5.
struct TdReport {
  static constexpr std::size_t kSize10 = 584;
  static constexpr std::size_t kSize15 = 648;
  static constexpr std::size_t kRtmrs = 4;
  // Bits of td_attributes ("Intel TDX Module ABI Reference Specification", TD_PARAMS, ATTRIBUTES). Any of the first
  // group makes the trust domain one that its host may look into.
  static constexpr std::uint64_t kUnderDebug = 0xff;
  static constexpr std::uint64_t kIcssd = 1ULL << 16;
  static constexpr std::uint64_t kLass = 1ULL << 27;
  static constexpr std::uint64_t kSeptVeDisable = 1ULL << 28;
  static constexpr std::uint64_t kMigratable = 1ULL << 29;
  static constexpr std::uint64_t kPks = 1ULL << 30;
  static constexpr std::uint64_t kKeyLocker = 1ULL << 31;
  static constexpr std::uint64_t kTpa = 1ULL << 62;
  static constexpr std::uint64_t kPerfmon = 1ULL << 63;

  std::array<std::byte, 16> tee_tcb_svn{};  // when the trust domain was launched
  std::array<std::byte, 48> mr_seam{};
  std::array<std::byte, 48> mr_signer_seam{};
  std::array<std::byte, 8> seam_attributes{};
  std::array<std::byte, 8> td_attributes{};
  std::array<std::byte, 8> xfam{};
  std::array<std::byte, 48> mr_td{};
  std::array<std::byte, 48> mr_config_id{};
  std::array<std::byte, 48> mr_owner{};
  std::array<std::byte, 48> mr_owner_config{};
  std::array<std::array<std::byte, 48>, kRtmrs> rtmrs{};
  std::array<std::byte, 64> report_data{};
  // TDX 1.5.
  std::optional<std::array<std::byte, 16>> tee_tcb_svn2;  // now
  std::optional<std::array<std::byte, 48>> mr_service_td;

  std::uint64_t attributes() const { return load_le<std::uint64_t>(td_attributes); }
  bool debug() const { return (attributes() & kUnderDebug) != 0; }
};

// Views point into the bytes that were read.
struct IntelQuote {
  std::uint16_t version = 0;
  IntelTee tee = IntelTee::kSgx;
  std::array<std::byte, 20> user_data{};
  std::variant<SgxReport, TdReport> report;

  std::size_t size = 0;      // of the quote, as it states
  ByteView signed_part;      // header and report: what `signature` is over
  ByteView signature;        // ECDSA over P-256 with SHA-256: r and s, of 32 bytes each
  ByteView attestation_key;  // x and y, of 32 bytes each
  SgxReport qe_report;       // of the quoting enclave
  ByteView qe_report_bytes;  // what `qe_signature` is over
  ByteView qe_signature;     // by the PCK
  ByteView qe_auth_data;
  std::string_view pck_chain;  // certification data of type 5: certificates in PEM, the PCK's first
};

// Reads a quote at the beginning of `bytes`; what follows it is not looked at. kMalformed when there are fewer bytes
// than it states, its parts do not fill each other exactly, reserved bits of a trust domain's attributes are set, or
// the version, key type, vendor of the quoting enclave or type of certification data is none of those above.
Result<IntelQuote> parse_intel_quote(ByteView bytes);

}  // namespace redoubt::attest
