// Brings the keeper's answers to who waits for them on an event loop: one pump for each LedgerClient.
#pragma once

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <string_view>

#include "ledger/client.h"
#include "net/task.h"

namespace redoubt::gateway {

using WakeDescriptor = boost::asio::posix::basic_stream_descriptor<net::Executor>;

// Polls and flushes `client` on the thread of `wake`, the eventfd by which the keeper wakes this side, and sleeps while
// there is nothing. Ends when `wake` is closed, or the ledger has stopped: what may still lie in the ring would keep it
// awake for nothing. What cannot be understood is logged as of `component`. All three must outlive it.
net::Task<> pump_ledger(ledger::LedgerClient& client, WakeDescriptor& wake, std::string_view component);

}  // namespace redoubt::gateway
