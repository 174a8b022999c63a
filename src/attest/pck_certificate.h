// What Intel's provisioning certificates say of a platform: the SGX extensions of a PCK certificate ("Intel SGX PCK
// Certificate and Certificate Revocation List Profile Specification", §1.3.5).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/x509.h"

namespace redoubt::attest {

struct PckDetails {
  std::array<std::byte, 16> ppid{};
  std::array<std::uint8_t, 16> component_svns{};  // of the platform's TCB, in Intel's order
  std::uint16_t pce_svn = 0;
  std::array<std::byte, 16> cpu_svn{};
  std::array<std::byte, 2> pce_id{};
  std::array<std::byte, 6> fmspc{};
  std::uint8_t sgx_type = 0;  // 0 standard, 1 scalable, 2 scalable with integrity
  // Of platforms with several packages.
  std::optional<std::array<std::byte, 16>> platform_instance_id;
  std::optional<bool> dynamic_platform;
  std::optional<bool> cached_keys;
  std::optional<bool> smt_enabled;
};

// kMalformed without the extension, and when a part of it is missing, stands twice or is not in its form.
Result<PckDetails> read_pck_details(const crypto::Certificate& certificate);

}  // namespace redoubt::attest
