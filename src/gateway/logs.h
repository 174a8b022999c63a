// The logs that the gateway writes to and reads from: one for each tenant, and the system log for who has none.
//
// Every principal belongs to one of them. What it does is recorded there, and that log is all that it can read of the
// ledger.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "ledger/logs.h"

namespace redoubt::gateway {

struct TenantSettings {
  std::string name;
  // Whether everybody may read the checkpoint and the hash tiles of its log, from which its volume can be told.
  bool public_log = false;
};

struct Log {
  ledger::LogNumber number = ledger::kSystemLog;
  std::string tenant;  // empty for the system log
  std::string origin;
  bool public_log = true;
};

// Immutable once made: any thread.
class Logs {
 public:
  // The system log alone.
  explicit Logs(std::string origin);
  // Those configured, with the numbers that the keeper has given them in the ledger's folder. kUnavailable when it has
  // not.
  static Result<Logs> load(FileSystem& fs, const std::string& ledger_directory, const std::string& origin,
                           const std::vector<TenantSettings>& tenants);

  const Log& system() const { return logs_.front(); }
  // Null when no such tenant is configured. The empty name is the system log's, as is `system`.
  const Log* find(std::string_view tenant) const;

  const std::vector<Log>& all() const { return logs_; }

 private:
  std::vector<Log> logs_;  // the system log first
};

}  // namespace redoubt::gateway
