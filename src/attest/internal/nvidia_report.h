// The attestation report of an NVIDIA GPU: a GET_MEASUREMENTS request and its response, one after the other, as SPDM
// 1.1 has them (DMTF DSP0274 1.1, "GET_MEASUREMENTS request and MEASUREMENTS response messages"). What NVIDIA adds in
// the response's opaque data, and in device certificates, is as its open verifier reads it (nvtrust).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/x509.h"

namespace redoubt::attest {

// Views into the report that was read.
struct NvidiaReport {
  static constexpr std::size_t kMaxBytes = 64 * 1024;
  static constexpr std::size_t kSignatureSize = 96;  // ECDSA on P-384: r, s
  static constexpr std::size_t kDigestSize = 48;     // SHA-384: of measurements, and of firmware

  struct Measurement {
    std::uint8_t index;  // from 1
    ByteView value;
  };

  std::size_t size = 0;  // what its length fields add up to; bytes may follow
  ByteView nonce;        // of the request: the relying party's
  std::vector<Measurement> measurements;
  ByteView signed_part;  // request and response without the signature
  ByteView signature;

  // Of the opaque data; empty or nothing when not there.
  std::string_view driver_version;  // always there
  std::string vbios_version;        // always there, as `96.00.9f.00.01`
  std::string_view chip_sku;
  std::string_view project;
  std::string_view project_sku;
  std::optional<ByteView> board_id;
  std::optional<bool> video_decoder_enabled;
  std::optional<ByteView> fwid;  // digest of the firmware that the device certificate is for
};

// The report at the start of `bytes`. All of it is read by its length fields: blocks fill the record, fields the opaque
// data, none stands twice. Types of fields that are not known are passed over: they are under the signature, and
// drivers add some. Errors: kMalformed.
Result<NvidiaReport> read_nvidia_report(ByteView bytes);

// The SHA-384 firmware digests that a device certificate is bound to: those of its DICE extension, 2.23.133.5.4.1 (a
// composite device identity, or TCG DICE Attestation Architecture §6.1.1 TcbInfo) or 2.23.133.5.4.1.1. Digests of
// zeros are none.
std::vector<std::array<std::byte, NvidiaReport::kDigestSize>> firmware_digests(const crypto::Certificate& device);

}  // namespace redoubt::attest
