#include "behaviour/mesh.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "behaviour/internal/decay.h"

namespace redoubt::behaviour {
namespace {

using internal::decay;
using internal::Population;

constexpr std::int64_t kTimeMax = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z
constexpr double kWeightMax = 1'000'000;

// ln 2 of an hour, a day, a week, in milliseconds.
constexpr std::int64_t kHourHalf = 2'495'330;
constexpr std::int64_t kDayHalf = 59'887'916;
constexpr std::int64_t kWeekHalf = 419'215'415;

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kYear = std::int64_t{365} * 24 * 3600 * kSecond;

std::int64_t bounded_time(UnixMillis time) {
  return std::clamp<std::int64_t>(time.value, 0, kTimeMax);
}

void add(std::uint32_t& to, std::uint32_t more) {
  to = more > std::numeric_limits<std::uint32_t>::max() - to ? std::numeric_limits<std::uint32_t>::max() : to + more;
}
void add(std::uint64_t& to, std::uint64_t more) {
  to = more > std::numeric_limits<std::uint64_t>::max() - to ? std::numeric_limits<std::uint64_t>::max() : to + more;
}

// What nodes and edges count alike.
template <class Counted>
void count(Counted& counted, const Interaction& interaction, std::int64_t time_ms, bool is_new) {
  const Volumes& volumes = interaction.volumes;
  add(counted.count, volumes.count);
  add(counted.denials, volumes.denials);
  add(counted.matches, volumes.matches);
  add(counted.bytes, volumes.bytes);
  add(counted.tokens, volumes.tokens);
  counted.first_ms = is_new ? time_ms : std::min(counted.first_ms, time_ms);
  counted.last_ms = is_new ? time_ms : std::max(counted.last_ms, time_ms);
  if (is_new) counted.first_index = interaction.index;
  counted.last_index = interaction.index;
}

// A rate that held at `last_ms`, with `more` at `time_ms`, as of the later of the two. (With the half-life known when
// this is compiled, dividing by it is a multiplication.)
template <std::int64_t kHalf>
void add_to_rate(float& rate, std::int64_t last_ms, std::uint32_t more, std::int64_t time_ms) {
  rate = static_cast<float>(static_cast<double>(rate) * decay(time_ms - last_ms, kHalf) +
                            static_cast<double>(more) * decay(last_ms - time_ms, kHalf));
}

// Users, applications and so on share a list of names.
std::uint8_t list_of(NodeType type) {
  return is_actor(type) ? 0 : static_cast<std::uint8_t>(type);
}

NodeName cut(const NodeName& name) {
  return {name.type, name.name.substr(0, kNodeNameMax)};
}

}  // namespace

// ----------------------------------------------------------------------------------------------------------------
// making

Result<Mesh> Mesh::create(const MeshOptions& options) {
  const auto refuse = [](std::string_view what) { return Error(Errc::kInvalidArgument, std::string(what)); };
  if (options.max_nodes < 64 || options.max_nodes > 1U << 26) return refuse("a mesh has room for 64 to 2^26 nodes");
  if (options.max_edges < 64 || options.max_edges > 1U << 27) return refuse("a mesh has room for 64 to 2^27 edges");
  if (options.max_edges / 128 > options.max_nodes) return refuse("a mesh has room for at most 128 edges a node");
  const RiskOptions& risk = options.risk;
  if (risk.half_life_ms < kSecond || risk.half_life_ms > kYear) return refuse("risk halves in a second to a year");
  const auto within = [](double value, double most) {
    return value >= 0 && value <= most;
  };  // false for what is no number
  if (!within(risk.per_denial, 1000) || !within(risk.per_match, 1000))
    return refuse("risk is 0 to 1000 for one of them");
  if (!within(risk.share, 1)) return refuse("the share of risk that is passed on is 0 to 1");
  return Mesh(options);
}

Mesh::Mesh(const MeshOptions& options)
    : options_(options),
      hash_(options.hash_key),
      node_places_(options.max_nodes),
      edge_places_(options.max_edges),
      reasons_{"other", "denied", "matched"} {}

Mesh::Mesh(Mesh&&) noexcept = default;
Mesh& Mesh::operator=(Mesh&&) noexcept = default;
Mesh::~Mesh() = default;

// ---------------------------------------------------------------------------------------------------------------
// finding

std::uint64_t Mesh::hash_of(const NodeName& name) const {
  return hash_.of(list_of(name.type), name.name);
}

std::uint64_t Mesh::hash_of(const MeshEdge& edge) const {
  return hash_.of(edge.from, edge.to, static_cast<std::uint8_t>(edge.kind_));
}

std::optional<NodeId> Mesh::find(const NodeName& wanted) const {
  const NodeName name = cut(wanted);
  return find(name, hash_of(name));
}

std::optional<NodeId> Mesh::find(const NodeName& name, std::uint64_t hash) const {
  return node_table_.find(hash, [&](NodeId id) {
    return list_of(nodes_[id].type) == list_of(name.type) && nodes_[id].name() == name.name;
  });
}

std::optional<EdgeId> Mesh::find(NodeId from, NodeId to, EdgeKind kind) const {
  return find(from, to, kind, hash_.of(from, to, static_cast<std::uint8_t>(kind)));
}

std::optional<EdgeId> Mesh::find(NodeId from, NodeId to, EdgeKind kind, std::uint64_t hash) const {
  return edge_table_.find(hash, [&](EdgeId id) {
    const MeshEdge& there = edges_[id];
    return there.from == from && there.to == to && there.kind() == kind;
  });
}

// ---------------------------------------------------------------------------------------------------------------
// writing

void Mesh::apply(const Interaction& interaction) {
  if (interaction.index < next_index_) {
    ++stats_.repeated;
    return;
  }
  REDOUBT_CHECK(interaction.index < std::uint64_t{1} << 63);
  next_index_ = interaction.index + 1;
  ++stats_.applied;
  const std::int64_t time_ms = bounded_time(interaction.time);
  if (time_ms < newest_ms_) {
    ++stats_.late;
    stats_.latest_by_ms = std::max(stats_.latest_by_ms, newest_ms_ - time_ms);
  }
  newest_ms_ = std::max(newest_ms_, time_ms);

  // Nobody's name, and no refused request, ends a probation.
  const bool established = interaction.proven && interaction.volumes.denials == 0;
  std::array<NodeName, Interaction::kNodesMax> names;
  std::array<std::uint64_t, Interaction::kNodesMax> hashes{};
  std::array<std::optional<NodeId>, Interaction::kNodesMax> ids;
  const std::size_t nodes = interaction.nodes().size();
  for (std::size_t i = 0; i < nodes; ++i) {
    names[i] = cut(interaction.nodes()[i]);
    hashes[i] = hash_of(names[i]);
  }
  ask_for_nodes({hashes.data(), nodes});
  for (std::size_t i = 0; i < nodes; ++i) {
    ids[i] = find_or_add(names[i], hashes[i], established);
    if (!ids[i]) continue;
    node_places_.set(*ids[i], Population::kHeld);
    touch(*ids[i], interaction, time_ms, established);
  }

  std::array<std::uint64_t, Interaction::kLinksMax> link_hashes{};
  const auto links = interaction.links();
  for (std::size_t i = 0; i < links.size(); ++i) {
    const Interaction::Link& link = links[i];
    if (!ids[link.from] || !ids[link.to]) continue;
    link_hashes[i] = hash_.of(*ids[link.from], *ids[link.to], static_cast<std::uint8_t>(link.kind));
  }
  ask_for_edges({link_hashes.data(), links.size()});
  for (std::size_t i = 0; i < links.size(); ++i) {
    const Interaction::Link& link = links[i];
    if (!ids[link.from] || !ids[link.to]) continue;
    touch_edge(*ids[link.from], *ids[link.to], link, link_hashes[i], interaction, time_ms, established);
  }
  if (interaction.actor && ids[*interaction.actor]) {
    const NodeId actor = *ids[*interaction.actor];
    const RiskOptions& risk = options_.risk;
    const Volumes& volumes = interaction.volumes;
    if (volumes.denials != 0) {
      add_risk(actor, kDenied, risk.per_denial * volumes.denials, time_ms, interaction.index, volumes.denials);
    }
    if (volumes.matches != 0) {
      add_risk(actor, kMatched, risk.per_match * volumes.matches, time_ms, interaction.index, volumes.matches);
    }
  }
  for (const auto& id : ids) {
    if (id) node_places_.clear(*id, Population::kHeld);
  }
}

// What an interaction touches lies anywhere in a gigabyte. Asked for at once, the parts come together rather than one
// after the other.
void Mesh::ask_for_nodes(std::span<const std::uint64_t> hashes) const {
  for (const std::uint64_t hash : hashes) node_table_.prefetch(hash);
  std::array<std::optional<NodeId>, Interaction::kNodesMax> probable;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    probable[i] = node_table_.probable(hashes[i]);
    if (!probable[i]) continue;
    nodes_.prefetch(*probable[i]);
    node_places_.prefetch(*probable[i]);
  }
  for (const auto& id : probable) {
    if (id) __builtin_prefetch(nodes_[*id].name_.get());
  }
}

