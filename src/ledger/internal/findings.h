// Where a check of the ledger puts what it finds: bounded, with the count kept.
#pragma once

#include <string>

#include "ledger/fsck.h"

namespace redoubt::ledger::internal {

inline constexpr const char* kRestoreSegment =
    "restore this segment from a copy that verifies; keep the damaged one: it is evidence";
inline constexpr const char* kRestoreOrRemake =
    "restore this file from a copy, or make it again from the segments; nothing in it is signed by itself";
inline constexpr const char* kStartKeeper = "nothing: the keeper sees to it at its next start";

class Findings {
 public:
  explicit Findings(LedgerCheck& report) : report_(report) {}

  void problem(Finding finding) {
    if (report_.problem_count++ < kMaxFindings) report_.problems.push_back(std::move(finding));
  }
  void note(Finding finding) {
    if (report_.notes.size() < kMaxFindings) report_.notes.push_back(std::move(finding));
  }
  void unknown(std::string name) {
    if (report_.unknown.size() < kMaxFindings) report_.unknown.push_back(std::move(name));
  }

 private:
  LedgerCheck& report_;
};

}  // namespace redoubt::ledger::internal
