// The policies in force: read, validated against Redoubt's own schema and compiled together, or not at all.
//
//   auto bundle = PolicyBundle::load(files);
//   if (!bundle) std::cerr << bundle.error().message();    // what is wrong, with file, line and excerpt
//   Ruling ruling = (*bundle)->rule(request, entities);
//
// Immutable; any thread.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/obligations.h"
#include "policy/authorizer.h"
#include "policy/schema.h"

namespace redoubt::gateway {

// Redoubt's schema, and what `redoubt init` writes as policies.
extern const std::string_view kPolicySchema;
extern const std::string_view kDefaultPolicies;
// The schema, parsed.
const policy::Schema& policy_schema();

struct PolicyFile {
  std::string name;  // without folder; ends in `.cedar` (Cedar syntax) or `.json` (a policy set in Cedar's JSON form)
  std::string text;
};

// What Redoubt does about a request. Stricter than Cedar, which leaves out policies that err: an error in any forbid,
// or in a policy with obligations, is a denial, for nobody knows what they would have said.
struct Ruling {
  bool permit = false;
  std::vector<std::string_view> reasons;  // ids of the determining policies; as long-lived as the bundle
  std::vector<std::string_view> errors;   // ids of policies that could not be evaluated
  Obligations obligations;                // of a permit
  // `a,b`: as records name them. Empty when nothing determined it: the default is deny.
  std::string reasons_text() const;
  // Why a request that policies permit is denied all the same; empty otherwise. Static.
  std::string_view overruled;
};

class PolicyBundle {
 public:
  static constexpr std::size_t kMaxBytes = 16 * 1024 * 1024;  // of all files
  static constexpr std::size_t kMaxFiles = 1000;

  // Policies are named by their `@id`, or else FILE#N, N counting from 0. kMalformed for syntax, for
  // policies that do not fit the schema, an unknown annotation or an id that occurs twice; kTooLarge. Messages have a
  // line for each problem, with its place.
  static Result<std::shared_ptr<const PolicyBundle>> load(std::span<const PolicyFile> files);

  const policy::PolicySet& policies() const { return policies_; }

  // Kinds and families of match that obligations name. Whether anything finds them is for who loads the rules to say.
  const std::set<std::string, std::less<>>& named_kinds() const { return named_kinds_; }

  // Whether what may be released can depend on what is found in it. If not, and nothing is due for it, it need not wait
  // to be inspected.
  bool release_depends_on_matches() const { return release_depends_on_matches_; }

  // Whether what policies say can depend on when they are asked. If not, they say the same of the same request, made by
  // the same entities, whenever that is.
  bool looks_at_time() const { return looks_at_time_; }

  // Kinds and families that can keep back an answer, or change it: those that obligations stricter than `@flag` name,
  // those that a condition asks `context.matches` for, and all families where it depends on any match; of policies that
  // speak of `release`. Where they are known at an answer's end alone, a stream must be buffered.
  const std::set<std::string, std::less<>>& named_to_stop_answers() const { return named_to_stop_answers_; }

  Ruling rule(const policy::Request& request, const policy::EntityStore& entities) const;

 private:
  PolicyBundle() = default;
  struct Rule {
    std::string id;
    policy::Effect effect = policy::Effect::kPermit;
    Obligations obligations;
  };

  policy::PolicySet policies_;
  std::shared_ptr<const policy::CompiledPolicies> compiled_;
  std::vector<Rule> rules_;  // by the compiled policies' numbers
  std::set<std::string, std::less<>> named_kinds_;
  std::set<std::string, std::less<>> named_to_stop_answers_;
  bool release_depends_on_matches_ = false;
  bool looks_at_time_ = false;
};

}  // namespace redoubt::gateway
