// The bundles that the server has: what the digests stand for that facts name.
#pragma once

#include <string_view>

#include "base/result.h"
#include "state/bundle.h"

namespace redoubt::admin {

// The engine's thread.
class BundleLibrary {
 public:
  virtual ~BundleLibrary() = default;
  // Whether the one with this digest is there, whole, and would be understood. kNotFound; kMalformed, saying where it
  // is wrong.
  virtual Result<> check(std::string_view digest) const = 0;
  // kNotFound.
  virtual Result<state::Bundle> get(std::string_view digest) const = 0;
  // Keeps one that would be understood, to be brought into force by its digest. What was added and never wanted may go
  // when others come. kMalformed, as check().
  virtual Result<> add(const state::Bundle& bundle) = 0;
};

}  // namespace redoubt::admin
