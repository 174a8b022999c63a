// What behaviour costs when there is much of it: correlations of many keys, a large mesh, many principals. For
// `redoubt behaviour bench`. All times are processor time of the calling thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace redoubt::app::behaviour_verbs {

struct Figure {
  std::string name;
  double value = 0;
  std::string_view unit;
};

// Of the calling thread: what else the machine does is not counted.
double cpu_seconds();

// `keys` groups of a count within ten minutes, by turns, a thousand events a second.
std::vector<Figure> measure_correlation(std::size_t keys);
// Filled with `edges`, which is also its room: each update makes some new edges, and others go. Then questions, of
// random nodes.
std::vector<Figure> measure_mesh(std::uint32_t nodes, std::uint32_t edges, std::size_t questions);
// Each is seen twice.
std::vector<Figure> measure_principals(std::uint32_t principals);

}  // namespace redoubt::app::behaviour_verbs
