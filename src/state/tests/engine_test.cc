#include "state/engine.h"

#include "base/file.h"

#include "state/tests/support/state_fixture.h"

namespace redoubt::state::test {
namespace {

class EngineTest : public StateTest {
 protected:
  void SetUp() override { open_or_fail(); }
};

TEST_F(EngineTest, AChangeIsAFactAndThenInTheTablesAndInMemory) {
  auto done = change(create("a", 5, "a note"));
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(done->index, 0U);
  EXPECT_EQ(done->version, 1U);
  EXPECT_FALSE(done->repeated);
  EXPECT_EQ(items_in(engine->tables()).at("a"), (Item{.amount = 5, .note = "a note"}));
  ASSERT_NE(toy->items.find("a"), nullptr);
  EXPECT_EQ(*toy->items.find("a"), (Item{.amount = 5, .note = "a note"}));
  EXPECT_EQ(engine->version_of("item/a"), 1U);
  EXPECT_EQ(engine->applied(), 0U);
  EXPECT_EQ(publisher.published, 1);
  // The note is sealed beside the record, and only committed to in it.
  EXPECT_EQ(ledger.record(0).find("a note"), std::string::npos);
}

TEST_F(EngineTest, EachFactNamesTheOneBefore) {
  change_or_fail(create("a", 1));
  ledger.put("{}");  // an entry of another kind between them
  change_or_fail(create("b", 1));
  change_or_fail(create("c", 1));
  record::FactReader reader;
  std::vector<std::optional<std::uint64_t>> before;
  for (const std::uint64_t index : {0, 2, 3}) {
    auto fact = reader.read(as_bytes(ledger.record(index)));
    ASSERT_TRUE(fact && *fact != nullptr);
    before.push_back((*fact)->previous);
  }
  EXPECT_EQ(before, (std::vector<std::optional<std::uint64_t>>{std::nullopt, 0, 2}));
}

TEST_F(EngineTest, AnotherVersionIsAConflictAndChangesNothing) {
  change_or_fail(create("a", 5));
  change_or_fail(add("a", 1, 1));
  const auto before = engine->table_digests();
  ASSERT_TRUE(before);
  for (const std::uint64_t expects : {0, 1, 3}) {
    auto done = change(add("a", 1, expects));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), Errc::kConflict) << done.error().message();
  }
  EXPECT_EQ(*ledger.size(), 2U) << "nothing was appended";
  EXPECT_EQ(*engine->table_digests(), *before);
}

TEST_F(EngineTest, WhatTheModuleRefusesIsNeverAppended) {
  auto done = change(add("nobody", 1, 0));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::kNotFound);
  EXPECT_EQ(*ledger.size(), 0U);
  EXPECT_EQ(publisher.published, 0);
}

TEST_F(EngineTest, ARuleOfAnotherModuleRefusesTheChange) {
  Proposal proposal = create("a", 5);
  proposal.actor.principal = "mallory";
  auto done = change(std::move(proposal));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::kPermissionDenied);
  EXPECT_EQ(*ledger.size(), 0U);
}

TEST_F(EngineTest, OtherModulesLearnOfWhatWasApplied) {
  change_or_fail(create("a", 5));
  change_or_fail(add("a", 5, 1));
  EXPECT_EQ(engine->tables().integer("SELECT facts FROM watcher_counts WHERE module = 'toy'", {}), 2);
  EXPECT_EQ(watcher->counts.at("toy"), 2);
}

TEST_F(EngineTest, AKindOfNoModuleIsRefused) {
  Proposal proposal = create("a", 5);
  proposal.kind = "nobody.item.create";
  auto done = change(std::move(proposal));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::kUnsupported);
  EXPECT_EQ(*ledger.size(), 0U);
}

