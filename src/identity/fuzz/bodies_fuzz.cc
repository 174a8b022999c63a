// The first byte chooses a kind of body, the rest is JSON: what is read is written again as the same, and read again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "encoding/json_reader.h"
#include "identity/internal/bodies.h"

namespace {

using namespace redoubt;
using namespace redoubt::identity::internal;

template <class Read, class Write>
std::string again(simdjson::dom::object object, Read read, Write write_it) {
  const auto body = read(object);
  return body ? write_it(*body) : std::string();
}

constexpr auto kWrite = [](const auto& body) { return write(body); };

std::string again(std::uint8_t kind, simdjson::dom::object object) {
  switch (kind % 13) {
    case 0:
      return again(object, read_principal, kWrite);
    case 1:
      return again(object, read_principal_change, kWrite);
    case 2:
      return again(object, read_group, kWrite);
    case 3:
      return again(object, read_group_change, kWrite);
    case 4:
      return again(object, read_key, write_key);
    case 5:
      return again(object, read_reset, write_reset);
    case 6:
      return again(object, read_rotation, kWrite);
    case 7:
      return again(object, read_break_glass, kWrite);
    case 8:
      return again(object, read_break_glass_end, write_break_glass_end);
    case 9:
      return again(object, read_marked_acts, write_marked_acts);
    case 10:
      return again(object, read_genesis, kWrite);
    case 11:
      return again(object, read_request, kWrite);
    default:
      return read_empty(object) ? "{}" : "";
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  encoding::JsonReader reader({.max_bytes = record::kFactBodyMax, .max_depth = record::kFactDepthMax});
  const auto parsed = reader.parse({reinterpret_cast<const char*>(data) + 1, size - 1});
  simdjson::dom::object object;
  if (!parsed || parsed->get(object) != simdjson::SUCCESS) return 0;
  const std::string first = again(data[0], object);
  if (first.empty()) return 0;
  encoding::JsonReader second({.max_bytes = 1 << 20, .max_depth = record::kFactDepthMax});
  const auto reparsed = second.parse(first);
  if (!reparsed || reparsed->get(object) != simdjson::SUCCESS) std::abort();
  if (again(data[0], object) != first) std::abort();
  return 0;
}
