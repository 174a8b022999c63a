// A receipt: where in which log a record is, and its leaf hash. It is a proof once a checkpoint covers it.
//
// Header form (RFC 9651 dictionary): `origin="example.org/log", index=17, leaf=:BASE64:`. Also in SSE comments.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "tlog/hash.h"

namespace redoubt::ledger {

struct Receipt {
  std::string origin;
  tlog::LeafIndex index{};
  tlog::Hash leaf_hash{};

  friend bool operator==(const Receipt&, const Receipt&) = default;
};

// Precondition: the origin is printable ASCII, as `redoubt init` sees to.
std::string format_receipt(const Receipt& receipt);

// kMalformed unless it is exactly such a dictionary: the three members, each once, in any order, at most 2,048 bytes.
Result<Receipt> parse_receipt(std::string_view text);

}  // namespace redoubt::ledger
