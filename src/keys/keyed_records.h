// Records that can be recognised but not read out: their tags, and the key of the tags (dictionary_opener.h).
//
//   KeyedRecords::Builder builder(dictionary.records());
//   for (each part) builder.add(answer of the keeper);
//   auto records = builder.finish();
//   records->contains("10203040")
//
// Whoever has a copy of this memory can try records against it. A wrong record is taken for one of n with a
// probability of n / 2^64.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace redoubt::keys {

// Immutable; any thread.
class KeyedRecords {
 public:
  class Builder;
  // Of records in the form that they are looked up in, under a key made for this.
  static KeyedRecords of(std::span<const std::string> records);

  // `record`: in the form that records were sealed in. Time depends on the record and the number of records.
  bool contains(std::string_view record) const;
  std::size_t size() const { return tags_.size(); }

 private:
  KeyedRecords(crypto::Secret key, std::vector<std::uint64_t> tags);

  crypto::Secret key_;
  std::vector<std::uint64_t> tags_;  // ascending
};

// From the keeper's answers, in any order. One thread.
class KeyedRecords::Builder {
 public:
  // `records`: how many there must be in the end.
  explicit Builder(std::size_t records);
  // kCorrupt for what is no answer, one of another key, or one too many.
  Result<> add(ByteView answer);
  // kCorrupt when records are missing. The builder is used up.
  Result<KeyedRecords> finish();

 private:
  const std::size_t records_;
  crypto::Secret key_;
  std::vector<std::uint64_t> tags_;
};

}  // namespace redoubt::keys
