// Approvals of an activation, which come from approvers. What is read has one form only.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "sealing/activation_approval.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto word = sealing::ActivationApproval::parse(text);
  if (word) REDOUBT_CHECK(word->format() == text);
  return 0;
}
