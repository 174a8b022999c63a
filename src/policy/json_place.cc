#include "policy/internal/json_place.h"

#include <vector>

namespace redoubt::policy::internal {

std::string JsonPlace::pointer() const {
  std::vector<const JsonPlace*> steps;
  for (const JsonPlace* step = this; step->parent_ != nullptr; step = step->parent_) steps.push_back(step);
  std::string out;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    out += '/';
    if ((*step)->in_array_) {
      out += std::to_string((*step)->index_);
      continue;
    }
    for (const char c : (*step)->key_) {
      if (c == '~') {
        out += "~0";
      } else if (c == '/') {
        out += "~1";
      } else {
        out += c;
      }
    }
  }
  return out;
}

void ProblemList::add(const JsonPlace& place, std::string message, bool limit) {
  if (full()) return;
  Problem problem;
  problem.message = std::move(message);
  problem.path = place.pointer();
  problem.limit = limit;
  problems_.push_back(std::move(problem));
}

}  // namespace redoubt::policy::internal
