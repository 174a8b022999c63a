// A mesh as bytes, and from bytes: docs/formats/mesh.md. Every number has a fixed size, everything stands in the order
// of its place in the tables; so the same mesh has the same bytes, and what was read goes on in the same way.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "behaviour/mesh.h"

namespace redoubt::behaviour {
namespace {

using internal::Population;

constexpr std::string_view kMagic = "RDmesh01";
constexpr std::string_view kFamily = "RDmesh";
constexpr std::string_view kEnd = "RDmesh.e";
constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr std::int64_t kTimeMax = 253'402'300'799'999;

class Writer {
 public:
  explicit Writer(const std::function<Result<>(ByteView)>& sink) : sink_(sink), piece_(kPiece + kThingMax) {}

  template <class T>
  void number(T value) {
    store_le(MutableByteView(piece_).subspan(at_), value);
    at_ += sizeof value;
  }
  void time(std::int64_t value) { number(static_cast<std::uint64_t>(value)); }
  void real(double value) { number(std::bit_cast<std::uint64_t>(value)); }
  void real(float value) { number(std::bit_cast<std::uint32_t>(value)); }
  void text(std::string_view value) {
    number(static_cast<std::uint16_t>(value.size()));
    raw(value);
  }
  void raw(std::string_view value) {
    REDOUBT_CHECK(value.size() <= piece_.size() - at_);
    std::memcpy(piece_.data() + at_, value.data(), value.size());
    at_ += value.size();
  }

  // Whether to go on. Called between things of at most kThingMax bytes.
  bool flush_when_full() { return at_ < kPiece || flush(); }
  bool flush() {
    if (result_) result_ = sink_(ByteView(piece_).first(at_));
    at_ = 0;
    return result_.has_value();
  }
  const Result<>& result() const { return result_; }

 private:
  static constexpr std::size_t kThingMax = 2048;  // a node with a long name and all the reasons there can be for risk

  const std::function<Result<>(ByteView)>& sink_;
  Bytes piece_;
  std::size_t at_ = 0;
  Result<> result_;
};

void write(Writer& out, const MeshOptions& options) {
  out.number(options.max_nodes);
  out.number(options.max_edges);
  out.time(options.risk.half_life_ms);
  out.real(options.risk.per_denial);
  out.real(options.risk.per_match);
  out.real(options.risk.share);
}

void write(Writer& out, const Population& places) {
  out.number(places.end());
  out.number(static_cast<std::uint32_t>(places.free().size()));
  out.number(places.hand(false));
  out.number(places.hand(true));
  for (const std::uint8_t flags : places.flags()) {
    out.number(static_cast<std::uint8_t>(flags & Population::kLasting));
    if (!out.flush_when_full()) return;
  }
  for (const std::uint32_t id : places.free()) {
    out.number(id);
    if (!out.flush_when_full()) return;
  }
}

template <class Counted>
void write_counted(Writer& out, const Counted& counted) {
  out.number(counted.count);
  out.number(counted.denials);
  out.number(counted.matches);
  out.number(counted.bytes);
  out.number(counted.tokens);
  out.time(counted.first_ms);
  out.time(counted.last_ms);
  out.number(counted.first_index);
  out.number(counted.last_index);
}

void write(Writer& out, const MeshNode& node) {
  out.number(static_cast<std::uint8_t>(node.type));
  out.text(node.name());
  write_counted(out, node);
  out.number(node.out.size());
  out.number(node.in.size());
  out.number(static_cast<std::uint8_t>(node.risk ? node.risk->size() : 0));
  if (!node.risk) return;
  for (const RiskPart& part : *node.risk) {
    out.number(static_cast<std::uint16_t>(part.reason));
    out.number(part.count);
    out.real(part.weight);
    out.time(part.at_ms);
    for (const std::uint64_t index : part.indices) out.number(index);
  }
}

void write(Writer& out, const MeshEdge& edge) {
  out.number(edge.from);
  out.number(static_cast<std::uint32_t>(edge.to));
  out.number(static_cast<std::uint8_t>(edge.kind_));
  out.number(edge.out_place);
  out.number(edge.in_place);
  write_counted(out, edge);
  out.real(edge.rates.hour);
  out.real(edge.rates.day);
  out.real(edge.rates.week);
}

}  // namespace

Result<> Mesh::save(const std::function<Result<>(ByteView)>& sink) const {
  Writer out(sink);
  out.raw(kMagic);
  write(out, options_);
  out.number(next_index_);
  out.time(newest_ms_);
  for (const std::uint64_t number : {stats_.applied, stats_.repeated, stats_.late, stats_.nodes_evicted,
                                     stats_.edges_evicted, stats_.nodes_refused, stats_.edges_refused}) {
    out.number(number);
  }
  out.time(stats_.latest_by_ms);
  out.number(static_cast<std::uint16_t>(reasons_.size()));
  for (const std::string& reason : reasons_) {
    out.text(reason);
    if (!out.flush_when_full()) return out.result();
  }
  write(out, node_places_);
  write(out, edge_places_);
  for (NodeId id = 0; id < nodes_end(); ++id) {
    if (!has_node(id)) continue;
    write(out, nodes_[id]);
    if (!out.flush_when_full()) return out.result();
  }
  for (EdgeId id = 0; id < edges_end(); ++id) {
    if (!has_edge(id)) continue;
    write(out, edges_[id]);
    if (!out.flush_when_full()) return out.result();
  }
  out.raw(kEnd);
  out.flush();
  return out.result();
}

Bytes Mesh::save() const {
  Bytes out;
  (void)save([&](ByteView piece) {
    append(out, piece);
    return Result<>();
  });
  return out;
}

// ----------------------------------------------------------------------------------------------------------------
// reading

// Reads what is there and no further. What is not as it must be is remembered as the first fault, and reads as zero.
class MeshReader {
 public:
  explicit MeshReader(ByteView bytes) : bytes_(bytes) {}

