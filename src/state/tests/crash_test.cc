// The engine's life ends, by SIGKILL, at each step of a change; then it is opened again over what is on the disk.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "state/rebuild.h"
#include "state/snapshot.h"
#include "state/tests/support/state_fixture.h"

namespace redoubt::state::test {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  std::abort();
}

enum class Step : std::uint8_t {
  kTried,       // in apply(), while the change is tried
  kAppending,   // before the entry is written
  kDurable,     // after it is durable, before the engine knows
  kFolding,     // in apply(), while it is folded
  kPublishing,  // after it is folded
};
constexpr Step kSteps[] = {Step::kTried, Step::kAppending, Step::kDurable, Step::kFolding, Step::kPublishing};

class CrashTest : public StateTest {
 protected:
  // Runs in a process of its own, which must end by SIGKILL.
  void in_a_life_that_ends(const std::function<void()>& live) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      live();
      ::_exit(0);  // it did not end as it should
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "it went on to its end";
  }
  void open_from_disk() {
    engine.reset();
    stored = std::make_unique<FakeLedger>(folder / "ledger");
    toy = std::make_unique<Toy>();
    watcher = std::make_unique<Watcher>();
    auto opened = Engine::open(settings, projections(), *stored, *stored, publisher);
    ASSERT_TRUE(opened) << opened.error().message();
    engine = *std::move(opened);
  }
  Result<Applied> change_stored(Proposal proposal) {
    std::optional<Result<Applied>> answer;
    engine->propose(std::move(proposal), [&](Result<Applied> result) { answer = std::move(result); });
    stored->deliver();
    if (!answer) return Error(Errc::kDeadlineExceeded, "there was no answer");
    return *answer;
  }
  void die_at(Step step) {
    switch (step) {
      case Step::kTried:
        toy->on_apply = [] { die(); };
        break;
      case Step::kAppending:
        stored->before_append = [] { die(); };
        break;
      case Step::kDurable:
        stored->after_append = [] { die(); };
        break;
      case Step::kFolding:
        toy->on_apply = [tried = false]() mutable {
          if (tried) die();
          tried = true;
        };
        break;
      case Step::kPublishing:
        publisher.on_publish = [] { die(); };
        break;
    }
  }
  void expect_consistent() {
    EXPECT_EQ(integrity(path), "ok");
    expect_memory_is_as_loaded();
    auto report = check_tables(path, projections(), *stored);
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_TRUE(report->equal());
  }

  std::unique_ptr<FakeLedger> stored;
};

TEST_F(CrashTest, AtEachStepWhatIsDurableIsInForceAfterwardsAndNothingElse) {
  std::uint64_t version = 0;
  for (int round = 0; round < 3; ++round) {
    for (const Step step : kSteps) {
      SCOPED_TRACE("step " + std::to_string(static_cast<int>(step)) + ", round " + std::to_string(round));
      in_a_life_that_ends([&] {
        open_from_disk();
        // Some changes are whole before; none is lost with the one that is not.
        for (int i = 0; i < 5; ++i) {
          const bool first = version == 0 && i == 0;
          if (!change_stored(first ? create("a", 0) : add("a", 1, version + static_cast<std::uint64_t>(i)))) ::_exit(1);
        }
        die_at(step);
        (void)change_stored(add("a", 100, version + 5));
      });
      version += 5;
      if (step >= Step::kDurable) ++version;
      open_from_disk();
      EXPECT_EQ(engine->version_of("item/a"), version);
      EXPECT_EQ(*stored->size(), version) << "only what is durable is a fact";
      EXPECT_FALSE(engine->start().rebuilt && round > 0);
      EXPECT_LE(engine->start().replayed, step == Step::kDurable || step == Step::kFolding ? 1U : 0U);
      expect_consistent();
      engine.reset();
    }
  }
}

TEST_F(CrashTest, WhileTablesAreMadeAnew) {
  in_a_life_that_ends([&] {
    open_from_disk();
    for (int i = 0; i < 50; ++i) (void)change_stored(create("item" + std::to_string(i), i, "note"));
    die();
  });
  for (const int facts : {0, 1, 25, 49}) {
    SCOPED_TRACE(facts);
    fs::remove(path);
    fs::remove(path + "-wal");
    in_a_life_that_ends([&] {
      stored = std::make_unique<FakeLedger>(folder / "ledger");
      toy = std::make_unique<Toy>();
      toy->on_apply = [left = facts]() mutable {
        if (left-- == 0) die();
      };
      watcher = std::make_unique<Watcher>();
      (void)Engine::open(settings, projections(), *stored, *stored, publisher);
    });
    open_from_disk();
    EXPECT_EQ(toy->items.size(), 50U);
    EXPECT_FALSE(fs::exists(path + ".building"));
    expect_consistent();
    engine.reset();
  }
}

