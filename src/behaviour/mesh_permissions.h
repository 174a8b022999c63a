// What policies would permit, as the mesh asks for it: so that beside what was reached there stands what could be.
#pragma once

#include <span>
#include <vector>

#include "behaviour/mesh.h"

namespace redoubt::behaviour {

enum class Could : std::uint8_t {
  kUnknown,  // nobody was asked, or nobody could tell
  kNever,    // whatever the circumstances
  kDepends,  // on circumstances that a question about what could be does not know: time, address, matches
  kAlways,
};
std::string_view to_string(Could could);  // `depends`

class Permissions {
 public:
  struct Permitted {
    NodeId resource = 0;
    EdgeKind kind = EdgeKind::kCalled;
    Could could = Could::kDepends;  // kDepends or kAlways
  };
  struct Answer {
    KindSet asked = 0;                 // of edges of these kinds it is known; what is not in the list is kNever
    std::vector<Permitted> permitted;  // each pair of resource and kind once
    bool complete = true;              // else what is not in the list may be permitted all the same
  };

  virtual ~Permissions() = default;

  // What `principal`, an actor of the mesh, may do with `resources`: models, tools and data sets of it. At most
  // kResources are asked about, so this may take a few microseconds for each. On the thread of the mesh.
  virtual Answer permitted(const Mesh& mesh, NodeId principal, std::span<const NodeId> resources) const = 0;

  static constexpr std::size_t kResources = 500;
};

}  // namespace redoubt::behaviour
