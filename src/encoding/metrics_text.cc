#include "encoding/metrics_text.h"

#include <array>
#include <charconv>

#include "base/check.h"

namespace redoubt::encoding {
namespace {

// A label's value has the backslash, the quotation mark and the line feed escaped; the text of HELP not the second.
void append_escaped(std::string& out, std::string_view text, bool quoted) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\' || (quoted && c == '"')) {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
}

template <class T>
std::string_view digits(std::array<char, 32>& buffer, T value) {
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  REDOUBT_CHECK(error == std::errc());
  return {buffer.data(), end};
}

std::string_view name_of(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "untyped";
}

}  // namespace

void MetricsText::family(std::string_view name, MetricType type, std::string_view help) {
  name_ = name;
  out_ += "# HELP ";
  out_ += name;
  out_ += ' ';
  append_escaped(out_, help, false);
  out_ += "\n# TYPE ";
  out_ += name;
  out_ += ' ';
  out_ += name_of(type);
  out_ += '\n';
}

void MetricsText::series(std::string_view suffix, Labels labels, std::string_view le) {
  out_ += name_;
  out_ += suffix;
  char separator = '{';
  const auto label = [&](std::string_view name, std::string_view value) {
    out_ += separator;
    separator = ',';
    out_ += name;
    out_ += "=\"";
    append_escaped(out_, value, true);
    out_ += '"';
  };
  for (const MetricLabel& each : labels) label(each.name, each.value);
  if (!le.empty()) label("le", le);
  if (separator == ',') out_ += '}';
  out_ += ' ';
}

void MetricsText::sample(Labels labels, std::uint64_t value) {
  std::array<char, 32> buffer;
  series({}, labels, {});
  out_ += digits(buffer, value);
  out_ += '\n';
}

void MetricsText::sample(Labels labels, double value) {
  std::array<char, 32> buffer;
  series({}, labels, {});
  out_ += digits(buffer, value);
  out_ += '\n';
}

// Each bucket counts those below it, too.
void MetricsText::buckets(Labels labels, std::span<const std::uint64_t> bounds, std::span<const std::uint64_t> counts,
                          std::uint64_t sum, double per_unit) {
  std::array<char, 32> bound;
  std::array<char, 32> number;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    below += counts[i];
    series("_bucket", labels, i < bounds.size() ? digits(bound, static_cast<double>(bounds[i]) / per_unit) : "+Inf");
    out_ += digits(number, below);
    out_ += '\n';
  }
  series("_sum", labels, {});
  out_ += digits(number, static_cast<double>(sum) / per_unit);
  out_ += '\n';
  series("_count", labels, {});
  out_ += digits(number, below);
  out_ += '\n';
}

}  // namespace redoubt::encoding
