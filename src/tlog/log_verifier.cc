#include "tlog/log_verifier.h"

#include <array>

#include "tlog/entry_bundle.h"
#include "tlog/frontier.h"
#include "tlog/internal/subtree.h"
#include "tlog/tile.h"

namespace redoubt::tlog {
namespace {

constexpr std::string_view kCheckpointPath = "checkpoint";

Error failed(const std::string& path, const std::string& message) {
  return Error(Errc::kVerifyFailed, message).in(path);
}

// What a file of the log has wrong is a failed verification, whatever the parser called it.
Error failed(const std::string& path, const Error& error) {
  switch (error.code()) {
    case Errc::kMalformed:
    case Errc::kTooLarge:
    case Errc::kVerifyFailed:
      return failed(path, error.message());
    default:
      return error.in(path);
  }
}

struct Fetched {
  std::string path;
  Bytes bytes;
  unsigned width = 0;  // that the path promises
};

class Verification {
 public:
  Verification(ResourceReader& reader, const LogProgress& progress) : reader_(reader), progress_(progress) {}

  Result<LogReport> run(const VerifierKey& log_key, const std::optional<std::string>& checkpoint_note) {
    if (const Result<> opened = open(log_key, checkpoint_note); !opened) return opened.error();
    return recompute(&Verification::verify_bundle, "the root is not that of the log's entries");
  }

  Result<LogReport> run_tiles(const Checkpoint& checkpoint) {
    accept(checkpoint);
    return recompute(&Verification::verify_leaf_tile, "the root is not that of the log's tiles");
  }

 private:
  TreeSize size() const { return report_.checkpoint.size; }

  // `verify_leaves` reads the file of that index and appends its leaves to the frontier.
  Result<LogReport> recompute(Result<> (Verification::*verify_leaves)(std::uint64_t index), const char* wrong_root) {
    const std::uint64_t bundles = (size().value + kTileWidth - 1) / kTileWidth;
    for (std::uint64_t index = 0; index < bundles; ++index) {
      if (const Result<> verified = (this->*verify_leaves)(index); !verified) return verified.error();
      for (unsigned level = 0; level < levels_.size(); ++level) {
        if (levels_[level].size() != kFullTileSize) continue;
        if (const Result<> compared = compare_tile(level); !compared) return compared.error();
      }
      if (progress_) progress_(frontier_.size().value, size().value);
    }
    for (unsigned level = 0; level < levels_.size(); ++level) {
      if (levels_[level].empty()) continue;
      if (const Result<> compared = compare_tile(level); !compared) return compared.error();
    }
    if (frontier_.root() != report_.checkpoint.root) return failed(std::string(kCheckpointPath), wrong_root);
    return std::move(report_);
  }

  Result<> open(const VerifierKey& log_key, const std::optional<std::string>& checkpoint_note) {
    const std::string path(kCheckpointPath);
    std::string note;
    if (checkpoint_note) {
      note = *checkpoint_note;
    } else {
      const Result<Bytes> fetched = reader_.fetch(path, kMaxNoteSize);
      if (!fetched && fetched.error().code() == Errc::kNotFound)
        return fetched.error().in("no checkpoint yet").in(path);
      if (!fetched) return failed(path, fetched.error());
      note = as_chars(*fetched);
    }
    Result<Checkpoint> checkpoint = open_checkpoint_of_any_origin(note, {&log_key, 1});
    if (!checkpoint) return failed(path, checkpoint.error());
    accept(*std::move(checkpoint));
    report_.origin_is_key_name = report_.checkpoint.origin == log_key.name();
    return {};
  }

  void accept(Checkpoint checkpoint) {
    report_.checkpoint = std::move(checkpoint);
    for (unsigned level = 0; level_hashes(level, size()) != 0; ++level) report_.tiles.push_back(0);
  }

  // The file of this width. "MAY fetch the full tile … as a fallback in case the partial tile is not available
  // anymore" (C2SP tlog-tiles, Partial Tiles): a log may delete a partial file only once the full one is there, so no
  // other width need be tried.
  template <class PathOf>
  Result<Fetched> fetch(unsigned width, std::uint64_t limit, PathOf&& path_of) {
    const std::string path = path_of(width);
    Result<Bytes> bytes = reader_.fetch(path, limit);
    if (bytes) return Fetched{path, *std::move(bytes), width};
    if (bytes.error().code() != Errc::kNotFound || width == kTileWidth) return failed(path, bytes.error());
    const std::string full_path = path_of(kTileWidth);
    Result<Bytes> full = reader_.fetch(full_path, limit);
    if (full) {
      ++report_.fallbacks;
      return Fetched{full_path, *std::move(full), kTileWidth};
    }
    if (full.error().code() != Errc::kNotFound) return failed(full_path, full.error());
    return failed(path, bytes.error());
  }

