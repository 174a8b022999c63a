#include "attest/internal/tpm_quote.h"

#include <algorithm>
#include <array>

#include "attest/internal/event_log.h"
#include "attest/internal/zero.h"
#include "encoding/base64.h"

namespace redoubt::attest {

namespace {

using crypto::HashAlgorithm;

// The PCRs of the platform's own boot (TCG PC Client Platform Firmware Profile §3.3.4).
constexpr unsigned kBootPcrs = 8;

void claim_pcrs(Examination& examination, HashAlgorithm bank, Claim pcrs) {
  examination.claims().emplace_back("bank", std::string(to_string(bank)));
  examination.claims().emplace_back("pcrs", std::move(pcrs));
}

bool check_bank(Examination& examination, HashAlgorithm bank) {
  if (bank != HashAlgorithm::kSha1) return true;
  if (examination.policy().allow_sha1) {
    examination.not_asked(Reason::kMeasurement, "the measurements are in SHA-1, which the policy allows");
    return true;
  }
  examination.fail(Reason::kMeasurement, "the measurements are in SHA-1 only");
  return false;
}

void check_signature(Examination& examination, const QuoteEvidence& evidence, const crypto::PublicKey& ak,
                     const TpmPublic* public_area) {
  const TpmSignature& signature = evidence.signature;
  if (signature.hash == HashAlgorithm::kSha1 && !examination.policy().allow_sha1) {
    examination.fail(Reason::kSignature, "the quote is signed with SHA-1");
    return;
  }
  if (public_area != nullptr && public_area->scheme &&
      !examination.check(
          Reason::kSignature,
          public_area->scheme->algorithm == signature.algorithm && public_area->scheme->hash == signature.hash,
          "the quote is signed in the scheme of its key",
          "the quote is signed in another scheme than its key signs with")) {
    return;
  }
  examination.check(Reason::kSignature, verify_tpm_signature(ak, signature, evidence.attest),
                    "the attestation key signed the quote", "the attestation key did not sign the quote");
}

// The one bank that a quote selects PCRs of. Two cannot be told apart in a list of values without banks; nobody quotes
// so.
const TpmPcrSelection* only_selection(const TpmAttest::Quote& quote) {
  const TpmPcrSelection* out = nullptr;
  for (const TpmPcrSelection& each : quote.selections) {
    if (each.pcrs.empty()) continue;
    if (out != nullptr) return nullptr;
    out = &each;
  }
  return out;
}

// Whether the values are those that the quote has the digest of: the very same PCRs, of the same bank (Part 1 §17.5:
// the digest of their concatenation, in the digest of the signature's scheme).
bool check_pcrs(Examination& examination, const QuoteEvidence& evidence, const TpmAttest::Quote& quote,
                const TpmPcrSelection& selection) {
  if (evidence.pcrs.bank && *evidence.pcrs.bank != selection.bank) {
    examination.fail(Reason::kBinding, "the PCRs are of another bank than the quote's");
    return false;
  }
  std::uint32_t selected = 0;
  for (const unsigned index : selection.pcrs) selected |= 1U << index;
  if (!evidence.pcrs.all_have(crypto::digest_size(selection.bank)) || evidence.pcrs.indices() != selected) {
    examination.fail(Reason::kBinding, "the PCRs that are listed are not those that are quoted");
    return false;
  }
  return examination.check(
      Reason::kBinding,
      std::ranges::equal(evidence.pcrs.digest(evidence.signature.hash).view(), ByteView(quote.pcr_digest)),
      "the quote has the digest of the PCRs", "the quote has the digest of other PCRs");
}

void check_measured(Examination& examination, const PcrValues& pcrs) {
  bool measured = false;
  for (unsigned index = 0; index < kBootPcrs; ++index) measured = measured || !is_zero(pcrs.at(index));
  if (measured) {
    examination.pass(Reason::kMeasurement, "the boot was measured");
  } else if (examination.policy().allow_zero_pcrs) {
    examination.not_asked(Reason::kMeasurement, "no PCR from 0 to 7 was extended, which the policy allows");
  } else {
    examination.fail(Reason::kMeasurement, "no PCR from 0 to 7 was extended: nothing was measured");
  }
}

// Every PCR that the log extends and the quote covers must replay to what was quoted.
void check_log(Examination& examination, ByteView log, HashAlgorithm bank, const PcrValues& pcrs) {
  auto replay = replay_tcg_log(log, bank);
  if (!replay) {
    const bool no_bank = replay.error().code() == Errc::kNotFound;
    examination.fail(no_bank ? Reason::kEventLog : Reason::kMalformed, replay.error().message());
    return;
  }
  bool agrees = true;
  for (const auto& [index, value] : replay->registers) {
    const auto name = [&] { return "PCR " + std::to_string(index); };
    if (!pcrs.has(index)) {
      replay->flags.push_back(name() + " has events and is not quoted");
    } else if (!std::ranges::equal(pcrs.at(index), value.view())) {
      agrees = false;
      examination.fail(Reason::kEventLog, "the event log replays to another " + name() + " than was quoted");
    }
  }
  for (unsigned index = 0; index < kBootPcrs; ++index) {
    if (!is_zero(pcrs.at(index)) && !replay->registers.contains(index)) {
      replay->flags.push_back("PCR " + std::to_string(index) + " was extended and has no event");
    }
  }
  if (agrees) examination.pass(Reason::kEventLog, "the event log replays to the PCRs that were quoted");
  if (agrees && replay->bundle && pcrs.has(LogReplay::kBundleRegister)) {
    examination.claims().emplace_back(std::string(kMeasuredBundle), ByteView(*replay->bundle));
  }
  note_log(examination, *replay);
}

}  // namespace

void note_unreadable(Examination& examination, std::string_view part, const Error& error) {
  const Reason about = error.code() == Errc::kUnsupported ? Reason::kSignature : Reason::kMalformed;
  examination.fail(about, error.in(part).message());
}

void examine_quote(Examination& examination, const QuoteEvidence& evidence, const crypto::PublicKey& ak,
                   const TpmPublic* public_area) {
  const auto attest = parse_tpm_attest(evidence.attest);
  if (!attest) {
    examination.fail(Reason::kMalformed, attest.error().message());
    return;
  }
  if (!attest->quote) {
    examination.fail(Reason::kMalformed, "what the TPM signed is no quote");
    return;
  }
  // What follows the structure is signed with it, and says nothing: never looked at.
  examination.check_size(evidence.attest, attest->size, "the quote");
  check_signature(examination, evidence, ak, public_area);
  examination.check_nonce_equal(attest->extra_data);

  ClaimObject& claims = examination.claims();
  claims.emplace_back("extra_data", ByteView(attest->extra_data));
  claims.emplace_back("tpm_clock_ms", attest->clock_ms);
  claims.emplace_back("tpm_reset_count", std::uint64_t{attest->reset_count});
  claims.emplace_back("tpm_restart_count", std::uint64_t{attest->restart_count});
  claims.emplace_back("tpm_safe", attest->safe);
  claims.emplace_back("tpm_firmware_version", attest->firmware_version);
  claims.emplace_back("qualified_signer", ByteView(attest->qualified_signer));
  claims.emplace_back("signature_algorithm", std::string(to_string(evidence.signature.algorithm)) + "-" +
                                                 std::string(to_string(evidence.signature.hash)));
  claims.emplace_back("ak_sha256", ByteView(ak.spki_sha256()));

  const TpmPcrSelection* selection = only_selection(*attest->quote);
  if (selection == nullptr) {
    examination.fail(Reason::kBinding, "the quote is not of the PCRs of one bank");
    return;
  }
  if (!check_pcrs(examination, evidence, *attest->quote, *selection)) return;
  claim_pcrs(examination, selection->bank, Claim(evidence.pcrs.claims()));
  check_bank(examination, selection->bank);
  check_measured(examination, evidence.pcrs);
  if (evidence.event_log) check_log(examination, *evidence.event_log, selection->bank, evidence.pcrs);
}

void examine_tcg_log(Examination& examination, ByteView log) {
  const auto replay = replay_tcg_log(log);
  if (!replay) {
    examination.fail(Reason::kMalformed, replay.error().message());
    return;
  }
  ClaimObject pcrs;
  for (const auto& [index, value] : replay->registers) pcrs.emplace_back(std::to_string(index), Claim(value.view()));
  claim_pcrs(examination, replay->bank, std::move(pcrs));
  check_bank(examination, replay->bank);
  note_log(examination, *replay);
}

}  // namespace redoubt::attest
