#include "anomaly/stream_forest.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "anomaly/internal/cut_tree.h"
#include "base/check.h"

namespace redoubt::anomaly {
namespace {

constexpr std::string_view kMagic = "RDFOREST";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeadSize = 8 + 4 + 3 * 4 + 3 * 8;
constexpr std::uint64_t kLeastPoints = 32;

bool within_range(const StreamForestOptions& options) {
  return options.dimensions >= 1 && options.dimensions <= 64 && options.trees >= 1 && options.trees <= 256 &&
         options.sample >= 2 && options.sample <= internal::CutTree::kSampleMax && options.half_life >= 1 &&
         options.half_life <= 1e12;
}

// Ranges of the boxes are added: no value may be so large that they overflow.
std::vector<double> finite(std::span<const double> point) {
  std::vector<double> out(point.begin(), point.end());
  for (double& value : out) value = std::isfinite(value) ? std::clamp(value, -1e150, 1e150) : 0;
  return out;
}

}  // namespace

struct StreamForest::State {
  StreamForestOptions options;
  std::uint64_t seen = 0;
  std::vector<internal::CutTree> trees;
};

StreamForest::StreamForest(std::unique_ptr<State> state) : state_(std::move(state)) {}
StreamForest::StreamForest(StreamForest&&) noexcept = default;
StreamForest& StreamForest::operator=(StreamForest&&) noexcept = default;
StreamForest::~StreamForest() = default;

Result<StreamForest> StreamForest::create(const StreamForestOptions& options) {
  if (!within_range(options)) return Error(Errc::kInvalidArgument, "an option of the forest is out of its range");
  auto state = std::make_unique<State>(State{.options = options, .seen = 0, .trees = {}});
  for (std::uint32_t i = 0; i < options.trees; ++i) {
    // Far apart in the generator's one cycle.
    state->trees.emplace_back(options.dimensions, options.sample, options.seed + i * 0xD134'2543'DE82'EF95);
  }
  return StreamForest(std::move(state));
}

double StreamForest::score(std::span<const double> point) const {
  REDOUBT_CHECK(point.size() == state_->options.dimensions);
  if (state_->seen < kLeastPoints) return 0;
  const std::vector<double> values = finite(point);
  double depth = 0;
  for (const internal::CutTree& tree : state_->trees) depth += tree.relative_depth(values);
  return std::exp2(-depth / static_cast<double>(state_->trees.size()));
}

void StreamForest::insert(std::span<const double> point) {
  REDOUBT_CHECK(point.size() == state_->options.dimensions);
  const std::vector<double> values = finite(point);
  const double age = static_cast<double>(state_->seen) * std::log(2.0) / state_->options.half_life;
  for (internal::CutTree& tree : state_->trees) tree.insert(values, age);
  ++state_->seen;
}

std::uint64_t StreamForest::points_seen() const {
  return state_->seen;
}
const StreamForestOptions& StreamForest::options() const {
  return state_->options;
}

Bytes StreamForest::save() const {
  Bytes out(kHeadSize);
  const MutableByteView head(out);
  const StreamForestOptions& options = state_->options;
  std::copy_n(as_bytes(kMagic).begin(), 8, out.begin());
  store_le(head.subspan(8), kVersion);
  store_le(head.subspan(12), options.dimensions);
  store_le(head.subspan(16), options.trees);
  store_le(head.subspan(20), options.sample);
  store_le(head.subspan(24), std::bit_cast<std::uint64_t>(options.half_life));
  store_le(head.subspan(32), options.seed);
  store_le(head.subspan(40), state_->seen);
  for (const internal::CutTree& tree : state_->trees) tree.save(out);
  return out;
}

Result<StreamForest> StreamForest::restore(ByteView bytes) {
  if (bytes.size() < kHeadSize || as_chars(bytes.first(8)) != kMagic) {
    return Error(Errc::kCorrupt, "no saved forest");
  }
  if (load_le<std::uint32_t>(bytes.subspan(8, 4)) != kVersion) {
    return Error(Errc::kUnsupported, "a saved forest of another version");
  }
  const StreamForestOptions options{.dimensions = load_le<std::uint32_t>(bytes.subspan(12, 4)),
                                    .trees = load_le<std::uint32_t>(bytes.subspan(16, 4)),
                                    .sample = load_le<std::uint32_t>(bytes.subspan(20, 4)),
                                    .half_life = std::bit_cast<double>(load_le<std::uint64_t>(bytes.subspan(24, 8))),
                                    .seed = load_le<std::uint64_t>(bytes.subspan(32, 8))};
  if (!within_range(options)) return Error(Errc::kCorrupt, "the saved forest's options are out of their range");
  auto state = std::make_unique<State>(
      State{.options = options, .seen = load_le<std::uint64_t>(bytes.subspan(40, 8)), .trees = {}});
  ByteView rest = bytes.subspan(kHeadSize);
  for (std::uint32_t i = 0; i < options.trees; ++i) {
    auto tree = internal::CutTree::restore(rest, options.dimensions, options.sample);
    if (!tree) return tree.error();
    state->trees.push_back(*std::move(tree));
  }
  if (!rest.empty()) return Error(Errc::kCorrupt, "something stands behind the saved forest");
  return StreamForest(std::move(state));
}

}  // namespace redoubt::anomaly
