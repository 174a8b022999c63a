#include <algorithm>
#include <map>
#include <utility>

#include "encoding/gunzip.h"
#include "redoubt/conform/checks.h"
#include "redoubt/conform/fields.h"
#include "tlog/frontier.h"
#include "tlog/static_ct.h"
#include "tlog/tile.h"

namespace redoubt::app::conform {
namespace {

constexpr std::string_view kDataPrefix = "tile/data/";
constexpr std::string_view kNamesPrefix = "tile/names/";
constexpr std::uint64_t kMaxNamesSize = 16 * 1024 * 1024;

// A data or names tile has the path of an entry bundle but for its kind.
Result<tlog::BundleId> parse_path(std::string_view path, std::string_view prefix) {
  return tlog::parse_bundle_path("tile/entries/" + std::string(path.substr(prefix.size())));
}

// Served compressed, and sometimes stored so. No data tile begins as gzip does: that would be a time in the far future.
Result<Bytes> uncompressed(DataSet& set, const std::string& path, std::uint64_t limit) {
  Result<Bytes> bytes = set.fetch(path, limit);
  if (!bytes || bytes->size() < 2 || (*bytes)[0] != std::byte{0x1f} || (*bytes)[1] != std::byte{0x8b}) return bytes;
  return encoding::gunzip(*bytes, limit);
}

struct HashTile {
  tlog::TileId id;
  std::vector<tlog::Hash> hashes;
  bool confirmed = false;  // each hash was compared with what it is the hash of, or with one that was
};

class Check {
 public:
  explicit Check(DataSet& set) : set_(set) {}

  void run() {
    for (const std::string& path : set_.files()) {
      if (const auto id = tlog::parse_tile_path(path)) read_tile(path, *id);
    }
    for (const std::string& path : set_.files()) {
      if (path.starts_with(kDataPrefix)) set_.record(path, check_data(path));
    }
    for (const std::string& path : set_.files()) {
      if (path.starts_with(kNamesPrefix)) set_.record(path, check_names(path));
    }
    for (auto& [path, tile] : tiles_) set_.record(path, check_tile(path, tile));
  }

 private:
  void read_tile(const std::string& path, const tlog::TileId& id) {
    const Result<Bytes> bytes = set_.fetch(path, tlog::kFullTileSize);
    if (!bytes) return set_.record(path, bytes.error());
    if (bytes->size() != id.size_bytes()) {
      return set_.record(path, Error(Errc::kVerifyFailed, "another length than its path says"));
    }
    HashTile tile{id, {}, false};
    for (unsigned i = 0; i < id.width; ++i) {
      tile.hashes.push_back(*to_hash(ByteView(*bytes).subspan(i * tlog::kHashSize, tlog::kHashSize)));
    }
    tiles_.emplace(path, std::move(tile));
  }

  // The entries' leaf hashes against the tiles of level 0.
  Result<> check_data(const std::string& path) {
    const auto id = parse_path(path, kDataPrefix);
    if (!id) return id.error();
    const Result<Bytes> bytes = uncompressed(set_, path, tlog::kMaxDataTileSize);
    if (!bytes) return bytes.error();
    const auto entries = tlog::decode_data_tile(*bytes);
    if (!entries) return entries.error();
    if (entries->size() != id->width) return Error(Errc::kVerifyFailed, "another number of entries than its path says");
    bool compared = false;
    for (auto& [tile_path, tile] : tiles_) {
      if (tile.id.level != 0 || tile.id.index != id->index) continue;
      const std::size_t common = std::min(entries->size(), tile.hashes.size());
      for (std::size_t i = 0; i < common; ++i) {
        if ((*entries)[i].leaf_hash() == tile.hashes[i]) continue;
        return Error(Errc::kVerifyFailed, "entry " + std::to_string(i) + " has not the hash in `" + tile_path + "`");
      }
      tile.confirmed = tile.confirmed || common == tile.hashes.size();
      compared = compared || common == entries->size();
    }
    if (!compared) return Error(Errc::kVerifyFailed, "no tile of level 0 has the hashes of these entries");
    std::uint64_t index = id->index * tlog::kTileWidth;
    for (const tlog::StaticCtEntry& entry : *entries) {
      if (entry.leaf_index != index++)
        return Error(Errc::kVerifyFailed, "an entry says that it has another leaf index");
    }
    if (!std::exchange(said_, true)) {
      set_.note(path, "precertificates and chain fingerprints in data tiles are not checked: no hash covers them");
    }
    return {};
  }

