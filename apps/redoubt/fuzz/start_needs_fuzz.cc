// What the gateway asks the launcher about a configuration: what is read is what would be written again.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "redoubt/start_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto needs = redoubt::app::StartNeeds::parse(text);
  if (needs) REDOUBT_CHECK(needs->format() == text);
  return 0;
}
