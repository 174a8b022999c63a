#include "state/internal/read_ahead.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

namespace redoubt::state::test {
namespace {

// Facts by their indices, as many as there are; an error may come before one of them.
class Numbered final : public FactSource {
 public:
  explicit Numbered(std::uint64_t count) : count_(count) {}

  Result<std::uint64_t> size() override { return std::uint64_t{count_}; }
  Result<> read(std::uint64_t from, const std::function<Result<bool>(const Entry&)>& take) override {
    threads.insert(std::this_thread::get_id());
    for (std::uint64_t i = from; i < count_; ++i) {
      if (i == error_before) return Error(Errc::kUnavailable, "the disk is away");
      const std::string record = record_of(i);
      auto more = take({.index = i == twice ? i - 1 : i, .leaf_hash = {}, .record = as_bytes(record)});
      if (!more) return more.error();
      if (!*more) return {};
    }
    return {};
  }
  Result<Entry> read_one(std::uint64_t) override { return Error(Errc::kNotFound, "there is no such entry"); }
  Result<Bytes> open(std::uint64_t) override { return Error(Errc::kNotFound, "there are no values"); }

  std::optional<std::uint64_t> error_before;
  std::optional<std::uint64_t> twice;  // has the index of the one before
  std::set<std::thread::id> threads;   // that read; to be looked at once nobody reads

 private:
  // Every tenth is a record of another kind.
  static std::string record_of(std::uint64_t index) {
    if (index % 10 == 9) return R"({"class_uid":1})";
    record::Fact fact{
        .uid = std::string(32, '0'), .kind = "any.thing.happen", .object = "thing/" + std::to_string(index)};
    fact.body = R"({"number":)" + std::to_string(index) + "}";
    fact.actor.principal = "alice";
    std::string record;
    EXPECT_TRUE(record::append_fact(record, fact, {.log_origin = "redoubt.example/ledger"}));
    return record;
  }

  const std::uint64_t count_;
};

// Indices in the order in which they come, and how it ends.
std::pair<std::vector<std::uint64_t>, Result<>> all(ReadAhead& ahead) {
  std::vector<std::uint64_t> indices;
  for (;;) {
    auto entries = ahead.next();
    if (!entries) return {indices, entries.error()};
    if (entries->empty()) return {indices, {}};
    EXPECT_LE(entries->size(), ReadAhead::kBatchEntries);
    for (const ReadEntry& entry : *entries) {
      indices.push_back(entry.index());
      EXPECT_TRUE(entry.fact());
      if (!entry.fact() || *entry.fact() == nullptr) continue;
      EXPECT_EQ((*entry.fact())->object, "thing/" + std::to_string(entry.index()));
      EXPECT_EQ(std::uint64_t(entry.body()["number"]), entry.index());
    }
  }
}

std::vector<std::uint64_t> from_to(std::uint64_t from, std::uint64_t to) {
  std::vector<std::uint64_t> indices;
  for (std::uint64_t i = from; i < to; ++i) indices.push_back(i);
  return indices;
}

TEST(ReadAhead, GivesEveryEntryInOrder) {
  for (const std::uint64_t count : {0U, 1U, 127U, 128U, 129U, 256U, 1000U, 5000U}) {
    Numbered source(count);
    ReadAhead ahead(source, 0, 1'000'000);
    const auto [indices, ended] = all(ahead);
    EXPECT_EQ(indices, from_to(0, count));
    EXPECT_TRUE(ended);
    EXPECT_TRUE(ahead.next()->empty());
  }
}

TEST(ReadAhead, BeginsAndEndsWhereItIsTold) {
  Numbered source(3000);
  ReadAhead ahead(source, 700, 2100);
  EXPECT_EQ(all(ahead).first, from_to(700, 2100));
}

TEST(ReadAhead, AFewEntriesStartNoThread) {
  Numbered few(ReadAhead::kBatchEntries);
  {
    ReadAhead ahead(few, 0, 1'000'000);
    (void)all(ahead);
  }
  EXPECT_EQ(few.threads, std::set{std::this_thread::get_id()});
  Numbered many(ReadAhead::kBatchEntries + 1);
  {
    ReadAhead ahead(many, 0, 1'000'000);
    (void)all(ahead);
  }
  EXPECT_EQ(many.threads.size(), 2U);
}

TEST(ReadAhead, AnErrorComesAfterTheEntriesBeforeIt) {
  for (const std::uint64_t before : {0U, 5U, 128U, 1000U, 4999U}) {
    Numbered source(5000);
    source.error_before = before;
    ReadAhead ahead(source, 0, 1'000'000);
    const auto [indices, ended] = all(ahead);
    EXPECT_EQ(indices, from_to(0, before));
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code(), Errc::kUnavailable);
    EXPECT_EQ(ahead.next().error().code(), Errc::kUnavailable);
  }
}

TEST(ReadAhead, RefusesEntriesOutOfOrder) {
  for (const std::uint64_t twice : {3U, 1500U}) {
    Numbered source(5000);
    source.twice = twice;
    ReadAhead ahead(source, 0, 1'000'000);
    const auto [indices, ended] = all(ahead);
    EXPECT_EQ(indices, from_to(0, twice));
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code(), Errc::kCorrupt);
  }
}

// The thread is reading, or waits for room; the sanitizers see whether anything of it outlives the object.
TEST(ReadAhead, MayBeGivenUpAtAnyTime) {
  for (int batches = 0; batches < 7; ++batches) {
    Numbered source(100'000);
    ReadAhead ahead(source, 0, 1'000'000);
    for (int i = 0; i < batches; ++i) ASSERT_TRUE(ahead.next());
  }
}

}  // namespace
}  // namespace redoubt::state::test
