// `redoubt behaviour replay`: the signals that records give, now or under other rules.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>

#include "behaviour/hash_key.h"
#include "encoding/json_writer.h"
#include "redoubt/behaviour/commands.h"
#include "redoubt/behaviour/detection.h"
#include "redoubt/behaviour/record_source.h"
#include "redoubt/behaviour/replay_against.h"
#include "redoubt/behaviour/rule_folder.h"
#include "redoubt/entry_features.h"
#include "redoubt/layout.h"

namespace redoubt::app {
namespace {

using behaviour_verbs::ReplayAgainst;
using behaviour_verbs::SourceEntry;

constexpr std::string_view kInForce = "in-force";

struct ReplayOptions {
  std::string where;
  std::string rules;
  std::string taxonomy;
  std::string features;
  std::string against;
  int utc_offset_minutes = 0;
  bool rules_only = false;
  bool detectors_only = false;
};

unsigned long long wide(std::uint64_t number) {
  return number;
}

class Printer final : public behaviour::SignalSink {
 public:
  void take(behaviour::Signal signal) override {
    line_.clear();
    append_signal(line_, signal);
    print();
    ++count_;
  }
  void print(const ReplayAgainst::Change& change, bool json) {
    static constexpr std::array<std::string_view, 3> kNames = {"raised", "lost", "changed"};
    static constexpr std::array<char, 3> kSigns = {'+', '-', '~'};
    const auto what = static_cast<std::size_t>(change.what);
    line_.clear();
    if (json) {
      line_.append(R"({"change":")").append(kNames[what]).append(R"(","signal":)");
      append_signal(line_, change.signal);
      line_ += '}';
    } else {
      line_.append({kSigns[what], ' '}).append(to_string(change.signal.severity)).append("  ");
      line_.append(change.signal.key).append("  ").append(change.signal.message).append("  entry ");
      line_.append(std::to_string(change.signal.index));
    }
    print();
  }
  void print_line(std::string line) {
    line_ = std::move(line);
    print();
  }
  bool failed() const { return failed_; }
  std::uint64_t count() const { return count_; }

 private:
  void print() {
    line_ += '\n';
    failed_ = failed_ || std::fwrite(line_.data(), 1, line_.size(), stdout) != line_.size();
  }

