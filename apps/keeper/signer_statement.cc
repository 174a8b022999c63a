#include "keeper/signer_statement.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <variant>

#include "attest/binding_batch.h"
#include "attest/evidence_message.h"
#include "attest/signer_evidence.h"
#include "crypto/secret.h"
#include "encoding/base64.h"
#include "ledger/reader.h"
#include "ledger/signer_evidence_file.h"
#include "record/signer_record.h"

namespace redoubt {
namespace {

std::string path() {
  return "./" + std::string(ledger::kSignerEvidence);
}

// Whether evidence has what the machine can show: also the processor's word, once there is one.
bool has_all(const std::string& evidence, const std::optional<attest::Kind>& cpu) {
  if (!cpu) return true;
  const auto read = attest::read_answer(evidence);
  const auto* const answer = read ? std::get_if<attest::EvidenceAnswer>(&*read) : nullptr;
  return answer != nullptr &&
         std::ranges::any_of(answer->parts, [&](const auto& part) { return part.evidence.kind == *cpu; });
}

// Whether the file has evidence of this machine over this key. What cannot be read is made anew.
bool is_there(FileSystem& fs, const std::string& signer, const TpmAttester& attester) {
  const auto text = read_file(fs, path(), ledger::kMaxSignerEvidenceBytes);
  if (!text) return false;
  const auto file = ledger::parse_signer_evidence(as_chars(*text));
  if (!file) return false;
  const auto record = record::read_signer_attested(file->record);
  return record && record->signer == signer && record->attester == attester.name() &&
         has_all(record->evidence, attester.cpu());
}

}  // namespace

Result<std::optional<ledger::OwnRecord>> signer_statement(FileSystem& fs, TpmAttester& attester,
                                                          const tlog::NoteSigner& signer) {
  const std::string vkey = signer.verifier_key().format();
  const std::string machine = attester.name();
  if (is_there(fs, vkey, attester)) return std::optional<ledger::OwnRecord>();
  crypto::Ed25519PublicKey key;
  std::copy_n(signer.verifier_key().public_key().begin(), key.size(), key.begin());
  const attest::ReportData binding = attest::signer_binding(signer.name(), key);
  const auto batch = attest::BindingBatch::make({&binding, 1});
  if (!batch) return batch.error();
  const auto evidence = attester.attest(batch->statement());
  if (!evidence) return evidence.error();
  return std::optional(ledger::OwnRecord{
      .make = [vkey, machine, text = std::string(as_chars(*evidence))](
                  UnixMillis now, const record::RecordSource& source) -> Result<std::string> {
        std::array<std::byte, 16> uid;
        crypto::random_bytes(uid);
        const std::string uid_text = encoding::hex(uid);
        std::string out;
        const auto done = record::append_signer_attested(out, {.request_uid = uid_text,
                                                               .time = now,
                                                               .source = source,
                                                               .signer = vkey,
                                                               .attester = machine,
                                                               .evidence = text});
        if (!done) return done.error().in("evidence over the signing key");
        return out;
      },
      .appended =
          [&fs](tlog::LeafIndex index, ByteView record) {
            const std::string text = ledger::format_signer_evidence({.index = index.value, .record = to_bytes(record)});
            return write_file_atomically(fs, path(), as_bytes(text));
          }});
}

}  // namespace redoubt
