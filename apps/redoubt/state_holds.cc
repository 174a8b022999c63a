#include "redoubt/state_holds.h"

#include <boost/asio/post.hpp>
#include <optional>
#include <utility>

namespace redoubt::app {
namespace {

Error stopped_error() {
  return Error(Errc::kUnavailable, "the administration has stopped");
}

Error behind_error() {
  return Error(Errc::kUnavailable, "the state is not up to date");
}

gateway::HoldAnswer answer_of(admin::HoldStatus status) {
  switch (status) {
    case admin::HoldStatus::kWaiting:
      return gateway::HoldAnswer::kWaiting;
    case admin::HoldStatus::kReleased:
      return gateway::HoldAnswer::kReleased;
    case admin::HoldStatus::kRefused:
      break;
  }
  return gateway::HoldAnswer::kRefused;
}

}  // namespace

template <class T>
void StateHolds::begin(Done<T> done, std::function<void(Ticket)> work) {
  std::optional<Error> refusal;
  Ticket ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) {
      refusal = stopped_error();
    } else if (pending_.size() >= kMaxPending) {
      refusal = Error(Errc::kResourceExhausted, "too many holds are being placed and looked for");
    } else {
      ticket = ++last_ticket_;
      pending_.emplace(ticket, std::move(done));
    }
  }
  if (refusal) return done(*refusal);
  boost::asio::post(io_, [ticket, work = std::move(work)] { work(ticket); });
}

template <class T>
void StateHolds::finish(Ticket ticket, Result<T> result) {
  Done<T> done;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pending_.find(ticket);
    if (found == pending_.end()) return;  // stop() was first
    done = std::get<Done<T>>(std::move(found->second));
    pending_.erase(found);
  }
  done(std::move(result));
}

void StateHolds::place(gateway::HoldWish wish, std::function<void(Result<std::string>)> done) {
  begin<std::string>(std::move(done), [this, wish = std::move(wish)](Ticket ticket) { place_now(ticket, wish); });
}

void StateHolds::look(std::string id, std::function<void(Result<gateway::SeenHold>)> done) {
  begin<gateway::SeenHold>(std::move(done),
                           [this, id = std::move(id)](Ticket ticket) { finish(ticket, look_now(id)); });
}

void StateHolds::place_now(Ticket ticket, const gateway::HoldWish& wish) {
  if (!in_order()) return finish<std::string>(ticket, behind_error());
  auto proposal = admin::propose_hold(wish.kind, wish.subject, wish.reason);
  if (!proposal) return finish<std::string>(ticket, proposal.error());
  proposal->actor = {.principal = wish.principal, .credential = wish.key, .method = "api_key", .strength = 1};
  std::string id = proposal->object.substr(admin::hold_object("").size());
  engine_->propose(*std::move(proposal), [this, ticket, id = std::move(id)](const Result<state::Applied>& done) {
    finish<std::string>(ticket, done ? Result<std::string>(id) : Result<std::string>(done.error()));
  });
}

Result<gateway::SeenHold> StateHolds::look_now(const std::string& id) {
  if (!in_order()) return behind_error();
  auto found = admin::find_hold(engine_->tables(), id);
  if (!found) return Error(Errc::kUnavailable, found.error().message());
  if (!*found) return Error(Errc::kNotFound, "there is no such hold");
  admin::Hold& hold = **found;
  const auto age = std::chrono::milliseconds(sink_.now().value - hold.placed.value);
  if (hold.status != admin::HoldStatus::kRefused && age > kLife) {
    return Error(Errc::kNotFound, "the hold has expired: it was placed more than 24 hours ago");
  }
  return gateway::SeenHold{.kind = std::move(hold.kind),
                           .subject = std::move(hold.subject),
                           .answer = answer_of(hold.status),
                           .placed = hold.placed,
                           .decided = hold.decided};
}

void StateHolds::stop() {
  decltype(pending_) left;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    left.swap(pending_);
  }
  for (auto& [ticket, each] : left) {
    std::visit([](auto& done) { done(stopped_error()); }, each);
  }
}

}  // namespace redoubt::app
