// A team's own cases for its policies: requests, and what is to become of them (docs/policy.md).
//
//   cases:
//     - name: nurses may ask the clinic's model
//       principal: { name: ward-3, type: Application, groups: [callers, nurses], tenant: clinic }
//       action: invoke
//       resource: clinic-llm
//       context: { purpose: treatment, address: 10.1.2.3, time: 2026-11-21T10:00:00Z, tls: true }
//       expect: allow
//       reasons: [nurses-ask]
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/access.h"

namespace redoubt::app {

inline constexpr std::size_t kMaxCaseBytes = 4 * 1024 * 1024;

struct PolicyCase {
  int line = 0;  // where it begins, from 1
  std::string name;
  identity::Principal principal;  // whose groups are all that it is in, directly or not
  gateway::Action action = gateway::Action::kInvoke;
  std::string resource;  // the model, or the log
  std::string purpose;
  std::string address;
  std::string provider;
  struct Evidence {
    std::string tier;
    std::string measurer;
    std::string identity;
  };
  Evidence upstream_evidence;
  Evidence caller_evidence;
  std::string upstream = "default";
  UnixMillis time;
  bool tls = false;
  bool stream = false;
  bool allow = false;                            // expected
  std::optional<std::set<std::string>> reasons;  // likewise, when stated: the determining policies
  std::optional<std::string> commit;             // likewise: the commit level demanded

  // What the policies say.
  Result<gateway::Ruling> decide(const gateway::PolicyBundle& bundle) const;
};

// kMalformed, with line and column, for what is not YAML, for a name that is not known and for a value that is not of
// its form; kTooLarge.
Result<std::vector<PolicyCase>> parse_policy_cases(std::string_view yaml);

}  // namespace redoubt::app
