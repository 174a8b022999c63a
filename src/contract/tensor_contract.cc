#include "contract/tensor_contract.h"

#include <algorithm>
#include <cmath>

#include "contract/internal/tensor.h"

namespace redoubt::contract {
namespace {

using internal::Cell;
using internal::DataType;
using internal::Dimension;
using internal::Table;
using internal::TensorInput;
using internal::TensorRule;
using internal::TensorRules;
using internal::TensorScan;

constexpr std::size_t kMaxCells = 1'000'000;
constexpr int kAll = TensorViolation::kAllChannels;

bool has_shape(const TensorRule& rule, const std::vector<std::uint64_t>& shape) {
  return std::ranges::equal(shape, rule.shape, [](std::uint64_t size, const Dimension& dimension) {
    return dimension.least <= size && size <= dimension.most;
  });
}

// What is checked of a request, and what is known of its samples.
struct Checked {
  TensorReport report;
  Table properties;  // empty where a tensor is not what it must be
};

class Checking {
 public:
  Checking(const TensorRules& rules, std::vector<TensorInput> inputs) : rules_(rules), inputs_(std::move(inputs)) {}

  Result<Checked> run() {
    if (auto done = bound(); !done) return done.error();
    for (const TensorRule& rule : rules_.tensors) check(rule);
    if (!rules_.others) {
      const auto is_named = [&](const TensorInput& input) {
        return std::ranges::find(rules_.tensors, input.name, &TensorRule::name) != rules_.tensors.end();
      };
      const auto others = inputs_.size() - static_cast<std::size_t>(std::ranges::count_if(inputs_, is_named));
      if (others > 0) add({}, "others", kAll, others);
    }
    if (!samples_ && whole_) samples_ = 1;
    out_.report.samples = samples_.value_or(0);
    if (whole_ && rules_.reference != nullptr) {
      if (auto done = tabulate(); !done) return done.error();
    }
    return std::move(out_);
  }

 private:
  const TensorInput* find(const TensorRule& rule) const {
    const auto input = std::ranges::find(inputs_, rule.name, &TensorInput::name);
    return input == inputs_.end() ? nullptr : &*input;
  }

  // So many channels of samples are looked at together.
  Result<> bound() const {
    std::uint64_t summaries = 0;
    for (const TensorRule& rule : rules_.tensors) {
      const TensorInput* const input = find(rule);
      if (input == nullptr || input->values == 0 || !has_shape(rule, input->shape)) continue;
      summaries += (rule.samples ? input->shape.front() : 1) * rule.channel_count();
      if (summaries > internal::kMaxSummaries) return Error(Errc::kTooLarge, "the request has too many samples");
    }
    return {};
  }

  void add(std::string_view tensor, std::string_view rule, int channel, std::uint64_t count, std::uint64_t first = 0) {
    out_.report.violations.push_back(
        {.tensor = tensor, .rule = rule, .channel = channel, .count = count, .first = first});
  }
  // Nothing can be said of the request's samples then.
  void add_of_tensor(const TensorRule& rule, std::string_view what) {
    add(rule.name, what, kAll, 1);
    whole_ = false;
  }

  void check(const TensorRule& rule) {
    const TensorInput* const input = find(rule);
    if (input == nullptr) return add_of_tensor(rule, "missing");
    if (internal::data_type_named(input->type) != rule.type) return add_of_tensor(rule, "datatype");
    if (!has_shape(rule, input->shape)) return add_of_tensor(rule, "shape");
    Bytes buffer;
    internal::Wrong wrong;
    const auto values = internal::values_of(*input, rule.type, buffer, wrong);
    if (!values) return add_of_tensor(rule, "size");
    if (wrong.count > 0) {
      add(rule.name, "type", kAll, wrong.count, wrong.first);
      whole_ = false;
      return;
    }
    TensorScan scan = internal::scan_tensor(rule, input->shape, *values);
    for (std::size_t channel = 0; channel < scan.channels; ++channel) {
      const TensorScan::Outside& outside = scan.outside[channel];
      if (outside.count == 0) continue;
      add(rule.name, "range", rule.channels < 0 ? kAll : static_cast<int>(channel), outside.count, outside.first);
    }
    if (static_cast<double>(scan.nan) > rule.nan * static_cast<double>(input->values)) {
      add(rule.name, "nan", kAll, scan.nan, scan.first_nan);
    }
    if (rule.samples) {
      if (samples_ && *samples_ != scan.samples) return add_of_tensor(rule, "samples");
      samples_ = scan.samples;
    }
    scans_.push_back(std::move(scan));
  }

