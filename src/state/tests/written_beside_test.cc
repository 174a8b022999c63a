// Starts that fold many facts: everything is in memory when open() returns, and the tables are still being written.
#include <array>
#include <chrono>
#include <filesystem>
#include <future>
#include <optional>
#include <string>
#include <thread>

#include "state/internal/commit_beside.h"
#include "state/internal/fold.h"
#include "state/internal/replay.h"
#include "state/internal/schema.h"
#include "state/rebuild.h"
#include "state/snapshot.h"
#include "state/tests/support/state_fixture.h"

namespace redoubt::state::test {
namespace {

namespace fs = std::filesystem;

using Writing = Engine::Settings::Writing;

constexpr int kMany = 1500;  // facts, each of which changes rows; more than are written before the return

class WrittenBeside : public StateTest {
 protected:
  void SetUp() override {
    put("first", 20);
    open_or_fail();
    engine.reset();
  }
  // Facts that nobody folded yet.
  void put(const std::string& name, int count) {
    for (int i = 0; i < count; ++i) {
      const std::uint64_t size = *ledger.size();
      Raw raw = raw_fact(create(name + std::to_string(i), i, i % 7 == 0 ? std::optional("note") : std::nullopt),
                         ledger.clock, size > 0 ? std::optional(size - 1) : std::nullopt);
      ledger.put(std::move(raw.record), std::move(raw.opening));
    }
  }
  // Without tables, or with tables that lack the tail.
  void begin(bool anew) {
    SCOPED_TRACE(anew ? "new tables" : "a tail");
    engine.reset();
    if (anew) fs::remove(path);
    put(anew ? "anew" : "tail", kMany);
  }
  // The thread waits for go().
  void hold() {
    held = {};
    settings.on_writing_for_test = [go_on = held.get_future().share()](Writing step) {
      if (step == Writing::kBegins) go_on.wait();
    };
  }
  void go() {
    held.set_value();
    settings.on_writing_for_test = {};
  }
  void expect_as_of_the_ledger() {
    expect_memory_is_as_loaded();
    auto report = check_tables(path, projections(), ledger);
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_TRUE(report->equal());
    EXPECT_EQ(integrity(path), "ok");
    EXPECT_FALSE(fs::exists(path + ".building"));
  }

