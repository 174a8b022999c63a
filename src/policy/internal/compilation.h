// What CompiledPolicies are: an index of scopes, and a program that holds the conditions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "policy/authorizer.h"
#include "policy/internal/program.h"
#include "policy/internal/scope_index.h"

namespace redoubt::policy::internal {

class Compilation final : public CompiledPolicies {
 public:
  static Result<std::shared_ptr<const Compilation>> build(const PolicySet& policies, const Limits& limits);

  std::size_t size() const override { return effects_.size(); }
  std::string_view id(std::uint32_t policy) const override { return ids_[policy]; }
  const std::string* annotation(std::uint32_t policy, std::string_view name) const override;

  const Program& program() const { return program_; }
  const ScopeIndex& scopes() const { return scopes_; }
  Effect effect(std::uint32_t policy) const { return effects_[policy]; }
  // Nodes that must all be true, in the order written.
  std::span<const std::uint32_t> conditions(std::uint32_t policy) const {
    return std::span(conditions_)
        .subspan(conditions_begin_[policy], conditions_begin_[policy + 1] - conditions_begin_[policy]);
  }

 private:
  friend class CompilationBuilder;

  Program program_;
  ScopeIndex scopes_;
  std::vector<Effect> effects_;
  std::vector<std::uint32_t> conditions_;
  std::vector<std::uint32_t> conditions_begin_{0};  // by policy; one more at the end
  std::vector<std::string> ids_;
  struct Note {
    std::uint32_t name = 0;  // in the program
    std::string value;
  };
  std::vector<Note> notes_;
  std::vector<std::uint32_t> notes_begin_{0};  // likewise
};

}  // namespace redoubt::policy::internal
