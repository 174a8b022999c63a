// Sigma rules beside the detectors: what they match becomes signals of the same form.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "behaviour/signal.h"

namespace redoubt::app::behaviour_verbs {

// One thread. The same records in the same order give the same signals.
class SigmaSignals {
 public:
  // Rules and taxonomy as read_rule_folder() finds them (rule_folder.h). Errors: its, and those of the rules.
  static Result<SigmaSignals> load(const std::string& folder, const std::string& taxonomy_file);
  SigmaSignals(SigmaSignals&&) noexcept;
  SigmaSignals& operator=(SigmaSignals&&) noexcept;
  ~SigmaSignals();

  // What is no event of JSON matches nothing.
  void consume(std::uint64_t index, ByteView record, behaviour::SignalSink& sink);

 private:
  struct Impl;
  explicit SigmaSignals(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace redoubt::app::behaviour_verbs
