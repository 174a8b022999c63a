#include "gateway/findings.h"

#include <algorithm>
#include <set>

namespace redoubt::gateway {

bool Findings::add(const inspect::Match& match, Where where) {
  bool is_first = true;
  for (Count& count : counts_) {
    if (count.kind != match.kind || count.family != match.family) continue;
    is_first = false;
    if (count.where != where) continue;
    ++count.count;
    return false;
  }
  counts_.push_back(
      {.kind = match.kind, .family = match.family, .where = where, .name = policy_name(match.kind), .count = 1});
  return is_first;
}

std::vector<std::string_view> Findings::names() const {
  std::vector<std::string_view> out;
  for (const Count& count : counts_) {
    out.emplace_back(count.name);
    out.push_back(inspect::to_string(count.family));
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

ContentAction Findings::strictest(const ContentActions& actions) const {
  ContentAction out = ContentAction::kNone;
  for (const Count& count : counts_) out = std::max(out, actions.of(count.kind, count.family));
  return out;
}

std::vector<record::MatchCount> Findings::counts(const ContentActions& actions) const {
  std::vector<record::MatchCount> out;
  for (const Count& count : counts_) {
    out.push_back({.kind = count.name,
                   .count = count.count,
                   .action = to_string(actions.of(count.kind, count.family)),
                   .where = to_string(count.where)});
  }
  return out;
}

std::string Findings::held(const ContentActions& actions) const {
  std::set<std::string_view> names;
  for (const Count& count : counts_) {
    if (actions.of(count.kind, count.family) == ContentAction::kHold) names.insert(count.name);
  }
  std::string out;
  for (const std::string_view name : names) (out += out.empty() ? "" : ",") += name;
  return out;
}

std::string Findings::in_words(const ContentActions& actions, ContentAction action, std::size_t max) const {
  std::string out;
  for (auto count = counts_.begin(); count != counts_.end(); ++count) {
    if (actions.of(count->kind, count->family) < action) continue;
    const auto is_same = [&](const Count& other) { return other.name == count->name && other.family == count->family; };
    if (std::any_of(counts_.begin(), count, is_same)) continue;
    std::uint64_t everywhere = 0;
    for (const Count& other : counts_) everywhere += is_same(other) ? other.count : 0;
    const std::string one = (out.empty() ? "" : ", ") + std::to_string(everywhere) + " " + count->name;
    if (out.size() + one.size() > max) break;
    out += one;
  }
  return out;
}

}  // namespace redoubt::gateway
