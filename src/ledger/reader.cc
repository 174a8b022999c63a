#include "ledger/reader.h"

#include <algorithm>
#include <array>

#include "tlog/entry_bundle.h"
#include "tlog/signer_history.h"

namespace redoubt::ledger {
namespace {

// Largest index of a tile and of an entry that a file offset can express; paths from outside may spell more.
constexpr std::uint64_t kMaxTileIndex = tlog::kMaxTreeSize.value / tlog::kFullTileSize - 1;
constexpr std::uint64_t kMaxEntryIndex = kMaxTileIndex * tlog::kTileWidth;

}  // namespace

LedgerReader::LedgerReader(FileSystem& fs, const std::string& directory, std::string_view tenant)
    : fs_(&fs), ledger_(directory), tenant_(tenant), directory_(log_directory(directory, tenant)) {}

bool LedgerReader::is_ledger(FileSystem& fs, const std::string& directory) {
  return fs.list(directory + "/segments").has_value() && fs.list(directory + "/hashes").has_value();
}

Result<File*> LedgerReader::open_cached(std::unique_ptr<File>& slot, const std::string& path) {
  if (slot == nullptr) {
    auto file = fs_->open(path, OpenMode::kReadOnly);
    if (!file) return file.error();
    slot = *std::move(file);
  }
  return slot.get();
}

Result<std::string> LedgerReader::checkpoint() {
  return read_note("checkpoint");
}

Result<std::string> LedgerReader::cosigned() {
  return read_note("cosigned");
}

Result<std::string> LedgerReader::read_note(const char* name) {
  auto bytes = read_file(*fs_, directory_ + "/" + name, tlog::kMaxNoteSize);
  if (!bytes) return bytes.error();
  return std::string(as_chars(*bytes));
}

Result<LogNumber> LedgerReader::number() {
  if (!number_) {
    const auto found = find_log(*fs_, ledger_, tenant_);
    if (!found) return found.error();
    number_ = *found;
  }
  return *number_;
}

Result<std::uint64_t> LedgerReader::size() {
  std::uint64_t size = UINT64_MAX;
  const auto count = [&](std::unique_ptr<File>& slot, const std::string& path, std::size_t item_size) -> Result<> {
    const auto file = open_cached(slot, directory_ + path);
    const auto bytes = file ? (*file)->size() : Result<std::uint64_t>(file.error());
    if (!bytes && bytes.error().code() != Errc::kNotFound) return bytes.error();
    size = std::min(size, bytes ? *bytes / item_size : 0);
    return {};
  };
  if (auto done = count(positions_, "/positions", kPositionSize); !done) return done.error();
  if (auto done = count(hashes_[0], "/hashes/0", tlog::kHashSize); !done) return done.error();
  return size;
}

Result<Position> LedgerReader::find(tlog::LeafIndex index) {
  const Error none(Errc::kNotFound, "no entry " + std::to_string(index.value));
  if (index.value > kMaxEntryIndex) return none;
  auto positions = open_cached(positions_, directory_ + "/positions");
  if (!positions) return positions.error();
  std::array<std::byte, kPositionSize> bytes{};
  const auto n = (*positions)->read_at(index.value * bytes.size(), bytes);
  if (!n) return n.error();
  if (*n != bytes.size()) return none;
  return load_position(bytes);
}

Result<File*> LedgerReader::segment(SegmentNumber number) {
  if (segment_number_ != number) segment_file_.reset();
  segment_number_ = number;
  return open_cached(segment_file_, ledger_ + "/segments/" + segment_name(number));
}

Result<> LedgerReader::read_leaf(tlog::LeafIndex index, StoredEntry& out, bool with_opening) {
  auto place = find(index);
  if (!place) return place.error();
  auto file = segment(place->segment);
  if (!file) return file.error();
  // Most entries fit the first read; the rest follows in a second.
  std::array<std::byte, 4096> first;
  const auto n = (*file)->read_at(place->offset, first);
  if (!n) return n.error();
  const Error corrupt(Errc::kCorrupt, "entry " + std::to_string(index.value) + " does not fit its segment");
  if (*n < kEntryHeaderSize) return corrupt;
  auto header = load_entry_header(ByteView(first).first(kEntryHeaderSize));
  const auto log = number();
  if (!log) return log.error();
  // Positions are not signed: what they point to must say itself that it is this entry of this log.
  if (!header || header->index != index.value || header->log != *log) return corrupt;
  out.header = *header;
  const std::size_t want = header->leaf_size + (with_opening ? header->opening_size : 0);
  const ByteView have = ByteView(first).first(*n).subspan(kEntryHeaderSize);
  Bytes body(have.begin(), have.begin() + static_cast<std::ptrdiff_t>(std::min(want, have.size())));
  if (body.size() < want) {
    const std::size_t got = body.size();
    body.resize(want);
    const auto more = (*file)->read_at(place->offset + kEntryHeaderSize + got, MutableByteView(body).subspan(got));
    if (!more) return more.error();
    if (*more != want - got) return corrupt;
  }
  out.leaf.assign(body.begin(), body.begin() + header->leaf_size);
  out.sealed_opening.assign(body.begin() + header->leaf_size, body.end());
  return {};
}

Result<StoredEntry> LedgerReader::read_entry(tlog::LeafIndex index) {
  StoredEntry entry;
  if (auto done = read_leaf(index, entry, true); !done) return done.error();
  auto tile = read_tile({.level = 0,
                         .index = index.value / tlog::kTileWidth,
                         .width = static_cast<unsigned>(index.value % tlog::kTileWidth) + 1});
  if (!tile) return tile.error();
  const tlog::Hash hash = tlog::leaf_hash(entry.leaf);
  if (!std::equal(hash.begin(), hash.end(), tile->end() - tlog::kHashSize)) {
    return Error(Errc::kCorrupt, "entry " + std::to_string(index.value) + " does not have the stored hash");
  }
  return entry;
}

Result<Bytes> LedgerReader::read_tile(const tlog::TileId& id) {
  const Error none(Errc::kNotFound, "no tile `" + tlog::tile_path(id) + "`");
  if (id.level >= std::size(hashes_) || id.index > kMaxTileIndex) return none;
  auto file = open_cached(hashes_[id.level], directory_ + "/hashes/" + std::to_string(id.level));
  if (!file) return file.error();
  Bytes bytes(id.size_bytes());
  const auto n = (*file)->read_at(id.index * tlog::kFullTileSize, bytes);
  if (!n) return n.error();
  if (*n != bytes.size()) return none;
  return bytes;
}

Result<Bytes> LedgerReader::read_bundle(std::uint64_t index, unsigned width) {
  if (index > kMaxTileIndex) return Error(Errc::kNotFound, "no entry bundle `" + tlog::bundle_path(index, width) + "`");
  Bytes bundle;
  StoredEntry entry;
  for (unsigned i = 0; i < width; ++i) {
    if (auto done = read_leaf({index * tlog::kTileWidth + i}, entry, false); !done) return done.error();
    if (auto done = tlog::append_entry(bundle, entry.leaf); !done) return done.error();
  }
  return bundle;
}

Result<Bytes> LedgerReader::fetch(const std::string& path, std::uint64_t limit) {
  Result<Bytes> bytes = Error(Errc::kNotFound, "no resource `" + path + "`");
  if (path == "checkpoint" || path == "cosigned") {
    auto note = read_note(path.c_str());
    bytes = note ? Result<Bytes>(to_bytes(as_bytes(*note))) : Result<Bytes>(note.error());
  } else if (path == "signers") {
    bytes = read_file(*fs_, directory_ + "/signers", tlog::kMaxSignersSize);
  } else if (path == kSignerEvidence) {
    bytes = read_file(*fs_, directory_ + "/" + std::string(kSignerEvidence), kMaxSignerEvidenceBytes);
  } else if (path.starts_with("tile/entries/")) {
    if (auto id = tlog::parse_bundle_path(path)) bytes = read_bundle(id->index, id->width);
  } else if (path.starts_with("tile/")) {
    if (auto id = tlog::parse_tile_path(path)) bytes = read_tile(*id);
  }
  if (bytes && bytes->size() > limit) return Error(Errc::kTooLarge, "`" + path + "` is longer than it may be");
  return bytes;
}

}  // namespace redoubt::ledger
