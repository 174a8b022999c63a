// Correlations: when they fire, for whom, and what they rest on.
#include <algorithm>
#include <cmath>
#include <deque>
#include <random>
#include <utility>

#include "src/sigma/tests/support.h"

namespace redoubt::sigma {
namespace {

// Rules `a`, `b` and `c` match events whose `kind` is so.
constexpr std::string_view kBase = R"(title: A
name: a
logsource: {category: test}
detection: {selection: {kind: a}, condition: selection}
---
title: B
name: b
logsource: {category: test}
detection: {selection: {kind: b}, condition: selection}
---
title: C
name: c
logsource: {category: test}
detection: {selection: {kind: c}, condition: selection}
)";

std::string correlation(std::string_view body, std::string_view title = "correlation") {
  std::string out = "---\ntitle: " + std::string(title) + "\nname: " + std::string(title) + "\ncorrelation:\n";
  std::istringstream lines{std::string(body)};
  for (std::string line; std::getline(lines, line);) out += "    " + line + "\n";
  return out;
}

struct Fired {
  std::string rule;
  std::uint64_t event = 0;
  std::string group;
  std::vector<std::uint64_t> contributing;
  double measure = 0;
  bool operator==(const Fired&) const = default;
};
void PrintTo(const Fired& fired, std::ostream* out) {
  *out << fired.rule << "@" << fired.event << "[" << fired.group << "]";
}

class Stream {
 public:
  explicit Stream(std::string_view more, const CorrelatorOptions& options = {})
      : rules_(rules_of(std::string(kBase) + std::string(more))),
        reader_(rules_),
        matcher_(rules_),
        correlator(rules_, options) {}

  // At so many seconds.
  std::vector<Fired> at(std::int64_t seconds, std::string_view json) {
    const auto event = reader_.read(json);
    EXPECT_TRUE(event);
    std::vector<Fired> out;
    for (const Firing& firing : correlator.add({seconds * 1000, next_}, **event, matcher_.match(**event))) {
      Fired fired{rules_.rules()[firing.rule].title, firing.event, {}, {}, firing.measure};
      for (const GroupValue& value : firing.group)
        fired.group += (fired.group.empty() ? "" : ",") + std::string(value.value);
      fired.contributing.assign(firing.contributing.begin(), firing.contributing.end());
      out.push_back(std::move(fired));
    }
    ++next_;
    return out;
  }
  bool fires(std::int64_t seconds, std::string_view json) { return !at(seconds, json).empty(); }
  std::uint64_t next() const { return next_; }
  const RuleSet& rules() const { return rules_; }
  CorrelationStats stats(std::string_view rule) const { return correlator.stats(*rules_.find(rule)); }

 private:
  RuleSet rules_;
  EventReader reader_;
  Matcher matcher_;
  std::uint64_t next_ = 0;

 public:
  Correlator correlator;
};

constexpr std::string_view kThree = R"(type: event_count
rules: [a]
group-by: [user]
timespan: 10s
condition: {gte: 3}
)";

TEST(Correlation, CountsEventsOfAGroupWithinTheTimespan) {
  Stream stream(correlation(kThree));
  EXPECT_FALSE(stream.fires(0, R"({"kind":"a","user":"u"})"));
  EXPECT_FALSE(stream.fires(1, R"({"kind":"a","user":"v"})"));
  EXPECT_FALSE(stream.fires(2, R"({"kind":"b","user":"u"})"));
  EXPECT_FALSE(stream.fires(3, R"({"kind":"a","user":"u"})"));
  const auto fired = stream.at(10, R"({"kind":"a","user":"u"})");  // both ends of the window count
  ASSERT_EQ(fired.size(), 1U);
  EXPECT_EQ(fired[0], (Fired{"correlation", 4, "u", {0, 3, 4}, 3}));
  EXPECT_FALSE(stream.fires(21, R"({"kind":"a","user":"u"})"));
}

