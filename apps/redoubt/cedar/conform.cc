// `redoubt policy conform DIR`: what Cedar publishes to test implementations with, before ours.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <numeric>

#include "base/file.h"
#include "redoubt/cedar/commands.h"
#include "redoubt/cedar/conformance.h"
#include "redoubt/cedar/inputs.h"

namespace redoubt::app::cedar {
namespace {

constexpr std::uint64_t kMaxArchiveBytes = std::uint64_t{1} << 30;

void check_folder(const std::string& folder, const std::string& name, Tally& tally) {
  // From above, for what cases name lies beside the set, too.
  const auto tree = open_folder(folder);
  if (!tree) return tally.record(name, tree.error());
  const std::string below = name + "/";
  name == "cedar-example-use-cases" ? check_applications(**tree, below, tally) : check_cases(**tree, below, tally);
}

void check_archive(const std::string& folder, const std::string& name, Tally& tally) {
  PosixFileSystem fs;
  const auto bytes = read_file(fs, folder + "/" + name, kMaxArchiveBytes);
  if (!bytes) return tally.record(name, bytes.error());
  const auto tree = read_archive(*bytes);
  if (!tree) return tally.record(name, tree.error());
  check_cases(**tree, "", tally);
}

struct Outcome {
  std::vector<Tally> sets;
  std::vector<std::string> notes;

  std::uint64_t passed() const {
    return std::accumulate(sets.begin(), sets.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const Tally& set) { return sum + set.passed; });
  }
  std::uint64_t failed() const {
    return std::accumulate(sets.begin(), sets.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const Tally& set) { return sum + set.failures.size(); });
  }
};

Result<Outcome> check_all(const std::string& folder) {
  PosixFileSystem fs;
  const auto names = fs.list(folder);
  if (!names) return names.error().in(folder);
  Outcome outcome;
  for (const std::string& name : *names) {
    std::error_code unknown;
    const bool is_folder = std::filesystem::is_directory(folder + "/" + name, unknown);
    const bool corpus = name.starts_with("corpus-tests");
    Tally tally{.name = name, .passed = 0, .failures = {}, .notes = {}};
    if (is_folder && (corpus || name == "tests" || name == "cedar-example-use-cases")) {
      check_folder(folder, name, tally);
    } else if (corpus && name.ends_with(".tar.gz")) {
      check_archive(folder, name, tally);
    } else {
      if (name != "sample-data") outcome.notes.push_back(name + " is no set of tests");  // cases name its files
      continue;
    }
    if (tally.passed == 0 && tally.failures.empty()) tally.record(name, Error(Errc::kNotFound, "nothing to check"));
    outcome.sets.push_back(std::move(tally));
  }
  if (outcome.sets.empty()) {
    return Error(Errc::kNotFound,
                 "no folder `tests`, `cedar-example-use-cases` or `corpus-tests…`, and no archive "
                 "`corpus-tests….tar.gz`, in `" +
                     folder + "`");
  }
  return outcome;
}

std::string counts(std::uint64_t passed, std::uint64_t failed) {
  return std::to_string(passed) + " passed, " + std::to_string(failed) + " failed";
}

void print_lines(const Outcome& outcome) {
  for (const std::string& note : outcome.notes) std::printf("note    %s\n", note.c_str());
  for (const Tally& set : outcome.sets) {
    for (const std::string& note : set.notes) std::printf("note    %s\n", note.c_str());
    for (const std::string& failure : set.failures) std::printf("failed  %s\n", failure.c_str());
    std::printf("%s  %s\n", set.name.c_str(), counts(set.passed, set.failures.size()).c_str());
  }
  std::printf("%s\n", counts(outcome.passed(), outcome.failed()).c_str());
}

void write_lines(encoding::JsonWriter& json, std::string_view name, const std::vector<std::string>& lines) {
  json.key(name);
  json.begin_array();
  for (const std::string& line : lines) json.value(line);
  json.end_array();
}

void print_json(const Outcome& outcome) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("ok", outcome.failed() == 0);
  json.member("passed", outcome.passed());
  json.member("failed", outcome.failed());
  json.key("sets");
  json.begin_array();
  for (const Tally& set : outcome.sets) {
    json.begin_object();
    json.member("name", set.name);
    json.member("passed", set.passed);
    json.member("failed", set.failures.size());
    write_lines(json, "failures", set.failures);
    write_lines(json, "notes", set.notes);
    json.end_object();
  }
  json.end_array();
  write_lines(json, "notes", outcome.notes);
  json.end_object();
  std::printf("%s\n", out.c_str());
}

}  // namespace

Run add_conform(CLI::App& verb, Common& common) {
  auto folder = std::make_shared<std::string>();
  add_json(verb, common);
  verb.add_option("folder", *folder, "folder with tests/, cedar-example-use-cases/ or corpus-tests… in it")->required();
  return [folder, &common]() -> int {
    const auto outcome = check_all(*folder);
    if (!outcome) return app::report(outcome.error(), common.json);
    common.json ? print_json(*outcome) : print_lines(*outcome);
    return outcome->failed() == 0 ? kSuccess : kAnswerIsNo;
  };
}

}  // namespace redoubt::app::cedar
