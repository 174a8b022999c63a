// Whether policies, entities and requests fit a schema (Cedar reference, "Policy validation"; strict mode).
//
// Pure functions; any thread.
#pragma once

#include "policy/entities.h"
#include "policy/policy_set.h"
#include "policy/schema.h"

namespace redoubt::policy {

// Errors make the set invalid; warnings (confusable identifiers, a policy that is never true) do not. Verdicts are
// those of Cedar 4.12 in strict mode.
struct Validation {
  Problems errors;  // may be empty, other than in a failed Checked
  Problems warnings;
  bool ok() const { return errors.empty(); }
};
// Each policy, each template, and each link with its values.
Validation validate(const PolicySet& policies, const Schema& schema);

// Types of principal and resource fit the action, entities of enumerated types exist, the context has the action's
// type.
Result<> validate_request(const Request& request, const Schema& schema);
// Every entity's type is declared, its attributes, tags and parents fit; actions are exactly those of the schema.
Problems validate_entities(const Entities& entities, const Schema& schema);

}  // namespace redoubt::policy