TEST(Correlation, FiresAgainOnceATimespanWhileTheConditionHolds) {
  Stream stream(correlation(kThree));
  std::vector<int> seconds;
  for (int second = 0; second < 40; ++second) {
    if (stream.fires(second, R"({"kind":"a","user":"u"})")) seconds.push_back(second);
  }
  EXPECT_EQ(seconds, (std::vector<int>{2, 12, 22, 32}));
}

TEST(Correlation, ConditionsMayBeRangesAndOtherComparisons) {
  Stream stream(correlation("type: event_count\nrules: [a]\ngroup-by: []\ntimespan: 1h\ncondition: {gt: 1, lte: 3}"));
  EXPECT_FALSE(stream.fires(0, R"({"kind":"a"})"));
  EXPECT_TRUE(stream.fires(1, R"({"kind":"a"})"));
  EXPECT_FALSE(stream.fires(2, R"({"kind":"a"})"));  // it goes on holding
  EXPECT_FALSE(stream.fires(3, R"({"kind":"a"})"));  // four
  Stream equal(correlation("type: event_count\nrules: [a]\ngroup-by: []\ntimespan: 1h\ncondition: {eq: 2}"));
  EXPECT_FALSE(equal.fires(0, R"({"kind":"a"})"));
  EXPECT_TRUE(equal.fires(0, R"({"kind":"a"})"));
  EXPECT_FALSE(equal.fires(0, R"({"kind":"a"})"));
  Stream other(correlation("type: event_count\nrules: [a]\ngroup-by: []\ntimespan: 1h\ncondition: {neq: 1}"));
  EXPECT_FALSE(other.fires(0, R"({"kind":"a"})"));
  EXPECT_TRUE(other.fires(0, R"({"kind":"a"})"));
}

TEST(Correlation, LateEventsCountAtTheirOwnTime) {
  Stream stream(correlation(kThree));
  EXPECT_FALSE(stream.fires(100, R"({"kind":"a","user":"u"})"));
  EXPECT_FALSE(stream.fires(95, R"({"kind":"a","user":"u"})"));
  EXPECT_FALSE(stream.fires(89, R"({"kind":"a","user":"u"})"));
  EXPECT_EQ(stream.stats("correlation").too_late, 1U);
  const auto fired = stream.at(90, R"({"kind":"a","user":"u"})");
  ASSERT_EQ(fired.size(), 1U);
  EXPECT_EQ(fired[0].contributing, (std::vector<std::uint64_t>{3, 1, 0}));
}

TEST(Correlation, WithoutAGroupAnEventCountsNowhere) {
  Stream stream(correlation(kThree));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(stream.fires(i, R"({"kind":"a"})"));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(stream.fires(i, R"({"kind":"a","user":null})"));
  EXPECT_EQ(stream.stats("correlation").without_group, 10U);
}

TEST(Correlation, SeveralValuesAreSeveralGroups) {
  Stream stream(correlation(kThree));
  stream.at(0, R"({"kind":"a","user":["u","v"]})");
  stream.at(1, R"({"kind":"a","user":["u","v","u"]})");
  const auto fired = stream.at(2, R"({"kind":"a","user":["v","w"]})");
  ASSERT_EQ(fired.size(), 1U);
  EXPECT_EQ(fired[0].group, "v");
}

TEST(Correlation, AnEventThatTwoRulesMatchCountsOnce) {
  Stream stream(R"(---
title: A too
name: a2
logsource: {category: test}
detection: {selection: {kind: a, user: '*'}, condition: selection}
)" + correlation("type: event_count\nrules: [a, a2]\ngroup-by: [user]\ntimespan: 10s\ncondition: {gte: 2}"));
  EXPECT_FALSE(stream.fires(0, R"({"kind":"a","user":"u"})"));
  EXPECT_TRUE(stream.fires(1, R"({"kind":"a","user":"u"})"));
}

