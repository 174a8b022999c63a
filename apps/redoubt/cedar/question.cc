#include "redoubt/cedar/question.h"

#include <CLI/CLI.hpp>

namespace redoubt::app::cedar {

void add_question(CLI::App& verb, QuestionOptions& options) {
  add_request(verb, options.request);
  add_policies(verb, options.policies);
  add_links(verb, options.policies);
  add_schema(verb, options.schema);
  add_entities(verb, options.entities);
  verb.parse_complete_callback([&options] {
    if (options.request.principal.empty() && options.request.file.empty()) {
      throw CLI::RequiredError("--request-json, or --principal with --action and --resource,");
    }
  });
}

Input<Question> read_question(const QuestionOptions& options) {
  auto schema = read_schema_if_any(options.schema);
  if (!schema) return tl::unexpected(std::move(schema.error()));
  const policy::Schema* const known = *schema ? &**schema : nullptr;
  auto policies = read_policies(options.policies);
  if (!policies) return tl::unexpected(std::move(policies.error()));
  auto entities = read_entities(options.entities, known);
  if (!entities) return tl::unexpected(std::move(entities.error()));
  auto request = read_request(options.request, known);
  if (!request) return tl::unexpected(std::move(request.error()));
  return Question{std::move(policies->set), *std::move(entities), *std::move(request)};
}

}  // namespace redoubt::app::cedar
