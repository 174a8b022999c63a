// What behaviour tells and what it costs: attacks told and false alerts of months that are made up, and the time of
// features, of reading a record and of judging it, and the memory of many principals.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "anomaly/robust.h"
#include "anomaly/stream_forest.h"
#include "behaviour/engine.h"
#include "behaviour/feature_seal.h"
#include "behaviour/features.h"
#include "behaviour/simulation/score.h"

namespace {

using namespace redoubt;
using namespace redoubt::behaviour;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

struct Row {
  unsigned told = 0;
  std::map<std::string, unsigned> by;
  std::vector<double> after_minutes;
};

// One month without attacks and one with all of them for each seed.
void tell_months(std::uint64_t first, std::uint64_t last, bool verbose) {
  std::uint64_t records = 0;
  std::map<std::string, unsigned> false_alerts;
  std::map<std::string, Row> rows;
  std::vector<std::string> attacks;
  for (const std::string_view name : simulation::attack_names()) attacks.emplace_back(name);
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const simulation::Score calm = simulation::score({.seed = seed});
    records += calm.records;
    for (const Signal& signal : calm.signals) {
      ++false_alerts[signal.rule];
      if (!verbose) continue;
      std::string text;
      append_signal(text, signal);
      std::printf("# seed %llu: %s\n", static_cast<unsigned long long>(seed), text.c_str());
    }
    const simulation::Score attacked = simulation::score({.seed = seed, .attacks = attacks});
    for (std::size_t i = 0; i < attacked.attacks.size(); ++i) {
      const simulation::Attack& attack = attacked.attacks[i];
      Row& row = rows[attack.name];
      const auto& told = attacked.told[i];
      if (!told) {
        if (verbose) {
          std::printf("# seed %llu: %s of %s not told\n", static_cast<unsigned long long>(seed), attack.name.c_str(),
                      attack.key.c_str());
        }
        continue;
      }
      ++row.told;
      ++row.by[told->rule];
      row.after_minutes.push_back(static_cast<double>(told->after_ms) / 60'000);
    }
    std::fflush(stdout);
  }
  const auto months = static_cast<unsigned>(last - first + 1);
  std::printf("| attack | told, of %u | by | minutes after it began, median |\n|---|---|---|---|\n", months);
  for (const std::string& name : attacks) {
    Row& row = rows[name];
    std::sort(row.after_minutes.begin(), row.after_minutes.end());
    std::string by;
    for (const auto& [rule, count] : row.by) by += (by.empty() ? "" : ", ") + rule.substr(rule.find('.') + 1);
    const double median = row.after_minutes.empty() ? 0 : row.after_minutes[row.after_minutes.size() / 2];
    std::printf("| %s | %u | %s | %.0f |\n", name.c_str(), row.told, by.c_str(), median);
  }
  unsigned sum = 0;
  for (const auto& [rule, count] : false_alerts) sum += count;
  std::printf("\n%llu records without attacks, %u signals: %.3f of 100,000\n", static_cast<unsigned long long>(records),
              sum, 100'000.0 * sum / static_cast<double>(records));
  for (const auto& [rule, count] : false_alerts) std::printf("  %s %u\n", rule.c_str(), count);
}

// One attack on many, in one month for each seed: each has a victim of its own.
void tell_attack(std::uint64_t first, std::uint64_t last, const std::string& name, std::size_t victims, bool verbose) {
  std::size_t all = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const simulation::Score score =
        simulation::score({.seed = seed, .attacks = std::vector<std::string>(victims, name)});
    std::vector<double> days;
    for (std::size_t i = 0; i < score.attacks.size(); ++i) {
      const auto& told = score.told[i];
      if (told) days.push_back(static_cast<double>(told->after_ms) / 86'400'000);
      if (verbose && !told)
        std::printf("# seed %llu: %s not told\n", static_cast<unsigned long long>(seed), score.attacks[i].key.c_str());
    }
    all += days.size();
    std::sort(days.begin(), days.end());
    std::printf("seed %llu: %zu of %zu told, after %.1f days (median)\n", static_cast<unsigned long long>(seed),
                days.size(), victims, days.empty() ? 0 : days[days.size() / 2]);
    std::fflush(stdout);
  }
  const std::size_t of = victims * (last - first + 1);
  std::printf("%s: %zu of %zu told, %.1f%%\n", name.c_str(), all, of,
              100.0 * static_cast<double>(all) / static_cast<double>(of));
}

// What a random cut forest over everybody's days would tell, beside the detectors: each day of each principal is a
// point, of how far its amounts are from that principal's own usual.
class ForestOfDays {
 public:
  static constexpr std::size_t kDimensions = 8;
  struct Told {
    std::string principal;
    std::int64_t time_ms = 0;
    double score = 0;
  };

