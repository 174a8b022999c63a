// Which rules match an event: detections only; correlations are the Correlator's.
//
//   Matcher matcher(rules);                                 // one a thread
//   for (RuleIndex rule : matcher.match(event)) …
//
// Work goes by what the event has, not by how many rules there are: each distinct question about a field is asked once,
// equal values are found by one lookup and literals by one pass over the text, and a rule is looked at only when
// something that it needs has been found.
#pragma once

#include <memory>
#include <span>

#include "sigma/event.h"

namespace redoubt::sigma {

// Answers predicates, of a graph for example.
class PredicateAnswers {
 public:
  virtual ~PredicateAnswers() = default;
  // Asked at most once for each event and use, and only when a rule depends on it. `use` is the place in
  // RuleSet::predicate_uses().
  virtual bool holds(std::size_t use, const Event& event) = 0;
};

// One thread at a time.
class Matcher {
 public:
  // `answers` must outlive the matcher. Precondition: there are some if the rules use predicates.
  explicit Matcher(const RuleSet& rules, PredicateAnswers* answers = nullptr);
  Matcher(Matcher&&) noexcept;
  Matcher& operator=(Matcher&&) noexcept;
  ~Matcher();

  // Rules of kind kDetection that match, ascending, whether they report or not; valid until the next call. The event is
  // of the same rule set. Does not allocate once its buffers have grown.
  std::span<const RuleIndex> match(const Event& event);

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace redoubt::sigma
