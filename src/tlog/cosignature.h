// Cosignatures: a witness's statement that at a time it saw a checkpoint, consistent with all it saw of that log before
// (C2SP tlog-cosignature, Ed25519: `cosignature/v1`). They are signature lines on the checkpoint's note.
//
//   example.com/behind-the-sofa
//   20852163
//   CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//
//   — example.com/behind-the-sofa Az3grlgtzPIC…
//   — witness.example.com/w1 jWbPPwAAAABkGFDLEZMH…
//
// Cosignatures of ML-DSA-44 are recognised by their keys and reported as not checked: this build cannot verify them.
//
// All functions: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/ed25519.h"
#include "tlog/note.h"

namespace redoubt::tlog {

// The last second that a cosignature can state: "It MUST NOT exceed 2^63 - 1" (Format). The first is 1.
inline constexpr std::uint64_t kMaxCosignatureTime = (std::uint64_t{1} << 63) - 1;

// A witness's named private key. Movable, not copyable; the key wipes itself. One thread at a time.
//
// The signed message does not hold the name, so "the same public key can't be used across multiple cosigners" (Ed25519
// signed message); nor for a log's own key.
class Cosigner {
 public:
  // kInvalidArgument when the name may not name a key.
  static Result<Cosigner> create(std::string name, crypto::Ed25519PrivateKey key);

  const std::string& name() const { return verifier_key_.name(); }
  const VerifierKey& verifier_key() const { return verifier_key_; }

  // The line `— NAME BASE64` with its newline. `checkpoint_text` is a checkpoint's note text, without signatures;
  // `unix_seconds` when it is signed. kInvalidArgument unless the text is a checkpoint's and 1 <= unix_seconds <=
  // kMaxCosignatureTime.
  // INVARIANT, kept by the caller: what is cosigned is the largest tree seen of that log, and consistent with all
  // before.
  Result<std::string> signature_line(std::string_view checkpoint_text, std::uint64_t unix_seconds) const;

 private:
  Cosigner(VerifierKey verifier_key, crypto::Ed25519PrivateKey key)
      : verifier_key_(std::move(verifier_key)), key_(std::move(key)) {}

  VerifierKey verifier_key_;
  crypto::Ed25519PrivateKey key_;
};

struct Cosignature {
  std::size_t witness = 0;         // position in the keys given
  std::uint64_t unix_seconds = 0;  // when it was made, as the witness states; may lie in the future
  std::size_t line = 0;            // position in the note's signatures

  friend bool operator==(const Cosignature&, const Cosignature&) = default;
};

struct Cosignatures {
  std::vector<Cosignature> verified;     // one a witness, its latest, by position in the keys
  std::vector<std::size_t> not_checked;  // positions of witnesses with a line that this build cannot verify; ascending
  std::size_t other_signatures = 0;      // lines of keys that were not given, the log's own among them: ignored
};

// Whether a line can be a witness's: a time in range and a signature of one of the cosignature types, as its
// length says. Nothing is verified.
bool is_cosignature_shaped(const NoteSignature& line);

// Which of the witnesses cosigned the checkpoint, and when. That the log signed it is for open_checkpoint to say.
// Nobody having cosigned is not an error. Lines of unknown keys are ignored; a witness is known by name and key id.
//
// Errors: parse_note's and parse_checkpoint's; kVerifyFailed when a line of one of the witnesses does not hold, which
// makes the whole note invalid; kInvalidArgument when one of the keys is no cosigner's (a log's), or two different ones
// share name and id.
Result<Cosignatures> check_cosignatures(std::string_view checkpoint_note, std::span<const VerifierKey> witnesses);
Result<Cosignatures> check_cosignatures(const Note& checkpoint_note, std::span<const VerifierKey> witnesses);

}  // namespace redoubt::tlog
