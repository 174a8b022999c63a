// How risky a node is, and why, down to the entries of records.
//
// **The formula.** Own risk is the sum of what signals about the node weighed, each halved with every half-life since
// (RiskOptions; refusals and matches of an actor are signals of `denied` and `matched`). A node passes on a `share` of
// its own risk, divided evenly among its edges and halved with every half-life since that edge was last seen:
//
//   own(n)  = Σ over signals s about n        weight(s) · 2^(-age(s) / half_life)
//   risk(n) = own(n) + share · Σ over edges e between n and m   own(m) · 2^(-age(e) / half_life) / degree(m)
//
// One step and no further: so every number can be opened down to records, nothing goes round in circles, and all risk
// passed on is at most `share` of all there is. A model that everybody calls gives each of them next to nothing; an
// agent that a suspicious principal alone delegated to gets nearly all of its share.
//
// On the thread of the mesh. `now` is as a rule mesh.newest().
#pragma once

#include <cstdint>
#include <vector>

#include "behaviour/mesh.h"

namespace redoubt::behaviour {

struct RiskExplanation {
  struct Own {
    std::uint32_t reason = 0;                                 // Mesh::reason()
    std::uint32_t count = 0;                                  // signals
    double weight = 0;                                        // what they add
    std::array<std::uint64_t, RiskPart::kIndices> indices{};  // the last entries, latest first; repeated when fewer
  };
  struct PassedOn {
    EdgeId edge = 0;
    NodeId from = 0;    // the neighbour
    double weight = 0;  // what it adds
  };
  double own = 0;
  double passed_on = 0;
  std::vector<Own> parts;            // heaviest first
  std::vector<PassedOn> neighbours;  // heaviest first, at most `most`
  bool complete = true;              // else there were more edges than may be examined
  double total() const { return own + passed_on; }
};
RiskExplanation explain_risk(const Mesh& mesh, NodeId node, UnixMillis now, std::size_t most = 20,
                             std::uint64_t examine = 500'000);

// The risk of every node, by id. Along at most `examine` edges risk is passed on, that of the riskiest nodes first;
// whether that was all.
bool all_risks(const Mesh& mesh, UnixMillis now, std::uint64_t examine, std::vector<double>& out);

}  // namespace redoubt::behaviour
