#include "gateway/content_actions.h"

#include <algorithm>

namespace redoubt::gateway {

std::string_view to_string(ContentAction action) {
  switch (action) {
    case ContentAction::kNone:
      return "none";
    case ContentAction::kFlag:
      return "flag";
    case ContentAction::kTokenise:
      return "tokenise";
    case ContentAction::kRedact:
      return "redact";
    case ContentAction::kHold:
      return "hold";
    case ContentAction::kBlock:
      break;
  }
  return "block";
}

std::string policy_name(std::string_view kind) {
  std::string out(kind);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

void ContentActions::add(std::string_view name, ContentAction action) {
  const auto entry = by_name_.find(name);
  if (entry == by_name_.end()) {
    by_name_.emplace(name, action);
  } else {
    entry->second = std::max(entry->second, action);
  }
}

void ContentActions::add(const ContentActions& other) {
  if (by_name_.empty()) {
    by_name_ = other.by_name_;
    return;
  }
  for (const auto& [name, action] : other.by_name_) add(name, action);
}

bool ContentActions::any_acts() const {
  return std::ranges::any_of(by_name_, [](const auto& entry) { return entry.second > ContentAction::kFlag; });
}

void ContentActions::release_holds() {
  for (auto& [name, action] : by_name_) {
    if (action == ContentAction::kHold) action = ContentAction::kFlag;
  }
}

ContentAction ContentActions::of(const inspect::Match& match) const {
  return of(match.kind, match.family);
}

ContentAction ContentActions::of(std::string_view kind, inspect::Family family) const {
  if (by_name_.empty()) return ContentAction::kNone;
  ContentAction action = ContentAction::kNone;
  for (const auto& entry : {by_name_.find(policy_name(kind)), by_name_.find(to_string(family))}) {
    if (entry != by_name_.end()) action = std::max(action, entry->second);
  }
  return action;
}

}  // namespace redoubt::gateway
