// The root that an inclusion path leads to.
#pragma once

#include <span>

#include "base/result.h"
#include "tlog/hash.h"

namespace redoubt::tlog::internal {

// RFC 9162 §2.1.3.2 without its last comparison. kVerifyFailed unless the path has the length that index and size ask
// for, and when index >= size.
Result<Hash> inclusion_root(const Hash& leaf, LeafIndex index, TreeSize size, std::span<const Hash> path);

}  // namespace redoubt::tlog::internal
