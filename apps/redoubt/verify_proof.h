// One proof verified offline, with nothing but a key or a trust policy.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "redoubt/commands.h"
#include "redoubt/standing.h"
#include "tlog/checkpoint.h"
#include "tlog/hash.h"

namespace redoubt::app {

struct ProvenEntry {
  tlog::Checkpoint checkpoint;
  tlog::LeafIndex index;
  tlog::Hash leaf{};
  std::optional<Signer> signer;      // without a policy
  std::optional<Standing> standing;  // under one
};

// That the entry with this leaf is in the log, by a proof file's text. `name` is for errors, which are kVerifyFailed
// when it does not hold, and those of the key, the policy and the file's form.
Result<ProvenEntry> verify_entry(const Common& common, const LedgerAccess& access, const tlog::Hash& leaf,
                                 std::string_view proof, const std::string& name);

}  // namespace redoubt::app
