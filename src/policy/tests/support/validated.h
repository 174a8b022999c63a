// What validation says of policies, for tests.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "policy/policy_set.h"
#include "policy/schema.h"
#include "policy/validate.h"

namespace redoubt::policy::testing {

inline Schema schema_of(std::string_view text) {
  auto schema = Schema::parse(text);
  if (!schema) ADD_FAILURE() << render(schema.error().front(), "schema", text);
  return schema ? *std::move(schema) : Schema();
}

inline PolicySet policies_of(std::string_view text) {
  auto policies = parse_policies(text);
  if (!policies) ADD_FAILURE() << render(policies.error().front(), "policies", text);
  return policies ? *std::move(policies) : PolicySet();
}

// One message a line, with what it is about: "`principal.nam`: entity type …". Empty when there is nothing to say.
inline std::string told(const Problems& problems, std::string_view text) {
  std::string out;
  for (const Problem& problem : problems) {
    out += "`" + std::string(text.substr(problem.where.begin, problem.where.end - problem.where.begin)) +
           "`: " + problem.message + "\n";
  }
  return out;
}

inline std::string errors_of(const Schema& schema, std::string_view policies) {
  return told(validate(policies_of(policies), schema).errors, policies);
}

inline std::string warnings_of(const Schema& schema, std::string_view policies) {
  const Validation validation = validate(policies_of(policies), schema);
  EXPECT_EQ(told(validation.errors, policies), "");
  return told(validation.warnings, policies);
}

}  // namespace redoubt::policy::testing