void Mesh::ask_for_edges(std::span<const std::uint64_t> hashes) const {
  for (const std::uint64_t hash : hashes) edge_table_.prefetch(hash);
  for (const std::uint64_t hash : hashes) {
    const auto probable = edge_table_.probable(hash);
    if (!probable) continue;
    edges_.prefetch(*probable);
    edge_places_.prefetch(*probable);
  }
}

std::optional<NodeId> Mesh::find_or_add(const NodeName& name, std::uint64_t hash, bool established) {
  if (name.name.empty()) return std::nullopt;
  if (const auto there = find(name, hash)) {
    if (is_actor(name.type) && name.type != NodeType::kPrincipal) nodes_[*there].type = name.type;
    node_places_.set(*there, Population::kTouched);
    return there;
  }
  const auto id = node_places_.take(
      established, [&](NodeId each) { return node_may_go(each); }, [&](NodeId each) { evict_node(each); });
  if (!id) {
    ++stats_.nodes_refused;
    return std::nullopt;
  }
  nodes_.reach(*id);
  MeshNode& node = nodes_[*id];
  node = {};
  node.type = name.type;
  node.name_size = static_cast<std::uint16_t>(name.name.size());
  node.name_ = std::make_unique_for_overwrite<char[]>(name.name.size());
  std::memcpy(node.name_.get(), name.name.data(), name.name.size());
  node_table_.insert(hash, *id);
  return id;
}

