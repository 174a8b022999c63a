// The conditions of one policy made ready for typechecking in many environments: names are numbers, operators that
// stand for others are put as these, and parts that say the same are known to.
#pragma once

#include <bitset>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "policy/extension.h"
#include "policy/internal/schema_index.h"
#include "policy/policy_set.h"

namespace redoubt::policy::internal {

using NodeId = std::uint32_t;
using VariableSet = std::bitset<4>;  // by Variable

enum class NodeKind : std::uint8_t {
  kBool,
  kLong,
  kString,
  kEntity,    // value: the entity type or kNotDeclared; extra: the action, kNotDeclared if it is none
  kVariable,  // value: a Variable
  kUnknown,
  kNot,
  kNegate,
  kGetAttr,  // value: the attribute's name; extra: a capability
  kHas,      // value: the attribute's name; extra: a capability
  kHasPath,  // list: kHas, each of what the one before said to be there; a: the operand of the first
  kLike,
  kIs,    // value: the entity type or kNotDeclared
  kIsIn,  // a is value, and in b; value: the entity type or kNotDeclared
  kIsEmpty,
  kOr,
  kAnd,
  kEqual,
  kLess,  // value: 1 for <=
  kIn,
  kArithmetic,  // value: which
  kContains,
  kContainsSet,  // containsAll, containsAny; value: which
  kHasTag,       // extra: a capability
  kGetTag,       // extra: a capability
  kIf,
  kSet,     // list: elements
  kRecord,  // list: values; names()
  kCall,    // list: arguments; value: a Function, kNotDeclared if it is none
};

struct PolicyNode {
  NodeKind kind = NodeKind::kBool;
  std::uint32_t value = 0;
  std::uint32_t extra = 0;
  NodeId a = 0;  // operands, as many as the kind has
  NodeId b = 0;
  NodeId c = 0;
  std::uint32_t list = 0;  // where its list begins
  std::uint32_t size = 0;  // of the list
  NodeId same = 0;         // the first node that says the same; itself otherwise
  VariableSet variables;   // in it
  const Expr* from = nullptr;
};

class PolicyNodes {
 public:
  // Names in the policy are added to `index`; both must outlive this, and the policy the index. Recursion is as deep as
  // the conditions are.
  PolicyNodes(SchemaIndex& index, const Policy& policy);
  PolicyNodes(const PolicyNodes&) = delete;
  PolicyNodes& operator=(const PolicyNodes&) = delete;

  // One for each condition, in order.
  const std::vector<NodeId>& conditions() const { return conditions_; }
  // Operands come before what they are operands of.
  const std::vector<PolicyNode>& all() const { return nodes_; }
  const PolicyNode& operator[](NodeId node) const { return nodes_[node]; }
  std::span<const NodeId> list(const PolicyNode& node) const { return std::span(lists_).subspan(node.list, node.size); }
  std::span<const std::uint32_t> names(const PolicyNode& record) const {
    return std::span(lists_).subspan(record.list + record.size, record.size);
  }
  // Capabilities are numbered from 0: that what one expression gives is known to have an attribute or a tag.
  std::uint32_t capability_count() const { return static_cast<std::uint32_t>(capabilities_.size()); }
  // In any condition.
  bool mentions(Variable variable) const { return variables_.test(static_cast<std::size_t>(variable)); }

 private:
  struct Hash {
    const PolicyNodes* nodes;
    std::size_t operator()(NodeId node) const;
  };
  struct Same {
    const PolicyNodes* nodes;
    bool operator()(NodeId a, NodeId b) const;
  };
  struct Capability {
    bool tag = false;
    NodeId on = 0;
    std::uint32_t name = 0;  // of an attribute, or the node that gives the tag's
    friend bool operator==(const Capability&, const Capability&) = default;
  };
  struct CapabilityHash {
    std::size_t operator()(const Capability& capability) const;
  };

  NodeId add(PolicyNode node);
  NodeId add_list(PolicyNode node, std::span<const NodeId> list, std::span<const std::uint32_t> names = {});
  NodeId add_access(NodeKind kind, NodeId operand, std::string_view name, const Expr& from);
  std::uint32_t attribute_capability(NodeId on, std::uint32_t name);
  std::uint32_t tag_capability(NodeId on, NodeId tag);

  NodeId read(const Expr& expr);
  NodeId read_leaf(const Expr& expr);
  NodeId read_unary(const Expr& expr);
  NodeId read_binary(const Expr& expr);
  NodeId read_has(const Expr& expr);
  NodeId read_is(const Expr& expr);
  NodeId read_list(const Expr& expr);
  NodeId read_record(const Expr& expr);

  SchemaIndex& index_;
  std::vector<PolicyNode> nodes_;
  std::vector<std::uint32_t> lists_;
  std::unordered_set<NodeId, Hash, Same> known_;
  std::unordered_map<Capability, std::uint32_t, CapabilityHash> capabilities_;
  std::vector<NodeId> conditions_;
  VariableSet variables_;
};

}  // namespace redoubt::policy::internal
