#include "redoubt/response_desk.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/log.h"

namespace redoubt::app {
namespace {

using incident::Target;
using incident::TargetType;

constexpr std::chrono::seconds kRetry{1};
constexpr std::chrono::seconds kSettleEvery{1};
constexpr std::size_t kSignalsAtOnce = 256;  // before others of the thread have their turn
constexpr unsigned kTriesMax = 4;            // of a signal that the state does not take
constexpr std::size_t kNetworkNameSize = 16;

bool is_network_name(std::string_view text) {
  return text.size() == kNetworkNameSize &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// The ledger, or the tables, cannot take it now: the same is tried again.
bool is_for_later(Errc code) {
  return code == Errc::kUnavailable || code == Errc::kResourceExhausted || code == Errc::kDeadlineExceeded ||
         code == Errc::kIo;
}

}  // namespace

ResponseDesk::ResponseDesk(const Parts& parts) : parts_(parts), responder_({}, *this, parts.incidents.restrictions()) {
  parts_.feed.on_work([this] { boost::asio::post(parts_.io, [this] { work(); }); });
}

void ResponseDesk::use(std::shared_ptr<const std::vector<incident::Playbook>> playbooks) {
  responder_.use(std::move(playbooks));
  in_use_ = true;
}

bool ResponseDesk::ready() const {
  return in_use_ && !busy_ && !stopped_ && parts_.engine.written() && parts_.clock.steady() >= next_try_;
}

void ResponseDesk::work() {
  for (std::size_t n = 0; ready(); ++n) {
    if (n == kSignalsAtOnce) {
      if (!std::exchange(posted_, true)) {
        boost::asio::post(parts_.io, [this] {
          posted_ = false;
          work();
        });
      }
      return;
    }
    if (!signal_) {
      signal_ = parts_.feed.take();
      tries_ = 0;
    }
    if (!signal_) break;
    propose(responder_.take(*signal_, parts_.sink.now(), parts_.engine.tables()));
  }
  while (ready() && responder_.growing() > 0 && parts_.feed.flush_wanted()) {
    propose(responder_.settle({parts_.sink.now().value + incident::kGrowMs}, parts_.engine.tables()));
  }
  if (ready() && responder_.growing() == 0) parts_.feed.settled();
}

void ResponseDesk::tick() {
  work();
  if (!ready() || signal_) return;
  const UnixMillis now = parts_.sink.now();
  auto over = responder_.expire(now, parts_.engine.tables());
  if (!over || *over) return propose(std::move(over));
  if (parts_.clock.steady() < next_settling_) return;
  auto growth = responder_.settle(now, parts_.engine.tables());
  // One after the other, until nothing is old enough.
  if (growth && !*growth) next_settling_ = parts_.clock.steady() + kSettleEvery;
  propose(std::move(growth));
}

void ResponseDesk::stop() {
  stopped_ = true;
  parts_.feed.close();
}

void ResponseDesk::propose(Result<std::optional<state::Proposal>> wanted) {
  if (!wanted) return proposed(wanted.error());
  if (!*wanted) return answered();
  state::Proposal proposal = **std::move(wanted);
  proposal.actor.principal = identity::kServerActor;
  busy_ = true;
  parts_.engine.propose(std::move(proposal), [this](const Result<state::Applied>& done) {
    busy_ = false;
    proposed(done);
    // Not from within: an error may be told within the call.
    if (!stopped_ && !std::exchange(posted_, true)) {
      boost::asio::post(parts_.io, [this] {
        posted_ = false;
        work();
      });
    }
  });
}

void ResponseDesk::proposed(const Result<state::Applied>& done) {
  if (done) return answered();
  const Error& why = done.error();
  if (why.code() == Errc::kCancelled) return;
  if (is_for_later(why.code())) return pause(why);
  // Somebody has changed what it was decided by: it is decided again.
  if (!signal_) return pause(why);
  if (++tries_ < kTriesMax) return;
  log::error("response", "a signal is not answered",
             {{"rule", signal_->rule}, {"key", signal_->key}, {"entry", signal_->index}, {"why", why.message()}});
  signal_.reset();
}

void ResponseDesk::answered() {
  signal_.reset();
  told_.clear();
}

void ResponseDesk::pause(const Error& why) {
  next_try_ = parts_.clock.steady() + kRetry;
  if (told_ == why.message()) return;
  told_ = why.message();
  log::warning("response", "signals wait: the state takes no facts", {{"why", told_}});
}

// ------------------------------------------------------------------------------------------------------- surroundings

bool ResponseDesk::exists(const Target& target) {
  const identity::Identities identities = parts_.identities.snapshot();
  switch (target.type) {
    case TargetType::kPrincipal:
      return identities.principal(target.name) != nullptr;
    case TargetType::kKey:
      return identities.key(target.name) != nullptr;
    case TargetType::kNetwork:
      return is_network_name(target.name);
    case TargetType::kModel:
      return parts_.models.snapshot().find(target.name) != nullptr || parts_.feed.shares().seen(target);
    case TargetType::kTool:
    case TargetType::kDataSet:
      return parts_.feed.shares().seen(target);
  }
  return false;
}

// Those who would have to undo it.
std::string ResponseDesk::exempt(const Target& target) {
  const identity::Identities identities = parts_.identities.snapshot();
  const identity::Principal* principal = nullptr;
  if (target.type == TargetType::kPrincipal) {
    principal = identities.principal(target.name);
  } else if (target.type == TargetType::kKey) {
    const identity::Key* const key = identities.key(target.name);
    principal = key != nullptr ? &identities.principal_of(*key) : nullptr;
  }
  if (principal == nullptr) return {};
  const UnixMillis now = parts_.sink.now();
  const bool broke_glass = std::any_of(principal->break_glass.begin(), principal->break_glass.end(),
                                       [&](const identity::BreakGlass& each) { return now < each.until; });
  if (broke_glass) return "`" + principal->id + "` has emergency access";
  const std::vector<std::string> groups = identities.groups_of(*principal, now);
  if (std::binary_search(groups.begin(), groups.end(), identity::kAdministrators)) {
    return "`" + principal->id + "` is an administrator";
  }
  return {};
}

std::optional<double> ResponseDesk::share(const Target& target, std::string_view tenant) {
  return parts_.feed.shares().share(target, tenant);
}

}  // namespace redoubt::app
