// `redoubt policy bench`: how fast one request is decided by these policies, here.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

#include "redoubt/cedar/commands.h"
#include "redoubt/cedar/question.h"

namespace redoubt::app::cedar {
namespace {

using Clock = std::chrono::steady_clock;

struct BenchOptions {
  QuestionOptions question;
  double seconds = 1;
};

struct Figures {
  std::size_t policies = 0;
  double compile_ms = 0;
  double decisions_per_s = 0;
  double p50_us = 0;
  double p99_us = 0;
};

Result<Figures> measure(const Question& question, double seconds) {
  // Reading the clock takes as long as a small decision, so it is read once for this many.
  constexpr int kBatch = 16;
  Figures out;
  auto began = Clock::now();
  const auto compiled = policy::CompiledPolicies::compile(question.policies);
  if (!compiled) return compiled.error();
  out.compile_ms = std::chrono::duration<double, std::milli>(Clock::now() - began).count();
  out.policies = (*compiled)->size();
  policy::Answer answer;
  policy::authorize(**compiled, *question.entities, question.request, answer);  // memory is made ready
  std::vector<double> times_us;
  began = Clock::now();
  const auto end = began + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  for (auto last = began; last < end;) {
    for (int i = 0; i < kBatch; ++i) {
      policy::authorize(**compiled, *question.entities, question.request, answer);
    }
    const auto now = Clock::now();
    times_us.push_back(std::chrono::duration<double, std::micro>(now - last).count() / kBatch);
    last = now;
  }
  const double wall_s = std::chrono::duration<double>(Clock::now() - began).count();
  std::sort(times_us.begin(), times_us.end());
  out.decisions_per_s = static_cast<double>(times_us.size()) * kBatch / wall_s;
  out.p50_us = times_us[times_us.size() / 2];
  out.p99_us = times_us[times_us.size() * 99 / 100];
  return out;
}

void print_json(const Figures& figures) {
  std::printf(
      "{\"ok\":true,\"policies\":%zu,\"compile_ms\":%.3f,\"decisions_per_s\":%.0f,\"p50_us\":%.3f,\"p99_us\":%.3f}\n",
      figures.policies, figures.compile_ms, figures.decisions_per_s, figures.p50_us, figures.p99_us);
}

void print(const Figures& figures) {
  std::printf("policies    %zu, compiled in %.3f ms\n", figures.policies, figures.compile_ms);
  std::printf("decisions   %.0f a second on one core\n", figures.decisions_per_s);
  std::printf("one takes   %.3f us (median), %.3f us (99th percentile, of the mean of 16)\n", figures.p50_us,
              figures.p99_us);
}

int bench(const BenchOptions& options, bool json) {
  const auto question = read_question(options.question);
  if (!question) return report(question.error(), json);
  const auto figures = measure(*question, options.seconds);
  if (!figures) return app::report(figures.error(), json);
  json ? print_json(*figures) : print(*figures);
  return kSuccess;
}

}  // namespace

Run add_bench(CLI::App& verb, Common& common) {
  auto options = std::make_shared<BenchOptions>();
  add_json(verb, common);
  add_question(verb, options->question);
  verb.add_option("--seconds", options->seconds, "how long to measure")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 3600.0));
  return [options, &common] { return bench(*options, common.json); };
}

}  // namespace redoubt::app::cedar
