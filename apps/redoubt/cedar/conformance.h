// Checks the policy engine against published data: Cedar's integration tests and corpus, and its example applications.
//
// One check is a request, whose decision, reasons and errors must be those expected, or a policy set's validation. What
// cannot be read fails as one check.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "redoubt/cedar/file_tree.h"

namespace redoubt::app::cedar {

struct Tally {
  std::string name;  // of the set
  std::uint64_t passed = 0;
  std::vector<std::string> failures;  // `FILE: why`
  std::vector<std::string> notes;     // what a reader of the result should know

  void record(std::string_view what, const Result<>& outcome);
};

// The cases below `folder` of the tree, which is empty or ends in a slash: every .json file that no case names. A case
// says what it is about by paths relative to a folder above it; policies and schemas are JSON when their names say so.
void check_cases(const FileTree& tree, std::string_view folder, Tally& tally);

// The applications below `folder`: policies.cedar, policies.cedarschema, entities.json, with `linked` the links of its
// templates, and in ALLOW/ and DENY/ one request a file. Where the entities do not fit the schema, requests are decided
// without it, as Cedar's own script for these does; a note says so.
void check_applications(const FileTree& tree, std::string_view folder, Tally& tally);

}  // namespace redoubt::app::cedar
