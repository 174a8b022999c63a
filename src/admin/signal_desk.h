// What is unusual, and who touched what, as the administrative interface asks for it; answered by whoever runs
// behaviour.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "behaviour/mesh_query.h"
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

  bool matches(const behaviour::Signal& signal) const {
    return signal.severity >= least && (!rule || signal.rule == *rule) && (!key || signal.key == *key);
  }
};

// Part of a list. It may be short, and even empty, though there is more: so many are examined, and no more.
struct SignalPage {
  std::vector<NumberedSignal> signals;  // the newest first
  std::optional<std::uint64_t> next;    // goes on below this number; nothing: that was all
};

// A question about the mesh.
struct MeshAsked {
  behaviour::MeshQuery query;
  bool policies = false;              // of reach: also what the policies in force would permit
  std::optional<UnixMillis> at;       // asked of the mesh as it was then, made again from the ledger
  std::optional<UnixMillis> against;  // of changes: compared with the mesh as it was then, likewise; not with `at`
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
  std::int64_t time_ms = 0;        // of the last entry; 0 before the first
  std::uint64_t lag_ms = 0;        // what was committed longer ago has been read
  std::uint64_t p99_ms = 0;        // from commit to signal, of the last commits; 0: none yet
  std::uint64_t rules = 0;         // Sigma rules that run
  std::string rules_why;           // why those of the bundle in force do not, and the program's do
  std::uint64_t rule_groups = 0;   // of their correlations
  std::uint64_t rule_evicted = 0;  // groups forgotten to make room
  std::uint64_t mesh_nodes = 0;
  std::uint64_t mesh_edges = 0;
};

// Any thread. `done` is called once, on any thread, perhaps before the call returns: kUnavailable when nothing is being
// read now, or too many questions wait.
class SignalDesk {
 public:
  virtual ~SignalDesk() = default;

  // The newest first, those with numbers below `before`, `limit` at most. Only so many are kept as the implementation
  // says: kNotFound when `before` is an earlier page's `next`, and what it stood for has gone since.
  virtual void signals(SignalFilter filter, std::uint64_t before, std::size_t limit,
                       std::function<void(Result<SignalPage>)> done) = 0;
  // The answer in JSON; errors also those of behaviour::answer(). kUnavailable for a moment past also when its mesh is
  // still being made; kInvalidArgument for one that has not come, kNotFound for one before the first entry.
  virtual void ask(MeshAsked asked, std::function<void(Result<std::string>)> done) = 0;
  virtual BehaviourProgress progress() = 0;
};

}  // namespace redoubt::admin