  void take(const Activity& seen) {
    if (!seen.authenticated() || seen.stage == record::Stage::kFact) return;
    Person& person = people_[std::string(seen.principal)];
    const std::int64_t day = seen.time.value / 86'400'000;
    if (person.day != day && person.day != 0) end_day(std::string(seen.principal), person, seen.time.value);
    person.day = day;
    const bool outcome = seen.stage == record::Stage::kOutcome;
    const bool denial = seen.stage == record::Stage::kDenial;
    person.amounts[0] += seen.stage == record::Stage::kAdmission ? 1 : 0;
    person.amounts[1] += outcome ? static_cast<double>(seen.tokens()) : 0;
    person.amounts[2] += outcome ? static_cast<double>(seen.response_bytes) : 0;
    for (const DataRead& read : seen.data) person.amounts[3] += static_cast<double>(read.rows);
    person.amounts[4] += denial ? static_cast<double>(seen.count) : 0;
    person.amounts[5] += outcome && seen.status >= 400 && seen.status < 500 ? 1 : 0;
    for (const MatchSeen& match : seen.matches) person.amounts[6] += static_cast<double>(match.count);
    person.things.insert(std::string(seen.model));
    for (const std::string_view tool : seen.tools) person.things.insert(std::string(tool));
    for (const DataRead& read : seen.data) person.things.insert(std::string(read.name));
  }
  const std::vector<Told>& told() const { return told_; }

 private:
  struct Person {
    std::int64_t day = 0;
    int days = 0;
    std::array<double, kDimensions> amounts{};
    std::array<anomaly::RobustLevel, kDimensions> levels;
    std::set<std::string> things;
  };

  void end_day(const std::string& name, Person& person, std::int64_t now_ms) {
    person.amounts[7] = static_cast<double>(person.things.size());
    std::array<double, kDimensions> point{};
    for (std::size_t m = 0; m < kDimensions; ++m) {
      const double value = anomaly::log_scale(person.amounts[m]);
      point[m] = std::clamp(person.levels[m].z(value, 0.3), -10.0, 10.0);
      person.levels[m].learn(value);
    }
    if (++person.days > 5) {
      told_.push_back({name, now_ms, forest_.score(point)});
      forest_.insert(point);
    }
    person.amounts = {};
    person.things.clear();
  }

  anomaly::StreamForest forest_ = *anomaly::StreamForest::create({.dimensions = kDimensions, .seed = 7});
  std::map<std::string, Person> people_;
  std::vector<Told> told_;
};

void tell_forest(std::uint64_t first, std::uint64_t last) {
  std::vector<std::string> names;
  for (const std::string_view name : simulation::attack_names()) names.emplace_back(name);
  std::uint64_t records = 0;
  std::vector<double> calm;
  std::map<std::string, std::vector<double>> attacked;  // the highest score in time, of each
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    ForestOfDays usual;
    simulation::Simulation month({.seed = seed});
    month.run([&](const simulation::SimulatedRecord& record) {
      ++records;
      usual.take(record.activity);
    });
    for (const auto& told : usual.told()) calm.push_back(told.score);
    ForestOfDays forest;
    simulation::Simulation with({.seed = seed, .attacks = names});
    with.run([&](const simulation::SimulatedRecord& record) { forest.take(record.activity); });
    for (const simulation::Attack& attack : with.attacks()) {
      double best = 0;
      for (const auto& told : forest.told()) {
        const bool in_time = told.time_ms >= attack.begin_ms && told.time_ms <= attack.end_ms + 4 * 86'400'000LL;
        if (in_time && "principal/" + told.principal == attack.key) best = std::max(best, told.score);
      }
      attacked[attack.name].push_back(best);
    }
  }
  std::sort(calm.rbegin(), calm.rend());
  for (const double allowed : {1.0, 5.0, 25.0}) {
    const auto place = static_cast<std::size_t>(allowed * static_cast<double>(records) / 100'000);
    const double bound = calm[std::min(place, calm.size() - 1)];
    std::printf("%.0f of 100,000 records told without an attack, of scores above %.3f:", allowed, bound);
    for (const auto& [name, scores] : attacked) {
      const auto told = std::count_if(scores.begin(), scores.end(), [&](double score) { return score > bound; });
      if (told > 0) std::printf(" %s %zu", name.c_str(), static_cast<std::size_t>(told));
    }
    std::printf("\n");
  }
}

template <class Work>
void cost(const char* what, std::size_t times, Work&& work) {
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < times; ++i) work(i);
    best = std::min(best, seconds_since(begin) / static_cast<double>(times));
  }
  std::printf("%-44s %8.2f us\n", what, best * 1e6);
}

std::string prose(std::size_t bytes) {
  static constexpr std::string_view kText =
      "The patient, 54, reports a dry cough for two weeks and shortness of breath on stairs; no fever. Known asthma, "
      "salbutamol as needed. Please list what should be ruled out first, and which questions to ask. ";
  std::string out;
  while (out.size() < bytes) out += kText;
  out.resize(bytes);
  return out;
}

