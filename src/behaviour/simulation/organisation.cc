#include "behaviour/simulation/organisation.h"

#include <algorithm>

namespace redoubt::behaviour::simulation {
namespace {

std::string numbered(std::string_view word, unsigned number) {
  return std::string(word) + "-" + std::to_string(number);
}

void choose_models(Random& random, Member& member, std::size_t models) {
  const std::size_t count = 1 + random.below(3);
  while (member.models.size() < count) {
    const auto model = static_cast<unsigned>(random.below(models - 1));
    if (std::find(member.models.begin(), member.models.end(), model) == member.models.end()) {
      member.models.push_back(model);
    }
  }
}

Member person(Random& random, unsigned number, const Organisation& organisation, unsigned days) {
  Member out;
  out.name = numbered("person", number);
  out.credential = numbered("k-person", number);
  out.tenant = static_cast<unsigned>(random.below(organisation.tenants.size()));
  out.requests_a_day = std::clamp(random.lognormal(28, 0.8), 3.0, 250.0);
  out.day_spread = 0.25 + 0.3 * random.uniform();
  out.begins_hour = 8.3 + 0.9 * random.normal();
  out.ends_hour = out.begins_hour + 8 + random.normal();
  if (random.chance(0.15)) out.works_weekdays = 0b0001111;   // not on Fridays
  if (random.chance(0.05)) out.works_weekdays |= 0b0100000;  // on Saturdays too
  out.on_call = random.chance(0.06);
  if (random.chance(0.25)) {
    out.leave_from = static_cast<int>(random.below(days));
    out.leave_until = out.leave_from + 5 + static_cast<int>(random.below(8));
  }
  if (random.chance(0.04)) out.joins_day = static_cast<unsigned>(3 + random.below(days > 6 ? days - 6 : 1));
  out.at_home_sometimes = random.chance(0.6);
  out.office = 1000 + random.below(3);
  out.home = 10'000 + number;
  choose_models(random, out, organisation.models.size());
  if (random.chance(0.25)) {
    for (std::size_t i = 0, count = 1 + random.below(4); i < count; ++i) {
      out.data.push_back(static_cast<unsigned>(random.below(organisation.data.size())));
    }
    out.reads_share = 0.1 + 0.3 * random.uniform();
    out.rows = random.lognormal(250, 0.7);
  }
  out.bytes = random.lognormal(2500, 0.4);
  out.tokens = random.lognormal(450, 0.5);
  return out;
}

Member application(Random& random, unsigned number, const Organisation& organisation) {
  Member out;
  out.name = numbered("app", number);
  out.credential = numbered("k-app", number);
  out.tenant = static_cast<unsigned>(random.below(organisation.tenants.size()));
  out.kind = PrincipalKind::kService;
  out.requests_a_day = std::clamp(random.lognormal(500, 0.8), 50.0, 2500.0);
  out.day_spread = 0.2;
  out.works_weekdays = 0b1111111;
  out.around_the_clock = true;
  out.at_home_sometimes = false;
  out.office = out.home = 2000 + random.below(4);
  choose_models(random, out, organisation.models.size());
  if (random.chance(0.7)) out.text = random.bits() | 1;
  if (number % 6 == 5) {
    out.tensors = true;
    out.text = 0;
  }
  if (number % 4 == 1) {
    out.batch_hour = static_cast<int>(random.below(6));
    out.batch_requests = random.lognormal(600, 0.5);
  }
  if (random.chance(0.4)) {
    out.data.push_back(static_cast<unsigned>(random.below(organisation.data.size())));
    out.reads_share = 0.02;
    out.rows = random.lognormal(20'000, 0.8);
  }
  out.bytes = random.lognormal(1500, 0.6);
  out.tokens = random.lognormal(700, 0.5);
  return out;
}

Member agent(Random& random, unsigned number, const Organisation& organisation) {
  Member out = application(random, number, organisation);
  out.name = numbered("agent", number);
  out.credential = numbered("k-agent", number);
  out.kind = PrincipalKind::kAgent;
  out.tensors = false;
  out.text = 0;
  out.batch_hour = -1;
  out.requests_a_day = std::clamp(random.lognormal(120, 0.6), 20.0, 600.0);
  out.day_spread = 0.35;
  out.around_the_clock = false;
  out.works_weekdays = random.chance(0.5) ? 0b1111111 : 0b0011111;
  out.begins_hour = 7.5;
  out.ends_hour = 19;
  out.rows = random.lognormal(200, 0.6);
  const std::size_t count = 3 + random.below(5);
  while (out.tools.size() < count) {
    const auto tool = static_cast<unsigned>(random.below(organisation.tools.size() - 1));
    if (std::find(out.tools.begin(), out.tools.end(), tool) == out.tools.end()) out.tools.push_back(tool);
  }
  return out;
}

}  // namespace

bool Organisation::works(const Member& member, unsigned day) const {
  if (day < member.joins_day) return false;
  if (member.kind == PrincipalKind::kUser) {
    if (day == holiday) return false;
    const int number = static_cast<int>(day);
    if (number >= member.leave_from && number < member.leave_until) return false;
  }
  return ((member.works_weekdays >> (day % 7)) & 1U) != 0;
}

Organisation make_organisation(std::uint64_t seed, unsigned people, unsigned applications, unsigned agents,
                               unsigned days) {
  Random random(seed * 0x2545f4914f6cdd1d + 1);
  Organisation out;
  out.tenants = {"clinic", "laboratory", "administration"};
  for (unsigned i = 0; i < 8; ++i) out.models.push_back(numbered("model", i));
  out.tools = {"db.query",      "db.schema",    "files.read",    "files.list",        "calendar.read",
               "calendar.book", "tickets.read", "tickets.edit",  "wiki.search",       "wiki.read",
               "code.search",   "code.run",     "mail.read",     "mail.send",         "patients.lookup",
               "labs.read",     "stock.read",   "stock.order",   "web.fetch",         "pdf.render",
               "maps.route",    "chart.draw",   "payments.list", "payments.transfer", "translate.text"};
  for (unsigned i = 0; i < 14; ++i) out.data.push_back(numbered("set", i));
  for (unsigned i = 0; i < people; ++i) out.members.push_back(person(random, i, out, days));
  // Of everybody's month one came late, whoever else did.
  if (people > 0 && days > 24) {
    out.members.back().joins_day = 20;
    out.members.back().leave_from = out.members.back().leave_until = -1;
  }
  for (unsigned i = 0; i < applications; ++i) out.members.push_back(application(random, i, out));
  for (unsigned i = 0; i < agents; ++i) out.members.push_back(agent(random, i, out));
  return out;
}

}  // namespace redoubt::behaviour::simulation
