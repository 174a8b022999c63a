// Server-sent events: however the bytes are cut, the same events come, each within the limit.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "redoubt/administer/event_reader.h"

namespace {

using redoubt::app::EventReader;
using redoubt::app::ServerEvent;

std::vector<std::string> read(std::string_view bytes, std::size_t at_once) {
  std::vector<std::string> out;
  EventReader reader;
  const auto take = [&](const ServerEvent& event) {
    REDOUBT_CHECK(event.data.size() <= EventReader::kEventMax && event.type.size() <= EventReader::kEventMax);
    out.push_back(event.id + '\0' + event.type + '\0' + event.data);
    return out.size() < 1000;
  };
  while (!bytes.empty()) {
    const auto fed = reader.feed(bytes.substr(0, at_once), take);
    if (!fed || !*fed) break;
    bytes.remove_prefix(std::min(at_once, bytes.size()));
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = read(bytes, bytes.size() + 1);
  REDOUBT_CHECK(read(bytes, 1) == whole);
  REDOUBT_CHECK(read(bytes, 7) == whole);
  return 0;
}
