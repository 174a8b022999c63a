// Intel's endorsements of its platforms, as the Provisioning Certification Service gives them: TCB info and QE
// identity, each signed JSON, with issuer chains and revocation lists. "Intel SGX and Intel TDX Provisioning
// Certification Service" API, versions 3 and 4.
//
// Reading proves nothing: signatures, chains and times are for Verifier to look at.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/intel_quote.h"
#include "attest/tcb.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace redoubt::attest {

// JSON with the signature over its very bytes.
struct SignedJson {
  std::string body;
  std::array<std::byte, 64> signature{};  // ECDSA over P-256 with SHA-256: r and s
};

// What travels together. Each part may be missing.
struct IntelCollateral {
  static constexpr std::size_t kMaxBytes = 4 * 1024 * 1024;

  std::optional<IntelTee> tee;  // only the binary form says it
  std::optional<std::string> pck_crl_issuer_chain;
  std::optional<Bytes> root_ca_crl;  // these two in DER or PEM
  std::optional<Bytes> pck_crl;
  std::optional<std::string> tcb_info_issuer_chain;
  std::optional<SignedJson> tcb_info;
  std::optional<std::string> qe_identity_issuer_chain;
  std::optional<SignedJson> qe_identity;
};

// A file of collateral: JSON, an object with the members above as texts, signatures as `tcb_info_signature` and
// `qe_identity_signature`, lists in hexadecimal; or the binary form that begins with a version and a TEE type. Errors:
// kTooLarge above kMaxBytes; kMalformed for unknown members, members that are no texts, items that do not fill the file
// exactly, and signatures of another length.
Result<IntelCollateral> parse_intel_collateral(ByteView file);

// `{"tcbInfo":{…},"signature":"…"}` and the same for `enclaveIdentity`: the member's very bytes. Errors: kMalformed,
// kTooLarge.
Result<SignedJson> parse_signed_json(std::string_view text, std::string_view member);

// A revocation list in DER or PEM, as it is, or out of hexadecimal, with or without a zero at the end. kMalformed for
// anything else.
Result<Bytes> read_list_bytes(ByteView file);

struct TcbInfo {
  static constexpr std::size_t kMaxLevels = 1024;

  std::string id;  // `SGX`, `TDX`
  std::uint64_t version = 0;
  UnixMillis issued;
  UnixMillis next_update;
  std::array<std::byte, 6> fmspc{};
  std::array<std::byte, 2> pce_id{};
  std::uint64_t evaluation_number = 0;
  std::optional<TdxModule> tdx_module;
  std::vector<TdxModuleIdentity> tdx_modules;
  std::vector<TcbLevel> levels;  // highest first
};

struct QeIdentity {
  std::string id;  // `QE`, `TD_QE`
  UnixMillis issued;
  UnixMillis next_update;
  std::uint64_t evaluation_number = 0;
  std::array<std::byte, 4> misc_select{};
  std::array<std::byte, 4> misc_select_mask{};
  std::array<std::byte, 16> attributes{};
  std::array<std::byte, 16> attributes_mask{};
  std::array<std::byte, 32> mr_signer{};
  std::uint16_t isv_prod_id = 0;
  std::vector<IsvLevel> levels;  // highest first
};

// The body of TCB info: version 3, and version 2 of SGX. Unknown members are passed over: Intel adds some now and then.
// Errors: kMalformed; kTooLarge above kMaxLevels; kUnsupported for another version or kind of TCB.
Result<TcbInfo> parse_tcb_info(std::string_view body);
// The body of a QE identity, version 2. Errors as above.
Result<QeIdentity> parse_qe_identity(std::string_view body);

}  // namespace redoubt::attest
