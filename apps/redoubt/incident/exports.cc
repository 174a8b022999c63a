// `redoubt incident share|export`: an incident for people and systems elsewhere.
#include <cstdio>
#include <memory>
#include <string>

#include "base/file.h"
#include "redoubt/incident/server_verbs.h"

namespace redoubt::app {
namespace {

using simdjson::dom::object;

struct ExportOptions {
  std::string id;
  std::string output;
  bool ocsf = false;

  std::string path() const { return "/incidents/" + path_segment(id); }
};

// To the file, or to standard output.
Result<> put(const ExportOptions& options, const std::string& text) {
  if (options.output.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return {};
  }
  PosixFileSystem fs;
  return write_file_atomically(fs, options.output, as_bytes(text));
}

// The pages of what the server shares as one document.
Result<> share(AdminSession& session, const ExportOptions& options) {
  std::string document;
  std::string items;
  std::string cursor;
  do {
    const auto page =
        session.client().get(AdminSession::query(options.path() + "/share", {{"limit", "200"}, {"cursor", cursor}}));
    if (!page) return page.error();
    const auto answer = session.object_of(*page);
    if (!answer) return answer.error();
    simdjson::dom::array facts;
    if ((*answer)["items"].get(facts) != simdjson::SUCCESS) {
      return Error(Errc::kMalformed, "the server's answer is not a list");
    }
    for (const simdjson::dom::element fact : facts) {
      items.append(items.empty() ? "\n" : ",\n").append(simdjson::minify(fact));
    }
    if (document.empty()) {
      encoding::JsonWriter json(document);
      json.begin_object();
      json.member("incident", encoding::string_member(*answer, "incident"));
      json.member("origin", encoding::string_member(*answer, "origin"));
    }
    cursor = encoding::string_member(*answer, "next");
  } while (!cursor.empty());
  return put(options, document + ",\"items\":[" + items + "\n]}\n");
}

// An event a line.
Result<> as_ocsf(AdminSession& session, const ExportOptions& options) {
  std::string lines;
  const auto done = session.client().each(options.path() + "/export?format=ocsf", [&](const object& event) {
    lines.append(simdjson::minify(event)).append("\n");
  });
  if (!done) return done;
  return put(options, lines);
}

}  // namespace

void add_export_verbs(CLI::App& incident, AdminCommands& commands) {
  const auto options = std::make_shared<ExportOptions>();
  const auto add = [&](CLI::App* command) {
    command->add_option("id", options->id, "the incident")->required();
    command->add_option("--output", options->output, "file to write (default: standard output)");
    return command;
  };
  add(commands.add(incident, "share",
                   "give an incident to somebody who can verify it: facts and proofs, nothing opened",
                   [options](AdminSession& session) { return share(session, *options); }));
  add(commands.add(incident, "export", "give an incident to another system: events, one a line",
                   [options](AdminSession& session) { return as_ocsf(session, *options); }))
      ->add_flag("--ocsf", options->ocsf, "as OCSF 1.8.0")
      ->required();
}

}  // namespace redoubt::app
