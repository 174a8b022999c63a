// What tensors someone sends to one model, remembered in small: a few of the last ones, and how near each was to them.
//
// Who draws queries from the world sends tensors whose distances to the nearest earlier one are spread about normally;
// who places them around each other to copy a model does not (Juuti et al., "PRADA: Protecting against DNN model
// stealing attacks", EuroS&P 2019). There the whole past is kept and Shapiro and Wilk's test made of the distances;
// here eight tensors, and Shapiro and Francia's test (1972) of the last 48 distances.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "anomaly/robust.h"
#include "behaviour/features.h"
#include "behaviour/internal/archive.h"

namespace redoubt::behaviour {

struct TensorStream {
  static constexpr std::size_t kKept = 8;
  static constexpr std::size_t kDistances = 48;

  std::uint64_t key = 0;  // of principal and model; 0: not in use
  std::uint64_t seen = 0;
  std::int64_t last_ms = 0;
  std::array<TensorSummary, kKept> kept{};
  std::array<float, kDistances> distances{};  // to the nearest of those kept
  anomaly::RobustLevel usual;                 // log_scale of a thousand times the distance
  std::uint32_t reserved = 0;

  // Distance to the nearest of those kept, which then includes it; negative for the first, and 0 for one that is among
  // them, which changes nothing: it was tried again.
  float take(const TensorSummary& tensor);
  // Shapiro and Francia's W' of the last distances, in (0, 1]: 1 is normal. 1 before there are kDistances.
  double normality() const;
  bool full() const { return seen > kDistances; }
  bool valid() const;
};

// At most a stated number; full: the one not used for longest goes.
class TensorStreams {
 public:
  explicit TensorStreams(std::size_t capacity) : capacity_(capacity) {}

  // Precondition: key is not 0.
  TensorStream& use(std::uint64_t key, std::int64_t now_ms);
  std::size_t memory_bytes() const { return streams_.capacity() * sizeof(TensorStream); }

  void save(ArchiveWriter& out) const;
  bool restore(ArchiveReader& in);

 private:
  std::size_t capacity_;
  std::vector<TensorStream> streams_;
  std::unordered_map<std::uint64_t, std::uint32_t> places_;  // in streams_, by key
};

}  // namespace redoubt::behaviour
