// Requests and entities against a schema. What JSON said of them is not known here, only the values.
#include <string>
#include <string_view>
#include <vector>

#include "policy/internal/conformance.h"
#include "policy/internal/nearest.h"
#include "policy/internal/shown.h"
#include "policy/validate.h"

namespace redoubt::policy {
namespace {

using internal::did_you_mean;
using internal::JsonPlace;
using internal::ProblemList;
using internal::shown;

Result<> refused(std::string message) {
  return Error(Errc::kInvalidArgument, std::move(message));
}

Result<> validate_part(std::string_view part, const EntityUid& uid, const Schema& schema) {
  const EntityType* type = schema.entity_type(uid.type);
  if (type == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& [name, declared] : schema.entity_types()) names.push_back(name);
    return refused("the " + std::string(part) + " is of type " + shown(uid.type) + ", which is not in the schema" +
                   did_you_mean(uid.type, names));
  }
  if (type->enumerated.empty() || type->enumerated.contains(uid.id)) return {};
  return refused("the " + std::string(part) + " " + shown(to_string(uid)) +
                 " is not one of the entities that the schema enumerates" + did_you_mean(uid.id, type->enumerated));
}

Result<> validate_applies(std::string_view part, const EntityUid& uid, const EntityUid& action,
                          const std::set<std::string, std::less<>>& types) {
  if (types.contains(uid.type)) return {};
  return refused("the action " + shown(to_string(action)) + " does not apply to a " + std::string(part) + " of type " +
                 shown(uid.type));
}

}  // namespace

Result<> validate_request(const Request& request, const Schema& schema) {
  if (auto valid = validate_part("principal", request.principal, schema); !valid) return valid;
  if (auto valid = validate_part("resource", request.resource, schema); !valid) return valid;
  const ActionType* action = schema.action(request.action);
  if (action == nullptr) {
    std::vector<std::string> names;
    for (const auto& [uid, declared] : schema.actions()) names.push_back(to_string(uid));
    const std::string name = to_string(request.action);
    return refused("the action " + shown(name) + " is not in the schema" + did_you_mean(name, names));
  }
  const auto applies = [&](std::string_view part, const EntityUid& uid, const auto& types) {
    return validate_applies(part, uid, request.action, types);
  };
  if (auto valid = applies("principal", request.principal, action->principals); !valid) return valid;
  if (auto valid = applies("resource", request.resource, action->resources); !valid) return valid;

  ProblemList problems;
  internal::check_value(Value(request.context), *action->context, schema, JsonPlace(), problems);
  if (problems.empty()) return {};
  const Problem first = std::move(problems).take().front();
  return refused("the context does not fit the action " + shown(to_string(request.action)) + ": " + first.message +
                 (first.path.empty() ? std::string() : " at " + shown(first.path)));
}

Problems validate_entities(const Entities& entities, const Schema& schema) {
  ProblemList problems;
  internal::ActionCheck actions(schema, problems);
  const JsonPlace root;
  for (std::size_t i = 0; i < entities.size() && !problems.full(); ++i) {
    const JsonPlace place(root, i);
    if (internal::is_action_type(entities[i].uid.type)) {
      actions.add(entities[i], place);
    } else {
      internal::check_entity(entities[i], schema, place, problems);
    }
  }
  if (problems.empty()) actions.finish(root);
  return std::move(problems).take();
}

}  // namespace redoubt::policy
