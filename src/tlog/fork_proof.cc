#include "tlog/fork_proof.h"

#include <bit>

#include "encoding/base64.h"
#include "tlog/internal/text.h"
#include "tlog/proof.h"

namespace redoubt::tlog {
namespace {

constexpr std::string_view kFirstLine = "redoubt/fork-proof@v1";

Error malformed(const char* message) {
  return {Errc::kMalformed, message};
}

Error not_proven(const char* message) {
  return {Errc::kVerifyFailed, message};
}

// A checkpoint has no empty line in its text, so that its note has exactly one.
bool is_checkpoint_note(std::string_view text) {
  const Result<Note> note = parse_note(text);
  return note && parse_checkpoint(note->text);
}

// Cuts off a note whose text has no empty line, and the empty line that follows it.
std::optional<std::string_view> take_note(std::string_view& text) {
  const std::size_t signatures = text.find("\n\n");
  if (signatures == std::string_view::npos) return std::nullopt;
  const std::size_t end = text.find("\n\n", signatures + 2);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view note = text.substr(0, end + 1);
  text.remove_prefix(end + 2);
  return note;
}

struct Pair {
  Checkpoint first;
  Checkpoint second;
};

Result<Pair> open_pair(std::string_view first, std::string_view second, std::span<const VerifierKey> log_keys) {
  Result<Checkpoint> a = open_checkpoint_of_any_origin(first, log_keys);
  if (!a) return a.error().in("first checkpoint");
  Result<Checkpoint> b = open_checkpoint_of_any_origin(second, log_keys);
  if (!b) return b.error().in("second checkpoint");
  if (a->origin != b->origin) return not_proven("the two checkpoints are of different logs");
  return Pair{*std::move(a), *std::move(b)};
}

// PROOF(from, D[to]) with its beginning, whether or not a verifier has it.
Result<std::vector<Hash>> consistency_path(TileSource& tiles, TreeSize from, TreeSize to) {
  Result<std::vector<Hash>> path = consistency_proof(tiles, from, to);
  if (!path || !std::has_single_bit(from.value)) return path;
  const Result<Hash> old_root = tree_root(tiles, from);
  if (!old_root) return old_root.error();
  path->insert(path->begin(), *old_root);
  return path;
}

}  // namespace

Result<std::string> format_fork_proof(const ForkProof& proof) {
  if (proof.path.size() > kMaxForkPathHashes) return Error(Errc::kInvalidArgument, "the consistency path is too long");
  if (!is_checkpoint_note(proof.first) || !is_checkpoint_note(proof.second)) {
    return Error(Errc::kInvalidArgument, "a fork proof is made of two signed checkpoints");
  }
  std::string text(kFirstLine);
  text += '\n';
  for (const Hash& hash : proof.path) text.append(encoding::base64(hash)).append(1, '\n');
  text.append(1, '\n').append(proof.first).append(1, '\n').append(proof.second);
  return text;
}

Result<ForkProof> parse_fork_proof(std::string_view text) {
  if (text.size() > kMaxForkProofSize) return Error(Errc::kTooLarge, "the fork proof is too long");
  if (internal::take_line(text) != kFirstLine) return malformed("the fork proof does not begin with its version");
  ForkProof proof;
  for (;;) {
    const auto line = internal::take_line(text);
    if (!line) return malformed("the fork proof has no empty line before its checkpoints");
    if (line->empty()) break;
    if (proof.path.size() == kMaxForkPathHashes) return Error(Errc::kTooLarge, "the consistency path is too long");
    const auto hash = internal::parse_hash(*line);
    if (!hash) return malformed("a line of the consistency path is not a hash");
    proof.path.push_back(*hash);
  }
  const auto first = take_note(text);
  if (!first || text.empty()) return malformed("the fork proof does not have two checkpoints");
  if (first->size() > kMaxNoteSize || text.size() > kMaxNoteSize) {
    return Error(Errc::kTooLarge, "a checkpoint of the fork proof is too long");
  }
  proof.first = *first;
  proof.second = text;
  return proof;
}

Result<Fork> verify_fork_proof(const ForkProof& proof, std::span<const VerifierKey> log_keys) {
  Result<Pair> pair = open_pair(proof.first, proof.second, log_keys);
  if (!pair) return pair.error();
  Fork fork{std::move(pair->first), std::move(pair->second), {}};
  if (fork.first.size > fork.second.size) return not_proven("the first checkpoint is the larger");
  if (fork.first.size == fork.second.size) {
    if (!proof.path.empty()) return not_proven("checkpoints of one size need no consistency path");
    fork.first_root_in_second = fork.second.root;
  } else {
    const Result<ConsistencyRoots> roots = consistency_roots(fork.first.size, fork.second.size, proof.path);
    if (!roots) return not_proven("the consistency path does not fit the checkpoints' sizes");
    // INVARIANT: the second root commits to every hash of the path, so to the old root made of some of them.
    if (roots->new_root != fork.second.root) {
      return not_proven("the consistency path does not lead to the second checkpoint's root");
    }
    fork.first_root_in_second = roots->old_root;
  }
  if (fork.first.root == fork.first_root_in_second) return not_proven("the two checkpoints agree");
  return fork;
}

Result<Fork> verify_fork_proof(std::string_view text, std::span<const VerifierKey> log_keys) {
  const Result<ForkProof> proof = parse_fork_proof(text);
  if (!proof) return proof.error();
  return verify_fork_proof(*proof, log_keys);
}

Result<std::optional<ForkProof>> find_fork(std::string_view first, std::string_view second,
                                           std::span<const VerifierKey> log_keys, TileSource& tiles) {
  const Result<Pair> pair = open_pair(first, second, log_keys);
  if (!pair) return pair.error();
  const TreeSize from = pair->first.size;
  const TreeSize to = pair->second.size;
  if (from > to) return Error(Errc::kInvalidArgument, "the first checkpoint is the larger");
  ForkProof proof{{}, std::string(first), std::string(second)};
  Hash old_root = pair->second.root;
  if (from < to && from.value == 0) {
    if (pair->first.root != empty_root()) return not_proven("the root is not that of the empty tree");
    return std::optional<ForkProof>();
  }
  if (from < to) {
    Result<std::vector<Hash>> path = consistency_path(tiles, from, to);
    if (!path) return path.error();
    proof.path = *std::move(path);
    const Result<ConsistencyRoots> roots = consistency_roots(from, to, proof.path);
    if (!roots) return roots.error();
    if (roots->new_root != pair->second.root) return not_proven("the tiles are not those of the second checkpoint");
    old_root = roots->old_root;
  }
  if (old_root == pair->first.root) return std::optional<ForkProof>();
  return std::optional(std::move(proof));
}

}  // namespace redoubt::tlog
