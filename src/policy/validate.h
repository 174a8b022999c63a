// Whether policies, entities and requests fit a schema (Cedar reference, "Policy validation"; strict mode).
//
//   const Validation validation = validate(*policies, *schema);
//   for (const Problem& p : validation.errors) std::cerr << render(p, "a.cedar", text);
//   if (!validation.ok()) return 1;
//
// A policy that validates, asked of entities and requests that do, errs on nothing but integer overflow and entities
// that are not there.
//
// Pure functions; any thread. Recursion is as deep as policies and values are, which their readers bound.
#pragma once

#include "policy/entities.h"
#include "policy/policy_set.h"
#include "policy/schema.h"

namespace redoubt::policy {

// Errors make the set invalid; warnings (a policy that is never true, text that looks like other text) do not. Verdicts
// are those of Cedar 4.12 in strict mode, where a policy whose scope fits no action is an error. Each problem names its
// policy or link and says where in the policies' text it is; those of one policy come together, in the order of the
// text, and those of links last. Of one policy twenty or so are kept, and of very many policies one each.
struct Validation {
  Problems errors;  // may be empty, other than in a failed Checked
  Problems warnings;
  bool ok() const { return errors.empty(); }
};
// Each policy and each template, for all kinds of requests that its scope admits, and each link with its values.
// Where a schema has more kinds of requests than can be looked at within the limits, the set is invalid, and the last
// error has `limit`.
Validation validate(const PolicySet& policies, const Schema& schema, const Limits& limits = {});

// Principal, action and resource are of the schema and fit each other, those of enumerated types exist, the context has
// the action's type. kInvalidArgument says what does not fit.
Result<> validate_request(const Request& request, const Schema& schema);

// Every entity's type is declared, its id, attributes, tags and parents are what it allows; actions are as the schema
// has them, if they are given at all. Problems have a path into an array of the entities; a hundred at most.
Problems validate_entities(const Entities& entities, const Schema& schema);

}  // namespace redoubt::policy
