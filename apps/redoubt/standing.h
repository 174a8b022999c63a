// A checkpoint's standing: what witnesses say of it under the trust policy that a command was given (`--policy`), and
// so what a command may say of freshness.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "encoding/json_writer.h"
#include "redoubt/commands.h"
#include "redoubt/output.h"
#include "tlog/log_verifier.h"
#include "tlog/signer_history.h"
#include "tlog/trust_policy.h"

namespace redoubt::app {

struct Standing {
  tlog::TrustPolicy policy;
  tlog::CheckedCheckpoint checked;

  const tlog::VerifierKey& log_key() const { return policy.logs()[checked.log].key; }
};

// The log's verifier key: `--vkey`, `--vkey-file`, or the folder's. Errors: kInvalidArgument for a witness's key.
Result<tlog::VerifierKey> verifier_key(const Common& common, const LedgerAccess& access);

// Who signed a checkpoint: one of the keys that the log has had, as somebody sees it who trusts one of them.
struct Signer {
  tlog::SignerHistory history;
  std::size_t term = 0;

  const tlog::VerifierKey& key() const { return history.terms()[term].key; }
};

// What the log's file `signers` says to who trusts verifier_key(): that of `--signers`; else the log's own, below
// `prefix` of `log`; without `log` the folder's, where the key is the folder's too. A log without one has one key.
// Errors: verifier_key's, SignerHistory::verify's, the reader's.
Result<tlog::SignerHistory> signer_history(const Common& common, const LedgerAccess& access,
                                           tlog::ResourceReader* log = nullptr, const std::string& prefix = {});

// The line `signer`, the member `signer`; neither where the log has had one key only.
void print_signer(const std::optional<Signer>& signer);
void write_signer(encoding::JsonWriter& json, const std::optional<Signer>& signer);

// The policy of `--policy`, for the log of `--vkey` or `--vkey-file` if one is given, or, where the policy lists no
// log, for the folder's. Precondition: `--policy` is given.
Result<tlog::TrustPolicy> trust_policy(const Common& common, const LedgerAccess& access);

// Checks the checkpoint under the policy. A quorum that is not met is no error here: see exit_status.
Result<Standing> check_standing(const Common& common, const LedgerAccess& access, std::string_view note);

// The lines `witness`, `not checked`, `quorum` and `freshness`; without a policy the last alone.
void print_standing(const std::optional<Standing>& standing, std::FILE* out = stdout);

// The members `ok` (the quorum is met, or none asked for) and those of write_witnesses().
void write_standing(encoding::JsonWriter& json, const std::optional<Standing>& standing);

// The members `witnesses`, `not_checked`, `quorum` and `freshness`; without a policy the last alone.
void write_witnesses(encoding::JsonWriter& json, const std::optional<Standing>& standing);

// kAnswerIsNo when the quorum is not met, else kSuccess.
int exit_status(const std::optional<Standing>& standing);

}  // namespace redoubt::app