TEST_F(EngineTest, WhatCannotBeWrittenAsAFactIsRefused) {
  Proposal kind = create("a", 5);
  kind.kind = "Toy";
  EXPECT_FALSE(change(std::move(kind)));
  Proposal body = create("a", 5);
  body.body = "[]";
  EXPECT_FALSE(change(std::move(body)));
  Proposal field = create("a", 5);
  field.values.push_back({"No Field", "x"});
  EXPECT_FALSE(change(std::move(field)));
  auto large = change(create("a", 5, std::string(Engine::kMaxValuesBytes, 'x')));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code(), Errc::kTooLarge);
  EXPECT_EQ(*ledger.size(), 0U);
}

TEST_F(EngineTest, AnswersOnceEveryCoreHasIt) {
  publisher.hold = true;
  bool answered = false;
  engine->propose(create("a", 5), [&](const Result<Applied>& done) { answered = done.has_value(); });
  ledger.deliver();
  EXPECT_EQ(publisher.published, 1);
  EXPECT_FALSE(answered);
  publisher.release();
  EXPECT_TRUE(answered);
}

TEST_F(EngineTest, ChangesAreMadeOneAfterTheOther) {
  std::vector<std::uint64_t> order;
  for (int i = 0; i < 10; ++i) {
    engine->propose(create("item" + std::to_string(i), i), [&](const Result<Applied>& done) {
      ASSERT_TRUE(done) << done.error().message();
      order.push_back(done->index);
    });
    EXPECT_EQ(ledger.waiting(), 1U);
  }
  EXPECT_EQ(engine->queued(), 9U);
  ledger.deliver();
  EXPECT_EQ(order, (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  expect_memory_is_as_loaded();
}

TEST_F(EngineTest, AHundredWritersOnOneObjectLoseNoUpdate) {
  change_or_fail(create("a", 0));
  int conflicts = 0;
  int applied = 0;
  // Each looks, adds one to what it saw, and looks again when it was too late.
  std::function<void()> write = [&] {
    engine->propose(add("a", 1, engine->version_of("item/a")), [&](const Result<Applied>& done) {
      if (done) {
        ++applied;
        return;
      }
      ASSERT_EQ(done.error().code(), Errc::kConflict);
      ++conflicts;
      write();
    });
  };
  for (int i = 0; i < 100; ++i) write();
  ledger.deliver();
  EXPECT_EQ(applied, 100);
  EXPECT_GT(conflicts, 99);
  EXPECT_EQ(items_in(engine->tables()).at("a").amount, 100);
  EXPECT_EQ(engine->version_of("item/a"), 101U);
  EXPECT_EQ(*ledger.size(), 101U);
}

TEST_F(EngineTest, AFullQueueRefusesWhatIsNew) {
  engine->propose(create("a", 0), [](const Result<Applied>&) {});
  std::size_t answered = 0;
  for (std::size_t i = 0; i < Engine::kMaxQueued; ++i) {
    engine->propose(add("a", 1, i + 1), [&](const Result<Applied>& done) { answered += done.has_value() ? 1 : 0; });
  }
  std::optional<Errc> refused;
  engine->propose(add("a", 1, 1), [&](const Result<Applied>& done) { refused = done.error().code(); });
  EXPECT_EQ(refused, Errc::kResourceExhausted);
  ledger.deliver();
  EXPECT_EQ(answered, Engine::kMaxQueued);
}

TEST_F(EngineTest, ProposalsThatWaitAreCancelledAtTheEnd) {
  engine->propose(create("a", 0), [](const Result<Applied>&) { FAIL() << "its fact was on its way"; });
  std::optional<Errc> code;
  engine->propose(create("b", 0), [&](const Result<Applied>& done) { code = done.error().code(); });
  engine.reset();
  EXPECT_EQ(code, Errc::kCancelled);
  ledger.deliver();  // the answer finds nobody, and the fact is folded at the next start
  open_or_fail();
  EXPECT_EQ(engine->version_of("item/a"), 1U);
}

// ------------------------------------------------------------------------------------------------------ idempotency

Proposal keyed(Proposal proposal, char key, char request) {
  proposal.idempotency_key = std::string(64, key);
  proposal.idempotency_request = std::string(64, request);
  return proposal;
}

TEST_F(EngineTest, ARepeatedRequestIsAnsweredAsTheFirst) {
  auto first = change(keyed(create("a", 5), 'a', '1'));
  ASSERT_TRUE(first);
  change_or_fail(add("a", 1, 1));
  auto again = change(keyed(create("a", 5), 'a', '1'));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_TRUE(again->repeated);
  EXPECT_EQ(again->index, first->index);
  EXPECT_EQ(again->version, 1U);
  EXPECT_EQ(*ledger.size(), 2U);
}

TEST_F(EngineTest, WhatAKeyWasUsedForIsKnownForADay) {
  EXPECT_FALSE(engine->earlier(std::string(64, 'a')));
  auto first = change(keyed(create("a", 5), 'a', '1'));
  ASSERT_TRUE(first);
  const auto earlier = engine->earlier(std::string(64, 'a'));
  ASSERT_TRUE(earlier);
  EXPECT_EQ(earlier->object, "item/a");
  EXPECT_EQ(earlier->request, std::string(64, '1'));
  EXPECT_EQ(earlier->applied.index, first->index);
  EXPECT_EQ(earlier->applied.version, 1U);
  EXPECT_TRUE(earlier->applied.repeated);
  ledger.clock.value += Engine::kIdempotencyMs;
  EXPECT_FALSE(engine->earlier(std::string(64, 'a')));
}

TEST_F(EngineTest, ARepeatedRequestIsKnownAfterAStart) {
  change_or_fail(keyed(create("a", 5), 'a', '1'));
  reopen();
  auto again = change(keyed(create("a", 5), 'a', '1'));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->repeated);
}

TEST_F(EngineTest, AKeyUsedForAnotherRequestIsRefused) {
  change_or_fail(keyed(create("a", 5), 'a', '1'));
  auto other = change(keyed(create("b", 5), 'a', '2'));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), Errc::kInvalidArgument);
}

