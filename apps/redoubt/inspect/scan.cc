// `redoubt inspect scan`, `redact` and `explain`.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "encoding/json_reader.h"
#include "inspect/redact.h"
#include "inspect/scanner.h"
#include "redoubt/inspect/commands.h"
#include "redoubt/inspect/inputs.h"

namespace redoubt::app::inspect_verbs {
namespace {

struct ScanOptions {
  std::string file;
  std::string field;  // of each line of JSON
  RuleOptions rules;
};

// Matches as JSON, while they come: `{"matches":[…],"injection":0.85}`.
class MatchObject {
 public:
  explicit MatchObject(bool why) : why_(why), json_(out_) {
    json_.begin_object();
    json_.key("matches");
    json_.begin_array();
  }
  void add(const inspect::Match& match) {
    json_.begin_object();
    json_.member("kind", match.kind);
    json_.member("start", match.span.begin_points);
    json_.member("end", match.span.end_points);
    write_number(json_, "confidence", static_cast<double>(match.confidence));
    if (why_) add_why(match);
    json_.end_object();
    // As surely as the surest match that speaks of an attack.
    if (match.family == inspect::Family::kAttack) {
      injection_ = std::max(injection_, static_cast<double>(match.confidence));
    }
  }
  void end(const char* error) {
    json_.end_array();
    write_number(json_, "injection", injection_);
    if (error != nullptr) json_.member("error", error);
    json_.end_object();
    out_ += '\n';
  }
  // Writes what there is until now.
  void print() {
    std::fwrite(out_.data(), 1, out_.size(), stdout);
    out_.clear();
  }

 private:
  void add_why(const inspect::Match& match) {
    json_.member("family", inspect::to_string(match.family));
    json_.member("start_bytes", match.span.begin_bytes);
    json_.member("end_bytes", match.span.end_bytes);
    json_.member("rule", match.why.rule);
    if (!match.why.check.empty()) json_.member("check", match.why.check);
    if (!match.why.context.empty()) json_.member("context", match.why.context);
    if (match.why.decoded[0] == inspect::Encoding::kPlain) return;
    json_.key("decoded");
    json_.begin_array();
    for (const inspect::Encoding encoding : match.why.decoded) {
      if (encoding != inspect::Encoding::kPlain) json_.value(inspect::to_string(encoding));
    }
    json_.end_array();
  }

  bool why_;
  double injection_ = 0;
  std::string out_;
  encoding::JsonWriter json_;
};

// One line out for each line in, whatever is in it.
Result<bool> scan_lines(inspect::Scanner& scanner, const ScanOptions& options) {
  encoding::JsonReader reader({.max_bytes = std::size_t{64} << 20, .max_depth = 64});
  std::vector<inspect::Match> matches;
  bool all_read = true;
  auto done = each_line(options.file, [&](std::string_view line) -> Result<> {
    matches.clear();
    const char* error = nullptr;
    const auto root = reader.parse(line);
    std::string_view text;
    if (!root) {
      error = "no JSON";
    } else if (root->at_key(options.field).get(text) != simdjson::SUCCESS) {
      error = "no such text";
    } else if (auto scanned = scanner.scan(text, matches); !scanned) {
      return scanned;
    }
    all_read = all_read && error == nullptr;
    MatchObject object(false);
    for (const inspect::Match& match : matches) object.add(match);
    object.end(error);
    object.print();
    return {};
  });
  if (!done) return done.error();
  return all_read;
}

void print_line(const inspect::Match& match, bool why) {
  if (why) {
    std::printf("%s\n", inspect::explain(match).c_str());
  } else {
    std::printf("%llu-%llu\t%.*s\t%.2f\n", static_cast<unsigned long long>(match.span.begin_points),
                static_cast<unsigned long long>(match.span.end_points), static_cast<int>(match.kind.size()),
                match.kind.data(), static_cast<double>(match.confidence));
  }
}

// In pieces, and printed as it goes, so that memory does not grow with the text.
Result<> scan_text(std::shared_ptr<const inspect::Rules> rules, const std::string& file, bool json, bool why) {
  auto stream = inspect::StreamScanner::create(std::move(rules));
  if (!stream) return stream.error();
  MatchObject object(why);
  std::vector<inspect::Match> matches;
  const auto print = [&] {
    for (const inspect::Match& match : matches) {
      json ? object.add(match) : print_line(match, why);
    }
    if (json) object.print();
    matches.clear();
  };
  auto done = each_piece(file, [&](std::string_view piece) {
    auto fed = (*stream)->feed(piece, matches);
    if (fed) print();
    return fed;
  });
  if (done) done = (*stream)->finish(matches);
  if (!done) return done;
  if (json) {
    for (const inspect::Match& match : matches) object.add(match);
    object.end(nullptr);
    object.print();
  } else {
    print();
  }
  return {};
}

int scan(const ScanOptions& options, bool json, bool why) {
  const auto rules = compile(options.rules);
  if (!rules) return report(rules.error(), json);
  if (options.field.empty()) {
    const auto done = scan_text(*rules, options.file, json, why);
    return done ? kSuccess : report(done.error(), json);
  }
  const auto scanner = inspect::Scanner::create(*rules);
  if (!scanner) return report(scanner.error(), json);
  const auto all_read = scan_lines(**scanner, options);
  if (!all_read) return report(all_read.error(), json);
  return *all_read ? kSuccess : kFailure;
}

int redact(const ScanOptions& options) {
  const auto rules = compile(options.rules);
  if (!rules) return report(rules.error(), false);
  const auto redactor = inspect::StreamRedactor::create(*rules);
  if (!redactor) return report(redactor.error(), false);
  std::string out;
  const auto print = [&] {
    std::fwrite(out.data(), 1, out.size(), stdout);
    out.clear();
  };
  auto done = each_piece(options.file, [&](std::string_view piece) {
    auto fed = (*redactor)->feed(piece, out);
    if (fed) print();
    return fed;
  });
  if (done) done = (*redactor)->finish(out);
  if (!done) return report(done.error(), false);
  print();
  return kSuccess;
}

std::shared_ptr<ScanOptions> add_options(CLI::App& verb) {
  auto options = std::make_shared<ScanOptions>();
  verb.add_option("file", options->file, "the text (default, or `-`: standard input)");
  add_rule_options(verb, options->rules);
  return options;
}

}  // namespace

Run add_scan(CLI::App& verb, Common& common) {
  const auto options = add_options(verb);
  verb.add_flag("--json", common.json, "answer in JSON");
  verb.add_option("--jsonl", options->field,
                  "each line is a JSON object; scan this member of it, answer in lines of JSON");
  return [options, &common] { return scan(*options, common.json, false); };
}

Run add_redact(CLI::App& verb, Common& /*common*/) {
  const auto options = add_options(verb);
  return [options] { return redact(*options); };
}

Run add_explain(CLI::App& verb, Common& common) {
  const auto options = add_options(verb);
  verb.add_flag("--json", common.json, "answer in JSON");
  return [options, &common] { return scan(*options, common.json, true); };
}

}  // namespace redoubt::app::inspect_verbs
