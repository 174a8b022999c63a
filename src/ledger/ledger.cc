#include "ledger/ledger.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "base/log.h"
#include "crypto/secret.h"
#include "ledger/internal/leaf_hasher.h"
#include "ledger/internal/segment_writer.h"
#include "ledger/internal/spare_segment.h"
#include "ledger/internal/tree_files.h"
#include "tlog/checkpoint.h"

namespace redoubt::ledger {
namespace {

constexpr std::size_t kMaxCheckpointBytes = 64 * 1024;
constexpr std::size_t kSegmentMarginBytes = 1024 * 1024;
constexpr std::size_t kPieceBytes = 1024 * 1024;  // of a segment, read or written at a time

std::string segment_path(const std::string& directory, std::uint64_t first_index) {
  return directory + "/segments/" + segment_name(first_index);
}

// For what is read or written past the page cache. Zeros.
struct alignas(kDirectBlockSize) Block : std::array<std::byte, kDirectBlockSize> {};
std::unique_ptr<Block> aligned_block() {
  return std::make_unique<Block>();
}

std::uint64_t round_up_to_blocks(std::uint64_t size) {
  return (size + kDirectBlockSize - 1) / kDirectBlockSize * kDirectBlockSize;
}

std::string parent_directory(const std::string& path) {
  const auto slash = path.find_last_of('/', path.find_last_not_of('/'));
  return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

}  // namespace

struct Ledger::Tree {
  explicit Tree(internal::TreeFiles f) : files(std::move(f)) {}

  void append(const tlog::Hash& leaf, std::uint32_t position) {
    frontier.append(leaf, [this](unsigned level, const tlog::Hash& hash) { files.append_hash(level, hash); });
    files.append_position(position);
  }

