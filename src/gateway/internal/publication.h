// What is in force, brought to every core by posting to it.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "gateway/administration.h"
#include "gateway/internal/core.h"

namespace redoubt::gateway::internal {

class Publication final : public AccessPublisher {
 public:
  // `cores` must outlive it. `first` is called once, when the first publication is everywhere, on some core's thread.
  Publication(const std::vector<std::unique_ptr<Core>>& cores, std::function<void()> first)
      : cores_(cores), first_(std::move(first)) {}

  void publish(const Access& access, std::function<void()> everywhere) override;
  void withdraw() override;

 private:
  const std::vector<std::unique_ptr<Core>>& cores_;
  std::function<void()> first_;  // until the first publication
};

}  // namespace redoubt::gateway::internal
