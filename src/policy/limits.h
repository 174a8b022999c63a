// How much the readers of this module take from outside, and how deep evaluation goes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace redoubt::policy {

struct Limits {
  std::size_t max_bytes = 64 * 1024 * 1024;  // of one text, whatever its form; below 4 GiB
  // Of expressions, values, types and JSON inside each other. Bounds every recursion of this module: a level costs at
  // most about 1 KB of stack, wherever it is walked.
  std::size_t max_depth = 256;
  std::size_t max_policies = 1'000'000;
  std::size_t max_entities = 10'000'000;
  // Ancestors of all entities of a store together, one counted again for each parent that leads to it. Below 4 G.
  std::size_t max_ancestors = 100'000'000;
  // Of validation: parts of conditions looked at, once for each kind of requests that a schema has. Some ten seconds.
  std::uint64_t max_validation_steps = 1'000'000'000;
};

}  // namespace redoubt::policy