  internal::TreeFiles files;
  tlog::Frontier frontier;
};

Ledger::Ledger(FileSystem& fs, std::string directory, const tlog::NoteSigner& signer, const Clock& clock,
               LedgerOptions options)
    : fs_(fs),
      directory_(std::move(directory)),
      signer_(signer),
      clock_(clock),
      options_{.segment_bytes = round_up_to_blocks(options.segment_bytes),
               .max_commit_bytes_for_test = options.max_commit_bytes_for_test},
      writer_(std::make_unique<internal::SegmentWriter>(kCommitHeaderSize + options.max_commit_bytes_for_test)),
      hasher_(std::make_unique<internal::LeafHasher>()) {}

Ledger::~Ledger() = default;

Error Ledger::broken() const {
  return Error(Errc::kUnavailable, "the ledger stopped after a failed write; it must be opened again");
}

Result<std::unique_ptr<Ledger>> Ledger::open(FileSystem& fs, std::string directory, const tlog::NoteSigner& signer,
                                             const Clock& clock, LedgerOptions options) {
  const std::size_t margin = options.max_commit_bytes_for_test < kMaxCommitPayloadBytes
                                 ? kSegmentHeaderSize + kCommitHeaderSize
                                 : kSegmentMarginBytes;
  if (options.max_commit_bytes_for_test > kMaxCommitPayloadBytes ||
      options.segment_bytes < options.max_commit_bytes_for_test + margin || options.segment_bytes > (1ull << 31)) {
    return Error(Errc::kInvalidArgument, "a ledger's segments have between 9 MiB and 2 GiB");
  }
  std::unique_ptr<Ledger> ledger(new Ledger(fs, std::move(directory), signer, clock, options));
  if (auto done = ledger->recover(); !done) return done.error().in("ledger `" + ledger->directory_ + "`");
  return ledger;
}

Result<> Ledger::recover() {
  for (const char* part : {"", "/segments", "/hashes"}) {
    if (auto done = fs_.make_directory(directory_ + part); !done) return done;
  }
  auto files = internal::TreeFiles::open(fs_, directory_);
  if (!files) return files.error();
  tree_ = std::make_unique<Tree>(*std::move(files));
  spare_ = std::make_unique<internal::SpareSegment>(fs_, directory_ + "/spare.seg", options_.segment_bytes);
  if (auto done = load_checkpoint(); !done) return done;
  if (auto done = replay_segments(); !done) return done;
  // Names that a killed process made may not be durable yet, nor that of a ledger just made.
  for (const std::string& folder : {directory_ + "/segments", directory_, parent_directory(directory_)}) {
    if (auto done = fs_.sync_directory(folder); !done) return done;
  }
  spare_->prepare();
  return {};
}

// What was published is the fixed point: the tiles below it were synced before it was signed.
Result<> Ledger::load_checkpoint() {
  auto note = read_file(fs_, directory_ + "/checkpoint", kMaxCheckpointBytes);
  if (!note) {
    if (note.error().code() == Errc::kNotFound) return {};
    return note.error();
  }
  const tlog::VerifierKey keys[] = {signer_.verifier_key()};
  auto checkpoint = tlog::open_checkpoint(as_chars(*note), keys, signer_.name());
  if (!checkpoint) return checkpoint.error().in("checkpoint");
  published_ = checkpoint->size.value;
  if (auto done = tree_->files.cut_to(checkpoint->size); !done) return done;
  auto frontier = tlog::Frontier::load(tree_->files, checkpoint->size);
  if (!frontier) return frontier.error();
  if (frontier->root() != checkpoint->root) {
    return Error(Errc::kCorrupt,
                 "the stored hashes do not give the root of the checkpoint at size " + std::to_string(published_));
  }
  tree_->frontier = *frontier;
  return {};
}

// Reads the segments from the one that holds the last published entry, takes what was committed after it, and finds
// the end where the next commit goes.
Result<> Ledger::replay_segments() {
  auto names = fs_.list(directory_ + "/segments");
  if (!names) return names.error();
  std::vector<std::uint64_t> segments;
  for (const std::string& name : *names) {
    if (auto first = parse_segment_name(name)) segments.push_back(*first);
  }
  if (segments.empty()) {
    if (published_ != 0) return Error(Errc::kCorrupt, "there is a checkpoint, but no segment");
    return {};
  }
  if (segments.front() != 0) return Error(Errc::kCorrupt, "the first segment is missing");

  std::uint64_t oldest_open = 0;
  auto at = std::upper_bound(segments.begin(), segments.end(), published_ == 0 ? 0 : published_ - 1) - 1;
  for (; at != segments.end(); ++at) {
    auto file = fs_.open(segment_path(directory_, *at), OpenMode::kReadWrite);
    if (!file) return file.error();
    auto scanner = SegmentScanner::open(*std::move(file), *at);
    if (!scanner) {
      return scanner.error().in("segment `" + segment_name(*at) + "`");
    }
    std::uint64_t published_end = kSegmentHeaderSize;  // commits from here on were not published
    while (true) {
      auto commit = scanner->next();
      if (!commit) return commit.error();
      if (!*commit) break;
      const CommitHeader& header = (*commit)->header;
      if (header.first_index < published_) published_end = scanner->offset();
      ByteView rest = (*commit)->payload;
      for (std::uint32_t i = 0; i < header.entry_count; ++i) {
        const std::uint64_t index = header.first_index + i;
        if (rest.size() < kEntryHeaderSize) return Error(Errc::kCorrupt, "a commit is shorter than its entries");
        auto entry = load_entry_header(rest.first(kEntryHeaderSize));
        if (!entry) return Error(Errc::kCorrupt, entry.error().message());
        const std::size_t size = kEntryHeaderSize + entry->leaf_size + entry->opening_size;
        if (rest.size() < size) return Error(Errc::kCorrupt, "an entry is longer than its commit");
        if (index >= published_) {
          const auto offset = (*commit)->offset + kCommitHeaderSize +
                              static_cast<std::uint64_t>(rest.data() - (*commit)->payload.data());
          tree_->append(tlog::leaf_hash(rest.subspan(kEntryHeaderSize, entry->leaf_size)),
                        static_cast<std::uint32_t>(offset));
        }
        rest = rest.subspan(size);
      }
      if (!rest.empty()) return Error(Errc::kCorrupt, "a commit is longer than its entries");
      oldest_open = header.oldest_open;
      last_time_ms_ = std::max(last_time_ms_, header.time_ms);
    }
    const bool last = std::next(at) == segments.end();
    if (!last && *std::next(at) != scanner->next_index()) {
      return Error(Errc::kCorrupt, "segment `" + segment_name(*at) + "` ends at entry " +
                                       std::to_string(scanner->next_index()) + ", the next begins at " +
                                       std::to_string(*std::next(at)));
    }
    if (!last) {
      if (auto done = write_again(*scanner->release_file(), published_end, scanner->offset()); !done) return done;
      continue;
    }

    committed_ = scanner->next_index();
    if (committed_ < published_) {
      return Error(Errc::kCorrupt, "the segments end at entry " + std::to_string(committed_) +
                                       ", before the checkpoint's size " + std::to_string(published_));
    }
    const std::uint64_t end = scanner->offset();
    salt_ = scanner->salt();
    auto torn = scanner->torn();
    if (!torn) return torn.error();
    auto followed = scanner->followed();
    if (!followed) return followed.error();
    if (*followed) {
      return Error(Errc::kCorrupt, "segment `" + segment_name(*at) + "` is damaged after entry " +
                                       std::to_string(committed_) + ": a whole commit follows");
    }
    const std::unique_ptr<File> segment = scanner->release_file();
    if (auto done = write_again(*segment, published_end, end); !done) return done;
    auto size = segment->size();
    if (!size) return size.error();
    if (*torn) {
      if (auto done = clear_torn_tail(*segment, *size, end); !done) return done;
    }
    if (auto done = go_on_in(*at, end); !done) return done;
  }
  return find_open_admissions(oldest_open, segments);
}

// Before what was read may be trusted it must be durable. It may be in the page cache only: because the writer was
// killed before its sync, or because the sync failed, after which the system takes the pages for clean and no further
// sync writes them. So what no checkpoint vouches for is written once more, byte for byte.
Result<> Ledger::write_again(File& segment, std::uint64_t begin, std::uint64_t end) {
  if (begin == end) return {};
  Bytes piece(std::min<std::uint64_t>(kPieceBytes, end - begin));
  for (std::uint64_t at = begin; at < end; at += piece.size()) {
    const MutableByteView part = MutableByteView(piece).first(std::min<std::uint64_t>(piece.size(), end - at));
    auto n = segment.read_at(at, part);
    if (!n) return n.error();
    if (*n != part.size()) return Error(Errc::kIo, "a segment became shorter while it was read");
    if (auto done = segment.write_at(at, part); !done) return done;
  }
  return segment.sync_data();
}

// A commit that a crash cut short was never acknowledged. Its bytes are zeroed, so that they can never be taken for
// one.
Result<> Ledger::clear_torn_tail(File& segment, std::uint64_t segment_size, std::uint64_t end) {
  log::warning("ledger", "a commit that was cut short and never acknowledged is removed",
               {{"after_entry", committed_}, {"offset", end}});
  const std::uint64_t reach = std::min(segment_size, end + kCommitHeaderSize + kMaxCommitPayloadBytes);
  const Bytes zeros(kPieceBytes);
  for (std::uint64_t at = end; at < reach; at += zeros.size()) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), reach - at));
    if (auto done = segment.write_at(at, ByteView(zeros).first(n)); !done) return done;
  }
  return segment.sync_data();
}

