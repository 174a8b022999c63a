#include "anomaly/outliers.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "anomaly/internal/covariance.h"
#include "anomaly/internal/isolation.h"
#include "anomaly/internal/neighbours.h"
#include "anomaly/internal/random.h"
#include "anomaly/internal/scaled_table.h"

namespace redoubt::anomaly {
namespace {

constexpr std::size_t kTrees = 100;
constexpr std::size_t kBins = 25;
constexpr std::size_t kBroad = 200;  // neighbours
constexpr std::size_t kNear = 5;
constexpr std::size_t kBroadReferences = 2'048;
constexpr std::size_t kNearReferences = 8'192;
constexpr std::size_t kCells = 4;
constexpr std::size_t kCellRounds = 60;
constexpr std::size_t kSample = 32;
constexpr std::size_t kSampleRounds = 30;
// Wider tables are projected to so many columns before rows are compared as a whole.
constexpr std::size_t kComparedMax = 256;

// Adds -ln of the share of rows that are as far out or farther.
void add_surprise(const std::vector<double>& scores, std::vector<double>& sums) {
  const std::vector<double> ranks = internal::mean_ranks(scores);
  const auto count = static_cast<double>(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) sums[i] -= std::log(1 - (ranks[i] - 0.5) / count);
}

}  // namespace

Result<std::vector<double>> outlier_scores(const Table& table, std::uint64_t seed) {
  if (table.rows > kTableRowsMax || table.columns > kTableColumnsMax || table.rows * table.columns > kTableValuesMax) {
    return Error(Errc::kTooLarge, "the table is too large");
  }
  if (table.values.size() != table.rows * table.columns) {
    return Error(Errc::kInvalidArgument, "the table's values are not its rows times its columns");
  }
  std::vector<double> sums(table.rows, 0.0);
  const internal::ScaledTable scaled = internal::scale(table);
  if (table.rows < 3 || scaled.unit.columns == 0) return sums;

  internal::Random random(seed);
  add_surprise(internal::isolation(scaled.standard, kTrees, random), sums);
  add_surprise(internal::histogram_rarity(scaled.standard, kBins), sums);
  {
    const internal::Matrix correlated = internal::project(scaled.standard, kComparedMax, random);
    add_surprise(internal::robust_distances(correlated), sums);
    add_surprise(internal::sampled_nearest(internal::whiten(correlated), kSample, kSampleRounds, random), sums);
  }
  using internal::farthest, internal::find_neighbours, internal::local_outlier_factor;
  {
    const internal::Matrix ranks = internal::project(scaled.ranks, kComparedMax, random);
    add_surprise(internal::cell_mass(ranks, kCells, kCellRounds, random), sums);
    add_surprise(farthest(find_neighbours(ranks, kBroadReferences, kBroad, random)), sums);
    add_surprise(local_outlier_factor(find_neighbours(ranks, kNearReferences, kNear, random)), sums);
  }
  const internal::Matrix unit = internal::project(scaled.unit, kComparedMax, random);
  add_surprise(local_outlier_factor(find_neighbours(unit, kBroadReferences, kBroad, random)), sums);
  return sums;
}

std::optional<OutlierQuality> outlier_quality(const std::vector<double>& scores, const std::vector<bool>& labels) {
  const auto outliers = static_cast<std::size_t>(std::count(labels.begin(), labels.end(), true));
  if (scores.size() != labels.size() || outliers == 0 || outliers == labels.size()) return std::nullopt;
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  const auto positives = static_cast<double>(outliers);
  const double negatives = static_cast<double>(labels.size()) - positives;
  double found = 0;
  double passed = 0;
  OutlierQuality out;
  for (std::size_t first = 0; first < order.size();) {
    double tied_found = 0;
    std::size_t last = first;
    for (; last < order.size() && scores[order[last]] == scores[order[first]]; ++last) {
      tied_found += labels[order[last]] ? 1 : 0;
    }
    const double tied_passed = static_cast<double>(last - first) - tied_found;
    out.auc += tied_passed * (found + 0.5 * tied_found);
    found += tied_found;
    passed += tied_passed;
    out.average_precision += tied_found * found / (found + passed);
    first = last;
  }
  out.auc /= positives * negatives;
  out.average_precision /= positives;
  return out;
}

}  // namespace redoubt::anomaly
