#include "gateway/internal/publication.h"

#include <atomic>
#include <utility>

namespace redoubt::gateway::internal {
namespace {

struct Arrival {
  std::atomic<std::size_t> missing;
  std::function<void()> everywhere;
  std::function<void()> first;
};

}  // namespace

void Publication::publish(const Access& access, std::function<void()> everywhere) {
  const auto arrival = std::make_shared<Arrival>(cores_.size(), std::move(everywhere), std::exchange(first_, nullptr));
  for (const auto& core : cores_) {
    // A control block for each core: its requests count their references to it, and nobody else does.
    core->set_access(std::make_shared<const Access>(access), [arrival] {
      if (arrival->missing.fetch_sub(1) != 1) return;
      arrival->everywhere();
      if (arrival->first) arrival->first();
    });
  }
}

void Publication::withdraw() {
  for (const auto& core : cores_) core->set_access(nullptr, [] {});
}

}  // namespace redoubt::gateway::internal
