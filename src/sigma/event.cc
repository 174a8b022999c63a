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

}  // namespace redoubt::sigma
