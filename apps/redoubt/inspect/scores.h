// What was found, against what there is.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "inspect/match.h"

namespace redoubt::app::inspect_verbs {

struct Score {
  std::uint64_t found = 0;  // as there are
  std::uint64_t false_ones = 0;
  std::uint64_t missed = 0;

  double precision() const;  // 1 when nothing was claimed
  double recall() const;     // 1 when there was nothing
  double f(double beta) const;
  Score& operator+=(const Score& other);
};

// One that the data says there is; offsets in code points.
struct Labelled {
  std::string kind;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
};

class Scores {
 public:
  // A match finds a label when kinds agree and they share at least half of the longer of them; a label of a whole
  // family (`SECRET`) agrees with each kind of it. Each is counted once.
  void add(const std::vector<Labelled>& labels, const std::vector<inspect::Match>& matches);
  // Of texts that are labelled as a whole.
  void add_text(bool label, bool claimed);

  Score overall() const;
  // Identifiers only: without names, places, organisations, dates, and numbers without a structure of their own.
  Score structured() const;
  const std::map<std::string, Score>& kinds() const { return kinds_; }
  // What was claimed in the place of what: "DATE_TIME as PHONE_NUMBER".
  const std::map<std::string, std::uint64_t>& confusion() const { return confusion_; }
  std::uint64_t texts() const { return texts_; }
  std::uint64_t negatives() const { return negatives_; }
  bool of_texts() const { return of_texts_; }

 private:
  std::map<std::string, Score> kinds_;
  std::map<std::string, std::uint64_t> confusion_;
  std::uint64_t texts_ = 0;
  std::uint64_t negatives_ = 0;  // texts with label 0
  bool of_texts_ = false;
};

}  // namespace redoubt::app::inspect_verbs
