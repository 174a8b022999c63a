#include "sigma/rule_set.h"

#include "sigma/internal/compiler.h"

namespace redoubt::sigma {

std::string_view to_string(RuleKind kind) {
  switch (kind) {
    case RuleKind::kDetection:
      return "detection";
    case RuleKind::kEventCount:
      return "event_count";
    case RuleKind::kValueCount:
      return "value_count";
    case RuleKind::kTemporal:
      return "temporal";
    case RuleKind::kTemporalOrdered:
      return "temporal_ordered";
    case RuleKind::kValueSum:
      return "value_sum";
    case RuleKind::kValueAvg:
      return "value_avg";
    case RuleKind::kValuePercentile:
      return "value_percentile";
    case RuleKind::kNewTerms:
      return "new_terms";
  }
  return "";
}

std::string_view to_string(Level level) {
  static constexpr std::string_view kNames[] = {"", "informational", "low", "medium", "high", "critical"};
  return kNames[static_cast<std::size_t>(level)];
}

std::string_view to_string(Status status) {
  static constexpr std::string_view kNames[] = {"", "stable", "test", "experimental", "deprecated", "unsupported"};
  return kNames[static_cast<std::size_t>(status)];
}

Error RuleProblem::to_error() const {
  return {code, file + ":" + std::to_string(line) + ": " + message};
}

namespace internal {
const CompiledRules& compiled(const RuleSet& rules) {
  return *rules.compiled_;
}
}  // namespace internal

RuleSet::RuleSet(std::shared_ptr<const internal::CompiledRules> compiled) : compiled_(std::move(compiled)) {}

Result<RuleSet> RuleSet::compile(std::span<const RuleFile> files, const Taxonomy& taxonomy,
                                 std::vector<RuleProblem>* problems) {
  internal::Problems found;
  internal::SetCompiler compiler(taxonomy, found);
  for (const RuleFile& file : files) compiler.add_file(file);
  auto compiled = compiler.finish();
  if (problems != nullptr) *problems = found.found();
  if (!found.found().empty()) return found.found().front().to_error();
  return RuleSet(std::move(compiled));
}

std::span<const RuleInfo> RuleSet::rules() const {
  return compiled_->infos;
}

std::optional<RuleIndex> RuleSet::find(std::string_view rule) const {
  for (const auto* const map : {&compiled_->by_id, &compiled_->by_name, &compiled_->by_title}) {
    if (const auto found = map->find(rule); found != map->end()) return found->second;
  }
  return std::nullopt;
}

std::size_t RuleSet::field_count() const {
  return compiled_->slot_names.size();
}

std::string_view RuleSet::field_name(FieldSlot slot) const {
  return compiled_->slot_names[slot];
}

std::optional<FieldSlot> RuleSet::field(std::string_view name) const {
  const auto found = compiled_->slots.find(name);
  if (found == compiled_->slots.end()) return std::nullopt;
  return found->second;
}

std::span<const PredicateUse> RuleSet::predicate_uses() const {
  return compiled_->predicates;
}

std::string_view RuleSet::digest() const {
  return compiled_->digest;
}

}  // namespace redoubt::sigma
