// .tar.gz: whatever comes, paths stay below, and the content within the limits.
#include <cstdint>

#include "base/check.h"
#include "redoubt/cedar/file_tree.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  constexpr app::cedar::TreeLimits kLimits{.max_files = 100, .max_file_bytes = 1 << 16, .max_total_bytes = 1 << 18};
  const auto tree = app::cedar::read_archive({reinterpret_cast<const std::byte*>(data), size}, kLimits);
  if (!tree) return 0;
  REDOUBT_CHECK((*tree)->paths().size() <= kLimits.max_files);
  std::size_t total = 0;
  for (const std::string& path : (*tree)->paths()) {
    REDOUBT_CHECK(!path.empty() && path.front() != '/' && ("/" + path + "/").find("/../") == std::string::npos);
    const auto content = (*tree)->read(path);
    REDOUBT_CHECK(content && content->size() <= kLimits.max_file_bytes);
    total += content->size();
  }
  REDOUBT_CHECK(total <= kLimits.max_total_bytes);
  return 0;
}
