// `redoubt incident exercise`: a playbook run on a simulated incident, and the review of that; `redoubt incident
// drill`: the same in a running server.
#include "incident/exercise.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "encoding/json_writer.h"
#include "incident/rehearsal.h"
#include "redoubt/administer/bodies.h"
#include "redoubt/incident/commands.h"
#include "redoubt/incident/server_verbs.h"

namespace redoubt::app {
namespace {

struct ExerciseOptions {
  std::string file;
  std::string playbook;
  std::string name = "unnamed";
  bool html = false;
};

struct Done {
  incident::Review review;
  std::string text;
};

Result<incident::Playbook> playbook_of(const ExerciseOptions& options) {
  PosixFileSystem fs;
  const auto text = read_file(fs, options.file, incident::kPlaybookFileMax);
  if (!text) return text.error();
  auto playbooks = incident::read_playbooks(options.file, as_chars(*text));
  if (!playbooks) return playbooks.error();
  if (options.playbook.empty() && playbooks->size() == 1) return std::move(playbooks->front());
  for (incident::Playbook& each : *playbooks) {
    if (each.name == options.playbook) return std::move(each);
  }
  if (!options.playbook.empty()) return Error(Errc::kNotFound, "there is no playbook `" + options.playbook + "`");
  return Error(Errc::kInvalidArgument, "the file holds several playbooks: say which by `--playbook`");
}

Result<Done> exercise(const ExerciseOptions& options) {
  const auto playbook = playbook_of(options);
  if (!playbook) return playbook.error();
  const auto made = incident::make_exercise(*playbook, options.name, SystemClock().now());
  if (!made) return made.error();
  incident::PlainSurroundings nobody;
  auto rehearsal = incident::Rehearsal::create({made->playbook}, nobody, incident::Rehearsal::Keep::kFacts);
  if (!rehearsal) return rehearsal.error();
  if (auto done = (*rehearsal)->take(made->signal); !done) return done.error();
  const auto incidents = (*rehearsal)->incidents();
  if (!incidents) return incidents.error();
  if (incidents->empty()) return Error(Errc::kUnavailable, "the exercise opened no incident");
  const auto laws = incident::read_regimes("regimes.yaml", incident::shipped_regimes());
  if (!laws) return laws.error();
  auto review = (*rehearsal)->review(incidents->front().id, *laws);
  if (!review) return review.error();
  const incident::Document document = document_of(*review);
  std::string text = options.html ? to_html(document) : to_markdown(document);
  return Done{.review = *std::move(review), .text = std::move(text)};
}

int run(const ExerciseOptions& options, bool json) {
  const auto done = exercise(options);
  if (!done) return report(done.error(), json);
  if (json) {
    std::string out;
    encoding::JsonWriter writer(out);
    writer.begin_object();
    writer.member("ok", true);
    writer.member("exercise", true);
    writer.member("incident", done->review.incident.id);
    writer.key("responses");
    writer.begin_array();
    for (const incident::Response& each : done->review.responses) {
      writer.begin_object();
      writer.member("effect", to_string(each.action.effect));
      writer.member("target", each.action.target.text());
      writer.member("status", to_string(each.status));
      writer.end_object();
    }
    writer.end_array();
    writer.member("review", done->text);
    writer.end_object();
    std::printf("%s\n", out.c_str());
  } else {
    std::fwrite(done->text.data(), 1, done->text.size(), stdout);
  }
  return kSuccess;
}

}  // namespace

void add_exercise_command(CLI::App& incident, Common& common, int& status) {
  auto* const verb = incident.add_subcommand("exercise", "run a playbook on a simulated incident; nothing is enforced");
  const auto options = std::make_shared<ExerciseOptions>();
  verb->add_option("FILE", options->file, "the playbook's file")->required();
  verb->add_option("--playbook", options->playbook, "which one, when the file holds several");
  verb->add_option("--name", options->name, "of the exercise: 1 to 64 of a-z 0-9 -")->capture_default_str();
  verb->add_flag("--html", options->html, "the review as HTML; without it as Markdown");
  verb->add_flag("--json", common.json, "answer in JSON");
  verb->callback([&common, &status, options] { status = run(*options, common.json); });
}

void add_drill_verb(CLI::App& incident, AdminCommands& commands) {
  const auto options = std::make_shared<ExerciseOptions>();
  auto* const verb = commands.add_change(
      incident, "drill", "run a playbook on a simulated incident in the server: people are told, nothing is enforced",
      [options](AdminSession& session) {
        std::string body;
        encoding::JsonWriter json(body);
        json.begin_object();
        json.member("playbook", options->playbook);
        json.member("name", options->name);
        json.end_object();
        return session.create("/exercises", std::move(body));
      });
  verb->add_option("playbook", options->playbook, "of the bundle in force")->required();
  verb->add_option("--name", options->name, "of the exercise: 1 to 64 of a-z 0-9 -; another one each time")->required();
}

}  // namespace redoubt::app
