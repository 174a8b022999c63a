// Decides requests: forbid wins, the default is deny, policies that err are left out and reported (Cedar reference,
// "Authorization").
//
//   auto compiled = CompiledPolicies::compile(policies);           // once
//   auto store = EntityStore::build(entities);                     // when entities change
//   Answer answer = authorize(**compiled, **store, request);       // any thread, no allocation for typical policies
//
// CompiledPolicies and EntityStore are immutable and shared by pointer: a new one takes the place of an old one between
// two decisions. Neither knows the other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/entities.h"
#include "policy/policy_set.h"

namespace redoubt::policy {

class Schema;
namespace internal {
class Compilation;
class Store;
}  // namespace internal

// A hierarchy of entities with their transitive ancestors.
class EntityStore {
 public:
  // With a schema its actions are added. kAlreadyExists for two entities of one UID that differ (equal ones are one);
  // kMalformed for a cycle; kTooLarge.
  static Result<std::shared_ptr<const EntityStore>> build(Entities entities, const Schema* schema = nullptr,
                                                          const Limits& limits = {});
  virtual ~EntityStore() = default;

 private:
  friend class internal::Store;  // there is no other
  EntityStore() = default;
};

class CompiledPolicies {
 public:
  // Templates only through their links. kTooLarge for an expression deeper than the limits.
  static Result<std::shared_ptr<const CompiledPolicies>> compile(const PolicySet& policies, const Limits& limits = {});
  virtual ~CompiledPolicies() = default;

  virtual std::size_t size() const = 0;
  virtual std::string_view id(std::uint32_t policy) const = 0;
  // Value of an annotation; null when the policy has none of that name.
  virtual const std::string* annotation(std::uint32_t policy, std::string_view name) const = 0;

 private:
  friend class internal::Compilation;  // there is no other
  CompiledPolicies() = default;
};

enum class Decision : std::uint8_t { kDeny, kAllow };

// Why an evaluation failed, in the reference's classes.
enum class EvalError : std::uint8_t {
  kEntityMissing,
  kAttributeMissing,
  kTagMissing,
  kType,
  kOverflow,
  kExtension,
  kUnlinkedSlot,
  kTooDeep,
};
std::string_view to_string(EvalError error);

struct PolicyError {
  std::uint32_t policy = 0;
  EvalError error = EvalError::kType;
};

// Numbers name policies of the CompiledPolicies asked (id()). A buffer to be used again: authorize() clears and fills
// it.
struct Answer {
  Decision decision = Decision::kDeny;
  std::vector<std::uint32_t> reasons;  // determining: the forbids that held, or else the permits that did; ascending
  std::vector<PolicyError> errors;     // ascending
};

// Never fails: whatever cannot be evaluated is an error of its policy. No allocation once `answer` has room, unless a
// policy computes sets, records or strings.
void authorize(const CompiledPolicies& policies, const EntityStore& entities, const Request& request, Answer& answer);

// The error's whole message for a person, as the reference words it; evaluates again.
std::string describe(const CompiledPolicies& policies, const EntityStore& entities, const Request& request,
                     const PolicyError& error);

// Why a decision came out as it did: each policy whose scope fits but for at most one part, with what its parts and
// conditions were, down to the operands of && and ||.
struct Explanation {
  enum class Outcome : std::uint8_t { kTrue, kFalse, kError, kNotReached };
  struct Step {
    std::string text;  // in Cedar syntax
    Outcome outcome = Outcome::kNotReached;
    std::string error;           // its message; empty unless kError
    std::vector<Step> operands;  // of && and ||; chains of one of them are one step
  };
  struct Near {
    std::string policy_id;
    Effect effect = Effect::kPermit;
    Outcome outcome = Outcome::kFalse;  // never kNotReached
    bool determining = false;
    std::vector<Step> scope;       // principal, action, resource: each by itself true or false
    std::vector<Step> conditions;  // in the order written: the whole clause, with its expression as its one operand
  };
  Decision decision = Decision::kDeny;
  std::vector<Near> policies;  // in the order of the set, links last
};
// Errors are those of CompiledPolicies::compile. For people: takes as long as compiling does.
Result<Explanation> explain(const PolicySet& policies, const EntityStore& entities, const Request& request,
                            const Limits& limits = {});

// What is known of a request, when not all of it is.
struct PartialRequest {
  // Nothing: unknown. A type without a UID: unknown, but of that type.
  struct Part {
    std::optional<EntityUid> uid;
    std::optional<std::string> type;  // does not matter beside a UID
  };
  Part principal;
  Part action;
  Part resource;
  std::optional<Record> context;  // nothing: unknown as a whole
};
// What is left to decide. Whatever stands for the unknown in the end: `policies` decide as all of them would have, with
// the same reasons, and the same policies err.
struct Residual {
  std::optional<Decision> decision;           // when it is certain already
  std::set<std::string> must_be_determining;  // whatever the unknown is
  std::set<std::string> may_be_determining;   // the former included
  // Those that are not certain to be false, under their ids, without the parts of their scopes and the conditions that
  // are certain to be true. So one that holds for certain has neither. What is known stands in place of expressions,
  // unless it is large; an error that is certain stands as a call of `error`.
  PolicySet policies;
};
// kTooLarge for an expression deeper than the limits.
Result<Residual> authorize_partially(const PolicySet& policies, const EntityStore& entities,
                                     const PartialRequest& request, const Limits& limits = {});

}  // namespace redoubt::policy
