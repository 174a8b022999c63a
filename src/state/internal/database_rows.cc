// Rows in memory between the folds and the database. Names of tables, columns and indices are put into SQL here; they
// come from the schema, and are quoted.
#include <algorithm>

#include "base/check.h"
#include "state/internal/database.h"
#include "state/internal/own_facts.h"
#include "state/internal/schema_names.h"

namespace redoubt::state {

namespace {

// From so many rows on, a table that had none gets its indices when they are in it: sorted, rather than one by one.
constexpr std::size_t kIndicesAfterRows = 4096;

// Rows selected one by one, to a page of the database, before all of their table are read: to read a page of a table
// takes as long as about 10 of them.
constexpr std::uint64_t kSelectedOfPage = 1;

// What a page of the database takes in memory at most, as rows.
constexpr std::uint64_t kRowsOfPageBytes = 4 * Database::kPageSize;

std::string equal_places(std::span<const std::string> columns) {
  std::string out;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    out += (i == 0 ? "" : " AND ") + sql_name(columns[i]) + " IS ?" + std::to_string(i + 1);
  }
  return out;
}

// The first so many.
void append_columns(RowWriter& out, const Row& row, sqlite3_stmt* statement, int count) {
  for (int i = 0; i < count; ++i) {
    switch (sqlite3_column_type(statement, i)) {
      case SQLITE_NULL:
        out.append(std::nullopt);
        break;
      case SQLITE_INTEGER:
        out.append(row.integer(i));
        break;
      case SQLITE_TEXT:
        out.append(row.text(i));
        break;
      default:
        out.append(row.blob(i));
    }
  }
}

}  // namespace

// ------------------------------------------------------------------------------------------------------ what there is

Database::Table& Database::table_named(std::string_view name) {
  const auto known = tables_.find(name);
  if (known != tables_.end()) return *known->second;
  Table& table = *tables_.emplace(name, std::make_unique<Table>()).first->second;
  table.name = name;
  table.module = module_of_table(table.name);
  return table;
}

Result<Database::Table*> Database::table_of(Name name) {
  if (Table* const known = table_at_hand(name)) return known;
  Table*& table = tables_by_literal_[name.text()];
  if (table == nullptr) table = &table_named(name.text());
  if (!is_looked_up(*table)) {
    if (auto looked = look_up(*table); !looked) return looked.error();
  }
  at_hand(name) = {name.text(), table};
  return table;
}

// Null after an error, which is kept.
Database::Table* Database::table_to_change(Name name) {
  auto table = table_of(name);
  if (!table) return nullptr;
  if (writer_ != (*table)->module) {
    mistaken(name.text(), writer_.empty() ? std::string("tables are written outside of a fold")
                                          : "`" + std::string(writer_) + "` writes tables of `" +
                                                std::string((*table)->module) + "`");
  }
  if (giving_rows_) mistaken(name.text(), "a row is changed while rows are given");
  return *table;
}

// What the schema says of it, once, and whether it has rows.
Result<> Database::look_up(Table& table) {
  if (table.columns.empty()) {
    if (auto learnt = learn_columns(table); !learnt) return learnt;
  }
  if (keep_rows_bytes_ == 0 || table.whole) return {};
  auto empty = is_empty(table.name);
  if (!empty) return empty.error();
  table.whole = table.blank = *empty;
  return {};
}

Result<bool> Database::is_empty(const std::string& table) {
  bool empty = true;
  auto asked = ask("SELECT 1 FROM " + sql_name(table) + " LIMIT 1", {}, [&](const Row&) { empty = false; });
  if (!asked) return asked.error();
  return empty;
}

Result<> Database::learn_columns(Table& table) {
  auto found = columns(table.name);
  if (!found) return found.error();
  if (found->empty()) mistaken(table.name.c_str(), "there is no such table");
  if (found->size() > kColumnsMax) mistaken(table.name.c_str(), "the table has too many columns");
  auto asked = ask("SELECT count(*) FROM pragma_table_info(?1) WHERE pk = cid + 1", table.name,
                   [&](const Row& row) { table.key_columns = static_cast<std::size_t>(row.integer(0)); });
  if (!asked) return asked;
  if (table.key_columns == 0) mistaken(table.name.c_str(), "the columns of the key do not come first");
  asked = ask("SELECT name FROM pragma_index_list(?1) WHERE \"unique\" AND origin <> 'pk'", table.name,
              [&](const Row&) { mistaken(table.name.c_str(), "an index of the table is UNIQUE"); });
  if (!asked) return asked;
  if (auto prepared = prepare_statements(table, *found); !prepared) return prepared;
  table.columns = *std::move(found);
  return {};
}

