#include "tlog/follower.h"

#include <algorithm>
#include <map>

#include "tlog/entry_bundle.h"
#include "tlog/proof.h"
#include "tlog/tile.h"

namespace redoubt::tlog {
namespace {

Error failed(std::string message) {
  return {Errc::kVerifyFailed, std::move(message)};
}

// What the log's own bytes have wrong is a failed verification, whatever the parser called it.
Error as_failed(const Error& error) {
  switch (error.code()) {
    case Errc::kMalformed:
    case Errc::kTooLarge:
    case Errc::kCorrupt:
      return failed(error.message());
    default:
      return error;
  }
}

// The tiles of a tree of one size, each fetched once, in the width that this tree has them: what a log has published.
// For one proof: a few tiles a level.
class Tiles final : public TileSource {
 public:
  Tiles(ResourceReader& log, TreeSize size) : log_(log), size_(size) {}

  Result<Bytes> read_tile(const TileId& id) override {
    const unsigned width = tile_width(id.level, id.index, size_);
    if (id.width > width) return Error(Errc::kNotFound, "the tree has no tile `" + tile_path(id) + "`");
    Bytes& tile = tiles_[{id.level, id.index}];
    if (tile.empty()) {
      auto fetched = fetch({id.level, id.index, width});
      if (!fetched) return fetched;
      tile = *std::move(fetched);
    }
    return to_bytes(ByteView(tile).first(id.size_bytes()));
  }

 private:
  // "MAY fetch the full tile … as a fallback in case the partial tile is not available anymore" (C2SP tlog-tiles,
  // Partial Tiles).
  Result<Bytes> fetch(const TileId& id) {
    TileId found = id;
    auto bytes = log_.fetch(tile_path(id), kFullTileSize);
    if (!bytes && bytes.error().code() == Errc::kNotFound && id.is_partial()) {
      found.width = kTileWidth;
      bytes = log_.fetch(tile_path(found), kFullTileSize);
    }
    if (!bytes) return bytes;
    if (bytes->size() != found.size_bytes()) return failed("`" + tile_path(found) + "` does not have its size");
    return bytes;
  }

  ResourceReader& log_;
  const TreeSize size_;
  std::map<std::pair<unsigned, std::uint64_t>, Bytes> tiles_;
};

// That the tree of the checkpoint begins with that of the frontier.
Result<> check_prefix(Tiles& tiles, const Frontier& frontier, const Checkpoint& checkpoint) {
  auto proof = consistency_proof(tiles, frontier.size(), checkpoint.size);
  if (!proof) return as_failed(proof.error());
  return verify_consistency(frontier.size(), checkpoint.size, *proof, frontier.root(), checkpoint.root);
}

}  // namespace

Result<bool> LogFollower::advance(ResourceReader& log) {
  const auto bytes = log.fetch("checkpoint", kMaxNoteSize);
  if (!bytes) return bytes.error().in("checkpoint");
  std::string note(as_chars(*bytes));
  if (note == note_) return false;
  auto opened = open_checkpoint(note, keys_, origin_);
  if (!opened) return as_failed(opened.error()).in("checkpoint");
  if (!note_.empty() && opened->size < checkpoint_.size) {
    if (auto done = refuse_smaller(log, note, *opened); !done) return done.error();
  }
  if (!note_.empty()) {
    Tiles tiles(log, opened->size);
    auto fork = find_fork(note_, note, keys_, tiles);
    if (!fork) return as_failed(fork.error()).in("the log does not continue what it was");
    if (*fork) {
      fork_ = *std::move(fork);
      return failed("the log forked: it signed " + std::to_string(checkpoint_.size.value) + " entries, and now " +
                    std::to_string(opened->size.value) + " that do not begin with them");
    }
  }
  const bool grown = note_.empty() || opened->size > checkpoint_.size;
  note_ = std::move(note);
  checkpoint_ = *std::move(opened);
  return grown;
}

// A log never shrinks. Whether the smaller tree also contradicts the larger one is shown by the larger one's tiles, if
// the log still has them.
Result<> LogFollower::refuse_smaller(ResourceReader& log, const std::string& note, const Checkpoint& checkpoint) {
  Tiles tiles(log, checkpoint_.size);
  if (auto fork = find_fork(note, note_, keys_, tiles); fork && *fork) fork_ = *std::move(fork);
  return failed("the log went back: it signed " + std::to_string(checkpoint_.size.value) + " entries, and now shows " +
                std::to_string(checkpoint.size.value));
}

Result<> LogFollower::start_at(ResourceReader& log, LeafIndex from) {
  if (from.value > checkpoint_.size.value) {
    return Error(Errc::kInvalidArgument, "the log has " + std::to_string(checkpoint_.size.value) + " entries");
  }
  Tiles tiles(log, checkpoint_.size);
  auto frontier = Frontier::load(tiles, {from.value});
  if (!frontier) return as_failed(frontier.error());
  if (auto done = check_prefix(tiles, *frontier, checkpoint_); !done) {
    return done.error().in("the tiles are not those of the checkpoint");
  }
  frontier_ = *frontier;
  return {};
}

Result<std::size_t> LogFollower::read(ResourceReader& log, const OnEntry& on_entry) {
  if (next() >= checkpoint_.size.value) return std::size_t{0};
  const std::uint64_t index = next() / kTileWidth;
  unsigned width = tile_width(0, index, checkpoint_.size);
  std::string path = bundle_path(index, width);
  auto bundle = log.fetch(path, kMaxBundleSize);
  if (!bundle && bundle.error().code() == Errc::kNotFound && width < kTileWidth) {
    path = bundle_path(index, kTileWidth);
    bundle = log.fetch(path, kMaxBundleSize);
    if (bundle) width = kTileWidth;
  }
  if (!bundle) return bundle.error().in("`" + path + "`");
  const auto entries = decode_entry_bundle(*bundle);
  if (!entries) return as_failed(entries.error()).in("`" + path + "`");
  if (entries->size() != width) return failed("`" + path + "` does not have " + std::to_string(width) + " entries");

  const std::uint64_t begin = index * kTileWidth;
  const auto end = static_cast<std::size_t>(std::min<std::uint64_t>(width, checkpoint_.size.value - begin));
  Frontier frontier = frontier_;
  std::vector<Hash> leaves;
  for (std::size_t i = static_cast<std::size_t>(next() - begin); i < end; ++i) {
    leaves.push_back(leaf_hash((*entries)[i]));
    frontier.append(leaves.back());
  }
  Tiles tiles(log, checkpoint_.size);
  if (auto done = check_prefix(tiles, frontier, checkpoint_); !done) {
    return done.error().in("the entries of `" + path + "` are not in the log");
  }
  const std::uint64_t first = next();
  frontier_ = frontier;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    on_entry({first + i}, leaves[i], (*entries)[static_cast<std::size_t>(first - begin) + i]);
  }
  return leaves.size();
}

}  // namespace redoubt::tlog
