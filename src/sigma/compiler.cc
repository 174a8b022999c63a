#include "sigma/internal/compiler.h"

#include <algorithm>
#include <functional>
#include <set>

#include "encoding/base64.h"
#include "sigma/internal/expr.h"
#include "sigma/internal/index_builder.h"
#include "sigma/internal/message.h"
#include "sigma/internal/siphash.h"

namespace redoubt::sigma::internal {
namespace {

constexpr std::size_t kMaxRules = 65'535;

std::string fingerprint(std::string_view text) {
  const Hash128 hash = SipHash(HashKey{})(text);
  std::array<std::byte, 8> bytes{};
  store_le<std::uint64_t>(bytes, hash.low);
  return encoding::hex(bytes);
}

// Text that cannot be mistaken for its neighbours.
std::string framed(std::string_view text) {
  return std::to_string(text.size()) + ":" + std::string(text);
}

bool selects(const Logsource& asked, const Logsource& offered) {
  const auto fits = [](const std::string& want, const std::string& have) { return want.empty() || want == have; };
  return fits(asked.category, offered.category) && fits(asked.product, offered.product) &&
         fits(asked.service, offered.service);
}

std::string text_of(const Logsource& source) {
  std::string out;
  for (const auto& [name, value] : {std::pair{"category", &source.category}, std::pair{"product", &source.product},
                                    std::pair{"service", &source.service}}) {
    if (value->empty()) continue;
    if (!out.empty()) out += ", ";
    out += std::string(name) + " `" + *value + "`";
  }
  return out;
}

}  // namespace

SetCompiler::SetCompiler(const Taxonomy& taxonomy, Problems& problems)
    : taxonomy_(taxonomy), problems_(problems), rules_(std::make_unique<CompiledRules>()), atoms_(*rules_, taxonomy) {
  rules_->time_path = taxonomy.time_path;
}

void SetCompiler::add_file(const RuleFile& file) {
  problems_.in_file(file.name);
  std::vector<YamlNode> documents;
  YamlProblem problem;
  if (!encoding::read_yaml(file.text, documents, problem)) {
    problems_.add(problem.line, problem.message, problem.code);
    return;
  }
  if (documents.empty()) problems_.add(1, "a file without rules");
  trees_.push_back(std::move(documents));
  for (const YamlNode& root : trees_.back()) {
    auto document = read_document(root, problems_);
    if (!document) continue;
    Pending pending;
    pending.document = std::move(*document);
    pending.file = file.name;
    register_rule(pending);
  }
}

void SetCompiler::register_rule(Pending& pending) {
  RuleDocument& document = pending.document;
  const std::string& taxonomy = document.info.taxonomy;
  if (!taxonomy_.name.empty() && !taxonomy.empty() && taxonomy != "sigma" && taxonomy != taxonomy_.name) {
    problems_.add(document.info.line,
                  "the rule is of the taxonomy " + in_backticks(taxonomy) + ", not " + in_backticks(taxonomy_.name),
                  Errc::kUnsupported);
    return;
  }
  if (document.kind != RuleDocument::Kind::kFilter) {
    if (rules_->infos.size() >= kMaxRules) {
      problems_.add(document.info.line, "more than " + std::to_string(kMaxRules) + " rules", Errc::kTooLarge);
      return;
    }
    pending.rule = static_cast<RuleIndex>(rules_->infos.size());
    const auto unlike_others = [&](std::string_view what, const std::string& value, auto& map) {
      if (value.empty() || map.emplace(value, pending.rule).second) return;
      problems_.add(document.info.line,
                    "the " + std::string(what) + " " + in_backticks(value) + " is already that of `" +
                        rules_->infos[map.find(value)->second].title + "`",
                    Errc::kAlreadyExists);
    };
    unlike_others("id", document.info.id, rules_->by_id);
    unlike_others("name", document.info.name, rules_->by_name);
    rules_->by_title.emplace(document.info.title, pending.rule);
    pending_of_.emplace(pending.rule, pending_.size());
    rules_->infos.push_back(document.info);
  }
  pending_.push_back(std::move(pending));
}

std::optional<RuleIndex> SetCompiler::find(std::string_view name) const {
  for (const auto* const map : {&rules_->by_id, &rules_->by_name}) {
    if (const auto found = map->find(name); found != map->end()) return found->second;
  }
  return std::nullopt;
}

const std::vector<Expr>* SetCompiler::taxonomy_logsources() {
  if (whens_ || whens_failed_) return whens_ ? &*whens_ : nullptr;
  std::vector<Expr> out;
  Problems own;
  own.in_file("taxonomy");
  for (const LogsourceRule& rule : taxonomy_.logsources) {
    std::vector<YamlNode> documents;
    YamlProblem problem;
    std::optional<Expr> expr;
    if (!encoding::read_yaml(rule.when, documents, problem)) {
      own.add(problem.line, problem.message, problem.code);
    } else if (documents.size() != 1 || !documents[0].is_map()) {
      own.add(1, "`when` is a map of fields");
    } else {
      expr = DetectionCompiler(atoms_, own).fields(documents[0], true);
    }
    if (!expr) {
      problems_.in_file("taxonomy");
      problems_.add(1, "the log source with " + text_of(rule.logsource) + ": " +
                           (own.found().empty() ? "" : own.found()[0].message));
      whens_failed_ = true;
      return nullptr;
    }
    out.push_back(std::move(*expr));
  }
  whens_ = std::move(out);
  return &*whens_;
}

std::optional<Expr> SetCompiler::logsource(const Logsource& asked, std::size_t line) {
  for (std::uint32_t i = 0; i < rules_->logsources.size(); ++i) {
    if (rules_->logsources[i].asked == asked) return logsource_expr(i);
  }
  Expr expr = constant(true);
  if (!taxonomy_.logsources.empty()) {
    const std::string file = problems_.file();
    const std::vector<Expr>* const whens = taxonomy_logsources();
    problems_.in_file(file);
    if (whens == nullptr) return std::nullopt;
    std::vector<Expr> chosen;
    for (std::size_t i = 0; i < whens->size(); ++i) {
      if (selects(asked, taxonomy_.logsources[i].logsource)) chosen.push_back((*whens)[i]);
    }
    if (chosen.empty())
      return problems_.add(line, "the taxonomy has no log source with " + text_of(asked), Errc::kNotFound);
    expr = disjunction(std::move(chosen));
  }
  rules_->logsources.push_back({asked, 0});
  logsource_exprs_.push_back(std::move(expr));
  return logsource_expr(static_cast<std::uint32_t>(rules_->logsources.size() - 1));
}

void SetCompiler::compile_detections() {
  for (Pending& pending : pending_) {
    const RuleDocument& document = pending.document;
    const bool filter = document.kind == RuleDocument::Kind::kFilter;
    if (!filter && document.kind != RuleDocument::Kind::kDetection) continue;
    problems_.in_file(pending.file);
    DetectionCompiler compiler(atoms_, problems_);
    auto expr =
        compiler.detection(*document.body, filter ? std::set<std::string_view>{"rules"} : std::set<std::string_view>{});
    auto source = logsource(document.info.logsource, document.logsource_line);
    if (!expr || !source) continue;
    if (filter && document.body->find("selection") == nullptr) {
      problems_.add(document.body->line, "a filter without `selection`");
      continue;
    }
    if (filter && without_anything(*expr)) {
      problems_.add(document.body->line,
                    "the filter would suppress events that none of its selections match: its condition says what is "
                    "left out, without `not`");
      continue;
    }
    std::vector<Expr> both;
    both.push_back(std::move(*source));
    both.push_back(std::move(*expr));
    pending.expr = conjunction(std::move(both));
  }
}

void SetCompiler::apply_filters() {
  for (const Pending& filter : pending_) {
    if (filter.document.kind != RuleDocument::Kind::kFilter || !filter.expr) continue;
    problems_.in_file(filter.file);
    const YamlNode* const names = filter.document.body->find("rules");
    if (names == nullptr) {
      problems_.add(filter.document.body->line, "a filter without `rules`");
      continue;
    }
    const auto texts = read_texts(*names, "rules", problems_);
    if (!texts) continue;
    if (texts->empty()) problems_.add(names->line, "a filter of no rules");
    for (std::size_t i = 0; i < texts->size(); ++i) {
      const std::size_t line = names->items[i].line;
      const auto rule = find((*texts)[i]);
      if (!rule) {
        problems_.add(line, "there is no rule " + in_backticks((*texts)[i]), Errc::kNotFound);
        continue;
      }
      Pending& target = pending_[pending_of_.at(*rule)];
      if (target.document.kind != RuleDocument::Kind::kDetection) {
        problems_.add(line, in_backticks((*texts)[i]) + " is a correlation: filter the rules that it refers to");
        continue;
      }
      if (!target.expr) continue;
      std::vector<Expr> both;
      both.push_back(std::move(*target.expr));
      both.push_back(negation(*filter.expr));
      target.expr = conjunction(std::move(both));
    }
  }
}

bool SetCompiler::resolve_members(Pending& pending) {
  RuleInfo& info = rules_->infos[pending.rule];
  bool good = true;
  std::set<RuleIndex> seen;
  for (const CorrelationBody::Name& name : pending.correlation->rules) {
    const auto rule = find(name.text);
    if (!rule) {
      problems_.add(name.line, "there is no rule with the id or name " + in_backticks(name.text), Errc::kNotFound);
      good = false;
    } else if (!seen.insert(*rule).second) {
      problems_.add(name.line, in_backticks(name.text) + " is a rule that stands here twice");
      good = false;
    } else {
      info.rules.push_back(*rule);
    }
  }
  for (const auto& [alias, fields] : pending.correlation->aliases) {
    std::set<RuleIndex> named;
    for (const auto& [rule_name, field] : fields.fields) {
      const auto rule = find(rule_name);
      if (!rule || !seen.contains(*rule)) {
        problems_.add(
            fields.line,
            "the alias " + in_backticks(alias) + " names " + in_backticks(rule_name) + ", which is none of the rules",
            Errc::kNotFound);
        good = false;
      } else {
        named.insert(*rule);
      }
    }
    const auto& group_by = pending.correlation->group_by;
    const auto& counted = pending.correlation->fields;
    const bool used = std::find(group_by.begin(), group_by.end(), alias) != group_by.end() ||
                      std::find(counted.begin(), counted.end(), alias) != counted.end();
    if (!used) {
      problems_.add(fields.line, "nothing uses the alias " + in_backticks(alias));
      good = false;
    }
    if (good && named.size() != seen.size()) {
      problems_.add(fields.line, "the alias " + in_backticks(alias) + " does not say which field it is of each rule");
      good = false;
    }
  }
  return good;
}

// Depth first, so that a correlation comes after those that it refers to.
std::optional<std::vector<const SetCompiler::Pending*>> SetCompiler::in_order() {
  std::vector<const Pending*> out;
  enum class Mark : std::uint8_t { kNew, kOpen, kDone };
  std::vector<Mark> marks(rules_->infos.size(), Mark::kNew);
  struct Frame {
    RuleIndex rule;
    std::size_t next = 0;
  };
  for (RuleIndex start = 0; start < marks.size(); ++start) {
    if (marks[start] != Mark::kNew) continue;
    std::vector<Frame> stack{{start}};
    marks[start] = Mark::kOpen;
    while (!stack.empty()) {
      Frame& frame = stack.back();
      const RuleInfo& info = rules_->infos[frame.rule];
      if (frame.next < info.rules.size()) {
        const RuleIndex member = info.rules[frame.next++];
        if (marks[member] == Mark::kOpen) {
          problems_.in_file(info.file);
          return problems_.add(info.line, "the correlation " + in_backticks(info.title) +
                                              " refers to itself by way of " +
                                              in_backticks(rules_->infos[member].title));
        }
        if (marks[member] == Mark::kNew) {
          marks[member] = Mark::kOpen;
          stack.push_back({member});
        }
        continue;
      }
      marks[frame.rule] = Mark::kDone;
      const Pending& pending = pending_[pending_of_.at(frame.rule)];
      if (pending.correlation) out.push_back(&pending);
      stack.pop_back();
    }
  }
  return out;
}

void SetCompiler::compile_correlations() {
  bool good = true;
  for (Pending& pending : pending_) {
    const auto kind = pending.document.kind;
    if (kind != RuleDocument::Kind::kCorrelation && kind != RuleDocument::Kind::kNewTerms) continue;
    problems_.in_file(pending.file);
    pending.correlation = read_correlation(*pending.document.body, kind == RuleDocument::Kind::kNewTerms, problems_);
    if (!pending.correlation) {
      good = false;
      continue;
    }
    RuleInfo& info = rules_->infos[pending.rule];
    info.kind = pending.correlation->kind;
    info.group_by = pending.correlation->group_by;
    info.timespan_ms = pending.correlation->timespan_ms;
    good &= resolve_members(pending);
  }
  if (!good) return;
  const auto order = in_order();
  if (!order) return;
  // A rule reports unless correlations name it and none of them generates it.
  std::vector<bool> named(rules_->infos.size()), generated(rules_->infos.size());
  for (const Pending* const pending : *order) {
    for (const RuleIndex member : rules_->infos[pending->rule].rules) {
      named[member] = true;
      if (pending->correlation->generate || pending->document.generate) generated[member] = true;
    }
  }
  for (RuleIndex rule = 0; rule < rules_->infos.size(); ++rule)
    rules_->infos[rule].reports = !named[rule] || generated[rule];
  for (const Pending* const pending : *order) compile_correlation(*pending);
}

void SetCompiler::compile_correlation(const Pending& pending) {
  problems_.in_file(pending.file);
  const CorrelationBody& body = *pending.correlation;
  const RuleInfo& info = rules_->infos[pending.rule];
  CorrelationRule out;
  out.rule = pending.rule;
  out.kind = body.kind;
  out.timespan_ms = body.timespan_ms;
  out.learning_ms = body.learning_ms;
  out.members = info.rules;
  out.condition = body.condition;
  out.percentile = body.percentile;
  std::string identity = framed(to_string(body.kind)) + std::to_string(body.timespan_ms) + "," +
                         std::to_string(body.learning_ms) + "," +
                         (body.percentile ? std::to_string(*body.percentile) : "");
  for (const ConditionTerm& term : body.condition)
    identity += std::to_string(static_cast<int>(term.comparison)) + std::to_string(term.number) + ";";

  const auto field_of = [&](const std::string& name, RuleIndex member) {
    const auto alias = body.aliases.find(name);
    if (alias == body.aliases.end()) return name;
    for (const auto& [rule, field] : alias->second.fields) {
      if (find(rule) == member) return field;
    }
    return name;
  };
  const auto slot_of = [&](const std::string& field) {
    const auto slot = atoms_.slot(field);
    if (!slot) problems_.add(info.line, "the taxonomy has no field " + in_backticks(field), Errc::kNotFound);
    return slot;
  };
  for (const RuleIndex member : out.members) {
    identity += framed(identities_[member]);
    const RuleInfo& of_member = rules_->infos[member];
    std::vector<CorrelationRule::Source> sources;
    for (const std::string& name : body.group_by) {
      const std::string field = field_of(name, member);
      identity += framed(field);
      CorrelationRule::Source source;
      const auto& inner = of_member.group_by;
      if (const auto at = std::find(inner.begin(), inner.end(), field); at != inner.end()) {
        source.member_group = static_cast<std::uint32_t>(at - inner.begin());
      } else {
        const auto slot = slot_of(field);
        if (!slot) return;
        source.slot = *slot;
      }
      sources.push_back(source);
    }
    out.group.push_back(std::move(sources));
    std::vector<FieldSlot> counted;
    for (const std::string& name : body.fields) {
      const std::string field = field_of(name, member);
      identity += framed(field);
      const auto slot = slot_of(field);
      if (!slot) return;
      counted.push_back(*slot);
    }
    out.fields.push_back(std::move(counted));
  }
  identities_[pending.rule] = fingerprint(identity);
  out.identity = SipHash(HashKey{})(identity).low;
  rules_->correlations.push_back(std::move(out));
}

std::string SetCompiler::describe(const Expr& expr) const {
  std::string out(1, static_cast<char>('0' + static_cast<int>(expr.op)));
  if (expr.op == Expr::Op::kAtom) {
    const Atom& atom = rules_->atoms[expr.value];
    out += static_cast<char>('a' + static_cast<int>(atom.kind));
    if (atom.slot != kAnywhere) {
      out += framed(rules_->slot_names[atom.slot]);
      for (const std::string& path : rules_->slot_paths[atom.slot]) out += framed(path);
    }
    return out + framed(atom.text) + std::to_string(atom.number);
  }
  if (expr.op == Expr::Op::kLogsource) {
    const Logsource& asked = rules_->logsources[expr.value].asked;
    return out + framed(asked.category) + framed(asked.product) + framed(asked.service) +
           describe(logsource_exprs_[expr.value]);
  }
  out += std::to_string(expr.value) + "(";
  for (const Expr& child : expr.children) out += describe(child);
  return out + ")";
}

std::shared_ptr<const CompiledRules> SetCompiler::finish() {
  compile_detections();
  apply_filters();
  if (problems_.any()) {
    // Correlations name rules: what else is wrong with them can still be said.
    identities_.resize(rules_->infos.size());
    compile_correlations();
    return nullptr;
  }
  std::vector<Expr> roots;
  identities_.resize(rules_->infos.size());
  for (Pending& pending : pending_) {
    if (pending.document.kind != RuleDocument::Kind::kDetection) continue;
    identities_[pending.rule] = fingerprint(describe(*pending.expr));
    rules_->detections.push_back({pending.rule, 0});
    roots.push_back(std::move(*pending.expr));
  }
  compile_correlations();
  if (problems_.any()) return nullptr;
  build_index(*rules_, roots, logsource_exprs_);
  for (std::size_t i = 0; i < roots.size(); ++i) rules_->detections[i].root = assemble(roots[i], *rules_);
  for (std::size_t i = 0; i < logsource_exprs_.size(); ++i)
    rules_->logsources[i].root = assemble(logsource_exprs_[i], *rules_);
  std::string all = rules_->time_path;
  for (RuleIndex rule = 0; rule < rules_->infos.size(); ++rule)
    all += framed(rules_->infos[rule].key()) + framed(identities_[rule]);
  rules_->digest = fingerprint(all);
  return std::shared_ptr<const CompiledRules>(std::move(rules_));
}

}  // namespace redoubt::sigma::internal
