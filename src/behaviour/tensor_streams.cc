#include "behaviour/internal/tensor_streams.h"

#include <algorithm>
#include <cmath>

namespace redoubt::behaviour {
namespace {

float distance(const TensorSummary& a, const TensorSummary& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum += d * d;
  }
  return static_cast<float>(std::min(std::sqrt(sum), 1e18));
}

// The standard normal quantile by bisection of erfc: forty-eight are made once.
double normal_quantile(double p) {
  double low = -8;
  double high = 8;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

// Blom's approximation to the expected order statistics.
std::array<double, TensorStream::kDistances> make_scores() {
  std::array<double, TensorStream::kDistances> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = normal_quantile((static_cast<double>(i) + 1 - 0.375) / (static_cast<double>(out.size()) + 0.25));
  }
  return out;
}

}  // namespace

float TensorStream::take(const TensorSummary& tensor) {
  const std::size_t there = std::min<std::uint64_t>(seen, kKept);
  float nearest = -1;
  for (std::size_t i = 0; i < there; ++i) {
    const float each = distance(tensor, kept[i]);
    if (nearest < 0 || each < nearest) nearest = each;
  }
  if (nearest == 0) return 0;
  if (nearest > 0) distances[(seen - 1) % kDistances] = nearest;
  kept[seen % kKept] = tensor;
  ++seen;
  return nearest;
}

double TensorStream::normality() const {
  if (!full()) return 1;
  static const std::array<double, kDistances> kScores = make_scores();
  std::array<float, kDistances> sorted = distances;
  std::sort(sorted.begin(), sorted.end());
  double mean = 0;
  for (const float d : sorted) mean += static_cast<double>(d) / kDistances;
  double cross = 0;
  double squares = 0;
  double scores = 0;
  for (std::size_t i = 0; i < kDistances; ++i) {
    const double residual = static_cast<double>(sorted[i]) - mean;
    cross += kScores[i] * residual;
    squares += residual * residual;
    scores += kScores[i] * kScores[i];
  }
  if (squares <= 1e-30) return 0;  // all the same: placed, not drawn
  return std::clamp(cross * cross / (squares * scores), 0.0, 1.0);
}

bool TensorStream::valid() const {
  const auto fits = [](float part) { return std::isfinite(part) && std::abs(part) <= 1e30F; };
  return key != 0 && usual.valid() && reserved == 0 && seen < (std::uint64_t{1} << 62) &&
         std::all_of(
             kept.begin(), kept.end(),
             [&](const TensorSummary& tensor) { return std::all_of(tensor.begin(), tensor.end(), fits); }) &&
         std::all_of(distances.begin(), distances.end(), [](float d) { return d >= 0 && d <= 1e18F; });
}

TensorStream& TensorStreams::use(std::uint64_t key, std::int64_t now_ms) {
  if (const auto known = places_.find(key); known != places_.end()) {
    streams_[known->second].last_ms = now_ms;
    return streams_[known->second];
  }
  std::size_t at = streams_.size();
  if (at < capacity_) {
    streams_.emplace_back();
  } else {
    const auto oldest =
        std::min_element(streams_.begin(), streams_.end(),
                         [](const TensorStream& a, const TensorStream& b) { return a.last_ms < b.last_ms; });
    at = static_cast<std::size_t>(oldest - streams_.begin());
    places_.erase(oldest->key);
  }
  streams_[at] = TensorStream();
  streams_[at].key = key;
  streams_[at].last_ms = now_ms;
  places_.emplace(key, static_cast<std::uint32_t>(at));
  return streams_[at];
}

void TensorStreams::save(ArchiveWriter& out) const {
  out.put(static_cast<std::uint32_t>(streams_.size()));
  for (const TensorStream& stream : streams_) out.put(stream);
}

bool TensorStreams::restore(ArchiveReader& in) {
  std::uint32_t count = 0;
  if (!in.get(count) || count > capacity_ || in.left() / sizeof(TensorStream) < count) return false;
  for (std::uint32_t i = 0; i < count; ++i) {
    TensorStream stream;
    if (!in.get(stream) || !stream.valid() || !places_.emplace(stream.key, i).second) return false;
    streams_.push_back(stream);
  }
  return true;
}

}  // namespace redoubt::behaviour
