// What concerns the whole database: its schema, its integrity, its digests, its copies. Names of tables and columns are
// put into SQL here; they come from the schema, which is the source's own (schema.h compares it), and are quoted.
#include <algorithm>

#include "base/check.h"
#include "base/file.h"
#include "state/internal/database.h"
#include "state/internal/schema_names.h"

namespace redoubt::state {

Result<> Database::check_integrity(bool quick) {
  auto statement = prepare(quick ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)");
  if (!statement) return statement.error();
  std::string said;
  if (auto done = step_all(statement->get(),
                           [&](const Row& row) -> Result<bool> {
                             said += row.text(0);
                             return true;
                           });
      !done) {
    return done;
  }
  if (said != "ok") return Error(Errc::kCorrupt, "the tables are damaged: " + said.substr(0, said.find('\n')));
  return {};
}

Result<std::vector<std::string>> Database::schema() {
  auto statement = prepare("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name");
  if (!statement) return statement.error();
  std::vector<std::string> lines;
  auto done = step_all(statement->get(), [&](const Row& row) -> Result<bool> {
    std::string line;
    for (int i = 0; i < 4; ++i) line.append(row.text(i)).append(1, '\n');
    lines.push_back(std::move(line));
    return true;
  });
  if (!done) return done.error();
  return lines;
}

Result<std::vector<std::string>> Database::tables() {
  auto statement = prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
  if (!statement) return statement.error();
  std::vector<std::string> names;
  auto done = step_all(statement->get(), [&](const Row& row) -> Result<bool> {
    names.emplace_back(row.text(0));
    return true;
  });
  if (!done) return done.error();
  return names;
}

Result<std::string> Database::table_without_rule() {
  auto statement = prepare(
      "SELECT t.name FROM pragma_table_list AS t WHERE t.schema = 'main' AND t.type = 'table' AND "
      "t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND (NOT (t.wr AND t.strict) OR EXISTS("
      "SELECT 1 FROM pragma_table_info(t.name) WHERE type NOT IN ('INTEGER', 'TEXT', 'BLOB'))) LIMIT 1");
  if (!statement) return statement.error();
  std::string name;
  auto done = step_all(statement->get(), [&](const Row& row) -> Result<bool> {
    name = row.text(0);
    return true;
  });
  if (!done) return done.error();
  return name;
}

Result<std::vector<std::string>> Database::columns(const std::string& table) {
  auto statement = prepare("SELECT name FROM pragma_table_info(?1) ORDER BY cid");
  if (!statement) return statement.error();
  sqlite3_bind_text64(statement->get(), 1, table.data(), table.size(), SQLITE_STATIC, SQLITE_UTF8);
  std::vector<std::string> names;
  auto done = step_all(statement->get(), [&](const Row& row) -> Result<bool> {
    names.emplace_back(row.text(0));
    return true;
  });
  if (!done) return done.error();
  return names;
}

Result<Database::Cursor> Database::rows(const std::string& table) {
  auto keys = prepare("SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk");
  if (!keys) return keys.error();
  sqlite3_bind_text64(keys->get(), 1, table.data(), table.size(), SQLITE_STATIC, SQLITE_UTF8);
  std::vector<std::string> key;
  if (auto done = step_all(keys->get(),
                           [&](const Row& row) -> Result<bool> {
                             key.emplace_back(row.text(0));
                             return true;
                           });
      !done) {
    return done.error();
  }
  if (key.empty()) return Error(Errc::kCorrupt, "the tables are damaged: `" + table + "` has no key");
  auto statement = prepare("SELECT * FROM " + sql_name(table) + " ORDER BY " + sql_names(key));
  if (!statement) return statement.error();
  Cursor cursor;
  cursor.database_ = this;
  cursor.statement_ = *std::move(statement);
  return cursor;
}

Result<const Database::Cells*> Database::Cursor::next() {
  sqlite3_stmt* const handle = statement_.get();
  const int code = sqlite3_step(handle);
  if (code == SQLITE_DONE) return nullptr;
  if (code != SQLITE_ROW) return database_->keep(database_->error_of(code, "the tables cannot be read"));
  cells_.clear();
  const int count = sqlite3_column_count(handle);
  for (int i = 0; i < count; ++i) {
    const auto bytes = [&] {
      const void* data = sqlite3_column_blob(handle, i);
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle, i));
      return size > 0 ? ByteView(static_cast<const std::byte*>(data), size) : ByteView();
    };
    switch (sqlite3_column_type(handle, i)) {
      case SQLITE_NULL:
        cells_.emplace_back(std::nullopt);
        break;
      case SQLITE_INTEGER:
        cells_.emplace_back(sqlite3_column_int64(handle, i));
        break;
      case SQLITE_TEXT:
        cells_.emplace_back(as_chars(bytes()));
        break;
      default:
        cells_.emplace_back(bytes());
    }
  }
  return &cells_;
}

