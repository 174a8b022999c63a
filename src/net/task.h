// The coroutine types of the project: one io_context a thread, concrete executors, errors as values.
//
// Type-erased executors and a timer an operation cost as much as parsing HTTP (measured); hence the concrete executor
// here and the sweep in net/deadline.h.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace redoubt::net {

using Executor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

// A coroutine that runs on one core's io_context.
template <class T = void>
using Task = boost::asio::awaitable<T, Executor>;

// Completion token: `auto [error, n] = co_await socket.async_read_some(buffer, use_task);`
inline constexpr auto use_task = boost::asio::as_tuple(boost::asio::use_awaitable_t<Executor>());

}  // namespace redoubt::net
