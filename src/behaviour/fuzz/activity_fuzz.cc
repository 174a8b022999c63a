// Any bytes as a record: reading never crashes, and what is read keeps its limits. An engine takes it, whatever it
// says.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "behaviour/activity.h"
#include "behaviour/engine.h"

namespace {

class Nowhere final : public redoubt::behaviour::SignalSink {
 public:
  void take(redoubt::behaviour::Signal signal) override {
    REDOUBT_CHECK(!signal.entries.empty() && signal.entries.size() <= redoubt::behaviour::kSignalEntriesMax);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  behaviour::ActivityReader reader;
  const auto read = reader.read(bytes);
  if (!read) {
    REDOUBT_CHECK(read.error().message().find('\n') == std::string::npos);
    return 0;
  }
  REDOUBT_CHECK((*read)->count >= 1 && (*read)->sources >= 1);
  REDOUBT_CHECK((*read)->matches.size() <= behaviour::kActivityMatchesMax);
  Nowhere sink;
  behaviour::Engine engine({.principals_max = 4, .things_max = 4});
  for (std::uint64_t i = 0; i < 3; ++i) REDOUBT_CHECK(engine.consume(i, bytes, nullptr, sink).has_value());
  return 0;
}
