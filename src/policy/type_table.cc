#include "policy/internal/type_table.h"

#include <algorithm>

#include "policy/internal/shown.h"
#include "policy/name.h"

namespace redoubt::policy::internal {
namespace {

constexpr std::size_t kMaxDescription = 200;  // bytes

std::size_t mix(std::size_t hash, std::size_t value) {
  return (hash ^ value) * 0x9e3779b97f4a7c15u;
}

// As schemas have it, but that a terminal can show it.
std::string attribute_text(std::string_view name) {
  if (is_identifier_shape(name)) return std::string(name);
  std::string text = shown(name);
  text.front() = text.back() = '"';
  return text;
}

}  // namespace

std::uint32_t NameTable::id(std::string_view text) {
  const auto [found, added] = ids_.try_emplace(text, static_cast<std::uint32_t>(texts_.size()));
  if (added) texts_.push_back(text);
  return found->second;
}

std::optional<std::uint32_t> NameTable::find(std::string_view text) const {
  const auto found = ids_.find(text);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

TypeTable::TypeTable(const NameTable& names) : names_(names), known_(64, Hash{this}, Same{this}) {
  for (const Kind kind : {Kind::kNone, Kind::kTrue, Kind::kFalse, Kind::kBool, Kind::kLong, Kind::kString}) {
    nodes_.push_back({kind});
  }
  for (std::uint32_t type = 0; type < 4; ++type) nodes_.push_back({Kind::kExtension, type});
}

std::size_t TypeTable::Hash::operator()(TypeId type) const {
  const Node& node = table->nodes_[type];
  std::size_t hash = mix(static_cast<std::size_t>(node.kind) + 1, node.value);
  if (node.kind != Kind::kRecord) return hash;
  for (const Attribute& attribute : table->attributes(type)) {
    hash = mix(mix(hash, attribute.name), (std::size_t{attribute.type} << 1) | (attribute.required ? 1 : 0));
  }
  return hash;
}

bool TypeTable::Same::operator()(TypeId a, TypeId b) const {
  const Node& x = table->nodes_[a];
  const Node& y = table->nodes_[b];
  if (x.kind != y.kind || x.value != y.value) return false;
  return x.kind != Kind::kRecord || std::ranges::equal(table->attributes(a), table->attributes(b));
}

// The node as it is known already, or as a new type.
TypeId TypeTable::keep(Node node) {
  const auto type = static_cast<TypeId>(nodes_.size());
  nodes_.push_back(node);
  const auto [known, added] = known_.insert(type);
  if (!added) {
    nodes_.pop_back();
    if (node.kind == Kind::kRecord) attributes_.resize(node.attributes);
  }
  return *known;
}

TypeId TypeTable::entity(std::uint32_t entity_type, std::string_view name) {
  entity_names_.emplace(entity_type, name);
  return keep({Kind::kEntity, entity_type});
}

TypeId TypeTable::set(TypeId element) {
  return keep({Kind::kSet, element});
}

TypeId TypeTable::record(std::vector<Attribute> attributes) {
  std::ranges::sort(attributes, {}, &Attribute::name);
  Node node{Kind::kRecord};
  node.attributes = static_cast<std::uint32_t>(attributes_.size());
  node.size = static_cast<std::uint32_t>(attributes.size());
  attributes_.insert(attributes_.end(), attributes.begin(), attributes.end());
  return keep(node);
}

std::span<const TypeTable::Attribute> TypeTable::attributes(TypeId type) const {
  const Node& node = nodes_[type];
  return std::span(attributes_).subspan(node.attributes, node.size);
}

const TypeTable::Attribute* TypeTable::attribute(TypeId record, std::uint32_t name) const {
  const auto all = attributes(record);
  const auto found = std::ranges::lower_bound(all, name, {}, &Attribute::name);
  return found == all.end() || found->name != name ? nullptr : &*found;
}

// Recursion is as deep as the types are.
TypeId TypeTable::least_upper_bound(TypeId a, TypeId b) {
  if (a == b) return a;
  if (is_bool(a) && is_bool(b)) return kBoolType;
  if (kind(a) != kind(b) || (kind(a) != Kind::kSet && kind(a) != Kind::kRecord)) return kNoType;
  const std::pair pair = std::minmax(a, b);
  if (const auto known = bounds_.find(pair); known != bounds_.end()) return known->second;
  TypeId bound = kNoType;
  if (kind(a) == Kind::kSet) {
    const TypeId element_bound = least_upper_bound(element(a), element(b));
    if (element_bound != kNoType) bound = set(element_bound);
  } else {
    bound = bound_of_records(a, b);
  }
  bounds_.emplace(pair, bound);
  return bound;
}

TypeId TypeTable::bound_of_records(TypeId a, TypeId b) {
  if (nodes_[a].size != nodes_[b].size) return kNoType;
  std::vector<Attribute> common;
  for (std::size_t i = 0; i < nodes_[a].size; ++i) {
    const Attribute x = attributes(a)[i];
    const Attribute y = attributes(b)[i];
    if (x.name != y.name || x.required != y.required) return kNoType;
    const TypeId bound = least_upper_bound(x.type, y.type);
    if (bound == kNoType) return kNoType;
    common.push_back({x.name, bound, x.required});
  }
  return record(std::move(common));
}

std::string TypeTable::describe(TypeId type) const {
  std::string out;
  describe(type, out);
  if (out.size() > kMaxDescription) {
    // Not within a character.
    std::size_t end = kMaxDescription;
    while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0) == 0x80) --end;
    out.resize(end);
    out += "…";
  }
  return out;
}

// Stops soon after the text has become too long: types share their parts, so it could be longer than all of them.
void TypeTable::describe(TypeId type, std::string& out) const {
  if (out.size() > kMaxDescription) return;
  const Node& node = nodes_[type];
  switch (node.kind) {
    case Kind::kNone:
      out += "unknown";
      return;
    case Kind::kTrue:
    case Kind::kFalse:
    case Kind::kBool:
      out += "Bool";
      return;
    case Kind::kLong:
      out += "Long";
      return;
    case Kind::kString:
      out += "String";
      return;
    case Kind::kExtension:
      out += to_string(static_cast<ExtensionType>(node.value));
      return;
    case Kind::kEntity:
      out += entity_names_.at(node.value);
      return;
    case Kind::kSet:
      out += "Set<";
      describe(node.value, out);
      out += '>';
      return;
    case Kind::kRecord:
      break;
  }
  out += '{';
  bool first = true;
  for (const Attribute& attribute : attributes(type)) {
    if (out.size() > kMaxDescription) break;
    if (!first) out += ", ";
    first = false;
    out += attribute_text(names_.text(attribute.name));
    out += attribute.required ? ": " : "?: ";
    describe(attribute.type, out);
  }
  out += '}';
}

}  // namespace redoubt::policy::internal
