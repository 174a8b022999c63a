// `redoubt behaviour bench`: how many records behaviour reads a second, here, what each part of it takes, and what much
// of it costs.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "behaviour/interaction.h"
#include "behaviour/simulation/simulation.h"
#include "encoding/json_writer.h"
#include "redoubt/behaviour/bench_scale.h"
#include "redoubt/behaviour/commands.h"
#include "redoubt/behaviour/detection.h"
#include "redoubt/inspect/inputs.h"
#include "sigma/event_reader.h"
#include "sigma/matcher.h"

namespace redoubt::app {
namespace {

using behaviour_verbs::cpu_seconds;
using behaviour_verbs::Figure;

constexpr std::uint32_t kEdgesPerNodeMax = 100;

struct BenchOptions {
  std::uint64_t seed = 1;
  std::size_t records = 100'000;
  unsigned people = 300;
  unsigned rounds = 3;
  std::size_t keys = 100'000;
  std::uint32_t nodes = 100'000;
  std::uint32_t edges = 1'000'000;
  std::uint32_t principals = 100'000;
  bool full = false;
};

class Counted final : public behaviour::SignalSink {
 public:
  void take(behaviour::Signal /*signal*/) override { ++count; }
  std::uint64_t count = 0;
};

// An organisation's first days, as its gateway would have written them.
std::vector<std::string> make_records(const BenchOptions& options) {
  constexpr unsigned kDaysMax = 365;
  std::vector<std::string> out;
  for (unsigned days = 2; out.size() < options.records && days <= kDaysMax; days *= 2) {
    out.clear();
    behaviour::simulation::Simulation simulation(
        {.seed = options.seed, .people = options.people, .days = days, .features = false});
    simulation.run([&](const behaviour::simulation::SimulatedRecord& record) {
      if (out.size() == options.records || record.activity.stage == record::Stage::kFact) return;
      out.push_back(behaviour::simulation::record_json(record.activity));
    });
  }
  return out;
}

struct Part {
  std::string_view name;
  std::string_view what;
  double us = 0;  // of the processor, for a record
};

using Pass = std::function<void(std::uint64_t index, ByteView record)>;

// The least of some rounds, each with a state of its own.
double measure(const std::vector<std::string>& records, unsigned rounds, const std::function<Pass()>& begin) {
  double least = std::numeric_limits<double>::infinity();
  for (unsigned round = 0; round < rounds; ++round) {
    const Pass pass = begin();
    const double began = cpu_seconds();
    for (std::size_t i = 0; i < records.size(); ++i) pass(i, as_bytes(records[i]));
    least = std::min(least, cpu_seconds() - began);
  }
  return least * 1e6 / static_cast<double>(records.size());
}

Pass read_alone() {
  const auto reader = std::make_shared<behaviour::ActivityReader>();
  return [reader](std::uint64_t, ByteView record) { (void)reader->read(record); };
}

Pass judge(const std::shared_ptr<Counted>& told) {
  const auto engine = std::make_shared<behaviour::Engine>(behaviour::EngineOptions{});
  return [engine, told](std::uint64_t index, ByteView record) { (void)engine->consume(index, record, nullptr, *told); };
}

Pass match(const sigma::RuleSet& rules) {
  const auto events = std::make_shared<sigma::EventReader>(rules);
  const auto matcher = std::make_shared<sigma::Matcher>(rules);
  return [events, matcher](std::uint64_t, ByteView record) {
    const auto event = events->read(as_chars(record));
    if (event) (void)matcher->match(**event);
  };
}

Pass correlate(const sigma::RuleSet& rules, const std::shared_ptr<Counted>& told) {
  const auto signals = std::make_shared<SigmaSignals>(rules, behaviour::EngineOptions{}.hash_key);
  return [signals, told](std::uint64_t index, ByteView record) {
    signals->consume(index, record, nullptr, nullptr, *told);
  };
}

Pass draw() {
  const auto reader = std::make_shared<behaviour::InteractionReader>();
  const auto mesh = std::make_shared<behaviour::Mesh>(*behaviour::Mesh::create());
  return [reader, mesh](std::uint64_t index, ByteView record) {
    const auto interaction = reader->read(as_chars(record), index);
    if (interaction && *interaction) mesh->apply(**interaction);
  };
}

Pass everything(FixedRules& rules, const std::shared_ptr<Counted>& told) {
  const auto detection =
      std::make_shared<Detection>(Detection::Options{.rules = &rules, .mesh = behaviour::MeshOptions{}});
  return [detection, told](std::uint64_t index, ByteView record) {
    (void)detection->consume(index, record, nullptr, *told);
  };
}

struct Records {
  std::size_t count = 0;
  double bytes = 0;  // of one, as a mean
  std::size_t rules = 0;
  double signals = 0;
};

void print_text(const Records& records, const std::vector<Part>& parts, const std::vector<Figure>& figures) {
  std::printf("%zu records of %.0f bytes, %zu rules, %.0f signals; processor time of one core\n", records.count,
              records.bytes, records.rules, records.signals);
  for (const Part& part : parts) {
    std::printf("%-12s %8.2f us a record  %10.0f records/s  %s\n", std::string(part.name).c_str(), part.us,
                1e6 / part.us, std::string(part.what).c_str());
  }
  for (const Figure& figure : figures) {
    std::printf("%-26s %12.*f %s\n", figure.name.c_str(), figure.value < 100 ? 3 : 0, figure.value,
                std::string(figure.unit).c_str());
  }
}

void print_json(const Records& records, const std::vector<Part>& parts, const std::vector<Figure>& figures) {
  std::string out;
  encoding::JsonWriter writer(out);
  writer.begin_object();
  writer.member("ok", true);
  writer.member("records", records.count);
  inspect_verbs::write_number(writer, "record_bytes", records.bytes, 0);
  writer.member("rules", records.rules);
  inspect_verbs::write_number(writer, "signals", records.signals, 0);
  writer.key("parts");
  writer.begin_array();
  for (const Part& part : parts) {
    writer.begin_object();
    writer.member("part", part.name);
    inspect_verbs::write_number(writer, "us_per_record", part.us, 3);
    inspect_verbs::write_number(writer, "records_per_s", 1e6 / part.us, 0);
    writer.end_object();
  }
  writer.end_array();
  writer.key("figures");
  writer.begin_object();
  for (const Figure& figure : figures) inspect_verbs::write_number(writer, figure.name, figure.value, 3);
  writer.end_object();
  writer.end_object();
  std::printf("%s\n", out.c_str());
}

std::vector<Figure> at_size(const BenchOptions& options) {
  std::vector<Figure> out = behaviour_verbs::measure_correlation(options.keys);
  for (const auto& figures : {behaviour_verbs::measure_mesh(options.nodes, options.edges, 1000),
                              behaviour_verbs::measure_principals(options.principals)}) {
    out.insert(out.end(), figures.begin(), figures.end());
  }
  return out;
}

int bench(BenchOptions options, bool json) {
  if (options.full) {
    options.nodes = 1'000'000;
    options.edges = 10'000'000;
    options.principals = 1'000'000;
  }
  if (options.edges / kEdgesPerNodeMax > options.nodes) {
    return report(Error(Errc::kInvalidArgument, "a mesh has at most 100 edges a node here"), json);
  }
  const std::vector<std::string> records = make_records(options);
  if (records.empty()) return report(Error(Errc::kInvalidArgument, "that makes no records"), json);
  double bytes = 0;
  for (const std::string& record : records) bytes += static_cast<double>(record.size());
  const sigma::RuleSet rules = compile_shipped_rules();
  FixedRules fixed(rules);
  const auto told = std::make_shared<Counted>();
  const auto unused = std::make_shared<Counted>();
  const auto time = [&](const std::function<Pass()>& begin) { return measure(records, options.rounds, begin); };
  std::vector<Part> parts;
  parts.push_back({"reading", "a record as behaviour sees it", time(read_alone)});
  parts.push_back({"detectors", "reading, and what is unusual", time([&] { return judge(unused); })});
  parts.push_back({"rules", "reading for rules, and which match", time([&] { return match(rules); })});
  parts.push_back(
      {"correlation", "the same, with correlations and new terms", time([&] { return correlate(rules, unused); })});
  parts.push_back({"mesh", "reading, and who touched what", time(draw)});
  parts.push_back({"all", "as a server runs them together", time([&] { return everything(fixed, told); })});
  const std::vector<Figure> figures = at_size(options);
  const Records about{.count = records.size(),
                      .bytes = bytes / static_cast<double>(records.size()),
                      .rules = rules.rules().size(),
                      .signals = static_cast<double>(told->count) / options.rounds};
  (json ? print_json : print_text)(about, parts, figures);
  return kSuccess;
}

}  // namespace

void add_bench_command(CLI::App& behaviour, Common& common, int& status) {
  auto* const verb = behaviour.add_subcommand("bench", "how many records are read a second, here, and by which part");
  const auto options = std::make_shared<BenchOptions>();
  verb->add_option("--seed", options->seed, "of the organisation that is made up")->capture_default_str();
  verb->add_option("--records", options->records, "so many of its records")
      ->check(CLI::Range(1'000, 2'000'000))
      ->capture_default_str();
  verb->add_option("--people", options->people, "who work there")->check(CLI::Range(10, 5'000))->capture_default_str();
  verb->add_option("--rounds", options->rounds, "the least time of so many counts")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  verb->add_option("--keys", options->keys, "of a correlation")
      ->check(CLI::Range(1'000, 1'000'000))
      ->capture_default_str();
  verb->add_option("--nodes", options->nodes, "of a mesh")->check(CLI::Range(1'000, 2'000'000))->capture_default_str();
  verb->add_option("--edges", options->edges, "of it")->check(CLI::Range(1'000, 20'000'000))->capture_default_str();
  verb->add_option("--principals", options->principals, "with a profile")
      ->check(CLI::Range(1'000, 1'000'000))
      ->capture_default_str();
  verb->add_flag("--full", options->full, "1,000,000 nodes, 10,000,000 edges, 1,000,000 principals: minutes, and 2 GB");
  verb->add_flag("--json", common.json, "figures in JSON");
  verb->callback([options, &common, &status] { status = bench(*options, common.json); });
}

}  // namespace redoubt::app
