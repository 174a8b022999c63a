#include "redoubt/behaviour/bench_scale.h"

#include <algorithm>
#include <ctime>
#include <functional>
#include <random>

#include "base/check.h"
#include "behaviour/activity.h"
#include "behaviour/engine.h"
#include "behaviour/mesh.h"
#include "behaviour/mesh_questions.h"
#include "behaviour/mesh_search.h"
#include "behaviour/simulation/mesh_traffic.h"
#include "sigma/correlator.h"
#include "sigma/event.h"
#include "sigma/matcher.h"
#include "sigma/rule_set.h"

namespace redoubt::app::behaviour_verbs {
namespace {

constexpr std::string_view kCounting = R"(title: refused
id: 11111111-1111-4111-8111-111111111111
name: refused
logsource:
    category: ai_exchange
detection:
    selection:
        kind: refused
    condition: selection
level: low
---
title: refused often
id: 22222222-2222-4222-8222-222222222222
correlation:
    type: event_count
    rules:
        - refused
    group-by:
        - user
    timespan: 10m
    condition:
        gte: 1000
level: high
)";

class Unheard final : public behaviour::SignalSink {
 public:
  void take(behaviour::Signal /*signal*/) override {}
};

// The value that 99 of 100 do not exceed.
double p99_of(std::vector<double> values) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) * 99 / 100);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::vector<Figure> measure_correlation(std::size_t keys) {
  const sigma::RuleFile file{"bench.yml", std::string(kCounting)};
  const auto rules = sigma::RuleSet::compile({&file, 1}, {});
  REDOUBT_CHECK(rules.has_value());
  const auto kind = rules->field("kind");
  const auto user = rules->field("user");
  REDOUBT_CHECK(kind && user);
  std::vector<std::string> users;
  for (std::size_t key = 0; key < keys; ++key) users.push_back("user-" + std::to_string(key));
  sigma::Event event(*rules);
  sigma::Matcher matcher(*rules);
  sigma::Correlator correlator(*rules);
  std::uint64_t next = 0;
  const auto add = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i, ++next) {
      event.clear();
      event.add(*kind, sigma::Value::of_text("refused"));
      event.add(*user, sigma::Value::of_text(users[next % keys]));
      const auto time_ms = static_cast<std::int64_t>(1'000'000 + next / 1000) * 1000;
      (void)correlator.add({time_ms, next}, event, matcher.match(event));
    }
  };
  add(4 * keys);
  const std::size_t events = std::max<std::size_t>(4 * keys, 200'000);
  const double began = cpu_seconds();
  add(events);
  const double took = cpu_seconds() - began;
  return {{"correlation_keys", static_cast<double>(keys), "keys"},
          {"correlation", static_cast<double>(events) / took, "events/s"}};
}

std::vector<Figure> measure_mesh(std::uint32_t nodes, std::uint32_t edges, std::size_t questions) {
  using namespace behaviour;
  simulation::MeshTraffic traffic(nodes, 1);
  // An eighth of the places is for those on probation, of whom there are none here.
  auto made = Mesh::create({.max_nodes = nodes / 7 * 8 + 64,
                            .max_edges = edges / 7 * 8 + 64,
                            .hash_key = {0x9f0c2d61b53a7e48, 0x13d7a95e6c20f8b4}});
  REDOUBT_CHECK(made.has_value());
  Mesh& mesh = *made;
  for (std::uint64_t i = 0; mesh.stats().edges < edges && i < std::uint64_t{edges} * 4; ++i) mesh.apply(traffic.next());
  const MeshStats full = mesh.stats();

  constexpr std::size_t kRounds = 30;
  std::vector<Interaction> batch(10'000);  // made before: that is not the mesh's cost
  double updating = 0;
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (Interaction& each : batch) each = traffic.next();
    const double began = cpu_seconds();
    for (const Interaction& each : batch) mesh.apply(each);
    updating += cpu_seconds() - began;
  }

  std::vector<NodeId> all;
  for (NodeId id = 0; id < mesh.nodes_end(); ++id) {
    if (mesh.has_node(id)) all.push_back(id);
  }
  std::mt19937_64 random(2);
  const auto any = [&] { return all[random() % all.size()]; };
  const auto p99_ms = [&](const std::function<void()>& ask) {
    std::vector<double> times;
    for (std::size_t i = 0; i < questions; ++i) {
      const double began = cpu_seconds();
      ask();
      times.push_back((cpu_seconds() - began) * 1e3);
    }
    return p99_of(std::move(times));
  };
  return {{"mesh_nodes", static_cast<double>(full.nodes), "nodes"},
          {"mesh_edges", static_cast<double>(full.edges), "edges"},
          {"mesh_updates", static_cast<double>(kRounds * batch.size()) / updating, "records/s"},
          {"mesh_path_p99", p99_ms([&] { (void)shortest_path(mesh, {.from = any(), .to = any()}); }), "ms"},
          {"mesh_path_either_way_p99",
           p99_ms([&] { (void)shortest_path(mesh, {.from = any(), .to = any(), .against_edges = true}); }), "ms"},
          {"mesh_touched_p99", p99_ms([&] { (void)neighbours(mesh, {.node = any()}); }), "ms"},
          {"mesh_reach_p99", p99_ms([&] { (void)what_could_reach(mesh, {.from = any()}); }), "ms"}};
}

std::vector<Figure> measure_principals(std::uint32_t principals) {
  using namespace behaviour;
  Engine engine(EngineOptions{.principals_max = principals});
  Unheard sink;
  std::uint64_t index = 0;
  const double began = cpu_seconds();
  for (const record::Stage stage : {record::Stage::kAdmission, record::Stage::kOutcome}) {
    for (std::uint32_t i = 0; i < principals; ++i) {
      const std::string name = "principal-" + std::to_string(i);
      Activity activity;
      activity.stage = stage;
      activity.time = {1'780'272'000'000 + static_cast<std::int64_t>(index / 100)};
      activity.principal = activity.credential = name;
      activity.tenant = "clinic";
      activity.operation = "chat.completions";
      activity.model = "m-1";
      activity.status = 200;
      activity.response_bytes = 2000;
      (void)engine.apply(index++, activity, nullptr, sink);
    }
  }
  const double took = cpu_seconds() - began;
  return {{"principals", static_cast<double>(principals), "principals"},
          {"principal_bytes", static_cast<double>(engine.memory_bytes()) / principals, "bytes each"},
          {"principal_acts", static_cast<double>(index) / took, "acts/s"}};
}

}  // namespace redoubt::app::behaviour_verbs
