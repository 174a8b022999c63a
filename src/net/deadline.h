// Deadlines by one coarse sweep a thread instead of a timer an operation.
//
// A wheel of ticks: arming, re-arming and disarming are a few instructions, and a tick looks only at the deadlines that
// may be due. Re-arming to a later time, the common case, does not move the entry; the sweep does when it meets it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "net/task.h"

namespace redoubt::net {

class DeadlineSweep;

// Calls `on_expired` on the sweep's thread, at most two ticks late, unless it is disarmed or re-armed first; early only
// when the thread was busy for longer than a tick without returning to its io_context. Neither copied nor moved: it is
// linked by address. One thread, the sweep's.
class Deadline {
 public:
  // `on_expired` typically cancels or closes a socket; it may arm, disarm or destroy any deadline, this one included.
  // The sweep may go first: the deadline then never expires.
  Deadline(DeadlineSweep& sweep, std::function<void()> on_expired);
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline();

  void arm(std::chrono::milliseconds from_now);  // replaces an earlier arming
  void disarm() { armed_ = false; }
  bool expired() const { return expired_; }  // since the last arm()

 private:
  friend class DeadlineSweep;
  struct Link {
    Link* previous = nullptr;
    Link* next = nullptr;
    Deadline* owner = nullptr;  // null in the head of a slot
  };
  struct Wheel;

  std::shared_ptr<Wheel> wheel_;
  std::function<void()> on_expired_;
  // INVARIANT: while armed, the entry is linked into a slot that the sweep meets no later than at_tick_.
  Link link_;
  std::uint64_t at_tick_ = 0;
  std::uint64_t linked_tick_ = 0;
  bool armed_ = false;
  bool expired_ = false;
};

// One per io_context, whose thread alone uses it. Its time stands still unless it is started.
class DeadlineSweep {
 public:
  static constexpr std::chrono::milliseconds kTick{50};

  explicit DeadlineSweep(boost::asio::io_context& io);
  DeadlineSweep(const DeadlineSweep&) = delete;
  DeadlineSweep& operator=(const DeadlineSweep&) = delete;
  ~DeadlineSweep();

  void start();
  // Stops ticking, so that the io_context can run out of work. Deadlines stay armed and expire after another start().
  void stop();
  // Called once a tick after deadlines, on the io_context's thread, as long as the sweep lives: for periodic small work
  // of the same thread. Whatever the callback refers to must outlive the sweep.
  void on_tick(std::function<void()> callback);

  // The time of the last tick: good enough for deadlines, and free.
  std::chrono::steady_clock::time_point now() const;
  // The time of the last tick as an IMF-fixdate (RFC 9110 §5.6.7), for `Date`. Valid until the next tick.
  std::string_view http_date() const;

 private:
  friend class Deadline;
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace redoubt::net
