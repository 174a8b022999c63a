// What an EntityStore is: every entity, and every UID that one has as a parent, numbered by a UidTable, each with the
// numbers of its ancestors.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "policy/authorizer.h"
#include "policy/internal/uid_table.h"

namespace redoubt::policy::internal {

class Store final : public EntityStore {
 public:
  // A UID that occurs in the store. Without `entity` it is only the parent of others, and does not exist as an entity.
  struct Node {
    const Entity* entity = nullptr;
    std::uint32_t ancestors_begin = 0;  // in ancestors_
    std::uint32_t ancestors_end = 0;
  };

  static Result<std::shared_ptr<const Store>> build(Entities entities, const Schema* schema, const Limits& limits);

  const UidTable& uids() const { return uids_; }
  // Null when nothing of that UID is there.
  const Node* find(const HashedUid& uid) const {
    const std::uint32_t number = uids_.find(uid);
    return number == UidTable::kNone ? nullptr : &nodes_[number];
  }
  // Numbers in ascending order, each once; the node itself is not among them.
  std::span<const std::uint32_t> ancestors(const Node& node) const {
    return std::span(ancestors_).subspan(node.ancestors_begin, node.ancestors_end - node.ancestors_begin);
  }
  bool has_ancestor(const Node& node, const HashedUid& uid) const {
    const auto all = ancestors(node);
    if (all.empty()) return false;
    const std::uint32_t number = uids_.find(uid);
    return number != UidTable::kNone && std::binary_search(all.begin(), all.end(), number);
  }

 private:
  friend class StoreBuilder;

  Entities entities_;
  UidTable uids_;
  std::vector<Node> nodes_;  // by number
  std::vector<std::uint32_t> ancestors_;
};

}  // namespace redoubt::policy::internal
