// One SQLite database: a connection, its statements, its transactions. The engine's side of Tables.
#pragma once

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "state/internal/row_module.h"
#include "state/internal/table_rows.h"
#include "state/tables.h"

namespace redoubt::state {

class Database final : public Tables {
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using StatementHandle = std::unique_ptr<sqlite3_stmt, Finalize>;

 public:
  static constexpr std::uint64_t kPageSize = 4096;
  static constexpr int kLogPages = 1000;  // from so many on, a commit empties the log

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

  Result<const Row*> find_row(Name table, std::initializer_list<Column> key) override;
  Result<> each_alike(Name index, std::initializer_list<Column> first,
                      const std::function<bool(const Row&)>& take) override;
  Result<> each_row(Name table, const std::function<bool(const Row&)>& take) override;
  std::optional<RowsInMemory> rows_in_memory(Name table) override;
  void put(Name table, std::initializer_list<Column> row) override;
  bool change(Name table, std::initializer_list<Column> key, std::initializer_list<Change> changes) override;
  void erase(Name table, std::initializer_list<Column> key) override;

  // ---- transactions. begin() forgets errors that were kept; commit() fails with the one kept since, and has then
  // rolled back, as after an error of its own.
  Result<> begin();
  Result<> commit();
  // The same, but rows in memory stay as they are, and after an error there is no end yet: on whatever thread, while
  // another one reads rows (WholeRows).
  Result<> commit_leaving_rows();
  void roll_back();
  bool in_transaction() const { return in_transaction_; }
  // The first error since begin().
  const std::optional<Error>& failed() const { return failed_; }
  // Keeps an error that did not come from a statement.
  void fail(Error error);

  // Statements may write this module's tables while this lives, and the view's text does. Not nested.
  class Writing {
   public:
    Writing(Database& database, std::string_view module);
    ~Writing() { database_.writer_ = {}; }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;

   private:
    Database& database_;
  };

  // Grows whenever a row is changed, also when that is rolled back.
  std::int64_t changes() const;

  // ---- rows in memory: written before each commit, and forgotten after it and when it is rolled back

  // Writes those that were changed now, so that what is wrong with them shows.
  Result<> write_rows();
  // While this lives, and as long as they take less than so many bytes, rows stay from one transaction to the next.
  // Nobody else writes to the database meanwhile.
  class KeepRows {
   public:
    KeepRows(Database& database, std::size_t max_bytes) : database_(database) {
      database_.keep_rows_bytes_ = max_bytes;
    }
    ~KeepRows() {
      if (!left_) database_.stop_keeping_rows();
    }
    // They stay until stop_keeping_rows().
    void leave() { left_ = true; }
    KeepRows(const KeepRows&) = delete;
    KeepRows& operator=(const KeepRows&) = delete;

   private:
    Database& database_;
    bool left_ = false;
  };
  void stop_keeping_rows();
  // Writes and forgets them when they take more than that: within a transaction that changes many.
  Result<> bound_rows();
  // How many are to be written.
  std::size_t changed_rows() const;
  // Tables of modules whose rows are all in memory, by name: valid until rows are set, learnt or forgotten. Those of
  // the engine's own are left out, for store() changes them by statements.
  struct Whole {
    TableRows* rows = nullptr;
    std::size_t key_columns = 0;
  };
  using WholeRows = std::map<std::string, Whole, std::less<>>;
  WholeRows whole_rows() const;
  // Ends the connection, and all that it is used for. Rows in memory stay.
  void close_leaving_rows();

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
  // While this lives, commits leave in the log what they wrote, however much that is: for checkpoint().
  class LeaveInLog {
   public:
    explicit LeaveInLog(Database& database) : database_(database) { sqlite3_wal_autocheckpoint(database.handle_, 0); }
    ~LeaveInLog() { sqlite3_wal_autocheckpoint(database_.handle_, kLogPages); }
    LeaveInLog(const LeaveInLog&) = delete;
    LeaveInLog& operator=(const LeaveInLog&) = delete;

   private:
    Database& database_;
  };
  // Moves what is in the log into the database as far as nobody else hinders it, and waits for nobody.
  Result<> checkpoint();
  // At most this many pages. For tests of a full disk.
  void limit_pages(std::int64_t pages);
  // Writes all rows, as of now, into a new database at `path`, which must be empty or not there.
  Result<> write_compact(const std::string& path);
  // Copies all, as of now, page by page, into a new database at `path`.
  Result<> copy_to(const std::string& path);

