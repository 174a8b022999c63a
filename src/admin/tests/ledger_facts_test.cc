// Facts into a ledger and out again, with a keeper on a thread of its own.
#include "admin/ledger_facts.h"

#include <boost/asio/io_context.hpp>

#include "ledger/tests/keeper_fixture.h"
#include "record/fact_record.h"
#include "record/opening.h"

namespace redoubt::admin {
namespace {

using namespace std::chrono_literals;
using ledger::test::Core;

class LedgerFacts : public ledger::test::KeeperTest {
 protected:
  void begin() {
    core_ = &start();
    sink_.emplace(*core_->client, clock_, io_.get_executor(),
                  LedgerFactSink::Source{.log_origin = "example.org/log", .product_version = "0"});
    source_.emplace(fs_, kDirectory, &*sink_, KeeperOpener(*core_->client, core_->wake.get(), 10s));
  }
  ~LedgerFacts() override { sink_.reset(); }

  std::string record_of(std::uint64_t n) {
    record::Fact fact;
    fact.uid = "00112233445566778899aabbccddeeff";
    fact.time = sink_->now();
    fact.kind = "test.thing.make";
    fact.object = "thing/" + std::to_string(n);
    fact.actor.principal = "alice";
    std::string record;
    EXPECT_TRUE(record::append_fact(record, fact, sink_->source()));
    return record;
  }
  Result<std::uint64_t> append_fact(std::string record, std::string opening = {}) {
    std::optional<Result<std::uint64_t>> result;
    sink_->append(std::move(record), std::move(opening), [&](Result<std::uint64_t> r) { result = std::move(r); });
    EXPECT_FALSE(result) << "told from within the call";
    EXPECT_TRUE(core_->pump_until([&] {
      io_.restart();
      io_.poll();
      return result.has_value();
    }));
    return result ? *result : Error(Errc::kDeadlineExceeded, "no answer");
  }
  void await_published(std::uint64_t size) {
    clock_.steady_ms += 1000;
    ledger::test::signal_fd(wake_);
    ASSERT_TRUE(core_->pump_until([&] { return core_->client->published() == size; }));
  }
  struct Read {
    std::vector<std::uint64_t> indices;
    std::vector<std::string> records;
    Result<> ended;
  };
  Read read(std::uint64_t from) {
    Read out;
    out.ended = source_->read(from, [&](const state::FactSource::Entry& entry) -> Result<bool> {
      out.indices.push_back(entry.index);
      out.records.emplace_back(as_chars(entry.record));
      EXPECT_EQ(entry.leaf_hash, tlog::leaf_hash(entry.record));
      return true;
    });
    return out;
  }