// The next commit goes to `end` of this segment.
Result<> Ledger::go_on_in(std::uint64_t first_index, std::uint64_t end) {
  auto file = fs_.open_direct(segment_path(directory_, first_index), OpenMode::kReadWrite);
  if (!file) return file.error();
  auto size = (*file)->size();
  if (!size) return size.error();
  const auto block = aligned_block();
  if (auto n = (*file)->read_at(end / kDirectBlockSize * kDirectBlockSize, *block); !n) return n.error();
  writer_->attach(*std::move(file), *size, end, ByteView(*block).first(end % kDirectBlockSize), 0);
  return {};
}

Result<> Ledger::find_open_admissions(std::uint64_t from, const std::vector<std::uint64_t>& segments) {
  if (from >= committed_) return {};
  auto at = std::upper_bound(segments.begin(), segments.end(), from) - 1;
  for (; at != segments.end(); ++at) {
    auto file = fs_.open(segment_path(directory_, *at), OpenMode::kReadOnly);
    if (!file) return file.error();
    auto scanner = SegmentScanner::open(*std::move(file), *at);
    if (!scanner) return scanner.error();
    while (true) {
      auto commit = scanner->next();
      if (!commit) return commit.error();
      if (!*commit) break;
      ByteView rest = (*commit)->payload;
      for (std::uint32_t i = 0; i < (*commit)->header.entry_count; ++i) {
        const std::uint64_t index = (*commit)->header.first_index + i;
        if (rest.size() < kEntryHeaderSize) return Error(Errc::kCorrupt, "a commit is shorter than its entries");
        auto entry = load_entry_header(rest.first(kEntryHeaderSize));
        const std::size_t size = entry ? kEntryHeaderSize + entry->leaf_size + entry->opening_size : rest.size() + 1;
        if (size > rest.size()) return Error(Errc::kCorrupt, "an entry does not fit its commit");
        rest = rest.subspan(size);
        if (index >= from) note_pairing(*entry, index);
      }
    }
  }
  return {};
}

