// Which Sigma rules run: those of the bundle in force, or, when it has none, those that are part of the program.
//
//   rules/ANY/NAME.yml     rules of a bundle
//   rules/taxonomy.yaml    what the names in them mean; without one, the program's
//
// A bundle comes into force by a fact in the ledger: whoever reads the ledger changes rules at the same entry.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"
#include "sigma/rule_set.h"
#include "state/bundle.h"

namespace redoubt::app {

inline constexpr std::string_view kBundleRules = "rules/";

// The rules that a bundle has; nothing when it has none. Errors, with file and line: those of RuleSet::compile() and
// parse_taxonomy(); kUnsupported for a rule that asks a predicate.
Result<std::optional<sigma::RuleSet>> rules_of(std::span<const state::BundleFile> files);
// Those of the program. INVARIANT: they compile.
sigma::RuleSet compile_shipped_rules();

// One thread.
class RuleBook {
 public:
  virtual ~RuleBook() = default;
  // The rules that run while this bundle is in force; an empty digest: before the first one. Errors: those of
  // rules_of(), and kNotFound, kCorrupt for a bundle that is not kept any more.
  virtual Result<sigma::RuleSet> in_bundle(std::string_view digest) = 0;
};

// The same rules, whatever is in force.
class FixedRules final : public RuleBook {
 public:
  explicit FixedRules(sigma::RuleSet rules) : rules_(std::move(rules)) {}
  Result<sigma::RuleSet> in_bundle(std::string_view /*digest*/) override { return rules_; }

 private:
  sigma::RuleSet rules_;
};

// Of bundles as a server keeps them.
class KeptRules final : public RuleBook {
 public:
  // `folder`: `DIR/state/bundles`, which need not be there. `fs` must outlive it.
  KeptRules(FileSystem& fs, std::string folder) : store_(fs, std::move(folder)) {}
  Result<sigma::RuleSet> in_bundle(std::string_view digest) override;

 private:
  const sigma::RuleSet& shipped();

  state::BundleStore store_;
  std::optional<sigma::RuleSet> shipped_;
};

}  // namespace redoubt::app
