// From committed records to signals: reads entries in index order on one thread, keeps a profile of everyone and
// everything, and tells what is unusual.
//
//   Engine engine({.hash_key = key});
//   engine.consume(index, record, features, sink);    // for each entry; features: null when there are none
//   engine.tick(now);                                  // logged ticks, between entries
//   Bytes snapshot = engine.save();                    // at any index
//   auto later = Engine::restore(snapshot, options);   // goes on with the same signals
//
// Deterministic: the same calls give the same signals, byte for byte, and restore(save()) changes nothing. Nothing but
// the arguments is read: no clock, no random number, no file.
//
// Bounds. Every table has a capacity. When it is full, whoever was not seen for longest is forgotten, but never someone
// suspended, and never someone suspicious (of whom a signal of medium severity or more was raised in the last 30 days);
// when none but those are left, newcomers have no profile, and stats() counts what they do. Names that nobody
// authenticated for have no profile: such requests are counted by source, in a table of fixed size.
//
// Time is that of the records. Those that come late are counted at the time reached so far. More than an hour behind
// it they are not learnt as someone's habit; when 64 entries in a row are that late, the clock had jumped ahead and is
// set back to them. A jump ahead ends the current hour and day; at most a week of silence is learnt.
//
// One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "behaviour/activity.h"
#include "behaviour/features.h"
#include "behaviour/signal.h"

namespace redoubt::behaviour {

struct EngineOptions {
  // Of names, so that nobody outside can choose names that fall together. A deployment's own; part of its snapshots'
  // meaning: restore with the same.
  std::array<std::uint64_t, 2> hash_key{0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9};
  std::uint32_t principals_max = 1'000'000;
  std::uint32_t things_max = 16'384;    // models, tools, data sets and tenants, each
  std::int32_t utc_offset_minutes = 0;  // of the organisation's working day; -720 to 840
};

struct EngineStats {
  std::uint64_t entries = 0;  // consumed, whatever they were
  std::uint64_t unread = 0;   // no records, or of a kind that is not known
  std::uint64_t signals = 0;
  std::uint64_t late = 0;        // entries more than an hour behind the time reached
  std::uint64_t set_back = 0;    // how often the clock was set back
  std::uint64_t evicted = 0;     // profiles forgotten to make room
  std::uint64_t unprofiled = 0;  // acts of those for whom there was no room
  std::uint64_t missing = 0;     // entries of exchanges without features

  friend bool operator==(const EngineStats&, const EngineStats&) = default;
};

// Half open.
struct IndexRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  friend bool operator==(const IndexRange&, const IndexRange&) = default;
};
inline constexpr std::size_t kMissingRangesMax = 1024;

class Engine {
 public:
  explicit Engine(const EngineOptions& options);
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  ~Engine();

  // `index` is above that of the entry before: kInvalidArgument otherwise, and nothing has happened. Errors of
  // ActivityReader::read(): the entry is counted as unread and done with. `features`: null when they are missing.
  Result<> consume(std::uint64_t index, ByteView record, const Features* features, SignalSink& sink);
  // The same for what was read already.
  Result<> apply(std::uint64_t index, const Activity& activity, const Features* features, SignalSink& sink);

  // A logged tick: time has come this far, though nothing was recorded.
  void tick(UnixMillis time);

  // One after the last entry consumed; 0 before the first.
  std::uint64_t next_index() const;
  UnixMillis time() const;
  const EngineStats& stats() const;
  // Entries of exchanges that had no features: after an erasure what could not be seen again. The latest
  // kMissingRangesMax ranges, ascending; what they lack of stats().missing was before.
  std::span<const IndexRange> missing_features() const;
  std::size_t principals() const;
  // Bytes held by profiles and tables.
  std::size_t memory_bytes() const;

  // The whole state. Little-endian, version 1; as large as the state.
  Bytes save() const;
  // kCorrupt when the bytes are not what save() writes; kUnsupported of another version; kInvalidArgument when
  // `options` are not those of the saved engine.
  static Result<Engine> restore(ByteView bytes, const EngineOptions& options);

 private:
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace redoubt::behaviour
