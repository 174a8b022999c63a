// Paths of fields as a tree of names, so that one pass over a record finds all of them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sigma/internal/compiled.h"

namespace redoubt::sigma::internal {

// Of a path, what stands between two dots: a name, and conditions that objects there must meet, `matches[where=tool]`.
struct PathPart {
  struct Condition {
    std::string_view member;
    std::vector<std::string_view> values;  // one of them
  };
  std::string_view name;
  std::vector<Condition> conditions;
};
// None: it is no path. Views are of `path`.
std::optional<std::vector<PathPart>> parse_path(std::string_view path);

class PathTree {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  // What is looked for below a node in those objects alone whose `member` is one of these texts.
  struct Branch {
    std::string member;
    std::vector<std::string> values;
    std::uint32_t node = kNone;
  };

  // By the names of fields in rules, rather than the record's paths, with `names`.
  PathTree(const CompiledRules& rules, bool names);

  std::uint32_t root() const { return 0; }
  // The child of this name; of a name with dots, the child's child, and so on. None: nothing below is looked for.
  std::uint32_t find(std::uint32_t node, std::string_view name) const;
  std::span<const FieldSlot> slots(std::uint32_t node) const { return nodes_[node].slots; }
  std::span<const Branch> branches(std::uint32_t node) const { return nodes_[node].branches; }
  bool is_time(std::uint32_t node) const { return nodes_[node].time; }

 private:
  struct Node {
    std::vector<FieldSlot> slots;
    std::vector<Branch> branches;
    bool time = false;
    std::uint64_t lengths = 0;  // of the children's names, as bits; the last for all from 63 on
    std::uint64_t firsts = 0;   // their first characters, the lower six bits of each
  };
  // Children of all nodes in one table, open addressing.
  struct Edge {
    std::uint32_t parent = kNone;
    std::uint32_t child = kNone;
    std::string name;
  };
  std::uint32_t add(std::string_view path);
  std::uint32_t add_child(std::uint32_t node, std::string_view name);
  std::uint32_t add_branch(std::uint32_t node, const PathPart::Condition& condition);
  std::uint32_t child(std::uint32_t node, std::string_view name) const;
  void build_table();
  static std::uint32_t hash(std::uint32_t parent, std::string_view name);

  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::vector<std::uint32_t> table_;  // places of edges
  std::uint32_t mask_ = 0;
};

}  // namespace redoubt::sigma::internal
