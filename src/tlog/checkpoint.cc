#include "tlog/checkpoint.h"

#include <algorithm>
#include <optional>

#include "encoding/base64.h"
#include "tlog/internal/text.h"

namespace redoubt::tlog {
namespace {

Error malformed(const char* message) {
  return {Errc::kMalformed, message};
}

bool is_line(std::string_view text) {
  return !text.empty() && text.find('\n') == std::string_view::npos && internal::is_note_text(text);
}

struct Opened {
  Checkpoint checkpoint;
  VerifiedNote note;
};

Result<Opened> open(std::string_view note, std::span<const VerifierKey> log_keys) {
  for (const VerifierKey& key : log_keys) {
    if (const Result<> usable = require_log_key(key); !usable) return usable.error();
  }
  Result<VerifiedNote> verified = verify_note(note, log_keys);
  if (!verified) return verified.error();
  Result<Checkpoint> checkpoint = parse_checkpoint(verified->note.text);
  if (!checkpoint) return checkpoint.error();
  return Opened{*std::move(checkpoint), *std::move(verified)};
}

Error wrong_origin(const Checkpoint& checkpoint) {
  return {Errc::kVerifyFailed, "the checkpoint is of another log, `" + checkpoint.origin + "`"};
}

}  // namespace

Result<std::string> format_checkpoint(const Checkpoint& checkpoint) {
  if (!is_line(checkpoint.origin)) return Error(Errc::kInvalidArgument, "the origin is not a line of text");
  if (checkpoint.size > kMaxTreeSize) return Error(Errc::kInvalidArgument, "the tree size is too large");
  std::string text = checkpoint.origin;
  text.append(1, '\n').append(std::to_string(checkpoint.size.value));
  text.append(1, '\n').append(encoding::base64(checkpoint.root)).append(1, '\n');
  for (const std::string& extension : checkpoint.extensions) {
    if (!is_line(extension)) return Error(Errc::kInvalidArgument, "an extension is not a line of text");
    text.append(extension).append(1, '\n');
  }
  return text;
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  if (text.size() > kMaxNoteSize) return Error(Errc::kTooLarge, "the checkpoint is too long");
  if (!internal::is_note_text(text)) return malformed("the checkpoint is not UTF-8 without control characters");
  if (!text.ends_with('\n')) return malformed("the checkpoint does not end in a newline");
  const auto origin = internal::take_line(text);
  const auto size_line = internal::take_line(text);
  const auto root_line = internal::take_line(text);
  if (!origin || !size_line || !root_line) return malformed("the checkpoint has fewer than three lines");
  Checkpoint checkpoint;
  if (origin->empty()) return malformed("the checkpoint's origin is empty");
  checkpoint.origin = *origin;
  const auto size = internal::parse_decimal(*size_line);
  if (!size || TreeSize{*size} > kMaxTreeSize) return malformed("the checkpoint's second line is not a tree size");
  checkpoint.size = {*size};
  const auto root = internal::parse_hash(*root_line);
  if (!root) return malformed("the checkpoint's third line is not a root hash");
  checkpoint.root = *root;
  while (const auto line = internal::take_line(text)) {
    if (line->empty()) return malformed("the checkpoint has an empty line");
    checkpoint.extensions.emplace_back(*line);
  }
  return checkpoint;
}

Result<std::string> sign_checkpoint(const Checkpoint& checkpoint, const NoteSigner& signer) {
  const Result<std::string> text = format_checkpoint(checkpoint);
  if (!text) return text.error();
  return sign_note(*text, signer);
}

Result<> require_log_key(const VerifierKey& key) {
  switch (key.type()) {
    case SignatureType::kEd25519:
      return {};
    case SignatureType::kEd25519Cosignature:
      return Error(Errc::kInvalidArgument,
                   "the key of `" + key.name() + "` is a witness's, not a log's: of type Ed25519 cosignature (0x04)");
    case SignatureType::kMlDsa44Cosignature:
      return Error(Errc::kUnsupported,
                   "the key of `" + key.name() + "` is of type ML-DSA-44 (0x06), which this build cannot verify");
  }
  return Error(Errc::kUnsupported, "the key of `" + key.name() + "` is of a type that is not known");
}

Result<Checkpoint> open_checkpoint(std::string_view note, std::span<const VerifierKey> log_keys) {
  Result<Opened> opened = open(note, log_keys);
  if (!opened) return opened.error();
  const std::vector<std::size_t>& signers = opened->note.verified;
  const bool named = std::any_of(signers.begin(), signers.end(),
                                 [&](std::size_t i) { return log_keys[i].name() == opened->checkpoint.origin; });
  if (!named) return wrong_origin(opened->checkpoint);
  return std::move(opened->checkpoint);
}

Result<Checkpoint> open_checkpoint(std::string_view note, std::span<const VerifierKey> log_keys,
                                   std::string_view expected_origin) {
  Result<Opened> opened = open(note, log_keys);
  if (!opened) return opened.error();
  if (opened->checkpoint.origin != expected_origin) return wrong_origin(opened->checkpoint);
  return std::move(opened->checkpoint);
}

Result<Checkpoint> open_checkpoint_of_any_origin(std::string_view note, std::span<const VerifierKey> log_keys) {
  Result<Opened> opened = open(note, log_keys);
  if (!opened) return opened.error();
  return std::move(opened->checkpoint);
}

}  // namespace redoubt::tlog
