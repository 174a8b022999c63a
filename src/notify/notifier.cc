#include "notify/notifier.h"

#include <algorithm>
#include <thread>

namespace redoubt::notify {

struct Notifier::Road {
  Endpoint endpoint;
  crypto::Secret secret;
  std::unique_ptr<Transport> transport;
  Lane lane;
  bool sending = false;
  std::thread thread;

  Road(const Endpoint& where, crypto::Secret what, std::unique_ptr<Transport> how, std::uint64_t seed)
      : endpoint(where), secret(std::move(what)), transport(std::move(how)), lane(limits_of(where.type), seed) {}
};

Notifier::Notifier(const Clock& clock, Report report) : clock_(clock), report_(std::move(report)) {}

Result<std::unique_ptr<Notifier>> Notifier::start(std::vector<Endpoint> endpoints, Secrets secrets,
                                                  const MakeTransport& make, const Clock& clock, std::uint64_t seed,
                                                  Report report) {
  std::unique_ptr<Notifier> out(new Notifier(clock, std::move(report)));
  for (const Endpoint& endpoint : endpoints) {
    auto transport = make();
    if (!transport) return transport.error();
    const auto secret = secrets.find(endpoint.name);
    out->roads_.push_back(std::make_unique<Road>(endpoint,
                                                 secret == secrets.end() ? crypto::Secret() : std::move(secret->second),
                                                 *std::move(transport), seed + out->roads_.size()));
  }
  for (const auto& road : out->roads_) {
    road->thread = std::thread([notifier = out.get(), &road = *road] { notifier->run(road); });
  }
  return out;
}

Notifier::~Notifier() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  for (const auto& road : roads_) {
    if (road->thread.joinable()) road->thread.join();
  }
}

void Notifier::tell(const Notice& notice, const std::vector<std::string>& endpoints) {
  std::vector<Attempt> dropped;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& road : roads_) {
      if (std::find(endpoints.begin(), endpoints.end(), road->endpoint.name) == endpoints.end()) continue;
      if (auto without_room = road->lane.offer(notice, clock_.steady())) {
        without_room->endpoint = road->endpoint.name;
        dropped.push_back(*std::move(without_room));
      }
    }
  }
  changed_.notify_all();
  for (Attempt& each : dropped) report_(std::move(each));
}

std::size_t Notifier::waiting() const {
  const std::lock_guard lock(mutex_);
  std::size_t out = 0;
  for (const auto& road : roads_) out += road->lane.waiting() + (road->sending ? 1 : 0);
  return out;
}

void Notifier::run(Road& road) {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const auto tell = [&](Attempt attempt) {
      attempt.endpoint = road.endpoint.name;
      lock.unlock();
      report_(std::move(attempt));
      lock.lock();
    };
    if (auto late = road.lane.expired(clock_.steady(), clock_.now())) {
      tell(*std::move(late));
      continue;
    }
    if (const Notice* const due = road.lane.take(clock_.steady())) {
      const Notice notice = *due;
      road.sending = true;
      lock.unlock();
      Answer answer;
      if (auto message = write_message(road.endpoint, road.secret, notice, clock_.now())) {
        answer = road.transport->send(road.endpoint, *message, stop_);
      } else {
        answer.why = message.error().message();
      }
      lock.lock();
      road.sending = false;
      Attempt attempt = road.lane.done(answer, clock_.steady(), clock_.now());
      if (!stop_ || attempt.outcome == Outcome::kDelivered) tell(std::move(attempt));
      continue;
    }
    if (const auto wake = road.lane.wake_at()) {
      changed_.wait_until(lock, *wake);
    } else {
      changed_.wait(lock);
    }
  }
}

}  // namespace redoubt::notify
