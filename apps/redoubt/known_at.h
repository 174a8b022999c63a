// Who was known at a time past: the facts of a ledger's folder folded again, in a temporary file, as far as is asked.
//
// What is sealed beside facts (names of people) is not opened.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "identity/identities.h"

namespace redoubt::app {

// One thread. Asked of later and later moments only.
class KnownAt {
 public:
  // `fs` must outlive it. Reads which facts there are. Errors: of reading; kMalformed for a fact that is none.
  static Result<std::unique_ptr<KnownAt>> open(FileSystem& fs, const std::string& ledger);
  ~KnownAt();

  // As of the entry `index` of the system log; or of a time, for what lies in other logs.
  Result<identity::Identities> before(std::uint64_t index);
  Result<identity::Identities> at(UnixMillis time);
  // Forgets how far it was asked: another log begins.
  Result<> begin_again();

 private:
  struct Impl;
  explicit KnownAt(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace redoubt::app
