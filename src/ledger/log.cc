#include "ledger/internal/log.h"

#include <algorithm>

#include "tlog/checkpoint.h"

namespace redoubt::ledger::internal {
namespace {

constexpr std::size_t kMaxCheckpointBytes = 64 * 1024;

}  // namespace

Result<Log> Log::open(FileSystem& fs, std::string directory, tlog::NoteSigner signer) {
  for (const char* part : {"", "/hashes"}) {
    if (auto done = fs.make_directory(directory + part); !done) return done.error();
  }
  auto files = TreeFiles::open(fs, directory);
  if (!files) return files.error();
  Log log(fs, std::move(directory), *std::move(files), std::move(signer));
  if (auto done = log.load_checkpoint(); !done) return done.error();
  return log;
}

Result<> Log::load_checkpoint() {
  auto note = read_file(*fs_, directory_ + "/checkpoint", kMaxCheckpointBytes);
  if (!note && note.error().code() != Errc::kNotFound) return note.error();
  tlog::Checkpoint checkpoint{.root = tlog::empty_root()};
  if (note) {
    const tlog::VerifierKey keys[] = {signer_.verifier_key()};
    auto opened = tlog::open_checkpoint(as_chars(*note), keys, signer_.name());
    if (!opened) return opened.error().in("checkpoint");
    checkpoint = *std::move(opened);
  }
  published_ = checkpoint.size.value;
  next_ = published_;
  if (auto done = files_.go_on_after(checkpoint.size); !done) return done;
  auto frontier = tlog::Frontier::load(files_, checkpoint.size);
  if (!frontier) return frontier.error();
  if (frontier->root() != checkpoint.root) {
    return Error(Errc::kCorrupt,
                 "the stored hashes do not give the root of the checkpoint at size " + std::to_string(published_));
  }
  frontier_ = *frontier;
  return {};
}

Result<> Log::check(const EntryHeader& header) const {
  if (header.kind != EntryKind::kOutcome) return {};
  const auto admission = find_open(header.admission_index);
  if (!admission || open_[*admission].exchange != header.exchange) {
    return Error(Errc::kMalformed, "an outcome names no open admission of its exchange");
  }
  return {};
}

void Log::take(EntryHeader& header, Sequence sequence) {
  stored_bytes_ += kEntryHeaderSize + header.leaf_size + header.opening_size;
  header.index = next_++;
  header.stored_bytes = stored_bytes_;
  pair(header, sequence);
}

void Log::append(const tlog::Hash& leaf, const Position& position, Sequence sequence) {
  frontier_.append(leaf, [this](unsigned level, const tlog::Hash& hash) { files_.append_hash(level, hash); });
  files_.append_position(position);
  if (!uncovered_from_) uncovered_from_ = sequence;
}

Result<bool> Log::publish() {
  if (committed() == published_) return false;
  if (auto done = files_.write_and_sync(); !done) return done.error();
  auto note = tlog::sign_checkpoint(
      {.origin = origin(), .size = frontier_.size(), .root = frontier_.root(), .extensions = {}}, signer_);
  if (!note) return note.error();
  if (auto done = write_file_atomically(*fs_, directory_ + "/checkpoint", as_bytes(*note)); !done) return done.error();
  published_ = committed();
  uncovered_from_.reset();
  return true;
}

std::optional<Sequence> Log::oldest_open() const {
  if (open_.empty()) return std::nullopt;
  return open_.front().sequence;
}

Result<std::optional<Position>> Log::last_published() {
  if (published_ == 0) return std::optional<Position>();
  auto position = files_.read_position(published_ - 1);
  if (!position) return position.error();
  return std::optional<Position>(*position);
}

void Log::go_on_after(const EntryHeader& last_published) {
  stored_bytes_ = std::max(stored_bytes_, last_published.stored_bytes);
}

Result<> Log::replay(const EntryHeader& header, ByteView leaf, const Position& position, Sequence sequence,
                     bool with_pairing) {
  if (header.index > next_ || (header.index < next_ && header.index >= published_)) {
    return Error(Errc::kCorrupt, "entry " + std::to_string(header.index) + " of `" + origin() + "` lies where entry " +
                                     std::to_string(next_) + " must be");
  }
  if (with_pairing) pair(header, sequence);
  stored_bytes_ = header.stored_bytes;
  if (header.index < published_) return {};
  append(tlog::leaf_hash(leaf), position, sequence);
  ++next_;
  return {};
}

void Log::pair(const EntryHeader& header, Sequence sequence) {
  if (header.kind == EntryKind::kAdmission) {
    open_.push_back({header.index, sequence, header.exchange, true});
    ++open_count_;
  }
  if (header.kind != EntryKind::kOutcome) return;
  const auto admission = find_open(header.admission_index);
  if (!admission) return;  // recovery begins at the oldest open one: earlier pairs are whole
  open_[*admission].open = false;
  --open_count_;
  while (!open_.empty() && !open_.front().open) open_.pop_front();
}

std::optional<std::size_t> Log::find_open(std::uint64_t index) const {
  const auto at = std::lower_bound(open_.begin(), open_.end(), index,
                                   [](const Open& entry, std::uint64_t wanted) { return entry.index < wanted; });
  if (at == open_.end() || at->index != index || !at->open) return std::nullopt;
  return static_cast<std::size_t>(at - open_.begin());
}

}  // namespace redoubt::ledger::internal
