#include <algorithm>
#include <array>

#include "identity/identities.h"

namespace redoubt::identity {
namespace {

struct TypeNames {
  PrincipalType type;
  std::string_view name;
  std::string_view entity;
};
constexpr std::array<TypeNames, 4> kTypes{{{PrincipalType::kUser, "user", "User"},
                                           {PrincipalType::kServiceAccount, "service_account", "ServiceAccount"},
                                           {PrincipalType::kApplication, "application", "Application"},
                                           {PrincipalType::kAgent, "agent", "Agent"}}};

}  // namespace

bool is_identity_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

bool is_principal_id(std::string_view text) {
  return is_identity_name(text) && text != kInitActor && text != kServerActor;
}

std::string_view to_string(PrincipalType type) {
  return kTypes[static_cast<std::size_t>(type)].name;
}

std::string_view entity_type(PrincipalType type) {
  return kTypes[static_cast<std::size_t>(type)].entity;
}

std::optional<PrincipalType> parse_principal_type(std::string_view text) {
  for (const TypeNames& known : kTypes) {
    if (known.name == text) return known.type;
  }
  return std::nullopt;
}

bool Key::allows_scope(std::string_view scope) const {
  return scopes.empty() || std::binary_search(scopes.begin(), scopes.end(), scope);
}

bool Key::allows_model(std::string_view model) const {
  return models.empty() || std::binary_search(models.begin(), models.end(), model);
}

}  // namespace redoubt::identity
