// Runs cases: folders of samples with what a correct verifier says of them. docs/formats/attestation-cases.md describes
// the form; acceptance sets of others use it too.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace redoubt::attest {

struct CaseResult {
  std::string file;  // the cases.json, relative to the folder
  std::string id;
  bool passed;
  std::string problem;  // empty when it passed
};

struct ConformReport {
  std::vector<CaseResult> cases;
  std::vector<std::string> problems;  // of files: not readable, not used by a case, fields that nobody knows

  std::size_t passed() const;
  std::size_t failed() const;  // cases and problems
};

// Every `cases.json` below `folder`, at most 1,024 of them, each case alone, with Trust::kNobody. Errors: kNotFound
// when there is none; kIo. What is wrong with a file or a case is in the report.
Result<ConformReport> run_cases(const std::filesystem::path& folder);

}  // namespace redoubt::attest
