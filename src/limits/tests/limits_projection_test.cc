#include "limits/limits_projection.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "encoding/json_reader.h"
#include "limits/tests/support.h"
#include "state/engine.h"
#include "state/tests/support/fake_ledger.h"
#include "tests/support/temp_dir.h"

namespace redoubt::limits {
namespace {

std::vector<Limit> all_of(const Limits& limits) {
  std::vector<Limit> all;
  for (const Limit* limit : limits.all()) all.push_back(*limit);
  return all;
}

class LimitsProjectionTest : public testing::Test {
 protected:
  void SetUp() override { open(); }

  void open() {
    engine.reset();
    projection = std::make_unique<LimitsProjection>();
    auto opened = state::Engine::open({.path = folder / "state.db"}, {projection.get()}, ledger, ledger, publisher);
    ASSERT_TRUE(opened) << opened.error().message();
    engine = *std::move(opened);
  }
  Result<state::Applied> change(state::Proposal proposal) {
    proposal.actor.principal = "admin";
    std::optional<Result<state::Applied>> answer;
    engine->propose(std::move(proposal), [&](Result<state::Applied> done) { answer = std::move(done); });
    ledger.deliver();
    return answer ? *answer : Result<state::Applied>(Error(Errc::kUnavailable, "no answer"));
  }
  Result<state::Applied> set(Limit limit) {
    limit.version = engine->version_of(limit_object(limit.id));
    const Limits now = projection->snapshot();
    const auto proposal = propose_limit(now.find(limit.id), limit);
    if (!proposal) return proposal.error();
    return change(*proposal);
  }
  // What load() makes of the tables is what follow() has made so far.
  void expect_memory_is_as_loaded() {
    LimitsProjection loaded;
    ASSERT_TRUE(loaded.load(engine->tables()));
    EXPECT_EQ(all_of(loaded.snapshot()), all_of(projection->snapshot()));
  }

  testing_support::TempDir folder;
  state::test::FakeLedger ledger;
  state::test::FakePublisher publisher;
  std::unique_ptr<LimitsProjection> projection;
  std::unique_ptr<state::Engine> engine;
};

const Limit kAlice = window(SubjectType::kPrincipal, "alice", Quantity::kRequests, Period::kMinute, 60);

TEST_F(LimitsProjectionTest, ALimitIsSetChangedAndRemovedByFacts) {
  ASSERT_TRUE(set(kAlice));
  const Limits first = projection->snapshot();
  EXPECT_EQ(*first.find(kAlice.id), kAlice);
  Limit changed = kAlice;
  changed.amount = 5;
  const auto applied = set(changed);
  ASSERT_TRUE(applied) << applied.error().message();
  changed.version = 2;
  EXPECT_EQ(applied->version, 2u);
  EXPECT_EQ(*projection->snapshot().find(kAlice.id), changed);
  EXPECT_EQ(first.find(kAlice.id)->amount, 60u);
  expect_memory_is_as_loaded();
  ASSERT_TRUE(change(propose_limit_removal(changed)));
  EXPECT_EQ(projection->snapshot().size(), 0u);
  expect_memory_is_as_loaded();
  // Once more under the same id.
  const auto again = set(kAlice);
  ASSERT_TRUE(again) << again.error().message();
  open();
  ASSERT_EQ(projection->snapshot().size(), 1u);
  EXPECT_EQ(projection->snapshot().find(kAlice.id)->version, again->version);
}

TEST_F(LimitsProjectionTest, WhatASubjectHasAlreadyIsNotSetTwice) {
  ASSERT_TRUE(set(kAlice));
  Limit other = kAlice;
  other.id = "another";
  EXPECT_EQ(set(other).error().code(), Errc::kAlreadyExists);
  other.period = Period::kHour;
  EXPECT_TRUE(set(other));
  // Nor moved there.
  other.period = Period::kMinute;
  EXPECT_EQ(set(other).error().code(), Errc::kAlreadyExists);
  expect_memory_is_as_loaded();
}

TEST_F(LimitsProjectionTest, AChangeOfAnOldVersionIsAConflict) {
  ASSERT_TRUE(set(kAlice));
  Limit stale = kAlice;
  stale.version = 0;
  EXPECT_EQ(change(*propose_limit(nullptr, stale)).error().code(), Errc::kConflict);
  stale.version = 7;
  EXPECT_EQ(change(*propose_limit(&kAlice, stale)).error().code(), Errc::kConflict);
  EXPECT_EQ(change(propose_limit_removal(stale)).error().code(), Errc::kConflict);
}

TEST_F(LimitsProjectionTest, WishesWithoutFormAreRefused) {
  Limit bad = kAlice;
  bad.id = "a b";
  EXPECT_EQ(propose_limit(nullptr, bad).error().code(), Errc::kInvalidArgument);
  // And facts that somebody appended without asking.
  const std::vector<std::pair<std::string, std::string>> facts = {
      {"limits.limit.set", "{}"},
      {"limits.limit.set", R"({"subject_type":"principal","subject":"a","quantity":"requests","period":"minute"})"},
      {"limits.limit.set",
       R"({"subject_type":"principal","subject":"a","quantity":"requests","period":"minute","amount":-1})"},
      {"limits.limit.set",
       R"({"subject_type":"principal","subject":"a","quantity":"requests","period":"second","amount":1})"},
      {"limits.limit.set",
       R"({"subject_type":"principal","subject":"a","quantity":"requests","period":"minute","amount":1,"x":1})"},
      {"limits.limit.set", R"({"subject_type":7,"subject":"a","quantity":"requests","period":"minute","amount":1})"},
      {"limits.limit.remove", "{}"},
      {"limits.limit.burn", "{}"},
  };
  for (const auto& [kind, body] : facts) {
    const auto answer = change({.kind = kind, .object = "limit/x", .body = body});
    ASSERT_FALSE(answer) << body;
    EXPECT_TRUE(answer.error().code() == Errc::kInvalidArgument || answer.error().code() == Errc::kNotFound) << body;
  }
  const std::string good =
      R"({"subject_type":"principal","subject":"a","quantity":"requests","period":"minute","amount":1})";
  EXPECT_FALSE(change({.kind = "limits.limit.set", .object = "other/x", .body = good}));
  EXPECT_TRUE(change({.kind = "limits.limit.set", .object = "limit/x", .body = good}));
  EXPECT_EQ(projection->snapshot().size(), 1u);
}

TEST_F(LimitsProjectionTest, ALimitIsReadAsItIsWritten) {
  encoding::JsonReader reader;
  for (Limit limit : {kAlice, bucket(SubjectType::kModel, "modèle \"1\"\\", Quantity::kMoney, Period::kSecond, 7, 9)}) {
    limit.id = "x";
    limit.version = 0;
    std::string json;
    append_limit(json, limit);
    const auto element = reader.parse(json);
    ASSERT_TRUE(element) << json;
    const auto read = read_limit("x", simdjson::dom::object(*element));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(*read, limit);
  }
}

TEST_F(LimitsProjectionTest, WhateverIsDoneMemoryIsAsLoaded) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto pick = [&](std::uint64_t below) { return random() % below; };
  int done = 0;
  for (int i = 0; i < 400; ++i) {
    const std::string id = "l" + std::to_string(pick(20));
    const Limits now = projection->snapshot();
    if (const Limit* limit = now.find(id); limit != nullptr && pick(3) == 0) {
      done += change(propose_limit_removal(*limit)) ? 1 : 0;
    } else {
      Limit wanted{.id = id,
                   .subject_type = static_cast<SubjectType>(pick(2)),
                   .subject = pick(2) == 0 ? "*" : "a",
                   .quantity = static_cast<Quantity>(pick(2)),
                   .bucket = pick(2) == 0,
                   .period = static_cast<Period>(1 + pick(2)),
                   .amount = pick(100)};
      done += set(wanted) ? 1 : 0;
    }
    if (i % 20 == 0) expect_memory_is_as_loaded();
  }
  EXPECT_GT(done, 100);
  const auto before = all_of(projection->snapshot());
  open();
  EXPECT_EQ(all_of(projection->snapshot()), before);
}

// As the program had them whose tables were those of the first step.
class FirstVersion final : public state::Projection {
 public:
  std::string_view module() const override { return "limits"; }
  std::span<const std::string_view> schema_steps() const override { return now_.schema_steps().first(1); }
  Result<> apply(const state::FoldedFact& fact, state::Tables& tables) override {
    const auto limit = read_limit(std::string_view(fact.fact.object).substr(limit_object("").size()), fact.body);
    if (!limit) return limit.error();
    return tables.run("INSERT INTO limits_limits VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                      {limit->id, to_string(limit->subject_type), limit->subject, to_string(limit->quantity),
                       limit->bucket, to_string(limit->period), limit->amount, limit->burst, fact.fact.expects + 1});
  }
  void erase(std::uint64_t, std::span<const std::string_view>, state::Tables&) override {}
  Result<> load(state::Tables&) override { return {}; }
  void follow(const state::FoldedFact&, state::Tables&) override {}

