// Events from JSON: one pass over the record, which takes only what some rule reads.
//
//   EventReader reader(rules);                              // one a thread
//   const auto event = reader.read(record);
//
// A path `a.b` finds a member `b` inside `a`, or a member named `a.b`. Arrays are gone through, whatever their depth:
// each item may give a value. A member that occurs twice gives both values. Objects give no value but are there.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "sigma/event.h"

namespace redoubt::encoding {
class JsonItems;
}

namespace redoubt::sigma {

class EventReader {
 public:
  enum class Form : std::uint8_t {
    kRecord,  // members are found by the taxonomy's paths
    kFields,  // members are named as fields are, in rules
  };
  explicit EventReader(const RuleSet& rules, Form form = Form::kRecord);
  EventReader(EventReader&&) noexcept;
  EventReader& operator=(EventReader&&) noexcept;
  ~EventReader();

  // The event, until the next call or the end of this reader; the text need not outlive the call, and is at most 4 MiB
  // of JSON (RFC 8259), an object, at most 64 levels deep. All of it is checked, what no rule reads too, but for
  // members that occur twice. Integers are of 64 bits, other numbers doubles, and an escape is no half of a surrogate
  // pair. Errors: kMalformed, kTooLarge. The event's time is that of the taxonomy's path, if it is there and is a time.
  Result<Event*> read(std::string_view json);
  // The same of what somebody else has read, where no member occurs twice: the event that its text gives. It must stay
  // as it is while the event is used. Errors: kMalformed when it is no object.
  Result<Event*> read(const encoding::JsonItems& json);

 private:
  class Walk;
  std::unique_ptr<Walk> walk_;
};

}  // namespace redoubt::sigma