  std::promise<void> held;
};

TEST_F(WrittenBeside, EverythingIsInMemoryBeforeTheTablesAreWritten) {
  for (const bool anew : {true, false}) {
    SCOPED_TRACE(anew);
    begin(anew);
    hold();
    open_or_fail();
    EXPECT_TRUE(engine->current());
    EXPECT_FALSE(engine->written());
    EXPECT_EQ(fs::exists(path), !anew);
    EXPECT_EQ(toy->items.size(), *ledger.size());
    EXPECT_EQ(engine->applied(), *ledger.size() - 1);
    EXPECT_EQ(engine->start().rebuilt, anew);
    EXPECT_EQ(engine->start().replayed, anew ? *ledger.size() : std::uint64_t{kMany});
    if (anew) {
      // A module's rows are all in memory.
      const Row* row = engine->tables().find("toy_items", {"anew7"});
      ASSERT_NE(row, nullptr);
      EXPECT_EQ(row->text(2), "note");
      EXPECT_EQ(engine->tables().find("toy_items", {"nobody"}), nullptr);
    }
    EXPECT_FALSE(engine->written());
    go();
    // A statement waits.
    EXPECT_EQ(engine->tables().integer("SELECT count(*) FROM toy_items", {}), std::int64_t(*ledger.size()));
    EXPECT_TRUE(engine->await_written());
    EXPECT_TRUE(engine->written());
    EXPECT_EQ(engine->applied(), *ledger.size() - 1);
    EXPECT_EQ(engine->version_of("item/first3"), 1U);
    expect_as_of_the_ledger();
    reopen();
    EXPECT_EQ(engine->start().replayed, 0U);
    EXPECT_TRUE(engine->written());
  }
}

TEST_F(WrittenBeside, AChangeWaitsForTheEnd) {
  for (const bool anew : {true, false}) {
    SCOPED_TRACE(anew);
    begin(anew);
    open_or_fail();
    change_or_fail(add("first5", 5, anew ? 1 : 2));
    EXPECT_TRUE(engine->written());
    EXPECT_EQ(items_in(engine->tables()).at("first5").amount, anew ? 10 : 15);
    expect_memory_is_as_loaded();
    const auto live = *engine->table_digests();
    reopen();
    EXPECT_EQ(engine->start().replayed, 0U);
    EXPECT_EQ(*engine->table_digests(), live);
  }
}

TEST_F(WrittenBeside, WhatElseNeedsTheFileWaitsToo) {
  const std::array<std::function<void()>, 5> calls{
      [&] { EXPECT_EQ(engine->version_of("item/first3"), 1U); },
      [&] { EXPECT_FALSE(engine->earlier(std::string(64, 'a'))); },
      [&] { EXPECT_TRUE(engine->table_digests()); },
      [&] { EXPECT_TRUE(engine->catch_up()); },
      [&] {
        std::optional<Result<SnapshotWritten>> answer;
        write_snapshot(*engine, {.principal = "redoubt"}, [&](auto written) { answer = std::move(written); });
        ledger.deliver();
        ASSERT_TRUE(answer && *answer) << (answer ? answer->error().message() : "no answer");
      },
  };
  put("anew", kMany);
  for (const auto& call : calls) {
    engine.reset();
    fs::remove(path);
    open_or_fail();
    call();
    EXPECT_TRUE(engine->written());
  }
  EXPECT_EQ(integrity(path), "ok");
}

TEST_F(WrittenBeside, AnEngineThatEndsWaitsForWhatItWrites) {
  for (const bool anew : {true, false}) {
    SCOPED_TRACE(anew);
    begin(anew);
    open_or_fail();
    reopen();
    EXPECT_EQ(engine->start().replayed, 0U);
    EXPECT_FALSE(engine->start().rebuilt);
    expect_as_of_the_ledger();
  }
}

TEST_F(WrittenBeside, WhatCannotBeWrittenIsInForceNoLonger) {
  for (const bool anew : {true, false}) {
    SCOPED_TRACE(anew);
    begin(anew);
    hold();
    open_or_fail();
    {
      const FileSizeLimit full(40'000);
      go();
      const auto written = engine->await_written();
      ASSERT_FALSE(written);
      EXPECT_EQ(written.error().code(), Errc::kUnavailable);
      EXPECT_NE(written.error().message().find("what the start folded cannot be written: "), std::string::npos)
          << written.error().message();
      EXPECT_FALSE(engine->current());
      EXPECT_FALSE(engine->written());
      auto refused = change(create("more", 5));
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code(), Errc::kUnavailable);
      EXPECT_FALSE(engine->tables().each_row("toy_items", [](const Row&) { return true; }));
      EXPECT_FALSE(engine->tables().run("DELETE FROM toy_items", {}));
      EXPECT_EQ(engine->version_of("item/first3"), 0U);
      EXPECT_FALSE(engine->catch_up());
      EXPECT_FALSE(engine->retry());
      EXPECT_FALSE(engine->current());
      EXPECT_EQ(engine->applied(), *ledger.size() - 1);
      if (!anew) {
        EXPECT_EQ(integrity(path), "ok");
      }
    }
    const int before = publisher.published;
    ASSERT_TRUE(engine->retry());
    EXPECT_EQ(publisher.published, before + 1);
    EXPECT_TRUE(engine->current());
    EXPECT_TRUE(engine->written());
    expect_as_of_the_ledger();
    EXPECT_EQ(set_aside(), std::vector<std::string>{});
    change_or_fail(add("first5", 5, anew ? 1 : 2));
    reopen();
    EXPECT_EQ(engine->start().replayed, 0U);
  }
}

// Nobody asks for it: whoever looks now and then sees it.
TEST_F(WrittenBeside, AFailureShowsByItself) {
  begin(true);
  hold();
  open_or_fail();
  const FileSizeLimit full(40'000);
  EXPECT_TRUE(engine->current());
  go();
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (engine->current() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_FALSE(engine->current());
}

// What contradicts a table shows when it is written: the tables are set aside then, as at a start.
TEST_F(WrittenBeside, ATailThatTheTablesDoNotTakeHasThemMadeAnew) {
  put("tail", kMany);
  toy = std::make_unique<Toy>();
  watcher = std::make_unique<Watcher>();
  toy->without_amount = true;
  auto opened = Engine::open(settings, projections(), ledger, ledger, publisher);
  ASSERT_TRUE(opened) << opened.error().message();
  engine = *std::move(opened);
  EXPECT_FALSE(engine->await_written());
  EXPECT_FALSE(engine->current());
  toy->without_amount = false;
  // The tables are as they were: what is wrong was not in them.
  ASSERT_TRUE(engine->retry());
  EXPECT_TRUE(engine->current());
  expect_as_of_the_ledger();
  EXPECT_EQ(set_aside(), std::vector<std::string>{});

  // While it goes on, each try sets them aside and begins with none.
  engine.reset();
  put("more", kMany);
  toy = std::make_unique<Toy>();
  toy->without_amount = true;
  opened = Engine::open(settings, projections(), ledger, ledger, publisher);
  ASSERT_TRUE(opened) << opened.error().message();
  engine = *std::move(opened);
  EXPECT_FALSE(engine->await_written());
  auto tried = engine->retry();
  ASSERT_FALSE(tried);
  EXPECT_EQ(tried.error().code(), Errc::kCorrupt);
  EXPECT_EQ(set_aside(), std::vector<std::string>{"state.db.damaged-1"});
  EXPECT_FALSE(fs::exists(path));
  toy->without_amount = false;
  ASSERT_TRUE(engine->retry());
  expect_as_of_the_ledger();
}

// Rows that have no room in memory are written before, and are read as if they were there.
TEST_F(WrittenBeside, RowsThatHaveNoRoomInMemoryAreWrittenBefore) {
  put("anew", kMany);
  toy = std::make_unique<Toy>();
  watcher = std::make_unique<Watcher>();
  const auto all = projections();
  for (const std::size_t rows_bytes : {std::size_t{64} * 1024, kReplayRowsBytes}) {
    auto database = Database::open(folder / "beside.db", Database::Use::kScratch);
    ASSERT_TRUE(database);
    ASSERT_TRUE(make_schema(**database, all));
    Fold fold(**database, all);
    ASSERT_TRUE(replay(**database, fold, ledger, {.at_once = true, .leave_open = true, .rows_bytes = rows_bytes}));
    const bool all_in_memory = rows_bytes == kReplayRowsBytes;
    if ((*database)->in_transaction()) {
      EXPECT_EQ((*database)->whole_rows().contains("toy_items"), all_in_memory);
    } else {
      EXPECT_FALSE(all_in_memory) << "nothing was left to be written";
    }
    ASSERT_TRUE(fold.load_projections(**database));
    EXPECT_EQ(toy->items.size(), *ledger.size());
    EXPECT_EQ(watcher->counts.at("toy"), std::int64_t(*ledger.size()));
    database->reset();
    fs::remove(folder / "beside.db");
  }
}

}  // namespace
}  // namespace redoubt::state::test
