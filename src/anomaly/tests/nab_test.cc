// The score that SeriesScorer reaches on the benchmark's series. Shared data: anomaly/nab.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "anomaly/series_scorer.h"
#include "base/file.h"
#include "encoding/json_reader.h"
#include "src/anomaly/tests/nab.h"

namespace redoubt::anomaly {
namespace {

std::string data_folder() {
  const char* const folder = std::getenv("REDOUBT_DATA");
  const std::string nab = folder == nullptr ? "" : std::string(folder) + "/anomaly/nab";
  return std::filesystem::is_directory(nab) ? nab : "";
}

#define SKIP_WITHOUT_DATA() \
  if (data_folder().empty()) GTEST_SKIP() << "REDOUBT_DATA has no anomaly/nab"

nab::Series thousand_rows() {
  nab::Series series{.name = "a/b", .group = "a", .times = {}, .values = {}, .windows = {{500, 599}, {800, 849}}};
  for (int i = 0; i < 1000; ++i) {
    series.times.push_back({i * 300'000});
    series.values.push_back(i);
  }
  return series;
}

std::vector<double> detections(std::initializer_list<std::size_t> rows) {
  std::vector<double> out(1000, 0.0);
  for (const std::size_t row : rows) out[row] = 1;
  return out;
}

TEST(NabScoring, CountsWindowsAndFalsePositivesAsTheBenchmarkDoes) {
  const nab::Series series = thousand_rows();
  const auto raw = [&](std::initializer_list<std::size_t> rows) {
    const auto scores = detections(rows);
    return nab::raw_score({&series, &scores}, 0.5);
  };
  EXPECT_DOUBLE_EQ(raw({}), -2);
  EXPECT_DOUBLE_EQ(raw({500, 800}), 2) << "each at once";
  EXPECT_DOUBLE_EQ(raw({500, 501, 599, 800}), 2) << "a second detection in a window changes nothing";
  EXPECT_DOUBLE_EQ(raw({100}), -2) << "in probation";
  EXPECT_DOUBLE_EQ(raw({150}), -2.11) << "before any window";
  EXPECT_NEAR(raw({599}), -1 + nab::scaled_sigmoid(-0.01) / nab::scaled_sigmoid(-1), 1e-12) << "at its last row";
  EXPECT_NEAR(raw({600}), -2 + 0.11 * nab::scaled_sigmoid(1.0 / 99), 1e-12) << "just behind it";
  EXPECT_DOUBLE_EQ(raw({999}), -2 - 0.11) << "far behind the second";
}

TEST(NabScoring, NormalisesBetweenNoDetectionAndPerfectOnes) {
  const nab::Series series = thousand_rows();
  const auto none = detections({});
  const auto perfect = detections({500, 800});
  EXPECT_DOUBLE_EQ(nab::best_outcome({{&series, &none}}).normalised, 0);
  EXPECT_DOUBLE_EQ(nab::best_outcome({{&series, &perfect}}).normalised, 100);
  EXPECT_DOUBLE_EQ(nab::normalised_at({{&series, &perfect}}, 0.5), 100);
}

// What the benchmark publishes of other detectors: raw points in one file, normalised ones in the other.
TEST(NabScoring, NormalisesThePublishedScoresAsPublished) {
  SKIP_WITHOUT_DATA();
  PosixFileSystem files;
  const auto raw = read_file(files, data_folder() + "/thresholds.json", 1 << 20);
  const auto published = read_file(files, data_folder() + "/final_results.json", 1 << 20);
  ASSERT_TRUE(raw && published);
  encoding::JsonReader raw_reader;
  encoding::JsonReader published_reader;
  const auto raw_root = raw_reader.parse(as_chars(*raw));
  const auto published_root = published_reader.parse(as_chars(*published));
  ASSERT_TRUE(raw_root && published_root);
  // Those that have the same state in both files; the others were scored anew after one of them was written.
  for (const char* const detector : {"ARTime", "contextOSE", "earthgeckoSkyline", "null", "numenta", "numentaTM",
                                     "randomCutForest", "relativeEntropy", "skyline"}) {
    const double points = (*raw_root)[detector]["standard"]["score"].get_double();
    const double score = (*published_root)[detector]["standard"].get_double();
    EXPECT_NEAR(nab::normalise(points, 116), score, 1e-6) << detector;
  }
  EXPECT_EQ(nab::normalise(-116, 116), 0) << "the null detector";
}

TEST(SeriesScorer, ReachesSixtyFiveOnTheBenchmark) {
  SKIP_WITHOUT_DATA();
  const auto corpus = nab::read_corpus(data_folder());
  ASSERT_TRUE(corpus) << corpus.error().message();
  ASSERT_FALSE(corpus->empty());
  std::vector<std::vector<double>> scores;
  for (const nab::Series& series : *corpus) {
    SeriesScorer scorer;
    auto& of_series = scores.emplace_back();
    for (std::size_t i = 0; i < series.values.size(); ++i) {
      of_series.push_back(scorer.score(series.times[i], series.values[i]));
    }
  }
  std::vector<nab::Scored> all;
  std::map<std::string, std::vector<nab::Scored>> groups;
  for (std::size_t i = 0; i < corpus->size(); ++i) {
    const nab::Scored scored{&(*corpus)[i], &scores[i]};
    all.push_back(scored);
    groups[scored.series->group].push_back(scored);
  }
  const nab::Outcome outcome = nab::best_outcome(all);
  const nab::Outcome quiet = nab::best_outcome(all, 0.22);
  std::printf("all %zu series: %.2f at %.4f (few false positives: %.2f)\n", all.size(), outcome.normalised,
              outcome.threshold, quiet.normalised);
  for (const auto& [name, group] : groups) {
    std::size_t windows = 0;
    double raw = 0;
    for (const nab::Scored& scored : group) {
      windows += scored.series->windows.size();
      raw += nab::raw_score(scored, outcome.threshold);
    }
    // The threshold that the other groups would have chosen for this one.
    std::vector<nab::Scored> others;
    for (const nab::Scored& scored : all) {
      if (scored.series->group != name) others.push_back(scored);
    }
    const double foreign = nab::normalised_at(group, nab::best_outcome(others).threshold);
    std::printf("  %s: %zu series, %zu windows, raw %.2f, normalised %.1f, with the others' threshold %.1f\n",
                name.c_str(), group.size(), windows, raw, nab::normalise(raw, windows), foreign);
  }
  EXPECT_GE(outcome.normalised, 65);
}

}  // namespace
}  // namespace redoubt::anomaly
