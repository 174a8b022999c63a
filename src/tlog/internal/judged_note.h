// What known keys have to say about each signature line of a note: the one place where lines meet keys.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "tlog/note.h"

namespace redoubt::tlog::internal {

struct JudgedLine {
  std::size_t line = 0;   // position in the note's signatures
  std::size_t key = 0;    // position in the keys
  bool verified = false;  // false: this build cannot verify the key's type
};

struct JudgedNote {
  std::vector<JudgedLine> lines;  // those of known keys, in the note's order
  std::size_t unknown = 0;        // how many others there are
};

// Errors: kVerifyFailed when a line of a known key does not hold; kInvalidArgument when two different keys share name
// and id. No line of a known key, or none, is not an error here.
Result<JudgedNote> judge_signatures(const Note& note, std::span<const VerifierKey> keys);

// The keys with a line that is verified, or that is not; each once, ascending.
std::vector<std::size_t> keys_of_lines(const JudgedNote& judged, bool verified);

}  // namespace redoubt::tlog::internal
