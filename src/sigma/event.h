// One event as rules see it: for each field that some rule reads, its values.
//
//   Event event(rules);                                     // once; clear() for the next
//   if (auto slot = rules.field("actor.user.uid")) event.add(*slot, Value::of_text("u-1"));
//
// EventReader fills one from JSON. Texts are not copied: they must live as long as the event is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "sigma/rule_set.h"

namespace redoubt::sigma {

struct Value {
  enum class Kind : std::uint8_t { kNull, kBoolean, kNumber, kText };

  Kind kind = Kind::kNull;
  // Integers in decimal, other numbers as short as they can be; `true`, `false`; of null nothing.
  std::string_view text;
  double number = 0;  // of kNumber

  static Value null() { return {}; }
  static Value boolean(bool value) {
    return {Kind::kBoolean, value ? std::string_view("true") : std::string_view("false"), 0};
  }
  static Value of_text(std::string_view text) { return {Kind::kText, text, 0}; }
  // `text` is a number of JSON.
  static Value of_number(std::string_view text, double number) { return {Kind::kNumber, text, number}; }
};

// One thread at a time.
class Event {
 public:
  explicit Event(const RuleSet& rules);

  void clear();
  // Another value of the field. At most 4,096 values an event are kept; complete() says whether some were left out.
  // `slot` is one of the rule set.
  void add(FieldSlot slot, const Value& value);
  // The member is there, without a value: an empty array or an object.
  void add_presence(FieldSlot slot);
  // A value that no rule reads by name, for keywords.
  void add_unnamed(const Value& value);
  // Where the event comes from; then the taxonomy's log sources are not asked. What it points to must live as long as
  // the event is used. Nothing: the taxonomy decides.
  void set_logsource(const Logsource* logsource) { logsource_ = logsource; }
  void set_everywhere(bool everywhere) { everywhere_ = everywhere; }  // from all log sources
  void set_time_ms(std::optional<std::int64_t> time_ms) { time_ms_ = time_ms; }

  std::span<const FieldSlot> present() const { return {touched_.data(), touched_count_}; }  // fields that are there
  bool exists(FieldSlot slot) const { return slots_[slot].present; }
  // The field's values, in the order in which they were added.
  class Values;
  Values values(FieldSlot slot) const;
  Values unnamed() const;
  const Logsource* logsource() const { return logsource_; }
  bool everywhere() const { return everywhere_; }
  std::optional<std::int64_t> time_ms() const { return time_ms_; }  // since 1970
  bool complete() const { return complete_; }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  static constexpr std::size_t kMaxValues = 4096;
  struct Entry {
    Value value;
    std::uint32_t next = kNone;
  };
  struct Slot {
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
    bool present = false;
  };
  void append(Slot& slot, const Value& value);

  void make_room();

  std::vector<Slot> slots_;
  std::vector<FieldSlot> touched_;  // room for all
  std::size_t touched_count_ = 0;
  std::vector<Entry> entries_;  // the first so many are of this event
  std::uint32_t entry_count_ = 0;
  Slot unnamed_;
  const Logsource* logsource_ = nullptr;
  std::optional<std::int64_t> time_ms_;
  bool everywhere_ = false;
  bool complete_ = true;
};

class Event::Values {
 public:
  class Iterator {
   public:
    Iterator(const Entry* entries, std::uint32_t at) : entries_(entries), at_(at) {}
    const Value& operator*() const { return entries_[at_].value; }
    const Value* operator->() const { return &entries_[at_].value; }
    Iterator& operator++() {
      at_ = entries_[at_].next;
      return *this;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    const Entry* entries_;
    std::uint32_t at_;
  };
  Values(const Entry* entries, std::uint32_t first) : entries_(entries), first_(first) {}
  Iterator begin() const { return {entries_, first_}; }
  Iterator end() const { return {entries_, kNone}; }
  bool empty() const { return first_ == kNone; }

 private:
  const Entry* entries_;
  std::uint32_t first_;
};

inline void Event::append(Slot& slot, const Value& value) {
  if (entry_count_ == entries_.size()) {
    if (entry_count_ == kMaxValues) {
      complete_ = false;
      return;
    }
    make_room();
  }
  const std::uint32_t place = entry_count_++;
  entries_[place] = {value, kNone};
  (slot.last == kNone ? slot.first : entries_[slot.last].next) = place;
  slot.last = place;
}
inline void Event::add_presence(FieldSlot slot) {
  if (slots_[slot].present) return;
  slots_[slot].present = true;
  touched_[touched_count_++] = slot;
}
inline void Event::add(FieldSlot slot, const Value& value) {
  add_presence(slot);
  append(slots_[slot], value);
}
inline void Event::add_unnamed(const Value& value) {
  append(unnamed_, value);
}
inline Event::Values Event::values(FieldSlot slot) const {
  return {entries_.data(), slots_[slot].first};
}
inline Event::Values Event::unnamed() const {
  return {entries_.data(), unnamed_.first};
}

}  // namespace redoubt::sigma
