// Rows are written by one thread while memory is loaded from them by another: at the end of a long replay both take
// about as long as all folding before.
#include <map>
#include <system_error>
#include <thread>
#include <utility>

#include "state/internal/database.h"

namespace redoubt::state {

namespace {

// The tables of a database while another thread commits. Of these two, and what they share: the other one has the
// database, and of rows in memory what take_changed() alters; this one reads them.
class CommittingTables final : public Tables {
 public:
  using Whole = std::map<std::string_view, const TableRows*>;  // tables whose rows are all in memory, by their names

  CommittingTables(Database& database, Whole whole) : database_(database), whole_(std::move(whole)) {
    try {
      thread_ = std::thread([this] { committed_ = database_.commit(); });
    } catch (const std::system_error&) {
      committed_ = database_.commit();  // none is to be had: one after the other, then
    }
  }
  ~CommittingTables() override { wait(); }
  CommittingTables(const CommittingTables&) = delete;
  CommittingTables& operator=(const CommittingTables&) = delete;

  // The commit's end. All that is asked for after it has failed fails as it did.
  const Result<>& wait() {
    if (thread_.joinable()) thread_.join();
    return committed_;
  }

  Result<> each_row(Name table, const std::function<bool(const Row&)>& take) override {
    const auto known = whole_.find(table.text());
    if (known == whole_.end()) return once_committed([&] { return database_.each_row(table, take); });
    known->second->each([&](std::string_view row) { return take(BytesRow(row)); });
    return {};
  }
  Result<> run(Sql sql, std::initializer_list<Column> values) override {
    return once_committed([&] { return database_.run(sql, values); });
  }
  Result<> each(Sql sql, std::initializer_list<Column> values, const std::function<bool(const Row&)>& take) override {
    return once_committed([&] { return database_.each(sql, values, take); });
  }
  Result<const Row*> find_row(Name table, std::initializer_list<Column> key) override {
    if (!wait()) return committed_.error();
    return database_.find_row(table, key);
  }
  Result<> each_alike(Name index, std::initializer_list<Column> first,
                      const std::function<bool(const Row&)>& take) override {
    return once_committed([&] { return database_.each_alike(index, first, take); });
  }
  // Nothing is written now: the database says so.
  void put(Name table, std::initializer_list<Column> row) override {
    if (wait()) database_.put(table, row);
  }
  bool change(Name table, std::initializer_list<Column> key, std::initializer_list<Change> changes) override {
    return wait() && database_.change(table, key, changes);
  }
  void erase(Name table, std::initializer_list<Column> key) override {
    if (wait()) database_.erase(table, key);
  }

 private:
  template <class F>
  Result<> once_committed(const F& ask) {
    return wait() ? ask() : committed_;
  }

  Database& database_;
  const Whole whole_;
  Result<> committed_;  // the thread's until it has ended
  std::thread thread_;
};

}  // namespace

Result<> Database::commit_and(const std::function<Result<>(Tables&)>& load) {
  CommittingTables::Whole whole;
  for (const auto& [name, table] : tables_) {
    if (table->whole.value_or(false)) whole.emplace(table->name, &table->rows);
  }
  Result<> loaded;
  CommittingTables tables(*this, std::move(whole));
  loaded = load(tables);
  if (const Result<>& committed = tables.wait(); !committed) return committed;
  return loaded;
}

}  // namespace redoubt::state
