// `redoubt incident playbook check`, `test` and `dry-run`: what is to be done about alerts, tried before it is in
// force.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "behaviour/signal_reader.h"
#include "encoding/json_writer.h"
#include "incident/playbook.h"
#include "incident/playbook_tests.h"
#include "incident/rehearsal.h"
#include "redoubt/incident/commands.h"
#include "redoubt/inspect/inputs.h"

namespace redoubt::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTests = ".tests.yaml";
constexpr std::size_t kFilesMax = 1000;

struct Options {
  std::vector<std::string> paths;
  std::string signals = "-";
};

struct PlaybookFile {
  std::string path;
  std::vector<incident::Playbook> playbooks;
};

Result<std::string> text_of(const std::string& path) {
  PosixFileSystem files;
  auto bytes = read_file(files, path, incident::kPlaybookFileMax);
  if (!bytes) return bytes.error();
  return std::string(as_chars(*bytes));
}

// `*.yaml` of folders, and files; not those of tests.
Result<std::vector<std::string>> files_in(const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      out.push_back(path);
      continue;
    }
    for (const auto& entry : fs::directory_iterator(path, error)) {
      const std::string name = entry.path().string();
      if (name.ends_with(".yaml") && !name.ends_with(kTests)) out.push_back(name);
    }
    if (error) return Error(Errc::kIo, "`" + path + "` cannot be read: " + error.message());
  }
  std::sort(out.begin(), out.end());
  if (out.empty()) return Error(Errc::kNotFound, "there are no playbooks");
  if (out.size() > kFilesMax) return Error(Errc::kTooLarge, "more than " + std::to_string(kFilesMax) + " files");
  return out;
}

Result<std::vector<PlaybookFile>> read(const std::vector<std::string>& paths) {
  const auto files = files_in(paths);
  if (!files) return files.error();
  std::vector<PlaybookFile> out;
  for (const std::string& path : *files) {
    const auto text = text_of(path);
    if (!text) return text.error();
    auto playbooks = incident::read_playbooks(path, *text);
    if (!playbooks) return playbooks.error();
    for (const incident::Playbook& each : *playbooks) {
      for (const PlaybookFile& other : out) {
        const bool twice = std::any_of(other.playbooks.begin(), other.playbooks.end(),
                                       [&](const incident::Playbook& there) { return there.name == each.name; });
        if (twice) {
          return Error(Errc::kInvalidArgument,
                       "the playbook `" + each.name + "` stands in `" + other.path + "` and in `" + path + "`");
        }
      }
    }
    out.push_back({.path = path, .playbooks = *std::move(playbooks)});
  }
  return out;
}

// What is wrong with a playbook is the answer no.
int refused(const Error& error, bool json) {
  const int status = report(error, json);
  return error.code() == Errc::kInvalidArgument || error.code() == Errc::kMalformed ||
                 error.code() == Errc::kUnsupported
             ? kAnswerIsNo
             : status;
}

int check(const Options& options, bool json) {
  const auto files = read(options.paths);
  if (!files) return refused(files.error(), json);
  std::size_t playbooks = 0;
  std::size_t rehearsed = 0;
  for (const PlaybookFile& file : *files) {
    for (const incident::Playbook& each : file.playbooks) {
      ++playbooks;
      rehearsed += each.rehearse ? 1 : 0;
    }
  }
  if (json) {
    std::string out;
    encoding::JsonWriter writer(out);
    writer.begin_object();
    writer.member("ok", true);
    writer.member("files", files->size());
    writer.member("playbooks", playbooks);
    writer.member("rehearsed", rehearsed);
    writer.end_object();
    std::printf("%s\n", out.c_str());
  } else {
    std::printf("%zu playbooks in %zu files, %zu of them rehearsed\n", playbooks, files->size(), rehearsed);
  }
  return kSuccess;
}

int test(const Options& options, bool json) {
  const auto files = read(options.paths);
  if (!files) return refused(files.error(), json);
  std::size_t cases = 0;
  std::size_t failures = 0;
  std::string out;
  encoding::JsonWriter writer(out);
  writer.begin_object();
  writer.key("cases");
  writer.begin_array();
  for (const PlaybookFile& file : *files) {
    const std::string path =
        file.path.substr(0, file.path.size() - std::string_view(".yaml").size()) + std::string(kTests);
    const auto text = text_of(path);
    if (!text && text.error().code() != Errc::kNotFound) return refused(text.error(), json);
    std::vector<incident::PlaybookCaseResult> results;
    if (text) {
      auto run = incident::run_playbook_tests(file.playbooks, path, *text);
      if (!run) return refused(run.error(), json);
      results = *std::move(run);
    } else {
      results.push_back({.name = "", .problem = "there are no tests beside it"});
    }
    for (const incident::PlaybookCaseResult& result : results) {
      ++cases;
      failures += result.problem.empty() ? 0 : 1;
      if (!json && !result.problem.empty()) {
        std::printf("%s: `%s`: %s\n", file.path.c_str(), result.name.c_str(), result.problem.c_str());
      }
      writer.begin_object();
      writer.member("file", file.path);
      writer.member("name", result.name);
      writer.member("ok", result.problem.empty());
      if (!result.problem.empty()) writer.member("problem", result.problem);
      writer.end_object();
    }
  }
  writer.end_array();
  writer.member("ok", failures == 0);
  writer.end_object();
  if (json) {
    std::printf("%s\n", out.c_str());
  } else {
    std::printf("%zu cases of %zu files, %zu failures\n", cases, files->size(), failures);
  }
  return failures == 0 ? kSuccess : kAnswerIsNo;
}