  // One line of JSON an entry, with names that its certificate holds.
  Result<> check_names(const std::string& path) {
    const auto id = parse_path(path, kNamesPrefix);
    if (!id) return id.error();
    const Result<Bytes> names = uncompressed(set_, path, kMaxNamesSize);
    if (!names) return names.error();
    const Result<Bytes> data = data_beside(*id);
    if (!data) return data.error().in("the data tile that these names are of");
    const auto entries = tlog::decode_data_tile(*data);
    if (!entries) return entries.error();
    std::string_view rest = as_chars(*names);
    unsigned line = 0;
    for (; !rest.empty() && line < entries->size(); ++line) {
      const std::string_view json = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(json.size() + 1, rest.size()));
      if (const Result<> same = check_name((*entries)[line], json); !same) {
        return same.error().in("line " + std::to_string(line + 1));
      }
    }
    if (line != id->width || (!rest.empty() && line == id->width)) {
      return Error(Errc::kVerifyFailed, "another number of lines than its path says");
    }
    return {};
  }

  Result<Bytes> data_beside(const tlog::BundleId& id) {
    for (const unsigned width : {id.width, tlog::kTileWidth}) {
      const std::string path = std::string(kDataPrefix) +
                               tlog::bundle_path(id.index, width).substr(std::string_view("tile/entries/").size());
      if (set_.has(path)) return uncompressed(set_, path, tlog::kMaxDataTileSize);
    }
    return Error(Errc::kNotFound, "not there");
  }

  static Result<> check_name(const tlog::StaticCtEntry& entry, std::string_view json) {
    encoding::JsonReader reader;
    const auto root = reader.parse(json);
    if (!root) return root.error();
    Fields fields(*root);
    if (fields.number("Timestamp") != entry.timestamp_ms)
      return Error(Errc::kVerifyFailed, "another time than the entry");
    fields.ignore("Subject");  // parts of it are spelled in more ways than one
    fields.ignore("IP");
    if (fields.optional("DNS")) {
      const std::string_view certificate = as_chars(entry.certificate);
      for (const std::string_view name : fields.texts("DNS")) {
        if (certificate.find(name) == std::string_view::npos) {
          return Error(Errc::kVerifyFailed, "`" + std::string(name) + "` is not in the certificate");
        }
      }
    }
    return fields.done();
  }

  // Against tiles of the same place, and the tile below or above.
  Result<> check_tile(const std::string& path, HashTile& tile) {
    bool confirmed = tile.confirmed;
    for (const auto& [other_path, other] : tiles_) {
      if (other_path == path) continue;
      if (other.id.level == tile.id.level && other.id.index == tile.id.index) {
        const std::size_t common = std::min(tile.hashes.size(), other.hashes.size());
        if (!std::equal(tile.hashes.begin(), tile.hashes.begin() + static_cast<std::ptrdiff_t>(common),
                        other.hashes.begin())) {
          return Error(Errc::kVerifyFailed, "other hashes than `" + other_path + "`");
        }
        confirmed = confirmed || (other.confirmed && common == tile.hashes.size());
      }
      const HashTile& above = tile.id.level < other.id.level ? other : tile;
      const HashTile& below = tile.id.level < other.id.level ? tile : other;
      const std::uint64_t place = below.id.index % tlog::kTileWidth;
      if (below.id.level + 1 != above.id.level || below.id.index / tlog::kTileWidth != above.id.index ||
          below.id.is_partial() || place >= above.hashes.size()) {
        continue;
      }
      tlog::Frontier frontier;
      for (const tlog::Hash& hash : below.hashes) frontier.append(hash);
      if (frontier.root() != above.hashes[place]) {
        return Error(Errc::kVerifyFailed, "does not agree with `" + other_path + "`");
      }
      confirmed = confirmed || &tile == &below;
    }
    if (!confirmed) set_.note(path, "only its form is checked: what its hashes are of is not here");
    return {};
  }

  DataSet& set_;
  std::map<std::string, HashTile> tiles_;
  bool said_ = false;  // what of data tiles is not checked
};

}  // namespace

void check_static_ct_log(DataSet& set) {
  Check(set).run();
}

}  // namespace redoubt::app::conform
