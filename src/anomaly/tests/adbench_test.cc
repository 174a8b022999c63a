// What outlier_scores() reaches on the tables of ADBench (Han et al., NeurIPS 2022). Shared data: anomaly/adbench.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "anomaly/npz.h"
#include "anomaly/outliers.h"
#include "base/file.h"

namespace redoubt::anomaly {
namespace {

constexpr std::size_t kSampled = 10'000;

// As many rows as the protocol allows, chosen by `seed`.
LabelledTable sample(const LabelledTable& whole, std::uint64_t seed) {
  if (whole.table.rows <= kSampled) return whole;
  std::mt19937_64 random(seed);
  std::vector<std::size_t> rows(whole.table.rows);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = i;
  LabelledTable out{.table = {.rows = kSampled, .columns = whole.table.columns, .values = {}}, .labels = {}};
  for (std::size_t i = 0; i < kSampled; ++i) {
    std::swap(rows[i], rows[i + random() % (rows.size() - i)]);
    const auto first = whole.table.values.begin() + static_cast<std::ptrdiff_t>(rows[i] * whole.table.columns);
    out.table.values.insert(out.table.values.end(), first, first + static_cast<std::ptrdiff_t>(whole.table.columns));
    out.labels.push_back(whole.labels[rows[i]]);
  }
  return out;
}

TEST(OutlierScores, ReachesTwoPointsAboveIsolationForestOnAdbench) {
  const char* const data = std::getenv("REDOUBT_DATA");
  const std::string folder = data == nullptr ? "" : std::string(data) + "/anomaly/adbench";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "REDOUBT_DATA has no anomaly/adbench";
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  ASSERT_FALSE(files.empty());
  // REDOUBT_ADBENCH_SEED: another sample of large tables, and another seed.
  const char* const chosen = std::getenv("REDOUBT_ADBENCH_SEED");
  const std::uint64_t seed = chosen == nullptr ? 1 : std::strtoull(chosen, nullptr, 10);
  PosixFileSystem system;
  double auc = 0;
  for (const std::string& file : files) {
    const auto bytes = read_file(system, file, 256 << 20);
    ASSERT_TRUE(bytes) << bytes.error().message();
    const auto whole = read_npz_table(*bytes);
    ASSERT_TRUE(whole) << file << ": " << whole.error().message();
    const LabelledTable table = sample(*whole, seed);
    const auto began = std::chrono::steady_clock::now();
    const auto scores = outlier_scores(table.table, seed);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    ASSERT_TRUE(scores);
    const auto quality = outlier_quality(*scores, table.labels);
    ASSERT_TRUE(quality) << file;
    std::printf("%-20s %6zu x %4zu  auc %.4f  average precision %.4f  %.1f s\n",
                std::filesystem::path(file).stem().c_str(), table.table.rows, table.table.columns, quality->auc,
                quality->average_precision, took.count());
    auc += quality->auc / static_cast<double>(files.size());
  }
  std::printf("mean auc %.4f\n", auc);
  EXPECT_GE(auc, 0.765);
}

}  // namespace
}  // namespace redoubt::anomaly
