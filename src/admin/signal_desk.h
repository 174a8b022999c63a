// What is unusual, as the administrative interface asks for it; answered by whoever runs behaviour.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "behaviour/signal.h"

namespace redoubt::admin {

// A signal, and which one since the beginning of the ledger, from 0. Reading the ledger again gives the same numbers.
struct NumberedSignal {
  std::uint64_t number = 0;
  behaviour::Signal signal;
};

struct SignalFilter {
  std::optional<std::string> rule;
  std::optional<std::string> key;
  behaviour::Severity least = behaviour::Severity::kLow;
};

// How far behaviour has come.
struct BehaviourProgress {
  bool running = false;        // reading; otherwise `why` says why not
  std::string why;             // of the last failure; empty while running
  std::uint64_t entries = 0;   // read, of all logs
  std::uint64_t unread = 0;    // of those, what could not be understood
  std::uint64_t signals = 0;   // since the beginning
  std::uint64_t profiles = 0;  // principals that have one
  std::uint64_t evicted = 0;   // profiles forgotten to make room
  std::uint64_t memory_bytes = 0;
  std::int64_t time_ms = 0;  // of the last entry; 0 before the first
};

class SignalDesk {
 public:
  virtual ~SignalDesk() = default;

  // The newest first, those with numbers below `before`, `limit` at most. Only so many of the last are kept as the
  // implementation says. Any thread.
  virtual std::vector<NumberedSignal> signals(const SignalFilter& filter, std::uint64_t before, std::size_t limit) = 0;
  virtual BehaviourProgress progress() = 0;
};

}  // namespace redoubt::admin