void Mesh::touch(NodeId id, const Interaction& interaction, std::int64_t time_ms, bool established) {
  MeshNode& node = nodes_[id];
  count(node, interaction, time_ms, !node.touched());
  if (established) establish(id);
}

void Mesh::establish(NodeId id) {
  node_places_.establish(id, [&](NodeId each) { return node_may_go(each); }, [&](NodeId each) { evict_node(each); });
}

void Mesh::touch_edge(NodeId from, NodeId to, const Interaction::Link& link, std::uint64_t hash,
                      const Interaction& interaction, std::int64_t time_ms, bool established) {
  std::optional<EdgeId> id = find(from, to, link.kind, hash);
  const bool is_new = !id;
  if (is_new) id = add_edge(from, to, link.kind, hash, established);
  if (!id) {
    ++stats_.edges_refused;
    return;
  }
  MeshEdge& edge = edges_[*id];
  if (is_new) {
    edge.last_ms = time_ms;
  } else {
    edge_places_.set(*id, Population::kTouched);
    if (established) {
      edge_places_.establish(
          *id, [&](EdgeId each) { return each != *id && edge_may_go(each); }, [&](EdgeId each) { evict_edge(each); });
    }
  }
  const std::uint32_t counted = interaction.volumes.count;
  const std::uint32_t more = link.once && counted == 0 ? 1 : counted;
  add_to_rate<kHourHalf>(edge.rates.hour, edge.last_ms, more, time_ms);
  add_to_rate<kDayHalf>(edge.rates.day, edge.last_ms, more, time_ms);
  add_to_rate<kWeekHalf>(edge.rates.week, edge.last_ms, more, time_ms);
  count(edge, interaction, time_ms, is_new);
  add(edge.count, more - counted);
}

