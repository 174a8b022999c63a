// The seam for rules without a width: learned taggers of names and addresses, classifiers of whole texts.
//
// Such a rule cannot say how many bytes it must see before it is certain. Over a whole text its matches are like any
// other's; in a stream it may only flag, since the bytes may be gone when it speaks (`Match::flag_only`). Whoever must
// act on it collects the whole text first.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "inspect/match.h"

namespace redoubt::inspect {

class Tagger {
 public:
  // What one text is read by. One thread at a time.
  class Reading {
   public:
    virtual ~Reading() = default;
    virtual Result<> feed(std::string_view chunk) = 0;
    // Appends matches; their kinds must live as long as the tagger.
    virtual Result<> finish(std::vector<Match>& matches) = 0;
  };

  virtual ~Tagger() = default;
  virtual std::string_view name() const = 0;
  // Any thread.
  virtual std::unique_ptr<Reading> begin() const = 0;
};

}  // namespace redoubt::inspect
