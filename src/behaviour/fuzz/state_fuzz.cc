// Any bytes as a saved state: it is refused, or an engine goes on from it and saves the same again.
#include <algorithm>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "behaviour/engine.h"

namespace {

class Nowhere final : public redoubt::behaviour::SignalSink {
 public:
  void take(redoubt::behaviour::Signal) override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  const behaviour::EngineOptions options{.principals_max = 8, .things_max = 8};
  auto engine = behaviour::Engine::restore(bytes, options);
  if (!engine) return 0;
  const Bytes again = engine->save();
  REDOUBT_CHECK(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  Nowhere sink;
  behaviour::Activity activity;
  activity.principal = "a";
  activity.model = "m";
  const std::string_view tool = "mail.send";
  activity.tools = {&tool, 1};
  behaviour::Features features;
  features.address_prefix = features.sketch = features.fingerprint = 7;
  features.tensor.emplace();
  for (const std::int64_t time : {std::int64_t{0}, std::int64_t{1} << 40, std::int64_t{1} << 41}) {
    activity.time = {time};
    for (const record::Stage stage : {record::Stage::kAdmission, record::Stage::kOutcome, record::Stage::kDenial}) {
      activity.stage = stage;
      activity.reason = stage == record::Stage::kDenial ? behaviour::Reason::kAuthorization : behaviour::Reason::kNone;
      (void)engine->apply(engine->next_index(), activity, &features, sink).has_value();
    }
  }
  return 0;
}