std::optional<EdgeId> Mesh::add_edge(NodeId from, NodeId to, EdgeKind kind, std::uint64_t hash, bool established) {
  const auto id = edge_places_.take(
      established, [&](EdgeId each) { return edge_may_go(each); }, [&](EdgeId each) { evict_edge(each); });
  if (!id) return std::nullopt;
  edges_.reach(*id);
  MeshEdge& edge = edges_[*id];
  edge = {};
  edge.from = from;
  edge.to = to & ((1U << 27) - 1);
  edge.kind_ = static_cast<std::uint32_t>(kind) & 31U;
  edge.out_place = nodes_[from].out.push(*id);
  edge.in_place = nodes_[to].in.push(*id);
  pinned_degree_ += (is_pinned(from) ? 1U : 0U) + (is_pinned(to) ? 1U : 0U);
  edge_table_.insert(hash, *id);
  return id;
}

bool Mesh::edge_may_go(EdgeId id) const {
  if (pinned_degree_ == 0 || pinned_degree_ > options_.max_edges / 2) return true;
  return !is_pinned(edge(id).from) && !is_pinned(edge(id).to);
}

void Mesh::evict_edge(EdgeId id) {
  ++stats_.edges_evicted;
  // The next to go is as a rule close behind.
  if (const EdgeId soon = id + 6; has_edge(soon)) {
    nodes_.prefetch(edges_[soon].from);
    nodes_.prefetch(edges_[soon].to);
    edge_table_.prefetch(hash_of(edges_[soon]));
  }
  remove_edge(id);
}

void Mesh::evict_node(NodeId id) {
  ++stats_.nodes_evicted;
  stats_.edges_evicted += nodes_[id].degree();
  remove_node(id);
}

void Mesh::remove_edge(EdgeId id) {
  const MeshEdge& edge = edges_[id];
  edge_table_.erase(hash_of(edge), id);
  const EdgeId in_out = nodes_[edge.from].out.take_out(edge.out_place);
  edges_[in_out].out_place = edge.out_place;
  const EdgeId in_in = nodes_[edge.to].in.take_out(edge.in_place);
  edges_[in_in].in_place = edge.in_place;
  pinned_degree_ -= (is_pinned(edge.from) ? 1U : 0U) + (is_pinned(edge.to) ? 1U : 0U);
  edge_places_.release(id);
}

void Mesh::remove_node(NodeId id) {
  MeshNode& node = nodes_[id];
  while (node.out.size() != 0) remove_edge(node.out.back());
  while (node.in.size() != 0) remove_edge(node.in.back());
  node_table_.erase(hash_of(name_of(id)), id);
  node = {};
  node_places_.release(id);
}

// -------------------------------------------------------------------------------------------------------- risk and
// pins

Result<> Mesh::raise(const NodeName& node, const MeshSignal& signal) {
  const auto id = find(node);
  if (!id) return Error(Errc::kNotFound, "the mesh has no `" + to_string(node) + "`");
  const double weight = signal.weight > 0 ? std::min(signal.weight, kWeightMax) : 0;  // 0 for what is no number
  add_risk(*id, reason_number(signal.rule.substr(0, kRuleMax)), weight, bounded_time(signal.time), signal.index, 1);
  return {};
}

std::uint32_t Mesh::reason_number(std::string_view rule) {
  const auto found = std::find(reasons_.begin(), reasons_.end(), rule);
  if (found != reasons_.end()) return static_cast<std::uint32_t>(found - reasons_.begin());
  if (rule.empty() || reasons_.size() == kReasonsMax) return kOther;
  reasons_.emplace_back(rule);
  return static_cast<std::uint32_t>(reasons_.size() - 1);
}

double Mesh::weight(const RiskPart& part, UnixMillis now) const {
  return part.weight * decay(now.value - part.at_ms, options_.risk.half_life_ms);
}

double Mesh::own_risk(NodeId id, UnixMillis now) const {
  if (!has_risk(id)) return 0;
  double sum = 0;
  for (const RiskPart& part : *nodes_[id].risk) sum += weight(part, now);
  return sum;
}

