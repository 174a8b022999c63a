#include <algorithm>

#include "redoubt/conform/checks.h"
#include "redoubt/conform/fields.h"
#include "tlog/entry_bundle.h"
#include "tlog/proof.h"

namespace redoubt::app::conform {
namespace {

constexpr std::string_view kCheckpointPrefix = "checkpoint.";

// The whole log at this checkpoint, and that it grew out of the one before.
Result<tlog::Checkpoint> check_checkpoint(DataSet& log, const std::string& path, const tlog::VerifierKey& key,
                                          const std::optional<tlog::Checkpoint>& before) {
  const Result<std::string> note = log.text(path, tlog::kMaxNoteSize);
  if (!note) return note.error();
  const auto report = tlog::verify_log(log, key, *note);
  if (!report) return report.error();
  const tlog::Checkpoint& checkpoint = report->checkpoint;
  if (path.starts_with(kCheckpointPrefix) &&
      path.substr(kCheckpointPrefix.size()) != std::to_string(checkpoint.size.value)) {
    return Error(Errc::kVerifyFailed, "a checkpoint of " + std::to_string(checkpoint.size.value) + " entries");
  }
  if (!before) return checkpoint;
  if (before->size > checkpoint.size) return Error(Errc::kVerifyFailed, "smaller than the checkpoint before");
  tlog::PublishedTiles tiles(log);
  const auto proof = tlog::consistency_proof(tiles, before->size, checkpoint.size);
  if (!proof) return proof.error();
  const Result<> grew = tlog::verify_consistency(before->size, checkpoint.size, *proof, before->root, checkpoint.root);
  if (!grew) return grew.error().in("from the checkpoint before");
  return checkpoint;
}

// A tile or bundle of another width than any checkpoint asked for, compared with the one of the same place that was
// verified: it must be its beginning.
Result<> check_leftover(DataSet& log, const std::string& path, tlog::TreeSize largest) {
  const auto tile = tlog::parse_tile_path(path);
  const auto bundle = tlog::parse_bundle_path(path);
  if (!tile && !bundle) return Error(Errc::kUnsupported, "not understood: neither tile nor entry bundle");
  const unsigned level = tile ? tile->level : 0;
  const std::uint64_t index = tile ? tile->index : bundle->index;
  const unsigned width = tile ? tile->width : bundle->width;
  const auto path_of = [&](unsigned w) {
    return tile ? tlog::tile_path({level, index, w}) : tlog::bundle_path(index, w);
  };
  const unsigned verified = tlog::tile_width(level, index, largest);
  if (width > verified) return Error(Errc::kVerifyFailed, "beyond the largest checkpoint");
  Result<Bytes> whole = log.fetch(path_of(verified), tlog::kMaxBundleSize);
  if (!whole) whole = log.fetch(path_of(tlog::kTileWidth), tlog::kMaxBundleSize);
  if (!whole) return whole.error();
  const Result<Bytes> part = log.fetch(path, tlog::kMaxBundleSize);
  if (!part) return part.error();
  if (part->size() > whole->size() || !std::equal(part->begin(), part->end(), whole->begin())) {
    return Error(Errc::kVerifyFailed, "not the beginning of what was verified");
  }
  if (tile && part->size() != tile->size_bytes())
    return Error(Errc::kVerifyFailed, "another length than its path says");
  if (tile) return {};
  const auto entries = tlog::decode_entry_bundle(*part);
  if (!entries) return entries.error();
  if (entries->size() != width) return Error(Errc::kVerifyFailed, "another number of entries than its path says");
  return {};
}

// Sizes in their order, not as text.
std::vector<std::string> checkpoints_by_size(const DataSet& log) {
  std::vector<std::string> paths;
  for (const std::string& path : log.files()) {
    if (path.starts_with(kCheckpointPrefix) || path == "checkpoint") paths.push_back(path);
  }
  const auto order = [](const std::string& path) {
    std::uint64_t size = ~std::uint64_t{0};  // the log's own, without a number, is its last
    if (path.starts_with(kCheckpointPrefix)) {
      parse_number(std::string_view(path).substr(kCheckpointPrefix.size()), size);
    }
    return size;
  };
  std::stable_sort(paths.begin(), paths.end(),
                   [&](const std::string& a, const std::string& b) { return order(a) < order(b); });
  return paths;
}

}  // namespace

void check_tessera_log(DataSet& set) {
  Result<std::string> text = set.text("vkey.txt", tlog::kMaxVerifierKeySize);
  if (text) text->resize(text->find_last_not_of("\r\n ") + 1);
  const Result<tlog::VerifierKey> key =
      text ? tlog::VerifierKey::parse(*text) : Result<tlog::VerifierKey>(text.error());
  if (!key) return set.record("vkey.txt", key.error());
  std::optional<tlog::Checkpoint> largest;
  for (const std::string& path : checkpoints_by_size(set)) {
    const Result<tlog::Checkpoint> checkpoint = check_checkpoint(set, path, *key, largest);
    set.record(path, checkpoint ? Result<>() : Result<>(checkpoint.error()));
    if (checkpoint) largest = *checkpoint;
  }
  if (!largest) return;
  for (const std::string& path : set.files()) {
    if (path.starts_with("tile/") && !set.was_read(path)) set.record(path, check_leftover(set, path, largest->size));
  }
}

}  // namespace redoubt::app::conform
