// What a Finder keeps for one depth of decoding.
#pragma once

#include <algorithm>
#include <vector>

#include "inspect/internal/char_masks.h"
#include "inspect/internal/finder.h"

namespace redoubt::inspect::internal {

struct Finder::Level {
  explicit Level(const FoldTable& fold) : inner(fold) {}

  int depth = 0;
  Encoding path[kMaxDecodings] = {};
  CharMasks masks;
  std::vector<LiteralHit> hits;
  ContextWords::Nearby nearby;
  std::vector<Waiting> waiting;
  std::uint64_t unbroken_until = 0;      // no break between the first waiting place and this
  std::uint64_t uri_end = 0;             // of the last URI
  std::vector<std::uint64_t> user_from;  // where the next match of each user pattern may begin
  std::string decoded;                   // text that the next level reads
  std::vector<std::uint32_t> places;     // of its bytes
  FoldedText inner;                      // the same, folded
  std::vector<InvisibleRun> runs;

  void reset() {
    nearby.forget();
    waiting.clear();
    unbroken_until = 0;
    uri_end = 0;
    std::fill(user_from.begin(), user_from.end(), 0);
  }
};

}  // namespace redoubt::inspect::internal
