#include "ledger/logs.h"

#include <algorithm>

namespace redoubt::ledger {
namespace {

constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxTenantsFileBytes = kMaxTenants * (kMaxNameBytes + 1);

std::string tenants_path(const std::string& directory) {
  return directory + "/tenants";
}

}  // namespace

bool is_tenant_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= kMaxNameBytes && letter(name.front()) && name != kSystemLogName &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || c == '.' || c == '_' || c == '-'; });
}

std::string log_origin(std::string_view origin, std::string_view tenant) {
  std::string out(origin);
  if (!tenant.empty()) out.append("/t/").append(tenant);
  return out;
}

std::string log_directory(const std::string& directory, std::string_view tenant) {
  return tenant.empty() ? directory : directory + "/t/" + std::string(tenant);
}

Result<std::vector<std::string>> read_tenants(FileSystem& fs, const std::string& directory) {
  std::vector<std::string> tenants;
  auto bytes = read_file(fs, tenants_path(directory), kMaxTenantsFileBytes);
  if (!bytes) {
    if (bytes.error().code() == Errc::kNotFound) return tenants;
    return bytes.error();
  }
  const Error corrupt(Errc::kCorrupt, "the file `tenants` does not have its form");
  for (std::string_view rest = as_chars(*bytes); !rest.empty();) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return corrupt;
    const std::string_view name = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (!is_tenant_name(name) || std::find(tenants.begin(), tenants.end(), name) != tenants.end()) return corrupt;
    tenants.emplace_back(name);
  }
  if (tenants.size() > kMaxTenants) return corrupt;
  return tenants;
}

Result<LogNumber> find_log(FileSystem& fs, const std::string& directory, std::string_view tenant) {
  if (tenant.empty()) return kSystemLog;
  auto tenants = read_tenants(fs, directory);
  if (!tenants) return tenants.error();
  const auto at = std::find(tenants->begin(), tenants->end(), tenant);
  if (at == tenants->end()) return Error(Errc::kNotFound, "no log of tenant `" + std::string(tenant) + "`");
  return static_cast<LogNumber>(at - tenants->begin()) + 1;
}

Result<std::vector<std::string>> add_tenants(FileSystem& fs, const std::string& directory,
                                             const std::vector<std::string>& wanted) {
  auto tenants = read_tenants(fs, directory);
  if (!tenants) return tenants;
  const std::size_t known = tenants->size();
  for (const std::string& name : wanted) {
    if (!is_tenant_name(name)) return Error(Errc::kInvalidArgument, "`" + name + "` is no tenant's name");
    if (std::find(tenants->begin(), tenants->end(), name) == tenants->end()) tenants->push_back(name);
  }
  if (tenants->size() > kMaxTenants) {
    return Error(Errc::kResourceExhausted, "a ledger has at most " + std::to_string(kMaxTenants) + " tenants");
  }
  if (tenants->size() == known) return tenants;
  std::string text;
  for (const std::string& name : *tenants) text.append(name).append("\n");
  if (auto done = write_file_atomically(fs, tenants_path(directory), as_bytes(text)); !done) return done.error();
  return tenants;
}

}  // namespace redoubt::ledger
