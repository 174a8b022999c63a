#include "gateway/ledger_pump.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <cstdint>

#include "base/log.h"

namespace redoubt::gateway {

net::Task<> pump_ledger(ledger::LedgerClient& client, WakeDescriptor& wake, std::string_view component) {
  std::uint64_t count = 0;
  while (wake.is_open() && client.stopped().empty()) {
    if (auto done = client.poll(); !done) {
      log::error(component, "the keeper cannot be understood", {{"why", done.error().message()}});
    }
    client.flush();
    if (!client.stopped().empty()) break;
    if (!client.prepare_sleep()) {
      // More has come already: let the network have its turn first.
      co_await boost::asio::post(wake.get_executor(), net::use_task);
      continue;
    }
    co_await wake.async_read_some(boost::asio::buffer(&count, sizeof count), net::use_task);
    client.wake();
  }
}

}  // namespace redoubt::gateway
