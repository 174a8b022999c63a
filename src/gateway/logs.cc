#include "gateway/logs.h"

#include <algorithm>

namespace redoubt::gateway {

Logs::Logs(std::string origin) {
  logs_.push_back({.number = ledger::kSystemLog, .tenant = {}, .origin = std::move(origin), .public_log = true});
}

Result<Logs> Logs::load(FileSystem& fs, const std::string& ledger_directory, const std::string& origin,
                        const std::vector<TenantSettings>& tenants) {
  Logs logs(origin);
  if (tenants.empty()) return logs;
  auto numbered = ledger::read_tenants(fs, ledger_directory);
  if (!numbered) return numbered.error();
  for (const TenantSettings& tenant : tenants) {
    const auto at = std::find(numbered->begin(), numbered->end(), tenant.name);
    if (at == numbered->end()) {
      return Error(Errc::kUnavailable, "the ledger has no log for tenant `" + tenant.name + "`");
    }
    logs.logs_.push_back({.number = static_cast<ledger::LogNumber>(at - numbered->begin()) + 1,
                          .tenant = tenant.name,
                          .origin = ledger::log_origin(origin, tenant.name),
                          .public_log = tenant.public_log});
  }
  return logs;
}

const Log* Logs::find(std::string_view tenant) const {
  if (tenant == ledger::kSystemLogName) tenant = {};
  const auto at = std::find_if(logs_.begin(), logs_.end(), [&](const Log& log) { return log.tenant == tenant; });
  return at == logs_.end() ? nullptr : &*at;
}

}  // namespace redoubt::gateway
