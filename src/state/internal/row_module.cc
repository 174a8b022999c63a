#include "state/internal/row_module.h"

#include <new>
#include <string>
#include <variant>

namespace redoubt::state {

namespace {

// How far ahead of their use rows are asked for that lie anywhere in memory.
constexpr std::size_t kRowsAhead = 8;

struct RowTable : sqlite3_vtab {
  const RowModule* module = nullptr;
};

struct RowCursor : sqlite3_vtab_cursor {
  std::span<const TableRows::Entry* const> rows;
  std::size_t at = 0;
  BytesRow row;

  void look() {
    if (at < rows.size()) row.look_at(rows[at]->bytes());
    if (at + kRowsAhead >= rows.size()) return;
    // Most rows follow their entry.
    __builtin_prefetch(rows[at + kRowsAhead]);
    __builtin_prefetch(rows[at + kRowsAhead] + 2);
  }
};

RowCursor& cursor_of(sqlite3_vtab_cursor* cursor) {
  return *static_cast<RowCursor*>(cursor);
}

// What SQLite calls.
struct RowTableCalls {
  static int connect(sqlite3* connection, void* module, int /*arguments*/, const char* const* /*values*/,
                     sqlite3_vtab** made, char** /*error*/) {
    std::string declaration = "CREATE TABLE x(";
    for (std::size_t i = 0; i < kColumnsMax; ++i) declaration += (i == 0 ? "c" : ", c") + std::to_string(i);
    if (const int code = sqlite3_declare_vtab(connection, (declaration + ")").c_str()); code != SQLITE_OK) return code;
    auto* const table = new (std::nothrow) RowTable();
    if (table == nullptr) return SQLITE_NOMEM;
    table->module = static_cast<const RowModule*>(module);
    *made = table;
    return SQLITE_OK;
  }

  static int disconnect(sqlite3_vtab* table) {
    delete static_cast<RowTable*>(table);
    return SQLITE_OK;
  }

  static int plan(sqlite3_vtab* /*table*/, sqlite3_index_info* /*query*/) {
    return SQLITE_OK;  // all rows, in the order in which they were given
  }

  static int open(sqlite3_vtab* /*table*/, sqlite3_vtab_cursor** opened) {
    *opened = new (std::nothrow) RowCursor();
    return *opened != nullptr ? SQLITE_OK : SQLITE_NOMEM;
  }

  static int close(sqlite3_vtab_cursor* cursor) {
    delete static_cast<RowCursor*>(cursor);
    return SQLITE_OK;
  }

  static int begin(sqlite3_vtab_cursor* opened, int /*plan*/, const char* /*plan_text*/, int /*values*/,
                   sqlite3_value** /*value*/) {
    RowCursor& cursor = cursor_of(opened);
    cursor.rows = static_cast<const RowTable*>(cursor.pVtab)->module->rows();
    cursor.at = 0;
    cursor.look();
    return SQLITE_OK;
  }

  static int next(sqlite3_vtab_cursor* cursor) {
    ++cursor_of(cursor).at;
    cursor_of(cursor).look();
    return SQLITE_OK;
  }

  static int at_end(sqlite3_vtab_cursor* cursor) {
    return cursor_of(cursor).at >= cursor_of(cursor).rows.size() ? 1 : 0;
  }

  static int column(sqlite3_vtab_cursor* cursor, sqlite3_context* out, int number) {
    // A statement asks for the columns of its table, which each of the rows has.
    const Column value = cursor_of(cursor).row.column(static_cast<std::size_t>(number));
    // Static: rows stay where they are until the statement has ended.
    if (const auto* text = std::get_if<std::string_view>(&value.held())) {
      sqlite3_result_text64(out, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
    } else if (const auto* integer = std::get_if<std::int64_t>(&value.held())) {
      sqlite3_result_int64(out, *integer);
    } else if (const auto* bytes = std::get_if<ByteView>(&value.held())) {
      sqlite3_result_blob64(out, bytes->data(), bytes->size(), SQLITE_STATIC);
    }
    return SQLITE_OK;
  }

  static int row_number(sqlite3_vtab_cursor* cursor, sqlite3_int64* number) {
    *number = static_cast<sqlite3_int64>(cursor_of(cursor).at);
    return SQLITE_OK;
  }
};

constexpr sqlite3_module kModule = {
    .iVersion = 1,
    .xConnect = RowTableCalls::connect,  // and no xCreate: nobody makes a second one
    .xBestIndex = RowTableCalls::plan,
    .xDisconnect = RowTableCalls::disconnect,
    .xOpen = RowTableCalls::open,
    .xClose = RowTableCalls::close,
    .xFilter = RowTableCalls::begin,
    .xNext = RowTableCalls::next,
    .xEof = RowTableCalls::at_end,
    .xColumn = RowTableCalls::column,
    .xRowid = RowTableCalls::row_number,
};

}  // namespace

int RowModule::attach(sqlite3* connection) {
  return sqlite3_create_module_v2(connection, kTable, &kModule, this, nullptr);
}

}  // namespace redoubt::state
