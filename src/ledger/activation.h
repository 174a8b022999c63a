// Which bundle is in force, as the facts of the system log have it: for the keeper, which has no state folded from
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "crypto/sha256.h"

namespace redoubt::ledger {

struct Activation {
  crypto::Sha256Digest bundle{};
  std::uint64_t fact = 0;     // its index in the system log
  std::uint64_t version = 0;  // of the bundle in force: 1 is the first that ever was

  friend bool operator==(const Activation&, const Activation&) = default;
};

// The activation that a record is (docs/formats/bundle.md); nothing for a record of another kind, or that is no fact in
// its one form. Whether it held when it came is the fold's to say.
std::optional<Activation> read_activation(ByteView record, std::uint64_t index);

// An activation that somebody else remembers.
struct KnownActivation {
  crypto::Sha256Digest bundle{};
  std::uint64_t fact = 0;
};

// The last activation in the ledger's folder that holds: each follows the one before by its version, as the fold has
// it. Entries that no checkpoint covers yet count. Nothing when no bundle was ever in force. What comes before `known`
// is not read. No key is needed and no keeper runs. Errors: kVerifyFailed when the ledger has no such activation there;
// kCorrupt and others of LogScan and CommitTail.
Result<std::optional<Activation>> last_activation(FileSystem& fs, const std::string& directory,
                                                  const std::optional<KnownActivation>& known);

}  // namespace redoubt::ledger
