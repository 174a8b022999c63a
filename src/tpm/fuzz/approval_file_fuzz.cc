// Approvals as text, which come from approvers. What is read has one form only, and a machine that is as it says
// differs in nothing but firmware's registers, which are left out here.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "tpm/approval_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto file = tpm::ApprovalFile::parse(text);
  if (!file) return 0;
  REDOUBT_CHECK(file->format() == text);
  const std::string differences = tpm::describe_differences(*file, file->measured, file->measured.replay());
  REDOUBT_CHECK(differences.empty() == file->boot.empty());
  return 0;
}
