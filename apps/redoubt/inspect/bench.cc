// `redoubt inspect bench`: how fast texts are scanned, here.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>

#include "encoding/json_reader.h"
#include "inspect/scanner.h"
#include "redoubt/inspect/commands.h"
#include "redoubt/inspect/inputs.h"

namespace redoubt::app::inspect_verbs {
namespace {

using Clock = std::chrono::steady_clock;

// Of this thread: what else the machine does is not counted.
double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

struct BenchOptions {
  std::string file;
  std::string field;  // of each line of JSON
  double seconds = 1;
  std::size_t chat_bytes = 700;
  std::size_t text_bytes = 4096;
  RuleOptions rules;
};

struct Figures {
  std::size_t texts = 0;
  std::size_t matches = 0;
  double mb_per_s = 0;
  double us_per_text = 0;
};

// Prose and numbers as a chat has them, for when no file is given.
std::string made_up_text() {
  std::string out;
  for (int i = 0; i < 400; ++i) {
    out += "Could you compare the two proposals that were sent round last week, and say which one costs less over " +
           std::to_string(3 + i % 7) + " years? ";
    out += "The team would rather keep the schedule as it is, since moving it would affect everybody else. ";
    if (i % 9 == 0)
      out += "Call +44 20 7946 0" + std::to_string(100 + i % 900) + " or write to team" + std::to_string(i) +
             "@example.com. ";
    if (i % 17 == 0) out += "The invoice goes to card 4111 1111 1111 1111, please. ";
  }
  return out;
}

std::vector<std::string_view> cut(std::string_view text, std::size_t size) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at + size <= text.size(); at += size) out.push_back(text.substr(at, size));
  if (out.empty()) out.push_back(text);
  return out;
}

// One text of each line.
Result<std::vector<std::string>> read_texts(const std::string& file, const std::string& field) {
  std::vector<std::string> out;
  encoding::JsonReader reader({.max_bytes = std::size_t{64} << 20, .max_depth = 64});
  auto done = each_line(file, [&](std::string_view line) -> Result<> {
    const auto root = reader.parse(line);
    if (!root) return root.error();
    std::string_view text;
    if (root->at_key(field).get(text) != simdjson::SUCCESS) {
      return Error(Errc::kMalformed, "line " + std::to_string(out.size() + 1) + " has no text `" + field + "`");
    }
    out.emplace_back(text);
    return {};
  });
  if (!done) return done.error();
  if (out.empty()) return Error(Errc::kInvalidArgument, "`" + file + "` has no texts");
  return out;
}

// The median of rounds over all texts, in processor time.
Result<Figures> measure(inspect::Scanner& scanner, const std::vector<std::string_view>& texts, double seconds) {
  Figures out{.texts = texts.size()};
  std::size_t bytes = 0;
  for (const std::string_view text : texts) bytes += text.size();
  std::vector<inspect::Match> matches;
  std::vector<double> rounds;
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  do {
    out.matches = 0;
    const double began = cpu_seconds();
    for (const std::string_view text : texts) {
      matches.clear();
      if (auto done = scanner.scan(text, matches); !done) return done.error();
      out.matches += matches.size();
    }
    rounds.push_back(cpu_seconds() - began);
  } while (Clock::now() < end || rounds.size() < 3);
  std::sort(rounds.begin(), rounds.end());
  const double median = rounds[rounds.size() / 2];
  out.mb_per_s = static_cast<double>(bytes) / median / 1e6;
  out.us_per_text = median * 1e6 / static_cast<double>(texts.size());
  return out;
}

// How much of a stream that comes in small pieces is held back.
struct Lag {
  std::uint64_t median_bytes = 0;
  std::uint64_t max_bytes = 0;
};

Result<Lag> measure_lag(std::shared_ptr<const inspect::Rules> rules, std::string_view text) {
  constexpr std::size_t kPiece = 20;
  constexpr std::size_t kEnough = 400'000;
  text = text.substr(0, kEnough);
  const auto stream = inspect::StreamScanner::create(std::move(rules));
  if (!stream) return stream.error();
  std::vector<inspect::Match> matches;
  std::vector<std::uint64_t> lags;
  for (std::size_t at = 0; at < text.size(); at += kPiece) {
    matches.clear();
    if (auto done = (*stream)->feed(text.substr(at, kPiece), matches); !done) return done.error();
    lags.push_back(std::min(at + kPiece, text.size()) - (*stream)->decided_bytes());
  }
  std::sort(lags.begin(), lags.end());
  return lags.empty() ? Lag{} : Lag{.median_bytes = lags[lags.size() / 2], .max_bytes = lags.back()};
}