  // A row of properties for each sample.
  Result<> tabulate() {
    Table& table = out_.properties;
    table.columns = rules_.reference->columns.size();
    table.rows = samples_.value_or(0);
    if (table.rows * table.columns > kMaxCells) return Error(Errc::kTooLarge, "the request has too many samples");
    table.cells.reserve(table.rows * table.columns);
    std::vector<double> row;
    for (std::uint64_t sample = 0; sample < table.rows; ++sample) {
      row.clear();
      for (const TensorScan& scan : scans_) internal::add_properties(scan, std::min(sample, scan.samples - 1), row);
      for (const double property : row) {
        Cell cell;
        if (!std::isnan(property)) {
          cell.kind = Cell::Kind::kNumber;
          cell.number = property;
        }
        table.cells.push_back(cell);
      }
    }
    return {};
  }

  const TensorRules& rules_;
  const std::vector<TensorInput> inputs_;
  Checked out_;
  bool whole_ = true;  // every tensor is there as it must be
  std::optional<std::uint64_t> samples_;
  std::vector<TensorScan> scans_;  // by tensor; one that counts no samples is the same for all
};

Result<Checked> check_request(const TensorRules& rules, simdjson::dom::element request, ByteView binary) {
  auto inputs = internal::read_inputs(request, binary);
  if (!inputs) return inputs.error();
  return Checking(rules, *std::move(inputs)).run();
}

// By a tenth of what was seen, within what the type can say; what is never negative stays so.
internal::Range widened(double least, double most, DataType type) {
  const double margin = (most - least) / 10;
  internal::Range range{least >= 0 ? std::max(least - margin, 0.0) : least - margin, most + margin};
  if (const auto of_type = internal::range_of(type)) {
    range.least = std::max(std::floor(*range.least), *of_type->least);
    range.most = std::min(std::ceil(*range.most), *of_type->most);
  }
  return range;
}

// The rule that the input keeps.
Result<TensorRule> fit_tensor(const TensorInput& input, int channels) {
  TensorRule rule;
  rule.name = input.name;
  const auto type = internal::data_type_named(input.type);
  if (!type) return Error(Errc::kMalformed, "an input has a datatype that is not read");
  rule.type = *type;
  if (input.shape.empty()) return Error(Errc::kInvalidArgument, "an input has no dimension that counts samples");
  for (const std::uint64_t size : input.shape) rule.shape.push_back({size, size});
  rule.shape.front() = {};
  rule.samples = true;
  if (channels >= 0) {
    const auto at = static_cast<std::size_t>(channels);
    if (at == 0 || at >= rule.shape.size() || input.shape[at] == 0 || input.shape[at] > TensorContract::kMaxChannels) {
      return Error(Errc::kInvalidArgument, "an input has no such dimension of 1 to 64 channels");
    }
    rule.channels = channels;
  }
  if (input.shape.front() * rule.channel_count() > internal::kMaxSummaries) {
    return Error(Errc::kTooLarge, "there are too many samples");
  }
  Bytes buffer;
  internal::Wrong wrong;
  const auto values = internal::values_of(input, rule.type, buffer, wrong);
  if (!values || wrong.count > 0) return Error(Errc::kMalformed, "an input's data are not of its shape and datatype");
  const TensorScan scan = internal::scan_tensor(rule, input.shape, *values);
  for (std::size_t channel = 0; channel < scan.channels; ++channel) {
    // There is no range yet, so nothing else is outside of it.
    if (scan.outside[channel].count > 0) {
      return Error(Errc::kInvalidArgument, "an input has values that are infinite");
    }
    double least = INFINITY;
    double most = -INFINITY;
    for (std::uint64_t sample = 0; sample < scan.samples; ++sample) {
      const auto& summary = scan.summaries[sample * scan.channels + channel];
      if (summary.count == 0) continue;
      least = std::min(least, summary.least);
      most = std::max(most, summary.most);
    }
    internal::Range range;
    if (least <= most) range = widened(least, most, rule.type);
    // Beyond what a double can say there is no bound.
    for (auto* bound : {&range.least, &range.most}) {
      if (*bound && !std::isfinite(**bound)) bound->reset();
    }
    rule.ranges.push_back(range);
  }
  const double share = input.values == 0 ? 0 : static_cast<double>(scan.nan) / static_cast<double>(input.values);
  if (share > 0) {
    rule.nan = std::min(1.0, share + 3 * std::sqrt(share * (1 - share) / static_cast<double>(input.values)));
  }
  return rule;
}

}  // namespace

TensorContract::TensorContract(std::shared_ptr<const TensorRules> rules) : rules_(std::move(rules)) {}
TensorContract::TensorContract(TensorContract&&) noexcept = default;
TensorContract& TensorContract::operator=(TensorContract&&) noexcept = default;
TensorContract::~TensorContract() = default;

Result<TensorContract> TensorContract::parse(std::string_view json) {
  auto rules = internal::tensor_rules_from_json(json);
  if (!rules) return rules.error();
  return TensorContract(std::make_shared<const TensorRules>(*std::move(rules)));
}

std::string TensorContract::to_json() const {
  return internal::tensor_rules_to_json(*rules_);
}

Result<TensorReport> TensorContract::check(simdjson::dom::element request, ByteView binary) const {
  auto checked = check_request(*rules_, request, binary);
  if (!checked) return checked.error();
  if (rules_->reference != nullptr && checked->properties.columns > 0) {
    checked->report.scores = internal::scores_of(*rules_->reference, checked->properties);
  }
  return std::move(checked->report);
}

Result<TensorContract> TensorContract::fit(simdjson::dom::element request, ByteView binary, const FitOptions& options) {
  auto inputs = internal::read_inputs(request, binary);
  if (!inputs) return inputs.error();
  if (inputs->empty()) return Error(Errc::kInvalidArgument, "there is no input");
  if (inputs->size() > kMaxTensors) return Error(Errc::kTooLarge, "there are more than 64 inputs");
  auto rules = std::make_shared<TensorRules>();
  for (const TensorInput& input : *inputs) {
    auto rule = fit_tensor(input, options.channels);
    if (!rule) return rule.error();
    rules->tensors.push_back(*std::move(rule));
  }
  const std::vector<std::string> properties = internal::property_names(rules->tensors);
  if (properties.size() > 256) return Error(Errc::kTooLarge, "the inputs have too many channels together");
  // A reference that knows the properties' names only, to have them tabulated.
  auto names = std::make_shared<internal::Contract>();
  for (const std::string& name : properties) names->columns.emplace_back().name = name;
  rules->reference = names;
  auto checked = check_request(*rules, request, binary);
  if (!checked) return checked.error();
  if (checked->properties.columns == 0) {
    return Error(Errc::kInvalidArgument, "the inputs have different numbers of samples");
  }
  auto reference = internal::fit_table(properties, checked->properties);
  if (!reference) return reference.error();
  for (internal::Column& column : reference->columns) {
    column.type = ColumnType::kNumber;  // a property that was whole by chance, or missing in all samples
  }
  rules->reference = std::make_shared<const internal::Contract>(*std::move(reference));
  return TensorContract(std::move(rules));
}

TensorDriftWindow::TensorDriftWindow(const TensorContract& contract, std::uint64_t window_samples)
    : rules_(contract.rules_) {
  if (rules_->reference != nullptr) window_.reset(new DriftWindow(rules_->reference, window_samples));
}
TensorDriftWindow::~TensorDriftWindow() = default;

Result<> TensorDriftWindow::add(simdjson::dom::element request, ByteView binary) {
  auto checked = check_request(*rules_, request, binary);
  if (!checked) return checked.error();
  if (window_ != nullptr && checked->properties.columns > 0) window_->add(checked->properties);
  return {};
}

std::vector<ColumnDrift> TensorDriftWindow::drift() const {
  return window_ == nullptr ? std::vector<ColumnDrift>() : window_->drift();
}

}  // namespace redoubt::contract