  boost::asio::io_context io_{1};
  Core* core_ = nullptr;
  std::optional<LedgerFactSink> sink_;
  std::optional<LedgerFactSource> source_;
};

TEST_F(LedgerFacts, AreReadInOrderAndNothingElseIs) {
  begin();
  const std::string first = record_of(0);
  const std::string second = record_of(1);
  EXPECT_EQ(*append_fact(first), 0U);
  append(*core_, {}, "a denial");
  EXPECT_EQ(*append_fact(second), 2U);
  await_published(3);
  EXPECT_EQ(*source_->size(), 3U);
  const Read all = read(0);
  ASSERT_TRUE(all.ended) << all.ended.error().message();
  EXPECT_EQ(all.indices, (std::vector<std::uint64_t>{0, 2}));
  EXPECT_EQ(all.records, (std::vector<std::string>{first, second}));
  EXPECT_EQ(read(1).indices, (std::vector<std::uint64_t>{2}));
  EXPECT_TRUE(read(3).indices.empty());
  const auto one = source_->read_one(2);
  ASSERT_TRUE(one) << one.error().message();
  EXPECT_EQ(as_chars(one->record), second);
  EXPECT_FALSE(one->has_opening);
  EXPECT_EQ(one->leaf_hash, tlog::leaf_hash(as_bytes(second)));
  EXPECT_EQ(source_->read_one(3).error().code(), Errc::kNotFound);
}

TEST_F(LedgerFacts, ReadingEndsWhereTheTakerSays) {
  begin();
  for (std::uint64_t n = 0; n < 3; ++n) ASSERT_TRUE(append_fact(record_of(n)));
  await_published(3);
  std::size_t taken = 0;
  EXPECT_TRUE(source_->read(0, [&](const auto&) -> Result<bool> { return ++taken < 2; }));
  EXPECT_EQ(taken, 2U);
  const auto failed = source_->read(0, [&](const auto&) -> Result<bool> { return Error(Errc::kIo, "enough"); });
  EXPECT_EQ(failed.error().message(), "enough");
}

TEST_F(LedgerFacts, ValuesAreSealedAndOpenedAgainByTheKeeper) {
  begin();
  std::string opening;
  const std::array values = {record::OpeningValue::of("name", record::random_salt(), "Ada L.")};
  ASSERT_TRUE(record::encode_opening(opening, values));
  ASSERT_TRUE(append_fact(record_of(0), opening));
  ASSERT_TRUE(append_fact(record_of(1)));
  await_published(2);
  const auto segment = fs_.content(std::string(kDirectory) + "/segments/" + ledger::segment_name(0));
  ASSERT_TRUE(segment);
  EXPECT_EQ(as_chars(*segment).find("Ada L."), std::string_view::npos);
  // The taker may open what it is given.
  std::vector<std::string> opened;
  EXPECT_TRUE(source_->read(0, [&](const state::FactSource::Entry& entry) -> Result<bool> {
    const auto bytes = source_->open(entry.index);
    EXPECT_EQ(bytes.has_value(), entry.has_opening);
    opened.emplace_back(bytes ? as_chars(*bytes) : to_string(bytes.error().code()));
    return true;
  }));
  EXPECT_EQ(opened, (std::vector<std::string>{opening, "not_found"}));
}

TEST_F(LedgerFacts, ThatAreDurableCountAndAreUnavailableUntilTheyArePublished) {
  begin();
  ASSERT_TRUE(append_fact(record_of(0)));
  ASSERT_TRUE(core_->pump_until([&] { return core_->client->published() == 1; }));
  ASSERT_TRUE(append_fact(record_of(1), "values"));
  EXPECT_EQ(*source_->size(), 2U);
  const Read so_far = read(0);
  EXPECT_EQ(so_far.indices, (std::vector<std::uint64_t>{0}));
  EXPECT_EQ(so_far.ended.error().code(), Errc::kUnavailable);
  EXPECT_EQ(source_->read_one(1).error().code(), Errc::kUnavailable);
  EXPECT_EQ(source_->open(1).error().code(), Errc::kUnavailable);
  await_published(2);
  EXPECT_TRUE(read(0).ended);
  EXPECT_TRUE(source_->open(1));
}

TEST_F(LedgerFacts, AFactThatIsNotKeptAsOneIsFound) {
  begin();
  append(*core_, {}, record_of(0));
  await_published(1);
  EXPECT_EQ(read(0).ended.error().code(), Errc::kCorrupt);
}

TEST_F(LedgerFacts, WhatIsKeptAsAFactAndIsNoneIsFound) {
  begin();
  ASSERT_TRUE(append_fact("{}"));
  await_published(1);
  EXPECT_EQ(read(0).ended.error().code(), Errc::kCorrupt);
}

TEST_F(LedgerFacts, OfAnEmptyLedgerAreNone) {
  begin();
  EXPECT_EQ(*source_->size(), 0U);
  EXPECT_TRUE(read(0).ended);
  EXPECT_EQ(source_->read_one(0).error().code(), Errc::kNotFound);
  EXPECT_EQ(source_->open(0).error().code(), Errc::kNotFound);
}

TEST_F(LedgerFacts, TooLargeForAnEntryAreRefusedAndTheLedgerGoesOn) {
  begin();
  EXPECT_EQ(append_fact(std::string(ledger::kMaxLeafBytes + 1, 'x')).error().code(), Errc::kTooLarge);
  EXPECT_EQ(append_fact(record_of(0), std::string(ledger::kMaxOpeningBytes, 'x')).error().code(), Errc::kTooLarge);
  EXPECT_EQ(*append_fact(record_of(0)), 0U);
}

TEST_F(LedgerFacts, OfALedgerThatStoppedAreRefused) {
  begin();
  core_->client->stop("the keeper is gone");
  const auto refused = append_fact(record_of(0));
  EXPECT_EQ(refused.error().code(), Errc::kUnavailable);
  EXPECT_EQ(sink_->durable(), 0U);
}

TEST_F(LedgerFacts, WaitingWhenTheSinkGoesAreNotTold) {
  begin();
  bool told = false;
  sink_->append(record_of(0), {}, [&](const Result<std::uint64_t>&) { told = true; });
  sink_->append(std::string(ledger::kMaxLeafBytes + 1, 'x'), {}, [&](const Result<std::uint64_t>&) { told = true; });
  source_.reset();
  sink_.reset();
  io_.poll();
  ASSERT_TRUE(core_->pump_until([&] { return core_->client->published() == 1; }));
  EXPECT_FALSE(told);
}

TEST_F(LedgerFacts, TimeNeverRunsBehindTheLastEntryOrItself) {
  begin();
  ASSERT_TRUE(append_fact(record_of(0)));
  await_published(1);
  const UnixMillis committed = core_->client->earliest_time();
  EXPECT_EQ(sink_->now(), committed);
  clock_.wall_ms += 5000;
  EXPECT_EQ(sink_->now().value, committed.value + 5000);
  clock_.wall_ms -= 86'400'000;
  EXPECT_EQ(sink_->now().value, committed.value + 5000);
}

TEST_F(LedgerFacts, OpeningEndsWhenTheKeeperDoesNotAnswer) {
  begin();
  ASSERT_TRUE(stop());
  const KeeperOpener opener(*core_->client, core_->wake.get(), 20ms);
  EXPECT_EQ(opener(0).error().code(), Errc::kDeadlineExceeded);
}

}  // namespace
}  // namespace redoubt::admin
