// `redoubt ledger conform DIR`: what others' implementations made, before ours.
#include <array>
#include <cstdio>
#include <filesystem>
#include <numeric>
#include <system_error>

#include "redoubt/commands.h"
#include "redoubt/conform/checks.h"

namespace redoubt::app {
namespace {

using conform::DataSet;

// Which checks a folder is for, by the beginning of its name.
struct Kind {
  std::string_view prefix;
  void (*check)(DataSet&);
};
constexpr std::array<Kind, 9> kKinds{{{"merkle-probes", conform::check_merkle_probes},
                                      {"rfc6962-", conform::check_tree_vectors},
                                      {"ed25519-cctv", conform::check_ed25519_vectors},
                                      {"c2sp-examples", conform::check_c2sp_examples},
                                      {"tessera-log-", conform::check_tessera_log},
                                      {"skylight-mirror-", conform::check_mirror},
                                      {"navigli", conform::check_static_ct_log},
                                      {"rekor2-", conform::check_rekor_bundles},
                                      {"witness-add-checkpoint", conform::check_witness_cases}}};

void check(DataSet& set) {
  for (const Kind& kind : kKinds) {
    if (set.name().starts_with(kind.prefix)) kind.check(set);
  }
  set.finish();  // of a folder of no known kind every file fails
}

struct Outcome {
  std::vector<DataSet> sets;
  std::vector<std::string> strays;  // what lies beside the sets and is none

  std::uint64_t passed() const {
    return std::accumulate(sets.begin(), sets.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const DataSet& set) { return sum + set.passed(); });
  }
  std::uint64_t failed() const {
    return std::accumulate(sets.begin(), sets.end(), std::uint64_t{strays.size()},
                           [](std::uint64_t sum, const DataSet& set) { return sum + set.failed(); });
  }
};

Result<Outcome> check_all(FileSystem& fs, const std::string& folder) {
  const auto names = fs.list(folder);
  if (!names) return names.error().in(folder);
  Outcome outcome;
  for (const std::string& name : *names) {
    std::error_code failed;
    if (std::filesystem::is_directory(folder + "/" + name, failed)) {
      auto set = DataSet::open(fs, folder + "/" + name, name);
      if (!set) return set.error();
      outcome.sets.push_back(*std::move(set));
      check(outcome.sets.back());
    } else if (!conform::is_documentation(name)) {
      outcome.strays.push_back(name + ": not understood: not a folder of data");
    }
  }
  if (outcome.sets.empty()) outcome.strays.push_back(folder + ": no folder of data here");
  return outcome;
}

std::string counts(std::uint64_t passed, std::uint64_t failed) {
  return std::to_string(passed) + " passed, " + std::to_string(failed) + " failed";
}

void print_lines(const Outcome& outcome) {
  for (const DataSet& set : outcome.sets) {
    for (const std::string& note : set.notes()) std::printf("note    %s\n", note.c_str());
    for (const std::string& failure : set.failures()) std::printf("failed  %s\n", failure.c_str());
    std::printf("%s  %s\n", set.name().c_str(), counts(set.passed(), set.failed()).c_str());
  }
  for (const std::string& stray : outcome.strays) std::printf("failed  %s\n", stray.c_str());
  std::printf("%s\n", counts(outcome.passed(), outcome.failed()).c_str());
}

void member(encoding::JsonWriter& json, std::string_view name, const std::vector<std::string>& lines) {
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
  json.key("folders");
  json.begin_array();
  for (const DataSet& set : outcome.sets) {
    json.begin_object();
    json.member("name", set.name());
    json.member("passed", set.passed());
    json.member("failed", set.failed());
    member(json, "failures", set.failures());
    member(json, "notes", set.notes());
    json.end_object();
  }
  json.end_array();
  member(json, "strays", outcome.strays);
  json.end_object();
  std::printf("%s\n", out.c_str());
}

}  // namespace

int run_ledger_conform(const Common& common, const std::string& folder) {
  PosixFileSystem fs;
  const auto outcome = check_all(fs, folder);
  if (!outcome) return report(outcome.error(), common.json);
  common.json ? print_json(*outcome) : print_lines(*outcome);
  return outcome->failed() == 0 ? kSuccess : kAnswerIsNo;
}

}  // namespace redoubt::app
