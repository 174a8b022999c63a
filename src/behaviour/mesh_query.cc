#include "behaviour/mesh_query.h"

#include <algorithm>
#include <array>
#include <bit>

#include "behaviour/internal/cursor.h"
#include "behaviour/internal/mesh_json.h"
#include "behaviour/mesh_risk.h"

namespace redoubt::behaviour {
namespace {

using encoding::JsonWriter;
using internal::write_edge;
using internal::write_node_name;
using internal::write_real;
using internal::write_time;

constexpr std::array<std::string_view, 9> kQuestions = {"stats",   "node", "touched", "touches", "reach",
                                                        "reaches", "path", "changes", "top"};
constexpr std::size_t kReachMax = 10'000;

Error refusal(std::string_view why) {
  return Error(Errc::kInvalidArgument, std::string(why));
}

bool has_node(MeshQuestion question) {
  return question != MeshQuestion::kStats && question != MeshQuestion::kChanges && question != MeshQuestion::kTop;
}

// FNV-1a of all that makes it this question: a cursor of another one would skip what it should not.
std::uint64_t digest(const MeshQuery& query, bool compared) {
  std::uint64_t out = 0xcbf29ce484222325;
  const auto add = [&](std::uint64_t value) {
    for (int i = 0; i < 8; ++i) out = (out ^ (value >> (8 * i) & 0xff)) * 0x100000001b3;
  };
  for (const std::string* text : {&query.node, &query.to}) {
    add(text->size());
    for (const char c : *text) add(static_cast<unsigned char>(c));
  }
  add(static_cast<std::uint64_t>(query.question));
  add(query.types);
  add(query.kinds.value_or(~0U));
  add(static_cast<std::uint64_t>(query.window.from.value));
  add(static_cast<std::uint64_t>(query.window.until.value));
  add(query.order ? static_cast<std::uint64_t>(*query.order) : ~0ULL);
  add(query.depth);
  add((query.in_time_order ? 1U : 0U) | (query.against_edges ? 2U : 0U) | (query.only_did ? 4U : 0U) |
      (compared ? 8U : 0U));
  add(std::bit_cast<std::uint64_t>(query.growth));
  return out;
}

class Answering {
 public:
  Answering(const Mesh& mesh, const MeshQuery& query, const MeshBeside& beside, JsonWriter& json)
      : mesh_(mesh),
        query_(query),
        beside_(beside),
        json_(json),
        now_(beside.now.value_or(mesh.newest())),
        digest_(digest(query, beside.before != nullptr)) {}

  // All that can be wrong, before anything is written.
  Result<> check() {
    if (query_.limit < 1 || query_.limit > kPageMax) return refusal("a page has 1 to 200 items");
    if (query_.depth > kDepthMax) return refusal("a way has at most 32 steps");
    if (!(query_.growth >= 1 && query_.growth <= 1'000'000)) return refusal("growth is 1 to 1000000 times what it was");
    if (has_node(query_.question)) {
      const auto node = find(query_.node);
      if (!node) return node.error();
      node_ = *node;
    }
    if (query_.question == MeshQuestion::kPath) {
      const auto to = find(query_.to);
      if (!to) return to.error();
      to_ = *to;
    }
    if (!query_.cursor.empty()) {
      const auto place = internal::read_cursor(digest_, query_.cursor);
      if (!place) return place.error();
      after_ = *place;
    }
    return {};
  }

  void write() {
    json_.begin_object();
    json_.member("question", to_string(query_.question));
    json_.key("as_of");
    json_.begin_object();
    write_time(json_, "time", mesh_.newest());
    json_.member("next_index", mesh_.next_index());
    json_.end_object();
    switch (query_.question) {
      case MeshQuestion::kStats:
        write_stats();
        break;
      case MeshQuestion::kNode:
        write_node();
        break;
      case MeshQuestion::kTouched:
        write_neighbours(Direction::kInto);
        break;
      case MeshQuestion::kTouches:
        write_neighbours(Direction::kOutOf);
        break;
      case MeshQuestion::kReach:
        write_reach(Direction::kOutOf);
        break;
      case MeshQuestion::kReaches:
        write_reach(Direction::kInto);
        break;
      case MeshQuestion::kPath:
        write_path();
        break;
      case MeshQuestion::kChanges:
        write_changes();
        break;
      case MeshQuestion::kTop:
        write_top();
        break;
    }
    json_.end_object();
  }

 private:
  Result<NodeId> find(const std::string& text) const {
    const auto name = parse_node_name(text);
    if (!name) return name.error();
    const auto id = mesh_.find(*name);
    if (!id) return Error(Errc::kNotFound, "the mesh has no `" + text + "`");
    return *id;
  }

  void write_next(const std::optional<MeshPlace>& next) {
    if (next) json_.member("next", internal::make_cursor(digest_, *next));
  }

