// Tables of regulatory clocks are written by people and come with bundles.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "incident/clocks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt::incident;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto table = read_regimes("fuzz.yaml", text);
  if (!table) return 0;
  REDOUBT_CHECK(!table->regimes.empty() && table->digest.size() == 64);
  // What was read can be computed with.
  constexpr redoubt::UnixMillis kMoment{1'780'000'000'000};
  Clocks clocks;
  clocks.awareness = Awareness{.time = kMoment};
  for (const Regime& regime : table->regimes) {
    clocks.decisions.push_back({.regime = regime.id, .notifiable = true, .since = kMoment, .decided = kMoment});
  }
  for (const Deadline& each : deadlines(clocks, *table, kMoment)) {
    REDOUBT_CHECK(!each.due || *each.due > kMoment);
    REDOUBT_CHECK(each.state == ClockState::kDue);
  }
  return 0;
}
