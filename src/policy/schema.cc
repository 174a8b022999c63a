#include "policy/schema.h"

#include <algorithm>
#include <utility>

#include "policy/internal/schema_builder.h"
#include "policy/internal/schema_fragment.h"
#include "policy/internal/schema_writer.h"

namespace redoubt::policy {
namespace {

// Types share their parts, so that one part may be met more often than there are parts; each pair is compared once.
class TypeComparison {
 public:
  bool equal(const Type& a, const Type& b) {
    if (&a == &b) return true;
    if (a.kind != b.kind || a.name != b.name || a.attributes.size() != b.attributes.size()) return false;
    if (!a.element != !b.element) return false;
    if (!a.element && a.attributes.empty()) return true;
    if (!seen_.emplace(&a, &b).second) return true;  // equal, or else the comparison would have ended
    if (a.element && !equal(*a.element, *b.element)) return false;
    return std::equal(
        a.attributes.begin(), a.attributes.end(), b.attributes.begin(), [&](const auto& x, const auto& y) {
          return x.first == y.first && x.second.required == y.second.required && equal(*x.second.type, *y.second.type);
        });
  }

 private:
  std::set<std::pair<const Type*, const Type*>> seen_;
};

}  // namespace

bool operator==(const Type& a, const Type& b) {
  return TypeComparison().equal(a, b);
}

bool operator==(const AttributeType& a, const AttributeType& b) {
  return a.required == b.required && *a.type == *b.type;
}

Checked<Schema> Schema::parse(std::string_view text, const Limits& limits) {
  auto fragment = internal::read_cedar_schema(text, limits);
  if (!fragment) return tl::unexpected(std::move(fragment.error()));
  return internal::SchemaBuilder::build(*fragment, limits);
}

Checked<Schema> Schema::parse_json(std::string_view json, const Limits& limits) {
  auto fragment = internal::read_json_schema(json, limits);
  if (!fragment) return tl::unexpected(std::move(fragment.error()));
  return internal::SchemaBuilder::build(*fragment, limits);
}

const EntityType* Schema::entity_type(std::string_view name) const {
  const auto found = entity_types_.find(name);
  return found == entity_types_.end() ? nullptr : &found->second;
}

const ActionType* Schema::action(const EntityUid& uid) const {
  const auto found = actions_.find(uid);
  return found == actions_.end() ? nullptr : &found->second;
}

Checked<std::string> schema_to_json(std::string_view cedar, const Limits& limits) {
  auto fragment = internal::read_cedar_schema(cedar, limits);
  if (!fragment) return tl::unexpected(std::move(fragment.error()));
  return internal::write_json_schema(*fragment, limits);
}

Checked<std::string> schema_to_cedar(std::string_view json, const Limits& limits) {
  auto fragment = internal::read_json_schema(json, limits);
  if (!fragment) return tl::unexpected(std::move(fragment.error()));
  return internal::write_cedar_schema(*fragment, limits);
}

}  // namespace redoubt::policy
