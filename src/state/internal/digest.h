// What tables hold, as digests: two states are the same when these are.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "crypto/sha256.h"
#include "state/internal/database.h"

namespace redoubt::state {

// Of one table, row by row in order of the key: SHA-256, in hexadecimal, over the names of its columns and its rows.
class TableDigest {
 public:
  explicit TableDigest(const std::vector<std::string>& columns);
  void add(const Database::Cells& row);
  std::string finish();

 private:
  crypto::Sha256 hash_;
};

using TableDigests = std::vector<std::pair<std::string, std::string>>;

// Of each table, in hexadecimal, sorted by name: SHA-256 over the names of its columns and its rows in order of the
// key. All of one moment when called within a transaction.
Result<TableDigests> table_digests(Database& database);

// One digest over those, in hexadecimal.
std::string digest_of(const TableDigests& digests);

}  // namespace redoubt::state
