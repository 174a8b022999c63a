// Checkpoint texts: what is read is written back as it was.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "tlog/checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto checkpoint = tlog::parse_checkpoint(input)) {
    const auto written = tlog::format_checkpoint(*checkpoint);
    REDOUBT_CHECK(written && *written == input);
  }
  return 0;
}
