// One SQLite database: a connection, its statements, its transactions. The engine's side of Tables.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "state/tables.h"

namespace redoubt::state {

class Database final : public Tables {
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using StatementHandle = std::unique_ptr<sqlite3_stmt, Finalize>;

 public:
  static constexpr std::uint64_t kPageSize = 4096;

  enum class Use : std::uint8_t {
    kLive,      // made when it is not there; WAL, so that others can read beside it
    kScratch,   // made anew in place of what is there; no journal: after a crash or an error it is to be thrown away
    kReadOnly,  // kNotFound when it is not there
  };

  // `path`, or `:memory:`. kCorrupt when it is not a database.
  static Result<std::unique_ptr<Database>> open(const std::string& path, Use use);
  ~Database() override;

  Result<> run(Sql sql, std::initializer_list<Column> values) override;
  Result<> each(Sql sql, std::initializer_list<Column> values, const std::function<bool(const Row&)>& take) override;

  // ---- transactions. begin() forgets errors that were kept; commit() fails with the one kept since, and has then
  // rolled back, as after an error of its own.
  Result<> begin();
  Result<> commit();
  void roll_back();
  // The first error since begin().
  const std::optional<Error>& failed() const { return failed_; }
  // Keeps an error that did not come from a statement.
  void fail(Error error);

  // Statements may write this module's tables while this lives. Not nested.
  class Writing {
   public:
    Writing(Database& database, std::string_view module);
    ~Writing() { database_.writer_ = {}; }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;

   private:
    Database& database_;
  };

  // Rows changed since the database was opened, those of transactions rolled back included.
  std::int64_t total_changes() const;

  // ---- the whole of it

  // Runs a script of the source as it is, without the rules for statements.
  Result<> script(std::string_view sql);
  // `quick` leaves out whether indices have what their tables have. kCorrupt, with SQLite's first words.
  Result<> check_integrity(bool quick);
  // Everything in the schema, in a canonical order: type, name, table, SQL.
  Result<std::vector<std::string>> schema();
  // Names of the tables, sorted.
  Result<std::vector<std::string>> tables();
  // The name of a table that is not STRICT and WITHOUT ROWID; empty when all are.
  Result<std::string> table_without_rule();
  Result<std::vector<std::string>> columns(const std::string& table);
  // A row as it is, to be put into another database.
  using Cells = std::vector<Column>;
  // The rows of a table in order of its key, one after the other. Ends before its database, and before a change of it.
  class Cursor {
   public:
    // Null after the last. Valid until the next call.
    Result<const Cells*> next();

   private:
    friend class Database;
    Database* database_ = nullptr;
    StatementHandle statement_;
    Cells cells_;
  };
  Result<Cursor> rows(const std::string& table);
  Result<> insert_row(const std::string& table, const Cells& cells);
  // From here on everything is read as it is now, whatever others write.
  Result<> begin_reading();
  // Moves everything from the write-ahead log into the database, and empties the log.
  Result<> settle();
  // At most this many pages. For tests of a full disk.
  void limit_pages(std::int64_t pages);
  // Writes all rows, as of now, into a new database at `path`, which must be empty or not there.
  Result<> write_compact(const std::string& path);
  // Copies all, as of now, page by page, into a new database at `path`.
  Result<> copy_to(const std::string& path);

 private:
  struct Statement {
    StatementHandle handle;
    std::string writes;  // the module whose tables it writes
    bool busy = false;
  };

  explicit Database(sqlite3* handle) : handle_(handle) {}
  Result<> configure(Use use);
  Result<> execute(const char* sql);
  Result<Statement*> statement(Sql sql);
  // Not cached, and without the rules for statements: for SQL over names taken from the schema.
  Result<StatementHandle> prepare(const std::string& sql);
  static int bind(sqlite3_stmt* statement, int place, const Column& column);
  Result<> step_all(sqlite3_stmt* statement, const std::function<Result<bool>(const Row&)>& take);
  Error error_of(int code, std::string_view what);
  Error keep(Error error);
  static int authorize(void* self, int action, const char* first, const char* second, const char* database,
                       const char* trigger);

  sqlite3* handle_;
  std::unordered_map<const char*, Statement> statements_;  // by the literal: the program has only so many
  std::unordered_map<std::string, StatementHandle> inserts_;
  std::string writer_;              // see Writing
  Statement* preparing_ = nullptr;  // the authorizer's rules hold while it is set
  std::string denied_;              // what it refused
  std::optional<Error> failed_;
  bool in_transaction_ = false;
};

}  // namespace redoubt::state
