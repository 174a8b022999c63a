#include "identity/internal/shown.h"

#include <vector>

#include "encoding/json_writer.h"

namespace redoubt::identity::internal {
namespace {

void list(encoding::JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name);
  json.begin_array();
  for (const std::string& text : texts) json.value(std::string_view(text));
  json.end_array();
}

}  // namespace

std::string shown(const Principal& principal) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("id", principal.id);
  json.member("type", to_string(principal.type));
  if (!principal.tenant.empty()) json.member("tenant", principal.tenant);
  if (!principal.owner.empty()) json.member("owner", principal.owner);
  list(json, "groups", principal.groups);
  json.member("enabled", principal.enabled);
  json.member("display_name", principal.display_name.has_value());
  json.end_object();
  return out;
}

std::string shown(const Group& group) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("id", group.id);
  if (!group.tenant.empty()) json.member("tenant", group.tenant);
  list(json, "parents", group.parents);
  json.end_object();
  return out;
}

std::string shown(const Key& key) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("id", key.id);
  json.member("principal", key.principal);
  list(json, "scopes", key.scopes);
  list(json, "models", key.models);
  if (key.expires.value != 0) json.member("expires", key.expires.value);
  json.member("revoked", key.revoked);
  json.end_object();
  return out;
}

}  // namespace redoubt::identity::internal