TEST_F(EngineTest, ARefusedRequestMayBeTriedAgainWithItsKey) {
  ASSERT_FALSE(change(keyed(add("a", 1, 0), 'a', '1')));
  change_or_fail(keyed(create("a", 5), 'a', '2'));
}

TEST_F(EngineTest, TwoOfTheSameRequestInTheQueueAreOneChange) {
  int repeated = 0;
  for (int i = 0; i < 5; ++i) {
    engine->propose(keyed(create("a", 5), 'a', '1'), [&](const Result<Applied>& done) {
      ASSERT_TRUE(done) << done.error().message();
      repeated += done->repeated ? 1 : 0;
    });
  }
  ledger.deliver();
  EXPECT_EQ(repeated, 4);
  EXPECT_EQ(*ledger.size(), 1U);
}

TEST_F(EngineTest, AKeyIsForgottenADayLater) {
  change_or_fail(keyed(create("a", 5), 'a', '1'));
  ledger.clock.value += Engine::kIdempotencyMs - 1;
  auto within = change(keyed(create("a", 5), 'a', '1'));
  ASSERT_TRUE(within);
  EXPECT_TRUE(within->repeated);
  ledger.clock.value += 1;
  change_or_fail(keyed(create("b", 5), 'a', '2'));
  EXPECT_EQ(engine->tables().integer("SELECT count(*) FROM state_idempotency", {}), 1);
}

TEST_F(EngineTest, AClockSetBackForgetsNoKeyAndMakesNoEarlierFact) {
  change_or_fail(keyed(create("a", 5), 'a', '1'));
  ledger.clock.value -= 2 * Engine::kIdempotencyMs;
  auto again = change(keyed(create("a", 5), 'a', '1'));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->repeated);
  change_or_fail(create("b", 5));
  record::FactReader reader;
  const std::int64_t first = (*reader.read(as_bytes(ledger.record(0))))->time.value;
  EXPECT_EQ((*reader.read(as_bytes(ledger.record(1))))->time.value, first);
}

