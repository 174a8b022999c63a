// Holds of the request path, kept as facts: the gateway's desk over the state.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>

#include "admin/holds_projection.h"
#include "gateway/hold_desk.h"
#include "state/engine.h"

namespace redoubt::app {

class StateHolds final : public gateway::HoldDesk {
 public:
  static constexpr std::size_t kMaxPending = 1024;  // calls that are not answered yet
  static constexpr std::chrono::hours kLife{24};    // from its placing on; a refusal stays

  // `io`: whose one thread is the engine's. `engine` is null until the state is open. `sink`: whose time counts. All
  // must outlive it, but for the engine, which must end first.
  StateHolds(boost::asio::io_context& io, const std::unique_ptr<state::Engine>& engine, state::FactSink& sink)
      : io_(io), engine_(engine), sink_(sink) {}
  ~StateHolds() override { stop(); }

  void place(gateway::HoldWish wish, std::function<void(Result<std::string>)> done) override;
  void look(std::string id, std::function<void(Result<gateway::SeenHold>)> done) override;

  // Answers what waits with kUnavailable, and everything from now on. Before the io_context stops. Any thread.
  void stop();

 private:
  using Ticket = std::uint64_t;
  template <class T>
  using Done = std::function<void(Result<T>)>;

  // Has `work` done on the engine's thread, with a ticket to answer by, unless it is answered at once.
  template <class T>
  void begin(Done<T> done, std::function<void(Ticket)> work);
  // Answers the call, unless it is answered already.
  template <class T>
  void finish(Ticket ticket, Result<T> result);
  void place_now(Ticket ticket, const gateway::HoldWish& wish);
  Result<gateway::SeenHold> look_now(const std::string& id);
  bool in_order() const { return engine_ != nullptr && engine_->current(); }

  boost::asio::io_context& io_;
  const std::unique_ptr<state::Engine>& engine_;
  state::FactSink& sink_;

  std::mutex mutex_;  // guards what follows
  std::map<Ticket, std::variant<Done<std::string>, Done<gateway::SeenHold>>> pending_;
  Ticket last_ticket_ = 0;
  bool stopped_ = false;
};

}  // namespace redoubt::app
