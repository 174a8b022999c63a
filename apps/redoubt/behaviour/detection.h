// Everything that reads committed records to tell what is unusual, together: the detectors, the Sigma rules in force
// and the behaviour mesh. A running server and a replay are the same in this, so that they tell the same.
//
//   Detection detection({.engine = {.hash_key = key}, .rules = &rules, .mesh = MeshOptions{…}});
//   detection.consume(index, record, features, sink);    // for each entry, in the order of commit
//   Bytes state = detection.save();
//   auto later = Detection::restore(state, options);     // goes on with the same signals
//
// For each entry the detectors tell first, then the rules in their order. Rules change behind the entry that brings
// another bundle into force: a correlation whose text stays goes on with what it has seen, others begin with nothing.
// Each signal adds to the risk of whom it is about.
//
// One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "behaviour/engine.h"
#include "behaviour/mesh.h"
#include "redoubt/behaviour/rule_book.h"
#include "redoubt/behaviour/sigma_signals.h"

namespace redoubt::app {

// Whoever wants to see what was read, before anything is told of it.
class ActivityObserver {
 public:
  virtual ~ActivityObserver() = default;
  // Views live during the call. `features`: null when they are missing.
  virtual void seen(const behaviour::Activity& activity, const behaviour::Features* features) = 0;
};

class Detection {
 public:
  struct Options {
    behaviour::EngineOptions engine;  // its key is that of the rules, too
    bool detectors = true;
    RuleBook* rules = nullptr;                   // null: no rules. Must outlive the detection
    std::optional<behaviour::MeshOptions> mesh;  // nothing: no mesh. In their ranges
    ActivityObserver* observer = nullptr;        // null: none. Must outlive the detection
  };

  explicit Detection(const Options& options);
  Detection(Detection&&) noexcept;
  Detection& operator=(Detection&&) noexcept;
  ~Detection();

  // `index` is above that of the entry before: kInvalidArgument otherwise, and nothing has happened. `features`: null
  // when they are missing. What is no record is counted, and no error.
  Result<> consume(std::uint64_t index, ByteView record, const behaviour::Features* features,
                   behaviour::SignalSink& sink);

  std::uint64_t next_index() const;  // one after the last entry; 0 before the first
  std::uint64_t entries() const;     // consumed
  const behaviour::Engine& engine() const;
  const behaviour::Mesh* mesh() const;  // null: none
  const SigmaSignals* rules() const;    // null: none
  // Why the rules of the bundle in force do not run, and the program's do instead; empty while they run.
  const std::string& rules_problem() const;

  // The whole state: docs/formats/behaviour.md.
  Bytes save() const;
  // kCorrupt for what save() did not write; errors of Engine::restore() and Mesh::restore(). Correlations that cannot
  // go on (rules of another program) begin with nothing.
  static Result<Detection> restore(ByteView state, const Options& options);

 private:
  struct Impl;
  explicit Detection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace redoubt::app
