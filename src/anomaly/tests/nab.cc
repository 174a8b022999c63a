#include "src/anomaly/tests/nab.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "anomaly/series_time.h"
#include "base/file.h"
#include "encoding/csv.h"
#include "encoding/json_reader.h"

namespace redoubt::anomaly::nab {
namespace {

constexpr std::uint64_t kFileMax = 16 << 20;

// What a detection at one row is worth, and which window it finds.
struct Worth {
  double score;
  std::optional<std::size_t> window;
  double points;
};

void collect(const Scored& scored, double false_positive, std::size_t window_base, std::vector<Worth>& out) {
  const Series& series = *scored.series;
  const std::size_t rows = series.values.size();
  const auto probation = static_cast<std::size_t>(std::min(std::floor(0.15 * static_cast<double>(rows)), 0.15 * 5000));
  const double best = scaled_sigmoid(-1);
  std::size_t next = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    while (next < series.windows.size() && row > series.windows[next].last) ++next;
    const bool inside = next < series.windows.size() && row >= series.windows[next].first;
    Worth worth{.score = (*scored.scores)[row], .window = {}, .points = 0};
    if (inside) {
      const Window& window = series.windows[next];
      const auto width = static_cast<double>(window.last - window.first + 1);
      worth.window = window_base + next;
      worth.points = scaled_sigmoid(-static_cast<double>(window.last - row + 1) / width) / best;
    } else if (next == 0) {
      worth.points = -false_positive;
    } else {
      const Window& before = series.windows[next - 1];
      const auto width = static_cast<double>(before.last - before.first + 1);
      worth.points = false_positive * scaled_sigmoid(static_cast<double>(row - before.last) / (width - 1));
    }
    if (row >= probation) out.push_back(worth);
  }
}

}  // namespace

double scaled_sigmoid(double position) {
  if (position > 3) return -1;
  return 2 / (1 + std::exp(5 * position)) - 1;
}

double raw_score(const Scored& scored, double threshold, double false_positive) {
  std::vector<Worth> rows;
  collect(scored, false_positive, 0, rows);
  std::vector<double> found(scored.series->windows.size(), -1);
  double sum = 0;
  for (const Worth& row : rows) {
    if (row.score < threshold) continue;
    if (row.window) {
      found[*row.window] = std::max(found[*row.window], row.points);
    } else {
      sum += row.points;
    }
  }
  for (const double points : found) sum += points;
  return sum;
}

double normalise(double raw, std::size_t windows) {
  if (windows == 0) return 0;
  const auto perfect = static_cast<double>(windows);
  return 100 * (raw + perfect) / (2 * perfect);
}

Outcome best_outcome(const std::vector<Scored>& corpus, double false_positive) {
  std::vector<Worth> rows;
  std::size_t windows = 0;
  for (const Scored& scored : corpus) {
    collect(scored, false_positive, windows, rows);
    windows += scored.series->windows.size();
  }
  std::sort(rows.begin(), rows.end(), [](const Worth& a, const Worth& b) { return a.score > b.score; });
  std::vector<double> found(windows, -1);
  double raw = -static_cast<double>(windows);
  Outcome best{.threshold = 1.1, .raw = raw, .normalised = 0};
  for (std::size_t i = 0; i < rows.size();) {
    const double threshold = rows[i].score;
    for (; i < rows.size() && rows[i].score == threshold; ++i) {
      if (!rows[i].window) {
        raw += rows[i].points;
      } else if (double& points = found[*rows[i].window]; rows[i].points > points) {
        raw += rows[i].points - points;
        points = rows[i].points;
      }
    }
    if (raw > best.raw) best = {.threshold = threshold, .raw = raw, .normalised = 0};
  }
  best.normalised = normalise(best.raw, windows);
  return best;
}

double normalised_at(const std::vector<Scored>& corpus, double threshold, double false_positive) {
  double raw = 0;
  std::size_t windows = 0;
  for (const Scored& scored : corpus) {
    raw += raw_score(scored, threshold, false_positive);
    windows += scored.series->windows.size();
  }
  return normalise(raw, windows);
}

Result<std::vector<Series>> read_corpus(const std::string& folder) {
  PosixFileSystem files;
  const auto labels = read_file(files, folder + "/labels/combined_windows.json", kFileMax);
  if (!labels) return labels.error();
  encoding::JsonReader reader;
  const auto root = reader.parse(as_chars(*labels));
  if (!root) return root.error();
  std::vector<Series> out;
  for (const auto member : root->get_object()) {
    Series series;
    series.name = member.key;
    series.group = series.name.substr(0, series.name.find('/'));
    const auto text = read_file(files, folder + "/data/" + series.name, kFileMax);
    if (!text) return text.error();
    encoding::CsvReader csv;
    bool header = true;
    const encoding::CsvReader::Take take = [&](encoding::CsvReader::Record& record) -> Result<> {
      if (std::exchange(header, false)) return {};
      const auto time = parse_series_time(record.at(0));
      if (!time) return time.error();
      series.times.push_back(*time);
      series.values.push_back(std::stod(record.at(1)));
      return {};
    };
    if (const auto fed = csv.feed(as_chars(*text), take); !fed) return fed.error();
    if (const auto finished = csv.finish(take); !finished) return finished.error();
    const auto row_of = [&](std::string_view when) -> Result<std::size_t> {
      const auto time = parse_series_time(when);
      if (!time) return time.error();
      const auto at = std::find(series.times.begin(), series.times.end(), *time);
      if (at == series.times.end()) return Error(Errc::kNotFound, series.name + ": no row of a window");
      return static_cast<std::size_t>(at - series.times.begin());
    };
    for (const auto window : member.value.get_array()) {
      const auto first = row_of(window.at(0).get_string());
      const auto last = row_of(window.at(1).get_string());
      if (!first || !last) return first ? last.error() : first.error();
      series.windows.push_back(Window{*first, *last});
    }
    out.push_back(std::move(series));
  }
  std::sort(out.begin(), out.end(), [](const Series& a, const Series& b) { return a.name < b.name; });
  return out;
}

}  // namespace redoubt::anomaly::nab
