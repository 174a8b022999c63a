// Any bytes as event logs of both kinds: reading never crashes, and a replay keeps to its registers and its bank.
#include <cstdint>

#include "attest/internal/event_log.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt::attest;
  const auto bytes = std::as_bytes(std::span(data, size));
  for (const auto& replay : {replay_tcg_log(bytes), replay_cc_log(bytes)}) {
    if (!replay) continue;
    REDOUBT_CHECK(replay->events <= LogReplay::kMaxEvents && replay->contradictions.size() <= 16);
    for (const auto& [index, value] : replay->registers) {
      REDOUBT_CHECK(index < LogReplay::kRegisters && value.view().size() == redoubt::crypto::digest_size(replay->bank));
    }
  }
  return 0;
}
