// Waiting, for coroutines of the interface's thread: for the engine, for behaviour, and for time.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <set>

#include "admin/signal_desk.h"
#include "base/result.h"
#include "net/task.h"
#include "state/engine.h"
#include "state/snapshot.h"

namespace redoubt::admin::internal {

// Has the engine make it a fact; continues once it is in force on every core, or refused. The engine must outlive it;
// the proposal is moved from.
net::Task<Result<state::Applied>> propose(boost::asio::io_context& io, state::Engine& engine,
                                          state::Proposal& proposal);

// Has it write its tables into the ledger; continues once they are there, or it could not. As above.
net::Task<Result<state::SnapshotWritten>> write_snapshot(boost::asio::io_context& io, state::Engine& engine,
                                                         const record::FactActor& actor);

// Has the desk answer.
net::Task<Result<SignalPage>> list_signals(boost::asio::io_context& io, SignalDesk& desk, const SignalFilter& filter,
                                           std::uint64_t before, std::size_t limit);
net::Task<Result<std::string>> ask_mesh(boost::asio::io_context& io, SignalDesk& desk, const MeshAsked& asked);

// Waits that can all be ended at once.
class Waits {
 public:
  explicit Waits(boost::asio::io_context& io) : io_(io) {}
  Waits(const Waits&) = delete;
  Waits& operator=(const Waits&) = delete;

  // At most so long; returns at once when everything was ended.
  net::Task<> wait(std::chrono::milliseconds time);
  void end();

 private:
  using Clock = std::chrono::steady_clock;
  using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, net::Executor>;

  boost::asio::io_context& io_;
  std::set<Timer*> timers_;
  bool ended_ = false;
};

}  // namespace redoubt::admin::internal
