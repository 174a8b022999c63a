// What the commands `redoubt enclave …` do. Each returns the exit status.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "redoubt/enclave/approver.h"
#include "redoubt/output.h"

namespace redoubt::app::enclave_verbs {

struct ApproveOptions {
  ApproverOptions approver;
  std::string programs;                  // a folder with them; empty: that of this program
  std::string configuration;             // a file; empty: the folder's redoubt.toml
  std::optional<std::uint64_t> version;  // default: the next one
  std::string out;                       // default: DIR/approvals/VERSION.approval
  bool read_boot = false;                // take registers 0 to 7 from the TPM, rather than from the last approval
  bool bring_into_force = false;         // redoubt.toml, at the next start (next_bundle.h)
};
// Approves programs and a configuration. Needs neither the TPM (but for `read_boot`) nor the keeper's folder.
int approve(const Common& common, const ApproveOptions& options);

struct SealOptions {
  std::string approvers;  // K/N; empty: a key file
  std::string recovery;   // K/N; empty: none
};
// Seals the keys of a folder that was made with them in the clear.
int seal(const Common& common, const SealOptions& options);

struct SupersedeOptions {
  std::optional<std::uint64_t> version;  // default: with which the last start was
};
// Ends the approvals before a version, for good.
int supersede(const Common& common, const SupersedeOptions& options);

struct RecoverOptions {
  std::vector<std::string> recovery_shares;
  ApproverOptions approver;
  bool bring_into_force = false;  // as of ApproveOptions
};
// Seals the storage key, which the shares give, to the TPM that is there now.
int recover(const Common& common, const RecoverOptions& options);

// Whether the keys are sealed, and which approval is of what is there. kAnswerIsNo when none is.
int status(const Common& common);

}  // namespace redoubt::app::enclave_verbs