TEST(Correlation, CountsDistinctValues) {
  Stream stream(
      correlation("type: value_count\nrules: [a]\ngroup-by: [user]\ntimespan: 10s\ncondition: {field: model, gte: 3}"));
  EXPECT_FALSE(stream.fires(0, R"({"kind":"a","user":"u","model":"m1"})"));
  EXPECT_FALSE(stream.fires(1, R"({"kind":"a","user":"u","model":"m1"})"));
  EXPECT_FALSE(stream.fires(2, R"({"kind":"a","user":"u","model":"m2"})"));
  EXPECT_FALSE(stream.fires(3, R"({"kind":"a","user":"u"})"));
  const auto fired = stream.at(11, R"({"kind":"a","user":"u","model":"m3"})");  // m1 was last seen at 1
  ASSERT_EQ(fired.size(), 1U);
  EXPECT_EQ(fired[0].measure, 3);
  EXPECT_EQ(fired[0].contributing, (std::vector<std::uint64_t>{1, 2, 4}));
  Stream pairs(
      correlation("type: value_count\nrules: [a]\ngroup-by: []\ntimespan: 10s\ncondition: {field: [x, y], gte: 2}"));
  EXPECT_FALSE(pairs.fires(0, R"({"kind":"a","x":"1","y":"23"})"));
  EXPECT_FALSE(pairs.fires(0, R"({"kind":"a","x":"1","y":"23"})"));
  EXPECT_TRUE(pairs.fires(0, R"({"kind":"a","x":"12","y":"3"})"));
}

TEST(Correlation, SumsAndAverages) {
  Stream sum(
      correlation("type: value_sum\nrules: [a]\ngroup-by: [user]\ntimespan: 10s\ncondition: {field: n, gt: 100}"));
  EXPECT_FALSE(sum.fires(0, R"({"kind":"a","user":"u","n":60})"));
  EXPECT_FALSE(sum.fires(1, R"({"kind":"a","user":"u","n":40})"));
  EXPECT_FALSE(sum.fires(2, R"({"kind":"a","user":"u","n":"many"})"));
  EXPECT_TRUE(sum.fires(3, R"({"kind":"a","user":"u","n":"0.5"})"));
  EXPECT_FALSE(sum.fires(14, R"({"kind":"a","user":"u","n":99})"));
  Stream average(
      correlation("type: value_avg\nrules: [a]\ngroup-by: []\ntimespan: 10s\ncondition: {field: n, gte: 10, lt: 20}"));
  EXPECT_FALSE(average.fires(0, R"({"kind":"a","n":4})"));
  EXPECT_TRUE(average.fires(1, R"({"kind":"a","n":16})"));
}

