// The correlator's state: what goes on, what is refused.
#include <random>

#include "sigma/internal/siphash.h"
#include "src/sigma/tests/support.h"

namespace redoubt::sigma {
namespace {

std::string rules_text(int threshold, std::string_view kind = "a") {
  return "title: A\nname: a\nlogsource: {category: c}\ndetection: {s: {kind: " + std::string(kind) +
         "}, condition: s}\n---\ntitle: many\ncorrelation: {type: event_count, rules: [a], group-by: [u], timespan: "
         "1h, "
         "condition: {gte: " +
         std::to_string(threshold) +
         "}}\n---\n"
         "title: distinct\ncorrelation: {type: value_count, rules: [a], group-by: [u], timespan: 1h, condition: "
         "{field: t, "
         "gte: 3}}\n---\n"
         "title: order\ncorrelation: {type: temporal_ordered, rules: [a, many2], group-by: [u], timespan: 1h}\n---\n"
         "title: many too\nname: many2\ncorrelation: {type: event_count, rules: [a], group-by: [u], timespan: 1h, "
         "condition: {gte: 2}}\n---\n"
         "title: new\nnew_terms: {rules: [a], group-by: [u], field: t, timespan: 1d}\n";
}

void feed(const RuleSet& rules, Correlator& correlator, int from, int to, std::vector<std::string>& log) {
  EventReader reader(rules);
  Matcher matcher(rules);
  for (int i = from; i < to; ++i) {
    const std::string json =
        "{\"kind\":\"a\",\"u\":\"" + std::to_string(i * 7 % 11) + "\",\"t\":\"" + std::to_string(i * 5 % 13) + "\"}";
    const auto event = reader.read(json);
    for (const Firing& firing :
         correlator.add({i * 1000, static_cast<std::uint64_t>(i)}, **event, matcher.match(**event))) {
      log.push_back(std::to_string(firing.event) + " " + rules.rules()[firing.rule].title);
      for (const std::uint64_t id : firing.contributing) log.back() += " " + std::to_string(id);
    }
  }
}

TEST(State, RestoredGoesOnExactly) {
  const RuleSet rules = rules_of(rules_text(5));
  std::vector<std::string> straight;
  Correlator whole(rules);
  feed(rules, whole, 0, 300, straight);
  std::vector<std::string> parts;
  std::string state;
  for (int from = 0; from < 300; from += 25) {
    Correlator part(rules);
    if (from > 0) {
      const auto report = part.restore(state);
      ASSERT_TRUE(report) << report.error().message();
      EXPECT_EQ(report->restored, 5U);
      EXPECT_EQ(report->fresh + report->dropped, 0U);
    }
    feed(rules, part, from, from + 25, parts);
    state = part.save();
  }
  EXPECT_EQ(parts, straight);
  EXPECT_EQ(state, whole.save());
  EXPECT_GT(straight.size(), 20U);
}

TEST(State, CorrelationsThatChangedStartWithNothing) {
  const RuleSet rules = rules_of(rules_text(5));
  Correlator old(rules);
  std::vector<std::string> log;
  feed(rules, old, 0, 50, log);
  const RuleSet higher = rules_of(rules_text(6));
  Correlator one(higher);
  const auto report = one.restore(old.save());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->restored, 4U);
  EXPECT_EQ(report->fresh, 1U);
  EXPECT_EQ(report->dropped, 1U);
  // What a rule selects is part of what refers to it.
  const RuleSet other = rules_of(rules_text(5, "b"));
  Correlator two(other);
  EXPECT_EQ(two.restore(old.save())->fresh, 5U);
}

TEST(State, DamageIsFound) {
  const RuleSet rules = rules_of(rules_text(5));
  Correlator old(rules);
  std::vector<std::string> log;
  feed(rules, old, 0, 30, log);
  const std::string state = old.save();
  Correlator fresh(rules);
  const std::string empty = fresh.save();
  for (std::size_t size = 0; size < state.size(); size += 7)
    EXPECT_EQ(fresh.restore(state.substr(0, size)).error().code(), Errc::kCorrupt) << size;
  for (std::size_t at = 10; at < state.size(); at += 3) {
    std::string changed = state;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    EXPECT_EQ(fresh.restore(changed).error().code(), Errc::kCorrupt) << at;
  }
  EXPECT_EQ(fresh.restore(state + "x").error().code(), Errc::kCorrupt);
  EXPECT_EQ(fresh.save(), empty);  // nothing has changed
}

// With a digest that holds, what is inside is still looked at.
std::string sealed(std::string state) {
  state.resize(state.size() - 16);
  const auto digest = internal::SipHash(internal::HashKey{})(state);
  for (const std::uint64_t half : {digest.low, digest.high}) {
    for (int i = 0; i < 8; ++i) state.push_back(static_cast<char>(half >> (8 * i)));
  }
  return state;
}

TEST(State, WhatCannotBeIsRefused) {
  const RuleSet rules = rules_of(
      "title: A\nname: a\nlogsource: {category: c}\ndetection: {s: {kind: a}, condition: s}\n---\n"
      "title: many\ncorrelation: {type: event_count, rules: [a], group-by: [], timespan: 1h, condition: {gte: 3}}\n");
  Correlator old(rules);
  Event event(rules);
  const RuleIndex matched[] = {0};
  old.add({1000, 1}, event, matched);
  old.add({2000, 2}, event, matched);
  const std::string state = old.save();
  Correlator fresh(rules);
  ASSERT_TRUE(fresh.restore(sealed(state)));
  std::string version = state;
  version[8] = 2;
  EXPECT_EQ(fresh.restore(sealed(version)).error().code(), Errc::kUnsupported);
  CorrelatorOptions options;
  options.hash_key[0] = 1;
  EXPECT_EQ(Correlator(rules, options).restore(state).error().code(), Errc::kInvalidArgument);
  // Entries at 40-byte places from the end: times that go back, a count of none.
  const std::size_t second = state.size() - 16 - 1 - 28;
  std::string back = state;
  back[second + 1] = 0;  // 2000 is 0x07d0: now 208, before the 1000 of the one before
  EXPECT_EQ(fresh.restore(sealed(back)).error().code(), Errc::kCorrupt);
  std::string none = state;
  none[second + 24] = 0;
  EXPECT_EQ(fresh.restore(sealed(none)).error().code(), Errc::kCorrupt);
  options = {};
  options.max_groups = 1;
  EXPECT_TRUE(Correlator(rules, options).restore(state));
}

// The reference implementation's vectors of 128 bits: the key 00 to 0f, texts of nothing and of 00.
TEST(SipHash, HasTheReferenceVectors) {
  internal::HashKey key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
  const internal::SipHash hash(key);
  EXPECT_EQ(hash("").low, 0xe6a825ba047f81a3ULL);
  EXPECT_EQ(hash("").high, 0x930255c71472f66dULL);
  EXPECT_EQ(hash(std::string_view("\0", 1)).low, 0x44af996bd8c187daULL);
  EXPECT_EQ(hash(std::string_view("\0", 1)).high, 0x45fc229b11597634ULL);
}

}  // namespace
}  // namespace redoubt::sigma
