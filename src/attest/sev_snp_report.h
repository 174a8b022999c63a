// AMD SEV-SNP attestation reports, as AMD's firmware writes them: "SEV Secure Nested Paging Firmware ABI
// Specification" (AMD 56860), §7.3, structure ATTESTATION_REPORT; versions 2 to 5.
//
// Reading proves nothing: who signed a report is for Verifier to find out.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::attest {

// Where the security version numbers stand in a TCB_VERSION (§2.2): family 1Ah (Turin) has the FMC's first.
enum class SnpTcbLayout : std::uint8_t { kFamily19h, kFamily1Ah };

struct SnpTcb {
  std::optional<std::uint8_t> fmc;  // family 1Ah only
  std::uint8_t boot_loader = 0;
  std::uint8_t tee = 0;
  std::uint8_t snp = 0;
  std::uint8_t microcode = 0;
  bool reserved_are_zero = true;  // the other bytes

  friend bool operator==(const SnpTcb&, const SnpTcb&) = default;
};

using SnpTcbBytes = std::array<std::byte, 8>;
SnpTcb read_snp_tcb(const SnpTcbBytes& bytes, SnpTcbLayout layout);

// SIGNING_KEY.
enum class SnpSigningKey : std::uint8_t { kVcek = 0, kVlek = 1, kNone = 7 };
std::string_view to_string(SnpSigningKey key);

// Bits of the guest policy (§4.3).
struct SnpGuestPolicy {
  static constexpr std::uint64_t kSmt = 1ULL << 16;
  static constexpr std::uint64_t kReservedOne = 1ULL << 17;
  static constexpr std::uint64_t kMigrateMa = 1ULL << 18;
  static constexpr std::uint64_t kDebug = 1ULL << 19;
  static constexpr std::uint64_t kSingleSocket = 1ULL << 20;
  static constexpr std::uint64_t kCxlAllowed = 1ULL << 21;
  static constexpr std::uint64_t kMemAes256Xts = 1ULL << 22;
  static constexpr std::uint64_t kRaplDisabled = 1ULL << 23;
  static constexpr std::uint64_t kCiphertextHidingDram = 1ULL << 24;
  static constexpr std::uint64_t kPageSwapDisabled = 1ULL << 25;
  static constexpr std::uint64_t kReservedZero = ~((1ULL << 26) - 1);
};

// Bits of PLATFORM_INFO. Firmware sets more than its document names; what is not named says nothing here.
struct SnpPlatformInfo {
  static constexpr std::uint64_t kSmtEnabled = 1ULL << 0;
  static constexpr std::uint64_t kTsmeEnabled = 1ULL << 1;
  static constexpr std::uint64_t kEccEnabled = 1ULL << 2;
  static constexpr std::uint64_t kRaplDisabled = 1ULL << 3;
  static constexpr std::uint64_t kCiphertextHidingDram = 1ULL << 4;
  static constexpr std::uint64_t kAliasCheckComplete = 1ULL << 5;
  static constexpr std::uint64_t kTioEnabled = 1ULL << 7;
};

struct SnpFirmwareVersion {
  std::uint8_t major = 0;
  std::uint8_t minor = 0;
  std::uint8_t build = 0;
};

// CPUID of the processor, from version 3.
struct SnpCpuid {
  std::uint8_t family = 0;  // base and extended together: 19h, 1Ah
  std::uint8_t model = 0;
  std::uint8_t stepping = 0;
};

struct SnpReport {
  static constexpr std::size_t kSize = 1184;
  static constexpr std::size_t kSignedSize = 0x2a0;  // what the signature is over
  static constexpr std::size_t kCoordinateSize = 48;

  std::uint32_t version = 0;
  std::uint32_t guest_svn = 0;
  std::uint64_t policy = 0;
  std::array<std::byte, 16> family_id{};
  std::array<std::byte, 16> image_id{};
  std::uint32_t vmpl = 0;
  SnpTcbBytes current_tcb{};
  std::uint64_t platform_info = 0;
  bool author_key_enabled = false;
  bool mask_chip_key = false;  // the host forbids the VCEK
  SnpSigningKey signing_key = SnpSigningKey::kVcek;
  std::array<std::byte, 64> report_data{};
  std::array<std::byte, 48> measurement{};
  std::array<std::byte, 32> host_data{};
  std::array<std::byte, 48> id_key_digest{};
  std::array<std::byte, 48> author_key_digest{};
  std::array<std::byte, 32> report_id{};
  std::array<std::byte, 32> report_id_ma{};
  SnpTcbBytes reported_tcb{};
  std::optional<SnpCpuid> cpuid;
  std::array<std::byte, 64> chip_id{};  // zero when the host masks it
  SnpTcbBytes committed_tcb{};
  SnpFirmwareVersion current_version;
  SnpFirmwareVersion committed_version;
  SnpTcbBytes launch_tcb{};
  // Mitigations at launch and now; from version 4, where earlier ones have reserved bytes.
  std::optional<std::uint64_t> launch_mit_vector;
  std::optional<std::uint64_t> current_mit_vector;
  // ECDSA over P-384 with SHA-384, big-endian.
  std::array<std::byte, kCoordinateSize> signature_r{};
  std::array<std::byte, kCoordinateSize> signature_s{};

  bool debug() const { return (policy & SnpGuestPolicy::kDebug) != 0; }
};

// Reads the first SnpReport::kSize bytes. kMalformed when there are fewer; for another version or signature algorithm;
// and for reserved bytes and bits that are not as they must be, those after the signature included.
Result<SnpReport> parse_snp_report(ByteView bytes);

}  // namespace redoubt::attest
