// Policies made at random from a seed that need make no sense, but can be written: every construct, strange texts, deep
// and shallow. For tests of readers and writers; the same seed makes the same policies.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>

#include "policy/policy_set.h"

namespace redoubt::policy::testing {

class RandomSyntax {
 public:
  explicit RandomSyntax(std::uint64_t seed) : random_(seed) {}

  // Policies, templates and links.
  PolicySet policies(std::size_t count);
  Policy policy(std::string id);
  // At most so many levels deep.
  Expr expression(std::size_t depth);
  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_); }

 private:
  template <class T>
  T one_of(std::initializer_list<T> choices) {
    return choices.begin()[below(choices.size())];
  }
  std::string text();
  std::string identifier();
  std::string name();
  std::string attribute();
  EntityUid uid();
  Scope scope(bool action);
  Expr leaf();
  Expr node(ExprKind kind, std::size_t operands, std::size_t depth);
  Expr path(std::size_t depth);
  Expr like(std::size_t depth);
  Expr record(std::size_t depth);
  Expr call(std::size_t depth);

  std::mt19937_64 random_;
};

}  // namespace redoubt::policy::testing