  Result<> verify_bundle(std::uint64_t index) {
    const unsigned width = tile_width(0, index, size());
    const Result<Fetched> bundle = fetch(width, kMaxBundleSize, [&](unsigned w) { return bundle_path(index, w); });
    if (!bundle) return bundle.error();
    const Result<std::vector<ByteView>> entries = decode_entry_bundle(bundle->bytes);
    if (!entries) return failed(bundle->path, entries.error());
    if (entries->size() != bundle->width) {
      return failed(bundle->path, "the entry bundle has " + std::to_string(entries->size()) + " entries instead of " +
                                      std::to_string(bundle->width));
    }
    for (unsigned i = 0; i < width; ++i) {
      const ByteView entry = (*entries)[i];
      report_.entry_bytes += entry.size();
      frontier_.append(leaf_hash(entry), [this](unsigned level, const Hash& hash) { append(levels_[level], hash); });
    }
    ++report_.bundles;
    last_bundle_path_ = bundle->path;
    return {};
  }

  Result<> verify_leaf_tile(std::uint64_t index) {
    const unsigned width = tile_width(0, index, size());
    const Result<Fetched> tile = fetch_tile(0, index, width);
    if (!tile) return tile.error();
    for (unsigned i = 0; i < width; ++i) {
      frontier_.append(internal::tile_hash(tile->bytes, i), [this](unsigned level, const Hash& hash) {
        if (level > 0) append(levels_[level], hash);
      });
    }
    ++report_.tiles[0];
    return {};
  }

  Result<Fetched> fetch_tile(unsigned level, std::uint64_t index, unsigned width) {
    Result<Fetched> tile = fetch(width, kFullTileSize, [&](unsigned w) { return tile_path({level, index, w}); });
    if (tile && tile->bytes.size() != tile->width * kHashSize) {
      return failed(tile->path, "the tile has " + std::to_string(tile->bytes.size()) + " bytes instead of " +
                                    std::to_string(tile->width * kHashSize));
    }
    return tile;
  }

  // Compares what was computed for the level's last tile with the log's file, and forgets it.
  Result<> compare_tile(unsigned level) {
    const auto width = static_cast<unsigned>(levels_[level].size() / kHashSize);
    const std::uint64_t index = (level_hashes(level, frontier_.size()) - 1) / kTileWidth;
    const Result<Fetched> tile = fetch_tile(level, index, width);
    if (!tile) return tile.error();
    for (unsigned i = 0; i < width; ++i) {
      const ByteView computed = ByteView(levels_[level]).subspan(i * kHashSize, kHashSize);
      const ByteView found = ByteView(tile->bytes).subspan(i * kHashSize, kHashSize);
      if (std::equal(computed.begin(), computed.end(), found.begin())) continue;
      const std::uint64_t hash = index * kTileWidth + i;
      return failed(tile->path, "hash " + std::to_string(i) + " is not that of " +
                                    (level == 0 ? "entry " + std::to_string(hash) + " in `" + last_bundle_path_ + "`"
                                                : "`" + tile_path({level - 1, hash, kTileWidth}) + "`"));
    }
    levels_[level].clear();
    ++report_.tiles[level];
    return {};
  }

  ResourceReader& reader_;
  const LogProgress& progress_;
  LogReport report_;
  Frontier frontier_;
  std::array<Bytes, 8> levels_;  // hashes of each level's last tile, computed but not compared
  std::string last_bundle_path_;
};

}  // namespace

Result<Bytes> DirectoryReader::fetch(const std::string& path, std::uint64_t limit) {
  return read_file(fs_, folder_ + '/' + path, limit);
}

Result<Bytes> PublishedTiles::read_tile(const TileId& id) {
  Result<Bytes> bytes = reader_.fetch(tile_path(id), kFullTileSize);
  TileId read = id;
  if (!bytes && bytes.error().code() == Errc::kNotFound && id.is_partial()) {
    read.width = kTileWidth;
    bytes = reader_.fetch(tile_path(read), kFullTileSize);
  }
  if (!bytes) return bytes.error();
  if (bytes->size() != read.size_bytes()) {
    return Error(Errc::kCorrupt, "the tile has another length than its path says").in(tile_path(read));
  }
  bytes->resize(id.size_bytes());
  return bytes;
}

Result<LogReport> verify_log(ResourceReader& reader, const VerifierKey& log_key,
                             const std::optional<std::string>& checkpoint_note, const LogProgress& progress) {
  return Verification(reader, progress).run(log_key, checkpoint_note);
}

Result<LogReport> verify_tiles(ResourceReader& reader, const Checkpoint& checkpoint) {
  const LogProgress none;
  return Verification(reader, none).run_tiles(checkpoint);
}

}  // namespace redoubt::tlog