void write_figures(encoding::JsonWriter& json, std::string_view name, const Figures& figures) {
  json.key(name);
  json.begin_object();
  json.member("texts", figures.texts);
  json.member("matches", figures.matches);
  write_number(json, "mb_per_s", figures.mb_per_s, 1);
  write_number(json, "us_per_text", figures.us_per_text, 3);
  json.end_object();
}

void print(const char* what, std::size_t bytes, const Figures& figures) {
  std::printf("%-6s of %5zu bytes  %8.1f MB/s  %8.3f us each, of one core  (%zu texts, %zu matches)\n", what, bytes,
              figures.mb_per_s, figures.us_per_text, figures.texts, figures.matches);
}

// Texts as they are, rather than pieces of one.
int bench_lines(inspect::Scanner& scanner, const BenchOptions& options, bool json) {
  const auto texts = read_texts(options.file, options.field);
  if (!texts) return report(texts.error(), json);
  std::size_t bytes = 0;
  for (const std::string& text : *texts) bytes += text.size();
  const auto figures = measure(scanner, {texts->begin(), texts->end()}, options.seconds);
  if (!figures) return report(figures.error(), json);
  if (json) {
    std::string out;
    encoding::JsonWriter writer(out);
    writer.begin_object();
    writer.member("ok", true);
    write_figures(writer, "texts", *figures);
    writer.end_object();
    std::printf("%s\n", out.c_str());
  } else {
    print("texts", bytes / texts->size(), *figures);
  }
  return kSuccess;
}

int bench(const BenchOptions& options, bool json) {
  const auto began = Clock::now();
  const auto rules = compile(options.rules);
  if (!rules) return report(rules.error(), json);
  const double compile_ms = std::chrono::duration<double, std::milli>(Clock::now() - began).count();
  const auto scanner = inspect::Scanner::create(*rules);
  if (!scanner) return report(scanner.error(), json);
  if (!options.field.empty()) return bench_lines(**scanner, options, json);
  std::string text = made_up_text();
  if (!options.file.empty()) {
    auto read = read_text(options.file);
    if (!read) return report(read.error(), json);
    text = *std::move(read);
  }
  const auto long_ones = measure(**scanner, cut(text, options.text_bytes), options.seconds);
  if (!long_ones) return report(long_ones.error(), json);
  const auto chats = measure(**scanner, cut(text, options.chat_bytes), options.seconds);
  if (!chats) return report(chats.error(), json);
  const auto lag = measure_lag(*rules, text);
  if (!lag) return report(lag.error(), json);
  if (json) {
    std::string out;
    encoding::JsonWriter writer(out);
    writer.begin_object();
    writer.member("ok", true);
    writer.member("rules", (*rules)->list().size());
    writer.member("hold_back_bytes", (*rules)->hold_back_bytes());
    write_number(writer, "compile_ms", compile_ms, 1);
    write_figures(writer, "texts", *long_ones);
    write_figures(writer, "chats", *chats);
    writer.key("held_back_bytes");
    writer.begin_object();
    writer.member("median", lag->median_bytes);
    writer.member("max", lag->max_bytes);
    writer.end_object();
    writer.end_object();
    std::printf("%s\n", out.c_str());
    return kSuccess;
  }
  std::printf("rules   %zu, compiled in %.0f ms; a stream is held back by %zu bytes at most\n", (*rules)->list().size(),
              compile_ms, (*rules)->hold_back_bytes());
  print("texts", options.text_bytes, *long_ones);
  print("chats", options.chat_bytes, *chats);
  std::printf("stream in pieces of 20 bytes: %llu bytes are held back (median; %llu at most)\n",
              static_cast<unsigned long long>(lag->median_bytes), static_cast<unsigned long long>(lag->max_bytes));
  return kSuccess;
}

}  // namespace

Run add_bench(CLI::App& verb, Common& common) {
  auto options = std::make_shared<BenchOptions>();
  verb.add_flag("--json", common.json, "answer in JSON");
  verb.add_option("file", options->file, "text to scan in pieces (default: a made-up one)");
  verb.add_option("--jsonl", options->field, "each line is a JSON object; measure with this member of them as texts");
  verb.add_option("--seconds", options->seconds, "how long to measure each")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 3600.0));
  verb.add_option("--text-bytes", options->text_bytes, "size of a text")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  verb.add_option("--chat-bytes", options->chat_bytes, "size of a chat")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  add_rule_options(verb, options->rules);
  return [options, &common] { return bench(*options, common.json); };
}

}  // namespace redoubt::app::inspect_verbs
