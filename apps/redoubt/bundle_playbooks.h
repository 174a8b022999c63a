// The playbooks of a bundle, and those that come with the program.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "incident/playbook.h"
#include "state/bundle.h"

namespace redoubt::app {

inline constexpr std::string_view kBundlePlaybooks = "playbooks/";
inline constexpr std::string_view kPlaybookEnding = ".yaml";
inline constexpr std::string_view kPlaybookTestsEnding = ".tests.yaml";  // cases beside them, in no bundle

// Those of all files below `playbooks/`, in the order of the files. Errors, with file and line: those of
// incident::read_playbooks(), kMalformed in place of kInvalidArgument; kMalformed for two of one name, kTooLarge for
// more than incident::kPlaybooksMax.
Result<std::vector<incident::Playbook>> playbooks_of(std::span<const state::BundleFile> files);

struct ShippedPlaybooks {
  std::string_view name;  // of the file: `contain-exfiltration.yaml`
  std::string_view text;
};
// By name; constants. Any thread. INVARIANT: they can be read.
std::span<const ShippedPlaybooks> shipped_playbooks();

}  // namespace redoubt::app
