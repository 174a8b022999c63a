#include "behaviour/simulation/attacks.h"

#include <array>
#include <functional>

#include "base/check.h"

namespace redoubt::behaviour::simulation {
namespace {

class Planner;
struct Kind {
  std::string_view name;
  void (Planner::*plan)();
};

class Planner {
 public:
  Planner(const Organisation& organisation, std::uint64_t seed, unsigned number)
      : all_(organisation), random_(seed * 7'919 + number + 1), number_(number) {}

  PlannedAttack plan(std::string_view name);

  void denied_access() {
    const unsigned who = person();
    begin(day_at(20, 28), {"behaviour.denied_access"}, who);
    for (int i = 0; i < 40; ++i) {
      add_denial(out_.events, of(who, static_cast<int>(random_.below(7))), Reason::kAuthorization);
      pass(5, 25);
    }
  }

  void prompt_flood() {
    const unsigned who = person();
    begin(day_at(20, 28), {"behaviour.prompt_flood"}, who);
    for (int i = 0; i < 900; ++i) {
      add_exchange(out_.events, random_, of(who));
      now_ += random_.between(50, 350);
    }
  }

  void exfiltration_volume() {
    const unsigned who = reader();
    begin(day_at(20, 28), {"behaviour.exfiltration_volume"}, who);
    for (int i = 0; i < 60; ++i) {
      Exchange exchange = of(who);
      exchange.bytes = 200'000 + static_cast<double>(random_.below(400'000));
      add_exchange(out_.events, random_, exchange);
      pass(10, 50);
    }
  }

  // As much again as it has on a day, every day, in pieces like all others.
  void exfiltration_drip() {
    const unsigned who = person();
    const Member& member = all_.members[who];
    begin(kStartMs + 14 * kDay + 9 * kHour, {"behaviour.exfiltration_drip", "behaviour.baseline_ramp"}, who);
    for (unsigned day = 14; day < 30; ++day) {
      if (!all_.works(member, day)) continue;
      const double total = 2.0 * member.requests_a_day * member.bytes;
      const int pieces = 25;
      for (int i = 0; i < pieces; ++i) {
        Exchange exchange = of(who);
        exchange.time_ms = kStartMs + day * kDay + random_.between(9 * kHour, 17 * kHour);
        exchange.bytes = total / pieces * (0.7 + 0.6 * random_.uniform());
        add_exchange(out_.events, random_, exchange);
      }
    }
    now_ = kStartMs + 29 * kDay;
  }

  void unauthorised_model() {
    const unsigned who = person();
    begin(day_at(20, 28), {"behaviour.unauthorised_model"}, who);
    for (int model = 0; model < 7; ++model) {
      const auto& used = all_.members[who].models;
      if (std::find(used.begin(), used.end(), static_cast<unsigned>(model)) != used.end()) continue;
      for (int i = 0; i < 2; ++i) add_denial(out_.events, of(who, model), Reason::kAuthorization);
      pass(60, 240);
    }
  }

  void outside_policy() {
    const unsigned who = person();
    begin(day_at(20, 28), {"behaviour.outside_policy"}, who);
    for (int i = 0; i < 8; ++i) {
      Exchange exchange = of(who);
      exchange.operation = i % 2 == 0 ? Operation::kTune : Operation::kEmbed;
      add_denial(out_.events, exchange, Reason::kAuthorization);
      pass(60, 200);
    }
  }

  void bulk_data() {
    const unsigned who = reader();
    begin(day_at(20, 28), {"behaviour.bulk_data", "behaviour.exfiltration_volume"}, who);
    for (int i = 0; i < 14; ++i) {
      Exchange exchange = of(who);
      exchange.data = static_cast<int>(random_.below(all_.data.size()));
      exchange.rows = 15'000 + random_.below(10'000);
      add_exchange(out_.events, random_, exchange);
      pass(40, 120);
    }
  }

  // Under every bound of rate: every two seconds, all day.
  void model_extraction() {
    const unsigned who = person();
    begin(day_at(20, 27, 7), {"behaviour.model_extraction"}, who);
    for (int i = 0; i < 6000; ++i) {
      Exchange exchange = of(who);
      exchange.bytes = 200;
      exchange.tokens = 60;
      add_exchange(out_.events, random_, exchange);
      now_ += random_.between(1500, 7000);
    }
  }

