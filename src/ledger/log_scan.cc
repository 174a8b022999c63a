#include "ledger/log_scan.h"

#include <algorithm>

#include "ledger/reader.h"

namespace redoubt::ledger {
namespace {

constexpr std::size_t kLeastAhead = 8 * 1024;
constexpr std::size_t kMostAhead = 512 * 1024;

}  // namespace

Result<ByteView> LogScan::Window::at(std::uint64_t offset, std::size_t size) {
  if (offset < begin_ || offset + size > begin_ + filled_) {
    // What begins in the window or within its size behind it is read in order.
    const bool in_order = filled_ > 0 && offset >= begin_ && offset - begin_ <= 2 * filled_;
    ahead_ = in_order ? std::min(2 * ahead_, kMostAhead) : kLeastAhead;
    bytes_.resize(std::max(size, ahead_));
    const auto n = file_->read_at(offset, bytes_);
    if (!n) return n.error();
    begin_ = offset;
    filled_ = *n;
  }
  const std::size_t skip = offset - begin_;
  return ByteView(bytes_).subspan(skip, std::min(size, filled_ - skip));
}

Result<LogScan> LogScan::open(FileSystem& fs, const std::string& directory, std::string_view tenant,
                              tlog::LeafIndex from) {
  const auto log = find_log(fs, directory, tenant);
  if (!log) return log.error();
  const auto end = LedgerReader(fs, directory, tenant).size();
  if (!end) return end.error();
  LogScan scan(fs, directory, *log, from.value, *end);
  if (from.value >= *end) return scan;
  const std::string folder = log_directory(directory, tenant);
  auto positions = fs.open(folder + "/positions", OpenMode::kReadOnly);
  if (!positions) return positions.error();
  auto hashes = fs.open(folder + "/hashes/0", OpenMode::kReadOnly);
  if (!hashes) return hashes.error();
  scan.positions_.emplace(*std::move(positions));
  scan.hashes_.emplace(*std::move(hashes));
  return scan;
}

Result<std::optional<ScannedEntry>> LogScan::next() {
  if (next_ >= end_) return std::optional<ScannedEntry>();
  auto entry = read(next_);
  if (!entry) return entry.error();
  ++next_;
  return std::optional<ScannedEntry>(*entry);
}

Result<ScannedEntry> LogScan::read(std::uint64_t index) {
  const auto corrupt = [&] {
    return Error(Errc::kCorrupt, "entry " + std::to_string(index) + " does not fit its segment");
  };
  const auto position = positions_->at(index * kPositionSize, kPositionSize);
  if (!position) return position.error();
  if (position->size() != kPositionSize) return corrupt();
  const Position place = load_position(*position);
  if (!segment_ || segment_number_ != place.segment) {
    auto file = fs_->open(ledger_ + "/segments/" + segment_name(place.segment), OpenMode::kReadOnly);
    if (!file) return file.error();
    segment_.emplace(*std::move(file));
    segment_number_ = place.segment;
  }
  const auto head = segment_->at(place.offset, kEntryHeaderSize);
  if (!head) return head.error();
  if (head->size() != kEntryHeaderSize) return corrupt();
  const auto header = load_entry_header(*head);
  // Positions are not signed: what they point to must say itself that it is this entry of this log.
  if (!header || header->index != index || header->log != log_) return corrupt();
  const auto leaf = segment_->at(place.offset + kEntryHeaderSize, header->leaf_size);
  if (!leaf) return leaf.error();
  if (leaf->size() != header->leaf_size) return corrupt();
  const auto stored = hashes_->at(index * tlog::kHashSize, tlog::kHashSize);
  if (!stored) return stored.error();
  const tlog::Hash hash = tlog::leaf_hash(*leaf);
  if (!std::equal(stored->begin(), stored->end(), hash.begin(), hash.end())) {
    return Error(Errc::kCorrupt, "entry " + std::to_string(index) + " does not have the stored hash");
  }
  return ScannedEntry{*header, hash, *leaf};
}

}  // namespace redoubt::ledger
