// Playbooks are written by people and come with bundles.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "incident/playbook.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = redoubt::incident::read_playbooks("fuzz.yaml", text);
  if (!read) return 0;
  for (const auto& playbook : *read) {
    REDOUBT_CHECK(!playbook.name.empty() && !playbook.steps.empty());
    for (const auto& step : playbook.steps) {
      if (step.target) REDOUBT_CHECK(redoubt::incident::check(step.on(*step.target)).has_value());
    }
  }
  return 0;
}