  Result<Mesh> read(const MeshOptions& options) {
    const std::string_view magic = raw(kMagic.size());
    if (magic != kMagic) {
      if (magic.starts_with(kFamily)) return Error(Errc::kUnsupported, "the mesh is of a later version");
      return Error(Errc::kCorrupt, "not a saved mesh");
    }
    auto made = Mesh::create(options);
    if (!made) return made.error();
    Mesh mesh = *std::move(made);
    if (!read_options(options)) return Error(Errc::kConflict, "the mesh was saved with other limits");
    read_head(mesh);
    read_places(mesh.node_places_, "nodes");
    read_places(mesh.edge_places_, "edges");
    if (ok()) read_nodes(mesh);
    if (ok()) read_edges(mesh);
    if (ok()) check_lists(mesh);
    require(raw(kEnd.size()) == kEnd, "the end");
    require(at_ == bytes_.size(), "what follows the end");
    if (!ok()) {
      return Error(Errc::kCorrupt, "the saved mesh is damaged at byte " + std::to_string(fault_at_) + ": " + fault_);
    }
    return mesh;
  }

 private:
  bool ok() const { return fault_.empty(); }
  void require(bool holds, std::string_view what) {
    if (holds || !ok()) return;
    fault_ = what;
    fault_at_ = at_;
  }
  std::string_view raw(std::size_t size) {
    require(size <= bytes_.size() - at_, "it ends early");
    if (!ok()) return {};
    at_ += size;
    return as_chars(bytes_.subspan(at_ - size, size));
  }
  template <class T>
  T number() {
    const std::string_view bytes = raw(sizeof(T));
    return bytes.empty() ? T{} : load_le<T>(as_bytes(bytes));
  }
  std::int64_t time() {
    const auto value = number<std::uint64_t>();
    require(value <= static_cast<std::uint64_t>(kTimeMax), "a time");
    return ok() ? static_cast<std::int64_t>(value) : 0;
  }
  // Rates and weights: finite, and not below zero; there is one zero.
  double real() { return checked(std::bit_cast<double>(number<std::uint64_t>())); }
  float real_float() { return checked(std::bit_cast<float>(number<std::uint32_t>())); }
  template <class T>
  T checked(T value) {
    require(std::isfinite(value) && !std::signbit(value), "a rate or weight");
    return ok() ? value : T{};
  }
  std::string_view text(std::size_t most, std::string_view what) {
    const auto size = number<std::uint16_t>();
    require(size > 0 && size <= most, what);
    return raw(size);
  }

