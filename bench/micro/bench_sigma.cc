// What Sigma rules and correlations cost. Ours in bench/versus/behaviour_rsigma.
//
//   bench_sigma match --rules FILE --events FILE --seconds 2       events read before
//   bench_sigma read --rules FILE --events FILE --seconds 2        events from JSON each time
//   bench_sigma correlate --rules FILE --seconds 2                 100,000 keys by turns, a thousand events a second
//
// Rules are one file, events one JSON object a line. Prints one line: what they match, and the cost of one event.
#include <time.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "sigma/correlator.h"
#include "sigma/event_reader.h"
#include "sigma/matcher.h"

namespace {

using namespace redoubt;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kKeys = 100'000;
constexpr std::size_t kPerSecond = 1000;

[[noreturn]] void stop(const std::string& why) {
  std::fprintf(stderr, "bench_sigma: %s\n", why.c_str());
  std::exit(3);
}

template <class T>
T take(Result<T> result) {
  if (!result) stop(result.error().message());
  return *std::move(result);
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) stop("cannot read `" + path + "`");
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void measure(const std::string& found, double seconds, const std::function<std::size_t()>& step) {
  const auto start = SteadyClock::now();
  const double cpu = cpu_seconds();
  std::size_t events = 0;
  double wall = 0;
  do {
    events += step();
    wall = std::chrono::duration<double>(SteadyClock::now() - start).count();
  } while (wall < seconds);
  const auto count = static_cast<double>(events);
  std::printf("%s events_per_s=%.0f cpu_us=%.4f\n", found.c_str(), count / wall, (cpu_seconds() - cpu) * 1e6 / count);
}

void match(const sigma::RuleSet& rules, const std::vector<std::string>& lines, bool reading, double seconds) {
  sigma::Matcher matcher(rules);
  std::vector<std::unique_ptr<sigma::EventReader>> readers;  // one an event, which lives in it
  std::vector<const sigma::Event*> events;
  std::size_t matched = 0;
  for (const std::string& line : lines) {
    readers.push_back(std::make_unique<sigma::EventReader>(rules));
    events.push_back(take(readers.back()->read(line)));
    matched += matcher.match(*events.back()).size();
  }
  const std::string found = "matched=" + std::to_string(matched);
  std::size_t sum = 0;
  if (reading) {
    sigma::EventReader reader(rules);
    measure(found, seconds, [&] {
      for (const std::string& line : lines) sum += matcher.match(*take(reader.read(line))).size();
      return lines.size();
    });
  } else {
    measure(found, seconds, [&] {
      for (const sigma::Event* const event : events) sum += matcher.match(*event).size();
      return events.size();
    });
  }
  if (sum == 0 && matched > 0) stop("nothing matched");
}

void correlate(const sigma::RuleSet& rules, double seconds) {
  const auto kind = rules.field("kind");
  const auto user = rules.field("user");
  if (!kind || !user) stop("the rules read no `kind` and `user`");
  std::vector<std::string> users;
  for (std::size_t key = 0; key < kKeys; ++key) users.push_back("user-" + std::to_string(key));
  sigma::Event event(rules);
  sigma::Matcher matcher(rules);
  sigma::Correlator correlator(rules);
  std::uint64_t next = 0;
  std::size_t fired = 0;
  const auto step = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i, ++next) {
      event.clear();
      event.add(*kind, sigma::Value::of_text("a"));
      event.add(*user, sigma::Value::of_text(users[next % kKeys]));
      const auto time_ms = static_cast<std::int64_t>(1'000'000 + next / kPerSecond) * 1000;
      fired += correlator.add({time_ms, next}, event, matcher.match(event)).size();
    }
    return count;
  };
  step(4 * kKeys);
  measure("fired=" + std::to_string(fired), seconds, [&] { return step(kPerSecond); });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("What Sigma rules and correlations cost");
  app.require_subcommand(1);
  std::string rules_file;
  std::string events_file;
  double seconds = 1;
  for (const char* const verb : {"match", "read", "correlate"}) {
    auto* const command = app.add_subcommand(verb);
    command->add_option("--rules", rules_file)->required();
    command->add_option("--events", events_file);
    command->add_option("--seconds", seconds)->check(CLI::PositiveNumber);
  }
  CLI11_PARSE(app, argc, argv);
  const sigma::RuleFile file{rules_file, read_file(rules_file)};
  const auto rules = take(sigma::RuleSet::compile({&file, 1}, {}));
  if (app.got_subcommand("correlate")) {
    correlate(rules, seconds);
    return 0;
  }
  std::vector<std::string> lines;
  std::istringstream text(read_file(events_file));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  if (lines.empty()) stop("no events");
  match(rules, lines, app.got_subcommand("read"), seconds);
  return 0;
}
