// Where requests and answers wait for somebody's decision: the seam to whoever keeps holds (admin/holds_projection.h).
//
// What is held is not kept. The caller gets the hold's id at once, and repeats its request with it once somebody has
// released the hold.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace redoubt::gateway {

struct HoldWish {
  std::string kind;       // `inspection.request` or `inspection.answer`
  std::string subject;    // who may use it, for what: opaque, at most 200 visible ASCII characters
  std::string reason;     // one line, no content: `personal: 2 credit_card`; at most 200 characters
  std::string principal;  // whose request it is, in whose name it is placed
  std::string key;        // the id of the API key that proved it
};

enum class HoldAnswer : std::uint8_t { kWaiting, kReleased, kRefused };

struct SeenHold {
  std::string kind;
  std::string subject;
  HoldAnswer answer = HoldAnswer::kWaiting;
  UnixMillis placed{};
  UnixMillis decided{};  // unless it waits
};

class HoldDesk {
 public:
  virtual ~HoldDesk() = default;
  // From any thread. `done` is called once, on a thread of the desk's, or within the call when the answer is no at
  // once; it only posts. The id is given when the hold is a fact. Errors: kInvalidArgument for a wish of another form,
  // kResourceExhausted when too many wait, kUnavailable when facts cannot be made now; any other one says no, too.
  virtual void place(HoldWish wish, std::function<void(Result<std::string>)> done) = 0;
  // Likewise. Errors: kNotFound, also for what was placed more than 24 hours ago, unless it was refused;
  // kResourceExhausted, kUnavailable.
  virtual void look(std::string id, std::function<void(Result<SeenHold>)> done) = 0;
};

}  // namespace redoubt::gateway
