// `redoubt behaviour replay`: the signals that records give, now or under other rules.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>

#include "behaviour/engine.h"
#include "behaviour/hash_key.h"
#include "redoubt/behaviour/commands.h"
#include "redoubt/behaviour/record_source.h"
#include "redoubt/behaviour/sigma_signals.h"
#include "redoubt/entry_features.h"

namespace redoubt::app {
namespace {

using behaviour_verbs::SigmaSignals;
using behaviour_verbs::SourceEntry;

struct ReplayOptions {
  std::string where;
  std::string rules;
  std::string taxonomy;
  std::string features;
  int utc_offset_minutes = 0;
  bool rules_only = false;
};

class Printer final : public behaviour::SignalSink {
 public:
  void take(behaviour::Signal signal) override {
    line_.clear();
    append_signal(line_, signal);
    line_ += '\n';
    failed_ = failed_ || std::fwrite(line_.data(), 1, line_.size(), stdout) != line_.size();
    ++count_;
  }
  bool failed() const { return failed_; }
  std::uint64_t count() const { return count_; }

 private:
  std::string line_;
  std::uint64_t count_ = 0;
  bool failed_ = false;
};

// To people, what is no signal goes to standard error.
void tell(const behaviour::Engine& engine, std::uint64_t signals) {
  const behaviour::EngineStats& stats = engine.stats();
  std::fprintf(stderr, "%llu entries, %llu signals, %llu principals\n", static_cast<unsigned long long>(stats.entries),
               static_cast<unsigned long long>(signals), static_cast<unsigned long long>(engine.principals()));
  if (stats.unread != 0) {
    std::fprintf(stderr, "%llu entries are no records of a kind that is known\n",
                 static_cast<unsigned long long>(stats.unread));
  }
  if (stats.missing == 0) return;
  std::fprintf(stderr, "%llu entries have no features here; what needs them was not looked for in:",
               static_cast<unsigned long long>(stats.missing));
  const auto ranges = engine.missing_features();
  constexpr std::size_t kShown = 8;
  for (std::size_t i = 0; i < std::min(ranges.size(), kShown); ++i) {
    std::fprintf(stderr, " %llu-%llu", static_cast<unsigned long long>(ranges[i].begin),
                 static_cast<unsigned long long>(ranges[i].end - 1));
  }
  std::fprintf(stderr, ranges.size() > kShown ? " …\n" : "\n");
}

Result<> replay(const ReplayOptions& options) {
  std::optional<SigmaSignals> sigma;
  if (!options.rules.empty()) {
    auto loaded = SigmaSignals::load(options.rules, options.taxonomy);
    if (!loaded) return loaded.error();
    sigma.emplace(*std::move(loaded));
  }
  behaviour::EngineOptions settings{.utc_offset_minutes = options.utc_offset_minutes};
  std::optional<behaviour::Engine> engine;
  Printer printer;
  PosixFileSystem fs;
  std::uint64_t next = 0;
  behaviour::FeatureOpener opener(
      fs, options.features.empty() ? behaviour_verbs::feature_folder(fs, options.where) : options.features);
  auto done = behaviour_verbs::each_record(fs, options.where, [&](const SourceEntry& source) -> Result<> {
    const auto& [index, record, entry] = source;
    if (index < next)
      return Error(Errc::kMalformed, "entry " + std::to_string(index) + " is not behind the one before");
    next = index + 1;
    if (!engine) {
      settings.hash_key = behaviour::hash_key_of(record);  // as the server that wrote them has it
      engine.emplace(settings);
    }
    // What is no record is counted by the engine, and is no reason to stop.
    if (!options.rules_only) {
      std::optional<behaviour::Features> features;
      if (entry != nullptr) {
        auto opened = open_features(opener, *entry);
        if (!opened) return opened.error().in("entry " + std::to_string(index));
        features = *opened;
      }
      (void)engine->consume(index, record, features ? &*features : nullptr, printer).has_value();
    }
    if (sigma) sigma->consume(index, record, printer);
    if (printer.failed()) return Error(Errc::kIo, "the output was closed");
    return {};
  });
  if (!done) return done;
  if (std::fflush(stdout) != 0) return Error(Errc::kIo, "the output was closed");
  if (!engine) engine.emplace(settings);
  tell(*engine, printer.count());
  return {};
}

}  // namespace

void add_replay_command(CLI::App& behaviour, Common& common, int& status) {
  auto* const verb = behaviour.add_subcommand("replay", "the signals that records give, one line of JSON each");
  const auto options = std::make_shared<ReplayOptions>();
  verb->add_option("where", options->where, "a ledger's folder, Redoubt's, or a file of records (`-`: standard input)")
      ->required();
  verb->add_option("--rules", options->rules, "a folder of Sigma rules that run beside the detectors");
  verb->add_option("--taxonomy", options->taxonomy,
                   "of the rules (default: `taxonomy.yaml` in their folder or above it)");
  verb->add_option("--features", options->features,
                   "the folder of the keys of features (default: `state/features` in Redoubt's folder)");
  verb->add_flag("--rules-only", options->rules_only, "without the detectors")->needs("--rules");
  verb->add_option("--utc-offset", options->utc_offset_minutes, "minutes that working days are ahead of UTC")
      ->check(CLI::Range(-720, 840));
  verb->add_flag("--json", common.json, "report failures in JSON; signals are JSON anyway");
  verb->callback([options, &common, &status] {
    const auto done = replay(*options);
    status = done ? kSuccess : report(done.error(), common.json);
  });
}

}  // namespace redoubt::app