Result<> Database::prepare_statements(Table& table, std::span<const std::string> columns) {
  const auto key = columns.first(table.key_columns);
  const std::string name = sql_name(table.name);
  std::string given;
  for (std::size_t i = 0; i < columns.size(); ++i) given += (i == 0 ? "c" : ", c") + std::to_string(i);
  // REPLACE never means another row than that with the key: there is no other UNIQUE index.
  for (const auto& [statement, sql] : std::initializer_list<std::pair<StatementHandle&, std::string>>{
           {table.select, "SELECT * FROM " + name + " WHERE " + equal_places(key)},
           {table.select_all, "SELECT * FROM " + name},
           {table.put, "INSERT OR REPLACE INTO " + name + " SELECT " + given + " FROM " + RowModule::kTable},
           {table.remove, "DELETE FROM " + name + " WHERE " + equal_places(key)},
       }) {
    auto prepared = prepare(sql);
    if (!prepared) return prepared.error();
    statement = *std::move(prepared);
  }
  return {};
}

Result<Database::Alike*> Database::alike_of(Name name, std::size_t count) {
  Alike& alike = alike_[{name.text(), count}];
  if (!alike.select) {
    if (auto learnt = learn_alike(name, count, alike); !learnt) return learnt.error();
  }
  if (!is_looked_up(*alike.table)) {
    if (auto looked = look_up(*alike.table); !looked) return looked.error();
  }
  return &alike;
}

Result<> Database::learn_alike(Name name, std::size_t count, Alike& alike) {
  bool is_index = false;
  auto asked =
      ask("SELECT tbl_name, type = 'index' FROM sqlite_schema WHERE name = ?1", name.text(), [&](const Row& row) {
        alike.table = &table_named(row.text(0));
        is_index = row.integer(1) != 0;
      });
  if (!asked) return asked;
  if (alike.table == nullptr) mistaken(name.text(), "there is no such index or table");
  if (auto looked = look_up(*alike.table); !looked) return looked;
  std::vector<std::size_t> columns;
  if (is_index) {
    asked =
        ask("SELECT 1 FROM pragma_index_list((SELECT tbl_name FROM sqlite_schema WHERE name = ?1)) "
            "WHERE name = ?1 AND partial",
            name.text(), [&](const Row&) { mistaken(name.text(), "the index is not over all rows"); });
    if (!asked) return asked;
    asked = ask("SELECT cid FROM pragma_index_info(?1) ORDER BY seqno", name.text(),
                [&](const Row& row) { columns.push_back(static_cast<std::size_t>(row.integer(0))); });
    if (!asked) return asked;
  } else {
    for (std::size_t i = 0; i < alike.table->key_columns; ++i) columns.push_back(i);
  }
  if (count == 0 || count > columns.size()) mistaken(name.text(), "the number of values is another");
  columns.resize(count);
  std::vector<std::string> names;
  for (const std::size_t column : columns) names.push_back(alike.table->columns[column]);
  auto select = prepare("SELECT * FROM " + sql_name(alike.table->name) + " WHERE " + equal_places(names));
  if (!select) return select.error();
  alike.index = alike.table->rows.index_by(std::move(columns));
  alike.select = *std::move(select);
  return {};
}

