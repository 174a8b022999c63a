// What was used: one meter for each subject and shape of limit, shared by all cores on purpose.
//
//   Admission admission = meters.admit(limits, subjects, estimate, now);   // no lock, no allocation
//   if (!admission) … admission.refusal(): status, code, message, when to come again
//   … forward; count the prompt, then what comes back, as it flows:
//   if (!admission.add({.tokens = 3, .bytes_out = 93}, now)) … end the stream: admission.refusal()
//   admission.settle({.tokens = 512, …}, now);                             // what it really was
//
// Exactness: no order of calls on any number of threads lets more pass than a limit allows. What is charged is charged
// to all limits that apply or to none; while it is tried, another request may see a meter fuller than it turns out to
// be, and be refused for it. Only settle() may go beyond a limit: what was used is counted, allowed or not.
//
// Time is a parameter, and may differ by some milliseconds between threads. When it jumps back, meters stay where they
// are until it has caught up, and it is never taken to be earlier than at the last sweep(): nothing becomes free.
//
// Memory is bounded: kBytesPerMeter for each of `capacity` meters, set aside at the start. A bucket that is full again
// and a window that is over are forgotten by sweep(). When all meters are in use, what needs a further one is refused.
//
// Subjects are told apart by a keyed hash of 58 bits, not by name: that two of a million with names of up to 50 bytes
// share their meters, and count together, has a probability below one in ten thousand. The file of usage therefore
// holds no names.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "limits/limits.h"

namespace redoubt::limits {

class MeterTable;

// How a limit stands for one subject.
struct Standing {
  const Limit* limit = nullptr;  // valid as long as the Limits
  std::uint64_t remaining = 0;   // what may be used now
  std::int64_t reset_ms = 0;     // until the window ends, or the bucket is full
};

// Why something may not pass.
struct Refusal {
  enum class Why : std::uint8_t {
    kLimit,          // `limit` is reached
    kTooManyLimits,  // more than kAppliedMax limits apply at once: none is left uncounted
    kNoMeter,        // all meters are in use
  };
  Why why = Why::kLimit;
  // The most restrictive of those that refuse: the one to wait for longest. Null unless kLimit; valid as long as
  // Limits.
  const Limit* limit = nullptr;
  std::uint64_t remaining = 0;
  // Until the same would pass if nobody used anything meanwhile; nothing: it never will, or nobody can say.
  std::optional<std::int64_t> retry_after_ms;

  int status() const;  // 429; 503 when it is not a limit that refuses
  std::string_view code()
      const;                    // `rate_limit_exceeded`, `insufficient_quota` (money, or a month), `limits_unavailable`
  std::string message() const;  // for the caller: names the limit's shape, no subject
};

// An exchange that counts. Movable; one thread at a time. The meters, and the limits it was made by or follow()s, must
// outlive it. Destroyed without settle(), it gives back what was estimated and not add()ed; the request stays counted.
class Admission {
 public:
  static constexpr std::size_t kAppliedMax = 48;

  Admission() = default;
  Admission(Admission&& other) noexcept;
  Admission& operator=(Admission&& other) noexcept;
  ~Admission();

  // Whether it counts: not refused, not settled, not moved from.
  explicit operator bool() const { return meters_ != nullptr && !refused_ && !settled_; }
  bool refused() const { return refused_; }
  // Precondition: refused().
  const Refusal& refusal() const { return refusal_; }

  // Counts what is about to flow. First what was estimated is used up, then more is charged. False at a limit: nothing
  // was counted, and what was to flow must not. Precondition: admitted and not settled.
  bool add(const Use& use, UnixMillis now);

  // What all of it was, in place of the estimate and of everything added; requests stay as they are. Counted also
  // beyond a limit. kUnpriced money leaves money as it is. Nothing after the first call.
  // Given back is what the limit has not given by itself meanwhile: nothing to a window that is over; to a bucket less
  // by what it has refilled since the admission.
  void settle(const Use& real, UnixMillis now);

