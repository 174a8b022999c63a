#include <algorithm>

#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "encoding/gunzip.h"
#include "redoubt/conform/checks.h"
#include "redoubt/conform/fields.h"
#include "tlog/cosignature.h"
#include "tlog/entry_bundle.h"
#include "tlog/tile.h"

namespace redoubt::app::conform {
namespace {

constexpr std::string_view kMirrorName = "mirror.v0.json";
constexpr std::string_view kCheckpointName = "checkpoint";

Result<std::vector<tlog::VerifierKey>> mirror_keys(const std::string& json) {
  encoding::JsonReader reader;
  const auto root = reader.parse(json);
  if (!root) return root.error();
  Fields fields(*root);
  const std::string_view name = fields.text("name");
  const auto texts = fields.texts("verifier_keys");
  for (const char* about : {"monitoring_url", "submission_url", "software"}) fields.ignore(about);
  if (const Result<> read = fields.done(); !read) return read.error();
  std::vector<tlog::VerifierKey> keys;
  for (const std::string_view text : texts) {
    auto key = tlog::VerifierKey::parse(text);
    if (!key) return key.error();
    if (key->name() != name) return Error(Errc::kVerifyFailed, "a key of another name than the mirror's");
    keys.push_back(*std::move(key));
  }
  if (keys.empty()) return Error(Errc::kMalformed, "not understood: no keys");
  return keys;
}

// The mirror's checkpoint: cosigned by the mirror, of the log that the folder's name says.
Result<tlog::Checkpoint> check_checkpoint(DataSet& set, const std::string& folder,
                                          const std::vector<tlog::VerifierKey>& keys) {
  const Result<std::string> text = set.text(folder + std::string(kCheckpointName), tlog::kMaxNoteSize);
  if (!text) return text.error();
  const auto cosignatures = tlog::check_cosignatures(*text, keys);
  if (!cosignatures) return cosignatures.error();
  if (cosignatures->verified.empty()) return Error(Errc::kVerifyFailed, "the mirror has not cosigned it");
  const auto note = tlog::parse_note(*text);
  if (!note) return note.error();
  const auto checkpoint = tlog::parse_checkpoint(note->text);
  if (!checkpoint) return checkpoint.error();
  // "origin hash is the SHA-256 hash of the log's origin, hex encoded, in lowercase" (C2SP tlog-mirror).
  const std::string origin_hash = encoding::hex(crypto::sha256(as_bytes(checkpoint->origin)));
  if (name_of(std::string_view(folder).substr(0, folder.size() - 1)) != origin_hash) {
    return Error(Errc::kVerifyFailed, "of another log than the folder's name says");
  }
  return checkpoint;
}

// Whether these are the entries that the tile has the hashes of.
bool entries_match(ByteView bundle, ByteView tile) {
  const auto entries = tlog::decode_entry_bundle(bundle);
  if (!entries || entries->size() * tlog::kHashSize != tile.size()) return false;
  for (std::size_t i = 0; i < entries->size(); ++i) {
    if (to_hash(tile.subspan(i * tlog::kHashSize, tlog::kHashSize)) != tlog::leaf_hash((*entries)[i])) return false;
  }
  return true;
}

// As stored, and as it is once uncompressed: in neither reading may it pass for the log's.
Result<> check_refused(DataSet& set, const std::string& folder, const std::string& path) {
  const auto id = tlog::parse_bundle_path(path);
  if (!id) return id.error();
  const Result<Bytes> stored = set.fetch(folder + path, tlog::kMaxBundleSize);
  if (!stored) return stored.error();
  const Result<Bytes> tile = set.fetch(folder + tlog::tile_path({0, id->index, id->width}), tlog::kFullTileSize);
  if (!tile) return tile.error().in("the tile beside it");
  const Result<Bytes> plain = encoding::gunzip(*stored, tlog::kMaxBundleSize);
  if (entries_match(*stored, *tile) || (plain && entries_match(*plain, *tile))) {
    return Error(Errc::kVerifyFailed, "accepted, but must be refused");
  }
  return {};
}

void check_log(DataSet& set, const std::string& folder, const std::vector<tlog::VerifierKey>& keys) {
  const std::string checkpoint_path = folder + std::string(kCheckpointName);
  const auto checkpoint = check_checkpoint(set, folder, keys);
  if (!checkpoint) return set.record(checkpoint_path, checkpoint.error());
  LogFolder log(set, folder);
  const auto report = tlog::verify_tiles(log, *checkpoint);
  set.record(checkpoint_path, report ? Result<>() : Result<>(report.error()));
  if (!report) return;
  for (const std::string& path : set.files()) {
    if (!path.starts_with(folder + "tile/entries/")) continue;
    set.record(path, check_refused(set, folder, path.substr(folder.size())));
  }
}

// Signed with a key that is not here.
Result<> check_form(DataSet& set, const std::string& path) {
  const Result<std::string> text = set.text(path, tlog::kMaxNoteSize);
  if (!text) return text.error();
  const auto note = tlog::parse_note(*text);
  if (!note) return note.error();
  const auto checkpoint = tlog::parse_checkpoint(note->text);
  if (!checkpoint) return checkpoint.error();
  set.note(path, "only its form is checked: the key of its signature is not here");
  return {};
}

}  // namespace

void check_mirror(DataSet& set) {
  for (const std::string& path : set.files()) {
    if (name_of(path) != kMirrorName) continue;
    const Result<std::string> json = set.text(path);
    const auto keys = json ? mirror_keys(*json) : Result<std::vector<tlog::VerifierKey>>(json.error());
    set.record(path, keys ? Result<>() : Result<>(keys.error()));
    if (!keys) continue;
    const std::string_view mirror = folder_of(path);
    for (const std::string& log : set.files()) {
      if (log.starts_with(mirror) && name_of(log) == kCheckpointName)
        check_log(set, std::string(folder_of(log)), *keys);
    }
  }
  for (const std::string& path : set.files()) {
    if (name_of(path) == kCheckpointName && !set.was_read(path)) set.record(path, check_form(set, path));
  }
}

}  // namespace redoubt::app::conform
