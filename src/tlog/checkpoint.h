// Checkpoints: the signed statement of a log's size and root (C2SP tlog-checkpoint).
//
//   example.com/behind-the-sofa
//   20852163
//   CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//
//   — example.com/behind-the-sofa Az3grlgtzPIC…
//
// All functions: any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tlog/hash.h"
#include "tlog/note.h"

namespace redoubt::tlog {

struct Checkpoint {
  std::string origin;  // identity of the log; not empty
  TreeSize size;
  Hash root{};
  std::vector<std::string> extensions;  // opaque lines, none of them empty; the standard advises against them

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

// The note text: origin, size, root and extensions, a newline after each. kInvalidArgument when a line would be empty
// or hold a control character or what is not UTF-8, or the size exceeds kMaxTreeSize.
Result<std::string> format_checkpoint(const Checkpoint& checkpoint);

// The opposite. kMalformed unless the text is exactly what format_checkpoint gives: decimal size without leading
// zeros or sign, canonical base64 of 32 bytes, no empty line, a newline at the end. kTooLarge above kMaxNoteSize.
Result<Checkpoint> parse_checkpoint(std::string_view text);

// The checkpoint as a signed note. Errors: format_checkpoint's. The standard asks that the signer's name be the
// origin; it is the caller who chooses both.
// INVARIANT, kept by the caller: no checkpoint is signed that contradicts one signed before.
Result<std::string> sign_checkpoint(const Checkpoint& checkpoint, const NoteSigner& signer);

// Whether a key can stand for a log: is of type Ed25519 (0x01). kInvalidArgument for an Ed25519 cosigner's, whose word
// is a witness's; kUnsupported for ML-DSA-44, with which logs may sign (C2SP tlog-checkpoint, Signatures), but which
// this build cannot verify.
Result<> require_log_key(const VerifierKey& key);

// Verifies and parses. `log_keys` are keys of the log itself, for one of them must have signed. Lines of witnesses are
// ignored here; check_cosignatures reads them.
// Errors: require_log_key's, verify_note's and parse_checkpoint's; kVerifyFailed when the origin is another.
//
// open_checkpoint(note, keys): the origin must be the name of a key that signed, as the standard advises logs.
// open_checkpoint(note, keys, origin): it must be `origin`.
// open_checkpoint_of_any_origin: it is for the caller to compare. For logs whose key is not named like them.
Result<Checkpoint> open_checkpoint(std::string_view note, std::span<const VerifierKey> log_keys);
Result<Checkpoint> open_checkpoint(std::string_view note, std::span<const VerifierKey> log_keys,
                                   std::string_view expected_origin);
Result<Checkpoint> open_checkpoint_of_any_origin(std::string_view note, std::span<const VerifierKey> log_keys);

}  // namespace redoubt::tlog
