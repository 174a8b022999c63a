// How long an incident of many records takes to open: through the administrative interface as it is served, policies,
// tables and JSON included, without sockets; its ledger is in memory.
//
//   bench_incidents --records 100000 --rounds 50
//
// Half of the records are alerts that are raised, half say that they grew. To open is what a console asks for first:
// the incident, the first page of its timeline, and the newest alerts, responses and notes. Then its whole
// timeline page by page, in both orders; at last it is merged into another.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "admin/tests/support/admin_world.h"
#include "bench/usage.h"
#include "incident/facts.h"

namespace {

using namespace redoubt;
using bench::seconds_since;
using bench::SteadyClock;

constexpr const char* kIncident = "00000000000000a1";
constexpr const char* kOther = "00000000000000a2";

void fold(admin::test::AdminWorld& world, Result<state::Proposal> proposal) {
  if (!proposal) bench::stop(proposal.error().message());
  proposal->actor.principal = "redoubt";
  bool done = false;
  world.engine->propose(*std::move(proposal), [&](Result<state::Applied> applied) {
    if (!applied) bench::stop(applied.error().message());
    done = true;
  });
  while (!done) world.ledger.deliver();
}

std::string id_of(std::uint64_t number) {
  char out[18];
  std::snprintf(out, sizeof out, "b%015llx", static_cast<unsigned long long>(number));
  return out;
}

// Alerts about the same one, each raised and grown, in one incident. Their entries are not in the order of discovery.
void fill(admin::test::AdminWorld& world, std::uint64_t records) {
  world.raise(kIncident);
  const UnixMillis begin = world.ledger.clock;
  for (std::uint64_t i = 0; i < records / 2; ++i) {
    world.ledger.clock.value = begin.value + static_cast<std::int64_t>(i);
    incident::Alert alert{.id = id_of(i),
                          .rule = "behaviour.rule_" + std::to_string(i % 40),
                          .key = "principal/app",
                          .tenant = "acme",
                          .severity = incident::Severity::kHigh,
                          .message = "much more than ever",
                          .tags = {"atlas:AML.T0034"},
                          .entries = {i + 1},
                          .first_index = i + 1,
                          .last_index = i + 1,
                          .first = {begin.value - static_cast<std::int64_t>((i * 7919) % records)},
                          .count = 1,
                          .incident = kIncident,
                          .version = 1};
    fold(world, incident::propose_raise({.alert = alert, .title = {}, .responses = {}}));
    fold(world, incident::propose_grow(alert, {.index = i + 2,
                                               .time = alert.first,
                                               .count = 10,
                                               .severity = incident::Severity::kHigh,
                                               .incident = {},
                                               .title = {},
                                               .withheld = {},
                                               .responses = {}}));
  }
}

admin::test::Reply get(admin::test::AdminWorld& world, const std::string& target) {
  admin::test::Reply reply = world.get("carol", "/admin/v1" + target);
  if (reply.status != 200) bench::stop(target + ": " + reply.body);
  return reply;
}

struct Times {
  std::vector<double> ms;
  template <class Act>
  void take(Act&& act) {
    const auto begin = SteadyClock::now();
    act();
    ms.push_back(seconds_since(begin) * 1000);
  }
  double at(double share) { return bench::percentile(ms, share); }
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("how long an incident of many records takes to open");
  std::uint64_t records = 100'000;
  int rounds = 50;
  app.add_option("--records", records, "facts of the incident")->check(CLI::Range(2, 10'000'000));
  app.add_option("--rounds", rounds, "how often it is opened")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);

  admin::test::AdminWorld world;
  const auto begin = SteadyClock::now();
  fill(world, records);
  std::printf("folded      %.1f s\n", seconds_since(begin));

  const std::string of = std::string("/incidents/") + kIncident;
  const std::string about = std::string("incident=") + kIncident;
  Times open;
  for (int i = 0; i < rounds; ++i) {
    open.take([&] {
      get(world, of);
      get(world, of + "/timeline?limit=200");
      get(world, "/alerts?limit=50&" + about);
      get(world, "/responses?limit=50&" + about);
      get(world, of + "/notes?limit=50");
    });
  }
  std::uint64_t seen = 0;
  double page_ms = 0;
  for (const std::string order : {"event", "discovery"}) {
    Times pages;
    const std::string target = of + "/timeline?limit=200&order=" + order;
    for (std::string next = target; !next.empty();) {
      admin::test::Reply reply;
      pages.take([&] { reply = get(world, next); });
      for (std::size_t at = reply.body.find("\"what\":"); at != std::string::npos;
           at = reply.body.find("\"what\":", at + 1)) {
        ++seen;
      }
      next = reply.at("/next").empty() ? "" : target + "&cursor=" + reply.text("/next");
    }
    std::printf("%-11s %zu pages of 200, %.2f ms each, at most %.2f ms\n", order.c_str(), pages.ms.size(),
                pages.at(0.5), pages.at(1));
    page_ms = std::max(page_ms, pages.at(0.5));
  }
  world.raise(kOther);
  const auto merging = SteadyClock::now();
  const admin::test::Reply merged = world.act("alice", net::Method::kPost, "/admin/v1" + of + "/merge", "*",
                                              std::string(R"({"into":")") + kOther + R"("})");
  if (merged.status != 200) bench::stop(merged.body);
  std::printf("merged      %.2f s\n", seconds_since(merging));
  std::printf("incident records=%llu open_ms=%.2f open_ms_max=%.2f page_ms=%.2f seen=%llu\n",
              static_cast<unsigned long long>(records), open.at(0.5), open.at(1), page_ms,
              static_cast<unsigned long long>(seen / 2));
  return 0;
}