  void write_stats() {
    const MeshStats stats = mesh_.stats();
    json_.member("nodes", stats.nodes);
    json_.member("edges", stats.edges);
    json_.member("max_nodes", mesh_.options().max_nodes);
    json_.member("max_edges", mesh_.options().max_edges);
    json_.member("nodes_on_probation", stats.nodes_on_probation);
    json_.member("edges_on_probation", stats.edges_on_probation);
    json_.member("pinned", stats.pinned);
    json_.member("applied", stats.applied);
    json_.member("repeated", stats.repeated);
    json_.member("late", stats.late);
    json_.member("latest_by_ms", stats.latest_by_ms);
    json_.member("nodes_evicted", stats.nodes_evicted);
    json_.member("edges_evicted", stats.edges_evicted);
    json_.member("nodes_refused", stats.nodes_refused);
    json_.member("edges_refused", stats.edges_refused);
  }

  void write_node() {
    const MeshNode& node = mesh_.node(node_);
    write_node_name(json_, "node", mesh_, node_);
    json_.member("pinned", mesh_.is_pinned(node_));
    json_.member("on_probation", mesh_.on_probation(node_));
    json_.member("edges_out", node.out.size());
    json_.member("edges_in", node.in.size());
    internal::write_seen(json_, node);

    const RiskExplanation risk = explain_risk(mesh_, node_, now_);
    json_.key("risk");
    json_.begin_object();
    write_real(json_, "total", risk.total());
    write_real(json_, "own", risk.own);
    write_real(json_, "passed_on", risk.passed_on);
    json_.key("reasons");
    json_.begin_array();
    for (const RiskExplanation::Own& part : risk.parts) {
      json_.begin_object();
      json_.member("reason", mesh_.reason(part.reason));
      write_real(json_, "weight", part.weight);
      json_.member("count", part.count);
      write_entries(part.indices);
      json_.end_object();
    }
    json_.end_array();
    json_.key("neighbours");
    json_.begin_array();
    for (const RiskExplanation::PassedOn& part : risk.neighbours) {
      const MeshEdge& edge = mesh_.edge(part.edge);
      json_.begin_object();
      write_node_name(json_, "node", mesh_, part.from);
      json_.member("kind", to_string(edge.kind()));
      write_real(json_, "weight", part.weight);
      write_entries(std::array{edge.last_index, edge.first_index});
      json_.end_object();
    }
    json_.end_array();
    json_.member("complete", risk.complete);
    json_.end_object();
  }

  // Indices of entries; the same one again is not written again.
  template <std::size_t N>
  void write_entries(std::array<std::uint64_t, N> indices) {
    json_.key("entries");
    json_.begin_array();
    const auto end = std::unique(indices.begin(), indices.end());
    for (auto each = indices.begin(); each != end; ++each) json_.value(*each);
    json_.end_array();
  }

  void write_neighbours(Direction direction) {
    const EdgePage page = neighbours(mesh_, {.node = node_,
                                             .direction = direction,
                                             .types = query_.types,
                                             .kinds = query_.kinds.value_or(kAllKinds),
                                             .window = query_.window,
                                             .only_did = query_.only_did,
                                             .order = query_.order.value_or(MeshOrder::kLastSeen),
                                             .limit = query_.limit,
                                             .after = after_});
    write_node_name(json_, "node", mesh_, node_);
    json_.key("items");
    json_.begin_array();
    for (const EdgeId edge : page.edges) {
      json_.begin_object();
      write_edge(json_, mesh_, edge, now_);
      json_.end_object();
    }
    json_.end_array();
    write_next(page.next);
    json_.member("complete", page.complete);
  }

  // Found anew for each page, in the same order; a page begins behind the nodes of those before.
  void write_reach(Direction direction) {
    const std::size_t skip = after_ ? std::min<std::uint64_t>(after_->value, kReachMax) : 0;
    ReachQuery query{.from = node_,
                     .direction = direction,
                     .kinds = query_.kinds.value_or(kFlows),
                     .window = query_.window,
                     .in_time_order = query_.in_time_order,
                     .limit = kReachMax,
                     .permissions = beside_.permissions};
    if (query_.depth != 0) query.depth = query_.depth;
    const ReachAnswer reach = what_could_reach(mesh_, query);
    write_node_name(json_, "node", mesh_, node_);
    json_.key("items");
    json_.begin_array();
    std::size_t shown = 0;
    std::size_t at = skip;
    for (; at < reach.nodes.size() && shown < query_.limit; ++at) {
      const ReachedNode& each = reach.nodes[at];
      if ((query_.types & set_of(mesh_.node(each.node).type)) == 0) continue;
      ++shown;
      json_.begin_object();
      write_node_name(json_, "node", mesh_, each.node);
      write_node_name(json_, "by", mesh_, each.by);
      json_.member("kind", to_string(each.kind));
      json_.member("depth", each.depth);
      json_.member("did", each.did);
      json_.member("could", to_string(each.could));
      if (query.in_time_order && direction == Direction::kOutOf) write_time(json_, "at", {each.at_ms});
      if (each.edge) {
        json_.key("edge");
        json_.begin_object();
        write_edge(json_, mesh_, *each.edge, now_);
        json_.end_object();
      }
      json_.end_object();
    }
    json_.end_array();
    if (at < reach.nodes.size()) write_next(MeshPlace{at, 0});
    json_.member("complete", reach.complete);
  }