Result<> Database::ask(const std::string& sql, std::string_view value, const std::function<void(const Row&)>& take) {
  const auto statement = prepare(sql);
  if (!statement) return statement.error();
  if (sqlite3_bind_parameter_count(statement->get()) > 0) {
    sqlite3_bind_text64(statement->get(), 1, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  return step_all(statement->get(), [&](const Row& row) -> Result<bool> {
    take(row);
    return true;
  });
}

// ------------------------------------------------------------------------------------------------------------ reading

// As SQLite has them.
Result<> Database::give(sqlite3_stmt* statement, std::initializer_list<Column> values,
                        const std::function<Result<bool>(const Row& row)>& take) {
  int place = 0;
  for (const Column& value : values) (void)bind(statement, ++place, value);
  auto done = step_all(statement, take);
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return done;
}

// As they are kept in memory.
Result<> Database::select(sqlite3_stmt* statement, std::initializer_list<Column> values,
                          const std::function<Result<bool>(std::string_view row)>& take) {
  return give(statement, values, [&](const Row& row) -> Result<bool> {
    selected_.clear();
    append_columns(selected_, row, statement, sqlite3_column_count(statement));
    return take(selected_.bytes());
  });
}

// What is known of the row within a transaction; null when there is none. Its key is in key_ then.
Result<TableRows::Entry*> Database::entry_with(Table& table, std::initializer_list<Column> key) {
  if (key.size() != table.key_columns) mistaken(table.name.c_str(), "the key has another number of columns");
  if (giving_rows_) mistaken(table.name.c_str(), "a row is looked for while rows are given");
  key_.clear();
  key_.append(key);
  if (TableRows::Entry* const entry = table.rows.find(key_.bytes())) return entry;
  if (table.whole.value_or(false)) return nullptr;
  std::string_view found;
  auto done = select(table.select.get(), key, [&](std::string_view row) -> Result<bool> {
    found = row;
    return true;
  });
  if (!done) return done.error();
  TableRows::Entry& learnt = table.rows.learn(key_.bytes(), found);
  if (auto noted = note_selected(table); !noted) return noted.error();
  return &learnt;
}

// The row's bytes, empty when there is none; until the next call.
Result<std::string_view> Database::row_with(Table& table, std::initializer_list<Column> key) {
  if (in_transaction_) {
    auto entry = entry_with(table, key);
    if (!entry) return entry.error();
    return *entry != nullptr ? (*entry)->bytes() : std::string_view();
  }
  if (key.size() != table.key_columns) mistaken(table.name.c_str(), "the key has another number of columns");
  if (giving_rows_) mistaken(table.name.c_str(), "a row is looked for while rows are given");
  std::string_view found;
  auto done = select(table.select.get(), key, [&](std::string_view row) -> Result<bool> {
    found = row;
    return true;
  });
  if (!done) return done.error();
  return found;
}

// Reads all rows of the table once that is worth it, if they have room.
Result<> Database::note_selected(Table& table) {
  if (keep_rows_bytes_ == 0 || ++table.selected % 256 != 0) return {};
  std::uint64_t pages = 0;
  auto asked =
      ask("PRAGMA page_count", {}, [&](const Row& row) { pages = static_cast<std::uint64_t>(row.integer(0)); });
  if (!asked) return asked;
  if (table.selected < pages * kSelectedOfPage || pages * kRowsOfPageBytes > keep_rows_bytes_) return {};
  auto done = select(table.select_all.get(), {}, [&](std::string_view row) -> Result<bool> {
    table.rows.learn_if_new(BytesRow(row).first(table.key_columns), row);
    return true;
  });
  if (done) table.whole = true;
  return done;
}

Result<const Row*> Database::find_row(Name name, std::initializer_list<Column> key) {
  // What nearly all of a fold's look-ups come to, without the rest: a row that is known, or known not to be there.
  if (Table* const known = table_at_hand(name);
      known != nullptr && in_transaction_ && !giving_rows_ && key.size() == known->key_columns) {
    key_.clear();
    key_.append(key);
    const TableRows::Entry* const entry = known->rows.find(key_.bytes());
    if (entry != nullptr && entry->row != nullptr) {
      found_.look_at(entry->bytes());
      return &found_;
    }
    if (entry != nullptr || known->whole.value_or(false)) return nullptr;
  }
  auto table = table_of(name);
  if (!table) return table.error();
  auto row = row_with(**table, key);
  if (!row) return row.error();
  if (row->empty()) return nullptr;
  found_.look_at(*row);
  return &found_;
}

Result<> Database::each_alike(Name index, std::initializer_list<Column> first,
                              const std::function<bool(const Row&)>& take) {
  auto found = alike_of(index, first.size());
  if (!found) return found.error();
  Alike& alike = **found;
  if (giving_rows_) mistaken(index.text(), "rows are asked for while rows are given");
  if (!in_transaction_) {
    return give(alike.select.get(), first, [&](const Row& row) -> Result<bool> { return take(row); });
  }
  TableRows& rows = alike.table->rows;
  key_.clear();
  key_.append(first);
  TableRows::Alike* known = &rows.alike(alike.index, key_.bytes());
  if (!known->whole && !alike.table->whole.value_or(false)) {
    auto done = select(alike.select.get(), first, [&](std::string_view row) -> Result<bool> {
      rows.learn_if_new(BytesRow(row).first(alike.table->key_columns), row);
      return true;
    });
    if (done) done = note_selected(*alike.table);
    if (!done) return done;
  }
  known->whole = true;
  giving_rows_ = true;
  for (const TableRows::Entry* entry : known->entries) {
    if (!take(BytesRow(entry->bytes()))) break;
  }
  giving_rows_ = false;
  return {};
}

Result<> Database::each_row(Name name, const std::function<bool(const Row&)>& take) {
  auto found = table_of(name);
  if (!found) return found.error();
  Table& table = **found;
  if (giving_rows_) mistaken(name.text(), "rows are asked for while rows are given");
  giving_rows_ = true;
  auto done = in_transaction_
                  ? give_all(table, take)
                  : give(table.select_all.get(), {}, [&](const Row& row) -> Result<bool> { return take(row); });
  giving_rows_ = false;
  return done;
}

std::optional<Tables::RowsInMemory> Database::rows_in_memory(Name name) {
  auto table = table_of(name);
  if (!table || !in_transaction_ || !(*table)->whole.value_or(false)) return std::nullopt;
  const TableRows& rows = (*table)->rows;
  return RowsInMemory{.count = rows.count(), .each = [&rows](const std::function<bool(const Row&)>& take) {
                        rows.each([&](std::string_view row) { return take(BytesRow(row)); });
                      }};
}

// Within a transaction: what is changed from memory, and the rest as SQLite has it.
Result<> Database::give_all(Table& table, const std::function<bool(const Row&)>& take) {
  bool more = true;
  const auto take_bytes = [&](std::string_view row) { return more = take(BytesRow(row)); };
  if (table.whole.value_or(false)) {
    table.rows.each(take_bytes);
    return {};
  }
  const bool changed = table.rows.changed() > 0;
  auto done = give(table.select_all.get(), {}, [&](const Row& row) -> Result<bool> {
    if (changed) {
      key_.clear();
      append_columns(key_, row, table.select_all.get(), static_cast<int>(table.key_columns));
      const TableRows::Entry* const entry = table.rows.find(key_.bytes());
      if (entry != nullptr && entry->changed) return true;
    }
    return more = take(row);
  });
  if (done && more) table.rows.each_changed(take_bytes);
  return done;
}

// ----------------------------------------------------------------------------------------------------------- changing

void Database::put(Name name, std::initializer_list<Column> row) {
  Table* const to_change = table_to_change(name);
  if (to_change == nullptr) return;
  Table& table = *to_change;
  if (row.size() != table.columns.size()) mistaken(name.text(), "the row has another number of columns");
  row_.clear();
  row_.append(row);
  table.rows.set(BytesRow(row_.bytes()).first(table.key_columns), row_.bytes(), !table.whole.value_or(false));
  ++row_changes_;
}

bool Database::change(Name name, std::initializer_list<Column> key, std::initializer_list<Change> changes) {
  Table* const to_change = table_to_change(name);
  if (to_change == nullptr) return false;
  Table& table = *to_change;
  auto found = entry_with(table, key);
  if (!found || *found == nullptr || (*found)->row == nullptr) return false;
  const BytesRow row((*found)->bytes());
  row_.clear();
  for (std::size_t copied = 0; copied < table.columns.size();) {
    const Change* next = nullptr;  // the first of those that are left
    for (const Change& one : changes) {
      const auto column = static_cast<std::size_t>(one.column);
      if (column < table.key_columns) mistaken(name.text(), "the key of a row is changed");
      if (column >= table.columns.size()) mistaken(name.text(), "a column is changed that the table does not have");
      if (column >= copied && (next == nullptr || one.column < next->column)) next = &one;
    }
    const std::size_t end = next != nullptr ? static_cast<std::size_t>(next->column) : table.columns.size();
    row_.append_bytes(row.bytes(copied, end));
    if (next != nullptr) row_.append(next->value);
    copied = end + 1;
  }
  table.rows.set(**found, row_.bytes());
  ++row_changes_;
  return true;
}

void Database::erase(Name name, std::initializer_list<Column> key) {
  Table* const to_change = table_to_change(name);
  if (to_change == nullptr) return;
  Table& table = *to_change;
  if (key.size() != table.key_columns) mistaken(name.text(), "the key has another number of columns");
  key_.clear();
  key_.append(key);
  table.rows.set(key_.bytes(), {});
  ++row_changes_;
}

std::int64_t Database::changes() const {
  return sqlite3_total_changes64(handle_) - rows_written_ + row_changes_;
}

// ------------------------------------------------------------------------------------------------------------ writing

Result<> Database::meet_rows(const Statement& statement) {
  if (!in_transaction_) return {};
  REDOUBT_CHECK(!giving_rows_);
  for (Table* table : statement.tables) {
    if (auto written = write(*table); !written) return written;
    if (!statement.writes.empty() && module_of_table(table->name) == statement.writes) forget_rows(*table);
  }
  return {};
}

Result<> Database::write_rows() {
  for (const auto& [name, table] : tables_) {
    if (auto written = write(*table); !written) return written;
  }
  return {};
}

Result<> Database::write(Table& table) {
  if (table.rows.changed() == 0) return {};
  Result<> done;
  const std::int64_t before = sqlite3_total_changes64(handle_);
  std::vector<std::pair<std::string, std::string>> indices;  // to be made afterwards, and how
  if (table.blank && table.rows.changed() >= kIndicesAfterRows) {
    done = ask("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL",
               table.name, [&](const Row& row) { indices.emplace_back(row.text(0), row.text(1)); });
  }
  for (const auto& [name, sql] : indices) {
    if (done) done = execute(("DROP INDEX " + sql_name(name)).c_str());
  }
  if (done) done = write_changed(table);
  for (const auto& [name, sql] : indices) {
    if (done) done = execute(sql.c_str());
  }
  table.blank = false;
  rows_written_ += sqlite3_total_changes64(handle_) - before;
  return done;
}

// In the order of their keys.
Result<> Database::write_changed(Table& table) {
  std::vector<const TableRows::Entry*> changed = table.rows.take_changed();
  const auto step = [&](sqlite3_stmt* statement, int code = SQLITE_OK) -> Result<> {
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    Result<> done;
    if (code != SQLITE_DONE) done = keep(error_of(code, "the tables cannot be written"));
    sqlite3_reset(statement);
    return done;
  };
  std::size_t puts = 0;
  for (const TableRows::Entry* const entry : changed) {
    if (entry->row != nullptr) {
      changed[puts++] = entry;
      continue;
    }
    const BytesRow key(entry->key);
    int code = SQLITE_OK;
    for (std::size_t i = 0; i < key.size() && code == SQLITE_OK; ++i) {
      code = bind(table.remove.get(), static_cast<int>(i + 1), key.column(i));
    }
    if (auto removed = step(table.remove.get(), code); !removed) return removed;
  }
  if (puts == 0) return {};
  given_.give(std::span(changed).first(puts));
  auto done = step(table.put.get());
  given_.give({});
  return done;
}

Result<> Database::bound_rows() {
  std::size_t bytes = 0;
  for (const auto& [name, table] : tables_) bytes += table->rows.size_bytes();
  if (bytes <= keep_rows_bytes_) return {};
  auto written = write_rows();
  if (written) forget_rows();
  return written;
}

std::size_t Database::changed_rows() const {
  std::size_t changed = 0;
  for (const auto& [name, table] : tables_) changed += table->rows.changed();
  return changed;
}

Database::WholeRows Database::whole_rows() const {
  WholeRows whole;
  for (const auto& [name, table] : tables_) {
    if (table->module == kOwnModule || !table->whole.value_or(false)) continue;
    whole.emplace(name, Whole{.rows = &table->rows, .key_columns = table->key_columns});
  }
  return whole;
}

void Database::stop_keeping_rows() {
  keep_rows_bytes_ = 0;
  forget_rows();
}

void Database::forget_rows(Table& table) {
  table.rows.clear();
  table.whole.reset();
  table.blank = false;
  table.selected = 0;
}

void Database::forget_rows() {
  for (const auto& [name, table] : tables_) forget_rows(*table);
}

}  // namespace redoubt::state
