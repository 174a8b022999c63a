// `redoubt ledger verify --require-tier`: what evidence over the key that signed a log says of the machine it is on.
#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "attest/appraisal.h"
#include "base/clock.h"
#include "base/result.h"
#include "encoding/json_writer.h"
#include "redoubt/attest/verbs.h"
#include "tlog/log_verifier.h"

namespace redoubt::app {

struct SignerTier {
  attest::Tier tier = attest::Tier::kNone;
  std::uint64_t entry = 0;  // of the evidence
  UnixMillis time;          // of that entry
  std::string attester;     // which machine
  std::string parts;        // what it shows, and who measured that; for a person
};

// The log was verified: its checkpoint, and the key that signed it. Errors: kInvalidArgument for what is no tier, or
// says not what is accepted; kVerifyFailed when there is no evidence, it is over another key or of another log, it is
// no entry under this checkpoint, or is refused; those of the reader.
Result<SignerTier> check_signer_tier(tlog::ResourceReader& reader, const tlog::Checkpoint& checkpoint,
                                     const tlog::VerifierKey& key, const std::string& tier,
                                     const attest_verbs::AcceptedServer& accepted);

// The lines `tier`, `parts` and `evidence`, the member `signer_evidence`; neither where none was asked for.
void print_signer_tier(const std::optional<SignerTier>& tier);
void write_signer_tier(encoding::JsonWriter& json, const std::optional<SignerTier>& tier);

}  // namespace redoubt::app
