// The behaviour mesh: a live graph of who and what touches which, made of committed records.
//
//   auto mesh = Mesh::create({.hash_key = random});
//   mesh->apply(interaction);                       // for each record, in index order (interaction.h)
//   const auto model = mesh->find({NodeType::kModel, "clinic-llm"});
//   for (const EdgeId id : mesh->into(*model)) …    // or the questions of mesh_questions.h, mesh_search.h, mesh_risk.h
//
// A directed multigraph: between two nodes there is at most one edge of each kind, which counts. All of it follows from
// what was applied, raised and pinned, in which order: the same calls give the same mesh, to the last byte of save(),
// on every machine and wherever it was saved and restored between.
//
// **Time** is the records', never a clock's. A record that is older than one before it counts like any other: first and
// last seen are the earliest and the latest, and rates get what is left of it by now. Times before 1970 and after 9999
// are taken for those; after a jump rates and risk are of the times that records said.
//
// **Memory** is bounded: kEdgeBytes for an edge and about kNodeBytes for a node, whatever arrives. At a limit somebody
// goes for each newcomer (internal/population.h): whoever was not touched since a hand last came by, among the
// established (some permitted, proven interaction touched them) for one that is, among those on probation for one that
// is not. So made-up names in refused requests push out only each other. Pinned nodes never go; neither do their edges,
// as long as those are not more than half of all edges there may be. Nodes with more than kHubDegree edges go only
// after edges of theirs went. With a node go its edges. All that went, or was not let in, is counted: stats().
//
// **Threads:** one, for writing and for asking. A view for other threads would have to copy, or to share and copy when
// written, what is more than a gigabyte, on the thread that must keep up; while a question is rare, and bounded by what
// it may examine. So questions are posted to the thread that writes, between two records.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "behaviour/interaction.h"
#include "behaviour/internal/chunks.h"
#include "behaviour/internal/edge_list.h"
#include "behaviour/internal/id_table.h"
#include "behaviour/internal/name_hash.h"
#include "behaviour/internal/population.h"
#include "behaviour/mesh_types.h"

namespace redoubt::behaviour {

// Of this mesh, and only as long as the node or edge is in it.
using NodeId = std::uint32_t;
using EdgeId = std::uint32_t;

// Bytes of memory: an edge, its places in two lists and a table; a node with a name of 30 bytes and six edges, without
// those. Measured by bench_mesh.
inline constexpr std::size_t kEdgeBytes = 120;
inline constexpr std::size_t kNodeBytes = 250;
inline constexpr std::uint32_t kHubDegree = 1024;

struct RiskOptions {
  std::int64_t half_life_ms = 24 * 3'600'000;  // 1 s to 1 year
  double per_denial = 0.1;                     // risk of an actor for each refusal; 0 to 1000
  double per_match = 0.05;                     // for each match in what it sent or got; likewise
  double share = 0.5;  // of a node's own risk that goes to its neighbours, all of them together; 0 to 1
  friend bool operator==(const RiskOptions&, const RiskOptions&) = default;
};

struct MeshOptions {
  std::uint32_t max_nodes = 1U << 20;   // 64 to 2^26
  std::uint32_t max_edges = 10U << 20;  // 64 to 2^27, and at most 128 for each node
  RiskOptions risk;
  // Random, and secret. Changes nothing that can be seen.
  internal::HashKey hash_key{};
};

// About how often it happened in the last hour, day, week before it was last seen: each event counts as 2^(-age / half)
// with a half-life of ln 2 of the time, so that a steady rate gives what it has in one of it.
struct Rates {
  float hour = 0;
  float day = 0;
  float week = 0;
  friend bool operator==(const Rates&, const Rates&) = default;
};

struct MeshEdge {
  NodeId from = 0;
  NodeId to : 27 = 0;
  std::uint32_t kind_ : 5 = 0;
  std::uint32_t out_place = 0;  // in the list of `from`
  std::uint32_t in_place = 0;   // in the list of `to`
  std::uint32_t count = 0;      // this and the next two stay at 2^32 - 1
  std::uint32_t denials = 0;
  std::uint32_t matches = 0;
  Rates rates;
  std::uint64_t bytes = 0;
  std::uint64_t tokens = 0;
  std::int64_t first_ms = 0;
  std::int64_t last_ms = 0;
  std::uint64_t first_index = 0;  // of the entries
  std::uint64_t last_index = 0;

