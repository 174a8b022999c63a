#include "tlog/tile.h"

#include <array>
#include <optional>

#include "base/check.h"
#include "tlog/internal/text.h"

namespace redoubt::tlog {
namespace {

constexpr std::string_view kTilePrefix = "tile/";
constexpr std::string_view kEntriesLevel = "entries";
constexpr std::size_t kMaxPathSize = 64;  // the longest has 50 characters

// "encoded into zero-padded 3-digit path elements. All but the last path element MUST begin with an `x`" (C2SP
// tlog-tiles, Merkle Tree).
void append_index(std::string& path, std::uint64_t index) {
  std::array<unsigned, 7> groups{};  // 2^64 has 20 digits
  std::size_t count = 0;
  do {
    groups[count++] = static_cast<unsigned>(index % 1000);
    index /= 1000;
  } while (index != 0);
  while (count > 0) {
    const unsigned group = groups[--count];
    path += count > 0 ? "/x" : "/";
    path += static_cast<char>('0' + group / 100);
    path += static_cast<char>('0' + group / 10 % 10);
    path += static_cast<char>('0' + group % 10);
  }
}

std::string make_path(std::string_view level, std::uint64_t index, unsigned width) {
  REDOUBT_CHECK(width >= 1 && width <= kTileWidth);
  std::string path(kTilePrefix);
  path += level;
  append_index(path, index);
  if (width < kTileWidth) path.append(".p/").append(std::to_string(width));
  return path;
}

struct ParsedPath {
  std::string_view level;
  std::uint64_t index = 0;
  unsigned width = kTileWidth;
};

// Reads the parts generously; the callers then spell what was read and compare, so that one spelling passes.
std::optional<ParsedPath> read_path(std::string_view path) {
  if (path.size() > kMaxPathSize || !path.starts_with(kTilePrefix)) return std::nullopt;
  path.remove_prefix(kTilePrefix.size());
  ParsedPath parsed;
  const std::size_t level_end = path.find('/');
  if (level_end == std::string_view::npos) return std::nullopt;
  parsed.level = path.substr(0, level_end);
  path.remove_prefix(level_end + 1);
  if (const std::size_t partial = path.find(".p/"); partial != std::string_view::npos) {
    const auto width = internal::parse_decimal(path.substr(partial + 3));
    if (!width || *width == 0 || *width >= kTileWidth) return std::nullopt;
    parsed.width = static_cast<unsigned>(*width);
    path = path.substr(0, partial);
  }
  for (const char c : path) {
    if (c == '/' || c == 'x') continue;
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (parsed.index > (UINT64_MAX - digit) / 10) return std::nullopt;
    parsed.index = parsed.index * 10 + digit;
  }
  return parsed;
}

}  // namespace

std::string tile_path(const TileId& id) {
  REDOUBT_CHECK(id.level <= kMaxTileLevel);
  return make_path(std::to_string(id.level), id.index, id.width);
}

std::string bundle_path(std::uint64_t index, unsigned width) {
  return make_path(kEntriesLevel, index, width);
}

Result<TileId> parse_tile_path(std::string_view path) {
  if (const auto parsed = read_path(path)) {
    const auto level = internal::parse_decimal(parsed->level);
    if (level && *level <= kMaxTileLevel) {
      const TileId id{static_cast<unsigned>(*level), parsed->index, parsed->width};
      if (tile_path(id) == path) return id;
    }
  }
  return Error(Errc::kMalformed, "not the path of a tile");
}

Result<BundleId> parse_bundle_path(std::string_view path) {
  if (const auto parsed = read_path(path)) {
    if (parsed->level == kEntriesLevel && bundle_path(parsed->index, parsed->width) == path) {
      return BundleId{parsed->index, parsed->width};
    }
  }
  return Error(Errc::kMalformed, "not the path of an entry bundle");
}

std::uint64_t level_hashes(unsigned level, TreeSize size) {
  return level * kTileHeight < 64 ? size.value >> (level * kTileHeight) : 0;
}

unsigned tile_width(unsigned level, std::uint64_t index, TreeSize size) {
  // "The partial tile at level l for a tree of size s has floor(s / 256**l) mod 256 entries. Empty tiles MUST NOT be
  // served" (C2SP tlog-tiles, Partial Tiles).
  const std::uint64_t hashes = level_hashes(level, size);
  const std::uint64_t full = hashes / kTileWidth;
  if (index < full) return kTileWidth;
  return index == full ? static_cast<unsigned>(hashes % kTileWidth) : 0;
}

std::vector<TileId> tiles_for_size(TreeSize size) {
  std::vector<TileId> tiles;
  for_each_new_tile(TreeSize{0}, size, [&](const TileId& id) { tiles.push_back(id); });
  return tiles;
}

}  // namespace redoubt::tlog