// A new segment comes from the spare: header written and synced, then its name. A crash between leaves either a spare
// with a header, which is overwritten, or an empty segment, which is where the next commit goes.
Result<> Ledger::start_segment(std::uint64_t first_index) {
  auto file = spare_->take();
  if (!file) return file.error();
  SegmentHeader header{.first_index = first_index};
  crypto::random_bytes(header.salt);
  const auto block = aligned_block();
  const auto bytes = MutableByteView(*block).first(kSegmentHeaderSize);
  store_segment_header(bytes, header);
  if (auto done = (*file)->write_at(0, *block); !done) return done;
  if (auto done = (*file)->sync_data(); !done) return done;
  if (auto done = fs_.rename(directory_ + "/spare.seg", segment_path(directory_, first_index)); !done) return done;
  if (auto done = fs_.sync_directory(directory_ + "/segments"); !done) return done;
  if (auto done = fs_.sync_directory(directory_); !done) return done;
  salt_ = header.salt;
  writer_->attach(*std::move(file), options_.segment_bytes, kSegmentHeaderSize, bytes, batch_size_);
  spare_->prepare();
  return {};
}

std::size_t Ledger::batch_room() const {
  return kCommitHeaderSize + options_.max_commit_bytes_for_test - batch_size_;
}

MutableByteView Ledger::begin_entry(std::size_t size) {
  REDOUBT_CHECK(size <= batch_room() && size >= kEntryHeaderSize && entry_size_ == 0);
  entry_size_ = size;
  return writer_->buffer().subspan(batch_size_, size);
}

Result<tlog::LeafIndex> Ledger::end_entry() {
  const ByteView entry = writer_->buffer().subspan(batch_size_, std::exchange(entry_size_, 0));
  REDOUBT_CHECK(entry.size() >= kEntryHeaderSize);
  if (failed_) return broken();
  auto header = load_entry_header(entry.first(kEntryHeaderSize));
  if (!header) return header.error();
  if (kEntryHeaderSize + std::size_t{header->leaf_size} + header->opening_size != entry.size()) {
    return Error(Errc::kMalformed, "an entry's header does not fit its size");
  }
  if (header->kind == EntryKind::kOutcome) {
    const auto admission = find_open(header->admission_index);
    if (admission == open_.end() || admission->exchange != header->exchange) {
      return Error(Errc::kMalformed, "an outcome names no open admission of its exchange");
    }
  }
  const std::uint64_t index = committed_ + batch_entries_;
  note_pairing(*header, index);
  if (batch_entries_ == 0) {
    appended_.clear();
    offsets_.clear();
  }
  appended_.push_back({.index = {index}, .leaf_hash = {}});
  offsets_.push_back(static_cast<std::uint32_t>(batch_size_));
  batch_size_ += entry.size();
  ++batch_entries_;
  return tlog::LeafIndex{index};
}