// ---------------------------------------------------------------------------------------------------------- erasure

TEST_F(EngineTest, ErasedValuesAreForgottenInTablesAndMemory) {
  change_or_fail(create("a", 5, "a note"));
  change_or_fail(create("b", 5, "another note"));
  change_or_fail(erasure(0, {"note"}, engine->version_of("fact/0")));
  EXPECT_EQ(items_in(engine->tables()).at("a").note, std::nullopt);
  EXPECT_EQ(toy->items.find("a")->note, std::nullopt);
  EXPECT_EQ(toy->items.find("b")->note, "another note");
  expect_memory_is_as_loaded();
}

TEST_F(EngineTest, ErasedValuesAreInNoneOfTheFiles) {
  change_or_fail(create("a", 5, "Wilhelmina Ottoline Featherstonehaugh"));
  change_or_fail(erasure(0, {"note"}, 0));
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    PosixFileSystem files;
    auto content = read_file(files, entry.path(), 1ULL << 30);
    ASSERT_TRUE(content);
    EXPECT_EQ(as_chars(*content).find("Ottoline"), std::string_view::npos) << entry.path();
  }
}

TEST_F(EngineTest, AnErasureMustNameAnEarlierFactAndItsFields) {
  change_or_fail(create("a", 5, "a note"));
  EXPECT_FALSE(change(erasure(1, {"note"}, 0)));
  EXPECT_FALSE(change(erasure(0, {}, 0)));
  EXPECT_FALSE(change(erasure(0, {"Not A Field"}, 0)));
  Proposal other = erasure(0, {"note"}, 0);
  other.object = "fact/1";
  EXPECT_FALSE(change(std::move(other)));
  EXPECT_EQ(*ledger.size(), 1U);
}

TEST_F(EngineTest, AValueThatCannotBeOpenedAnyMoreFoldsToNothing) {
  change_or_fail(create("a", 5, "a note"));
  change_or_fail(erasure(0, {"note"}, 0));
  const auto live = *engine->table_digests();
  ledger.destroy_opening(0);
  engine.reset();
  std::filesystem::remove(path);
  open_or_fail();
  EXPECT_EQ(items_in(engine->tables()).at("a").note, std::nullopt);
  EXPECT_EQ(*engine->table_digests(), live);
}

// ------------------------------------------------------------------------------------------------------ bad endings

TEST_F(EngineTest, AFullLedgerChangesNothing) {
  ledger.fail_next = {.error = Error(Errc::kResourceExhausted, "the disk is nearly full")};
  auto done = change(create("a", 5));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::kResourceExhausted);
  EXPECT_TRUE(engine->current());
  change_or_fail(create("a", 5));
}

TEST_F(EngineTest, AnUnknownEndingStopsChangesUntilItIsLookedFor) {
  for (const bool kept : {false, true}) {
    const std::string name = kept ? "kept" : "lost";
    ledger.fail_next = {.error = Error(Errc::kUnavailable, "the keeper is gone"), .kept = kept};
    std::vector<Errc> codes;
    for (int i = 0; i < 3; ++i) {
      engine->propose(create(name + std::to_string(i), 5),
                      [&](const Result<Applied>& done) { codes.push_back(done ? Errc::kIo : done.error().code()); });
    }
    ledger.deliver();
    EXPECT_EQ(codes, std::vector<Errc>(3, Errc::kUnavailable));
    EXPECT_FALSE(engine->current());
    EXPECT_FALSE(change(create("more", 5)));
    const int before = publisher.published;
    ASSERT_TRUE(engine->retry());
    EXPECT_TRUE(engine->current());
    EXPECT_EQ(publisher.published, before + 1);
    EXPECT_EQ(engine->version_of("item/" + name + "0"), kept ? 1U : 0U);
    expect_memory_is_as_loaded();
  }
  change_or_fail(create("more", 5));
}

