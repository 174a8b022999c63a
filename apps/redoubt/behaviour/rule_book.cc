#include "redoubt/behaviour/rule_book.h"

#include <vector>

#include "base/check.h"
#include "redoubt/behaviour/shipped_rules.h"
#include "sigma/taxonomy.h"

namespace redoubt::app {
namespace {

constexpr std::string_view kTaxonomyFile = "rules/taxonomy.yaml";

Result<sigma::RuleSet> compile(std::span<const sigma::RuleFile> files, std::string_view taxonomy,
                               std::string_view taxonomy_name) {
  auto names = sigma::parse_taxonomy(taxonomy, taxonomy_name);
  if (!names) return names.error();
  auto rules = sigma::RuleSet::compile(files, *names);
  if (!rules) return rules.error();
  if (!rules->predicate_uses().empty()) {
    return Error(Errc::kUnsupported, "nobody answers `" + rules->predicate_uses()[0].text + "`, which a rule asks");
  }
  return rules;
}

}  // namespace

Result<std::optional<sigma::RuleSet>> rules_of(std::span<const state::BundleFile> files) {
  std::vector<sigma::RuleFile> found;
  std::string_view taxonomy = kShippedTaxonomy;
  for (const state::BundleFile& file : files) {
    if (file.name == kTaxonomyFile) {
      taxonomy = file.text;
    } else if (file.name.starts_with(kBundleRules)) {
      found.push_back({file.name, file.text});
    }
  }
  if (found.empty()) return std::optional<sigma::RuleSet>();
  auto rules = compile(found, taxonomy, kTaxonomyFile);
  if (!rules) return rules.error();
  return std::optional(*std::move(rules));
}

sigma::RuleSet compile_shipped_rules() {
  std::vector<sigma::RuleFile> files;
  for (const ShippedRule& rule : shipped_rules()) {
    files.push_back({std::string(kBundleRules) + std::string(rule.name), std::string(rule.text)});
  }
  auto rules = compile(files, kShippedTaxonomy, kTaxonomyFile);
  REDOUBT_CHECK(rules.has_value());
  return *std::move(rules);
}

const sigma::RuleSet& KeptRules::shipped() {
  if (!shipped_) shipped_ = compile_shipped_rules();
  return *shipped_;
}

Result<sigma::RuleSet> KeptRules::in_bundle(std::string_view digest) {
  if (digest.empty()) return shipped();
  const auto bundle = store_.get(digest);
  if (!bundle) return bundle.error();
  auto rules = rules_of(bundle->files());
  if (!rules) return rules.error();
  return *rules ? **std::move(rules) : shipped();
}

}  // namespace redoubt::app