  bool read_options(const MeshOptions& options) {
    MeshOptions saved;
    saved.max_nodes = number<std::uint32_t>();
    saved.max_edges = number<std::uint32_t>();
    saved.risk.half_life_ms = static_cast<std::int64_t>(number<std::uint64_t>());
    saved.risk.per_denial = std::bit_cast<double>(number<std::uint64_t>());
    saved.risk.per_match = std::bit_cast<double>(number<std::uint64_t>());
    saved.risk.share = std::bit_cast<double>(number<std::uint64_t>());
    // Bits rather than values: a negative zero would be written otherwise than it was read.
    const auto same = [](double a, double b) {
      return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
    };
    return !ok() || (saved.max_nodes == options.max_nodes && saved.max_edges == options.max_edges &&
                     saved.risk.half_life_ms == options.risk.half_life_ms &&
                     same(saved.risk.per_denial, options.risk.per_denial) &&
                     same(saved.risk.per_match, options.risk.per_match) && same(saved.risk.share, options.risk.share));
  }

  void read_head(Mesh& mesh) {
    mesh.next_index_ = number<std::uint64_t>();
    require(mesh.next_index_ <= std::uint64_t{1} << 63, "the next index");
    mesh.newest_ms_ = time();
    for (std::uint64_t* each :
         {&mesh.stats_.applied, &mesh.stats_.repeated, &mesh.stats_.late, &mesh.stats_.nodes_evicted,
          &mesh.stats_.edges_evicted, &mesh.stats_.nodes_refused, &mesh.stats_.edges_refused}) {
      *each = number<std::uint64_t>();
    }
    mesh.stats_.latest_by_ms = time();
    const auto reasons = number<std::uint16_t>();
    require(reasons >= mesh.reasons_.size() && reasons <= Mesh::kReasonsMax, "the number of reasons");
    for (std::size_t i = 0; i < reasons && ok(); ++i) {
      const std::string_view reason = text(Mesh::kRuleMax, "a reason");
      if (i < mesh.reasons_.size()) {
        require(reason == mesh.reasons_[i], "a reason that is always there");
      } else {
        require(std::find(mesh.reasons_.begin(), mesh.reasons_.end(), reason) == mesh.reasons_.end(), "a reason twice");
        mesh.reasons_.emplace_back(reason);
      }
    }
  }

  void read_places(Population& places, std::string_view what) {
    const auto end = number<std::uint32_t>();
    const auto free = number<std::uint32_t>();
    Population::Image image;
    image.hands[0] = number<std::uint32_t>();
    image.hands[1] = number<std::uint32_t>();
    const std::string_view flags = raw(end);
    require(free <= end, what);
    if (!ok()) return;
    image.flags.assign(as_uchars(as_bytes(flags)), as_uchars(as_bytes(flags)) + flags.size());
    const std::string_view ids = raw(std::size_t{free} * 4);
    for (std::size_t i = 0; i < ids.size(); i += 4)
      image.free.push_back(load_le<std::uint32_t>(as_bytes(ids).subspan(i)));
    if (ok()) require(places.restore(std::move(image)), what);
  }

  template <class Counted>
  void read_counted(Counted& counted) {
    counted.count = number<std::uint32_t>();
    counted.denials = number<std::uint32_t>();
    counted.matches = number<std::uint32_t>();
    counted.bytes = number<std::uint64_t>();
    counted.tokens = number<std::uint64_t>();
    counted.first_ms = time();
    counted.last_ms = time();
    counted.first_index = number<std::uint64_t>();
    counted.last_index = number<std::uint64_t>();
    require(counted.first_ms <= counted.last_ms && counted.first_index <= counted.last_index, "first and last seen");
  }

