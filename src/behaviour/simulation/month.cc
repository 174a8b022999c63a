// A day of everybody's, without attacks.
#include <cmath>

#include "behaviour/simulation/events.h"

namespace redoubt::behaviour::simulation {

std::uint64_t varied(Random& random, std::uint64_t sketch, unsigned bits) {
  for (unsigned i = 0; i < bits; ++i) sketch ^= std::uint64_t{1} << random.below(64);
  return sketch;
}

TensorSummary natural_tensor(Random& random, unsigned member) {
  Random kinds(member * 977ULL + random.below(4));
  TensorSummary out{};
  for (float& part : out) part = static_cast<float>(20 * kinds.normal() + 6 * random.normal());
  return out;
}

namespace {

Features features_of_exchange(const Exchange& exchange) {
  Features out;
  out.address_prefix = exchange.network;
  out.request_size = static_cast<std::uint64_t>(exchange.tokens * 4);
  if (exchange.sketch != 0) {
    out.sketch = exchange.sketch;
    out.fingerprint = exchange.fingerprint;
    out.words = static_cast<std::uint32_t>(exchange.tokens * 0.75);
  }
  out.tensor = exchange.tensor;
  return out;
}

Event event_of(const Exchange& exchange) {
  Event out;
  out.time_ms = exchange.time_ms;
  out.member = exchange.member;
  out.model = exchange.model;
  out.operation = exchange.operation;
  out.request_bytes = static_cast<std::uint64_t>(exchange.tokens * 4);
  out.attack = exchange.attack;
  out.match = exchange.match;
  out.match_action = exchange.match_action;
  out.match_count = exchange.match.empty() ? 0 : 1;
  out.features = features_of_exchange(exchange);
  return out;
}

}  // namespace

void add_exchange(Events& events, Random& random, const Exchange& exchange) {
  Event event = event_of(exchange);
  events.add(event);
  event.stage = record::Stage::kOutcome;
  event.features.reset();
  event.duration_ms = static_cast<std::int64_t>(std::min(random.lognormal(1500, 0.7), 60'000.0));
  event.time_ms += event.duration_ms;
  event.ending = exchange.ending;
  event.status = exchange.status;
  event.match = exchange.answer_match;
  event.match_action = exchange.answer_action;
  event.match_count = exchange.answer_match.empty() ? 0 : 1;
  if (exchange.ending == Ending::kCompleted || exchange.ending == Ending::kReleaseDenied) {
    event.prompt_tokens = static_cast<std::uint64_t>(exchange.tokens);
    event.completion_tokens = static_cast<std::uint64_t>(exchange.bytes / 4);
    event.response_bytes = static_cast<std::uint64_t>(exchange.bytes);
    event.tool = exchange.tool;
    event.data = exchange.data;
    event.rows = exchange.rows;
  }
  events.add(std::move(event));
}

void add_denial(Events& events, const Exchange& exchange, Reason reason, std::uint64_t count) {
  Event event = event_of(exchange);
  event.stage = record::Stage::kDenial;
  event.reason = reason;
  event.count = count;
  event.status = reason == Reason::kLimit ? 429 : 403;
  events.add(std::move(event));
}

namespace {

class Day {
 public:
  Day(const Organisation& organisation, std::uint64_t seed, unsigned day, Events& events)
      : all_(organisation), random_(seed * 1'000'003 + day), day_(day), from_(kStartMs + day * kDay), events_(events) {}

  void make() {
    for (unsigned i = 0; i < all_.members.size(); ++i) member(i);
    outside();
    ended_key();
    changes();
  }

 private:
  static constexpr std::int64_t kOutageFrom = 10 * kHour;
  static constexpr std::int64_t kOutageUntil = 11 * kHour;

  bool is_out(std::int64_t time_ms, int model) const {
    return day_ == all_.outage_day && model >= 0 && model < 3 && time_ms >= from_ + kOutageFrom &&
           time_ms < from_ + kOutageUntil;
  }

  void member(unsigned number) {
    const Member& who = all_.members[number];
    if (who.kind == PrincipalKind::kUser && day_ == who.joins_day && day_ > 0) joins(number);
    if (day_ < who.joins_day) return;
    network_ = who.at_home_sometimes && random_.chance(0.4) ? who.home : who.office;
    if (random_.chance(0.015)) network_ = 500'000 + random_.below(100'000);  // while travelling
    if (all_.works(who, day_)) {
      works(number);
    } else if (who.kind == PrincipalKind::kUser && random_.chance(0.03)) {
      burst_of_work(number, from_ + random_.between(10, 20) * kHour, 1 + random_.below(8));
    }
    if (who.on_call && random_.chance(0.07)) {
      network_ = who.home;
      burst_of_work(number, from_ + random_.between(0, 6) * kHour + random_.between(0, kHour), 5 + random_.below(25));
    }
    if (who.batch_hour >= 0) batch(number);
  }

  // Requests within an hour or so.
  void burst_of_work(unsigned number, std::int64_t time_ms, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      time_ms += static_cast<std::int64_t>(-std::log(1 - random_.uniform()) * 120'000);
      exchange(number, time_ms);
    }
  }

  void works(unsigned number) {
    const Member& who = all_.members[number];
    double expected = random_.lognormal(who.requests_a_day, who.day_spread);
    if (who.joins_day > 0) expected *= std::min(1.0, 0.2 + (day_ - who.joins_day) * 0.08);  // slowly begins
    if (day_ % 7 >= 5 && who.kind != PrincipalKind::kUser) expected *= 0.6;
    if (day_ == all_.holiday && who.kind != PrincipalKind::kUser) expected *= 0.5;
    const auto count = random_.poisson(expected);
    if (who.around_the_clock) {
      for (std::uint64_t i = 0; i < count; ++i) exchange(number, from_ + time_of_load());
      return;
    }
    // People work in spells: a question, its follow-ups, then something else.
    std::uint64_t left = count;
    while (left > 0) {
      const double span = who.ends_hour - who.begins_hour;
      double hour = who.begins_hour + span * random_.uniform();
      if (hour > 12 && hour < 13 && random_.chance(0.7)) hour += 1;
      auto time = from_ + static_cast<std::int64_t>(std::clamp(hour, 0.5, 22.5) * static_cast<double>(kHour));
      const std::uint64_t spell = std::min<std::uint64_t>(left, 1 + random_.below(8));
      spell_text_ = random_.bits() | 1;
      for (std::uint64_t i = 0; i < spell; ++i) {
        time += 5 * kSecond + static_cast<std::int64_t>(-std::log(1 - random_.uniform()) * 60'000);
        exchange(number, time);
      }
      left -= spell;
    }
  }

  // More by day than by night.
  std::int64_t time_of_load() {
    while (true) {
      const std::int64_t time = random_.between(0, kDay);
      const double hour = static_cast<double>(time) / static_cast<double>(kHour);
      if (random_.chance(0.3 + 0.7 * std::exp(-(hour - 13) * (hour - 13) / 30))) return time;
    }
  }

  void batch(unsigned number) {
    const Member& who = all_.members[number];
    std::int64_t time = from_ + who.batch_hour * kHour + random_.between(0, 5 * kMinute);
    const auto count = static_cast<std::uint64_t>(random_.lognormal(who.batch_requests, 0.2));
    for (std::uint64_t i = 0; i < count; ++i) {
      time += static_cast<std::int64_t>(-std::log(1 - random_.uniform()) * 2500);
      exchange(number, time);
      // Some run into their limits, and are counted together.
      if (random_.chance(0.002))
        add_denial(events_, {.time_ms = time + 1, .member = number, .model = 0}, Reason::kLimit, 1 + random_.below(40));
    }
  }

  int model_of(const Member& who) {
    const bool rolled_out = day_ >= all_.new_model_day;
    const double adopted = rolled_out ? std::min(0.6, 0.08 * (day_ - all_.new_model_day + 1)) : 0;
    Random taste(who.home * 31 + who.office);
    if (rolled_out && who.kind == PrincipalKind::kUser && taste.uniform() < adopted && random_.chance(0.5)) {
      return static_cast<int>(all_.models.size()) - 1;
    }
    const std::size_t rank = random_.chance(0.75) ? 0 : random_.below(who.models.size());
    return static_cast<int>(who.models[rank]);
  }

  void exchange(unsigned number, std::int64_t time_ms) {
    const Member& who = all_.members[number];
    Exchange out{.time_ms = time_ms, .member = number, .model = model_of(who), .network = network_};
    out.bytes = std::min(random_.lognormal(who.bytes, 0.7), 200'000.0);
    out.tokens = std::min(random_.lognormal(who.tokens, 0.7), 30'000.0);
    text_of(who, number, out);
    if (!who.data.empty() && random_.chance(who.reads_share)) {
      out.data = static_cast<int>(who.data[random_.below(who.data.size())]);
      out.rows = static_cast<std::uint64_t>(random_.lognormal(who.rows, 0.8));
    }
    if (!who.tools.empty() && random_.chance(0.7)) tool_of(who, number, out);
    if (random_.chance(0.03)) {
      out.match = random_.chance(0.5) ? "email" : "person_name";
      out.match_action = "tokenise";
    }
    if (random_.chance(0.0005)) out.match = "prompt_injection";  // somebody pastes one
    if (is_out(time_ms, out.model)) {
      fails(out);
      return;
    }
    if (denied(who, out)) return;
    if (random_.chance(0.004)) out.ending = random_.chance(0.7) ? Ending::kClientGone : Ending::kUpstreamTimeout;
    if (random_.chance(0.004)) out.status = random_.chance(0.5) ? 400 : 404;
    if (random_.chance(0.0004)) out.ending = Ending::kReleaseDenied;
    add_exchange(events_, random_, out);
  }

  void text_of(const Member& who, unsigned number, Exchange& out) {
    if (who.tensors) {
      out.operation = Operation::kInfer;
      out.tensor = natural_tensor(random_, number);
      return;
    }
    if (who.text != 0) {
      out.sketch = varied(random_, who.text, 7);
    } else if (random_.chance(0.12)) {
      out.sketch = varied(random_, spell_text_, 6);  // says it in other words
    } else {
      out.sketch = spell_text_ = random_.bits() | 1;
    }
    out.fingerprint = random_.chance(0.03) ? out.sketch : random_.bits();
  }

  void tool_of(const Member& who, unsigned number, Exchange& out) {
    // Some tools are for every day, others for now and then.
    const std::size_t rank = std::min(random_.below(who.tools.size()), random_.below(who.tools.size()));
    out.tool = static_cast<int>(who.tools[rank]);
    const bool has_new = number % 2 == 0 && day_ >= all_.new_tool_day + number % 5;
    if (has_new && random_.chance(0.1)) out.tool = static_cast<int>(all_.tools.size()) - 1;
    if (random_.chance(0.001)) {
      out.answer_match = "tool_injection";
      out.answer_action = "block";
      out.ending = Ending::kReleaseDenied;
    }
  }

  void fails(const Exchange& exchange) {
    Exchange out = exchange;
    out.ending = Ending::kUpstreamFailed;
    out.status = 502;
    for (std::uint64_t i = 0, tries = 1 + random_.below(4); i < tries; ++i) {
      add_exchange(events_, random_, out);
      out.time_ms += 1000 + random_.between(0, 4000);
    }
  }

  bool denied(const Member& who, Exchange& out) {
    const bool wrong_policy = day_ == all_.wrong_policy_day && out.model == 2 && out.time_ms >= from_ + 9 * kHour &&
                              out.time_ms < from_ + 11 * kHour && who.kind == PrincipalKind::kUser;
    const bool too_early = day_ == all_.new_model_day && out.model + 1 == static_cast<int>(all_.models.size());
    if (wrong_policy || too_early) {
      for (std::uint64_t i = 0, tries = 1 + random_.below(3); i < tries; ++i) {
        add_denial(events_, out, Reason::kAuthorization);
        out.time_ms += 20 * kSecond + random_.between(0, kMinute);
      }
      return true;
    }
    if (who.kind == PrincipalKind::kUser && random_.chance(0.002)) {
      // A model that is not for them, or one that they misspelt.
      if (random_.chance(0.7)) out.model = random_.chance(0.5) ? static_cast<int>(random_.below(7)) : 1000;
      for (std::uint64_t i = 0, tries = 1 + random_.below(3); i < tries; ++i) {
        add_denial(events_, out, Reason::kAuthorization);
        out.time_ms += 10 * kSecond;
      }
      return true;
    }
    if (random_.chance(0.0015)) {
      out.match = "secret_key";
      out.match_action = "block";
      add_denial(events_, out, Reason::kContent);
      return true;
    }
    return false;
  }

  // Scanners, and people who mistype their keys.
  void outside() {
    for (std::uint64_t i = 0, count = random_.poisson(60); i < count; ++i) {
      Event event;
      event.time_ms = from_ + random_.between(0, kDay);
      event.stage = record::Stage::kDenial;
      event.reason = Reason::kAuthentication;
      event.status = 401;
      event.count = random_.chance(0.1) ? 1 + random_.below(20) : 1;
      event.features = Features{.address_prefix = 700'000 + random_.below(3000), .claimed = random_.below(50)};
      if (random_.chance(0.05)) {
        event.sources = 5 + random_.below(50);
        event.count = 10 + random_.below(100);
        event.features.reset();
      }
      events_.add(std::move(event));
    }
  }

  // A client whose key has ended tries on, all morning.
  void ended_key() {
    if (day_ != all_.ended_key_day) return;
    for (std::int64_t time = 8 * kHour; time < 12 * kHour; time += 20 * kSecond) {
      Event event;
      event.time_ms = from_ + time;
      event.stage = record::Stage::kDenial;
      event.reason = Reason::kAuthentication;
      event.status = 401;
      event.features = Features{.address_prefix = 2001, .claimed = 424'242};
      events_.add(std::move(event));
    }
  }

  void fact(unsigned number, Change change, std::int64_t time_ms, std::uint64_t groups = 0) {
    Event event;
    event.time_ms = time_ms;
    event.stage = record::Stage::kFact;
    event.member = number;
    event.change = change;
    event.groups = groups;
    events_.add(std::move(event));
  }

  void joins(unsigned number) {
    fact(number, Change::kPrincipalMade, from_ + 7 * kHour, 1);
    fact(number, Change::kCredentialMade, from_ + 7 * kHour + kMinute);
    fact(number, Change::kGroupsChanged, from_ + 7 * kHour + 2 * kMinute, 2);
  }

  // Keys are rotated and groups changed; nothing comes of it.
  void changes() {
    for (int i = 0; i < 4; ++i) {
      const auto number = static_cast<unsigned>(random_.below(all_.members.size()));
      if (day_ <= all_.members[number].joins_day) continue;
      fact(number, random_.chance(0.5) ? Change::kCredentialMade : Change::kGroupsChanged,
           from_ + 9 * kHour + random_.between(0, 6 * kHour), random_.bits());
    }
  }

  const Organisation& all_;
  Random random_;
  const unsigned day_;
  const std::int64_t from_;
  Events& events_;
  std::uint64_t network_ = 0;
  std::uint64_t spell_text_ = 1;
};

}  // namespace

void make_day(const Organisation& organisation, std::uint64_t seed, unsigned day, Events& events) {
  Day(organisation, seed, day, events).make();
}

}  // namespace redoubt::behaviour::simulation
