// Either side of the pair of sockets may be taken over: what it says is read as it comes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "notify/wire.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  if (const auto order = notify::read_order(message)) {
    const auto again = notify::write_order(*order);
    // What was escaped may be longer now, no more than that.
    if (again) REDOUBT_CHECK(notify::read_order(*again).has_value());
  }
  if (const auto word = notify::read_word(message)) {
    const std::string again = notify::write_word(*word);
    REDOUBT_CHECK(notify::read_word(again).has_value());
    REDOUBT_CHECK(notify::write_word(*notify::read_word(again)) == again);
  }
  return 0;
}
