#include "sigma/event.h"

#include "sigma/internal/compiled.h"

namespace redoubt::sigma {

Event::Event(const RuleSet& rules) : slots_(internal::compiled(rules).slot_names.size()) {}

void Event::clear() {
  for (const FieldSlot slot : touched_) slots_[slot] = {};
  touched_.clear();
  entries_.clear();
  unnamed_ = {};
  logsource_ = nullptr;
  time_ms_.reset();
  everywhere_ = false;
  complete_ = true;
}

void Event::append(Slot& slot, const Value& value) {
  if (entries_.size() >= kMaxValues) {
    complete_ = false;
    return;
  }
  const auto place = static_cast<std::uint32_t>(entries_.size());
  entries_.push_back({value, kNone});
  if (slot.last == kNone) {
    slot.first = place;
  } else {
    entries_[slot.last].next = place;
  }
  slot.last = place;
}

void Event::add_presence(FieldSlot slot) {
  if (slots_[slot].present) return;
  slots_[slot].present = true;
  touched_.push_back(slot);
}

void Event::add(FieldSlot slot, const Value& value) {
  add_presence(slot);
  append(slots_[slot], value);
}

void Event::add_unnamed(const Value& value) {
  append(unnamed_, value);
}

}  // namespace redoubt::sigma
