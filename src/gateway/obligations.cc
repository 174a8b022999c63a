#include "gateway/obligations.h"

#include <algorithm>
#include <array>
#include <vector>

namespace redoubt::gateway {
namespace {

// The names of `a,b_2`; none when one of them is none.
std::vector<std::string_view> names_in(std::string_view text) {
  const auto is_name = [](std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
  };
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t comma = text.find(',');
    out.push_back(text.substr(0, comma));
    if (!is_name(out.back())) return {};
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

bool is_list_of_names(std::string_view text) {
  return !names_in(text).empty();
}

bool is_number_of_days(std::string_view text) {
  return text.size() >= 2 && text.size() <= 6 && text.back() == 'd' && text.front() != '0' &&
         std::all_of(text.begin(), text.end() - 1, [](char c) { return c >= '0' && c <= '9'; });
}

// Obligations that later builds carry out, and the form of their values.
struct Known {
  std::string_view name;
  bool (*fits)(std::string_view value);
  std::string_view form;
};
constexpr std::array<Known, 3> kKnown{{
    {"step_up", is_list_of_names, "ways to authenticate, separated by commas"},
    {"retain", is_number_of_days, "days, as in `30d`"},
    {"record", [](std::string_view value) { return value == "overlap"; }, "`overlap`"},
}};

constexpr std::array kContentActions{ContentAction::kFlag, ContentAction::kTokenise, ContentAction::kRedact,
                                     ContentAction::kHold, ContentAction::kBlock};

// What `links,tool_arguments` permits; nothing when it is something else.
std::optional<RestorePermits> restore_permits(std::string_view text) {
  RestorePermits out;
  const auto names = names_in(text);
  if (names.empty()) return std::nullopt;
  for (const std::string_view name : names) {
    if (name == "links") {
      out.links = true;
    } else if (name == "tool_arguments") {
      out.tool_arguments = true;
    } else {
      return std::nullopt;
    }
  }
  return out;
}

Error wrong_value(const policy::Annotation& annotation, std::string_view form) {
  return {Errc::kInvalidArgument,
          "`@" + annotation.name + "` takes " + std::string(form) + ", not `" + annotation.value + "`"};
}

}  // namespace

bool speaks_of(const policy::Policy& policy, std::string_view action) {
  const policy::Scope& scope = policy.action;
  return scope.kind == policy::Scope::Kind::kAny ||
         std::ranges::any_of(scope.entities, [&](const policy::EntityUid& uid) { return uid.id == action; });
}

void Obligations::add(const Obligations& other) {
  if (other.commit) commit = std::max(commit.value_or(ledger::CommitLevel::kDurable), *other.commit);
  content.add(other.content);
  if (other.restore) restore = restore ? *restore & *other.restore : *other.restore;
  not_carried_out.insert(other.not_carried_out.begin(), other.not_carried_out.end());
}

Result<Obligations> parse_obligations(const policy::Policy& policy) {
  Obligations out;
  for (const policy::Annotation& annotation : policy.annotations) {
    if (annotation.name == "id" || annotation.name == "description") continue;
    const auto content =
        std::ranges::find(kContentActions, annotation.name, [](ContentAction a) { return to_string(a); });
    if (content != kContentActions.end()) {
      const auto names = names_in(annotation.value);
      if (names.empty()) return wrong_value(annotation, "kinds or families of match, separated by commas");
      for (const std::string_view name : names) out.content.add(name, *content);
      continue;
    }
    const auto known =
        std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& k) { return k.name == annotation.name; });
    if (known != kKnown.end()) {
      if (!known->fits(annotation.value)) return wrong_value(annotation, known->form);
      out.not_carried_out.emplace(annotation.name);
    } else if (annotation.name == "restore") {
      out.restore = restore_permits(annotation.value);
      if (!out.restore) return wrong_value(annotation, "`links`, `tool_arguments` or both, separated by a comma");
    } else if (annotation.name == "commit") {
      out.commit = ledger::parse_commit_level(annotation.value);
      if (!out.commit) return wrong_value(annotation, "`durable`, `published` or `cosigned`");
    } else {
      return Error(Errc::kInvalidArgument, "`@" + annotation.name + "` is no obligation that is known here");
    }
  }
  if (policy.effect == policy::Effect::kForbid && !out.empty()) {
    return Error(Errc::kInvalidArgument, "a forbid demands nothing, so it has no obligations");
  }
  if (out.restore && !speaks_of(policy, "invoke")) {
    return Error(Errc::kInvalidArgument, "`@restore` belongs to the request, on a permit of `invoke`");
  }
  return out;
}

}  // namespace redoubt::gateway
