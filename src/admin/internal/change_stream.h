// Serves the stream of changes (changes.h) to one caller.
#pragma once

#include <cstdint>

#include "admin/call.h"
#include "admin/internal/awaiting.h"
#include "admin/internal/reply.h"
#include "net/exchange.h"

namespace redoubt::admin::internal {

// The streams there are. One thread.
struct ChangeStreams {
  std::size_t open = 0;
  bool stopped = false;
};

// From after what `after` or Last-Event-ID names, or else from now on, until the caller goes, may no longer see it,
// kStreamLifeMs are over, or everything stops. The reply says when it was not begun.
net::Task<Reply> stream_changes(net::Exchange& exchange, Call& call, ChangeStreams& streams, Waits& waits);

}  // namespace redoubt::admin::internal
