// The playbooks of a bundle.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "incident/playbook.h"
#include "state/bundle.h"

namespace redoubt::incident {

inline constexpr std::string_view kBundlePlaybooks = "playbooks/";

// Those of all files below `playbooks/`, in the order of the files. Errors, with file and line: those of
// read_playbooks(), kMalformed in place of kInvalidArgument; kMalformed for two of one name, kTooLarge for more than
// kPlaybooksMax.
Result<std::vector<Playbook>> playbooks_of(std::span<const state::BundleFile> files);

}  // namespace redoubt::incident
