// The keeper's keys as they rest in its folder: in the clear, or encrypted under a storage key that is sealed to a TPM.
//
//   auto keys = open_keeper_keys(fs, ".", {.tpm = &tpm, .measured = &log, .approvals = approvals, .redoubt = "/srv"});
//   auto seed = keys->store.load("signer.key", "ledger-signer", 32);
//
// INVARIANT: a folder that was sealed once is never opened otherwise. Whoever takes the sealed storage key away leaves
// keys that nothing opens; keys of his own in their place do not sign for the ledger.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "keys/key_store.h"
#include "sealing/sealing.h"
#include "tpm/measurement_log.h"
#include "tpm/tpm.h"

namespace redoubt::sealing {

// In the keeper's folder.
inline constexpr const char* kSealedFile = "storage.sealed";  // tpm::SealedSecret
inline constexpr const char* kOpenedFile = "opened-version";  // of the approval that the last start opened it with

struct Unlocking {
  tpm::Tpm* tpm = nullptr;                        // null: none is configured
  const tpm::MeasurementLog* measured = nullptr;  // what it was told, to say what differs; with `tpm` only
  std::span<const KeptApproval> approvals;
  std::string redoubt;  // its folder, for messages that say what to do
};

// Who approves for the keys, and for what: what the TPM has held an approval to, and not what a file says.
struct Approver {
  crypto::P256PublicKey key{};
  Bytes purpose;  // Sealing::purpose()
};

struct KeeperKeys {
  keys::KeyStore store;
  std::uint64_t version = 0;         // of the approval that opened it; 0 when it is not sealed
  std::optional<Approver> approver;  // when it is sealed. Believe it once a key of the store was read
};

// What to do when the TPM is lost, in words. `redoubt`: as above.
std::string recovery_advice(const std::string& redoubt);

// Whether the keys in `folder` are sealed. Errors: kIo and the like when it cannot be told.
Result<bool> is_sealed(FileSystem& fs, const std::string& folder);

// The approver as the file of the sealed key says, which the TPM is asked about when it is opened; nothing when the
// keys are not sealed. Errors: of the file.
Result<std::optional<Approver>> read_approver(FileSystem& fs, const std::string& folder);

// Errors, each with what to do: kPermissionDenied when it is sealed and there is no TPM, what runs is not approved, or
// what approved it was superseded; kVerifyFailed when the TPM is another one, was cleared or has lost the counter;
// those of tpm/.
Result<KeeperKeys> open_keeper_keys(FileSystem& fs, const std::string& folder, const Unlocking& by);

// Writes down the version that a start was opened with, for who ends those before it; read_opened_version() gives 0
// when there was none.
Result<> write_opened_version(FileSystem& fs, const std::string& folder, std::uint64_t version);
Result<std::uint64_t> read_opened_version(FileSystem& fs, const std::string& folder);

}  // namespace redoubt::sealing
