#include "ledger/prove_entry.h"

#include "tlog/checkpoint.h"
#include "tlog/proof.h"
#include "tlog/proof_file.h"

namespace redoubt::ledger {
namespace {

// Of our own log: its signature is the verifier's to check.
Result<tlog::Checkpoint> checkpoint_of(std::string_view note) {
  const std::size_t text_end = note.find("\n\n");
  if (text_end == std::string::npos) return Error(Errc::kCorrupt, "the checkpoint is not a note");
  return tlog::parse_checkpoint(note.substr(0, text_end + 1));
}

}  // namespace

Result<std::string> prove_entry(LedgerReader& reader, tlog::LeafIndex index) {
  auto note = reader.cosigned();
  auto checkpoint = note ? checkpoint_of(*note) : Result<tlog::Checkpoint>(note.error());
  if (!checkpoint || index.value >= checkpoint->size.value) {
    note = reader.checkpoint();
    if (!note) return note.error();
    checkpoint = checkpoint_of(*note);
  }
  if (!checkpoint) return checkpoint.error();
  if (index.value >= checkpoint->size.value) return Error(Errc::kNotFound, "no such record");
  auto proof = tlog::inclusion_proof(reader, index, checkpoint->size);
  if (!proof) return proof.error();
  return tlog::format_proof_file(
      {.extra = std::nullopt, .index = index, .proof = *std::move(proof), .checkpoint = *std::move(note)});
}

}  // namespace redoubt::ledger
