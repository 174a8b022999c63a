// Denials of strangers, counted and recorded together, so that a flood cannot fill the disk.
//
// Whatever is refused before anybody was authenticated comes here: bad keys, unknown paths, and what the HTTP server
// refuses by itself. Recording costs credit, of which all cores together earn one record a second and save kBurst. A
// first denial of a source is recorded at once while half of the savings are left. What is left over is recorded at the
// end of each interval: each source by itself if the credit suffices; or else the loudest, and for each kind of denial
// one record of all others, which says how many there were and from about how many sources.
//
// So the ledger grows by at most 3600 records an hour and, after a quiet time and at shutdown, by
// max(kBurst, kBurstMin * cores) (at shutdown one more for each core and kind), whatever comes and from wherever;
// nothing counted is lost but by a crash. On n cores an interval under attack may last up to n * (kinds + kLoudest)
// seconds. Memory of a core: kMaxSources sources and a KiB for each kind.
//
// An IPv6 source is its /64: whoever has one address of it has them all.
//
// One per core; the core's thread.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/distinct_estimate.h"
#include "gateway/recorder.h"

namespace redoubt::gateway {

class DenialCounter {
 public:
  static constexpr std::chrono::seconds kInterval{10};
  static constexpr std::chrono::seconds kRecordEvery{1};  // of all cores together
  static constexpr unsigned kBurst = 64;                  // records, of all cores together, but at least kBurstMin each
  static constexpr unsigned kBurstMin = 8;
  static constexpr std::size_t kLoudest = 4;        // named in an interval even when the credit is short
  static constexpr std::size_t kMaxSources = 1024;  // known by name at a time; further ones are counted as others
  static constexpr std::size_t kMaxKinds = 64;      // INVARIANT: the program has fewer

  // `cores`: how many counters share the credit; at least 1. The recorder must outlive the counter.
  DenialCounter(Recorder& recorder, unsigned cores, std::chrono::milliseconds interval = kInterval);

  // Counts one. `source`: a numeric address. `code` is static, one of a few. `claimed`: id of the credential that was
  // shown, where it has the form of one; of those counted together the last is sealed with the record. Constant time.
  void add(std::string_view source, record::DenialReason reason, int http_status, std::string_view code,
           std::string_view claimed = {});

  // Called on every tick of the core: earns credit, and records what an ended interval has counted.
  void tick(std::chrono::steady_clock::time_point now);

  // At shutdown: records everything counted, the loudest max(kBurst / cores, kBurstMin) sources by themselves.
  void flush();

  // Entries of the tables; bounded by kMaxSources + kMaxKinds.
  std::size_t size_for_test() const { return named_.size() + kinds_.size(); }

 private:
  struct Count {
    std::uint64_t pending = 0;
    UnixMillis first{};
    std::string claimed{};

    void add(const Count& other);
  };
  struct Kind {
    record::DenialReason reason;
    int http_status;
    std::string_view code;
    Count others;  // from sources that are not named
    DistinctEstimate other_sources;
  };
  struct SourceView {
    std::string_view address;
    std::size_t kind;
  };
  struct Source {
    std::string address;
    std::size_t kind;
    operator SourceView() const { return {address, kind}; }
  };
  struct SourceHash {
    using is_transparent = void;
    std::size_t operator()(const SourceView& source) const {
      return std::hash<std::string_view>{}(source.address) + source.kind;
    }
  };
  struct SourceEqual {
    using is_transparent = void;
    bool operator()(const SourceView& a, const SourceView& b) const {
      return a.kind == b.kind && a.address == b.address;
    }
  };
  using Named = std::unordered_map<Source, Count, SourceHash, SourceEqual>;

  using Duration = std::chrono::steady_clock::duration;  // credit: the time that has earned it

  std::size_t kind_of(record::DenialReason reason, int http_status, std::string_view code);
  void count_as_other(const SourceView& source, const Count& count);
  Duration price(std::size_t records) const { return static_cast<Duration::rep>(records) * cost_; }
  std::size_t affordable() const { return static_cast<std::size_t>(credit_ / cost_); }
  // False when not everything could be recorded that should be: it stays counted, to be tried again.
  bool record_interval();
  bool record(const Kind& kind, std::string_view address, const Count& count, std::uint64_t sources);

  Recorder& recorder_;
  const std::chrono::milliseconds interval_;
  const Duration cost_;      // of a record
  const std::size_t burst_;  // records
  Duration credit_;
  std::uint64_t hash_key_ = 0;
  Named named_;
  std::vector<Kind> kinds_;
  std::chrono::steady_clock::time_point last_tick_{};
  std::chrono::steady_clock::time_point interval_end_{};
};

}  // namespace redoubt::gateway
