// Signals on disk: a line each, in segments that are files named by the number of their first signal.
//
//   SignalStore store(fs, folder, {});
//   store.open(place);            // cut back to where a snapshot stood; or clear()
//   store.add(signal); …          // kept until flush()
//   store.flush();
//   … store.sync(); write a snapshot that names store.place(); store.forget_old(now);
//
// INVARIANT: a segment goes only in forget_old(), which is called when a snapshot names a later one. So the segment
// that a snapshot names is there, and no shorter than it says.
//
// One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/signal_desk.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"

namespace redoubt::app {

class SignalStore {
 public:
  struct Limits {
    std::uint64_t segment_bytes = std::uint64_t{4} << 20;          // then the next begins
    std::size_t segments = 256;                                    // about 1 GiB
    std::int64_t age_ms = std::int64_t{400} * 24 * 3'600 * 1'000;  // of the youngest signal of a segment
  };
  // Where writing stands.
  struct Place {
    std::uint64_t segment = 0;  // the last one: number of its first signal
    std::uint64_t size = 0;     // bytes of it
    std::uint64_t count = 0;    // signals, of all segments, those that went included
  };
  static constexpr std::size_t kExamineMax = 20'000;  // signals that read() looks at

  // `folder` is made by open() and clear(). `fs` must outlive it.
  SignalStore(FileSystem& fs, std::string folder, const Limits& limits)
      : fs_(fs), folder_(std::move(folder)), limits_(limits) {}

  // Goes on at `place`: what is behind it goes. kCorrupt when something before it is missing.
  Result<> open(const Place& place);
  // All of it goes.
  Result<> clear();

  void add(const behaviour::Signal& signal);
  Result<> flush();
  Result<> sync();
  Place place() const { return place_; }  // as of the last flush()
  std::uint64_t count() const { return place_.count + waiting_; }
  bool begun_since_sync() const { return begun_; }  // a segment was: it is time for a snapshot

  // Segments beyond the limits go. `now`: time of the records.
  Result<> forget_old(UnixMillis now);

  // As SignalDesk::signals() has it: what was flushed, and is still there. kNotFound when the first of the page has
  // gone, so that no list ends as if that had been all; kCorrupt for a line that is none.
  Result<admin::SignalPage> read(const admin::SignalFilter& filter, std::uint64_t before, std::size_t limit);
  std::uint64_t oldest() const { return segments_.empty() ? 0 : segments_.front().first; }

 private:
  struct Segment {
    std::uint64_t first = 0;  // number of its first signal
    UnixMillis begun;         // time of that; 0 while it has none
  };
  std::string path(std::uint64_t first) const;
  Result<> begin_segment(std::uint64_t first);
  Result<std::vector<std::uint64_t>> list() const;
  struct Lines {
    Bytes bytes;
    std::vector<std::string_view> all;  // of them
  };
  Result<Lines> lines_of(std::size_t segment) const;

  FileSystem& fs_;
  const std::string folder_;
  const Limits limits_;
  std::vector<Segment> segments_;  // ascending; the last is being written
  std::unique_ptr<File> file_;
  std::string lines_;  // not flushed yet
  UnixMillis first_waiting_;
  std::uint64_t waiting_ = 0;  // signals in lines_
  Place place_;
  bool begun_ = false;
};

}  // namespace redoubt::app
