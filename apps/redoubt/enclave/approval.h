// Approving what opens the keeper's keys, where they are sealed to a TPM.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "redoubt/layout.h"
#include "sealing/new_sealing.h"
#include "sealing/sealing.h"
#include "tpm/approval_file.h"
#include "tpm/pcr.h"

namespace redoubt::app {

// What is approved: these programs with this configuration, on a machine that was just started.
struct Approved {
  std::uint64_t version = 0;
  tpm::PcrValues boot;
  std::vector<std::string> programs;
  std::string configuration;  // its text
};
// kVerifyFailed for another approver than the sealing's; those of reading programs.
Result<tpm::ApprovalFile> make_approval(const sealing::Sealing& sealing, const Approved& what,
                                        const crypto::P256PrivateKey& approver);

// DIR/approvals/VERSION.approval.
std::string approval_path(const Layout& layout, std::uint64_t version);
Result<> write_approval(FileSystem& fs, const Layout& layout, const std::string& path,
                        const tpm::ApprovalFile& approval);

// The first one of keys that were just sealed: of the programs that are here, with this text for a configuration.
Result<> approve_first(const Layout& layout, const sealing::NewSealing& made, const std::string& configuration,
                       const crypto::P256PrivateKey& approver);

}  // namespace redoubt::app