  // Each query a step away from one before, as substitute models are trained.
  void tensor_extraction() {
    const unsigned who = member_like([](const Member& member) { return member.tensors; });
    begin(day_at(20, 28), {"behaviour.tensor_extraction"}, who);
    std::vector<TensorSummary> seeds;
    for (int i = 0; i < 5; ++i) seeds.push_back(natural_tensor(random_, who));
    for (int i = 0; i < 250; ++i) {
      Exchange exchange = of(who);
      exchange.operation = Operation::kInfer;
      exchange.sketch = 0;
      TensorSummary tensor = seeds[random_.below(seeds.size())];
      for (float& part : tensor) part += random_.chance(0.5) ? 0.8F : -0.8F;
      exchange.tensor = tensor;
      seeds[random_.below(seeds.size())] = tensor;
      add_exchange(out_.events, random_, exchange);
      pass(3, 20);
    }
  }

  void adversarial_probing() {
    const unsigned who = person();
    begin(day_at(20, 28), {"behaviour.adversarial_probing"}, who);
    const std::uint64_t text = random_.bits() | 1;
    for (int i = 0; i < 60; ++i) {
      Exchange exchange = of(who);
      exchange.sketch = varied(random_, text, 4 + static_cast<unsigned>(random_.below(5)));
      if (random_.chance(0.45)) {
        exchange.match = "jailbreak";
        exchange.match_action = "block";
        add_denial(out_.events, exchange, Reason::kContent);
      } else {
        add_exchange(out_.events, random_, exchange);
      }
      pass(8, 30);
    }
  }

  void failed_authentications(int count) {
    for (int i = 0; i < count; ++i) {
      Event event;
      event.time_ms = now_;
      event.stage = record::Stage::kDenial;
      event.reason = Reason::kAuthentication;
      event.status = 401;
      event.attack = true;
      event.features = Features{.address_prefix = network_, .claimed = random_.bits()};
      out_.events.add(std::move(event));
      pass(1, 10);
    }
  }

  void credential_stuffing() {
    begin(day_at(20, 28), {"behaviour.credential_stuffing"}, kNobody);
    failed_authentications(200);
  }

  void stuffing_succeeded() {
    const unsigned who = person();
    begin(day_at(20, 28), {"behaviour.stuffing_succeeded"}, who);
    failed_authentications(200);
    for (int i = 0; i < 3; ++i) {
      Exchange exchange = of(who);
      exchange.network = network_;
      add_exchange(out_.events, random_, exchange);
      pass(10, 30);
    }
  }

  void new_tool() {
    const unsigned who = agent();
    begin(day_at(20, 28), {"behaviour.new_tool"}, who);
    Exchange exchange = of(who);
    exchange.tool = tool_of_others(who);
    add_exchange(out_.events, random_, exchange);
  }

  void privilege_then_bulk() {
    const unsigned who = reader();
    begin(day_at(20, 27), {"behaviour.privilege_then_bulk"}, who);
    Event event;
    event.time_ms = now_;
    event.stage = record::Stage::kFact;
    event.member = who;
    event.change = Change::kGroupsChanged;
    event.groups = random_.bits();
    event.attack = true;
    out_.events.add(std::move(event));
    now_ += 2 * kHour;
    for (int i = 0; i < 10; ++i) {
      Exchange exchange = of(who);
      exchange.data = static_cast<int>(random_.below(all_.data.size()));
      exchange.rows = 4000 + random_.below(4000);
      add_exchange(out_.events, random_, exchange);
      pass(30, 90);
    }
  }

  void injection_then_outbound() {
    const unsigned who = agent();
    begin(day_at(20, 28), {"behaviour.injection_then_outbound"}, who);
    Exchange exchange = of(who);
    exchange.tool = static_cast<int>(all_.members[who].tools[0]);
    exchange.answer_match = "tool_injection";
    add_exchange(out_.events, random_, exchange);
    now_ += 2 * kMinute;
    exchange = of(who);
    exchange.tool = 13;  // mail.send
    add_exchange(out_.events, random_, exchange);
  }

  // Two or three tries by each of many, each of something else.
  void low_and_slow() {
    const unsigned tenant = static_cast<unsigned>(random_.below(all_.tenants.size()));
    begin(day_at(20, 27, 8), {"behaviour.low_and_slow"}, kNobody);
    out_.attack.key = "tenant/" + all_.tenants[tenant];
    int used = 0;
    for (unsigned i = 0; i < all_.members.size() && used < 60; ++i) {
      if (all_.members[i].tenant != tenant || all_.members[i].kind != PrincipalKind::kUser) continue;
      ++used;
      for (int j = 0; j < 2; ++j) {
        add_denial(out_.events, of(i, static_cast<int>(random_.below(7)) + (random_.chance(0.5) ? 1000 : 0)),
                   Reason::kAuthorization);
        pass(60, 300);
      }
    }
  }

