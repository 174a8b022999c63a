// Waiting for the desk of holds in a coroutine.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "base/result.h"
#include "net/task.h"

namespace redoubt::gateway::internal {

// `ask(done)` asks, on this thread; `done` is called on any, and the answer comes back to the core that asked.
template <class T, class Ask>
net::Task<Result<T>> await_desk(Ask ask) {
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<net::Executor>&, void(Result<T>)>(
      [&ask](auto handler) {
        const auto executor = boost::asio::get_associated_executor(handler);
        auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
        ask([executor, waiting = std::move(waiting)](Result<T> answer) mutable {
          boost::asio::post(executor, [waiting = std::move(waiting), answer = std::move(answer)]() mutable {
            std::move (*waiting)(std::move(answer));
          });
        });
      },
      boost::asio::use_awaitable_t<net::Executor>());
}

}  // namespace redoubt::gateway::internal
