// The entries of a revocation list (RFC 5280 §5.1.2.6), which OpenSSL makes objects of, one by one: most of what
// reading a list costs. Inside this module only.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"

namespace redoubt::crypto::internal {

// Serial numbers, the contents of their INTEGERs, which are in their shortest form.
class RevokedSerials {
 public:
  // `body` is what is signed of a list in DER, without its tag and length, and must outlive this. Nothing when the list
  // has another form, or an entry says more than a serial number, a time and a reason for good: extensions that change
  // what an entry means (§5.3) are OpenSSL's to understand.
  static std::optional<RevokedSerials> read(ByteView body);

  bool contains(ByteView serial) const;
  // The whole list of entries with its tag and length, in `body`; empty when it has none.
  ByteView entries() const { return entries_; }

 private:
  ByteView entries_;
  std::vector<ByteView> serials_;  // sorted
};

}  // namespace redoubt::crypto::internal
