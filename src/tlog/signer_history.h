// Who may sign for a log, and for which sizes, while its key changes: the file `signers`, statements that a log's keys
// made about each other, as signed notes (docs/formats/signers.md).
//
//   redoubt signer handover v1                      redoubt signer revocation v1
//   origin example.com/log                          origin example.com/log
//   previous BASE64                                 previous BASE64
//   old VKEY                                        key VKEY
//   new VKEY                                        at 1000
//   size 1024                                       time 1790009999
//   root BASE64
//   time 1790000000                                 — example.com/log BASE64       by the key that signs then
//
//   — example.com/log BASE64      by the old key
//   — example.com/log BASE64      by the new key
//
// Whoever knows one of the keys knows the others: the old key names its successor, and the new key vouches for all that
// came before it, since each statement holds the hash of the file in front of it (`previous`).
//
//   auto history = SignerHistory::verify(key_that_i_trust, signers);
//   auto opened = open_checkpoint_across(note, *history);
//
// All functions: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tlog/checkpoint.h"
#include "tlog/hash.h"
#include "tlog/log_verifier.h"
#include "tlog/note.h"

namespace redoubt::tlog {

inline constexpr std::size_t kMaxSignersSize = 256 * 1024;  // bytes
inline constexpr std::size_t kMaxSignerStatements = 256;

// One key's time as the log's signer. Between `from` and `to` checkpoints of either size belong to both neighbours.
struct SignerTerm {
  VerifierKey key;
  TreeSize from;                       // its first size
  std::optional<Hash> from_root;       // the tree that it took over; nothing for the first key
  std::uint64_t from_unix_seconds{};   // when, as both keys state; 0 for the first key
  std::optional<TreeSize> to;          // its last size; nothing for the current key
  std::optional<TreeSize> revoked_at;  // its signatures on larger trees do not count; 0: none does. At most `to`.

  friend bool operator==(const SignerTerm&, const SignerTerm&) = default;
};

// A value.
class SignerHistory {
 public:
  // What `text`, the file `signers`, says to somebody who trusts one key of the log. The empty text says that this is
  // the only one. The log's origin is the key's name, and that of all keys.
  //
  // From the trusted key on, each key up to the current one was named by the one before. A key that was revoked from
  // before its handover names nobody: somebody else may have had it, too. Whoever trusts such a key, or an earlier one,
  // must be told the current key by other means.
  //
  // That the file is whole is not proven: who withholds its end hides later handovers and revocations.
  //
  // Errors: kMalformed for anything but the one form; kUnsupported for a key of a type that cannot sign for a log;
  // kTooLarge above the limits; kVerifyFailed when a signature or a `previous` does not hold, a statement contradicts
  // those before it, the trusted key is not one of the log's, or the way from it leads over a revoked key;
  // kInvalidArgument when `trusted` is not a log's key.
  static Result<SignerHistory> verify(const VerifierKey& trusted, std::string_view text);

  const std::string& origin() const { return terms_.front().key.name(); }
  const std::vector<SignerTerm>& terms() const { return terms_; }  // in order; at least one
  const SignerTerm& current() const { return terms_.back(); }
  std::size_t trusted() const { return trusted_; }  // position in terms()

  // Whether the signature of the term's key on this checkpoint counts. kVerifyFailed, with the reason: the key was
  // revoked, had not begun or had handed over at that size, or handed over another root.
  Result<> accepts(std::size_t term, const Checkpoint& checkpoint) const;

 private:
  SignerHistory(std::vector<SignerTerm> terms, std::size_t trusted) : terms_(std::move(terms)), trusted_(trusted) {}

  std::vector<SignerTerm> terms_;
  std::size_t trusted_;
};

struct CheckpointAcross {
  Checkpoint checkpoint;
  std::size_t term = 0;  // whose signature counts: the trusted key's if it does, else the latest
};

// Opens a checkpoint of the history's log, whichever of its keys signed it. Errors: verify_note's and
// parse_checkpoint's; kVerifyFailed when the origin is another, or the signatures of the log's keys are there and none
// of them counts (accepts()).
Result<CheckpointAcross> open_checkpoint_across(std::string_view note, const SignerHistory& history);

// Whether the tree of a checkpoint continues the tree of each handover up to its size. `log` has the log's tiles, which
// are not trusted. kVerifyFailed when it does not; consistency_proof's errors.
Result<> check_handovers(ResourceReader& log, const SignerHistory& history, const Checkpoint& checkpoint);

// The file with one more statement: `from`, which signs for the log now, hands over to `to` after `last`, the last
// checkpoint that it signed. Errors: SignerHistory::verify's for `text` and for the new file; kInvalidArgument when
// `from` is not the current key or the names or the origin differ.
Result<std::string> append_handover(std::string_view text, const NoteSigner& from, const NoteSigner& to,
                                    const Checkpoint& last, std::uint64_t unix_seconds);

// The file with one more statement: signatures of `revoked`, an earlier key, on trees larger than `at` do not count; 0:
// none does. `signer` is the current key. Errors as above; kInvalidArgument when `at` is above the size at which the
// key handed over, or not below the size at which it was revoked already.
Result<std::string> append_revocation(std::string_view text, const NoteSigner& signer, const VerifierKey& revoked,
                                      TreeSize at, std::uint64_t unix_seconds);

}  // namespace redoubt::tlog
