// Who touches what in a large organisation, made up: what fills a mesh for measurements.
//
// Half of the nodes are principals; each calls a few models, uses a few tools and reads a few data sets of its own,
// most of them popular ones, so that there are nodes with hundreds of thousands of edges. The same seed gives the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "behaviour/interaction.h"

namespace redoubt::behaviour::simulation {

class MeshTraffic {
 public:
  // About so many nodes, at least 1,000.
  MeshTraffic(std::size_t nodes, unsigned seed);

  // Somebody does something: seven nodes with six links. Its names are views of this.
  Interaction next();

 private:
  const std::string& popular(const std::vector<std::string>& all, std::size_t who);

  std::mt19937_64 random_;
  std::vector<std::string> principals_, credentials_, networks_, data_sets_, tools_, models_, tenants_;
  std::uint64_t index_ = 0;
  std::int64_t time_ms_ = 1'795'000'000'000;
};

}  // namespace redoubt::behaviour::simulation