TEST_F(CrashTest, WhileATailIsFolded) {
  in_a_life_that_ends([&] {
    open_from_disk();
    (void)change_stored(create("a", 0));
    die();
  });
  std::uint64_t version = 1;
  for (const int facts : {0, 1, 5, 9}) {
    SCOPED_TRACE(facts);
    {
      FakeLedger others(folder / "ledger");
      for (int i = 0; i < 10; ++i, ++version) {
        others.put(raw_fact(add("a", 1, version), others.clock, *others.size() - 1).record);
      }
    }
    in_a_life_that_ends([&] {
      stored = std::make_unique<FakeLedger>(folder / "ledger");
      toy = std::make_unique<Toy>();
      toy->on_apply = [left = facts]() mutable {
        if (left-- == 0) die();
      };
      watcher = std::make_unique<Watcher>();
      (void)Engine::open(settings, projections(), *stored, *stored, publisher);
    });
    open_from_disk();
    EXPECT_EQ(engine->version_of("item/a"), version);
    EXPECT_EQ(engine->start().replayed, 10U);
    expect_consistent();
    engine.reset();
  }
}

// What a start folded is being written while it is in force.
TEST_F(CrashTest, WhileATailOrNewTablesAreWritten) {
  constexpr int kMany = 1500;
  using Writing = Engine::Settings::Writing;
  std::uint64_t size = 0;
  // Of the write-ahead log or of the new file: where the process ends within the writing, when it is to.
  struct End {
    std::optional<Writing> step;
    std::uint64_t bytes = 0;
  };
  for (const End& end : {End{.step = Writing::kBegins}, End{.bytes = 20'000}, End{.bytes = 60'000},
                         End{.step = Writing::kCommitted}, End{.step = Writing::kInPlace}}) {
    for (const bool anew : {true, false}) {
      if (!anew && end.step == Writing::kInPlace) continue;
      SCOPED_TRACE((anew ? "new tables, step " : "a tail, step ") +
                   std::to_string(end.step ? static_cast<int>(*end.step) : -1) + ", bytes " +
                   std::to_string(end.bytes));
      {
        FakeLedger others(folder / "ledger");
        others.sync = false;  // the system goes on
        for (int i = 0; i < kMany; ++i, ++size) {
          others.put(raw_fact(create("item" + std::to_string(size), 1), others.clock,
                              size > 0 ? std::optional(size - 1) : std::nullopt)
                         .record);
        }
      }
      if (anew) {
        fs::remove(path);
        fs::remove(path + "-wal");
      }
      in_a_life_that_ends([&] {
        stored = std::make_unique<FakeLedger>(folder / "ledger");
        toy = std::make_unique<Toy>();
        watcher = std::make_unique<Watcher>();
        settings.on_writing_for_test = [&](Writing step) {
          if (step == end.step) die();
          if (step != Writing::kBegins || end.bytes == 0) return;
          ::signal(SIGXFSZ, [](int) { die(); });
          const rlimit limit{end.bytes, end.bytes};
          if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(1);
        };
        auto opened = Engine::open(settings, projections(), *stored, *stored, publisher);
        if (!opened || toy->items.size() != size) ::_exit(1);
        (void)(*opened)->await_written();
      });
      settings.on_writing_for_test = {};
      open_from_disk();
      EXPECT_EQ(toy->items.size(), size);
      const bool written = end.step == Writing::kInPlace || (!anew && end.step == Writing::kCommitted);
      EXPECT_EQ(engine->start().replayed, written ? 0U : anew ? size : std::uint64_t{kMany});
      EXPECT_EQ(engine->start().rebuilt, anew && !written);
      EXPECT_TRUE(engine->await_written());
      EXPECT_FALSE(fs::exists(path + ".building"));
      expect_consistent();
      engine.reset();
    }
  }
}

TEST_F(CrashTest, InTheMiddleOfASnapshot) {
  for (int part = 1; part <= 3; ++part) {
    SCOPED_TRACE(part);
    in_a_life_that_ends([&] {
      open_from_disk();
      for (int i = 0; i < 60; ++i) {
        (void)change_stored(create("item" + std::to_string(part) + "-" + std::to_string(i), i, std::string(3000, 'n')));
      }
      stored->after_append = [left = part]() mutable {
        if (--left == 0) die();
      };
      write_snapshot(*engine, {.principal = "redoubt"}, [](const Result<SnapshotWritten>&) {});
      stored->deliver();
    });
    open_from_disk();
    EXPECT_EQ(deletable_before(engine->tables()), std::nullopt);
    expect_consistent();
    engine.reset();
  }
}

}  // namespace
}  // namespace redoubt::state::test