  std::string line_;
  std::uint64_t count_ = 0;
  bool failed_ = false;
};

// To people, what is no signal goes to standard error.
void tell_rules(const Detection& detection) {
  if (detection.rules_problem().empty()) return;
  std::fprintf(stderr, "rules of a bundle could not be had, and those of this program ran instead: %s\n",
               detection.rules_problem().c_str());
}

void tell(const Detection& detection, bool detectors, std::uint64_t signals) {
  const behaviour::Engine& engine = detection.engine();
  const behaviour::EngineStats& stats = engine.stats();
  std::fprintf(stderr, "%llu entries, %llu signals", wide(detection.entries()), wide(signals));
  if (detection.rules() != nullptr) std::fprintf(stderr, ", %llu rules", wide(detection.rules()->state().rules));
  if (detectors) std::fprintf(stderr, ", %llu principals", wide(engine.principals()));
  std::fprintf(stderr, "\n");
  tell_rules(detection);
  if (stats.unread != 0) {
    std::fprintf(stderr, "%llu entries are no records of a kind that is known\n", wide(stats.unread));
  }
  if (stats.missing == 0) return;
  std::fprintf(stderr,
               "%llu entries have no features here; what needs them was not looked for in:", wide(stats.missing));
  const auto ranges = engine.missing_features();
  constexpr std::size_t kShown = 8;
  for (std::size_t i = 0; i < std::min(ranges.size(), kShown); ++i) {
    std::fprintf(stderr, " %llu-%llu", wide(ranges[i].begin), wide(ranges[i].end - 1));
  }
  std::fprintf(stderr, ranges.size() > kShown ? " …\n" : "\n");
}

// Calls `begin` before the first record, with the options that a server reading these has, and `take` with each.
using Begin = std::function<void(const behaviour::EngineOptions& options)>;
using Take = std::function<Result<>(const SourceEntry& source)>;
Result<> each_entry(const ReplayOptions& options, const Printer& printer, const Begin& begin, const Take& take) {
  behaviour::EngineOptions engine{.utc_offset_minutes = options.utc_offset_minutes};
  PosixFileSystem fs;
  bool begun = false;
  auto done = behaviour_verbs::each_record(fs, options.where, [&](const SourceEntry& source) -> Result<> {
    if (!begun) {
      engine.hash_key = behaviour::hash_key_of(source.record);  // as the server that wrote them has it
      begin(engine);
      begun = true;
    }
    if (auto taken = take(source); !taken) {
      const bool unordered = taken.error().code() == Errc::kInvalidArgument;
      return unordered ? Error(Errc::kMalformed, taken.error().message()) : taken.error();
    }
    if (printer.failed()) return Error(Errc::kIo, "the output was closed");
    return {};
  });
  if (!done) return done;
  if (!begun) begin(engine);
  return {};
}

Result<std::unique_ptr<RuleBook>> rules_in_folder(const std::string& folder, const std::string& taxonomy) {
  auto found = behaviour_verbs::read_rule_folder({folder}, taxonomy);
  if (!found) return found.error();
  auto rules = sigma::RuleSet::compile(found->files, found->taxonomy);
  if (!rules) return rules.error();
  if (!rules->predicate_uses().empty()) {
    return Error(Errc::kUnsupported, "nobody answers `" + rules->predicate_uses()[0].text + "`, which a rule asks");
  }
  return std::unique_ptr<RuleBook>(std::make_unique<FixedRules>(*std::move(rules)));
}

Result<> replay(const ReplayOptions& options, RuleBook* rules) {
  Printer printer;
  std::optional<Detection> detection;
  PosixFileSystem fs;
  behaviour::FeatureOpener opener(
      fs, options.features.empty() ? behaviour_verbs::feature_folder(fs, options.where) : options.features);
  auto done = each_entry(
      options, printer,
      [&](const behaviour::EngineOptions& engine) {
        detection.emplace(Detection::Options{.engine = engine, .detectors = !options.rules_only, .rules = rules});
      },
      [&](const SourceEntry& source) -> Result<> {
        std::optional<behaviour::Features> features;
        if (source.entry != nullptr && !options.rules_only) {
          auto opened = open_features(opener, *source.entry);
          if (!opened) return opened.error().in("entry " + std::to_string(source.index));
          features = *opened;
        }
        return detection->consume(source.index, source.record, features ? &*features : nullptr, printer);
      });
  if (!done) return done;
  if (std::fflush(stdout) != 0) return Error(Errc::kIo, "the output was closed");
  tell(*detection, !options.rules_only, printer.count());
  return {};
}

void write_tally(encoding::JsonWriter& json, const ReplayAgainst::Tally& tally) {
  json.member("before", tally.before);
  json.member("after", tally.after);
  json.member("raised", tally.raised);
  json.member("lost", tally.lost);
  json.member("changed", tally.changed);
}

std::string summary_json(const ReplayAgainst& against) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.key("summary");
  json.begin_object();
  json.member("entries", against.after().entries());
  write_tally(json, against.total());
  json.key("rules");
  json.begin_array();
  for (const auto& [rule, tally] : against.by_rule()) {
    if (tally.raised + tally.lost + tally.changed == 0) continue;
    json.begin_object();
    json.member("rule", rule);
    json.member("title", tally.title);
    write_tally(json, tally);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  json.end_object();
  return out;
}

void print_summary(const ReplayAgainst& against, Printer& printer) {
  for (const auto& [rule, tally] : against.by_rule()) {
    if (tally.raised + tally.lost + tally.changed == 0) continue;
    printer.print_line(rule + ": " + std::to_string(tally.before) + " before, " + std::to_string(tally.after) +
                       " after; " + std::to_string(tally.raised) + " raised, " + std::to_string(tally.lost) +
                       " lost, " + std::to_string(tally.changed) + " changed  (" + tally.title + ")");
  }
  const ReplayAgainst::Tally total = against.total();
  printer.print_line(std::to_string(against.after().entries()) + " entries: " + std::to_string(total.before) +
                     " signals before, " + std::to_string(total.after) + " after; " + std::to_string(total.raised) +
                     " raised, " + std::to_string(total.lost) + " lost, " + std::to_string(total.changed) + " changed");
}

Result<bool> compare(const ReplayOptions& options, RuleBook* before, RuleBook* after, bool json) {
  Printer printer;
  std::optional<ReplayAgainst> against;
  auto done = each_entry(
      options, printer,
      [&](const behaviour::EngineOptions& engine) {
        against.emplace(Detection({.engine = engine, .detectors = false, .rules = before}),
                        Detection({.engine = engine, .detectors = false, .rules = after}));
      },
      [&](const SourceEntry& source) -> Result<> {
        const auto changes = against->consume(source.index, source.record);
        if (!changes) return changes.error();
        for (const ReplayAgainst::Change& change : **changes) printer.print(change, json);
        return {};
      });
  if (!done) return done.error();
  if (json) {
    printer.print_line(summary_json(*against));
  } else {
    print_summary(*against, printer);
  }
  if (printer.failed() || std::fflush(stdout) != 0) return Error(Errc::kIo, "the output was closed");
  tell_rules(against->after());
  const ReplayAgainst::Tally total = against->total();
  return total.raised + total.lost + total.changed == 0;
}

// Whether nothing changed, where that was asked.
Result<bool> run(const ReplayOptions& options, bool json) {
  PosixFileSystem fs;
  KeptRules in_force(fs, Layout(options.where).state() + "/bundles");
  std::unique_ptr<RuleBook> wanted;
  if (!options.rules.empty()) {
    auto found = rules_in_folder(options.rules, options.taxonomy);
    if (!found) return found.error();
    wanted = *std::move(found);
  }
  RuleBook* const rules = options.detectors_only ? nullptr : wanted ? wanted.get() : &in_force;
  if (options.against.empty()) {
    if (auto done = replay(options, rules); !done) return done.error();
    return true;
  }
  if (options.against == kInForce) return compare(options, &in_force, rules, json);
  auto other = rules_in_folder(options.against, options.taxonomy);
  if (!other) return other.error();
  return compare(options, other->get(), rules, json);
}

}  // namespace

void add_replay_command(CLI::App& behaviour, Common& common, int& status) {
  auto* const verb = behaviour.add_subcommand("replay", "the signals that records give, one line of JSON each");
  const auto options = std::make_shared<ReplayOptions>();
  verb->add_option("where", options->where, "a ledger's folder, Redoubt's, or a file of records (`-`: standard input)")
      ->required();
  auto* const rules = verb->add_option("--rules", options->rules,
                                       "a folder of Sigma rules (default: those that were in force at each entry)");
  verb->add_option("--taxonomy", options->taxonomy,
                   "of the rules (default: `taxonomy.yaml` in their folder or above it)");
  verb->add_option("--features", options->features,
                   "the folder of the keys of features (default: `state/features` in Redoubt's folder)");
  auto* const against =
      verb->add_option("--against", options->against,
                       "what --rules would have raised and lost: compared with `in-force`, or with a folder's rules")
          ->needs(rules);
  auto* const rules_only = verb->add_flag("--rules-only", options->rules_only, "without the detectors");
  verb->add_flag("--detectors-only", options->detectors_only, "without rules")
      ->excludes(rules)
      ->excludes(against)
      ->excludes(rules_only);
  verb->add_option("--utc-offset", options->utc_offset_minutes, "minutes that working days are ahead of UTC")
      ->check(CLI::Range(-720, 840));
  verb->add_flag("--json", common.json, "failures and comparisons in JSON; signals are JSON anyway");
  verb->callback([options, &common, &status] {
    const auto same = run(*options, common.json);
    status = !same ? report(same.error(), common.json) : *same ? kSuccess : kAnswerIsNo;
  });
}

}  // namespace redoubt::app
