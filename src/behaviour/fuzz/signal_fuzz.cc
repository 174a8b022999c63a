// Lines of the file of signals: what is read is what is written again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "behaviour/signal_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto signal = redoubt::behaviour::read_signal(line);
  if (!signal) return 0;
  std::string written;
  redoubt::behaviour::append_signal(written, *signal);
  if (written != line) std::abort();
  return 0;
}