  // For a stream, when other limits came into force: counts by them from here on. What was estimated and not yet added
  // is given back, so that from here on each add() is charged, and meets the new limits.
  void follow(const Limits& limits, const Subjects& subjects, UnixMillis now);
  void follow(const Limits&& limits, const Subjects& subjects, UnixMillis now) = delete;

  // What add() has counted, and the request.
  Use used() const;

  // Whether a limit of this quantity applies.
  bool counts(Quantity quantity) const;

  // How the limits that apply stand, in no order. Also when refused or settled.
  void standings(UnixMillis now, std::vector<Standing>& out) const;

 private:
  friend class Meters;
  // One limit that applies, and what this exchange was charged to its meter (internal/meter_state.h: Mark).
  struct Hold {
    const Rule* rule;
    std::uint64_t key;
    std::uint64_t mark;
  };

  struct Asked;
  bool collect(const Limits& limits, const Subjects& subjects);
  bool take_rules(const Limits& limits, const Asked& asked);
  bool charge(const Use& use, UnixMillis now, bool admitting);
  void name_most_restrictive(const Use& use, UnixMillis now, std::size_t first, bool admitting);
  void give_back(const Use& real, UnixMillis now);
  void take(Admission& other);

  MeterTable* meters_ = nullptr;  // null: empty, or moved from
  bool refused_ = false;
  bool settled_ = false;
  std::uint8_t holds_count_ = 0;
  UnixMillis last_{};  // what was the time last, for the destructor
  Use charged_;        // since follow(), as used_
  Use used_;
  Use before_;  // used before follow()
  Refusal refusal_;
  std::array<Hold, kAppliedMax> holds_;
};

// Any thread, except where it says otherwise.
class Meters {
 public:
  static constexpr std::size_t kBytesPerMeter = 40;

  // Two random numbers that nobody else knows; kept in the file of usage (usage_file.h).
  using HashKey = std::array<std::uint64_t, 2>;

  // `capacity`: 1 to 2^28 meters.
  explicit Meters(const HashKey& hash_key, std::size_t capacity = std::size_t{1} << 20);
  ~Meters();

  // `limits` must outlive what is returned, unless that follow()s others.
  Admission admit(const Limits& limits, const Subjects& subjects, const Use& estimate, UnixMillis now);
  Admission admit(const Limits&& limits, const Subjects&, const Use&, UnixMillis) = delete;

  // How `limit` stands for the subject, which matters when the limit is for each.
  Standing standing(const Limit& limit, std::string_view subject, UnixMillis now) const;

  // Forgets meters that no longer matter: a part of them each call, all within kSweepCalls calls. One thread, about
  // once a second.
  static constexpr std::size_t kSweepCalls = 16;
  void sweep(UnixMillis now);

  std::size_t in_use() const;
  std::size_t capacity() const;

  // ---- for UsageFile; the thread of sweep().

  // A meter as it is kept: who it is, and its 64 bits. Both without meaning outside this module.
  struct Saved {
    std::uint64_t key = 0;
    std::uint64_t state = 0;
    friend bool operator==(const Saved&, const Saved&) = default;
  };
  // Meters lie in places from 0 to places() - 1; a place may hold none, and its meter may be another later.
  std::size_t places() const;
  std::optional<Saved> at(std::size_t place) const;
  enum class Restoring : std::uint8_t {
    kTaken,   // or a meter was there that has more used
    kPast,    // it no longer matters
    kNoRoom,  // all meters are in use
    kUnknown  // nothing that at() gave
  };
  Restoring restore(const Saved& saved, UnixMillis saved_at, UnixMillis now);

 private:
  std::unique_ptr<MeterTable> table_;
  std::size_t next_part_ = 0;  // to be swept; the sweeping thread's
};

}  // namespace redoubt::limits
