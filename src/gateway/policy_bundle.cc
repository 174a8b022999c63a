#include "gateway/policy_bundle.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "inspect/match.h"
#include "policy/policy_json.h"
#include "policy/validate.h"

namespace redoubt::gateway {
namespace {

constexpr std::string_view kCedar = ".cedar";
constexpr std::string_view kJson = ".json";

// A whole bundle's text has this many problems shown at most.
constexpr std::size_t kMaxProblems = 20;

std::string_view stem(std::string_view name) {
  return name.substr(0, name.rfind('.'));
}

std::string report(const policy::Problems& problems, const PolicyFile& file) {
  std::string out;
  for (std::size_t i = 0; i < std::min(problems.size(), kMaxProblems); ++i) {
    out += (out.empty() ? "" : "\n") + policy::render(problems[i], file.name, file.text);
  }
  if (problems.size() > kMaxProblems) out += "\nand " + std::to_string(problems.size() - kMaxProblems) + " more";
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

Result<policy::PolicySet> parse(const PolicyFile& file) {
  if (!file.name.ends_with(kCedar) && !file.name.ends_with(kJson)) {
    return Error(Errc::kMalformed, "`" + file.name + "` is neither .cedar nor .json");
  }
  const policy::Limits limits{.max_bytes = PolicyBundle::kMaxBytes};
  auto parsed = file.name.ends_with(kCedar) ? policy::parse_policies(file.text, limits)
                                            : policy::parse_policy_set_json(file.text, limits);
  if (!parsed) return Error(Errc::kMalformed, report(parsed.error(), file));
  return *std::move(parsed);
}

// The same policies under the ids that they have in a bundle.
Result<policy::PolicySet> rename(const policy::PolicySet& parsed, const PolicyFile& file) {
  policy::PolicySet out;
  std::map<std::string_view, std::string> names;
  std::size_t number = 0;
  for (policy::Policy policy : parsed.policies()) {
    const policy::Annotation* id = policy.annotation("id");
    const std::string name =
        id != nullptr && !id->value.empty() ? id->value : std::string(stem(file.name)) + "#" + std::to_string(number);
    ++number;
    names[parsed.find(policy.id)->id] = name;
    policy.id = name;
    if (auto added = out.add(std::move(policy)); !added) return added.error().in(file.name);
  }
  for (policy::Link link : parsed.links()) {
    link.template_id = names.at(link.template_id);
    if (auto linked = out.link(std::move(link)); !linked) return linked.error().in(file.name);
  }
  return out;
}

Result<> check(const policy::PolicySet& policies, const PolicyFile& file) {
  policy::Problems problems = policy::validate(policies, policy_schema()).errors;
  for (const policy::Policy& policy : policies.policies()) {
    if (auto obligations = parse_obligations(policy); !obligations) {
      problems.push_back({.message = obligations.error().message(),
                          .where = policy.where,
                          .expected = {},
                          .policy_id = policy.id,
                          .path = {}});
    }
  }
  if (problems.empty()) return {};
  return Error(Errc::kMalformed, report(problems, file));
}

bool is_context(const policy::Expr& expr) {
  return expr.kind == policy::ExprKind::kVariable &&
         expr.number == static_cast<std::int64_t>(policy::Variable::kContext);
}

// Whether the expression looks at this member of `context`, or at `context` as a whole.
bool looks_at(std::string_view member, const policy::Expr& expr) {
  if (is_context(expr)) return true;
  if (expr.kind == policy::ExprKind::kGetAttr && is_context(expr.children.front())) return expr.text == member;
  if (expr.kind == policy::ExprKind::kHas && is_context(expr.children.front())) return expr.path.front() == member;
  return std::ranges::any_of(expr.children, [&](const policy::Expr& child) { return looks_at(member, child); });
}

bool looks_at_matches(const policy::Expr& expr) {
  return looks_at("matches", expr);
}

// The texts in what the expression compares matches with: `context.matches.contains("secret")`.
void add_asked_for(const policy::Expr& expr, bool compared, std::set<std::string, std::less<>>& out) {
  if (compared && expr.kind == policy::ExprKind::kString) out.insert(expr.text);
  using enum policy::ExprKind;
  const bool compares = expr.kind == kContains || expr.kind == kContainsAll || expr.kind == kContainsAny ||
                        expr.kind == kEqual || expr.kind == kNotEqual;
  const bool with_matches = compares && std::ranges::any_of(expr.children, looks_at_matches);
  for (const policy::Expr& child : expr.children) add_asked_for(child, compared || with_matches, out);
}

// Whether the expression is a text, or a set of texts that stand there.
bool is_names(const policy::Expr& expr) {
  const auto is_text = [](const policy::Expr& one) { return one.kind == policy::ExprKind::kString; };
  return is_text(expr) || (expr.kind == policy::ExprKind::kSet && std::ranges::all_of(expr.children, is_text));
}

// Whether what the expression gives can depend on matches that it does not name: so does `context.matches.isEmpty()`,
// and `context.matches.contains("secret")` does not.
bool depends_on_any_match(const policy::Expr& expr) {
  using enum policy::ExprKind;
  if (is_context(expr)) return true;
  const auto is_matches = [](const policy::Expr& one) {
    return one.kind == kGetAttr && one.text == "matches" && is_context(one.children.front());
  };
  if (is_matches(expr)) return true;
  // Another part of the context; or whether there is a set of matches, empty or not.
  if ((expr.kind == kGetAttr || expr.kind == kHas) && is_context(expr.children.front())) return false;
  const bool asks = expr.kind == kContains || expr.kind == kContainsAll || expr.kind == kContainsAny;
  // Whether the matches have a name in them, or some; not whether they are among some.
  if (asks && is_names(expr.children.back()) && is_matches(expr.children.front())) return false;
  if (expr.kind == kContainsAny && is_names(expr.children.front()) && is_matches(expr.children.back())) {
    return false;
  }
  return std::ranges::any_of(expr.children, depends_on_any_match);
}

}  // namespace

const policy::Schema& policy_schema() {
  static const policy::Schema schema = [] {
    auto parsed = policy::Schema::parse(kPolicySchema);
    REDOUBT_CHECK(parsed.has_value());
    return *std::move(parsed);
  }();
  return schema;
}

Result<std::shared_ptr<const PolicyBundle>> PolicyBundle::load(std::span<const PolicyFile> files) {
  if (files.size() > kMaxFiles) return Error(Errc::kTooLarge, "too many policy files");
  std::size_t size = 0;
  for (const PolicyFile& file : files) size += file.text.size();
  if (size > kMaxBytes) return Error(Errc::kTooLarge, "the policies are too large together");

  std::shared_ptr<PolicyBundle> bundle(new PolicyBundle);
  std::map<std::string, const PolicyFile*, std::less<>> from;
  for (const PolicyFile& file : files) {
    auto parsed = parse(file);
    if (!parsed) return parsed.error();
    auto policies = rename(*parsed, file);
    if (!policies) return policies.error();
    if (auto done = check(*policies, file); !done) return done.error();
    const auto taken = [&](const std::string& id) -> Result<> {
      const auto [place, is_new] = from.emplace(id, &file);
      if (is_new) return {};
      return Error(Errc::kMalformed, "`" + id + "` is in " + place->second->name + " and in " + file.name);
    };
    for (const policy::Policy& policy : policies->policies()) {
      if (auto done = taken(policy.id); !done) return done.error();
      REDOUBT_CHECK(bundle->policies_.add(policy).has_value());
    }
    for (const policy::Link& link : policies->links()) {
      if (auto done = taken(link.id); !done) return done.error();
      REDOUBT_CHECK(bundle->policies_.link(link).has_value());
    }
  }
  for (const policy::Policy& policy : bundle->policies_.policies()) {
    for (const auto& condition : policy.conditions) bundle->looks_at_time_ |= looks_at("time", condition.body);
    if (!speaks_of(policy, "release")) continue;
    for (const auto& condition : policy.conditions) {
      bundle->release_depends_on_matches_ |= looks_at_matches(condition.body);
      add_asked_for(condition.body, false, bundle->named_to_stop_answers_);
      if (!depends_on_any_match(condition.body)) continue;
      for (const inspect::Family family :
           {inspect::Family::kPersonal, inspect::Family::kSecret, inspect::Family::kAttack, inspect::Family::kUser,
            inspect::Family::kContract}) {
        bundle->named_to_stop_answers_.emplace(inspect::to_string(family));
      }
    }
  }
  auto compiled = policy::CompiledPolicies::compile(bundle->policies_);
  if (!compiled) return compiled.error();
  bundle->compiled_ = *std::move(compiled);
  std::map<std::string_view, const policy::Policy*> written;
  for (const policy::Policy& policy : bundle->policies_.policies()) written[policy.id] = &policy;
  for (const policy::Link& link : bundle->policies_.links()) written[link.id] = written.at(link.template_id);
  for (std::uint32_t i = 0; i < bundle->compiled_->size(); ++i) {
    const policy::Policy& policy = *written.at(bundle->compiled_->id(i));
    auto obligations = parse_obligations(policy);
    REDOUBT_CHECK(obligations.has_value());
    for (const auto& [name, action] : obligations->content.by_name()) {
      bundle->named_kinds_.insert(name);
      if (action > ContentAction::kFlag && speaks_of(policy, "release")) bundle->named_to_stop_answers_.insert(name);
    }
    bundle->rules_.push_back({std::string(bundle->compiled_->id(i)), policy.effect, *std::move(obligations)});
  }
  return std::shared_ptr<const PolicyBundle>(std::move(bundle));
}

std::string Ruling::reasons_text() const {
  std::string out;
  for (const std::string_view id : reasons) {
    if (!out.empty()) out += ',';
    out += id;
  }
  return out;
}

Ruling PolicyBundle::rule(const policy::Request& request, const policy::EntityStore& entities) const {
  thread_local policy::Answer answer;  // its buffers are used again
  policy::authorize(*compiled_, entities, request, answer);
  Ruling ruling{.permit = answer.decision == policy::Decision::kAllow,
                .reasons = {},
                .errors = {},
                .obligations = {},
                .overruled = {}};
  for (const std::uint32_t policy : answer.reasons) {
    const Rule& rule = rules_[policy];
    ruling.reasons.emplace_back(rule.id);
    if (ruling.permit) ruling.obligations.add(rule.obligations);
  }
  for (const policy::PolicyError& error : answer.errors) {
    const Rule& rule = rules_[error.policy];
    ruling.errors.emplace_back(rule.id);
    if (!ruling.permit) continue;
    if (rule.effect == policy::Effect::kForbid) ruling.overruled = "a forbid could not be evaluated";
    if (!rule.obligations.empty()) ruling.overruled = "a policy with obligations could not be evaluated";
  }
  if (!ruling.obligations.not_carried_out.empty()) ruling.overruled = "an obligation cannot be carried out";
  if (!ruling.overruled.empty()) ruling.permit = false;
  return ruling;
}

}  // namespace redoubt::gateway
