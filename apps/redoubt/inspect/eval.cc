// `redoubt inspect eval`: precision and recall on texts that say what is in them.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "encoding/json_reader.h"
#include "inspect/scanner.h"
#include "redoubt/inspect/commands.h"
#include "redoubt/inspect/inputs.h"
#include "redoubt/inspect/scores.h"

namespace redoubt::app::inspect_verbs {
namespace {

using simdjson::dom::element;

struct EvalOptions {
  std::string file;
  std::string format = "jsonl";
  std::string half;  // even, odd: of the templates, or of the lines
  RuleOptions rules;
};

struct Evaluation {
  inspect::Scanner& scanner;
  const EvalOptions& options;
  Scores scores;
  std::vector<inspect::Match> matches;

  bool is_left_out(std::uint64_t number) const {
    return !options.half.empty() && (number % 2 == 0) != (options.half == "even");
  }
  Result<> scan(std::string_view text) {
    matches.clear();
    return scanner.scan(text, matches);
  }
};

Error malformed(std::uint64_t number, const char* what) {
  return Error(Errc::kMalformed, "entry " + std::to_string(number) + ": " + what);
}

Result<std::vector<Labelled>> read_labels(element entry, const char* spans, const char* kind, const char* start,
                                          const char* end, std::uint64_t number) {
  std::vector<Labelled> out;
  simdjson::dom::array list;
  if (entry.at_key(spans).get(list) != simdjson::SUCCESS) return malformed(number, "no spans");
  for (const element one : list) {
    std::string_view name;
    Labelled label;
    if (one.at_key(kind).get(name) != simdjson::SUCCESS || one.at_key(start).get(label.start) != simdjson::SUCCESS ||
        one.at_key(end).get(label.end) != simdjson::SUCCESS || label.end < label.start) {
      return malformed(number, "a span without kind, start or end");
    }
    label.kind = name;
    out.push_back(label);
  }
  return out;
}

// Presidio's: [{"full_text", "spans": [{"entity_type", "start_position", "end_position"}], "template_id"}].
Result<> evaluate_presidio(Evaluation& evaluation) {
  const auto text = read_text(evaluation.options.file);
  if (!text) return text.error();
  encoding::JsonReader reader({.max_bytes = std::size_t{1} << 30, .max_depth = 64});
  const auto root = reader.parse(*text);
  if (!root) return root.error();
  simdjson::dom::array entries;
  if (root->get(entries) != simdjson::SUCCESS) return Error(Errc::kMalformed, "no array");
  std::uint64_t number = 0;
  for (const element entry : entries) {
    std::uint64_t group = number;
    if (entry.at_key("template_id").get(group) != simdjson::SUCCESS) group = number;
    ++number;
    if (evaluation.is_left_out(group)) continue;
    std::string_view full;
    if (entry.at_key("full_text").get(full) != simdjson::SUCCESS) return malformed(number, "no full_text");
    const auto labels = read_labels(entry, "spans", "entity_type", "start_position", "end_position", number);
    if (!labels) return labels.error();
    if (auto done = evaluation.scan(full); !done) return done;
    evaluation.scores.add(*labels, evaluation.matches);
  }
  return {};
}

// A text that is labelled as a whole is claimed when a secret or an attack is found in it.
bool is_claimed(const std::vector<inspect::Match>& matches) {
  return std::ranges::any_of(matches, [](const inspect::Match& match) {
    return match.family == inspect::Family::kSecret || match.family == inspect::Family::kAttack;
  });
}

// Lines of {"text", "label"} or {"text", "spans": [{"kind", "start", "end"}]}.
Result<> evaluate_lines(Evaluation& evaluation) {
  encoding::JsonReader reader({.max_bytes = std::size_t{64} << 20, .max_depth = 64});
  std::uint64_t number = 0;
  return each_line(evaluation.options.file, [&](std::string_view line) -> Result<> {
    const std::uint64_t index = number++;
    if (line.empty() || evaluation.is_left_out(index)) return {};
    const auto root = reader.parse(line);
    if (!root) return root.error().in("line " + std::to_string(number));
    std::string_view text;
    if (root->at_key("text").get(text) != simdjson::SUCCESS) return malformed(number, "no text");
    std::int64_t label = 0;
    if (root->at_key("label").get(label) == simdjson::SUCCESS) {
      if (label != 0 && label != 1) return malformed(number, "a label that is neither 0 nor 1");
      if (auto done = evaluation.scan(text); !done) return done;
      evaluation.scores.add_text(label == 1, is_claimed(evaluation.matches));
      return {};
    }
    const auto labels = read_labels(*root, "spans", "kind", "start", "end", number);
    if (!labels) return labels.error();
    if (auto done = evaluation.scan(text); !done) return done;
    evaluation.scores.add(*labels, evaluation.matches);
    return {};
  });
}

void write_score(encoding::JsonWriter& json, std::string_view name, const Score& score) {
  json.key(name);
  json.begin_object();
  write_number(json, "precision", score.precision(), 4);
  write_number(json, "recall", score.recall(), 4);
  write_number(json, "f1", score.f(1), 4);
  write_number(json, "f2", score.f(2), 4);
  json.member("found", score.found);
  json.member("false", score.false_ones);
  json.member("missed", score.missed);
  json.end_object();
}

double false_alarms(const Scores& scores) {
  if (scores.negatives() == 0) return 0;
  return static_cast<double>(scores.overall().false_ones) / static_cast<double>(scores.negatives());
}

void print_json(const Scores& scores) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  write_score(json, "overall", scores.overall());
  write_score(json, "structured", scores.structured());
  json.key("types");
  json.begin_object();
  for (const auto& [kind, score] : scores.kinds()) write_score(json, kind, score);
  json.end_object();
  json.key("confusion");
  json.begin_object();
  for (const auto& [pair, count] : scores.confusion()) json.member(pair, count);
  json.end_object();
  json.member("texts", scores.texts());
  if (scores.of_texts()) write_number(json, "false_alarm_rate", false_alarms(scores), 4);
  json.end_object();
  std::printf("%s\n", out.c_str());
}

void print_row(const std::string& name, const Score& score) {
  std::printf("| %-28s | %6llu | %6llu | %6llu | %.3f | %.3f | %.3f | %.3f |\n", name.c_str(),
              static_cast<unsigned long long>(score.found), static_cast<unsigned long long>(score.false_ones),
              static_cast<unsigned long long>(score.missed), score.precision(), score.recall(), score.f(1), score.f(2));
}

void print(const Scores& scores) {
  std::printf("%llu texts\n\n", static_cast<unsigned long long>(scores.texts()));
  std::printf("| %-28s | %6s | %6s | %6s | %5s | %5s | %5s | %5s |\n", "type", "found", "false", "missed", "prec.",
              "rec.", "F1", "F2");
  std::printf("|---|---|---|---|---|---|---|---|\n");
  for (const auto& [kind, score] : scores.kinds()) print_row(kind, score);
  print_row("structured", scores.structured());
  print_row("overall", scores.overall());
  if (scores.of_texts()) std::printf("\nfalse alarms: %.4f of the texts without\n", false_alarms(scores));
  if (!scores.confusion().empty()) std::printf("\n");
  for (const auto& [pair, count] : scores.confusion()) {
    std::printf("%s: %llu\n", pair.c_str(), static_cast<unsigned long long>(count));
  }
}

int eval(const EvalOptions& options, bool json) {
  const auto rules = compile(options.rules);
  if (!rules) return report(rules.error(), json);
  const auto scanner = inspect::Scanner::create(*rules);
  if (!scanner) return report(scanner.error(), json);
  Evaluation evaluation{.scanner = **scanner, .options = options, .scores = {}, .matches = {}};
  auto done = options.format == "presidio" ? evaluate_presidio(evaluation) : evaluate_lines(evaluation);
  if (!done) return report(done.error(), json);
  if (evaluation.scores.texts() == 0) return report(Error(Errc::kNotFound, "nothing to evaluate"), json);
  json ? print_json(evaluation.scores) : print(evaluation.scores);
  return kSuccess;
}

}  // namespace

Run add_eval(CLI::App& verb, Common& common) {
  auto options = std::make_shared<EvalOptions>();
  verb.add_flag("--json", common.json, "answer in JSON");
  verb.add_option("file", options->file, "the texts (default, or `-`: standard input)");
  verb.add_option("--format", options->format, "presidio, or jsonl")
      ->capture_default_str()
      ->check(CLI::IsMember({"presidio", "jsonl"}));
  verb.add_option("--half", options->half, "only texts of templates (or lines) with an even, or odd, number")
      ->check(CLI::IsMember({"even", "odd"}));
  add_rule_options(verb, options->rules);
  return [options, &common] { return eval(*options, common.json); };
}

}  // namespace redoubt::app::inspect_verbs
