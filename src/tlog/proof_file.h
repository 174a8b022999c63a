// Proof files: that an entry is in a log, in one file that needs nothing else than the log's key, or a trust policy
// with the witnesses' too (C2SP tlog-proof).
//
//   c2sp.org/tlog-proof@v1
//   extra BASE64                 optional, not authenticated
//   index 73894
//   BASE64                       inclusion proof, one hash a line, the leaf's sibling first
//
//   (a checkpoint, verbatim)
//
// All functions: any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "tlog/checkpoint.h"
#include "tlog/hash.h"
#include "tlog/note.h"
#include "tlog/trust_policy.h"

namespace redoubt::tlog {

inline constexpr std::size_t kMaxProofHashes = 63;                           // what a tree of kMaxTreeSize needs
inline constexpr std::size_t kMaxProofExtraSize = 64 * 1024;                 // bytes, decoded
inline constexpr std::size_t kMaxProofFileSize = kMaxNoteSize + 128 * 1024;  // bytes

struct ProofFile {
  std::optional<Bytes> extra;  // whatever the application adds; nobody signed it
  LeafIndex index;
  std::vector<Hash> proof;
  std::string checkpoint;  // the signed note

  friend bool operator==(const ProofFile&, const ProofFile&) = default;
};

// kInvalidArgument when a limit above is exceeded or the checkpoint is not a note.
Result<std::string> format_proof_file(const ProofFile& file);

// Takes the file apart; verifies nothing and does not look into the checkpoint. kMalformed, kTooLarge.
Result<ProofFile> parse_proof_file(std::string_view text);

struct VerifiedProof {
  Checkpoint checkpoint;
  LeafIndex index;
  std::optional<Bytes> extra;  // still not authenticated
};

// Whether the file proves that the log of `log_keys` holds the entry with this leaf hash. Errors: parse_proof_file's;
// open_checkpoint's, with or without the expected origin; kVerifyFailed when the inclusion proof does not hold.
Result<VerifiedProof> verify_proof_file(std::string_view text, const Hash& leaf, std::span<const VerifierKey> log_keys);
Result<VerifiedProof> verify_proof_file(std::string_view text, const Hash& leaf, std::span<const VerifierKey> log_keys,
                                        std::string_view expected_origin);

struct CheckedProof {
  CheckedCheckpoint checkpoint;  // the log, who cosigned and when, whether that makes the quorum
  LeafIndex index;
  std::optional<Bytes> extra;  // still not authenticated

  // kVerifyFailed when the policy's quorum is not met. Of Quorum::kNotRequired a single signer vouches, and nothing
  // shows that the checkpoint is recent or the one that others see.
  Result<> accepted() const { return checkpoint.accepted(); }
};

// The steps of tlog-proof, Verifying a tlog proof: the entry with this leaf hash is in a log of the policy, whose
// checkpoint the file holds. Needs nothing but its arguments. Errors: parse_proof_file's and check_checkpoint's;
// kVerifyFailed when the inclusion proof does not hold. A quorum that is not met is no error here: see accepted().
// Times of cosignatures are reported, not judged.
Result<CheckedProof> check_proof_file(std::string_view text, const Hash& leaf, const TrustPolicy& policy);

// The same, and kVerifyFailed when the quorum is not met.
Result<CheckedProof> verify_proof_file(std::string_view text, const Hash& leaf, const TrustPolicy& policy);

}  // namespace redoubt::tlog
