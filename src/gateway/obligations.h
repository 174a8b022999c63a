// What a permit demands beyond itself: the annotations of the policies that determine a decision.
//
//   @commit("cosigned")    the reply waits for that commit level (ledger/commit_level.h)
//   @block("secret")       a request or answer with a match of these kinds or families does not pass
//   (content_actions.h)
//   @hold("attack")        it waits for somebody's decision
//   @redact("us_ssn")      such matches are taken out
//   @tokenise("iban_code") a placeholder stands for them upstream, and the caller gets them back
//   @flag("personal")      their record is one to look at
//   @restore("links")      values come back for their placeholders there, too (placeholders.h)
//   @step_up("mfa")        the caller proves itself anew, in this way
//   @retain("30d")         values are kept so long
//   @record("overlap")     the admission's record may overlap with the request
//
// `@id` and `@description` inform; every other annotation is an error, so that a misspelt obligation is never one that
// nobody carries out. This build does not carry out the last three: a decision that demands one of them is a denial.
//
// Values; any thread.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "gateway/content_actions.h"
#include "gateway/restore_permits.h"
#include "ledger/commit_level.h"
#include "policy/policy_set.h"

namespace redoubt::gateway {

struct Obligations {
  std::optional<ledger::CommitLevel> commit;
  ContentActions content;
  std::optional<RestorePermits> restore;               // of `invoke`: nothing is what none of them says
  std::set<std::string, std::less<>> not_carried_out;  // names of those that this build only knows

  bool empty() const { return !commit && content.empty() && !restore && not_carried_out.empty(); }
  // The union, the strictest of each.
  void add(const Obligations& other);
};

// Of one policy. kInvalidArgument, with the place left to the caller, for a name that is neither an obligation nor
// information, for a value that is not of its form, and for an obligation that would never be due: of a forbid, or
// `@restore` of what does not speak of `invoke`.
Result<Obligations> parse_obligations(const policy::Policy& policy);

// Whether the policy may have a say about the action, which is in no group.
bool speaks_of(const policy::Policy& policy, std::string_view action);

}  // namespace redoubt::gateway
