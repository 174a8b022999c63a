// Sends one message to one endpoint, blocking.
//
// An interface, so that tests can put receivers of their own in its place. One thread at a time for each transport.
#pragma once

#include <atomic>

#include "notify/lane.h"
#include "notify/message.h"
#include "notify/settings.h"

namespace redoubt::notify {

class Transport {
 public:
  virtual ~Transport() = default;
  // Ends within the transport's own deadline, and soon after `stop` is set. Never throws; says nothing of the
  // message's content.
  virtual Answer send(const Endpoint& endpoint, const Message& message, const std::atomic<bool>& stop) = 0;
};

}  // namespace redoubt::notify
