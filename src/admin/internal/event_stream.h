// Serves a stream of events (admin/event_stream.h) to one caller.
#pragma once

#include <cstddef>

#include "admin/call.h"
#include "admin/event_stream.h"
#include "admin/internal/awaiting.h"
#include "admin/internal/reply.h"
#include "net/exchange.h"

namespace redoubt::admin::internal {

// The streams there are. One thread.
struct EventStreams {
  std::size_t open = 0;
  bool stopped = false;
};

// From the place that Last-Event-ID or `after` names, or else from now on, until the caller goes, may no longer see it,
// kStreamLifeMs are over, or everything stops. The reply says when it was not begun.
net::Task<Reply> stream_events(net::Exchange& exchange, Call& call, EventStreams& streams, Waits& waits);

}  // namespace redoubt::admin::internal
