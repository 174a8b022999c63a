// Waiting for the ledger's answer in a coroutine.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "ledger/client.h"
#include "net/deadline.h"
#include "net/task.h"

namespace redoubt::gateway::internal {

// How long the ledger is waited for, and where.
struct AppendPatience {
  net::DeadlineSweep& sweep;
  ledger::LedgerClient& client;
  std::chrono::milliseconds timeout;
};

// `heir()` makes the waiter that gets the answer if it comes too late for this one.
template <class Handler, class Heir>
class AppendOperation final : public ledger::LedgerClient::AppendWaiter {
 public:
  AppendOperation(Handler handler, const AppendPatience& patience, Heir& heir)
      : handler_(std::move(handler)),
        client_(patience.client),
        heir_(heir),
        deadline_(patience.sweep, [this] { give_up(); }) {}

  void wait_for(std::chrono::milliseconds timeout) { deadline_.arm(timeout); }
  void appended(Result<ledger::Appended> result) override {
    Handler handler = std::move(handler_);
    delete this;
    std::move(handler)(std::move(result));  // resumes the coroutine here, inline
  }

  const Handler& handler() const { return handler_; }

 private:
  void give_up() {
    client_.abandon(this, heir_());
    appended(Error(Errc::kDeadlineExceeded, "the ledger does not answer"));
  }

  Handler handler_;
  ledger::LedgerClient& client_;
  Heir& heir_;
  net::Deadline deadline_;
};

template <class Handler>
class LevelOperation final : public ledger::LevelWaiter {
 public:
  LevelOperation(Handler handler, const AppendPatience& patience, const ledger::CommitPoint& point)
      : handler_(std::move(handler)),
        client_(patience.client),
        point_(point),
        deadline_(patience.sweep, [this] { give_up(); }) {}

  void wait_for(std::chrono::milliseconds timeout) { deadline_.arm(timeout); }
  void reached(Result<> result) override {
    Handler handler = std::move(handler_);
    delete this;
    std::move(handler)(std::move(result));  // resumes the coroutine here, inline
  }

  const Handler& handler() const { return handler_; }

 private:
  void give_up() {
    client_.abandon(point_, this);
    reached(Error(Errc::kDeadlineExceeded, "no checkpoint of the level asked for covers the record"));
  }

  Handler handler_;
  ledger::LedgerClient& client_;
  const ledger::CommitPoint point_;
  net::Deadline deadline_;
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

// `submit(waiter)` hands the waiter to the client, or returns an error and does not. kDeadlineExceeded when the answer
// did not come in time: whether the entry will be in the ledger is then not known, and what `heir()` made is told.
template <class Submit, class Heir>
net::Task<Result<ledger::Appended>> await_append(AppendPatience patience, Submit submit, Heir heir) {
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<net::Executor>&,
                                                 void(Result<ledger::Appended>)>(
      [&](auto handler) {
        auto* operation = new AppendOperation<decltype(handler), Heir>(std::move(handler), patience, heir);
        const auto executor = boost::asio::get_associated_executor(operation->handler());
        if (Result<> done = submit(operation); done) {
          operation->wait_for(patience.timeout);
        } else {
          // Never resumed from inside its own initiation.
          boost::asio::post(executor, [operation, error = done.error()] { operation->appended(error); });
        }
      },
      boost::asio::use_awaitable_t<net::Executor>());
}

// kDeadlineExceeded, or as LedgerClient::await_level().
inline net::Task<Result<>> await_level(AppendPatience patience, ledger::CommitPoint point) {
  if (patience.client.covers(point)) co_return Result<>();
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<net::Executor>&, void(Result<>)>(
      [&](auto handler) {
        auto* operation = new LevelOperation<decltype(handler)>(std::move(handler), patience, point);
        const auto executor = boost::asio::get_associated_executor(operation->handler());
        if (Result<> done = patience.client.await_level(point, operation); done) {
          operation->wait_for(patience.timeout);
        } else {
          boost::asio::post(executor, [operation, error = done.error()] { operation->reached(error); });
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
