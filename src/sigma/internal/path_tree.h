// Paths of fields as a tree of names, so that one pass over a record finds all of them.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sigma/internal/compiled.h"
#include "sigma/internal/words.h"

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
  // The child of this name; of a name with dots, the child's child, and so on. None: nothing below is looked for. Eight
  // bytes behind the name can be read.
  std::uint32_t find(std::uint32_t node, std::string_view name) const {
    const Node& own = nodes_[node];
    if ((own.firsts & first_bit(name)) == 0) return kNone;
    if ((own.shapes & shape_bit(name)) != 0) {
      const std::uint32_t found = child(node, name);
      if (found != kNone) return found;
    }
    const std::size_t dot = name.find('.');  // no child's name has one
    return dot == std::string_view::npos ? kNone : find_parts(node, name, dot);
  }
  std::span<const FieldSlot> slots(std::uint32_t node) const { return nodes_[node].slots; }
  std::span<const Branch> branches(std::uint32_t node) const { return nodes_[node].branches; }
  bool is_time(std::uint32_t node) const { return nodes_[node].time; }

 private:
  struct Node {
    std::vector<FieldSlot> slots;
    std::vector<Branch> branches;
    bool time = false;
    // Bits of the children's names, so that most others are told without looking for them.
    std::uint64_t firsts = 0;
    std::uint64_t shapes = 0;
  };
  // A name by its first and its last eight bytes, which are all of it up to sixteen.
  struct Key {
    std::uint64_t head = 0;
    std::uint64_t tail = 0;  // none below eight bytes
    std::size_t size = 0;
    bool operator==(const Key&) const = default;
  };
  // Children of all nodes in one table, open addressing.
  struct Edge {
    std::uint32_t parent = kNone;
    std::uint32_t child = kNone;
    Key key;
    std::string name;
  };
  std::uint32_t add(std::string_view path);
  std::uint32_t add_child(std::uint32_t node, std::string_view name);
  std::uint32_t add_branch(std::uint32_t node, const PathPart::Condition& condition);
  std::uint32_t child(std::uint32_t node, std::string_view name) const {
    const Key key = key_of(name);
    for (std::uint32_t at = hash(node, key) & mask_; table_[at] != kNone; at = (at + 1) & mask_) {
      const Edge& edge = edges_[table_[at]];
      if (edge.parent == node && edge.key == key && (name.size() <= 16 || edge.name == name)) return edge.child;
    }
    return kNone;
  }
  std::uint32_t find_parts(std::uint32_t node, std::string_view name, std::size_t dot) const;
  void build_table();
  static std::uint64_t first_bit(std::string_view name) {
    return name.empty() ? 0 : std::uint64_t{1} << (static_cast<unsigned char>(name[0]) % 64);
  }
  static std::uint64_t shape_bit(std::string_view name) {
    return std::uint64_t{1} << ((name.size() * 37 + static_cast<unsigned char>(name[0])) % 64);
  }
  static Key key_of(std::string_view name) {
    const std::uint64_t head = load_word(name.data());
    if (name.size() < 8) return {first_bytes(head, name.size()), 0, name.size()};
    return {head, load_word(name.data() + name.size() - 8), name.size()};
  }
  static std::uint32_t hash(std::uint32_t parent, const Key& key) {
    return mix((key.head ^ std::rotl(key.tail, 29)) + parent + (std::uint64_t{key.size} << 32));
  }

  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::vector<std::uint32_t> table_;  // places of edges
  std::uint32_t mask_ = 0;
};

}  // namespace redoubt::sigma::internal