  void read_nodes(Mesh& mesh) {
    for (NodeId id = 0; id < mesh.nodes_end() && ok(); ++id) {
      if (!mesh.has_node(id)) continue;
      mesh.nodes_.reach(id);
      MeshNode& node = mesh.nodes_[id];
      const auto type = number<std::uint8_t>();
      require(type < kNodeTypes, "the type of a node");
      const std::string_view name = text(kNodeNameMax, "the name of a node");
      if (!ok()) return;
      node.type = static_cast<NodeType>(type);
      require(!mesh.find({node.type, name}), "a node twice");
      read_counted(node);
      const auto out = number<std::uint32_t>();
      const auto in = number<std::uint32_t>();
      // Room for edges that there are: not for what a damaged number says.
      expected_out_ += out;
      expected_in_ += in;
      require(expected_out_ <= mesh.edge_places_.count() && expected_in_ <= mesh.edge_places_.count(),
              "the edges of a node");
      const auto parts = number<std::uint8_t>();
      require(parts <= Mesh::kRiskParts, "the risk of a node");
      if (!ok()) return;
      node.name_size = static_cast<std::uint16_t>(name.size());
      node.name_ = std::make_unique_for_overwrite<char[]>(name.size());
      std::memcpy(node.name_.get(), name.data(), name.size());
      mesh.node_table_.insert(mesh.hash_of(mesh.name_of(id)), id);
      node.out.assign(out, kNoEdge);
      node.in.assign(in, kNoEdge);
      if (mesh.is_pinned(id)) {
        mesh.pinned_degree_ += std::uint64_t{out} + in;
        ++mesh.stats_.pinned;
      }
      if (parts != 0) read_risk(mesh, id, parts);
    }
    require(mesh.stats_.pinned <= mesh.options_.max_nodes / 4, "the pinned nodes");
  }

  void read_risk(Mesh& mesh, NodeId id, std::size_t parts) {
    mesh.node_places_.set(id, Population::kMarked);
    MeshNode& node = mesh.nodes_[id];
    node.risk = std::make_unique<std::vector<RiskPart>>();
    for (std::size_t i = 0; i < parts && ok(); ++i) {
      RiskPart part;
      part.reason = number<std::uint16_t>();
      require(part.reason < mesh.reasons_.size(), "a reason for risk");
      for (const RiskPart& before : *node.risk) require(before.reason != part.reason, "a reason for risk twice");
      part.count = number<std::uint32_t>();
      part.weight = real();
      part.at_ms = time();
      for (std::uint64_t& index : part.indices) index = number<std::uint64_t>();
      node.risk->push_back(part);
    }
  }

  void read_edges(Mesh& mesh) {
    for (EdgeId id = 0; id < mesh.edges_end() && ok(); ++id) {
      if (!mesh.has_edge(id)) continue;
      mesh.edges_.reach(id);
      MeshEdge& edge = mesh.edges_[id];
      edge.from = number<std::uint32_t>();
      const auto to = number<std::uint32_t>();
      const auto kind = number<std::uint8_t>();
      edge.out_place = number<std::uint32_t>();
      edge.in_place = number<std::uint32_t>();
      read_counted(edge);
      edge.rates.hour = real_float();
      edge.rates.day = real_float();
      edge.rates.week = real_float();
      require(kind < kEdgeKinds && edge.from != to && mesh.has_node(edge.from) && mesh.has_node(to),
              "what an edge links");
      if (!ok()) return;
      edge.to = to & ((1U << 27) - 1);
      edge.kind_ = kind & 31U;
      require(!mesh.find(edge.from, to, edge.kind()), "an edge twice");
      internal::EdgeList& out = mesh.nodes_[edge.from].out;
      internal::EdgeList& in = mesh.nodes_[to].in;
      require(edge.out_place < out.size() && out.at(edge.out_place) == kNoEdge && edge.in_place < in.size() &&
                  in.at(edge.in_place) == kNoEdge,
              "the place of an edge");
      if (!ok()) return;
      out.at(edge.out_place) = id;
      in.at(edge.in_place) = id;
      mesh.edge_table_.insert(mesh.hash_of(edge), id);
    }
  }

  // Each edge took a place, so that all places are taken when there are as many of one as of the other.
  void check_lists(const Mesh& mesh) {
    require(expected_out_ == mesh.edge_places_.count() && expected_in_ == mesh.edge_places_.count(),
            "the edges of all nodes");
  }

  static constexpr EdgeId kNoEdge = std::numeric_limits<EdgeId>::max();

  ByteView bytes_;
  std::size_t at_ = 0;
  std::uint64_t expected_out_ = 0;
  std::uint64_t expected_in_ = 0;
  std::string fault_;
  std::size_t fault_at_ = 0;
};

Result<Mesh> Mesh::restore(ByteView bytes, const MeshOptions& options) {
  return MeshReader(bytes).read(options);
}

}  // namespace redoubt::behaviour
