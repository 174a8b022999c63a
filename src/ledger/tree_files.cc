#include "ledger/internal/tree_files.h"

namespace redoubt::ledger::internal {
namespace {

std::string array_path(const std::string& directory, unsigned which) {
  return which == TreeFiles::kLevels ? directory + "/positions" : directory + "/hashes/" + std::to_string(which);
}

}  // namespace

Result<TreeFiles> TreeFiles::open(FileSystem& fs, const std::string& directory) {
  TreeFiles files;
  for (unsigned i = 0; i < files.arrays_.size(); ++i) {
    auto file = fs.open(array_path(directory, i), OpenMode::kCreateReadWrite);
    if (!file) return file.error();
    files.arrays_[i].file = *std::move(file);
  }
  if (auto done = fs.sync_directory(directory + "/hashes"); !done) return done.error();
  return files;
}

Result<> TreeFiles::go_on_after(tlog::TreeSize size) {
  for (unsigned i = 0; i < arrays_.size(); ++i) {
    const std::uint64_t want =
        i == kLevels ? size.value * kPositionSize : tlog::level_hashes(i, size) * tlog::kHashSize;
    const auto have = arrays_[i].file->size();
    if (!have) return have.error();
    if (*have < want) {
      return Error(Errc::kCorrupt, "`" + array_path("", i).substr(1) + "` has " + std::to_string(*have) +
                                       " bytes, the checkpoint needs " + std::to_string(want));
    }
    arrays_[i].written = want;
    arrays_[i].pending.clear();
  }
  return {};
}

Result<> TreeFiles::cut() {
  for (Array& array : arrays_) {
    const auto have = array.file->size();
    if (!have) return have.error();
    if (*have == array.written) continue;
    if (auto done = array.file->truncate(array.written); !done) return done;
  }
  return {};
}

void TreeFiles::append_position(const Position& position) {
  std::array<std::byte, kPositionSize> bytes;
  store_position(bytes, position);
  append(arrays_[kLevels], bytes);
}

Result<Position> TreeFiles::read_position(std::uint64_t index) {
  std::array<std::byte, kPositionSize> bytes{};
  const auto n = arrays_[kLevels].file->read_at(index * kPositionSize, bytes);
  if (!n) return n.error();
  if (*n != bytes.size()) return Error(Errc::kNotFound, "no entry " + std::to_string(index));
  return load_position(bytes);
}

Result<> TreeFiles::write_and_sync() {
  for (Array& array : arrays_) {
    if (array.pending.empty()) continue;
    if (auto done = array.file->write_at(array.written, array.pending); !done) return done;
    if (auto done = array.file->sync_data(); !done) return done;
    array.written += array.pending.size();
    array.pending.clear();
  }
  return {};
}

Result<Bytes> TreeFiles::read_tile(const tlog::TileId& id) {
  if (id.level >= kLevels) return Error(Errc::kNotFound, "no tile level " + std::to_string(id.level));
  Bytes bytes(id.size_bytes());
  const auto n = arrays_[id.level].file->read_at(id.index * tlog::kFullTileSize, bytes);
  if (!n) return n.error();
  if (*n != bytes.size()) return Error(Errc::kNotFound, "no tile `" + tlog::tile_path(id) + "`");
  return bytes;
}

}  // namespace redoubt::ledger::internal
