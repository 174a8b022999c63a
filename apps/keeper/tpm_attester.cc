#include "keeper/tpm_attester.h"

#include <optional>
#include <utility>

#include "attest/binding_batch.h"
#include "attest/evidence_message.h"
#include "encoding/base64.h"
#include "encoding/json_writer.h"
#include "tpm/quote.h"

namespace redoubt {
namespace {

constexpr std::uint32_t kFirmwarePcrs = 0xff;  // 0 to 7: what started the machine

// What the software says of itself, and what it is over: TPMs may take no more than a SHA-256 for a nonce.
Bytes software_statement(const attest::ReportData& quoted) {
  std::string text;
  encoding::JsonWriter json(text);
  json.begin_object();
  json.member("build", "redoubt " REDOUBT_VERSION);
  json.member("measurer", attest::to_string(attest::Measurer::kSelf));
  json.member("nonce", encoding::hex(quoted));
  json.end_object();
  return to_bytes(as_bytes(text));
}

}  // namespace

TpmAttester::TpmAttester(tpm::Tpm tpm, tpm::AttestationKey key, tpm::MeasurementLog log, tpm::PcrSelection pcrs)
    : tpm_(std::move(tpm)), key_(std::move(key)), log_(std::move(log)), pcrs_(pcrs) {}

Result<TpmAttester> TpmAttester::open(tpm::Tpm tpm, FileSystem& fs) {
  auto key_bytes = read_file(fs, "attestation.key", tpm::AttestationKey::kMaxBytes);
  if (!key_bytes) return key_bytes.error();
  auto key = tpm::AttestationKey::decode(*key_bytes);
  if (!key) return key.error().in("`attestation.key`");
  auto log_bytes = read_file(fs, "measurements", tpm::MeasurementLog::kMaxBytes);
  if (!log_bytes) return log_bytes.error();
  auto log = tpm::MeasurementLog::decode(*log_bytes);
  if (!log) return log.error().in("`measurements`");
  // Nothing started a TPM of software: its registers of firmware are zeros, which verifiers refuse.
  std::uint32_t bits = tpm.identity().is_emulated ? 0 : kFirmwarePcrs;
  for (const auto& [pcr, value] : log->replay()) bits |= 1U << pcr;
  auto pcrs = tpm::PcrSelection::from_bits(bits);
  if (!pcrs) return pcrs.error();
  return TpmAttester(std::move(tpm), *std::move(key), *std::move(log), *pcrs);
}

Result<Bytes> TpmAttester::attest(ByteView statement) {
  const auto batch = attest::batch_of(statement);
  if (!batch) return batch.error();
  const attest::ReportData quoted = attest::quoted_for_batch(*batch);
  std::optional<Bytes> software = software_statement(quoted);
  const auto quote = tpm::make_quote(tpm_, key_, pcrs_, attest::part_nonce(quoted, software));
  if (!quote) return quote.error();
  const std::string json = tpm::evidence_json(key_, *quote, log_);
  attest::EvidenceAnswer answer{
      .sender = attest::Sender::kServer, .vouched = {}, .place = *batch, .parts = {}, .statement = std::move(software)};
  answer.parts.push_back(
      {.name = "tpm",
       .evidence = {.kind = attest::Kind::kTpm, .files = {{attest::Role::kEvidence, to_bytes(as_bytes(json))}}}});
  auto text = attest::write_evidence_answer(answer);
  if (!text) return text.error();
  return to_bytes(as_bytes(*text));
}

}  // namespace redoubt
