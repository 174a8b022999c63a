// Waiting for the ledger's answer in a coroutine.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "ledger/client.h"
#include "net/task.h"

namespace redoubt::gateway::internal {

template <class Handler>
class AppendOperation final : public ledger::LedgerClient::AppendWaiter {
 public:
  explicit AppendOperation(Handler handler) : handler_(std::move(handler)) {}
  void appended(Result<ledger::Appended> result) override {
    Handler handler = std::move(handler_);
    delete this;
    std::move(handler)(std::move(result));  // resumes the coroutine here, inline
  }

  const Handler& handler() const { return handler_; }

 private:
  Handler handler_;
};

template <class Handler>
class OpenOperation final : public ledger::LedgerClient::OpenWaiter {
 public:
  explicit OpenOperation(Handler handler) : handler_(std::move(handler)) {}
  void opened(Result<Bytes> result) override {
    Handler handler = std::move(handler_);
    delete this;
    std::move(handler)(std::move(result));
  }

  const Handler& handler() const { return handler_; }

 private:
  Handler handler_;
};

// `submit(waiter)` hands the waiter to the client, or returns an error and does not.
template <class Submit>
net::Task<Result<ledger::Appended>> await_append(Submit submit) {
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<net::Executor>&,
                                                 void(Result<ledger::Appended>)>(
      [&submit](auto handler) {
        auto* operation = new AppendOperation<decltype(handler)>(std::move(handler));
        const auto executor = boost::asio::get_associated_executor(operation->handler());
        // Never resumed from inside its own initiation.
        if (Result<> done = submit(operation); !done) {
          boost::asio::post(executor, [operation, error = done.error()] { operation->appended(error); });
        }
      },
      boost::asio::use_awaitable_t<net::Executor>());
}

template <class Submit>
net::Task<Result<Bytes>> await_open(Submit submit) {
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<net::Executor>&,
                                                 void(Result<Bytes>)>(
      [&submit](auto handler) {
        auto* operation = new OpenOperation<decltype(handler)>(std::move(handler));
        const auto executor = boost::asio::get_associated_executor(operation->handler());
        if (Result<> done = submit(operation); !done) {
          boost::asio::post(executor, [operation, error = done.error()] { operation->opened(error); });
        }
      },
      boost::asio::use_awaitable_t<net::Executor>());
}

}  // namespace redoubt::gateway::internal
