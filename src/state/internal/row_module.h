// Rows in memory as a table of SQLite's, so that one statement puts any number of them into another table:
//
//   INSERT OR REPLACE INTO toy_items SELECT c0, c1, c2 FROM redoubt_rows
//
// SQLite asks for each column when it wants it: nothing is bound, and a statement is begun once. It is a virtual table
// of the connection and not in the database's schema.
#pragma once

#include <sqlite3.h>

#include <span>

#include "state/internal/table_rows.h"

namespace redoubt::state {

class RowModule {
 public:
  static constexpr const char* kTable = "redoubt_rows";  // its columns: c0 to c31

  // Makes the table known to the connection, which this must outlive. SQLite's code.
  int attach(sqlite3* connection);

  // What the table has from now on. The rows must outlive the statements that read it.
  void give(std::span<const TableRows::Entry* const> rows) { rows_ = rows; }
  std::span<const TableRows::Entry* const> rows() const { return rows_; }

 private:
  std::span<const TableRows::Entry* const> rows_;
};

}  // namespace redoubt::state
