// `behaviour score` and `behaviour outliers`, from the command line to what they print.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <fstream>

#include "redoubt/behaviour/commands.h"
#include "redoubt/behaviour/csv_columns.h"
#include "tests/support/temp_dir.h"

namespace redoubt::app {
namespace {

struct Answer {
  int status = -1;
  std::string out;
  std::string err;
};

Answer run(const std::string& line) {
  CLI::App app;
  Common common;
  Answer answer;
  add_behaviour_commands(app, common, answer.status);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  app.parse(line);
  answer.out = testing::internal::GetCapturedStdout();
  answer.err = testing::internal::GetCapturedStderr();
  return answer;
}

class BehaviourVerbs : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    const std::string path = folder_.path() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  testing_support::TempDir folder_;
};

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST_F(BehaviourVerbs, ScorePrintsARowForEachAndFindsTheSpike) {
  std::string series = "value,timestamp\n";
  for (int i = 0; i < 500; ++i) {
    const double value = i == 400 ? 1000 : 10 + i % 7;
    series += std::to_string(value) + "," + std::to_string(1'400'000'000 + 300 * i) + "\n";
  }
  const std::string path = write("series.csv", series);
  const Answer answer = run("behaviour score --csv " + path + " --value value");
  EXPECT_EQ(answer.status, kSuccess);
  EXPECT_EQ(lines(answer.out), 501U);
  EXPECT_EQ(answer.out.substr(0, 22), "timestamp,value,score\n");
  const std::size_t spike = answer.out.find("1400120000,1000.000000,0.");
  ASSERT_NE(spike, std::string::npos);
  EXPECT_GT(std::stod(answer.out.substr(spike + 23)), 0.4);
  const Answer json = run("behaviour score --csv " + path + " --value value --json");
  EXPECT_NE(json.out.find("{\"timestamp\":\"1400000000\",\"value\":10"), std::string::npos) << json.out.substr(0, 200);
}

TEST_F(BehaviourVerbs, ScoreNamesTheLineThatItCannotRead) {
  const std::string path = write("series.csv", "timestamp,value\n1,2\n2,x\n");
  const Answer answer = run("behaviour score --csv " + path + " --value value");
  EXPECT_EQ(answer.status, kFailure);
  EXPECT_NE(answer.err.find("line 3: `x` is not a number"), std::string::npos) << answer.err;
  EXPECT_EQ(run("behaviour score --csv " + path + " --value other").status, kUsage);
  EXPECT_EQ(run("behaviour score --csv " + path + ".none --value value").status, kFailure);
}

TEST_F(BehaviourVerbs, OutliersScoreRowsAndSayHowWell) {
  std::string table = "a,b,odd\n";
  for (int i = 0; i < 100; ++i) table += std::to_string(i % 10) + "," + std::to_string(i % 7) + ",0\n";
  table += "60,-40,1\n";
  const std::string path = write("table.csv", table);
  const Answer answer = run("behaviour outliers --csv " + path + " --label odd");
  EXPECT_EQ(answer.status, kSuccess);
  EXPECT_EQ(lines(answer.out), 102U);
  EXPECT_NE(answer.err.find("auc_roc 1.000000\naverage_precision 1.000000\n"), std::string::npos) << answer.err;
  const Answer json = run("behaviour outliers --csv " + path + " --label odd --json");
  EXPECT_NE(json.out.find("\"auc_roc\":1"), std::string::npos) << json.out.substr(0, 200);
  EXPECT_EQ(run("behaviour outliers --csv " + path + " --label none").status, kUsage);
}

TEST(CsvColumns, NumbersAreReadStrictlyAndMissingOnesAreNone) {
  EXPECT_EQ(*behaviour_verbs::parse_number("-1.5e3"), -1500);
  EXPECT_TRUE(std::isnan(*behaviour_verbs::parse_number("")));
  EXPECT_TRUE(std::isnan(*behaviour_verbs::parse_number("1e999")));
  for (const std::string_view text : {" 1", "1 ", "1,0", "0x10", "one", "+1"}) {
    const auto number = behaviour_verbs::parse_number(text);
    EXPECT_FALSE(number) << text;
  }
}

TEST(CsvColumns, TwoColumnsOfOneNameAreNone) {
  const auto column = behaviour_verbs::find_column({"a", "b", "a"}, "a");
  ASSERT_FALSE(column);
  EXPECT_EQ(column.error().code(), Errc::kMalformed);
}

}  // namespace
}  // namespace redoubt::app
