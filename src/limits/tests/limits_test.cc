#include "limits/limits.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>

#include "limits/internal/rule.h"
#include "limits/tests/support.h"

namespace redoubt::limits {
namespace {

std::string problem(const Limit& limit) {
  const Result<> result = check(limit);
  return result ? "" : result.error().message();
}

TEST(Limit, HasAForm) {
  const Limit good = window(SubjectType::kPrincipal, "alice", Quantity::kTokens, Period::kDay, 1000);
  EXPECT_EQ(problem(good), "");
  const auto with = [&](auto&& change) {
    Limit limit = good;
    change(limit);
    return problem(limit);
  };
  EXPECT_NE(with([](Limit& l) { l.id = ""; }), "");
  EXPECT_NE(with([](Limit& l) { l.id = "a/b"; }), "");
  EXPECT_NE(with([](Limit& l) { l.id = std::string(65, 'a'); }), "");
  EXPECT_EQ(with([](Limit& l) { l.id = std::string(64, 'a'); }), "");
  EXPECT_NE(with([](Limit& l) { l.subject = ""; }), "");
  EXPECT_NE(with([](Limit& l) { l.subject = std::string(257, 'a'); }), "");
  EXPECT_NE(with([](Limit& l) { l.subject = "a\nb"; }), "");
  EXPECT_NE(with([](Limit& l) { l.subject = "a\xff"; }), "");
  EXPECT_EQ(with([](Limit& l) { l.subject = "modèle 1"; }), "");
  EXPECT_NE(with([](Limit& l) { l.amount = kAmountMax + 1; }), "");
  EXPECT_EQ(with([](Limit& l) { l.amount = kAmountMax; }), "");
  EXPECT_EQ(with([](Limit& l) { l.amount = 0; }), "");
  EXPECT_NE(with([](Limit& l) { l.burst = 1; }), "");
  EXPECT_NE(with([](Limit& l) { l.period = Period::kSecond; }), "");
}

TEST(Limit, ABucketRefillsWithinAMonth) {
  Limit limit = bucket(SubjectType::kKey, "k", Quantity::kTokens, Period::kSecond, 10);
  EXPECT_EQ(problem(limit), "");
  limit.burst = 10 * 86'400 * 31;
  EXPECT_EQ(problem(limit), "");
  limit.burst += 1;
  EXPECT_NE(problem(limit), "");
  limit.amount = 0;
  EXPECT_NE(problem(limit), "");
  limit.burst = 0;
  EXPECT_EQ(problem(limit), "");
  limit.amount = kAmountMax;
  EXPECT_EQ(problem(limit), "");
  limit.burst = kAmountMax + 1;
  EXPECT_NE(problem(limit), "");
}

TEST(Limit, WordsAreReadAsTheyAreWritten) {
  for (std::size_t i = 0; i < kQuantities; ++i) {
    const auto quantity = static_cast<Quantity>(i);
    EXPECT_EQ(*parse_quantity(to_string(quantity)), quantity);
  }
  for (std::size_t i = 0; i < kSubjectTypes; ++i) {
    const auto type = static_cast<SubjectType>(i);
    EXPECT_EQ(*parse_subject_type(to_string(type)), type);
  }
  for (std::size_t i = 0; i < kPeriods; ++i) {
    const auto period = static_cast<Period>(i);
    EXPECT_EQ(*parse_period(to_string(period)), period);
  }
  EXPECT_EQ(parse_period("week").error().message(), "the period must be one of second, minute, hour, day, month");
  EXPECT_FALSE(parse_quantity(""));
  EXPECT_FALSE(parse_subject_type("Key"));
}

// The ids of the limits that apply, in order.
std::string applying(const Limits& limits, SubjectType type, std::string_view subject) {
  const auto [own, each] = limits.applying(type, subject, limits.prefetch(type, subject));
  std::string ids;
  for (const Rule& rule : own) ids += rule.limit->id + " ";
  for (const Rule& rule : each) {
    if ((shapes_of(own) >> rule.shape & 1) == 0) ids += rule.limit->id + " ";
  }
  return ids;
}

TEST(Limits, AnOwnLimitReplacesTheOneForEachOfItsShapeOnly) {
  const Limits limits = Limits()
                            .with(window(SubjectType::kPrincipal, "*", Quantity::kRequests, Period::kMinute, 60))
                            .with(window(SubjectType::kPrincipal, "*", Quantity::kRequests, Period::kDay, 1000))
                            .with(window(SubjectType::kPrincipal, "alice", Quantity::kRequests, Period::kMinute, 600));
  EXPECT_EQ(applying(limits, SubjectType::kPrincipal, "bob"),
            "principal.each.requests.minute principal.each.requests.day ");
  EXPECT_EQ(applying(limits, SubjectType::kPrincipal, "alice"),
            "principal.alice.requests.minute principal.each.requests.day ");
  EXPECT_EQ(applying(limits, SubjectType::kKey, "alice"), "");
}

TEST(Limits, AChangeLeavesTheOldOnesAsTheyWere) {
  const Limit first = window(SubjectType::kTenant, "t", Quantity::kMoney, Period::kMonth, 5);
  const Limits before = Limits().with(first);
  Limit second = first;
  second.amount = 9;
  second.subject = "u";
  const Limits after = before.with(second);
  EXPECT_EQ(*before.find(first.id), first);
  EXPECT_EQ(*after.find(first.id), second);
  EXPECT_EQ(applying(before, SubjectType::kTenant, "t"), first.id + " ");
  EXPECT_EQ(applying(after, SubjectType::kTenant, "t"), "");
  EXPECT_EQ(applying(after, SubjectType::kTenant, "u"), first.id + " ");
  EXPECT_EQ(after.size(), 1u);
  const Limits none = after.without(first.id);
  EXPECT_EQ(none.size(), 0u);
  EXPECT_EQ(none.find(first.id), nullptr);
  EXPECT_EQ(applying(none, SubjectType::kTenant, "u"), "");
  EXPECT_EQ(after.without("another").size(), 1u);
}

// Names and numbers of limits that fit beside each other in the index, and those that do not.
TEST(Limits, SubjectsWithLongNamesAndManyLimitsHaveTheirOwn) {
  constexpr std::array<Period, 4> kWindows = {Period::kMinute, Period::kHour, Period::kDay, Period::kMonth};
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::map<std::string, std::map<std::size_t, Limit>> expected;  // by subject and place in the order of shapes
  Limits limits;
  for (int i = 0; i < 4000; ++i) {
    const std::size_t size = random() % 2 == 0 ? 31 + random() % 3 : 1 + random() % kSubjectMax;
    const std::string subject(size, static_cast<char>('a' + random() % 2));
    const std::size_t period = random() % kWindows.size();
    Limit limit = window(SubjectType::kPrincipal, subject, Quantity::kTokens, kWindows[period], random() % 1000);
    limit.id = "l" + std::to_string(size) + subject.front() + std::to_string(period);
    if (random() % 4 == 0) {
      limits = limits.without(limit.id);
      expected[subject].erase(period);
    } else {
      limits = limits.with(limit);
      expected[subject][period] = limit;
    }
  }
  std::vector<Limit> all;
  for (const auto& [subject, own] : expected) {
    for (const auto& [period, limit] : own) all.push_back(limit);
  }
  const Limits at_once = Limits::of(all);
  for (std::size_t size = 1; size <= kSubjectMax; ++size) {
    for (const char letter : {'a', 'b', 'c'}) {
      const std::string subject(size, letter);
      std::string ids;
      for (const auto& [period, limit] : expected[subject]) ids += limit.id + " ";
      ASSERT_EQ(applying(limits, SubjectType::kPrincipal, subject), ids);
      ASSERT_EQ(applying(at_once, SubjectType::kPrincipal, subject), ids);
    }
  }
}

// As one map of all limits would have it, whichever way they come.
TEST(Limits, ManySubjectsHaveTheirOwn) {
  std::mt19937_64 random(7);
  std::map<std::string, Limit> expected;  // by subject
  Limits limits;
  for (int i = 0; i < 6000; ++i) {
    const std::string subject = "subject-" + std::to_string(random() % 3000);
    const Limit limit = window(SubjectType::kPrincipal, subject, Quantity::kTokens, Period::kDay, random() % 1000);
    if (random() % 3 == 0) {
      limits = limits.without(limit.id);
      expected.erase(subject);
    } else {
      limits = limits.with(limit);
      expected[subject] = limit;
    }
  }
  std::vector<Limit> all;
  for (const auto& [subject, limit] : expected) all.push_back(limit);
  const Limits at_once = Limits::of(all);
  ASSERT_EQ(limits.size(), expected.size());
  for (int i = 0; i < 3000; ++i) {
    const std::string subject = "subject-" + std::to_string(i);
    const auto found = expected.find(subject);
    const std::string ids = found != expected.end() ? found->second.id + " " : "";
    ASSERT_EQ(applying(limits, SubjectType::kPrincipal, subject), ids);
    ASSERT_EQ(applying(at_once, SubjectType::kPrincipal, subject), ids);
    if (found == expected.end()) continue;
    const std::uint64_t prefetched = limits.prefetch(SubjectType::kPrincipal, subject);
    const Rules own = limits.applying(SubjectType::kPrincipal, subject, prefetched).own;
    ASSERT_EQ(own[0].amount, found->second.amount);
    ASSERT_EQ(*limits.find(found->second.id), found->second);
  }
}

TEST(Limits, TheShapeOfASubjectIsTakenOnce) {
  Limit limit = bucket(SubjectType::kModel, "*", Quantity::kTokens, Period::kMinute, 5);
  const Limits limits = Limits().with(limit);
  EXPECT_EQ(limits.taken(limit), nullptr);
  limit.id = "another";
  ASSERT_NE(limits.taken(limit), nullptr);
  EXPECT_EQ(limits.taken(limit)->id, "model.each.tokens.minute.bucket");
  limit.bucket = false;
  EXPECT_EQ(limits.taken(limit), nullptr);
}

}  // namespace
}  // namespace redoubt::limits
