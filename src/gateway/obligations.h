// What a permit demands beyond itself: the annotations of the policies that determine a decision.
//
//   @commit("cosigned")    the reply waits for that commit level (ledger/commit_level.h)
//   @redact("us_ssn")      matches of these kinds are taken out
//   @step_up("mfa")        the caller proves itself anew, in this way
//   @retain("30d")         values are kept so long
//   @record("overlap")     the admission's record may overlap with the request
//
// `@id` and `@description` inform; every other annotation is an error, so that a misspelt obligation is never one that
// nobody carries out. This build carries out `commit` alone: a decision that demands more is a denial.
//
// Values; any thread.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "base/result.h"
#include "ledger/commit_level.h"
#include "policy/policy_set.h"

namespace redoubt::gateway {

struct Obligations {
  std::optional<ledger::CommitLevel> commit;
  std::set<std::string, std::less<>> not_carried_out;  // names of those that this build only knows

  bool empty() const { return !commit && not_carried_out.empty(); }
  // The union, the strictest of each.
  void add(const Obligations& other);
};

// Of one policy. kInvalidArgument, with the place left to the caller, for a name that is neither an obligation nor
// information, for a value that is not of its form, and for an obligation of a forbid, which would never be due.
Result<Obligations> parse_obligations(const policy::Policy& policy);

}  // namespace redoubt::gateway
