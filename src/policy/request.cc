// What is asked, in JSON: UIDs, contexts, whole requests.
#include "policy/entities.h"
#include "policy/internal/conformance.h"
#include "policy/internal/json_document.h"
#include "policy/internal/shown.h"
#include "policy/internal/value_json.h"
#include "policy/schema.h"

namespace redoubt::policy {
namespace {

using internal::JsonPlace;
using internal::ProblemList;
using internal::read_document;
using internal::read_uid;
using internal::shown;
using simdjson::dom::element;
using simdjson::dom::object;

// Null, with a problem, when the schema has no such action.
const Type* context_type(const Schema& schema, const EntityUid& action, const JsonPlace& place, ProblemList& problems) {
  const ActionType* declared = schema.action(action);
  if (declared != nullptr) return declared->context.get();
  problems.add(place, shown(to_string(action)) + " is not an action of the schema");
  return nullptr;
}

// With a schema, `type` is what the context must be.
std::optional<Record> read_context(element json, const Schema* schema, const Type* type, const JsonPlace& place,
                                   ProblemList& problems) {
  const auto value = internal::read_value(json, type, place, problems);
  if (!value) return std::nullopt;
  if (value->kind() != ValueKind::kRecord) {
    problems.add(place, "expected a record, found " + type_name(*value));
    return std::nullopt;
  }
  if (type != nullptr) internal::check_value(*value, *type, *schema, place, problems);
  return value->record();
}

struct Members {
  explicit Members(const object& json) {
    for (const auto& [name, value] : json) {
      if (name == "principal") principal = value;
      if (name == "action") action = value;
      if (name == "resource") resource = value;
      if (name == "context") context = value;
    }
  }

  std::optional<element> principal;
  std::optional<element> action;
  std::optional<element> resource;
  std::optional<element> context;
};

// One of the request's three, in Cedar's syntax or in JSON.
std::optional<EntityUid> read_part(const std::optional<element>& json, std::string_view name,
                                   const JsonPlace& request_place, ProblemList& problems) {
  if (!json) {
    problems.add(request_place, "the request has no `" + std::string(name) + "`");
    return std::nullopt;
  }
  const JsonPlace place(request_place, name);
  std::string_view text;
  if (json->get(text) != simdjson::SUCCESS) return read_uid(*json, place, problems);
  auto uid = parse_entity_uid(text);
  if (!uid) problems.add(place, shown(text) + " is not an entity");
  return uid;
}

std::optional<Request> read_request(element json, const Schema* schema, const JsonPlace& place, ProblemList& problems) {
  object json_object;
  if (json.get(json_object) != simdjson::SUCCESS) {
    problems.add(place, "expected a request, which is an object");
    return std::nullopt;
  }
  const Members members(json_object);
  auto principal = read_part(members.principal, "principal", place, problems);
  auto action = read_part(members.action, "action", place, problems);
  auto resource = read_part(members.resource, "resource", place, problems);
  if (!members.context) problems.add(place, "the request has no `context`");
  if (!problems.empty()) return std::nullopt;
  const Type* type = nullptr;
  if (schema != nullptr) {
    type = context_type(*schema, *action, JsonPlace(place, "action"), problems);
    if (type == nullptr) return std::nullopt;
  }
  auto context = read_context(*members.context, schema, type, JsonPlace(place, "context"), problems);
  if (!context) return std::nullopt;
  return std::optional<Request>(std::in_place, std::move(*principal), std::move(*action), std::move(*resource),
                                std::move(*context));
}

}  // namespace

Checked<EntityUid> parse_uid_json(std::string_view json) {
  return read_document<EntityUid>(json, Limits{}, read_uid);
}

Checked<Record> parse_context(std::string_view json, const Schema* schema, const EntityUid* action,
                              const Limits& limits) {
  return read_document<Record>(
      json, limits, [&](element root, const JsonPlace& place, ProblemList& problems) -> std::optional<Record> {
        const Type* type = nullptr;
        if (schema != nullptr && action != nullptr) {
          type = context_type(*schema, *action, place, problems);
          if (type == nullptr) return std::nullopt;
        }
        return read_context(root, schema, type, place, problems);
      });
}

Checked<Request> parse_request(std::string_view json, const Schema* schema, const Limits& limits) {
  return read_document<Request>(json, limits, [&](element root, const JsonPlace& place, ProblemList& problems) {
    return read_request(root, schema, place, problems);
  });
}

std::string to_json(const Request& request) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.key("principal");
  internal::write_uid(json, request.principal);
  json.key("action");
  internal::write_uid(json, request.action);
  json.key("resource");
  internal::write_uid(json, request.resource);
  json.key("context");
  internal::write_value(json, Value(request.context));
  json.end_object();
  return out;
}

}  // namespace redoubt::policy
