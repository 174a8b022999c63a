// Dictionaries: exact records of one's own, such as numbers of patients. A rule has a dictionary's name only; who keeps
// the records is behind an interface, so that nobody can read them out of the rules.
//
// A rule's pattern says what a record looks like; what matches it is a match when its normal form is one of the
// records.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace redoubt::inspect {

// The seam to who keeps the records. Any thread; called while a text is scanned, once for each place that looks like a
// record, so an implementation should answer within microseconds.
class Dictionaries {
 public:
  virtual ~Dictionaries() = default;
  // Whether the dictionary has `record`, which is in normal form. An error ends the scan with the same error: nothing
  // may be released then.
  virtual Result<bool> contains(std::string_view dictionary, std::string_view record) const = 0;
};

// The form that records are kept and looked up in: the text folded as rules see it (README.md), in lower case, each row
// of blanks one space, none at the ends. `ann  LEE` and `Ann Lee` are one record.
std::string normal_record(std::string_view text);

}  // namespace redoubt::inspect
