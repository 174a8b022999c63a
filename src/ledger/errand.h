// Errands: what `redoubt` has the keeper's program do while no keeper serves, because it takes private keys. The
// program is started for one errand, and ends with it:
//
//   redoubt-keeper VERB --name=value …
//
// Arguments have paths, public keys and names. Standard input has something for `make` alone: the ledger's first
// record. Standard output has the answer, lines that each end with a line feed: `ok` and what was asked for, or one
// line `failed CODE WHY`, CODE being an Errc's number.
//
// INVARIANT: nothing that is private goes between the two. The program reads key files, and those of shares, itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/hpke.h"
#include "tlog/note.h"

namespace redoubt::ledger {

// The lines of as many logs as a ledger can have, with names as long as `redoubt init` takes them.
inline constexpr std::size_t kErrandAnswerBytesMax = 1024 * 1024;

using ErrandLines = std::vector<std::string>;

// What the program says. A message loses its line feeds.
std::string format_errand_answer(const Result<ErrandLines>& done);
// What it said, which may be that it failed; nothing when that is no answer: of another form, cut short, or larger than
// kErrandAnswerBytesMax.
std::optional<Result<ErrandLines>> parse_errand_answer(std::string_view text);

// What errands answer. parse() gives kMalformed for lines of another form.

// Of `make`.
struct NewKeeperKeys {
  tlog::VerifierKey signer;
  crypto::X25519PublicKey dictionary;  // what records are sealed to

  ErrandLines lines() const;
  static Result<NewKeeperKeys> parse(const ErrandLines& lines);
  friend bool operator==(const NewKeeperKeys&, const NewKeeperKeys&) = default;
};

// Of `prepare-signer`: what the key that comes next is called, log by log, the system log first.
struct NextSigner {
  std::vector<tlog::VerifierKey> keys;  // one at least

  ErrandLines lines() const;
  static Result<NextSigner> parse(const ErrandLines& lines);
  friend bool operator==(const NextSigner&, const NextSigner&) = default;
};

// Of `rotate-signer`.
struct ChangedSigner {
  struct Log {
    tlog::VerifierKey from;
    tlog::VerifierKey to;
    std::uint64_t size = 0;  // of its last checkpoint, in entries

    friend bool operator==(const Log&, const Log&) = default;
  };
  bool resumed = false;   // a call before had begun it
  std::vector<Log> logs;  // the system log first; one at least

  ErrandLines lines() const;
  static Result<ChangedSigner> parse(const ErrandLines& lines);
  friend bool operator==(const ChangedSigner&, const ChangedSigner&) = default;
};

// Of `revoke-signer`.
struct RevokedSigner {
  tlog::VerifierKey key;
  std::uint64_t at = 0;  // size, in entries, above which it counts no more

  ErrandLines lines() const;
  static Result<RevokedSigner> parse(const ErrandLines& lines);
  friend bool operator==(const RevokedSigner&, const RevokedSigner&) = default;
};

}  // namespace redoubt::ledger
