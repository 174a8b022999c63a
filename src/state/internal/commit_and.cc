// Rows are written by one thread while memory is loaded from them by another: at the end of a long replay both take
// about as long as all folding before.
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "state/internal/database.h"

namespace redoubt::state {

namespace {

// Fewer rows are written before a thread would have begun.
constexpr std::size_t kRowsBeside = 1024;

// The tables of a database while another thread commits: that has the database, and of rows in memory what
// TableRows::take_changed() alters. This one reads the rows.
class CommittingTables final : public Tables {
 public:
  using Whole = std::map<std::string, const TableRows*, std::less<>>;  // tables whose rows are all in memory, by name

  CommittingTables(Database& database, Whole whole, const std::function<Result<>()>& commit)
      : database_(database), whole_(std::move(whole)) {
    try {
      thread_ = std::thread([this, &commit] { committed_ = commit(); });
    } catch (const std::system_error&) {
      committed_ = commit();  // none is to be had: one after the other, then
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
    const auto known = whole_.find(std::string_view(table.text()));
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
  std::size_t changed = 0;
  for (const auto& [name, table] : tables_) changed += table->rows.changed();
  if (changed < kRowsBeside || keep_rows_bytes_ == 0) {
    auto committed = commit();
    return committed ? load(*this) : committed;
  }
  auto names = this->tables();
  CommittingTables::Whole whole;
  const TableRows none;
  for (const std::string& name : names ? *names : std::vector<std::string>()) {
    // Nobody may have asked for any row of it yet.
    const auto known = tables_.find(name);
    if (known != tables_.end() && known->second->whole) {
      if (*known->second->whole) whole.emplace(name, &known->second->rows);
    } else if (auto empty = is_empty(name); empty && *empty) {
      whole.emplace(name, known != tables_.end() ? &known->second->rows : &none);
    }
  }
  const std::function<Result<>()> commit = [this] { return try_commit(); };
  CommittingTables tables(*this, std::move(whole), commit);
  const Result<> loaded = load(tables);
  const Result<>& committed = tables.wait();
  if (committed) return loaded;
  roll_back();
  return committed;
}

}  // namespace redoubt::state
