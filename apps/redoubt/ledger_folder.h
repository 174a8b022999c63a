// Which folders a command about a ledger's files means.
#pragma once

#include <string>

#include "base/file.h"
#include "redoubt/layout.h"
#include "redoubt/output.h"

namespace redoubt::app {

struct LedgerFolder {
  std::string redoubt;  // Redoubt's folder, where the log's key is
  std::string ledger;
};

// `where`: a ledger's folder, or Redoubt's; empty: that of `--dir`. A ledger's folder is looked for a key beside it,
// in the folder that it is in, unless `--dir` says where Redoubt's is. Damaged ledgers are recognised, too.
inline LedgerFolder find_ledger(const Common& common, const std::string& where) {
  if (where.empty()) return {common.dir, Layout(common.dir).ledger()};
  PosixFileSystem fs;
  if (fs.list(Layout(where).ledger())) return {common.dir_given ? common.dir : where, Layout(where).ledger()};
  return {common.dir_given ? common.dir : where + "/..", where};
}

}  // namespace redoubt::app
