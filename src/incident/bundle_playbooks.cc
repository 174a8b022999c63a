#include "incident/bundle_playbooks.h"

#include <algorithm>
#include <string>
#include <utility>

namespace redoubt::incident {

Result<std::vector<Playbook>> playbooks_of(std::span<const state::BundleFile> files) {
  std::vector<Playbook> out;
  for (const state::BundleFile& file : files) {
    if (!file.name.starts_with(kBundlePlaybooks)) continue;
    auto playbooks = read_playbooks(file.name, file.text);
    if (!playbooks) {
      const Error& why = playbooks.error();  // what is not understood is no mistake of the command line
      return why.code() == Errc::kInvalidArgument ? Error(Errc::kMalformed, why.message()) : why;
    }
    for (Playbook& each : *playbooks) {
      if (std::ranges::any_of(out, [&](const Playbook& there) { return there.name == each.name; })) {
        return Error(Errc::kMalformed, file.name + ": there is another playbook `" + each.name + "`");
      }
      if (out.size() == kPlaybooksMax) {
        return Error(Errc::kTooLarge, file.name + ": more than " + std::to_string(kPlaybooksMax) + " playbooks");
      }
      out.push_back(std::move(each));
    }
  }
  return out;
}

}  // namespace redoubt::incident
