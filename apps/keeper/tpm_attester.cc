#include "keeper/tpm_attester.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "attest/binding_batch.h"
#include "attest/evidence_message.h"
#include "base/check.h"
#include "encoding/base64.h"
#include "encoding/json_writer.h"
#include "keeper/attesting_keys.h"

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

// Nothing started a TPM of software: its registers of firmware are zeros, which verifiers refuse.
Result<tpm::PcrSelection> quoted_registers(const tpm::Tpm& tpm, const tpm::MeasurementLog& log) {
  std::uint32_t bits = tpm.identity().is_emulated ? 0 : kFirmwarePcrs;
  for (const tpm::Measurement& each : log.measurements()) bits |= 1U << each.pcr;
  return tpm::PcrSelection::from_bits(bits);
}

}  // namespace

Result<TpmAttester> TpmAttester::open(tpm::Tpm tpm, FileSystem& fs, const keys::KeyStore& store, std::string measured,
                                      std::optional<CpuEvidence> cpu) {
  auto keys = open_attesting_keys(tpm, fs, store, measured);
  if (!keys) return keys.error();
  auto measuring = Measuring::open(tpm, fs, std::move(measured), std::move(keys->history));
  if (!measuring) return measuring.error();
  return TpmAttester(std::move(tpm), std::move(keys->attestation), *std::move(measuring), std::move(cpu));
}

std::string TpmAttester::name() const {
  return "sha256:" + encoding::hex(quoter_.key().public_key().spki_sha256());
}

Result<Bytes> TpmAttester::attest(ByteView statement) {
  const auto batch = attest::batch_of(statement);
  if (!batch) return batch.error();
  const attest::ReportData quoted = attest::quoted_for_batch(*batch);
  std::optional<Bytes> software = software_statement(quoted);
  const auto pcrs = quoted_registers(tpm_, measuring_.log());
  if (!pcrs) return pcrs.error();
  const Bytes nonce = attest::part_nonce(quoted, software);
  if (cpu_) {
    attest::ChannelNonce carried;
    REDOUBT_CHECK(nonce.size() == carried.size());  // there is a statement
    std::ranges::copy(nonce, carried.begin());
    if (auto asked = cpu_->begin(carried); !asked) return asked.error().in("evidence by the processor");
  }
  // The processor works meanwhile.
  const auto quote = quoter_.quote(*pcrs, nonce);
  if (!quote) return quote.error();
  const std::string json = tpm::evidence_json(quoter_.key(), *quote, measuring_.log());
  attest::EvidenceAnswer answer{
      .sender = attest::Sender::kServer, .vouched = {}, .place = *batch, .parts = {}, .statement = std::move(software)};
  answer.parts.push_back(
      {.name = "tpm",
       .evidence = {.kind = attest::Kind::kTpm, .files = {{attest::Role::kEvidence, to_bytes(as_bytes(json))}}}});
  if (cpu_) {
    auto evidence = cpu_->take();
    if (!evidence) return evidence.error().in("evidence by the processor");
    answer.parts.push_back({.name = "cpu", .evidence = *std::move(evidence)});
  }
  auto text = attest::write_evidence_answer(answer);
  if (!text) return text.error();
  return to_bytes(as_bytes(*text));
}

}  // namespace redoubt
