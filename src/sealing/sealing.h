// How a keeper's keys are sealed, as approvers must know it to approve without the TPM. Nothing of it is secret: it
// lies as TOML in Redoubt's folder, where everybody may read it.
//
// What is sealed is the storage key, under which the keeper's key files rest encrypted (keys/key_store.h), by
// tpm::seal() under the approver's key. What approvals are signed for, purpose(), is a digest of all that stands here:
// an approval that was made from an altered file opens nothing, and so does one from before the keys were sealed anew.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/sha256.h"
#include "tpm/approval_file.h"
#include "tpm/nv_index.h"

namespace redoubt::sealing {

// A value.
struct Sealing {
  std::array<std::byte, 16> id{};  // random, new each time that the keys are sealed
  tpm::NvHandle counter = 0;       // by which approvals are superseded
  bool boot = false;               // whether approvals are of registers 0 to 7 as well, which firmware fills
  crypto::P256PublicKey approver{};

  std::string format() const;
  // `path` is for messages. kMalformed for another form.
  static Result<Sealing> parse(std::string_view text, const std::string& path);
  static Result<Sealing> load(FileSystem& fs, const std::string& path);

  // For tpm::seal() and tpm::approve(): the policyRef.
  crypto::Sha256Digest purpose() const;
};

// An approval in a folder of them.
struct KeptApproval {
  std::string path;
  tpm::ApprovalFile file;
};

inline constexpr std::string_view kApprovalSuffix = ".approval";
inline constexpr std::size_t kMaxApprovals = 64;

// The approvals in a folder, whoever signed them; files of other names are passed over, and a folder that is not there
// has none. kResourceExhausted above kMaxApprovals; kMalformed, with its name, for a file that is no approval.
Result<std::vector<KeptApproval>> read_approvals(FileSystem& fs, const std::string& folder);

}  // namespace redoubt::sealing