  // From elsewhere, at night, for what its owner never asked.
  void account_takeover() {
    const unsigned who = member_like([](const Member& member) {
      return member.kind == PrincipalKind::kUser && member.joins_day == 0 && !member.on_call && member.leave_from < 0 &&
             member.requests_a_day > 12;
    });
    begin(day_at(22, 28, 2), {"behaviour.several_small"}, who);
    for (int i = 0; i < 25; ++i) {
      Exchange exchange = of(who, i % 3 == 0 ? 6 : -1);
      exchange.network = network_;
      if (i % 4 == 1) {
        exchange.data = static_cast<int>((i + 3) % 14);
        exchange.rows = 300;
      }
      if (i % 5 == 4) {
        add_denial(out_.events, exchange, Reason::kAuthorization);
      } else {
        add_exchange(out_.events, random_, exchange);
      }
      pass(20, 90);
    }
  }

  void token_harvest() {
    const unsigned who = person();
    begin(day_at(20, 28), {"behaviour.activity_shift"}, who);
    for (int i = 0; i < 150; ++i) {
      Exchange exchange = of(who);
      exchange.tokens = 20'000;
      add_exchange(out_.events, random_, exchange);
      pass(5, 25);
    }
  }

  // More requests, day after day, from the middle of the month on.
  void slow_misuse() {
    const unsigned who = person();
    const Member& member = all_.members[who];
    begin(kStartMs + 14 * kDay + 9 * kHour,
          {"behaviour.activity_drift", "behaviour.baseline_ramp", "behaviour.exfiltration_drip"}, who);
    for (unsigned day = 14; day < 30; ++day) {
      if (!all_.works(member, day)) continue;
      const auto count = static_cast<int>(2.5 * member.requests_a_day);
      for (int i = 0; i < count; ++i) {
        Exchange exchange = of(who);
        exchange.time_ms = kStartMs + day * kDay + random_.between(9 * kHour, 17 * kHour);
        add_exchange(out_.events, random_, exchange);
      }
    }
    now_ = kStartMs + 29 * kDay;
  }

  // Fifteen in a hundred more each day, so that no day stands out from the one before.
  void baseline_poisoning() {
    const unsigned who = person();
    const Member& member = all_.members[who];
    begin(kStartMs + 8 * kDay + 9 * kHour,
          {"behaviour.baseline_ramp", "behaviour.activity_drift", "behaviour.exfiltration_drip"}, who);
    double extra = 0.15 * member.requests_a_day;
    for (unsigned day = 8; day < 30; ++day) {
      if (!all_.works(member, day)) continue;
      extra = extra * 1.15 + 0.1 * member.requests_a_day;
      for (int i = 0; i < static_cast<int>(extra); ++i) {
        Exchange exchange = of(who);
        exchange.time_ms = kStartMs + day * kDay + random_.between(9 * kHour, 17 * kHour);
        add_exchange(out_.events, random_, exchange);
      }
    }
    now_ = kStartMs + 29 * kDay;
  }

  // One that came last week and does much more than others like it.
  void unlike_peers() {
    const unsigned who =
        member_like([](const Member& member) { return member.kind == PrincipalKind::kUser && member.joins_day > 18; });
    const unsigned day = all_.members[who].joins_day + 1;
    begin(kStartMs + day * kDay + 7 * kHour,
          {"behaviour.peer_outlier", "behaviour.activity_shift", "behaviour.exfiltration_volume"}, who);
    for (int i = 0; i < 3000; ++i) {
      Exchange exchange = of(who);
      exchange.bytes = 20'000;
      add_exchange(out_.events, random_, exchange);
      pass(4, 16);
    }
  }

