#include "gateway/policy_files.h"

#include <algorithm>

namespace redoubt::gateway {

Result<std::vector<PolicyFile>> read_policies(FileSystem& fs, const std::string& folder) {
  auto names = fs.list(folder);
  if (!names) return names.error();
  std::sort(names->begin(), names->end());
  std::vector<PolicyFile> files;
  std::size_t left = PolicyBundle::kMaxBytes;
  for (const std::string& name : *names) {
    if (name.starts_with('.') || !(name.ends_with(".cedar") || name.ends_with(".json"))) continue;
    if (files.size() == PolicyBundle::kMaxFiles) return Error(Errc::kTooLarge, "too many policy files").in(folder);
    auto text = read_file(fs, folder + "/" + name, left);
    if (!text) return text.error();
    left -= text->size();
    files.push_back({name, std::string(as_chars(*text))});
  }
  return files;
}

}  // namespace redoubt::gateway