Result<tlog::LeafIndex> Ledger::add(const EntryHeader& header, ByteView leaf, ByteView opening) {
  EntryHeader complete = header;
  complete.leaf_size = static_cast<std::uint32_t>(leaf.size());
  complete.opening_size = static_cast<std::uint32_t>(opening.size());
  MutableByteView room = begin_entry(kEntryHeaderSize + leaf.size() + opening.size());
  store_entry_header(room.first(kEntryHeaderSize), complete);
  if (!leaf.empty()) std::memcpy(room.data() + kEntryHeaderSize, leaf.data(), leaf.size());
  if (!opening.empty()) std::memcpy(room.data() + kEntryHeaderSize + leaf.size(), opening.data(), opening.size());
  return end_entry();
}

Result<> Ledger::commit() {
  if (failed_) return broken();
  if (batch_entries_ == 0) return {};
  failed_ = true;  // until everything below has worked
  if (!writer_->attached() || !writer_->fits(batch_size_)) {
    if (auto done = start_segment(committed_); !done) return done;
  }
  last_time_ms_ = std::max(last_time_ms_, clock_.now().value);
  const MutableByteView commit = writer_->buffer().first(batch_size_);
  const CommitHeader header{
      .first_index = committed_,
      .entry_count = static_cast<std::uint32_t>(batch_entries_),
      .payload_size = static_cast<std::uint32_t>(batch_size_ - kCommitHeaderSize),
      .oldest_open = open_.empty() ? committed_ + batch_entries_ : open_.front().index,
      .time_ms = last_time_ms_,
  };
  store_commit_header(commit.first(kCommitHeaderSize), salt_, header, commit.subspan(kCommitHeaderSize));
  const std::uint64_t begin = writer_->end();
  hash_leaves(commit);
  auto written = writer_->append(batch_size_);
  hasher_->wait();
  if (!written) return written;
  for (std::size_t i = 0; i < batch_entries_; ++i) {
    tree_->append(appended_[i].leaf_hash, static_cast<std::uint32_t>(begin + offsets_[i]));
  }
  committed_ += batch_entries_;
  batch_size_ = kCommitHeaderSize;
  batch_entries_ = 0;
  failed_ = false;
  return {};
}

void Ledger::hash_leaves(ByteView batch) {
  leaves_.clear();
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < batch_entries_; ++i) {
    const auto size = load_le<std::uint32_t>(batch.subspan(offsets_[i], 4));  // checked by end_entry()
    leaves_.push_back({batch.subspan(offsets_[i] + kEntryHeaderSize, size), &appended_[i]});
    bytes += size;
  }
  hasher_->start(leaves_, bytes);
}

Result<bool> Ledger::publish() {
  if (failed_) return broken();
  REDOUBT_CHECK(batch_entries_ == 0);
  if (committed_ == published_) return false;
  failed_ = true;
  if (auto done = tree_->files.write_and_sync(); !done) return done.error();
  auto note = tlog::sign_checkpoint(
      {.origin = signer_.name(), .size = {committed_}, .root = tree_->frontier.root(), .extensions = {}}, signer_);
  if (!note) return note.error();
  if (auto done = write_file_atomically(fs_, directory_ + "/checkpoint", as_bytes(*note)); !done) return done.error();
  published_ = committed_;
  failed_ = false;
  return true;
}

std::vector<OpenAdmission> Ledger::open_admissions() const {
  std::vector<OpenAdmission> out;
  for (const Open& entry : open_) {
    if (entry.open) out.push_back({entry.index, entry.exchange});
  }
  return out;
}

void Ledger::note_pairing(const EntryHeader& header, std::uint64_t index) {
  if (header.kind == EntryKind::kAdmission) open_.push_back({index, header.exchange, true});
  if (header.kind != EntryKind::kOutcome) return;
  const auto admission = find_open(header.admission_index);
  if (admission == open_.end()) return;  // recovery begins at the oldest open one: earlier pairs are whole
  admission->open = false;
  while (!open_.empty() && !open_.front().open) open_.pop_front();
}

std::deque<Ledger::Open>::iterator Ledger::find_open(std::uint64_t index) {
  const auto at = std::lower_bound(open_.begin(), open_.end(), index,
                                   [](const Open& entry, std::uint64_t wanted) { return entry.index < wanted; });
  return at != open_.end() && at->index == index && at->open ? at : open_.end();
}

}  // namespace redoubt::ledger
