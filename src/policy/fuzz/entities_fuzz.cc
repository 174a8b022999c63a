// Entities, contexts and requests come from whoever calls. What is read must be written so that it reads back equal,
// with a schema and without, and every value must have an expression that gives it.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "encoding/json_writer.h"
#include "policy/entities.h"
#include "policy/schema.h"
#include "policy/tests/support/naive_evaluator.h"

using namespace redoubt::policy;

namespace {

constexpr Limits kLimits{.max_bytes = 1 << 20, .max_depth = 64, .max_entities = 1000};

// Something of each type, so that every form that a schema lets one leave out can be met.
const Schema& schema() {
  static const Schema parsed = [] {
    auto result = Schema::parse(R"(
      type Inner = { must: Long, more?: { t: datetime } };
      entity C enum ["x", "y"];
      entity E in [E] { s?: String, b?: Bool, n?: Long, e?: E, c?: C, ip?: ipaddr, d?: decimal, t?: datetime,
                        u?: duration, l?: Set<E>, i?: Set<ipaddr>, r?: Inner, a?: Action } tags Set<decimal>;
      action all;
      action do in [all] appliesTo { principal: E, resource: E, context: { ip?: ipaddr, t?: datetime, r: Inner } };)");
    if (!result) std::abort();
    return *std::move(result);
  }();
  return parsed;
}

void check(bool holds) {
  if (!holds) std::abort();
}

void check(const Problems& problems) {
  check(!problems.empty());
  for (const Problem& problem : problems) {
    check(!problem.message.empty() && problem.message.find_first_of("\n\r") == std::string::npos);
    check(redoubt::encoding::is_utf8(problem.message));
    check(problem.path.empty() || problem.path.starts_with('/'));
  }
}

void check_value(const Value& value) {
  const auto expression = parse_expression(to_cedar(value));
  check(expression.has_value());
  const Request request;
  const auto evaluated = testing::evaluate_naively(*expression, testing::NaiveStore({}), request);
  check(evaluated && *evaluated == value);
}

// What is written is deeper than what may leave escapes out, so it is read with the usual limits.
void try_entities(std::string_view text, const Schema* schema) {
  const auto entities = parse_entities(text, schema, kLimits);
  if (!entities) return check(entities.error());
  const auto again = parse_entities(to_json(*entities), schema);
  check(again && *again == *entities);
  for (const Entity& entity : *entities) {
    check_value(Value(entity.attributes));
    check_value(Value(entity.tags));
  }
}

void try_request(std::string_view text, const Schema* schema) {
  const auto request = parse_request(text, schema, kLimits);
  if (!request) return check(request.error());
  const auto again = parse_request(to_json(*request), schema);
  check(again && *again == *request);
  check_value(Value(request->context));
}

void try_context(std::string_view text, const Schema* schema, const EntityUid* action) {
  const auto context = parse_context(text, schema, action, kLimits);
  if (!context) return check(context.error());
  const auto again = parse_context(to_json(Value(*context)), schema, action);
  check(again && *again == *context);
  check_value(Value(*context));
}

void try_uid(std::string_view text) {
  const auto uid = parse_uid_json(text);
  if (!uid) return check(uid.error());
  const auto again = parse_uid_json(to_json(Value(*uid)));
  check(again && *again == *uid);
  check(parse_entity_uid(to_string(*uid)) == *uid);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const EntityUid action{"Action", "do"};
  try_entities(text, nullptr);
  try_entities(text, &schema());
  try_request(text, nullptr);
  try_request(text, &schema());
  try_context(text, nullptr, nullptr);
  try_context(text, &schema(), &action);
  try_uid(text);
  return 0;
}
