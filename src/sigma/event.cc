#include "sigma/event.h"

#include <algorithm>

#include "sigma/internal/compiled.h"

namespace redoubt::sigma {

Event::Event(const RuleSet& rules)
    : slots_(internal::compiled(rules).slot_names.size()), touched_(slots_.size()), entries_(64) {}

void Event::make_room() {
  entries_.resize(std::min(entries_.size() * 2, kMaxValues));
}

void Event::clear() {
  for (const FieldSlot slot : present()) slots_[slot] = {};
  touched_count_ = 0;
  entry_count_ = 0;
  unnamed_ = {};
  logsource_ = nullptr;
  time_ms_.reset();
  everywhere_ = false;
  complete_ = true;
}

}  // namespace redoubt::sigma
