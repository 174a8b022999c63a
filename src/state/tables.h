// The tables of the state: one SQLite database, written by folding facts and by nothing else.
//
// SQL is a literal of the source and values are bound: a statement cannot be put together at run time, because Sql's
// constructor runs in the compiler only.
//
//   tables.run("INSERT INTO identity_keys(id, principal) VALUES(?1, ?2)", {id, principal});
//   tables.each("SELECT id, version FROM identity_keys WHERE principal = ?1 ORDER BY id", {principal},
//               [&](const Row& row) { … return true; });
//   std::optional<std::int64_t> version = tables.integer("SELECT version FROM identity_keys WHERE id = ?1", {id});
//
// What most folds do, to find a row by its key and to change one, takes a tenth of the time without SQL:
//
//   const Row* key = tables.find("identity_keys", {id});                  // null: there is no such row
//   tables.put("identity_keys", {id, principal, …});                      // the whole row
//   tables.change("identity_keys", {id}, {{kKeyRevoked, 1}});             // some columns of it
//   tables.each_alike("identity_keys_by_principal", {principal, 0}, …);   // those alike in columns of an index
//   tables.each_row("identity_keys", …);                                  // all
//
// The rows that these touch are kept in memory within a transaction, and written in the order of their keys at its end,
// or before a statement looks at their table. So both see all that was changed before, in whichever way.
//
// What cannot be done by mistake: to write outside of a fold, or into the tables of another module; to call a function
// of SQL that is not a function of its arguments (`random()`, `datetime('now')`…). Each stops the program when the
// statement is first used. Rows come in any order that is not asked for.
//
// One thread. `sqlite3*` stays in src/state/internal.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::state {

// One statement. A statement is prepared once and kept for as long as the tables are open.
class Sql {
 public:
  consteval Sql(const char* text) : text_(text) {}  // NOLINT(google-explicit-constructor)
  const char* text() const { return text_; }

 private:
  const char* text_;
};

// The name of a table or of an index.
class Name {
 public:
  consteval Name(const char* text) : text_(text) {}  // NOLINT(google-explicit-constructor)
  const char* text() const { return text_; }

 private:
  const char* text_;
};

// What is bound: nothing (NULL), an integer, text or bytes. Refers to text and bytes; for the call only.
//
// SQLite's integers have a sign. An unsigned number from 2^63 on is bound as the negative one of the same bits, and
// casting back gives it again; only its order is lost.
class Column {
 public:
  using Held = std::variant<std::monostate, std::int64_t, std::string_view, ByteView>;

  Column(std::nullopt_t) {}  // NOLINT(google-explicit-constructor)
  Column(std::monostate) {}  // NOLINT(google-explicit-constructor)
  template <std::integral T>
  Column(T number) : held_(static_cast<std::int64_t>(number)) {}      // NOLINT(google-explicit-constructor)
  Column(std::string_view text) : held_(text) {}                      // NOLINT(google-explicit-constructor)
  Column(const std::string& text) : held_(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
  Column(const char* text) : held_(std::string_view(text)) {}         // NOLINT(google-explicit-constructor)
  Column(ByteView bytes) : held_(bytes) {}                            // NOLINT(google-explicit-constructor)
  template <class T>
  Column(const std::optional<T>& maybe) {  // NOLINT(google-explicit-constructor)
    if (maybe) *this = Column(*maybe);
  }

  const Held& held() const { return held_; }

 private:
  Held held_;
};

// A row of a result, columns from zero. Views are valid until the function that was given the row returns.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;   // 0 for null
  virtual std::string_view text(int column) const = 0;  // empty for null
  virtual ByteView blob(int column) const = 0;          // empty for null
};

class Tables {
 public:
  virtual ~Tables() = default;

  // Errors of these two: kResourceExhausted when the disk is full, kCorrupt when the file is damaged, else kIo. A
  // statement that does not fit the tables, or that breaks one of the rules above or a constraint, is a mistake of ours
  // and stops the program. Within a fold errors are also kept, and the fold then fails as a whole; so apply() need not
  // look at each, and must not answer with them.
  virtual Result<> run(Sql sql, std::initializer_list<Column> values) = 0;
  // `take` returns whether to go on. It must not call the tables.
  virtual Result<> each(Sql sql, std::initializer_list<Column> values, const std::function<bool(const Row&)>& take) = 0;

  // ---- rows by their keys. A table's columns are counted from zero, as it was made; those of its key come first.
  // Errors are those above. A row, a key or a change that does not fit the table may be found only when it is written:
  // the fold then fails as a whole, when it is tried.

  // The row with this key, all columns; null when there is none, and, within a fold, after an error. Valid until the
  // tables are used again.
  virtual Result<const Row*> find_row(Name table, std::initializer_list<Column> key) = 0;
  // The same within a fold, where errors are kept.
  const Row* find(Name table, std::initializer_list<Column> key);
  // All rows that have these values in the first columns of an index, which is over all rows; or, when it is the table
  // that is named, in those of its key. In any order. `take` as that of each().
  virtual Result<> each_alike(Name index, std::initializer_list<Column> first,
                              const std::function<bool(const Row&)>& take) = 0;
  // All rows of the table, all columns; in any order. `take` as that of each().
  virtual Result<> each_row(Name table, const std::function<bool(const Row&)>& take) = 0;
  // The rows of a table, when they are all in memory, as each_row() gives them. On any thread, and on
  // several at once, until something is changed, or the transaction ends.
  struct RowsInMemory {
    std::size_t count = 0;  // of them at most
    std::function<void(const std::function<bool(const Row&)>& take)> each;
  };
  virtual std::optional<RowsInMemory> rows_in_memory(Name table);
  // In place of the row with its key, if there is one. No index of the table but that of its key is UNIQUE.
  virtual void put(Name table, std::initializer_list<Column> row) = 0;
  // Other values in some columns, none of them of the key. Whether there is such a row.
  struct Change {
    int column;
    Column value;
  };
  virtual bool change(Name table, std::initializer_list<Column> key, std::initializer_list<Change> changes) = 0;
  virtual void erase(Name table, std::initializer_list<Column> key) = 0;

  // The first column of the first row, for statements that find one thing; nothing when there is no row, when it is
  // null, and after an error. Within a fold, where errors are kept.
  std::optional<std::int64_t> integer(Sql sql, std::initializer_list<Column> values);
  std::optional<std::string> text(Sql sql, std::initializer_list<Column> values);
};

}  // namespace redoubt::state
