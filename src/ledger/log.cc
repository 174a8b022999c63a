#include "ledger/internal/log.h"

#include <algorithm>

#include "ledger/internal/note_lines.h"
#include "ledger/signers.h"
#include "tlog/cose_receipt.h"
#include "tlog/cosignature.h"
#include "tlog/proof.h"

namespace redoubt::ledger::internal {
namespace {

constexpr std::size_t kMaxCheckpointBytes = tlog::kMaxNoteSize;
constexpr const char* kPublished = "checkpoint";
constexpr const char* kPending = "pending";
constexpr const char* kCosigned = "cosigned";

// The note with the log's own signatures only, the one for receipts of COSE among them, for witnesses to add theirs
// anew.
Result<std::string> without_cosignatures(std::string_view note, std::string_view origin) {
  auto parsed = tlog::parse_note(note);
  if (!parsed) return parsed.error();
  std::string out = parsed->text + '\n';
  for (const tlog::NoteSignature& signature : parsed->signatures) {
    if (signature.key_name == origin) out += tlog::format_signature_line(signature);
  }
  return out;
}

}  // namespace

Result<Log> Log::open(FileSystem& fs, std::string directory, tlog::NoteSigner signer, const Witnessing& witnesses) {
  for (const char* part : {"", "/hashes"}) {
    if (auto done = fs.make_directory(directory + part); !done) return done.error();
  }
  if (auto current = require_current_signer(fs, directory, signer.verifier_key()); !current) return current.error();
  auto files = TreeFiles::open(fs, directory);
  if (!files) return files.error();
  Log log(fs, std::move(directory), *std::move(files), std::move(signer), witnesses);
  if (auto done = log.load_checkpoints(); !done) return done.error();
  return log;
}

Result<std::optional<tlog::Checkpoint>> Log::load(const char* name, std::string* note) {
  auto bytes = read_file(*fs_, directory_ + "/" + name, kMaxCheckpointBytes);
  if (!bytes) {
    if (bytes.error().code() == Errc::kNotFound) return std::optional<tlog::Checkpoint>();
    return bytes.error();
  }
  const tlog::VerifierKey keys[] = {signer_.verifier_key()};
  auto opened = tlog::open_checkpoint(as_chars(*bytes), keys, signer_.name());
  if (!opened) return opened.error().in(name);
  const std::string all(as_chars(*bytes));
  if (const auto fault = fault_in_lines(all, opened->root, with_history(*fs_, directory_, {signer_.verifier_key()}))) {
    return fault->in(name);
  }
  if (note != nullptr) {
    auto own = without_cosignatures(all, origin());
    if (!own) return own.error();
    *note = *std::move(own);
  }
  return std::optional<tlog::Checkpoint>(*std::move(opened));
}

Result<> Log::store(const char* name, std::string_view note) {
  return write_file_atomically(*fs_, directory_ + "/" + name, as_bytes(note));
}

// The largest is the fixed point; the others must be of the same tree.
Result<> Log::load_checkpoints() {
  std::string pending_note;
  auto published = load(kPublished, &signed_);
  if (!published) return published.error();
  auto pending = load(kPending, &pending_note);
  if (!pending) return pending.error();
  auto cosigned = load(kCosigned);
  if (!cosigned) return cosigned.error();

  tlog::Checkpoint largest{.root = tlog::empty_root()};
  if (*published) largest = **published;
  if (*pending && (!*published || (*pending)->size > largest.size)) {
    largest = **pending;
    signed_ = pending_note;
  }
  if (auto done = files_.go_on_after(largest.size); !done) return done;
  for (const auto& checkpoint : {*published, *pending, *cosigned}) {
    if (!checkpoint || checkpoint->size == largest.size) continue;
    auto root = checkpoint->size < largest.size ? tlog::tree_root(files_, checkpoint->size)
                                                : Result<tlog::Hash>(Error(Errc::kCorrupt, "a checkpoint is missing"));
    if (!root) return root.error();
    if (*root != checkpoint->root) return Error(Errc::kCorrupt, "two stored checkpoints contradict each other");
  }
  auto frontier = tlog::Frontier::load(files_, largest.size);
  if (!frontier) return frontier.error();
  for (const auto& checkpoint : {std::optional(largest), *published, *pending, *cosigned}) {
    if (checkpoint && checkpoint->size == largest.size && frontier->root() != checkpoint->root) {
      return Error(Errc::kCorrupt, "the stored hashes do not give the root of the checkpoint at size " +
                                       std::to_string(largest.size.value));
    }
  }
  frontier_ = *frontier;
  covered_ = next_ = largest.size.value;
  published_ = *published ? (*published)->size.value : 0;
  cosigned_ = *cosigned ? (*cosigned)->size.value : 0;
  if (witnesses_->required) cosigned_ = std::max(cosigned_, published_);
  cosigned_beside_ = cosigned->has_value();
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
  if (committed() == (witnesses_->required ? covered_ : published_)) return false;
  if (auto done = files_.write_and_sync(); !done) return done.error();
  const tlog::Hash root = frontier_.root();
  auto note =
      tlog::sign_checkpoint({.origin = origin(), .size = frontier_.size(), .root = root, .extensions = {}}, signer_);
  if (!note) return note.error();
  // The same root once more, for receipts of COSE; verifiers of notes pass it over.
  *note += tlog::cose_root_line(signer_, root);
  if (auto done = store(witnesses_->required ? kPending : kPublished, *note); !done) return done.error();
  signed_ = *std::move(note);
  covered_ = committed();
  if (!witnesses_->required) published_ = covered_;
  uncovered_from_.reset();
  return true;
}

Result<std::string> Log::offer() {
  if (signed_.empty()) {
    auto note =
        tlog::sign_checkpoint({.origin = origin(), .size = {}, .root = tlog::empty_root(), .extensions = {}}, signer_);
    if (!note) return note.error();
    signed_ = *std::move(note);
  }
  offered_ = signed_;
  return offered_;
}

Result<bool> Log::cosign(std::string_view lines, std::uint64_t earliest_unix_seconds) {
  if (!witnesses_->policy || offered_.empty()) return false;
  const std::string note = offered_ + std::string(lines);
  if (note.size() > kMaxCheckpointBytes) return Error(Errc::kTooLarge, "a checkpoint with too many cosignatures");
  const tlog::VerifierKey own[] = {signer_.verifier_key()};
  auto checkpoint = tlog::open_checkpoint(note, own, origin());
  if (!checkpoint) return checkpoint.error();
  // What is stored is read again: nothing that the next start would refuse.
  if (auto fault = fault_in_lines(note, checkpoint->root, with_history(*fs_, directory_, {signer_.verifier_key()}))) {
    return *std::move(fault);
  }
  std::vector<tlog::VerifierKey> keys;
  for (const tlog::TrustPolicy::Witness& witness : witnesses_->policy->witnesses()) keys.push_back(witness.key);
  auto cosignatures = tlog::check_cosignatures(note, keys);
  if (!cosignatures) return cosignatures.error();
  std::vector<std::size_t> by;
  for (const tlog::Cosignature& cosignature : cosignatures->verified) {
    if (cosignature.unix_seconds >= earliest_unix_seconds) by.push_back(cosignature.witness);
  }
  const std::uint64_t size = checkpoint->size.value;
  if (!witnesses_->policy->needs_witnesses()) {
    // No quorum to meet: what witnesses say is added where it still fits.
    if (!by.empty() && size != 0 && size == published_) {
      if (auto done = store(kPublished, note); !done) return done.error();
    }
    return false;
  }
  if (!witnesses_->policy->satisfied_by(by)) return false;
  if (size == 0) return true;  // nothing to persist: the empty tree needs no checkpoint
  if (witnesses_->required || size == published_) {
    if (auto done = store(kPublished, note); !done) return done.error();
  }
  if (!witnesses_->required) {
    if (auto done = store(kCosigned, note); !done) return done.error();
  }
  if (witnesses_->required) {
    published_ = size;
    // From when the quorum was not required: who asks for the last cosigned checkpoint is to get this one. Should it
    // come back after a crash, the next start finds it again.
    if (cosigned_beside_) {
      if (auto done = fs_->remove(directory_ + "/" + kCosigned); !done) return done.error();
      cosigned_beside_ = false;
    }
  }
  cosigned_ = size;
  return true;
}

std::optional<Sequence> Log::oldest_open() const {
  if (open_.empty()) return std::nullopt;
  return open_.front().sequence;
}

Result<std::optional<Position>> Log::last_covered() {
  if (covered_ == 0) return std::optional<Position>();
  auto position = files_.read_position(covered_ - 1);
  if (!position) return position.error();
  return std::optional<Position>(*position);
}

void Log::go_on_after(const EntryHeader& last_covered) {
  stored_bytes_ = std::max(stored_bytes_, last_covered.stored_bytes);
}

Result<> Log::replay(const EntryHeader& header, ByteView leaf, const Position& position, Sequence sequence,
                     bool with_pairing) {
  if (header.index > next_ || (header.index < next_ && header.index >= covered_)) {
    return Error(Errc::kCorrupt, "entry " + std::to_string(header.index) + " of `" + origin() + "` lies where entry " +
                                     std::to_string(next_) + " must be");
  }
  if (with_pairing) pair(header, sequence);
  stored_bytes_ = header.stored_bytes;
  if (header.index < covered_) return {};
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
