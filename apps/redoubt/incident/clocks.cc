// `redoubt incident clocks|aware|decide|told`: what laws want told of an incident, and until when.
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "incident/period.h"
#include "redoubt/administer/bodies.h"
#include "redoubt/administer/show.h"
#include "redoubt/incident/server_verbs.h"

namespace redoubt::app {
namespace {

using net::Method;
using simdjson::dom::object;

struct ClockOptions {
  std::string id;
  std::string time;  // empty: now
  std::string reason;
  std::string regime;
  std::string answer;
  std::string step;
  std::string reference;

  std::string path() const { return "/incidents/" + path_segment(id) + "/clocks"; }
  std::string moment() const { return time.empty() ? incident::time_text(SystemClock().now()) : time; }
};

std::string table_of(const object& answer, std::string_view member, std::vector<std::string_view> columns) {
  Table table(std::move(columns));
  simdjson::dom::array items;
  if (answer[member].get(items) != simdjson::SUCCESS) return {};
  for (const simdjson::dom::element item : items) {
    object row;
    if (item.get(row) == simdjson::SUCCESS) table.add(row);
  }
  return table.size() == 0 ? std::string() : "\n" + table.text();
}

Result<> show(AdminSession& session, const ClockOptions& options) {
  const auto reply = session.client().get(options.path());
  if (!reply) return reply.error();
  if (session.json()) {
    std::printf("%s\n", reply->body.c_str());
    return {};
  }
  const auto answer = session.object_of(*reply);
  if (!answer) return answer.error();
  object aware;
  std::string text;
  if ((*answer)["awareness"].get(aware) != simdjson::SUCCESS) {
    text = "nobody has said when one became aware of it, so no clock runs\n";
  } else {
    for (const auto& [name, value] : aware) text += shown_member(name, value);
  }
  text += table_of(*answer, "decisions", {"regime", "notifiable", "by", "time", "reason"});
  text += table_of(*answer, "deadlines", {"regime", "step", "state", "due", "provisional", "told", "article"});
  std::fwrite(text.data(), 1, text.size(), stdout);
  return {};
}

std::string awareness(const ClockOptions& options) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("time", options.moment());
  json.member("reason", options.reason);
  json.end_object();
  return body;
}

std::string decision(const ClockOptions& options) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("regime", options.regime);
  json.member("notifiable", options.answer == "yes");
  json.member("reason", options.reason);
  json.end_object();
  return body;
}

std::string telling(const ClockOptions& options) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("regime", options.regime);
  json.member("step", options.step);
  json.member("time", options.moment());
  json.member("reference", options.reference);
  json.end_object();
  return body;
}

}  // namespace

void add_clock_verbs(CLI::App& incident, AdminCommands& commands) {
  const auto options = std::make_shared<ClockOptions>();
  const auto add_id = [&](CLI::App* command) { command->add_option("id", options->id, "the incident")->required(); };
  const auto act = [&](const char* verb, const char* about, std::string (*body)(const ClockOptions&),
                       const std::string& name) {
    CLI::App* const command = commands.add_change(incident, verb, about, [options, body, name](AdminSession& session) {
      return session.change(Method::kPost, options->path(), name, body(*options));
    });
    add_id(command);
    return command;
  };
  const char* const kTime = "when, `2026-01-31T12:00:00Z`; without it, now";

  add_id(commands.add(incident, "clocks", "what laws want told of an incident, and until when",
                      [options](AdminSession& session) { return show(session, *options); }));

  auto* const aware = act("aware", "say when somebody became aware of an incident", awareness, "awareness");
  aware->add_option("--time", options->time, kTime);
  aware->add_option("--reason", options->reason, "how")->required();

  auto* const decide = act("decide", "decide whether a law wants an incident told", decision, "decisions");
  decide->add_option("regime", options->regime, "of the table of laws: gdpr, nis2, …")->required();
  decide->add_option("answer", options->answer, "yes or no")->required()->check(CLI::IsMember({"yes", "no"}));
  decide->add_option("--reason", options->reason, "why")->required();

  auto* const told = act("told", "say that a step of a law is done", telling, "told");
  told->add_option("regime", options->regime, "of the table of laws")->required();
  told->add_option("step", options->step, "of the regime: authority, final_report, …")->required();
  told->add_option("--time", options->time, kTime);
  told->add_option("--reference", options->reference, "what the receiver calls it");
}

}  // namespace redoubt::app
