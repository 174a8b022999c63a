#include "state/internal/commit_beside.h"

#include <string_view>
#include <system_error>
#include <utility>

namespace redoubt::state {

CommitBeside::CommitBeside(std::unique_ptr<Database> database, Job job)
    : database_(std::move(database)), whole_(database_->whole_rows()), job_(std::move(job)) {
  const auto work = [this] {
    done_ = job_();
    ended_.store(true, std::memory_order_release);
  };
  try {
    thread_ = std::thread(work);
  } catch (const std::system_error&) {
    work();  // none is to be had: one after the other, then
  }
}

CommitBeside::~CommitBeside() {
  if (thread_.joinable()) thread_.join();
  job_ = nullptr;  // refers to the database
}

Database* CommitBeside::written() {
  if (!std::exchange(waited_, true)) {
    if (thread_.joinable()) thread_.join();
    if (!done_) {
      result_ = done_.error();
    } else {
      now_ = *done_ ? done_->get() : database_.get();
    }
  }
  return now_;
}

Result<std::unique_ptr<Database>> CommitBeside::finish() {
  const bool well = written() != nullptr;
  job_ = nullptr;
  whole_.clear();
  if (!well) {
    database_.reset();
    return result_.error();
  }
  if (*done_) database_ = *std::move(done_);
  database_->stop_keeping_rows();
  return std::move(database_);
}

void CommitBeside::lose(Error why) {
  now_ = nullptr;
  result_ = std::move(why);
}

// ------------------------------------------------------------------------------------------------------------ reading

template <class F>
Result<> CommitBeside::once_written(const F& ask) {
  Database* const database = written();
  return database != nullptr ? ask(*database) : result_;
}

Result<> CommitBeside::each_row(Name table, const std::function<bool(const Row&)>& take) {
  const auto known = whole_.find(std::string_view(table.text()));
  if (known == whole_.end()) return once_written([&](Database& now) { return now.each_row(table, take); });
  known->second.rows->each([&](std::string_view row) { return take(BytesRow(row)); });
  return {};
}

Result<const Row*> CommitBeside::find_row(Name table, std::initializer_list<Column> key) {
  const auto known = whole_.find(std::string_view(table.text()));
  if (known == whole_.end() || known->second.key_columns != key.size()) {
    Database* const database = written();
    if (database == nullptr) return result_.error();
    return database->find_row(table, key);
  }
  key_.clear();
  key_.append(key);
  const TableRows::Entry* const entry = known->second.rows->find(key_.bytes());
  if (entry == nullptr || entry->row == nullptr) return nullptr;
  found_.look_at(entry->bytes());
  return &found_;
}

Result<> CommitBeside::run(Sql sql, std::initializer_list<Column> values) {
  return once_written([&](Database& now) { return now.run(sql, values); });
}

Result<> CommitBeside::each(Sql sql, std::initializer_list<Column> values,
                            const std::function<bool(const Row&)>& take) {
  return once_written([&](Database& now) { return now.each(sql, values, take); });
}

Result<> CommitBeside::each_alike(Name index, std::initializer_list<Column> first,
                                  const std::function<bool(const Row&)>& take) {
  return once_written([&](Database& now) { return now.each_alike(index, first, take); });
}

void CommitBeside::put(Name table, std::initializer_list<Column> row) {
  if (Database* const database = written()) database->put(table, row);
}

bool CommitBeside::change(Name table, std::initializer_list<Column> key, std::initializer_list<Change> changes) {
  Database* const database = written();
  return database != nullptr && database->change(table, key, changes);
}

void CommitBeside::erase(Name table, std::initializer_list<Column> key) {
  if (Database* const database = written()) database->erase(table, key);
}

}  // namespace redoubt::state
