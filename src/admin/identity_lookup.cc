#include "admin/identity_lookup.h"

#include "admin/services.h"
#include "identity/listing.h"

namespace redoubt::admin {
namespace {

template <class T>
Result<T> found(Result<std::optional<T>> looked_up, std::string_view what, std::string_view id) {
  if (!looked_up) return looked_up.error();
  if (!*looked_up) return Error(Errc::kNotFound, "there is no " + std::string(what) + " `" + std::string(id) + "`");
  return *std::move(*looked_up);
}

}  // namespace

Result<identity::Principal> find_principal(Call& call, std::string_view id) {
  return found(identity::find_principal(call.services.engine.tables(), id), "principal", id);
}

Result<identity::Group> find_group(Call& call, std::string_view id) {
  return found(identity::find_group(call.services.engine.tables(), id), "group", id);
}

Result<identity::Key> find_key(Call& call, std::string_view id) {
  return found(identity::find_key(call.services.engine.tables(), id), "key", id);
}

Resource resource_of(const identity::Principal& principal) {
  return {.type = std::string(identity::entity_type(principal.type)), .id = principal.id, .tenant = principal.tenant};
}

Resource resource_of(const identity::Group& group) {
  return {.type = "Group", .id = group.id, .tenant = group.tenant};
}

Resource tenant_resource(std::string_view tenant) {
  if (tenant.empty()) return kServer;
  return {.type = "Tenant", .id = std::string(tenant), .tenant = {}};
}

}  // namespace redoubt::admin
