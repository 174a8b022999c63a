// What becomes of a text by what was found in it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/content_actions.h"
#include "gateway/placeholders.h"
#include "inspect/match.h"

namespace redoubt::gateway {

struct FoundInText {
  std::string_view text;
  std::uint64_t base = 0;                     // of its first byte, in what the matches count
  std::span<const inspect::Match> matches;    // in order of their beginning
  std::span<const Restorer::Range> restored;  // the caller's own values, in order
};

// Whether the match is a value that the caller gave itself: it lies in what was restored.
bool is_own(const inspect::Match& match, std::span<const Restorer::Range> restored);

// Appends to `out` what becomes of the bytes from `begin` to `end`, all matches that begin there being known. Matches
// that overlap are replaced together, by the name of the first and what is due for the strictest. `covered`: up to
// where what was replaced reaches; 0 at first, then as the last call left it. `placeholders`: for what is tokenised;
// null: that is redacted. Returns whether anything was changed.
bool append_changed(std::string& out, const FoundInText& found, const ContentActions& actions,
                    Placeholders* placeholders, std::uint64_t begin, std::uint64_t end, std::uint64_t& covered);

}  // namespace redoubt::gateway