void tell_costs() {
  const FeatureKey key(crypto::Secret::copy_of(as_bytes(std::string(32, 'k'))));
  const std::string text = prose(700);
  const std::string_view view = text;
  std::uint64_t sum = 0;
  cost("features of a chat of 700 bytes", 20'000, [&](std::size_t) {
    sum += *features_of(key, {.peer_address = "192.0.2.7",
                              .claimed_credential = "k3xq7m20zb4d",
                              .request_size = 700,
                              .texts = {&view, 1}})
                .sketch;
  });
  cost("sketch and fingerprint alone", 20'000, [&](std::size_t) { sum += key.text({&view, 1}).sketch; });
  PosixFileSystem fs;
  char folder[] = "/tmp/bench_behaviour.XXXXXX";
  if (::mkdtemp(folder) != nullptr) {
    FeatureSealing sealing(fs, folder);
    if (sealing.renew({1})) {
      FeatureSealer sealer(sealing);
      const std::array<std::byte, 17> context{};
      const Features asked = features_of(key, {.peer_address = "192.0.2.7", .request_size = 700, .texts = {&view, 1}});
      cost("features sealed, and committed to", 20'000,
           [&](std::size_t) { sum += static_cast<std::uint64_t>(sealer.seal(context, asked).bytes[20]); });
      const auto sealed = sealer.seal(context, asked);
      const std::string record(1600, 'x');
      FeatureOpener opener(fs, folder);
      cost("and opened", 20'000, [&](std::size_t) {
        sum += opener.open(context, sealed.bytes, as_bytes(record)) ? 1 : 0;  // all but the numbers themselves
      });
    }
    std::filesystem::remove_all(folder);
  }
  const std::vector<float> tensor(4096, 0.5F);
  cost("summary of a tensor of 4,096", 5'000, [&](std::size_t) { sum += key.tensor(tensor)[0] > 0 ? 1 : 0; });

  simulation::Simulation month({.seed = 1, .people = 100, .days = 7});
  std::vector<std::string> records;
  month.run([&](const simulation::SimulatedRecord& record) {
    if (records.size() < 20'000 && record.activity.stage != record::Stage::kFact) {
      records.push_back(simulation::record_json(record.activity));
    }
  });
  ActivityReader reader;
  cost("reading a record", records.size(),
       [&](std::size_t i) { sum += reader.read(as_bytes(records[i])).has_value() ? 1 : 0; });
  simulation::Collector collector;
  Engine engine(EngineOptions{});
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < records.size(); ++i) {
    (void)engine.consume(i, as_bytes(records[i]), nullptr, collector).has_value();
  }
  const double took = seconds_since(begin);
  std::printf("%-44s %8.2f us, %.0f records/s\n", "reading and judging a record",
              1e6 * took / static_cast<double>(records.size()), static_cast<double>(records.size()) / took);
  if (sum == 1) std::printf("\n");
}

void tell_memory(std::uint32_t principals) {
  Engine engine(EngineOptions{.principals_max = principals});
  simulation::Collector collector;
  std::uint64_t index = 0;
  const auto begin = std::chrono::steady_clock::now();
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
      (void)engine.apply(index++, activity, nullptr, collector).has_value();
    }
  }
  const double took = seconds_since(begin);
  std::printf("%u principals: %.0f MiB, %.0f bytes each; %.2f us an act\n", principals,
              static_cast<double>(engine.memory_bytes()) / (1 << 20),
              static_cast<double>(engine.memory_bytes()) / principals, 1e6 * took / static_cast<double>(index));
  const auto saving = std::chrono::steady_clock::now();
  const Bytes saved = engine.save();
  const double save_s = seconds_since(saving);
  const auto restoring = std::chrono::steady_clock::now();
  const auto restored = Engine::restore(saved, EngineOptions{.principals_max = principals});
  std::printf("saved in %.2f s, %.0f MiB; restored in %.2f s: %s\n", save_s,
              static_cast<double>(saved.size()) / (1 << 20), seconds_since(restoring),
              restored ? "whole" : restored.error().message().c_str());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("what behaviour tells and costs");
  std::vector<std::uint64_t> seeds;
  std::uint32_t principals = 100'000;
  bool verbose = false;
  std::string attack;
  std::size_t victims = 20;
  std::vector<std::string> attacks;
  for (const std::string_view name : simulation::attack_names()) attacks.emplace_back(name);
  app.add_option("--seeds", seeds, "first and last seed of the months; none: costs")->expected(2);
  app.add_option("--principals", principals)->capture_default_str();
  app.add_flag("--verbose", verbose, "each false alert, and what was not told");
  app.add_option("--attack", attack, "with --seeds: this one alone, on so many at once")->check(CLI::IsMember(attacks));
  app.add_option("--victims", victims)->check(CLI::Range(1, 100))->capture_default_str();
  bool forest = false;
  app.add_flag("--forest", forest, "with --seeds: what a random cut forest over everybody's days would tell");
  CLI11_PARSE(app, argc, argv);
  if (!seeds.empty() && forest) {
    tell_forest(seeds[0], seeds[1]);
    return 0;
  }
  if (!seeds.empty() && !attack.empty()) {
    tell_attack(seeds[0], seeds[1], attack, victims, verbose);
    return 0;
  }
  if (!seeds.empty()) {
    tell_months(seeds[0], seeds[1], verbose);
    return 0;
  }
  tell_costs();
  tell_memory(principals);
  return 0;
}
