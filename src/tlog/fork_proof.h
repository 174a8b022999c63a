// Fork proofs: that a log has contradicted itself, in one file that needs nothing else than the log's key.
//
//   redoubt/fork-proof@v1
//   BASE64                       consistency path, one hash a line; none when both checkpoints have one size
//
//   (a checkpoint, verbatim)
//
//   (a checkpoint of the same log, as large or larger, verbatim)
//
// A root commits to every earlier root of its tree. The path shows which root the larger tree had at the smaller size;
// when that is not the one that the log signed, no tree has both roots, and one of two signed statements is false.
// docs/formats/fork-proof.md has the details. Any thread, but for the tile source handed in.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tlog/checkpoint.h"
#include "tlog/hash.h"
#include "tlog/note.h"
#include "tlog/tile.h"

namespace redoubt::tlog {

inline constexpr std::size_t kMaxForkPathHashes = 64;                           // what a tree of kMaxTreeSize needs
inline constexpr std::size_t kMaxForkProofSize = 2 * kMaxNoteSize + 16 * 1024;  // bytes

struct ForkProof {
  std::vector<Hash> path;  // as consistency_roots takes it; empty when the sizes are equal
  std::string first;       // a signed note: the checkpoint of the smaller size
  std::string second;      // the other

  friend bool operator==(const ForkProof&, const ForkProof&) = default;
};

// kInvalidArgument when the path is too long or one of the two is not a checkpoint in a signed note.
Result<std::string> format_fork_proof(const ForkProof& proof);

// Takes the file apart; verifies nothing and does not look into the checkpoints. kMalformed, kTooLarge.
Result<ForkProof> parse_fork_proof(std::string_view text);

// What the log signed and cannot both be true.
struct Fork {
  Checkpoint first;
  Checkpoint second;
  Hash first_root_in_second{};  // what the tree of `second` had at the size of `first`; second's root for equal sizes
};

// Whether the file proves that the log of `log_keys` forked: each checkpoint is signed by one of the keys, both have
// one origin, and no tree has both. Keys are those of one log, several after a rotation: never a witness's. Errors:
// parse_fork_proof's; open_checkpoint's; kVerifyFailed when the origins differ, the first checkpoint is the larger,
// the path does not lead to the second's root, or it does and the two checkpoints agree.
Result<Fork> verify_fork_proof(const ForkProof& proof, std::span<const VerifierKey> log_keys);
Result<Fork> verify_fork_proof(std::string_view text, std::span<const VerifierKey> log_keys);

// Compares two signed checkpoints of one log. `tiles` are those of the log that has the second, which must not be the
// smaller. A fork proof when they contradict each other, nothing when the second tree begins with the first;
// checkpoints of the empty tree contradict nothing but each other. Errors: open_checkpoint's; kVerifyFailed when the
// origins differ, the checkpoint of an empty tree has another root than that tree, or the tiles are not those of the
// second checkpoint; kInvalidArgument when the first checkpoint is the larger; the source's.
Result<std::optional<ForkProof>> find_fork(std::string_view first, std::string_view second,
                                           std::span<const VerifierKey> log_keys, TileSource& tiles);

}  // namespace redoubt::tlog
