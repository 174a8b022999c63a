// Where those come from whom nobody could authenticate: a fixed number of networks, by keyed hash.
//
// Full: the one with the fewest recent failures gives way, so that whoever sends from a million networks pushes out
// others like it, not those who fail most (in the manner of Metwally et al., "Space-Saving", ICDT 2005).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "anomaly/distinct_counter.h"
#include "behaviour/internal/archive.h"
#include "behaviour/internal/small_state.h"

namespace redoubt::behaviour {

inline constexpr float kSourceHalfLifeS = 600;

struct Source {
  static constexpr std::size_t kNoted = 8;

  std::uint64_t key = 0;                      // address prefix
  std::array<std::uint64_t, kNoted> noted{};  // indices of its last failures
  std::uint64_t size = 0;                     // noted so far
  RecentCount failures;
  std::uint32_t raised_hour = 0;  // 0: never
  std::uint32_t reserved = 0;
  anomaly::DistinctCounter claimed;  // credentials that were tried

  bool valid() const { return failures.valid() && claimed.valid() && reserved == 0; }
};

class Sources {
 public:
  static constexpr std::size_t kCapacity = 1024;

  Source* find(std::uint64_t key) {
    for (Source& source : sources_) {
      if (source.key == key) return &source;
    }
    return nullptr;
  }
  Source& use(std::uint64_t key, std::int64_t now_ms) {
    if (Source* known = find(key)) return *known;
    Source* least = nullptr;
    float fewest = 0;
    for (Source& source : sources_) {
      const float failures = source.failures.at(now_ms, kSourceHalfLifeS);
      if (least == nullptr || failures < fewest) {
        least = &source;
        fewest = failures;
      }
    }
    if (sources_.size() < kCapacity) {
      least = &sources_.emplace_back();
    }
    *least = Source();
    least->key = key;
    return *least;
  }
  bool empty() const { return sources_.empty(); }
  std::size_t memory_bytes() const { return sources_.capacity() * sizeof(Source); }

  void save(ArchiveWriter& out) const {
    out.put(static_cast<std::uint32_t>(sources_.size()));
    for (const Source& source : sources_) out.put(source);
  }
  bool restore(ArchiveReader& in) {
    std::uint32_t count = 0;
    if (!in.get(count) || count > kCapacity || in.left() / sizeof(Source) < count) return false;
    for (std::uint32_t i = 0; i < count; ++i) {
      Source source;
      if (!in.get(source) || !source.valid()) return false;
      sources_.push_back(source);
    }
    return true;
  }

 private:
  std::vector<Source> sources_;
};

}  // namespace redoubt::behaviour
