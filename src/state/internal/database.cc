#include "state/internal/database.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/file.h"
#include "state/internal/schema_names.h"

namespace redoubt::state {

namespace {

// Functions of SQL whose result depends on their arguments alone, and which the fold may call therefore. Added to when
// one is needed; none that knows the time, randomness or the connection.
constexpr std::array<std::string_view, 17> kFunctions{
    "abs",  "coalesce", "count", "glob", "hex",    "ifnull", "iif", "instr", "length",
    "like", "lower",    "max",   "min",  "nullif", "substr", "sum", "upper",
};

class StatementRow final : public Row {
 public:
  explicit StatementRow(sqlite3_stmt* statement) : statement_(statement) {}
  bool is_null(int column) const override { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::int64_t integer(int column) const override { return sqlite3_column_int64(statement_, column); }
  std::string_view text(int column) const override { return as_chars(blob_of(column)); }
  ByteView blob(int column) const override { return blob_of(column); }

 private:
  // Text is in UTF-8 already, so that reading it as bytes converts nothing.
  ByteView blob_of(int column) const {
    const void* data = sqlite3_column_blob(statement_, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    return data != nullptr ? ByteView(static_cast<const std::byte*>(data), size) : ByteView();
  }

  sqlite3_stmt* statement_;
};

// Ready for the next use, holding nothing of this one.
class Used {
 public:
  explicit Used(sqlite3_stmt* statement) : statement_(statement) {}
  ~Used() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Used(const Used&) = delete;
  Used& operator=(const Used&) = delete;

 private:
  sqlite3_stmt* statement_;
};

void set_up_sqlite() {
  [[maybe_unused]] static const bool done = [] {
    // To count what it allocates takes a lock each time, and nobody asks. Refused when SQLite was used before: no harm.
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    // A folder may be named by a descriptor of it, `/proc/self/fd/5/state.db`, because the way to it is closed to this
    // user. SQLite would resolve that link, and then not get there: to it, links are what they lead to.
    sqlite3_vfs* const files = sqlite3_vfs_find(nullptr);
    REDOUBT_CHECK(files != nullptr && files->iVersion >= 3);
    return files->xSetSystemCall(files, "lstat", reinterpret_cast<sqlite3_syscall_ptr>(&::stat)) == SQLITE_OK;
  }();
}

}  // namespace

// ---------------------------------------------------------------------------------------------------------- opening

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Use use) {
  // SQLite would make the file readable for everyone.
  if (path != ":memory:" && use != Use::kReadOnly) {
    PosixFileSystem files;
    if (auto made = files.open(path, OpenMode::kCreateReadWrite); !made) return made.error();
  }
  set_up_sqlite();
  sqlite3* handle = nullptr;
  const int flags = (use == Use::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                    (path == ":memory:" ? SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY : 0) | SQLITE_OPEN_NOMUTEX |
                    SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Database> database(new Database(handle));
  if (code != SQLITE_OK) {
    if (handle != nullptr && sqlite3_system_errno(handle) == ENOENT) {
      return Error(Errc::kNotFound, "there is no database at `" + path + "`");
    }
    return database->error_of(code, "the tables cannot be opened");
  }
  if (auto done = database->configure(use); !done) return done.error();
  return database;
}

Result<> Database::configure(Use use) {
  // Nothing in the file may run code of its own, or call what is not in it.
  for (const auto& [option, on] : std::initializer_list<std::pair<int, int>>{
           {SQLITE_DBCONFIG_DEFENSIVE, 1},
           {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
           {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
           {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
           {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
           {SQLITE_DBCONFIG_DQS_DDL, 0},
           {SQLITE_DBCONFIG_DQS_DML, 0},
       }) {
    REDOUBT_CHECK(sqlite3_db_config(handle_, option, on, nullptr) == SQLITE_OK);
  }
  sqlite3_busy_timeout(handle_, 1000);
  // Deleted content is overwritten: values that are erased must not stay behind in free pages. Memory mapping is off:
  // a file cut short would be a signal rather than an error.
  if (auto done = execute("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = OFF;"
                          "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;"
                          "PRAGMA cache_size = -65536;");
      !done) {
    return done;
  }
  switch (use) {
    case Use::kLive:
      // NORMAL: a power cut may lose the last transactions, never part of one. The ledger has what they held.
      if (auto done = execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                              "PRAGMA journal_size_limit = 67108864;");
          !done) {
        return done;
      }
      break;
    case Use::kScratch:
      // Rows whose order was not asked for come the other way round than in live tables: a fold that depends on it, and
      // so is none, is found by the first comparison.
      if (auto done = execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
                              "PRAGMA cache_size = -524288; PRAGMA reverse_unordered_selects = ON;");
          !done) {
        return done;
      }
      break;
    case Use::kReadOnly:
      if (auto done = execute("PRAGMA query_only = ON;"); !done) return done;
      break;
  }
  REDOUBT_CHECK(given_.attach(handle_) == SQLITE_OK);
  REDOUBT_CHECK(sqlite3_set_authorizer(handle_, &Database::authorize, this) == SQLITE_OK);
  // The first look at the file: none of the above reads it.
  return execute("SELECT count(*) FROM sqlite_schema;");
}

Database::~Database() {
  close_leaving_rows();
}

void Database::close_leaving_rows() {
  statements_.clear();
  inserts_.clear();
  alike_.clear();
  for (const auto& [name, table] : tables_) {
    for (StatementHandle* statement : {&table->select, &table->select_all, &table->put, &table->remove}) {
      statement->reset();
    }
  }
  sqlite3_close(std::exchange(handle_, nullptr));
}

// -------------------------------------------------------------------------------------------------------- statements

void Database::mistaken(const char* text, std::string_view why) {
  check_failed((std::string(why) + ", in: " + text).c_str(), __FILE__, __LINE__);
}

int Database::authorize(void* self, int action, const char* first, const char* second, const char* /*database*/,
                        const char* trigger) {
  auto& database = *static_cast<Database*>(self);
  Statement* const preparing = database.preparing_;
  if (preparing == nullptr) return SQLITE_OK;
  const auto deny = [&](std::string why) {
    database.denied_ = std::move(why);
    return SQLITE_DENY;
  };
  if (action == SQLITE_READ || action == SQLITE_INSERT || action == SQLITE_UPDATE || action == SQLITE_DELETE) {
    Table& table = database.table_named(first);
    auto& tables = preparing->tables;
    if (std::find(tables.begin(), tables.end(), &table) == tables.end()) tables.push_back(&table);
  }
  // What reads may do so for a WITH clause, which SQLite names as it does a view.
  if (action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_RECURSIVE) return SQLITE_OK;
  if (trigger != nullptr) return deny("a trigger or view is used");
  switch (action) {
    case SQLITE_FUNCTION:
      if (std::find(kFunctions.begin(), kFunctions.end(), std::string_view(second)) != kFunctions.end())
        return SQLITE_OK;
      return deny("the function `" + std::string(second) + "` is not one of those that the fold may call");
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE: {
      const std::string_view module = module_of_table(first);
      if (!preparing->writes.empty() && preparing->writes != module) return deny("it writes tables of two modules");
      preparing->writes = module;
      return SQLITE_OK;
    }
    default:
      return deny("it does something else than reading and writing rows");
  }
}

int Database::bind(sqlite3_stmt* statement, int place, const Column& column) {
  // Static: what is bound outlives the call, and is unbound at its end. A view without an address is not null.
  if (const auto* number = std::get_if<std::int64_t>(&column.held())) {
    return sqlite3_bind_int64(statement, place, *number);
  }
  if (const auto* text = std::get_if<std::string_view>(&column.held())) {
    return sqlite3_bind_text64(statement, place, text->data() != nullptr ? text->data() : "", text->size(),
                               SQLITE_STATIC, SQLITE_UTF8);
  }
  if (const auto* bytes = std::get_if<ByteView>(&column.held())) {
    return bytes->empty() ? sqlite3_bind_zeroblob(statement, place, 0)
                          : sqlite3_bind_blob64(statement, place, bytes->data(), bytes->size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(statement, place);
}

Result<Database::Statement*> Database::statement(Sql sql) {
  Statement& statement = statements_[sql.text()];
  if (!statement.handle) {
    sqlite3_stmt* handle = nullptr;
    const char* rest = nullptr;
    denied_.clear();
    preparing_ = &statement;
    const int code = sqlite3_prepare_v3(handle_, sql.text(), -1, SQLITE_PREPARE_PERSISTENT, &handle, &rest);
    preparing_ = nullptr;
    const int primary = code & 0xff;
    // What is denied is SQLITE_AUTH, but SQLITE_ERROR for a function.
    if (!denied_.empty()) mistaken(sql.text(), denied_);
    if (primary == SQLITE_ERROR || primary == SQLITE_AUTH) mistaken(sql.text(), sqlite3_errmsg(handle_));
    if (code != SQLITE_OK) return keep(error_of(code, "the tables cannot be read"));
    if (handle == nullptr || *rest != '\0') mistaken(sql.text(), "it is not one statement");
    statement.handle.reset(handle);
  }
  if (statement.busy) mistaken(sql.text(), "the statement is used while it runs");
  if (!statement.writes.empty() && statement.writes != writer_) {
    mistaken(sql.text(), writer_.empty()
                             ? std::string("tables are written outside of a fold")
                             : "`" + std::string(writer_) + "` writes tables of `" + statement.writes + "`");
  }
  return &statement;
}

Result<> Database::run(Sql sql, std::initializer_list<Column> values) {
  return each(sql, values, [](const Row&) { return true; });
}

Result<> Database::each(Sql sql, std::initializer_list<Column> values, const std::function<bool(const Row&)>& take) {
  auto found = statement(sql);
  if (!found) return found.error();
  Statement& statement = **found;
  sqlite3_stmt* const handle = statement.handle.get();
  if (static_cast<std::size_t>(sqlite3_bind_parameter_count(handle)) != values.size()) {
    mistaken(sql.text(), "the number of values is another");
  }
  if (auto met = meet_rows(statement); !met) return met;
  const Used used(handle);
  int place = 0;
  for (const Column& value : values) {
    if (const int code = bind(handle, ++place, value); code != SQLITE_OK) {
      return keep(error_of(code, "a value cannot be stored"));
    }
  }
  const StatementRow row(handle);
  for (;;) {
    const int code = sqlite3_step(handle);
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) {
      if ((code & 0xff) == SQLITE_ERROR || (code & 0xff) == SQLITE_MISUSE)
        mistaken(sql.text(), sqlite3_errmsg(handle_));
      return keep(
          error_of(code, statement.writes.empty() ? "the tables cannot be read" : "the tables cannot be written"));
    }
    statement.busy = true;
    const bool go_on = take(row);
    statement.busy = false;
    if (!go_on) return {};
  }
}

Result<Database::StatementHandle> Database::prepare(const std::string& sql) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v2(handle_, sql.c_str(), -1, &handle, nullptr);
  StatementHandle statement(handle);
  if (code != SQLITE_OK) return keep(error_of(code, "the tables cannot be read"));
  return statement;
}

Result<> Database::step_all(sqlite3_stmt* statement, const std::function<Result<bool>(const Row&)>& take) {
  const StatementRow row(statement);
  for (;;) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return keep(error_of(code, "the tables cannot be read"));
    auto go_on = take(row);
    if (!go_on) return go_on.error();
    if (!*go_on) return {};
  }
}

Result<> Database::execute(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return keep(error_of(code, "the tables cannot be used"));
  return {};
}

Result<> Database::script(std::string_view sql) {
  for (const auto& [name, table] : tables_) {
    forget_rows(*table);
    table->columns.clear();
  }
  alike_.clear();
  return execute(std::string(sql).c_str());
}

// ------------------------------------------------------------------------------------------------------ transactions

Result<> Database::begin() {
  REDOUBT_CHECK(!in_transaction_);
  failed_.reset();
  if (auto begun = execute("BEGIN IMMEDIATE"); !begun) return begun;
  in_transaction_ = true;
  return {};
}

Result<> Database::commit() {
  auto done = commit_leaving_rows();
  if (!done) {
    roll_back();
  } else if (keep_rows_bytes_ == 0) {
    forget_rows();
  }
  return done;
}

Result<> Database::commit_leaving_rows() {
  REDOUBT_CHECK(in_transaction_);
  if (!failed_) (void)write_rows();
  if (!failed_) (void)execute("COMMIT");
  if (failed_) return *failed_;
  in_transaction_ = false;
  return {};
}

void Database::roll_back() {
  REDOUBT_CHECK(in_transaction_);
  in_transaction_ = false;
  forget_rows();
  // SQLite may have rolled back by itself, after a full disk for example.
  if (sqlite3_get_autocommit(handle_) == 0) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

Database::Writing::Writing(Database& database, std::string_view module) : database_(database) {
  REDOUBT_CHECK(database.in_transaction_ && database.writer_.empty());
  database.writer_ = module;
}

// ------------------------------------------------------------------------------------------------------------ errors

Error Database::error_of(int code, std::string_view what) {
  const Errc kind = [&] {
    switch (code & 0xff) {
      case SQLITE_FULL:
        return Errc::kResourceExhausted;
      case SQLITE_CORRUPT:
      case SQLITE_NOTADB:
      // The tables contradict what is folded into them; their constraints hold for what facts alone made.
      case SQLITE_CONSTRAINT:
      case SQLITE_MISMATCH:
      // Of SQL over names from the schema: the schema is damaged.
      case SQLITE_ERROR:
        return Errc::kCorrupt;
      case SQLITE_TOOBIG:
        return Errc::kTooLarge;
      default:
        return Errc::kIo;
    }
  }();
  return {kind, std::string(what) + ": " + (handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code))};
}

Error Database::keep(Error error) {
  fail(error);
  return error;
}

void Database::fail(Error error) {
  if (!failed_) failed_ = std::move(error);
}

}  // namespace redoubt::state