  void write_path() {
    PathQuery query{.from = node_,
                    .to = to_,
                    .kinds = query_.kinds.value_or(kAllKinds),
                    .window = query_.window,
                    .against_edges = query_.against_edges,
                    .in_time_order = query_.in_time_order,
                    .only_did = query_.only_did};
    if (query_.depth != 0) query.depth = query_.depth;
    const PathAnswer path = shortest_path(mesh_, query);
    write_node_name(json_, "from", mesh_, node_);
    write_node_name(json_, "to", mesh_, to_);
    json_.member("found", path.steps.has_value());
    json_.member("complete", path.complete);
    if (!path.steps) return;
    json_.key("steps");
    json_.begin_array();
    for (const PathStep& step : *path.steps) {
      json_.begin_object();
      json_.member("reversed", step.reversed);
      if (query.in_time_order) write_time(json_, "at", {step.at_ms});
      write_edge(json_, mesh_, step.edge, now_);
      json_.end_object();
    }
    json_.end_array();
  }

  void write_changes() {
    const ChangesPage page = changes(mesh_, {.window = query_.window,
                                             .before = beside_.before,
                                             .types = query_.types,
                                             .kinds = query_.kinds.value_or(kAllKinds),
                                             .growth = query_.growth,
                                             .limit = query_.limit,
                                             .after = after_ ? after_->value : 0});
    json_.key("items");
    json_.begin_array();
    for (const MeshChange& each : page.changes) {
      json_.begin_object();
      if (each.what == MeshChange::What::kNewNode) {
        json_.member("what", "new_node");
        write_node_name(json_, "node", mesh_, each.node);
        internal::write_seen(json_, mesh_.node(each.node));
      } else {
        const bool is_new = each.what == MeshChange::What::kNewEdge;
        json_.member("what", is_new ? "new_edge" : "grown_edge");
        write_edge(json_, mesh_, each.edge, now_);
        if (!is_new) {
          json_.key("before");
          json_.begin_object();
          internal::write_volumes(json_, each.before);
          json_.end_object();
        }
      }
      json_.end_object();
    }
    json_.end_array();
    if (page.next) write_next(MeshPlace{*page.next, 0});
  }

  void write_top() {
    const MeshOrder order = query_.order.value_or(MeshOrder::kRisk);
    const NodePage page = top(mesh_, {.types = query_.types,
                                      .order = order,
                                      .window = query_.window,
                                      .now = now_,
                                      .limit = query_.limit,
                                      .after = after_});
    json_.key("items");
    json_.begin_array();
    for (const RankedNode& each : page.nodes) {
      json_.begin_object();
      write_node_name(json_, "node", mesh_, each.node);
      if (order == MeshOrder::kRisk) {
        write_real(json_, "risk", each.risk);
        write_real(json_, "own_risk", mesh_.own_risk(each.node, now_));
      }
      json_.member("edges", mesh_.node(each.node).degree());
      json_.member("pinned", mesh_.is_pinned(each.node));
      internal::write_seen(json_, mesh_.node(each.node));
      json_.end_object();
    }
    json_.end_array();
    write_next(page.next);
    json_.member("complete", page.complete);
  }

  const Mesh& mesh_;
  const MeshQuery& query_;
  const MeshBeside& beside_;
  JsonWriter& json_;
  UnixMillis now_;
  std::uint64_t digest_;
  NodeId node_ = 0;
  NodeId to_ = 0;
  std::optional<MeshPlace> after_;
};

}  // namespace

std::string_view to_string(MeshQuestion question) {
  return kQuestions[static_cast<std::size_t>(question)];
}

Result<MeshQuestion> parse_mesh_question(std::string_view name) {
  const auto found = std::find(kQuestions.begin(), kQuestions.end(), name);
  if (found == kQuestions.end()) return refusal("there is no question `" + std::string(name) + "`");
  return static_cast<MeshQuestion>(found - kQuestions.begin());
}

Result<> answer(const Mesh& mesh, const MeshQuery& query, const MeshBeside& beside, JsonWriter& json) {
  Answering answering(mesh, query, beside, json);
  if (auto checked = answering.check(); !checked) return checked.error();
  answering.write();
  return {};
}

}  // namespace redoubt::behaviour