Result<> Database::begin_reading() {
  if (auto begun = execute("BEGIN"); !begun) return begun;
  // The moment is that of the first look.
  return execute("SELECT count(*) FROM sqlite_schema");
}

Result<> Database::insert_row(const std::string& table, const Cells& cells) {
  if (const auto known = tables_.find(table); known != tables_.end()) forget_rows(*known->second);
  StatementHandle& insert = inserts_[table];
  if (!insert) {
    auto names = columns(table);
    if (!names) return names.error();
    if (names->empty()) return keep(Error(Errc::kNotFound, "there is no table `" + table + "`"));
    std::string places;
    for (std::size_t i = 1; i <= names->size(); ++i) places += (i == 1 ? "?" : ", ?") + std::to_string(i);
    auto made = prepare("INSERT INTO " + sql_name(table) + "(" + sql_names(*names) + ") VALUES(" + places + ")");
    if (!made) return made.error();
    insert = *std::move(made);
  }
  if (static_cast<std::size_t>(sqlite3_bind_parameter_count(insert.get())) != cells.size()) {
    return keep(Error(Errc::kMalformed, "a row of `" + table + "` has another number of columns"));
  }
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (const int code = bind(insert.get(), static_cast<int>(i + 1), cells[i]); code != SQLITE_OK) {
      return keep(error_of(code, "a value cannot be stored"));
    }
  }
  auto done = step_all(insert.get(), [](const Row&) -> Result<bool> { return true; });
  sqlite3_reset(insert.get());
  sqlite3_clear_bindings(insert.get());
  return done;
}

Result<> Database::settle() {
  return execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

Result<> Database::checkpoint() {
  return execute("PRAGMA wal_checkpoint(PASSIVE)");
}

void Database::limit_pages(std::int64_t pages) {
  REDOUBT_CHECK(execute(("PRAGMA max_page_count = " + std::to_string(pages)).c_str()).has_value());
}

Result<> Database::write_compact(const std::string& path) {
  // Made here, for SQLite would make the file readable for everyone.
  PosixFileSystem files;
  if (auto made = files.open(path, OpenMode::kCreateReadWrite); !made) return made.error();
  auto statement = prepare("VACUUM INTO ?1");
  if (!statement) return statement.error();
  sqlite3_bind_text64(statement->get(), 1, path.data(), path.size(), SQLITE_STATIC, SQLITE_UTF8);
  return step_all(statement->get(), [](const Row&) -> Result<bool> { return true; });
}

Result<> Database::copy_to(const std::string& path) {
  auto target = open(path, Use::kScratch);
  if (!target) return target.error();
  sqlite3_backup* const backup = sqlite3_backup_init((*target)->handle_, "main", handle_, "main");
  if (backup == nullptr) return (*target)->error_of(SQLITE_ERROR, "the tables cannot be copied");
  int code = SQLITE_OK;
  do code = sqlite3_backup_step(backup, 4096);
  while (code == SQLITE_OK);
  sqlite3_backup_finish(backup);
  if (code != SQLITE_DONE) return (*target)->error_of(code, "the tables cannot be copied");
  return {};
}

}  // namespace redoubt::state