 private:
  template <class Predicate>
  unsigned member_like(Predicate&& fits) {
    // Attacks take victims of their own: one in every so many.
    std::vector<unsigned> list;
    for (unsigned i = 0; i < all_.members.size(); ++i) {
      if (fits(all_.members[i])) list.push_back(i);
    }
    REDOUBT_CHECK(!list.empty());
    // Of a permutation that all attacks share, the one at this attack's place.
    Random shuffle(all_.members.size());
    for (std::size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[shuffle.below(i)]);
    return list[number_ % list.size()];
  }
  unsigned person() {
    return member_like([&](const Member& member) {
      return member.kind == PrincipalKind::kUser && member.joins_day == 0 && member.leave_from < 0 &&
             member.requests_a_day > 8;
    });
  }
  unsigned reader() {
    return member_like([&](const Member& member) {
      return member.kind == PrincipalKind::kUser && member.joins_day == 0 && member.leave_from < 0 &&
             member.requests_a_day > 8 && !member.data.empty();
    });
  }
  unsigned agent() {
    return member_like(
        [](const Member& member) { return member.kind == PrincipalKind::kAgent && member.requests_a_day > 40; });
  }
  int tool_of_others(unsigned who) {
    const auto& own = all_.members[who].tools;
    while (true) {
      const auto tool = static_cast<unsigned>(random_.below(all_.tools.size() - 1));
      if (std::find(own.begin(), own.end(), tool) == own.end()) return static_cast<int>(tool);
    }
  }

  // A working day from `from` on; the hour it begins in.
  std::int64_t day_at(unsigned from, unsigned until, int hour = 10) {
    unsigned day = from + static_cast<unsigned>(random_.below(until - from));
    while (day % 7 >= 4) --day;  // Monday to Thursday
    return kStartMs + day * kDay + hour * kHour + random_.between(0, kHour);
  }

  void begin(std::int64_t at, std::vector<std::string> rules, unsigned who) {
    now_ = at;
    network_ = 900'000 + number_;
    out_.attack.begin_ms = at;
    out_.attack.rules = std::move(rules);
    out_.attack.key = who == kNobody ? "network/*" : "principal/" + all_.members[who].name;
  }
  void pass(std::int64_t from_s, std::int64_t until_s) { now_ += random_.between(from_s * kSecond, until_s * kSecond); }

  Exchange of(unsigned who, int model = -1) {
    const Member& member = all_.members[who];
    Exchange out{.time_ms = now_, .member = who, .model = model, .network = member.office, .attack = true};
    if (model < 0) out.model = static_cast<int>(member.models[0]);
    out.bytes = random_.lognormal(member.bytes, 0.5);
    out.tokens = random_.lognormal(member.tokens, 0.5);
    out.sketch = random_.bits() | 1;
    out.fingerprint = random_.bits();
    return out;
  }

  const Organisation& all_;
  Random random_;
  const unsigned number_;
  std::int64_t now_ = 0;
  std::uint64_t network_ = 0;
  PlannedAttack out_;
};

constexpr std::array<Kind, 21> kKinds = {{
    {"denied_access", &Planner::denied_access},
    {"prompt_flood", &Planner::prompt_flood},
    {"exfiltration_volume", &Planner::exfiltration_volume},
    {"exfiltration_drip", &Planner::exfiltration_drip},
    {"unauthorised_model", &Planner::unauthorised_model},
    {"outside_policy", &Planner::outside_policy},
    {"bulk_data", &Planner::bulk_data},
    {"model_extraction", &Planner::model_extraction},
    {"tensor_extraction", &Planner::tensor_extraction},
    {"adversarial_probing", &Planner::adversarial_probing},
    {"credential_stuffing", &Planner::credential_stuffing},
    {"stuffing_succeeded", &Planner::stuffing_succeeded},
    {"new_tool", &Planner::new_tool},
    {"privilege_then_bulk", &Planner::privilege_then_bulk},
    {"injection_then_outbound", &Planner::injection_then_outbound},
    {"low_and_slow", &Planner::low_and_slow},
    {"account_takeover", &Planner::account_takeover},
    {"token_harvest", &Planner::token_harvest},
    {"slow_misuse", &Planner::slow_misuse},
    {"baseline_poisoning", &Planner::baseline_poisoning},
    {"unlike_peers", &Planner::unlike_peers},
}};

PlannedAttack Planner::plan(std::string_view name) {
  for (const Kind& kind : kKinds) {
    if (kind.name != name) continue;
    (this->*kind.plan)();
    out_.attack.name = name;
    out_.attack.end_ms = now_;
    return std::move(out_);
  }
  REDOUBT_CHECK(false);
  return {};
}

}  // namespace

std::vector<std::string_view> attack_names() {
  std::vector<std::string_view> out;
  for (const Kind& kind : kKinds) out.push_back(kind.name);
  return out;
}

PlannedAttack plan_attack(const Organisation& organisation, std::uint64_t seed, std::string_view name,
                          unsigned number) {
  return Planner(organisation, seed, number).plan(name);
}

}  // namespace redoubt::behaviour::simulation
