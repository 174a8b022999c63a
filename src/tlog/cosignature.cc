#include "tlog/cosignature.h"

#include <algorithm>

#include "tlog/checkpoint.h"
#include "tlog/internal/judged_note.h"
#include "tlog/internal/timestamped_signature.h"

namespace redoubt::tlog {

static_assert(kMaxCosignatureTime == internal::kMaxTimestamp);

Result<Cosigner> Cosigner::create(std::string name, crypto::Ed25519PrivateKey key) {
  Result<VerifierKey> verifier_key = VerifierKey::ed25519_cosigner(std::move(name), key.public_key());
  if (!verifier_key) return verifier_key.error();
  return Cosigner(*std::move(verifier_key), std::move(key));
}

Result<std::string> Cosigner::signature_line(std::string_view checkpoint_text, std::uint64_t unix_seconds) const {
  if (!parse_checkpoint(checkpoint_text)) return Error(Errc::kInvalidArgument, "the text to cosign is no checkpoint");
  if (unix_seconds == 0 || unix_seconds > kMaxCosignatureTime) {
    return Error(Errc::kInvalidArgument, "the time of the cosignature is out of range");
  }
  Bytes signature(internal::kTimestampSize);
  store_be(MutableByteView(signature), unix_seconds);
  append(signature, key_.sign(as_bytes(internal::cosigned_message(checkpoint_text, unix_seconds))));
  return format_signature_line({name(), verifier_key_.id(), std::move(signature)});
}

bool is_cosignature_shaped(const NoteSignature& line) {
  return internal::parse_timestamped(line.signature, crypto::Ed25519Signature().size()) ||
         internal::parse_timestamped(line.signature, kMlDsa44SignatureSize);
}

Result<Cosignatures> check_cosignatures(std::string_view checkpoint_note, std::span<const VerifierKey> witnesses) {
  const Result<Note> note = parse_note(checkpoint_note);
  if (!note) return note.error();
  return check_cosignatures(*note, witnesses);
}

Result<Cosignatures> check_cosignatures(const Note& checkpoint_note, std::span<const VerifierKey> witnesses) {
  for (const VerifierKey& key : witnesses) {
    if (!key.is_cosigner()) {
      return Error(Errc::kInvalidArgument,
                   "the key of `" + key.name() + "` is not a witness's: of type Ed25519 (0x01)");
    }
  }
  if (const Result<Checkpoint> checkpoint = parse_checkpoint(checkpoint_note.text); !checkpoint) {
    return checkpoint.error();
  }
  const Result<internal::JudgedNote> judged = internal::judge_signatures(checkpoint_note, witnesses);
  if (!judged) return judged.error();
  Cosignatures result;
  for (const internal::JudgedLine& line : judged->lines) {
    if (!line.verified) continue;
    const auto unix_seconds = load_be<std::uint64_t>(checkpoint_note.signatures[line.line].signature);
    const auto same = std::find_if(result.verified.begin(), result.verified.end(),
                                   [&](const Cosignature& known) { return known.witness == line.key; });
    if (same == result.verified.end()) {
      result.verified.push_back({line.key, unix_seconds, line.line});
    } else if (same->unix_seconds < unix_seconds) {
      *same = {line.key, unix_seconds, line.line};
    }
  }
  std::sort(result.verified.begin(), result.verified.end(),
            [](const Cosignature& a, const Cosignature& b) { return a.witness < b.witness; });
  result.not_checked = internal::keys_of_lines(*judged, false);
  result.other_signatures = judged->unknown;
  return result;
}

}  // namespace redoubt::tlog
