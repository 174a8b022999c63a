// The mesh as plainly as it can be said: a map of edges, every event kept, every question asked of all of them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "behaviour/interaction.h"

namespace redoubt::behaviour::testing {

class NaiveMesh {
 public:
  struct Event {
    std::uint64_t index;
    std::int64_t time_ms;
    Volumes volumes;
  };
  using EdgeName = std::tuple<std::string, EdgeKind, std::string>;

  std::map<EdgeName, std::vector<Event>> edges;
  std::map<std::string, std::vector<Event>> nodes;
  std::int64_t newest_ms = 0;

  void apply(const Interaction& interaction) {
    const Event event{interaction.index, interaction.time.value, interaction.volumes};
    newest_ms = std::max(newest_ms, event.time_ms);
    for (const NodeName& node : interaction.nodes()) nodes[to_string(node)].push_back(event);
    for (const auto& link : interaction.links()) {
      Event along = event;
      if (link.once) along.volumes.count = std::max(along.volumes.count, 1U);
      edges[{to_string(interaction.nodes()[link.from]), link.kind, to_string(interaction.nodes()[link.to])}].push_back(
          along);
    }
  }

  static Volumes sum(const std::vector<Event>& events) {
    Volumes out;
    for (const Event& event : events) {
      out.count += event.volumes.count;
      out.denials += event.volumes.denials;
      out.matches += event.volumes.matches;
      out.bytes += event.volumes.bytes;
      out.tokens += event.volumes.tokens;
    }
    return out;
  }
  static std::int64_t first(const std::vector<Event>& events) {
    std::int64_t out = std::numeric_limits<std::int64_t>::max();
    for (const Event& event : events) out = std::min(out, event.time_ms);
    return out;
  }
  static std::int64_t last(const std::vector<Event>& events) {
    std::int64_t out = 0;
    for (const Event& event : events) out = std::max(out, event.time_ms);
    return out;
  }
  static bool did(const std::vector<Event>& events) { return sum(events).count > sum(events).denials; }
  static double rate(const std::vector<Event>& events, std::int64_t now_ms, double window_ms) {
    double out = 0;
    for (const Event& event : events) {
      out += event.volumes.count * std::exp(-static_cast<double>(now_ms - event.time_ms) / window_ms);
    }
    return out;
  }

  // The earliest moment at which each node is reached from `from` with at most so many steps, as Bellman and Ford have
  // it: for 0, 1, … `depth` steps. Without `in_time` all moments are 0. Only edges with something permitted when
  // `only_did`; against them, too, when `both`.
  std::vector<std::map<std::string, std::int64_t>> reached(const std::string& from, KindSet kinds, unsigned depth,
                                                           bool in_time, bool only_did, bool both) const {
    std::vector<std::map<std::string, std::int64_t>> out(depth + 1);
    out[0][from] = 0;
    for (unsigned i = 1; i <= depth; ++i) {
      out[i] = out[i - 1];
      const auto go = [&](const std::string& a, const std::string& b, const std::vector<Event>& events) {
        const auto there = out[i - 1].find(a);
        if (there == out[i - 1].end()) return;
        if (in_time && last(events) < there->second) return;
        const std::int64_t at_ms = in_time ? std::max(there->second, first(events)) : 0;
        const auto [place, is_new] = out[i].emplace(b, at_ms);
        if (!is_new) place->second = std::min(place->second, at_ms);
      };
      for (const auto& [name, events] : edges) {
        const auto& [a, kind, b] = name;
        if ((kinds & set_of(kind)) == 0 || (only_did && !did(events))) continue;
        go(a, b, events);
        if (both) go(b, a, events);
      }
    }
    return out;
  }
  // The fewest steps; nothing when there is no way.
  static std::optional<unsigned> steps(const std::vector<std::map<std::string, std::int64_t>>& reached,
                                       const std::string& to) {
    for (unsigned i = 0; i < reached.size(); ++i) {
      if (reached[i].contains(to)) return i;
    }
    return std::nullopt;
  }

  // Own risk of refusals and matches of actors, and what neighbours pass on: the formula of mesh_risk.h.
  double own_risk(const std::string& actor, double half_life_ms, double per_denial, double per_match) const {
    const auto found = acts.find(actor);
    double out = 0;
    if (found == acts.end()) return 0;
    for (const Event& event : found->second) {
      out += (per_denial * event.volumes.denials + per_match * event.volumes.matches) *
             std::exp2(-static_cast<double>(newest_ms - event.time_ms) / half_life_ms);
    }
    return out;
  }
  double risk(const std::string& node, double half_life_ms, double per_denial, double per_match, double share) const {
    double out = own_risk(node, half_life_ms, per_denial, per_match);
    for (const auto& [name, events] : edges) {
      const auto& [a, kind, b] = name;
      if (a != node && b != node) continue;
      const std::string& other = a == node ? b : a;
      const double age = static_cast<double>(newest_ms - last(events));
      out +=
          share * own_risk(other, half_life_ms, per_denial, per_match) * std::exp2(-age / half_life_ms) / degree(other);
    }
    return out;
  }
  double degree(const std::string& node) const {
    return static_cast<double>(std::count_if(edges.begin(), edges.end(), [&](const auto& each) {
      return std::get<0>(each.first) == node || std::get<2>(each.first) == node;
    }));
  }

  std::map<std::string, std::vector<Event>> acts;  // by actor
};

}  // namespace redoubt::behaviour::testing
