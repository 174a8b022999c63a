// `redoubt policy authorize` and `explain`: one request.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "redoubt/cedar/commands.h"
#include "redoubt/cedar/question.h"

namespace redoubt::app::cedar {
namespace {

constexpr const char* kFooter = "Exit status: 0 allow, 1 deny, 2 usage, 3 failure.";

int status_of(policy::Decision decision) {
  return decision == policy::Decision::kAllow ? kSuccess : kAnswerIsNo;
}

const char* word_of(policy::Decision decision) {
  return decision == policy::Decision::kAllow ? "ALLOW" : "DENY";
}

struct AuthorizeOptions {
  QuestionOptions question;
  bool verbose = false;
};

struct Decided {
  policy::Decision decision = policy::Decision::kDeny;
  std::vector<std::string> reasons;
  std::vector<std::pair<std::string, std::string>> errors;  // policy, message
};

Result<Decided> decide(const Question& question) {
  const auto compiled = policy::CompiledPolicies::compile(question.policies);
  if (!compiled) return compiled.error();
  policy::Answer answer;
  policy::authorize(**compiled, *question.entities, question.request, answer);
  Decided out{answer.decision, {}, {}};
  for (const std::uint32_t policy : answer.reasons) out.reasons.emplace_back((*compiled)->id(policy));
  for (const policy::PolicyError& error : answer.errors) {
    out.errors.emplace_back((*compiled)->id(error.policy),
                            policy::describe(**compiled, *question.entities, question.request, error));
  }
  return out;
}

void print(const Decided& decided, bool verbose) {
  std::printf("%s\n", word_of(decided.decision));
  for (const auto& [policy, message] : decided.errors) {
    std::printf("policy `%s` is left out: %s\n", policy.c_str(), message.c_str());
  }
  if (!verbose) return;
  if (decided.reasons.empty()) {
    std::printf("no policy determined this\n");
  } else {
    std::printf("determined by\n");
    for (const std::string& reason : decided.reasons) std::printf("  %s\n", reason.c_str());
  }
}

void print_json(const Decided& decided) {
  std::string out;
  encoding::JsonWriter json(out);
  const bool allow = decided.decision == policy::Decision::kAllow;
  json.begin_object();
  json.member("ok", allow);
  json.member("decision", allow ? "allow" : "deny");
  json.key("reasons");
  json.begin_array();
  for (const std::string& reason : decided.reasons) json.value(reason);
  json.end_array();
  json.key("errors");
  json.begin_array();
  for (const auto& [policy, message] : decided.errors) {
    json.begin_object();
    json.member("policy", policy);
    json.member("message", message);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  std::printf("%s\n", out.c_str());
}

int authorize(const AuthorizeOptions& options, bool json) {
  const auto question = read_question(options.question);
  if (!question) return report(question.error(), json);
  const auto decided = decide(*question);
  if (!decided) return app::report(decided.error(), json);
  json ? print_json(*decided) : print(*decided, options.verbose);
  return status_of(decided->decision);
}

using policy::Explanation;

const char* name_of(Explanation::Outcome outcome) {
  switch (outcome) {
    case Explanation::Outcome::kTrue:
      return "true";
    case Explanation::Outcome::kFalse:
      return "false";
    case Explanation::Outcome::kError:
      return "error";
    default:
      return "not reached";
  }
}

// Its outcome in a column, then its text, deeper for each level of operands. One operand alone says again what the step
// says.
void print(const Explanation::Step& step, int depth) {
  std::printf("  %-11s  %*s%s\n", name_of(step.outcome), 2 * depth, "", step.text.c_str());
  const Explanation::Step* inner = &step;
  while (inner->operands.size() == 1) inner = &inner->operands.front();
  if (!inner->error.empty() && inner->operands.empty()) {
    std::printf("  %-11s  %*s  %s\n", "", 2 * depth, "", inner->error.c_str());
  }
  for (const Explanation::Step& operand : inner->operands) print(operand, depth + 1);
}

void print(const Explanation& explanation) {
  std::printf("%s\n", word_of(explanation.decision));
  if (explanation.policies.empty()) std::printf("no policy came near\n");
  for (const Explanation::Near& near : explanation.policies) {
    std::printf("\n%s `%s`: %s%s\n", near.effect == policy::Effect::kPermit ? "permit" : "forbid",
                near.policy_id.c_str(), name_of(near.outcome), near.determining ? ", determined this" : "");
    for (const Explanation::Step& step : near.scope) print(step, 0);
    for (const Explanation::Step& step : near.conditions) print(step, 0);
  }
}

void write(encoding::JsonWriter& json, std::string_view name, const std::vector<Explanation::Step>& steps) {
  json.key(name);
  json.begin_array();
  for (const Explanation::Step& step : steps) {
    json.begin_object();
    json.member("text", step.text);
    json.member("outcome", name_of(step.outcome));
    if (!step.error.empty()) json.member("error", step.error);
    if (!step.operands.empty()) write(json, "operands", step.operands);
    json.end_object();
  }
  json.end_array();
}

void print_json(const Explanation& explanation) {
  std::string out;
  encoding::JsonWriter json(out);
  const bool allow = explanation.decision == policy::Decision::kAllow;
  json.begin_object();
  json.member("ok", allow);
  json.member("decision", allow ? "allow" : "deny");
  json.key("policies");
  json.begin_array();
  for (const Explanation::Near& near : explanation.policies) {
    json.begin_object();
    json.member("policy", near.policy_id);
    json.member("effect", near.effect == policy::Effect::kPermit ? "permit" : "forbid");
    json.member("outcome", name_of(near.outcome));
    json.member("determining", near.determining);
    write(json, "scope", near.scope);
    write(json, "conditions", near.conditions);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  std::printf("%s\n", out.c_str());
}

int explain(const QuestionOptions& options, bool json) {
  const auto question = read_question(options);
  if (!question) return report(question.error(), json);
  const auto explanation = policy::explain(question->policies, *question->entities, question->request);
  if (!explanation) return app::report(explanation.error(), json);
  json ? print_json(*explanation) : print(*explanation);
  return status_of(explanation->decision);
}

}  // namespace

Run add_authorize(CLI::App& verb, Common& common) {
  auto options = std::make_shared<AuthorizeOptions>();
  add_json(verb, common);
  add_question(verb, options->question);
  verb.footer(kFooter);
  verb.add_flag("-v,--verbose", options->verbose, "say which policies determined it");
  return [options, &common] { return authorize(*options, common.json); };
}

Run add_explain(CLI::App& verb, Common& common) {
  auto options = std::make_shared<QuestionOptions>();
  add_json(verb, common);
  add_question(verb, *options);
  verb.footer(kFooter);
  return [options, &common] { return explain(*options, common.json); };
}

}  // namespace redoubt::app::cedar
