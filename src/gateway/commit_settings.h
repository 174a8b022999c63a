// Which commit level a reply waits for: `[commit]` in the configuration.
//
// What leaves for an upstream has a durable admission, whatever the level. The level is that of the outcome, and so of
// the admission before it, when the reply ends: a whole reply leaves then, a stream gets its end mark then. Denials
// wait until they are durable.
#pragma once

#include <array>
#include <chrono>
#include <string_view>

#include "base/result.h"
#include "ledger/commit_level.h"

namespace redoubt::gateway {

// Operations whose replies can wait for a level, by the names that records have.
inline constexpr std::string_view kChatOperation = "chat.completions";
inline constexpr std::string_view kModelsOperation = "models.list";
inline constexpr std::string_view kReadOperation = "ledger.entries";
// Others that records name: an opening is one record, reading metrics makes one when it is refused.
inline constexpr std::string_view kOpenOperation = "ledger.open";
inline constexpr std::string_view kMetricsOperation = "metrics";

// The code of a reply that was withheld, and of the denial that records it.
inline constexpr std::string_view kLevelNotReached = "commit_level_not_reached";

class CommitSettings {
 public:
  std::chrono::milliseconds timeout{10'000};  // from the durable outcome to its level; then the reply is withheld

  // Of all operations.
  void set_default(ledger::CommitLevel level);
  // False when there is no such operation.
  bool set(std::string_view operation, ledger::CommitLevel level);

  // kDurable for an operation that is none of those above.
  ledger::CommitLevel level(std::string_view operation) const;

  // kInvalidArgument when an operation waits for a quorum of witnesses that is not there.
  Result<> check(bool has_quorum) const;

 private:
  struct Operation {
    std::string_view name;
    ledger::CommitLevel level = ledger::CommitLevel::kDurable;
  };
  std::array<Operation, 3> operations_{{{kChatOperation}, {kModelsOperation}, {kReadOperation}}};
};

}  // namespace redoubt::gateway
