#include "ledger/internal/note_lines.h"

#include <algorithm>

#include "ledger/signers.h"
#include "tlog/cose_receipt.h"
#include "tlog/cosignature.h"
#include "tlog/signer_history.h"

namespace redoubt::ledger::internal {

std::optional<Error> fault_in_lines(const std::string& note, const tlog::Hash& root,
                                    const std::vector<tlog::VerifierKey>& log_keys) {
  const auto parsed = tlog::parse_note(note);
  if (!parsed) return parsed.error();
  for (std::size_t i = 0; i < parsed->signatures.size(); ++i) {
    const tlog::NoteSignature& line = parsed->signatures[i];
    const bool own = std::any_of(log_keys.begin(), log_keys.end(), [&](const tlog::VerifierKey& key) {
      if (line.key_name == key.name() && line.key_id == key.id()) {
        return key.verify(parsed->text, line.signature) == tlog::Verdict::kHolds;
      }
      return tlog::is_cose_root_line(line, key, root);
    });
    if (!own && !tlog::is_cosignature_shaped(line)) {
      return Error(Errc::kVerifyFailed,
                   "signature line " + std::to_string(i + 1) + " is neither the log's nor a witness's");
    }
  }
  return std::nullopt;
}

std::vector<tlog::VerifierKey> with_history(FileSystem& fs, const std::string& log_directory,
                                            std::vector<tlog::VerifierKey> keys) {
  const auto text = read_signers(fs, log_directory);
  if (!text) return keys;
  for (std::size_t i = 0, given = keys.size(); i < given; ++i) {
    const auto history = tlog::SignerHistory::verify(keys[i], *text);
    if (!history) continue;
    for (const tlog::SignerTerm& term : history->terms()) keys.push_back(term.key);
  }
  return keys;
}

}  // namespace redoubt::ledger::internal
