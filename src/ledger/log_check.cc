#include "ledger/internal/log_check.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "keys/sealing_key.h"
#include "ledger/internal/note_lines.h"
#include "ledger/logs.h"
#include "ledger/sealed_parts.h"

namespace redoubt::ledger::internal {
namespace {

constexpr std::size_t kPieceBytes = 8 * 1024;  // of an array, compared at a time
// How long a first checkpoint may take after its tiles, with a slow disk.
constexpr std::chrono::milliseconds kFirstCheckpointWait{500};

std::string number(std::uint64_t n) {
  return std::to_string(n);
}

std::string segment_file(const Position& position) {
  return "segments/" + segment_name(position.segment);
}

// docs/formats/opening.md, sealed opening: features perhaps; version, wrapped key, nonce that ends in four zero bytes,
// ciphertext, tag.
bool has_form(ByteView all) {
  const auto parts = split_sealed(all);
  if (!parts) return false;
  const ByteView sealed = parts->opening;
  if (sealed.empty()) return true;
  constexpr std::size_t kCounterEnd = 1 + sizeof(keys::WrappedKey) + 8;
  if (sealed.size() < keys::kSealOverheadBytes || sealed[0] != std::byte{1}) return false;
  const ByteView rest = sealed.subspan(kCounterEnd, crypto::Aes256Gcm::kNonceSize - 8);
  return std::all_of(rest.begin(), rest.end(), [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

LogCheck::LogCheck(FileSystem& fs, std::string ledger, std::string tenant, std::vector<tlog::VerifierKey> keys,
                   Findings& findings)
    : fs_(fs),
      findings_(findings),
      ledger_(std::move(ledger)),
      prefix_(tenant.empty() ? std::string() : "t/" + tenant + "/"),
      keys_(std::move(keys)) {
  summary_.tenant = std::move(tenant);
  summary_.origin = keys_.front().name();
  std::uint64_t each = 1;
  for (unsigned level = 0; level < TreeFiles::kLevels; ++level, each *= tlog::kTileWidth) {
    arrays_[level].path = path("hashes/" + number(level));
    arrays_[level].item_bytes = tlog::kHashSize;
    arrays_[level].items_each = each;
  }
  arrays_.back().path = path("positions");
  arrays_.back().item_bytes = kPositionSize;
}

Finding LogCheck::finding(std::string file, std::string what, std::string remedy) const {
  return {.file = std::move(file),
          .offset = std::nullopt,
          .entry = std::nullopt,
          .log = summary_.tenant.empty() ? std::string(kSystemLogName) : summary_.tenant,
          .what = std::move(what),
          .remedy = std::move(remedy)};
}

Result<std::string> LogCheck::read_note(const std::string& file) const {
  const auto note = read_file(fs_, ledger_ + "/" + path(file), tlog::kMaxNoteSize);
  if (!note) return note.error();
  return std::string(as_chars(*note));
}

Result<tlog::Checkpoint> LogCheck::read_checkpoint(const std::string& file) const {
  const auto note = read_note(file);
  if (!note) return note.error();
  return tlog::open_checkpoint(*note, keys_, summary_.origin);
}

void LogCheck::open() {
  open_note("checkpoint");
  has_checkpoint_ = !notes_.empty();
  if (has_checkpoint_) summary_.published = notes_.front().size.value;
  open_note("cosigned");
  open_note("pending");
  for (const Note& note : notes_) hash_until_ = std::max(hash_until_, note.size.value);
  covered_ = hash_until_;
  open_files();
  compare_roots();  // of the empty tree
}

void LogCheck::open_note(const char* file) {
  const auto note = read_note(file);
  const auto checkpoint = note ? tlog::open_checkpoint(*note, keys_, summary_.origin) : note.error();
  if (checkpoint) {
    notes_.push_back({.file = path(file), .size = checkpoint->size, .root = checkpoint->root});
    const auto keys = with_history(fs_, log_directory(ledger_, summary_.tenant), keys_);
    if (const auto fault = fault_in_lines(*note, checkpoint->root, keys)) {
      findings_.problem(finding(path(file), fault->message() + "; what the log signed besides is not affected",
                                "restore this file from the latest copy; the keeper does not open the ledger with it"));
    }
    return;
  }
  if (checkpoint.error().code() == Errc::kNotFound) return;
  findings_.problem(finding(path(file), "not a note that the log signed: " + checkpoint.error().message(),
                            "restore this file from the latest copy; the keeper does not open the ledger without it"));
}

void LogCheck::open_files() {
  for (unsigned i = 0; i < arrays_.size(); ++i) {
    const Array& array = arrays_[i];
    const std::uint64_t need = i == TreeFiles::kLevels ? summary_.published * kPositionSize
                                                       : tlog::level_hashes(i, {summary_.published}) * tlog::kHashSize;
    const auto file = fs_.open(ledger_ + "/" + array.path, OpenMode::kReadOnly);
    const auto size = file ? (*file)->size() : Result<std::uint64_t>(file.error());
    if (!size) {
      const bool missing = size.error().code() == Errc::kNotFound;
      findings_.problem(finding(
          array.path, missing ? "the file is missing" : "cannot be read: " + size.error().message(), kRestoreOrRemake));
      continue;
    }
    if (i == 0) has_hashes_ = *size > 0;
    if (*size < need) {
      Finding problem = finding(array.path,
                                "the file has " + number(*size) + " bytes, the checkpoint of " +
                                    number(summary_.published) + " entries needs " + number(need),
                                kRestoreOrRemake);
      problem.offset = *size;
      findings_.problem(std::move(problem));
    } else if (*size % array.item_bytes != 0) {
      // A write of what no checkpoint covers yet may be under way, or was cut short.
      findings_.note(
          finding(array.path, "the file ends within an item, beyond what the checkpoint covers", kStartKeeper));
    }
  }
}

bool LogCheck::reload() {
  std::uint64_t covered = covered_;
  for (const char* file : {"checkpoint", "pending"}) {
    if (const auto checkpoint = read_checkpoint(file)) covered = std::max(covered, checkpoint->size.value);
  }
  const bool grown = covered > covered_;
  covered_ = covered;
  return grown;
}

bool LogCheck::covered_before(Sequence sequence) {
  if (!uncovered_from_ || *uncovered_from_ >= sequence) return true;
  // A keeper at work has published more since the notes were read. What exactly is then not asked again.
  if (!reload()) return false;
  uncovered_from_.reset();
  return true;
}

void LogCheck::take(const EntryView& entry, const Place& place) {
  const EntryHeader& header = entry.header;
  ++summary_.entries;
  if (header.index != next_) {
    Finding problem = finding(segment_file(place.position), "", kRestoreSegment);
    problem.offset = place.position.offset;
    problem.entry = header.index;
    problem.what = header.index > next_ ? "the entries " + number(next_) + " to " + number(header.index - 1) +
                                              " of the log are not in the segments"
                                        : "an entry lies where entry " + number(next_) + " must be";
    findings_.problem(std::move(problem));
    if (header.index < next_) return;
    fill(header.index);
  } else if (header.stored_bytes != summary_.stored_bytes + entry.size()) {
    Finding problem = finding(segment_file(place.position),
                              "the log's entries up to this one have " + number(summary_.stored_bytes + entry.size()) +
                                  " bytes, the entry says " + number(header.stored_bytes),
                              kRestoreSegment);
    problem.offset = place.position.offset + 48;
    problem.entry = header.index;
    findings_.problem(std::move(problem));
  }
  summary_.stored_bytes = header.stored_bytes;
  if (!entry.sealed_opening.empty()) check_opening(entry, place);
  if (header.index >= covered_ && !uncovered_from_) uncovered_from_ = place.sequence;
  next_ = header.index + 1;
  if (tree_ && header.index < hash_until_) add(tlog::leaf_hash(entry.leaf), &place.position);
}

void LogCheck::check_opening(const EntryView& entry, const Place& place) {
  ++summary_.openings;
  if (has_form(entry.sealed_opening)) return;
  Finding problem = finding(segment_file(place.position),
                            "the sealed opening does not have its form: the values cannot be opened; the record and "
                            "its proofs do not depend on it",
                            kRestoreSegment);
  problem.offset = place.position.offset + kEntryHeaderSize + entry.leaf.size();
  problem.entry = entry.header.index;
  findings_.problem(std::move(problem));
}

void LogCheck::add(const tlog::Hash& leaf, const Position* position) {
  const bool compared = frontier_.size().value < summary_.published;
  frontier_.append(leaf, [&](unsigned level, const tlog::Hash& hash) {
    if (!compared) return;
    append(arrays_[level].pending, hash);
    if (arrays_[level].pending.size() >= kPieceBytes) compare(arrays_[level]);
  });
  Array& positions = arrays_.back();
  if (compared && position != nullptr) {
    std::array<std::byte, kPositionSize> bytes;
    store_position(bytes, *position);
    append(positions.pending, bytes);
    if (positions.pending.size() >= kPieceBytes) compare(positions);
  } else if (compared) {
    compare(positions);  // up to the gap, which is left out
    positions.compared += kPositionSize;
  }
  compare_roots();
}

void LogCheck::compare_roots() {
  for (Note& note : notes_) {
    if (note.size != frontier_.size()) continue;
    note.reached = true;
    if (frontier_.root() == note.root) continue;
    findings_.problem(finding(note.file,
                              "the root of its " + number(note.size.value) +
                                  " entries is not the one that was signed: entries were altered after they were "
                                  "published, or entries that are missing were not those whose hashes are stored",
                              "restore the segments from a copy that verifies; keep these: they are evidence"));
  }
}

void LogCheck::compare(Array& array) {
  if (array.pending.empty()) return;
  Bytes stored(array.pending.size());
  const auto file = fs_.open(ledger_ + "/" + array.path, OpenMode::kReadOnly);
  const auto n = file ? (*file)->read_at(array.compared, stored) : Result<std::size_t>(file.error());
  // What is missing was found by its size.
  const std::size_t have = n ? *n / array.item_bytes * array.item_bytes : 0;
  if (!n && n.error().code() != Errc::kNotFound) {
    findings_.problem(finding(array.path, "cannot be read: " + n.error().message(), kRestoreOrRemake));
  }
  const auto [computed, found] =
      std::mismatch(array.pending.begin(), array.pending.begin() + static_cast<std::ptrdiff_t>(have), stored.begin());
  const auto at = static_cast<std::size_t>(found - stored.begin());
  if (at < have) {
    const std::uint64_t item = (array.compared + at) / array.item_bytes;
    Finding problem =
        finding(array.path,
                array.item_bytes == kPositionSize
                    ? "position " + number(item) + " is not where the segments have the entry"
                    : "hash " + number(item) +
                          " is not that of the entries in the segments; where `checkpoint` has no problem, "
                          "the segments are right and this file is not",
                kRestoreOrRemake);
    problem.offset = item * array.item_bytes;
    problem.entry = item * array.items_each;
    findings_.problem(std::move(problem));
  }
  array.compared += array.pending.size();
  array.pending.clear();
}

void LogCheck::fill(std::uint64_t end) {
  Bytes piece(kPieceBytes);
  const auto file = fs_.open(ledger_ + "/" + arrays_[0].path, OpenMode::kReadOnly);
  const std::uint64_t until = std::min(end, hash_until_);
  while (tree_ && frontier_.size().value < until) {
    const auto n = file ? (*file)->read_at(frontier_.size().value * tlog::kHashSize, piece) : Result<std::size_t>(0);
    const std::size_t count =
        n ? static_cast<std::size_t>(std::min<std::uint64_t>(*n / tlog::kHashSize, until - frontier_.size().value)) : 0;
    if (count == 0) tree_ = false;
    for (std::size_t i = 0; i < count; ++i) {
      tlog::Hash leaf;
      std::copy_n(piece.begin() + static_cast<std::ptrdiff_t>(i * tlog::kHashSize), leaf.size(), leaf.begin());
      add(leaf, nullptr);
    }
  }
  next_ = end;
}

void LogCheck::finish() {
  if (next_ < hash_until_) {
    findings_.problem(
        finding(next_ < summary_.published ? path("checkpoint") : path("pending"),
                "the log signed " + number(hash_until_) + " entries; the segments end after " + number(next_),
                "restore the segments from a copy that has them; keep these: they are evidence"));
    fill(hash_until_);
  }
  for (Array& array : arrays_) compare(array);
  if (has_checkpoint_ || !has_hashes_) return;
  const auto missing = [this] {
    const auto checkpoint = read_checkpoint("checkpoint");
    return !checkpoint && checkpoint.error().code() == Errc::kNotFound;
  };
  if (!missing()) return;
  std::this_thread::sleep_for(kFirstCheckpointWait);
  if (!missing()) return;
  findings_.problem(
      finding(path("checkpoint"),
              "the log has hashes and no checkpoint: it was removed, or the ledger's first checkpoint was "
              "prevented by a crash",
              "restore this file from a copy; if there never was one, start the keeper, which signs it"));
}

}  // namespace redoubt::ledger::internal
