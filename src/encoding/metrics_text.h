// Metrics for Prometheus, in its text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats): appends to a
// string, in the order it is called.
//
//   std::string out;
//   MetricsText text(out);
//   text.family("redoubt_http_requests_total", MetricType::kCounter, "Requests answered.");
//   text.sample({{"code", "2xx"}}, 17);
//   text.family("redoubt_http_request_duration_seconds", MetricType::kHistogram, "…");
//   text.histogram({}, durations, 1e9);           // counted in nanoseconds, shown in seconds
//
// Our own, and not prometheus-cpp: all that is needed is this file, while Debian's package of that brings an HTTP
// server and libcurl, and wants each count copied into a tree of strings first.
//
// Names are ours and valid as they are; values of labels may be any UTF-8, and are escaped. One thread at a time; does
// not fail, except for want of memory.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "base/histogram.h"

namespace redoubt::encoding {

enum class MetricType : std::uint8_t { kCounter, kGauge, kHistogram };

struct MetricLabel {
  std::string_view name;
  std::string_view value;
};

class MetricsText {
 public:
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  using Labels = std::initializer_list<MetricLabel>;

  // Appends to `out`, which must outlive the writer.
  explicit MetricsText(std::string& out) : out_(out) {}

  // Begins a metric: its HELP and TYPE. Samples of it follow. `name` must live until the next one begins.
  void family(std::string_view name, MetricType type, std::string_view help);

  void sample(Labels labels, std::uint64_t value);
  void sample(Labels labels, double value);

  // `per_unit`: how many of what the histogram has observed make one of the metric's unit.
  template <const auto& kBounds>
  void histogram(Labels labels, const Histogram<kBounds>& histogram, double per_unit) {
    buckets(labels, kBounds, histogram.counts, histogram.sum, per_unit);
  }

 private:
  void buckets(Labels labels, std::span<const std::uint64_t> bounds, std::span<const std::uint64_t> counts,
               std::uint64_t sum, double per_unit);
  // `le`: the label of a bucket; empty for none.
  void series(std::string_view suffix, Labels labels, std::string_view le);

  std::string& out_;
  std::string_view name_;
};

}  // namespace redoubt::encoding