  EdgeKind kind() const { return static_cast<EdgeKind>(kind_); }
  // Some of it was permitted; else it was only tried.
  bool did() const { return count > denials; }
};
static_assert(sizeof(MeshEdge) == 88);

// A reason for risk, and what it adds.
struct RiskPart {
  static constexpr std::size_t kIndices = 4;
  std::uint32_t reason = 0;  // Mesh::reason()
  std::uint32_t count = 0;   // how many signals; stays at 2^32 - 1
  double weight = 0;         // of them all at `at_ms`
  std::int64_t at_ms = 0;
  std::array<std::uint64_t, kIndices> indices{};  // entries that the last of them rest on, the latest first
};

struct MeshNode {
  // The indices of a node that was pinned and that no interaction has touched; its times mean nothing.
  static constexpr std::uint64_t kUntouched = std::numeric_limits<std::uint64_t>::max();

  bool touched() const { return first_index != kUntouched; }
  std::string_view name() const { return {name_.get(), name_size}; }

  NodeType type = NodeType::kPrincipal;
  std::uint16_t name_size = 0;
  std::uint32_t count = 0;  // interactions that touched it; this and the next two stay at 2^32 - 1
  std::uint32_t denials = 0;
  std::uint32_t matches = 0;
  std::uint64_t bytes = 0;
  std::uint64_t tokens = 0;
  std::int64_t first_ms = 0;
  std::int64_t last_ms = 0;
  std::uint64_t first_index = kUntouched;
  std::uint64_t last_index = kUntouched;
  std::unique_ptr<char[]> name_;
  std::unique_ptr<std::vector<RiskPart>> risk;  // null: none. At most Mesh::kRiskParts
  internal::EdgeList out;
  internal::EdgeList in;

  std::uint32_t degree() const { return out.size() + in.size(); }
};

// Something unusual about a node, as a rule or a statistic said.
struct MeshSignal {
  std::string_view rule;    // its name; longer than kRuleMax: cut
  double weight = 0;        // 0 to 1,000,000; beyond, and what is no number, is taken for the nearest of these
  UnixMillis time;          // of the record that it rests on
  std::uint64_t index = 0;  // of its entry
};

struct MeshStats {
  std::uint64_t applied = 0;      // interactions
  std::uint64_t repeated = 0;     // were applied before, and changed nothing
  std::uint64_t late = 0;         // were older than one before them
  std::int64_t latest_by_ms = 0;  // the most that one was older
  std::uint64_t nodes_evicted = 0;
  std::uint64_t edges_evicted = 0;  // also with a node
  std::uint64_t nodes_refused = 0;  // newcomers for whom nobody could go
  std::uint64_t edges_refused = 0;
  std::uint32_t nodes = 0;
  std::uint32_t edges = 0;
  std::uint32_t nodes_on_probation = 0;
  std::uint32_t edges_on_probation = 0;
  std::uint32_t pinned = 0;
};

class Mesh {
 public:
  static constexpr std::size_t kRiskParts = 8;  // reasons of a node; those that weigh least become one, `other`
  static constexpr std::size_t kReasonsMax = 4096;
  static constexpr std::size_t kRuleMax = 128;  // bytes
  static constexpr std::uint32_t kOther = 0;    // reasons that are always there
  static constexpr std::uint32_t kDenied = 1;
  static constexpr std::uint32_t kMatched = 2;

  // kInvalidArgument for an option out of its range.
  static Result<Mesh> create(const MeshOptions& options = {});
  Mesh(Mesh&&) noexcept;
  Mesh& operator=(Mesh&&) noexcept;
  ~Mesh();

  // ---- writing

  // Interactions come in the order of their indices, each once: one below next_index() changes nothing but a count. An
  // index is below 2^63. What finds no room is left out and counted. Time: a few microseconds, and bounded
  // (internal/population.h).
  void apply(const Interaction& interaction);
  // The index that the next interaction has at least. A mesh that was restored goes on there.
  std::uint64_t next_index() const { return next_index_; }

  // A signal about a node: adds to its risk. kNotFound when there is no such node.
  Result<> raise(const NodeName& node, const MeshSignal& signal);

  // A pinned node does not go, and comes to be when there is none. At most a quarter of all nodes may be pinned:
  // kResourceExhausted beyond. kInvalidArgument for a node without a name.
  Result<> pin(const NodeName& node);
  void unpin(const NodeName& node);

  // ---- reading

  std::optional<NodeId> find(const NodeName& node) const;
  std::optional<EdgeId> find(NodeId from, NodeId to, EdgeKind kind) const;

