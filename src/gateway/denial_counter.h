// Denials before authentication, counted by source and recorded together, so that a flood cannot fill the disk.
//
// One per core. Sources beyond kMaxSources in one interval share a bucket.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/recorder.h"

namespace redoubt::gateway {

class DenialCounter {
 public:
  static constexpr std::size_t kMaxSources = 64;
  static constexpr std::chrono::seconds kInterval{10};

  explicit DenialCounter(Recorder& recorder) : recorder_(recorder) {}

  // Counts one. A first denial of a source in an interval is recorded at once; further ones wait for its end.
  void add(std::string_view source, record::DenialReason reason, int http_status, std::string_view code);

  // Called on every tick of the core: records what an ended interval has counted.
  void tick(std::chrono::steady_clock::time_point now);
  // Records everything counted: at shutdown.
  void flush();

 private:
  struct Key {
    std::string source;
    record::DenialReason reason;
    int http_status;
    std::string code;
    auto operator<=>(const Key&) const = default;
  };
  struct Count {
    std::uint64_t pending = 0;
    UnixMillis first{};
  };

  // `first`: when the first of them was, unless that is now.
  bool record(const Key& key, std::uint64_t count, std::optional<UnixMillis> first);

  Recorder& recorder_;
  std::map<Key, Count> counts_;
  std::chrono::steady_clock::time_point interval_end_{};
};

}  // namespace redoubt::gateway
