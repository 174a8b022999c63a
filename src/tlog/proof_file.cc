#include "tlog/proof_file.h"

#include "encoding/base64.h"
#include "tlog/internal/text.h"
#include "tlog/proof.h"

namespace redoubt::tlog {
namespace {

constexpr std::string_view kFirstLine = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtraPrefix = "extra ";
constexpr std::string_view kIndexPrefix = "index ";

Error malformed(const char* message) {
  return {Errc::kMalformed, message};
}

Result<VerifiedProof> check_inclusion(ProofFile file, const Hash& leaf, Result<Checkpoint> checkpoint) {
  if (!checkpoint) return checkpoint.error().in("checkpoint");
  const Result<> included = verify_inclusion(leaf, file.index, checkpoint->size, file.proof, checkpoint->root);
  if (!included) return included.error();
  return VerifiedProof{*std::move(checkpoint), file.index, std::move(file.extra)};
}

}  // namespace

Result<std::string> format_proof_file(const ProofFile& file) {
  if (file.proof.size() > kMaxProofHashes) return Error(Errc::kInvalidArgument, "the inclusion proof is too long");
  if (LeafIndex{kMaxTreeSize.value} <= file.index) return Error(Errc::kInvalidArgument, "the leaf index is too large");
  if (!parse_note(file.checkpoint)) return Error(Errc::kInvalidArgument, "the checkpoint is not a signed note");
  std::string text(kFirstLine);
  text += '\n';
  if (file.extra) {
    if (file.extra->empty() || file.extra->size() > kMaxProofExtraSize) {
      return Error(Errc::kInvalidArgument, "the extra data is empty or too long");
    }
    text.append(kExtraPrefix).append(encoding::base64(*file.extra)).append(1, '\n');
  }
  text.append(kIndexPrefix).append(std::to_string(file.index.value)).append(1, '\n');
  for (const Hash& hash : file.proof) text.append(encoding::base64(hash)).append(1, '\n');
  text.append(1, '\n').append(file.checkpoint);
  return text;
}

Result<ProofFile> parse_proof_file(std::string_view text) {
  if (text.size() > kMaxProofFileSize) return Error(Errc::kTooLarge, "the proof file is too long");
  if (internal::take_line(text) != kFirstLine) return malformed("the proof file does not begin with its version");
  ProofFile file;
  auto line = internal::take_line(text);
  if (line && line->starts_with(kExtraPrefix)) {
    Result<Bytes> extra = encoding::base64_decode(line->substr(kExtraPrefix.size()));
    // "If no extra data is present, this line is omitted" (C2SP tlog-proof, Format).
    if (!extra || extra->empty()) return malformed("the proof file's extra data is not base64");
    if (extra->size() > kMaxProofExtraSize) return Error(Errc::kTooLarge, "the proof file's extra data is too long");
    file.extra = *std::move(extra);
    line = internal::take_line(text);
  }
  if (!line || !line->starts_with(kIndexPrefix)) return malformed("the proof file has no index line");
  const auto index = internal::parse_decimal(line->substr(kIndexPrefix.size()));
  if (!index || *index >= kMaxTreeSize.value) return malformed("the proof file's index is not a leaf index");
  file.index = {*index};
  for (;;) {
    line = internal::take_line(text);
    if (!line) return malformed("the proof file has no empty line before its checkpoint");
    if (line->empty()) break;
    if (file.proof.size() == kMaxProofHashes) return Error(Errc::kTooLarge, "the inclusion proof is too long");
    const auto hash = internal::parse_hash(*line);
    if (!hash) return malformed("a line of the inclusion proof is not a hash");
    file.proof.push_back(*hash);
  }
  if (text.empty()) return malformed("the proof file has no checkpoint");
  if (text.size() > kMaxNoteSize) return Error(Errc::kTooLarge, "the proof file's checkpoint is too long");
  file.checkpoint = text;
  return file;
}

Result<VerifiedProof> verify_proof_file(std::string_view text, const Hash& leaf,
                                        std::span<const VerifierKey> log_keys) {
  Result<ProofFile> file = parse_proof_file(text);
  if (!file) return file.error();
  Result<Checkpoint> checkpoint = open_checkpoint(file->checkpoint, log_keys);
  return check_inclusion(*std::move(file), leaf, std::move(checkpoint));
}

Result<VerifiedProof> verify_proof_file(std::string_view text, const Hash& leaf, std::span<const VerifierKey> log_keys,
                                        std::string_view expected_origin) {
  Result<ProofFile> file = parse_proof_file(text);
  if (!file) return file.error();
  Result<Checkpoint> checkpoint = open_checkpoint(file->checkpoint, log_keys, expected_origin);
  return check_inclusion(*std::move(file), leaf, std::move(checkpoint));
}

Result<CheckedProof> check_proof_file(std::string_view text, const Hash& leaf, const TrustPolicy& policy) {
  Result<ProofFile> file = parse_proof_file(text);
  if (!file) return file.error();
  Result<CheckedCheckpoint> checked = check_checkpoint(file->checkpoint, policy);
  if (!checked) return checked.error().in("checkpoint");
  const Checkpoint& checkpoint = checked->checkpoint;
  const Result<> included = verify_inclusion(leaf, file->index, checkpoint.size, file->proof, checkpoint.root);
  if (!included) return included.error();
  return CheckedProof{*std::move(checked), file->index, std::move(file->extra)};
}

Result<CheckedProof> verify_proof_file(std::string_view text, const Hash& leaf, const TrustPolicy& policy) {
  Result<CheckedProof> checked = check_proof_file(text, leaf, policy);
  if (!checked) return checked;
  if (const Result<> accepted = checked->accepted(); !accepted) return accepted.error();
  return checked;
}

}  // namespace redoubt::tlog
