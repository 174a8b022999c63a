#include "encoding/metrics_text.h"

#include <gtest/gtest.h>

namespace redoubt::encoding {
namespace {

TEST(MetricsText, WritesHelpTypeAndSamples) {
  std::string out;
  MetricsText text(out);
  text.family("a_total", MetricType::kCounter, "Things.");
  text.sample({}, std::uint64_t{18'446'744'073'709'551'615U});
  text.sample({{"route", "x"}, {"code", "2xx"}}, std::uint64_t{3});
  text.family("b_seconds", MetricType::kGauge, "Time.");
  text.sample({}, 0.25);
  EXPECT_EQ(out,
            "# HELP a_total Things.\n# TYPE a_total counter\na_total 18446744073709551615\n"
            "a_total{route=\"x\",code=\"2xx\"} 3\n# HELP b_seconds Time.\n# TYPE b_seconds gauge\nb_seconds 0.25\n");
}

// Exposition formats, "Comments, help text, and type information".
TEST(MetricsText, EscapesWhatWouldEndALabelOrALine) {
  std::string out;
  MetricsText text(out);
  text.family("a", MetricType::kGauge, "one\\two\n\"three\"");
  text.sample({{"log", "a\"b\\c\nd"}}, std::uint64_t{1});
  EXPECT_EQ(out, "# HELP a one\\\\two\\n\"three\"\n# TYPE a gauge\na{log=\"a\\\"b\\\\c\\nd\"} 1\n");
}

constexpr std::array<std::uint64_t, 3> kNanoseconds{50'000, 2'500'000, 10'000'000'000};

TEST(MetricsText, BucketsOfAHistogramAreCumulativeAndInItsUnit) {
  Histogram<kNanoseconds> times;
  for (const std::uint64_t value : {10'000ULL, 50'000ULL, 1'000'000ULL, 20'000'000'000ULL}) times.observe(value);
  std::string out;
  MetricsText text(out);
  text.family("t_seconds", MetricType::kHistogram, "T.");
  text.histogram({{"route", "x"}}, times, 1e9);
  EXPECT_EQ(out,
            "# HELP t_seconds T.\n# TYPE t_seconds histogram\n"
            "t_seconds_bucket{route=\"x\",le=\"5e-05\"} 2\nt_seconds_bucket{route=\"x\",le=\"0.0025\"} 3\n"
            "t_seconds_bucket{route=\"x\",le=\"10\"} 3\nt_seconds_bucket{route=\"x\",le=\"+Inf\"} 4\n"
            "t_seconds_sum{route=\"x\"} 20.00106\nt_seconds_count{route=\"x\"} 4\n");
}

}  // namespace
}  // namespace redoubt::encoding
