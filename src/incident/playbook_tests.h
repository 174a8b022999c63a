// Cases that playbooks are tried on, in YAML beside them (`contain.tests.yaml` for `contain.yaml`).
//
//   cases:
//     - name: who takes out too much is stopped
//       exempt: [principal/breaker]        # nobody else is
//       share: {principal/big: 6}          # percent of the tenant's traffic; of others, none
//       signals:
//         - {rule: behaviour.exfiltration_volume, key: principal/a, severity: high}
//         - {rule: …, key: …, severity: low, score: 60, confidence: 80, attribution: claimed, tags: [atlas:AML.T0024],
//            after: 10m, times: 3}         # `after` the one before; `times`, a second apart
//       expect:                            # all responses, in any order
//         - suspend principal/a active
//       withheld: 0                        # how many things were not done; not there: any number
//
// Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "incident/playbook.h"

namespace redoubt::incident {

inline constexpr std::size_t kPlaybookCasesMax = 1000;
inline constexpr std::uint64_t kCaseSignalsMax = 100'000;  // of one case

struct PlaybookCaseResult {
  std::string name;
  std::string problem;  // empty: it is as expected
};

// Runs the cases, each on its own. Errors: those of the file, with the line.
Result<std::vector<PlaybookCaseResult>> run_playbook_tests(const std::vector<Playbook>& playbooks,
                                                           std::string_view file, std::string_view yaml);

// `suspend principal/a active`.
std::string describe(const Response& response);

}  // namespace redoubt::incident