  // Preconditions: there is such a node, or edge. References hold until the mesh is written to.
  const MeshNode& node(NodeId id) const { return nodes_[id]; }
  const MeshEdge& edge(EdgeId id) const { return edges_[id]; }
  NodeName name_of(NodeId id) const { return {nodes_[id].type, nodes_[id].name()}; }
  std::span<const EdgeId> out_of(NodeId id) const { return nodes_[id].out.all(); }
  std::span<const EdgeId> into(NodeId id) const { return nodes_[id].in.all(); }
  bool is_pinned(NodeId id) const { return node_places_.is(id, internal::Population::kPinned); }
  bool has_risk(NodeId id) const { return node_places_.is(id, internal::Population::kMarked); }  // had some, once
  bool on_probation(NodeId id) const { return !node_places_.is(id, internal::Population::kEstablished); }

  // Ids are below these; not every one of them is a node's, or edge's.
  NodeId nodes_end() const { return node_places_.end(); }
  EdgeId edges_end() const { return edge_places_.end(); }
  bool has_node(NodeId id) const { return node_places_.has(id); }
  bool has_edge(EdgeId id) const { return edge_places_.has(id); }

  // As of `now`, which is as a rule newest().
  Rates rates(const MeshEdge& edge, UnixMillis now) const;
  double own_risk(NodeId id, UnixMillis now) const;
  double weight(const RiskPart& part, UnixMillis now) const;
  std::string_view reason(std::uint32_t number) const { return reasons_[number]; }

  UnixMillis newest() const { return {newest_ms_}; }  // time of the latest record; 0 before the first
  MeshStats stats() const;
  const MeshOptions& options() const { return options_; }

  // ---- as bytes (docs/formats/mesh.md)

  // All of it, in pieces of up to a megabyte, until one is refused. Errors: the sink's.
  Result<> save(const std::function<Result<>(ByteView)>& sink) const;
  Bytes save() const;
  // Goes on as the mesh that was saved would have. kCorrupt, with the place, for bytes that no mesh was saved as;
  // kConflict for those of other limits, risk options included: such a mesh is made anew from the ledger. kUnsupported
  // for those of a later version. Memory: at most about three times the bytes.
  static Result<Mesh> restore(ByteView bytes, const MeshOptions& options = {});

 private:
  friend class MeshReader;

  explicit Mesh(const MeshOptions& options);

  std::uint64_t hash_of(const NodeName& name) const;
  std::uint64_t hash_of(const MeshEdge& edge) const;
  void ask_for_nodes(std::span<const std::uint64_t> hashes) const;
  void ask_for_edges(std::span<const std::uint64_t> hashes) const;
  std::optional<NodeId> find(const NodeName& name, std::uint64_t hash) const;
  std::optional<EdgeId> find(NodeId from, NodeId to, EdgeKind kind, std::uint64_t hash) const;
  std::optional<NodeId> find_or_add(const NodeName& name, std::uint64_t hash, bool established);
  void touch(NodeId id, const Interaction& interaction, std::int64_t time_ms, bool established);
  void touch_edge(NodeId from, NodeId to, const Interaction::Link& link, std::uint64_t hash,
                  const Interaction& interaction, std::int64_t time_ms, bool established);
  std::optional<EdgeId> add_edge(NodeId from, NodeId to, EdgeKind kind, std::uint64_t hash, bool established);
  void evict_edge(EdgeId id);
  void evict_node(NodeId id);
  void remove_edge(EdgeId id);
  void remove_node(NodeId id);
  void establish(NodeId id);
  bool node_may_go(NodeId id) const { return nodes_[id].degree() <= kHubDegree; }
  bool edge_may_go(EdgeId id) const;
  void add_risk(NodeId id, std::uint32_t reason, double weight, std::int64_t time_ms, std::uint64_t index,
                std::uint32_t count);
  std::uint32_t reason_number(std::string_view rule);

  MeshOptions options_;
  internal::KeyedHash hash_;
  internal::Population node_places_;
  internal::Population edge_places_;
  internal::IdTable node_table_;
  internal::IdTable edge_table_;
  internal::Chunks<MeshNode> nodes_;
  internal::Chunks<MeshEdge> edges_;
  std::vector<std::string> reasons_;
  std::uint64_t next_index_ = 0;
  std::int64_t newest_ms_ = 0;
  std::uint64_t pinned_degree_ = 0;  // edges of pinned nodes; one between two of them counts twice
  MeshStats stats_;                  // without what the populations count
};

}  // namespace redoubt::behaviour
