#include <algorithm>
#include <utility>
#include <vector>

#include "admin/authorizer.h"
#include "base/check.h"
#include "policy/extension.h"
#include "policy/value.h"

namespace redoubt::admin {
namespace {

using policy::Attribute;
using policy::EntityUid;
using policy::Record;
using policy::Value;

// A bearer secret: whoever has it passes for its owner.
constexpr std::int64_t kBearerStrength = 1;

// Precondition: the names differ.
Record record(std::vector<Attribute> attributes) {
  auto made = Record::create(std::move(attributes));
  REDOUBT_CHECK(made.has_value());
  return *std::move(made);
}

Record context(const AdminRequest& request) {
  std::vector<Attribute> network{{"tls", Value(request.caller.tls)}};
  // A caller of this machine has no address.
  if (auto address = policy::parse_extension(policy::ExtensionType::kIp, request.caller.address)) {
    network.push_back({"address", Value(*std::move(address))});
  }
  return record({{"time", Value(policy::Extension{
                              .type = policy::ExtensionType::kDatetime, .number = request.now.value, .ip = {}})},
                 {"network", Value(record(std::move(network)))},
                 {"authentication",
                  Value(record({{"method", Value(std::string("api_key"))}, {"strength", Value(kBearerStrength)}}))}});
}

}  // namespace

CedarRequest cedar_request(const AdminRequest& request) {
  const identity::Principal& principal = *request.caller.principal;
  CedarRequest out{.request = {.principal = {std::string(identity::entity_type(principal.type)), principal.id},
                               .action = {"Action", std::string(request.action)},
                               .resource = {request.resource.type, request.resource.id},
                               .context = context(request)},
                   .entities = request.caller.identities.entities_of(principal, request.now)};

  // The resource, unless it is one of these already: a caller may ask about itself, or a group that it is in.
  const auto add = [&](policy::Entity entity) {
    const auto same = [&](const policy::Entity& there) { return there.uid == entity.uid; };
    if (std::none_of(out.entities.begin(), out.entities.end(), same)) out.entities.push_back(std::move(entity));
  };
  policy::Entity resource{.uid = out.request.resource, .parents = {}, .attributes = {}, .tags = {}};
  if (!request.resource.tenant.empty()) resource.parents.push_back({"Tenant", request.resource.tenant});
  add(std::move(resource));
  if (!request.resource.tenant.empty()) {
    add({.uid = {"Tenant", request.resource.tenant}, .parents = {}, .attributes = {}, .tags = {}});
  }
  return out;
}

}  // namespace redoubt::admin