TEST(Correlation, SumsOfManyEventsAreKeptByParts) {
  Stream stream(
      correlation("type: value_sum\nrules: [a]\ngroup-by: []\ntimespan: 1h\ncondition: {field: n, gte: 5000}"));
  int fired = 0;
  for (int i = 0; i < 4999; ++i) fired += stream.fires(i / 2, R"({"kind":"a","n":1})") ? 1 : 0;
  EXPECT_EQ(fired, 0);
  EXPECT_TRUE(stream.fires(2500, R"({"kind":"a","n":1})"));
  EXPECT_LT(stream.stats("correlation").bytes, 80'000U);
  // An hour and a part later all of it is over.
  EXPECT_FALSE(stream.fires(2500 + 3604, R"({"kind":"a","n":4999})"));
}

TEST(Correlation, PercentilesAndShares) {
  Stream median(
      correlation("type: value_percentile\nrules: [a]\ngroup-by: []\ntimespan: 1h\n"
                  "condition: {field: n, percentile: 50, gte: 10}"));
  EXPECT_FALSE(median.fires(0, R"({"kind":"a","n":1})"));
  EXPECT_FALSE(median.fires(0, R"({"kind":"a","n":12})"));
  EXPECT_TRUE(median.fires(0, R"({"kind":"a","n":10})"));
  Stream rare(correlation(
      "type: value_percentile\nrules: [a]\ngroup-by: []\ntimespan: 1h\ncondition: {field: image, lte: 10}"));
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(rare.fires(i, R"({"kind":"a","image":"usual"})"));
  const auto fired = rare.at(9, R"({"kind":"a","image":"odd"})");
  ASSERT_EQ(fired.size(), 1U);
  EXPECT_EQ(fired[0].measure, 10);
  EXPECT_FALSE(rare.fires(10, R"({"kind":"a","image":"usual"})"));
}

// Against sorting what is in the window, with numbers that leave it at its end, by its length, and many at once.
TEST(Correlation, PercentilesAreThoseOfTheWindow) {
  constexpr std::uint64_t kSeed = 20261122;
  SCOPED_TRACE(kSeed);
  std::mt19937_64 random(kSeed);
  Stream stream(
      correlation("type: value_percentile\nrules: [a]\ngroup-by: []\ntimespan: 2000s\n"
                  "condition: {field: n, percentile: 90, gte: 70}"));
  std::deque<std::pair<std::int64_t, double>> window;
  std::int64_t now = 0;
  bool held = false;
  std::int64_t fired_at = 0;
  for (int i = 0; i < 6000; ++i) {
    now += random() % 1000 == 0 ? 1900 : static_cast<std::int64_t>(random() % 3);
    // Half of the time small numbers, else large ones: the percentile wanders about the bound.
    const double number = static_cast<double>(random() % (i / 500 % 2 == 0 ? 60 : 200)) - 20;
    while (!window.empty() && window.front().first < now - 2000) window.pop_front();
    window.push_back({now, number});
    if (window.size() > 1024) window.pop_front();
    std::vector<double> sorted;
    for (const auto& [time, each] : window) sorted.push_back(each);
    std::sort(sorted.begin(), sorted.end());
    const double wanted =
        sorted[static_cast<std::size_t>(std::max(1.0, std::ceil(0.9 * static_cast<double>(sorted.size())))) - 1];
    const bool holds = wanted >= 70;
    const bool fires = holds && (!held || now - fired_at >= 2000);
    if (fires) fired_at = now;
    held = holds;
    const auto fired = stream.at(now, R"({"kind":"a","n":)" + std::to_string(static_cast<int>(number)) + "}");
    ASSERT_EQ(fired.size(), fires ? 1U : 0U) << "event " << i;
    if (fires) {
      ASSERT_EQ(fired[0].measure, wanted);
    }
    // What is restored begins with nothing but the entries.
    if (i % 1500 == 700) {
      ASSERT_TRUE(stream.correlator.restore(stream.correlator.save()));
    }
  }
}

TEST(Correlation, TemporalWantsAllRulesInAnyOrder) {
  const std::string body = "rules: [a, b, c]\ngroup-by: [user]\ntimespan: 10s";
  Stream stream(correlation("type: temporal\n" + body));
  EXPECT_FALSE(stream.fires(0, R"({"kind":"c","user":"u"})"));
  EXPECT_FALSE(stream.fires(1, R"({"kind":"a","user":"u"})"));
  EXPECT_FALSE(stream.fires(2, R"({"kind":"b","user":"v"})"));
  const auto fired = stream.at(3, R"({"kind":"b","user":"u"})");
  ASSERT_EQ(fired.size(), 1U);
  EXPECT_EQ(fired[0], (Fired{"correlation", 3, "u", {0, 1, 3}, 3}));
  Stream ordered(correlation("type: temporal_ordered\n" + body));
  EXPECT_FALSE(ordered.fires(0, R"({"kind":"c","user":"u"})"));
  EXPECT_FALSE(ordered.fires(1, R"({"kind":"a","user":"u"})"));
  EXPECT_FALSE(ordered.fires(2, R"({"kind":"b","user":"u"})"));
  EXPECT_FALSE(ordered.fires(3, R"({"kind":"a","user":"u"})"));
  EXPECT_TRUE(ordered.fires(11, R"({"kind":"c","user":"u"})"));
  Stream slow(correlation("type: temporal_ordered\n" + body));
  EXPECT_FALSE(slow.fires(0, R"({"kind":"a","user":"u"})"));
  EXPECT_FALSE(slow.fires(1, R"({"kind":"b","user":"u"})"));
  EXPECT_FALSE(slow.fires(11, R"({"kind":"c","user":"u"})"));
  Stream two(correlation("type: temporal\n" + body + "\ncondition: {gte: 2}"));
  EXPECT_FALSE(two.fires(0, R"({"kind":"c","user":"u"})"));
  EXPECT_FALSE(two.fires(1, R"({"kind":"c","user":"u"})"));
  EXPECT_TRUE(two.fires(2, R"({"kind":"a","user":"u"})"));
  Stream two_ordered(correlation("type: temporal_ordered\n" + body + "\ncondition: {gte: 2}"));
  EXPECT_FALSE(two_ordered.fires(0, R"({"kind":"c","user":"u"})"));
  EXPECT_FALSE(two_ordered.fires(1, R"({"kind":"a","user":"u"})"));
  EXPECT_TRUE(two_ordered.fires(2, R"({"kind":"c","user":"u"})"));
}

TEST(Correlation, OneEventIsNotTwoStepsOfAnOrder) {
  Stream stream(R"(---
title: Any
name: any
logsource: {category: test}
detection: {selection: {kind: '*'}, condition: selection}
)" + correlation("type: temporal_ordered\nrules: [any, b]\ngroup-by: []\ntimespan: 10s"));
  EXPECT_FALSE(stream.fires(0, R"({"kind":"b"})"));
  EXPECT_TRUE(stream.fires(1, R"({"kind":"b"})"));
}

TEST(Correlation, AliasesJoinDifferentFields) {
  Stream stream(correlation(R"(type: temporal
rules: [a, b]
group-by: [internal_ip, remote_ip]
timespan: 10s
aliases:
    internal_ip: {a: destination.ip, b: source.ip}
    remote_ip: {a: source.ip, b: destination.ip})"));
  EXPECT_FALSE(stream.fires(0, R"({"kind":"a","destination":{"ip":"1"},"source":{"ip":"2"}})"));
  EXPECT_FALSE(stream.fires(1, R"({"kind":"b","destination":{"ip":"1"},"source":{"ip":"2"}})"));
  const auto fired = stream.at(2, R"({"kind":"b","source":{"ip":"1"},"destination":{"ip":"2"}})");
  ASSERT_EQ(fired.size(), 1U);
  EXPECT_EQ(fired[0].group, "1,2");
}

// Correlation Rules, "Failed Logins Followed by Successful Login".
TEST(Correlation, CorrelationsOfCorrelations) {
  Stream stream(
      correlation("type: event_count\nrules: [a]\ngroup-by: [user]\ntimespan: 10s\ncondition: {gte: 3}", "many") +
      correlation("type: temporal_ordered\nrules: [many, b]\ngroup-by: [user]\ntimespan: 5s", "outer"));
  EXPECT_FALSE(stream.rules().rules()[*stream.rules().find("many")].reports);
  EXPECT_TRUE(stream.rules().rules()[*stream.rules().find("outer")].reports);
  stream.at(0, R"({"kind":"a","user":"u"})");
  stream.at(1, R"({"kind":"a","user":"u"})");
  EXPECT_EQ(stream.at(2, R"({"kind":"a","user":"u"})").size(), 1U);
  // It fires once, but goes on holding: the order counts from the last event that it holds for.
  EXPECT_TRUE(stream.at(6, R"({"kind":"a","user":"u"})").empty());
  const auto fired = stream.at(11, R"({"kind":"b","user":"u"})");
  ASSERT_EQ(fired.size(), 1U);
  EXPECT_EQ(fired[0], (Fired{"outer", 4, "u", {3, 4}, 2}));
}

TEST(Correlation, CountingCorrelationsCountsFirings) {
  Stream stream(
      correlation("type: event_count\nrules: [a]\ngroup-by: [user]\ntimespan: 10s\ncondition: {gte: 2}", "many") +
      correlation("type: value_count\nrules: [many]\ngroup-by: []\ntimespan: 1h\ncondition: {field: user, gte: 2}",
                  "outer"));
  stream.at(0, R"({"kind":"a","user":"u"})");
  EXPECT_EQ(stream.at(1, R"({"kind":"a","user":"u"})").size(), 1U);
  stream.at(2, R"({"kind":"a","user":"v"})");
  EXPECT_EQ(stream.at(3, R"({"kind":"a","user":"v"})").size(), 2U);
}

TEST(NewTerms, FireForWhatAGroupHasNotShown) {
  Stream stream(R"(---
title: new
new_terms:
    rules: [a]
    group-by: [user]
    field: tool
    timespan: 100s
    learning: 10s
)");
  EXPECT_FALSE(stream.fires(0, R"({"kind":"a","user":"u","tool":"t1"})"));
  EXPECT_FALSE(stream.fires(5, R"({"kind":"a","user":"u","tool":"t2"})"));
  EXPECT_FALSE(stream.fires(11, R"({"kind":"a","user":"u","tool":"t1"})"));
  EXPECT_TRUE(stream.fires(12, R"({"kind":"a","user":"u","tool":"t3"})"));
  EXPECT_TRUE(stream.fires(13, R"({"kind":"a","user":"u","tool":["t3","t4"]})"));
  EXPECT_FALSE(stream.fires(14, R"({"kind":"a","user":"v","tool":"t4"})"));
  EXPECT_TRUE(stream.fires(112, R"({"kind":"a","user":"u","tool":"t2"})"));  // last seen 107 seconds ago
  EXPECT_FALSE(stream.fires(112, R"({"kind":"a","user":"u","tool":"t3"})"));
}

TEST(Correlator, BoundsGroupsAndSaysWhatItForgot) {
  CorrelatorOptions options;
  options.max_groups = 100;
  Stream stream(correlation("type: event_count\nrules: [a]\ngroup-by: [user]\ntimespan: 1h\ncondition: {gte: 3}"),
                options);
  // Someone who comes back is not forgotten for a flood of those who do not.
  EXPECT_FALSE(stream.fires(0, R"({"kind":"a","user":"slow"})"));
  EXPECT_FALSE(stream.fires(1, R"({"kind":"a","user":"slow"})"));
  for (int i = 0; i < 1000; ++i) stream.at(2, R"({"kind":"a","user":"flood)" + std::to_string(i) + "\"}");
  EXPECT_TRUE(stream.fires(3, R"({"kind":"a","user":"slow"})"));
  EXPECT_EQ(stream.stats("correlation").groups, 100U);
  EXPECT_EQ(stream.stats("correlation").evicted, 901U);
  // What is over goes first, and is not counted.
  stream.at(10'000, R"({"kind":"a","user":"next"})");
  stream.at(10'000, R"({"kind":"a","user":"after"})");
  EXPECT_EQ(stream.stats("correlation").evicted, 901U);
}

TEST(Correlator, BoundsBytes) {
  CorrelatorOptions options;
  options.max_bytes = 50'000;
  Stream stream(correlation("type: event_count\nrules: [a]\ngroup-by: [user]\ntimespan: 1h\ncondition: {gte: 500}"),
                options);
  for (int i = 0; i < 5000; ++i) stream.at(i / 100, R"({"kind":"a","user":")" + std::to_string(i % 50) + "\"}");
  EXPECT_LE(stream.stats("correlation").bytes, 50'000U);
  EXPECT_GT(stream.stats("correlation").evicted, 0U);
}

TEST(NewTerms, BoundsTermsOfAGroup) {
  CorrelatorOptions options;
  options.max_terms = 3;
  Stream stream("---\ntitle: new\nnew_terms: {rules: [a], group-by: [], field: t, timespan: 1h}\n", options);
  for (const char* const term : {"1", "2", "3", "4"})
    EXPECT_TRUE(stream.fires(0, std::string(R"({"kind":"a","t":")") + term + "\"}"));
  EXPECT_EQ(stream.stats("new").evicted_terms, 1U);
  EXPECT_FALSE(stream.fires(1, R"({"kind":"a","t":"4"})"));
  EXPECT_TRUE(stream.fires(1, R"({"kind":"a","t":"1"})"));
}

}  // namespace
}  // namespace redoubt::sigma
