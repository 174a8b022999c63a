// The end of a long replay: its rows are written on a thread of their own, while all else goes on from the same rows in
// memory. To write them takes about as long as all folding before.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "base/result.h"
#include "state/internal/database.h"

namespace redoubt::state {

// Fewer rows are written before a thread would have begun.
inline constexpr std::size_t kRowsBeside = 1024;

// The tables of a database while another thread writes them: that has the database, and of rows in memory what
// TableRows::take_changed() alters. This one reads rows: those of tables that are all in memory as they lie there, and
// for everything else it waits until they are written. After an error all of it fails as the writing did, but for what
// is read in memory before finish().
//
// One thread, but for what the job does.
class CommitBeside final : public Tables {
 public:
  // What is done on the thread: commits, and whatever else belongs to it. The database to go on with then, null for the
  // same one. Leaves rows in memory where they are.
  using Job = std::function<Result<std::unique_ptr<Database>>()>;

  // Begins. `database` is within a transaction, and keeps rows: they are as memory was loaded from them.
  CommitBeside(std::unique_ptr<Database> database, Job job);
  // Waits.
  ~CommitBeside() override;
  CommitBeside(const CommitBeside&) = delete;
  CommitBeside& operator=(const CommitBeside&) = delete;

  // Whether finish() waits for nobody.
  bool ended() const { return ended_.load(std::memory_order_acquire); }
  // Waits, and forgets the rows; not while rows are given. Once: the database to go on with, which the tables here are
  // those of from then on, or why it could not be written.
  Result<std::unique_ptr<Database>> finish();
  // What the tables here are those of, once finish() has failed and they were made again; or, after it has not, that
  // there are none all the same.
  void go_on_with(Database& database) { now_ = &database; }
  void lose(Error why);

  Result<> run(Sql sql, std::initializer_list<Column> values) override;
  Result<> each(Sql sql, std::initializer_list<Column> values, const std::function<bool(const Row&)>& take) override;
  Result<const Row*> find_row(Name table, std::initializer_list<Column> key) override;
  Result<> each_alike(Name index, std::initializer_list<Column> first,
                      const std::function<bool(const Row&)>& take) override;
  Result<> each_row(Name table, const std::function<bool(const Row&)>& take) override;
  // Nothing is written now: the database says so.
  void put(Name table, std::initializer_list<Column> row) override;
  bool change(Name table, std::initializer_list<Column> key, std::initializer_list<Change> changes) override;
  void erase(Name table, std::initializer_list<Column> key) override;

 private:
  // The tables once they are written. Null: they could not be.
  Database* written();
  template <class F>
  Result<> once_written(const F& ask);

  std::unique_ptr<Database> database_;  // that the rows are of; the thread's until it has ended
  Database::WholeRows whole_;
  Job job_;
  Result<std::unique_ptr<Database>> done_ = std::unique_ptr<Database>();  // the thread's until it has ended
  Result<> result_;                                                       // its error, once it was waited for
  Database* now_ = nullptr;                                               // what statements ask, once it was waited for
  bool waited_ = false;
  RowWriter key_;   // scratch space
  BytesRow found_;  // what find_row() gave
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace redoubt::state