 private:
  struct Table {
    std::string name;
    std::string_view module;
    std::vector<std::string> columns;  // empty: not looked up yet
    std::size_t key_columns = 0;
    StatementHandle select;
    StatementHandle select_all;
    StatementHandle put;  // what given_ has
    StatementHandle remove;
    TableRows rows;
    // Of a database whose rows are kept, once that was looked up: `rows` are all there are; none is in the database.
    std::optional<bool> whole;
    bool blank = false;
    std::uint64_t selected = 0;  // rows of it, one by one
  };
  struct Statement {
    StatementHandle handle;
    std::string writes;  // the module whose tables it writes
    std::vector<Table*> tables;
    bool busy = false;
  };
  // Of an index, or of a table's key: so many columns of it.
  struct Alike {
    Table* table = nullptr;
    std::size_t index = 0;
    StatementHandle select;
  };

  explicit Database(sqlite3* handle) : handle_(handle) {}
  Result<> configure(Use use);
  Result<> execute(const char* sql);
  Result<Statement*> statement(Sql sql);
  // The statement and rows in memory see each other's changes.
  Result<> meet_rows(const Statement& statement);
  // Not cached, and without the rules for statements: for SQL over names taken from the schema.
  Result<StatementHandle> prepare(const std::string& sql);
  static int bind(sqlite3_stmt* statement, int place, const Column& column);
  Result<> step_all(sqlite3_stmt* statement, const std::function<Result<bool>(const Row&)>& take);
  // A mistake of the source stops the program, and says where it is.
  [[noreturn]] static void mistaken(const char* text, std::string_view why);
  Table& table_named(std::string_view name);
  using AtHand = std::pair<const char*, Table*>;
  AtHand& at_hand(Name name) {
    const auto address = reinterpret_cast<std::uintptr_t>(name.text());
    return tables_at_hand_[(address ^ address >> 6) % tables_at_hand_.size()];
  }
  // Null when table_of() has to find it out.
  Table* table_at_hand(Name name) {
    const auto& [literal, table] = at_hand(name);
    return literal == name.text() && is_looked_up(*table) ? table : nullptr;
  }
  Result<Table*> table_of(Name name);
  Table* table_to_change(Name name);
  Result<> look_up(Table& table);
  Result<bool> is_empty(const std::string& table);  // in the database
  Result<> learn_columns(Table& table);
  Result<> prepare_statements(Table& table, std::span<const std::string> columns);
  // Whether what look_up() finds is known.
  bool is_looked_up(const Table& table) const {
    return !table.columns.empty() && (keep_rows_bytes_ == 0 || table.whole.has_value());
  }
  Result<Alike*> alike_of(Name name, std::size_t count);
  Result<> learn_alike(Name name, std::size_t count, Alike& alike);
  Result<> ask(const std::string& sql, std::string_view value, const std::function<void(const Row&)>& take);
  Result<> give(sqlite3_stmt* statement, std::initializer_list<Column> values,
                const std::function<Result<bool>(const Row& row)>& take);
  Result<> select(sqlite3_stmt* statement, std::initializer_list<Column> values,
                  const std::function<Result<bool>(std::string_view row)>& take);
  Result<TableRows::Entry*> entry_with(Table& table, std::initializer_list<Column> key);
  Result<std::string_view> row_with(Table& table, std::initializer_list<Column> key);
  Result<> give_all(Table& table, const std::function<bool(const Row&)>& take);
  Result<> note_selected(Table& table);
  Result<> write(Table& table);
  Result<> write_changed(Table& table);
  void forget_rows(Table& table);
  void forget_rows();
  Error error_of(int code, std::string_view what);
  Error keep(Error error);
  static int authorize(void* self, int action, const char* first, const char* second, const char* database,
                       const char* trigger);

  sqlite3* handle_;
  RowModule given_;
  std::unordered_map<const char*, Statement> statements_;  // by the literal: the program has only so many
  std::unordered_map<std::string, StatementHandle> inserts_;
  std::map<std::string, std::unique_ptr<Table>, std::less<>> tables_;  // that were named in this program
  std::unordered_map<const char*, Table*> tables_by_literal_;
  std::array<AtHand, 64> tables_at_hand_{};                     // of those, by a part of the literal's address
  std::map<std::pair<const char*, std::size_t>, Alike> alike_;  // by the literal and the number of columns
  std::size_t keep_rows_bytes_ = 0;
  std::int64_t row_changes_ = 0;
  std::int64_t rows_written_ = 0;   // of sqlite3_total_changes64(), by write()
  bool giving_rows_ = false;        // each_alike() is
  RowWriter key_;                   // scratch space
  RowWriter row_;                   // scratch space
  RowWriter selected_;              // scratch space: the row that select() found last
  BytesRow found_;                  // what find_row() gave
  std::string_view writer_;         // see Writing
  Statement* preparing_ = nullptr;  // the authorizer's rules hold while it is set
  std::string denied_;              // what it refused
  std::optional<Error> failed_;
  bool in_transaction_ = false;
};

}  // namespace redoubt::state