 private:
  LimitsProjection now_;
};

TEST_F(LimitsProjectionTest, TablesOfTheFirstVersionBecomeThoseOfARebuild) {
  engine.reset();
  std::filesystem::remove(folder / "state.db");
  FirstVersion first;
  auto opened = state::Engine::open({.path = folder / "state.db"}, {&first}, ledger, ledger, publisher);
  ASSERT_TRUE(opened) << opened.error().message();
  engine = *std::move(opened);
  ASSERT_TRUE(set(kAlice));
  ASSERT_TRUE(set(window(SubjectType::kPrincipal, "bob", Quantity::kTokens, Period::kDay, 7)));
  open();
  EXPECT_FALSE(engine->start().rebuilt);
  EXPECT_EQ(projection->snapshot().size(), 2u);
  Limit same = kAlice;
  same.id = "another";
  EXPECT_EQ(set(same).error().code(), Errc::kAlreadyExists);
  same.subject = "carol";
  ASSERT_TRUE(set(same));
  expect_memory_is_as_loaded();
  const auto migrated = engine->table_digests();
  ASSERT_TRUE(migrated);
  engine.reset();
  std::filesystem::remove(folder / "state.db");
  open();
  EXPECT_TRUE(engine->start().rebuilt);
  EXPECT_EQ(*engine->table_digests(), *migrated);
}

// No index of the table sees to it any more.
TEST_F(LimitsProjectionTest, NoTwoRowsHaveOneSubjectAndShape) {
  for (int i = 0; i < 40; ++i) {
    Limit limit = window(SubjectType::kPrincipal, "s" + std::to_string(i % 4), static_cast<Quantity>(i % 3),
                         Period::kMinute, static_cast<std::uint64_t>(i + 1));
    limit.id = "l" + std::to_string(i % 7);
    (void)set(limit);
  }
  EXPECT_EQ(engine->tables().integer(
                "SELECT count(*) - (SELECT count(*) FROM (SELECT DISTINCT subject_type, subject, quantity, bucket, "
                "period FROM limits_limits)) FROM limits_limits",
                {}),
            0);
  EXPECT_GT(projection->snapshot().size(), 2u);
  expect_memory_is_as_loaded();
}

}  // namespace
}  // namespace redoubt::limits
