#include "sigma/internal/path_tree.h"

#include <algorithm>
#include <bit>

namespace redoubt::sigma::internal {
namespace {

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

// `where=tool|user`, without its brackets.
std::optional<PathPart::Condition> parse_condition(std::string_view text) {
  const std::size_t sign = text.find('=');
  if (sign == std::string_view::npos || !is_word(text.substr(0, sign))) return std::nullopt;
  PathPart::Condition out{text.substr(0, sign), {}};
  for (std::string_view rest = text.substr(sign + 1);;) {
    const std::size_t bar = rest.find('|');
    if (!is_word(rest.substr(0, bar))) return std::nullopt;
    out.values.push_back(rest.substr(0, bar));
    if (bar == std::string_view::npos) return out;
    rest.remove_prefix(bar + 1);
  }
}

// A name and its conditions: `matches[where=tool][action=none|flag]`.
std::optional<PathPart> parse_part(std::string_view text) {
  PathPart out{text.substr(0, text.find('[')), {}};
  if (out.name.empty() || out.name.find(']') != std::string_view::npos) return std::nullopt;
  for (std::string_view rest = text.substr(out.name.size()); !rest.empty();) {
    const std::size_t end = rest.find(']');
    if (rest.front() != '[' || end == std::string_view::npos) return std::nullopt;
    auto condition = parse_condition(rest.substr(1, end - 1));
    if (!condition) return std::nullopt;
    out.conditions.push_back(*std::move(condition));
    rest.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace

std::optional<std::vector<PathPart>> parse_path(std::string_view path) {
  std::vector<PathPart> out;
  for (;;) {
    const std::size_t dot = path.find('.');  // what is in brackets has none
    auto part = parse_part(path.substr(0, dot));
    if (!part) return std::nullopt;
    out.push_back(*std::move(part));
    if (dot == std::string_view::npos) return out;
    path.remove_prefix(dot + 1);
  }
}

PathTree::PathTree(const CompiledRules& rules, bool names) : nodes_(1) {
  for (FieldSlot slot = 0; slot < rules.slot_names.size(); ++slot) {
    if (names) {
      nodes_[add(rules.slot_names[slot])].slots.push_back(slot);
    } else {
      for (const std::string& path : rules.slot_paths[slot]) {
        auto& slots = nodes_[add(path)].slots;
        if (std::find(slots.begin(), slots.end(), slot) == slots.end()) slots.push_back(slot);
      }
    }
  }
  nodes_[add(names ? "time" : rules.time_path)].time = true;
  build_table();
}

std::uint32_t PathTree::add(std::string_view path) {
  std::uint32_t node = 0;
  const auto parts = parse_path(path);
  if (!parts) {  // no record has such a member
    nodes_.emplace_back();
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }
  for (const PathPart& part : *parts) {
    node = add_child(node, part.name);
    for (const PathPart::Condition& condition : part.conditions) node = add_branch(node, condition);
  }
  return node;
}

std::uint32_t PathTree::add_child(std::uint32_t node, std::string_view name) {
  const auto edge =
      std::find_if(edges_.begin(), edges_.end(), [&](const Edge& e) { return e.parent == node && e.name == name; });
  if (edge != edges_.end()) return edge->child;
  const auto fresh = static_cast<std::uint32_t>(nodes_.size());
  nodes_[node].shapes |= shape_bit(name);
  nodes_[node].firsts |= first_bit(name);
  nodes_.emplace_back();
  const std::string padded = std::string(name) + std::string(8, '\0');
  edges_.push_back({node, fresh, key_of(std::string_view(padded).substr(0, name.size())), std::string(name)});
  return fresh;
}

std::uint32_t PathTree::add_branch(std::uint32_t node, const PathPart::Condition& condition) {
  const std::vector<std::string> values(condition.values.begin(), condition.values.end());
  for (const Branch& branch : nodes_[node].branches) {
    if (branch.member == condition.member && branch.values == values) return branch.node;
  }
  const auto fresh = static_cast<std::uint32_t>(nodes_.size());
  nodes_.emplace_back();
  nodes_[node].branches.push_back({std::string(condition.member), values, fresh});
  return fresh;
}

void PathTree::build_table() {
  table_.assign(std::bit_ceil(edges_.size() * 2 + 1), kNone);
  mask_ = static_cast<std::uint32_t>(table_.size() - 1);
  for (std::uint32_t place = 0; place < edges_.size(); ++place) {
    std::uint32_t at = hash(edges_[place].parent, edges_[place].key) & mask_;
    while (table_[at] != kNone) at = (at + 1) & mask_;
    table_[at] = place;
  }
}

std::uint32_t PathTree::find_parts(std::uint32_t node, std::string_view name, std::size_t dot) const {
  const std::string_view first = name.substr(0, dot);
  if (first.empty()) return kNone;
  node = child(node, first);
  return node == kNone ? kNone : find(node, name.substr(dot + 1));
}

}  // namespace redoubt::sigma::internal
