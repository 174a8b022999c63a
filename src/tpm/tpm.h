// A TPM 2.0: a device of the kernel's, or swtpm. What a caller does with it is in the headers beside this one; each
// takes the `Tpm` first:
//
//   auto tpm = Tpm::open("device:/dev/tpmrm0");
//   if (!tpm) …                                         // kUnavailable: none there, or busy
//   auto key = create_attestation_key(*tpm);            // once; keep key->encode()
//   measure(*tpm, log, 14, "redoubt.program", digest);  // before the program runs
//   Quoter quoter(*tpm, *key);
//   auto quote = quoter.quote({0, 1, 2, 3, 4, 5, 6, 7, 14}, nonce);
//
// TCG "Trusted Platform Module Library", Parts 1 to 3, through tpm2-tss's ESYS. Bytes go to the TPM by a transport of
// our own, so that every command has a deadline and nothing is loaded at run time. A TPM has as few as three places for
// objects and sessions each, and there may be no resource manager: whatever a call puts there is flushed before it
// returns.
//
// Errors of every call: kUnavailable when the TPM is gone, locked out, in failure mode, out of places, or busy (later
// may do); kDeadlineExceeded when a command took longer than `command_timeout`, after which the object is of no more
// use and everything else is kUnavailable; kResourceExhausted when its NV memory is full; kIo for what the TPM says
// otherwise, in its own words. Others are where they come from.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace redoubt::tpm {

// What a TPM says of itself. Nobody signed it: software can say the same. Only an endorsement certificate with a path
// to a maker's root tells hardware from software, and endorsement.h reads it.
struct TpmIdentity {
  std::string manufacturer;  // TPM_PT_MANUFACTURER: `INTC`, `IFX`, `STM`, `IBM` of swtpm
  std::string vendor;        // TPM_PT_VENDOR_STRING_1 to 4: `SW   TPM` of swtpm
  std::uint64_t firmware_version = 0;
  bool has_ec_certificate = false;   // NV index 0x01c0000a (TCG EK Credential Profile 2.5 §2.2.1.4)
  bool has_rsa_certificate = false;  // 0x01c00002
  // It was reached through a socket: software for certain.
  bool is_emulated = false;
};

// Movable, not copyable. One thread at a time: the thread that owns the TPM. Every call waits for the TPM, milliseconds
// for most, a second and more for making keys on hardware. Only one process may use a device without the kernel's
// resource manager (`/dev/tpm0`): take `/dev/tpmrm0`.
class Tpm {
 public:
  struct Options {
    // The longest that one command may take. Hardware may need tens of seconds for its slowest, making an RSA key.
    std::chrono::milliseconds command_timeout{120'000};
  };

  // `where`: `device:PATH` or `swtpm:path=SOCKET`, a Unix socket that takes bare commands. The TPM must have been
  // started (TPM2_Startup), which firmware does. Errors: kInvalidArgument for another `where`; kNotFound,
  // kPermissionDenied, kIo when the device or socket cannot be opened.
  static Result<Tpm> open(std::string_view where, const Options& options);
  static Result<Tpm> open(std::string_view where) { return open(where, Options{}); }

  Tpm(Tpm&&) noexcept;
  Tpm& operator=(Tpm&&) noexcept;
  ~Tpm();

  // As it was when opened.
  const TpmIdentity& identity() const;

 private:
  friend struct TpmAccess;
  struct Impl;
  explicit Tpm(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace redoubt::tpm
