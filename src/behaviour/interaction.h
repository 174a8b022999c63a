// One committed record, as the mesh sees it: who and what it names, what links them, and how much of it there was.
//
//   InteractionReader reader;
//   auto interaction = reader.read(record, index);
//   if (!interaction) return interaction.error();
//   if (*interaction) mesh.apply(**interaction);        // nothing: the record names nobody
//
// What the records of an exchange say counts once: an admission, or a denial, brings the count; the outcome brings
// bytes and tokens. Made from docs/formats/record.md, fact.md and identity-facts.md.
//
// The caller's address is in no record, only a commitment to it, another one in each exchange; so a network is nothing
// that can be read there. It comes from the sealed features, as a keyed hash of the address's prefix in hexadecimal
// digits, by which signals name it, too.
//
// One thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "behaviour/mesh_types.h"
#include "encoding/json_reader.h"

namespace redoubt::behaviour {

struct Activity;
struct Features;

struct Volumes {
  std::uint32_t count = 0;    // how often it happened
  std::uint32_t denials = 0;  // how often of these it was refused
  std::uint32_t matches = 0;  // what inspection found
  std::uint64_t bytes = 0;    // of request and reply
  std::uint64_t tokens = 0;
  friend bool operator==(const Volumes&, const Volumes&) = default;
};

class Interaction {
 public:
  static constexpr std::size_t kNodesMax = 32;
  static constexpr std::size_t kLinksMax = 64;
  struct Link {
    std::uint8_t from = 0;  // which of nodes()
    std::uint8_t to = 0;
    EdgeKind kind = EdgeKind::kCalled;
    bool once = false;  // happened once, though the record counts nothing
    friend bool operator==(const Link&, const Link&) = default;
  };
  using Node = std::optional<std::uint8_t>;  // which of nodes(); nothing: it has no name, or there is no room

  std::uint64_t index = 0;  // of the entry
  UnixMillis time;          // of the record
  bool proven = true;       // the principal was authenticated for this; else somebody used its name
  Volumes volumes;          // each node and each link gets all of them
  Node actor;               // which of nodes() acted

  // A node that is there already is the same, and takes a more exact type. Names are views: of the reader's record, or
  // of what the caller keeps until the interaction was applied.
  Node add(NodeName name);
  // Nothing when one of the two is nothing, or both are one.
  void link(Node from, Node to, EdgeKind kind, bool once = false);

  std::span<const NodeName> nodes() const { return {nodes_.data(), node_count_}; }
  std::span<const Link> links() const { return {links_.data(), link_count_}; }
  // Something had no room.
  bool is_cut() const { return is_cut_; }

 private:
  std::array<NodeName, kNodesMax> nodes_{};
  std::array<Link, kLinksMax> links_{};
  std::uint8_t node_count_ = 0;
  std::uint8_t link_count_ = 0;
  bool is_cut_ = false;
};

// Keeps its buffers. What it returned is valid until it reads again.
class InteractionReader {
 public:
  // Nothing for a record that names nobody (an interruption, a denial before authentication) or no two things. Errors:
  // kMalformed for what is no record of Redoubt's, and for what is no JSON; kUnsupported for one of a stage that is not
  // known; kTooLarge above 65,535 bytes. `features`: null when they are missing.
  Result<std::optional<Interaction>> read(std::string_view record, std::uint64_t index,
                                          const Features* features = nullptr);
  // The same of a record that was read as an activity, without reading it again; its views must live as long as the
  // interaction is used. Of a fact an activity does not say enough: kUnsupported.
  Result<std::optional<Interaction>> read(const Activity& activity, std::uint64_t index,
                                          const Features* features = nullptr);

 private:
  Result<std::optional<Interaction>> with_network(Result<std::optional<Interaction>> out, const Features* features);

  encoding::JsonReader reader_{{.max_bytes = 65'535, .max_depth = 64}};
  std::string network_;
};

}  // namespace redoubt::behaviour
