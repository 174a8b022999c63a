// `redoubt incident list|show|timeline|assign|mark|note|merge|close`: cases, and what people do with them.
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "redoubt/administer/bodies.h"
#include "redoubt/administer/show.h"
#include "redoubt/incident/server_verbs.h"

namespace redoubt::app {
namespace {

using net::Method;
using simdjson::dom::object;

struct CaseOptions {
  std::string id;
  // list
  std::string status;
  std::string owner;
  std::string tenant;
  std::string order;
  // what is done
  bool nobody = false;
  std::string title;
  std::string text;
  std::string into;
  std::string cause;

  std::string path() const { return "/incidents/" + path_segment(id); }
};

std::string body_with(std::string_view name, std::string_view value) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member(name, value);
  json.end_object();
  return body;
}

std::string ownership(const CaseOptions& options) {
  return options.nobody ? R"({"owner":null})" : body_with("owner", options.owner);
}

std::string mark(const CaseOptions& options) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  if (!options.status.empty()) json.member("status", options.status);
  if (!options.title.empty()) json.member("title", options.title);
  json.end_object();
  return body;
}

// What belongs to an incident, in lists of their own; of each the newest.
struct Part {
  std::string_view name;
  std::string_view path;  // `{}`: the incident
  std::span<const std::string_view> columns;
};
constexpr std::string_view kAlertColumns[] = {"id", "raised", "severity", "rule", "key", "signals", "message"};
constexpr std::string_view kResponseColumns[] = {"id",    "status", "effect",   "target",
                                                 "until", "end",    "playbook", "reason"};
constexpr std::string_view kNoteColumns[] = {"time", "author", "text"};
constexpr std::string_view kNoticeColumns[] = {"time", "kind", "endpoint", "outcome", "attempts", "why"};
constexpr Part kParts[] = {
    {"alerts", "/alerts?limit=50&incident={}", kAlertColumns},
    {"responses", "/responses?limit=50&incident={}", kResponseColumns},
    {"notes", "/incidents/{}/notes?limit=50", kNoteColumns},
    {"notices", "/incidents/{}/notices", kNoticeColumns},
};

// A page as a table; nothing when it is empty.
Result<std::string> page_text(AdminSession& session, const Part& part, const AdminReply& reply) {
  const auto answer = session.object_of(reply);
  if (!answer) return answer.error();
  simdjson::dom::array items;
  if ((*answer)["items"].get(items) != simdjson::SUCCESS || items.size() == 0) return std::string();
  Table table({part.columns.begin(), part.columns.end()});
  for (const simdjson::dom::element item : items) {
    object row;
    if (item.get(row) == simdjson::SUCCESS) table.add(row);
  }
  const bool more = !encoding::string_member(*answer, "next").empty();
  return "\n" + std::string(part.name) + (more ? ", the newest\n" : "\n") + table.text();
}

// With `--json`, the pages as the server gives them.
Result<> show(AdminSession& session, const CaseOptions& options) {
  auto reply = session.client().get(options.path());
  if (!reply) return reply.error();
  const auto incident = session.object_of(*reply);
  if (!incident) return incident.error();
  std::string text;
  for (const auto& [name, value] : *incident) text += shown_member(name, value);
  std::string json = R"({"ok":true,"incident":)" + reply->body;
  for (const Part& part : kParts) {
    std::string path(part.path);
    path.replace(path.find("{}"), 2, path_segment(options.id));
    const auto page = session.client().get(path);
    if (!page) return page.error();
    const auto table = page_text(session, part, *page);
    if (!table) return table.error();
    text += *table;
    json.append(",\"").append(part.name).append("\":").append(page->body);
  }
  json += "}\n";
  const std::string& out = session.json() ? json : text;
  std::fwrite(out.data(), 1, out.size(), stdout);
  return {};
}

}  // namespace

void add_case_verbs(CLI::App& incident, AdminCommands& commands) {
  const auto options = std::make_shared<CaseOptions>();
  const auto add_id = [&](CLI::App* command) { command->add_option("id", options->id, "the incident")->required(); };
  // A verb that does something with an incident.
  const auto act = [&](const char* verb, const char* about, std::string (*body)(const CaseOptions&),
                       const std::string& name) {
    CLI::App* const command = commands.add_change(incident, verb, about, [options, body, name](AdminSession& session) {
      return session.change(Method::kPost, options->path(), name, body(*options));
    });
    add_id(command);
    return command;
  };
  const auto patch = [&](const char* verb, const char* about, std::string (*body)(const CaseOptions&)) {
    CLI::App* const command = commands.add_change(incident, verb, about, [options, body](AdminSession& session) {
      return session.patch(options->path(), [&](const object&) { return body(*options); });
    });
    add_id(command);
    return command;
  };

  auto* const list =
      commands.add(incident, "list", "list incidents, the newest first", [options](AdminSession& session) {
        return session.list(
            AdminSession::query("/incidents",
                                {{"status", options->status}, {"owner", options->owner}, {"tenant", options->tenant}}),
            {"id", "opened", "status", "owner", "tenant", "cause", "title"});
      });
  list->add_option("--status", options->status, "open, acknowledged, contained, closed or merged");
  list->add_option("--owner", options->owner, "taken by this one");
  list->add_option("--tenant", options->tenant, "of this tenant");

  add_id(commands.add(incident, "show", "show an incident, with its alerts, responses, notes and who was told",
                      [options](AdminSession& session) { return show(session, *options); }));

  auto* const timeline = commands.add(
      incident, "timeline", "list what happened in an incident, the oldest first", [options](AdminSession& session) {
        return session.list(
            AdminSession::query(options->path() + "/timeline", {{"order", options->order}}),
            {options->order == "discovery" ? "discovery_time" : "event_time", "what", "object", "actor", "text"});
      });
  add_id(timeline);
  timeline->add_option("--by", options->order, "when it was, or when it became known: event (default) or discovery")
      ->check(CLI::IsMember({"event", "discovery"}));

  auto* const assign = patch("assign", "say who takes an incident", ownership);
  auto* const whom = assign->add_option_group("whom", "one of these");
  whom->add_option("owner", options->owner, "who takes it");
  whom->add_flag("--nobody", options->nobody, "nobody any more");
  whom->require_option(1);

  auto* const marks = patch("mark", "say how an incident stands, or name it", mark);
  auto* const what = marks->add_option_group("what", "one of these, or both");
  what->add_option("--status", options->status, "open, acknowledged or contained")
      ->check(CLI::IsMember({"open", "acknowledged", "contained"}));
  what->add_option("--title", options->title, "what it is called");
  what->require_option(1, 2);

  act(
      "note", "write something about an incident", [](const CaseOptions& of) { return body_with("text", of.text); },
      "notes")
      ->add_option("text", options->text, "what to write; sealed in the ledger")
      ->required();
  act(
      "merge", "make an incident a part of another", [](const CaseOptions& of) { return body_with("into", of.into); },
      "merge")
      ->add_option("into", options->into, "the other, which goes on")
      ->required();
  act(
      "close", "close an incident", [](const CaseOptions& of) { return body_with("cause", of.cause); }, "close")
      ->add_option("--cause", options->cause, "true_positive, false_positive, benign, exercise or duplicate")
      ->required()
      ->check(CLI::IsMember({"true_positive", "false_positive", "benign", "exercise", "duplicate"}));
}

}  // namespace redoubt::app