void Mesh::add_risk(NodeId id, std::uint32_t reason, double weight, std::int64_t time_ms, std::uint64_t index,
                    std::uint32_t count) {
  MeshNode& node = nodes_[id];
  if (!node.risk) {
    node.risk = std::make_unique<std::vector<RiskPart>>();
    node_places_.set(id, Population::kMarked);
  }
  std::vector<RiskPart>& parts = *node.risk;
  const std::int64_t half_life = options_.risk.half_life_ms;
  const auto part_of = [&](std::uint32_t wanted) {
    return std::find_if(parts.begin(), parts.end(), [&](const RiskPart& each) { return each.reason == wanted; });
  };
  // `more` into `part`, as of the later of the two.
  const auto merge = [&](RiskPart& part, const RiskPart& more) {
    part.weight = std::min(part.weight * decay(more.at_ms - part.at_ms, half_life) +
                               more.weight * decay(part.at_ms - more.at_ms, half_life),
                           1e12);
    part.at_ms = std::max(part.at_ms, more.at_ms);
    add(part.count, more.count);
  };
  if (part_of(reason) == parts.end() && parts.size() == kRiskParts) {
    // The two that weigh least become `other`, which may be one of them.
    const auto lighter = [&](const RiskPart& a, const RiskPart& b) {
      const auto other = [](const RiskPart& each) { return each.reason == kOther; };
      if (other(a) != other(b)) return other(a);
      return this->weight(a, {newest_ms_}) < this->weight(b, {newest_ms_});
    };
    const auto least = std::min_element(parts.begin(), parts.end(), lighter);
    RiskPart other = *least;
    parts.erase(least);
    const auto next = std::min_element(parts.begin(), parts.end(), lighter);
    if (next->at_ms > other.at_ms) other.indices = next->indices;
    merge(other, *next);
    other.reason = kOther;
    *next = other;
  }
  const RiskPart added{.reason = reason, .count = count, .weight = weight, .at_ms = time_ms};
  auto part = part_of(reason);
  if (part == parts.end()) {
    parts.push_back(added);
    part = parts.end() - 1;
    part->indices.fill(index);
  } else {
    merge(*part, added);
    std::copy_backward(part->indices.begin(), part->indices.end() - 1, part->indices.end());
    part->indices.front() = index;
  }
}

Result<> Mesh::pin(const NodeName& name) {
  if (name.name.empty()) return Error(Errc::kInvalidArgument, "a node without a name cannot be pinned");
  if (const auto there = find(name); there && is_pinned(*there)) return {};
  if (stats_.pinned >= options_.max_nodes / 4) {
    return Error(Errc::kResourceExhausted, "a quarter of all nodes that the mesh has room for are pinned");
  }
  const NodeName short_name = cut(name);
  const auto id = find_or_add(short_name, hash_of(short_name), true);
  if (!id) return Error(Errc::kResourceExhausted, "the mesh has no room for `" + to_string(name) + "`");
  node_places_.set(*id, Population::kHeld);
  establish(*id);
  node_places_.clear(*id, Population::kHeld);
  if (on_probation(*id)) {
    return Error(Errc::kResourceExhausted, "the mesh has no room for `" + to_string(name) + "`");
  }
  node_places_.set(*id, Population::kPinned);
  pinned_degree_ += nodes_[*id].degree();
  ++stats_.pinned;
  return {};
}

void Mesh::unpin(const NodeName& name) {
  const auto id = find(name);
  if (!id || !is_pinned(*id)) return;
  node_places_.clear(*id, Population::kPinned);
  node_places_.set(*id, Population::kTouched);
  pinned_degree_ -= nodes_[*id].degree();
  --stats_.pinned;
}

// ---------------------------------------------------------------------------------------------------------------
// reading

Rates Mesh::rates(const MeshEdge& edge, UnixMillis now) const {
  const std::int64_t age = now.value - edge.last_ms;
  const auto at = [&](float rate, std::int64_t half) {
    return static_cast<float>(static_cast<double>(rate) * decay(age, half));
  };
  return {at(edge.rates.hour, kHourHalf), at(edge.rates.day, kDayHalf), at(edge.rates.week, kWeekHalf)};
}

MeshStats Mesh::stats() const {
  MeshStats out = stats_;
  out.nodes = node_places_.count();
  out.edges = edge_places_.count();
  out.nodes_on_probation = node_places_.count(false);
  out.edges_on_probation = edge_places_.count(false);
  return out;
}

}  // namespace redoubt::behaviour
