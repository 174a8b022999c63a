// How fast policies decide, on a scenario that versus/policy_scenario.py wrote.
//
//   bench_policy decide --dir FOLDER --seconds 5    entities loaded, policies compiled, requests read
//   bench_policy json --dir FOLDER --seconds 5      policies compiled; entities and request from JSON for each decision
//   bench_policy read --dir FOLDER                  reading, validating and compiling the policies, and their memory
//
// Prints one line, as the peers do (versus/peers/cedar). The requests go round; the first round is not measured, and
// `allowed`, `reasons` and `errors` count what it gave. `cpu_us` is the processor time of one decision, `…_bytes` are
// of one policy.
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <vector>

#include "bench/usage.h"
#include "encoding/json_reader.h"
#include "policy/authorizer.h"
#include "policy/schema.h"
#include "policy/validate.h"

namespace {

using namespace redoubt;
using SteadyClock = std::chrono::steady_clock;

[[noreturn]] void stop(const std::string& why) {
  std::fprintf(stderr, "bench_policy: %s\n", why.c_str());
  std::exit(3);
}

template <class T>
T take(Result<T> result) {
  if (!result) stop(result.error().message());
  return *std::move(result);
}

template <class T>
T take(policy::Checked<T> result, const std::string& name) {
  if (!result) stop(policy::to_error(result.error(), name, {}).message());
  return *std::move(result);
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) stop("cannot read `" + path + "`");
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

double milliseconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
}

struct Scenario {
  std::string folder;
  double seconds = 5;

  std::string text(const char* file) const { return read_file(folder + "/" + file); }
  policy::PolicySet policies() const { return take(policy::parse_policies(text("policies.cedar")), "policies.cedar"); }
};

struct JsonRequest {
  std::string request;
  std::string entities;  // that it concerns
};

std::vector<JsonRequest> read_requests(const Scenario& scenario) {
  std::vector<JsonRequest> requests;
  std::istringstream lines(scenario.text("requests.jsonl"));
  encoding::JsonReader reader;
  for (std::string line; std::getline(lines, line);) {
    const auto json = take(reader.parse(line));
    const auto part = [&](const char* name) { return simdjson::minify(json[name]); };
    requests.push_back({R"({"principal":)" + part("principal") + R"(,"action":)" + part("action") + R"(,"resource":)" +
                            part("resource") + R"(,"context":)" + part("context") + "}",
                        part("entities")});
  }
  if (requests.empty()) stop("there are no requests");
  return requests;
}

// Calls decide(number of a request) for all of them, round and round, and prints what that took.
template <class Decide>
void measure(const Scenario& scenario, std::size_t requests, Decide&& decide) {
  std::size_t allowed = 0;
  std::size_t reasons = 0;
  std::size_t errors = 0;
  for (std::size_t i = 0; i < requests; ++i) {
    const policy::Answer& answer = decide(i);
    allowed += answer.decision == policy::Decision::kAllow ? 1 : 0;
    reasons += answer.reasons.size();
    errors += answer.errors.size();
  }
  std::vector<double> times_us;
  times_us.reserve(static_cast<std::size_t>(scenario.seconds * 1e7));
  const double cpu_before = bench::cpu_seconds();
  const auto began = SteadyClock::now();
  auto last = began;
  double wall = 0;
  for (std::size_t i = 0; wall < scenario.seconds; i = i + 1 == requests ? 0 : i + 1) {
    decide(i);
    const auto now = SteadyClock::now();
    times_us.push_back(std::chrono::duration<double, std::micro>(now - last).count());
    last = now;
    wall = std::chrono::duration<double>(now - began).count();
  }
  const double cpu = bench::cpu_seconds() - cpu_before;
  const auto decisions = static_cast<double>(times_us.size());
  const double p50 = bench::percentile(times_us, 0.5);
  const double p99 = bench::percentile(times_us, 0.99);
  std::printf("decisions_per_s=%.1f cpu_us=%.4f p50_us=%.4f p99_us=%.4f allowed=%zu reasons=%zu errors=%zu\n",
              decisions / wall, cpu / decisions * 1e6, p50, p99, allowed, reasons, errors);
}

void decide_loaded(const Scenario& scenario) {
  const auto policies = take(policy::CompiledPolicies::compile(scenario.policies()));
  const auto store =
      take(policy::EntityStore::build(take(policy::parse_entities(scenario.text("entities.json")), "entities.json")));
  std::vector<policy::Request> requests;
  for (const JsonRequest& request : read_requests(scenario))
    requests.push_back(take(policy::parse_request(request.request), "request"));
  policy::Answer answer;
  measure(scenario, requests.size(), [&](std::size_t i) -> const policy::Answer& {
    policy::authorize(*policies, *store, requests[i], answer);
    return answer;
  });
}

void decide_json(const Scenario& scenario) {
  const auto policies = take(policy::CompiledPolicies::compile(scenario.policies()));
  const auto requests = read_requests(scenario);
  policy::Answer answer;
  measure(scenario, requests.size(), [&](std::size_t i) -> const policy::Answer& {
    const auto store = take(policy::EntityStore::build(take(policy::parse_entities(requests[i].entities), "entities")));
    policy::authorize(*policies, *store, take(policy::parse_request(requests[i].request), "request"), answer);
    return answer;
  });
}

std::size_t heap_bytes() {
  return ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
}

void read_policies(const Scenario& scenario) {
  const std::string text = scenario.text("policies.cedar");
  const auto schema = take(policy::Schema::parse(scenario.text("schema.cedarschema")), "schema.cedarschema");
  std::shared_ptr<const policy::CompiledPolicies> compiled;
  bool valid = false;
  double parse_ms = 0;
  double validate_ms = 0;
  double compile_ms = 0;
  std::size_t parsed_bytes = 0;
  const std::size_t heap_before = heap_bytes();
  {
    auto began = SteadyClock::now();
    const auto policies = take(policy::parse_policies(text), "policies.cedar");
    parse_ms = milliseconds_since(began);
    parsed_bytes = heap_bytes() - heap_before;
    began = SteadyClock::now();
    valid = policy::validate(policies, schema).ok();
    validate_ms = milliseconds_since(began);
    began = SteadyClock::now();
    compiled = take(policy::CompiledPolicies::compile(policies));
    compile_ms = milliseconds_since(began);
  }
  const double count = static_cast<double>(compiled->size());
  std::printf(
      "parse_ms=%.2f validate_ms=%.2f valid=%d compile_ms=%.2f text_bytes=%.0f parsed_bytes=%.0f compiled_bytes=%.0f\n",
      parse_ms, validate_ms, valid ? 1 : 0, compile_ms, static_cast<double>(text.size()) / count,
      static_cast<double>(parsed_bytes) / count, static_cast<double>(heap_bytes() - heap_before) / count);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("How fast policies decide.");
  Scenario scenario;
  app.require_subcommand(1);
  for (const auto& [name, run] :
       {std::pair("decide", &decide_loaded), std::pair("json", &decide_json), std::pair("read", &read_policies)}) {
    CLI::App* command = app.add_subcommand(name);
    command->add_option("--dir", scenario.folder, "folder of the scenario")->required();
    command->add_option("--seconds", scenario.seconds, "how long to measure");
    command->callback([&scenario, run = run] { run(scenario); });
  }
  CLI11_PARSE(app, argc, argv);
  return 0;
}
