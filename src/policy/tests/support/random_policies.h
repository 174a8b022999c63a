// Small worlds made at random from a seed: entities, policies and requests that meet each other often, right types and
// wrong ones. For property tests; the same seed makes the same world.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "policy/entities.h"
#include "policy/policy_set.h"

namespace redoubt::policy::testing {

class RandomPolicies {
 public:
  explicit RandomPolicies(std::uint64_t seed) : random_(seed) {}

  Entities entities();
  // Policies, templates and links.
  PolicySet policies(std::size_t count);
  Request request();
  // Mostly of that kind of value; at most `depth` operators deep, where that suffices.
  Expr expression(ValueKind kind, int depth);
  Value value(ValueKind kind, int depth);
  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_); }

 private:
  template <class T>
  T one_of(std::initializer_list<T> choices) {
    return choices.begin()[below(choices.size())];
  }
  bool chance(int percent) { return below(100) < static_cast<std::size_t>(percent); }
  ValueKind kind() { return static_cast<ValueKind>(below(7)); }
  std::string name();
  std::string text();
  std::int64_t number();
  EntityUid uid();
  Extension extension();
  Record record(int depth);
  Scope scope(bool action);
  Policy policy(std::string id);
  Expr leaf(ValueKind kind);
  Expr boolean(int depth);
  Expr number_expression(int depth);
  Expr extension_expression(int depth);
  Expr attribute(int depth);

  std::mt19937_64 random_;
};

}  // namespace redoubt::policy::testing
