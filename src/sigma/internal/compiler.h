// From documents to a compiled set.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sigma/internal/detection.h"
#include "sigma/internal/rule_document.h"

namespace redoubt::sigma::internal {

class SetCompiler {
 public:
  SetCompiler(const Taxonomy& taxonomy, Problems& problems);

  void add_file(const RuleFile& file);
  // Nothing when there were problems.
  std::shared_ptr<const CompiledRules> finish();

 private:
  // A rule or filter whose logic has not been looked at yet.
  struct Pending {
    RuleDocument document;
    std::string file;
    RuleIndex rule = 0;  // not of a filter
    std::optional<CorrelationBody> correlation;
    std::optional<Expr> expr;  // of a detection or filter
  };

  void register_rule(Pending& pending);
  void compile_detections();
  void apply_filters();
  void compile_correlations();
  bool resolve_members(Pending& pending);
  void compile_correlation(const Pending& pending);
  std::optional<std::vector<const Pending*>> in_order();
  std::optional<Expr> logsource(const Logsource& asked, std::size_t line);
  const std::vector<Expr>* taxonomy_logsources();
  std::optional<RuleIndex> find(std::string_view name) const;
  std::string describe(const Expr& expr) const;

  const Taxonomy& taxonomy_;
  Problems& problems_;
  std::unique_ptr<CompiledRules> rules_;
  AtomTable atoms_;
  std::vector<std::vector<YamlNode>> trees_;  // what documents point into
  std::vector<Pending> pending_;
  std::map<RuleIndex, std::size_t> pending_of_;
  std::optional<std::vector<Expr>> whens_;  // of the taxonomy's log sources
  bool whens_failed_ = false;
  std::vector<Expr> logsource_exprs_;    // by question
  std::vector<std::string> identities_;  // by rule: what it matches, as text
};

}  // namespace redoubt::sigma::internal