TEST_F(EngineTest, AFactThatComesToBeLateLeavesLiveAndRebuiltTheSame) {
  change_or_fail(create("a", 0));
  // The keeper took it, and did not say so in time.
  std::string late;
  ledger.before_append = [&] {
    late = raw_fact(add("a", 7, 1), ledger.clock, 0).record;
    ledger.fail_next = {.error = Error(Errc::kUnavailable, "no answer")};
    ledger.before_append = {};
  };
  EXPECT_FALSE(change(add("a", 7, 1)));
  ASSERT_TRUE(engine->retry());
  // It appears while the next is on its way, and comes before it.
  ledger.before_append = [&] { ledger.put(late); };
  auto next = change(add("a", 100, 1));
  ledger.before_append = {};
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code(), Errc::kConflict);
  EXPECT_EQ(items_in(engine->tables()).at("a").amount, 7);
  change_or_fail(add("a", 100, 2));
  expect_memory_is_as_loaded();
  const auto live = *engine->table_digests();
  engine.reset();
  std::filesystem::remove(path);
  open_or_fail();
  EXPECT_EQ(*engine->table_digests(), live);
}

TEST_F(EngineTest, AFullDiskStopsChangesAndNothingIsLost) {
  engine.reset();
  settings.max_pages_for_test = 40;
  open_or_fail();
  int made = 0;
  for (; made < 10'000 && engine->current(); ++made) {
    auto done = change(create("item-with-a-long-name-" + std::to_string(made), 1, std::string(200, 'n')));
    if (!done && done.error().code() == Errc::kResourceExhausted) break;  // already when it was tried
  }
  ASSERT_LT(made, 10'000) << "the disk was never full";
  EXPECT_EQ(integrity(path), "ok");
  settings.max_pages_for_test = 0;
  reopen();
  EXPECT_EQ(engine->tables().integer("SELECT count(*) FROM toy_items", {}), std::int64_t(*ledger.size()));
}

TEST_F(EngineTest, AFactThatCannotBeFoldedYetIsFoldedByRetry) {
  change_or_fail(create("a", 5));
  // Between its trial and its fold the disk fills up.
  std::optional<FileSizeLimit> full;
  ledger.after_append = [&] { full.emplace(std::filesystem::file_size(path + "-wal")); };
  auto done = change(create("b", 5, std::string(100'000, 'n')));
  ledger.after_append = {};
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::kUnavailable);
  EXPECT_FALSE(engine->current());
  EXPECT_EQ(engine->version_of("item/b"), 0U);
  EXPECT_EQ(toy->items.find("b"), nullptr);
  EXPECT_FALSE(engine->retry());
  EXPECT_FALSE(engine->current());
  auto refused = change(create("c", 5));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::kUnavailable);
  EXPECT_EQ(integrity(path), "ok");
  full.reset();
  ASSERT_TRUE(engine->retry());
  EXPECT_TRUE(engine->current());
  EXPECT_EQ(engine->version_of("item/b"), 1U);
  expect_memory_is_as_loaded();
  change_or_fail(create("c", 5));
}

TEST_F(EngineTest, ValuesThatCannotBeOpenedForNowStopTheFold) {
  change_or_fail(create("a", 5, "a note"));
  engine.reset();
  std::filesystem::remove(path);
  ledger.open_error = Error(Errc::kUnavailable, "the keeper is gone");
  auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Errc::kUnavailable);
  ledger.open_error.reset();
  open_or_fail();
  EXPECT_EQ(items_in(engine->tables()).at("a").note, "a note");
}

using EngineDeathTest = EngineTest;

TEST_F(EngineDeathTest, ARefusalThatChangedTheTablesStopsTheProgram) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  toy->change_then_refuse = true;
  EXPECT_DEATH((void)change(create("a", 5)), "changes\\(\\) == changes");
  toy->refuse_with_sql = true;
  EXPECT_DEATH((void)change(create("a", 5)), "changes\\(\\) == changes");
}

}  // namespace
}  // namespace redoubt::state::test
