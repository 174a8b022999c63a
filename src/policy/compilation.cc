#include "policy/internal/compilation.h"

#include <algorithm>

namespace redoubt::policy::internal {

class CompilationBuilder {
 public:
  explicit CompilationBuilder(const Limits& limits) : compiler_(compilation_->program_, limits) {}

  Result<> add(const Policy& policy) {
    Compilation& made = *compilation_;
    for (const Condition& condition : policy.conditions) {
      auto node = compiler_.compile(condition.body);
      if (!node) return node.error().in("policy `" + policy.id + "`");
      made.conditions_.push_back(condition.unless ? compiler_.negate(*node) : *node);
    }
    made.conditions_begin_.push_back(static_cast<std::uint32_t>(made.conditions_.size()));
    for (const Annotation& annotation : policy.annotations) {
      made.notes_.push_back({compiler_.name(annotation.name), annotation.value});
    }
    made.notes_begin_.push_back(static_cast<std::uint32_t>(made.notes_.size()));
    made.ids_.push_back(policy.id);
    made.effects_.push_back(policy.effect);
    scopes_.add(policy);
    return {};
  }

  std::shared_ptr<const Compilation> build() && {
    compilation_->scopes_ = std::move(scopes_).build();
    compilation_->program_.shrink_to_fit();
    return std::move(compilation_);
  }

 private:
  std::shared_ptr<Compilation> compilation_ = std::make_shared<Compilation>();
  Compiler compiler_;
  ScopeIndexBuilder scopes_;
};

Result<std::shared_ptr<const Compilation>> Compilation::build(const PolicySet& policies, const Limits& limits) {
  CompilationBuilder builder(limits);
  for (const Policy& policy : policies.policies()) {
    if (policy.is_template()) continue;
    if (auto added = builder.add(policy); !added) return added.error();
  }
  for (const Link& link : policies.links()) {
    if (auto added = builder.add(policies.instance(link)); !added) return added.error();
  }
  return std::move(builder).build();
}

const std::string* Compilation::annotation(std::uint32_t policy, std::string_view name) const {
  const auto notes = std::span(notes_).subspan(notes_begin_[policy], notes_begin_[policy + 1] - notes_begin_[policy]);
  const auto at =
      std::find_if(notes.begin(), notes.end(), [&](const Note& note) { return program_.names[note.name] == name; });
  return at == notes.end() ? nullptr : &at->value;
}

}  // namespace redoubt::policy::internal

namespace redoubt::policy {

Result<std::shared_ptr<const CompiledPolicies>> CompiledPolicies::compile(const PolicySet& policies,
                                                                          const Limits& limits) {
  auto compilation = internal::Compilation::build(policies, limits);
  if (!compilation) return compilation.error();
  return std::shared_ptr<const CompiledPolicies>(*std::move(compilation));
}

}  // namespace redoubt::policy
