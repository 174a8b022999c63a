// The tables of the state, without a server: made anew from the ledger, compared, copied.
#pragma once

#include <string>

#include "redoubt/output.h"

namespace redoubt::app {

struct RebuildOptions {
  bool check = false;           // only compare; a server may run
  bool without_values = false;  // what facts keep sealed is not opened, and folds to nothing
};
int run_state_rebuild(const Common& common, const RebuildOptions& options);

struct BackupOptions {
  std::string file;
  std::string key;       // making one, and restoring: the file of the private key, which is kept elsewhere
  std::string key_file;  // taking one: of the administrator's key
};
// Makes the key that opens backups: the private one in a file, the public one in the folder.
int run_state_backup_key(const Common& common, const BackupOptions& options);
// The server in the folder puts it on record first, for an administrator; without it none is taken.
int run_state_backup(const Common& common, const BackupOptions& options);
int run_state_restore(const Common& common, const BackupOptions& options);

}  // namespace redoubt::app
