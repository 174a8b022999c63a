// Dictionaries: exact records of one's own, such as numbers of patients, that nobody can read out of the rules.
//
// A rule has the digests of its records only, keyed with HMAC-SHA-256 (RFC 2104). Its pattern says what a record looks
// like; what matches it is a match when the digest of its normal form is one of them. The key is the keeper's: whoever
// has the list but not the key cannot try records against it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/sha256.h"

namespace redoubt::inspect {

// The seam to whoever has the key. Any thread; called while a text is scanned, once for each place that looks like a
// record, so an implementation should answer within microseconds.
class DictionaryKey {
 public:
  virtual ~DictionaryKey() = default;
  // HMAC-SHA-256 of `record`, which is in normal form, under the key of the dictionary. An error ends the scan with the
  // same error: nothing may be released then.
  virtual Result<crypto::Sha256Digest> digest(std::string_view dictionary, std::string_view record) const = 0;
};

// What digests are taken of: the text folded as rules see it (README.md), in lower case, each row of blanks one space,
// none at the ends. `ann  LEE` and `Ann Lee` are one record.
std::string normal_record(std::string_view text);

}  // namespace redoubt::inspect
