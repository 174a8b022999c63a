// Which places of a table are taken, and who goes when a newcomer finds none free.
//
// There are two parts, each with places of its own: the established, seven eighths, and those on probation. So names
// that somebody makes up, in requests that are refused, push out one another and nothing else. Within a part a hand
// goes round (the clock algorithm): who was touched since it last came by is passed over, the next one goes. The hand
// moves at most kSweep places for one newcomer; when none of those may go, the newcomer is not let in. So one step has
// a bound, and which places are taken depends on nothing but what was asked, in which order.
//
// One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/check.h"

namespace redoubt::behaviour::internal {

class Population {
 public:
  static constexpr std::uint32_t kSweep = 4096;
  enum Flag : std::uint8_t {
    kTaken = 1,
    kTouched = 2,      // since the hand came by
    kEstablished = 4,  // not on probation
    kPinned = 8,       // never goes
    kHeld = 16,        // does not go while one interaction is applied
    kMarked = 32,      // what the owner means by it
  };
  static constexpr std::uint8_t kLasting = kTaken | kTouched | kEstablished | kPinned;

  explicit Population(std::uint32_t most) : most_(most) {}

  std::uint32_t most() const { return most_; }
  std::uint32_t most(bool established) const { return established ? most_ - most_ / 8 : most_ / 8; }
  std::uint32_t count() const { return counts_[0] + counts_[1]; }
  std::uint32_t count(bool established) const { return counts_[established ? 1 : 0]; }
  // Places that were ever taken; ids are below it.
  std::uint32_t end() const { return static_cast<std::uint32_t>(flags_.size()); }
  bool has(std::uint32_t id) const { return id < end() && (flags_[id] & kTaken) != 0; }
  void prefetch(std::uint32_t id) const { __builtin_prefetch(&flags_[id]); }
  bool is(std::uint32_t id, Flag flag) const { return (flags_[id] & flag) != 0; }
  void set(std::uint32_t id, Flag flag) { flags_[id] |= flag; }
  void clear(std::uint32_t id, Flag flag) { flags_[id] &= static_cast<std::uint8_t>(~flag); }

  // A place for a newcomer. `may_go(id)` says whether somebody may, `evict(id)` removes what is there and must end in
  // release(id). Nothing: there is none.
  template <class MayGo, class Evict>
  std::optional<std::uint32_t> take(bool established, MayGo may_go, Evict evict) {
    if (!make_room(established, may_go, evict)) return std::nullopt;
    std::uint32_t id = end();
    if (!free_.empty()) {
      id = free_.back();
      free_.pop_back();
      flags_[id] = 0;
    } else {
      flags_.push_back(0);
    }
    flags_[id] = established ? kTaken | kEstablished : kTaken;
    ++counts_[established ? 1 : 0];
    return id;
  }

  // Ends the probation of somebody, if there is room.
  template <class MayGo, class Evict>
  void establish(std::uint32_t id, MayGo may_go, Evict evict) {
    if (is(id, kEstablished) || !make_room(true, may_go, evict)) return;
    set(id, kEstablished);
    --counts_[0];
    ++counts_[1];
  }

  void release(std::uint32_t id) {
    REDOUBT_CHECK(has(id));
    --counts_[is(id, kEstablished) ? 1 : 0];
    flags_[id] = 0;
    free_.push_back(id);
  }

  // What a snapshot holds.
  struct Image {
    std::vector<std::uint8_t> flags;  // of kLasting
    std::vector<std::uint32_t> free;
    std::uint32_t hands[2] = {0, 0};
  };
  std::span<const std::uint8_t> flags() const { return flags_; }
  std::span<const std::uint32_t> free() const { return free_; }
  std::uint32_t hand(bool established) const { return hands_[established ? 1 : 0]; }
  // Whether the image is one that this could have come to.
  bool restore(Image image) {
    if (image.flags.size() > most_ || image.free.size() > image.flags.size()) return false;
    std::uint32_t counts[2] = {0, 0};
    for (const std::uint8_t flags : image.flags) {
      if ((flags & ~kLasting) != 0 || (flags != 0 && (flags & kTaken) == 0)) return false;
      if ((flags & kPinned) != 0 && (flags & kEstablished) == 0) return false;
      if (flags != 0) ++counts[(flags & kEstablished) != 0 ? 1 : 0];
    }
    if (counts[0] > most(false) || counts[1] > most(true)) return false;
    if (image.free.size() + counts[0] + counts[1] != image.flags.size()) return false;
    std::vector<bool> seen(image.flags.size());
    for (const std::uint32_t id : image.free) {
      if (id >= seen.size() || image.flags[id] != 0 || seen[id]) return false;
      seen[id] = true;
    }
    for (int part = 0; part < 2; ++part) {
      if (image.hands[part] > image.flags.size()) return false;
      hands_[part] = image.hands[part];
      counts_[part] = counts[part];
    }
    flags_ = std::move(image.flags);
    free_ = std::move(image.free);
    return true;
  }

 private:
  template <class MayGo, class Evict>
  bool make_room(bool established, MayGo may_go, Evict evict) {
    if (count(established) < most(established)) return true;
    std::uint32_t& hand = hands_[established ? 1 : 0];
    for (std::uint32_t moved = 0; moved < kSweep; ++moved) {
      if (hand >= end()) hand = 0;
      const std::uint32_t id = hand++;
      const std::uint8_t flags = flags_[id];
      if ((flags & kTaken) == 0 || ((flags & kEstablished) != 0) != established) continue;
      if ((flags & (kPinned | kHeld)) != 0) continue;
      if ((flags & kTouched) != 0) {
        clear(id, kTouched);
      } else if (may_go(id)) {
        evict(id);
        return true;
      }
    }
    return false;
  }

  std::uint32_t most_;
  std::uint32_t counts_[2] = {0, 0};  // on probation, established
  std::uint32_t hands_[2] = {0, 0};
  std::vector<std::uint8_t> flags_;
  std::vector<std::uint32_t> free_;
};

}  // namespace redoubt::behaviour::internal
