// Limits with what responses to incidents add to them.
#pragma once

#include "base/clock.h"
#include "incident/restrictions.h"
#include "limits/limits.h"

namespace redoubt::app {

// `limits`, and for each throttle that holds at `now` a bucket of requests a minute of its target. Where the target has
// such a bucket already, its own or one that each has, it becomes smaller, and never larger. Any thread.
limits::Limits throttled(limits::Limits limits, const incident::Restrictions& restrictions, UnixMillis now);

}  // namespace redoubt::app