void print(const std::vector<incident::Alert>& alerts, const std::vector<incident::Response>& responses,
           std::size_t signals, std::size_t incidents, bool json) {
  if (!json) {
    for (const incident::Response& each : responses) {
      std::printf("%s  %s%s%s\n", each.playbook.c_str(), incident::describe(each).c_str(), each.why.empty() ? "" : ": ",
                  each.why.c_str());
    }
    for (const incident::Alert& alert : alerts) {
      for (const std::string& each : alert.withheld) std::printf("not done  %s\n", each.c_str());
    }
    std::printf("%zu signals, %zu alerts, %zu incidents, %zu responses\n", signals, alerts.size(), incidents,
                responses.size());
    return;
  }
  std::string out;
  encoding::JsonWriter writer(out);
  writer.begin_object();
  writer.member("signals", signals);
  writer.member("alerts", alerts.size());
  writer.member("incidents", incidents);
  writer.key("responses");
  writer.begin_array();
  for (const incident::Response& each : responses) {
    writer.begin_object();
    writer.member("id", each.id);
    writer.member("playbook", each.playbook);
    writer.member("alert", each.alert);
    writer.member("effect", to_string(each.action.effect));
    writer.member("target", each.action.target.text());
    writer.member("status", to_string(each.status));
    writer.member("why", each.why);
    writer.member("started_ms", each.started.value);
    writer.member("for_ms", each.action.for_ms);
    writer.end_object();
  }
  writer.end_array();
  writer.key("withheld");
  writer.begin_array();
  for (const incident::Alert& alert : alerts) {
    for (const std::string& each : alert.withheld) writer.value(each);
  }
  writer.end_array();
  writer.end_object();
  std::printf("%s\n", out.c_str());
}

int dry_run(const Options& options, bool json) {
  auto files = read(options.paths);
  if (!files) return refused(files.error(), json);
  std::vector<incident::Playbook> playbooks;
  for (PlaybookFile& file : *files)
    std::move(file.playbooks.begin(), file.playbooks.end(), std::back_inserter(playbooks));
  incident::PlainSurroundings surroundings;
  auto rehearsal = incident::Rehearsal::create(std::move(playbooks), surroundings);
  if (!rehearsal) return report(rehearsal.error(), json);
  std::size_t signals = 0;
  const auto taken = inspect_verbs::each_line(options.signals, [&](std::string_view line) -> Result<> {
    const auto signal = behaviour::read_signal(line);
    if (!signal) return signal.error().in("line " + std::to_string(signals + 1));
    ++signals;
    return (*rehearsal)->take(*signal);
  });
  if (!taken) return report(taken.error(), json);
  if (auto done = (*rehearsal)->end(); !done) return report(done.error(), json);
  const auto alerts = (*rehearsal)->alerts();
  if (!alerts) return report(alerts.error(), json);
  const auto incidents = (*rehearsal)->incidents();
  if (!incidents) return report(incidents.error(), json);
  const auto responses = (*rehearsal)->responses();
  if (!responses) return report(responses.error(), json);
  print(*alerts, *responses, signals, incidents->size(), json);
  return kSuccess;
}

}  // namespace

void add_playbook_command(CLI::App& incident, Common& common, int& status) {
  auto* const playbook = incident.add_subcommand("playbook", "what is to be done about alerts");
  playbook->require_subcommand(1);
  const auto options = std::make_shared<Options>();
  const auto verb = [&, options](const char* name, const char* description, int (*run)(const Options&, bool)) {
    auto* const command = playbook->add_subcommand(name, description);
    command->add_option("PATH", options->paths, "playbooks, or folders of `*.yaml`")->required();
    command->add_flag("--json", common.json, "answer in JSON");
    command->callback([&common, &status, options, run] { status = run(*options, common.json); });
    return command;
  };
  verb("check", "whether playbooks say something that can be done", check);
  verb("test", "run the cases beside playbooks", test);
  verb("dry-run", "what playbooks would have done about signals", dry_run)
      ->add_option("--signals", options->signals, "lines of `redoubt behaviour replay`; `-`: standard input")
      ->capture_default_str();
}

}  // namespace redoubt::app
