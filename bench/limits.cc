// What limits cost a request, at many principals.
//
//   bench_limits --principals 100000 --seconds 3 --threads 1
//
// Six limits apply to each request: two for each principal, two for each key, one of the tenant and one of the model.
// Principals call in random order, which is what a cache likes least. One line: nanoseconds of an
// admission and of its settling, less what reading the clock costs; `admissions_per_s` of all threads; `memory_bytes`
// of limits and meters.
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <cstdio>
#include <random>
#include <thread>
#include <vector>

#include "bench/usage.h"
#include "limits/limits.h"
#include "limits/meters.h"

namespace {

using namespace redoubt;
using namespace redoubt::limits;
using SteadyClock = std::chrono::steady_clock;

constexpr std::uint64_t kPlenty = kAmountMax;

Limit limit(std::string id, SubjectType type, std::string subject, Quantity quantity, bool bucket, Period period) {
  return {.id = std::move(id),
          .subject_type = type,
          .subject = std::move(subject),
          .quantity = quantity,
          .bucket = bucket,
          .period = period,
          .amount = kPlenty};
}

struct Caller {
  std::string key;
  std::string principal;
  std::vector<std::string> groups;
};

std::size_t heap_bytes() {
  return ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
}

double ns_between(SteadyClock::time_point a, SteadyClock::time_point b) {
  return std::chrono::duration<double, std::nano>(b - a).count();
}

struct Measured {
  std::vector<double> admit_ns;
  std::vector<double> settle_ns;
  double wall_s = 0;
};

Measured measure(Meters& meters, const Limits& limits, const std::vector<Caller>& callers, double seconds,
                 unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<std::uint32_t> order(1 << 20);
  for (std::uint32_t& each : order) each = static_cast<std::uint32_t>(random() % callers.size());
  Measured measured;
  measured.admit_ns.reserve(static_cast<std::size_t>(seconds * 3e6));
  measured.settle_ns.reserve(static_cast<std::size_t>(seconds * 3e6));
  const auto began = SteadyClock::now();
  std::int64_t now = 1'795'291'200'000;
  for (std::size_t i = 0; measured.wall_s < seconds; ++i) {
    const Caller caller = callers[order[i % order.size()]];  // its names are at hand, as after looking it up
    const Subjects subjects = {.key = caller.key,
                               .principal = caller.principal,
                               .groups = caller.groups,
                               .tenant = "tenant-1",
                               .model = "model-1"};
    now += i % 256 == 0 ? 1 : 0;
    const auto before = SteadyClock::now();
    Admission admission = meters.admit(limits, subjects, {.requests = 1, .tokens = 700}, {now});
    const auto between = SteadyClock::now();
    if (!admission) std::abort();
    admission.settle({.requests = 1, .tokens = 512}, {now});
    const auto after = SteadyClock::now();
    measured.admit_ns.push_back(ns_between(before, between));
    measured.settle_ns.push_back(ns_between(between, after));
    measured.wall_s = ns_between(began, after) / 1e9;
  }
  return measured;
}

double clock_ns() {
  std::vector<double> times;
  for (int i = 0; i < 100'000; ++i) {
    const auto before = SteadyClock::now();
    times.push_back(ns_between(before, SteadyClock::now()));
  }
  return redoubt::bench::percentile(times, 0.5);
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t principals = 100'000;
  double seconds = 3;
  unsigned threads = 1;
  bool own = false;
  CLI::App app("how much limits cost a request");
  app.add_option("--principals", principals);
  app.add_option("--seconds", seconds);
  app.add_option("--threads", threads);
  app.add_flag("--own", own, "each principal has limits of its own, rather than those for each");
  CLI11_PARSE(app, argc, argv);

  std::vector<Caller> callers;
  for (std::size_t i = 0; i < principals; ++i) {
    callers.push_back({"k" + std::to_string(i * 7919 + 1'000'000'007),
                       "principal-" + std::to_string(i),
                       {"group-" + std::to_string(i % 100), "everyone"}});
  }
  const std::size_t heap_before = heap_bytes();
  std::vector<Limit> all = {limit("t", SubjectType::kTenant, "tenant-1", Quantity::kTokens, false, Period::kMonth),
                            limit("m", SubjectType::kModel, "model-1", Quantity::kTokens, true, Period::kMinute),
                            limit("k1", SubjectType::kKey, "*", Quantity::kRequests, true, Period::kMinute),
                            limit("k2", SubjectType::kKey, "*", Quantity::kTokens, false, Period::kDay)};
  for (std::size_t i = 0; i < (own ? principals : 1); ++i) {
    const std::string subject = own ? callers[i].principal : "*";
    const std::string id = std::to_string(i);
    all.push_back(limit("p1." + id, SubjectType::kPrincipal, subject, Quantity::kRequests, false, Period::kMinute));
    all.push_back(limit("p2." + id, SubjectType::kPrincipal, subject, Quantity::kTokens, false, Period::kMonth));
  }
  const Limits limits = Limits::of(all);
  all = {};
  Meters meters({0x9f0c2d61b53a7e48, 0x13d7a95e6c20f8b4}, std::size_t{1} << 20);
  const std::size_t heap_after = heap_bytes();

  std::vector<Measured> measured(threads);
  measure(meters, limits, callers, 1, 99);  // every principal has its meters
  std::vector<std::thread> running;
  for (unsigned i = 0; i < threads; ++i) {
    running.emplace_back([&, i] { measured[i] = measure(meters, limits, callers, seconds, i); });
  }
  for (std::thread& thread : running) thread.join();
  std::vector<double> admit;
  std::vector<double> settle;
  double per_second = 0;
  for (const Measured& each : measured) {
    admit.insert(admit.end(), each.admit_ns.begin(), each.admit_ns.end());
    settle.insert(settle.end(), each.settle_ns.begin(), each.settle_ns.end());
    per_second += static_cast<double>(each.admit_ns.size()) / each.wall_s;
  }
  const double clock = clock_ns();
  std::printf(
      "principals=%zu threads=%u admit_p50_ns=%.0f admit_p99_ns=%.0f settle_p50_ns=%.0f settle_p99_ns=%.0f "
      "admissions_per_s=%.0f meters=%zu memory_bytes=%zu\n",
      principals, threads, redoubt::bench::percentile(admit, 0.5) - clock,
      redoubt::bench::percentile(admit, 0.99) - clock, redoubt::bench::percentile(settle, 0.5) - clock,
      redoubt::bench::percentile(settle, 0.99) - clock, per_second, meters.in_use(), heap_after - heap_before);
  return 0;
}
