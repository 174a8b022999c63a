// The types that expressions have in validation (Cedar reference, "Policy validation"), each of them once: two types
// are the same when their numbers are. Beside what a schema declares there are the types of `true` and `false`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "policy/extension.h"

namespace redoubt::policy::internal {

// Numbers for texts, which must outlive this.
class NameTable {
 public:
  std::uint32_t id(std::string_view text);
  std::optional<std::uint32_t> find(std::string_view text) const;
  std::string_view text(std::uint32_t id) const { return texts_[id]; }

 private:
  std::unordered_map<std::string_view, std::uint32_t> ids_;
  std::vector<std::string_view> texts_;
};

using TypeId = std::uint32_t;
inline constexpr TypeId kNoType = 0;
inline constexpr TypeId kTrueType = 1;
inline constexpr TypeId kFalseType = 2;
inline constexpr TypeId kBoolType = 3;
inline constexpr TypeId kLongType = 4;
inline constexpr TypeId kStringType = 5;
inline constexpr TypeId kFirstExtensionType = 6;
constexpr TypeId boolean_type(bool value) {
  return value ? kTrueType : kFalseType;
}
constexpr TypeId extension_type(ExtensionType type) {
  return kFirstExtensionType + static_cast<TypeId>(type);
}

class TypeTable {
 public:
  enum class Kind : std::uint8_t { kNone, kTrue, kFalse, kBool, kLong, kString, kExtension, kEntity, kSet, kRecord };
  struct Attribute {
    std::uint32_t name = 0;  // of the NameTable
    TypeId type = kNoType;
    bool required = true;
    friend bool operator==(const Attribute&, const Attribute&) = default;
  };

  explicit TypeTable(const NameTable& names);
  TypeTable(const TypeTable&) = delete;
  TypeTable& operator=(const TypeTable&) = delete;

  // The type of the entities of one entity type, which the caller numbers; `name` is for describe().
  TypeId entity(std::uint32_t entity_type, std::string_view name);
  TypeId set(TypeId element);
  TypeId record(std::vector<Attribute> attributes);  // names differ; in any order

  Kind kind(TypeId type) const { return nodes_[type].kind; }
  bool is_bool(TypeId type) const { return type >= kTrueType && type <= kBoolType; }
  std::uint32_t entity_type(TypeId type) const { return nodes_[type].value; }  // precondition: of an entity
  TypeId element(TypeId type) const { return nodes_[type].value; }             // precondition: of a set
  std::span<const Attribute> attributes(TypeId type) const;                    // precondition: of a record; by name id
  const Attribute* attribute(TypeId record, std::uint32_t name) const;         // null when there is none

  // The least type that both belong to, in strict mode: types agree but for `true` and `false`. kNoType when there is
  // none. Time is bounded by the sizes of both types, however often they share their parts.
  TypeId least_upper_bound(TypeId a, TypeId b);

  // As in schemas: `Set<{a: Long, b?: User}>`; what is long is cut.
  std::string describe(TypeId type) const;

 private:
  struct Node {
    Kind kind = Kind::kNone;
    std::uint32_t value = 0;       // the entity type, or the element
    std::uint32_t attributes = 0;  // where they begin
    std::uint32_t size = 0;        // how many
  };
  struct Hash {
    const TypeTable* table;
    std::size_t operator()(TypeId type) const;
  };
  struct Same {
    const TypeTable* table;
    bool operator()(TypeId a, TypeId b) const;
  };

  TypeId keep(Node node);
  TypeId bound_of_records(TypeId a, TypeId b);
  void describe(TypeId type, std::string& out) const;

  const NameTable& names_;
  std::vector<Node> nodes_;
  std::vector<Attribute> attributes_;
  std::unordered_set<TypeId, Hash, Same> known_;
  std::unordered_map<std::uint32_t, std::string_view> entity_names_;
  std::map<std::pair<TypeId, TypeId>, TypeId> bounds_;
};

}  // namespace redoubt::policy::internal
