#include "redoubt/ledger_tier.h"

#include <algorithm>

#include "attest/signer_evidence.h"
#include "ledger/reader.h"
#include "ledger/signer_evidence_file.h"
#include "record/signer_record.h"
#include "redoubt/attest/claims_text.h"
#include "redoubt/attest/inputs.h"
#include "tlog/proof.h"

namespace redoubt::app {
namespace {

Error refused(const std::string& why) {
  return {Errc::kVerifyFailed, "the signing key's evidence: " + why};
}

// The record is an entry of the tree that the checkpoint covers.
Result<> check_entry(tlog::ResourceReader& reader, const tlog::Checkpoint& checkpoint,
                     const ledger::SignerEvidenceFile& file) {
  if (file.index >= checkpoint.size.value) {
    return refused("entry " + std::to_string(file.index) + " is not under the checkpoint");
  }
  tlog::PublishedTiles tiles(reader);
  const auto proof = tlog::inclusion_proof(tiles, {file.index}, checkpoint.size);
  if (!proof) return proof.error();
  const auto held =
      tlog::verify_inclusion(tlog::leaf_hash(file.record), {file.index}, checkpoint.size, *proof, checkpoint.root);
  return held ? held : Result<>(refused("entry " + std::to_string(file.index) + " of the log is another record"));
}

Result<ledger::SignerEvidenceFile> load(tlog::ResourceReader& reader) {
  const auto text = reader.fetch(std::string(ledger::kSignerEvidence), ledger::kMaxSignerEvidenceBytes);
  if (!text && text.error().code() == Errc::kNotFound) return refused("there is none");
  if (!text) return text.error();
  return ledger::parse_signer_evidence(as_chars(*text));
}

std::string describe_parts(const attest::Appraisal& appraisal) {
  std::string out;
  for (const attest::PartResult& part : appraisal.parts) {
    if (!part.kind) continue;
    out += (out.empty() ? "" : "; ") + part.name + " (" + std::string(attest::to_string(*part.kind)) +
           "), measured by its " + std::string(attest_verbs::measured_by(part));
  }
  return out;
}

}  // namespace

Result<SignerTier> check_signer_tier(tlog::ResourceReader& reader, const tlog::Checkpoint& checkpoint,
                                     const tlog::VerifierKey& key, const std::string& tier,
                                     const attest_verbs::AcceptedServer& accepted) {
  const auto wanted = attest::find_tier(tier);
  if (!wanted) return Error(Errc::kInvalidArgument, "`" + tier + "` is no tier");
  auto policy = attest_verbs::read_accepted(accepted);
  if (!policy) return policy.error();
  policy->min_tier = std::max(policy->min_tier, *wanted);
  const auto file = load(reader);
  if (!file) return file.error();
  const auto record = record::read_signer_attested(file->record);
  if (!record) return refused(record.error().message());
  if (record->signer != key.format()) return refused("it is over another key, `" + record->signer + "`");
  if (auto done = check_entry(reader, checkpoint, *file); !done) return done.error();
  attest::ReferenceValues references;
  if (!accepted.references.file.empty()) {
    auto read = attest_verbs::read_references(accepted.references, record->time);
    if (!read) return read.error();
    references = *std::move(read);
  }
  crypto::Ed25519PublicKey public_key;
  if (key.public_key().size() != public_key.size()) return refused("the log's key is of another kind");
  std::copy_n(key.public_key().begin(), public_key.size(), public_key.begin());
  attest::Verifier verifier;
  const auto appraisal = attest::verify_signer_evidence(verifier, record->evidence, checkpoint.origin, public_key,
                                                        record->time, *policy, references);
  if (!appraisal) return refused(appraisal.error().message());
  return SignerTier{.tier = appraisal->tier,
                    .entry = file->index,
                    .time = record->time,
                    .attester = record->attester,
                    .parts = describe_parts(*appraisal)};
}

void print_signer_tier(const std::optional<SignerTier>& tier) {
  if (!tier) return;
  std::printf("tier        %s\n", std::string(to_string(tier->tier)).c_str());
  std::printf("parts       %s\n", tier->parts.c_str());
  std::printf("evidence    entry %llu, of the machine with the attestation key %s\n",
              static_cast<unsigned long long>(tier->entry), tier->attester.c_str());
}

void write_signer_tier(encoding::JsonWriter& json, const std::optional<SignerTier>& tier) {
  if (!tier) return;
  json.key("signer_evidence");
  json.begin_object();
  json.member("tier", to_string(tier->tier));
  json.member("entry", tier->entry);
  json.member("time", tier->time.value);
  json.member("attester", tier->attester);
  json.member("parts", tier->parts);
  json.end_object();
}

}  // namespace redoubt::app
