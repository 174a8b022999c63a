// What answering signals costs: how many a second become part of alerts that are known, on one core.
//
//   bench_response --signals 600000 --causes 100 --per-second 10000
//
// Made-up signals of so many causes, evenly in turn, with the record times of so many a second, through everything that
// a server does with them but for the ledger's syncs: alerts, counts that go on record once a minute, playbooks. The
// last line is `response what=…`.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "bench/usage.h"
#include "incident/playbook.h"
#include "incident/rehearsal.h"

namespace {

using namespace redoubt;
using bench::take;

constexpr const char* kPlaybooks = R"(
playbook: slow
when: {rules: [bench.flood], severity: high}
do:
  - {effect: throttle, per_minute: 10, for: 1h}
)";
constexpr std::int64_t kBegin = 1'780'000'000'000;

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t signals = 600'000;
  std::uint64_t causes = 100;
  std::uint64_t per_second = 10'000;
  CLI::App app("what answering signals costs");
  app.add_option("--signals", signals, "how many")->check(CLI::Range(1U, 100'000'000U));
  app.add_option("--causes", causes, "different ones")->check(CLI::Range(1U, 1'000'000U));
  app.add_option("--per-second", per_second, "by the time of their records")->check(CLI::Range(1U, 1'000'000U));
  CLI11_PARSE(app, argc, argv);

  incident::PlainSurroundings surroundings;
  const auto rehearsal =
      take(incident::Rehearsal::create(take(incident::read_playbooks("bench.yaml", kPlaybooks)), surroundings));
  const auto give = [&](std::uint64_t index) {
    take(rehearsal->take({.rule = "bench.flood",
                          .key = "principal/p" + std::to_string(index % causes),
                          .index = index,
                          .time = {kBegin + static_cast<std::int64_t>(index * 1000 / per_second)},
                          .severity = behaviour::Severity::kHigh,
                          .score = 60,
                          .confidence = 80,
                          .tenant = "clinic",
                          .message = "far more requests at once than ever",
                          .entries = {index},
                          .tags = {"atlas:AML.T0029"}}));
  };
  auto start = bench::SteadyClock::now();
  for (std::uint64_t i = 0; i < causes; ++i) give(i);
  const double raising = bench::seconds_since(start);
  start = bench::SteadyClock::now();
  const double cpu_before = bench::cpu_seconds();
  for (std::uint64_t i = causes; i < causes + signals; ++i) give(i);
  const double wall = bench::seconds_since(start);
  const double cpu = bench::cpu_seconds() - cpu_before;
  std::printf(
      "response signals=%llu causes=%llu alerts=%zu raised_us=%.0f grouped_per_s=%.0f grouped_per_cpu_s=%.0f "
      "cpu_us=%.2f\n",
      static_cast<unsigned long long>(signals), static_cast<unsigned long long>(causes),
      take(rehearsal->alerts()).size(), raising / static_cast<double>(causes) * 1e6,
      static_cast<double>(signals) / wall, static_cast<double>(signals) / cpu,
      cpu / static_cast<double>(signals) * 1e6);
  return 0;
}
