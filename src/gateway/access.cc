#include "gateway/access.h"

#include <utility>
#include <vector>

#include "base/check.h"

namespace redoubt::gateway {
namespace {

using policy::Attribute;
using policy::EntityUid;
using policy::Record;
using policy::Set;
using policy::Value;

// A bearer secret: whoever has it passes for its owner.
constexpr std::int64_t kBearerStrength = 1;

Value text(std::string_view value) {
  return Value(std::string(value));
}

// Precondition: the names differ.
Record record(std::vector<Attribute> attributes) {
  auto made = Record::create(std::move(attributes));
  REDOUBT_CHECK(made.has_value());
  return *std::move(made);
}

EntityUid model(std::string_view name) {
  return {"Model", std::string(name)};
}

policy::Entity principal(const ApiKey& key) {
  std::vector<Value> models;
  bool any = false;
  for (const std::string& name : key.models) {
    any = any || name == "*";
    if (name != "*") models.emplace_back(model(name));
  }
  policy::Entity entity{.uid = {"Application", key.id}, .parents = {}, .attributes = {}, .tags = {}};
  if (!key.tenant.empty()) entity.parents.push_back({"Tenant", key.tenant});
  entity.attributes = record(
      {{"anyModel", Value(any)}, {"models", Value(Set(std::move(models)))}, {"role", text(to_string(key.role))}});
  return entity;
}

EntityUid resource(const AccessRequest& request) {
  switch (request.action) {
    case Action::kInvoke:
    case Action::kRelease:
      return model(request.model);
    case Action::kListModels:
      return {"ModelGroup", "all"};
    case Action::kReadEntries:
    case Action::kOpenValues:
    case Action::kReadMetrics:
      break;
  }
  return {"Log", std::string(request.log)};
}

Record context(const AccessRequest& request) {
  std::vector<Attribute> network{{"tls", Value(request.tls)}};
  if (auto address = policy::parse_extension(policy::ExtensionType::kIp, request.peer_address)) {
    network.push_back({"address", Value(*std::move(address))});
  }
  std::vector<Attribute> out{
      {"time",
       Value(policy::Extension{.type = policy::ExtensionType::kDatetime, .number = request.time.value, .ip = {}})},
      {"network", Value(record(std::move(network)))},
      {"authentication", Value(record({{"method", text("api_key")}, {"strength", Value(kBearerStrength)}}))},
      {"attestationTier", text("none")},
      {"matches", Value(Set())},
      {"upstream",
       Value(record({{"name", text(request.upstream_name)}, {"provider", text(request.upstream_provider)}}))},
      {"stream", Value(request.stream)}};
  if (!request.purpose.empty()) out.push_back({"purpose", text(request.purpose)});
  return record(std::move(out));
}

}  // namespace

std::string_view to_string(Action action) {
  switch (action) {
    case Action::kInvoke:
      return "invoke";
    case Action::kRelease:
      return "release";
    case Action::kListModels:
      return "listModels";
    case Action::kReadEntries:
      return "readEntries";
    case Action::kOpenValues:
      return "openValues";
    case Action::kReadMetrics:
      break;
  }
  return "readMetrics";
}

policy::Request make_request(const AccessRequest& request) {
  return {.principal = {"Application", request.principal->id},
          .action = {"Action", std::string(to_string(request.action))},
          .resource = resource(request),
          .context = context(request)};
}

Result<std::shared_ptr<const Access>> Access::make(ApiKeys keys, std::shared_ptr<const PolicyBundle> policies) {
  policy::Entities entities;
  for (const ApiKey& key : keys.all()) entities.push_back(principal(key));
  auto store = policy::EntityStore::build(entities, &policy_schema());
  if (!store) return store.error();
  return std::shared_ptr<const Access>(new Access(std::move(keys), std::move(policies), *std::move(store)));
}

Ruling Access::rule(const AccessRequest& request) const {
  REDOUBT_CHECK(request.principal != nullptr);
  return policies_->rule(make_request(request), *principals_);
}

}  // namespace redoubt::gateway
