// What is taken from an Authorization field is a key of the right form, and part of the field.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "identity/api_key.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt::identity;
  const std::string_view field(reinterpret_cast<const char*>(data), size);
  const auto read = parse_authorization(field);
  if (!read) return 0;
  if (!is_key_id(read->id) || read->text.size() != kKeySize || !field.ends_with(read->text)) std::abort();
  return 0;
}
