// A record and, behind the first NUL, an opening of it: whatever they are, what is printed cannot steer a terminal.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "record/describe.h"
#include "record/summary.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t split = input.find('\0');
  const std::string_view record_json = input.substr(0, split);
  Result<record::Opening> opening = record::Opening{};
  if (split != std::string_view::npos) opening = record::decode_opening(as_bytes(input.substr(split + 1)));
  const auto summary = record::summarize(as_bytes(record_json));
  if (opening) (void)record::check_opening(*opening, as_bytes(record_json)).has_value();
  const auto text = record::describe(as_bytes(record_json), opening ? &*opening : nullptr);
  if (!text) {
    if (summary) std::abort();  // what has a summary can be described
    return 0;
  }
  for (const char c : *text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n') || byte == 0x7f) std::abort();
  }
  if (text->find("\xc2\x9b") != std::string::npos) std::abort();  // CSI in its one-character form
  return 0;
}
