// Policies, templates and links as they were written, not yet compiled (Cedar reference, "Policy syntax").
//
//   auto policies = parse_policies(text);
//   if (!policies) for (const Problem& p : policies.error()) std::cerr << render(p, "a.cedar", text);
//
// Values; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "policy/expr.h"
#include "policy/limits.h"
#include "policy/name.h"
#include "policy/source.h"

namespace redoubt::policy {

enum class Effect : std::uint8_t { kPermit, kForbid };

struct Annotation {
  std::string name;   // an identifier, reserved words included
  std::string value;  // empty where only the name was written
  Span where;
  friend bool operator==(const Annotation& a, const Annotation& b) { return a.name == b.name && a.value == b.value; }
};

// What the head says of principal, action or resource.
struct Scope {
  enum class Kind : std::uint8_t {
    kAny,    // principal
    kEqual,  // principal == entity
    kIn,     // principal in entity; action in [entities]
    kIs,     // principal is type
    kIsIn,   // principal is type in entity
  };
  Kind kind = Kind::kAny;
  std::vector<EntityUid> entities;  // one, but of an action `in` any number; empty when there is a slot
  bool slot = false;                // the slot of this part stands where the entity would
  std::string type;
  Span where;
  friend bool operator==(const Scope& a, const Scope& b);  // of everything but `where`
};

struct Condition {
  bool unless = false;
  Expr body;
  Span where;
  friend bool operator==(const Condition& a, const Condition& b) { return a.unless == b.unless && a.body == b.body; }
};

// A policy, or a template where a scope has a slot.
struct Policy {
  std::string id;
  Effect effect = Effect::kPermit;
  std::vector<Annotation> annotations;  // in the order written, names differ
  Scope principal;
  Scope action;
  Scope resource;
  std::vector<Condition> conditions;
  Span where;

  bool is_template() const { return principal.slot || resource.slot; }
  // Nothing when there is none of that name.
  const Annotation* annotation(std::string_view name) const;
  friend bool operator==(const Policy& a, const Policy& b);  // of everything but places
};

// A template with its slots filled.
struct Link {
  std::string id;
  std::string template_id;
  std::map<Slot, EntityUid> values;
  friend bool operator==(const Link&, const Link&) = default;
};

// INVARIANT: the ids of policies, templates and links all differ; every link names a template of the set and fills
// exactly its slots.
class PolicySet {
 public:
  // kAlreadyExists.
  Result<> add(Policy policy);
  // kAlreadyExists for the id; kNotFound for the template; kInvalidArgument for slots missing or too many.
  Result<> link(Link link);

  // In the order added, templates among them.
  const std::vector<Policy>& policies() const { return policies_; }
  const std::vector<Link>& links() const { return links_; }
  const Policy* find(std::string_view id) const;
  // The template with the link's values in place of its slots, under the link's id, annotations included.
  Policy instance(const Link& link) const;
  bool empty() const { return policies_.empty(); }

 private:
  std::vector<Policy> policies_;
  std::vector<Link> links_;
  std::map<std::string, std::size_t, std::less<>> by_id_;  // index into policies_, or ~index into links_
};

// Policies and templates in Cedar's own syntax. Ids are policy0, policy1, … in the order of the text. Every syntax
// error that can be told apart is found: reading goes on behind the next `;`. Any thread.
Checked<PolicySet> parse_policies(std::string_view text, const Limits& limits = {});
// One expression, as behind `when`.
Checked<Expr> parse_expression(std::string_view text, const Limits& limits = {});

// The same in Cedar syntax, which reads back equal. Precondition: no unknowns within.
std::string to_cedar(const Policy& policy);
std::string to_cedar(const Expr& expression);

}  // namespace redoubt::policy
