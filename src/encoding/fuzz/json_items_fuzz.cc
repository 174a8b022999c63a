// Any bytes: refused as JsonReader refuses them, with its error, or read as its tree is; and the same again, when all
// of its names are expected.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "encoding/tests/json_items_reference.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt::encoding;
  static constexpr JsonLimits kLimits{.max_bytes = 1 << 16, .max_depth = 16};
  static JsonReader reader(kLimits);
  static JsonItems items(kLimits);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string expected = in_words(reader, text);
  REDOUBT_CHECK(in_words(items, text) == expected);
  REDOUBT_CHECK(in_words(items, text) == expected);
  return 0;
}
