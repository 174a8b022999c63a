#include "admin/internal/awaiting.h"

#include <boost/asio/post.hpp>
#include <memory>

namespace redoubt::admin::internal {

namespace {

// Waits for what `start` answers by calling the std::function that it is given, once. A std::function is copied, a
// completion handler is not. The engine may answer from within the call; a coroutine may not be resumed from within its
// own start.
template <class T, class Start>
net::Task<Result<T>> answer_of(boost::asio::io_context& io, Start& start) {
  const auto initiate = [&io, &start](auto handler) {
    const auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    start([&io, shared](Result<T> done) {
      boost::asio::post(io, [shared, done = std::move(done)]() mutable { std::move (*shared)(std::move(done)); });
    });
  };
  const boost::asio::use_awaitable_t<net::Executor> token;
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<net::Executor>&, void(Result<T>)>(
      initiate, token);
}

}  // namespace

net::Task<Result<state::Applied>> propose(boost::asio::io_context& io, state::Engine& engine,
                                          state::Proposal& proposal) {
  const auto start = [&](auto done) { engine.propose(std::move(proposal), std::move(done)); };
  co_return co_await answer_of<state::Applied>(io, start);
}

net::Task<Result<state::SnapshotWritten>> write_snapshot(boost::asio::io_context& io, state::Engine& engine,
                                                         const record::FactActor& actor) {
  const auto start = [&](auto done) { state::write_snapshot(engine, actor, std::move(done)); };
  co_return co_await answer_of<state::SnapshotWritten>(io, start);
}

net::Task<Result<SignalPage>> list_signals(boost::asio::io_context& io, SignalDesk& desk, const SignalFilter& filter,
                                           std::uint64_t before, std::size_t limit) {
  const auto start = [&](auto done) { desk.signals(filter, before, limit, std::move(done)); };
  co_return co_await answer_of<SignalPage>(io, start);
}

net::Task<Result<std::string>> ask_mesh(boost::asio::io_context& io, SignalDesk& desk, const MeshAsked& asked) {
  const auto start = [&](auto done) { desk.ask(asked, std::move(done)); };
  co_return co_await answer_of<std::string>(io, start);
}

net::Task<> Waits::wait(std::chrono::milliseconds time) {
  if (ended_) co_return;
  Timer timer(io_.get_executor());
  timer.expires_after(time);
  const auto place = timers_.insert(&timer).first;
  [[maybe_unused]] const auto ended = co_await timer.async_wait(net::use_task);
  timers_.erase(place);
}

void Waits::end() {
  ended_ = true;
  for (Timer* timer : timers_) timer->cancel();
}

}  // namespace redoubt::admin::internal
